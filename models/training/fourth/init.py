"""python init.py FSRCNN_x4.pth OUT: what second/train.py begins at and is taught by, from the built-in models and the published FSRCNN"""
import os, sys, torch
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..')); import st
models = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..')
def branch(file, n): return {k[len(n) + 1:]: v.float() for k, v in st.load(f'{models}/{file}.safetensors').items() if k.startswith(n + '.')}
W = {'carn64': branch('carn-x4', 'net3'), 'sr64': branch('srresnet-x4', 'net3'), 'etds': torch.load(sys.argv[1], map_location='cpu')}
for i, n in enumerate((16, 32, 48)): W[f'span{n}'] = branch('span-x4', f'net{i + 1}')
for k, f in (('fsrcnn', 'fsrcnn-x4'), ('carn', 'carn-x4')): W['cm-' + k] = branch(f, 'classifier')
W['etds'] = W['etds'].get('state_dict', W['etds']) if isinstance(W['etds'], dict) else W['etds'].state_dict()
torch.save({k: {a: b.half() for a, b in v.items()} for k, v in W.items()}, sys.argv[2])
print({k: len(v) for k, v in W.items()})
