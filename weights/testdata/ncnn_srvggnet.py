"""Computes SRVGGNetCompact with weights taken from ncnn's files by this script alone.

usage: ncnn_srvggnet.py NAME.param NAME.bin INPUT.bin HEIGHT WIDTH RESULT.bin

INPUT.bin is one RGB picture of HEIGHT x WIDTH as float32, RESULT.bin gets the enlarged one.
"""
import sys

import numpy
import torch
from torch.nn import functional

param, weights, source, height, width, result = sys.argv[1:]
data, at = open(weights, "rb").read(), 0


def take(count, dtype):
    global at
    numbers = numpy.frombuffer(data, dtype, count, at)
    at += -(-numbers.nbytes // 4) * 4
    return torch.from_numpy(numbers.astype(numpy.float32))


picture = torch.from_numpy(numpy.fromfile(source, "<f4")).reshape(1, 3, int(height), int(width))
x, scale = picture, 0
for line in open(param):
    words = line.split()
    settings = dict(word.split("=") for word in words if "=" in word)
    if words[0] == "Convolution":
        out = int(settings["0"])
        kind = "<f2" if take(1, "<u4") == 0x01306B47 else "<f4"
        kernel = take(int(settings["6"]), kind).reshape(out, -1, 3, 3)
        x = functional.conv2d(x, kernel, take(out, "<f4"), padding=1)
    elif words[0] == "PReLU":
        x = functional.prelu(x, take(int(settings["0"]), "<f4"))
    elif words[0] == "PixelShuffle":
        scale = int(settings["0"])
        x = functional.pixel_shuffle(x, scale)
assert at == len(data), "the weights are more than the layers take"
x = x + functional.interpolate(picture, scale_factor=scale, mode="nearest")
x.numpy().astype("<f4").tofile(result)
