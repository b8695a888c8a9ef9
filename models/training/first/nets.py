"""ClassSR's branches and Class-Module in PyTorch, with the parameter names of the released code. Grouped convolutions are
computed as dense ones with a block-diagonal weight: tensor cores are far faster at those."""
import torch, torch.nn as nn, torch.nn.functional as F


class Grouped(nn.Conv2d):
    def forward(self, x):
        g, (o, i, k, _) = self.groups, self.weight.shape
        w = self.weight.view(g, o // g, i, k, k)
        w = torch.einsum('goixy,gh->gohixy', w, torch.eye(g, device=w.device, dtype=w.dtype)).reshape(o, g * i, k, k)
        return F.conv2d(x, w, self.bias, padding=self.padding)


def gconv(i, o, g=4): return Grouped(i, o, 3, 1, 1, groups=g)


class MeanShift(nn.Conv2d):
    def __init__(self, sign):
        super().__init__(3, 3, 1)
        self.weight.data = torch.eye(3).view(3, 3, 1, 1)
        self.bias.data = sign * torch.tensor((0.4488, 0.4371, 0.4040))
        for p in self.parameters(): p.requires_grad = False


class Unit(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.body = nn.Sequential(gconv(n, n), nn.ReLU(True), gconv(n, n), nn.ReLU(True), nn.Conv2d(n, n, 1))
    def forward(self, x): return F.relu(self.body(x) + x)


def fuse(k, n): return nn.Sequential(nn.Conv2d(k * n, n, 1), nn.ReLU(True))


class Block(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.b1, self.c1, self.c2, self.c3 = Unit(n), fuse(2, n), fuse(3, n), fuse(4, n)
    def forward(self, x):
        c = torch.cat([x, self.b1(x)], 1); o = self.c1(c)
        c = torch.cat([c, self.b1(o)], 1); o = self.c2(c)
        c = torch.cat([c, self.b1(o)], 1); return self.c3(c)


class Up(nn.Module):
    def __init__(self, n, scale):
        super().__init__()
        b = []
        for r in ([2, 2] if scale == 4 else [scale]):
            b += [gconv(n, n * r * r), nn.ReLU(True), nn.PixelShuffle(r)]
        self.body = nn.Sequential(*b)
    def forward(self, x): return self.body(x)


class UpHolder(nn.Module):
    def __init__(self, n, scale):
        super().__init__(); self.up = Up(n, scale)
    def forward(self, x): return self.up(x)


class CARN(nn.Module):
    def __init__(self, n, scale=4):
        super().__init__()
        self.sub_mean, self.add_mean = MeanShift(-1), MeanShift(1)
        self.entry = nn.Conv2d(3, n, 3, 1, 1)
        self.b1, self.b2, self.b3 = Block(n), Block(n), Block(n)
        self.c1, self.c2, self.c3 = fuse(2, n), fuse(3, n), fuse(4, n)
        self.upsample = UpHolder(n, scale)
        self.exit = nn.Conv2d(n, 3, 3, 1, 1)
    def forward(self, x):
        x = self.entry(self.sub_mean(x)); c = x; o = x
        for b, f in ((self.b1, self.c1), (self.b2, self.c2), (self.b3, self.c3)):
            c = torch.cat([c, b(o)], 1); o = f(c)
        return self.add_mean(self.exit(self.upsample(o)))


class Res(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(n, n, 3, 1, 1), nn.Conv2d(n, n, 3, 1, 1)
        for c in (self.conv1, self.conv2): nn.init.kaiming_normal_(c.weight); c.weight.data *= 0.1; nn.init.zeros_(c.bias)
    def forward(self, x): return x + self.conv2(F.relu(self.conv1(x)))


class SRResNet(nn.Module):
    def __init__(self, n, scale=4):
        super().__init__()
        self.scale = scale
        self.conv_first = nn.Conv2d(3, n, 3, 1, 1)
        self.recon_trunk = nn.Sequential(*[Res(n) for _ in range(16)])
        r = 2 if scale == 4 else scale
        self.upconv1 = nn.Conv2d(n, n * r * r, 3, 1, 1)
        if scale == 4: self.upconv2 = nn.Conv2d(n, n * 4, 3, 1, 1)
        self.HRconv, self.conv_last = nn.Conv2d(n, n, 3, 1, 1), nn.Conv2d(n, 3, 3, 1, 1)
        for c in [self.conv_first, self.upconv1, self.HRconv, self.conv_last] + ([self.upconv2] if scale == 4 else []):
            nn.init.kaiming_normal_(c.weight, a=0.1); c.weight.data *= 1 if c is not self.conv_last else 0.1; nn.init.zeros_(c.bias)
    def forward(self, x):
        f = lambda t: F.leaky_relu(t, 0.1)
        o = self.recon_trunk(f(self.conv_first(x)))
        if self.scale == 4:
            o = f(F.pixel_shuffle(self.upconv1(o), 2)); o = f(F.pixel_shuffle(self.upconv2(o), 2))
        else: o = f(F.pixel_shuffle(self.upconv1(o), self.scale))
        o = self.conv_last(f(self.HRconv(o)))
        return o + F.interpolate(x, scale_factor=self.scale, mode='bilinear', align_corners=False)


class FSRCNN(nn.Module):
    def __init__(self, d, scale=4, s=12, m=4):
        super().__init__()
        self.head_conv = nn.Sequential(nn.Conv2d(3, d, 5, 1, 2), nn.PReLU())
        b = [nn.Sequential(nn.Conv2d(d, s, 1), nn.PReLU())] + [nn.Conv2d(s, s, 3, 1, 1) for _ in range(m)]
        b += [nn.PReLU(), nn.Sequential(nn.Conv2d(s, d, 1), nn.PReLU())]
        self.body_conv = nn.Sequential(*b)
        self.tail_conv = nn.ConvTranspose2d(d, 3, 9, scale, 4 - (scale == 4), scale - 1 if scale != 4 else 1)
        for c in self.modules():
            if isinstance(c, nn.Conv2d): nn.init.kaiming_normal_(c.weight, a=0.25); nn.init.zeros_(c.bias)
            if isinstance(c, nn.ConvTranspose2d): nn.init.normal_(c.weight, 0, 0.5 / (d * 81 / scale ** 2) ** 0.5); nn.init.constant_(c.bias, 0.45)
    def forward(self, x):
        x = self.body_conv(self.head_conv(x)); t = self.tail_conv
        if not self.training or t.stride[0] != 4: return t(x)
        # the transposed 9x9 convolution by phases: a 3x3 one to 16 times the channels, then a pixel shuffle
        d = x.shape[1]; p, k = torch.arange(4, device=x.device)[:, None], torch.arange(3, device=x.device)[None]
        i = p + 7 - 4 * k; ok = (i >= 0) & (i <= 8); i = i.clamp(0, 8)
        w = t.weight[:, :, i.view(-1)][:, :, :, i.view(-1)] * (ok.view(-1, 1) & ok.view(1, -1)).to(t.weight.dtype)
        w = w.view(d, 3, 4, 3, 4, 3).permute(1, 2, 4, 0, 3, 5).reshape(48, d, 3, 3)
        return F.pixel_shuffle(F.conv2d(x, w, t.bias.repeat_interleave(16), padding=1), 4)


class C3(nn.Module):
    def __init__(self, i, o):
        super().__init__(); self.conv = nn.Conv2d(i, o, 3, 1, 1, bias=False)
    def forward(self, x): return self.conv(x)


class SpanBlock(nn.Module):
    """three 3x3 convolutions; where the width stays, the sum of input and result is multiplied by a 1x1 of the result"""
    def __init__(self, i, o):
        super().__init__()
        self.c1, self.c2, self.c3 = C3(i, o), C3(o, o), C3(o, o)
        if i == o: self.guidance_map_conv = nn.Conv2d(o, o, 1)
        self.same = i == o
    def forward(self, x):
        f = self.c3(F.relu(self.c2(F.relu(self.c1(x)))))
        return (x + f) * self.guidance_map_conv(f) if self.same else F.relu(f)


class SPAN(nn.Module):
    """SPANV2 (NTIRE 2026 efficient SR), any width and scale"""
    def __init__(self, n, scale=4):
        super().__init__()
        r = 3 * scale * scale
        self.block_1 = SpanBlock(3, n)
        self.block_2, self.block_3, self.block_4, self.block_5 = (SpanBlock(n, n) for _ in range(4))
        self.conv_near = nn.Conv2d(3, r, 3, 1, 1, groups=3, bias=False)
        self.conv_near.weight.data.zero_(); self.conv_near.weight.data[:, 0, 1, 1] = 1
        self.depthwise_conv = nn.Conv2d(r + n, r + n, 3, 1, 1, groups=r + n, bias=False)
        self.pointwise_conv = nn.Conv2d(r + n, r, 1, bias=False)
        self.up = nn.PixelShuffle(scale)
        for b in (self.block_2, self.block_3, self.block_4, self.block_5):
            b.guidance_map_conv.bias.data.fill_(0.7)
        self.depthwise_conv.weight.data *= 0.1; self.depthwise_conv.weight.data[:, 0, 1, 1] = 1
        self.pointwise_conv.weight.data *= 0.05
        for k in range(r): self.pointwise_conv.weight.data[k, k, 0, 0] += 1
    def forward(self, x):
        f = self.block_5(self.block_4(self.block_3(self.block_2(self.block_1(x)))))
        g, e = self.conv_near.weight, torch.eye(3, device=x.device, dtype=x.dtype)  # grouped, as a dense one; then both last ones in one
        near = F.conv2d(x, torch.einsum('goixy,gh->gohixy', g.view(3, -1, 1, 3, 3), e).reshape(-1, 3, 3, 3), padding=1)
        return self.up(F.conv2d(torch.cat([near, f], 1), self.pointwise_conv.weight * self.depthwise_conv.weight.transpose(0, 1), padding=1))


class ClassModule(nn.Module):
    def __init__(self, classes=3):
        super().__init__()
        L = lambda: nn.LeakyReLU(0.1, True)
        self.CondNet = nn.Sequential(nn.Conv2d(3, 128, 4, 4), L(), nn.Conv2d(128, 128, 1), L(), nn.Conv2d(128, 128, 1), L(),
                                     nn.Conv2d(128, 128, 1), L(), nn.Conv2d(128, 32, 1))
        self.lastOut = nn.Linear(32, classes)
    def forward(self, x): return self.lastOut(self.CondNet(x).mean((2, 3)))


NETS = {'fsrcnn': FSRCNN, 'carn': CARN, 'srresnet': SRResNet, 'span': SPAN}
WIDTHS = {'fsrcnn': (16, 36, 56), 'carn': (36, 52, 64), 'srresnet': (36, 52, 64), 'span': (16, 32, 48)}
