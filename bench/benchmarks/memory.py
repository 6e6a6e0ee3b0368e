"""The most memory that a process takes while it pools: its arrays, and a few rows a thread."""

import pypool

from . import array

CALLS = {
    "array alone": lambda x: x,
    "max_pool2d": lambda x: pypool.max_pool2d(x, 3, 2, 1, "channels_first"),
    "avg_pool2d": lambda x: pypool.avg_pool2d(x, 3, 2, 1, "channels_first"),
    "avg_pool2d of a transposed array": lambda x: pypool.avg_pool2d(
        x.mT, 3, 2, 1, "channels_first"
    ),
    "global_avg_pool2d": lambda x: pypool.global_avg_pool2d(x, "channels_first"),
}


class Memory:
    param_names = ("call",)
    params = (list(CALLS),)

    def setup(self, call):
        self.x = array(16, 64, 112, "channels_first", "float32")

    def peakmem_forward(self, call):
        CALLS[call](self.x)
