"""Runs model.onnx with PyTorch on input.bin: "forward" or "step", threads, batch, channels, height and width are its arguments.
Orders come line by line: "run SECONDS" answers with the seconds of each run, "output" with the name of the file that holds the
last result. A step is a training step's arithmetic, forward and back from dy.bin; its result is the gradients to the parameters
that params.txt names, in that order."""

import json
import sys
import time

import torch

from onnx_torch import Model


class Forward:
    def __init__(self, model):
        self.model = model

    def run(self, x):
        self.y = self.model(x)

    def output(self):
        return self.y


class Step:
    def __init__(self, model, names, dy):
        self.model, self.dy = model, dy
        self.learns = [model.params[name].requires_grad_() for name in names]

    def run(self, x):
        for p in self.learns:
            p.grad = None  # as optimizers do
        y = self.model(x)
        y.backward(self.dy.view_as(y))

    def output(self):
        return torch.cat([p.grad.flatten() for p in self.learns])


def read(name):
    with open(name, "rb") as f:
        return bytearray(f.read())


def numbers(name):
    return torch.frombuffer(read(name), dtype=torch.float32)


def main(training, threads, shape):
    torch.set_num_threads(threads)
    model, x = Model(memoryview(read("model.onnx")), training), numbers("input.bin").reshape(shape)
    job = Step(model, read("params.txt").decode().split("\n"), numbers("dy.bin")) if training else Forward(model)
    for order in sys.stdin:
        answer = "output.bin"
        if order.startswith("run"):
            answer, begin = [], time.perf_counter()
            while not answer or time.perf_counter() - begin < float(order.split()[1]):
                start = time.perf_counter()
                job.run(x)
                answer.append(time.perf_counter() - start)
        else:
            with open(answer, "wb") as f:
                f.write(job.output().contiguous().numpy().tobytes())
        print(json.dumps(answer), flush=True)


step = sys.argv[1] == "step"
with torch.inference_mode(not step):
    main(step, int(sys.argv[2]), [int(a) for a in sys.argv[3:]])
