"""Writes the .pth files of this folder with Python's own pickle module, under Python 2.7 (the legacy file of protocol 2) and
under Python 3 (all others). PyTorch is not needed: classes of the same names stand in for what a checkpoint refers to.

    python2.7 make.py && python3 make.py
"""
import argparse
import collections
import io
import pickle
import struct
import sys
import types
import zipfile


def module(name):
    m = types.ModuleType(name)
    sys.modules[name] = m
    if '.' in name:
        parent, child = name.rsplit('.', 1)
        setattr(sys.modules[parent], child, m)
    return m


def define(mod, name, value):
    value.__module__ = mod.__name__
    value.__name__ = name
    if hasattr(value, '__qualname__'):
        value.__qualname__ = name
    setattr(mod, name, value)
    return value


def function():
    return lambda *args: None


torch = module('torch')
utils = module('torch._utils')
tensors = module('torch._tensor')
storages = module('torch.storage')
numpy = module('numpy')
module('numpy.core')
multiarray = module('numpy.core.multiarray')

rebuild_tensor = define(utils, '_rebuild_tensor_v2', function())
rebuild_typed = define(utils, '_rebuild_tensor_v3', function())
rebuild_parameter = define(utils, '_rebuild_parameter', function())
rebuild_from_type = define(tensors, '_rebuild_from_type_v2', function())
scalar = define(multiarray, 'scalar', function())
untyped = define(storages, 'UntypedStorage', type('UntypedStorage', (), {}))
tensor_class = define(torch, 'Tensor', type('Tensor', (), {}))
FORMATS = {'Float': 'f', 'Double': 'd', 'Long': 'q', 'Half': 'H', 'BFloat16': 'H'}
CLASSES = {k: define(torch, k + 'Storage', type(k + 'Storage', (), {})) for k in FORMATS}


class Reduced(object):
    """Pickles as a call of one of the functions above."""

    def __init__(self, *reduced):
        self.reduced = reduced

    def __reduce_ex__(self, protocol):
        return self.reduced


class DtypeFloat16(object):
    """Pickles as the global torch.float16, as a torch.dtype does."""

    def __reduce__(self):
        return 'float16'


DtypeFloat16.__module__ = 'torch'
torch.float16 = DtypeFloat16()
torch.float16.__module__ = 'torch'


class Storage(object):
    def __init__(self, key, kind, values, declared=None):
        self.key, self.kind, self.values = key, declared or CLASSES[kind], values
        self.data = struct.pack('<%d%s' % (len(values), FORMATS[kind]), *values)
        self.numel = len(self.data) if declared else len(values)


class Device(object):
    pass


def strided(storage, offset, size, stride):
    return Reduced(rebuild_tensor, (storage, offset, size, stride, False, collections.OrderedDict()))


def checkpoint(legacy):
    flat = Storage('10', 'Float', [i * 0.5 for i in range(8)])
    half = Storage('11', 'Half', [0x3e00, 0xc000, 0x7bff])  # 1.5, -2, 65504
    brain = Storage('12', 'BFloat16', [0x3f80, 0xc040])  # 1, -3
    double = Storage('13', 'Double', [0.1, -0.2])
    long = Storage('14', 'Long', [7])
    shared = rebuild_parameter, (strided(half, 0, (3,), (1,)), True, collections.OrderedDict())
    weights = collections.OrderedDict()
    weights['module.conv.weight'] = strided(flat, 1, (2, 3), (1, 2))
    weights['module.conv.bias'] = Reduced(*shared)
    weights['module.bn.weight'] = strided(brain, 0, (2,), (1,))
    weights['module.bn.running_mean'] = strided(double, 0, (2,), (1,))
    weights['module.bn.num_batches_tracked'] = strided(long, 0, (), ())
    weights['module.slope'] = Reduced(rebuild_from_type, (
        rebuild_tensor, tensor_class, (flat, 7, (), (), False, collections.OrderedDict()), {'note': 'an attribute'}))
    used = [flat, half, brain, double, long]
    if not legacy:
        raw = Storage('15', 'Half', [0x3c00, 0x0001], declared=untyped)  # 1, 2**-24
        weights['module.raw'] = Reduced(rebuild_typed, (
            raw, 0, (2,), (1,), False, collections.OrderedDict(), torch.float16))
        used.append(raw)
    weights._metadata = collections.OrderedDict([('', {'version': 1}), ('module', {'version': 1})])
    log = collections.defaultdict(list)
    log['psnr'].extend([25.5, 26.25])
    return used, {
        'epoch': 3,
        'seed': 1 << 40,
        'entropy': 1 << 100,
        'best_psnr': Reduced(scalar, ('f8', b'\x00\xff')),
        'args': argparse.Namespace(lr=1e-3, widths=[16, 36, 56], name=u'caf\xe9'),
        'seen': set([1, 2]),
        'frozen': frozenset([3]),
        'classes': collections.Counter('aab'),
        'log': log,
        'state_dict': weights,
        'optimizer': {'state': {0: {'step': 5, 'exp_avg': strided(flat, 0, (8,), (1,))}}, 'param_groups': [{'lr': 1e-3}]},
    }


class Pickler(getattr(pickle, '_Pickler', pickle.Pickler)):
    legacy = False

    def persistent_id(self, value):
        if not isinstance(value, Storage):
            return None
        part = ('storage', value.kind, value.key, 'cpu', value.numel)
        return part + (None,) if self.legacy else part


def dumped(value, protocol, legacy=False):
    out = io.BytesIO()
    p = Pickler(out, protocol)
    p.legacy = legacy
    p.dump(value)
    return out.getvalue()


def write_legacy(path, protocol):
    used, root = checkpoint(True)
    facts = {'protocol_version': 1001, 'little_endian': True, 'type_sizes': {'short': 2, 'int': 4, 'long': 4}}
    with open(path, 'wb') as f:
        for value in 0x1950a86a20f9469cfc6c, 1001, facts, root, sorted(s.key for s in used):
            f.write(dumped(value, protocol, True))
        for s in sorted(used, key=lambda s: s.key):
            f.write(struct.pack('<q', s.numel) + s.data)


def write_zip(path, protocol):
    used, root = checkpoint(False)
    folder = path.rsplit('.', 1)[0]
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_STORED) as z:
        def add(name, data):
            z.writestr(zipfile.ZipInfo(folder + '/' + name, (1980, 1, 1, 0, 0, 0)), data)
        add('data.pkl', dumped(root, protocol))
        add('byteorder', b'little')
        for s in used:
            add('data/' + s.key, s.data)
        add('version', b'3\n')


if sys.version_info[0] == 2:
    write_legacy('legacy-python2.pth', 2)
else:
    write_legacy('legacy-protocol2.pth', 2)
    write_legacy('legacy-protocol4.pth', 4)
    for p in 2, 3, 4, 5:
        write_zip('zip-protocol%d.pth' % p, p)
