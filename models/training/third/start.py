"""Makes branches to start from at x2 and x3 of those of fsrcnn-x4 and carn-x4: all layers but the last ones as they are, and these
resampled from four to two or three HR pixels for each LR one. Training for a few thousand steps does the rest.
usage: start.py MODELS OUT    the folders of fsrcnn-x4.safetensors and carn-x4.safetensors, and of the results"""
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


def three_of_two(v, axis):
    """Subpixels at -1/4 and 1/4 of a pixel become those at -1/3, 0 and 1/3."""
    v = np.moveaxis(v, axis, 0)
    rows = [v[0] * (0.5 - 2 * p) + v[1] * (0.5 + 2 * p) for p in (-1 / 3, 0, 1 / 3)]
    return np.moveaxis(np.stack(rows), 0, axis)


models, out = sys.argv[1:]
fsrcnn, carn = load(f'{models}/fsrcnn-x4.safetensors'), load(f'{models}/carn-x4.safetensors')
for scale in (2, 3):
    for n, width in ((1, 16), (2, 36)):
        t = branch(fsrcnn, n)
        for axis in (2, 3):
            t['last_part.weight'] = resampled_kernel(t['last_part.weight'], axis, scale)
        save(f'{out}/fsrcnn-{width}-x{scale}.safetensors', t)
    for n, width in ((1, 36), (2, 52)):
        t = {k: v for k, v in branch(carn, n).items() if '.body.3.' not in k}  # x4 is x2 twice
        if scale == 3:
            for k in ('upsample.up.body.0.weight', 'upsample.up.body.0.bias'):
                v = t[k].reshape(width, 2, 2, *t[k].shape[1:])
                t[k] = three_of_two(three_of_two(v, 1), 2).reshape(width * 9, *t[k].shape[1:])
        save(f'{out}/carn-{width}-x{scale}.safetensors', t)
