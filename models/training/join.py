"""Joins the branches and the Class-Module of a ClassSR model in one file.
usage: join.py OUT CLASSMODULE BRANCH...    files are safetensors; CLASSMODULE may be a whole model, a BRANCH may be FILE:N, branch N of a model"""
import json, struct, sys

def load(path):
    with open(path, 'rb') as f:
        n, = struct.unpack('<Q', f.read(8)); head = json.loads(f.read(n)); data = f.read()
    return {k: (v['dtype'], v['shape'], data[v['data_offsets'][0]:v['data_offsets'][1]]) for k, v in head.items() if k != '__metadata__'}

def save(path, tensors):
    head, at = {}, 0
    for k, (d, s, b) in tensors.items():
        head[k] = dict(dtype=d, shape=s, data_offsets=[at, at + len(b)]); at += len(b)
    h = json.dumps(head).encode(); h += b' ' * (-len(h) % 8)
    with open(path, 'wb') as f:
        f.write(struct.pack('<Q', len(h))); f.write(h)
        for d, s, b in tensors.values(): f.write(b)

out, module, *branches = sys.argv[1:]
all = {}
for k, v in load(module).items():
    if k.startswith('classifier.'): all[k] = v
    elif k.startswith(('CondNet', 'lastOut')): all['classifier.' + k] = v
for i, b in enumerate(branches):
    path, _, number = b.partition(':')
    prefix = f'net{number}.' if number else ''
    for k, v in load(path).items():
        if k.startswith(prefix): all[f'net{i + 1}.' + k[len(prefix):]] = v
save(out, all)
