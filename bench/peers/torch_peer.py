"""Runs model.onnx with PyTorch on input.bin: "forward" or "step", threads, batch, channels, height and width are its arguments.
Orders come line by line: "run SECONDS" answers with the seconds of each run, "output" with the name of the file that holds the
last result. A step is a training step's arithmetic, forward and back from dy.bin; its result is the gradients to the parameters
that params.txt names, in that order."""

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
    "BatchNormalization": lambda a, x, w, b, mean, var: F.batch_norm(x, mean, var, w, b, a["training"], 0.1, a["epsilon"]),
    "GlobalAveragePool": lambda a, x: F.adaptive_avg_pool2d(x, 1),
    "Resize": lambda a, x, _, scales: resize(x, scales.tolist()[2:], a["mode"]),
}


def resize(x, factors, mode):
    if mode == "nearest":
        return F.interpolate(x, scale_factor=factors, mode="nearest")
    return F.interpolate(x, scale_factor=factors, mode="bilinear", align_corners=False)


class Model:
    def __init__(self, data, training):
        graph = every(data, 7)[0]
        self.params = {"": None}
        for m in every(graph, 5):
            values = torch.frombuffer(bytearray(every(m, 9)[0]), dtype=torch.float32)
            self.params[text(m, 8)] = values.reshape(every(m, 1))
        self.nodes = [([bytes(i).decode() for i in every(m, 1)], text(m, 2), OPERATIONS[text(m, 4)],
                       dict((attribute(a) for a in every(m, 5)), training=training)) for m in every(graph, 1)]
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


class Forward:
    def __init__(self, model):
        self.model = model

    def run(self, x):
        self.y = self.model(x)

    def output(self):
        return self.y


class Step:
    def __init__(self, model, names, dy):
        self.model, self.dy = model, dy
        self.learns = [model.params[name].requires_grad_() for name in names]

    def run(self, x):
        for p in self.learns:
            p.grad = None  # as optimizers do
        y = self.model(x)
        y.backward(self.dy.view_as(y))

    def output(self):
        return torch.cat([p.grad.flatten() for p in self.learns])


def read(name):
    with open(name, "rb") as f:
        return bytearray(f.read())


def numbers(name):
    return torch.frombuffer(read(name), dtype=torch.float32)


def main(training, threads, shape):
    torch.set_num_threads(threads)
    model, x = Model(memoryview(read("model.onnx")), training), numbers("input.bin").reshape(shape)
    job = Step(model, read("params.txt").decode().split("\n"), numbers("dy.bin")) if training else Forward(model)
    for order in sys.stdin:
        answer = "output.bin"
        if order.startswith("run"):
            answer, begin = [], time.perf_counter()
            while not answer or time.perf_counter() - begin < float(order.split()[1]):
                start = time.perf_counter()
                job.run(x)
                answer.append(time.perf_counter() - start)
        else:
            with open(answer, "wb") as f:
                f.write(job.output().contiguous().numpy().tobytes())
        print(json.dumps(answer), flush=True)


step = sys.argv[1] == "step"
with torch.inference_mode(not step):
    main(step, int(sys.argv[2]), [int(a) for a in sys.argv[3:]])
