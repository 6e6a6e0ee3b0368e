"""What the tests share: dtypes, arrays to pool, ways to lay them out, and how results compare."""

import functools
import hashlib
import itertools

import numpy as np

from pypool import _runtime

try:
    from ml_dtypes import bfloat16
except ImportError:
    bfloat16 = None

OPS = ["max", "min", "avg", "sum"]
RANKS = [1, 2, 3]
FORMATS = ["channels_last", "channels_first"]
INTEGERS = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
FLOATS = ["float16", "float32", "float64"] + (["bfloat16"] if bfloat16 else [])
DTYPES = ["bool", *INTEGERS, *FLOATS]


def dtype_of(name):
    """The dtype of that name; NumPy itself does not know bfloat16 by name."""
    return np.dtype(bfloat16 if name == "bfloat16" else name)


@functools.cache
def is_float(dtype):
    return np.dtype(dtype).name in FLOATS


# --- arrays --------------------------------------------------------------------------------------


def small(name, shape, seed=0):
    """Integers so small that every sum of a window of them is exact in every dtype."""
    rng = np.random.default_rng([seed, *shape])
    dtype = dtype_of(name)
    low, high = {"b": (0, 2), "u": (0, 17)}.get(dtype.kind, (-8, 9))
    return rng.integers(low, high, shape).astype(dtype)


def full_range(name, shape, seed=0):
    """Anything the dtype can hold, its extremes often; floats over many magnitudes, no NaN."""
    rng = np.random.default_rng([seed, *shape])
    dtype = dtype_of(name)
    if dtype.kind in "biu":
        bits = rng.integers(0, 256, (*shape, dtype.itemsize), np.uint8)
        values = (bits % 2 == 1)[..., 0] if name == "bool" else bits.view(dtype)[..., 0]
        if name != "bool":
            info = np.iinfo(dtype)
            values[rng.random(shape) < 0.05] = info.min
            values[rng.random(shape) < 0.05] = info.max
        return values
    return (rng.standard_normal(shape) * 10.0 ** rng.integers(-3, 3, shape)).astype(dtype)


def with_specials(x, seed=0, share=0.1):
    """x with some of its elements NaN and infinities, where its dtype has them."""
    x = x.copy()
    if is_float(x.dtype):
        rng = np.random.default_rng([seed, x.size])
        for special in (np.nan, np.inf, -np.inf):
            x[rng.random(x.shape) < share] = special
    return x


def poison(dtype, shape):
    """What must never be read: NaN, or the extremes of the dtype in turn."""
    dtype = np.dtype(dtype)
    if is_float(dtype):
        return np.full(shape, np.nan, dtype)
    lowest, highest = (
        (False, True) if dtype.kind == "b" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    )
    pattern = np.empty(int(np.prod(shape)), dtype)
    pattern[0::2], pattern[1::2] = lowest, highest
    return pattern.reshape(shape)


# --- the same values, laid out in other ways -----------------------------------------------------


def as_fortran(x):
    return np.asfortranarray(x)


def with_first_axis_innermost(x):
    return np.moveaxis(np.moveaxis(x, 0, -1).copy(), -1, 0)


def reversed_in_memory(x):
    return np.flip(np.flip(x).copy())


def with_poisoned_margins(x):
    base = poison(x.dtype, tuple(n + 6 for n in x.shape))
    view = base[(slice(3, -3),) * x.ndim]
    view[...] = x
    return view


def every_other_element(x):
    base = poison(x.dtype, tuple(2 * n + 1 for n in x.shape))
    view = base[tuple(slice(1, 1 + 2 * n, 2) for n in x.shape)]
    view[...] = x
    return view


def every_third_backwards(x):
    base = poison(x.dtype, tuple(3 * n for n in x.shape))
    view = base[(slice(None, None, -3),) * x.ndim]
    view[...] = x
    return view


def field_of_packed_records(x):
    records = np.zeros(x.shape, [("before", "u1"), ("value", x.dtype), ("after", "u1", 2)])
    records["value"] = x
    return records["value"]


def misaligned(x):
    view = np.frombuffer(bytearray(x.nbytes + 1), x.dtype, offset=1).reshape(x.shape)
    view[...] = x
    return view


def byte_swapped(x):
    if x.dtype.name == "bfloat16":
        return x  # NumPy has no other byte order for it
    return x.astype(x.dtype.newbyteorder("S"))


def read_only(x):
    x = x.copy()
    x.flags.writeable = False
    return x


def misaligned_swapped_and_reversed(x):
    return np.flip(misaligned(byte_swapped(np.flip(x))))


LAYOUTS = [
    as_fortran,
    with_first_axis_innermost,
    reversed_in_memory,
    with_poisoned_margins,
    every_other_element,
    every_third_backwards,
    field_of_packed_records,
    misaligned,
    byte_swapped,
    read_only,
    misaligned_swapped_and_reversed,
]


# --- comparisons ---------------------------------------------------------------------------------


def is_nan(x):
    return np.isnan(x) if is_float(x.dtype) else np.zeros(x.shape, bool)


def assert_same(actual, expected, *what):
    """Same type, dtype, shape and values; any NaN equals any NaN."""
    assert type(actual) is np.ndarray, what
    assert actual.dtype == expected.dtype, (actual.dtype, expected.dtype, *what)
    assert actual.shape == expected.shape, (actual.shape, expected.shape, *what)
    with np.errstate(invalid="ignore"):  # signalling NaN
        same = actual == expected
        if not same.all():
            same |= is_nan(actual) & is_nan(expected)
    if not same.all():
        at = tuple(int(i) for i in np.argwhere(~same)[0])
        raise AssertionError(
            f"{(~same).sum()} of {same.size} differ, the first at {at}: "
            f"got {actual[at]!r}, want {expected[at]!r}; {what}"
        )


def assert_every_isa_gives(expected, function, *arguments, **options):
    """The same from the function by each instruction set that runs here."""
    for isa in _runtime.instruction_sets():
        if "out" in options:
            options["out"][...] = poison(options["out"].dtype, options["out"].shape)
        with _runtime.instruction_set(isa):
            result = function(*arguments, **options)
        assert_same(result, expected, isa, arguments, options)


def assert_close(actual, expected, bound, *what):
    """Same dtype and shape, and values no further apart than the bound."""
    assert actual.dtype == expected.dtype, what
    assert actual.shape == expected.shape, what
    actual, expected = actual.astype(np.float64), expected.astype(np.float64)
    same = (actual == expected) | (is_nan(actual) & is_nan(expected))
    with np.errstate(invalid="ignore"):
        same |= np.abs(actual - expected) <= bound
    if not same.all():
        at = tuple(int(i) for i in np.argwhere(~same)[0])
        raise AssertionError(
            f"{(~same).sum()} of {same.size} too far, the first at {at}: "
            f"got {actual[at]!r}, want {expected[at]!r} within {bound[at]!r}; {what}"
        )


def bits(x):
    """What the bits of x hash to, signs of zero included, with every NaN made the same NaN."""
    x = np.array(x, order="C")
    if is_float(x.dtype):
        x[is_nan(x)] = np.nan
    return x.dtype.name, x.shape, hashlib.blake2b(x.tobytes(), digest_size=8).hexdigest()


# --- windows -------------------------------------------------------------------------------------

PADDINGS = {
    "valid": "valid",
    "same": "same",
    "same_lower": "same_lower",
    "integer": 1,
    "per axis": lambda nd: (1, 0, 1)[:nd],
    "pairs": lambda nd: ((0, 1), (1, 1), (1, 0))[:nd],
}


def padding(form, nd):
    """The padding of that form for nd axes."""
    return PADDINGS[form](nd) if callable(PADDINGS[form]) else PADDINGS[form]


def pool_sizes(nd):
    """A window, its strides and its dilation: square, overlapping, lopsided and dilated."""
    return [
        {"pool_size": 2},
        {"pool_size": 3, "strides": 2},
        {"pool_size": (3, 2, 4)[:nd], "strides": (1, 3, 2)[:nd]},
        {"pool_size": 3, "strides": 1, "dilation": (1, 2, 1)[-nd:]},
    ]


def shape(nd, data_format="channels_last", batch=2, channels=3, size=(9, 8, 7)):
    """The shape of a batch of images, volumes or series."""
    spatial = size[:nd]
    return (
        (batch, *spatial, channels)
        if data_format == "channels_last"
        else (batch, channels, *spatial)
    )


def widths(dtype):
    """Every width from 1 to past two of the widest vectors, and those about three and four."""
    vector = 64 // dtype_of(dtype).itemsize
    about = (times * vector + beside for times in (3, 4) for beside in range(-3, 4))
    return sorted({*range(1, 2 * vector + 4), *about})


def product(**lists):
    """Every combination, as keyword arguments."""
    return [dict(zip(lists, values, strict=True)) for values in itertools.product(*lists.values())]
