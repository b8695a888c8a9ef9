"""Computes networks in PyTorch, with random weights of a seed or those of a file.

usage: networks.py FOLDER NAME...

For each NAME it writes NAME.pth, NAME.x.bin and NAME.y.bin: a state dict, an input of 1x3xHxW and the result, as float32. NAME is a network and
a scale, such as span-x2, or old-x4: RRDBNet under the names of ESRGAN's first release.
"""
import sys

import torch
import torch.nn.functional as F
from torch import nn


def conv(i, o, k=3, **more):
    return nn.Conv2d(i, o, k, padding=k // 2, **more)


class Named(nn.Module):
    """One convolution under the name conv, without bias."""

    def __init__(self, i, o):
        super().__init__()
        self.conv = conv(i, o, bias=False)

    def forward(self, x):
        return self.conv(x)


class SpanBlock(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.c1, self.c2, self.c3 = Named(i, o), Named(o, o), Named(o, o)
        if i == o:
            self.guidance_map_conv = conv(o, o, 1)

    def forward(self, x):
        f = self.c3(self.c2(self.c1(x).relu()).relu())
        if hasattr(self, "guidance_map_conv"):
            return (x + f) * self.guidance_map_conv(f)
        return f.relu()


class SPAN(nn.Module):
    def __init__(self, n, scale):
        super().__init__()
        thin = 3 * scale ** 2
        for b in range(1, 6):
            setattr(self, f"block_{b}", SpanBlock(3 if b == 1 else n, n))
        self.conv_near = conv(3, thin, groups=3, bias=False)
        self.depthwise_conv = conv(thin + n, thin + n, groups=thin + n, bias=False)
        self.pointwise_conv = conv(thin + n, thin, 1, bias=False)
        self.scale = scale

    def forward(self, x):
        f = x
        for b in range(1, 6):
            f = getattr(self, f"block_{b}")(f)
        f = self.depthwise_conv(torch.cat((self.conv_near(x), f), 1))
        return F.pixel_shuffle(self.pointwise_conv(f), self.scale)


class FSRCNN(nn.Module):
    def __init__(self, d, scale, s=12, m=4):
        super().__init__()
        self.first_part = nn.Sequential(conv(3, d, 5), nn.PReLU(d))
        mid = [conv(d, s, 1), nn.PReLU(s)]
        for _ in range(m):
            mid += [conv(s, s), nn.PReLU(s)]
        self.mid_part = nn.Sequential(*mid, conv(s, d, 1), nn.PReLU(d))
        self.last_part = nn.ConvTranspose2d(d, 3, 9, scale, 4, scale - 1)

    def forward(self, x):
        return self.last_part(self.mid_part(self.first_part(x)))


class Compact(nn.Module):
    def __init__(self, n, k, scale):
        super().__init__()
        layers = [conv(3, n), nn.PReLU(n)]
        for _ in range(k):
            layers += [conv(n, n), nn.PReLU(n)]
        self.body = nn.ModuleList([*layers, conv(n, 3 * scale ** 2)])
        self.scale = scale

    def forward(self, x):
        y = x
        for layer in self.body:
            y = layer(y)
        return F.pixel_shuffle(y, self.scale) + F.interpolate(x, scale_factor=self.scale, mode="nearest")


class Dense(nn.Module):
    def __init__(self, n, grow):
        super().__init__()
        for i in range(5):
            setattr(self, f"conv{i + 1}", conv(n + i * grow, n if i == 4 else grow))

    def forward(self, x):
        seen = [x]
        for i in range(5):
            y = getattr(self, f"conv{i + 1}")(torch.cat(seen, 1))
            seen.append(F.leaky_relu(y, 0.2))
        return x + 0.2 * y


class Block(nn.Module):
    def __init__(self, n, grow):
        super().__init__()
        self.rdb1, self.rdb2, self.rdb3 = Dense(n, grow), Dense(n, grow), Dense(n, grow)

    def forward(self, x):
        return x + 0.2 * self.rdb3(self.rdb2(self.rdb1(x)))


class RRDBNet(nn.Module):
    def __init__(self, n, blocks, grow, scale):
        super().__init__()
        self.fold = {4: 1, 2: 2, 1: 4}[scale]
        self.conv_first = conv(3 * self.fold ** 2, n)
        self.body = nn.Sequential(*[Block(n, grow) for _ in range(blocks)])
        self.conv_body, self.conv_up1, self.conv_up2 = conv(n, n), conv(n, n), conv(n, n)
        self.conv_hr, self.conv_last = conv(n, n), conv(n, 3)

    def forward(self, x):
        first = self.conv_first(F.pixel_unshuffle(x, self.fold))
        y = first + self.conv_body(self.body(first))
        for up in (self.conv_up1, self.conv_up2):
            y = F.leaky_relu(up(F.interpolate(y, scale_factor=2, mode="nearest")), 0.2)
        return self.conv_last(F.leaky_relu(self.conv_hr(y), 0.2))


def old_names(state, blocks):
    """The names of ESRGAN's first release."""
    plain = {"conv_first": "model.0", "conv_body": f"model.1.sub.{blocks}", "conv_up1": "model.3", "conv_up2": "model.6",
             "conv_hr": "model.8", "conv_last": "model.10"}
    renamed = {}
    for name, value in state.items():
        parts = name.split(".")
        if parts[0] == "body":
            name = f"model.1.sub.{parts[1]}.{parts[2].upper()}.{parts[3]}.0.{parts[4]}"
        else:
            name = f"{plain[parts[0]]}.{parts[1]}"
        renamed[name] = value
    return renamed


folder, *names = sys.argv[1:]
for seed, name in enumerate(names):
    kind, scale = name.split("-x")
    scale = int(scale)
    torch.manual_seed(seed)
    if kind == "span":
        net = SPAN(24, scale)
    elif kind == "fsrcnn2016":
        net = FSRCNN(20, scale)
    elif kind == "srvggnet":
        net = Compact(20, 3, scale)
    else:
        net = RRDBNet(20, 2, 12, scale)
    for p in net.parameters():
        if p.dim() == 1:  # slopes and biases
            p.data.uniform_(-0.3, 0.3)
    state = net.state_dict()
    if kind == "old":
        state = old_names(state, 2)
    torch.save({"params_ema": state}, f"{folder}/{name}.pth")
    x = torch.rand(1, 3, 36, 44)
    with torch.no_grad():
        y = net(x)
    for end, t in (("x", x), ("y", y)):
        with open(f"{folder}/{name}.{end}.bin", "wb") as f:
            f.write(t.contiguous().numpy().tobytes())
