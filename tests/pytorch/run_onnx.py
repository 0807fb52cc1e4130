"""Runs an ONNX graph with PyTorch's functions, in double. Reads the file by itself: no package is needed."""

import numpy as np
import torch
import torch.nn.functional as F


def fields(data):
    """The fields of a protocol buffers message: (number, whole number or bytes)."""
    at = 0

    def varint():
        nonlocal at
        value, shift = 0, 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    while at < len(data):
        tag = varint()
        value = varint()
        if tag & 7 == 2:
            value, at = data[at : at + value], at + value
        elif tag & 7 != 0:
            raise ValueError("wire type %d" % (tag & 7))
        yield tag >> 3, value


def listed(data, number):
    return [value for n, value in fields(data) if n == number]


def texts(data, number):
    return [value.decode() for value in listed(data, number)]


class Node:
    def __init__(self, data):
        self.inputs, self.output = texts(data, 1), texts(data, 2)[0]
        self.op_type = texts(data, 4)[0]
        self.attributes = {}
        for attribute in listed(data, 5):
            ints = listed(attribute, 8)
            self.attributes[texts(attribute, 1)[0]] = ints if ints else listed(attribute, 3)[0]


class Graph:
    def __init__(self, path):
        with open(path, "rb") as file:
            graph = listed(file.read(), 7)[0]
        self.nodes = [Node(data) for data in listed(graph, 1)]
        self.input = texts(listed(graph, 11)[0], 1)[0]
        self.output = texts(listed(graph, 12)[0], 1)[0]
        self.tensors = {}
        for data in listed(graph, 5):
            values = np.frombuffer(listed(data, 9)[0], "<f4").astype(np.float64)
            self.tensors[texts(data, 8)[0]] = torch.from_numpy(values).reshape(listed(data, 1))

    def __call__(self, x):
        values = dict(self.tensors)
        values[self.input] = x
        for node in self.nodes:
            values[node.output] = run(node, [values[name] for name in node.inputs])
        return values[self.output]


def padded(x, attributes, value):
    top, left, bottom, right = attributes["pads"]
    return F.pad(x, (left, right, top, bottom), value=value)


def run(node, inputs):
    x, a = inputs[0], node.attributes
    if node.op_type == "Conv":
        return F.conv2d(padded(x, a, 0.0), inputs[1], inputs[2] if len(inputs) > 2 else None, stride=a["strides"],
                        dilation=a["dilations"], groups=a["group"])
    if node.op_type == "MaxPool":
        return F.max_pool2d(padded(x, a, float("-inf")), a["kernel_shape"], stride=a["strides"],
                            dilation=a["dilations"])
    if node.op_type == "Relu":
        return F.relu(x)
    if node.op_type == "Flatten":
        return torch.flatten(x, a["axis"])
    if node.op_type == "Gemm":
        weight = inputs[1].T if a.get("transB", 0) else inputs[1]
        return x @ weight + (inputs[2] if len(inputs) > 2 else 0)
    raise ValueError("operator %s" % node.op_type)
