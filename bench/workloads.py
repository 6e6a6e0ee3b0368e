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
        return int(re.search(r"(\d)d", self.function).group(1))

    @property
    def is_backward(self):
        return self.function.endswith("_backward")

    @property
    def with_indices(self):
        """The call returns indices, or follows them."""
        return "index_kind" in dict(self.options)

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
        padding += f" {dict(self.options)['index_kind']} indices" if self.with_indices else ""
        data_format = "" if self.bare else f" {self.data_format}"
        shape = "x".join(map(str, self.shape))
        return f"{self.name}: {self.function}{window}{padding} {self.dtype}{data_format} {shape}"

    def array(self):
        """The input: the same in every process."""
        random = np.random.default_rng(0)
        if np.dtype(self.dtype).kind in "iu":
            limits = np.iinfo(self.dtype)
            return random.integers(limits.min, limits.max, self.shape, self.dtype, endpoint=True)
        return normal(random, self.shape, self.dtype)

    def gradient(self, shape):
        """Of what the forward call returns, for a backward one."""
        return normal(np.random.default_rng(1), shape, self.dtype)


def normal(random, shape, dtype):
    wide = np.float64 if dtype == "float64" else np.float32
    return random.standard_normal(shape, wide).astype(dtype, copy=False)


UINT8, INT16, INT32 = ((("dtype", name),) for name in ("uint8", "int16", "int32"))
PLANE, WINDOW = (("index_kind", "plane"),), (("index_kind", "window"),)
SIZES = [
    ("memory", (32, 64, 112, 112), FIRST),
    ("memory", (32, 112, 112, 64), LAST),
    ("L2", (1, 32, 56, 56), FIRST),
    ("L2", (1, 56, 56, 32), LAST),
]

# Times the floor that a workload is meant to take at most, by its name.
TARGETS = {
    **dict.fromkeys(["memory", "stride 1", "stem", "image", "half", "volume", "global"], 1.15),
    **dict.fromkeys(["integers", "channels", "odd", "strides"], 1.15),
    **dict.fromkeys(["L2", "narrow"], 1.5),
    **{"pyramid": 2, "large max": 3, "large average": 4, "row": 4, "tiny": 1},
    **dict.fromkeys(["indices memory", "backward memory"], 1.3),
    **dict.fromkeys(["indices L2", "backward L2"], 2),
}

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
    Workload("L2", "max_pool2d", (1, 32, 56, 56), "float32", FIRST, 3, 3),
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
    Workload("narrow", "max_pool2d", (64, 1024, 14, 14), "int16", FIRST, 3, 1, 1),
    Workload("narrow", "max_pool2d", (64, 512, 28, 28), "int8", FIRST, 3, 2, 1),
    # images
    Workload("image", "max_pool2d", (8192, 8192), "uint8", LAST, 2, 2),
    Workload(
        *("image", "avg_pool2d", (8192, 8192), "uint8", LAST, 2, 2, 0),
        (("dtype", "uint8"), ("rounding", "half_up")),
    ),
    # averages of integers: of their own type, where no shift makes them, and float64 without a word
    Workload("integers", "avg_pool2d", (128, 64, 112, 112), "uint8", FIRST, 3, 2, 0, UINT8),
    Workload("integers", "avg_pool2d", (64, 112, 112, 64), "int16", LAST, 3, 1, 1, INT16),
    Workload("integers", "avg_pool2d", (32, 64, 112, 112), "int32", FIRST, 3, 2, 0, INT32),
    Workload("integers", "avg_pool2d", (128, 64, 112, 112), "uint8", FIRST, 2, 2),
    Workload("integers", "avg_pool2d", (64, 112, 112, 64), "int16", LAST, 3, 2),
    Workload("integers", "avg_pool2d", (32, 112, 112, 64), "int32", LAST, 2, 2),
    # halves
    Workload("half", "max_pool2d", (32, 64, 112, 112), "float16", FIRST, 2, 2),
    Workload("half", "avg_pool2d", (32, 64, 112, 112), "float16", FIRST, 2, 2),
    Workload("half", "max_pool2d", (32, 112, 112, 64), "float16", LAST, 2, 2),
    # volumes
    Workload("volume", "max_pool3d", (4, 16, 32, 112, 112), "float32", FIRST, 2, 2),
    Workload("volume", "avg_pool3d", (4, 16, 32, 112, 112), "float32", FIRST, 2, 2),
    Workload("volume", "max_pool3d", (4, 32, 112, 112, 16), "float32", LAST, 2, 2),
    Workload("volume", "max_pool3d", (4, 16, 32, 112, 112), "float32", FIRST, 3, 2, 1),
    Workload("volume", "avg_pool3d", (4, 16, 32, 112, 112), "float32", FIRST, 3, 1, 1),
    Workload("volume", "max_pool3d", (4, 32, 112, 112, 16), "float32", LAST, 3, 1, 1),
    # global
    Workload("global", "global_avg_pool2d", (32, 64, 112, 112), "float32", FIRST),
    Workload("global", "global_avg_pool2d", (32, 112, 112, 64), "float32", LAST),
    Workload("global", "global_avg_pool2d", (64, 2048, 7, 7), "float32", FIRST),
    Workload("global", "global_max_pool2d", (32, 64, 112, 112), "float32", FIRST),
    Workload("global", "global_avg_pool2d", (1, 1, 8192, 4096), "float32", FIRST),
    # a detector's spatial pyramid
    Workload("pyramid", "max_pool2d", (1, 512, 20, 20), "float32", FIRST, 5, 1, 2),
    Workload("pyramid", "max_pool2d", (1, 512, 20, 20), "float32", FIRST, 9, 1, 4),
    Workload("pyramid", "max_pool2d", (1, 512, 20, 20), "float32", FIRST, 13, 1, 6),
    Workload("pyramid", "max_pool2d", (1, 20, 20, 512), "float32", LAST, 5, 1, 2),
    Workload("pyramid", "max_pool2d", (1, 20, 20, 512), "float32", LAST, 13, 1, 6),
    # filters of an image
    Workload("large max", "max_pool2d", (2048, 2048), "float32", LAST, 7, 1),
    Workload("large max", "max_pool2d", (2048, 2048), "float32", LAST, 31, 1),
    Workload("large max", "max_pool2d", (2048, 2048), "float32", LAST, 63, 1),
    Workload("large average", "avg_pool2d", (2048, 2048), "float32", LAST, 7, 1),
    Workload("large average", "avg_pool2d", (2048, 2048), "float32", LAST, 31, 1),
    Workload("large average", "avg_pool2d", (2048, 2048), "float32", LAST, 63, 1),
    # one long row
    Workload("row", "max_pool1d", (10_000_000,), "float32", LAST, 2, 2),
    Workload("row", "max_pool1d", (1_000_000,), "float32", LAST, 1000, 1),
    Workload("row", "avg_pool1d", (1_000_000,), "float32", LAST, 1000, 1),
    # few channels side by side
    Workload("channels", "max_pool2d", (32, 512, 512, 1), "float32", LAST, 2, 2),
    Workload("channels", "max_pool2d", (16, 512, 512, 3), "float32", LAST, 2, 2),
    Workload("channels", "avg_pool2d", (16, 512, 512, 3), "float32", LAST, 3, 2),
    Workload("channels", "max_pool2d", (16, 512, 512, 4), "float32", LAST, 2, 2),
    Workload("channels", "max_pool2d", (16, 256, 256, 17), "float32", LAST, 3, 2),
    # widths just past a vector, and strides past 2, of which some leave elements out
    Workload("odd", "max_pool2d", (32, 64, 113, 113), "float32", FIRST, 2, 2),
    Workload("odd", "avg_pool2d", (32, 64, 113, 113), "float32", FIRST, 3, 2, 1),
    Workload("strides", "max_pool2d", (32, 64, 112, 112), "float32", FIRST, 3, 3),
    Workload("strides", "max_pool2d", (128, 64, 56, 56), "float32", FIRST, 3, 3),
    Workload("strides", "avg_pool2d", (32, 64, 112, 112), "float32", FIRST, 4, 4),
    Workload("strides", "max_pool2d", (32, 64, 112, 112), "float32", FIRST, 2, 4),
    # a call and little else
    Workload("tiny", "max_pool2d", (1, 8, 8, 8), "float32", FIRST, 2, 2),
    Workload("tiny", "avg_pool2d", (1, 8, 8, 8), "float32", FIRST, 2, 2),
    Workload("tiny", "global_max_pool2d", (1, 8, 8, 8), "float32", FIRST),
]
# training: arrays past the caches, and within L2; the stem, and windows at every position
WORKLOADS += [
    Workload(f"{call} {name}", function, shape, "float32", data_format, window, 2, 0, kind)
    for name, shape, data_format in SIZES
    for window in (2, 3)
    for call, function, kind in [
        ("indices", "max_pool2d", PLANE),
        ("indices", "max_pool2d", WINDOW),
        ("backward", "max_pool2d_backward", PLANE),
        ("backward", "max_pool2d_backward", WINDOW),
        ("backward", "avg_pool2d_backward", ()),
    ]
]
WORKLOADS += [
    Workload(
        "indices memory", "max_pool2d", (32, 64, 112, 112), "float32", FIRST, 3, stride, 1, kind
    )
    for stride in (2, 1)
    for kind in (PLANE, WINDOW)
]
WORKLOADS += [
    Workload(
        "backward memory",
        "max_pool2d_backward",
        (32, 64, 112, 112),
        "float32",
        FIRST,
        3,
        1,
        1,
        kind,
    )
    for kind in (PLANE, WINDOW)
]
