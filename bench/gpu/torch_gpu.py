"""Runs an ONNX file of classsr's with PyTorch on a GPU, or on the processor where there is none: the peer of bench/gpu.

Its arguments are the file, one with float32 planes of a picture, their number, height and width, the factor that brings results to 0..1, and a number of threads. It
takes orders and answers, both a JSON object a line:

    {"use": PRECISION}                  float32, tf32, autocast (float16 where PyTorch likes it) or half; readies the network, and says what memory it takes
    {"run": SECONDS, "least": N}        runs it for at least that long and N times; answers with the seconds of each run, by the GPU's clock ("device") and in all ("wall")
    {"free": true}                      gives the network and its memory back
    {"output": FILE}                    writes the result of the last run: float32 planes, 0..1

A run is what a program has to do with a picture: planes go from the processor's memory to the GPU, pixels of three bytes come back. On a GPU the network with its rounding to
bytes is a graph that is replayed, its values are channels_last, and convolutions are the fastest that cuDNN finds."""

import contextlib
import gc
import json
import os
import sys
import time

sys.path.insert(0, os.environ.get("ONNX_TORCH") or os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "nets"))

import torch  # noqa: E402

from onnx_torch import Model  # noqa: E402

MIB = 1 << 20
ON_GPU = torch.cuda.is_available()
DEVICE = "cuda" if ON_GPU else "cpu"
LAYOUT = torch.channels_last


def read(name):
    with open(name, "rb") as f:
        return bytearray(f.read())


def about():
    made = {"torch": torch.__version__, "gpu": ON_GPU, "device": "the processor"}
    if ON_GPU:
        made.update(device=torch.cuda.get_device_name(), cuda=torch.version.cuda, cudnn=torch.backends.cudnn.version(),
                    memory_mb=torch.cuda.get_device_properties(0).total_memory // MIB)
    return made


class Job:
    """A network with a precision, and where its input and result lie."""

    def __init__(self, model, planes, unit, precision):
        self.precision, self.unit = precision, unit
        tf32 = precision == "tf32"
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = tf32
        self.type = torch.float16 if precision == "half" and ON_GPU else torch.float32
        self.model = model
        self.params = dict(model.params)
        for name, p in self.params.items():
            if p is not None:
                p = p if name in model.fixed else p.to(DEVICE, self.type)
                self.params[name] = p.contiguous(memory_format=LAYOUT) if p.dim() == 4 else p
        self.planes = planes.pin_memory() if ON_GPU else planes
        self.input = torch.empty(planes.shape, device=DEVICE)
        self.graph = None
        self.input.copy_(self.planes)
        self.compute()  # finds algorithms
        if ON_GPU:
            self.capture()

    def autocast(self):
        if self.precision != "autocast":
            return contextlib.nullcontext()
        return torch.autocast(DEVICE, dtype=torch.float16 if ON_GPU else torch.bfloat16)

    def compute(self):
        with self.autocast():
            x = self.input.to(self.type).contiguous(memory_format=LAYOUT)
            self.model.params = self.params
            self.result = self.model(x)
        y = self.result.float() * self.unit
        self.pixels = (y.clamp_(0, 1) * 255 + 0.5).to(torch.uint8).permute(0, 2, 3, 1).contiguous()

    def capture(self):
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(2):
                self.compute()
        torch.cuda.current_stream().wait_stream(side)
        torch.cuda.synchronize()
        self.result = self.pixels = None
        gc.collect()
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()  # what finding algorithms took does not count
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self.compute()
        self.graph = graph
        self.back = torch.empty(self.pixels.shape, dtype=torch.uint8, pin_memory=True)
        self.start, self.end = (torch.cuda.Event(enable_timing=True) for _ in range(2))

    def run(self):
        """Gives the seconds by the GPU's clock, or those of the network alone on the processor; and in all."""
        begin = time.perf_counter()
        self.input.copy_(self.planes, non_blocking=True)
        if not ON_GPU:
            computing = time.perf_counter()
            self.compute()
            end = time.perf_counter()
            return end - computing, end - begin
        self.start.record()
        self.graph.replay()
        self.end.record()
        self.back.copy_(self.pixels, non_blocking=True)
        torch.cuda.synchronize()
        wall = time.perf_counter() - begin
        return self.start.elapsed_time(self.end) / 1000, wall

    def memory(self):
        if not ON_GPU:
            return {}
        return {"memory_mb": torch.cuda.max_memory_allocated() / MIB, "reserved_mb": torch.cuda.max_memory_reserved() / MIB}


class Peer:
    def __init__(self, model, planes, unit):
        self.model, self.planes, self.unit, self.job = model, planes, unit, None

    def free(self):
        self.job = None
        gc.collect()
        if ON_GPU:
            torch.cuda.empty_cache()
        return {}

    def use(self, precision):
        self.free()
        self.job = Job(self.model, self.planes, self.unit, precision)
        self.job.run()
        return {"graph": self.job.graph is not None, **self.job.memory()}

    def run(self, seconds, least):
        device, wall, begin = [], [], time.perf_counter()
        while len(wall) < least or time.perf_counter() - begin < seconds:
            d, w = self.job.run()
            device.append(d)
            wall.append(w)
        return {"device": device, "wall": wall}

    def output(self, name):
        y = (self.job.result.float() * self.unit).contiguous().cpu()
        with open(name, "wb") as f:
            f.write(y.numpy().data)
        return {}

    def answer(self, order):
        if "use" in order:
            return self.use(order["use"])
        if "free" in order:
            return self.free()
        if "run" in order:
            return self.run(order["run"], order["least"])
        return self.output(order["output"])


def main():
    if len(sys.argv) == 1:
        print(json.dumps(about()))
        return
    file, planes, channels, height, width, unit, threads = sys.argv[1:]
    torch.set_num_threads(int(threads))
    torch.backends.cudnn.benchmark = True
    model = Model(memoryview(read(file)), False)
    x = torch.frombuffer(read(planes), dtype=torch.float32).reshape(1, int(channels), int(height), int(width))
    peer = Peer(model, x, float(unit))
    print(json.dumps(about()), flush=True)
    with torch.inference_mode():
        for line in sys.stdin:
            try:
                answer = peer.answer(json.loads(line))
            except (RuntimeError, NotImplementedError) as e:  # memory that is full, and what this PyTorch cannot do
                peer.job = None
                answer = {"error": str(e).split("\n")[0]}
            print(json.dumps(answer), flush=True)


main()
