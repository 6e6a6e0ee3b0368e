"""Global pooling: one value of each plane."""

import functools

import pypool

from . import DATA_FORMATS, INSTRUCTION_SETS, WORKERS, Suite, array

# batch, channels and size of the planes
SHAPES = {"memory": (16, 64, 112), "narrow": (16, 512, 7)}


class Global(Suite):
    param_names = ("function", "dtype", "data_format", "shape", "workers", "instruction_set")
    params = (
        ["global_max_pool2d", "global_avg_pool2d"],
        ["float32", "uint8"],
        DATA_FORMATS,
        list(SHAPES),
        WORKERS,
        INSTRUCTION_SETS,
    )

    def prepare(self, function, dtype, data_format, shape, workers):
        x = array(*SHAPES[shape], data_format, dtype)
        pool = functools.partial(getattr(pypool, function), x, data_format)
        self.pool = functools.partial(pool, out=pool(), workers=workers)

    def time_global(self, *_):
        self.pool()
