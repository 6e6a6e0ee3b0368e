"""Images of bytes: halved in size, grey and in colour, and filtered."""

import functools

import pypool

from . import INSTRUCTION_SETS, WORKERS, Suite, array

# channels and size of the image; window and stride
SHAPES = {
    "grey 2x2/2": ((1, 4096), (2, 2)),
    "colour 2x2/2": ((3, 2048), (2, 2)),
    "grey 5x5/1": ((1, 2048), (5, 1)),
    "grey 31x31/1": ((1, 2048), (31, 1)),
}


class Images(Suite):
    param_names = ("function", "shape", "workers", "instruction_set")
    params = (["max_pool2d", "avg_pool2d"], list(SHAPES), WORKERS, INSTRUCTION_SETS)

    def prepare(self, function, shape, workers):
        sizes, window = SHAPES[shape]
        x = array(1, *sizes, "channels_last", "uint8")
        options = {"dtype": "uint8", "rounding": "half_up"} if function == "avg_pool2d" else {}
        pool = functools.partial(getattr(pypool, function), x, *window, **options)
        self.pool = functools.partial(pool, out=pool(), workers=workers)

    def time_images(self, *_):
        self.pool()
