"""The branches in a form that a GPU trains fast: plain dense convolutions in half precision, NHWC. Grouped convolutions are dense ones whose
weights outside the groups stay zero (a mask on the gradient); widths are filled up to a multiple of 8; channels can be faded out by gates.
A network: params (name -> fp32 tensor), static (name -> mask), rows (name -> (space, repeats)), fwd(x8, p)."""
import torch, torch.nn.functional as F

MEAN = (0.4488, 0.4371, 0.4040)
up8 = lambda n: (n + 7) // 8 * 8


def conv(x, p, n, k): return F.conv2d(x, p[n + '.weight'], p.get(n + '.bias'), padding=k // 2)


def conv3(x8, w, b, pad):  # a convolution of three channels, given as eight
    return F.conv2d(x8, F.pad(w, (0, 0, 0, 0, 0, x8.shape[1] - 3)).contiguous(memory_format=torch.channels_last), b, padding=pad)


def shuffle(x, r):
    """pixel shuffle that stays NHWC"""
    B, C, H, W = x.shape; c = C // (r * r)
    return x.permute(0, 2, 3, 1).reshape(B, H, W, c, r, r).permute(0, 1, 4, 2, 5, 3).reshape(B, H * r, W * r, c).permute(0, 3, 1, 2)


def upconv(x, p, n):
    """convolution to four times the channels, ReLU, shuffle by 2; the four places outermost, so that the shuffle moves whole pixels"""
    w, b = p[n + '.weight'], p[n + '.bias']; c = w.shape[0] // 4
    w = w.view(c, 4, *w.shape[1:]).transpose(0, 1).reshape(w.shape).contiguous(memory_format=torch.channels_last); b = b.view(c, 4).t().reshape(-1)
    o = F.relu(F.conv2d(x, w, b, padding=1)); B, C, H, W = o.shape
    return o.permute(0, 2, 3, 1).reshape(B, H, W, 2, 2, c).permute(0, 1, 3, 2, 4, 5).reshape(B, 2 * H, 2 * W, c).permute(0, 3, 1, 2)


class Carn:
    def __init__(self, n, state):
        """state: keys of the released network, grouped weights"""
        self.n, self.np, self.G = n, up8(n), n // 4
        S = self.spec = {}
        S['entry'] = ('A1', ['rgb'], 0, 1)
        for k in '123':
            A, B, h = 'A' + k, 'B' + k, 'H' + k
            S[f'b{k}.b1.body.0'] = (h + 'a', [A], 1, 1); S[f'b{k}.b1.body.2'] = (h + 'b', [h + 'a'], 1, 1); S[f'b{k}.b1.body.4'] = (A, [h + 'b'], 0, 1)
            S[f'b{k}.c1.0'] = (A, [A] * 2, 0, 1); S[f'b{k}.c2.0'] = (A, [A] * 3, 0, 1); S[f'b{k}.c3.0'] = (B, [A] * 4, 0, 1)
        S['c1.0'] = ('A2', ['A1', 'B1'], 0, 1); S['c2.0'] = ('A3', ['A1', 'B1', 'B2'], 0, 1); S['c3.0'] = ('A4', ['A1', 'B1', 'B2', 'B3'], 0, 1)
        S['upsample.up.body.0'] = ('U1', ['A4'], 1, 4); S['upsample.up.body.3'] = ('U2', ['U1'], 1, 4); S['exit'] = ('rgb', ['U2'], 0, 1)
        self.params, self.static, self.rows = {}, {}, {}
        for name, (o, i, g, r) in S.items():
            w, b = state[name + '.weight'].float(), state[name + '.bias'].float()
            no = w.shape[0]; po = no if o == 'rgb' else self.np * r; k = w.shape[2]
            pi = 3 if i == ['rgb'] else self.np * len(i)
            W, M, B, MB = torch.zeros(po, pi, k, k), torch.zeros(po, pi, 1, 1), torch.zeros(po), torch.zeros(po)
            B[:no] = b; MB[:no] = 1
            if g:
                wi = w.shape[1]
                for q in range(4):
                    s = slice(q * no // 4, (q + 1) * no // 4); W[s, q * wi:(q + 1) * wi] = w[s]; M[s, q * wi:(q + 1) * wi] = 1
            elif i == ['rgb']: W[:no] = w; M[:no] = 1
            else:
                for j in range(len(i)): W[:no, j * self.np:j * self.np + n] = w[:, j * n:(j + 1) * n]; M[:no, j * self.np:j * self.np + n] = 1
            self.params[name + '.weight'], self.static[name + '.weight'] = W, M.expand_as(W).clone()
            self.params[name + '.bias'], self.static[name + '.bias'] = B, MB
            if o != 'rgb': self.rows[name + '.weight'] = self.rows[name + '.bias'] = (o, r)
        self.spaces = {s: self.np for s in {v[0] for v in S.values()} - {'rgb'}}

    def fwd(self, x8, p):
        m = torch.tensor(MEAN, device=x8.device, dtype=x8.dtype) if not hasattr(self, 'm') else self.m
        x = torch.cat([x8[:, :3] - m.view(1, 3, 1, 1), x8[:, 3:]], 1)
        x = conv3(x, p['entry.weight'], p['entry.bias'], 1)
        c, o = x, x
        for k in '123':
            b = f'b{k}.'
            def unit(t):
                h = F.relu(conv(t, p, b + 'b1.body.0', 3)); h = F.relu(conv(h, p, b + 'b1.body.2', 3))
                return F.relu(conv(h, p, b + 'b1.body.4', 1) + t)
            d = torch.cat([o, unit(o)], 1); e = F.relu(conv(d, p, b + 'c1.0', 1))
            d = torch.cat([d, unit(e)], 1); e = F.relu(conv(d, p, b + 'c2.0', 1))
            d = torch.cat([d, unit(e)], 1); e = F.relu(conv(d, p, b + 'c3.0', 1))
            c = torch.cat([c, e], 1); o = F.relu(conv(c, p, f'c{k}.0', 1))
        o = upconv(upconv(o, p, 'upsample.up.body.0'), p, 'upsample.up.body.3')
        w = F.pad(p['exit.weight'], (0, 0, 0, 0, 0, 0, 0, 5)); b = F.pad(p['exit.bias'], (0, 5))
        o = F.conv2d(o, w.contiguous(memory_format=torch.channels_last), b, padding=1)[:, :3].float()
        return o + torch.tensor(MEAN, device=o.device).view(1, 3, 1, 1) if not hasattr(self, 'm32') else o + self.m32

    def to(self, dev, dt):
        self.m = torch.tensor(MEAN, device=dev, dtype=dt); self.m32 = torch.tensor(MEAN, device=dev).view(1, 3, 1, 1)

    def keep(self, scores, n2):
        """per space, the channels that stay: n2/4 of each group"""
        out = {}
        for s, v in scores.items():
            idx = []
            for g in range(4):
                q = v[g * self.G:(g + 1) * self.G]; idx += sorted((torch.topk(q, n2 // 4).indices + g * self.G).tolist())
            out[s] = torch.tensor(idx)
        return out

    def export(self, P, keep=None):
        """params (dense, fp32, gates applied) -> released keys, of the kept channels only"""
        n2 = self.n if keep is None else len(keep['A1']); out = {}
        k = lambda s: torch.arange(self.n) if keep is None else keep[s]
        for name, (o, i, g, r) in self.spec.items():
            W, B = P[name + '.weight'].detach().float().cpu(), P[name + '.bias'].detach().float().cpu()
            if o != 'rgb':
                ro = (k(o)[:, None] * r + torch.arange(r)[None]).flatten(); W, B = W[ro], B[ro]
            if i != ['rgb']:
                ci = torch.cat([k(s) + j * self.np for j, s in enumerate(i)]); W = W[:, ci]
            if g:
                a, b = W.shape[0] // 4, n2 // 4
                W = torch.cat([W[q * a:(q + 1) * a, q * b:(q + 1) * b] for q in range(4)])
            out[name + '.weight'], out[name + '.bias'] = W.contiguous(), B.contiguous()
        for s, q in (('sub_mean', -1), ('add_mean', 1)):
            out[s + '.weight'] = torch.eye(3).view(3, 3, 1, 1).clone(); out[s + '.bias'] = q * torch.tensor(MEAN)
        return out


class Fsrcnn:
    """of width 56, channels faded to n. kind 's': one slope a PReLU and none between the mapping layers (ClassSR's), reached from 'p': a slope
    for each channel everywhere (its own paper's; the Apache-2.0 weights) as h goes from 0 to 1"""
    SL = ('head', 'shrink', 'map1', 'map2', 'map3', 'map4', 'expand')
    def __init__(self, n, kind, d):
        self.n, self.kind, self.pad = n, kind, 3 if kind == 's' else 4
        t = d['last_part.weight'].float()
        if kind == 's': t = F.pad(t[:, :, 1:, 1:], (0, 1, 0, 1))
        P = self.params = {'head.weight': d['first_part.0.weight'], 'head.bias': d['first_part.0.bias'], 'shrink.weight': d['mid_part.0.weight'], 'shrink.bias': d['mid_part.0.bias'],
            'expand.weight': d['mid_part.10.weight'], 'expand.bias': d['mid_part.10.bias'], 'tail.weight': t, 'tail.bias': d['last_part.bias']}
        for j in range(1, 5): P[f'map{j}.weight'], P[f'map{j}.bias'] = d[f'mid_part.{2 * j}.weight'], d[f'mid_part.{2 * j}.bias']
        sl = dict(head=d['first_part.1.weight'], shrink=d['mid_part.1.weight'], map1=d['mid_part.3.weight'], map2=d['mid_part.5.weight'], map3=d['mid_part.7.weight'], map4=d['mid_part.9.weight'], expand=d['mid_part.11.weight'])
        self.a = {k: v.float() for k, v in sl.items()}
        for k in self.SL:
            if kind == 'p': P[k + '.slope'] = sl[k]
            elif k not in ('map1', 'map2', 'map3'): P[k + '.slope'] = sl[k].float().mean().clamp(0, .6).view(1)
        self.params = {k: v.float().clone() for k, v in P.items()}
        self.static = {k: torch.ones_like(v) for k, v in self.params.items()}
        self.rows = {'head.weight': ('D', 1), 'head.bias': ('D', 1), 'expand.weight': ('E', 1), 'expand.bias': ('E', 1)}
        self.spaces = {'D': 56, 'E': 56}
        p, q = torch.arange(4)[:, None], torch.arange(3)[None]
        i = p + self.pad + 4 - 4 * q; self.ok = ((i >= 0) & (i <= 8)).float(); self.i = i.clamp(0, 8)
        self.h = torch.zeros(())

    def to(self, dev, dt):
        self.a = {k: v.to(dev, dt) for k, v in self.a.items()}; self.h = self.h.to(dev, dt)
        self.ok2 = (self.ok.view(-1, 1) * self.ok.view(1, -1)).to(dev, dt); self.i = self.i.to(dev)

    def fwd(self, x8, p):
        def act(x, k):
            if self.kind == 'p': s = p[k + '.slope']
            else: s = (1 - self.h) * self.a[k] + self.h * (p[k + '.slope'] if k + '.slope' in p else 1)
            return F.relu(x) + s.view(1, -1, 1, 1) * x.clamp(max=0)
        x = act(conv3(x8, p['head.weight'], p['head.bias'], 2), 'head')
        x = act(conv(x, p, 'shrink', 1), 'shrink')
        for j in range(1, 5): x = act(conv(x, p, f'map{j}', 3), f'map{j}')
        x = act(conv(x, p, 'expand', 1), 'expand')
        i = self.i.view(-1)
        w = p['tail.weight'][:, :, i][:, :, :, i] * self.ok2
        w = w.view(56, 3, 4, 3, 4, 3).permute(1, 2, 4, 0, 3, 5).reshape(48, 56, 3, 3)
        return shuffle(F.conv2d(x, w.contiguous(memory_format=torch.channels_last), p['tail.bias'].repeat_interleave(16), padding=1).float(), 4)

    def keep(self, scores, n2): return {s: torch.topk(v, n2).indices.sort().values for s, v in scores.items()}

    def export(self, P, keep=None):
        P = {k: v.detach().float().cpu() for k, v in P.items()}
        kd, ke = (torch.arange(56), torch.arange(56)) if keep is None else (keep['D'], keep['E'])
        if self.kind == 's':
            o = {'head_conv.0.weight': P['head.weight'][kd], 'head_conv.0.bias': P['head.bias'][kd], 'head_conv.1.weight': P['head.slope'],
                'body_conv.0.0.weight': P['shrink.weight'][:, kd], 'body_conv.0.0.bias': P['shrink.bias'], 'body_conv.0.1.weight': P['shrink.slope'],
                'body_conv.5.weight': P['map4.slope'], 'body_conv.6.0.weight': P['expand.weight'][ke], 'body_conv.6.0.bias': P['expand.bias'][ke], 'body_conv.6.1.weight': P['expand.slope'],
                'tail_conv.weight': P['tail.weight'][ke], 'tail_conv.bias': P['tail.bias']}
            for j in range(1, 5): o[f'body_conv.{j}.weight'], o[f'body_conv.{j}.bias'] = P[f'map{j}.weight'], P[f'map{j}.bias']
        else:
            o = {'first_part.0.weight': P['head.weight'][kd], 'first_part.0.bias': P['head.bias'][kd], 'first_part.1.weight': P['head.slope'][kd],
                'mid_part.0.weight': P['shrink.weight'][:, kd], 'mid_part.0.bias': P['shrink.bias'], 'mid_part.1.weight': P['shrink.slope'],
                'mid_part.10.weight': P['expand.weight'][ke], 'mid_part.10.bias': P['expand.bias'][ke], 'mid_part.11.weight': P['expand.slope'][ke],
                'last_part.weight': P['tail.weight'][ke], 'last_part.bias': P['tail.bias']}
            for j in range(1, 5): o[f'mid_part.{2 * j}.weight'], o[f'mid_part.{2 * j}.bias'], o[f'mid_part.{2 * j + 1}.weight'] = P[f'map{j}.weight'], P[f'map{j}.bias'], P[f'map{j}.slope']
        return {k: v.contiguous() for k, v in o.items()}


class Rcan:
    """RCAN of some groups of blocks, the attention's width 4; colours in 0..1. A width that is a multiple of 8 needs no filling up."""
    def __init__(self, n, groups, blocks, state=None):
        self.n, self.groups, self.blocks = n, groups, blocks
        S = {'head.0': (3, n, 3, 1), 'tail.0.0': (n, 4 * n, 3, 1), 'tail.0.2': (n, 4 * n, 3, 1), 'tail.1': (n, 3, 3, .1), f'body.{groups}': (n, n, 3, .1)}
        for g in range(groups):
            S[f'body.{g}.body.{blocks}'] = (n, n, 3, .1)
            for b in range(blocks):
                q = f'body.{g}.body.{b}.body.'
                S.update({q + '0': (n, n, 3, 1), q + '2': (n, n, 3, .2), q + '3.conv_du.0': (n, 4, 1, 1), q + '3.conv_du.2': (4, n, 1, 1)})
        self.params = {}
        for k, (i, o, z, gain) in S.items():
            self.params[k + '.weight'] = torch.randn(o, i, z, z) * gain * (2 / (i * z * z))**.5 if state is None else state[k + '.weight'].float()
            self.params[k + '.bias'] = torch.zeros(o) if state is None else state[k + '.bias'].float()
        self.static = {k: torch.ones_like(v) for k, v in self.params.items()}; self.rows = {}; self.spaces = {}
    @staticmethod
    def of(n, state):
        g = 1 + max(int(k.split('.')[1]) for k in state if k.startswith('body.') and '.body.' in k)
        return Rcan(n, g, 1 + max(int(k.split('.')[3]) for k in state if k.startswith('body.0.') and '.conv_du.' in k), state)
    def to(self, dev, dt): self.m = torch.tensor(MEAN, device=dev, dtype=dt).view(1, 3, 1, 1)
    def fwd(self, x8, p):
        x = head = conv3(x8 - F.pad(self.m, (0, 0, 0, 0, 0, 5)), p['head.0.weight'], p['head.0.bias'], 1)
        for g in range(self.groups):
            y = x
            for b in range(self.blocks):
                q = f'body.{g}.body.{b}.body.'
                t = conv(F.relu(conv(y, p, q + '0', 3)), p, q + '2', 3)
                a = torch.sigmoid(conv(F.relu(conv(t.mean((2, 3), keepdim=True), p, q + '3.conv_du.0', 1)), p, q + '3.conv_du.2', 1))
                y = y + t * a
            x = x + conv(y, p, f'body.{g}.body.{self.blocks}', 3)
        x = head + conv(x, p, f'body.{self.groups}', 3)
        for k in ('tail.0.0', 'tail.0.2'): x = shuffle(conv(x, p, k, 3), 2)
        w = F.pad(p['tail.1.weight'], (0, 0, 0, 0, 0, 0, 0, 5)); b = F.pad(p['tail.1.bias'], (0, 5))
        return F.conv2d(x, w.contiguous(memory_format=torch.channels_last), b, padding=1)[:, :3].float() + self.m.float()
    def export(self, P, keep=None):
        out = {k: v.detach().float().cpu().contiguous() for k, v in P.items()}
        for s, q in (('sub_mean', -1), ('add_mean', 1)):
            out[s + '.weight'] = torch.eye(3).view(3, 3, 1, 1).clone(); out[s + '.bias'] = q * torch.tensor(MEAN)
        return out


class Span:
    def __init__(self, n, state):
        self.n = n; self.params = {k: v.float().clone() for k, v in state.items()}
        self.static = {k: torch.ones_like(v) for k, v in self.params.items()}; self.rows = {}; self.spaces = {}
    def to(self, dev, dt): self.eye = torch.eye(3, device=dev, dtype=dt)
    def fwd(self, x8, p):
        def block(x, b, first=False):
            c = lambda t, k: F.conv2d(t, p[f'{b}.c{k}.conv.weight'], padding=1)
            f = F.relu(conv3(x, p[b + '.c1.conv.weight'], None, 1) if first else c(x, 1))
            f = c(F.relu(c(f, 2)), 3)
            return F.relu(f) if first else (x + f) * conv(f, p, b + '.guidance_map_conv', 1)
        f = block(x8, 'block_1', True)
        for k in '2345': f = block(f, 'block_' + k)
        near = conv3(x8, torch.einsum('goixy,gh->gohixy', p['conv_near.weight'].view(3, -1, 1, 3, 3), self.eye).reshape(-1, 3, 3, 3), None, 1)
        w = p['pointwise_conv.weight'] * p['depthwise_conv.weight'].transpose(0, 1)
        return shuffle(F.conv2d(torch.cat([near, f], 1), w.contiguous(memory_format=torch.channels_last), padding=1).float(), 4)
    def export(self, P, keep=None): return {k: v.detach().float().cpu().contiguous() for k, v in P.items()}
