"""Loads an exported ClassSR-FSRCNN checkpoint into modules whose parameters have the names of the paper's released code.

usage: load_checkpoint.py MODEL.pth INPUT.bin SIDE RESULT.bin

INPUT.bin is one RGB patch of SIDE x SIDE as float32; RESULT.bin gets the Class-Module's numbers, then the branches' results.
"""
import sys
from collections import OrderedDict

import torch
from torch import nn


class FSRCNN(nn.Module):
    def __init__(self, d, s=12, m=4):
        super().__init__()
        self.head_conv = nn.Sequential(nn.Conv2d(3, d, 5, padding=2), nn.PReLU())
        mapping = [nn.Conv2d(s, s, 3, padding=1) for _ in range(m)]
        self.body_conv = nn.Sequential(
            nn.Sequential(nn.Conv2d(d, s, 1), nn.PReLU()), *mapping, nn.PReLU(),
            nn.Sequential(nn.Conv2d(s, d, 1), nn.PReLU()))
        self.tail_conv = nn.ConvTranspose2d(d, 3, 9, stride=4, padding=3, output_padding=1)

    def forward(self, x):
        return self.tail_conv(self.body_conv(self.head_conv(x)))


class ClassModule(nn.Module):
    def __init__(self, classes):
        super().__init__()
        layers = [nn.Conv2d(3, 128, 4, stride=4)]
        for out in (128, 128, 128, 32):
            layers += [nn.LeakyReLU(0.1), nn.Conv2d(128, out, 1)]
        self.CondNet = nn.Sequential(*layers)
        self.lastOut = nn.Linear(32, classes)

    def forward(self, x):
        return self.lastOut(self.CondNet(x).mean(dim=(2, 3)))


class ClassSR(nn.Module):
    def __init__(self):
        super().__init__()
        self.classifier = ClassModule(3)
        self.net1, self.net2, self.net3 = FSRCNN(16), FSRCNN(36), FSRCNN(56)


model, source, side, target = sys.argv[1:]
state = torch.load(model, map_location="cpu")
assert type(state) is OrderedDict, type(state)
assert all(t.dtype is torch.float32 and t.is_contiguous() and not t.requires_grad for t in state.values())
net = ClassSR()
net.load_state_dict(state, strict=True)
with open(source, "rb") as f:
    x = torch.frombuffer(bytearray(f.read()), dtype=torch.float32).reshape(1, 3, int(side), int(side))
with torch.no_grad():
    results = [part(x) for part in (net.classifier, net.net1, net.net2, net.net3)]
with open(target, "wb") as f:
    f.write(torch.cat([r.flatten() for r in results]).numpy().tobytes())
