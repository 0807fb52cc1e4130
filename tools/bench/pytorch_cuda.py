"""PyTorch's side of tools/gpu-run: one process that keeps its nets on the GPU and times them whenever it is asked, so that
its runs and tuff's can take turns without an import and a compilation each.

A line of its input is a request, a line of its output the answer, both JSON objects:
  {"work": "probe"}    {"torch", "device"}: versions; device is null if PyTorch cannot use it
  {"work": "train"}    {"seconds", "best", "groups", "bytes", "parameters", "outputs"} of training steps, or {"unusable"}
  {"work": "epochs"}   {"train_seconds", "test_seconds", "accuracy"} of epochs over MNIST, or {"unusable"}
  {"work": "forget"}   {}: what was made for the requests before is freed
A request has "device" ("cuda" or "cpu"), "model", "batch", "seconds", "samples", "data_dir" (or null), "epochs", and the
configuration: "mode" ("eager", "graph": the whole step as one CUDA graph, "compile": torch.compile, "compile-graph":
both), "channels_last", "autocast" (null, "float16" or "bfloat16") and "tf32".
"""

import contextlib
import gc
import json
import os
import statistics
import sys
import time

import torch
import torch.nn.functional as F

import pytorch_worker as worker
from pytorch_nets import MODELS

WARM_UP_STEPS = 3  # before a capture, as PyTorch's documentation has it
TEST_BATCH = 1000


def synchronize(settings):
    if settings["device"] == "cuda":
        torch.cuda.synchronize()


def allow_tf32(settings):
    """Also convolutions, which PyTorch would otherwise let use TF32 anyway. Baked into a graph when it is captured."""
    torch.set_float32_matmul_precision("high" if settings["tf32"] else "highest")
    torch.backends.cudnn.allow_tf32 = settings["tf32"]
    torch.backends.cudnn.benchmark = True


class Step:
    """A training step of one configuration, on images and labels that lie on the device."""

    def __init__(self, settings):
        self.settings = settings
        self.cuda = settings["device"] == "cuda"
        self.model = MODELS[settings["model"]][0]().to(settings["device"])
        if settings["channels_last"]:
            self.model = self.model.to(memory_format=torch.channels_last)
        self.parameters = sum(parameter.numel() for parameter in self.model.parameters())
        graphed = settings["mode"].endswith("graph")
        extra = {"fused": True, "capturable": graphed} if self.cuda else {}
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=1e-3, **extra)
        self.scaler = None
        if settings["autocast"] == "float16" and self.cuda:
            newer = hasattr(torch, "amp") and hasattr(torch.amp, "GradScaler")
            self.scaler = torch.amp.GradScaler("cuda") if newer else torch.cuda.amp.GradScaler()
        self.run = torch.compile(self.model) if settings["mode"].startswith("compile") else self.model
        self.graph = None

    def autocast(self):
        if not self.settings["autocast"]:
            return contextlib.nullcontext()
        # Without the cache of casts, as a capture wants it.
        return torch.autocast(self.settings["device"], dtype=getattr(torch, self.settings["autocast"]), cache_enabled=False)

    def compute(self, x, y):
        with self.autocast():
            loss = F.cross_entropy(self.run(x), y)
        if self.scaler is None:
            loss.backward()
            self.optimizer.step()
        else:
            self.scaler.scale(loss).backward()
            self.scaler.step(self.optimizer)
            self.scaler.update()

    def eager(self, x, y):
        self.optimizer.zero_grad(set_to_none=True)
        self.compute(x, y)

    def capture(self, x, y):
        """x, y: a first batch. From then on __call__ copies a batch to where the graph reads it."""
        self.x, self.y = x.clone(memory_format=torch.preserve_format), y.clone()
        aside = torch.cuda.Stream()
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            for _ in range(WARM_UP_STEPS):
                self.eager(self.x, self.y)
        torch.cuda.current_stream().wait_stream(aside)
        self.optimizer.zero_grad(set_to_none=True)
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            self.compute(self.x, self.y)

    def prepare(self, x, y):
        allow_tf32(self.settings)
        if self.settings["mode"].endswith("graph"):
            self.capture(x, y)
        else:
            self.eager(x, y)
        synchronize(self.settings)

    def __call__(self, x, y):
        if self.graph is None:
            self.eager(x, y)
        else:
            self.x.copy_(x)
            self.y.copy_(y)
            self.graph.replay()


def to_device(settings, images, labels):
    x = worker.to_floats(settings, images).to(settings["device"])
    return x, torch.from_numpy(labels).to(settings["device"])


# ---- Training steps ----------------------------------------------------------------------------------------------


class Training:
    def __init__(self, settings):
        self.settings = settings
        self.x, self.y = to_device(settings, *worker.load_samples(settings, "train"))
        self.bytes = 0
        self.before = 0  # of other configurations, which are kept
        if settings["device"] == "cuda":
            torch.cuda.reset_peak_memory_stats()
            self.before = torch.cuda.memory_allocated()
        self.step = Step(settings)
        self.starts = range(0, len(self.x) - settings["batch"] + 1, settings["batch"])
        self.done = 0
        self.step.prepare(*self.batch(0))
        with torch.no_grad():
            self.outputs = list(self.step.model(self.batch(0)[0]).shape)

    def batch(self, start):
        return self.x[start : start + self.settings["batch"]], self.y[start : start + self.settings["batch"]]

    def run_steps(self, count):
        for _ in range(count):
            self.step(*self.batch(self.starts[self.done % len(self.starts)]))
            self.done += 1
        synchronize(self.settings)


def train(settings, kept):
    key = json.dumps([settings[name] for name in ("model", "batch", "mode", "channels_last", "autocast", "tf32")])
    if key not in kept:
        kept[key] = Training(settings)
    training = kept[key]
    allow_tf32(settings)
    groups = worker.measure(training.run_steps, settings["seconds"])
    if training.bytes == 0:  # the first time: nothing else has run since it was made
        cuda = settings["device"] == "cuda"
        training.bytes = torch.cuda.max_memory_allocated() - training.before if cuda else worker.peak_bytes()
    return {
        "seconds": statistics.median(groups),
        "best": min(groups),
        "groups": len(groups),
        "bytes": training.bytes,
        "parameters": training.step.parameters,
        "outputs": training.outputs,
    }


# ---- Epochs ------------------------------------------------------------------------------------------------------


def epochs(settings, _):
    x, y = to_device(settings, *worker.load_samples(settings, "train"))
    test_x, test_y = to_device(settings, *worker.load_samples(settings, "t10k"))
    batch = settings["batch"]
    step = Step(settings)
    step.prepare(x[:batch], y[:batch])
    trained, tested = 0.0, 0.0
    for _ in range(settings["epochs"]):
        begin = time.perf_counter()
        order = torch.randperm(len(x), device=settings["device"])
        step.model.train()
        for start in range(0, len(x), batch):
            chosen = order[start : start + batch]
            # The last batch may be short, and is no other step's graph.
            (step if len(chosen) == batch else step.eager)(x[chosen], y[chosen])
        synchronize(settings)
        trained += time.perf_counter() - begin
        begin = time.perf_counter()
        step.model.eval()
        with torch.inference_mode():
            correct = torch.zeros((), dtype=torch.int64, device=settings["device"])
            for start in range(0, len(test_x), TEST_BATCH):
                logits = step.model(test_x[start : start + TEST_BATCH])
                correct += (logits.argmax(1) == test_y[start : start + TEST_BATCH]).sum()
        accuracy = correct.item() / len(test_x)
        tested += time.perf_counter() - begin
    return {"train_seconds": trained, "test_seconds": tested, "accuracy": accuracy}


# ---- The process -------------------------------------------------------------------------------------------------


def probe(settings, _):
    usable = settings["device"] == "cpu" or torch.cuda.is_available()
    name = torch.cuda.get_device_name(0) if usable and settings["device"] == "cuda" else settings["device"]
    return {"torch": torch.__version__, "device": name if usable else None}


def forget(_, kept):
    kept.clear()
    if "torch._dynamo" in sys.modules:  # else what is compiled next counts as one more variant of what was before
        torch._dynamo.reset()
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    return {}


WORKS = {"probe": probe, "train": train, "epochs": epochs, "forget": forget}


def answer(settings, kept):
    try:
        return WORKS[settings["work"]](settings, kept)
    except Exception as error:  # whatever this PyTorch has against a configuration: the others go on
        lines = str(error).strip().splitlines() or [""]
        return {"unusable": "%s: %s" % (type(error).__name__, lines[0][:200])}


def main():
    # Answers alone go to where they are expected; whatever else is printed goes to the error output.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    torch.manual_seed(1)
    kept = {}
    for line in sys.stdin:
        json.dump(answer(json.loads(line), kept), answers)
        answers.write("\n")
        answers.flush()


if __name__ == "__main__":
    main()
