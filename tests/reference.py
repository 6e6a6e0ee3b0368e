"""The definition of pooling in plain NumPy: slow, obvious, and sharing nothing with pypool."""

import functools
import math
import operator

import numpy as np

# --- where the windows lie ---------------------------------------------------------------------


def along(n, k, s, d, padding, ceil_mode=False):
    """The windows along an axis of n elements, and the position at which its padding ends.

    A window is the range of positions it covers; those outside [0, n) are padding.
    """
    extent = d * (k - 1) + 1
    if padding in ("same", "same_lower"):
        out = -(-n // s)
        total = max(0, (out - 1) * s + extent - n)
        smaller, larger = total // 2, total - total // 2
        before, after = (smaller, larger) if padding == "same" else (larger, smaller)
    else:
        before, after = padding
        room = n + before + after - extent
        out = (-(-room // s) if ceil_mode else room // s) + 1
        if ceil_mode and (out - 1) * s >= n + before:
            out -= 1
        if out < 1:
            raise ValueError(f"no window of {extent} fits into {before} + {n} + {after}")
    starts = (o * s - before for o in range(out))
    windows = [range(start, start + extent, d) for start in starts]
    if not all(inside(window, n) for window in windows):
        raise ValueError("a window holds no input element")
    return windows, n + after


def inside(window, n):
    """The part of a window that lies in [0, n)."""
    start = window.start if window.start >= 0 else window.start % window.step
    return range(start, min(window.stop, n), window.step)


def per_axis(value, count):
    """An integer for every axis, from one for all or one each."""
    if np.ndim(value) == 0:
        return (operator.index(value),) * count
    assert len(value) == count
    return tuple(operator.index(v) for v in value)


def padding_per_axis(padding, count):
    """Before and after for every axis, or the name of the rule that finds them."""
    if isinstance(padding, str):
        named = padding.lower()
        return ((0, 0) if named == "valid" else named,) * count
    if np.ndim(padding) == 2:
        return tuple((before, after) for before, after in padding)
    return tuple((p, p) for p in per_axis(padding, count))


def spatial_axes(ndim, nd, data_format="channels_last"):
    """The nd axes that a pool1d, pool2d or pool3d pools."""
    last = ndim if ndim == nd or data_format == "channels_first" else ndim - 1
    return tuple(range(last - nd, last))


# --- what they hold ----------------------------------------------------------------------------


@functools.lru_cache(maxsize=4000)
def positions(n, *how):
    """Of every window along an axis: which elements, which of these are real, how many count.

    Shorter windows are filled with element 0, which is not real there.
    """
    windows, end = along(n, *how)
    taps = [inside(window, n) for window in windows]
    length = max(map(len, taps), default=1)
    index = np.array([[*tap, *[0] * (length - len(tap))] for tap in taps], int)
    exists = np.arange(length) < np.array([len(tap) for tap in taps], int)[:, None]
    number = [len(range(w.start, min(w.stop, end), w.step)) for w in windows]
    return index.reshape(-1, length), exists, np.array(number, object)


def windows_of(x, pool_size, strides, padding, axes, dilation, ceil_mode):
    """The elements of every window, whether each is real, and how many of each are not overhang.

    The first two have the shape of the result and one more axis, the elements of the window in
    row-major order, padding (and whatever makes windows equally long) included as "not real".
    """
    axes = range(x.ndim) if axes is None else axes if np.ndim(axes) else (axes,)
    pool_size = per_axis(pool_size, len(axes))
    strides = pool_size if strides is None else per_axis(strides, len(axes))
    dilation = per_axis(dilation, len(axes))
    padding = padding_per_axis(padding, len(axes))
    values = x
    real = np.ones((1,) * x.ndim, bool)
    counted = np.ones((1,) * x.ndim, object)
    for axis, *how in sorted(
        zip([axis % x.ndim for axis in axes], pool_size, strides, dilation, padding, strict=True)
    ):
        index, exists, number = positions(x.shape[axis], *how, ceil_mode)
        values = np.moveaxis(np.take(values, index, axis), axis + 1, -1)
        place = [1] * real.ndim
        place[axis], length = index.shape
        real = real[..., None] & exists.reshape(*place, length)
        counted = counted * number.reshape(place[: x.ndim])
    out_shape = values.shape[: x.ndim]
    length = math.prod(values.shape[x.ndim :])
    real = np.broadcast_to(real, values.shape).reshape(*out_shape, length)
    return values.reshape(*out_shape, length), real, np.broadcast_to(counted, out_shape)


# --- what becomes of them ----------------------------------------------------------------------


def is_float(dtype):
    return dtype.kind == "f" or dtype.name == "bfloat16"


def limits(dtype):
    """What no element of this dtype is below, and what none is above."""
    if is_float(dtype):
        return -np.inf, np.inf
    return (False, True) if dtype.kind == "b" else (np.iinfo(dtype).min, np.iinfo(dtype).max)


def biggest(values, real, counted, nan_policy="propagate"):
    rules = np.maximum, np.fmax
    return extreme(values, real, nan_policy, rules, loser=limits(values.dtype)[0])


def smallest(values, real, counted, nan_policy="propagate"):
    rules = np.minimum, np.fmin
    return extreme(values, real, nan_policy, rules, loser=limits(values.dtype)[1])


def extreme(values, real, nan_policy, rules, loser):
    """The element that wins by the first rule, or by the second where NaN is to be skipped."""
    contest, contest_without_nan = rules
    if not is_float(values.dtype):
        return contest.reduce(np.where(real, values, loser), axis=-1).astype(values.dtype)
    wide = values.astype(np.float64)
    if nan_policy == "omit":
        winners = contest_without_nan.reduce(np.where(real, wide, np.nan), axis=-1)
    else:
        winners = contest.reduce(np.where(real, wide, loser), axis=-1)
    return winners.astype(values.dtype)


def total(values, kept):
    """The sum of the elements kept: exact for integers, in float64 for floats."""
    if is_float(values.dtype):
        values = values.astype(np.float64)
    elif values.dtype.itemsize < 8:
        values = values.astype(np.int64)
    else:
        values = values.astype(object)
    return np.where(kept, values, values.dtype.type(0)).sum(axis=-1)


def keep(values, real, nan_policy):
    """The elements that take part, and the windows of which none does."""
    kept = real
    if nan_policy == "omit" and is_float(values.dtype):
        kept = real & ~np.isnan(values.astype(np.float64))
    return kept, ~kept.any(axis=-1)


def add(values, real, counted, nan_policy="propagate", dtype=None):
    if dtype is None:
        dtype = values.dtype if is_float(values.dtype) else np.zeros(1, values.dtype).sum().dtype
    dtype = np.dtype(dtype)
    if not is_float(dtype):
        return np.where(real, values, values.dtype.type(0)).astype(dtype).sum(-1, dtype=dtype)
    kept, none = keep(values, real, nan_policy)
    return np.where(none, np.nan, total(values, kept).astype(np.float64)).astype(dtype)


def mean(values, real, counted, nan_policy="propagate", dtype=None, rounding="half_even",
         count_include_pad=False, divisor_override=None):  # fmt: skip
    if dtype is None:
        dtype = values.dtype if is_float(values.dtype) else np.float64
    dtype = np.dtype(dtype)
    kept, none = keep(values, real, nan_policy)
    omitted = (real & ~kept).sum(axis=-1)
    if divisor_override is not None:
        count = np.full(none.shape, divisor_override, object)
    elif count_include_pad:
        count = counted - omitted
    else:
        count = kept.sum(axis=-1).astype(object)
    sums = total(values, kept)
    if not is_float(dtype):
        rounded = np.frompyfunc(ROUNDING[rounding], 2, 1)(sums.astype(object), count)
        return np.asarray(rounded).astype(dtype)
    count = np.where(none, 1, count)
    exact = sums.dtype == object
    quotient = sums / (count if exact else count.astype(np.float64))
    return np.where(none, np.nan, quotient.astype(np.float64)).astype(dtype)


def half_even(total, count):
    quotient, rest = divmod(total, count)
    return quotient + (2 * rest > count or (2 * rest == count and quotient % 2 == 1))


ROUNDING = {
    "half_even": half_even,
    "half_up": lambda total, count: (2 * total + count) // (2 * count),
    "floor": lambda total, count: total // count,
    "trunc": lambda total, count: total // count if total >= 0 else -(-total // count),
}
FINISH = {"max": biggest, "min": smallest, "sum": add, "avg": mean}


# --- the functions -----------------------------------------------------------------------------


def pool(op, x, pool_size, strides=None, padding="valid", *, axes=None, dilation=1,
         ceil_mode=False, **options):  # fmt: skip
    """`op` over the given axes of x (all of them for None)."""
    x = np.asarray(x)
    with np.errstate(all="ignore"):
        found = windows_of(x, pool_size, strides, padding, axes, dilation, ceil_mode)
        return FINISH[op](*found, **options)


def pool_nd(op, nd, x, pool_size, strides=None, padding="valid", data_format="channels_last",
            **options):  # fmt: skip
    """`op` over the nd spatial axes of x."""
    axes = spatial_axes(np.ndim(x), nd, data_format)
    return pool(op, x, pool_size, strides, padding, axes=axes, **options)


def global_pool(op, nd, x, data_format="channels_last", *, keepdims=False, **options):
    """`op` over one window that holds the whole of the nd spatial axes."""
    x = np.asarray(x)
    axes = spatial_axes(x.ndim, nd, data_format)
    result = pool(op, x, [x.shape[axis] for axis in axes], axes=axes, **options)
    return result if keepdims else np.squeeze(result, axes)


# --- how far rounding may take a sum -----------------------------------------------------------


def error_bound(op, x, result, pool_size, strides=None, padding="valid", *, axes=None, dilation=1,
                ceil_mode=False, **options):  # fmt: skip
    """How far a pairwise sum or average of floats may lie from the float64 one, for each element.

    Every level of the tree rounds once in the narrower of float32 and float64 that takes part;
    the quotient and the result round once each.
    """
    magnitudes = np.abs(np.asarray(x, np.float64))
    args = (pool_size, strides, padding)
    how = {"axes": axes, "dilation": dilation, "ceil_mode": ceil_mode}
    elements, _, _ = windows_of(magnitudes, *args, axes, dilation, ceil_mode)
    levels = math.ceil(math.log2(elements.shape[-1] or 1)) + 2
    sums = pool(op, magnitudes, *args, **how, **{**options, "dtype": np.float64})
    narrow = {dtype: np.finfo(dtype).eps for dtype in (np.float32, np.float64)}
    in_double = x.dtype == np.float64 and result.dtype == np.float64
    working = narrow[np.float64 if in_double else np.float32]
    eps, tiny = (
        (2.0**-7, 2.0**-133)
        if result.dtype.name == "bfloat16"
        else (np.finfo(result.dtype).eps, np.finfo(result.dtype).smallest_subnormal)
    )
    return levels * working * sums + eps * np.abs(result.astype(np.float64)) + tiny
