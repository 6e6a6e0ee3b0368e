"""Every input array: pooled whatever its memory looks like, refused where it cannot be."""

import array
import ctypes
import mmap
import sys
import types

import cases
import numpy as np
import pytest
import reference
from cases import DTYPES, FORMATS, LAYOUTS, OPS, RANKS, assert_same, bits
from numpy.lib.stride_tricks import as_strided, sliding_window_view

try:
    import ml_dtypes
except ImportError:
    ml_dtypes = None

import pypool
from pypool import _runtime

WINDOWS = [
    {"pool_size": 2},
    {"pool_size": 3, "strides": 2, "padding": "same"},
    {"pool_size": (3, 5), "strides": 1, "padding": 1},
]


def pool2d(op, x, **args):
    return getattr(pypool, f"{op}_pool2d")(x, **args)


def memory_of(x):
    """A copy of all the memory that x is a view of."""
    while isinstance(x.base, np.ndarray):
        x = x.base
    return x.base.tobytes() if isinstance(x.base, memoryview) else x.tobytes()


# --- memory --------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("laid_out", LAYOUTS, ids=lambda layout: layout.__name__)
def test_the_layout_of_the_input_does_not_matter(laid_out, op, dtype):
    for shape in [(2, 9, 37, 3), (2, 3, 8, 69)]:
        plain = cases.full_range(dtype, shape)
        x = laid_out(plain)
        before = memory_of(x)
        for window in WINDOWS:
            for data_format in FORMATS:
                args = {**window, "data_format": data_format}
                expected = bits(pool2d(op, plain, **args))
                for isa in _runtime.instruction_sets():
                    with _runtime.instruction_set(isa):
                        assert bits(pool2d(op, x, **args)) == expected, (isa, args)
        assert memory_of(x) == before, "the input was written"


@pytest.mark.parametrize("laid_out", LAYOUTS, ids=lambda layout: layout.__name__)
@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("nd", [1, 3])
def test_the_layout_does_not_matter_in_one_and_three_dimensions(nd, op, laid_out):
    for dtype in ("uint8", "float16", "float32"):
        plain = cases.full_range(dtype, cases.shape(nd, size=(21, 9, 8)))
        x = laid_out(plain)
        for window in cases.pool_sizes(nd):
            pool = getattr(pypool, f"{op}_pool{nd}d")
            expected = bits(pool(plain, **window))
            for isa in _runtime.instruction_sets():
                with _runtime.instruction_set(isa):
                    assert bits(pool(x, **window)) == expected, (isa, dtype, window)


@pytest.mark.parametrize("laid_out", LAYOUTS, ids=lambda layout: layout.__name__)
@pytest.mark.parametrize("op", ["max", "avg"])
def test_the_layout_does_not_matter_to_global_and_any_axis_pooling(op, laid_out, isa):
    for dtype in ("uint8", "float16", "float32"):
        plain = cases.full_range(dtype, (5, 9, 37, 3))
        x = laid_out(plain)
        function = getattr(pypool, f"global_{op}_pool2d")
        assert bits(np.asarray(function(x))) == bits(np.asarray(function(plain)))
        for axes in (0, (0, 2), (3, 1), None):
            results = (pypool.pool(a, 2, op=op, axes=axes) for a in (x, plain))
            assert bits(next(results)) == bits(next(results)), axes


@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_layout_does_not_matter_to_the_definition(dtype, op):
    x = cases.small(dtype, (3, 9, 37, 3))
    for laid_out in LAYOUTS:
        for args in WINDOWS:
            expected = reference.pool_nd(op, 2, x, **args)
            assert_same(pool2d(op, laid_out(x), **args), expected, laid_out.__name__, args)


@pytest.mark.parametrize("op", OPS)
def test_a_large_strided_input_is_shared_by_threads(op):
    plain = cases.full_range("float32", (6, 200, 210, 5))
    for laid_out in LAYOUTS:
        x = laid_out(plain)
        for args in WINDOWS:
            one = bits(pool2d(op, plain, **args, workers=1))
            assert bits(pool2d(op, x, **args, workers=2)) == one, (laid_out.__name__, args)


@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_broadcast_inputs(dtype, op, isa):
    row = cases.small(dtype, (1, 7, 1, 3))
    for shape in [(4, 7, 9, 3), (2, 7, 1, 3), (1, 7, 33, 3)]:
        x = np.broadcast_to(row, shape)
        for args in ({"pool_size": (3, 1)}, {"pool_size": 3, "padding": "same", "strides": 2}):
            assert_same(pool2d(op, x, **args), reference.pool_nd(op, 2, x, **args), shape)
    x = np.broadcast_to(np.asarray(3, dtype), (5, 6))
    assert_same(pool2d(op, x, pool_size=2), reference.pool(op, x, 2))


@pytest.mark.parametrize("op", OPS)
def test_inputs_that_overlap_themselves(op, isa):
    line = cases.small("float32", (40,))
    x = sliding_window_view(line, 9)
    assert_same(pool2d(op, x, pool_size=3), reference.pool(op, x, 3))
    x = as_strided(line, (5, 6, 7, 2), (4, 8, 12, 4), writeable=False)
    for data_format in FORMATS:
        args = {"pool_size": 2, "data_format": data_format}
        assert_same(pool2d(op, x, **args), reference.pool_nd(op, 2, x, **args))


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("op", OPS)
def test_memory_maps_are_read_and_never_written(op, data_format, tmp_path):
    x = cases.small("uint16", (2, 9, 8, 3))
    path = tmp_path / "image"
    x.tofile(path)
    expected = reference.pool_nd(op, 2, x, 3, 2, data_format=data_format)
    for mode in ("r", "r+", "c"):
        mapped = np.memmap(path, x.dtype, mode, shape=x.shape)
        args = {"pool_size": 3, "strides": 2, "data_format": data_format}
        assert_same(pool2d(op, mapped, **args), expected, mode)
        del mapped
    with open(path, "rb") as file:
        view = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    mapped = np.frombuffer(view, x.dtype).reshape(x.shape)
    assert_same(pool2d(op, mapped, pool_size=3, strides=2, data_format=data_format), expected)
    assert path.read_bytes() == x.tobytes()


# --- empty, thin and enormous --------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["bool", "uint8", "float16", "float32"])
@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("nd", RANKS)
@pytest.mark.parametrize("op", OPS)
def test_an_empty_batch_or_no_channels_give_an_empty_result(op, nd, data_format, dtype, isa):
    function = getattr(pypool, f"{op}_pool{nd}d")
    for sizes in ({"batch": 0}, {"channels": 0}, {"batch": 0, "channels": 0}):
        x = cases.small(dtype, cases.shape(nd, data_format, **sizes))
        args = {"pool_size": 3, "strides": 2, "data_format": data_format}
        expected = reference.pool_nd(op, nd, x, **args)
        assert_same(function(x, **args), expected)
        assert expected.size == 0
        if op in ("max", "avg"):
            function_global = getattr(pypool, f"global_{op}_pool{nd}d")
            expected = reference.global_pool(op, nd, x, data_format)
            assert_same(function_global(x, data_format), expected)


@pytest.mark.parametrize("nd", RANKS)
@pytest.mark.parametrize("op", OPS)
def test_an_empty_image_has_no_windows(op, nd):
    function = getattr(pypool, f"{op}_pool{nd}d")
    for empty in range(nd):
        size = [4, 5, 6]
        size[empty] = 0
        x = cases.small("float32", cases.shape(nd, size=tuple(size)))
        for args in ({"pool_size": 2}, {"pool_size": 1}, {"pool_size": 2, "ceil_mode": True},
                     {"pool_size": 2, "padding": 1}):  # fmt: skip
            with pytest.raises(ValueError, match=r"pool_size|padding"):
                function(x, **args)
        args = {"pool_size": 3, "strides": 2, "padding": "same"}
        assert_same(function(x, **args), reference.pool_nd(op, nd, x, **args))
        if op in ("max", "avg"):
            with pytest.raises(ValueError, match="0"):
                getattr(pypool, f"global_{op}_pool{nd}d")(x)


@pytest.mark.parametrize("op", OPS)
def test_pool_of_an_empty_array(op):
    x = np.zeros((0, 4), "float32")
    assert_same(pypool.pool(x, 2, op=op, axes=1), reference.pool(op, x, 2, axes=1))
    assert_same(pypool.pool(x, 2, op=op, padding="same"), reference.pool(op, x, 2, padding="same"))
    with pytest.raises(ValueError, match="pool_size"):
        pypool.pool(x, 2, op=op)


def test_empty_shapes_whose_product_overflows():
    x = np.broadcast_to(np.zeros((0, 1, 1, 1), np.uint8), (0, 2**31, 2**30, 2))
    for args in ({"pool_size": 2}, {"pool_size": 2, "strides": 1, "data_format": "channels_first"}):
        try:
            result = pypool.max_pool2d(x, **args)
        except (ValueError, MemoryError):
            continue
        last = args.get("data_format") is None
        assert result.shape == ((0, 2**30, 2**29, 2) if last else (0, 2**31, 2**30 - 1, 1))


def test_results_that_no_memory_holds_are_refused():
    x = np.broadcast_to(np.float32(1), (2**28, 2**28))
    with pytest.raises(MemoryError):
        pypool.max_pool2d(x, 1)
    x = np.broadcast_to(np.uint8(1), (2**31, 2**31))
    for call in (lambda: pypool.sum_pool2d(x, 1), lambda: pypool.avg_pool2d(x, 2, 1)):
        with pytest.raises((MemoryError, ValueError)):
            call()


@pytest.mark.parametrize("op", OPS)
def test_axes_past_32_bits(op):
    """An image of 2**33 rows, all of them the same three pixels in memory."""
    row = np.array([1, 5, 3], np.uint8)
    x = np.broadcast_to(row, (2**33, 3))
    for k in (1, 2):
        expected = reference.pool(op, np.stack([row] * k), (k, 1)).repeat(2, 0)
        assert_same(pool2d(op, x, pool_size=(k, 1), strides=(2**32, 1)), expected)
        assert_same(pool2d(op, x[None, ::-1], pool_size=(k, 1), strides=(2**32, 1),
                           data_format="channels_first"), expected[None])  # fmt: skip


@pytest.mark.parametrize("op", OPS)
def test_strides_past_32_bits(op, tmp_path):
    """The elements of a sparse file of 6 GiB, three far apart."""
    path = tmp_path / "sparse"
    far = 3 * 2**30
    try:
        with open(path, "wb") as file:
            for position, value in ((0, 7), (far, 9), (2 * far, 4)):
                file.seek(position)
                file.write(bytes([value]))
        data = np.memmap(path, np.uint8, "r")
    except OSError as error:
        pytest.skip(f"no sparse file of 6 GiB here: {error}")
    x = data[::far]
    assert x.shape == (3,)
    assert_same(getattr(pypool, f"{op}_pool1d")(x, 2, 1), reference.pool(op, np.array(x), 2, 1))


# --- types ---------------------------------------------------------------------------------------


def refused_types():
    yield "object", np.array([[1, 2], [3, 4]], object)
    yield "str", np.array([["a", "b"], ["c", "d"]])
    yield "bytes", np.array([[b"a", b"b"], [b"c", b"d"]])
    yield "datetime64", np.zeros((2, 2), "M8[s]")
    yield "timedelta64", np.zeros((2, 2), "m8[ms]")
    yield "complex64", np.zeros((2, 2), "complex64")
    yield "complex128", np.zeros((2, 2), "complex128")
    yield "void", np.zeros((2, 2), "V8")
    yield "structured", np.zeros((2, 2), [("a", "f4"), ("b", "i2")])
    if np.dtype("longdouble") != np.float64:
        yield "longdouble", np.zeros((2, 2), "longdouble")
    yield "StringDType", np.array([["a", "b"], ["c", "d"]], np.dtypes.StringDType())
    if ml_dtypes:
        yield "float8_e4m3fn", np.zeros((2, 2), ml_dtypes.float8_e4m3fn)
        yield "int4", np.zeros((2, 2), ml_dtypes.int4)


REFUSED_TYPES = dict(refused_types())


@pytest.mark.parametrize("name", REFUSED_TYPES)
@pytest.mark.parametrize("op", OPS)
def test_other_dtypes_are_refused_by_name(op, name):
    x = REFUSED_TYPES[name]
    for call in (
        lambda: pool2d(op, x, pool_size=2),
        lambda: pypool.pool(x, 2, op=op),
        lambda: getattr(pypool, f"{op}_pool1d")(x[:0], 1, data_format="channels_first"),
    ):
        with pytest.raises(TypeError) as caught:
            call()
        message = str(caught.value)
        assert any(word in message for word in (str(x.dtype), x.dtype.name, repr(x.dtype)))


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
@pytest.mark.parametrize("op", OPS)
def test_matrices_and_masked_arrays_are_refused(op):
    for x in (np.matrix(np.ones((4, 4))), np.ma.masked_array(np.ones((4, 4)), False)):
        for call in (lambda x=x: pool2d(op, x, pool_size=2), lambda x=x: pypool.pool(x, 2, op=op)):
            with pytest.raises(TypeError, match=f"{type(x).__name__}|masked"):
                call()


def test_a_masked_array_hidden_in_another_is_not_read_behind_its_mask():
    class Masked(np.ma.MaskedArray):
        pass

    with pytest.raises(TypeError, match=r"[Mm]ask"):
        pypool.max_pool2d(Masked(np.ones((4, 4)), np.eye(4, dtype=bool)), 2)


class Hostile(np.ndarray):
    """Does its worst whenever NumPy calls back."""

    def __array_finalize__(self, other):
        if isinstance(other, Hostile):
            raise RuntimeError("__array_finalize__ was called")

    def __array_wrap__(self, *args, **kwargs):
        raise RuntimeError("__array_wrap__ was called")

    def __array_ufunc__(self, *args, **kwargs):
        raise RuntimeError("__array_ufunc__ was called")

    def __array_function__(self, *args, **kwargs):
        raise RuntimeError("__array_function__ was called")

    def __getitem__(self, key):
        raise RuntimeError("__getitem__ was called")

    def __len__(self):
        return 10**6

    shape = property(lambda self: (1000, 1000))
    strides = property(lambda self: (8, 8))


@pytest.mark.parametrize("op", OPS)
def test_the_methods_of_a_subclass_are_ignored(op):
    plain = cases.small("float32", (6, 8))
    assert_same(pool2d(op, plain.view(Hostile), pool_size=2), reference.pool(op, plain, 2))


@pytest.mark.parametrize("op", OPS)
def test_whatever_numpy_reads_is_pooled(op):
    plain = cases.small("int16", (24,))
    nested = plain.reshape(4, 6).tolist()
    assert_same(pool2d(op, nested, pool_size=2), reference.pool(op, np.array(nested), 2))
    floats = plain.reshape(4, 6).astype(float).tolist()
    assert_same(pool2d(op, floats, pool_size=2), reference.pool(op, np.array(floats), 2))
    function = getattr(pypool, f"{op}_pool1d")
    expected = reference.pool(op, plain, 2)
    assert_same(function(array.array("h", plain.tolist()), 2), expected)
    assert_same(function(memoryview(plain.tobytes()).cast("h"), 2), expected)
    assert_same(function((ctypes.c_int16 * 24)(*plain.tolist()), 2), expected)

    class Array:
        def __array__(self, dtype=None, copy=None):
            return plain

    assert_same(function(Array(), 2), expected)

    class Interface:
        __array_interface__ = plain.__array_interface__
        keeps = plain

    assert_same(function(Interface(), 2), expected)


@pytest.mark.parametrize("x", [None, "image", b"image", ..., {1: 2}, [[1, 2], [3]], [1, "a"]],
                         ids=repr)  # fmt: skip
def test_what_is_no_array_is_refused(x):
    with pytest.raises((TypeError, ValueError)):
        pypool.max_pool1d(x, 1)


def test_arrays_that_fail_to_become_arrays():
    class Raising:
        def __array__(self, dtype=None, copy=None):
            raise LookupError("not today")

    class Wrong:
        def __array__(self, dtype=None, copy=None):
            return [1, 2]

    class Itself:
        def __array__(self, dtype=None, copy=None):
            return np.asarray(self)

    with pytest.raises(LookupError, match="not today"):
        pypool.max_pool1d(Raising(), 2)
    with pytest.raises((TypeError, ValueError)):
        pypool.max_pool1d(Wrong(), 2)
    with pytest.raises((TypeError, ValueError, RecursionError)):
        pypool.max_pool1d(Itself(), 2)


def test_a_dask_array_is_refused_with_what_to_do(monkeypatch):
    module = types.ModuleType("dask.array.core")

    class Array:
        def __array__(self, dtype=None, copy=None):
            raise AssertionError("the graph was computed")

    Array.__module__, module.Array = module.__name__, Array
    monkeypatch.setitem(sys.modules, "dask.array.core", module)
    x = module.Array()
    for call in (
        lambda: pypool.max_pool2d(x, 2),
        lambda: pypool.pool(x, 2),
        lambda: pypool.global_avg_pool2d(x),
    ):
        with pytest.raises(TypeError, match=r"compute\(\).*pypool\.dask"):
            call()


def test_a_tensor_that_wants_a_gradient_is_told_to_detach():
    class Tensor:
        requires_grad = True

        def __array__(self, dtype=None, copy=None):
            raise RuntimeError("Can't call numpy() on Tensor that requires grad.")

    Tensor.__module__ = "torch"
    with pytest.raises(TypeError, match="detach"):
        pypool.max_pool2d(Tensor(), 2)


def test_torch_tensors():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    x = cases.small("float32", (2, 6, 8, 3))
    assert_same(pypool.max_pool2d(torch.from_numpy(x), 2), reference.pool_nd("max", 2, x, 2))
    with pytest.raises(TypeError, match="detach"):
        pypool.max_pool2d(torch.from_numpy(x).requires_grad_(), 2)
    with pytest.raises(TypeError):
        pypool.max_pool2d(torch.zeros((2, 4, 4, 1), device="meta"), 2)


@pytest.mark.parametrize("op", OPS)
def test_input_stays_as_it_is(op, isa):
    for dtype in DTYPES:
        x = cases.with_specials(cases.full_range(dtype, (2, 9, 37, 3)))
        before = x.tobytes()
        for args in WINDOWS:
            pool2d(op, x, **args)
            pool2d(op, x, data_format="channels_first", **args)
        assert x.tobytes() == before
