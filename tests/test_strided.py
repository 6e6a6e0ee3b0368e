"""Input that vectors cannot read where it lies: axes in any order, any steps, either byte order."""

import itertools
import sys

import cases
import numpy as np
import pytest
import reference
from cases import FORMATS, OPS, assert_every_isa_gives, assert_same, bits
from fuzz import Child
from guard_pages import Guarded
from numpy.lib.stride_tricks import as_strided

import pypool

WINDOWS = [
    {"pool_size": 2},
    {"pool_size": 3, "strides": 1, "padding": 1},
    {"pool_size": (2, 3), "strides": (3, 1), "dilation": (2, 3), "padding": (1, 2)},
]
DTYPES = ["uint8", "int16", "float16", "float32", "float64"]
STEPS = (slice(None), slice(None, None, 2), slice(None, None, 3), slice(None, None, -1))


def pool2d(op, x, **args):
    return getattr(pypool, f"{op}_pool2d")(x, **args)


def in_memory_order(x, order, swapped=False):
    """x whose memory has the axes in this order, the last the nearest."""
    x = x.astype(x.dtype.newbyteorder("S" if swapped else "="))
    return x.transpose(order).copy().transpose(np.argsort(order))


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_any_order_of_the_axes(dtype, data_format, isa):
    """Both sides of whole squares of every element size, with elements left over."""
    plain = cases.small(dtype, (2, 18, 19, 17))
    for window in WINDOWS[1:]:
        args = {**window, "data_format": data_format}
        for op in ("max", "avg"):
            expected = reference.pool_nd(op, 2, plain, **args)
            for order in itertools.permutations(range(4)):
                x = in_memory_order(plain, order, swapped=order[0] > order[1])
                assert_same(pool2d(op, x, **args), expected, order, args)


@pytest.mark.parametrize("pool_size, strides", [(2, 3), (3, 4), (3, 6), (3, 7), (3, 9)])
@pytest.mark.parametrize("op", ["max", "sum"])
def test_windows_at_the_end_of_a_row_that_lie_in_a_block_of_their_own(op, pool_size, strides, isa):
    """Rows of which not all is gathered at once, and whose last window alone reaches past them."""
    for size in range(124, 131):
        x = cases.small("float32", (2, size, 2 * 32))[..., ::2]
        args = {"pool_size": pool_size, "strides": strides, "padding": "same",
                "data_format": "channels_last"}  # fmt: skip
        expected = reference.pool_nd(op, 1, x, **args)
        assert_same(getattr(pypool, f"{op}_pool1d")(x, **args), expected, size, args)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("op", ["max", "avg"])
def test_any_steps(op, dtype, isa):
    whole = cases.small(dtype, (1, 9, 40, 19))
    for steps in itertools.product(STEPS[:1], STEPS[:2], STEPS):
        x = whole[(slice(None), *steps)]
        for data_format, view in zip(FORMATS, (x, x.transpose(0, 3, 1, 2)), strict=True):
            args = {**WINDOWS[1], "data_format": data_format}
            expected = reference.pool_nd(op, 2, view, **args)
            assert_same(pool2d(op, view, **args), expected, steps, args)


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("op", ["max", "min", "sum", "avg"])
def test_cubes_of_three(op, dtype, data_format):
    """Several rows of outputs at once, of rows brought together, with and without padding."""
    for width, strides, padding in itertools.product((3, 7, 20, 37), (1, 2, 3), (0, 1)):
        shape = (2, 1, 8, 9, width) if data_format == "channels_first" else (1, 8, 9, width, 17)
        plain = cases.small(dtype, shape)
        args = {"pool_size": 3, "strides": strides, "padding": padding, "data_format": data_format}
        expected = reference.pool_nd(op, 3, plain, **args)
        for laid_out in (cases.every_third_backwards, cases.byte_swapped):
            pool = getattr(pypool, f"{op}_pool3d")
            assert_every_isa_gives(expected, pool, laid_out(plain), **args)


@pytest.mark.parametrize("op", ["max", "avg"])
def test_rows_that_are_brought_a_few_at_a_time(op):
    """More rows, and longer ones, than are brought at once; windows reach over where two meet."""
    for shape in [(150, 300), (20, 9001), (2001, 20), (100, 80, 3)]:
        plain = cases.small("float32", shape)
        for size, strides, dilation in [(3, 1, 1), (3, 2, 3), (2, 3, 1), (9, 2, 1)]:
            args = {"pool_size": size, "strides": strides, "dilation": dilation, "padding": 1}
            expected = reference.pool_nd(op, 2, plain, **args)
            for x in (
                in_memory_order(plain, range(plain.ndim), swapped=True),
                in_memory_order(plain, range(plain.ndim)[::-1]),
                np.repeat(plain, 2, 1)[:, ::2],
            ):
                for workers in (1, 2):
                    assert_same(pool2d(op, x, **args, workers=workers), expected, shape, args)


def planes_apart(plain):
    """The same values, in small planes that do not follow each other or whose elements do not."""
    yield "the first channels", np.concatenate([plain, plain], 1)[:, : plain.shape[1]]
    for order in ((1, 0, 2, 3), (0, 1, 3, 2), (3, 1, 2, 0)):
        yield order, in_memory_order(plain, order)
    yield "backwards", plain[:, ::-1, :, ::-1].copy()[:, ::-1, :, ::-1]
    yield "swapped", in_memory_order(plain, range(4), swapped=True)
    records = np.zeros(plain.shape, [("a", "i1"), ("b", plain.dtype)])
    records["b"] = plain
    yield "a field of packed records", records["b"]


@pytest.mark.parametrize("batch, channels, size", [(5, 7, 7), (2, 33, 14), (3, 6, 28), (41, 3, 5)])
@pytest.mark.parametrize("dtype", DTYPES)
def test_small_planes_that_lie_apart(dtype, batch, channels, size, isa):
    """As many as are pooled at once, and the few that are left."""
    plain = cases.small(dtype, (batch, channels, size, size + 1))
    for window, op in itertools.product([*WINDOWS, {"pool_size": 5, "strides": 1}], ["max", "avg"]):
        args = {**window, "data_format": "channels_first"}
        expected = reference.pool_nd(op, 2, plain, **args)
        found = pypool.max_pool2d(plain, **args, return_indices=True)
        for name, x in planes_apart(plain):
            for workers in (1, 2):
                assert_same(pool2d(op, x, **args, workers=workers), expected, name, args)
            if op == "max":
                for one, other in zip(
                    pypool.max_pool2d(x, **args, return_indices=True), found, strict=True
                ):
                    assert_same(one, other, name, args)
        room = np.full((batch, 2 * channels, *expected.shape[2:]), 77, expected.dtype)
        assert_same(pool2d(op, plain, **args, out=room[:, ::2]), expected, args)
        assert (room[:, 1::2] == 77).all()


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize("op", ["max", "avg", "sum"])
def test_volumes_in_any_order(op, dtype):
    plain = cases.small(dtype, (18, 20, 37))
    function = getattr(pypool, f"{op}_pool3d")
    for args in (
        {"pool_size": 2},
        {"pool_size": 3, "strides": (1, 2, 1), "padding": 1},
        {"pool_size": (2, 3, 2), "strides": 1, "dilation": (3, 1, 2)},
    ):
        expected = reference.pool_nd(op, 3, plain, **args)
        for order in itertools.permutations(range(3)):
            for swapped in (False, True):
                x = in_memory_order(plain, order, swapped)
                assert_same(function(x, **args), expected, order, swapped, args)


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_indices_in_any_order(dtype, data_format, isa):
    plain = cases.small(dtype, (2, 18, 19, 17))
    for window in WINDOWS:
        args = {**window, "data_format": data_format, "return_indices": True}
        expected = pool2d("max", plain, **args)
        for order in itertools.permutations(range(4)):
            found = pool2d("max", in_memory_order(plain, order), **args)
            for one, other in zip(found, expected, strict=True):
                assert_same(one, other, order, args)


@pytest.mark.parametrize("op", ["max", "avg"])
def test_bins_in_any_order(op):
    plain = cases.small("float32", (2, 18, 19, 17))
    function = getattr(pypool, f"adaptive_{op}_pool2d")
    for size in (5, (7, 40), (18, 1)):
        expected = bits(function(plain, size))
        for order in itertools.permutations(range(4)):
            assert bits(function(in_memory_order(plain, order), size)) == expected, (order, size)


def at_the_end_of(room, x, strides, at_end):
    """x at these strides in bytes, its highest or its lowest byte the last or the first of room."""
    spans = [(n - 1) * step for n, step in zip(x.shape, strides, strict=True)]
    below = -sum(span for span in spans if span < 0)
    above = sum(span for span in spans if span > 0) + x.itemsize
    assert below + above <= len(room)
    first = len(room) - above if at_end else below
    view = as_strided(room[first : first + x.itemsize].view(x.dtype), x.shape, strides)
    view[...] = x
    return view


@pytest.mark.skipif(sys.platform != "linux", reason="pages are guarded as on Linux")
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_nothing_beside_the_elements_is_read(dtype, isa):
    def work(child):
        room = Guarded().bytes
        for width, channels in itertools.product((1, 7, 17, 33), (1, 3, 17)):
            x = cases.small(dtype, (5, width, channels))
            args = {"pool_size": (3, 1), "strides": 1}
            expected = {op: reference.pool_nd(op, 2, x, **args) for op in ("max", "avg")}
            for order in itertools.permutations(range(3)):
                for last, between in ((1, 0), (1, 1), (2, 0), (3, 1), (4, 0), (-1, 0), (-2, 1)):
                    strides, step = [0, 0, 0], last * x.itemsize
                    for axis in reversed(order):
                        strides[axis] = step
                        step *= x.shape[axis] + between
                    for at_end in (False, True):
                        view = at_the_end_of(room, x, strides, at_end)
                        child.say((width, channels, strides, at_end))
                        for op, result in expected.items():
                            assert_same(pool2d(op, view, **args), result)

    child = Child(work)
    assert child.end() is None, child.said


@pytest.mark.parametrize("padding", ["same", "same_lower"])
@pytest.mark.parametrize("op", OPS)
def test_windows_that_begin_before_strided_planes(op, padding, isa):
    """What is padding is told by where it lies, not by where its row would be."""
    for depth, dilation in itertools.product((2, 3, 5), (1, 2)):
        x = cases.every_third_backwards(cases.small("float64", (3, 17, depth, 4, 10)))
        args = {"data_format": "channels_first", "dilation": dilation}
        for window, strides in [((2, 1, 1), (1, 2**40, 3)), ((2, 2, 1), (1, 1, 2))]:
            expected = reference.pool_nd(op, 3, x, window, strides, padding, **args)
            result = getattr(pypool, f"{op}_pool3d")(x, window, strides, padding, **args)
            assert_same(result, expected, (depth, dilation, window))
