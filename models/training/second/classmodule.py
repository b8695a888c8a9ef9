"""python classmodule.py SECONDS NAME=branch,branch,branch...: the Class-Module for frozen branches, by the paper's three losses ('paper') and with a
fourth, cross entropy against the judge's class ('judged'); begins at the built-in one. Judge: PSNR of the teacher on the patch, thirds."""
import sys, os, time, math, torch, torch.nn.functional as F
sys.argv, ARGS = [sys.argv[0], '/dev/null'], sys.argv[1:]
os.environ['PATCH'] = '48'
src = open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'train.py')).read().rsplit('\nmain()', 1)[0]; exec(compile(src, 'train.py', 'exec'))
W = torch.load(HERE + '/w/init.pt', map_location='cpu'); p = build(W); torch.manual_seed(11)
N = 36000 if cuda else 8
# patches of 32: anywhere that a place of 48 begins, moved within it
i = p['info'][torch.randint(0, len(p['info']), (N,), device=dev)]; jit = torch.randint(0, 16, (2, N), device=dev)
y, x = torch.minimum(i[:, 3] + jit[0], i[:, 2] - 32), torch.minimum(i[:, 4] + jit[1], i[:, 1] - 32)
def cut(a, s, q):
    n = 32 * s; ar = torch.arange(n, device=dev); w = i[q, 1] * s
    ix = (i[q, 0] * s * s)[:, None, None] + ((y[q] * s)[:, None] + ar)[:, :, None] * w[:, None, None] + ((x[q] * s)[:, None] + ar)[:, None, :]
    return a[ix].permute(0, 3, 1, 2)
def chunks(): return [slice(k, min(k + 500, N)) for k in range(0, N, 500)]
LR = torch.cat([cut(p['LR'], 1, q) for q in chunks()]); HR = torch.cat([cut(p['HR'], 4, q) for q in chunks()])
ps = torch.cat([-10 * torch.log10(((cut(p['T'], 4, q).float() - HR[q].float() / 255)**2).mean((1, 2, 3)).clamp(min=1e-9)) for q in chunks()])
th = torch.quantile(ps, torch.tensor([1/3, 2/3], device=dev)); judge = 2 - ((ps > th[0]).long() + (ps > th[1]).long())  # 0 simple, 2 hard
log('patches', N, 'thirds', th.tolist()); NV = N // 10  # the first tenth is not trained on
torch.backends.cudnn.benchmark = True

def branch(n):
    kind, k = n.split('-')[0], int(n.split('-')[1]); f = f'{ST}/{n}.safetensors'
    if not os.path.exists(f): f = f'{HERE}/w/{n}.safetensors'
    if n == 'carn-64': sd = {a: b.float() for a, b in W['carn64'].items()}
    elif n == 'span-32': sd = {a: b.float() for a, b in W['span32'].items()}
    else: sd = st.load(f)
    if kind == 'carn': c = dense.Carn(k, sd)
    elif kind == 'span': c = dense.Span(k, sd)
    elif kind == 'rcan': c = dense.Rcan.of(k, sd)
    else: m = reference(n, sd); return lambda t: m(t)
    c.to(dev, DT); h = half(c.params); return lambda t: c.fwd(to8(t.to(DT)), h)

for a in ARGS[1:]:
    name, br = a.split('='); br = br.split(',')
    try:
        with torch.no_grad():
            O = []
            for n in br: f = branch(n); O.append(torch.cat([f(LR[q].float() / 255).clamp(0, 1).half() for q in chunks()]))
            mse = torch.stack([torch.cat([((o[q].float() - HR[q].float() / 255)**2).mean((1, 2, 3)) for q in chunks()]) for o in O], 1)
        log(name, 'PSNR of mean MSE by judge simple, medium, hard (rows) and branch', [[round(-10 * math.log10(v), 3) for v in mse[judge == k].mean(0).tolist()] for k in range(3)])
        for how in ('paper', 'judged'):
            c = nets.ClassModule().to(dev); c.load_state_dict(W['cm-fsrcnn' if name[0] == 'f' else 'cm-carn']); opt = torch.optim.Adam(c.parameters(), lr=1e-3, betas=(.9, .99)); B = 192
            t0 = time.time(); k = 0
            while True:
                f = (time.time() - t0) / float(ARGS[0])
                if f >= 1: break
                for g in opt.param_groups: g['lr'] = 1e-3 * (.5 * (1 + math.cos(math.pi * f))) * min(1, (k + 1) / 100) + 1e-6
                q = torch.randint(NV, N, (B,), device=dev); xx = LR[q].float() / 255
                if k & 1: xx = xx.flip(3)
                if k & 2: xx = xx.transpose(2, 3)
                z = c(xx.contiguous()); S = z.softmax(1); b = sum(S[:, j, None, None, None] * O[j][q].float() for j in range(3))
                l1 = (b - HR[q].float() / 255).abs().mean()
                lc = (2 - ((S[:, 0] - S[:, 1]).abs() + (S[:, 0] - S[:, 2]).abs() + (S[:, 1] - S[:, 2]).abs())).mean(); la = (S.sum(0) - B / 3).abs().sum() / (B / 3 * 4)
                loss = 1000 * l1 + .5 * lc + 3 * la
                if how == 'judged': loss = loss + 3 * F.cross_entropy(z, judge[q])
                opt.zero_grad(); loss.backward(); opt.step(); k += 1
            with torch.no_grad():
                for w, r in (('trained', slice(NV, min(N, NV * 4))), ('kept out', slice(0, NV))):
                    ch = torch.cat([c(t.float() / 255).argmax(1) for t in LR[r].split(2000)]); conf = torch.zeros(3, 3)
                    for u in range(3):
                        for v in range(3): conf[u, v] = ((judge[r] == u) & (ch == v)).float().mean()
                    log(name, how, k, 'steps,', w, 'rows judge simple..hard, columns chosen simple..hard', [[round(v, 3) for v in u] for u in conf.tolist()],
                        'routed %.3f full %.3f' % (-10 * math.log10(mse[r].gather(1, ch[:, None]).mean().item()), -10 * math.log10(mse[r][:, 2].mean().item())))
            st.save({'classifier.' + a: b for a, b in c.state_dict().items()}, f'{OUT}/cm-{name}-{how}.safetensors')
        del O
    except Exception as e:
        import traceback; traceback.print_exc(); log('FAILED', name)
