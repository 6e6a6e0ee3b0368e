"""The calls that compare.py times: a new workload is one line."""

import re
from typing import NamedTuple

import numpy as np

FIRST, LAST = "channels_first", "channels_last"


class Workload(NamedTuple):
    name: str  # what the workload is an example of
    function: str  # as pypool names it
    shape: tuple  # as laid out
    dtype: str
    data_format: str
    window: int | None = None  # of every axis; global pooling has none
    stride: int | None = None
    padding: int = 0
    options: tuple = ()  # (name, value) pairs of pypool's function, as dict takes them

    @property
    def op(self):
        return re.search("max|avg", self.function).group()

    @property
    def nd(self):
        return int(self.function[-2])

    @property
    def is_global(self):
        return self.function.startswith("global")

    @property
    def bare(self):
        """The array has no axis of channels: a grey image."""
        return len(self.shape) == self.nd

    def __str__(self):
        window = (
            "" if self.is_global else f" {'x'.join([str(self.window)] * self.nd)}/{self.stride}"
        )
        padding = f" pad {self.padding}" if self.padding else ""
        data_format = "" if self.bare else f" {self.data_format}"
        shape = "x".join(map(str, self.shape))
        return f"{self.name}: {self.function}{window}{padding} {self.dtype}{data_format} {shape}"

    def array(self):
        """The input: the same in every process."""
        random = np.random.default_rng(0)
        if np.dtype(self.dtype).kind in "iu":
            limits = np.iinfo(self.dtype)
            return random.integers(limits.min, limits.max, self.shape, self.dtype, endpoint=True)
        wide = np.float64 if self.dtype == "float64" else np.float32
        return random.standard_normal(self.shape, wide).astype(self.dtype, copy=False)


WORKLOADS = [
    # past the caches: 103 MB
    Workload("memory", "max_pool2d", (32, 64, 112, 112), "float32", FIRST, 2, 2),
    Workload("memory", "avg_pool2d", (32, 64, 112, 112), "float32", FIRST, 2, 2),
    Workload("memory", "max_pool2d", (32, 64, 112, 112), "float32", FIRST, 3, 2),
    Workload("memory", "avg_pool2d", (32, 64, 112, 112), "float32", FIRST, 3, 2),
    Workload("memory", "max_pool2d", (32, 112, 112, 64), "float32", LAST, 2, 2),
    Workload("memory", "avg_pool2d", (32, 112, 112, 64), "float32", LAST, 2, 2),
    Workload("memory", "max_pool2d", (32, 112, 112, 64), "float32", LAST, 3, 2),
    Workload("memory", "avg_pool2d", (32, 112, 112, 64), "float32", LAST, 3, 2),
    # input and output within half of a 1 MB L2
    Workload("L2", "max_pool2d", (1, 32, 56, 56), "float32", FIRST, 2, 2),
    Workload("L2", "avg_pool2d", (1, 32, 56, 56), "float32", FIRST, 2, 2),
    Workload("L2", "max_pool2d", (1, 32, 56, 56), "float32", FIRST, 3, 2),
    Workload("L2", "avg_pool2d", (1, 32, 56, 56), "float32", FIRST, 3, 2),
    Workload("L2", "max_pool2d", (1, 56, 56, 32), "float32", LAST, 2, 2),
    Workload("L2", "avg_pool2d", (1, 56, 56, 32), "float32", LAST, 2, 2),
    Workload("L2", "max_pool2d", (1, 56, 56, 32), "float32", LAST, 3, 2),
    Workload("L2", "avg_pool2d", (1, 56, 56, 32), "float32", LAST, 3, 2),
    # windows that overlap in every row and column
    Workload("stride 1", "max_pool2d", (16, 64, 56, 112), "float32", FIRST, 3, 1),
    Workload("stride 1", "avg_pool2d", (16, 64, 56, 112), "float32", FIRST, 3, 1),
    Workload("stride 1", "max_pool2d", (16, 56, 112, 64), "float32", LAST, 3, 1),
    Workload("stride 1", "avg_pool2d", (16, 56, 112, 64), "float32", LAST, 3, 1),
    # the first pooling layer of a ResNet
    Workload("stem", "max_pool2d", (32, 64, 112, 112), "float32", FIRST, 3, 2, 1),
    Workload("stem", "max_pool2d", (32, 112, 112, 64), "float32", LAST, 3, 2, 1),
    # many planes narrower than two vectors: 26 MB
    Workload("narrow", "max_pool2d", (64, 2048, 7, 7), "float32", FIRST, 3, 2, 1),
    Workload("narrow", "avg_pool2d", (64, 2048, 7, 7), "float32", FIRST, 3, 2, 1),
    Workload("narrow", "max_pool2d", (64, 512, 14, 14), "float32", FIRST, 2, 2),
    Workload("narrow", "max_pool2d", (64, 512, 14, 14), "float32", FIRST, 3, 1, 1),
    Workload("narrow", "max_pool2d", (64, 128, 28, 28), "float32", FIRST, 2, 2),
    Workload("narrow", "avg_pool2d", (64, 128, 28, 28), "float32", FIRST, 3, 2, 1),
    # images
    Workload("image", "max_pool2d", (8192, 8192), "uint8", LAST, 2, 2),
    Workload(
        *("image", "avg_pool2d", (8192, 8192), "uint8", LAST, 2, 2, 0),
        (("dtype", "uint8"), ("rounding", "half_up")),
    ),
    # halves
    Workload("half", "max_pool2d", (32, 64, 112, 112), "float16", FIRST, 2, 2),
    Workload("half", "avg_pool2d", (32, 64, 112, 112), "float16", FIRST, 2, 2),
    Workload("half", "max_pool2d", (32, 112, 112, 64), "float16", LAST, 2, 2),
    # volumes
    Workload("volume", "max_pool3d", (4, 16, 32, 112, 112), "float32", FIRST, 2, 2),
    Workload("volume", "avg_pool3d", (4, 16, 32, 112, 112), "float32", FIRST, 2, 2),
    Workload("volume", "max_pool3d", (4, 32, 112, 112, 16), "float32", LAST, 2, 2),
    # global
    Workload("global", "global_avg_pool2d", (32, 64, 112, 112), "float32", FIRST),
    Workload("global", "global_avg_pool2d", (32, 112, 112, 64), "float32", LAST),
    Workload("global", "global_avg_pool2d", (64, 2048, 7, 7), "float32", FIRST),
    Workload("global", "global_max_pool2d", (32, 64, 112, 112), "float32", FIRST),
]
