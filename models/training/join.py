"""Joins the branches and the Class-Module of a ClassSR model in one file.
usage: join.py OUT CLASSMODULE BRANCH...    files are safetensors; CLASSMODULE may be a whole model, a BRANCH may be FILE:N, branch N of a model"""
import os, sys
sys.path.append(os.path.dirname(os.path.abspath(__file__)))
from st import load, save

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
save(all, out)
