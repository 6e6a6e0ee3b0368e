"""Every argument: what it may be, and how everything else is refused."""

import doctest
import functools
import inspect
import itertools
import re
from pathlib import Path

import cases
import numpy as np
import pytest
import reference
from cases import OPS, RANKS, assert_same

import pypool

LARGEST = 2**63 - 1


class Index:
    """An integer by __index__ only."""

    def __init__(self, value):
        self.value = value

    def __index__(self):
        return self.value

    def __repr__(self):
        return f"Index({self.value})"


def image(*shape):
    return cases.small("float32", shape or (2, 6, 8, 3))


def refused(error, call, *mentions):
    """The call raises that error, with a message that mentions every word (one of each tuple)."""
    with pytest.raises(error) as caught:
        call()
    message = str(caught.value)
    for one_of in mentions:
        words = (one_of,) if isinstance(one_of, str) else one_of
        assert any(word in message for word in words), f"none of {words} in {message!r}"


def arrived(value):
    """The ways in which a message may show what arrived, whole or the part at fault."""
    parts = value if isinstance(value, (tuple, list, np.ndarray)) else ()
    whole = repr(value), str(value), type(value).__name__
    return sum((arrived(part) for part in parts), whole)


# --- names, order and defaults -------------------------------------------------------------------

WINDOW = ["x", "pool_size", "strides", "padding"]
COMMON = {
    "dilation": 1,
    "ceil_mode": False,
    "nan_policy": "propagate",
    "out": None,
    "workers": None,
}
AVERAGE = {
    "count_include_pad": False,
    "divisor_override": None,
    "dtype": None,
    "rounding": "half_even",
}
GLOBAL = {"keepdims": False, "nan_policy": "propagate", "out": None, "workers": None}
SIGNATURES = {
    "max_pool{nd}d": ([*WINDOW, "data_format"], COMMON),
    "min_pool{nd}d": ([*WINDOW, "data_format"], COMMON),
    "avg_pool{nd}d": ([*WINDOW, "data_format"], COMMON | AVERAGE),
    "sum_pool{nd}d": ([*WINDOW, "data_format"], COMMON | {"dtype": None}),
    "global_max_pool{nd}d": (["x", "data_format"], GLOBAL),
    "global_avg_pool{nd}d": (
        ["x", "data_format"],
        GLOBAL | {"dtype": None, "rounding": "half_even"},
    ),
    "pool": (WINDOW, COMMON | {"op": "max", "axes": None}),
}
FUNCTIONS = [
    pytest.param(name.format(nd=nd), *signature, id=name.format(nd=nd))
    for name, signature in SIGNATURES.items()
    for nd in (RANKS if "{nd}" in name else [""])
]


@pytest.mark.parametrize(("name", "positional", "keywords"), FUNCTIONS)
def test_signatures_are_those_documented(name, positional, keywords):
    parameters = inspect.signature(getattr(pypool, name)).parameters.values()
    assert [p.name for p in parameters if p.kind != p.KEYWORD_ONLY] == positional
    defaults = {"strides": None, "padding": "valid", "data_format": "channels_last"} | keywords
    found = {p.name: p.default for p in parameters if p.default is not p.empty}
    for argument, default in defaults.items():
        if argument in positional or argument in keywords:
            assert found[argument] == default, argument
    assert not any(p.kind in (p.VAR_KEYWORD, p.VAR_POSITIONAL) for p in parameters)


@pytest.mark.parametrize("name", [param.id for param in FUNCTIONS])
def test_every_function_is_public_and_its_example_runs(name):
    assert name in pypool.__all__
    function = getattr(pypool, name)
    assert ">>>" in function.__doc__
    example = doctest.DocTestParser().get_doctest(
        function.__doc__, {"np": np, "pypool": pypool}, name, None, None
    )
    written = []
    failed = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(
        example, out=written.append
    )
    assert failed.attempted, "the docstring holds no example"
    assert not failed.failed, "".join(written)


def test_all_names_exist():
    assert [name for name in pypool.__all__ if not hasattr(pypool, name)] == []
    assert len(set(pypool.__all__)) == len(pypool.__all__)
    assert {"set_workers", "get_workers", "show_config"} <= set(pypool.__all__)


@pytest.fixture
def readme():
    path = Path(__file__).parents[1] / "README.md"
    if not path.exists():
        pytest.skip("README.md is not part of this copy")
    return path


def test_the_readme_runs(readme):
    failed, attempted = doctest.testfile(
        str(readme), module_relative=False, optionflags=doctest.NORMALIZE_WHITESPACE
    )
    assert attempted
    assert not failed


def test_the_readme_lists_the_arguments(readme):
    """Of each function in the table of them: all, in their order, with what is said of defaults."""
    rows = re.finditer(
        r"^\| `(\w+?)(?:1d)?`.* \| `((?:x|indices), .*)` \|$", readme.read_text(), re.M
    )
    listed = {row[1]: row[2].split(", ") for row in rows}
    listed["min_pool"] = listed["max_pool"]
    for name, more in (
        ("avg_pool", ["count_include_pad", "divisor_override", "dtype", "rounding"]),
        ("sum_pool", ["dtype"]),
    ):
        here = [n for n in listed["max_pool"] if n not in ("return_indices", "index_kind")]
        at = here.index("nan_policy")
        listed[name] = here[:at] + more + here[at:]
    assert len(listed) == 11
    for name, given in listed.items():
        for each in [name] if name in pypool.__all__ else [f"{name}{nd}d" for nd in RANKS]:
            parameters = inspect.signature(getattr(pypool, each)).parameters.values()
            assert [n.split("=")[0] for n in given if n != "*"] == [p.name for p in parameters]
            assert given[: given.index("*")] == [
                p.name if p.default is p.empty else f"{p.name}={p.default!r}".replace("'", '"')
                for p in parameters
                if p.kind is p.POSITIONAL_OR_KEYWORD
            ]


def test_unknown_keywords_and_surplus_positions_are_refused():
    refused(TypeError, lambda: pypool.max_pool2d(image(), 2, stride=2), "stride")
    refused(TypeError, lambda: pypool.max_pool2d(image(), 2, 2, "valid", "channels_last", 1), "6")
    refused(TypeError, lambda: pypool.max_pool2d(image()), "pool_size")
    refused(TypeError, lambda: pypool.max_pool2d(image(), 2, count_include_pad=True), "count_incl")
    refused(TypeError, lambda: pypool.sum_pool2d(image(), 2, rounding="floor"), "rounding")


@pytest.mark.parametrize(
    "option",
    [
        {"op": "max", "count_include_pad": True},
        {"op": "max", "divisor_override": 2},
        {"op": "min", "dtype": "float64"},
        {"op": "sum", "rounding": "floor"},
        {"op": "sum", "divisor_override": 3},
        {"op": "max", "norm_type": 2},
        {"op": "avg", "return_indices": True},
        {"op": "avg", "index_kind": "window"},
        {"op": "sum", "index_kind": "tensor"},
        {"op": "lp", "index_kind": "window"},
        {"op": "lp", "index_kind": "no such"},
    ],
    ids=str,
)
def test_pool_refuses_the_options_of_another_op(option):
    name = list(option)[-1]
    given = {"norm_type": 2} | option if option["op"] == "lp" else option
    refused(TypeError, lambda: pypool.pool(image(), 2, **given), name, option["op"])


def test_a_kind_of_index_is_without_effect_where_no_indices_are_wanted():
    x = image(6, 8)
    for op in ("max", "min"):
        for kind in ("plane", "tensor", "window"):
            expected = reference.pool(op, x, 2)
            assert_same(pypool.pool(x, 2, op=op, index_kind=kind), expected)
            assert_same(getattr(pypool, f"{op}_pool2d")(x, 2, index_kind=kind), expected)


# --- integers: pool_size, strides, dilation ------------------------------------------------------

NOT_INTEGERS = {
    "True": True,
    "False": False,
    "np.True_": np.True_,
    "2.0": 2.0,
    "np.float32(2)": np.float32(2),
    "pair of 2.5": (2.5, 2.5),
    "2 and 2.0": (2, 2.0),
    "2 and True": (2, True),
    "2 and None": (2, None),
    "NaN": float("nan"),
    "str": "22",
    "bytes": b"22",
    "str in a tuple": ("2", "2"),
    "dict": {2: 2, 3: 3},
    "set": {2, 3},
    "complex": 2j,
    "nested": ((2, 2), (2, 2)),
    "float array": np.array([2.0, 2.0]),
    "bool array": np.array([True, True]),
    "object": object(),
}


@pytest.mark.parametrize("value", NOT_INTEGERS.values(), ids=NOT_INTEGERS)
@pytest.mark.parametrize("argument", ["pool_size", "strides", "dilation"])
def test_what_is_not_an_integer_is_refused(argument, value):
    args = {"pool_size": 2, argument: value}
    for function in (pypool.max_pool2d, pypool.avg_pool2d):
        refused(TypeError, lambda f=function: f(image(), **args), argument, arrived(value))


@pytest.mark.parametrize("argument", ["pool_size", "dilation"])
def test_none_is_no_integer_except_as_strides(argument):
    refused(TypeError, lambda: pypool.max_pool2d(image(), **{"pool_size": 2, argument: None}),
            argument, "None")  # fmt: skip
    expected = reference.pool_nd("max", 2, image(), 2, 2)
    assert_same(pypool.max_pool2d(image(), 2, None), expected)


@pytest.mark.parametrize("argument", ["pool_size", "strides", "dilation"])
def test_generators_and_iterators_are_refused(argument):
    for value in ((i for i in (2, 2)), iter((2, 2)), map(int, "22"), range(2).__iter__()):
        args = {"pool_size": 2, argument: value}
        refused(TypeError, lambda a=args: pypool.max_pool2d(image(), **a), argument, arrived(value))


@pytest.mark.parametrize(
    "value", [0, -1, -(2**63), -(10**30), np.int64(0), (2, 0), (-3, 2)], ids=str
)
@pytest.mark.parametrize("argument", ["pool_size", "strides", "dilation"])
def test_integers_below_one_are_refused(argument, value):
    args = {"pool_size": 2, argument: value}
    for function in (pypool.max_pool2d, pypool.sum_pool2d):
        refused(ValueError, lambda f=function: f(image(), **args), argument, arrived(value))


@pytest.mark.parametrize("value", [2**63, 10**30, (2, 10**30), np.uint64(2**64 - 1)], ids=str)
@pytest.mark.parametrize("argument", ["pool_size", "strides", "dilation"])
def test_integers_past_the_limit_are_refused_and_the_limit_named(argument, value):
    args = {"pool_size": 2, "padding": "same", argument: value}
    refused(ValueError, lambda: pypool.max_pool2d(image(), **args), argument,
            (str(LARGEST), "2**63", "2^63", "int64"))  # fmt: skip


@pytest.mark.parametrize("value", [(), (2,), (2, 2, 2), [2], np.array([2, 2, 2])], ids=str)
@pytest.mark.parametrize("argument", ["pool_size", "strides", "dilation"])
def test_a_wrong_number_of_integers_is_refused(argument, value):
    args = {"pool_size": 2, argument: value}
    refused(ValueError, lambda: pypool.max_pool2d(image(), **args), argument, str(len(value)), "2")


@pytest.mark.parametrize(
    "value",
    [2, np.int64(2), np.uint8(2), np.array(2), Index(2), (2, 2), [2, 2], np.array([2, 2]),
     np.array([2, 2], np.uint8), (np.int8(2), Index(2))],
    ids=repr,
)  # fmt: skip
@pytest.mark.parametrize("argument", ["pool_size", "strides", "dilation"])
def test_anything_with_an_index_is_an_integer(argument, value):
    args = {"pool_size": 3, "strides": 1}
    expected = reference.pool_nd("avg", 2, image(), **args | {argument: 2})
    assert_same(pypool.avg_pool2d(image(), **args | {argument: value}), expected)


def test_an_array_of_one_is_one_for_a_single_axis_only():
    assert_same(pypool.max_pool1d(image(5, 3), [2]), reference.pool_nd("max", 1, image(5, 3), 2))
    refused(ValueError, lambda: pypool.max_pool2d(image(), np.array([2])), "pool_size", "1", "2")


class BrokenError(Exception):
    """Raised by the arguments below."""


class RaisingIndex:
    def __index__(self):
        raise BrokenError


class LyingList(list):
    def __len__(self):
        return 2


class RaisingList(list):
    def __getitem__(self, index):
        raise BrokenError

    def __iter__(self):
        raise BrokenError


def test_an_index_that_raises_is_heard():
    with pytest.raises(BrokenError):
        pypool.max_pool2d(image(), RaisingIndex())
    with pytest.raises(BrokenError):
        pypool.max_pool2d(image(), (2, RaisingIndex()))


def test_sequences_that_lie_or_raise_do_no_harm():
    for pool_size in (RaisingList([2, 2]), LyingList([2, 2, 2, 2]), LyingList([2])):
        try:
            result = pypool.max_pool2d(image(), pool_size)
        except (BrokenError, TypeError, ValueError, IndexError):
            continue
        assert_same(result, reference.pool_nd("max", 2, image(), 2))
    refused(ValueError, lambda: pypool.max_pool2d(image(), Index(10**30)), "pool_size")


@pytest.mark.parametrize("argument", ["pool_size", "strides", "dilation"])
def test_an_index_that_shrinks_the_input_meanwhile_does_no_harm(argument):
    x = np.arange(4096.0).reshape(64, 64)

    class Shrinking:
        def __index__(self):
            x.resize((4, 4), refcheck=False)
            return 2

    args = {"pool_size": 2, argument: Shrinking()}
    try:
        result = pypool.max_pool2d(x, **args)
    except (ValueError, TypeError):
        return
    assert_same(result, reference.pool("max", x, **args | {argument: 2}))


# --- sizes that overflow -------------------------------------------------------------------------


@pytest.mark.parametrize("huge", [2**20, 2**35, 2**58, 2**60])
def test_averages_over_more_padding_than_any_memory_holds(huge):
    x = np.arange(8.0)
    args = {"padding": "same", "count_include_pad": True}
    assert_same(pypool.avg_pool1d(x, huge, 1, **args), np.full(8, 28 / huge))
    result = pypool.avg_pool1d(x, 3, 1, ((huge, huge),), dilation=huge, count_include_pad=True)
    assert_same(result, x / 3)
    grad = np.full(3, 7.0)
    # The first window ends with element 0, the second holds all of 8, the last all but the first.
    made = pypool.avg_pool1d_backward(grad, (8,), huge, huge // 2, ((huge - 1, huge - 1),))
    np.testing.assert_allclose(made, [7 + 7 / 8] + [7 / 8 + 1] * 7, rtol=1e-15)
    made = pypool.sum_pool1d_backward(grad, (8,), huge, huge // 2, ((huge - 1, huge - 1),))
    assert_same(made, np.full(8, 14.0))


@pytest.mark.parametrize("op", [*OPS, "lp"])
@pytest.mark.parametrize("apart", [2**17, 2**33, 2**59])
def test_taps_that_lie_further_apart_than_any_memory_reaches(apart, op):
    x = np.broadcast_to(np.float32(2), (2 * apart,))
    norm = (2,) if op == "lp" else ()
    expected = {"sum": 4, "lp": 8**0.5}.get(op, 2)
    for padding, stride, wanted in [
        (0, 2 * apart, [expected]),
        (((apart, apart),), apart, [2, expected, 2]),
    ]:
        result = getattr(pypool, f"{op}_pool1d")(x, *norm, 2, stride, padding, dilation=apart)
        np.testing.assert_allclose(result, np.array(wanted, np.float32), rtol=1e-6)
    if op in ("max", "min"):
        pool1d = getattr(pypool, f"{op}_pool1d")
        assert pool1d(x, 2, 2 * apart, dilation=apart, return_indices=True)[1] == [0]
        assert pool1d(x, 2, 2 * apart, dilation=apart, nan_policy="omit") == [2]


@pytest.mark.parametrize("channels", [1, 3, 16])
@pytest.mark.parametrize("op", OPS)
def test_taps_far_apart_in_long_rows(op, channels):
    """In blocks of a row, or a window at a time, with padding or without."""
    x = cases.small("float32", (40_000, channels))
    pool1d = getattr(pypool, f"{op}_pool1d")
    for window, stride, dilation, padding in [
        (3, 7, 9_000, 0), (3, 1, 12_000, 12_000), (2, 1_000, 30_000, 0), (5, 2_000, 4_500, 9_000),
        (3, 2_500, 15_000, "same"), (70, 900, 500, 17_250),
    ]:  # fmt: skip
        expected = reference.pool_nd(op, 1, x, window, stride, padding, dilation=dilation)
        assert_same(pool1d(x, window, stride, padding, dilation=dilation), expected, dilation)


def test_windows_that_may_step_over_an_axis_are_met_without_going_through_them():
    """Against every window of small axes; and at once where there are 2**30."""
    for size, window, stride, dilation, before in itertools.product(
        (1, 2, 3, 5), (2, 3, 7), (1, 2, 3, 4, 6), (4, 6, 7, 10), (0, 1, 3, 11, 24)
    ):
        reach = (window - 1) * dilation + 1
        outputs = (size + 2 * before - reach) // stride + 1
        if outputs < 1:
            continue
        taps = np.arange(outputs)[:, None] * stride - before + np.arange(window) * dilation
        empty = not ((taps >= 0) & (taps < size)).any(axis=1).all()
        call = functools.partial(
            pypool.max_pool1d, np.ones(size), window, stride, before, dilation=dilation
        )
        if empty:
            refused(ValueError, call, "holds no element")
        else:
            assert len(call()) == outputs
    huge = 2**30
    x = np.broadcast_to(np.uint8(1), (2, 2**20))
    padding = ((huge * (huge - 1),) * 2,)
    with pytest.raises(MemoryError):
        pypool.max_pool1d(x, huge, huge, padding, dilation=huge)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["int32", "uint32"])
def test_averages_of_more_integers_than_an_int64_sums(dtype):
    highest = np.iinfo(dtype).max
    x = np.broadcast_to(np.array(highest, dtype), (2**31 + 8,))
    assert pypool.global_avg_pool1d(x) == highest
    refused(ValueError, lambda: pypool.global_avg_pool1d(x, dtype=dtype), "float64", dtype)


HUGE = [2**31 - 1, 2**31, 2147483697, 2**32 + 1, 2**62, LARGEST]


@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("huge", HUGE)
def test_a_window_far_past_the_input_is_refused_or_global(huge, op):
    x = image()
    pool2d = getattr(pypool, f"{op}_pool2d")
    whole = reference.pool_nd(op, 2, x, (6, 8))
    for strides in (None, 1, 2, huge):
        refused(ValueError, lambda s=strides: pool2d(x, huge, s), "pool_size", str(huge))
    assert_same(pool2d(x, huge, padding="same"), whole)
    assert_same(pool2d(x, huge, padding="same_lower"), whole)
    assert_same(pool2d(x, huge, huge, padding="same"), whole)
    assert_same(pool2d(x, (6, huge), (6, 8), "same"), whole)


@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("huge", [9, 100, *HUGE])
def test_strides_past_the_input_leave_one_window(huge, op):
    x = image()
    pool2d = getattr(pypool, f"{op}_pool2d")
    for args in (
        {"pool_size": 2},
        {"pool_size": 3, "padding": "same"},
        {"pool_size": 3, "padding": 1},
        {"pool_size": 3, "padding": 1, "ceil_mode": True},
        {"pool_size": 3, "dilation": 2},
    ):
        expected = reference.pool_nd(op, 2, x, strides=huge, **args)
        assert_same(pool2d(x, strides=huge, **args), expected, args)


@pytest.mark.parametrize("huge", HUGE)
def test_dilation_past_the_input(huge):
    x = image()
    assert_same(pypool.max_pool2d(x, 1, dilation=huge), x)
    refused(ValueError, lambda: pypool.max_pool2d(x, 2, dilation=huge), "dilation", str(huge))
    for k, padding in [(2, "same"), (2, huge), (2, LARGEST), (3, "valid"), (LARGEST, "valid")]:
        refused(ValueError, lambda k=k, p=padding: pypool.max_pool2d(x, k, 1, p, dilation=huge),
                ("dilation", "pool_size", "padding"))  # fmt: skip
    for padding in ("same", huge):  # the middle of the window meets the input
        try:
            result = pypool.max_pool2d(x, 3, 1, padding, dilation=huge)
        except ValueError as error:
            assert huge >= 2**62, error  # the window has a size that no int64 holds
        else:
            expected = reference.pool_nd("max", 2, x, 3, 1, padding, dilation=huge)
            assert_same(result, expected, padding)


@pytest.mark.parametrize("huge", HUGE)
def test_padding_past_the_input(huge):
    x = image()
    for padding in (huge, (huge, 0), ((0, huge), (0, 0)), ((0, 0), (huge, huge))):
        refused(ValueError, lambda p=padding: pypool.max_pool2d(x, 2, 1, p), "padding", str(huge))
    args = {"pool_size": huge, "padding": huge - 1}
    expected = reference.pool_nd("max", 2, x, **args)
    try:
        result = pypool.max_pool2d(x, **args)
    except ValueError as error:
        assert huge**2 > LARGEST, error  # the window holds more than an int64 can count
        assert "pool_size" in str(error) or "padding" in str(error)
    else:
        assert_same(result, expected)


def test_a_divisor_past_the_limit_is_refused():
    args = {"pool_size": 2**62, "padding": "same", "count_include_pad": True}
    refused(ValueError, lambda: pypool.avg_pool2d(image(), **args), "pool_size", str(2**62))


def test_integers_that_python_does_not_print_are_refused_by_name():
    x, huge = image(), 10**5000
    for name, call in {
        "pool_size": lambda: pypool.max_pool2d(x, huge),
        "strides": lambda: pypool.max_pool2d(x, 2, -huge),
        "padding": lambda: pypool.max_pool2d(x, 2, padding=((-huge, 1), (1, 1))),
        "dilation": lambda: pypool.max_pool2d(x, 2, dilation=huge),
        "axes": lambda: pypool.pool(x, 2, axes=huge),
        "workers": lambda: pypool.max_pool2d(x, 2, workers=-huge),
        "norm_type": lambda: pypool.lp_pool2d(x, huge, 2),
        "input_shape": lambda: pypool.avg_pool2d_backward(x, huge, 2),
    }.items():
        refused(ValueError, call, name)


@pytest.mark.parametrize("dtype", ["i4,,", "\ud800", {"names": ["a"]}, "no such", 3.5])
def test_what_is_no_dtype_is_refused_by_name(dtype):
    refused(TypeError, lambda: pypool.avg_pool2d(image(), 2, dtype=dtype), "dtype must be")


def test_options_of_another_op_are_refused_whatever_they_are():
    x = image()
    for value in (np.array([1, 2]), [], "half_up", 0):
        for name in ("count_include_pad", "divisor_override", "rounding"):
            call = functools.partial(pypool.pool, x, 2, op="max", **{name: value})
            refused(TypeError, call, name)
        for name in ("return_indices", "index_kind", "dtype"):
            call = functools.partial(pypool.pool, x, 2, op="lp", norm_type=2, **{name: value})
            refused(TypeError, call, name)


def test_options_may_be_numpys_own_of_what_they_are_by_default():
    x, none = image(), np.False_
    for op in OPS:
        options = {"return_indices": none, "count_include_pad": none}
        options |= {"rounding": np.str_("half_even"), "nan_policy": np.str_("propagate")}
        options |= {"index_kind": np.str_("plane")}
        result = pypool.pool(x, 2, op=op, axes=(0, 1), **options)
        assert_same(result, pypool.pool(x, 2, op=op, axes=(0, 1)), op)


@pytest.mark.parametrize(("wanted", "args"), {
    "axes must be an integer or a sequence of integers, got 'ab' of type str": {"axes": "ab"},
    "axes[1] must be an integer, got 'b' of type str": {"axes": (0, "b")},
    "strides[1] must be at least 1, got 0": {"strides": (1, 0)},
    "padding[1][0] must be at least 0, got -1": {"padding": ((0, 0), (-1, 0))},
    "padding by name must be one string for all axes, got ['same']": {"padding": ["same"]},
}.items())  # fmt: skip
def test_what_is_wrong_in_a_sequence_is_named_by_its_place(wanted, args):
    args = {"axes": (1, 2)} | args
    if isinstance(args.get("padding"), list):
        args["axes"] = 1
    refused((TypeError, ValueError), lambda: pypool.pool(image(), 2, **args), wanted)


def test_shapes_are_refused_by_the_name_of_their_argument():
    ones, zeros = np.ones(3), np.zeros(3, int)
    refused(ValueError, lambda: pypool.max_unpool2d(ones, zeros, 2), "x must have at least 2")
    grad = functools.partial(pypool.max_unpool2d_backward, ones, zeros)
    refused(ValueError, lambda: grad((3,), 2), "input_shape must have at least 2")
    refused(TypeError, lambda: grad((4.0, 4), 2), "input_shape[0] must be an integer, got 4.0")
    x, indices = np.ones((2, 2)), np.zeros((2, 2), int)
    unpool = functools.partial(pypool.max_unpool2d, pool_size=2, output_shape=(4, 4, 4))
    refused(ValueError, lambda: unpool(x, indices), "must have 2 entries, got 3")
    batch = (x[None, ..., None], indices[None, ..., None])
    refused(ValueError, lambda: unpool(*batch), "must have 2 or 4 entries, got 3")


# --- padding -------------------------------------------------------------------------------------


def test_a_pair_for_one_axis_is_told_how_to_write_it():
    x = image(8)
    refused(ValueError, lambda: pypool.max_pool1d(x, 3, 1, (1, 2)), "((1, 2),)")
    assert pypool.max_pool1d(x, 3, 1, ((1, 2),)).shape == (9,)
    with pytest.raises(ValueError, match="padding") as caught:
        pypool.max_pool2d(image(), 3, 1, (1, 2, 1))
    assert "((" not in str(caught.value)


@pytest.mark.parametrize("padding", ["VALID", "Same", "SAME", "same_lower", "Same_Lower"])
def test_the_case_of_padding_does_not_matter(padding):
    expected = reference.pool_nd("sum", 2, image(), 3, 2, padding.lower())
    assert_same(pypool.sum_pool2d(image(), 3, 2, padding), expected)


@pytest.mark.parametrize("padding", [" same", "causal", "full", "", "sameupper", "x" * 10_000])
def test_unknown_names_of_padding_are_refused(padding):
    refused(ValueError, lambda: pypool.max_pool2d(image(), 2, 2, padding), "padding", padding[:10],
            "same_lower")  # fmt: skip


@pytest.mark.parametrize(
    "padding",
    [
        *(None, True, 1.0, np.float64(1), float("nan"), 1j, ..., b"same"),
        *((1, True), (1, 1.5), ((1, 1), (1, None)), {1, 2}, {1: 1}, np.array([1.0, 1.0])),
    ],
    ids=repr,
)
def test_padding_of_another_type_is_refused(padding):
    refused(TypeError, lambda: pypool.max_pool2d(image(), 3, 2, padding), "padding",
            arrived(padding))  # fmt: skip


@pytest.mark.parametrize("padding", [["same"], ("same", "valid"), ("same", 1)], ids=str)
def test_names_of_padding_stand_alone(padding):
    refused((TypeError, ValueError), lambda: pypool.max_pool2d(image(), 3, 2, padding), "padding")


def test_an_iterator_of_padding_is_refused():
    refused(
        TypeError, lambda: pypool.max_pool2d(image(), 3, 2, iter((1, 1))), "padding", "iterator"
    )


@pytest.mark.parametrize("padding", [-1, (1, -1), ((0, 0), (0, -2)), -(10**30)], ids=str)
def test_negative_padding_is_refused(padding):
    refused(ValueError, lambda: pypool.max_pool2d(image(), 3, 2, padding), "padding", "-")


@pytest.mark.parametrize("padding", [10**30, 2**63, (1, 2**63), ((0, 0), (0, 10**30))], ids=str)
def test_padding_past_the_limit_is_refused(padding):
    refused(ValueError, lambda: pypool.max_pool2d(image(), 3, 2, padding), "padding")


@pytest.mark.parametrize(
    "padding",
    [(), (1,), (1, 1, 1), ((1, 1),), ((1, 1), (1, 1), (1, 1)), ((1,), (1,)), ((1, 1, 1), (1, 1, 1)),
     np.ones((2, 3), int), np.ones((3, 2), int)],
    ids=str,
)  # fmt: skip
def test_padding_of_the_wrong_length_is_refused(padding):
    refused(ValueError, lambda: pypool.max_pool2d(image(), 3, 2, padding), "padding")


@pytest.mark.parametrize(
    "padding",
    [1, np.int64(1), Index(1), np.array(1), [1, 1], np.array([1, 1]), [[1, 1], [1, 1]],
     ((1, 1), [1, np.int8(1)]), np.ones((2, 2), int)],
    ids=repr,
)  # fmt: skip
def test_padding_in_all_its_forms(padding):
    expected = reference.pool_nd("avg", 2, image(), 3, 2, 1, count_include_pad=True)
    result = pypool.avg_pool2d(image(), 3, 2, padding, count_include_pad=True)
    assert_same(result, expected)


def test_padding_may_exceed_the_window_while_every_window_meets_the_input():
    x = image(3)
    for args in (
        {"pool_size": 4, "strides": 4, "padding": ((5, 0),)},  # [-5, -1) holds nothing
        {"pool_size": 2, "strides": 1, "padding": ((2, 0),)},
        {"pool_size": 2, "strides": 1, "padding": ((0, 2),)},
        {"pool_size": 2, "strides": 2, "padding": 2},
        {"pool_size": 2, "strides": 1, "padding": 1, "dilation": 4},
    ):
        refused(ValueError, lambda a=args: pypool.max_pool1d(x, **a), "padding", "window")
    for args in (
        {"pool_size": 2, "strides": 5, "padding": ((0, 3),)},
        {"pool_size": 2, "strides": 4, "padding": 1},
        {"pool_size": 6, "strides": 2, "padding": 5},
        {"pool_size": 6, "strides": 20, "padding": ((5, 9),)},
    ):
        for op in OPS:
            expected = reference.pool_nd(op, 1, x, **args)
            assert_same(getattr(pypool, f"{op}_pool1d")(x, **args), expected, args)


def test_a_window_without_input_is_refused_even_in_an_empty_batch():
    refused(ValueError, lambda: pypool.max_pool1d(np.zeros((0, 3, 2)), 2, 1, 2), "padding")
    refused(ValueError, lambda: pypool.max_pool2d(np.zeros((0, 1, 9, 2)), 2, 1, "same", dilation=2),
            "dilation")  # fmt: skip


# --- sizes that do not fit -----------------------------------------------------------------------


@pytest.mark.parametrize("op", OPS)
def test_a_window_larger_than_the_input_is_refused(op):
    pool2d = getattr(pypool, f"{op}_pool2d")
    refused(ValueError, lambda: pool2d(image(), 9), "pool_size", "9", ("6", "8"))
    refused(ValueError, lambda: pool2d(image(), (2, 9)), "pool_size", "9", "8")
    refused(ValueError, lambda: pool2d(image(), (7, 2)), "pool_size", "7", "6")
    refused(ValueError, lambda: pool2d(image(), (2, 3), dilation=(1, 4)), "pool_size", "8")
    assert_same(pool2d(image(), (6, 8)), reference.pool_nd(op, 2, image(), (6, 8)))


@pytest.mark.parametrize("nd", RANKS)
@pytest.mark.parametrize("op", OPS)
def test_too_few_axes_are_refused(op, nd):
    function = getattr(pypool, f"{op}_pool{nd}d")
    for ndim in range(nd):
        refused(ValueError, lambda n=ndim: function(np.zeros((4,) * n), 2), "x", f"{ndim}", f"{nd}")
    if op in ("max", "avg"):
        function = getattr(pypool, f"global_{op}_pool{nd}d")
        refused(ValueError, lambda: function(np.zeros((4,) * (nd - 1))), "x", f"{nd - 1}", f"{nd}")


@pytest.mark.parametrize("op", OPS)
def test_pool_refuses_an_array_without_axes(op):
    refused(ValueError, lambda: pypool.pool(np.float64(3), 2, op=op), ("x", "axes"))
    refused(
        (ValueError, TypeError), lambda: pypool.pool(3.0, (), op=op), ("x", "axes", "pool_size")
    )


def test_sixty_four_axes_are_pooled_or_refused():
    x = cases.small("float32", (4, 4))
    deep = x.reshape((1,) * 62 + (4, 4))
    for call in (
        lambda: pypool.max_pool2d(deep, 2, data_format="channels_first"),
        lambda: pypool.pool(deep, (1,) * 62 + (2, 2)),
        lambda: pypool.pool(deep, 2, axes=(-1, -2)),
    ):
        try:
            result = call()
        except ValueError as error:
            assert "64" in str(error)
        else:
            assert_same(result.reshape(2, 2), reference.pool("max", x, 2))


# --- axes and op ---------------------------------------------------------------------------------


@pytest.mark.parametrize("axes", [4, -5, (0, 4), (-5, 1), 10**30], ids=str)
def test_axes_out_of_range_are_refused(axes):
    worst = axes if isinstance(axes, int) else next(a for a in axes if not -4 <= a < 4)
    refused(ValueError, lambda: pypool.pool(image(), 2, axes=axes), ("axes", "axis"), str(worst))


@pytest.mark.parametrize("axes", [(1, 1), (1, -3), (0, 1, 0)], ids=str)
def test_repeated_axes_are_refused(axes):
    refused(ValueError, lambda: pypool.pool(image(), 2, axes=axes), ("axes", "axis"))


@pytest.mark.parametrize("axes", [1.0, True, "1", (1, 2.0), (0, None), {0, 1}, (0, True)], ids=str)
def test_axes_of_another_type_are_refused(axes):
    refused(TypeError, lambda: pypool.pool(image(), 2, axes=axes), "axes")


def test_no_axes_at_all_are_refused():
    refused(ValueError, lambda: pypool.pool(image(), 2, axes=()), "axes")


def test_axes_may_be_anything_with_an_index():
    expected = reference.pool("max", image(), 2, axes=(1, 2))
    for axes in ([1, 2], np.array([1, 2]), (np.int64(1), Index(-2))):
        assert_same(pypool.pool(image(), 2, axes=axes), expected)


def test_the_number_of_integers_is_that_of_the_axes():
    refused(ValueError, lambda: pypool.pool(image(), (2, 2)), "pool_size", "2", "4")
    refused(ValueError, lambda: pypool.pool(image(), (2, 2), axes=1), "pool_size", "2", "1")
    refused(
        ValueError, lambda: pypool.pool(image(), 2, (1, 1, 1), axes=(0, 1)), "strides", "3", "2"
    )


def test_unknown_ops_are_refused():
    for op in ("median", "MAXIMUM", "", "sum "):
        refused(ValueError, lambda op=op: pypool.pool(image(), 2, op=op), "op", repr(op), "max")
    for op in (None, 3, np.max, ["max"]):
        refused(TypeError, lambda op=op: pypool.pool(image(), 2, op=op), "op", arrived(op))


# --- words ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("nd", RANKS)
@pytest.mark.parametrize("name", ["max_pool", "avg_pool", "global_max_pool", "global_avg_pool"])
def test_data_format_is_one_of_two(name, nd):
    function = getattr(pypool, f"{name}{nd}d")
    args = () if "global" in name else (2,)
    x = image(2, 5, 6, 4, 3)
    for junk in ("channels", "NHWC", "", "channels_last "):
        refused(ValueError, lambda j=junk: function(x, *args, data_format=j),
                "data_format", repr(junk), "channels_first", "channels_last")  # fmt: skip
    for junk in (1, True, b"channels_last", ["channels_last"]):
        refused(TypeError, lambda j=junk: function(x, *args, data_format=j),
                "data_format", arrived(junk))  # fmt: skip


@pytest.mark.parametrize("name", ["max_pool2d", "min_pool2d", "avg_pool2d", "sum_pool2d", "pool"])
@pytest.mark.parametrize("dtype", ["float32", "uint8"])
def test_nan_policy_is_one_of_two(name, dtype):
    function = getattr(pypool, name)
    for junk in ("raise", "OMITTED", ""):
        refused(ValueError, lambda j=junk: function(image().astype(dtype), 2, nan_policy=j),
                "nan_policy", repr(junk), "propagate", "omit")  # fmt: skip
    for junk in (None, True, b"omit", 3):
        refused(TypeError, lambda j=junk: function(image().astype(dtype), 2, nan_policy=j),
                "nan_policy", arrived(junk))  # fmt: skip


@pytest.mark.parametrize("dtype", [None, np.int16])
def test_rounding_is_one_of_four(dtype):
    x = cases.small("int16", (6, 6))
    for junk in ("half_down", "ceil", ""):
        refused(ValueError, lambda j=junk: pypool.avg_pool2d(x, 2, dtype=dtype, rounding=j),
                "rounding", repr(junk), *reference.ROUNDING)  # fmt: skip
    for junk in (None, 1, b"floor"):
        refused(TypeError, lambda j=junk: pypool.avg_pool2d(x, 2, dtype=dtype, rounding=j),
                "rounding", arrived(junk))  # fmt: skip


# --- divisor_override and workers ----------------------------------------------------------------


def test_divisor_override_is_a_positive_integer():
    for junk in (0, -1, -(10**30), 10**30, 2**63):
        refused(ValueError, lambda j=junk: pypool.avg_pool2d(image(), 2, divisor_override=j),
                "divisor_override", (str(junk), str(LARGEST)))  # fmt: skip
    for junk in (True, 2.0, "2", (2,), float("nan"), np.float32(1)):
        refused(TypeError, lambda j=junk: pypool.avg_pool2d(image(), 2, divisor_override=j),
                "divisor_override", arrived(junk))  # fmt: skip
    expected = reference.pool_nd("avg", 2, image(), 2, divisor_override=LARGEST)
    result = pypool.avg_pool2d(image(), 2, divisor_override=LARGEST)
    np.testing.assert_allclose(result, expected, rtol=1e-6)


@pytest.mark.parametrize("name", ["max_pool2d", "avg_pool2d", "pool", "global_max_pool2d"])
def test_workers_is_a_positive_integer(name):
    function = getattr(pypool, name)
    args = () if "global" in name else (2,)
    for junk in (0, -1, -(2**63), -(10**30)):
        refused(ValueError, lambda j=junk: function(image(), *args, workers=j), "workers",
                str(junk))  # fmt: skip
    for junk in (True, False, 2.0, "2", (2,), float("nan"), np.True_):
        refused(TypeError, lambda j=junk: function(image(), *args, workers=j), "workers",
                arrived(junk))  # fmt: skip
    expected = function(image(), *args)
    for workers in (None, 1, 2, 10**9, 2**63, 10**30, np.int8(2), Index(3), np.array(2)):
        assert_same(function(image(), *args, workers=workers), expected, workers)


def test_workers_is_a_positive_integer_where_there_is_nothing_to_do():
    empty, indices = np.zeros((0, 2, 2, 1)), np.zeros((0, 2, 2, 1), int)
    for call in (
        lambda workers: pypool.max_pool2d(np.zeros((0, 4, 4, 1)), 2, workers=workers),
        lambda workers: pypool.avg_pool2d_backward(empty, (0, 4, 4, 1), 2, workers=workers),
        lambda workers: pypool.max_pool2d_backward(
            empty, indices, (0, 4, 4, 1), 2, workers=workers
        ),
        lambda workers: pypool.max_unpool2d(empty, indices, 2, workers=workers),
    ):
        assert call(2).size == 0
        refused(ValueError, lambda c=call: c(0), "workers", "0")
        refused(TypeError, lambda c=call: c(1.0), "workers", arrived(1.0))


# --- dtype= --------------------------------------------------------------------------------------

REFUSED_DTYPES = {
    "avg": {
        "bool": ["bool"],
        "int8": ["uint8", "uint16", "uint64"],
        "uint8": ["int8"],
        "int16": ["int8", "uint16", "float16", "bfloat16"],
        "uint16": ["int16", "uint8", "float16", "bfloat16"],
        "int32": ["int16", "float32", "float16"],
        "uint32": ["float16", "float32", "int32", "bfloat16"],
        "int64": ["uint64", "int32", "float32"],
        "uint64": ["int64", "uint32", "float32"],
        "float16": ["int64", "bool"],
        "float32": ["int64", "uint8", "bool"],
        "float64": ["int64", "bool"],
        "bfloat16": ["int64", "bool"],
    },
    "sum": {
        "bool": ["bool"],
        "int8": ["uint8", "uint64", "bool"],
        "uint8": ["bool"],
        "int16": ["uint16", "float16", "bfloat16"],
        "int32": ["float32", "uint32"],
        "uint32": ["float32"],
        "int64": ["uint64", "float32", "float16"],
        "uint64": ["float32", "bool"],
        "float16": ["int64"],
        "float32": ["int32", "uint64", "bool"],
        "float64": ["int64"],
        "bfloat16": ["int64"],
    },
}
NEVER = ["object", "V8", "complex64", "complex128", "longdouble", "U4", "S4", "M8[s]", "m8[s]"]


@pytest.mark.parametrize("dtype", cases.DTYPES)
@pytest.mark.parametrize("op", ["avg", "sum"])
def test_a_dtype_that_would_lose_is_refused(op, dtype):
    function = getattr(pypool, f"{op}_pool2d")
    x = cases.small(dtype, (6, 8))
    for name in REFUSED_DTYPES[op].get(dtype, []) + NEVER:
        if name == "longdouble" and np.dtype(name) == np.float64:
            continue  # long double is double on this machine
        if name not in cases.DTYPES and name == "bfloat16":
            continue
        chosen = cases.dtype_of(name)
        refused(TypeError, lambda d=chosen: function(x, 2, dtype=d), "dtype",
                (chosen.name, str(chosen), repr(chosen)))  # fmt: skip
        if op == "avg":
            refused(TypeError, lambda d=chosen: pypool.global_avg_pool2d(x, dtype=d), "dtype")


@pytest.mark.parametrize("junk", ["no such dtype", 3, 2.5, ..., [("a", "f4")]], ids=repr)
def test_what_is_no_dtype_is_refused(junk):
    refused(TypeError, lambda: pypool.avg_pool2d(image(), 2, dtype=junk), ("dtype", "data type"))


def test_a_byte_swapped_dtype_is_honoured_or_refused():
    swapped = np.dtype("float64").newbyteorder("S")
    try:
        result = pypool.avg_pool2d(image(), 2, dtype=swapped)
    except TypeError as error:
        assert "dtype" in str(error)
    else:
        expected = reference.pool_nd("avg", 2, image(), 2, dtype="float64")
        np.testing.assert_array_equal(result, expected)


def test_a_class_that_says_another_dtype_than_before_is_taken_at_its_word():
    class Said:
        dtype = np.dtype(np.float32)

    x = np.ones((4, 4))
    for name in ("float32", "float64", "float32"):
        Said.dtype = np.dtype(name)
        assert pypool.avg_pool2d(x, 2, dtype=Said).dtype == name
        assert pypool.avg_pool2d(x, 2, dtype=np.dtype(name).type).dtype == name
