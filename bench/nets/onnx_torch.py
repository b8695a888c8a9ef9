"""Runs ONNX files that classsr has written, with PyTorch: Model(data, training), data being the file's bytes, is a function of a tensor."""

import struct

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
        # What says how to compute, and not with what: it stays where it is.
        self.fixed = {bytes(i).decode() for m in every(graph, 1) if text(m, 4) == "Resize" for i in every(m, 1)[1:]}
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
