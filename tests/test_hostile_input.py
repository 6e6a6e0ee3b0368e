"""Bad input to the whole family: the same errors from every function, forward and backward."""

import enum
import inspect
import re
import typing
from decimal import Decimal
from fractions import Fraction

import cases
import numpy as np
import pytest
import reference
from cases import assert_same
from numpy.lib.stride_tricks import as_strided

import pypool
from pypool import layers

WHOLE, HALF, NONE = (2, 4, 4, 4, 3), (2, 2, 2, 2, 3), (2, 3)
FAMILY = [name for name in pypool.__all__ if re.fullmatch(r"pool|\w+pool[123]d(_backward)?", name)]


def rank_of(name):
    """The number of pooled axes."""
    return 3 if name == "pool" else int(name.removesuffix("_backward")[-2])


def parameters(name):
    return inspect.signature(getattr(pypool, name)).parameters


def arguments(name, **changed):
    """Good arguments, each named, of windows of 2 over axes of 4; some of them changed."""
    nd = rank_of(name)
    whole, half = ((shape[0], *shape[1 : nd + 1], shape[-1]) for shape in (WHOLE, HALF))
    pooled = NONE if "global" in name else half
    source, target = (half, whole) if "unpool" in name else (whole, pooled)
    good = {
        "x": cases.small("float32", source),
        "grad": cases.small("float32", target),
        "output": cases.small("float32", pooled),
        "indices": np.zeros(pooled, np.int64),
        "input_shape": source,
        "pool_size": 2,
        "output_size": 2,
        "norm_type": 2,
    }
    if name == "pool":
        changed = {"axes": (1, 2, 3)} | changed
    return {
        argument: good[argument]
        for argument, parameter in parameters(name).items()
        if parameter.default is parameter.empty
    } | changed


AVERAGE = ["rounding", "dtype", "count_include_pad", "divisor_override"]


def call(name, **changed):
    if name == "pool" and not {"op", "norm_type"} & set(changed) and set(AVERAGE) & set(changed):
        changed["op"] = "avg"
    return getattr(pypool, name)(**arguments(name, **changed))


def result_of(name, **changed):
    result = call(name, **changed)
    return result[0] if isinstance(result, tuple) else result


def takers(argument):
    """The functions that take such an argument."""
    found = [name for name in FAMILY if argument in parameters(name)]
    assert found, argument
    return found


def refused(error, name, mention, **changed):
    with pytest.raises(error) as caught:
        call(name, **changed)
    assert mention in str(caught.value), (name, changed, str(caught.value))


def test_the_family_is_whole_and_its_good_arguments_are_good():
    assert len(FAMILY) >= 55
    assert {name for name in FAMILY if name.endswith("_backward")} == {
        f"{name}_backward" for name in FAMILY if name != "pool" and not name.endswith("_backward")
    }
    for name in FAMILY:
        result = call(name)
        assert type(result) is np.ndarray
        assert result.size, name


# --- numbers -------------------------------------------------------------------------------------

PER_AXIS = ["pool_size", "strides", "dilation", "output_size"]
NO_INTEGERS = [
    True, np.True_, 2.0, np.float32(2), (2.5,), "22", b"22", bytearray(b"2"), float("nan"),
    float("inf"), 2j, {2: 2}, {2}, frozenset({2}), object(), int, np.array(2.0),
    np.array(True), memoryview(b"22"), slice(2), Ellipsis,
]  # fmt: skip


@pytest.mark.parametrize("argument", [*PER_AXIS, "divisor_override", "workers"])
def test_what_is_no_integer_is_a_type_error(argument):
    for name in takers(argument):
        for value in (*NO_INTEGERS, iter((2, 2)), (i for i in (2, 2))):
            if value == (2.5,) and argument in PER_AXIS:
                value *= rank_of(name)  # noqa: PLW2901
            refused(TypeError, name, argument, **{argument: value})
        if argument in PER_AXIS:
            for value in ((2,),), (True,), (None,), ("2",), [2.0]:
                refused(TypeError, name, argument, **{argument: value * rank_of(name)})
        if argument in ("pool_size", "dilation", "output_size"):
            refused(TypeError, name, argument, **{argument: None})


@pytest.mark.parametrize("argument", [*PER_AXIS, "divisor_override", "workers"])
def test_integers_out_of_range_are_value_errors(argument):
    for name in takers(argument):
        for value in (0, -1, -(2**31), -(2**63), -(10**30), np.int8(-1)):
            refused(ValueError, name, argument, **{argument: value})
        if argument != "workers":
            for value in (2**63, 10**30, np.uint64(2**64 - 1)):
                refused(ValueError, name, argument, **{argument: value})
        if argument in PER_AXIS:
            for value in ((), (2,) * 4, [2] * 9, (0,) * 3, [], np.empty(0, int)):
                refused(ValueError, name, argument, **{argument: value})


@pytest.mark.parametrize("argument", PER_AXIS)
@pytest.mark.parametrize("huge", [2**31 - 1, 2**31, 2147483697, 2**32 + 2, 2**62, 2**63 - 1])
def test_huge_integers_are_met_exactly(argument, huge):
    """One window along each axis, or none; an output that no memory holds."""
    for name in takers(argument):
        if "unpool" in name:
            if huge >= 2**62:
                refused(ValueError, name, "shape", **{argument: huge})
        elif argument == "strides" and "backward" not in name:
            assert_same(result_of(name, strides=huge), defined(name, strides=4), name)
        elif argument == "output_size" and "backward" not in name:
            with pytest.raises((ValueError, MemoryError)):
                call(name, output_size=huge)
        else:
            mention = "shape" if argument == "strides" else "" if "output" in argument else argument
            refused(ValueError, name, mention, **{argument: huge})
        if argument == "pool_size" and not {"indices", "grad"} & set(parameters(name)):
            size = 4 if "unpool" not in name else 2
            expected = defined(name, pool_size=size)
            assert_same(result_of(name, pool_size=huge, padding="same"), expected, name)


def defined(name, **args):
    """What a forward function makes by the definition; a norm is the root of a sum of squares."""
    x, nd = arguments(name)["x"], rank_of(name)
    op = "max" if name == "pool" else name.partition("_")[0]
    args = {"pool_size": 2} | args
    if op != "lp":
        return reference.pool_nd(op, nd, x, **args)
    return np.sqrt(reference.pool_nd("sum", nd, np.square(x), **args))


class Index:
    """An integer by __index__ only, which does something first."""

    def __init__(self, value, first=lambda: None):
        self.value, self.first = value, first

    def __index__(self):
        self.first()
        return self.value


@pytest.mark.parametrize("argument", PER_AXIS)
def test_anything_with_an_index_is_an_integer(argument):
    n = 1 if argument == "dilation" else 2
    for name in takers(argument):
        nd = rank_of(name)
        expected = result_of(name, **{argument: n})
        for value in (np.int64(n), np.uint8(n), np.array(n), Index(n), [n] * nd, np.array([n] * nd),
                      (Index(n),) * nd):  # fmt: skip
            assert_same(result_of(name, **{argument: value}), expected, name)


class BrokenError(Exception):
    """Raised by the arguments below."""


class RaisingList(list):
    def __iter__(self):
        raise BrokenError


class LyingList(list):
    def __len__(self):
        return 2


@pytest.mark.parametrize("argument", [*PER_AXIS, "workers"])
def test_what_an_argument_raises_is_heard(argument):
    def fail():
        raise BrokenError

    for name in takers(argument):
        with pytest.raises(BrokenError):
            call(name, **{argument: Index(2, fail)})
        if argument == "workers":
            continue
        with pytest.raises(BrokenError):
            call(name, **{argument: RaisingList([2] * rank_of(name))})
        for value in ([2] * 7, [2]):
            try:
                result = result_of(name, **{argument: LyingList(value)})
            except ValueError:
                continue
            assert_same(result, result_of(name, **{argument: 2}), name)


@pytest.mark.parametrize("argument", [*PER_AXIS, "workers", "divisor_override"])
@pytest.mark.parametrize("victim", ["x", "grad", "indices", "output", "out"])
def test_an_argument_that_resizes_an_array_meanwhile_does_no_harm(argument, victim):
    """The call is refused, or fills the `out` that it was given."""
    for name in takers(argument):
        if victim not in parameters(name) or parameters(name)[victim].default is None != (
            victim == "out"
        ):
            continue
        for small in ((), (1,), (1,) * (rank_of(name) + 1)):
            given = {
                key: np.array(value) if isinstance(value, np.ndarray) else value
                for key, value in arguments(name).items()
            }
            given["out"] = np.zeros_like(result_of(name))
            array = given[victim]
            value = Index(2, lambda: array.resize(small, refcheck=False))  # noqa: B023
            try:
                result = getattr(pypool, name)(**given | {argument: value})
            except (ValueError, TypeError):
                continue
            assert result is given["out"]


def test_norm_type_is_a_positive_number():
    for name in takers("norm_type"):
        how = {"op": "lp"} if name == "pool" else {}
        for value in (True, "2", b"2", 2j, (2,), None, object(), np.array([2.0]), {},
                      np.array(True), np.array("2"), np.complex64(2), np.str_("2"),
                      np.datetime64(2, "s"), np.timedelta64(2, "s")):  # fmt: skip
            refused(TypeError, name, "norm_type", norm_type=value, **how)
        for value in (0, -1, -0.5, float("nan"), -float("inf")):
            refused(ValueError, name, "norm_type", norm_type=value, **how)
        expected = call(name, norm_type=3.0, **how)
        assert np.isfinite(expected).all()
        for value in (3, np.float32(3), np.uint8(3), np.array(3.0), np.array(3), Fraction(3),
                      Decimal(3), Index(3), np.longdouble(3)):  # fmt: skip
            for _ in range(2):
                assert_same(call(name, norm_type=value, **how), expected)


@pytest.mark.parametrize("argument", ["input_shape", "output_shape"])
def test_what_is_no_shape_is_refused(argument):
    for name in takers(argument):
        good = arguments(name)["input_shape"] if argument == "input_shape" else (4, 4, 4)
        for value in (4.0, "444", b"444", {4}, object(), (4.0,) * 3, (True,) * 3, (None, 4),
                      np.ones((2, 2)), iter(good), (1e20,) * 3, {4: 4}):  # fmt: skip
            refused(TypeError, name, argument, **{argument: value})
        for value in ((), (-4,) * 3, (4,) * 65, (10**20, 4), (2**62,) * 3, (*good[:-1], -1),
                      (2**31, 2**31, 2**31, 3), (1,) * 9, (*good, 2**63)):  # fmt: skip
            with pytest.raises(ValueError):
                call(name, **{argument: value})


# --- words and switches --------------------------------------------------------------------------

WORDS = {
    "padding": ([" same", "causal", "", "valid\0", "x" * 10**5, -1, (1, -1, 1), (), (1,) * 9,
                 ((0, 0),) * 9, 2**63, ((0, 10**30),) * 3],
                [None, True, 1.5, b"same", object(), {1}, iter((1, 1, 1))]),
    "data_format": (["NHWC", "channels_Last", ""], [1, True, b"channels_last", ["channels_last"]]),
    "index_kind": (["flat", "PLANE", ""], [None, 1, b"plane", ["plane"], np.array(["a", "b"])]),
    "nan_policy": (["raise", "OMIT", ""], [None, 1, b"omit", ["omit"], np.array(["a", "b"])]),
    "rounding": (["half_down", "ceil", ""], [None, 1, b"floor", ["floor"]]),
    "dtype": ([], ["no such", "O", "V8", "U4", "S4", "M8[s]", "m8[s]", "complex64", "longdouble",
                   "uint8", [("a", "f4")], object()]),
    "ceil_mode": ([], [1, 0, None, "yes", 1.0, np.array([True, False])]),
    "count_include_pad": ([], [1, 0, None, "yes", 1.0]),
    "keepdims": ([], [1, 0, None, "yes", 1.0]),
    "return_indices": ([], [1, 0, None, "yes", 1.0]),
}  # fmt: skip


@pytest.mark.parametrize("argument", WORDS)
def test_a_word_or_a_switch_is_one_of_its_values(argument):
    values, types = WORDS[argument]
    for name in takers(argument):
        located = argument == "index_kind" and "return_indices" in parameters(name)
        for how in ({"return_indices": True}, {}) if located else ({},):
            for value in values:
                refused(ValueError, name, argument, **how, **{argument: value})
            for value in types:
                refused(TypeError, name, argument, **how, **{argument: value})


GOOD_WORDS = {
    "padding": ("valid", "same", "same_lower"),
    "data_format": ("channels_last", "channels_first"),
    "index_kind": ("plane", "window"),
    "nan_policy": ("propagate", "omit"),
    "rounding": ("half_even", "floor"),
}


@pytest.mark.parametrize("argument", GOOD_WORDS)
def test_a_word_may_be_a_member_of_an_enumeration(argument):
    """Of strings whose str() is not what they are equal to."""
    words = enum.Enum("words", {word: word for word in GOOD_WORDS[argument]}, type=str)
    for name, word in ((name, word) for name in takers(argument) for word in words):
        if word == "window" and ("global" in name or "adaptive" in name):
            continue
        if word == "channels_first" and name.endswith("_backward"):
            continue  # the arrays of `arguments` have channels last
        how = {}
        if argument == "nan_policy" and "x" in arguments(name):
            how["x"] = arguments(name)["x"].copy()
            how["x"].ravel()[::5] = np.nan
        if argument == "rounding":
            how["dtype"] = "float32"
        if argument == "index_kind" and "return_indices" in parameters(name):
            how["return_indices"] = True
        results = [call(name, **how, **{argument: given}) for given in (word, word.value)]
        pairs = [result if isinstance(result, tuple) else (result,) for result in results]
        for of_member, of_string in zip(*pairs, strict=True):
            assert of_member.dtype == of_string.dtype, (name, word)
            assert_same(of_member, of_string, name, word)


@pytest.mark.parametrize("name", [*pypool.__all__, *layers.__all__])
def test_type_hints_resolve(name):
    of = getattr(pypool, name, None) or getattr(layers, name)
    if callable(of):
        assert typing.get_type_hints(of.__init__ if isinstance(of, type) else of)


# --- arrays --------------------------------------------------------------------------------------


class Raising:
    def __array__(self, dtype=None, copy=None):
        raise BrokenError


class Wrong:
    def __array__(self, dtype=None, copy=None):
        return [1, 2]


class OnAnotherDevice:
    def __dlpack_device__(self):
        return (2, 0)

    def __array__(self, dtype=None, copy=None):
        raise TypeError("the array is on another device")


def hostile_arrays(shape):
    """What no function takes for an array of this shape."""
    ones = np.ones(shape)
    yield from (np.ma.masked_array(ones), OnAnotherDevice())
    for dtype in ("O", "U3", "S3", "V8", "M8[s]", "m8[s]", "complex64", "complex128", "longdouble"):
        if np.dtype(dtype) != np.float64:
            yield np.zeros(shape, dtype)
    yield np.zeros(shape, [("a", "f4"), ("b", "i2")])
    yield np.full(shape, "a", np.dtypes.StringDType())


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
@pytest.mark.parametrize("argument", ["x", "grad", "output", "indices"])
def test_what_is_no_array_of_numbers_is_a_type_error(argument):
    for name in takers(argument):
        if argument not in arguments(name):
            continue
        good = arguments(name)[argument]
        for value in hostile_arrays(good.shape):
            refused(TypeError, name, "", **{argument: value})
        for value in (None, object(), "array", b"array", {1: 2}, {1}, iter("12"), len):
            refused(TypeError, name, "", **{argument: value})
        with pytest.raises(BrokenError):
            call(name, **{argument: Raising()})
        with pytest.raises((TypeError, ValueError), match="array"):  # NumPy's
            call(name, **{argument: Wrong()})
        for value in (
            np.matrix(np.ones((4, 4))),
            good[None][:, :, None],
            good[:0],
            good[..., :1, :1],
        ):
            if type(value) is np.ndarray and argument == "x" and "grad" not in parameters(name):
                continue
            with pytest.raises((TypeError, ValueError)):
                call(name, **{argument: value})
        refused(ValueError, name, "", **{argument: good.reshape(-1)[0]})


@pytest.mark.parametrize("laid_out", [*cases.LAYOUTS, np.asarray], ids=lambda each: each.__name__)
def test_the_layout_of_any_array_does_not_matter_and_none_is_written(laid_out):
    for name in FAMILY:
        given = arguments(name)
        arrays = {key: laid_out(value) for key, value in given.items()
                  if isinstance(value, np.ndarray)}  # fmt: skip
        before = {key: value.tobytes() for key, value in arrays.items()}
        assert_same(call(name, **arrays), call(name), name)
        assert before == {key: value.tobytes() for key, value in arrays.items()}, name


def test_a_hostile_subclass_is_an_array():
    class Hostile(np.ndarray):
        def __array_finalize__(self, other):
            if isinstance(other, Hostile):
                raise BrokenError

        def __array_wrap__(self, *args, **kwargs):
            raise BrokenError

        def __getitem__(self, key):
            raise BrokenError

        shape = property(lambda self: (1000, 1000))

    for name in FAMILY:
        arrays = {key: value.view(Hostile) for key, value in arguments(name).items()
                  if isinstance(value, np.ndarray)}  # fmt: skip
        assert_same(call(name, **arrays), call(name), name)


@pytest.mark.parametrize("empty", ["batch", "channels"])
def test_empty_arrays_have_empty_results(empty):
    for name in FAMILY:
        changed = {}
        for key, value in arguments(name).items():
            if isinstance(value, np.ndarray):
                changed[key] = value[:0] if empty == "batch" else value[..., :0]
            elif key == "input_shape":
                changed[key] = (0, *value[1:]) if empty == "batch" else (*value[:-1], 0)
        shape = call(name).shape
        expected = (0, *shape[1:]) if empty == "batch" else (*shape[:-1], 0)
        assert call(name, **changed).shape == expected, name


def test_keywords_that_nobody_knows_are_type_errors():
    for name in FAMILY:
        refused(TypeError, name, "stride", stride=2)
        with pytest.raises(TypeError, match="argument"):
            getattr(pypool, name)(*arguments(name).values(), *range(20))


# --- out -----------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_an_out_that_will_not_do_is_refused_and_left_alone():
    for name in FAMILY:
        right = result_of(name)
        for shape in ((), (0,), right.shape[1:], (*right.shape, 1), (*right.shape[:-1], 1)):
            out = np.full(shape, 7, right.dtype)
            refused(ValueError, name, "out", out=out)
            assert (out == 7).all()
        for value in (0, "out", [], right.tolist(), memoryview(right), np.ma.array(right),
                      type("Sub", (np.ndarray,), {}), object()):  # fmt: skip
            refused(TypeError, name, "out", out=value)
        refused((TypeError, ValueError), name, "out", out=np.matrix(np.eye(2)))
        for dtype in ("i4", "?", "O", "V4", "U1", "M8[s]", "c8"):
            out = np.zeros(right.shape, dtype)
            refused(TypeError, name, "out", out=out)
            assert out.tobytes() == np.zeros(right.shape, dtype).tobytes()
        out = np.full_like(right, 7)
        out.flags.writeable = False
        refused(ValueError, name, "out", out=out)
        assert (out == 7).all()
        for axis in range(right.ndim):
            strides = list(right.strides)
            strides[axis] = 0
            refused(ValueError, name, "out", out=as_strided(np.zeros(right.size, right.dtype),
                                                            right.shape, strides))  # fmt: skip


@pytest.mark.parametrize("laid_out", [layout for layout in cases.LAYOUTS if layout is not
                                      cases.read_only], ids=lambda each: each.__name__)  # fmt: skip
def test_any_function_writes_into_an_out_of_any_layout(laid_out):
    for name in FAMILY:
        expected = result_of(name)
        out = laid_out(np.zeros_like(expected))
        assert call(name, out=out) is out
        np.testing.assert_array_equal(out, expected, name)


def test_an_out_within_any_argument_holds_what_a_copy_would():
    for name in FAMILY:
        expected = result_of(name)
        for key, value in arguments(name).items():
            if not isinstance(value, np.ndarray):
                continue
            line = np.zeros(max(value.nbytes, expected.nbytes) + 64, np.uint8)
            for at, out_at in ((0, 0), (0, 4), (8, 0), (0, 40)):
                given = line[at : at + value.nbytes].view(value.dtype).reshape(value.shape)
                out = line[out_at : out_at + expected.nbytes].view(expected.dtype)
                given[...] = value
                out = out.reshape(expected.shape)
                assert call(name, **{key: given}, out=out) is out
                np.testing.assert_array_equal(out, expected, f"{name} {key}")


# --- large ---------------------------------------------------------------------------------------


def test_more_elements_than_32_bits_count_in_no_memory():
    """Views of one row, 2**31 elements and more; windows that meet a few."""
    row = np.array([3, 1, 2], np.uint8)
    x = np.broadcast_to(row, (2**31 + 5, 3))
    for op in ("max", "min", "sum", "avg"):
        expected = reference.pool(op, np.stack([row] * 2), (2, 1))
        args = {"pool_size": (2, 1), "strides": (2**30, 1), "op": op}
        assert_same(pypool.pool(x, **args), np.concatenate([expected] * 3))
    norms = reference.pool("sum", np.stack([row] * 2), (2, 1)).astype(float)
    assert_same(pypool.lp_pool1d(x, 1, 2, 2**31), norms.repeat(2, 0))
    assert (pypool.max_pool1d(x, 1, 2**30, return_indices=True)[1][:, 0] == [0, 2**30, 2**31]).all()


@pytest.mark.slow
@pytest.mark.parametrize("data_format", cases.FORMATS)
def test_more_elements_than_32_bits_count(data_format):
    """2**31 + 4096 bytes, in memory; sums, averages and places are exact."""
    size = 2**31 + 4096
    x = np.zeros(size, np.uint8)
    x[:: 2**20] = 1
    x[-5] = 255
    total = len(range(0, size, 2**20)) + 255
    line = x.reshape(1, 1, -1) if data_format == "channels_first" else x.reshape(1, -1, 1)
    for workers in (1, 2):
        how = {"data_format": data_format, "workers": workers}
        value, index = pypool.global_max_pool1d(line, **how, return_indices=True)
        assert (value.item(), index.item()) == (255, size - 5)
        assert pypool.global_avg_pool1d(line, **how).item() == total / size
        assert pypool.sum_pool1d(line, size, **how).item() == total
        pairs = pypool.max_pool1d(line, 2, **how)
        assert pairs.sum(dtype=np.int64) == total
        values, indices = pypool.max_pool1d(line, 2**20, **how, return_indices=True)
        assert (values == 1).all()
        assert (indices.ravel() == np.arange(size // 2**20) * 2**20).all()


@pytest.mark.slow
def test_gradients_of_more_elements_than_32_bits_count():
    """More than 2**31 halves, which are 4 GiB: each gets its own."""
    shape, window = (2049, 2**20), (2049, 2**19)
    grad = np.array([[3, 5]], np.float16)
    spread = pypool.sum_pool2d_backward(grad, shape, window)
    assert spread.shape == shape
    assert (spread[:, : 2**19] == 3).all()
    assert (spread[:, 2**19 :] == 5).all()
    places = np.array([[7, 2049 * 2**20 - 9]])
    result = pypool.max_pool2d_backward(grad, places, shape, window)
    assert (np.flatnonzero(result) == places).all()
    assert (result.ravel()[places] == grad).all()
