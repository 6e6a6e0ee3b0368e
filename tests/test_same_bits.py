"""The same bits from any number of workers, instruction set, data format and strides."""

import itertools

import cases
import numpy as np
import pytest
from cases import bits

import pypool
from pypool import _runtime

PROBLEMS = {  # of channels-last images large enough for eight threads, which round at every step
    "2d": ((3, 130, 141, 8), {"pool_size": 3, "strides": 2, "padding": "same"}),
    "2d, one plane": ((1, 500, 501, 1), {"pool_size": (5, 7), "strides": 1, "padding": "same"}),
    "2d, one wide plane": ((1, 150, 1500, 1), {"pool_size": 3, "strides": 2}),
    "2d, a large window": ((2, 90, 91, 32), {"pool_size": 37, "strides": 9}),
    "2d, narrow planes": ((24, 7, 14, 128), {"pool_size": 3, "strides": 1, "padding": "same"}),
    "2d, narrow and apart": ((24, 12, 12, 128), {"pool_size": 2, "strides": 2}),
    "2d, small planes": ((6, 20, 21, 40), {"pool_size": (7, 9), "strides": 1, "padding": "same"}),
    "2d, tall": ((1, 260, 130, 9), {"pool_size": (33, 3), "strides": (1, 2), "padding": "same"}),
    "2d, dilated": ((2, 150, 160, 6), {"pool_size": 3, "strides": 1, "dilation": 2, "padding": 2}),
    "2d, apart": ((5, 26, 43, 8), {"pool_size": (7, 5), "strides": (3, 2), "padding": (2, 1)}),
    "3d": ((2, 21, 44, 45, 5), {"pool_size": 3, "strides": 2, "ceil_mode": True}),
    "1d, a long window": ((2, 30_000, 3), {"pool_size": 999, "strides": 97}),
}


def results(x, grad_of, args, workers, data_format):
    """Everything that rounds or points, of x and of a gradient, with channels last."""
    nd, to = x.ndim - 2, {"data_format": data_format, "workers": workers}
    forward = lambda name, *a, **k: getattr(pypool, f"{name}_pool{nd}d")(x, *a, **args, **to, **k)  # noqa: E731
    back = lambda name, *a, **k: getattr(pypool, f"{name}_pool{nd}d_backward")(  # noqa: E731
        *a, **args, **to, **k
    )
    values, places = forward("max", return_indices=True)
    grad = grad_of(values.shape)
    norm = forward("lp", norm_type=3)
    yield from (values, places, forward("min"), forward("sum"), forward("avg"), norm)
    yield pypool.__dict__[f"global_avg_pool{nd}d"](x, **to)
    yield pypool.__dict__[f"adaptive_avg_pool{nd}d"](x, 7, **to)
    yield back("avg", grad, x.shape)
    yield back("sum", grad, x.shape)
    yield back("max", grad, places, x.shape)
    yield back("lp", grad, x, norm, norm_type=3)


def seen(x, args, workers, data_format, laid_out):
    if data_format == "channels_first":
        x = np.moveaxis(x, -1, 1).copy()

    def grad_of(shape):
        first = data_format == "channels_first"
        grad = cases.full_range(x.dtype.name, (shape[0], *shape[2:], shape[1]) if first else shape)
        grad[:, ::3] = -0.0
        return laid_out(np.moveaxis(grad, -1, 1).copy() if first else grad)

    def last(result):
        whole = data_format == "channels_first" and result.ndim == x.ndim
        return bits(np.moveaxis(result, 1, -1) if whole else result)

    return [last(each) for each in results(laid_out(x), grad_of, args, workers, data_format)]


@pytest.mark.parametrize("dtype", ["float32", "float16"])
@pytest.mark.parametrize("problem", PROBLEMS)
def test_the_bits_are_the_same(problem, dtype):
    """Each instruction set and format, with two numbers of workers, others for each problem."""
    shape, args = PROBLEMS[problem]
    x = cases.full_range(dtype, shape)
    expected = seen(x, args, 1, "channels_last", np.asarray)
    layouts = [np.asarray, cases.reversed_in_memory, cases.every_other_element, cases.as_fortran]
    first = list(PROBLEMS).index(problem)
    ways = itertools.product(_runtime.instruction_sets(), cases.FORMATS, (0, 5))
    for i, (isa, data_format, beside) in enumerate(ways):
        workers, laid_out = 1 + (first + i + beside) % 8, layouts[(first + i) % len(layouts)]
        with _runtime.instruction_set(isa):
            found = seen(x, args, workers, data_format, laid_out)
        assert found == expected, (isa, data_format, workers, laid_out.__name__)
