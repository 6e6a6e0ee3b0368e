"""Gradients of norms."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pypool import _backward, _call, _plan
from pypool._types import Array

MOST_AT_ONCE = 1 << 16
"""Elements of an input that NumPy takes powers of at once, beside memory that holds as many."""

NARROW_DOUBLINGS = 150
"""From 1, in float32, as far as numbers may be."""

DOUBLINGS = 800
"""From 1, of a double's 1022, as far as powers of norms may be: beside them is room for those of
elements so much smaller that what they get is lost beside the window's gradient."""

SUMMED = 2.0**24
"""Windows over an element whose shares leave room for their sum."""

MOST_EXPONENT = 2.0**50
"""Of powers in `Scaled`, so that their exponents add up in an int64: past it, half of a norm's last
bit is an eighth of its power."""

NEVER = -(2**62)
"""The exponent of 0 in `Scaled`: below all others."""


class Windows(NamedTuple):
    """Those of a call."""

    nd: int
    arguments: tuple[Any, Any, Any, Any, Any, Any]
    """From `pool_size` to `ceil_mode`."""
    pooled: dict[int, _plan.Axis]
    workers: Any

    def spread(self, shares: Array, shape: tuple[int, ...], into: Array | None) -> Array:
        """To each element the sum of the shares of its windows."""
        return _backward.of_sum(
            "sum", self.nd, shares, shape, *self.arguments, False, None, into, self.workers
        )

    def to_largest(self, shares: Array, values: Array) -> Array:
        """To the first largest element of each window its share."""
        return _backward.of_max(
            "max", self.nd, shares, None, values.shape, *self.arguments, "window", values,
            "propagate", None, self.workers,
        )  # fmt: skip


class Scaled(NamedTuple):
    """Numbers fraction * 2**exponent, which may lie past any float64."""

    fraction: NDArray[np.float64]
    exponent: NDArray[np.int64]


def of_lp(
    nd: int,
    grad: ArrayLike,
    x: ArrayLike,
    output: ArrayLike,
    norm_type: Any,
    pool_size: Any,
    strides: Any,
    padding: Any,
    data_format: Any,
    dilation: Any,
    ceil_mode: Any,
    out: Array | None,
    workers: Any,
) -> Array:
    """Sums of grad * sign(x) * |x|**(p - 1) * output**(1 - p); 0 where the output is 0.

    For p below 1 also where x is: the formula has no value there.
    """
    power = _plan.norm_type(norm_type)
    x, output = _call.as_array(x), _call.as_array(output, "output")
    grad = _backward.gradient(grad)
    for name, array in (("x", x), ("output", output)):
        _plan.supported(name, array.dtype)
    if output.shape != grad.shape:
        raise ValueError(f"output must have the shape of grad {grad.shape}, got {output.shape}")
    _plan.spatial_axes(nd, x.ndim, data_format)  # or an error would call x input_shape
    # In the widest of the three; and other powers in float64: those of norms that float32 holds may
    # be past its ends, or a gradient's product with them.
    names = [_plan.name_of(array.dtype) for array in (x, output, grad)]
    are_narrow = all(name in _plan.IN_FLOAT32 for name in names)
    takes_powers = power not in (1, 2, math.inf)
    wide = np.dtype(np.float32 if are_narrow and not takes_powers else np.float64)
    arguments = (pool_size, strides, padding, data_format, dilation, ceil_mode)
    way = _backward.kept(_backward.sum_way, nd, x.shape, wide, *arguments, False, 1)
    _backward.shaped("grad", grad, way.pooled)
    result = _backward.target(out, x.shape, np.dtype(grad.dtype.type), (grad, x, output))
    pooled = way.geometry.plan.pooled if way.geometry is not None else {}
    windows = Windows(nd, arguments, pooled, workers)
    # Where there is no window what is infinite or NaN has no part in it either.
    unmet = {axis: gaps for axis, of in pooled.items() if (gaps := unmet_along(of)) is not None}
    always_fit = takes_powers and are_narrow and NARROW_DOUBLINGS * abs(power - 1) <= DOUBLINGS
    with np.errstate(all="ignore"):
        for part in parts(x.shape, way.axes):
            # NumPy's powers differ in the last bit between strided and contiguous arrays.
            values = np.ascontiguousarray(x[part], wide)
            into = result[part] if result.dtype == wide else None
            given = values, grad[part], output[part]
            if math.isinf(power):
                made = of_largest(*given, windows)
            elif power == 1:
                made = of_signs(*given, windows, into)
            else:
                made = by_powers(*given, power, windows, into, always_fit)
            for axis, gaps in unmet.items():
                np.moveaxis(made, axis, 0)[gaps] = 0
            if made is not into:
                result[part] = made
    return _backward.into(out, result)


def parts(shape: tuple[int, ...], axes: tuple[int, ...]) -> Iterator[tuple[slice, ...]]:
    """Slices along an axis before the spatial ones, of as many elements as a cache holds."""
    axis = 1 if min(axes) == 2 and shape[0] == 1 else 0
    if min(axes) == 0 or math.prod(shape) <= MOST_AT_ONCE:
        yield ()
        return
    step = max(1, MOST_AT_ONCE * shape[axis] // math.prod(shape))
    for start in range(0, shape[axis], step):
        yield along(axis, start, start + step)


def along(axis: int, *bounds: int | None) -> tuple[slice, ...]:
    """A slice along that axis."""
    return (slice(None),) * axis + (slice(*bounds),)


def unmet_along(of: _plan.Axis) -> NDArray[np.bool_] | None:
    """Which elements along an axis no window meets, if there may be such."""
    end = (of.outputs - 1) * of.stride + (of.window - 1) * of.dilation + 1 - of.before
    if of.dilation == 1 and of.window >= of.stride and of.before >= 0 and end >= of.size:
        return None
    met = np.zeros(of.size, bool)
    starts = np.arange(of.outputs) * of.stride - of.before
    if of.dilation == 1:
        changes = np.zeros(of.size + 1, np.intp)
        np.add.at(changes, np.clip(starts, 0, of.size), 1)
        np.subtract.at(changes, np.clip(starts + of.window, 0, of.size), 1)
        met = np.cumsum(changes[:-1]) > 0
    elif of.window <= of.outputs:
        for tap in range(of.window):
            at = starts + tap * of.dilation
            met[at[(at >= 0) & (at < of.size)]] = True
    else:
        for start in starts.tolist():
            first = start if start >= 0 else start % of.dilation
            met[first : max(0, start + (of.window - 1) * of.dilation + 1) : of.dilation] = True
    return ~met


# ---- p of infinity and 1 ------------------------------------------------------------------------


def of_largest(values: Array, grads: Array, norms: Array, windows: Windows) -> Array:
    """All of a gradient to the first element of the largest magnitude."""
    shares = np.where(norms == 0, 0, grads.astype(values.dtype, copy=False))
    made = windows.to_largest(shares, np.abs(values))
    return np.where(made == 0, 0, made * np.sign(values))


def of_signs(
    values: Array, grads: Array, norms: Array, windows: Windows, into: Array | None
) -> Array:
    """All of a gradient to each element, with its sign."""
    shares = np.array(grads, values.dtype, order="C")
    np.copyto(shares, 0, where=norms == 0)
    made = windows.spread(shares, values.shape, into)
    made *= np.sign(values)
    return made


# ---- other p, by powers -------------------------------------------------------------------------


def by_powers(
    values: Array,
    grads: Array,
    norms: Array,
    power: float,
    windows: Windows,
    into: Array | None,
    always_fit: bool,
) -> Array:
    """Sums of shares by sign(x) * |x|**(p - 1)."""
    shares, lost = shares_of(grads, norms, power, values.dtype, always_fit)
    made = windows.spread(shares, values.shape, into)
    if power == 2:
        made *= values
    else:
        powers = to_power(np.abs(values), power - 1)
        none = None
        if power < 1 or not always_fit:
            steep = np.isinf(powers)
            if steep.any():
                none = steep & np.isfinite(values) & ((made == 0) | (values == 0))
        made *= np.copysign(powers, values, out=powers)
        if none is not None:
            np.copyto(made, 0, where=none)
    if lost is not None:
        made += by_scaled_powers(values, grads, norms, lost, power, windows.pooled)
    return made


def shares_of(
    grads: Array, norms: Array, power: float, dtype: np.dtype[Any], always_fit: bool
) -> tuple[Array, NDArray[np.bool_] | None]:
    """grad * norm**(1 - p), 0 where either is; and of which windows it is lost, if of any.

    Those of which the dtype may not hold it, or not the power; they have 0 here.
    """
    if power == 2:
        shares = np.divide(grads, norms, dtype=dtype, order="C")
        powers = None
    else:
        shares = np.array(grads, dtype, order="C")
        powers = to_power(np.array(norms, dtype, order="C"), 1 - power)
        shares *= powers
    if always_fit:
        np.copyto(shares, 0, where=norms == 0)
        return shares, None
    limits = np.finfo(dtype)
    sizes = np.abs(shares)
    fit = within(sizes, float(limits.tiny), float(limits.max) / SUMMED)
    if powers is not None:
        fit &= within(powers, 2.0**-DOUBLINGS, 2.0**DOUBLINGS)
    if not fit.all():
        fit |= (sizes == 0) & (grads == 0)
    if fit.all():
        return shares, None
    unfit = ~fit & np.isfinite(norms)
    np.copyto(shares, 0, where=unfit)
    lost = unfit & (norms != 0) & (grads != 0)
    return shares, lost if lost.any() else None


def within(array: Array, least: float, most: float) -> NDArray[np.bool_]:
    """Where elements are from least to most."""
    are: NDArray[np.bool_] = least <= array
    are &= array <= most
    return are


def to_power(base: Array, exponent: float) -> Array:
    """base**exponent, in place; small whole ones by products, which take a tenth of the time."""
    if abs(exponent) == 0.5:
        np.sqrt(base, out=base)
    elif exponent != int(exponent) or not 0 < abs(exponent) <= 8:
        return np.power(base, exponent, out=base)
    rest, odd = int(abs(exponent)), None
    while rest > 1:
        if rest % 2:
            odd = base.copy() if odd is None else np.multiply(odd, base, out=odd)
        base *= base
        rest //= 2
    if odd is not None:
        base *= odd
    return np.reciprocal(base, out=base) if exponent < 0 else base


# ---- the same past the ends of float64 ----------------------------------------------------------


def by_scaled_powers(
    values: Array,
    grads: Array,
    norms: Array,
    lost: NDArray[np.bool_],
    power: float,
    pooled: dict[int, _plan.Axis],
) -> Array:
    """What the lost windows give: the same sums, of numbers of any size."""
    values = values.astype(np.float64, copy=False)
    their_grads, their_norms = np.zeros(lost.shape), np.ones(lost.shape)
    np.copyto(their_grads, grads, where=lost)
    np.copyto(their_norms, norms, where=lost)
    sums = product(scaled(their_grads), scaled_power(their_norms, 1 - power))
    for axis, of in pooled.items():
        sums = spread_along(axis, of, sums)
    made = product(sums, scaled_power(np.abs(values), power - 1))
    result = np.sign(values) * times_two_to(made.fraction, made.exponent)
    np.copyto(result, 0, where=(sums.fraction == 0) | (values == 0))
    return result


def scaled(array: Array) -> Scaled:
    """The numbers of an array."""
    fraction, exponent = np.frexp(array)
    return Scaled(fraction, np.where(fraction == 0, np.int64(NEVER), exponent))


def scaled_power(base: Array, exponent: float) -> Scaled:
    """base**exponent, of a base above 0."""
    exponent = math.copysign(min(abs(exponent), MOST_EXPONENT), exponent)
    fraction, doublings = np.frexp(base)
    high = float(np.float32(exponent))  # of 24 bits, and the rest 29: either times 11 is exact
    first, second = high * doublings, (exponent - high) * doublings
    second += exponent * np.log2(fraction)
    whole = np.rint(first), np.rint(second)
    rest = (first - whole[0]) + (second - whole[1])
    return Scaled(np.exp2(rest), whole[0].astype(np.int64) + whole[1].astype(np.int64))


def product(a: Scaled, b: Scaled) -> Scaled:
    """a * b."""
    return Scaled(a.fraction * b.fraction, a.exponent + b.exponent)


def spread_along(axis: int, of: _plan.Axis, shares: Scaled) -> Scaled:
    """To each element along an axis the sum of the shares of its windows, by doubling."""
    last = (of.outputs - 1) * of.stride
    shape = list(shares.fraction.shape)
    shape[axis] = max(of.before, 0) + of.size
    starts = Scaled(np.zeros(shape), np.full(shape, NEVER))
    first = max(-of.before, 0)
    at = along(axis, first, first + last + 1, of.stride)
    starts.fraction[at], starts.exponent[at] = shares
    sums, taps = starts, 1
    for digit in bin(of.window)[3:]:
        sums, taps = plus_later(sums, sums, axis, taps * of.dilation), 2 * taps
        if digit == "1":
            sums, taps = plus_later(starts, sums, axis, of.dilation), taps + 1
    elements = along(axis, max(of.before, 0), None)
    return Scaled(sums.fraction[elements], sums.exponent[elements])


def plus_later(a: Scaled, b: Scaled, axis: int, places: int) -> Scaled:
    """a, plus b so many places later along an axis."""
    if places >= a.fraction.shape[axis]:
        return a
    here, there = along(axis, places, None), along(axis, None, -places)
    exponent = a.exponent.copy()
    np.maximum(exponent[here], b.exponent[there], out=exponent[here])
    fraction = times_two_to(a.fraction, a.exponent - exponent)
    fraction[here] += times_two_to(b.fraction[there], b.exponent[there] - exponent[here])
    return Scaled(fraction, exponent)


def times_two_to(fraction: Array, exponent: Array) -> Array:
    """fraction * 2**exponent, infinite or 0 past the ends of float64."""
    within: Array = np.ldexp(fraction, np.clip(exponent, -4000, 4000).astype(np.intc))
    return within
