"""The nets that tools/bench-vs-pytorch and tools/gpu-run time, as PyTorch modules: the twins of tuff's model files, with
their layers in the same order and so the same parameters."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class LeNet(nn.Module):
    def __init__(self, channels, flat):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, 6, 3)
        self.conv2 = nn.Conv2d(6, 16, 3)
        self.fc1 = nn.Linear(flat, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, image):
        image = F.max_pool2d(F.relu(self.conv1(image)), 2)
        image = F.max_pool2d(F.relu(self.conv2(image)), 2)
        image = torch.flatten(image, 1)
        return self.fc3(F.relu(self.fc2(F.relu(self.fc1(image)))))


def conv(inputs, outputs, *rest):
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(), *rest
    )


class Residual(nn.Module):
    """What two convolutions make of the input, and the input itself."""

    def __init__(self, channels):
        super().__init__()
        self.branch = nn.Sequential(conv(channels, channels), conv(channels, channels))

    def forward(self, x):
        return x + self.branch(x)


def resnet_like():
    """resnet-like.yaml, beside this file."""
    return nn.Sequential(
        conv(3, 64),
        Residual(64),
        conv(64, 128, nn.MaxPool2d(2)),
        Residual(128),
        conv(128, 256, nn.MaxPool2d(2)),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(256, 10),
    )


def resnet9():
    """resnet9-cifar10, which ships with tuff."""
    return nn.Sequential(
        conv(3, 64),
        conv(64, 128, nn.MaxPool2d(2)),
        Residual(128),
        conv(128, 256, nn.MaxPool2d(2)),
        conv(256, 512, nn.MaxPool2d(2)),
        Residual(512),
        nn.Sequential(nn.MaxPool2d(4), nn.Flatten(), nn.Linear(512, 10)),
    )


class BasicBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = nn.Sequential()
        if inputs != outputs:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride=stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + self.downsample(x))


def resnet18():
    """The model resnet18-cifar10."""

    def stage(inputs, outputs, stride):
        return [BasicBlock(inputs, outputs, stride), BasicBlock(outputs, outputs, 1)]

    return nn.Sequential(
        conv(3, 64),
        *stage(64, 64, 1),
        *stage(64, 128, 2),
        *stage(128, 256, 2),
        *stage(256, 512, 2),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(512, 10),
    )


# The name of tuff's model: how to make its twin, and the shape of its images.
MODELS = {
    "lenet-mnist": (lambda: LeNet(1, 16 * 5 * 5), (1, 28, 28)),
    "lenet-cifar10": (lambda: LeNet(3, 16 * 6 * 6), (3, 32, 32)),
    "resnet-like": (resnet_like, (3, 32, 32)),
    "resnet9-cifar10": (resnet9, (3, 32, 32)),
    "resnet18-cifar10": (resnet18, (3, 32, 32)),
}
