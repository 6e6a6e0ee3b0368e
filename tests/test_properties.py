"""Whatever the arguments, pypool equals the definition or both refuse."""

import cases
import hypothesis.strategies as st
import numpy as np
import reference
from cases import DTYPES, FORMATS, OPS, RANKS, assert_same, bits
from hypothesis import given

import pypool
from pypool import _runtime


@st.composite
def arrays(draw, ndim):
    """An array of small integers, NaN and infinities, in some dtype and layout."""
    shape = draw(st.lists(st.integers(1, 9), min_size=ndim, max_size=ndim))
    if draw(st.booleans()):
        shape[draw(st.integers(0, ndim - 1))] = draw(st.integers(0, 80))
    x = cases.small(draw(st.sampled_from(DTYPES)), tuple(shape), draw(st.integers(0, 99)))
    x = cases.with_specials(x, share=draw(st.sampled_from([0, 0.05, 0.5])))
    return draw(st.sampled_from([np.ascontiguousarray, *cases.LAYOUTS]))(x)


def each_or_all(count, low, high):
    """One integer, or one for each axis."""
    one = st.integers(low, high)
    return one | st.tuples(*[one] * count)


def paddings(count):
    """Padding in any form."""
    one = st.integers(0, 3)
    return (
        st.sampled_from(["valid", "same", "same_lower", "SAME"])
        | each_or_all(count, 0, 3)
        | st.tuples(*[st.tuples(one, one)] * count)
    )


@st.composite
def windows(draw, count):
    """Everything that says where the windows lie."""
    return {
        "pool_size": draw(each_or_all(count, 1, 5)),
        "strides": draw(st.none() | each_or_all(count, 1, 4)),
        "padding": draw(paddings(count)),
        "dilation": draw(st.just(1) | each_or_all(count, 1, 3)),
        "ceil_mode": draw(st.booleans()),
    }


@st.composite
def options(draw, op):
    """Everything that says what becomes of their elements."""
    chosen = {"nan_policy": draw(st.sampled_from(["propagate", "omit"]))}
    if op == "avg":
        chosen |= {
            "count_include_pad": draw(st.booleans()),
            "divisor_override": draw(st.none() | st.integers(1, 40)),
            "rounding": draw(st.sampled_from(list(reference.ROUNDING))),
        }
    return chosen


def accumulator(draw, op, x):
    """A dtype= that this op takes for x, or none."""
    kind = x.dtype.kind
    choices = [None]
    if op == "sum":
        choices += [np.float64, np.uint64 if kind == "u" else np.int64 if kind == "i" else None]
    if op == "avg":
        choices += [np.float64, np.int64 if kind in "bi" or x.dtype.name == "uint8" else None]
    return draw(st.sampled_from(choices))


def check(expect, call, x, *what):
    """Every instruction set gives what is expected, or refuses with it."""
    try:
        expected = expect()
    except ValueError:
        expected = None
    seen = set()
    before = x.tobytes()
    for isa in _runtime.instruction_sets():
        for workers in (1, 2):
            with _runtime.instruction_set(isa):
                try:
                    result = call(workers)
                except ValueError:
                    assert expected is None, what
                    continue
            assert expected is not None, what
            assert_same(result, expected, *what)
            seen.add(bits(result))
    assert len(seen) == (expected is not None)
    assert x.tobytes() == before


@given(st.data(), st.sampled_from(OPS), st.sampled_from(RANKS), st.sampled_from(FORMATS))
def test_pool_nd_equals_the_definition_or_both_refuse(data, op, nd, data_format):
    x = data.draw(arrays(nd + data.draw(st.integers(0, 3))))
    args = data.draw(windows(nd)) | data.draw(options(op)) | {"data_format": data_format}
    if op in ("avg", "sum"):
        args["dtype"] = accumulator(data.draw, op, x)
    native = x.astype(x.dtype.newbyteorder("=")) if x.dtype.byteorder == ">" else x
    check(
        lambda: reference.pool_nd(op, nd, native, **args),
        lambda workers: getattr(pypool, f"{op}_pool{nd}d")(x, **args, workers=workers),
        x,
        args,
    )


@given(st.data(), st.sampled_from(OPS), st.integers(1, 5))
def test_pool_equals_the_definition_or_both_refuse(data, op, ndim):
    x = data.draw(arrays(ndim))
    axes = data.draw(st.permutations(range(-ndim, 0)))[: data.draw(st.integers(1, ndim))]
    args = data.draw(windows(len(axes))) | data.draw(options(op)) | {"axes": tuple(axes)}
    native = x.astype(x.dtype.newbyteorder("=")) if x.dtype.byteorder == ">" else x
    check(
        lambda: reference.pool(op, native, **args),
        lambda workers: pypool.pool(x, op=op, **args, workers=workers),
        x,
        args,
    )


@given(st.data(), st.sampled_from(["max", "avg"]), st.sampled_from(RANKS))
def test_global_pool_equals_the_definition_or_both_refuse(data, op, nd):
    x = data.draw(arrays(nd + data.draw(st.integers(1, 3))))
    args = {
        "data_format": data.draw(st.sampled_from(FORMATS)),
        "keepdims": data.draw(st.booleans()),
        "nan_policy": data.draw(st.sampled_from(["propagate", "omit"])),
    }
    native = x.astype(x.dtype.newbyteorder("=")) if x.dtype.byteorder == ">" else x
    check(
        lambda: reference.global_pool(op, nd, native, **args),
        lambda workers: getattr(pypool, f"global_{op}_pool{nd}d")(x, **args, workers=workers),
        x,
        args,
    )


@given(st.data(), st.sampled_from(OPS), st.sampled_from(RANKS))
def test_the_order_of_the_calls_and_their_out_do_not_matter(data, op, nd):
    """A plan that was kept from another call must not show."""
    x = data.draw(arrays(nd + 1))
    calls = data.draw(st.lists(windows(nd), min_size=1, max_size=4))
    function = getattr(pypool, f"{op}_pool{nd}d")
    native = x.astype(x.dtype.newbyteorder("=")) if x.dtype.byteorder == ">" else x
    for args in calls + calls[::-1]:
        try:
            expected = reference.pool_nd(op, nd, native, **args)
        except ValueError:
            continue
        assert_same(function(x, **args), expected, args)
        out = np.empty_like(expected)
        assert function(x, **args, out=out) is out
        assert_same(out, expected, args)
