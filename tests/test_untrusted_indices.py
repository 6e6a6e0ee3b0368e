"""Indices are data, not promises: none makes a call read or write where it should not."""

import itertools

import cases
import numpy as np
import pytest
import reference_gradients as definition
from cases import FORMATS, INTEGERS, LAYOUTS, assert_same, bits
from hypothesis import given, settings
from hypothesis import strategies as st

import pypool
from pypool import _runtime

KINDS = ["plane", "sample", "tensor", "window"]
SHAPES = {  # of what is pooled, in windows of 2x2
    "channels_last": ((2, 6, 5, 3), (2, 3, 2, 3)),
    "channels_first": ((2, 3, 6, 5), (2, 3, 3, 2)),
}
BEYOND = {"plane": 30, "sample": 90, "tensor": 180, "window": 4}


def shapes(data_format):
    return SHAPES[data_format]


def calls(data_format, values):
    """name -> a call with indices of the shape of the result; and the shape of what it gives."""
    whole, pooled = shapes(data_format)
    args = {"data_format": data_format}
    grad = values.astype(np.float32)
    spread = np.arange(np.prod(whole), dtype=np.float32).reshape(whole)
    return {
        "max": lambda i, **how: pypool.max_pool2d_backward(grad, i, whole, 2, **args, **how),
        "min": lambda i, **how: pypool.min_pool2d_backward(grad, i, whole, 2, **args, **how),
        "halves": lambda i, **how: pypool.max_pool2d_backward(
            grad.astype("f2"), i, whole, 2, **args, **how
        ),
        "adaptive": lambda i, **how: pypool.adaptive_max_pool2d_backward(
            grad, i, whole, pooled[1:3] if data_format == "channels_last" else pooled[2:], **args,
            **how,
        ),
        "unpool": lambda i, **how: pypool.max_unpool2d(
            grad, i, 2, output_shape=whole, **args, **how
        ),
        "unpool backward": lambda i, **how: pypool.max_unpool2d_backward(
            spread, i, pooled, 2, output_shape=whole, **args, **how
        ),
    }  # fmt: skip


NAMES = list(calls("channels_last", np.zeros(1)))
USES = [
    (name, kind) for name, kind in itertools.product(NAMES, KINDS)
    if (name, kind) != ("adaptive", "window")
]  # fmt: skip


def good(kind, data_format):
    """Indices that a forward call gives."""
    whole, _ = shapes(data_format)
    windows = definition.windows(2, whole, 2, data_format=data_format)
    x = cases.small("int8", whole)
    values, indices = definition.locate("max", x, windows, index_kind=kind, nd=2)
    return values, indices.astype(np.int64)


def refused(error, call, *mentions):
    with pytest.raises(error) as caught:
        call()
    for word in mentions:
        assert word in str(caught.value), caught.value


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("name, kind", USES)
def test_an_index_outside_what_it_counts_is_refused(name, kind, data_format):
    values, indices = good(kind, data_format)
    call = calls(data_format, values)[name]
    untouched = indices.copy()
    for at, bad in itertools.product(
        (0, indices.size // 2, indices.size - 1),
        (-1, BEYOND[kind], 2**31, 2**32 + 3, -(2**32) + 3, -(2**63), 2**63 - 1),
    ):
        indices.flat[at] = bad
        for isa in _runtime.instruction_sets():
            with _runtime.instruction_set(isa):
                refused(ValueError, lambda: call(indices, index_kind=kind), "indices", str(bad))
        indices[...] = untouched
    for at, bad in itertools.product((0, indices.size - 1), (2**63, 2**63 + 3, 2**64 - 1)):
        unsigned = indices.astype(np.uint64)
        unsigned.flat[at] = bad
        refused(ValueError, lambda: call(unsigned, index_kind=kind), "indices", str(bad))  # noqa: B023
    call(indices, index_kind=kind)


@pytest.mark.parametrize("name, kind", USES)
def test_the_extremes_of_every_dtype_are_refused(name, kind):
    values, indices = good(kind, "channels_last")
    call = calls("channels_last", values)[name]
    for info in map(np.iinfo, INTEGERS):
        bad = info.min or info.max
        if 0 < bad < BEYOND[kind]:
            continue
        given = indices.astype(info.dtype)
        given.flat[7] = bad
        refused(ValueError, lambda: call(given, index_kind=kind), "indices", str(bad))  # noqa: B023


@settings(max_examples=120)
@given(
    st.sampled_from(USES),
    st.sampled_from(FORMATS),
    st.integers(0, 35),
    st.integers(-(2**63), 2**63 - 1) | st.integers(-200, 200),
)
def test_any_index_is_refused_or_taken_as_it_is(use, data_format, at, index):
    name, kind = use
    values, indices = good(kind, data_format)
    indices.flat[at] = index
    call = calls(data_format, values)[name]
    try:
        result = call(indices, index_kind=kind)
    except ValueError as error:
        assert str(index) in str(error)
        inside = 0 <= index < BEYOND[kind]
        # One of a whole sample or tensor may be of another plane.
        assert not inside or kind in ("sample", "tensor")
    else:
        assert 0 <= index < BEYOND[kind]
        whole, pooled = shapes(data_format)
        assert result.shape == (pooled if name == "unpool backward" else whole)
        if name in ("max", "adaptive"):
            assert result.astype(float).sum() == values.astype(float).sum()


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("name", NAMES)
def test_an_index_of_another_window_is_taken_as_it_is(name, data_format):
    whole, pooled = shapes(data_format)
    values = cases.small("int8", pooled)
    windows = definition.windows(2, whole, 2, data_format=data_format)
    rng = np.random.default_rng(0)
    for _ in range(3):
        found = rng.integers(0, 30, pooled)
        if name == "unpool":
            expected = definition.unpool(values.astype("f4"), found, whole, windows.axes)
        elif name == "unpool backward":
            spread = np.arange(np.prod(whole), dtype=np.float32).reshape(whole)
            expected = definition.unpool_backward(spread, found, windows.axes)
        else:
            expected = definition.followed(values.astype("f4"), found, windows)
        expected = expected.astype("f2" if name == "halves" else "f4")
        for kind in KINDS[:3]:
            indices = definition.numbered(kind, found, whole, windows, nd=2)
            for isa in _runtime.instruction_sets():
                with _runtime.instruction_set(isa):
                    result = calls(data_format, values)[name](indices, index_kind=kind)
                    assert_same(result, expected, kind, isa)


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("name", NAMES)
def test_an_index_of_another_plane_is_refused(name, data_format):
    values, _ = good("plane", data_format)
    call = calls(data_format, values)[name]
    step = {"channels_last": (1, 90), "channels_first": (30, 90)}[data_format]
    for kind, shift in [("sample", step[0]), ("tensor", step[0]), ("tensor", step[1])]:
        _, indices = good(kind, data_format)
        indices.flat[0] += shift  # the next channel, the next sample
        bad = str(indices.flat[0])
        refused(ValueError, lambda: call(indices, index_kind=kind), "indices", "plane", bad)  # noqa: B023


@pytest.mark.parametrize("name", ["max", "min", "unpool", "unpool backward"])
def test_a_window_position_of_padding_is_refused(name):
    x = np.ones((2, 5, 4, 3), np.float32)
    args = {"pool_size": 3, "strides": 2, "padding": 1, "index_kind": "window"}
    values, indices = pypool.max_pool2d(x, **args, return_indices=True)
    for position in (0, 1, 2, 3, 6):  # the first row and column
        indices[0, 0, 0, 0] = position
        if "unpool" in name:
            how = {**args, "output_shape": x.shape}
            call = (
                (lambda: pypool.max_unpool2d(values, indices, **how))  # noqa: B023
                if name == "unpool"
                else lambda: pypool.max_unpool2d_backward(x, indices, values.shape, **how)  # noqa: B023
            )
        else:
            function = getattr(pypool, f"{name}_pool2d_backward")
            call = lambda: function(values, indices, x.shape, **args)  # noqa: B023, E731
        refused(ValueError, call, "indices", str(position))
    indices[0, 0, 0, 0] = 4
    call()
    indices = indices.astype(np.uint16)
    indices[0, 0, 0, 0] = 256 + 4  # 4 in a byte
    refused(ValueError, call, "indices", "260")


@pytest.mark.parametrize("dtype", ["float16", "float64", "bool", "object", "complex64", "M8[s]"])
@pytest.mark.parametrize("name", [*NAMES, "global"])
def test_indices_of_other_dtypes_are_refused_by_name(name, dtype):
    values, indices = good("plane", "channels_last")
    given = indices.astype(dtype)
    call = lambda: calls("channels_last", values)[name](given)  # noqa: E731
    if name == "global":
        given = given[:, 0, 0]
        call = lambda: pypool.global_max_pool2d_backward(np.ones((2, 3)), given, (2, 6, 5, 3))  # noqa: E731
    refused(TypeError, call, "indices", given.dtype.name)
    given = given[:0]
    refused((TypeError, ValueError), call, "indices")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", [*NAMES, "global"])
def test_indices_of_another_shape_are_refused(name, kind):
    values, indices = good(kind, "channels_last")
    if kind == "window" and name in ("adaptive", "global"):
        kind = "plane"
    for wrong in (indices[:1], indices[0], indices[..., :2], indices[..., None],
                  indices.transpose(0, 2, 1, 3), np.zeros((0,), int), np.zeros((), int),
                  indices[:, :0]):  # fmt: skip
        call = lambda: calls("channels_last", values)[name](wrong, index_kind=kind)  # noqa: B023, E731
        if name == "global":
            call = lambda: pypool.global_max_pool2d_backward(np.ones((2, 3)), wrong, (2, 6, 5, 3))  # noqa: B023, E731
        refused(ValueError, call, "indices", str(wrong.shape))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", INTEGERS)
def test_indices_of_any_integer_dtype_and_layout_are_taken(dtype, kind):
    values, indices = (each[:1] for each in good(kind, "channels_last"))  # of the first sample
    grad, whole = values.astype(np.float32), (1, 6, 5, 3)
    how = {"index_kind": kind}
    for call in (
        lambda i: pypool.max_pool2d_backward(grad, i, whole, 2, **how),
        lambda i: pypool.max_unpool2d(grad, i, 2, output_shape=whole, **how),
    ):
        expected = bits(call(indices))
        assert bits(call(indices.tolist())) == expected
        for laid_out in LAYOUTS:
            given = laid_out(indices.astype(dtype))
            before = given.tobytes()
            assert bits(call(given)) == expected, laid_out.__name__
            assert given.tobytes() == before


def test_indices_into_an_image_of_nothing():
    grad = np.zeros((2, 2, 2, 0), np.float32)
    result = pypool.max_pool2d_backward(grad, np.zeros(grad.shape, int), (2, 4, 4, 0), 2)
    assert result.shape == (2, 4, 4, 0)
    x = np.zeros((0, 2, 2, 3), np.float32)
    for shape in (None, (0, 4, 4, 3), (4, 4)):
        result = pypool.max_unpool2d(x, np.zeros(x.shape, int), 2, output_shape=shape)
        assert result.shape == (0, 4, 4, 3)


def test_every_index_of_a_large_array_is_looked_at(isa):
    """One bad index anywhere: in the first row, in the last vector, in another thread's share."""
    for data_format, shape, pooled in [
        ("channels_last", (3, 40, 44, 8), (3, 20, 22, 8)),
        ("channels_first", (3, 8, 40, 44), (3, 8, 20, 22)),
    ]:
        x = cases.full_range("float32", shape)
        for kind, bad in (("plane", 40 * 44), ("tensor", -1), ("window", 4)):
            args = {"data_format": data_format, "index_kind": kind}
            _, indices = pypool.max_pool2d(x, 2, **args, return_indices=True)
            grad = np.ones(pooled, np.float32)
            if kind == "window":
                assert indices.dtype == np.uint8
            for at in np.random.default_rng(0).integers(0, indices.size, 25):
                kept = indices.flat[at]
                indices.flat[at] = bad
                place = ", ".join(str(i) for i in np.unravel_index(at, pooled))
                for workers in (1, 3):
                    call = lambda: pypool.max_pool2d_backward(  # noqa: E731
                        grad, indices, shape, 2, **args, workers=workers  # noqa: B023
                    )  # fmt: skip
                    refused(ValueError, call, f"indices[{place}]", str(bad))
                indices.flat[at] = kept


REWRITTEN = """
    import itertools, sys, threading, time
    import numpy as np, pypool

    rng = np.random.default_rng(0)
    stop, refused, went = threading.Event(), 0, 0
    x = rng.random((2, 160, 160, 8), np.float32)

    def rewrite(arrays):
        while not stop.is_set():
            for array in arrays:
                array.reshape(-1)[::3] = array.dtype.type(2**63 - 1 if array.itemsize == 8 else 255)
                array.reshape(-1)[::3] = 0
                array.reshape(-1)[1::5] = array.dtype.type(array.itemsize % 8)

    problems = []
    for kind, dtype in itertools.product(("plane", "tensor", "window"), ("float16", "float32")):
        for data_format in ("channels_last", "channels_first"):
            args = {"pool_size": 2, "data_format": data_format, "index_kind": kind}
            values, indices = pypool.max_pool2d(x.astype(dtype), **args, return_indices=True)
            problems.append((args, values, indices))
    thread = threading.Thread(target=rewrite, args=([indices for *_, indices in problems],))
    margins = 4096
    thread.start()
    end = time.monotonic() + 1.5
    for args, values, indices in itertools.cycle(problems):
        flat = np.full(x.size + 2 * margins, 77, values.dtype)
        out = flat[margins:-margins].reshape(x.shape)
        for call in (
            lambda: pypool.max_pool2d_backward(
                values, indices, x.shape, **args, out=out, workers=2),
            lambda: pypool.max_unpool2d(values, indices, **args, out=out, workers=2),
            lambda: pypool.max_unpool2d_backward(
                x.astype(values.dtype), indices, values.shape, **args, workers=2),
            lambda: pypool.convert_indices(
                indices, x.shape, args["index_kind"], "plane", 2, 2,
                data_format=args["data_format"]),
        ):
            try:
                result = call()
            except ValueError:
                refused += 1
            else:
                went += 1
                assert np.isfinite(result).all()
            assert (flat[:margins] == 77).all() and (flat[-margins:] == 77).all()
        if time.monotonic() > end:
            break
    stop.set()
    thread.join()
    assert refused > 0, went
    print("done")
"""


def test_indices_that_another_thread_rewrites_do_no_harm(python):
    assert python(REWRITTEN).stdout.strip() == "done"
