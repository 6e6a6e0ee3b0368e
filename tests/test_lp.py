"""Lp pooling is the p-norm of each window, forward and backward, for any positive p."""

import itertools
import time
from fractions import Fraction

import cases
import numpy as np
import pytest
import reference
import reference_gradients as definition
from cases import DTYPES, FLOATS, FORMATS, LAYOUTS, RANKS, assert_close, assert_same, bits
from reference_gradients import eps_of, norm_bound

import pypool
from pypool import _runtime

EXACT = [1, 2, np.inf]  # the powers whose sums and roots round once for small integers
ROUNDED = [0.5, 1.5, 3, 4, 7.25]


def lp(nd, *args, **options):
    return getattr(pypool, f"lp_pool{nd}d")(*args, **options)


def backward(nd, *args, **options):
    return getattr(pypool, f"lp_pool{nd}d_backward")(*args, **options)


def moderate(dtype, shape, seed=0):
    """Values whose powers neither overflow nor vanish in float32."""
    rng = np.random.default_rng([seed, *shape])
    dtype = cases.dtype_of(dtype)
    if not cases.is_float(dtype):
        return cases.small(dtype.name, shape, seed)
    return (rng.standard_normal(shape) * 10.0 ** rng.integers(-1, 2, shape)).astype(dtype)


def refused(error, call, *mentions):
    with pytest.raises(error) as caught:
        call()
    for word in mentions:
        assert word in str(caught.value), caught.value


# --- the definition ------------------------------------------------------------------------------


def test_the_worked_example():
    x = np.array([[3.0, -4.0, 1.0, 1.0], [0.0, 0.0, 1.0, -1.0]])
    assert_same(pypool.lp_pool2d(x, 2, 2), np.array([[5.0, 2.0]]))
    assert_same(pypool.lp_pool2d(x, 1, 2), np.array([[7.0, 4.0]]))
    assert_same(pypool.lp_pool2d(x, np.inf, 2), np.array([[4.0, 1.0]]))
    gradient = pypool.lp_pool2d_backward([[10.0, 2.0]], x, [[5.0, 2.0]], 2, 2)
    assert_same(gradient, np.array([[6.0, -8.0, 1.0, 1.0], [0.0, 0.0, 1.0, -1.0]]))


@pytest.mark.parametrize("p", EXACT)
@pytest.mark.parametrize("dtype", DTYPES)
def test_norms_of_small_integers_equal_the_definition(dtype, p):
    paddings = cases.PADDINGS if dtype in ("uint8", *FLOATS) else ["same", "pairs"]
    for nd, data_format, padding in itertools.product(RANKS, FORMATS, paddings):
        x = cases.small(dtype, cases.shape(nd, data_format, size=(6, 5, 7), batch=1))
        for i, window in enumerate(cases.pool_sizes(nd)):
            args = {"padding": cases.padding(padding, nd), "data_format": data_format, **window}
            args["ceil_mode"] = i % 2 == 1
            expected = definition.lp(x, p, definition.windows(nd, x.shape, **args))
            for isa in _runtime.instruction_sets():
                with _runtime.instruction_set(isa):
                    assert_same(lp(nd, x, p, **args), expected, isa, nd, args)


@pytest.mark.parametrize("p", [*EXACT, *ROUNDED])
@pytest.mark.parametrize("dtype", [*FLOATS, "bool", "int8", "uint32", "int64"])
def test_norms_that_round_stay_within_the_bound(dtype, p):
    for nd, data_format in itertools.product(RANKS, FORMATS):
        x = moderate(dtype, cases.shape(nd, data_format, size=(6, 5, 7)))
        for window in [*cases.pool_sizes(nd), {"pool_size": (6, 5, 7)[:nd]}]:
            args = {"padding": "same", "data_format": data_format, **window}
            windows = definition.windows(nd, x.shape, **args)
            expected = definition.lp(x, p, windows)
            bound = norm_bound(expected, p, windows)
            for isa in _runtime.instruction_sets():
                with _runtime.instruction_set(isa):
                    assert_close(lp(nd, x, p, **args), expected, bound, isa, nd, args)


@pytest.mark.parametrize("dtype", cases.INTEGERS)
def test_integers_of_any_size_become_float64(dtype, isa):
    x = cases.full_range(dtype, (2, 7, 6, 3))
    for p in (1, 2, np.inf):
        for args in cases.pool_sizes(2):
            result = pypool.lp_pool2d(x, p, **args)
            assert result.dtype == np.float64
            expected = definition.lp(x, p, definition.windows(2, x.shape, **args))
            assert_close(result, expected, 1e-14 * expected, p, args)


@pytest.mark.parametrize("axis", ["width", "channels"])
@pytest.mark.parametrize("dtype", ["uint8", *FLOATS])
def test_every_width_past_four_vectors(dtype, axis):
    for width in range(1, 4 * 64 // cases.dtype_of(dtype).itemsize + 4, 1 + (dtype == "uint8")):
        shape = (1, 4, width) if axis == "width" else (4, 5, width)
        data_format = "channels_first" if axis == "width" else "channels_last"
        x = cases.small(dtype, shape)
        for p, window in zip(
            (2, 1, np.inf),
            ({"pool_size": 2}, {"pool_size": 3, "strides": 2, "padding": 1},
             {"pool_size": 3, "strides": 1, "padding": "same"}),
            strict=True,
        ):  # fmt: skip
            if axis == "width" and "padding" not in window and width < 2:
                continue  # no window fits
            args = {**window, "data_format": data_format}
            expected = definition.lp(x, p, definition.windows(2, shape, **args))
            for isa in _runtime.instruction_sets():
                with _runtime.instruction_set(isa):
                    assert_same(lp(2, x, p, **args), expected, isa, shape, args)


@pytest.mark.parametrize("shape", [(1, 70, 600, 1), (1, 90, 130, 6), (2, 9, 30, 40, 3)])
@pytest.mark.parametrize("dtype", ["uint8", "float16", "float32"])
def test_planes_of_which_few_rows_are_raised_at_once(dtype, shape):
    nd = len(shape) - 2
    x = cases.small(dtype, shape)
    for p, window in itertools.product((1, np.inf), cases.pool_sizes(nd)):
        args = {"padding": "same", **window}
        expected = definition.lp(x, p, definition.windows(nd, shape, **args))
        for laid_out in (np.asarray, *LAYOUTS[:3], *LAYOUTS[-3:]):
            pooled = getattr(pypool, f"lp_pool{nd}d")
            cases.assert_every_isa_gives(expected, pooled, laid_out(x), p, **args)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("dtype", ["uint8", "float16", "float32"])
def test_long_windows(dtype, channels):
    x = cases.small(dtype, (1, 700, channels))
    for k in (7, 40, 64, 65, 128, 300, 700):
        for how in ({"strides": 1 + k // 40}, {"strides": 5, "padding": "same"}):
            args = {"pool_size": k, **how}
            windows = definition.windows(1, x.shape, **args)
            for p in EXACT:
                expected = definition.lp(x, p, windows)
                for isa in _runtime.instruction_sets():
                    with _runtime.instruction_set(isa):
                        assert_same(lp(1, x, p, **args), expected, isa, args, p)


@pytest.mark.parametrize("p", [1 / 3, 0.5, 1.5, 2.73, 7.25, 33])
def test_powers_of_float64_of_any_size(p, isa):
    rng = np.random.default_rng(0)
    special = [0, -0.0, 5e-324, -1e-310, 2.3e-308, 1e-200, -1e200, 1.7e308, np.inf, np.nan]
    wide, near_1 = np.exp(rng.uniform(-708, 708, 4000)), 1 + rng.normal(0, 1e-3, 999)
    x = np.concatenate([wide, near_1, special])
    rng.shuffle(x)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        powers = (np.abs(x).astype(np.longdouble) ** np.longdouble(p)).astype(np.float64)
        roots = powers.astype(np.longdouble) ** np.longdouble(1 / p)
    result = pypool.lp_pool1d(x, p, 1)
    ordinary = (powers == 0) | (powers > 1e-300) | np.isnan(powers)
    expected = roots.astype(np.float64)[ordinary]
    bound = 1.5 * 2.0**-52 * (1 + 1 / p) * np.abs(expected)
    assert_close(result[ordinary], expected, np.where(np.isfinite(bound), bound, 0))
    alone = np.array([pypool.lp_pool1d(x[i : i + 1], p, 1)[0] for i in range(0, len(x), 7)])
    assert bits(alone) == bits(result[::7]), "what is beside an element changes its power"


@pytest.mark.parametrize("p", [*EXACT, *ROUNDED])
@pytest.mark.parametrize("dtype", FLOATS)
def test_nan_and_infinities(dtype, p):
    """Any NaN in the window gives NaN, and else any infinity infinity."""
    for nd, data_format in itertools.product(RANKS, FORMATS):
        shape = cases.shape(nd, data_format, size=(6, 5, 7))
        x = cases.with_specials(moderate(dtype, shape), share=0.02 + 0.2 * (nd == 1))
        for window in cases.pool_sizes(nd):
            args = {"padding": "same", "data_format": data_format, **window}
            windows = definition.windows(nd, shape, **args)
            expected = definition.lp(x, p, windows)
            special = ~np.isfinite(expected.astype(float))
            assert special.any()
            for isa in _runtime.instruction_sets():
                with _runtime.instruction_set(isa):
                    result = lp(nd, x, p, **args)
                    assert_same(result[special], expected[special], isa, args)
                    assert np.isfinite(result.astype(float)[~special]).all()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_halves_accumulate_in_float32(dtype, isa):
    if dtype not in FLOATS:
        pytest.skip("ml_dtypes is not installed")
    x = np.ones((4096, 3), cases.dtype_of(dtype))
    assert (pypool.lp_pool1d(x, 1, 4096) == 4096).all()
    assert (pypool.lp_pool1d(x, 2, 4096) == 64).all()
    x *= 200  # 200**2 * 4 is past the largest float16
    assert (pypool.lp_pool1d(x, 2, 4) == 400).all()


def test_pool_takes_the_norm_too(isa):
    x = cases.small("float32", (5, 6, 4, 7))
    for axes, p in itertools.product([None, 0, (1, 3), (3, 1), (0, 2, 3)], EXACT):
        windows = definition.windows_over(x.shape, axes, 2, padding="same")
        result = pypool.pool(x, 2, padding="same", op="lp", axes=axes, norm_type=p)
        assert_same(result, definition.lp(x, p, windows), axes, p)


def test_every_rank_keeps_its_axes(isa):
    for nd, batch in itertools.product(RANKS, range(4)):
        for data_format in [*FORMATS, None]:
            place = data_format or "channels_last"
            shape = (2, 1, 3)[:batch] + cases.shape(nd, place, size=(4, 5, 6))[1:]
            for whole in (shape, (4, 5, 6)[:nd]):
                x = cases.small("float32", whole)
                expected = definition.lp(x, 2, definition.windows(nd, whole, 2, data_format=place))
                assert_same(lp(nd, x, 2, 2, data_format=data_format), expected, whole)


# --- the gradient --------------------------------------------------------------------------------


def gradient_problem(dtype, nd, data_format, p, window, padding="same", zeros=False):
    """x, its norms by pypool, a gradient of them and the windows."""
    shape = cases.shape(nd, data_format, size=(6, 5, 7))
    args = {"padding": padding, "data_format": data_format, **window}
    x = moderate(dtype, shape)
    if zeros:
        x[np.random.default_rng(0).random(shape) < 0.6] = 0
    output = lp(nd, x, p, **args)
    grad = moderate(dtype, output.shape, seed=1)
    return x, output, grad, args, definition.windows(nd, shape, **args)


@pytest.mark.parametrize("p", [*EXACT, *ROUNDED])
@pytest.mark.parametrize("dtype", FLOATS)
def test_the_gradient_equals_the_definition(dtype, p):
    for nd, data_format in itertools.product(RANKS, FORMATS):
        for window, padding in zip(cases.pool_sizes(nd), [0, 1, "same", 1], strict=True):
            how = (dtype, nd, data_format, p, window, padding, p >= 1)
            x, output, grad, args, windows = gradient_problem(*how)
            shares = definition.lp_shares(grad, x, output, p, windows)
            expected = definition.lp_backward(grad, x, output, p, windows)
            for isa in _runtime.instruction_sets():
                with _runtime.instruction_set(isa):
                    result = backward(nd, grad, x, output, p, **args)
                    bound = definition.error_bound(expected, shares, windows, 12)
                    assert_close(result, expected, bound, isa, nd, args)


@pytest.mark.parametrize("p", [1, 2, 3])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_gradients_of_large_arrays(dtype, p):
    """Longer than what is worked out at once; windows apart, so each element has one share."""
    for data_format, shape in (
        ("channels_first", (1, 37, 64, 64)),
        ("channels_first", (5, 19, 32, 64)),
        ("channels_last", (3, 128, 130, 7)),
        ("channels_last", (1, 256, 258, 3)),
    ):
        args = {"pool_size": 2, "data_format": data_format}
        rows, columns = (2, 3) if data_format == "channels_first" else (1, 2)
        x = moderate(dtype, shape)
        output = pypool.lp_pool2d(x, p, **args)
        grad = moderate(dtype, output.shape, seed=1)
        share = (grad * output ** (1.0 - p)).astype(np.float64)
        expected = share.repeat(2, rows).repeat(2, columns) * np.sign(x)
        expected *= np.abs(x.astype(np.float64)) ** (p - 1)
        bound = 8 * eps_of(dtype) * np.abs(expected)
        out = np.empty(shape[::-1], dtype).T
        for given in (None, out):
            result = pypool.lp_pool2d_backward(grad, x, output, p, **args, out=given)
            assert_close(result, expected.astype(dtype), bound, data_format)
        assert_same(pypool.lp_pool2d_backward(grad, x, output, p, **args, out=x), result)


@pytest.mark.parametrize("p", [1, 1.5, 2, 3, 4])
@pytest.mark.parametrize("nd", RANKS)
def test_the_gradient_is_the_finite_difference(nd, p, isa):
    for data_format, window in itertools.product(FORMATS, cases.pool_sizes(nd)):
        how = ("float64", nd, data_format, p, window)
        x, output, grad, args, _ = gradient_problem(*how)
        x = x + np.sign(x)  # away from 0, where there is no derivative
        output = lp(nd, x, p, **args)
        direction = np.random.default_rng(nd).standard_normal(x.shape)
        step = 1e-6
        change = lp(nd, x + step * direction, p, **args) - lp(nd, x - step * direction, p, **args)
        gradient = backward(nd, grad, x, output, p, **args)
        scale = np.abs(grad).sum() * np.abs(direction).max()
        difference = (gradient * direction).sum() - (grad * change).sum() / (2 * step)
        assert abs(difference) < 1e-7 * scale, args


@pytest.mark.parametrize("data_format", FORMATS)
def test_the_gradient_for_infinity_goes_to_the_first_largest_magnitude(data_format, isa):
    for nd, dtype in itertools.product(RANKS, [*FLOATS, "int8", "uint8", "int64", "bool"]):
        shape = cases.shape(nd, data_format, size=(6, 5, 7))
        x = cases.small(dtype, shape)
        for window in cases.pool_sizes(nd):
            args = {"padding": "same", "data_format": data_format, **window}
            windows = definition.windows(nd, shape, **args)
            output = lp(nd, x, np.inf, **args)
            kind = dtype if dtype in FLOATS else "float64"
            grad = cases.small(kind, output.shape, 1)
            expected = definition.lp_backward(grad, x, output, np.inf, windows)
            assert_same(backward(nd, grad, x, output, np.inf, **args), expected, args)


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "int64"])
def test_the_lowest_integer_has_the_largest_magnitude(dtype, isa):
    low = np.iinfo(dtype).min
    x = np.array([5, low, low + 1, 7], dtype)
    output = pypool.lp_pool1d(x, np.inf, 4)
    assert output == -float(low)
    gradient = pypool.lp_pool1d_backward(np.ones(1), x, output, np.inf, 4)
    assert_same(gradient, np.array([0.0, -1, 0, 0]))
    output = pypool.lp_pool1d(x, 3, 4)
    gradient = pypool.lp_pool1d_backward(np.ones(1), x, output, 3, 4)
    windows = definition.windows(1, (4,), 4)
    expected = definition.lp_backward(np.ones(1), x, output, 3, windows)
    assert_close(gradient, expected, 1e-12 * np.abs(expected) + 1e-300)


@pytest.mark.parametrize("p", [0.5, 1, 1.5, 2, 3, np.inf])
@pytest.mark.parametrize("dtype", FLOATS)
def test_the_gradient_where_all_is_zero_is_zero(dtype, p, isa):
    for data_format, (i, window) in itertools.product(FORMATS, enumerate(cases.pool_sizes(2))):
        x = np.zeros(cases.shape(2, data_format), cases.dtype_of(dtype))
        if i % 2:
            x[...] = -0.0
        args = {"padding": "same", "data_format": data_format, **window}
        output = pypool.lp_pool2d(x, p, **args)
        assert not output.any()
        for value in (1, np.inf):
            grad = np.full_like(output, value)
            gradient = pypool.lp_pool2d_backward(grad, x, output, p, **args)
            assert_same(gradient, np.zeros_like(x) + 0, args, value)


@pytest.mark.parametrize("p", [1, 2, 3, np.inf])
def test_what_was_pooled_may_have_any_dtype(p, isa):
    """Its norms are float64 then, as in the forward call; the gradient has the dtype of grad."""
    for dtype, grad_dtype in itertools.product(DTYPES, FLOATS):
        x = cases.small(dtype, (2, 6, 5, 3))
        args = {"pool_size": 3, "strides": 2, "padding": 1}
        output = pypool.lp_pool2d(x, p, **args)
        grad = cases.small(grad_dtype, output.shape, 1)
        gradient = pypool.lp_pool2d_backward(grad, x, output, p, **args)
        assert gradient.dtype == grad.dtype
        windows = definition.windows(2, x.shape, **args)
        shares = definition.lp_shares(grad, x, output, p, windows)
        expected = definition.lp_backward(grad, x, output, p, windows)
        bound = definition.error_bound(expected, shares, windows, 12)
        assert_close(gradient, expected, bound, dtype, grad_dtype)


@pytest.mark.parametrize("p", [0.25, 0.5])
@pytest.mark.parametrize("data_format", FORMATS)
def test_the_gradient_of_an_element_of_zero_is_zero_below_1(data_format, p):
    """Of norms that float16 holds, and of those that it does not."""
    for size in ((9, 8), (20, 40)):
        x = cases.small("float16", cases.shape(2, data_format, size=size))
        args = {"pool_size": size, "strides": 5, "data_format": data_format}
        windows = definition.windows(2, x.shape, **args)
        output = pypool.lp_pool2d(x, p, **args)
        assert np.isinf(output).any() == (size[0] == 20 or p == 0.25)
        grad = np.ones(output.shape, np.float32)
        with np.errstate(all="raise"):
            result = pypool.lp_pool2d_backward(grad, x, output, p, **args)
        assert (x == 0).any()
        assert not result[x == 0].any()
        expected = definition.lp_backward(grad, x, output, p, windows)
        assert_close(result, expected, 1e-5 * np.abs(expected))


@pytest.mark.parametrize("p", [1, 2, 3, np.inf])
@pytest.mark.parametrize("dtype", FLOATS)
def test_the_gradient_of_something_special_stays_in_its_windows(dtype, p, isa):
    x = moderate(dtype, (1, 9, 8, 3))
    args = {"pool_size": 3, "strides": 2, "padding": 1}
    windows = definition.windows(2, x.shape, **args)
    output = pypool.lp_pool2d(x, p, **args)
    grad = np.zeros_like(output)
    for special in (np.nan, np.inf):
        grad[0, 2, 1, 1] = special
        expected = definition.lp_backward(grad, x, output, p, windows)
        assert_same(pypool.lp_pool2d_backward(grad, x, output, p, **args), expected, special)
        assert 0 < np.sum(~np.isfinite(expected.astype(float))) <= 9


@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("p", [1, 1.5, 2, 3, np.inf])
def test_the_gradient_of_norms_that_are_not_finite_is_the_formula(p, special, isa):
    """And no warning is given."""
    for dtype, data_format in itertools.product(FLOATS, FORMATS):
        x = moderate(dtype, cases.shape(2, data_format))
        x.flat[[17, 40]] = special
        args = {"pool_size": 3, "strides": 2, "padding": 1, "data_format": data_format}
        windows = definition.windows(2, x.shape, **args)
        output = pypool.lp_pool2d(x, p, **args)
        grad = np.ones_like(output)
        expected = definition.lp_backward(grad, x, output, p, windows)
        result = pypool.lp_pool2d_backward(grad, x, output, p, **args)
        assert_close(result, expected, 1e-5 + 8 * eps_of(x.dtype) * np.abs(expected.astype(float)))


def test_the_gradient_is_worked_out_in_the_widest_dtype_of_all(isa):
    """Powers of what was pooled need not fit the dtype of the gradient."""
    for dtype, p in itertools.product(["uint16", "int64", "float64"], [2, 9, 10, 12]):
        x = np.full((4, 3), 60_000, dtype)
        output = pypool.lp_pool1d(x, p, 4)
        windows = definition.windows(1, x.shape, 4)
        for grad_dtype in FLOATS:
            grad = np.ones((1, 3), cases.dtype_of(grad_dtype))
            expected = definition.lp_backward(grad, x, output, p, windows)
            result = pypool.lp_pool1d_backward(grad, x, output, p, 4)
            bound = 4 * eps_of(grad.dtype) * np.abs(expected.astype(float))
            assert_close(result, expected, bound, dtype, p)


@pytest.mark.parametrize("p", [1, 2, 3, np.inf])
def test_the_layout_of_anything_does_not_matter(p, isa):
    for dtype, data_format in itertools.product(["uint8", "float16", "float32"], FORMATS):
        args = {"pool_size": 3, "strides": 2, "padding": "same", "data_format": data_format}
        x = moderate(dtype, (2, 9, 37, 3))
        output = pypool.lp_pool2d(x, p, **args)
        grad = moderate("float32" if dtype == "uint8" else dtype, output.shape, 1)
        gradient = pypool.lp_pool2d_backward(grad, x, output, p, **args)
        for laid_out in LAYOUTS:
            given = laid_out(x), laid_out(output), laid_out(grad)
            before = [each.tobytes() for each in given]
            assert bits(pypool.lp_pool2d(given[0], p, **args)) == bits(output), laid_out.__name__
            result = pypool.lp_pool2d_backward(given[2], given[0], given[1], p, **args)
            assert bits(result) == bits(gradient), laid_out.__name__
            assert result.dtype.isnative
            assert [each.tobytes() for each in given] == before
            if laid_out is cases.read_only:
                continue
            out = laid_out(np.full_like(output, 77))
            assert pypool.lp_pool2d(x, p, **args, out=out) is out
            assert bits(out.astype(output.dtype)) == bits(output)
            out = laid_out(np.full_like(gradient, 77))
            assert pypool.lp_pool2d_backward(grad, x, output, p, **args, out=out) is out
            assert bits(out.astype(gradient.dtype)) == bits(gradient)


def test_out_may_overlap_what_it_is_made_of(isa):
    x = moderate("float32", (2, 9, 8, 3))
    for p in (1, 2, 3, np.inf):
        args = {"pool_size": 3, "strides": 1, "padding": "same"}
        output = pypool.lp_pool2d(x, p, **args)
        grad = moderate("float32", x.shape, 1)
        expected = pypool.lp_pool2d_backward(grad, x, output, p, **args)
        for which in range(3):
            given = [each.copy() for each in (grad, x, output)]
            result = pypool.lp_pool2d_backward(*given, p, **args, out=given[which])
            assert result is given[which]
            assert bits(result) == bits(expected), which
        here = x.copy()
        assert pypool.lp_pool2d(here, p, **args, out=here) is here
        assert bits(here) == bits(output)


@pytest.mark.parametrize("p", [1, 2, 3, 0.5, np.inf])
@pytest.mark.parametrize("dtype", ["uint8", *FLOATS])
def test_workers_instruction_sets_and_formats_give_the_same_bits(dtype, p):
    x = moderate(dtype, (2, 40, 31, 16))
    first = np.moveaxis(x, -1, 1).copy()
    for window in ({"pool_size": 2}, {"pool_size": 3, "strides": 2, "padding": 1}):
        seen, seen_back = set(), set()
        for isa in _runtime.instruction_sets():
            with _runtime.instruction_set(isa):
                for workers in (1, 2, 3, 8):
                    output = pypool.lp_pool2d(x, p, **window, workers=workers)
                    seen.add(bits(output))
                args = (output, x, output, p)
                for workers in (1, 3):
                    back = pypool.lp_pool2d_backward(*args, **window, workers=workers)
                    seen_back.add(bits(back))
                how = {**window, "data_format": "channels_first"}
                output = pypool.lp_pool2d(first, p, **how)
                seen.add(bits(np.moveaxis(output, 1, -1)))
                back = pypool.lp_pool2d_backward(output, first, output, p, **how)
                seen_back.add(bits(np.moveaxis(back, 1, -1)))
        assert len(seen) == len(seen_back) == 1, window


def test_an_empty_batch_gives_empty_results(isa):
    for nd, data_format, p in itertools.product(RANKS, FORMATS, [1, 2, 3, np.inf]):
        x = np.zeros(cases.shape(nd, data_format, batch=0), np.float32)
        output = lp(nd, x, p, 2, data_format=data_format)
        assert output.size == 0
        gradient = backward(nd, output, x, output, p, 2, data_format=data_format)
        assert_same(gradient, x)


@pytest.mark.parametrize("scale", [1, 0.006, 1e-8, 1e8, "mixed"])
@pytest.mark.parametrize("p", [2.5, 5, 20, 25, 300])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_gradient_is_finite_whatever_the_powers(dtype, p, scale, isa):
    """By the ratio of an element to its norm, which is never past 1, in extended precision."""
    rng = np.random.default_rng(1)
    x = rng.standard_normal((400, 2))
    x *= 10.0 ** rng.integers(-20, 20, (400, 1)) if scale == "mixed" else scale
    x[::7, 0] = x[::11] = 0
    x = x.astype(dtype)
    wide = np.abs(x).astype(np.longdouble)
    most = np.maximum(wide.max(axis=1, keepdims=True), np.finfo(dtype).tiny)
    output = most * ((wide / most) ** p).sum(axis=1, keepdims=True) ** (1 / np.longdouble(p))
    output = output.astype(dtype)
    grad = rng.standard_normal((400, 1)).astype(dtype)
    norm = np.where(output == 0, 1, output).astype(np.longdouble)
    expected = grad * np.sign(x) * (wide / norm) ** (p - 1) * (output != 0)
    result = pypool.lp_pool1d_backward(
        grad.reshape(-1), x.reshape(-1), output.reshape(-1), p, 2
    ).reshape(x.shape)
    assert np.isfinite(result).all()
    # What is less than 2**-100 of its gradient may be lost.
    bound = 8 * p * np.finfo(dtype).eps * np.abs(expected) + 2.0**-100 * np.abs(grad)
    np.testing.assert_array_less(np.abs(result - expected), bound)


@pytest.mark.parametrize("p", [0.5, 1, 1.5, 2, 3, 4, 7, np.inf])
def test_any_byte_of_a_bool_but_zero_is_true(p, isa):
    x = np.array([0, 2, 255, 1, 0, 0, 3, 128], np.uint8)
    expected = pypool.lp_pool1d(x.astype(bool), p, 4)
    assert_same(pypool.lp_pool1d(x.view(bool), p, 4), expected)
    assert_close(expected, np.full(2, 1.0) * (np.array([3, 2]) ** (1 / p)), 1e-14)


@pytest.mark.parametrize("dtype", FLOATS)
def test_the_least_norm_type_there_is(dtype, isa):
    x = cases.dtype_of(dtype).type(1) * np.ones(4, cases.dtype_of(dtype))
    assert_same(pypool.lp_pool1d(x, 5e-324, 1), x)
    assert_same(pypool.lp_pool1d(x, 5e-324, 2), np.full(2, np.inf).astype(x.dtype))


# --- arguments -----------------------------------------------------------------------------------


def test_a_norm_type_that_is_no_positive_number_is_refused():
    x, grad = np.ones((4, 4)), np.ones((2, 2))
    for p, error in [(0, ValueError), (-1, ValueError), (-0.5, ValueError), (np.nan, ValueError),
                     (-np.inf, ValueError), (None, TypeError), ("2", TypeError), (True, TypeError),
                     (np.True_, TypeError), (1j, TypeError), ([2], TypeError),
                     (np.array([2.0]), TypeError)]:  # fmt: skip
        refused(error, lambda: pypool.lp_pool2d(x, p, 2), "norm_type")  # noqa: B023
        refused(error, lambda: pypool.lp_pool2d_backward(grad, x, grad, p, 2), "norm_type")  # noqa: B023
        refused(error, lambda: pypool.pool(x, 2, op="lp", norm_type=p), "norm_type")  # noqa: B023
    for op in ("max", "avg"):
        refused(TypeError, lambda: pypool.pool(x, 2, op=op, norm_type=2), "norm_type", op)  # noqa: B023
    refused(TypeError, lambda: pypool.pool(x, 2, op="lp"), "norm_type")
    refused(TypeError, lambda: pypool.pool(x, 2, op="lp", norm_type=2, nan_policy="omit"), "nan")


def test_a_norm_type_may_be_any_positive_number():
    x = cases.small("float32", (6, 6))
    for p in (2, 2.0, np.float32(2), np.int8(2), np.float64(2), np.uint64(2)):
        expected = definition.lp(x, 2, definition.windows(2, x.shape, 2))
        assert_same(pypool.lp_pool2d(x, p, 2), expected, type(p))
        gradient = pypool.lp_pool2d_backward(expected, x, expected, p, 2)
        assert_close(gradient, x, 1e-5 * np.abs(x))


def test_calls_of_other_powers_are_not_mixed_up():
    x = cases.small("float32", (2, 9, 8, 3))
    for _ in range(3):
        for p in (1, 2, 2.0, np.inf, 1.0, 3, 2**0.5, np.nextafter(2**0.5, 2)):
            windows = definition.windows(2, x.shape, 2)
            result = pypool.lp_pool2d(x, p, 2)
            bound = norm_bound(result, p, windows)
            assert_close(result, definition.lp(x, p, windows), bound, p)
        assert_same(pypool.max_pool2d(x, 2), reference.pool_nd("max", 2, x, 2))
        refused(TypeError, lambda: pypool.lp_pool2d(x, True, 2), "norm_type")
        refused(TypeError, lambda: pypool.lp_pool2d(x, "2", 2), "norm_type")


def test_shapes_that_do_not_fit_are_refused():
    x, output = np.ones((2, 4, 5, 3)), np.ones((2, 2, 2, 3))
    for grad, x_here, output_here, mention in [
        (output[:1], x, output[:1], "grad"),
        (output, x, output[:1], "output"),
        (output[:1], x, output, "output"),
        (output, x[:1], output, "grad"),
        (output, x[:, :, :3], output, "grad"),
        (output, x, output[0], "output"),
    ]:
        for p in (1, 2, 3, np.inf):
            call = lambda: pypool.lp_pool2d_backward(grad, x_here, output_here, p, 2)  # noqa: B023, E731
            refused(ValueError, call, mention, "shape")


def test_other_dtypes_are_refused_by_name():
    x, output = np.ones((4, 4)), np.ones((2, 2))
    for dtype in ("complex64", "object"):
        name = np.dtype(dtype).name
        refused(TypeError, lambda: pypool.lp_pool2d(x.astype(dtype), 2, 2), name)  # noqa: B023
        for args in (
            (output.astype(dtype), x, output),
            (output, x.astype(dtype), output),
            (output, x, output.astype(dtype)),
        ):
            refused(TypeError, lambda: pypool.lp_pool2d_backward(*args, 2, 2), name)  # noqa: B023


@pytest.mark.parametrize(
    ("values", "p", "grad", "dtype"),
    [
        ([1.25e-4, 1e-5], 10, 65536, "float32"),
        ([1.5e-5, 1e-5], 8, 65504, "float16"),
        ([7000, 700, 7], 10, 1e-10, "float32"),
        ([7000, 100], 10, 1e-12, "float32"),
        ([1e-18, 1e-19], 2, 1e19, "float32"),
        ([1e20, 1e20], 0.5, 1e30, "float32"),
        ([1e-19, 1e-20], 1.5, 1e30, "float32"),
        ([1e-200, 1e-201], 1.5, 1e200, "float64"),
        ([1e100, 2e100], 3, 1e300, "float64"),
        ([1, 0.999, 0.6], 1100, 1, "float64"),
        ([1, -0.999], 5000, 1e300, "float64"),
        ([1, 1], 1026, 1, "float32"),
        ([1, 1], 1020, 64, "float64"),
        ([0.5, 0.25, 0], 900, 1e-300, "float64"),
    ],
)
def test_powers_and_gradients_that_leave_the_dtype_only_together_are_no_loss(
    values, p, grad, dtype
):
    x, grad = np.array(values, dtype), np.array([grad], dtype)
    output = pypool.lp_pool1d(x, p, len(x))
    assert np.isfinite(output).all()
    ratio = np.abs(x).astype(float) / output.astype(float)
    expected = grad.astype(float) * np.sign(x) * (ratio ** (p - 1) if output else 0)
    result = pypool.lp_pool1d_backward(grad, x, output, p, len(x))
    tolerance = (8 + p * 2**-52 / eps_of(dtype)) * eps_of(dtype)
    smallest = max(2.0**-100 * abs(float(grad[0])), float(np.finfo(dtype).smallest_subnormal))
    np.testing.assert_allclose(result.astype(float), expected, rtol=tolerance, atol=smallest)


@pytest.mark.parametrize(
    ("values", "p", "grad"),
    [([0.1, 0.1], 800, 1), ([1e-110, 1e-110], 3, 1e300), ([1e-160, -1e-160], 2.5, -1e200),
     ([1e-200, 0], 2, 1e300), ([5e-324, 5e-324], 0.5, 1e300), ([1e-300, 1], 40, np.inf)],
)  # fmt: skip
def test_the_gradient_of_a_norm_of_zero_is_zero_whatever_the_powers(values, p, grad):
    x, grad = np.array(values), np.array([float(grad)])
    result = pypool.lp_pool1d_backward(grad, x, np.zeros(1), p, 2)
    assert_same(result, np.zeros(2))


@pytest.mark.parametrize("p", [0.5, 1, 1.5, 2, 3, 800, np.inf])
@pytest.mark.parametrize(
    "window, stride, dilation, padding",
    [(2, 3, 1, 0), (2, 2, 1, 0), (3, 1, 2, 1), (3, 4, 2, 2), (3, 2, 4, 0), (2, 1, 20, 0)],
)
def test_an_element_that_no_window_meets_has_no_gradient(window, stride, dilation, padding, p):
    size = 23
    outputs = (size + 2 * padding - (window - 1) * dilation - 1) // stride + 1
    at = np.arange(outputs)[:, None] * stride - padding + np.arange(window) * dilation
    unmet = np.setdiff1d(np.arange(size), at)
    args = {"strides": stride, "dilation": dilation, "padding": ((padding, padding),)}
    for special, dtype in itertools.product((np.inf, -np.inf, np.nan), ("float32", "float64")):
        x = np.random.default_rng(1).uniform(0.5, 2, (size, 3)).astype(dtype)
        output = lp(1, x, p, window, **args)
        grad = np.ones_like(output)
        expected = backward(1, grad, x, output, p, window, **args)
        x[unmet] = special
        made = backward(1, grad, x, output, p, window, **args)
        assert (made[unmet] == 0).all()
        assert_same(made, expected)


@pytest.mark.parametrize(
    ("dtype", "values", "output", "grad"),
    [("float32", [3e9, -4e9], 5e9, 1e-35), ("float32", [3e-5, 4e-5], 5e-5, 1e35),
     ("float32", [3e37, 4e37], 5e37, 1e-2), ("float32", [3e-39, 0], 3e-39, 1e10),
     ("bfloat16", [3e-5, 4e-5], 5e-5, 1e35), ("bfloat16", [3e9, 4e9], 5e9, 1e-35),
     ("float64", [3e-10, -4e-10], 5e-10, 1e300), ("float64", [3e200, 4e200], 5e200, 1e-250),
     ("float64", [3e307, 4e307], 5e307, 1e-3), ("float64", [3e-310, 4e-310], 5e-310, 1e10)],
)  # fmt: skip
def test_the_gradient_of_a_2_norm_is_there_where_its_dtype_holds_it(dtype, values, output, grad):
    """Though the gradient by the norm may not be."""
    if dtype not in FLOATS:
        pytest.skip("ml_dtypes is not installed")
    x, output, grad = (np.array(a, cases.dtype_of(dtype)) for a in (values, [output], [grad]))
    share = Fraction(float(grad[0])) / Fraction(float(output[0]))
    expected = np.array([float(share * Fraction(float(value))) for value in x])
    result = pypool.lp_pool1d_backward(grad, x, output, 2, 2)
    assert result.dtype == x.dtype
    np.testing.assert_allclose(result.astype(float), expected, rtol=2 * eps_of(dtype))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_2_norms_far_from_their_gradients_beside_others(dtype):
    """The bits are the same in any format and for any number of workers."""
    rng = np.random.default_rng(5)
    shape, far = (2, 9, 8, 6), 1 if dtype == "float32" else 8
    args = {"pool_size": 3, "strides": 2, "padding": 1}
    x = rng.standard_normal(shape) * 10.0 ** (far * np.array([-15, -9, 0, 5, 10, 15]))
    x[rng.random(shape) < 0.4] = 0
    x = x.astype(dtype)
    output = pypool.lp_pool2d(x, 2, **args)
    grad = rng.standard_normal(output.shape) * 10.0 ** (far * np.array([35, 30, 0, -20, -30, -36]))
    grad[rng.random(grad.shape) < 0.4] = 0
    grad = grad.astype(dtype)
    windows = definition.windows(2, shape, **args)
    unit = 10.0 ** (far * np.array([-15, -9, 0, 5, 10, 15]))  # powers by which norms are near 1
    expected = definition.lp_backward(grad.astype(float), x / unit, output / unit, 2, windows)
    shares = definition.lp_shares(grad.astype(float), x / unit, output / unit, 2, windows)
    bound = definition.error_bound(expected.astype(dtype), shares, windows, 12)
    result = pypool.lp_pool2d_backward(grad, x, output, 2, **args)
    assert_close(result, expected.astype(dtype), bound)
    first = [np.moveaxis(array, -1, 1).copy() for array in (grad, x, output)]
    for workers in (1, 3):
        again = pypool.lp_pool2d_backward(
            *first, 2, **args, data_format="channels_first", workers=workers
        )
        assert bits(np.moveaxis(again, 1, -1)) == bits(result)


@pytest.mark.parametrize("p", [1, 2, 3, 900, np.inf])
def test_gradients_of_as_many_axes_as_an_array_may_have(p):
    for value, norm in ((0.0, 0.0), (1.0, 1.0), (1e-200, 1e-200)):
        x = np.full((1,) * 64, value)
        output, grad = np.full_like(x, norm), np.ones_like(x)
        result = pypool.lp_pool2d_backward(grad, x, output, p, 1)
        assert_close(result, np.full_like(x, norm > 0), 1e-15)


def test_an_out_of_a_wider_dtype_holds_the_gradient_in_its_own():
    x = moderate("float16", (4, 6))
    for p in (2, 3, np.inf):
        output = pypool.lp_pool2d(x, p, 2)
        expected = pypool.lp_pool2d_backward(output, x, output, p, 2)
        out = np.empty(x.shape)
        assert pypool.lp_pool2d_backward(output, x, output, p, 2, out=out) is out
        assert_same(out, expected.astype(float), p)


@pytest.mark.parametrize(
    ("size", "window", "strides", "padding", "dilation"),
    [((9, 8), (3, 3), (2, 1), ((1, 1), (2, 0)), 1), ((9, 8), (3, 2), (1, 2), "same", 2),
     ((1, 5000), (1, 4500), (1, 100), "valid", 1), ((9, 8), (2, 3), (3, 4), "valid", 1),
     ((5, 8), (31, 6), (1, 1), "same", 1), ((9, 8), (3, 3), (1, 2), "same_lower", 3),
     ((3, 8), (3, 3), (1, 5), "same", 50), ((1, 4), (1, 1 << 12), (1, 1), "same", 1)],
)  # fmt: skip
def test_overlapping_norms_past_any_power_have_the_gradient_of_their_ratios(
    size, window, strides, padding, dilation
):
    """Beside others that are not, whatever the format; summed in extended precision."""
    rng = np.random.default_rng(3)
    x = rng.standard_normal((2, *size, 3)) * 10.0 ** rng.integers(-20, 20, (2, 1, 1, 3))
    x[0, ..., 0] /= np.abs(x[0, ..., 0]).max()
    args = {"pool_size": window, "strides": strides, "padding": padding, "dilation": dilation}
    p = 40
    output = pypool.max_pool2d(np.abs(x), **args)
    grad = rng.standard_normal(output.shape)
    grad[1] *= 1e-60
    result = pypool.lp_pool2d_backward(grad, x, output, p, **args)
    first = [np.moveaxis(array, -1, 1) for array in (grad, x, output)]
    planes = [array.reshape(6, -1).astype(np.longdouble) for array in first]
    expected, bound = np.zeros((2, *planes[1].shape), np.longdouble)
    for w, taps in enumerate(definition.windows(2, x.shape, **args).taps):
        met = taps[taps >= 0]
        shares = planes[0][:, w, None] * (np.abs(planes[1][:, met]) / planes[2][:, w, None]) ** (
            p - 1
        )
        expected[:, met] += shares * np.sign(planes[1][:, met])
        bound[:, met] += np.abs(shares) + 2.0**-100 * np.abs(planes[0][:, w, None])
    error = np.abs(np.moveaxis(result, -1, 1).reshape(6, -1) - expected)
    np.testing.assert_array_less(error, 1e-12 * bound + 1e-300)
    again = pypool.lp_pool2d_backward(*first, p, **args, data_format="channels_first")
    assert bits(np.moveaxis(again, 1, -1)) == bits(result)


@pytest.mark.parametrize("p", [1e5, 1e8, 1e300, np.finfo(float).max])
def test_the_gradient_of_any_power_takes_no_longer(p):
    x = np.linspace(0.5, 1, 100000)
    bound = 4 * eps_of("float64") * x
    for values in (x, 1e-300 * x):
        assert_close(pypool.lp_pool1d_backward(x, values, values, p, 1), x, bound)
    halves = np.array([600.0, -1200.0])
    gradient = pypool.lp_pool1d_backward(np.array([3.0]), halves, np.array([1200.0]), p, 2)
    assert_close(gradient, np.array([0.0, -3.0]), np.array([0, 1e-15]))


def test_gradients_past_any_power_take_little_longer():
    """Whatever the powers of two that norms lie between, and where no power reaches any window."""
    x = np.random.default_rng(0).integers(100, 256, (128, 128)).astype(np.uint8)
    args = {"pool_size": 31, "strides": 1, "padding": "same", "workers": 1}
    output = pypool.max_pool2d(x, **args).astype(float)

    def seconds(p, scale):
        times = []
        for _ in range(3):
            started = time.process_time()
            pypool.lp_pool2d_backward(output, x * scale, output * scale, p, **args)
            times.append(time.process_time() - started)
        return min(times)

    quick = seconds(80, 1)
    assert seconds(95, 1) < 50 * quick
    assert seconds(5000, 1e-100) < 50 * quick


@pytest.mark.parametrize("size", [4, 1000])
def test_windows_far_larger_than_the_plane_take_no_more_room(size):
    """Each holds all of it, at a norm past any power."""
    x, grad = np.full(size, 1e200), np.full(size, 1e-300)
    for window, dilation in ((1 << 40, 1), (3, 1 << 40)):
        args = {"strides": 1, "padding": "same", "dilation": dilation}
        windows = size if dilation == 1 else 1  # else each meets an element alone
        result = pypool.lp_pool1d_backward(grad, x, x, 9, window, **args)
        assert_close(result, np.full(size, windows * 1e-300), size * 1e-315)


def test_the_gradient_of_one_channel_is_none_of_anothers_business():
    x, grad = np.ones((1, 300, 300, 2)), np.full((1, 300, 300, 2), 1e300)
    grad[..., 1] = 1e-60
    for p in (2, 2.5, 3):
        assert_same(pypool.lp_pool2d_backward(grad, x, x, p, 1), grad)
        how = {"data_format": "channels_first"}
        first = [np.moveaxis(array, -1, 1) for array in (grad, x, x)]
        assert_same(pypool.lp_pool2d_backward(*first, p, 1, **how), np.moveaxis(grad, -1, 1))
