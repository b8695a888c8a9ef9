"""Makes branches to start from at x2 and x3 of those of fsrcnn-x4 and carn-x4: all layers but the last ones as they are. FSRCNN's last layer is
resampled from four to two or three HR pixels for each LR one; CARN's is that of the full network, where it is known which of its channels the
narrow branch still has. Training for a few thousand steps does the rest.
usage: start.py MODELS OUT    the folders of the built-in models and of the results"""
import os, sys
import numpy as np, torch
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))
import st


def load(path):
    return {k: v.float().numpy() for k, v in st.load(path).items()}


def save(path, tensors):
    st.save({k: torch.from_numpy(np.ascontiguousarray(v)) for k, v in tensors.items()}, path)


def branch(model, n):
    return {k[5:]: v for k, v in model.items() if k.startswith(f'net{n}.')}


def resampled_kernel(w, axis, scale):
    """A transposed convolution's 9 taps, padding 4: at each HR pixel the mean over the x4 pixels that it covers, on straight lines between them."""
    w = np.moveaxis(w, axis, -1)
    out = np.zeros_like(w)
    ratio = 4 / scale
    for tap in range(9):
        for t in (np.arange(12) + 0.5) / 12:
            p = (tap - 4) * ratio + 4 + t * ratio - 0.5
            i = int(np.floor(p))
            for q, share in ((i, i + 1 - p), (i + 1, p - i)):
                if 0 <= q < 9:
                    out[..., tap] += w[..., q] * share / 12
    return np.moveaxis(out, -1, axis)


def kept(narrow, wide, groups=4):
    """Which rows of a wide branch's weight a narrow one's began as: in their order, equally many of each group, those that are most alike."""
    unit = [w.reshape(len(w), -1) / np.linalg.norm(w.reshape(len(w), -1), axis=1, keepdims=True) for w in (narrow, wide)]
    alike = unit[0] @ unit[1].T
    n, m, rows = len(narrow) // groups, len(wide) // groups, []
    for g in range(groups):
        a = alike[g * n:(g + 1) * n, g * m:(g + 1) * m]
        best = np.full((n + 1, m + 1), -np.inf)  # of the first rows of both
        best[0] = 0
        for i in range(n):
            for j in range(i, m):
                best[i + 1, j + 1] = max(best[i + 1, j], best[i, j] + a[i, j])
        chosen, i, j = [], n, m
        while i:
            if best[i, j] == best[i, j - 1]:
                j -= 1
            else:
                i, j = i - 1, j - 1
                chosen.insert(0, g * m + j)
        rows += chosen
    return rows


def carn_branch(narrow, wide, many, scale):
    """A narrow CARN for another scale: all but the upsampling as it is, and that from the full network, whose one body serves all scales."""
    w = len(narrow['entry.bias'])
    t = {k: v for k, v in narrow.items() if not k.startswith('upsample.')}
    first = kept(t['entry.weight'], wide['entry.weight'])
    body = kept(t['c3.0.weight'][:, :w], wide['c3.0.weight'][:, first])  # by what they take of the first layer
    last = kept(np.swapaxes(t['exit.weight'], 0, 1), np.swapaxes(wide['exit.weight'], 0, 1))
    weight, bias = (many[f'upsample.up{scale}.body.0.{k}'] for k in ('weight', 'bias'))
    planes, group = scale * scale, w // 4
    parts = []
    for c in last:
        g = c // 16
        parts.append(weight[c * planes:(c + 1) * planes][:, [x - g * 16 for x in body[g * group:(g + 1) * group]]])
    t['upsample.up.body.0.weight'] = np.concatenate(parts)
    t['upsample.up.body.0.bias'] = np.concatenate([bias[c * planes:(c + 1) * planes] for c in last])
    return t


models, out = sys.argv[1:]
fsrcnn, carn, many = (load(f'{models}/{name}.safetensors') for name in ('fsrcnn-x4', 'carn-x4', 'carn-m'))
for scale in (2, 3):
    for n, width in ((1, 16), (2, 36)):
        t = branch(fsrcnn, n)
        for axis in (2, 3):
            t['last_part.weight'] = resampled_kernel(t['last_part.weight'], axis, scale)
        save(f'{out}/fsrcnn-{width}-x{scale}.safetensors', t)
    for n, width in ((1, 36), (2, 52)):
        save(f'{out}/carn-{width}-x{scale}.safetensors', carn_branch(branch(carn, n), branch(carn, 3), many, scale))
