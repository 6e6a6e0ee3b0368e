"""What training adds: where the largest elements are, and the backward pass."""

import functools

import numpy as np

import pypool

from . import DATA_FORMATS, INSTRUCTION_SETS, WORKERS, Suite, array

# batch, channels and size of the planes; window and stride
SHAPES = {
    "memory 2x2/2": ((16, 64, 112), (2, 2)),
    "cache 3x3/2": ((1, 32, 56), (3, 2)),
}


class Training(Suite):
    param_names = ("index_kind", "data_format", "shape", "workers", "instruction_set")
    params = (["plane", "window"], DATA_FORMATS, list(SHAPES), WORKERS, INSTRUCTION_SETS)

    def prepare(self, index_kind, data_format, shape, workers):
        sizes, window = SHAPES[shape]
        x = array(*sizes, data_format, "float32")
        arguments = (*window, "valid", data_format)
        kind = {"index_kind": index_kind, "workers": workers}
        found = pypool.max_pool2d(x, *arguments, return_indices=True, **kind)
        grad, dx = np.ones_like(found[0]), np.empty_like(x)
        self.locate = functools.partial(
            pypool.max_pool2d, x, *arguments, return_indices=True, out=found, **kind
        )
        self.max_backward = functools.partial(
            pypool.max_pool2d_backward, grad, found[1], x.shape, *arguments, out=dx,
            **kind,
        )  # fmt: skip
        self.avg_backward = functools.partial(
            pypool.avg_pool2d_backward, grad, x.shape, *arguments, out=dx, workers=workers
        )

    def time_max_with_indices(self, *_):
        self.locate()

    def time_max_backward(self, *_):
        self.max_backward()

    def time_avg_backward(self, *_):
        self.avg_backward()
