"""Every rule about arguments and shapes, in pure functions that see no data."""

from __future__ import annotations

import functools
import math
import operator
import reprlib
import sys
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, SupportsFloat, SupportsIndex, TypeGuard

import numpy as np

LIMIT = 2**63 - 1
"""The largest size, stride or padding: what an int64 holds."""

ORDERED = ("max", "min")
OPS = (*ORDERED, "avg", "sum", "lp")
OPTIONS: dict[str, tuple[object, tuple[str, ...]]] = {
    "return_indices": (False, ORDERED),
    "index_kind": ("plane", ORDERED),
    "count_include_pad": (False, ("avg",)),
    "divisor_override": (None, ("avg",)),
    "rounding": ("half_even", ("avg",)),
    "dtype": (None, ("avg", "sum")),
    "norm_type": (None, ("lp",)),
}
"""What an option is where nothing is said, and the ops that have it."""
SAME = ("same", "same_lower")
INDEX_KINDS = ("plane", "sample", "tensor", "window")
ROUNDINGS = ("half_even", "half_up", "floor", "trunc")
"""In the order of pool.h's enum pool_rounding."""
NAN_POLICIES = ("propagate", "omit")
HALVES = ("float16", "bfloat16")
FLOATS = (*HALVES, "float32", "float64")
INTEGERS = ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64")
DTYPES = ("bool", *INTEGERS, *FLOATS)
IN_FLOAT32 = (*HALVES, "float32")
"""The floats that are summed in float32."""
IN_BFLOAT16 = ("bool", "int8", "uint8")
"""The integers that bfloat16's eight bits of precision hold."""
WINDOW_POSITIONS = 2**32
"""Elements of a window, padding included, up to which an index may count in it."""


class Axis(NamedTuple):
    """A pooled axis.  Output o covers o*stride - before + t*dilation, t in [0, window).

    What lies in [0, size) is data; what lies in [counted_first, counted_last) counts in an average.
    """

    size: int
    window: int
    stride: int
    dilation: int
    before: int
    outputs: int
    counted_first: int
    counted_last: int
    skipped: int
    """Taps before the first that are not there, since they meet no input."""
    bins: bool = False
    """Of `size` elements, output o of m covers [floor(o*n/m), ceil((o + 1)*n/m)) instead."""


class Recipe(NamedTuple):
    """The kernels that make one result, by name, in the order in which they run."""

    kernel: tuple[str, str, str] | None
    lane: str
    beside: tuple[str, str, str] | None = None
    first_cast: tuple[str, str] | None = None
    divide: str | None = None
    last_cast: tuple[str, str] | None = None
    power: str | None = None
    """The dtype whose elements are raised to a power before they are summed, and the root drawn."""
    exponent: float = 1.0
    """Of the power; 0 where elements are only to be those of the kernel."""
    plain: tuple[str, str, str] | None = None
    """A kernel that by itself makes the same of windows that have no NaN."""

    @property
    def root(self) -> str | None:
        """The dtype of whose sums of powers the root is drawn."""
        sums = self.kernel is not None and self.kernel[0] == "sum"
        return self.power if sums and self.exponent not in (0, 1) else None

    @property
    def gradient(self) -> str:
        """The lanes in which gradients add up, or are moved."""
        return "float64" if self.lane == "float64" else "float32"


class Places(NamedTuple):
    """How the places of the best elements are numbered."""

    dtype: np.dtype[Any]
    first: int
    positions: tuple[int, ...]
    """What a step along each axis adds."""
    taps: tuple[int, ...]
    """What a tap along each axis adds, 0 where it is not pooled."""
    total: int
    """How many there are, from 0."""


class Plan(NamedTuple):
    """What a call makes, from the shapes alone."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    pooled: dict[int, Axis]
    recipe: Recipe
    rounding: int
    divisor: int
    places: Places | None = None
    dropped: tuple[int, ...] = ()
    """Axes of one element in `shape` that the result has not."""

    @property
    def result_shape(self) -> tuple[int, ...]:
        return tuple(size for axis, size in enumerate(self.shape) if axis not in self.dropped)

    def with_dropped(self, strides: tuple[int, ...]) -> tuple[int, ...]:
        """A result's strides, of all axes of `shape`."""
        there = iter(strides)
        return tuple(0 if axis in self.dropped else next(there) for axis in range(len(self.shape)))


_short = reprlib.Repr()
_short.maxstring = _short.maxother = 240


def show(value: object) -> str:
    """What arrived, in an error message: short, whatever it is."""
    try:
        return _short.repr(value)
    except (AttributeError, ValueError):  # it is no array of `array`; Python prints no such integer
        bits = f" of {value.bit_length()} bits" if isinstance(value, int) else ""
        return f"{type(value).__name__}{bits}"


# ---- single arguments -------------------------------------------------------------------------


def integer(name: str, value: object, least: int, most: int | None = LIMIT) -> int:
    """An integer argument: anything with ``__index__`` but bool."""
    if isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be an integer, got the boolean {value}")
    try:
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError as error:
        if hasattr(type(value), "__index__") and not isinstance(value, np.ndarray):
            raise
        raise TypeError(
            f"{name} must be an integer, got {show(value)} of type {type(value).__name__}"
        ) from error
    if number < least:
        raise ValueError(f"{name} must be at least {least}, got {show(number)}")
    if most is not None and number > most:
        raise ValueError(f"{name} must be at most {most}, got {show(number)}")
    return number


def per_axis(name: str, value: object, count: int, least: int = 1) -> tuple[int, ...]:
    """One integer for every axis, or a sequence of one per axis."""
    if not is_sequence(value):
        return integers(name, value, least, f"an integer or a sequence of {count}") * count
    values = tuple(value)
    if len(values) != count:
        raise ValueError(
            f"{name} must be an integer or have {count} of them, one per axis; "
            f"got {len(values)}: {show(value)}"
        )
    return integers(name, values, least)


def integers(name: str, value: object, least: int, what: str = "an integer") -> tuple[int, ...]:
    """A single integer, or those of a sequence, each named by its place; else it must be `what`."""
    if is_sequence(value):
        return tuple(integer(f"{name}[{i}]", item, least) for i, item in enumerate(value))
    if not hasattr(type(value), "__index__"):
        raise TypeError(f"{name} must be {what}, got {show(value)} of type {type(value).__name__}")
    return (integer(name, value, least),)


def is_sequence(value: object) -> TypeGuard[Sequence[object]]:
    """Whether a value can give one number per axis: a list, a tuple or an array that has axes."""
    return isinstance(value, (list, tuple)) or (isinstance(value, np.ndarray) and value.ndim > 0)


def one_of(name: str, value: object, choices: tuple[str, ...]) -> str:
    """A string argument with a closed list of values."""
    if not isinstance(value, str):
        raise TypeError(
            f"{name} must be one of {', '.join(map(repr, choices))}, "
            f"got {show(value)} of type {type(value).__name__}"
        )
    if value not in choices:
        raise ValueError(
            f"{name} must be one of {', '.join(map(repr, choices))}, got {show(value)}"
        )
    return choices[choices.index(value)]  # of a subclass even str() may be another


def flag(name: str, value: object) -> bool:
    """A boolean argument."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(
            f"{name} must be True or False, got {show(value)} of type {type(value).__name__}"
        )
    return bool(value)


def padding_of(value: object, count: int) -> str | tuple[tuple[int, int], ...]:
    """``"valid"``, ``"same"``, ``"same_lower"``, or a (before, after) pair per axis."""
    if isinstance(value, str):
        return one_of("padding", value.lower(), ("valid", *SAME))
    if not is_sequence(value):
        what = (
            "'valid', 'same', 'same_lower', an integer, one per axis, or a (before, after) pair "
            "per axis"
        )
        return tuple((amount, amount) for amount in integers("padding", value, 0, what) * count)
    given = tuple(value)
    if len(given) != count:
        of_one = count == 1 and len(given) == 2 and not any(map(is_sequence, given))
        raise ValueError(
            f"padding must be an integer, or have {count} of them or of (before, after) pairs, one "
            f"per axis; got {len(given)}: {show(value)}"
            + (f"; ({show(given)},) is one before and after" if of_one else "")
        )
    if any(isinstance(amount, str) for amount in given):
        raise TypeError(f"padding by name must be one string for all axes, got {show(value)}")
    if any(map(is_sequence, given)):
        pairs = (per_axis(f"padding[{i}]", pair, 2, 0) for i, pair in enumerate(given))
        return tuple((before, after) for before, after in pairs)
    return tuple((amount, amount) for amount in integers("padding", given, 0))


def axes_of(value: object, ndim: int) -> tuple[int, ...]:
    """The axes that `pool` pools, each in [0, ndim), as given."""
    if ndim == 0:
        raise ValueError("x must have at least one axis to pool, got an array without axes")
    if value is None:
        return tuple(range(ndim))
    given = integers("axes", value, -LIMIT, "an integer or a sequence of integers")
    if not given:
        raise ValueError("axes must name at least one axis, got ()")
    axes = []
    for number in given:
        if not -ndim <= number < ndim:
            raise np.exceptions.AxisError(
                f"axes {show(value)} is out of bounds for an array of {ndim} dimensions"
            )
        axes.append(number % ndim)
    if len(set(axes)) < len(axes):
        raise ValueError(f"axes must name each axis once, got {show(value)}")
    return tuple(axes)


def is_default(value: object, default: object) -> bool:
    """Whether an option is as if nothing were said; flags and words may be NumPy's own."""
    if isinstance(value, np.bool_):
        value = bool(value)
    return value is default or (isinstance(value, str) and value == default)


def op_of(op: object, **options: object) -> str:
    """The op; one that is unknown is refused, and so are options that are another's."""
    op = one_of("op", op, OPS)
    for name, value in options.items():
        default, ops = OPTIONS[name]
        if value is not default and op not in ops and not is_default(value, default):
            of = " and ".join(f"op={other!r}" for other in ops)
            raise TypeError(f"{name} is an option of {of}, got op={op!r}")
    return op


def data_format_of(value: object) -> str:
    """Where channels are: last if nothing is said."""
    if value is None:
        return "channels_last"
    return one_of("data_format", value, ("channels_last", "channels_first"))


def spatial_axes(nd: int, ndim: int, data_format: object, name: str = "x") -> tuple[int, ...]:
    """The axes that an nd-dimensional pooling pools."""
    first = data_format_of(data_format)
    if ndim < nd:
        raise ValueError(
            f"{name} must have at least {nd} dimensions, {nd} spatial ones and, if any, channels "
            f"and batch axes; got {ndim}"
        )
    end = ndim if ndim == nd or first == "channels_first" else ndim - 1
    return tuple(range(end - nd, end))


# ---- shapes -----------------------------------------------------------------------------------


def axis_of(
    size: int,
    window: int,
    stride: int,
    padding: str | tuple[int, int],
    dilation: int,
    ceil_mode: bool,
    include_pad: bool,
) -> Axis:
    """The windows along one axis; a ValueError where one of them would hold no input."""
    if window == 1:
        dilation = 1
    reach = dilation * (window - 1) + 1
    if isinstance(padding, tuple):
        before, after = padding
    elif padding == "valid":
        before = after = 0
    else:
        outputs = -(-size // stride)
        total = max(0, (outputs - 1) * stride + reach - size) if outputs else 0
        before = total // 2 if padding == "same" else total - total // 2
        after = total - before
    if padding not in SAME:
        room = size + before + after - reach
        outputs = (-(-room // stride) if ceil_mode else room // stride) + 1
        if ceil_mode and (outputs - 1) * stride >= size + before:
            outputs -= 1
        if outputs < 1:
            raise ValueError(
                f"pool_size {window}"
                + (f" with dilation {dilation} spans {reach} elements and" if dilation > 1 else "")
                + f" does not fit an axis of {size} elements with padding ({before}, {after}); "
                f"at most {size + before + after} fit, or use padding='same'"
            )
    for o in (0, outputs - 1) if outputs else ():
        start = o * stride - before
        if holds_nothing(size, window, dilation, start):
            raise ValueError(
                f"a window of pool_size {window}, dilation {dilation} at {start} holds no element "
                f"of an axis of {size}; padding ({before}, {after}) must leave at least one"
            )
    counted = (-before, size + after) if include_pad else (0, size)
    skipped = 0
    if dilation > 1 and outputs:
        empty_between(size, window, stride, dilation, before, outputs)
    if (include_pad or isinstance(padding, tuple)) and size + before + after > LIMIT:
        raise ValueError(
            f"padding ({show(before)}, {show(after)}) of an axis of {size} goes past 2**63 - 1"
        )
    if not include_pad and outputs:
        window, before, skipped = trimmed(size, window, stride, dilation, before, outputs)
    if window == 1:
        dilation = 1
    if outputs <= 1:
        stride = 1
    return Axis(size, window, stride, dilation, before, outputs, *counted, skipped)


def holds_nothing(size: int, window: int, dilation: int, start: int) -> bool:
    """Whether a window that starts there meets no element of an axis."""
    first = max(0, -(start // dilation))  # the first tap at or past 0
    return first >= window or start + first * dilation >= size


def empty_between(
    size: int, window: int, stride: int, dilation: int, before: int, outputs: int
) -> None:
    """Refuse dilated windows that straddle a short axis without touching it."""
    if size >= dilation or size == 0:
        return
    # Taps lie `dilation` apart, so a window can step over an axis that is shorter than that: where
    # its taps are `size` and more modulo that.  The first and the last are known not to.
    o = first_between(stride, -before, dilation, size, dilation - 1)
    if o is not None and o < outputs:
        raise ValueError(
            f"a window of pool_size {window}, dilation {dilation} at {o * stride - before} holds "
            f"no element of an axis of {size}; a dilation of at most {size} cannot step over it"
        )


def first_between(step: int, start: int, modulus: int, low: int, high: int) -> int | None:
    """The least o for which ``(start + o*step) % modulus`` is in [low, high], if there is one."""
    low, high = (low - start) % modulus, (high - start) % modulus
    if low == 0 or low > high:
        return 0
    step %= modulus
    if step == 0:
        return None
    o = -(-low // step)
    if o * step <= high:
        return o
    # Else o*step is turns*modulus more than one of them, of which none is a multiple of `step`.
    turns = first_between(modulus, 0, step, -high % step, -low % step)
    return None if turns is None else -(-(low + turns * modulus) // step)


def trimmed(
    size: int, window: int, stride: int, dilation: int, before: int, outputs: int
) -> tuple[int, int, int]:
    """Window and padding before, less the taps that meet no input in any output; how many first."""
    leading = max(0, -(((outputs - 1) * stride - before) // dilation))
    before -= leading * dilation
    window = min(window - leading, -(-(size + before) // dilation))
    return window, before, leading


# ---- dtypes -----------------------------------------------------------------------------------


@functools.lru_cache(maxsize=64)
def name_of(dtype: np.dtype[Any]) -> str:
    """dtype.name, which NumPy puts together anew every time; none of a structure's class."""
    is_number = dtype.kind != "V" or np.dtype(dtype.type).isbuiltin == 2  # as bfloat16 is
    return dtype.name if is_number else "void"


def supported(name: str, dtype: np.dtype[Any]) -> str:
    """The name of a dtype that pypool pools."""
    if name_of(dtype) not in DTYPES:
        raise TypeError(
            f"{name} must be boolean, an integer, float16, float32, float64 or bfloat16; "
            f"got {dtype}"
        )
    return name_of(dtype)


def result_dtype(op: str, dtype: np.dtype[Any], wanted: object) -> np.dtype[Any]:
    """The dtype of the result: `wanted` where it can hold one, else what NumPy would give."""
    source = name_of(dtype)
    native: np.dtype[Any] = np.dtype(dtype.type)
    if wanted is None or op in ORDERED:
        if op in ORDERED or source in FLOATS:
            return native
        if op == "avg":
            return np.dtype(np.float64)
        return np.dtype(np.uint64 if source.startswith("u") else np.int64)
    try:
        given: np.dtype[Any] = np.dtype(wanted)  # type: ignore[call-overload]
    except (TypeError, ValueError, SyntaxError, OverflowError, RecursionError) as error:
        raise TypeError(f"dtype must be a NumPy dtype, got {show(wanted)}") from error
    name = supported("dtype", given)
    target: np.dtype[Any] = np.dtype(given.type)
    if source in FLOATS:
        fits = name in FLOATS and (source, name) != ("bfloat16", "float16")
    elif name in FLOATS:
        fits = name == "float64" or (
            source in IN_BFLOAT16 if name == "bfloat16" else np.can_cast(native, target, "safe")
        )
    else:
        fits = name != "bool" and np.can_cast(
            native, target, "safe" if op == "avg" else "same_kind"
        )
    if not fits:
        raise TypeError(
            f"dtype {target} cannot hold the {'average' if op == 'avg' else 'sum'} of {source}; "
            f"leave it out for {result_dtype(op, dtype, None)}"
        )
    return target


def recipe_of(op: str, source: str, target: str, omit: bool, elements: int) -> Recipe:
    """Which kernels make `op` of `source` elements into `target`, `elements` a window."""
    if op in ORDERED:
        reduction = "f" + op if omit else op
        if source in HALVES:
            return Recipe((reduction, source, "int16"), "int16", last_cast=("order", source))
        lane = "uint8" if source == "bool" else source
        return Recipe((reduction, source, lane), lane)
    if source in FLOATS:
        return float_sum(op, source, target, omit)
    return integer_sum(op, source, target, elements)


def float_sum(op: str, source: str, target: str, omit: bool) -> Recipe:
    """Sums of floats: in float32, or in float64 where that is asked for."""
    lane = "float64" if "float64" in (source, target) else "float32"
    last_cast = (lane, target) if lane != target else None
    if omit:
        kernel, beside = ("nansum", source, lane), ("nancount", source, lane)
        plain = ("sum", source, lane)
        return Recipe(kernel, lane, beside, None, f"{lane}_counted", last_cast, plain=plain)
    return Recipe(("sum", source, lane), lane, None, None, lane if op == "avg" else None, last_cast)


def power_sum(source: str, exponent: float) -> Recipe:
    """The root of a sum of powers; past all exponents it is the largest magnitude."""
    lane = "float32" if source in IN_FLOAT32 else "float64"
    reduction = "max" if math.isinf(exponent) else "sum"
    last_cast = (lane, source) if source in HALVES else None
    if exponent == 2 and source in FLOATS:
        return Recipe(("squares", source, lane), lane, None, None, f"{lane}_root", last_cast)
    return Recipe(
        (reduction, lane, lane), lane, None, None, None, last_cast, source, float(exponent)
    )


def integer_sum(op: str, source: str, target: str, elements: int) -> Recipe:
    """Sums of integers: exact, in the narrowest lanes that hold every sum of a window."""
    bits = 8 if source == "bool" else np.dtype(source).itemsize * 8
    whole = "int64" if bits == 64 else source  # two's complement adds up the same, signed or not
    average = op == "avg"
    if target in FLOATS and bits == 64:
        last_cast = ("float64", target) if target != "float64" else None
        return Recipe(
            ("sum", source, "float64"), "float64", None, None, "float64" if average else None,
            last_cast,
        )  # fmt: skip
    if average and bits >= 32 and elements > 2**31:
        if target in FLOATS:  # past what an int64 may hold
            last_cast = ("float64", target) if target != "float64" else None
            kernel = ("sum", "float64", "float64")
            return Recipe(kernel, "float64", None, None, "float64", last_cast, source, 0)
        raise ValueError(
            f"averages of {source} as integers are exact up to 2**31 elements, a window has "
            f"{elements}; dtype='float64' has no such limit"
        )
    if average and bits == 64:
        return Recipe(
            ("lowsum", whole, "int64"), "int64", ("highsum", source, "int64"), None, "wide"
        )
    room = elements << bits
    lane = "int16" if room <= 1 << 15 else "int32" if room <= 1 << 31 else "int64"
    kernel = ("sum", whole, lane)
    if target in FLOATS:
        last_cast = ("float64", target) if target != "float64" else None
        return Recipe(
            kernel, lane, None, (lane, "float64"), "float64" if average else None, last_cast
        )
    same = target == lane or (lane == "int64" and target == "uint64")
    return Recipe(
        kernel, lane, None, None, lane if average else None, None if same else (lane, target)
    )


# ---- the plan ---------------------------------------------------------------------------------


class Arguments(NamedTuple):
    """What a caller asked for: met, and one value for each axis."""

    pool_size: tuple[int, ...]
    strides: tuple[int, ...]
    padding: str | tuple[tuple[int, int], ...]
    dilation: tuple[int, ...]
    ceil_mode: bool
    nan_policy: str
    count_include_pad: bool
    divisor_override: int | None
    dtype: Any
    rounding: str
    exponent: float


def arguments(
    count: int,
    pool_size: object,
    strides: object,
    padding: object,
    dilation: object = 1,
    ceil_mode: object = False,
    nan_policy: object = "propagate",
    count_include_pad: object = False,
    divisor_override: object = None,
    dtype: object = None,
    rounding: object = "half_even",
    exponent: object = 1.0,
) -> Arguments:
    """Meet every bad argument of a call that pools `count` axes."""
    windows = per_axis("pool_size", pool_size, count)
    return Arguments(
        windows,
        windows if strides is None else per_axis("strides", strides, count),
        padding_of(padding, count),
        per_axis("dilation", dilation, count),
        flag("ceil_mode", ceil_mode),
        one_of("nan_policy", nan_policy, NAN_POLICIES),
        flag("count_include_pad", count_include_pad),
        None if divisor_override is None else integer("divisor_override", divisor_override, 1),
        dtype,
        one_of("rounding", rounding, ROUNDINGS),
        norm_type(exponent),
    )


def norm_type(value: object) -> float:
    """The exponent of Lp pooling: a positive number."""
    if type(value) in (int, float):
        is_number = True
    elif isinstance(value, (np.ndarray, np.generic)):
        is_number = value.ndim == 0 and (
            value.dtype.kind in "iuf" or name_of(value.dtype) in FLOATS
        )
    else:
        is_number = isinstance(value, (SupportsFloat, SupportsIndex))
    if isinstance(value, bool) or not is_number:
        raise TypeError(
            f"norm_type must be a number, got {show(value)} of type {type(value).__name__}"
        )
    try:
        exponent = float(value)  # type: ignore[arg-type]
    except OverflowError as error:
        raise ValueError(
            f"norm_type must be at most {sys.float_info.max}, or infinity, got {show(value)}"
        ) from error
    if not exponent > 0:
        raise ValueError(f"norm_type must be positive, got {show(value)}")
    return exponent


def shape_of(name: str, value: object) -> tuple[int, ...]:
    """A shape argument: a sequence of sizes, or for one axis a size."""
    shape = integers(name, value, 0, "a sequence of integers")
    if len(shape) > 64:
        raise ValueError(f"{name} must have at most 64 axes, got {len(shape)}")
    check_bytes(f"{name} {show(shape)}", shape)
    return shape


def check_bytes(what: str, shape: Iterable[int], itemsize: int = 8) -> None:
    """Refuse a shape whose array, but for empty axes, no machine could hold."""
    if math.prod(size for size in shape if size) * itemsize > LIMIT:
        raise ValueError(f"{what} would be past 2**63 - 1 bytes")


def no_windows(kind: object) -> None:
    """Refuse positions in windows where windows differ, or are the plane itself."""
    if one_of("index_kind", kind, INDEX_KINDS) == "window":
        raise ValueError(
            "index_kind 'window' does not apply to global and adaptive pooling; use 'plane'"
        )


def adaptive_plan(
    op: str,
    nd: int,
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    output_size: object,
    data_format: object,
    name: str = "x",
) -> Plan:
    """What pooling to a given size makes: PyTorch's bins, which are windows where they divide."""
    source = supported("x", dtype)
    axes = spatial_axes(nd, len(shape), data_format, name)
    outputs = per_axis("output_size", output_size, nd)
    pooled = {}
    for axis, m in zip(axes, outputs, strict=True):
        n = shape[axis]
        if n == 0:
            raise ValueError(f"{name} must have elements along its spatial axes, got {shape}")
        if n * (m + 1) > LIMIT:
            raise ValueError(f"output_size {show(m)} is too large for an axis of {n} elements")
        if n % m == 0:
            pooled[axis] = Axis(n, n // m, n // m if m > 1 else 1, 1, 0, m, 0, n, 0)
        else:
            # Bins begin at every multiple of gcd(n, m) modulo m: one of them straddles the most.
            widest = n // m + (2 if n % m > math.gcd(n, m) else 1)
            pooled[axis] = Axis(n, widest, 1, 1, 0, m, 0, n, 0, bins=True)
    result = tuple(
        pooled[axis].outputs if axis in pooled else size for axis, size in enumerate(shape)
    )
    target = result_dtype(op, dtype, None)
    check_bytes(f"the result of shape {result}", result, target.itemsize)
    elements = math.prod(axis.window for axis in pooled.values())
    recipe = recipe_of(op, source, name_of(target), False, elements)
    return Plan(result, target, pooled, recipe, ROUNDINGS.index("half_even"), 0)


def unpooled_plan(
    shape: tuple[int, ...],
    whole: tuple[int, ...],
    dtype: np.dtype[Any],
    axes: tuple[int, ...],
    of: Arguments,
    pads: tuple[tuple[int, int], ...],
) -> Plan:
    """The pooling of `whole` that makes `shape`, as far as indices go."""
    pooled = {
        axis: Axis(
            whole[axis], of.pool_size[i], of.strides[i], 1, pads[i][0], shape[axis], 0,
            whole[axis], 0,
        )
        for i, axis in enumerate(axes)
    }  # fmt: skip
    return Plan(shape, dtype, pooled, Recipe(None, name_of(dtype)), 0, 0)


def plan(
    op: str, shape: tuple[int, ...], dtype: np.dtype[Any], axes: tuple[int, ...], of: Arguments
) -> Plan:
    """What a call makes of an array of this shape and dtype, pooled along these axes."""
    source = supported("x", dtype)
    paddings: Sequence[str | tuple[int, int]]
    paddings = (of.padding,) * len(axes) if isinstance(of.padding, str) else of.padding
    omit = of.nan_policy == "omit" and source in FLOATS
    rounds = ROUNDINGS.index(of.rounding)
    divisor = of.divisor_override or 0
    target = result_dtype("avg" if op == "lp" else op, dtype, of.dtype)

    pooled = {
        axis: axis_of(
            shape[axis],
            of.pool_size[i],
            of.strides[i],
            paddings[i],
            of.dilation[i],
            of.ceil_mode,
            of.count_include_pad,
        )
        for i, axis in enumerate(axes)
    }
    out_shape = tuple(
        pooled[axis].outputs if axis in pooled else size for axis, size in enumerate(shape)
    )
    check_bytes(f"the result of shape {out_shape}", out_shape, target.itemsize)
    if of.count_include_pad and math.prod(axis.window for axis in pooled.values()) > LIMIT:
        raise ValueError(
            f"pool_size {show(of.pool_size)} makes windows of more than 2**63 - 1 elements to count"
        )
    elements = math.prod(min(axis.window, axis.size) for axis in pooled.values())
    if op == "lp":
        recipe = power_sum(source, of.exponent)
    else:
        recipe = recipe_of(op, source, name_of(target), omit, elements)
    if omit and op == "sum":
        divisor = 1  # a sum is divided by nothing, but is NaN where nothing was counted
    return Plan(out_shape, target, pooled, recipe, rounds, divisor)


def places_of(
    kind: object, nd: int | None, shape: tuple[int, ...], made: Plan, pool_size: tuple[int, ...]
) -> Places:
    """How `kind` numbers the elements of an array of this shape, or of a window."""
    which = one_of("index_kind", kind, INDEX_KINDS)
    pooled = made.pooled
    if which == "window":
        count = math.prod(pool_size)
        if count > WINDOW_POSITIONS:
            raise ValueError(f"pool_size {show(pool_size)} has more than 2**32 window positions")
        taps = [0] * len(shape)
        sizes = dict(zip(pooled, pool_size, strict=True))
        for axis in pooled:
            taps[axis] = math.prod(size for other, size in sizes.items() if other > axis)
        first = sum(taps[axis] * of.skipped for axis, of in pooled.items())
        dtype = np.dtype(np.min_scalar_type(count - 1).type)
        return Places(dtype, first, (0,) * len(shape), tuple(taps), count)
    if which == "plane":
        counted = sorted(pooled)
    elif which == "tensor":
        counted = list(range(len(shape)))
    elif nd is None:
        raise ValueError("index_kind 'sample' does not apply to pool; use 'plane' or 'tensor'")
    else:
        counted = list(range(max(0, len(shape) - nd - 1), len(shape)))
    positions = [0] * len(shape)
    step = 1
    for axis in reversed(counted):
        positions[axis] = step
        step *= shape[axis]
    every = (
        positions[axis] * pooled[axis].dilation if axis in pooled else 0
        for axis in range(len(shape))
    )
    return Places(np.dtype(np.int64), 0, tuple(positions), tuple(every), step)
