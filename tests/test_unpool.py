"""Unpooling puts values at their indices and nothing anywhere else, and knows its own gradient."""

import itertools

import cases
import numpy as np
import pytest
import reference
import reference_gradients as definition
from cases import DTYPES, FLOATS, FORMATS, LAYOUTS, RANKS, assert_same, bits
from hypothesis import given, settings
from hypothesis import strategies as st

import pypool
from pypool import _runtime

KINDS = ["plane", "sample", "tensor", "window"]


def unpool(nd, *args, **options):
    return getattr(pypool, f"max_unpool{nd}d")(*args, **options)


def backward(nd, *args, **options):
    return getattr(pypool, f"max_unpool{nd}d_backward")(*args, **options)


def refused(error, call, *mentions):
    with pytest.raises(error) as caught:
        call()
    for word in mentions:
        assert word in str(caught.value), caught.value


def pooled(dtype, nd, data_format, size=(6, 5, 7), kind="plane", **args):
    """What was pooled, the values, the elements of the plane, and the indices of that kind."""
    x = cases.small(dtype, cases.shape(nd, data_format, size=size))
    windows = definition.windows(nd, x.shape, data_format=data_format, **args)
    values, found = definition.locate("max", x, windows)
    _, indices = definition.locate("max", x, windows, index_kind=kind, nd=nd)
    return x, values, found, indices, windows.axes


# --- the definition ------------------------------------------------------------------------------


def test_the_worked_example():
    x = np.array([[1, 9, 3, 4], [4, 2, 8, 0]])
    values, indices = pypool.max_pool2d(x, 2, return_indices=True)
    expected = np.array([[0, 9, 0, 0], [0, 0, 8, 0]])
    assert_same(pypool.max_unpool2d(values, indices, 2), expected)


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_unpool_equals_the_definition(dtype, data_format):
    paddings = cases.PADDINGS if dtype in ("uint8", *FLOATS) else ["same", "pairs"]
    for nd, padding in itertools.product(RANKS, paddings):
        windows = [window for window in cases.pool_sizes(nd) if "dilation" not in window]
        for i, window in enumerate(windows):
            kind = KINDS[(i + nd + len(padding)) % 4]
            args = {"padding": cases.padding(padding, nd), **window}
            x, values, found, indices, axes = pooled(dtype, nd, data_format, kind=kind, **args)
            expected = definition.unpool(values, found, x.shape, axes)
            args |= {"data_format": data_format, "index_kind": kind, "output_shape": x.shape}
            grad = cases.small(dtype, x.shape, 1)
            picked = definition.unpool_backward(grad, found, axes)
            for isa in _runtime.instruction_sets():
                with _runtime.instruction_set(isa):
                    assert_same(unpool(nd, values, indices, **args), expected, isa, nd, args)
                    result = backward(nd, grad, indices, values.shape, **args)
                    assert_same(result, picked, isa, nd, args)


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("nd", RANKS)
def test_every_form_of_the_output_shape(nd, data_format, isa):
    for window, padding in itertools.product(cases.pool_sizes(nd)[:3], ["valid", 1]):
        if padding == 1 and window["pool_size"] == 2:
            continue
        args = {"padding": padding, **window}
        x, values, found, indices, axes = pooled("float32", nd, data_format, **args)
        how = {**args, "data_format": data_format}
        sizes = [x.shape[axis] for axis in axes]
        expected = definition.unpool(values, found, x.shape, axes)
        for shape in (x.shape, list(x.shape), sizes, tuple(sizes), np.array(sizes)):
            result = unpool(nd, values, indices, **how, output_shape=shape)
            assert_same(result, expected, shape)
            again = backward(nd, expected, indices, values.shape, **how, output_shape=shape)
            assert_same(again, values)
        # Left out, it is the smallest that gives as many outputs: perhaps too small for an index.
        inferred = definition.unpooled_shape(nd, values.shape, **how)
        plane = [inferred[axis] for axis in axes]
        found = found % np.prod(plane)
        result = unpool(nd, values, found, **how)
        assert result.shape == inferred
        assert_same(result, definition.unpool(values, found, inferred, axes))


def test_the_output_may_be_smaller_than_a_window(isa):
    """What `ceil_mode` pooled in an overhanging window goes back to where it was."""
    x = cases.small("float32", (2, 2, 3, 4))
    values, indices = pypool.max_pool2d(x, 3, ceil_mode=True, return_indices=True)
    expected = definition.unpool(values, indices, x.shape, (1, 2))
    assert_same(pypool.max_unpool2d(values, indices, 3, output_shape=x.shape), expected)
    assert_same(pypool.max_unpool2d(values, indices, 5, 7, 2, output_shape=(2, 3)), expected)


def test_the_inferred_shape_is_pytorchs():
    for nd, data_format in itertools.product(RANKS, FORMATS):
        x = np.zeros(cases.shape(nd, data_format, size=(3, 4, 5)), np.float32)
        indices = np.zeros(x.shape, int)
        for k, s, p in [(2, None, 0), (3, 2, 0), (3, 2, 1), (2, 3, "valid"), (3, 2, "same"),
                        (4, 1, "same_lower"), (4, 3, ((0, 1), (2, 1), (1, 1))[:nd])]:  # fmt: skip
            result = unpool(nd, x, indices, k, s, p, data_format)
            assert result.shape == definition.unpooled_shape(nd, x.shape, k, s, p, data_format)


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("nd", RANKS)
def test_of_values_for_one_place_the_last_is_kept(nd, data_format):
    rng = np.random.default_rng(nd)
    for channels, dtype in itertools.product([1, 3, 40], ["bool", "uint8", "float16", "int64"]):
        shape = cases.shape(nd, data_format, size=(4, 5, 3), channels=channels)
        axes = reference.spatial_axes(len(shape), nd, data_format)
        x = cases.full_range(dtype, shape)
        whole = list(shape)
        for axis in axes:
            whole[axis] *= 2
        plane = int(np.prod([whole[axis] for axis in axes]))
        for places in (1, 3, plane):
            found = rng.integers(0, places, shape)
            expected = definition.unpool(x, found, tuple(whole), axes)
            for isa in _runtime.instruction_sets():
                with _runtime.instruction_set(isa):
                    for workers in (1, 4):
                        result = unpool(nd, x, found, 2, data_format=data_format, workers=workers)
                        assert_same(result, expected, isa, places)


@settings(max_examples=100)
@given(
    st.integers(1, 3).flatmap(
        lambda nd: st.tuples(st.just(nd), st.lists(st.integers(1, 7), min_size=nd, max_size=nd + 3))
    ),
    st.integers(1, 3),
    st.sampled_from(FORMATS),
    st.sampled_from(["uint8", "float16", "float32", "float64"]),
    st.sampled_from(KINDS),
)
def test_pooling_what_was_unpooled_gives_it_back(rank, k, data_format, dtype, kind):
    nd, shape = rank
    args = {"pool_size": k, "data_format": data_format}
    x = cases.full_range(dtype, tuple(shape))
    x = np.abs(np.where(x == 0, 1, x)).astype(x.dtype)  # above the zeros around
    forward = getattr(pypool, f"max_pool{nd}d")
    try:
        values, indices = forward(x, **args, return_indices=True, index_kind=kind)
    except ValueError:
        return  # no window fits
    whole = unpool(nd, values, indices, **args, output_shape=shape, index_kind=kind)
    assert whole.shape == tuple(shape)
    assert bits(forward(whole, **args)) == bits(values)
    assert np.count_nonzero(whole) <= values.size
    grad = cases.small(dtype, tuple(shape))
    picked = backward(nd, grad, indices, values.shape, **args, output_shape=shape, index_kind=kind)
    left = (whole.astype(float) * grad.astype(float)).sum()
    right = (values.astype(float) * picked.astype(float)).sum()
    np.testing.assert_allclose(left, right, rtol=1e-12, atol=1e-9)


@pytest.mark.parametrize("nd", RANKS)
def test_every_rank_is_unpooled(nd, isa):
    for data_format, batch in itertools.product([*FORMATS, None], range(4)):
        place = data_format or "channels_last"
        shape = (2, 1, 3)[:batch] + cases.shape(nd, place, size=(4, 6, 2))[1:]
        for whole in (shape, (4, 6, 2)[:nd]):
            x = cases.small("float32", whole)
            windows = definition.windows(nd, whole, 2, data_format=place)
            values, found = definition.locate("max", x, windows)
            for kind in KINDS:
                _, indices = definition.locate("max", x, windows, index_kind=kind, nd=nd)
                how = {"data_format": data_format, "index_kind": kind}
                result = unpool(nd, values, indices, 2, **how)
                assert_same(result, definition.unpool(values, found, whole, windows.axes), kind)
                again = backward(nd, x, indices, values.shape, 2, **how)
                assert_same(again, values, kind)


@pytest.mark.parametrize("dtype", ["uint8", "float16", "float32"])
def test_every_width(dtype):
    widths = [*range(1, 70), 127, 128, 129, 255, 256, 257, 300]
    for data_format, width in itertools.product(FORMATS, widths):
        shape = (1, 2, 2, width) if data_format == "channels_last" else (1, 1, 2, width)
        x = cases.small(dtype, shape)
        axes = reference.spatial_axes(4, 2, data_format)
        whole = tuple(2 * n if axis in axes else n for axis, n in enumerate(shape))
        plane = int(np.prod([whole[axis] for axis in axes]))
        found = np.random.default_rng(width).integers(0, plane, shape)
        expected = definition.unpool(x, found, whole, axes)
        assert_same(unpool(2, x, found, 2, data_format=data_format), expected)
        picked = backward(2, expected, found, shape, 2, data_format=data_format)
        assert_same(picked, definition.unpool_backward(expected, found, axes))


# --- any input, any output -----------------------------------------------------------------------


@pytest.mark.parametrize("laid_out", LAYOUTS, ids=lambda layout: layout.__name__)
def test_the_layout_of_the_input_does_not_matter(laid_out, isa):
    for dtype, data_format in itertools.product(DTYPES, FORMATS):
        x, values, _, indices, _ = pooled(dtype, 2, data_format, pool_size=2)
        args = {"pool_size": 2, "data_format": data_format, "output_shape": x.shape}
        result = unpool(2, laid_out(values), laid_out(indices), **args)
        assert_same(result, unpool(2, values, indices, **args))
        result = backward(2, laid_out(x), laid_out(indices), values.shape, **args)
        assert_same(result, backward(2, x, indices, values.shape, **args))


@pytest.mark.parametrize(
    "laid_out",
    [layout for layout in LAYOUTS if layout is not cases.read_only],
    ids=lambda layout: layout.__name__,
)
def test_the_layout_of_out_does_not_matter(laid_out, isa):
    for dtype, data_format in itertools.product(["uint8", "float16", "float32"], FORMATS):
        x, values, _, indices, _ = pooled(dtype, 2, data_format, pool_size=2)
        args = {"pool_size": 2, "data_format": data_format, "output_shape": x.shape}
        expected = unpool(2, values, indices, **args)
        out = laid_out(np.full_like(expected, 77))
        assert unpool(2, values, indices, **args, out=out) is out
        np.testing.assert_array_equal(out, expected)
        out = laid_out(np.full_like(values, 77))
        assert backward(2, x, indices, values.shape, **args, out=out) is out
        np.testing.assert_array_equal(out, values)


@pytest.mark.parametrize("dtype", DTYPES)
def test_nothing_around_out_is_written_and_all_of_it_is(dtype, isa):
    for data_format in FORMATS:
        x, values, _, indices, _ = pooled(dtype, 2, data_format, pool_size=2)
        args = {"pool_size": 2, "data_format": data_format, "output_shape": x.shape}
        for call, expected in (
            (lambda out: unpool(2, values, indices, **args, out=out),  # noqa: B023
             unpool(2, values, indices, **args)),
            (lambda out: backward(2, x, indices, values.shape, **args, out=out), values),  # noqa: B023
        ):  # fmt: skip
            flat = cases.poison(x.dtype, (expected.size + 128,))
            pristine = flat.copy()
            pristine[64:-64] = expected.ravel()
            call(flat[64:-64].reshape(expected.shape))
            assert bits(flat) == bits(pristine)


def test_out_may_overlap_the_values(isa):
    x, values, _, indices, _ = pooled("float32", 2, "channels_last", pool_size=2)
    expected = unpool(2, values, indices, 2, output_shape=x.shape)
    for shift in (0, 1, 30):
        memory = np.zeros(x.size + 30 + values.size, np.float32)
        here = memory[shift : shift + values.size].reshape(values.shape)
        here[...] = values
        out = memory[: x.size].reshape(x.shape)
        assert_same(unpool(2, here, indices, 2, output_shape=x.shape, out=out), expected, shift)
        out = memory[shift : shift + values.size].reshape(values.shape)
        whole = memory[: x.size].reshape(x.shape)
        whole[...] = x
        result = backward(2, whole, indices, values.shape, 2, output_shape=x.shape, out=out)
        assert_same(result, values, shift)


LARGE = [
    ("channels_first", (4, 8, 64, 64)),
    ("channels_last", (1, 9, 8, 3000)),
    ("channels_last", (2, 60, 61, 16)),
]


@pytest.mark.parametrize("dtype", ["uint8", "float16", "float32"])
def test_any_number_of_workers_gives_the_same_bits(dtype):
    for data_format, shape in LARGE:
        x = cases.full_range(dtype, shape)
        for kind in ("plane", "window"):
            args = {"pool_size": 2, "data_format": data_format, "index_kind": kind}
            values, indices = pypool.max_pool2d(x, **args, return_indices=True)
            args["output_shape"] = shape
            results = {bits(unpool(2, values, indices, **args, workers=w)) for w in range(1, 9)}
            assert len(results) == 1
            for workers in range(1, 9):
                back = backward(2, x, indices, values.shape, **args, workers=workers)
                assert_same(back, values, workers)


# --- arguments -----------------------------------------------------------------------------------


def test_shapes_that_do_not_fit_are_refused():
    x = np.ones((2, 3, 4, 5), np.float32)
    indices = np.zeros(x.shape, int)

    def call(shape, given=x):
        return lambda: pypool.max_unpool2d(given, indices, 2, output_shape=shape)

    def back(shape):
        return lambda: pypool.max_unpool2d_backward(
            np.ones((2, 6, 8, 5)), indices, x.shape, 2, output_shape=shape
        )

    for wrong in ((6,), (6, 8, 5), (1, 2, 6, 8, 5), (), (3, 6, 8, 5), (2, 6, 8, 4), (0, 6, 8, 5)):
        refused(ValueError, call(wrong), "output_shape", str(wrong))
        refused(ValueError, back(wrong), "output_shape", str(wrong))
    for wrong in ((-6, 8), (6, 10**20), (2**62, 2**62), (2**31, 2**40)):
        refused(ValueError, call(wrong), "output_shape")
        refused(ValueError, back(wrong), "output_shape")
    for wrong in ((6.0, 8), "ab", (True, 8), (None, 8), {6, 8}, 6.5):
        refused(TypeError, call(wrong), "output_shape")
        refused(TypeError, back(wrong), "output_shape")
    refused(ValueError, back((7, 8)), "grad", "(2, 7, 8, 5)", "(2, 6, 8, 5)")
    refused(ValueError, call((0, 8)), "0")
    with pytest.raises(ValueError, match=r"pool_size|padding|output_shape|-"):
        pypool.max_unpool2d(np.ones((1, 1)), np.zeros((1, 1), int), 2, padding=2)


def test_other_dtypes_are_refused_by_name():
    indices = np.zeros((2, 2), int)
    for dtype in ("complex64", "object", "M8[s]", "S4"):
        x = np.zeros((2, 2), dtype)
        refused(TypeError, lambda: pypool.max_unpool2d(x, indices, 2), str(x.dtype))  # noqa: B023
        grad = np.zeros((4, 4), dtype)
        call = lambda: pypool.max_unpool2d_backward(grad, indices, (2, 2), 2)  # noqa: B023, E731
        refused(TypeError, call, str(grad.dtype))


def test_window_arguments_are_met():
    x, indices = np.ones((2, 2)), np.zeros((2, 2), int)
    for args, error, mention in [
        ({"pool_size": 0}, ValueError, "pool_size"),
        ({"pool_size": 2.0}, TypeError, "pool_size"),
        ({"pool_size": 2, "strides": 0}, ValueError, "strides"),
        ({"pool_size": 2, "padding": "full"}, ValueError, "padding"),
        ({"pool_size": 2, "data_format": "NHWC"}, ValueError, "data_format"),
        ({"pool_size": 2, "index_kind": "flat"}, ValueError, "index_kind"),
        ({"pool_size": 2, "index_kind": None}, TypeError, "index_kind"),
    ]:
        refused(error, lambda: pypool.max_unpool2d(x, indices, **args), mention)  # noqa: B023
        call = lambda: pypool.max_unpool2d_backward(np.ones((4, 4)), indices, (2, 2), **args)  # noqa: B023, E731
        refused(error, call, mention)
    big = np.ones((64, 64))
    where = np.zeros(big.shape, int)
    refused(ValueError, lambda: pypool.max_unpool2d(big, where, 2, workers=0), "workers")
    out = np.ones((4, 5))
    refused(ValueError, lambda: pypool.max_unpool2d(x, indices, 2, out=out), "out", "(4, 5)")
    out = np.ones((4, 4), int)
    refused(TypeError, lambda: pypool.max_unpool2d(x, indices, 2, out=out), "out", "int64")


def test_results_that_no_memory_holds_are_refused():
    x, indices = np.ones((1, 1), np.float32), np.zeros((1, 1), int)
    with pytest.raises(MemoryError):
        pypool.max_unpool2d(x, indices, 2, output_shape=(2**28, 2**28))
    with pytest.raises((MemoryError, ValueError)):
        pypool.max_unpool2d(x, indices, 2, strides=2**62, output_shape=(2**30, 2**30))


@pytest.mark.parametrize("padding", ["same", "same_lower"])
def test_positions_in_windows_that_began_before_the_input_need_its_size(padding):
    x = np.arange(6.0) + 1
    how = {"padding": padding, "index_kind": "window"}
    for size in (5, 6):
        values, indices = pypool.max_pool1d(x[:size], 3, 2, return_indices=True, **how)
        _, places = pypool.max_pool1d(x[:size], 3, 2, padding, return_indices=True)
        expected = np.zeros(len(x[:size]))
        expected[places] = x[places]
        result = pypool.max_unpool1d(values, indices, 3, 2, output_shape=x[:size].shape, **how)
        assert_same(result, expected)
        for call in (
            lambda: pypool.max_unpool1d(values, indices, 3, 2, **how),  # noqa: B023
            lambda: pypool.max_unpool1d_backward(x[:size], indices, values.shape, 3, 2, **how),  # noqa: B023
        ):
            with pytest.raises(ValueError, match="output_shape must be given"):
                call()


def test_positions_in_windows_of_2_need_no_size():
    """Their odd element of padding comes after."""
    x = np.array([3.0, 9, 1, 2, 5])
    values, indices = pypool.max_pool1d(x, 2, 2, "same", return_indices=True, index_kind="window")
    result = pypool.max_unpool1d(values, indices, 2, 2, "same", index_kind="window")
    assert_same(result, np.array([0, 9.0, 0, 2, 5, 0]))
