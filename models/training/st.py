"""reads and writes safetensors without the package"""
import json, struct, torch
T = {'F32': torch.float32, 'F16': torch.float16, 'I64': torch.int64}
def load(f):
    b = open(f, 'rb').read(); n = struct.unpack('<Q', b[:8])[0]; h = json.loads(b[8:8 + n]); h.pop('__metadata__', None)
    return {k: torch.frombuffer(bytearray(b[8 + n + v['data_offsets'][0]:8 + n + v['data_offsets'][1]]), dtype=T[v['dtype']]).view(v['shape']).clone() for k, v in h.items()}
def save(d, f, meta=None):
    h = {'__metadata__': meta} if meta else {}; o = 0; bs = []
    for k in sorted(d):
        t = d[k].detach().float().contiguous().cpu(); b = t.numpy().tobytes(); bs.append(b)
        h[k] = {'dtype': 'F32', 'shape': list(t.shape), 'data_offsets': [o, o + len(b)]}; o += len(b)
    j = json.dumps(h, separators=(',', ':')).encode(); j += b' ' * (-len(j) % 8)
    open(f, 'wb').write(struct.pack('<Q', len(j)) + j + b''.join(bs))
