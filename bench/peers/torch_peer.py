"""Runs model.onnx with PyTorch on input.bin: threads, channels, height and width are its arguments. Orders come line by line:
"run SECONDS" answers with the seconds of each run, "output" with the name of the file that holds the last result."""

import json
import struct
import sys
import time

import torch
import torch.nn.functional as F


def fields(message):
    """Field numbers and values of a protobuf message."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(message):
        tag = varint()
        if tag & 7 == 0:
            yield tag >> 3, varint()
        else:
            length = varint() if tag & 7 == 2 else 4
            yield tag >> 3, message[at:at + length]
            at += length


def every(message, number):
    return [value for n, value in fields(message) if n == number]


def text(message, number):
    return bytes(every(message, number)[0]).decode()


def attribute(message):
    kind = every(message, 20)[0]
    value = {1: lambda: struct.unpack("<f", every(message, 2)[0])[0], 2: lambda: every(message, 3)[0],
             3: lambda: text(message, 4), 7: lambda: every(message, 8)}[kind]()
    return text(message, 1), value


OPERATIONS = {
    "Conv": lambda a, x, w, b=None: F.conv2d(x, w, b, a["strides"], a["pads"][:2], 1, a["group"]),
    "ConvTranspose": lambda a, x, w, b: F.conv_transpose2d(x, w, b, a["strides"], a["pads"][:2], a["output_padding"]),
    "Relu": lambda a, x: F.relu(x),
    "LeakyRelu": lambda a, x: F.leaky_relu(x, a["alpha"]),
    "PRelu": lambda a, x, slope: F.prelu(x, slope.flatten()),
    "Sigmoid": lambda a, x: torch.sigmoid(x),
    "Add": lambda a, x, y: x + y,
    "Mul": lambda a, x, y: x * y,
    "Concat": lambda a, *x: torch.cat(x, a["axis"]),
    "DepthToSpace": lambda a, x: F.pixel_shuffle(x, a["blocksize"]),
    "BatchNormalization": lambda a, x, w, b, mean, var: F.batch_norm(x, mean, var, w, b, False, 0, a["epsilon"]),
    "GlobalAveragePool": lambda a, x: F.adaptive_avg_pool2d(x, 1),
    "Resize": lambda a, x, _, scales: F.interpolate(x, scale_factor=scales.tolist()[2:], mode="bilinear", align_corners=False),
}


class Model:
    def __init__(self, data):
        graph = every(data, 7)[0]
        self.params = {"": None}
        for m in every(graph, 5):
            values = torch.frombuffer(bytearray(every(m, 9)[0]), dtype=torch.float32)
            self.params[text(m, 8)] = values.reshape(every(m, 1))
        self.nodes = [([bytes(i).decode() for i in every(m, 1)], text(m, 2), OPERATIONS[text(m, 4)],
                       dict(attribute(a) for a in every(m, 5))) for m in every(graph, 1)]
        last = {name: i for i, (inputs, _, _, _) in enumerate(self.nodes) for name in inputs}
        self.over = [[n for n, j in last.items() if j == i and n not in self.params] for i in range(len(self.nodes))]

    def __call__(self, x):
        values = {"input": x}
        for (inputs, output, operation, attributes), over in zip(self.nodes, self.over):
            arguments = [self.params[i] if i in self.params else values[i] for i in inputs]
            values[output] = operation(attributes, *arguments)
            del arguments
            for name in over:
                del values[name]
        return values["output"]


def main():
    threads, channels, height, width = map(int, sys.argv[1:])
    torch.set_num_threads(threads)
    with open("model.onnx", "rb") as f:
        model = Model(memoryview(f.read()))
    with open("input.bin", "rb") as f:
        x = torch.frombuffer(bytearray(f.read()), dtype=torch.float32).reshape(1, channels, height, width)
    result = None
    for order in sys.stdin:
        answer = "output.bin"
        if order.startswith("run"):
            answer, begin = [], time.perf_counter()
            while not answer or time.perf_counter() - begin < float(order.split()[1]):
                start = time.perf_counter()
                result = model(x)
                answer.append(time.perf_counter() - start)
        else:
            with open(answer, "wb") as f:
                f.write(result.contiguous().numpy().tobytes())
        print(json.dumps(answer), flush=True)


with torch.inference_mode():
    main()
