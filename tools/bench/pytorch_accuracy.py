#!/usr/bin/python3
"""Trains resnet9-cifar10 in PyTorch on a folder of images, with the settings of tuff's recipe: accuracy against time, to
be laid beside what tuff train prints.

The images are decoded before the clock starts and stay in memory as bytes; a batch is normalized, mirrored, cut from
images with a border of four reflected pixels, and blanked in a square, as tensors and not image by image. Prints a line
for each epoch, with the seconds on the clock and of the processors since the first step, evaluations not counted.

  tools/bench/pytorch_accuracy.py ~/cifar10 --epochs 5 --threads 2
  tools/bench/pytorch_accuracy.py ~/cifar10 --stop-after 3 --state torch.pt   # run again, it goes on after the third
  tools/bench/pytorch_accuracy.py ~/cifar10 --steps 20 --threads 2     # how long a step takes, and no more
"""

import argparse
import os
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
from pytorch_nets import resnet9  # noqa: E402  (it lies beside this file)

BORDER = 4
CUTOUT = 8  # side of the square


def read_folder(folder, most=None):
    """Images as uint8 (N,3,H,W) and labels (N) of folder/CLASS/*, in the order of their names; of each class `most`."""
    images, labels = [], []
    for label, name in enumerate(sorted(os.listdir(folder))):
        for file in sorted(os.listdir(os.path.join(folder, name)))[:most]:
            with Image.open(os.path.join(folder, name, file)) as image:
                images.append(np.asarray(image.convert("RGB")).transpose(2, 0, 1))
            labels.append(label)
    return torch.from_numpy(np.stack(images)), torch.tensor(labels)


def in_square(count, length):
    """Of each image the rows (or columns) that are blanked: around a random one, as far as there are any."""
    first = torch.randint(0, length, (count, 1)) - CUTOUT // 2
    number = torch.arange(length)
    return (number >= first) & (number < first + CUTOUT)


class Pixels:
    """From bytes to what the net is given."""

    def __init__(self, images):
        floats = images.float() / 255
        self.mean = floats.mean((0, 2, 3)).view(1, 3, 1, 1)
        self.deviation = floats.std((0, 2, 3), unbiased=False).view(1, 3, 1, 1)

    def normalized(self, images):
        return (images.float() / 255 - self.mean) / self.deviation

    def augmented(self, images):
        count, _, height, width = images.shape
        x = F.pad(self.normalized(images), (BORDER,) * 4, mode="reflect")
        rows = torch.randint(0, 2 * BORDER + 1, (count, 1)) + torch.arange(height)
        columns = torch.randint(0, 2 * BORDER + 1, (count, 1)) + torch.arange(width)
        mirrored = torch.rand(count, 1) < 0.5
        columns = torch.where(mirrored, columns.flip(1), columns)
        x = x[torch.arange(count).view(-1, 1, 1, 1), torch.arange(3).view(1, -1, 1, 1), rows.view(count, 1, -1, 1),
              columns.view(count, 1, 1, -1)]
        return x.masked_fill((in_square(count, height).unsqueeze(2) & in_square(count, width).unsqueeze(1)).unsqueeze(1), 0)


def accuracy(model, pixels, images, labels):
    model.eval()
    right = 0
    with torch.no_grad():
        for start in range(0, len(images), 500):
            logits = model(pixels.normalized(images[start : start + 500]))
            right += (logits.argmax(1) == labels[start : start + 500]).sum().item()
    model.train()
    return 100 * right / len(images)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", help="with train/CLASS/ and test/CLASS/")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--lr", type=float, default=0.1)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--stop-after", type=int, metavar="N", help="epochs more, of the schedule of --epochs")
    parser.add_argument("--state", metavar="FILE", help="is written after each epoch, and gone on from where it exists")
    parser.add_argument("--steps", type=int, metavar="N", help="time N steps, after one to warm up, on as many images")
    options = parser.parse_args()

    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    most = None if options.steps is None else (options.steps + 1) * options.batch // 10 + 1
    images, labels = read_folder(os.path.join(options.folder, "train"), most)
    pixels = Pixels(images)
    model = resnet9()
    steps = -(-len(images) // options.batch)
    optimizer = torch.optim.SGD(model.parameters(), lr=options.lr, momentum=0.9, nesterov=True, weight_decay=5e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, options.lr, total_steps=steps * options.epochs, cycle_momentum=False
    )

    def step(chosen):
        """Trains on the images of these numbers; returns the sum of their losses."""
        optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(model(pixels.augmented(images[chosen])), labels[chosen], label_smoothing=0.1)
        loss.backward()
        optimizer.step()
        schedule.step()
        return loss.item() * len(chosen)

    if options.steps is not None:
        order = torch.randperm(len(images))
        step(order[: options.batch])
        begin = time.perf_counter()
        for number in range(1, options.steps + 1):
            step(order[number * options.batch : (number + 1) * options.batch])
        seconds = time.perf_counter() - begin
        print("%.1f samples/s, %.3f s a step" % (options.batch * options.steps / seconds, seconds / options.steps))
        return

    test_images, test_labels = read_folder(os.path.join(options.folder, "test"))
    wall = processors = 0.0
    first = 0
    parts = {"model": model, "optimizer": optimizer, "schedule": schedule}
    if options.state is not None and os.path.exists(options.state):
        state = torch.load(options.state)
        for name, part in parts.items():
            part.load_state_dict(state[name])
        torch.set_rng_state(state["random"])
        first, wall, processors = state["epochs"], state["wall"], state["processors"]
    print("PyTorch %s, %d threads, %d images" % (torch.__version__, options.threads, len(images)), flush=True)
    last = options.epochs if options.stop_after is None else min(options.epochs, first + options.stop_after)
    for epoch in range(first, last):
        order = torch.randperm(len(images))
        losses = 0.0
        begin, used = time.perf_counter(), time.process_time()
        for number in range(steps):
            losses += step(order[number * options.batch : (number + 1) * options.batch])
            if sys.stderr.isatty():
                print("\r%d/%d steps" % (number + 1, steps), end="", file=sys.stderr)
        wall += time.perf_counter() - begin
        processors += time.process_time() - used
        print(
            "epoch %d: loss %.4f, test accuracy %.2f%%, %.0f s, %.0f s of the processors"
            % (epoch + 1, losses / len(images), accuracy(model, pixels, test_images, test_labels), wall, processors),
            flush=True,
        )
        if options.state is not None:
            state = {name: part.state_dict() for name, part in parts.items()}
            state.update(random=torch.get_rng_state(), epochs=epoch + 1, wall=wall, processors=processors)
            torch.save(state, options.state + ".new")
            os.replace(options.state + ".new", options.state)


if __name__ == "__main__":
    main()
