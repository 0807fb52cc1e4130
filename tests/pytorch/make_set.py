"""make_set.py FOLDER: a small set in MNIST's format, of blobs whose places depend on the class."""

import gzip
import os
import struct
import sys

import numpy as np


def draw(count, random, places):
    rows, columns = np.mgrid[0:28, 0:28]
    labels = random.randint(10, size=count).astype(np.uint8)
    images = np.zeros((count, 28, 28), np.uint8)
    for n, label in enumerate(labels):
        ink = random.uniform(0.0, 32.0, (28, 28))
        for place in places[label]:
            row, column = 3.5 + 7.0 * (place // 4), 3.5 + 7.0 * (place % 4)
            distance = (rows - row - random.uniform(-1, 1)) ** 2 + (columns - column - random.uniform(-1, 1)) ** 2
            ink += 220.0 * np.exp(-distance / 20.0)
        images[n] = np.minimum(ink, 255.0)
    return images, labels


def write(folder, part, images, labels):
    with gzip.open(os.path.join(folder, part + "-images-idx3-ubyte.gz"), "wb") as file:
        file.write(struct.pack(">4i", 2051, len(images), 28, 28) + images.tobytes())
    with gzip.open(os.path.join(folder, part + "-labels-idx1-ubyte.gz"), "wb") as file:
        file.write(struct.pack(">2i", 2049, len(labels)) + labels.tobytes())


folder = sys.argv[1]
os.makedirs(folder)
random = np.random.RandomState(7)
places = [random.permutation(16)[:3] for _ in range(10)]
write(folder, "train", *draw(4000, random, places))
write(folder, "t10k", *draw(400, random, places))
