"""Every function equals the definition, in every dtype, layout, size and instruction set."""

import itertools

import cases
import numpy as np
import pytest
import reference
from cases import (
    DTYPES,
    FLOATS,
    FORMATS,
    INTEGERS,
    OPS,
    RANKS,
    assert_close,
    assert_every_isa_gives,
    assert_same,
    bits,
)

import pypool
from pypool import _runtime


def pool_nd(op, nd, *args, **options):
    """pypool's function of that name."""
    return getattr(pypool, f"{op}_pool{nd}d")(*args, **options)


def global_pool(op, nd, *args, **options):
    return getattr(pypool, f"global_{op}_pool{nd}d")(*args, **options)


# --- the definition ------------------------------------------------------------------------------


def test_the_worked_example():
    x = np.arange(1.0, 17).reshape(4, 4)
    result = pypool.avg_pool2d(x, 3, 2, 1, ceil_mode=True, count_include_pad=True)
    np.testing.assert_allclose(
        result, [[1.5556, 3.3333, 2], [6.3333, 11, 6], [4.5, 7.5, 4]], rtol=0, atol=5e-5
    )


@pytest.mark.parametrize("padding", cases.PADDINGS)
@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_pool_equals_the_definition(dtype, op, data_format, padding):
    for nd in RANKS:
        x = cases.small(dtype, cases.shape(nd, data_format))
        for window in cases.pool_sizes(nd):
            args = dict(padding=cases.padding(padding, nd), data_format=data_format, **window)
            expected = reference.pool_nd(op, nd, x, **args)
            assert_every_isa_gives(expected, pool_nd, op, nd, x, **args)


@pytest.mark.parametrize("pool_size", [(5, 2), (7, 3), (8, 3), (16, 1), (23, 2), (63, 5), (70, 3)])
@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("dtype", ["float16", "float32", "uint8", "int64"])
def test_tall_windows_equal_the_definition(dtype, op, pool_size):
    x = cases.small(dtype, (75, 40, 2))
    low = ((pool_size[0] // 2, 3), (pool_size[1] // 2, 0))
    for strides, padding, dilation in [
        (1, "same", 1), (1, "valid", (1, 2)), ((2, 1), "same", 1), ((3, 2), "same", 1),
        ((5, 1), low, 1), (1, "same", (3, 1)), ((2, 1), "same", (2, 1)),
    ]:  # fmt: skip
        args = {"strides": strides, "padding": padding, "dilation": dilation}
        expected = reference.pool_nd(op, 2, x, pool_size, **args)
        assert_every_isa_gives(expected, pool_nd, op, 2, x, pool_size, **args)
        for c in range(2):
            assert_every_isa_gives(
                expected[..., c], pool_nd, op, 2, x[..., c].copy(), pool_size, **args
            )


@pytest.mark.parametrize("op", OPS)
def test_tall_windows_of_more_than_slides_equal_the_definition(op, isa):
    """So many channels, and such wide windows, that their rows are folded anew for each."""
    x = cases.small("float64", (66, 20, 70))
    assert_same(pool_nd(op, 2, x, (63, 15), 1), reference.pool_nd(op, 2, x, (63, 15), 1))


@pytest.mark.parametrize("size", [(7, 7), (1, 9), (14, 5), (6, 31)])
@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_many_narrow_planes_equal_the_definition(dtype, op, size):
    x = cases.small(dtype, (2, 24, *size))
    for pool_size, strides, padding in [
        (3, 2, "same"),
        ((1, 3), 1, ((0, 0), (1, 1))),
        ((1, 5), 3, 0),
    ]:
        args = {"strides": strides, "padding": padding, "data_format": "channels_first"}
        expected = reference.pool_nd(op, 2, x, pool_size, **args)
        assert_every_isa_gives(expected, pool_nd, op, 2, x, pool_size, **args)
        assert_every_isa_gives(expected[:, ::2], pool_nd, op, 2, x[:, ::2], pool_size, **args)
        for isa in _runtime.instruction_sets() if op in ("max", "min") else ():
            with _runtime.instruction_set(isa):
                values, index = pool_nd(op, 2, x, pool_size, **args, return_indices=True)
            assert_same(values, expected, isa, args)
            taken = np.take_along_axis(x.reshape(2, 24, -1), index.reshape(2, 24, -1), 2)
            assert_same(taken.reshape(expected.shape), expected, isa, args)


@pytest.mark.parametrize("size", [(9, 24), (12, 33), (8, 53), (7, 121), (31, 16)])
@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_many_planes_of_windows_apart_equal_the_definition(dtype, op, size):
    """Up to 7 rows and columns at any stride, dilated, with padding; where there are NaN too."""
    x = cases.small(dtype, (3, 4, *size))
    specials = cases.with_specials(cases.full_range(dtype, x.shape), share=0.02)
    for i, args in enumerate(
        [
            {"pool_size": 5, "strides": 2, "padding": 2},
            {"pool_size": (5, 3), "strides": (2, 2)},
            {"pool_size": (4, 6), "strides": (2, 4), "padding": "same", "ceil_mode": True},
            {"pool_size": (3, 7), "strides": (1, 3), "padding": ((0, 2), (3, 1))},
            {"pool_size": (7, 5), "strides": (3, 5), "padding": (1, 0)},
            {"pool_size": (3, 1), "strides": 1, "padding": (1, 0)},
            {"pool_size": (6, 2), "strides": (1, 7)},
            {"pool_size": 3, "strides": 2, "dilation": (2, 3), "padding": ((2, 1), (3, 0))},
            {
                "pool_size": (1, 4),
                "strides": (2, 3),
                "dilation": (1, 2),
                "padding": ((0, 0), (0, 5)),
            },
        ]
    ):
        args["data_format"] = "channels_first"
        assert_every_isa_gives(reference.pool_nd(op, 2, x, **args), pool_nd, op, 2, x, **args)
        if op == "avg":
            given = args | ({"divisor_override": 3} if i % 2 else {"count_include_pad": True})
            assert_every_isa_gives(reference.pool_nd(op, 2, x, **given), pool_nd, op, 2, x, **given)
        elif op != "sum":
            expected = reference.pool_nd(op, 2, specials, **args)
            assert_every_isa_gives(expected, pool_nd, op, 2, specials, **args)


@pytest.mark.parametrize("size", [(20, 20), (9, 33), (31, 15), (5, 5)])
@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_large_windows_over_small_planes_equal_the_definition(dtype, op, size):
    x = cases.small(dtype, (2, 3, *size))
    for args in [
        {"pool_size": 5, "strides": 1, "padding": "same"},
        {"pool_size": (13, 9), "strides": (1, 2), "padding": "same_lower"},
        {"pool_size": (2, 5), "strides": 1, "padding": "valid", "ceil_mode": True},
        {"pool_size": (4, 3), "strides": (3, 1), "padding": ((1, 0), (0, 2)), "dilation": (1, 2)},
    ]:
        args["data_format"] = "channels_first"
        assert_every_isa_gives(reference.pool_nd(op, 2, x, **args), pool_nd, op, 2, x, **args)


@pytest.mark.parametrize("op", OPS)
def test_windows_of_which_one_tap_meets_data_equal_the_definition(op):
    x = cases.small("float32", (5, 3, 9))
    for width in (1, 2, 3):
        args = {"pool_size": (3, 3, width), "strides": 9, "padding": "same", "dilation": (2, 3, 1)}
        assert_same(pool_nd(op, 3, x, **args), reference.pool_nd(op, 3, x, **args), width)


@pytest.mark.parametrize("op", ["max", "sum", "avg"])
def test_tall_windows_over_blocks_of_rows_and_threads(op):
    x = cases.small("float32", (600, 3000))
    x[300, ::50] = np.nan
    for nan_policy in ("propagate", "omit"):
        for pool_size in ((31, 3), (63, 1)):
            args = {"strides": 1, "padding": "same", "nan_policy": nan_policy}
            part = pool_nd(op, 2, x, pool_size, **args, workers=3)
            expected = pool_nd(op, 2, x[:200], pool_size, **args)
            assert_same(part[:100], expected[:100], pool_size)
            expected = reference.pool_nd(op, 2, x[260:420, 1400:1600], pool_size, **args)
            assert_same(part[300:380, 1410:1590], expected[40:120, 10:190], pool_size)


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("op", ["max", "min"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_extremes_of_any_values_equal_the_definition(dtype, op, data_format):
    for nd in RANKS:
        x = cases.with_specials(cases.full_range(dtype, cases.shape(nd, data_format)), share=0.02)
        for window in cases.pool_sizes(nd):
            for nan_policy in ("propagate", "omit"):
                args = {"padding": "same", "data_format": data_format, **window}
                args["nan_policy"] = nan_policy
                expected = reference.pool_nd(op, nd, x, **args)
                assert_every_isa_gives(expected, pool_nd, op, nd, x, **args)


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("op", ["avg", "sum"])
@pytest.mark.parametrize("dtype", [d for d in DTYPES if d not in ("int64", "uint64", *FLOATS)])
def test_integers_of_any_size_average_and_add_exactly(dtype, op, data_format):
    for nd in RANKS:
        x = cases.full_range(dtype, cases.shape(nd, data_format))
        for window in cases.pool_sizes(nd):
            args = dict(padding="same", data_format=data_format, **window)
            assert_every_isa_gives(reference.pool_nd(op, nd, x, **args), pool_nd, op, nd, x, **args)


@pytest.mark.parametrize("dtype", ["int64", "uint64"])
def test_sums_of_64_bit_integers_wrap_as_in_numpy(dtype, isa):
    x = cases.full_range(dtype, (3, 12, 11, 5))
    for args in cases.pool_sizes(2):
        assert_same(pypool.sum_pool2d(x, **args), reference.pool_nd("sum", 2, x, **args), args)


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize(
    ("op", "dtype"),
    [(op, dtype) for op in ("avg", "sum") for dtype in FLOATS]
    + [("avg", "int64"), ("avg", "uint64")],
)
def test_sums_that_round_stay_within_the_bound_of_a_pairwise_sum(dtype, op, data_format, isa):
    for nd in RANKS:
        x = cases.full_range(dtype, cases.shape(nd, data_format))
        for window in [*cases.pool_sizes(nd), {"pool_size": (9, 8, 7)[:nd]}]:
            args = dict(padding="same", **window)
            axes = reference.spatial_axes(x.ndim, nd, data_format)
            expected = reference.pool(op, x, axes=axes, **args)
            result = pool_nd(op, nd, x, data_format=data_format, **args)
            bound = reference.error_bound(op, x, result, axes=axes, **args)
            assert_close(result, expected, bound, nd, args)


# --- every size ----------------------------------------------------------------------------------

ROWS = [  # windows along a row, with the rank of the function that pools it
    (1, {"pool_size": 2}),
    (1, {"pool_size": 2, "strides": 1}),
    (1, {"pool_size": 3, "padding": 1}),
    (1, {"pool_size": 7, "strides": 2, "dilation": 2, "padding": "same"}),
    (2, {"pool_size": 3}),
    (2, {"pool_size": 2, "padding": ((0, 1), (0, 1))}),
    (2, {"pool_size": 3, "strides": 2, "padding": 1}),
    (2, {"pool_size": 3, "strides": 1, "padding": "same_lower"}),
]


THOROUGH = ["uint8", "int32", "float16", "float32"]


def sweep(op, dtype, axis):
    """Arrays of every width (or number of channels), how to pool each, and what that gives."""
    for width in cases.widths(dtype):
        rows = ROWS if axis == "width" else ROWS[-3:]
        for i, (nd, args) in enumerate(rows):
            if dtype not in THOROUGH and (i + width) % 2:
                continue  # every other window, in turn
            shape = (2, 5, width) if axis == "width" else (3, 4, width)
            data_format = "channels_first" if axis == "width" else "channels_last"
            x = cases.small(dtype, shape)
            if axis == "width" and args.get("padding") is None and width < args["pool_size"]:
                continue  # no window fits
            how = {**args, "data_format": data_format}
            yield nd, x, how, reference.pool_nd(op, nd, x, **how)


@pytest.mark.parametrize("axis", ["width", "channels"])
@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_width_past_four_vectors(dtype, op, axis):
    for nd, x, args, expected in sweep(op, dtype, axis):
        assert_every_isa_gives(expected, pool_nd, op, nd, x, **args)


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_cubes_of_three_over_rows_about_a_vector(dtype, op, data_format):
    """Planes that the window meets or not, rows in parts and ends of vectors, more volumes."""
    vector = 64 // cases.dtype_of(dtype).itemsize
    for width, window in itertools.product(
        sorted({3, 7, vector // 2, vector - 1, vector + 1, 2 * vector + 2} - {1, 2}),
        (
            {"strides": 1},
            {"strides": 1, "padding": "same"},
            {"strides": 2, "padding": 1},
            {"strides": 2, "padding": ((0, 1), (1, 0), (0, 1))},
            {"strides": (1, 2, 1), "padding": (1, 0, 1)},
            {"strides": 3},
        ),
    ):
        shape = (2, 2, 4, 5, width) if data_format == "channels_first" else (2, 4, 5, 4, width)
        x = cases.small(dtype, shape)
        args = {"pool_size": 3, "data_format": data_format, **window}
        expected = reference.pool_nd(op, 3, x, **args)
        assert_every_isa_gives(expected, pool_nd, op, 3, x, **args)


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize("op", OPS)
def test_every_small_plane(op, dtype):
    for height in range(1, 10):
        for width in range(1, 10):
            x = cases.small(dtype, (3, height, width))
            for window in (
                {"pool_size": 2, "padding": "same"},
                {"pool_size": 3, "strides": 2, "padding": 1},
                {"pool_size": 3, "strides": 1, "padding": "same"},
            ):
                args = {**window, "data_format": "channels_first"}
                expected = reference.pool_nd(op, 2, x, **args)
                assert_every_isa_gives(expected, pool_nd, op, 2, x, **args)


@pytest.mark.parametrize("channels", [None, 3, 16])
@pytest.mark.parametrize("dtype", ["uint8", "int64", "float16", "float32", "float64"])
@pytest.mark.parametrize("op", OPS)
def test_every_window_up_to_40(op, dtype, channels):
    x = cases.small(dtype, (2, 83, channels) if channels else (2, 1, 83))
    data_format = "channels_last" if channels else "channels_first"
    for k in range(1, 41):
        for how in (
            {"strides": 1},
            {"strides": 2, "padding": "same"},
            {"strides": k + 1},
            {"strides": 1, "dilation": 2},
        ):
            args = {"pool_size": k, "data_format": data_format, **how}
            expected = reference.pool_nd(op, 1, x, **args)
            assert_every_isa_gives(expected, pool_nd, op, 1, x, **args)


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("op", OPS)
def test_large_windows_in_two_and_three_dimensions(op, data_format):
    for nd, window, size in [(2, (9, 13), (21, 40)), (2, (31, 31), (35, 33)), (3, 5, (9, 10, 11))]:
        x = cases.small("float32", cases.shape(nd, data_format, size=size))
        for padding in ("valid", "same", 2):
            args = {"pool_size": window, "strides": 1, "padding": padding}
            args["data_format"] = data_format
            expected = reference.pool_nd(op, nd, x, **args)
            assert_every_isa_gives(expected, pool_nd, op, nd, x, **args)


# --- every rank ----------------------------------------------------------------------------------


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("nd", RANKS)
@pytest.mark.parametrize("op", OPS)
def test_every_rank_keeps_its_axes(op, nd, data_format, isa):
    for batch in range(4):
        shape = cases.shape(nd, data_format, size=(4, 5, 6))
        shape = (2, 1, 3)[:batch] + shape[1:]
        x = cases.small("float32", shape)
        args = {"pool_size": 2, "data_format": data_format}
        expected = reference.pool_nd(op, nd, x, **args)
        assert_same(pool_nd(op, nd, x, **args), expected, x.shape)
        assert expected.ndim == x.ndim


@pytest.mark.parametrize("data_format", [*FORMATS, None])
@pytest.mark.parametrize("nd", RANKS)
@pytest.mark.parametrize("op", OPS)
def test_an_array_of_nd_axes_has_no_channels(op, nd, data_format):
    x = cases.small("int16", (9, 8, 7)[:nd])
    expected = reference.pool(op, x, 3, 2)
    assert_same(pool_nd(op, nd, x, 3, 2, data_format=data_format), expected)


def test_no_data_format_means_channels_last():
    x = cases.small("float32", (2, 6, 5, 4))
    assert_same(pypool.max_pool2d(x, 2, data_format=None), reference.pool_nd("max", 2, x, 2))


AXES = [None, 0, -1, 2, (1,), (0, 1), (1, 3), (3, 1), (-1, 0), (0, 2, 3), (3, 2, 1, 0)]


@pytest.mark.parametrize("axes", AXES, ids=str)
@pytest.mark.parametrize("op", OPS)
def test_pool_over_any_axes(op, axes, isa):
    x = cases.small("float32", (5, 6, 4, 7))
    count = 4 if axes is None else np.size(axes)
    for args in (
        {"pool_size": 2},
        {"pool_size": (3, 2, 4, 2)[:count], "strides": (1, 2, 3, 1)[:count], "padding": "same"},
        {"pool_size": 2, "strides": 1, "padding": ((0, 1), (1, 0), (1, 1), (0, 0))[:count]},
    ):
        expected = reference.pool(op, x, axes=axes, **args)
        assert_same(pypool.pool(x, op=op, axes=axes, **args), expected, args)


@pytest.mark.parametrize("op", OPS)
def test_pool_over_one_to_seven_axes(op, isa):
    x = cases.small("int32", (2, 3, 4, 2, 3, 2, 5))
    for count in range(1, 8):
        for axes in (tuple(range(count)), tuple(range(7 - count, 7))):
            for args in ({"pool_size": 2}, {"pool_size": 3, "strides": 2, "padding": "same"}):
                expected = reference.pool(op, x, axes=axes, **args)
                assert_same(pypool.pool(x, op=op, axes=axes, **args), expected, axes, args)


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "uint8", "int32"])
@pytest.mark.parametrize("op", OPS)
def test_windows_that_are_whole_planes(op, dtype):
    """Of few rows and many, short and longer than the blocks in which sums are made."""
    for planes, height, width in (
        (67, 7, 7), (70, 5, 3), (3, 8, 16), (9, 1, 5), (2, 28, 28), (3, 9, 65), (2, 30, 129),
        (1, 1100, 3), (2, 3, 9000),
    ):  # fmt: skip
        x = cases.small(dtype, (planes, height, width))
        args = {"pool_size": (height, width), "axes": (1, 2)}
        expected = reference.pool(op, x, **args)
        assert_every_isa_gives(expected, pypool.pool, x, op=op, **args)
        apart = np.pad(x, ((0, 0), (0, 1), (0, 2)))[:, :height, :width]
        assert_every_isa_gives(expected, pypool.pool, apart, op=op, **args)
        if x.dtype.kind == "f":
            x[-1, -1, -1] = np.nan
            assert_every_isa_gives(reference.pool(op, x, **args), pypool.pool, x, op=op, **args)


@pytest.mark.parametrize("op", OPS)
def test_dilated_window_is_no_whole_plane(op, isa):
    x = cases.small("float32", (2, 3))
    args = {"pool_size": 2, "axes": (0,), "dilation": 2, "padding": "same"}
    assert_same(pypool.pool(x, op=op, **args), reference.pool(op, x, **args))


@pytest.mark.parametrize("op", OPS)
def test_pool_over_many_axes_with_windows_of_one(op, isa):
    x = cases.small("float32", (6, 7))
    expected = reference.pool(op, x, 2)
    for before, between in ((1, 0), (4, 0), (5, 2), (0, 9), (40, 20)):
        shape = (*(1,) * before, 6, *(1,) * between, 7)
        pool_size = (*(1,) * before, 2, *(1,) * between, 2)
        assert_same(pypool.pool(x.reshape(shape), pool_size, op=op).reshape(3, 3), expected, shape)


def test_counted_padding_of_more_windows_than_64_bits_number():
    """Windows of 3 along 39 axes are 3**39 elements: less than 2**63, more bits than 64."""
    for many in (1, 3, 8):
        x = cases.small("float64", (2,) * many + (1,) * (39 - many))
        result = pypool.pool(x, 3, 3, 1, op="avg", count_include_pad=True)
        np.testing.assert_allclose(result.ravel(), x.sum() / 3.0**39, 1e-15)


def test_pool_takes_the_largest_unless_told():
    x = cases.small("float64", (6, 7))
    assert_same(pypool.pool(x, 2), reference.pool("max", x, 2))


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("op", ["max", "avg"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_global_pool_equals_the_definition(dtype, op, data_format, keepdims):
    for nd in RANKS:
        for size in [(1, 1, 1), (9, 8, 7), (3, 70, 2), (2, 3, 67)]:
            x = cases.small(dtype, cases.shape(nd, data_format, size=size))
            args = {"data_format": data_format, "keepdims": keepdims}
            expected = reference.global_pool(op, nd, x, **args)
            assert_every_isa_gives(expected, global_pool, op, nd, x, **args)


@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("dtype", ["int8", "int32", "float16", "float32", "float64"])
def test_small_planes_of_every_size_in_one_window(dtype, op):
    for height in (1, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 20, 31, 33):
        for width in (*range(1, 20), 24, 25, 31, 33, 48, 49, 70):
            args = {"pool_size": (height, width), "data_format": "channels_first"}
            x = cases.small(dtype, (1, 5, height, width))
            if cases.is_float(x.dtype):
                x[0, 3, -1, -1] = np.nan
            expected = reference.pool_nd(op, 2, x, **args)
            y = cases.full_range(dtype, x.shape)
            first = pool_nd(op, 2, y, **args)
            assert_every_isa_gives(expected, pool_nd, op, 2, x, **args)
            assert_every_isa_gives(first, pool_nd, op, 2, y, **args)


@pytest.mark.parametrize("nd", RANKS)
@pytest.mark.parametrize("op", ["max", "avg"])
def test_global_pool_of_an_array_without_channels(op, nd):
    x = cases.small("float32", (4, 5, 6)[:nd])
    assert global_pool(op, nd, x) == reference.global_pool(op, nd, x)
    assert np.shape(global_pool(op, nd, x)) == ()
    assert_same(
        global_pool(op, nd, x, keepdims=True), reference.global_pool(op, nd, x, keepdims=True)
    )


# --- every option --------------------------------------------------------------------------------


@pytest.mark.parametrize("op", OPS)
def test_ceil_mode(op, isa):
    for n in range(1, 14):
        x = cases.small("float32", (2, n, 3))
        for k, s, d, p in [(2, 2, 1, 0), (3, 2, 1, 1), (2, 3, 1, 0), (3, 3, 1, 2), (2, 4, 2, 1)]:
            args = {"pool_size": k, "strides": s, "dilation": d, "padding": p, "ceil_mode": True}
            try:
                expected = reference.pool_nd(op, 1, x, **args)
            except ValueError:
                with pytest.raises(ValueError, match=r"pool_size|padding|dilation"):
                    pool_nd(op, 1, x, **args)
            else:
                assert_same(pool_nd(op, 1, x, **args), expected, n, args)


@pytest.mark.parametrize("padding", cases.PADDINGS)
@pytest.mark.parametrize("ceil_mode", [False, True])
@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64", *FLOATS])
def test_an_average_may_count_its_padding(dtype, data_format, ceil_mode, padding):
    for nd in RANKS:
        x = cases.small(dtype, cases.shape(nd, data_format))
        for window in cases.pool_sizes(nd):
            args = dict(padding=cases.padding(padding, nd), data_format=data_format, **window)
            args |= {"ceil_mode": ceil_mode, "count_include_pad": True}
            expected = reference.pool_nd("avg", nd, x, **args)
            assert_every_isa_gives(expected, pool_nd, "avg", nd, x, **args)


@pytest.mark.parametrize("divisor", [1, 3, 8, np.int16(5), 2**40])
@pytest.mark.parametrize("dtype", ["uint8", "int64", "float32", "float64"])
def test_divisor_override_replaces_every_count(dtype, divisor):
    x = cases.small(dtype, (2, 7, 6, 3))
    for count_include_pad in (False, True):
        args = {
            "pool_size": 3,
            "strides": 2,
            "padding": "same",
            "count_include_pad": count_include_pad,
        }
        expected = reference.pool_nd("avg", 2, x, **args, divisor_override=int(divisor))
        assert_every_isa_gives(expected, pypool.avg_pool2d, x, **args, divisor_override=divisor)


ACCUMULATORS = {  # dtype= that each kind of input may ask for
    "avg": {
        "bool": [*INTEGERS, *FLOATS],
        "int8": ["int8", "int16", "int32", "int64", *FLOATS],
        "uint8": ["uint8", "uint16", "int16", "int32", "uint64", "int64", *FLOATS],
        "int16": ["int16", "int32", "int64", "float32", "float64"],
        "uint16": ["uint16", "uint32", "int32", "uint64", "int64", "float32", "float64"],
        "int32": ["int32", "int64", "float64"],
        "uint32": ["uint32", "uint64", "int64", "float64"],
        "int64": ["int64", "float64"],
        "uint64": ["uint64", "float64"],
        "float16": FLOATS,
        "float32": FLOATS,
        "float64": FLOATS,
        "bfloat16": ["bfloat16", "float32", "float64"],
    },
    "sum": {
        "bool": [*INTEGERS, *FLOATS],
        "int8": ["int8", "int16", "int32", "int64", *FLOATS],
        "uint8": [*INTEGERS, *FLOATS],
        "int16": ["int8", "int16", "int32", "int64", "float32", "float64"],
        "uint16": [*INTEGERS, "float32", "float64"],
        "int32": ["int8", "int16", "int32", "int64", "float64"],
        "uint32": [*INTEGERS, "float64"],
        "int64": ["int8", "int16", "int32", "int64", "float64"],
        "uint64": [*INTEGERS, "float64"],
        "float16": FLOATS,
        "float32": FLOATS,
        "float64": FLOATS,
        "bfloat16": ["bfloat16", "float32", "float64"],
    },
}


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("op", ["avg", "sum"])
def test_dtype_chooses_the_result(op, dtype, data_format):
    x = cases.small(dtype, cases.shape(2, data_format))
    for chosen in ACCUMULATORS[op][dtype]:
        args = {"dtype": cases.dtype_of(chosen), "data_format": data_format}
        for window in ({"pool_size": 2}, {"pool_size": 3, "strides": 2, "padding": "same"}):
            expected = reference.pool_nd(op, 2, x, **args, **window)
            assert_every_isa_gives(expected, pool_nd, op, 2, x, **args, **window)
        if op == "avg":
            expected = reference.global_pool("avg", 2, x, **args)
            assert_every_isa_gives(expected, pypool.global_avg_pool2d, x, **args)


def test_dtype_may_be_a_name_or_a_type():
    x = cases.small("uint8", (6, 6))
    for dtype in ("float32", "f4", np.float32, np.dtype("f4")):
        expected = reference.pool("avg", x, 2, dtype=np.float32)
        assert_same(pypool.avg_pool2d(x, 2, dtype=dtype), expected)


@pytest.mark.parametrize("op", ["sum", "avg"])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_a_wider_dtype_keeps_what_the_narrow_one_would_round(dtype, op, isa):
    x = cases.full_range(dtype, (2, 40, 40, 3))
    expected = reference.pool_nd(op, 2, x, 5, 3, dtype=np.float64)
    result = pool_nd(op, 2, x, 5, 3, dtype=np.float64)
    bound = 1e-13 * reference.pool_nd(op, 2, np.abs(x), 5, 3, dtype=np.float64)
    assert_close(result, expected, bound)


@pytest.mark.parametrize("rounding", reference.ROUNDING)
@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("dtype", INTEGERS)
def test_integer_averages_round_as_asked(dtype, data_format, rounding):
    for values in (cases.small, cases.full_range):
        if values is cases.full_range and dtype in ("int64", "uint64"):
            continue  # their sums need not fit
        for nd in RANKS:
            x = values(dtype, cases.shape(nd, data_format))
            for window in [*cases.pool_sizes(nd), {"pool_size": (2, 4, 4)[:nd], "strides": 1}]:
                args = dict(padding="same", data_format=data_format, **window)
                args |= {"dtype": dtype, "rounding": rounding}
                expected = reference.pool_nd("avg", nd, x, **args)
                assert_every_isa_gives(expected, pool_nd, "avg", nd, x, **args)


@pytest.mark.parametrize("rounding", reference.ROUNDING)
def test_every_average_of_two_small_integers_rounds_as_asked(rounding, isa):
    pairs = np.array(np.meshgrid(range(-9, 10), range(-9, 10)), np.int8).reshape(2, -1).T.copy()
    for divisor in (None, 1, 3, 4):
        args = {"dtype": np.int8, "rounding": rounding, "divisor_override": divisor}
        if divisor == 1:
            args["dtype"] = np.int16
        expected = reference.pool("avg", pairs, 2, axes=-1, **args)
        assert_same(pypool.pool(pairs, 2, op="avg", axes=-1, **args), expected, args)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "float16", "float32", "float64"])
@pytest.mark.parametrize("op", OPS)
def test_planes_of_short_rows(op, dtype):
    """Rows of a few vectors, windows of 3 x 3 that reach past them on any side."""
    paddings = ((0, 0), (1, 1), (1, 0), (0, 2), (1, 2), (2, 1))
    for width in (*range(1, 19), 24, 25, 28, 31, 32, 33, 40, 49, 63, 64, 65, 96, 112, 128, 129):
        x = cases.small(dtype, (5, 6, width))
        for i, across in enumerate(paddings):
            down = paddings[(i + width) % len(paddings)]
            for strides in (1, 2, (3, 2)):
                args = {"data_format": "channels_first", "padding": (down, across)}
                args |= {"strides": strides, "ceil_mode": width % 2 == 0}
                if op in ("sum", "avg"):
                    args["dtype"] = dtype
                if op == "avg":
                    args["count_include_pad"] = width % 3 == 0
                    args["divisor_override"] = 5 if width % 5 == 0 else None
                try:
                    expected = reference.pool_nd(op, 2, x, 3, **args)
                except ValueError:
                    continue  # no window fits, or one holds nothing but padding
                assert_every_isa_gives(expected, pool_nd, op, 2, x, 3, **args)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("op", ["max", "min"])
def test_nan_in_planes_of_short_rows(op, dtype):
    for width in (1, 7, 14, 16, 28, 33, 57, 127):
        x = cases.small(dtype, (40, 5, width))
        x.reshape(-1)[::61] = np.nan
        x.reshape(-1)[::53] = -np.inf
        args = {"strides": 1, "padding": "same", "data_format": "channels_first"}
        expected = reference.pool_nd(op, 2, x, 3, **args)
        assert_every_isa_gives(expected, pool_nd, op, 2, x, 3, **args)


@pytest.mark.parametrize("rounding", reference.ROUNDING)
@pytest.mark.parametrize("dtype", INTEGERS)
def test_integer_averages_by_any_divisor(dtype, rounding):
    """Powers of two that lanes hold and do not hold, divisors past 2**30, sums at either end."""
    x = cases.full_range(dtype, (3, 61))
    x[1:] = [[np.iinfo(dtype).min], [np.iinfo(dtype).max]]
    if x.itemsize == 8:
        x //= 4  # the reference adds in 64 bits
    for divisor in (2, 4, 6, 9, 64, 2**14, 2**15, 12345, 2**30, 2**30 + 1, 2**31, 2**62):
        for pool_size, strides in ((2, 2), (3, 1), (4, 3)):
            if divisor < pool_size:
                continue  # the quotients need not fit
            args = {"strides": strides, "axes": -1, "dtype": dtype, "rounding": rounding}
            args["divisor_override"] = divisor
            expected = reference.pool("avg", x, pool_size, **args)
            assert_every_isa_gives(expected, pypool.pool, x, pool_size, op="avg", **args)


@pytest.mark.parametrize("rounding", reference.ROUNDING)
@pytest.mark.parametrize("dtype", INTEGERS)
def test_sums_of_two_by_every_small_divisor(dtype, rounding):
    """All sums of two bytes; of wider integers those near powers of two and near either end."""
    limits = np.iinfo(dtype)
    near = [2**k for k in range(limits.bits)] + [-(2**k) for k in range(limits.bits)]
    values = {p + i for p in [*near, 0, limits.max] for i in range(-10, 11)}
    values = [v for v in sorted(values) if limits.min <= v <= limits.max]
    if limits.bits == 8:
        values = list(range(limits.min, limits.max + 1))
    x = np.array([values, [*values[1:], values[0]]], dtype)
    if x.itemsize == 8:
        x //= 4  # the reference adds in 64 bits
    x = np.concatenate([np.repeat(x[0], 2), x.T.ravel()])
    for divisor in (*range(2, 17), 25, 36, 49, 100, 127, 128, 255, 256, 257, 1000):
        args = {"dtype": dtype, "rounding": rounding, "divisor_override": divisor}
        expected = reference.pool("avg", x, 2, axes=-1, **args)
        assert_every_isa_gives(expected, pypool.pool, x, 2, op="avg", axes=-1, **args)


@pytest.mark.parametrize("rounding", reference.ROUNDING)
@pytest.mark.parametrize("dtype", ["bool", *INTEGERS])
def test_planes_of_integers_by_the_smallest_divisors(dtype, rounding):
    """By 1, which is no division, too; to the dtype itself and to others."""
    low = -7 if np.dtype(dtype).kind == "i" else 0
    targets = [dtype] if dtype != "bool" else ["uint8"]
    targets += ["int16", "int32", "float32", "float64"]
    for width in (3, 5, 8, 16, 17, 31, 40, 66):
        x = np.random.default_rng(width).integers(low, 8, (2, 3, 5, width)).astype(dtype)
        for window, target, divisor in itertools.product(
            ({"pool_size": 2}, {"pool_size": 3, "strides": 1}, {"pool_size": 3, "padding": 1},
             {"pool_size": 3, "strides": 2, "padding": 1}), dict.fromkeys(targets), (1, 2, 3),
        ):  # fmt: skip
            if not np.can_cast(dtype, target, "safe"):
                continue
            args = {"dtype": target, "rounding": rounding, "divisor_override": divisor, **window}
            expected = reference.pool("avg", x, axes=(2, 3), **args)
            assert_every_isa_gives(expected, pypool.pool, x, op="avg", axes=(2, 3), **args)


@pytest.mark.parametrize("op", ["sum", "avg"])
@pytest.mark.parametrize("dtype", ["bool", *INTEGERS])
def test_integers_to_wider_results(dtype, op):
    """Small windows, in and past planes of every width around that of vectors, in both layouts."""
    results = [None, np.float64] if np.dtype(dtype).itemsize > 2 else [None, np.float64, np.float32]
    for width in (*range(3, 19), 31, 32, 33, 63, 64, 65, 127, 130, 257):
        values = cases.small if np.dtype(dtype).itemsize == 8 else cases.full_range
        x = values(dtype, (2, 5, width))
        for window in ({"pool_size": 2}, {"pool_size": 3, "strides": 1, "padding": 1},
                       {"pool_size": 3, "strides": 2, "padding": ((1, 1), (0, 1))}):  # fmt: skip
            for result in results:
                args = {"dtype": result, **window}
                for laid_out, axes in ((x, (1, 2)), (x.transpose(1, 2, 0).repeat(19, -1), (0, 1))):
                    image = np.ascontiguousarray(laid_out)
                    expected = reference.pool(op, image, axes=axes, **args)
                    assert_every_isa_gives(expected, pypool.pool, image, op=op, axes=axes, **args)


@pytest.mark.parametrize("nan_policy", ["propagate", "omit"])
@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("dtype", FLOATS)
def test_nan_policy(dtype, op, data_format, nan_policy):
    for nd in RANKS:
        x = cases.small(dtype, cases.shape(nd, data_format))
        for share in (0.02, 0.2, 0.9):
            holes = cases.with_specials(x, share=share)
            for window in cases.pool_sizes(nd):
                args = {"padding": "same", "data_format": data_format, "nan_policy": nan_policy}
                args |= window
                expected = reference.pool_nd(op, nd, holes, **args)
                assert_every_isa_gives(expected, pool_nd, op, nd, holes, **args)


@pytest.mark.parametrize("divisor", [None, 4])
@pytest.mark.parametrize("dtype", FLOATS)
def test_omitted_nans_leave_the_count_but_counted_padding_stays(dtype, divisor, isa):
    x = cases.with_specials(cases.small(dtype, (3, 9, 8, 2)), share=0.3)
    for padding in ("same", 1):
        args = {"pool_size": 3, "strides": 2, "padding": padding, "nan_policy": "omit"}
        args |= {"count_include_pad": True, "ceil_mode": padding == 1, "divisor_override": divisor}
        expected = reference.pool_nd("avg", 2, x, **args)
        assert_same(pypool.avg_pool2d(x, **args), expected, args)


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("op", ["avg", "sum"])
@pytest.mark.parametrize("dtype", FLOATS)
def test_rows_with_nan_lie_between_rows_without(dtype, op, data_format):
    """One, a few, and more of them at once than fit in L1; and the last."""
    for nd, size in ((1, (400,)), (2, (90, 203)), (3, (5, 7, 39))):
        shape = (2, 3, *size) if data_format == "channels_first" else (2, *size, 3)
        x = cases.small(dtype, shape)
        rows = np.moveaxis(x, 1, -1) if data_format == "channels_first" else x
        rows[0, 3 % size[0]] = rows[0, size[0] // 5 : size[0] // 5 + 2, ..., :2] = np.nan
        rows[1, size[0] // 2 :: 2, ..., 1] = rows[1, -1] = np.nan
        for window in (
            {"pool_size": 2},
            {"pool_size": 2, "strides": 1, "padding": "same"},
            {"pool_size": 3, "strides": 2, "padding": 1},
            {"pool_size": 3, "strides": 1, "padding": "same"},
            {"pool_size": 3},
        ):
            args = {"data_format": data_format, "nan_policy": "omit", **window}
            expected = reference.pool_nd(op, nd, x, **args)
            assert_every_isa_gives(expected, pool_nd, op, nd, x, **args)
            out = np.empty((*expected.shape[:-1], 2 * expected.shape[-1]), x.dtype)[..., ::2]
            assert_every_isa_gives(expected, pool_nd, op, nd, x, **args, out=out)


@pytest.mark.parametrize("op", ["max", "min"])
@pytest.mark.parametrize("dtype", FLOATS)
def test_nan_wins_in_rows_of_any_length_wherever_it_is(dtype, op):
    """Rows that have some by themselves and next to each other; along them once, or everywhere."""
    for width in (5, 40, 300, 1700):
        x = cases.small(dtype, (2, 23, width))
        rng = np.random.default_rng(width)
        x[0, 1, width // 2] = x[0, 5, -1] = x[0, 12, 0] = np.nan
        x[0, 6:9][rng.random((3, width)) < 0.3] = x[0, 17:] = np.nan
        x[1, ::2][rng.random((12, width)) < 3 / width] = np.nan
        for k, stride in ((2, 2), (2, 1), (3, 2), (3, 1), (3, 3)):
            for padding in ("valid", "same"):
                args = {"strides": stride, "padding": padding, "data_format": "channels_first"}
                expected = reference.pool_nd(op, 2, x, k, **args)
                assert_every_isa_gives(expected, pool_nd, op, 2, x, k, **args)


@pytest.mark.parametrize(
    "dtype, to",
    [pair for pair in itertools.product(FLOATS, FLOATS) if pair != ("bfloat16", "float16")],
)
def test_what_omits_nan_may_be_of_another_dtype(dtype, to):
    for shape, holes in itertools.product([(3, 2, 3), (4, 7, 20), (2, 3, 65)], [0, 0.1]):
        x = cases.with_specials(cases.small(dtype, shape), share=holes)
        for window in (
            {"pool_size": 2},
            {"pool_size": 3, "strides": 1},
            {"pool_size": 2, "strides": 1},
        ):
            for counts in (False, True):
                args = {"padding": "same", "nan_policy": "omit", "count_include_pad": counts}
                args |= {"axes": (2,), "dtype": cases.dtype_of(to), **window}
                expected = reference.pool("avg", x, **args)
                assert_every_isa_gives(expected, pypool.pool, x, op="avg", **args)


@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("dtype", ["bool", *INTEGERS])
def test_integers_have_no_nan_to_omit(dtype, op):
    x = cases.small(dtype, (2, 7, 6, 3))
    assert_same(pool_nd(op, 2, x, 3, 2, nan_policy="omit"), reference.pool_nd(op, 2, x, 3, 2))


@pytest.mark.parametrize("nan_policy", ["propagate", "omit"])
@pytest.mark.parametrize("op", ["max", "avg"])
@pytest.mark.parametrize("dtype", FLOATS)
def test_global_pool_obeys_the_nan_policy(dtype, op, nan_policy, isa):
    x = cases.with_specials(cases.small(dtype, (6, 5, 37, 4)), share=0.004)
    x[0] = np.nan
    args = {"nan_policy": nan_policy}
    assert_same(global_pool(op, 2, x, **args), reference.global_pool(op, 2, x, **args))


# --- the same bits -------------------------------------------------------------------------------

BIT_CASES = [
    (1, {"pool_size": 9, "strides": 1}),
    (2, {"pool_size": 2}),
    (2, {"pool_size": 3, "strides": 2, "padding": "same"}),
    (2, {"pool_size": (5, 7), "strides": (1, 2), "padding": 2}),
    (2, {"pool_size": 13, "strides": 4, "padding": "same"}),
    (2, {"pool_size": (14, 3), "strides": 1, "padding": "same"}),
    (3, {"pool_size": 3, "strides": 2, "padding": 1}),
    (3, {"pool_size": 2, "dilation": 2, "strides": 1}),
]


def awkward(dtype, shape):
    """Values whose sums depend on their order, and zeros of both signs."""
    x = cases.full_range(dtype, shape)
    if cases.is_float(x.dtype):
        rng = np.random.default_rng(1)
        x[rng.random(shape) < 0.3] = 0.0
        x[rng.random(shape) < 0.3] = -0.0
        x[rng.random(shape) < 0.01] = np.nan
    return x


@pytest.mark.parametrize("nan_policy", ["propagate", "omit"])
@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_instruction_set_gives_the_same_bits(dtype, op, data_format, nan_policy):
    for nd, window in BIT_CASES:
        x = awkward(dtype, cases.shape(nd, data_format, size=(17, 19, 15), channels=5))
        seen = set()
        for isa in _runtime.instruction_sets():
            with _runtime.instruction_set(isa):
                args = dict(data_format=data_format, nan_policy=nan_policy, **window)
                seen.add(bits(pool_nd(op, nd, x, **args)))
        assert len(seen) == 1, (nd, window)


@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_both_data_formats_give_the_same_bits(dtype, op, isa):
    for nd, window in BIT_CASES:
        for channels in (1, 2, 37):
            shape = cases.shape(nd, size=(17, 19, 15), channels=channels, batch=1)
            last = awkward(dtype, shape)
            first = np.ascontiguousarray(np.moveaxis(last, -1, 1))
            result_last = pool_nd(op, nd, last, **window)
            result_first = pool_nd(op, nd, first, data_format="channels_first", **window)
            assert bits(result_last) == bits(np.moveaxis(result_first, 1, -1)), (window, channels)


@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("dtype", ["uint8", *FLOATS])
def test_a_window_gives_the_same_bits_wherever_it_lies(dtype, op, isa):
    x = awkward(dtype, (37, 41))
    for nd, window in BIT_CASES[1:5]:
        args = dict(window, padding="valid", strides=1)
        whole = pool_nd(op, nd, x, **args)
        for offset in (1, 2, 3, 7, 20):
            part = pool_nd(op, nd, x[offset:, offset:], **args)
            assert bits(part) == bits(whole[offset:, offset:]), (window, offset)


LARGE = [  # shapes that give threads planes, rows, channels, or one long row to share
    ("channels_first", 2, (4, 8, 128, 128)),
    ("channels_first", 2, (1, 1, 700, 811)),
    ("channels_first", 2, (3, 1, 401, 500)),
    ("channels_last", 2, (2, 130, 131, 16)),
    ("channels_last", 2, (1, 9, 8, 7000)),
    ("channels_last", 2, (3000, 7, 7, 3)),
    ("channels_first", 1, (1, 1, 200_001)),
    ("channels_first", 1, (50_001, 1, 10)),
    ("channels_last", 3, (1, 40, 41, 42, 7)),
    ("channels_first", 3, (2, 1, 60, 61, 62)),
]


@pytest.mark.parametrize("data_format, nd, shape", LARGE, ids=str)
@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("dtype", ["uint8", "float16", "float32"])
def test_any_number_of_workers_gives_the_same_bits(dtype, op, data_format, nd, shape):
    x = awkward(dtype, shape)
    args = {"data_format": data_format}
    for window in ({"pool_size": 2}, {"pool_size": 3, "strides": 2, "padding": "same"}):
        one = bits(pool_nd(op, nd, x, **window, **args, workers=1))
        for workers in (2, 3, 7, 64):
            result = pool_nd(op, nd, x, **window, **args, workers=workers)
            assert bits(result) == one, (window, workers)
    if op in ("max", "avg"):
        one = bits(global_pool(op, nd, x, **args, workers=1))
        for workers in (2, 3, 7, 64):
            assert bits(global_pool(op, nd, x, **args, workers=workers)) == one, workers


@pytest.mark.parametrize("data_format, nd, shape", LARGE[::2], ids=str)
@pytest.mark.parametrize("op", OPS)
def test_large_arrays_equal_the_definition(op, data_format, nd, shape):
    x = cases.small("float32", shape)
    args = {"pool_size": 3, "strides": 2, "padding": "same", "data_format": data_format}
    expected = reference.pool_nd(op, nd, x, **args)
    assert_every_isa_gives(expected, pool_nd, op, nd, x, **args)


# --- the result ----------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("op", OPS)
def test_a_fresh_result_is_a_writable_array_in_c_order(op, data_format, order):
    x = np.array(cases.small("float32", (2, 6, 8, 4)), order=order)
    result = pool_nd(op, 2, x, 2, data_format=data_format)
    assert type(result) is np.ndarray
    assert result.flags.c_contiguous and result.flags.writeable and result.flags.aligned
    assert not np.shares_memory(result, x)


@pytest.mark.parametrize("op", OPS)
def test_a_window_of_one_copies(op):
    x = cases.small("float64", (3, 4, 5, 2))
    result = pool_nd(op, 2, x, 1)
    assert_same(result, x)
    assert not np.shares_memory(result, x)
