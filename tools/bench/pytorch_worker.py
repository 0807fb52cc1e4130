"""One run of PyTorch, in a process of its own, for tools/bench-vs-pytorch: reads settings, prints figures as JSON.

The settings are one JSON object in argv[1]: "work" ("train", "notebook", "eval" or "start"), "model", "batch",
"seconds", "threads", "onednn", "mode" ("eager", "script", "trace"), "foreach", "channels_last", "data_dir" (or null),
"samples" (of made-up images) and "spawned" (on the monotonic clock, when this process was started).
"""

import gzip
import json
import os
import statistics
import sys
import time

from pytorch_nets import MODELS

# As tuff bench: groups of steps that last at least this long, so that reading the clock blurs nothing.
GROUP_SECONDS = 0.005


class Unusable(Exception):
    """A configuration that this PyTorch does not have."""


# ---- Data --------------------------------------------------------------------------------------------------------


def read_idx(folder, name, header):
    """The bytes behind the header of an IDX file, plain or .gz, in `folder` or `folder`/mnist."""
    for place in (folder, os.path.join(folder, "mnist")):
        for opener, path in ((open, os.path.join(place, name)), (gzip.open, os.path.join(place, name + ".gz"))):
            if os.path.exists(path):
                with opener(path, "rb") as file:
                    return file.read()[header:]
    raise Unusable("no %s or %s.gz in %s" % (name, name, folder))


def load_samples(settings, part):
    """Images as uint8 (N,C,H,W), labels as int64 (N). part: "train" or "t10k"."""
    import numpy as np

    shape = MODELS[settings["model"]][1]
    if settings["data_dir"] and shape == (1, 28, 28):
        images = np.frombuffer(read_idx(settings["data_dir"], part + "-images-idx3-ubyte", 16), np.uint8)
        labels = np.frombuffer(read_idx(settings["data_dir"], part + "-labels-idx1-ubyte", 8), np.uint8)
        return images.reshape(-1, *shape), labels.astype(np.int64)
    # Random, as those that tuff bench makes up: labels that nobody can learn keep gradients of ordinary size.
    random = np.random.RandomState(1)
    images = random.randint(0, 256, (settings["samples"],) + shape, dtype=np.uint8)
    return images, random.randint(0, 10, settings["samples"]).astype(np.int64)


# ---- Models -----------------------------------------------------------------------------------------------------


def make_model(settings, example):
    """In the mode that is asked for. example: images of one batch."""
    import torch

    model = MODELS[settings["model"]][0]()
    if settings["channels_last"]:
        model = model.to(memory_format=torch.channels_last)
    try:
        if settings["mode"] == "script":
            return torch.jit.script(model)
        if settings["mode"] == "trace":
            return torch.jit.trace(model, example)
    except Exception as error:  # whatever TorchScript has against it
        raise Unusable("torch.jit.%s: %s" % (settings["mode"], str(error).splitlines()[0]))
    return model


def make_optimizer(settings, model):
    import torch

    try:
        return torch.optim.Adam(model.parameters(), lr=1e-3, foreach=settings["foreach"])
    except TypeError as error:
        raise Unusable("Adam: %s" % error)


def to_floats(settings, images):
    """The whole set as floats from 0 to 1, before the clock starts."""
    import torch

    x = torch.from_numpy(images).float().div_(255)
    return x.contiguous(memory_format=torch.channels_last) if settings["channels_last"] else x


# ---- Measuring ---------------------------------------------------------------------------------------------------


def measure(run_steps, seconds):
    """Seconds per step: of groups that last at least GROUP_SECONDS, after a warm-up; at least five of them, but fewer
    where those would take ten times as long. run_steps(n) runs n steps."""
    begin = time.perf_counter()
    run_steps(1)
    best, steps = float("inf"), 1
    while True:
        start = time.perf_counter()
        run_steps(steps)
        now = time.perf_counter()
        best = min(best, (now - start) / steps)
        if best * steps < GROUP_SECONDS:
            steps *= 2
        elif now - begin >= 0.3 * seconds:
            break
    steps = max(1, int(-(-GROUP_SECONDS // best)))
    groups = []
    begin = time.perf_counter()
    while not groups or time.perf_counter() - begin < (seconds if len(groups) >= 5 else 10 * seconds):
        start = time.perf_counter()
        run_steps(steps)
        groups.append((time.perf_counter() - start) / steps)
    return groups


def train(settings):
    """Steps in the fairest conditions: float images, slices for batches, no loss read back."""
    import torch
    import torch.nn.functional as F

    images, labels = load_samples(settings, "train")
    x, y = to_floats(settings, images), torch.from_numpy(labels)
    batch = settings["batch"]
    model = make_model(settings, x[:batch])
    optimizer = make_optimizer(settings, model)
    starts = range(0, len(x) - batch + 1, batch)
    done = 0

    def run_steps(count):
        nonlocal done
        for _ in range(count):
            start = starts[done % len(starts)]
            done += 1
            optimizer.zero_grad(set_to_none=True)
            loss = F.cross_entropy(model(x[start : start + batch]), y[start : start + batch])
            loss.backward()
            optimizer.step()

    return measure(run_steps, settings["seconds"])


def notebook(settings):
    """The loop as notebooks have it: Dataset, DataLoader, ToTensor for each sample, loss.item() at each step."""
    import torch
    import torch.nn as nn

    images, labels = load_samples(settings, "train")

    class Samples(torch.utils.data.Dataset):
        def __len__(self):
            return len(labels)

        def __getitem__(self, index):
            # What torchvision's ToTensor does with an image of bytes.
            return torch.from_numpy(images[index]).to(torch.float32).div(255), int(labels[index])

    model = make_model(settings, None)
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    loader = torch.utils.data.DataLoader(Samples(), batch_size=settings["batch"], shuffle=True)
    batches = iter(loader)
    running_loss = 0.0

    def run_steps(count):
        nonlocal batches, running_loss
        for _ in range(count):
            try:
                x, y = next(batches)
            except StopIteration:
                batches = iter(loader)
                x, y = next(batches)
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            running_loss += loss.item()

    return measure(run_steps, settings["seconds"])


def evaluate(settings):
    """A step is the whole test set: loss and accuracy, in batches."""
    import torch
    import torch.nn.functional as F

    images, labels = load_samples(settings, "t10k")
    x, y = to_floats(settings, images), torch.from_numpy(labels)
    batch = settings["batch"]
    model = make_model(settings, x[:batch]).eval()

    def run_steps(count):
        with torch.inference_mode():
            for _ in range(count):
                loss, correct = torch.zeros(()), torch.zeros((), dtype=torch.int64)
                for start in range(0, len(x), batch):
                    logits, wanted = model(x[start : start + batch]), y[start : start + batch]
                    loss += F.cross_entropy(logits, wanted, reduction="sum")
                    correct += (logits.argmax(1) == wanted).sum()
                loss.item(), correct.item()

    return measure(run_steps, settings["seconds"])


def start(settings):
    """From the process's start to the end of the first training step. Importing is part of it."""
    import torch
    import torch.nn.functional as F

    set_up(torch, settings)
    images, labels = load_samples(settings, "train")
    batch = settings["batch"]
    model = make_model(settings, torch.zeros((batch,) + images.shape[1:]))
    optimizer = make_optimizer(settings, model)
    order = torch.randperm(len(labels))[:batch].numpy()
    x, y = torch.from_numpy(images[order]).float().div_(255), torch.from_numpy(labels[order])
    loss = F.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
    loss.item()
    return [time.monotonic() - settings["spawned"]]


# ---- The process -------------------------------------------------------------------------------------------------


def set_up(torch, settings):
    torch.set_num_threads(settings["threads"])
    torch.backends.mkldnn.enabled = settings["onednn"]
    torch.set_flush_denormal(True)
    torch.manual_seed(1)


def openblas_in_use():
    """What the OpenBLAS that this process has loaded says of itself."""
    import ctypes

    with open("/proc/self/maps") as maps:
        paths = {line.split()[-1] for line in maps if "openblas" in line or "libblas" in line}
    for path in sorted(paths):
        try:
            library = ctypes.CDLL(path)
            library.openblas_get_config.restype = ctypes.c_char_p
            library.openblas_get_corename.restype = ctypes.c_char_p
            config = library.openblas_get_config().decode().split()
            return "%s %s, kernels for %s" % (config[0], config[1], library.openblas_get_corename().decode())
        except (OSError, AttributeError):
            continue
    return "no OpenBLAS found"


def onednn_in_use(torch):
    for line in torch.__config__.show().splitlines():
        if "MKL-DNN" in line or "oneDNN" in line:
            return "oneDNN " + line.split(" v")[-1].split()[0]
    return "no oneDNN"


def peak_bytes():
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return 1024 * int(line.split()[1])
    return 0


def main():
    settings = json.loads(sys.argv[1])
    try:
        if settings["work"] == "start":
            groups = start(settings)
            import torch
        else:
            import torch

            set_up(torch, settings)
            groups = {"train": train, "notebook": notebook, "eval": evaluate}[settings["work"]](settings)
    except Unusable as reason:
        json.dump({"unusable": str(reason)}, sys.stdout)
        return
    json.dump(
        {
            "seconds": statistics.median(groups),
            "best": min(groups),
            "groups": len(groups),
            "bytes": peak_bytes(),
            "about": "PyTorch %s, %s; %s" % (torch.__version__, onednn_in_use(torch), openblas_in_use()),
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main()
