"""python train.py PLAN.json: loads pictures, makes the teacher's, trains the plan's jobs side by side. See README.md."""
import sys, os, glob, time, math, random, json
import numpy as np, torch, torch.nn.functional as F
from PIL import Image
up = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'); sys.path += [up, os.path.join(up, 'first')]
import nets, dense, st
cuda = torch.cuda.is_available(); dev = 'cuda' if cuda else 'cpu'; DT = torch.float16 if cuda else torch.float32
HERE = os.environ.get('DATA', os.path.dirname(os.path.abspath(__file__))); OUT = os.environ.get('OUT', 'out'); ST = os.environ.get('STATE', 'state')
torch.backends.cuda.matmul.allow_tf32 = True; torch.backends.cudnn.allow_tf32 = True
T0 = time.time(); wo = {'weights_only': False} if cuda else {}
try:
    import torch._dynamo as dyn
    for k in ('cache_size_limit', 'recompile_limit', 'accumulated_cache_size_limit', 'accumulated_recompile_limit'):
        try: setattr(dyn.config, k, 256)
        except Exception: pass
except Exception: pass
def log(*a): print('[%.0f]' % (time.time() - T0), *a, flush=True)
def sync(): torch.cuda.synchronize() if cuda else None


def cubic(x):
    x = abs(x)
    return (1.5 * x**3 - 2.5 * x**2 + 1) if x <= 1 else (-.5 * x**3 + 2.5 * x**2 - 4 * x + 2) if x < 2 else 0.
def pad(t, n, d): return torch.cat([t.narrow(d, 0, n).flip(d), t, t.narrow(d, t.shape[d] - n, n).flip(d)], d)
def reduce4(hr):
    """MATLAB's imresize(1/4, bicubic), rounded to 8 bit between the passes as the published LR sets are"""
    w = torch.tensor([cubic((i - 7.5) / 4) / 4 for i in range(16)], device=hr.device); w = (w / w.sum()).view(1, 1, 16, 1)
    p = lambda t, d: F.conv2d(pad(t, 6, d), (w if d == 2 else w.transpose(2, 3)).repeat(3, 1, 1, 1), stride=(4, 1) if d == 2 else (1, 4), groups=3)
    q = torch.backends.cudnn.allow_tf32; torch.backends.cudnn.allow_tf32 = False
    o = p(p(hr, 2).round().clamp(0, 255), 3).round().clamp(0, 255); torch.backends.cudnn.allow_tf32 = q
    return o


def pictures(d):
    from concurrent.futures import ThreadPoolExecutor
    with ThreadPoolExecutor(16) as ex: return list(ex.map(lambda f: np.array(Image.open(f).convert('RGB')), sorted(glob.glob(f'{HERE}/{d}/*'))))
def to8(x): return torch.cat([x, torch.zeros(x.shape[0], 5, *x.shape[2:], device=x.device, dtype=x.dtype)], 1).to(memory_format=torch.channels_last)
def half(P): return {k: (v.to(dev, DT).to(memory_format=torch.channels_last) if v.dim() == 4 else v.to(dev, DT)) for k, v in P.items()}


def teachers(W):
    """CARN-M, MSRResNet-64, SPAN-48 and, if it is in W, SPAN-32, each on eight turns of the picture: their mean"""
    c = dense.Carn(64, W['carn64']); c.to(dev, DT); pc = half(c.params)
    s = dense.Span(48, W['span48']); s.to(dev, DT); ps = half(s.params)
    r = nets.SRResNet(64); r.load_state_dict({k: v.float() for k, v in W['sr64'].items()}); r = r.to(dev, DT).eval().to(memory_format=torch.channels_last)
    fs = [lambda x: c.fwd(to8(x), pc), lambda x: r(x.to(memory_format=torch.channels_last)).float(), lambda x: s.fwd(to8(x), ps)]
    if 'span32' in W:
        m = dense.Span(32, W['span32']); m.to(dev, DT); pm = half(m.params)
        fs.append(lambda x: m.fwd(to8(x), pm))
    @torch.no_grad()
    def run(lr, which=range(len(fs))):
        x = (lr / 255).to(DT); out = 0
        for t in (0, 1):
            y = x.transpose(2, 3) if t else x
            b = torch.cat([y, y.flip(2), y.flip(3), y.flip(2).flip(3)])
            o = sum(fs[i](b) for i in which) / len(which)
            o = (o[0:1] + o[1:2].flip(2) + o[2:3].flip(3) + o[3:4].flip(2).flip(3)) / 4
            out = out + (o.transpose(2, 3) if t else o)
        return out / 2
    return run


def ychan(t): return (t * torch.tensor([65.481, 128.553, 24.966], device=t.device).view(1, 3, 1, 1)).sum(1) + 16
def psnrs(o, y):
    o = (o.clamp(0, 1) * 255).round() / 255; o, y = o[..., 4:-4, 4:-4], y[..., 4:-4, 4:-4]
    return -10 * math.log10(((o - y)**2).mean().item()), 10 * math.log10(255**2 / ((ychan(o) - ychan(y))**2).mean().item())


P = int(os.environ.get('PATCH', 48))
def build(W):
    """flat LR, HR and teacher's pixels, and the places to train on by class"""
    f = ST + '/pool.pt'
    if os.path.exists(f): log('pool kept'); return torch.load(f, map_location=dev)
    pics = pictures('pic'); log(len(pics), 'pictures read')
    run = teachers(W); LR, HR, TT, info, err = [], [], [], [], []; ol = 0
    for k, a in enumerate(pics):
        x0 = torch.from_numpy(a).to(dev).permute(2, 0, 1)[None].float()
        for s in (1, .72):
            x = x0 if s == 1 else F.interpolate(x0, scale_factor=s, mode='bicubic', antialias=True).round().clamp(0, 255)
            h, w = x.shape[2] // 4 * 4, x.shape[3] // 4 * 4
            if not cuda: h, w = 200, 208
            x = x[:, :, :h, :w]; l = reduce4(x); t = run(l)
            e = ((t.clamp(0, 1) - x / 255)**2).mean(1, keepdim=True)
            LR.append(l[0].permute(1, 2, 0).reshape(-1, 3).byte()); HR.append(x[0].permute(1, 2, 0).reshape(-1, 3).byte()); TT.append(t[0].permute(1, 2, 0).reshape(-1, 3).half())
            g = F.avg_pool2d(e, 4 * P, 32)  # places every 8 LR pixels
            ny, nx = g.shape[2:]
            info.append(torch.stack([torch.full((ny * nx,), ol), torch.full((ny * nx,), w // 4), torch.full((ny * nx,), h // 4),
                (torch.arange(ny) * 8).repeat_interleave(nx), (torch.arange(nx) * 8).repeat(ny)], 1)); err.append(g.flatten().cpu()); ol += l.shape[2] * l.shape[3]
        if not cuda and k == 1: break
    p = dict(LR=torch.cat(LR), HR=torch.cat(HR), T=torch.cat(TT), info=torch.cat(info).to(dev)); e = torch.cat(err); ps = -10 * torch.log10(e.clamp(min=1e-9))
    q = torch.quantile(ps[torch.randperm(len(ps))[:100000]], torch.tensor([1/3, 2/3])); p['cls'] = (ps > q[0]).long() + (ps > q[1]).long()
    log('LR pixels', ol, 'places', len(ps), 'thirds at', q.tolist(), 'over 50 dB', (ps > 50).float().mean().item())
    p['cls'] = p['cls'] + (ps > 50).long() * (torch.rand(len(ps)) < .7).long()  # class 3: flat, seldom wanted
    os.makedirs(ST, exist_ok=True)
    if cuda: torch.save(p, f)
    return p


class Job:
    def __init__(self, name, W, p, cfg, state=None):
        self.name, self.cfg, self.p = name, cfg, p; torch.manual_seed(sum(map(ord, name)))
        kind, n = name.split('-')[0], int(name.split('-')[1]); self.kind, self.target = kind, n
        if kind == 'carn':
            if state and 'cut' in state: self.net = dense.Carn(n, state['cut'])
            else: self.net = dense.Carn(64, W['carn64'])
        elif kind in ('fs', 'fp'): self.net = dense.Fsrcnn(n, kind[1], W['etds'])
        elif kind == 'rcan': self.net = dense.Rcan(n, cfg['groups'], cfg['blocks'])
        else: self.net = dense.Span(n, W[f'span{n}'])
        self.net.to(dev, DT); cl = lambda v: v.to(dev).contiguous(memory_format=torch.channels_last) if v.dim() == 4 else v.to(dev).contiguous()
        self.keys = list(self.net.params); self.M = [cl(self.net.params[k].clone()) for k in self.keys]; self.mask = [cl(self.net.static[k].clone()) for k in self.keys]
        self.static = [m.clone() for m in self.mask]
        self.H = [torch.zeros_like(m, dtype=DT).requires_grad_() for m in self.M]
        self.G = [torch.zeros_like(m) for m in self.M]; self.E = [m.clone() for m in self.M]
        self.lr = torch.tensor(cfg['lr'], device=dev); self.w = torch.tensor([1., 0.], device=dev); self.loss = torch.zeros((), device=dev)
        self.ps = [m.requires_grad_(False) for m in self.M]
        for m, g in zip(self.ps, self.G): m.grad = g
        self.opt = torch.optim.Adam(self.ps, lr=self.lr if cuda else cfg['lr'], betas=(.9, .99), **({'capturable': True, 'foreach': True} if cuda else {}))
        self.steps = 0; self.kept = None; self.since = 0
        if state:
            if 'M' in state:
                for a, b in zip(self.M, state['M']): a.copy_(b)
                for a, b in zip(self.E, state['E']): a.copy_(b)
                if 'opt' in state:
                    self.opt.load_state_dict(state['opt'])
                    for g in self.opt.param_groups: g['lr'] = self.lr if cuda else cfg['lr']
            self.steps, self.kept = state['steps'], state.get('kept')
        self.B = cfg['B']; rs = np.random.RandomState(7); cls = p['cls'].cpu().numpy(); n = 400000
        mix = list(cfg['mix']); mix = [m * .98 for m in mix] + [.02]
        L = [rs.choice(np.flatnonzero(cls == c), int(n * mix[c])) for c in range(4) if (cls == c).any()]
        self.list = torch.from_numpy(np.concatenate(L)).to(dev)
        self.ar, self.AR = torch.arange(P, device=dev), torch.arange(4 * P, device=dev)
        self.stream = torch.cuda.Stream() if cuda else None; self.f = self.net.fwd
        if cfg.get('compile') and cuda: self.f = torch.compile(self.net.fwd, dynamic=False)
        self.gates(0.)

    def batch(self):
        B = self.B; i = self.p['info'][self.list[torch.randint(0, len(self.list), (B,), device=dev)]]
        off, w, h = i[:, 0], i[:, 1], i[:, 2]
        jit = torch.randint(0, 8, (2, B), device=dev)
        y, x = torch.minimum(i[:, 3] + jit[0], h - P), torch.minimum(i[:, 4] + jit[1], w - P)
        fl = torch.randint(0, 2, (3, B, 1), device=dev).bool()
        def index(ar, s, o):
            r = torch.where(fl[0], ar[-1] - ar, ar.expand(B, -1)); c = torch.where(fl[1], ar[-1] - ar, ar.expand(B, -1))
            r, c = (y * s)[:, None] + r, (x * s)[:, None] + c; ww = (w * s)[:, None, None]
            return o[:, None, None] + torch.where(fl[2][:, :, None], c[:, None, :] + r[:, :, None] * ww, r[:, None, :] * ww + c[:, :, None])
        l = self.p['LR'][index(self.ar, 1, off)]; j = index(self.AR, 4, off * 16)
        X = F.pad(l.to(DT) / 255, (0, 5)).permute(0, 3, 1, 2)  # NHWC memory
        return X, self.p['HR'][j].permute(0, 3, 1, 2).float() / 255, self.p['T'][j].permute(0, 3, 1, 2).float()

    def weights(self):
        with torch.no_grad(): torch._foreach_copy_(self.H, torch._foreach_mul(self.M, self.mask)) if cuda else [h.copy_(a * b) for h, a, b in zip(self.H, self.M, self.mask)]
        return dict(zip(self.keys, self.H))

    def grads(self):
        X, y, t = self.batch(); p = self.weights(); K = 8192. if cuda else 1.
        o = self.f(X, p); d, e = o - y, o - t; c = self.cfg.get('teach', .5)
        l1 = d.abs().mean()
        loss = self.w[0] * ((1 - c) * l1 + c * e.abs().mean()) + self.w[1] * ((1 - c) * (d * d).mean() + c * (e * e).mean())
        gs = torch.autograd.grad(loss * K, self.H)
        with torch.no_grad():
            for a, b in zip(self.G, gs): a.copy_(b)
            torch._foreach_mul_(self.G, 1 / K); torch._foreach_mul_(self.G, self.mask)
            self.loss.lerp_(l1.detach(), .01)

    @torch.no_grad()
    def update(self):
        n = torch.stack([g.norm() for g in self.G] if not cuda else torch._foreach_norm(self.G)).norm(); ok = torch.isfinite(n)
        coef = torch.where(ok, (.5 / (n + 1e-6)).clamp(max=1), torch.zeros_like(n))
        for g in self.G: torch.nan_to_num_(g, 0., 0., 0.)
        torch._foreach_mul_(self.G, coef) if cuda else [g.mul_(coef) for g in self.G]
        self.opt.step()
        torch._foreach_lerp_(self.E, self.M, .001) if cuda else [a.lerp_(b, .001) for a, b in zip(self.E, self.M)]

    def step(self): self.grads(); self.update()

    def capture(self):
        self.lr.fill_(1e-7)
        if not cuda: self.step(); return
        with torch.cuda.stream(self.stream):
            for _ in range(3): self.step()
        torch.cuda.synchronize(); self.g = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.g, stream=self.stream): self.step()

    def score(self, n=40):
        """importance of the channels: |sum of weight times gradient|, summed over batches"""
        s = {k: torch.zeros(v, device=dev) for k, v in self.net.spaces.items()}
        for _ in range(n):
            self.grads(); b = {k: torch.zeros(v, device=dev) for k, v in self.net.spaces.items()}
            for k, m, g in zip(self.keys, self.M, self.G):
                if k in self.net.rows:
                    o, r = self.net.rows[k]; b[o] += (m * g).flatten(1).sum(1).view(-1, r).sum(1) if m.dim() > 1 else (m * g).view(-1, r).sum(1)
            for k in s: s[k] += b[k]**2
        self.kept = self.net.keep({k: v.cpu() for k, v in s.items()}, self.target); sync()

    def gates(self, f):
        """fades the channels that go; f of the way"""
        if self.kind == 'fs': self.net.h.fill_(min(1., f))
        if self.kept is None: return
        for k, m, s0 in zip(self.keys, self.mask, self.static):
            if k in self.net.rows:
                o, r = self.net.rows[k]; g = torch.full((self.net.spaces[o],), 1 - min(1., f)); g[self.kept[o]] = 1
                m.copy_(s0 * g.repeat_interleave(r).to(dev).view(-1, *[1] * (m.dim() - 1)))

    def params(self, ema=True): return {k: (e if ema else m) * q for k, m, e, q in zip(self.keys, self.M, self.E, self.mask)}
    def export(self): return self.net.export(self.params(), self.kept)
    def state(self, opt=True):
        c = lambda l: [t.detach().cpu().clone() for t in l]
        return dict(M=c(self.M), E=c(self.E), steps=self.steps, kept=self.kept, **({'opt': self.opt.state_dict()} if opt else {}), **({'cut': self.cutfrom} if hasattr(self, 'cutfrom') else {}))


def reference(name, sd):
    kind, n = name.split('-')[0], int(name.split('-')[1])
    if kind == 'carn': m = nets.CARN(n); m.load_state_dict(sd)
    elif kind == 'span': m = nets.SPAN(n); m.load_state_dict(sd)
    elif kind == 'fs': m = nets.FSRCNN(n); m.load_state_dict(sd)
    elif kind == 'rcan': c = dense.Rcan.of(n, sd); c.to(dev, torch.float32); q = {k: v.to(dev) for k, v in c.params.items()}; return lambda x: c.fwd(to8(x), q)
    else:
        import torch.nn as nn
        b = [nn.Conv2d(n, 12, 1), nn.PReLU(12)] + sum([[nn.Conv2d(12, 12, 3, 1, 1), nn.PReLU(12)] for _ in range(4)], []) + [nn.Conv2d(12, n, 1), nn.PReLU(n)]
        m = nn.Module(); m.first_part = nn.Sequential(nn.Conv2d(3, n, 5, 1, 2), nn.PReLU(n)); m.mid_part = nn.Sequential(*b); m.last_part = nn.ConvTranspose2d(n, 3, 9, 4, 4, 3); m.load_state_dict(sd)
        q = m.to(dev).eval(); return lambda x: q.last_part(q.mid_part(q.first_part(x)))
    return m.to(dev).eval()


@torch.no_grad()
def validate(fs, vals):
    a, b = torch.backends.cudnn.allow_tf32, torch.backends.cudnn.benchmark; torch.backends.cudnn.allow_tf32 = torch.backends.cudnn.benchmark = False
    r = {n: [np.mean(v, 0) for v in zip(*[(psnrs(f(l / 255), y / 255),) for l, y in vals])][0] for n, f in fs.items()}
    torch.backends.cudnn.allow_tf32, torch.backends.cudnn.benchmark = a, b
    return r
def valset():
    v = [torch.from_numpy(a).to(dev).permute(2, 0, 1)[None].float() for a in pictures('val')]
    if not cuda: v = [x[:, :, :128, :128] for x in v[:3]]
    return [(reduce4(x), x) for x in v]


def train(jobs, seconds, done, total, phase, plan):
    """phase 'shrink': fades channels over the jobs' time; 'main': cosine schedule"""
    f = done / total; start = last = save = time.time(); ev = {j.name: [] for j in jobs}; base = {j.name: j.steps for j in jobs}
    while True:
        now = time.time() - start
        if now > seconds or time.time() - T0 > plan.get('deadline', 1e9): break
        f = min(1, (done + now) / total); busy = True
        for j in jobs:
            q = ev[j.name]
            while q and q[0].query(): q.pop(0)
            if len(q) >= 2 or (j.cfg.get('cap') and j.steps - base[j.name] > j.cfg['cap'] * now + 2): continue
            busy = False
            if cuda:
                with torch.cuda.stream(j.stream):
                    if j.steps % 20 == 0 or j.since < 400: sched(j, f, phase)
                    j.g.replay(); e = torch.cuda.Event(); e.record(j.stream); q.append(e)
            else: sched(j, f, phase); j.step()
            j.steps += 1; j.since += 1
        if busy: time.sleep(1e-4)
        if time.time() - last > 45:
            last = time.time(); log('f %.2f ' % f + ' '.join(f'{j.name}:{j.steps} {j.loss.item():.5f}' for j in jobs))
        if time.time() - save > 150: save = time.time(); sync(); keep(jobs, plan)
    sync(); open(ST + '/progress', 'w').write(str(f)); log('at', f, 'trained for %.1f s' % (time.time() - start))


def sched(j, f, phase):
    c = j.cfg; warm = min(1, (j.since + 1) / 300)
    if phase == 'shrink':
        j.lr.fill_(c['lr'] * warm)
        if j.since % 20 == 0: j.gates(f)
    else:
        fade = c.get('fade', 0)
        if fade and j.since % 20 == 0: j.gates(f / fade)
        j.lr.fill_(c['lr'] * warm * (.5 * (1 + math.cos(math.pi * f)) * .995 + .005))
        if f > c.get('mse', .6): j.w.copy_(torch.tensor([0., 20.]))


def keep(jobs, plan, full=False):
    os.makedirs(ST, exist_ok=True); os.makedirs(OUT, exist_ok=True)
    for j in jobs: st.save(j.export(), f'{ST}/{j.name}.safetensors')
    for j in jobs: torch.save(j.state(False), f'{OUT}/{plan["name"]}.{j.name}.pt')
    if full: torch.save({j.name: j.state() for j in jobs}, f'{ST}/full.pt')


def main():
    plan = json.load(open(sys.argv[1])); W = torch.load(HERE + '/w/init.pt', map_location='cpu'); log(torch.__version__, dev, plan['name'])
    p = build(W); log('pool', {k: tuple(v.shape) for k, v in p.items()}); vals = valset()
    if 'teacher' in plan:
        run = teachers(W)
        log('teachers alone and together', validate({'carn x8': lambda x: run(x * 255, (0,)), 'srresnet x8': lambda x: run(x * 255, (1,)), 'span x8': lambda x: run(x * 255, (2,)), 'all': lambda x: run(x * 255)}, vals))
        c = nets.CARN(64); c.load_state_dict(W['carn64']); s = nets.SPAN(48); s.load_state_dict(W['span48']); s2 = nets.SPAN(16); s2.load_state_dict(W['span16'])
        log('before', validate({'carn64': c.to(dev).eval(), 'span48': s.to(dev).eval(), 'span16': s2.to(dev).eval(), 'etds': reference('fp-56', W['etds'])}, vals))
        del run
    torch.backends.cudnn.benchmark = True
    states = {}
    for f in plan.get('resume', []):
        f = f.replace('$ST', ST).replace('$HERE', HERE)
        if os.path.exists(f): states = torch.load(f, map_location='cpu', **wo)
        else: states = {q[len(f) + 1:-3]: torch.load(q, map_location='cpu', **wo) for q in glob.glob(f + '.*.pt')}
        if states: log('resumed from', f); break
    for ph in plan['phases']:
        jobs = []
        for n, c in ph['jobs'].items():
            try:
                t = time.time(); j = Job(n, W, p, c, states.get(n))
                if hasattr(j, 'cutfrom') is False and states.get(n) and 'cut' in states[n]: j.cutfrom = states[n]['cut']
                if j.kept is None and j.net.spaces and j.target != (64 if j.kind == 'carn' else 56) and not (states.get(n) and 'cut' in states[n]): j.score(40 if cuda else 2)
                j.gates((1. if ph.get('finish') else 0.) if c.get('fade') else 0.); j.capture(); jobs.append(j); log('captured', n, 'in %.1f s' % (time.time() - t))
            except Exception as e:
                import traceback; traceback.print_exc(); log('FAILED', n, repr(e)[:300])
        if ph.get('finish'):  # go on from where the last run stopped, and end at the deadline
            f0 = float(open(ST + '/progress').read()) if os.path.exists(ST + '/progress') else ph['finish']
            S = plan['deadline'] - (time.time() - T0); ph['seconds'], ph['total'] = S, S / (1 - f0); ph['done'] = f0 * ph['total']; log('from', f0, 'for', S)
        train(jobs, ph['seconds'], ph.get('done', 0), ph.get('total', ph['seconds']), ph['kind'], plan)
        if ph['kind'] == 'shrink':
            for j in jobs: j.gates(1.)
        elif ph.get('done', 0) + ph['seconds'] >= ph.get('total', ph['seconds']):
            for j in jobs:
                if j.cfg.get('fade'): j.gates(1.)
        keep(jobs, plan, True)
        log(ph['kind'], 'done', {j.name: (j.steps, round(j.loss.item(), 5)) for j in jobs})
        log('validation', {k: [round(float(x), 3) for x in v] for k, v in validate({j.name: reference(j.name, j.export()) for j in jobs}, vals).items()})
        for j in jobs:
            if ph['kind'] == 'shrink' and j.kind == 'carn': states[j.name] = {'cut': j.net.export({k: m * q for k, m, q in zip(j.keys, j.M, j.mask)}, j.kept), 'steps': j.steps}
            elif ph['kind'] == 'shrink': states[j.name] = j.state(True)
        last = states if ph['kind'] == 'shrink' else None
        if last: torch.save(states, f'{OUT}/{plan["name"]}-cut.pt'); torch.save(states, f'{ST}/cut.pt')
        for j in jobs: j.g = None
        del jobs, j
        import gc; gc.collect()
        if cuda: torch.cuda.empty_cache()
    if plan.get('bench'): bench(plan, W, p)
    os.system(f'mkdir -p {OUT}/w; cp {ST}/*.safetensors {OUT}/w/ 2>/dev/null; cd {OUT} && tar cf weights.tar w && rm -r w')


def bench(plan, W, p):
    torch.backends.cudnn.benchmark = True; states = {}
    c0 = dense.Carn(64, W['carn64'])
    for name, cfg in plan['bench']:
        n = int(name.split('-')[1]); s = None
        if name.startswith('carn') and n < 64:
            kp = c0.keep({k: torch.rand(64) for k in c0.spaces}, n); s = {'cut': c0.export(c0.params, kp), 'steps': 0}
        try:
            t = time.time(); j = Job(name, W, p, dict(lr=1e-5, mix=[.34, .33, .33], **cfg), s); j.capture(); sync(); tc = time.time() - t
            if cuda:
                j.g.replay(); sync(); t = time.time()
                for _ in range(60): j.g.replay()
                sync(); ms = (time.time() - t) / 60 * 1e3
                log('bench', name, cfg, 'capture %.1f s, %.2f ms a step, %.0f Mpx LR/s' % (tc, ms, j.B * P * P / ms / 1e3))
            else: log('bench', name, cfg, tc)
            j.g = None; del j
            if cuda: torch.cuda.empty_cache()
        except Exception as e:
            import traceback; traceback.print_exc(); log('bench FAILED', name, repr(e)[:300])


main()
