"""The definition of indices, gradients, Lp, adaptive pooling and unpooling in plain NumPy.

As slow and as obvious as `reference`, whose windows these are; nothing is shared with pypool.  All
of it is said of one list: of every window, in row-major order of the outputs, the elements of the
plane that it holds, in row-major order of the window.
"""

import functools
import math
from typing import NamedTuple

import numpy as np
from reference import along, is_float, limits, padding_per_axis, per_axis, spatial_axes

# --- where the windows lie ---------------------------------------------------------------------


class Windows(NamedTuple):
    """Windows over some axes of an array, which together are a plane."""

    axes: tuple
    size: tuple
    outputs: tuple
    taps: np.ndarray
    """[window, position]: the element there, counted in the plane; -1 for padding."""
    counted: np.ndarray
    """[window]: how many positions are not overhang."""

    @property
    def real(self):
        return self.taps >= 0


@functools.lru_cache(maxsize=4000)
def along_one(n, k, s, d, padding, ceil_mode):
    """Of every window along an axis: the elements, -1 for padding; and how many count."""
    windows, end = along(n, k, s, d, padding, ceil_mode)
    taps = [[p if 0 <= p < n else -1 for p in window] for window in windows]
    counted = [sum(p < end for p in window) for window in windows]
    return np.array(taps, int).reshape(-1, k), np.array(counted, int)


def along_bins(n, m):
    """The same of m bins that share n elements."""
    bins = [range(o * n // m, -((o + 1) * n // -m)) for o in range(m)]
    widest = max(map(len, bins))
    taps = [[*b, *[-1] * (widest - len(b))] for b in bins]
    return np.array(taps, int), np.array([len(b) for b in bins], int)


def combined(shape, axes, found):
    """Windows over several axes from the windows along each of them."""
    taps = np.zeros((1, 1), int)
    counted = np.ones(1, int)
    for axis, (along_axis, number) in zip(axes, found, strict=True):
        before, here = taps[:, None, :, None], along_axis[None, :, None, :]
        both = np.where((before >= 0) & (here >= 0), before * shape[axis] + here, -1)
        taps = both.reshape(len(taps) * len(along_axis), taps.shape[1] * along_axis.shape[1])
        counted = np.outer(counted, number).ravel()
    size = tuple(shape[axis] for axis in axes)
    return Windows(tuple(axes), size, tuple(len(t) for t, _ in found), taps, counted)


@functools.lru_cache(maxsize=64)
def windows_along(shape, axes, pool_size, strides, padding, dilation, ceil_mode):
    """The windows over any axes."""
    how = sorted(zip(axes, pool_size, strides, dilation, padding, strict=True))
    found = [along_one(shape[axis], *rest, ceil_mode) for axis, *rest in how]
    return combined(shape, [axis for axis, *_ in how], found)


def windows_over(shape, axes, pool_size, strides=None, padding="valid", *, dilation=1,
                 ceil_mode=False):  # fmt: skip
    """The windows over any axes (all of them for None), from arguments as a caller has them."""
    axes = range(len(shape)) if axes is None else axes if np.ndim(axes) else (axes,)
    axes = tuple(axis % len(shape) for axis in axes)
    pool_size = per_axis(pool_size, len(axes))
    strides = pool_size if strides is None else per_axis(strides, len(axes))
    padding = padding_per_axis(padding, len(axes))
    dilation = per_axis(dilation, len(axes))
    return windows_along(tuple(shape), axes, pool_size, strides, padding, dilation, ceil_mode)


def windows(nd, shape, pool_size, strides=None, padding="valid", data_format="channels_last",
            **how):  # fmt: skip
    """The windows over the nd spatial axes."""
    axes = spatial_axes(len(shape), nd, data_format)
    return windows_over(shape, axes, pool_size, strides, padding, **how)


def whole(nd, shape, data_format="channels_last"):
    """One window over the whole of the nd spatial axes."""
    axes = spatial_axes(len(shape), nd, data_format)
    return windows_over(shape, axes, [shape[axis] for axis in axes])


def bins(nd, shape, output_size, data_format="channels_last"):
    """Windows that share out the nd spatial axes: output o of m covers [o*n/m, (o + 1)*n/m)."""
    axes = spatial_axes(len(shape), nd, data_format)
    sizes = per_axis(output_size, nd)
    return combined(
        shape, axes, [along_bins(shape[axis], m) for axis, m in zip(axes, sizes, strict=True)]
    )


# --- planes: the axes that are pooled, last and as one --------------------------------------------


def planes(x, axes):
    """x with these axes last, as one."""
    moved = np.moveaxis(x, axes, range(-len(axes), 0))
    rest = moved.shape[: x.ndim - len(axes)]
    return moved.reshape(*rest, math.prod(x.shape[axis] for axis in axes))


def from_planes(values, size, axes):
    """Planes of this size as axes of an array again."""
    return np.moveaxis(values.reshape(*values.shape[:-1], *size), range(-len(axes), 0), axes)


def elements(x, windows):
    """[..., window, position]: the elements of every window, whatever for padding."""
    return planes(x, windows.axes)[..., np.where(windows.real, windows.taps, 0)]


def native(x):
    return np.asarray(x).astype(np.asarray(x).dtype.newbyteorder("="))


def wide(x):
    """Floats in float64, which has them all."""
    return x.astype(np.float64) if is_float(x.dtype) else x


# --- indices ------------------------------------------------------------------------------------


def positions(op, x, windows, nan_policy="propagate"):
    """[..., window]: the position of the best element: the first of equal ones, or of NaN."""
    values = wide(elements(x, windows))
    nan = np.isnan(values)
    omitted = nan if nan_policy == "omit" else np.zeros(values.shape, bool)
    takes_part = windows.real & ~omitted
    loser, contest = (0, np.max) if op == "max" else (1, np.min)
    rest = np.where(takes_part, values, limits(values.dtype)[loser])
    best = contest(rest, axis=-1, keepdims=True, initial=limits(values.dtype)[loser])
    is_best = takes_part & ((values == best) | (nan & np.isnan(best)))
    some = is_best.any(axis=-1)
    return np.where(some, np.argmax(is_best, axis=-1), np.argmax(windows.real, axis=-1))


def in_plane(best, windows):
    """[..., window]: positions in the windows as elements of the plane."""
    every = np.broadcast_to(windows.taps, (*best.shape, windows.taps.shape[1]))
    return np.take_along_axis(every, best[..., None], axis=-1)[..., 0]


def position_dtype(count):
    """The smallest of uint8, uint16 and uint32 that numbers so many positions."""
    return np.dtype(next(f"uint{b}" for b in (8, 16, 32) if count <= 2**b))


def numbered(kind, found, shape, windows, nd=None):
    """Elements of the plane, laid out as the result, in the numbers of another kind."""
    if kind == "plane":
        return found
    places, rest = np.indices(found.shape), found
    for axis, size in reversed(list(zip(windows.axes, windows.size, strict=True))):
        rest, places[axis] = np.divmod(rest, size)
    first = len(shape) - min(nd + 1, len(shape)) if kind == "sample" else 0
    number = np.zeros(found.shape, np.int64)
    for axis in range(first, len(shape)):
        number = number * shape[axis] + places[axis]
    return number


def locate(op, x, windows, *, index_kind="plane", nan_policy="propagate", nd=None):
    """The best element of each window, and where it is."""
    x = native(x)
    best = positions(op, x, windows, nan_policy)
    found = in_plane(best, windows)
    values = np.take_along_axis(planes(x, windows.axes), found, axis=-1)
    values = from_planes(values, windows.outputs, windows.axes)
    if index_kind == "window":
        index = best.astype(position_dtype(windows.taps.shape[1]))
        return values, from_planes(index, windows.outputs, windows.axes)
    found = from_planes(found, windows.outputs, windows.axes)
    return values, numbered(index_kind, found, x.shape, windows, nd)


# --- what becomes of a window --------------------------------------------------------------------


def adaptive_avg(x, windows):
    """The mean of each window."""
    dtype = x.dtype if is_float(x.dtype) else np.float64
    sums = np.where(windows.real, wide(elements(x, windows)), 0).sum(axis=-1, dtype=np.float64)
    means = sums / windows.real.sum(axis=-1)
    return from_planes(means, windows.outputs, windows.axes).astype(dtype)


def lp(x, norm_type, windows):
    """The norm_type-th root of the sum of powers of magnitudes."""
    x = native(x)
    dtype = x.dtype if is_float(x.dtype) else np.float64
    magnitudes = np.where(windows.real, np.abs(elements(x, windows).astype(np.float64)), 0)
    with np.errstate(all="ignore"):
        if norm_type == np.inf:
            norms = magnitudes.max(axis=-1, initial=0)
        else:
            norms = (magnitudes**norm_type).sum(axis=-1)
            norms = np.sqrt(norms) if norm_type == 2 else norms ** (1 / norm_type)
        return from_planes(norms, windows.outputs, windows.axes).astype(dtype)


def unpooled_shape(nd, shape, pool_size, strides=None, padding="valid",
                   data_format="channels_last", output_shape=None):  # fmt: skip
    """The shape that unpooling gives."""
    axes = spatial_axes(len(shape), nd, data_format)
    pool_size = per_axis(pool_size, nd)
    strides = pool_size if strides is None else per_axis(strides, nd)
    if isinstance(padding, str):
        padding = 0
    if output_shape is not None and len(output_shape) == len(shape):
        return tuple(output_shape)
    result = list(shape)
    for i, (before, after) in enumerate(padding_per_axis(padding, nd)):
        result[axes[i]] = (shape[axes[i]] - 1) * strides[i] - before - after + pool_size[i]
        if output_shape is not None:
            result[axes[i]] = output_shape[i]
    return tuple(result)


def unpool(x, found, shape, axes):
    """Zeros of this shape, and x at elements of the plane; of several the last one."""
    x = native(x)
    size = [shape[axis] for axis in axes]
    values, places = planes(x, axes), planes(found, axes)
    result = np.zeros((*values.shape[:-1], math.prod(size)), x.dtype)
    for window in range(values.shape[-1]):
        np.put_along_axis(result, places[..., window, None], values[..., window, None], axis=-1)
    return from_planes(result, size, axes)


# --- gradients: every output gives something to every element of its window ---------------------


def gathered(shares, dtype, windows):
    """The sum of [..., window, position] over the windows: in float64, rounded once."""
    shares = np.moveaxis(shares, (-2, -1), (0, 1))
    result = np.zeros((math.prod(windows.size), *shares.shape[2:]))
    np.add.at(result, windows.taps[windows.real], shares[windows.real])
    with np.errstate(over="ignore", invalid="ignore"):
        result = np.moveaxis(result, 0, -1).astype(dtype)
        return from_planes(result, windows.size, windows.axes)


def gradients(grad, windows):
    """[..., window, 1]: gradients in float64."""
    return planes(np.asarray(grad).astype(np.float64), windows.axes)[..., None]


def followed(grad, found, windows):
    """The gradient of values that were found at these elements of the plane."""
    values = planes(np.asarray(grad).astype(np.float64), windows.axes)
    places = planes(found, windows.axes)
    result = np.zeros((*values.shape[:-1], math.prod(windows.size)))
    np.add.at(result, (*np.indices(places.shape)[:-1], places), values)
    return from_planes(result, windows.size, windows.axes).astype(native(grad).dtype)


def divisors(windows, count_include_pad=False, divisor_override=None):
    """[window]: what the sum of each is divided by."""
    if divisor_override is not None:
        return np.full(len(windows.taps), divisor_override)
    return windows.counted if count_include_pad else windows.real.sum(axis=-1)


def shared(op, grad, windows, **options):
    """[..., window, position]: what each element of a sum or an average gets from each window."""
    each = gradients(grad, windows)
    if op == "avg":
        each = each / divisors(windows, **options)[:, None]
    return np.broadcast_to(each, (*each.shape[:-1], windows.taps.shape[1]))


def spread(op, grad, windows, **options):
    """The gradient of sums or averages."""
    return gathered(shared(op, grad, windows, **options), native(grad).dtype, windows)


def lp_shares(grad, x, output, norm_type, windows):
    """[..., window, position]: grad * sign(x) * |x|**(p - 1) * output**(1 - p)."""
    values = elements(native(x), windows).astype(np.float64)
    each = gradients(grad, windows)
    norms = gradients(output, windows)
    with np.errstate(all="ignore"):
        if norm_type == np.inf:
            best = positions("max", np.abs(native(x).astype(np.float64)), windows)
            chosen = np.arange(windows.taps.shape[1]) == best[..., None]
            return np.where(chosen, each * np.sign(values), 0)
        shares = (
            each * np.sign(values) * np.abs(values) ** (norm_type - 1) * norms ** (1 - norm_type)
        )
    return np.where((norms == 0) | (values == 0), 0, shares)


def lp_backward(grad, x, output, norm_type, windows):
    """The gradient of norms."""
    return gathered(lp_shares(grad, x, output, norm_type, windows), native(grad).dtype, windows)


def unpool_backward(grad, found, axes):
    """The gradient at elements of the plane."""
    picked = np.take_along_axis(planes(native(grad), axes), planes(found, axes), axis=-1)
    return from_planes(picked, [found.shape[axis] for axis in axes], axes)


# --- how far rounding may take a sum ------------------------------------------------------------


def error_bound(result, shares, windows, roundings=1):
    """How far sums of shares, each rounded so often, may lie from the float64 ones.

    In float32 but for float64 gradients; at most as many additions as windows over an element.
    """
    magnitudes = np.broadcast_to(np.abs(shares), (*shares.shape[:-1], windows.taps.shape[1]))
    most = gathered(magnitudes, np.float64, windows)
    times = np.bincount(windows.taps[windows.real], minlength=1).max(initial=0) + roundings
    working = np.finfo(np.float64 if result.dtype == np.float64 else np.float32).eps
    eps, tiny = (
        (2.0**-7, 2.0**-133)
        if result.dtype.name == "bfloat16"
        else (np.finfo(result.dtype).eps, np.finfo(result.dtype).smallest_subnormal)
    )
    return times * working * most + eps * np.abs(result.astype(np.float64)) + tiny


def eps_of(dtype):
    return 2.0**-7 if np.dtype(dtype).name == "bfloat16" else float(np.finfo(dtype).eps)


def norm_bound(result, p, windows):
    """A sum of powers rounds at each level of its tree, each power and the root by some ulps."""
    in_double = result.dtype.name == "float64"
    levels = math.ceil(math.log2(windows.taps.shape[1])) + 4
    eps = eps_of("float64" if in_double else "float32") * levels * max(1, 1 / p)
    return (eps + eps_of(result.dtype)) * np.abs(result.astype(np.float64)) + 1e-7 * (
        result.dtype == np.float16
    )
