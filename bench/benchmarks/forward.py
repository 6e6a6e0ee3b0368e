"""The forward pass: every reduction, dtype, layout, kind of shape, number of workers."""

import functools

import pypool

from . import DATA_FORMATS, INSTRUCTION_SETS, WORKERS, Suite, array

# batch, channels and size of the planes; window, stride and padding
SHAPES = {
    "memory 2x2/2": ((16, 64, 112), (2, 2, "valid")),
    "cache 3x3/2 same": ((1, 32, 56), (3, 2, "same")),
    "narrow 3x3/1 same": ((16, 512, 7), (3, 1, "same")),
}


class Forward(Suite):
    param_names = ("function", "dtype", "data_format", "shape", "workers", "instruction_set")
    params = (
        ["max_pool2d", "min_pool2d", "avg_pool2d", "sum_pool2d"],
        ["float32", "float16", "uint8"],
        DATA_FORMATS,
        list(SHAPES),
        WORKERS,
        INSTRUCTION_SETS,
    )

    def prepare(self, function, dtype, data_format, shape, workers):
        sizes, window = SHAPES[shape]
        x = array(*sizes, data_format, dtype)
        pool = functools.partial(getattr(pypool, function), x, *window, data_format)
        self.pool = functools.partial(pool, out=pool(), workers=workers)

    def time_forward(self, *_):
        self.pool()


class Norms(Suite):
    param_names = ("norm_type", "data_format", "shape", "instruction_set")
    params = (
        [1.5, 2, 3],
        DATA_FORMATS,
        ["cache 3x3/2 same", "narrow 3x3/1 same"],
        INSTRUCTION_SETS,
    )

    def prepare(self, norm_type, data_format, shape):
        sizes, window = SHAPES[shape]
        x = array(*sizes, data_format, "float32")
        pool = functools.partial(pypool.lp_pool2d, x, norm_type, *window, data_format)
        self.pool = functools.partial(pool, out=pool())

    def time_norm(self, *_):
        self.pool()
