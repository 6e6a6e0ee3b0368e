"""Adaptive pooling covers [floor(o*n/m), ceil((o + 1)*n/m)), forward and backward."""

import itertools

import cases
import numpy as np
import pytest
import reference
import reference_gradients as definition
from cases import DTYPES, FLOATS, FORMATS, LAYOUTS, RANKS, assert_close, assert_same, bits

import pypool
from pypool import _runtime

KINDS = ["plane", "sample", "tensor"]
SIZES = [1, 2, 3, (2, 5, 3), (6, 4, 1), (7, 9, 10), 13]


def adaptive(op, nd, *args, **options):
    return getattr(pypool, f"adaptive_{op}_pool{nd}d")(*args, **options)


def backward(op, nd, *args, **options):
    return getattr(pypool, f"adaptive_{op}_pool{nd}d_backward")(*args, **options)


def size_for(size, nd):
    return size[:nd] if isinstance(size, tuple) else size


def result_shape(shape, windows):
    sizes = dict(zip(windows.axes, windows.outputs, strict=True))
    return tuple(sizes.get(axis, size) for axis, size in enumerate(shape))


def divisible_grad(dtype, shape, windows):
    """A gradient every element of which its window divides into integers."""
    grad = cases.small("float64", result_shape(shape, windows)) // 2
    counts = definition.from_planes(
        windows.real.sum(axis=-1), windows.outputs, range(len(windows.axes))
    )
    place = [1] * len(shape)
    for axis, size in zip(windows.axes, windows.outputs, strict=True):
        place[axis] = size
    return (grad * counts.reshape(place)).astype(cases.dtype_of(dtype))


def refused(error, call, *mentions):
    with pytest.raises(error) as caught:
        call()
    for word in mentions:
        assert word in str(caught.value), caught.value


# --- the definition ------------------------------------------------------------------------------


def test_the_worked_example():
    x = np.array([0.0, 1, 2, 3, 4])
    assert_same(pypool.adaptive_avg_pool1d(x, 3), np.array([0.5, 2, 3.5]))
    assert_same(pypool.adaptive_max_pool1d(x, 3), np.array([1.0, 3, 4]))
    assert_same(pypool.adaptive_max_pool1d(x, 7), np.array([0.0, 1, 2, 2, 3, 4, 4]))
    gradient = pypool.adaptive_avg_pool1d_backward(np.array([2.0, 3, 2]), (5,), 3)
    assert_same(gradient, np.array([1.0, 2, 1, 2, 1]))


@pytest.mark.parametrize("dtype", DTYPES)
def test_adaptive_pool_equals_the_definition(dtype):
    sizes = SIZES if dtype in ("uint8", "int64", *FLOATS) else SIZES[1::3]
    for nd, data_format, size in itertools.product(RANKS, FORMATS, sizes):
        shape = cases.shape(nd, data_format, size=(7, 9, 5))
        x = cases.small(dtype, shape)
        size_here = size_for(size, nd)
        windows = definition.bins(nd, shape, size_here, data_format)
        mean = definition.adaptive_avg(x, windows)
        pairs = {k: definition.locate("max", x, windows, index_kind=k, nd=nd) for k in KINDS}
        args = (nd, x, size_here, data_format)
        for isa in _runtime.instruction_sets():
            with _runtime.instruction_set(isa):
                assert_same(adaptive("avg", *args), mean, isa, shape)
                assert_same(adaptive("max", *args), pairs["plane"][0], isa, shape)
                for kind, (values, indices) in pairs.items():
                    result = adaptive("max", *args, return_indices=True, index_kind=kind)
                    assert_same(result[0], values, isa, shape)
                    assert_same(result[1], indices, isa, shape, kind)


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("dtype", FLOATS)
def test_gradients_equal_the_definition(dtype, size):
    for nd, data_format in itertools.product(RANKS, FORMATS):
        shape = cases.shape(nd, data_format, size=(7, 9, 5))
        x = cases.small("int16", shape)
        size_here = size_for(size, nd)
        windows = definition.bins(nd, shape, size_here, data_format)
        grad = divisible_grad(dtype, shape, windows) if np.prod(size) < 100 else (
            cases.small(dtype, result_shape(shape, windows)))  # fmt: skip
        mean = definition.spread("avg", grad, windows)
        bound = definition.error_bound(mean, definition.shared("avg", grad, windows), windows)
        grad_of_max = cases.small(dtype, grad.shape)
        found = {k: definition.locate("max", x, windows, index_kind=k, nd=nd)[1] for k in KINDS}
        expected = definition.followed(grad_of_max, found["plane"], windows)
        for isa in _runtime.instruction_sets():
            with _runtime.instruction_set(isa):
                result = backward("avg", nd, grad, shape, size_here, data_format)
                assert_close(result, mean, bound, isa, shape)
                for kind, indices in found.items():
                    args = (grad_of_max, indices, shape, size_here, data_format)
                    result = backward("max", nd, *args, index_kind=kind)
                    assert_same(result, expected, isa, shape, kind)


@pytest.mark.parametrize("dtype", ["uint8", "float16", "float32"])
def test_every_length_and_every_output_size(dtype):
    for n, channels in itertools.product(range(1, 17), [1, 3]):
        x = cases.small(dtype, (1, n, channels))
        for m in range(1, 20):
            windows = definition.bins(1, x.shape, m)
            values, indices = definition.locate("max", x, windows)
            actual = pypool.adaptive_max_pool1d(x, m, return_indices=True)
            assert_same(actual[0], values, n, m)
            assert_same(actual[1], indices, n, m)
            assert_same(pypool.adaptive_max_pool1d(x, m), values, n, m)
            mean = definition.adaptive_avg(x, windows)
            assert_same(pypool.adaptive_avg_pool1d(x, m), mean, n, m)
            if cases.is_float(x.dtype):
                grad = divisible_grad(dtype, x.shape, windows)
                expected = definition.spread("avg", grad, windows)
                result = pypool.adaptive_avg_pool1d_backward(grad, x.shape, m)
                assert_same(result, expected, n, m)


@pytest.mark.parametrize("axis", ["width", "channels"])
@pytest.mark.parametrize("dtype", ["uint8", "float16", "float32"])
def test_every_width_past_four_vectors(dtype, axis):
    for width in range(1, 4 * 64 // cases.dtype_of(dtype).itemsize + 4, 1 + (dtype == "uint8")):
        shape = (1, 3, width) if axis == "width" else (3, 4, width)
        data_format = "channels_first" if axis == "width" else "channels_last"
        x = cases.small(dtype, shape)
        for size in ((2, 3), (2, width // 2 + 1)):
            windows = definition.bins(2, shape, size, data_format)
            values, indices = definition.locate("max", x, windows)
            mean = definition.adaptive_avg(x, windows)
            of = cases.dtype_of(dtype if cases.is_float(x.dtype) else "float64")
            grad = divisible_grad(of, shape, windows)
            shared = definition.spread("avg", grad, windows)
            for isa in _runtime.instruction_sets():
                with _runtime.instruction_set(isa):
                    actual = adaptive("max", 2, x, size, data_format, return_indices=True)
                    assert_same(actual[0], values, isa, shape, size)
                    assert_same(actual[1], indices, isa, shape, size)
                    result = adaptive("avg", 2, x, size, data_format)
                    assert_same(result, mean, isa, shape, size)
                    result = backward("avg", 2, grad, shape, size, data_format)
                    assert_same(result, shared, isa, shape, size)


LONG = [  # bins longer than 64, 256 and 65536; planes wider than 256; more bins than fit in L1
    (1, (1, 30_000, 1), 13_000),
    (2, (1, 3, 9000, 2), (2, 4001)),
    (1, (1, 1000, 1), 3),
    (1, (1, 1000, 3), 7),
    (1, (2, 199, 5), 3),
    (1, (1, 140_000, 1), 2),
    (1, (1, 140_001, 1), 2),
    (2, (1, 40, 41, 1), (3, 2)),
    (2, (1, 5, 700, 3), (2, 9)),
    (2, (1, 700, 5, 1), (9, 2)),
    (3, (1, 11, 12, 13, 3), (2, 5, 2)),
]


@pytest.mark.parametrize("nd, shape, size", LONG, ids=str)
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float16", "float32"])
def test_long_bins(dtype, nd, shape, size):
    late = np.zeros(shape, cases.dtype_of(dtype))
    late.reshape(-1)[300::256] = 1
    for x in (late, cases.full_range(dtype, shape)):
        for data_format in FORMATS:
            laid = x if data_format == "channels_last" else np.moveaxis(x, -1, 1).copy()
            windows = definition.bins(nd, laid.shape, size, data_format)
            values, indices = definition.locate("max", laid, windows)
            for isa in _runtime.instruction_sets():
                with _runtime.instruction_set(isa):
                    actual = adaptive("max", nd, laid, size, data_format, return_indices=True)
                    assert_same(actual[0], values, isa)
                    assert_same(actual[1], indices, isa)
                    assert_same(adaptive("max", nd, laid, size, data_format), values, isa)
            if x is late:
                mean = definition.adaptive_avg(laid, windows)
                assert_same(adaptive("avg", nd, laid, size, data_format), mean)


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("dtype", FLOATS)
def test_averages_that_round_stay_within_the_bound_of_a_pairwise_sum(dtype, data_format, isa):
    for nd, size in itertools.product(RANKS, [1, 2, (3, 2, 4), 6]):
        shape = cases.shape(nd, data_format, size=(9, 40, 7))
        x = cases.full_range(dtype, shape)
        windows = definition.bins(nd, shape, size_for(size, nd), data_format)
        result = adaptive("avg", nd, x, size_for(size, nd), data_format)
        expected = definition.adaptive_avg(x, windows)
        scale = definition.adaptive_avg(np.abs(x.astype(np.float64)), windows)
        levels = np.ceil(np.log2(windows.taps.shape[1])) + 2
        eps = np.finfo(np.float64 if dtype == "float64" else np.float32).eps
        last = 2.0**-7 if dtype == "bfloat16" else np.finfo(dtype).eps
        bound = levels * eps * scale + last * np.abs(result.astype(np.float64)) + 1e-7 * (
            dtype == "float16")  # fmt: skip
        assert_close(result, expected, bound, nd, size)


@pytest.mark.parametrize("dtype", FLOATS)
def test_a_nan_propagates_and_points_at_itself(dtype):
    for nd, data_format in itertools.product(RANKS, FORMATS):
        shape = cases.shape(nd, data_format, size=(7, 9, 5))
        for share in (0.02, 0.3):
            x = cases.with_specials(cases.small(dtype, shape), share=share)
            windows = definition.bins(nd, shape, 3, data_format)
            values, indices = definition.locate("max", x, windows)
            with np.errstate(invalid="ignore"):
                mean = definition.adaptive_avg(x, windows)
            for isa in _runtime.instruction_sets():
                with _runtime.instruction_set(isa):
                    actual = adaptive("max", nd, x, 3, data_format, return_indices=True)
                    assert_same(actual[0], values, isa)
                    assert_same(actual[1], indices, isa)
                    assert_same(adaptive("max", nd, x, 3, data_format), values, isa)
                    assert_same(adaptive("avg", nd, x, 3, data_format), mean, isa)


@pytest.mark.parametrize("value", [-np.inf, np.inf, np.nan, 0.0])
@pytest.mark.parametrize("dtype", FLOATS)
def test_of_equal_elements_the_first_is_taken(dtype, value, isa):
    for nd, data_format, size in itertools.product(RANKS, FORMATS, SIZES):
        shape = cases.shape(nd, data_format, size=(7, 9, 5))
        x = np.full(shape, value, cases.dtype_of(dtype))
        windows = definition.bins(nd, shape, size_for(size, nd), data_format)
        _, indices = definition.locate("max", x, windows)
        args = (x, size_for(size, nd), data_format)
        assert_same(adaptive("max", nd, *args, return_indices=True)[1], indices, size)


# --- the derivative ------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("data_format", FORMATS)
def test_gradients_are_adjoint_and_the_finite_differences(data_format, size, isa):
    for nd in RANKS:
        shape = cases.shape(nd, data_format, size=(7, 9, 5))
        args = (size_for(size, nd), data_format)
        rng = np.random.default_rng(nd)
        x = rng.permutation(np.prod(shape)).astype(float).reshape(shape)
        direction = rng.integers(-3, 4, shape)
        step = 2.0**-4  # so short that the same elements are the largest
        for op in ("max", "avg"):
            result = adaptive(op, nd, x, *args)
            grad = rng.integers(-3, 4, result.shape).astype(float)
            if op == "max":
                _, indices = adaptive(op, nd, x, *args, return_indices=True)
                gradient = backward(op, nd, grad, indices, shape, *args)
                assert (gradient * x).sum() == (grad * result).sum()
            else:
                gradient = backward(op, nd, grad, shape, *args)
                np.testing.assert_allclose((gradient * x).sum(), (grad * result).sum(), rtol=1e-12)
            change = (adaptive(op, nd, x + step * direction, *args) - result) / step
            np.testing.assert_allclose(
                (gradient * direction).sum(), (grad * change).sum(), rtol=1e-9, atol=1e-9
            )


def test_windows_that_divide_the_axes_are_ordinary_windows(isa):
    """And have their bits, as one window has those of global pooling."""
    for dtype, data_format in itertools.product(["uint8", *FLOATS], FORMATS):
        x = cases.full_range(dtype, cases.shape(2, data_format, size=(12, 40)))
        args = {"data_format": data_format}
        for k in (2, 4):
            size = (12 // k, 40 // k)
            for op in ("max", "avg"):
                expected = getattr(pypool, f"{op}_pool2d")(x, k, **args)
                assert bits(adaptive(op, 2, x, size, **args)) == bits(expected)
        for op in ("max", "avg"):
            expected = getattr(pypool, f"global_{op}_pool2d")(x, keepdims=True, **args)
            assert bits(adaptive(op, 2, x, 1, **args)) == bits(expected)


# --- any input, any output -----------------------------------------------------------------------


@pytest.mark.parametrize("nd", RANKS)
def test_every_rank_keeps_its_axes(nd, isa):
    for data_format, batch in itertools.product([*FORMATS, None], range(4)):
        place = data_format or "channels_last"
        shape = (2, 1, 3)[:batch] + cases.shape(nd, place, size=(4, 5, 6))[1:]
        for whole in (shape, (4, 5, 6)[:nd]):
            x = cases.small("float32", whole)
            windows = definition.bins(nd, whole, 3, place)
            result = adaptive("avg", nd, x, 3, data_format)
            assert_same(result, definition.adaptive_avg(x, windows), whole)
            for kind in KINDS:
                values, indices = definition.locate("max", x, windows, index_kind=kind, nd=nd)
                how = {"return_indices": True, "index_kind": kind}
                actual = adaptive("max", nd, x, 3, data_format, **how)
                assert_same(actual[0], values, whole)
                assert_same(actual[1], indices, whole)


@pytest.mark.parametrize("laid_out", LAYOUTS, ids=lambda layout: layout.__name__)
def test_the_layout_of_the_input_does_not_matter(laid_out, isa):
    for dtype, data_format in itertools.product(["uint8", *FLOATS], FORMATS):
        plain = cases.full_range(dtype, (3, 9, 37, 4))
        x = laid_out(plain)
        before = x.tobytes()
        args = ((4, 3), data_format)
        for op in ("max", "avg"):
            assert bits(adaptive(op, 2, x, *args)) == bits(adaptive(op, 2, plain, *args))
        results = (adaptive("max", 2, a, *args, return_indices=True) for a in (x, plain))
        assert list(map(bits, next(results))) == list(map(bits, next(results)))
        if cases.is_float(plain.dtype):
            grad = adaptive("avg", 2, plain, *args)
            result = backward("avg", 2, laid_out(grad), plain.shape, *args)
            assert bits(result) == bits(backward("avg", 2, grad, plain.shape, *args))
        assert x.tobytes() == before


@pytest.mark.parametrize(
    "laid_out",
    [layout for layout in LAYOUTS if layout is not cases.read_only],
    ids=lambda layout: layout.__name__,
)
def test_the_layout_of_out_does_not_matter(laid_out, isa):
    for dtype, data_format in itertools.product(["float16", "float32"], FORMATS):
        x = cases.full_range(dtype, (2, 9, 37, 3))
        args = ((4, 3), data_format)
        for op in ("max", "avg"):
            expected = adaptive(op, 2, x, *args)
            out = laid_out(np.full_like(expected, 77))
            assert adaptive(op, 2, x, *args, out=out) is out
            assert bits(out.astype(expected.dtype)) == bits(expected)
            grad = expected
            rest = () if op == "avg" else (adaptive(op, 2, x, *args, return_indices=True)[1],)
            expected = backward(op, 2, grad, *rest, x.shape, *args)
            out = laid_out(np.full_like(expected, 77))
            assert backward(op, 2, grad, *rest, x.shape, *args, out=out) is out
            assert bits(out.astype(expected.dtype)) == bits(expected)


@pytest.mark.parametrize("dtype", ["uint8", "float16", "float32"])
def test_any_number_of_workers_instruction_set_and_format_give_the_same_bits(dtype):
    shape = (2, 60, 61, 16)
    x = cases.full_range(dtype, shape)
    first = np.moveaxis(x, -1, 1).copy()
    for size in ((7, 9), (70, 8)):
        seen = {"max": set(), "avg": set(), "backward": set()}
        for isa in _runtime.instruction_sets():
            with _runtime.instruction_set(isa):
                for workers in (1, 2, 3, 8):
                    for op in ("max", "avg"):
                        result = adaptive(op, 2, x, size, workers=workers)
                        seen[op].add(bits(result))
                        if op == "avg":
                            gradient = backward("avg", 2, result, shape, size, workers=workers)
                            seen["backward"].add(bits(gradient))
                result = adaptive("avg", 2, first, size, "channels_first")
                seen["avg"].add(bits(np.moveaxis(result, 1, -1)))
                gradient = backward("avg", 2, result, first.shape, size, "channels_first")
                seen["backward"].add(bits(np.moveaxis(gradient, 1, -1)))
        assert {name: len(found) for name, found in seen.items()} == dict.fromkeys(seen, 1), size


@pytest.mark.parametrize("nd", RANKS)
@pytest.mark.parametrize("op", ["max", "avg"])
def test_an_empty_batch_or_no_channels_give_empty_results(op, nd, isa):
    for data_format, sizes in itertools.product(FORMATS, [{"batch": 0}, {"channels": 0}]):
        shape = cases.shape(nd, data_format, **sizes)
        result = adaptive(op, nd, np.zeros(shape, np.float32), 3, data_format)
        assert result.shape == result_shape(shape, definition.bins(nd, shape, 3, data_format))
        rest = () if op == "avg" else (np.zeros(result.shape, int),)
        gradient = backward(op, nd, result, *rest, shape, 3, data_format)
        assert_same(gradient, np.zeros(shape, np.float32))


# --- arguments -----------------------------------------------------------------------------------


@pytest.mark.parametrize("op", ["max", "avg"])
def test_an_output_size_that_is_none_is_refused(op):
    x = np.ones((6, 5))
    grad, rest = np.ones((2, 2)), () if op == "avg" else (np.zeros((2, 2), int),)
    for size, error in [(0, ValueError), (-1, ValueError), ((2, 0), ValueError),
                        ((2,), ValueError), ((2, 2, 2), ValueError), (2.0, TypeError),
                        (None, TypeError), ((2, None), TypeError), (True, TypeError),
                        ("22", TypeError), (2**63, ValueError), (10**30, ValueError),
                        (2**62, ValueError)]:  # fmt: skip
        refused(error, lambda: adaptive(op, 2, x, size), "output_size")  # noqa: B023
        refused(error, lambda: backward(op, 2, grad, *rest, x.shape, size), "output_size")  # noqa: B023
    with pytest.raises((MemoryError, ValueError)):
        adaptive(op, 2, x, 2**28)


@pytest.mark.parametrize("op", ["max", "avg"])
def test_an_empty_image_is_refused(op):
    for shape in ((2, 0, 5, 3), (2, 5, 0, 3), (0, 5)):
        refused(ValueError, lambda: adaptive(op, 2, np.ones(shape), 2), "spatial", str(shape))  # noqa: B023
    refused(ValueError, lambda: adaptive(op, 2, np.ones(4), 2), "dimensions")


def test_a_gradient_of_another_shape_is_refused():
    grad, indices = np.ones((2, 3)), np.zeros((2, 3), int)
    for call in (
        lambda: pypool.adaptive_avg_pool2d_backward(grad, (6, 5), (3, 2)),
        lambda: pypool.adaptive_max_pool2d_backward(grad, indices, (6, 5), (3, 2)),
        lambda: pypool.adaptive_max_pool2d_backward(np.ones((3, 2)), indices, (6, 5), (3, 2)),
    ):
        refused(ValueError, call, "shape", "(2, 3)", "(3, 2)")


def test_no_nan_policy_or_dtype_is_taken():
    for options in ({"nan_policy": "omit"}, {"dtype": "float32"}):
        with pytest.raises(TypeError):
            pypool.adaptive_avg_pool2d(np.ones((4, 4)), 2, **options)


def test_averages_of_integers_are_float64():
    for dtype in ("bool", *cases.INTEGERS):
        x = cases.full_range(dtype, (2, 7, 9, 3))
        result = pypool.adaptive_avg_pool2d(x, (3, 4))
        assert result.dtype == np.float64
        bound = 1e-13 * definition.adaptive_avg(
            np.abs(x.astype(float)), definition.bins(2, x.shape, (3, 4))
        )
        expected = definition.adaptive_avg(x, definition.bins(2, x.shape, (3, 4)))
        assert_close(result, expected, bound, dtype)
    assert reference.is_float(pypool.adaptive_avg_pool1d([True, False], 1).dtype)
