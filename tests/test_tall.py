"""Sums down planes of windows so tall that what they share is kept: every sum exact, by NumPy's."""

import numpy as np
import pytest
from cases import FORMATS

import pypool

# Within a step, past what is written down at once, and to the last row and column of each.
WINDOWS = [(5, 3), (15, 15), (17, 1), (31, 7), (63, 63), (65, 4), (300, 2)]


def box_sums(planes, window, strides, dilation, before):
    """Sums of integers in [..., y, x], in int64, of windows that may begin `before` the data."""
    for axis, size, stride, step, pad in zip(
        (-2, -1), window, strides, dilation, before, strict=True
    ):
        widths = [(0, 0)] * planes.ndim
        widths[axis] = (pad, pad)
        planes = np.moveaxis(np.pad(planes.astype(np.int64), widths), axis, -1)
        outputs = (planes.shape[-1] - (size - 1) * step - 1) // stride + 1
        starts = np.arange(outputs) * stride
        planes = sum(planes[..., starts + t * step] for t in range(size))
        planes = np.moveaxis(planes, -1, axis)
    return planes


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("dtype", ["bool", "int16", "float32"])
@pytest.mark.parametrize("window", WINDOWS)
def test_sums(window, dtype, data_format, isa):
    """In blocks of columns, of which the last is a few; more windows than are folded at once."""
    rng = np.random.default_rng(window[0])
    most = 2 if dtype == "bool" else 3
    for width in (window[1] + 2, 600):
        planes = rng.integers(0, most, (1, 2, window[0] + 37, width)).astype(dtype)
        x = planes if data_format == "channels_first" else np.moveaxis(planes, 1, -1).copy()
        for strides, dilation, pad in (
            ((1, 1), (1, 1), (0, 0)),
            ((1, 2), (1, 1), (window[0] // 2, window[1] // 2)),
            ((3, 1), (1, 1), (window[0] // 2, 0)),
            ((1, 1), (2, 1), (window[0] // 2, 0)),
        ):
            if planes.shape[2] + 2 * pad[0] < (window[0] - 1) * dilation[0] + 1:
                continue
            expected = box_sums(planes, window, strides, dilation, pad)
            result = pypool.sum_pool2d(
                x,
                window,
                strides=strides,
                padding=[(pad[0], pad[0]), (pad[1], pad[1])],
                dilation=dilation,
                data_format=data_format,
            )
            if data_format == "channels_last":
                result = np.moveaxis(result, -1, 1)
            np.testing.assert_array_equal(result, expected)


def test_sums_of_what_is_wider_than_scratch(isa):
    """Rows are cut into blocks whose nodes scratch has room for."""
    x = np.random.default_rng(0).integers(-9, 9, (1, 1, 90, 9000)).astype(np.float32)
    expected = box_sums(x, (63, 33), (1, 1), (1, 1), (0, 0))
    result = pypool.sum_pool2d(x, (63, 33), strides=1, data_format="channels_first")
    np.testing.assert_array_equal(result, expected)
