"""Values that break other libraries: NaN, infinities, extremes, overflow, long sums, subnormals."""

import itertools
import warnings

import cases
import numpy as np
import pytest
import reference
from cases import FLOATS, FORMATS, INTEGERS, LAYOUTS, OPS, assert_same

import pypool

# --- NaN and infinities --------------------------------------------------------------------------


@pytest.mark.parametrize("nan_policy", ["propagate", "omit"])
@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("dtype", FLOATS)
def test_a_nan_at_any_place_of_any_row(dtype, op, nan_policy, isa):
    dtype = cases.dtype_of(dtype)
    for width in (3, 8, 9, 17, 33, 67):
        x = np.tile(cases.small(dtype.name, (1, width)), (width, 1))
        x[np.diag_indices(width)] = np.nan
        for args in (
            {"pool_size": 2, "padding": "same"},
            {"pool_size": 3, "strides": 1},
            {"pool_size": 3, "strides": 2, "padding": 1},
            {"pool_size": width},
            {"pool_size": 1},
        ):
            expected = reference.pool(op, x, axes=1, nan_policy=nan_policy, **args)
            result = pypool.pool(x, op=op, axes=1, nan_policy=nan_policy, **args)
            assert_same(result, expected, width, args)
            expected = reference.pool(op, x.T, axes=0, nan_policy=nan_policy, **args)
            result = pypool.pool(x.T, op=op, axes=0, nan_policy=nan_policy, **args)
            assert_same(result, expected, width, args)


@pytest.mark.parametrize("nan_policy", ["propagate", "omit"])
@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("dtype", FLOATS)
def test_every_window_of_three_special_values(dtype, op, nan_policy, isa):
    values = [np.nan, -np.nan, np.inf, -np.inf, -1.0, 0.0, -0.0, 2.0]
    x = np.array(list(itertools.product(values, repeat=3))).astype(cases.dtype_of(dtype))
    for data_format, image in (("channels_first", x[:, None]), ("channels_last", x.T[None])):
        args = {"pool_size": 3, "data_format": data_format, "nan_policy": nan_policy}
        expected = reference.pool_nd(op, 1, image, **args)
        assert_same(getattr(pypool, f"{op}_pool1d")(image, **args), expected)


@pytest.mark.parametrize("count_include_pad", [False, True])
@pytest.mark.parametrize("divisor_override", [None, 3])
@pytest.mark.parametrize("dtype", FLOATS)
def test_a_window_of_nothing_but_nan_is_nan(dtype, divisor_override, count_include_pad, isa):
    x = np.full((2, 6, 8, 3), np.nan, cases.dtype_of(dtype))
    for op in OPS:
        args = {"count_include_pad": count_include_pad, "divisor_override": divisor_override}
        args = args if op == "avg" else {}
        for nan_policy in ("propagate", "omit"):
            function = getattr(pypool, f"{op}_pool2d")
            result = function(x, 3, 2, "same", nan_policy=nan_policy, **args)
            assert np.isnan(result.astype(float)).all()


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("dtype", FLOATS)
def test_padding_never_beats_infinity(dtype, data_format, isa):
    for op, worst in (("max", -np.inf), ("min", np.inf)):
        x = np.full((2, 5, 7, 3), worst, cases.dtype_of(dtype))
        for padding in ("same", "same_lower", 1, ((0, 2), (2, 0))):
            args = {"padding": padding, "data_format": data_format}
            result = getattr(pypool, f"{op}_pool2d")(x, 3, 2, **args)
            assert_same(result, reference.pool_nd(op, 2, x, 3, 2, **args))
            assert (result == worst).all()


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("dtype", ["bool", *INTEGERS])
def test_padding_never_beats_the_extremes_of_integers(dtype, data_format, isa):
    low, high = (False, True) if dtype == "bool" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    for op, worst in (("max", low), ("min", high)):
        x = np.full((2, 5, 37, 3), worst, dtype)
        for padding in ("same", "same_lower", 1, ((0, 2), (2, 0))):
            args = {"padding": padding, "data_format": data_format}
            result = getattr(pypool, f"{op}_pool2d")(x, 3, 2, **args)
            assert result.dtype == dtype
            assert (result == worst).all(), padding


@pytest.mark.parametrize("dtype", FLOATS)
def test_what_left_the_window_leaves_no_trace(dtype, isa):
    """A running sum would carry the infinity, the NaN and the rounding of 1e4 along the row."""
    for marker in (np.inf, -np.inf, np.nan, 1e4):
        x = np.full((3, 80), 1 / 3, cases.dtype_of(dtype))
        x[:, 30] = marker
        for k in (2, 3, 5, 16, 21):
            for op in ("sum", "avg"):
                result = pypool.pool(x, k, 1, op=op, axes=1)
                clean = pypool.pool(np.full_like(x, 1 / 3), k, 1, op=op, axes=1)
                untouched = np.r_[0 : 31 - k, 31 : 81 - k]
                assert_same(result[:, untouched], clean[:, untouched], marker, k)


# --- integers ------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", INTEGERS)
def test_averages_of_extremes_are_exact(dtype, isa):
    info = np.iinfo(dtype)
    pairs = np.array([[info.max, info.max], [info.min, info.min], [info.min, info.max]], dtype)
    for rounding in reference.ROUNDING:
        if dtype in ("int64", "uint64"):
            x = pairs[:1, :1]  # whose sums fit
        else:
            x = np.tile(pairs, (1, 50))
        expected = reference.pool("avg", x, x.shape[1], axes=1, dtype=dtype, rounding=rounding)
        result = pypool.pool(x, x.shape[1], op="avg", axes=1, dtype=dtype, rounding=rounding)
        assert_same(result, expected)
    if dtype not in ("int64", "uint64"):
        x = np.tile(pairs, (1, 50))
        expected = reference.pool("avg", x, 100, axes=1)
        assert_same(pypool.pool(x, 100, op="avg", axes=1), expected)


@pytest.mark.parametrize("value", [255, 254])
def test_the_average_of_more_bytes_than_an_int32_can_add(value, isa):
    x = np.full((4100, 4100), value, np.uint8)
    assert pypool.global_avg_pool2d(x) == value
    assert pypool.global_avg_pool2d(x, dtype=np.uint8) == value
    assert pypool.sum_pool2d(x, 4100).item() == value * 4100 * 4100
    assert pypool.avg_pool2d(x.view(np.int8), 4100).item() == value - 256


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint16", "int32", "uint32", "bool"])
def test_sums_do_not_overflow_the_dtype_of_the_input(dtype, isa):
    high = 1 if dtype == "bool" else np.iinfo(dtype).max
    for shape in [(3, 300, 4), (3, 70_000, 1)]:
        x = np.full(shape, high, dtype)
        result = pypool.sum_pool1d(x, shape[1])
        assert result.dtype == x.sum().dtype
        assert (result == int(high) * shape[1]).all()


@pytest.mark.parametrize("dtype", ["int64", "uint64"])
def test_averages_of_large_integers_do_not_wrap(dtype, isa):
    high = np.iinfo(dtype).max
    x = np.full((2, 100, 3), high, dtype)
    np.testing.assert_allclose(pypool.avg_pool1d(x, 10), float(high), rtol=1e-15)
    assert (pypool.sum_pool1d(x, 2) == np.array([high, high]).sum(dtype=dtype)).all()


# --- floats --------------------------------------------------------------------------------------


@pytest.mark.parametrize("sign", [1, -1])
def test_halves_do_not_overflow_on_the_way_to_an_average(sign, isa):
    x = np.full((2, 256, 256), sign * 256, np.float16)
    assert (pypool.global_avg_pool2d(x, "channels_first") == sign * 256).all()
    assert (pypool.avg_pool2d(x, 256, data_format="channels_first") == sign * 256).all()
    x = np.full((64, 64, 3), sign * 65504, np.float16)
    assert (pypool.avg_pool2d(x, 8, 3) == sign * 65504).all()


def test_halves_that_do_not_fit_become_infinite(isa):
    x = np.full((4, 4), 60000, np.float16)
    assert (pypool.sum_pool2d(x, 2) == np.inf).all()
    assert (pypool.sum_pool2d(x, 2, dtype=np.float32) == 240000).all()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_halves_are_rounded_once(dtype, isa):
    if dtype not in FLOATS:
        pytest.skip("ml_dtypes is not installed")
    x = cases.full_range("float32", (4, 33, 37, 3)).clip(-100, 100).astype(cases.dtype_of(dtype))
    for op in ("sum", "avg"):
        wide = reference.pool_nd(op, 2, x, 3, 2, dtype=np.float64)
        result = getattr(pypool, f"{op}_pool2d")(x, 3, 2)
        exact = wide.astype(cases.dtype_of(dtype))
        off = np.abs(result.astype(float) - wide) - np.abs(exact.astype(float) - wide)
        margin = (
            16
            * np.finfo(np.float32).eps
            * reference.pool_nd(op, 2, np.abs(x), 3, 2, dtype=np.float64)
        )
        assert (off <= margin).all()
        assert (result == exact).mean() > 0.99


def test_every_half_survives(isa):
    for dtype in ("float16", "bfloat16"):
        if dtype not in FLOATS:
            continue
        x = np.arange(2**16, dtype=np.uint16).view(cases.dtype_of(dtype))
        for op in OPS:
            assert_same(getattr(pypool, f"{op}_pool1d")(x, 1), x, dtype, op)
        pairs = np.stack([x, x], 1)
        for op in ("max", "min"):
            assert_same(pypool.pool(pairs, (1, 2), op=op)[:, 0], x, dtype, op)


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_quotients_are_rounded_once(dtype, data_format, isa):
    """Of floats of any bits, one in each window among zeros, by small divisors and large."""
    bits = np.random.default_rng(7).bytes(960 * np.dtype(dtype).itemsize)
    values = np.frombuffer(bits, dtype).copy().reshape(60, 16)
    limits = np.finfo(dtype)
    values[0] = 0.0
    values[1, :8] = [np.inf, -np.inf, np.nan, limits.max, -limits.max, 1.0, -1.0, 3.0]
    values[2:4] = np.copysign(limits.smallest_subnormal * np.arange(32).reshape(2, 16), values[2:4])
    values[4:9] = np.linspace(1, 300, 80).reshape(5, 16) * limits.smallest_normal
    for k, strides in ((2, 2), (3, 1), (3, 2), (5, 1), (7, 1), (20, 1)):
        x = np.zeros((1, 2 * k, 60 * k, 16), dtype)
        x[0, ::k, ::k] = values
        x = x if data_format == "channels_last" else np.moveaxis(x, -1, 1).copy()
        for divisor in (None, 3, 7, 48_271, 2**20 - 1, 2**20 + 1, 2**24 - 1):
            args = {"strides": strides, "divisor_override": divisor, "data_format": data_format}
            result = pypool.avg_pool2d(x, k, **args)
            result = result if data_format == "channels_last" else np.moveaxis(result, 1, -1)
            at = -(-strides * np.arange(result.shape[2]) // k)
            with np.errstate(all="ignore"):
                expected = values[at] / np.dtype(dtype).type(divisor or k * k)
            for row in result[0]:
                assert_same(row, expected, args)


@pytest.mark.parametrize("data_format", FORMATS)
def test_the_mean_of_sixteen_million_tenths_is_a_tenth(data_format, isa):
    tenth = np.float32(0.1)
    x = np.full((1, 4096, 4096), tenth)
    if data_format == "channels_last":
        x = x.reshape(4096, 4096, 1)
    mean = pypool.global_avg_pool2d(x, data_format).item()
    assert abs(mean - tenth) <= 2 * np.spacing(tenth)
    mean = pypool.avg_pool2d(x, 4096, data_format=data_format).item()
    assert abs(mean - tenth) <= 2 * np.spacing(tenth)
    total = pypool.sum_pool2d(x, 4096, data_format=data_format).item()
    assert abs(total / 2**24 - tenth) <= 2 * np.spacing(tenth)


@pytest.mark.parametrize("shape", [(1, 2**22, 1), (1, 2**18, 16), (1, 16, 2**18)], ids=str)
def test_long_sums_stay_within_the_bound_of_a_pairwise_sum(shape, isa):
    x = np.random.default_rng(0).random(shape, np.float32)
    exact = x.sum(axis=1, dtype=np.float64)
    bound = (np.log2(shape[1]) + 2) * np.finfo(np.float32).eps * exact
    assert (np.abs(pypool.sum_pool1d(x, shape[1])[:, 0] - exact) <= bound).all()
    assert (np.abs(pypool.global_avg_pool1d(x) * shape[1] - exact) <= 2 * bound).all()


@pytest.mark.parametrize("k", [7, 31, 63])
def test_large_windows_add_pairwise(k, isa):
    tenth = np.float32(0.1)
    x = np.full((2, 90, 91), tenth)
    for data_format in FORMATS:
        mean = pypool.avg_pool2d(x, k, 1, "same", data_format=data_format)
        assert (np.abs(mean - tenth) <= 2 * np.spacing(tenth)).all()


@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("dtype", FLOATS)
def test_subnormals_are_kept(dtype, op, isa):
    dtype = cases.dtype_of(dtype)
    unsigned = np.dtype(f"uint{8 * dtype.itemsize}")
    x = np.arange(8, 8 * 67, 8).astype(unsigned).view(dtype)[None, :]
    for args in ({"pool_size": 2}, {"pool_size": 4, "strides": 1, "padding": "same"}):
        expected = reference.pool(op, x, axes=1, **args)
        result = pypool.pool(x, op=op, axes=1, **args)
        if op in ("max", "min", "sum"):
            assert_same(result, expected, args)
        else:  # the quotient is rounded to a subnormal, once
            off = result.view(unsigned).astype(int) - expected.view(unsigned).astype(int)
            assert np.abs(off).max() <= 1
        assert (result > 0).all()


def test_no_warning_is_given_whatever_the_values():
    x = cases.with_specials(cases.full_range("float16", (2, 30, 30, 3)))
    signalling = np.full((6, 6), 0x7FA00000, np.uint32).view(np.float32)
    with warnings.catch_warnings(), np.errstate(all="raise"):
        warnings.simplefilter("error")
        for op in OPS:
            for nan_policy in ("propagate", "omit"):
                getattr(pypool, f"{op}_pool2d")(x, 3, 2, "same", nan_policy=nan_policy)
                assert np.isnan(pypool.pool(signalling, 2, op=op, nan_policy=nan_policy)).all()
        pypool.sum_pool2d(np.full((4, 4), np.iinfo(np.int64).max), 2)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("op", ["sum", "avg"])
def test_sums_of_negative_zeros_are_negative_in_every_layout(op, dtype, isa):
    """Padding takes no part, so nothing there is a zero that is positive."""
    for nd, window, width, nan_policy in itertools.product(
        (1, 2), (2, 3), (1, 2, 8, 15, 40), ("propagate", "omit")
    ):
        x = -np.zeros((2, *(3,) * (nd - 1), width), np.float32).astype(cases.dtype_of(dtype))
        for layout in LAYOUTS:
            for axis in (1, nd + 1):
                last = axis > 1
                laid = layout(np.moveaxis(x, 0, -1) if last else x)
                result = getattr(pypool, f"{op}_pool{nd}d")(
                    laid, window, 1, 1, "channels_last" if last else "channels_first",
                    nan_policy=nan_policy,
                )  # fmt: skip
                assert np.signbit(result.astype(np.float64)).all(), (layout.__name__, width, nd)


@pytest.mark.parametrize("op", ["avg", "sum"])
@pytest.mark.parametrize("dtype", FLOATS)
def test_a_negative_zero_is_one_in_any_narrower_dtype(dtype, op):
    zeros = np.full(64, -0.0, dtype)
    for target in FLOATS:
        try:
            result = getattr(pypool, f"{op}_pool1d")(zeros, 2, dtype=target)
        except TypeError:
            assert (dtype, target) == ("bfloat16", "float16")
            continue
        assert not result.any()
        assert np.signbit(result.astype(float)).all(), target


def test_divisors_that_no_double_holds_are_the_same_in_every_layout():
    x = cases.small("float32", (2, 12, 12))
    for divisor in (2**53 + 2**29 + 1, 2**62 - 1):
        for size, strides in ((5, 1), (3, 1), (3, 2), (2, 2)):
            how = {"pool_size": size, "strides": strides, "divisor_override": divisor}
            expected = pypool.avg_pool2d(x, data_format="channels_first", **how)
            for laid_out in LAYOUTS:
                result = pypool.avg_pool2d(laid_out(x), data_format="channels_first", **how)
                assert_same(result, expected, size, laid_out.__name__)
            last = pypool.avg_pool2d(np.ascontiguousarray(x.transpose(1, 2, 0)), **how)
            assert_same(last.transpose(2, 0, 1), expected, size)
