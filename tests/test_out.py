"""out=: what it may be, what goes into it, and that nothing else is touched."""

import cases
import numpy as np
import pytest
import reference
from cases import DTYPES, FORMATS, OPS, RANKS, assert_same, bits
from numpy.lib.stride_tricks import as_strided

import pypool
from pypool import _call

ARGS = {"pool_size": 3, "strides": 2, "padding": "same"}


def pool2d(op, x, **args):
    return getattr(pypool, f"{op}_pool2d")(x, **args)


def image(dtype="float32"):
    return cases.small(dtype, (2, 9, 37, 3))


# --- where it lies -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "laid_out",
    [layout for layout in cases.LAYOUTS if layout is not cases.read_only],
    ids=lambda layout: layout.__name__,
)
@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("op", OPS)
def test_the_layout_of_out_does_not_matter(op, data_format, laid_out, isa):
    for dtype in ("uint8", "float16", "float32", "float64"):
        args = dict(ARGS, data_format=data_format)
        expected = reference.pool_nd(op, 2, image(dtype), **args)
        out = laid_out(np.zeros_like(expected))
        result = pool2d(op, image(dtype), **args, out=out)
        assert result is out
        np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("op", OPS)
def test_nothing_around_out_is_written(op, data_format, dtype, isa):
    for shape in [(2, 9, 37, 3), (1, 3, 5, 70)]:
        for window in (ARGS, {"pool_size": 2}, {"pool_size": 3, "strides": 1}):
            args = dict(window, data_format=data_format)
            x = cases.small(dtype, shape)
            expected = reference.pool_nd(op, 2, x, **args)
            base = cases.poison(expected.dtype, tuple(n + 4 for n in expected.shape))
            inside = (slice(2, -2),) * base.ndim
            pristine = base.copy()
            pristine[inside] = expected
            pool2d(op, x, **args, out=base[inside])
            assert bits(base) == bits(pristine), (shape, args)
            flat = cases.poison(expected.dtype, (expected.size + 128,))
            pristine = flat.copy()
            pristine[64:-64] = expected.ravel()
            pool2d(op, x, **args, out=flat[64:-64].reshape(expected.shape))
            assert bits(flat) == bits(pristine), (shape, args)


def test_out_is_returned_by_every_function():
    x = cases.small("float32", (2, 4, 5, 6, 3))
    for name in (
        "pool",
        *(f"{op}_pool{nd}d" for op in OPS for nd in RANKS),
        *(f"global_{op}_pool{nd}d" for op in ("max", "avg") for nd in RANKS),
    ):
        function = getattr(pypool, name)
        args = () if "global" in name else (2,)
        expected = function(x, *args)
        out = np.full(expected.shape, 77, expected.dtype)
        assert function(x, *args, out=out) is out
        assert_same(out, expected)


def test_out_of_a_global_pool_without_axes_left():
    out = np.zeros((), "float64")
    assert pypool.global_avg_pool2d(np.eye(4), out=out) is out
    assert out == 0.25


def test_a_memory_map_may_be_out(tmp_path):
    expected = reference.pool_nd("max", 2, image(), **ARGS)
    out = np.memmap(tmp_path / "result", expected.dtype, "w+", shape=expected.shape)
    assert pool2d("max", image(), **ARGS, out=out) is out
    np.testing.assert_array_equal(np.asarray(out), expected)


def test_an_empty_out():
    x = np.zeros((0, 4, 4, 3), "float32")
    out = np.zeros((0, 2, 2, 3), "float32")
    assert pypool.max_pool2d(x, 2, out=out) is out


# --- its dtype -----------------------------------------------------------------------------------


@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_out_may_have_any_dtype_of_the_same_kind(dtype, op, isa):
    x = cases.small(dtype, (2, 9, 8, 3))
    expected = reference.pool_nd(op, 2, x, **ARGS)
    for name in DTYPES:
        out = np.zeros(expected.shape, cases.dtype_of(name))
        if np.can_cast(expected.dtype, out.dtype, "same_kind"):
            assert pool2d(op, x, **ARGS, out=out) is out
            assert_same(out, expected.astype(out.dtype), name)
        else:
            with pytest.raises(TypeError) as caught:
                pool2d(op, x, **ARGS, out=out)
            message = str(caught.value)
            assert "out" in message
            assert out.dtype.name in message
            assert expected.dtype.name in message
            assert not out.astype(bool).any()


def test_out_of_another_dtype_and_layout():
    expected = reference.pool_nd("avg", 2, image(), **ARGS)
    for name in ("float16", "float64"):
        for laid_out in (cases.as_fortran, cases.reversed_in_memory, cases.misaligned,
                         cases.byte_swapped):  # fmt: skip
            out = laid_out(np.zeros(expected.shape, name))
            assert pool2d("avg", image(), **ARGS, out=out) is out
            np.testing.assert_array_equal(out, expected.astype(name))


# --- what is refused -----------------------------------------------------------------------------


def refused(error, out, *mentions):
    with pytest.raises(error) as caught:
        pool2d("max", image(), **ARGS, out=out)
    message = str(caught.value)
    assert "out" in message
    assert all(word in message for word in mentions), message


SHAPE = (2, 5, 19, 3)


@pytest.mark.parametrize("shape", [(), (2,), (5, 19, 3), (1, *SHAPE), (2, 5, 18, 3), (2, 5, 19, 1),
                                   (0, 5, 19, 3), (2, 19, 5, 3)], ids=str)  # fmt: skip
def test_a_wrong_shape_is_refused(shape):
    out = np.full(shape, 77, "float32")
    refused(ValueError, out, str(shape), str(SHAPE))
    assert (out == 77).all()


def test_a_read_only_out_is_refused():
    out = np.full(SHAPE, 77, "float32")
    out.flags.writeable = False
    refused(ValueError, out)
    assert (out == 77).all()


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
@pytest.mark.parametrize("out", [[], "out", 0, (np.zeros(SHAPE, "float32"),), bytearray(4 * 570),
                                 memoryview(bytearray(4 * 570)), np.float32(0)],
                         ids=lambda out: type(out).__name__)  # fmt: skip
def test_what_is_no_array_is_refused(out):
    refused(TypeError, out, type(out).__name__)


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_matrices_and_masked_arrays_are_refused():
    refused(TypeError, np.ma.zeros(SHAPE, "float32"))
    with pytest.raises(TypeError, match="out"):
        pypool.max_pool2d(np.zeros((4, 4)), 2, out=np.matrix(np.zeros((2, 2))))


def test_an_out_that_overlaps_itself_is_refused():
    one = np.zeros(SHAPE, "float32")
    refused(ValueError, as_strided(one, SHAPE, (0, *one.strides[1:])))
    refused(ValueError, as_strided(one, SHAPE, (*one.strides[:3], 0)))
    refused(ValueError, as_strided(np.zeros(9000, "float32"), SHAPE, (228, 228, 8, 4)))
    refused(ValueError, as_strided(np.zeros(9000, "float32"), SHAPE, (5700, 228, 12, 2)))


def test_a_stride_of_zero_along_an_axis_of_one_is_no_overlap():
    x = cases.small("float32", (1, 4, 6))
    out = as_strided(np.zeros((2, 3), "float32"), (1, 2, 3), (0, 12, 4))
    assert pypool.max_pool2d(x, 2, data_format="channels_first", out=out) is out
    np.testing.assert_array_equal(out, reference.pool("max", x, 2, axes=(1, 2)))


def test_strides_that_interleave_without_overlap_are_accepted():
    base = np.zeros((2, 12), "float32")
    out = as_strided(base, (2, 3, 4), (16, 32, 4))[:, :2]
    x = cases.small("float32", (2, 4, 8))
    assert pypool.max_pool2d(x, 2, data_format="channels_first", out=out) is out
    np.testing.assert_array_equal(out, reference.pool("max", x, 2, axes=(1, 2)))


def test_whether_an_out_overlaps_itself_is_told_exactly():
    """By marking the bytes of every element; strides of 16 and 24 bytes pass between each other."""
    rng = np.random.default_rng(0)
    refusals = 0
    for _ in range(300):
        rows, columns = rng.integers(1, 6, 2)
        dtype = np.dtype(rng.choice(["float64", "float32", "uint8"]))
        strides = tuple(int(s) for s in rng.integers(-9, 10, 2) * rng.choice([1, 4, 8]))
        memory = np.zeros(1024, np.uint8)
        out = np.ndarray((rows, columns), dtype, memory, 512, strides)
        marks = np.zeros(1024, int)
        for row, column in np.ndindex(rows, columns):
            start = 512 + row * strides[0] + column * strides[1]
            marks[start : start + dtype.itemsize] += 1
        x = rng.integers(0, 100, (2 * rows, 2 * columns)).astype(dtype)
        if marks.max() > 1:
            refusals += 1
            with pytest.raises(ValueError, match="overlap"):
                pypool.max_pool2d(x, 2, out=out)
            assert not memory.any()
        else:
            assert pypool.max_pool2d(x, 2, out=out) is out
            np.testing.assert_array_equal(out, reference.pool("max", x, 2))
    assert 50 < refusals < 250
    between = as_strided(np.zeros(64), (3, 2), (16, 24))
    assert pypool.max_pool2d(np.ones((6, 4)), 2, out=between) is between


@pytest.mark.parametrize(
    "args",
    [
        {"pool_size": 0},
        {"pool_size": 2.5},
        {"strides": -1},
        {"padding": "causal"},
        {"padding": 5},
        {"dilation": 0},
        {"data_format": "NHWC"},
        {"nan_policy": "raise"},
        {"rounding": "up"},
        {"dtype": "object"},
        {"dtype": "int32"},
        {"divisor_override": 0},
        {"workers": 0},
        {"workers": "2"},
        {"no_such_argument": 1},
    ],
    ids=str,
)
def test_a_refused_call_leaves_out_as_it_was(args):
    out = np.full(SHAPE, 77, "float32")
    with pytest.raises((TypeError, ValueError)):
        pypool.avg_pool2d(image(), **(ARGS | args), out=out)
    assert (out == 77).all()


# --- when it overlaps the input ------------------------------------------------------------------

SAME_SIZE = [
    {"pool_size": 3, "strides": 1, "padding": "same"},
    {"pool_size": 1},
    {"pool_size": (5, 2), "strides": 1, "padding": "same_lower"},
]


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize(
    ("op", "dtype"),
    [(op, dtype) for op in OPS for dtype in ("float16", "float32", "float64")]
    + [(op, "int64") for op in OPS if op != "avg"],
)
def test_out_may_be_the_input(dtype, op, data_format, workers, isa):
    for shape in [(2, 9, 37, 3), (3, 4, 60, 61)]:
        for window in SAME_SIZE:
            args = dict(window, data_format=data_format)
            x = cases.small(dtype, shape)
            expected = reference.pool_nd(op, 2, x, **args)
            assert pool2d(op, x, **args, out=x, workers=workers) is x
            assert_same(x, expected, args)


@pytest.mark.parametrize("shift", [-37, -4, -1, 1, 2, 37])
@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("op", OPS)
def test_out_may_lie_a_little_beside_the_input(op, workers, shift, isa):
    size = 9 * 37 * 5
    for window in SAME_SIZE:
        for data_format in FORMATS:
            args = dict(window, data_format=data_format)
            line = cases.small("float32", (size + 2 * 37,))
            x = line[37:-37].reshape(9, 37, 5)
            out = line[37 + shift : 37 + shift + size].reshape(9, 37, 5)
            expected = reference.pool_nd(op, 2, x.copy(), **args)
            assert pool2d(op, x, **args, out=out, workers=workers) is out
            assert_same(out, expected, args)


@pytest.mark.parametrize("op", OPS)
def test_out_may_be_a_part_of_the_input_or_turn_it_around(op, isa):
    for part in (
        lambda x: x[:, :4, :18],
        lambda x: x[:, 5:, -18:],
        lambda x: x[:, 1::2, 1::2],
        lambda x: x[::-1, 7::-2, 35::-2],
    ):
        x = cases.small("float32", (2, 9, 37, 3))
        out = part(x)
        expected = reference.pool_nd(op, 2, x.copy(), 2)
        assert pool2d(op, x, pool_size=2, out=out) is out
        np.testing.assert_array_equal(out, expected)
    x = cases.small("float32", (2, 12, 12, 3))
    args = {"pool_size": 3, "strides": 1, "padding": "same"}
    expected = reference.pool_nd(op, 2, x.copy(), **args)
    out = x.transpose(0, 2, 1, 3)[:, ::-1]
    assert pool2d(op, x, **args, out=out) is out
    np.testing.assert_array_equal(out, expected)


@pytest.mark.parametrize("op", OPS)
def test_an_out_of_another_dtype_may_overlap_the_input(op):
    memory = cases.small("float32", (2 * 1000,))
    x = memory[:1000].reshape(10, 20, 5)
    args = {"pool_size": 3, "strides": 1, "padding": "same"}
    for out in (
        memory.view("float64")[:1000].reshape(10, 20, 5),
        memory.view("float16")[:1000].reshape(10, 20, 5),
        memory.view("float16")[700:1700].reshape(10, 20, 5),
    ):
        memory[:] = cases.small("float32", memory.shape)
        expected = reference.pool_nd(op, 2, x.copy(), **args).astype(out.dtype)
        assert pool2d(op, x, **args, out=out) is out
        assert_same(out, expected)


def test_a_global_pool_into_its_own_input():
    x = cases.small("float32", (2, 6, 7, 3))
    expected = reference.global_pool("avg", 2, x.copy())
    out = x[:, 3, 4]
    assert pypool.global_avg_pool2d(x, out=out) is out
    np.testing.assert_array_equal(out, expected)


@pytest.mark.parametrize("op", OPS)
def test_a_large_out_over_its_input(op):
    x = cases.small("float32", (4, 300, 301, 3))
    for window in SAME_SIZE:
        copy = x.copy()
        expected = pool2d(op, x, **window)
        assert_same(pool2d(op, copy, **window, out=copy), expected)


def test_where_results_lie_is_planned_once(monkeypatch):
    """A call like one before, into strides like those before."""
    x = cases.small("float32", (2, 8, 8, 3))
    expected = pypool.max_pool2d(x, 2)
    outs = [np.zeros((2, 4, 4, 6), np.float32)[..., ::2], np.zeros((2, 4, 4, 3), ">f4")]
    for out in outs:
        pypool.max_pool2d(x, 2, out=out)
    monkeypatch.setattr(_call, "geometry_of", None)
    for out in outs:
        out[...] = 0
        assert pypool.max_pool2d(x, 2, out=out) is out
        np.testing.assert_array_equal(out, expected)
