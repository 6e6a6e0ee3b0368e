"""What a call costs beside its work: pooling of a tiny array, and NumPy's own `x.max()` on it."""

import functools

import pypool

from . import INSTRUCTION_SETS, Suite, array

CALLS = {
    "x.max()": lambda x: x.max,
    "max_pool2d": lambda x: functools.partial(
        pypool.max_pool2d, x, 2, data_format="channels_first"
    ),
    "avg_pool2d": lambda x: functools.partial(
        pypool.avg_pool2d, x, 2, data_format="channels_first"
    ),
    "global_max_pool2d": lambda x: functools.partial(pypool.global_max_pool2d, x, "channels_first"),
    "pool": lambda x: functools.partial(pypool.pool, x, 2, axes=(2, 3)),
}


class Overhead(Suite):
    param_names = ("call", "instruction_set")
    params = (list(CALLS), INSTRUCTION_SETS[:1])

    def prepare(self, call):
        self.call = CALLS[call](array(1, 8, 8, "channels_first", "float32"))

    def time_overhead(self, *_):
        self.call()
