"""Windows that overlap, whose rows of outputs are folded several at a time: the definition."""

import cases
import numpy as np
import pytest
import reference
from cases import FORMATS, assert_every_isa_gives, assert_same

import pypool

DTYPES = ["uint8", "int16", "int64", "float16", "float32", "float64"]
WINDOWS = [
    ((4, 4), (1, 1)),  # the least that a group of four rows has in common
    ((5, 5), (1, 1)),
    ((8, 3), (1, 2)),  # groups of eight
    ((9, 17), (1, 1)),
    ((5, 2), (2, 1)),  # groups of two, some rows apart
    ((7, 6), (2, 3)),
    ((24, 5), (1, 1)),  # blocks of rows in common
    ((40, 33), (1, 1)),  # and a row longer than registers hold
    ((63, 4), (3, 1)),
]
SHAPES = [(5, 4), (17, 20), (41, 15), (70, 37)]  # rows of parts of vectors and of several


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("op", ["max", "min"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_groups_of_rows(dtype, op, data_format):
    """With rows of padding, groups that are not full, and planes that follow each other."""
    pool = getattr(pypool, f"{op}_pool2d")
    for size in SHAPES:
        x = cases.small(dtype, cases.shape(2, data_format, size=size, channels=3))
        for i, (window, strides) in enumerate(WINDOWS):
            args = {"strides": strides, "padding": ("same", "same_lower")[(i + size[0]) % 2]}
            args["data_format"] = data_format
            expected = reference.pool_nd(op, 2, x, window, **args)
            assert_every_isa_gives(expected, pool, x, window, **args)


@pytest.mark.parametrize("channels", [16, 17, 40, 64, 131, 700])
def test_pixels_of_whole_vectors(channels):
    """Blocks of channels, the last a vector at least, and groups of outputs of a row."""
    for size in ((9, 12), (12, 21)):
        x = cases.small("float32", (1, *size, channels))
        for window, strides in (
            ((5, 5), (1, 1)),
            ((6, 8), (1, 1)),
            ((4, 7), (1, 2)),
            ((5, 40), (1, 1)),
        ):
            args = {"strides": strides, "padding": "same"}
            expected = reference.pool_nd("max", 2, x, window, **args)
            assert_every_isa_gives(expected, pypool.max_pool2d, x, window, **args)


@pytest.mark.parametrize("channels", [17, 40, 65])
def test_pixels_that_lie_apart(channels, isa):
    """Each is folded by itself, the last past the end of its row: the next row is not touched."""
    x = cases.small("float32", (1, 12, 42, channels))[:, :, ::2]
    for window, padding in (
        ((5, 5), "valid"),
        ((5, 5), "same"),
        ((4, 20), "valid"),
        ((9, 7), "same"),
    ):
        args = {"strides": 1, "padding": padding}
        result = pypool.max_pool2d(x, window, **args)
        assert_same(result, reference.pool_nd("max", 2, x, window, **args))


@pytest.mark.parametrize("nan_policy", ["propagate", "omit"])
@pytest.mark.parametrize("data_format", FORMATS)
def test_nan_reaches_its_windows_and_no_other(data_format, nan_policy, isa):
    """A NaN in each row in turn: groups before and after it are folded as if there were none."""
    for window in ((5, 5), (9, 3), (30, 5)):
        for row in range(0, 40, 3):
            x = cases.small("float32", cases.shape(2, data_format, size=(40, 23), channels=2))
            planes = np.moveaxis(x, -1, 1) if data_format == "channels_last" else x
            planes[0, 1, row, row % 23] = np.nan
            args = {
                "strides": 1,
                "padding": "same",
                "data_format": data_format,
                "nan_policy": nan_policy,
            }
            result = pypool.max_pool2d(x, window, **args)
            assert_same(result, reference.pool_nd("max", 2, x, window, **args))


@pytest.mark.parametrize("op", ["max", "min"])
@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "uint64"])
def test_short_rows(dtype, op):
    """Of every width that two vectors hold, and just past that; padding on one side only; one NaN.

    Planes are few or many, one after the other or with a gap between, and taller than what is done
    at once.
    """
    pool = getattr(pypool, f"{op}_pool2d")
    random = np.random.default_rng(3)
    for width in range(2, 34):
        for padding in (((0, 0), (0, 0)), ((3, 1), (1, 3)), ((0, 3), (3, 0))):
            window = (5, min(4 + width % 3, width + sum(padding[1])))
            x = cases.small(dtype, (2, 5, 7 + width % 13, width))
            args = {"strides": 1, "padding": padding, "data_format": "channels_first"}
            expected = reference.pool_nd(op, 2, x, window, **args)
            assert_every_isa_gives(expected, pool, x, window, **args)
            gaps = np.full((2, 10, *x.shape[2:]), 99, dtype)[:, ::2]
            gaps[:] = x
            assert_every_isa_gives(expected, pool, gaps, window, **args)
    x = cases.small(dtype, (1, 3, 421, 11))
    for nan in (None, 0, 200, 420) if dtype.startswith("float") else (None,):
        if nan is not None:
            x[0, 1, nan, random.integers(11)] = np.nan
        for window in ((5, 5), (9, 3), (16, 11)):
            args = {"strides": 1, "padding": "same", "data_format": "channels_first"}
            expected = reference.pool_nd(op, 2, x, window, **args)
            for workers in (1, 2):
                assert_every_isa_gives(expected, pool, x, window, workers=workers, **args)


@pytest.mark.parametrize("dtype", ["int8", "int32", "float16", "float32", "float64"])
@pytest.mark.parametrize("op", ["max", "min"])
def test_rows_of_a_few_vectors(dtype, op):
    """Planes short and tall of which a few vectors hold a row; padding on one side only; NaN."""
    pool = getattr(pypool, f"{op}_pool2d")
    for width in (9, 17, 24, 33, 40, 48, 63, 70):
        for height in (4, 7, 8, 13, 20):
            for padding in (((0, 0), (0, 0)), ((3, 1), (1, 3)), ((0, 3), (3, 0))):
                window = (4 + height % 9, 4 + width % 11)
                if window[0] > height + sum(padding[0]) or window[1] > width:
                    continue
                x = cases.small(dtype, (3, height, width))
                if dtype.startswith("float"):
                    x[1, height // 2, width - 3] = np.nan
                args = {"strides": 1, "padding": padding, "data_format": "channels_first"}
                expected = reference.pool_nd(op, 2, x, window, **args)
                for workers in (1, 2):
                    assert_every_isa_gives(expected, pool, x, window, workers=workers, **args)


def test_wide_rows_are_cut():
    """Into blocks of outputs, of which neighbours share input."""
    x = cases.small("float32", (1, 1, 20, 9000))
    for window in ((5, 5), (12, 40)):
        args = {"strides": 1, "padding": "same", "data_format": "channels_first"}
        expected = reference.pool_nd("max", 2, x, window, **args)
        for workers in (1, 2):
            assert_every_isa_gives(expected, pypool.max_pool2d, x, window, workers=workers, **args)
