"""Every gradient is the derivative: the adjoint of what is linear, and where the maximum was."""

import concurrent.futures
import itertools

import cases
import numpy as np
import pytest
import reference
import reference_gradients as definition
from cases import FLOATS, FORMATS, LAYOUTS, RANKS, assert_close, assert_same, bits
from hypothesis import given, settings
from hypothesis import strategies as st

import pypool
from pypool import _runtime

KINDS = ["plane", "sample", "tensor", "window"]
SUMS = [  # what is linear, and its options
    ("sum", {}),
    ("avg", {}),
    ("avg", {"count_include_pad": True}),
    ("avg", {"divisor_override": 5}),
]


def backward(name, nd, *args, **options):
    """pypool's gradient of that function."""
    return getattr(pypool, f"{name}_pool{nd}d_backward")(*args, **options)


def everywhere(call, expected, *what):
    """Every instruction set gives what is expected."""
    for isa in _runtime.instruction_sets():
        with _runtime.instruction_set(isa):
            assert_same(call(), expected, isa, *what)


def output_shape(shape, windows):
    sizes = dict(zip(windows.axes, windows.outputs, strict=True))
    return tuple(sizes.get(axis, size) for axis, size in enumerate(shape))


def small_grad(dtype, shape, windows, seed=0):
    """A gradient of small integers, for the result of pooling an array of this shape."""
    return cases.small(dtype, output_shape(shape, windows), seed)


def divisible_grad(dtype, shape, windows, **options):
    """A gradient every element of which its window divides into integers."""
    grad = small_grad("float64", shape, windows) // 2
    divisors = definition.divisors(windows, **options)
    divisors = definition.from_planes(divisors, windows.outputs, range(len(windows.axes)))
    place = [1] * len(shape)
    for axis, size in zip(windows.axes, windows.outputs, strict=True):
        place[axis] = size
    return (grad * divisors.reshape(place)).astype(cases.dtype_of(dtype))


def awkward(dtype, shape, seed=0):
    """Values whose sums depend on their order."""
    return cases.full_range(dtype, shape, seed)


def refused(error, call, *mentions):
    with pytest.raises(error) as caught:
        call()
    for word in mentions:
        assert word in str(caught.value), caught.value


# --- the definition ------------------------------------------------------------------------------


@pytest.mark.parametrize("padding", cases.PADDINGS)
@pytest.mark.parametrize("op", ["max", "min"])
@pytest.mark.parametrize("dtype", FLOATS)
def test_the_gradient_of_an_extreme_goes_to_where_it_was(dtype, op, padding):
    for nd, data_format in itertools.product(RANKS, FORMATS):
        shape = cases.shape(nd, data_format, size=(6, 5, 7))
        x = cases.small("int16", shape)
        for i, window in enumerate(cases.pool_sizes(nd)):
            kind = KINDS[(i + nd) % 4]
            args = {"padding": cases.padding(padding, nd), "data_format": data_format, **window}
            args["ceil_mode"] = i % 2 == 1
            windows = definition.windows(nd, shape, **args)
            grad = small_grad(dtype, shape, windows)
            _, found = definition.locate(op, x, windows)
            _, indices = definition.locate(op, x, windows, index_kind=kind, nd=nd)
            expected = definition.followed(grad, found, windows)

            def call():
                return backward(op, nd, grad, indices, shape, **args, index_kind=kind)  # noqa: B023

            everywhere(call, expected, nd, kind, args)
            again = backward(op, nd, grad, None, shape, **args, x=x)
            assert_same(again, expected, "from x", nd, args)


@pytest.mark.parametrize("op, options", SUMS, ids=str)
@pytest.mark.parametrize("dtype", FLOATS)
def test_the_gradient_of_a_sum_goes_to_all_of_it(dtype, op, options):
    for nd, data_format, padding in itertools.product(RANKS, FORMATS, cases.PADDINGS):
        shape = cases.shape(nd, data_format, size=(6, 5, 7))
        for i, window in enumerate(cases.pool_sizes(nd)):
            args = {"padding": cases.padding(padding, nd), "data_format": data_format, **window}
            args["ceil_mode"] = i % 2 == 1
            windows = definition.windows(nd, shape, **args)
            if op == "avg":
                grad = divisible_grad(dtype, shape, windows, **options)
            else:
                grad = small_grad(dtype, shape, windows)
            expected = definition.spread(op, grad, windows, **options)

            def call():
                return backward(op, nd, grad, shape, **args, **options)  # noqa: B023

            everywhere(call, expected, nd, args)


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("op, options", SUMS, ids=str)
@pytest.mark.parametrize("dtype", FLOATS)
def test_gradients_that_round_stay_within_the_bound_of_a_sum(dtype, op, options, data_format, isa):
    for nd in RANKS:
        shape = cases.shape(nd, data_format, size=(6, 5, 7))
        for window in cases.pool_sizes(nd):
            args = {"padding": 1, "data_format": data_format, **window}
            windows = definition.windows(nd, shape, **args)
            grad = awkward(dtype, output_shape(shape, windows))
            result = backward(op, nd, grad, shape, **args, **options)
            shares = definition.shared(op, grad, windows, **options)
            expected = definition.spread(op, grad, windows, **options)
            bound = definition.error_bound(result, shares, windows, roundings=3)
            assert_close(result, expected, bound, nd, args)


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("dtype", FLOATS)
def test_gradients_of_overlapping_maxima_that_round_stay_within_the_bound(dtype, data_format, isa):
    for nd in RANKS:
        shape = cases.shape(nd, data_format, size=(6, 5, 7))
        windows = definition.windows(nd, shape, 3, 1, 1, data_format)
        grad = awkward(dtype, output_shape(shape, windows))
        _, found = definition.locate("max", cases.small("int8", shape), windows)
        result = backward("max", nd, grad, found, shape, 3, 1, 1, data_format)
        expected = definition.followed(grad, found, windows)
        most = definition.followed(np.abs(grad.astype(np.float64)), found, windows)
        eps = np.finfo(np.float64 if dtype == "float64" else np.float32).eps
        last = 2.0**-7 if dtype == "bfloat16" else np.finfo(dtype).eps
        bound = 27 * eps * most + last * np.abs(result.astype(np.float64)) + 1e-7 * (last > 1e-4)
        assert_close(result, expected, bound, nd)


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("dtype", FLOATS)
def test_gradients_of_global_pooling_equal_the_definition(dtype, data_format, keepdims):
    for nd, size in itertools.product(RANKS, [(1, 1, 1), (6, 5, 7), (3, 70, 2), (2, 3, 67)]):
        shape = cases.shape(nd, data_format, size=size)
        windows = definition.whole(nd, shape, data_format)
        how = {"data_format": data_format, "keepdims": keepdims}

        def shaped(array):
            return array if keepdims else np.squeeze(array, windows.axes)  # noqa: B023

        grad = small_grad(dtype, shape, windows)
        for kind in KINDS[:3]:
            x = cases.small("int8", shape)
            _, found = definition.locate("max", x, windows)
            _, indices = definition.locate("max", x, windows, index_kind=kind, nd=nd)
            args = (shaped(grad), shaped(indices), shape)
            expected = definition.followed(grad, found, windows)
            everywhere(
                lambda: backward("global_max", nd, *args, **how, index_kind=kind),  # noqa: B023
                expected, kind, size,
            )  # fmt: skip
        if np.prod(size[:nd]) > 64:
            grad = (grad.astype(float) * 4).astype(grad.dtype)
        else:
            grad = divisible_grad(dtype, shape, windows)
        result = backward("global_avg", nd, shaped(grad), shape, **how)
        expected = definition.spread("avg", grad, windows)
        assert_same(result, expected, size)


@pytest.mark.parametrize("stride", [1, 2, 7, 14, 15, 16, 31, 32, 33, 70])
@pytest.mark.parametrize("window", [100, 127, 128, 129, 130, 200, 1022])
def test_long_windows_at_any_stride(window, stride):
    """However many windows lie over a position, and taps in them; exact, since all is small."""
    outputs = 9
    size = (outputs - 1) * stride + window
    rng = np.random.default_rng(window)
    for across, before, channels in itertools.product((None, 1, 3), (0, window // 2), (1, 5)):
        shape = (size,) if across is None else (across, size)
        nd, dtype = len(shape), rng.choice(["float32", "float64"])
        padding = ((0, 0),) * (nd - 1) + ((before, 0),)
        args = ((1,) * (nd - 1) + (window,), (1,) * (nd - 1) + (stride,), padding)
        pooled = (*shape[:-1], (size + before - window) // stride + 1, channels)
        grad = rng.integers(-8, 9, pooled).astype(dtype)
        expected = np.zeros((*shape, channels), dtype)
        for o in range(pooled[-2]):
            first = o * stride - before
            part = (..., slice(max(first, 0), first + window), slice(None))
            expected[part] += grad[..., o : o + 1, :]
        backward = getattr(pypool, f"sum_pool{nd}d_backward")
        assert_same(backward(grad, expected.shape, *args), expected, (shape, before, channels))
        x = rng.integers(0, 50, expected.shape).astype(dtype)
        _, indices = getattr(pypool, f"max_pool{nd}d")(x, *args, return_indices=True)
        found = np.zeros(expected.shape, dtype).reshape(-1, channels)
        for c in range(channels):
            np.add.at(found[:, c], indices[..., c], grad[..., c])
        backward = getattr(pypool, f"max_pool{nd}d_backward")
        result = backward(grad, indices, expected.shape, *args)
        assert_same(result, found.reshape(expected.shape), (shape, before, channels))


# --- every size ----------------------------------------------------------------------------------

ROWS = [
    (2, {"pool_size": 2}),
    (2, {"pool_size": 3, "strides": 2, "padding": 1}),
    (2, {"pool_size": 3, "strides": 1, "padding": "same"}),
    (1, {"pool_size": 7, "strides": 3, "dilation": 2, "padding": "same"}),
    (2, {"pool_size": 2, "strides": 4}),
]


@pytest.mark.parametrize("axis", ["width", "channels"])
@pytest.mark.parametrize("dtype", FLOATS)
def test_every_width_past_four_vectors(dtype, axis):
    for width in range(1, 4 * 64 // cases.dtype_of(dtype).itemsize + 4):
        shape = (1, 4, width) if axis == "width" else (4, 5, width)
        data_format = "channels_first" if axis == "width" else "channels_last"
        for i, (nd, window) in enumerate(ROWS if axis == "width" else ROWS[:3]):
            if (axis == "channels" or dtype == "bfloat16") and (i + width) % 3:
                continue  # one of the windows in turn
            if axis == "width" and "padding" not in window and width < window["pool_size"]:
                continue  # no window fits
            args = {**window, "data_format": data_format}
            windows = definition.windows(nd, shape, **args)
            grad = divisible_grad(dtype, shape, windows)
            expected = definition.spread("avg", grad, windows)
            everywhere(lambda: backward("avg", nd, grad, shape, **args), expected, shape, args)  # noqa: B023
            _, indices = definition.locate("max", cases.small("int8", shape), windows)
            expected = definition.followed(grad, indices, windows)
            kind = KINDS[(width + i) % 4]
            to = (shape, "plane", kind, nd)
            indices = pypool.convert_indices(indices, *to, **args)
            everywhere(
                lambda: backward("max", nd, grad, indices, shape, **args, index_kind=kind),  # noqa: B023
                expected, kind, shape, args,
            )  # fmt: skip


@pytest.mark.parametrize("channels", [None, 3])
@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_every_window_up_to_140(dtype, channels):
    """Past the 64 rows that are added at once, and past the 256 positions that a table holds."""
    shape = (1, 150, channels) if channels else (1, 1, 150)
    data_format = "channels_last" if channels else "channels_first"
    for k in [*range(1, 20), 31, 32, 33, 63, 64, 65, 127, 128, 129, 130, 140]:
        for how in ({"strides": 1}, {"strides": 2, "padding": "same"}, {"strides": k + 1},
                    {"strides": 3, "dilation": 2, "padding": k - 1}):  # fmt: skip
            args = {"pool_size": k, "data_format": data_format, **how}
            windows = definition.windows(1, shape, **args)
            grad = small_grad(dtype, shape, windows)
            expected = definition.spread("sum", grad, windows)
            everywhere(lambda: backward("sum", 1, grad, shape, **args), expected, args)  # noqa: B023
    for k, kind in itertools.product([(15, 17), (16, 16), (20, 20)], ["plane", "window"]):
        shape = cases.shape(2, data_format, size=(23, 22), channels=channels or 1)
        args = {"pool_size": k, "strides": 3, "padding": "same", "data_format": data_format}
        windows = definition.windows(2, shape, **args)
        grad = small_grad(dtype, shape, windows)
        x = cases.full_range("float32", shape)
        _, found = definition.locate("max", x, windows)
        _, indices = definition.locate("max", x, windows, index_kind=kind)
        expected = definition.followed(grad, found, windows)
        everywhere(
            lambda: backward("max", 2, grad, indices, shape, **args, index_kind=kind),  # noqa: B023
            expected, args, kind,
        )  # fmt: skip


LONG_ROWS = [(2**17 + 1, 1), (2**17 + 70_000, 1), (2**16 + 999, 3)]


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(
    "window, stride, dilation, padding",
    [
        (2, 2, 1, 0), (3, 1, 1, 1), (3, 2, 2, 0), (5, 3, 1, 2), (2, 5, 1, 0), (130, 1, 1, 7),
        (40, 33, 1, 3),
    ],
)  # fmt: skip
def test_sums_along_long_rows(dtype, window, stride, dilation, padding, isa):
    """Of windows within a stretch of the row, and of those that reach over two, by definition."""
    for size, channels in LONG_ROWS:
        outputs = (size + 2 * padding - (window - 1) * dilation - 1) // stride + 1
        grad = np.random.default_rng(size).integers(-3, 4, (outputs, channels)).astype(dtype)
        expected = np.zeros((size, channels), np.float32)
        for tap in range(window):
            at = np.arange(outputs) * stride - padding + tap * dilation
            data = (at >= 0) & (at < size)
            expected[at[data]] += grad[data]
        args = {"strides": stride, "dilation": dilation, "padding": ((padding, padding),)}
        for workers in (1, 2):
            made = pypool.sum_pool1d_backward(grad, expected.shape, window, **args, workers=workers)
            assert_same(made, expected.astype(dtype), size, channels)


@pytest.mark.parametrize("padding", [(0, 0), (50, 0), (31, 32)])
@pytest.mark.parametrize(
    "size, channels, window, stride, dilation",
    [
        (600, 256, 66, 1, 1), (600, 256, 3, 1, 40), (600, 256, 64, 1, 1), (600, 256, 65, 2, 1),
        (600, 256, 160, 10, 1), (600, 256, 100, 1, 3), (200_000, 1, 16_500, 4096, 1),
        (200_000, 1, 3, 1, 9000),
    ],
)  # fmt: skip
def test_windows_over_several_stretches_of_a_row(size, channels, window, stride, dilation, padding):
    """A stretch is some 64 kB: of 256 channels 64 positions."""
    before, after = padding
    outputs = (size + before + after - (window - 1) * dilation - 1) // stride + 1
    grad = np.random.default_rng(3).integers(-3, 4, (outputs, channels)).astype(np.float64)
    starts = np.arange(outputs) * stride - before
    counts = np.zeros(outputs)
    for tap in range(window):
        counts += (starts + tap * dilation >= 0) & (starts + tap * dilation < size)
    expected, shared, padded = np.zeros((3, size, channels))
    for tap in range(window):
        at = starts + tap * dilation
        here = (at >= 0) & (at < size)
        expected[at[here]] += grad[here]
        shared[at[here]] += grad[here] / counts[here, None]
        padded[at[here]] += grad[here] / window
    args = {"strides": stride, "dilation": dilation, "padding": (padding,)}
    made = pypool.sum_pool1d_backward(grad, expected.shape, window, **args)
    np.testing.assert_array_equal(made, expected)
    for counted, averages in ((False, shared), (True, padded)):
        made = pypool.avg_pool1d_backward(
            grad, expected.shape, window, **args, count_include_pad=counted
        )
        np.testing.assert_allclose(made, averages, rtol=0, atol=1e-11)


@pytest.mark.parametrize(
    "channels, dtype", [(4097, "float32"), (2049, "float64"), (4097, "float16")]
)
def test_one_window_over_pixels_of_many_channels(channels, dtype):
    grad = np.random.default_rng(0).integers(-9, 9, (1, channels)).astype(dtype)
    made = pypool.global_avg_pool2d_backward(8 * grad, (1, 2, 4, channels))
    assert_same(made, np.broadcast_to(grad[:, None, None], made.shape))
    made = pypool.adaptive_avg_pool1d_backward(4 * grad[:, None], (1, 4, channels), 1)
    assert_same(made, np.broadcast_to(grad[:, None], made.shape))


@pytest.mark.parametrize("kind", ["plane", "window", "tensor"])
@pytest.mark.parametrize("dtype", FLOATS)
def test_maxima_along_long_rows(dtype, kind, isa):
    for (size, channels), windows in itertools.product(LONG_ROWS, [(2, 2), (3, 3), (2, 4), (3, 1)]):
        window, stride = windows
        rng = np.random.default_rng(size)
        x = rng.integers(0, 50, (size, channels)).astype(dtype)
        outputs = (size - window) // stride + 1
        starts = np.arange(outputs)[:, None] * stride
        first = x[starts + np.arange(window)].argmax(1)
        at, channel = first + starts, np.arange(channels)
        grad = rng.integers(-3, 4, at.shape).astype(dtype)
        expected = np.zeros((size, channels), np.float32)
        np.add.at(expected, (at, channel), grad)
        given = {"plane": at, "window": first.astype(np.uint8), "tensor": at * channels + channel}
        for workers in (1, 2):
            made = pypool.max_pool1d_backward(
                grad, given[kind], x.shape, *windows, index_kind=kind, workers=workers
            )
            assert_same(made, expected.astype(dtype), size, channels, windows)


def test_an_index_outside_a_long_row_is_refused_and_one_outside_its_window_is_followed():
    size = 2**17 + 70_000
    at, ones = np.arange(0, size, 2), np.ones(size // 2)
    for wrong in (size, -1, 2**40):
        at[-5] = wrong
        refused(ValueError, lambda: pypool.max_pool1d_backward(ones, at, (size,), 2), str(wrong))
    at[-5] = 7
    expected = np.zeros(size)
    np.add.at(expected, at, 1)
    assert_same(pypool.max_pool1d_backward(ones, at, (size,), 2), expected)


def test_bins_of_many_positions():
    for size, bins in [(1000, 3), (5003, 7), (4096, 256), (100_003, 5)]:
        grad = np.random.default_rng(0).integers(-50, 50, bins).astype(np.float64)
        expected = np.zeros(size)
        for o in range(bins):
            first, last = o * size // bins, -((o + 1) * size // -bins)
            expected[first:last] += grad[o] / (last - first)
        made = pypool.adaptive_avg_pool1d_backward(grad, (size,), bins)
        np.testing.assert_allclose(made, expected, rtol=1e-15, atol=0)


@pytest.mark.parametrize("stored", [np.uint8, np.int64])
def test_the_last_of_256_places(stored):
    """It says in all bits that a byte has what codes say that belong to no window."""
    shape = (20, 8, 48, 16)
    args = {"pool_size": 16, "padding": ((8, 0), (0, 0)), "data_format": "channels_last"}
    windows = definition.windows(2, shape, **args)
    x = cases.full_range("float32", shape)
    x[:, -1, 15::16] = np.inf
    _, found = definition.locate("max", x, windows)
    _, indices = definition.locate("max", x, windows, index_kind="window")
    assert (indices == 255).all()
    grad, indices = small_grad("float32", shape, windows), indices.astype(stored)
    expected = definition.followed(grad, found, windows)
    everywhere(
        lambda: backward("max", 2, grad, indices, shape, **args, index_kind="window"),
        expected, args,
    )  # fmt: skip


def test_dilated_windows_over_short_axes():
    """Their first taps may all miss; with "same" padding some elements are in no window."""
    for size, k, s, d in itertools.product(range(1, 7), range(1, 6), range(1, 4), range(1, 6)):
        for shape, data_format in [
            ((1, size), "channels_first"),
            ((size, 2), "channels_last"),
            ((1, size, 3), "channels_first"),
            ((size, 3, 2), "channels_last"),
        ]:
            nd = len(shape) - 1
            args = {"pool_size": (k, 1)[:nd], "strides": (s, 1)[:nd], "dilation": (d, 1)[:nd]}
            args["data_format"] = data_format
            for padding in ("same", "same_lower", ((1, 1), (0, 0))[:nd], ((0, 2), (0, 0))[:nd]):
                args["padding"] = padding
                try:
                    windows = definition.windows(nd, shape, **args)
                except ValueError:
                    continue  # a window holds nothing
                grad = small_grad("float32", shape, windows)
                expected = definition.spread("sum", grad, windows)
                assert_same(backward("sum", nd, grad, shape, **args), expected, shape, args)


@pytest.mark.parametrize("nd", RANKS)
def test_every_rank_has_its_gradient(nd, isa):
    for data_format, batch in itertools.product([*FORMATS, None], range(4)):
        place = data_format or "channels_last"
        shape = (2, 1, 3)[:batch] + cases.shape(nd, place, size=(4, 5, 6))[1:]
        for whole in (shape, (4, 5, 6)[:nd]):
            windows = definition.windows(nd, whole, 3, 1, data_format=place)
            grad = small_grad("float32", whole, windows)
            result = backward("sum", nd, grad, whole, 3, 1, data_format=data_format)
            assert_same(result, definition.spread("sum", grad, windows), whole)
            _, indices = definition.locate("max", cases.small("int8", whole), windows)
            result = backward("max", nd, grad, indices, whole, 3, 1, data_format=data_format)
            assert_same(result, definition.followed(grad, indices, windows), whole)


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("nd", RANKS)
def test_an_empty_gradient_gives_an_empty_one(nd, data_format, isa):
    for dtype, sizes in itertools.product(FLOATS, [{"batch": 0}, {"channels": 0}]):
        shape = cases.shape(nd, data_format, **sizes)
        args = {"pool_size": 3, "strides": 2, "data_format": data_format}
        grad = small_grad(dtype, shape, definition.windows(nd, shape, **args))
        expected = np.zeros(shape, grad.dtype)
        assert_same(backward("sum", nd, grad, shape, **args), expected)
        assert_same(backward("avg", nd, grad, shape, **args), expected)
        for kind in KINDS:
            indices = np.zeros(grad.shape, int)
            how = {**args, "index_kind": kind}
            assert_same(backward("max", nd, grad, indices, shape, **how), expected, kind)
        assert_same(backward("max", nd, grad, None, shape, **args, x=expected), expected)
        rest = (shape[0], shape[-1] if data_format == "channels_last" else shape[1])
        whole = np.zeros(rest, grad.dtype)
        assert_same(backward("global_avg", nd, whole, shape, data_format), expected)
        indices = np.zeros(whole.shape, int)
        assert_same(backward("global_max", nd, whole, indices, shape, data_format), expected)


def test_an_empty_image_has_an_empty_gradient():
    """With "same" an axis of nothing has no windows, and so no gradients."""
    grad = np.zeros((2, 0, 3, 4), np.float32)
    for op in ("sum", "avg"):
        result = backward(op, 2, grad, (2, 0, 5, 4), 3, 2, "same")
        assert_same(result, np.zeros((2, 0, 5, 4), np.float32))
    result = pypool.max_pool2d_backward(grad, grad.astype(int), (2, 0, 5, 4), 3, 2, "same")
    assert_same(result, np.zeros((2, 0, 5, 4), np.float32))


# --- the derivative ------------------------------------------------------------------------------

LCM = 2520.0  # of 1 to 10: averages of its multiples are exact


def exactly(a, b):
    """The inner product, exact for the small integers here."""
    return float((a.astype(np.float64) * b.astype(np.float64)).sum())


WINDOWS = st.fixed_dictionaries(
    {
        "pool_size": st.integers(1, 3),
        "strides": st.none() | st.integers(1, 4),
        "padding": st.sampled_from(["valid", "same", "same_lower", 0, 1]),
        "dilation": st.integers(1, 3),
        "ceil_mode": st.booleans(),
        "data_format": st.sampled_from(FORMATS),
    }
)
SHAPES = st.integers(1, 3).flatmap(
    lambda nd: st.tuples(
        st.just(nd), st.lists(st.integers(1, 9), min_size=nd + 2, max_size=nd + 2).map(tuple)
    )
)


def forward_or_none(call):
    """What a call gives, or None where a window would hold nothing."""
    try:
        return call()
    except ValueError:
        return None


@settings(max_examples=150)
@given(SHAPES, WINDOWS, st.sampled_from(SUMS), st.integers(0, 10**6))
def test_sums_and_averages_have_exact_adjoints(rank, args, how, seed):
    nd, shape = rank
    op, options = how
    if nd == 3 and not options:
        args = {**args, "pool_size": min(args["pool_size"], 2)}  # counts that divide LCM
    x = cases.small("float64", shape, seed)
    if op == "avg":
        x *= LCM if nd < 3 else 8
    function = getattr(pypool, f"{op}_pool{nd}d")
    result = forward_or_none(lambda: function(x, **args, **options))
    if result is None or (nd == 3 and options.get("count_include_pad")):
        return
    grad = cases.small("float64", result.shape, seed + 1) * (LCM if op == "avg" else 1)
    gradient = backward(op, nd, grad, shape, **args, **options)
    assert gradient.shape == shape
    if options.get("divisor_override") == 5:
        assert exactly(gradient, x) == exactly(grad, result)
    else:
        np.testing.assert_allclose(exactly(gradient, x), exactly(grad, result), rtol=1e-13)
    if op == "sum":
        assert exactly(gradient, x) == exactly(grad, result)


@settings(max_examples=150)
@given(
    SHAPES,
    WINDOWS,
    st.sampled_from(["max", "min"]),
    st.sampled_from(KINDS),
    st.sampled_from(FLOATS),
    st.integers(0, 10**6),
)
def test_maxima_and_minima_have_exact_adjoints(rank, args, op, kind, dtype, seed):
    """<pool(x), g> == <x, backward(g)>: whatever the window, the layout and the kind of index."""
    nd, shape = rank
    x = cases.small(dtype, shape, seed)
    function = getattr(pypool, f"{op}_pool{nd}d")
    pair = forward_or_none(lambda: function(x, **args, return_indices=True, index_kind=kind))
    if pair is None:
        return
    grad = cases.small(dtype, pair[0].shape, seed + 1)
    gradient = backward(op, nd, grad, pair[1], shape, **args, index_kind=kind)
    assert exactly(gradient, x) == exactly(grad, pair[0])
    assert exactly(gradient, np.ones(shape)) == grad.astype(np.float64).sum()
    assert bits(backward(op, nd, grad, None, shape, **args, x=x)) == bits(gradient)


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("nd", RANKS)
def test_gradients_are_the_finite_differences(nd, data_format, isa):
    """Exact: all is piecewise linear, and no step is so long that another element wins."""
    shape = cases.shape(nd, data_format, size=(6, 5, 7))
    rng = np.random.default_rng(nd)
    x = rng.permutation(np.prod(shape)).astype(float).reshape(shape)
    direction = rng.integers(-3, 4, shape)
    step = 2.0**-4
    for window in cases.pool_sizes(nd):
        for op, options in [("max", {}), ("min", {}), *SUMS]:
            args = {"padding": 1, "data_format": data_format, **window}
            function = getattr(pypool, f"{op}_pool{nd}d")
            result = function(x, **args, **options)
            grad = rng.integers(-3, 4, result.shape).astype(float)
            change = (function(x + step * direction, **args, **options) - result) / step
            found = (None,) if op in ("max", "min") else ()
            at = {"x": x} if found else {}
            gradient = backward(op, nd, grad, *found, shape, **args, **options, **at)
            np.testing.assert_allclose((gradient * direction).sum(), (grad * change).sum())


# --- what adds up, and what does not -------------------------------------------------------------


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_halves_add_up_in_float32(dtype, data_format, isa):
    """4096 ones at one element: a half stops counting at 256 or 2048."""
    if dtype not in FLOATS:
        pytest.skip("ml_dtypes is not installed")
    for channels in (1, 3):
        shape = cases.shape(2, data_format, size=(127, 127), batch=1, channels=channels)
        axes = reference.spatial_axes(4, 2, data_format)
        grad = np.ones([64 if axis in axes else n for axis, n in enumerate(shape)],
                       cases.dtype_of(dtype))  # fmt: skip
        gradient = pypool.sum_pool2d_backward(grad, shape, 64, 1, data_format=data_format)
        assert gradient.max() == 4096
        middle = np.take(np.take(gradient, 63, axes[0]), 63, axes[0])
        assert (middle == 4096).all()
        everything = np.full(grad.shape, 63 * 127 + 63)
        gradient = pypool.max_pool2d_backward(
            grad, everything, shape, 64, 1, data_format=data_format
        )
        assert gradient.astype(float).sum() == 4096 * channels
        assert gradient.max() == 4096
        gradient = pypool.avg_pool2d_backward(
            grad, shape, 64, 1, data_format=data_format, divisor_override=1
        )
        assert gradient.max() == 4096


@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", FLOATS)
def test_a_special_gradient_of_a_maximum_goes_to_its_element_only(dtype, special, isa):
    for nd, data_format in itertools.product(RANKS, FORMATS):
        shape = cases.shape(nd, data_format, size=(6, 5, 7))
        x = cases.full_range("float32", shape)
        for window in cases.pool_sizes(nd):
            args = {"padding": "same", "data_format": data_format, **window}
            windows = definition.windows(nd, shape, **args)
            _, indices = definition.locate("max", x, windows)
            grad = small_grad(dtype, shape, windows)
            grad.flat[grad.size // 2] = special
            expected = definition.followed(grad, indices, windows)
            result = backward("max", nd, grad, indices, shape, **args)
            assert_same(result, expected, args)
            assert np.sum(~np.isfinite(result.astype(float))) == 1


@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", FLOATS)
def test_a_special_gradient_of_a_sum_stays_in_its_window(dtype, special):
    for nd, data_format in itertools.product(RANKS, FORMATS):
        shape = cases.shape(nd, data_format, size=(6, 5, 7))
        for (op, options), window in itertools.product(SUMS, cases.pool_sizes(nd)):
            args = {"padding": "same", "data_format": data_format, **window, **options}
            windows = definition.windows(nd, shape, padding="same", data_format=data_format,
                                         **window)  # fmt: skip
            grad = small_grad(dtype, shape, windows) * 0
            grad.flat[grad.size // 2] = special
            expected = definition.spread(op, grad, windows, **options)
            everywhere(lambda: backward(op, nd, grad, shape, **args), expected, nd, args)  # noqa: B023


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64", "float16", "float32"])
@pytest.mark.parametrize("op", ["max", "min"])
def test_indices_are_found_again_in_x(op, dtype):
    """Whatever the dtype of x, and as the forward call would: with its NaN policy."""
    for nd, data_format in itertools.product(RANKS, FORMATS):
        shape = cases.shape(nd, data_format, size=(6, 5, 7))
        x = cases.with_specials(cases.small(dtype, shape), share=0.1)
        for nan_policy, window in itertools.product(["propagate", "omit"], cases.pool_sizes(nd)):
            args = {"padding": 1, "data_format": data_format, **window}
            windows = definition.windows(nd, shape, **args)
            _, found = definition.locate(op, x, windows, nan_policy=nan_policy)
            grad = small_grad("float16" if nd == 2 else "float64", shape, windows)
            args |= {"x": x, "nan_policy": nan_policy}
            expected = definition.followed(grad, found, windows)
            everywhere(lambda: backward(op, nd, grad, None, shape, **args), expected, nd, args)  # noqa: B023


# --- any input, any output -----------------------------------------------------------------------

SHAPE = (2, 9, 37, 3)
ARGS = {"pool_size": 3, "strides": 2, "padding": "same"}
CALLS = {  # name -> (a call of one gradient of ARGS, the windows)
    "max": lambda grad, indices, **how: pypool.max_pool2d_backward(
        grad, indices, SHAPE, **ARGS, **how
    ),
    "avg": lambda grad, indices, **how: pypool.avg_pool2d_backward(grad, SHAPE, **ARGS, **how),
    "sum": lambda grad, indices, **how: pypool.sum_pool2d_backward(grad, SHAPE, **ARGS, **how),
}


def problem(dtype="float32", data_format="channels_last", kind="plane"):
    """A gradient and indices for ARGS over SHAPE."""
    windows = definition.windows(2, SHAPE, **ARGS, data_format=data_format)
    x = cases.small("int8", SHAPE)
    _, indices = definition.locate("max", x, windows, index_kind=kind, nd=2)
    return awkward(dtype, indices.shape), indices


@pytest.mark.parametrize("laid_out", LAYOUTS, ids=lambda layout: layout.__name__)
@pytest.mark.parametrize("dtype", FLOATS)
def test_the_layout_of_the_gradient_and_the_indices_does_not_matter(dtype, laid_out, isa):
    for data_format, kind in itertools.product(FORMATS, KINDS):
        plain, indices = problem(dtype, data_format, kind)
        grad, found = laid_out(plain), laid_out(indices)
        before = grad.tobytes(), found.tobytes()
        for name, call in CALLS.items():
            how = {"data_format": data_format}
            how |= {"index_kind": kind} if name == "max" else {}
            assert bits(call(grad, found, **how)) == bits(call(plain, indices, **how)), name
        assert (grad.tobytes(), found.tobytes()) == before


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize(
    "laid_out",
    [layout for layout in LAYOUTS if layout is not cases.read_only],
    ids=lambda layout: layout.__name__,
)
def test_the_layout_of_out_does_not_matter(laid_out, name, isa):
    for dtype, data_format in itertools.product(FLOATS, FORMATS):
        grad, indices = problem(dtype, data_format)
        expected = CALLS[name](grad, indices, data_format=data_format)
        out = laid_out(np.full_like(expected, 77))
        assert CALLS[name](grad, indices, data_format=data_format, out=out) is out
        assert bits(out.astype(expected.dtype)) == bits(expected)


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("dtype", FLOATS)
def test_nothing_around_out_is_written_and_all_of_it_is(dtype, name, isa):
    for data_format in FORMATS:
        grad, indices = problem(dtype, data_format)
        expected = CALLS[name](grad, indices, data_format=data_format)
        flat = cases.poison(grad.dtype, (expected.size + 128,))
        pristine = flat.copy()
        pristine[64:-64] = expected.ravel()
        out = flat[64:-64].reshape(SHAPE)
        assert CALLS[name](grad, indices, data_format=data_format, out=out) is out
        assert bits(flat) == bits(pristine)


@pytest.mark.parametrize("name", CALLS)
def test_out_may_overlap_the_gradient_and_the_indices(name, isa):
    grad, indices = problem()
    expected = CALLS[name](grad, indices)
    for shift in (0, 1, 900):
        memory = np.zeros(expected.size + 1000, np.float32)
        here = memory[shift : shift + grad.size].reshape(grad.shape)
        here[...] = grad
        out = memory[: expected.size].reshape(expected.shape)
        assert CALLS[name](here, indices, out=out) is out
        assert_same(out, expected, shift)
    memory = np.zeros(expected.size, np.int64)
    here = memory[: indices.size].reshape(indices.shape)
    here[...] = indices
    out = memory.view(np.float32)[: expected.size].reshape(expected.shape)
    assert_same(CALLS[name](grad, here, out=out), expected)


def test_out_may_be_x():
    grad, _ = problem()
    x = cases.small("float32", SHAPE)
    expected = pypool.max_pool2d_backward(grad, None, SHAPE, **ARGS, x=x)
    result = pypool.max_pool2d_backward(grad, None, SHAPE, **ARGS, x=x, out=x)
    assert result is x
    assert_same(result, expected)


@pytest.mark.parametrize("name", CALLS)
def test_out_may_have_any_dtype_of_the_same_kind(name, isa):
    for dtype, target in itertools.product(["float16", "float32"], cases.DTYPES):
        grad, indices = problem(dtype)
        expected = CALLS[name](grad, indices)
        out = np.zeros(SHAPE, cases.dtype_of(target))
        if np.can_cast(grad.dtype, out.dtype, "same_kind"):
            with np.errstate(over="ignore"):
                assert CALLS[name](grad, indices, out=out) is out
                assert_same(out, expected.astype(out.dtype), target)
        else:
            refused(TypeError, lambda: CALLS[name](grad, indices, out=out), "out", target)  # noqa: B023


@pytest.mark.parametrize("name", CALLS)
def test_an_out_that_will_not_do_is_refused(name):
    grad, indices = problem()

    def call(out):
        return lambda: CALLS[name](grad, indices, out=out)

    refused(
        ValueError, call(np.zeros((2, 9, 37, 4), "float32")), "out", "(2, 9, 37, 4)", str(SHAPE)
    )
    refused(ValueError, call(np.zeros(SHAPE[1:], "float32")), "out", str(SHAPE))
    refused(ValueError, call(cases.read_only(np.zeros(SHAPE, "float32"))), "out", "read-only")
    refused(ValueError, call(np.broadcast_to(np.zeros(3, "float32"), SHAPE)), "out")
    refused(TypeError, call([]), "out", "list")
    refused(TypeError, call((np.zeros(SHAPE, "float32"),)), "out", "tuple")


LARGE = [  # shapes that give threads planes, rows, channels, or one long row to share
    ("channels_first", 2, (4, 8, 64, 64)),
    ("channels_first", 2, (1, 1, 300, 211)),
    ("channels_last", 2, (2, 60, 61, 16)),
    ("channels_last", 2, (1, 9, 8, 3000)),
    ("channels_last", 2, (900, 7, 7, 3)),
    ("channels_first", 1, (1, 1, 100_001)),
    ("channels_last", 3, (1, 20, 21, 22, 7)),
]


@pytest.mark.parametrize("data_format, nd, shape", LARGE, ids=str)
@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_any_number_of_workers_gives_the_same_bits(dtype, data_format, nd, shape):
    for window in ({"pool_size": 2}, {"pool_size": 3, "strides": 2, "padding": 1}):
        args = {**window, "data_format": data_format}
        x = cases.full_range("uint8", shape)
        function = getattr(pypool, f"max_pool{nd}d")
        _, indices = function(x, **args, return_indices=True)
        grad = awkward(dtype, indices.shape)
        for call in (
            lambda workers: backward("max", nd, grad, indices, shape, **args, workers=workers),  # noqa: B023
            lambda workers: backward("avg", nd, grad, shape, **args, workers=workers),  # noqa: B023
            lambda workers: backward("sum", nd, grad, shape, **args, workers=workers),  # noqa: B023
            lambda workers: backward("max", nd, grad, None, shape, **args, x=x, workers=workers),  # noqa: B023
        ):
            assert len({call(workers).tobytes() for workers in range(1, 9)}) == 1, args


@pytest.mark.parametrize("data_format, nd, shape", LARGE[::2], ids=str)
def test_gradients_of_large_arrays_equal_the_definition(data_format, nd, shape, isa):
    args = {"pool_size": 3, "strides": 2, "padding": "same", "data_format": data_format}
    x = cases.small("float32", shape)
    function = getattr(pypool, f"max_pool{nd}d")
    values, indices = function(x, **args, return_indices=True)
    grad = cases.small("float32", values.shape)
    gradient = backward("max", nd, grad, indices, shape, **args)
    axes = reference.spatial_axes(len(shape), nd, data_format)
    places = definition.planes(indices, axes)
    rows = np.indices(places.shape)[:-1]
    expected = np.zeros(definition.planes(x, axes).shape)
    np.add.at(expected, (*rows, places), definition.planes(grad, axes))
    size = [shape[axis] for axis in axes]
    assert_same(gradient, definition.from_planes(expected, size, axes).astype(np.float32))
    gradient = backward("sum", nd, grad, shape, **args)
    total = getattr(pypool, f"sum_pool{nd}d")(x, **args)
    assert exactly(gradient, x) == exactly(grad, total)


@pytest.mark.parametrize("dtype", FLOATS)
def test_instruction_sets_and_data_formats_give_the_same_bits(dtype):
    last = (2, 13, 19, 5)
    first = (2, 5, 13, 19)
    for window in [*cases.pool_sizes(2), {"pool_size": 5, "strides": 1}]:
        args = {"padding": "same", **window}
        windows = definition.windows(2, last, **args)
        grad = awkward(dtype, output_shape(last, windows))
        grad[0, 0] = -0.0
        x = cases.small("uint8", last)
        calls = [
            lambda grad, x, *rest: backward("max", 2, grad, None, x.shape, *rest, **args, x=x),  # noqa: B023
            lambda grad, x, *rest: backward("sum", 2, grad, x.shape, *rest, **args),  # noqa: B023
            *(
                lambda grad, x, how=how: backward("avg", 2, grad, x.shape, **args, **how)  # noqa: B023
                for _, how in SUMS[1:]
            ),
        ]
        for call in calls:
            seen = set()
            for isa in _runtime.instruction_sets():
                with _runtime.instruction_set(isa):
                    seen.add(bits(call(grad, x)))
                    args["data_format"] = "channels_first"
                    moved = np.moveaxis(grad, -1, 1).copy(), np.moveaxis(x, -1, 1).copy()
                    result = call(*moved)
                    assert result.shape == first
                    seen.add(bits(np.moveaxis(result, 1, -1)))
                    del args["data_format"]
            assert len(seen) == 1, window


# --- arguments -----------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["bool", *cases.INTEGERS, "complex64", "object", "longdouble"])
def test_a_gradient_that_is_not_float_is_refused_by_name(dtype):
    if np.dtype(dtype) == np.float64:
        pytest.skip("long double is double here")
    grad = np.zeros((2, 2, 2, 3), dtype)
    indices = np.zeros((2, 2, 2, 3), int)
    for call in (
        lambda: pypool.max_pool2d_backward(grad, indices, (2, 4, 4, 3), 2),
        lambda: pypool.min_pool2d_backward(grad, None, (2, 4, 4, 3), 2, x=np.ones((2, 4, 4, 3))),
        lambda: pypool.avg_pool2d_backward(grad, (2, 4, 4, 3), 2),
        lambda: pypool.sum_pool2d_backward(grad, (2, 4, 4, 3), 2),
        lambda: pypool.global_avg_pool2d_backward(grad[:, 0, 0], (2, 4, 4, 3)),
        lambda: pypool.global_max_pool2d_backward(grad[:, 0, 0], indices[:, 0, 0], (2, 4, 4, 3)),
        lambda: pypool.adaptive_avg_pool2d_backward(grad, (2, 4, 4, 3), 2),
        lambda: pypool.adaptive_max_pool2d_backward(grad, indices, (2, 4, 4, 3), 2),
        lambda: pypool.lp_pool2d_backward(grad, np.ones((2, 4, 4, 3)), np.ones((2, 2, 2, 3)), 2, 2),
    ):
        refused(TypeError, call, "grad", np.dtype(dtype).name)


@pytest.mark.parametrize("nd", RANKS)
def test_a_gradient_of_another_shape_is_refused(nd):
    shape = cases.shape(nd)
    right = output_shape(shape, definition.windows(nd, shape, 2))
    for wrong in ((1, *right[1:]), (*right[:-1], 1), right[1:], (*right, 1), shape, (), (0,)):
        grad = np.zeros(wrong, np.float32)
        indices = np.zeros(wrong, int)
        for call in (
            lambda: backward("max", nd, grad, indices, shape, 2),  # noqa: B023
            lambda: backward("max", nd, grad, np.zeros(right, int), shape, 2),  # noqa: B023
            lambda: backward("max", nd, grad, None, shape, 2, x=np.zeros(shape)),  # noqa: B023
            lambda: backward("avg", nd, grad, shape, 2),  # noqa: B023
            lambda: backward("sum", nd, grad, shape, 2),  # noqa: B023
        ):
            refused(ValueError, call, "shape", str(wrong), str(right))
        refused(ValueError, lambda: backward("global_avg", nd, grad, shape), "grad", str(wrong))  # noqa: B023


def test_either_indices_or_x_is_needed():
    x = cases.small("float32", (4, 4))
    values, indices = pypool.max_pool2d(x, 2, return_indices=True)
    for name in ("max", "min"):
        for args, how in [((indices,), {"x": x}), ((None,), {})]:
            call = lambda: backward(name, 2, values, *args, x.shape, 2, **how)  # noqa: B023, E731
            refused(TypeError, call, "indices", "x")
    call = lambda: pypool.max_pool2d_backward(values, None, x.shape, 2, x=x[:2])  # noqa: E731
    refused(ValueError, call, "x", "(4, 4)", "(2, 4)")
    call = lambda: pypool.max_pool2d_backward(values, None, x.shape, 2, x=x.astype(complex))  # noqa: E731
    refused(TypeError, call, "complex")
    for call in (
        lambda: pypool.global_max_pool2d_backward(values[0, 0], None, x.shape),
        lambda: pypool.adaptive_max_pool2d_backward(values, None, x.shape, 2),
    ):
        refused(TypeError, call, "indices", "None")


BAD_SHAPES = [
    ((2, 4, 4), "(2, 2, 2, 3)"),
    ((4,), "dimensions"),
    ((), "0"),
    ((2, 0, 4, 3), "0"),
    ((2, 4, -4, 3), "-4"),
    ((-2, 4, 4, 3), "-2"),
    ((3, 4, 4, 3), "(3, 2, 2, 3)"),
    ((2, 4, 4, 4), "(2, 2, 2, 4)"),
    ((2, 6, 4, 3), "(2, 3, 2, 3)"),
    ((2, 10**20, 4, 3), "input_shape"),
    ((2, 2**63, 4, 3), "input_shape"),
    ((2**31, 2**31, 2**31, 3), "input_shape"),
    ((2**62, 4, 4, 3), "input_shape"),
    ((0, 2**62, 2**62, 3), ""),
    ((1,) * 65, "input_shape"),
]
BAD_TYPES = [None, 4.0, "abc", (2, 4, 1e20, 3), (2, 4.0, 4, 3), (2, True, 4, 3), (2, None, 4, 3),
             {2, 4}, np.zeros((2, 2)), b"abcd"]  # fmt: skip
TAKE_A_SHAPE = {
    "max": lambda shape: pypool.max_pool2d_backward(
        np.ones((2, 2, 2, 3)), np.zeros((2, 2, 2, 3), int), shape, 2
    ),
    "from x": lambda shape: pypool.max_pool2d_backward(
        np.ones((2, 2, 2, 3)), None, shape, 2, x=np.ones((2, 4, 4, 3))
    ),
    "avg": lambda shape: pypool.avg_pool2d_backward(np.ones((2, 2, 2, 3)), shape, 2),
    "sum": lambda shape: pypool.sum_pool2d_backward(np.ones((2, 2, 2, 3)), shape, 2),
    "adaptive_max": lambda shape: pypool.adaptive_max_pool2d_backward(
        np.ones((2, 2, 2, 3)), np.zeros((2, 2, 2, 3), int), shape, 2
    ),
    "adaptive_avg": lambda shape: pypool.adaptive_avg_pool2d_backward(
        np.ones((2, 2, 2, 3)), shape, 2
    ),
    "global_max": lambda shape: pypool.global_max_pool2d_backward(
        np.ones((2, 3)), np.zeros((2, 3), int), shape
    ),
    "global_avg": lambda shape: pypool.global_avg_pool2d_backward(np.ones((2, 3)), shape),
    "unpool": lambda shape: pypool.max_unpool2d_backward(
        np.ones((2, 4, 4, 3)), np.zeros((2, 2, 2, 3), int), shape, 2
    ),
}
FITS = {"adaptive_max": (2, 6, 4, 3), "adaptive_avg": (2, 6, 4, 3), "global_max": (2, 6, 4, 3),
        "global_avg": (2, 6, 4, 3)}  # fmt: skip


@pytest.mark.parametrize("name", TAKE_A_SHAPE)
def test_an_input_shape_that_does_not_fit_is_refused(name):
    for shape, mention in BAD_SHAPES:
        if shape == FITS.get(name):
            continue  # those take any size of image
        with pytest.raises(ValueError) as caught:
            TAKE_A_SHAPE[name](shape)
        general = name in ("max", "avg", "sum")
        assert mention in str(caught.value) or not general, (shape, caught.value)


@pytest.mark.parametrize("name", TAKE_A_SHAPE)
def test_an_input_shape_that_is_none_is_refused(name):
    for shape in BAD_TYPES:
        refused(TypeError, lambda: TAKE_A_SHAPE[name](shape), "input_shape")  # noqa: B023


def test_an_input_shape_may_be_any_sequence_of_integers():
    grad = np.ones((2, 2, 3), np.float32)
    expected = pypool.sum_pool2d_backward(grad, (4, 5, 3), 2)
    for shape in ([4, 5, 3], np.array([4, 5, 3]), (np.int8(4), np.uint64(5), 3)):
        assert_same(pypool.sum_pool2d_backward(grad, shape, 2), expected)
    assert_same(pypool.sum_pool1d_backward(np.ones(2), 5, 2), np.array([1.0, 1, 1, 1, 0]))


def test_gradients_that_no_memory_holds_are_refused():
    grad = np.broadcast_to(np.float32(1), (2**27, 2**27))
    for call in (
        lambda: pypool.avg_pool2d_backward(grad, (2**28, 2**28), 2),
        lambda: pypool.global_avg_pool2d_backward(np.float32(1), (2**28, 2**28)),
        lambda: pypool.global_max_pool2d_backward(np.float32(1), 3, (2**28, 2**28)),
        lambda: pypool.adaptive_avg_pool2d_backward(np.ones((1, 1)), (2**28, 2**28), 1),
    ):
        with pytest.raises((MemoryError, ValueError)):
            call()


HUGE = """
    import numpy as np, pypool

    grad, seen = np.ones(1, np.float32), 0
    for k in (2**20, 2**31, 2**33, 2**62, 2**63 - 1):
        for args in (
            {"pool_size": k, "padding": "same"},
            {"pool_size": k, "padding": k // 2, "strides": k},
            {"pool_size": k, "padding": (k // 2,), "strides": 2**62},
            {"pool_size": k, "padding": ((0, k - 1),), "strides": k},
            {"pool_size": 2, "dilation": k, "padding": ((0, k),), "strides": k},
            {"pool_size": 1, "strides": k},
        ):
            for include in (False, True):
                for wide in (False, True):
                    calls = [
                        lambda: pypool.avg_pool1d_backward(
                            grad, (1,), **args, count_include_pad=include),
                        lambda: pypool.sum_pool1d_backward(grad, (1,), **args),
                        lambda: pypool.max_pool1d_backward(grad, [0], (1,), **args),
                        lambda: pypool.max_pool1d_backward(grad, None, (1,), **args, x=grad),
                        lambda: pypool.lp_pool1d_backward(grad, grad, grad, 2, **args),
                    ]
                    if wide:
                        calls = [lambda: pypool.avg_pool2d_backward(
                            np.ones((1, 1, 3)), (1, 2, 3), (args["pool_size"], 2),
                            (args.get("strides", 1), 2), "same", count_include_pad=include)]
                    for call in calls:
                        try:
                            result = call()
                        except (ValueError, MemoryError):
                            continue
                        seen += 1
                        assert np.isfinite(result).all() and (result >= 0).all(), (args, result)
                        assert result.sum() <= 3, (args, result)
    assert seen > 100, seen
    print("done")
"""


def test_windows_far_larger_than_the_image(python):
    """Most of each is padding, and no memory is taken for it, or too much of it is refused."""
    assert python(HUGE).stdout.strip() == "done"


def test_window_arguments_are_met_as_in_the_forward_call():
    grad, indices = np.ones((2, 2)), np.zeros((2, 2), int)
    for args, error, mention in [
        ({"pool_size": 0}, ValueError, "pool_size"),
        ({"pool_size": 2.0}, TypeError, "pool_size"),
        ({"pool_size": (2, 2, 2)}, ValueError, "pool_size"),
        ({"pool_size": 2, "strides": 0}, ValueError, "strides"),
        ({"pool_size": 2, "padding": "full"}, ValueError, "padding"),
        ({"pool_size": 2, "padding": -1}, ValueError, "padding"),
        ({"pool_size": 2, "dilation": 0}, ValueError, "dilation"),
        ({"pool_size": 2, "ceil_mode": 1}, TypeError, "ceil_mode"),
        ({"pool_size": 2, "data_format": "NHWC"}, ValueError, "data_format"),
        ({"pool_size": 5}, ValueError, "pool_size"),
        ({"pool_size": 2, "workers": 0}, ValueError, "workers"),
        ({"pool_size": 2, "workers": 1.5}, TypeError, "workers"),
    ]:
        if "workers" in args:
            big = np.ones((64, 64))
            refused(error, lambda: pypool.sum_pool2d_backward(big, (128, 128), **args), mention)  # noqa: B023
            continue
        refused(error, lambda: pypool.sum_pool2d_backward(grad, (4, 4), **args), mention)  # noqa: B023
        refused(error, lambda: pypool.avg_pool2d_backward(grad, (4, 4), **args), mention)  # noqa: B023
        call = lambda: pypool.max_pool2d_backward(grad, indices, (4, 4), **args)  # noqa: B023, E731
        refused(error, call, mention)
    for args, error, mention in [
        ({"count_include_pad": 1}, TypeError, "count_include_pad"),
        ({"divisor_override": 0}, ValueError, "divisor_override"),
        ({"divisor_override": 2.0}, TypeError, "divisor_override"),
    ]:
        refused(error, lambda: pypool.avg_pool2d_backward(grad, (4, 4), 2, **args), mention)  # noqa: B023
    call = lambda: pypool.max_pool2d_backward(grad, indices, (4, 4), 2, index_kind="flat")  # noqa: E731
    refused(ValueError, call, "index_kind", "flat")
    for found in ((None, {"x": np.eye(4)}), (indices, {})):
        how = {"nan_policy": "x", **found[1]}
        call = lambda: pypool.max_pool2d_backward(grad, found[0], (4, 4), 2, **how)  # noqa: B023, E731
        refused(ValueError, call, "nan_policy")
    call = lambda: pypool.global_avg_pool2d_backward(np.float32(1), (4, 4), keepdims=1)  # noqa: E731
    refused(TypeError, call, "keepdims")


def test_a_call_is_not_taken_for_one_like_it():
    """Arguments that are equal but not alike, after calls that went well."""
    x = cases.small("float32", (2, 6, 6, 3))
    shape, grad = x.shape, cases.small("float32", (2, 3, 3, 3), 1)
    windows = definition.windows(2, shape, 2)
    _, found = definition.locate("max", x, windows)
    _, lows = definition.locate("min", x, windows)
    for _ in range(3):
        for kind in KINDS:
            _, indices = definition.locate("max", x, windows, index_kind=kind, nd=2)
            for window in (2, (2, 2), [2, 2], np.int8(2)):
                how = {"pool_size": window, "index_kind": kind}
                result = pypool.max_pool2d_backward(grad, indices, shape, **how)
                assert_same(result, definition.followed(grad, found, windows), kind)
        result = pypool.min_pool2d_backward(grad, None, shape, 2, x=x)
        assert_same(result, definition.followed(grad, lows, windows))
        for op, options in SUMS:
            for dtype in FLOATS:
                exact = divisible_grad(dtype, shape, windows, **options)
                result = backward(op, 2, exact, list(shape), 2, **options)
                assert_same(result, definition.spread(op, exact, windows, **options), op, options)
        for args in (
            {"pool_size": 2.0}, {"pool_size": 2, "strides": True}, {"pool_size": 2, "ceil_mode": 0},
            {"pool_size": (2, 2.0)}, {"pool_size": 2, "dilation": True},
        ):  # fmt: skip
            for call in (
                lambda: pypool.sum_pool2d_backward(grad, shape, **args),  # noqa: B023
                lambda: pypool.max_pool2d_backward(grad, found, shape, **args),  # noqa: B023
            ):
                refused(TypeError, call, *list(args)[-1:])
        call = lambda: pypool.avg_pool2d_backward(grad, shape, 2, count_include_pad=0)  # noqa: E731
        refused(TypeError, call, "count_include_pad")
        call = lambda: pypool.avg_pool2d_backward(grad, shape, 2, divisor_override=True)  # noqa: E731
        refused(TypeError, call, "divisor_override")
        call = lambda: pypool.sum_pool2d_backward(grad, (2, 6.0, 6, 3), 2)  # noqa: E731
        refused(TypeError, call, "input_shape")


def test_many_python_threads_get_the_serial_bits():
    x = cases.full_range("float32", (3, 19, 20, 21))
    calls = []
    for k, s, data_format in itertools.product([2, 3], [1, 2], FORMATS):
        args = {"pool_size": k, "strides": s, "data_format": data_format}
        values, indices = pypool.max_pool2d(x, **args, return_indices=True)
        calls.append(lambda v=values, i=indices, a=args: pypool.max_pool2d_backward(
            v, i, x.shape, **a, workers=2))  # fmt: skip
        calls.append(lambda v=values, a=args: pypool.avg_pool2d_backward(
            v, x.shape, **a, workers=2))  # fmt: skip
    serial = [bits(call()) for call in calls]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda call: bits(call()), calls * 4)) == serial * 4


@pytest.mark.parametrize("nd", RANKS)
def test_window_positions_do_not_apply_to_global_and_adaptive_pooling(nd):
    shape = (4, 5, 6)[:nd]
    one = np.ones((1,) * nd)
    for call in (
        lambda: backward("global_max", nd, np.float64(1), 0, shape, index_kind="window"),
        lambda: backward("adaptive_max", nd, one, one.astype(int), shape, 1, index_kind="window"),
    ):
        refused(ValueError, call, "index_kind", "window")


def test_an_array_of_one_axis_is_not_taken_for_one_of_none():
    whole = pypool.global_avg_pool1d_backward(np.array(3.0), (5,))
    assert_same(whole, np.full(5, 3.0 / 5))
    value, index = pypool.global_max_pool1d(np.arange(5.0), return_indices=True)
    assert_same(pypool.global_max_pool1d_backward(value, index, (5,)), np.array([0, 0, 0, 0, 4.0]))
    one = np.ones(1)
    refused(ValueError, lambda: pypool.global_avg_pool1d_backward(one, (5,)), "grad", "()")
    call = lambda: pypool.global_max_pool1d_backward(one, np.array([2]), (5,))  # noqa: E731
    refused(ValueError, call, "()")


def test_an_index_of_padding_is_named_so():
    call = lambda: pypool.max_pool1d_backward(  # noqa: E731
        np.ones(1), np.zeros(1, np.uint8), (2,), 3, 1, ((1, 0),), index_kind="window"
    )
    refused(ValueError, call, "indices[0]", "padding")
