"""One call: its arguments to a plan, the plan to the core."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pypool import _core, _plan, _runtime

Array = NDArray[Any]

MOST_PLANS = 4096
"""Plans kept; past that all are forgotten."""

_plans: dict[tuple[Any, ...], tuple[_plan.Plan, _core.Geometry | None]] = {}


def pool(
    op: str,
    nd: int | None,
    x: ArrayLike,
    pool_size: Any,
    strides: Any,
    padding: Any,
    where: Any,
    dilation: Any,
    ceil_mode: Any,
    nan_policy: Any,
    out: Array | None,
    workers: Any,
    count_include_pad: Any = False,
    divisor_override: Any = None,
    dtype: Any = None,
    rounding: Any = "half_even",
) -> Array:
    """Every forward function.  `where` is the data format of `nd` axes, or without nd the axes."""
    if type(x) is not np.ndarray:
        x = as_array(x)
    if not (
        (type(pool_size) is int or is_exact(pool_size))
        and (strides is None or type(strides) is int or is_exact(strides))
        and (type(padding) is str or type(padding) is int or is_exact(padding))
        and (type(dilation) is int or is_exact(dilation))
        and (divisor_override is None or type(divisor_override) is int)
        and (ceil_mode is False or ceil_mode is True)
        and (count_include_pad is False or count_include_pad is True)
    ):
        # 2, 2.0 and True are one key of a dict, but not one argument.
        count = nd or len(_plan.axes_of(where, x.ndim))
        pool_size = _plan.per_axis("pool_size", pool_size, count)
        strides = None if strides is None else _plan.per_axis("strides", strides, count)
        padding = _plan.padding_of(padding, count)
        dilation = _plan.per_axis("dilation", dilation, count)
        if divisor_override is not None:
            divisor_override = _plan.integer("divisor_override", divisor_override, 1)
        ceil_mode = _plan.flag("ceil_mode", ceil_mode)
        count_include_pad = _plan.flag("count_include_pad", count_include_pad)
    key = (
        op, nd, x.shape, x.strides, x.dtype, pool_size, strides, padding, where, dilation,
        ceil_mode, nan_policy, count_include_pad, divisor_override, dtype, rounding,
        _runtime.in_use,
    )  # fmt: skip
    try:
        found = _plans.get(key)
    except TypeError:  # an unhashable axes list, or an argument to be refused
        found = None
    made, geometry = found or make_plan(key, x)
    threads = _runtime.workers_of(workers)
    if out is not None:
        return pool_into(out, made, geometry, x, threads)
    out = np.empty(made.shape, made.dtype)
    if geometry is not None:
        _core.run(geometry, x, out, threads)
    return out


def is_exact(value: Any) -> bool:
    """Whether a value is a tuple of nothing but int, or of such tuples."""
    if type(value) is not tuple:
        return False
    for item in value:
        if type(item) is not int and not is_exact(item):
            return False
    return True


def make_plan(key: tuple[Any, ...], x: Array) -> tuple[_plan.Plan, _core.Geometry | None]:
    """The plan of a call and its geometry for a result in C order (None where it is empty)."""
    op, nd, shape, _, source, pool_size, strides, padding, where, *options, _ = key
    if nd is None:
        axes = _plan.axes_of(where, len(shape))
    else:
        axes = _plan.spatial_axes(nd, len(shape), where)
    made = _plan.plan(op, shape, source, axes, pool_size, strides, padding, *options)
    found = made, None if 0 in made.shape else geometry_of(made, x, c_strides(made))
    if len(_plans) >= MOST_PLANS:
        _plans.clear()
    try:
        _plans[key] = found
    except TypeError:
        pass
    return found


def c_strides(made: _plan.Plan) -> tuple[int, ...]:
    """The strides of a plan's result in C order."""
    return tuple(
        math.prod(made.shape[axis + 1 :]) * made.dtype.itemsize for axis in range(len(made.shape))
    )


def geometry_of(made: _plan.Plan, x: Array, out_strides: tuple[int, ...]) -> _core.Geometry:
    """What the core needs to know of this plan over these arrays."""
    arranged = _plan.layout(made, x.shape, x.dtype, x.strides, out_strides)
    outer, lead, along, inner, sizes, swapped, total = arranged
    return _core.Geometry(
        _runtime.in_use, made.recipe, outer, lead, along, inner, sizes, swapped,
        made.rounding, made.divisor, total,
    )  # fmt: skip


def pool_into(
    out: Array, made: _plan.Plan, geometry: _core.Geometry | None, x: Array, threads: int
) -> Array:
    """Pool x into the array that the caller gave, as a NumPy ufunc would."""
    if _core.is_plain(out, x) and out.shape == made.shape and out.dtype is made.dtype:
        if geometry is not None:
            _core.run(geometry, x, out, threads)
        return out
    check_out(out, made.shape, made.dtype)
    if geometry is None:
        return out
    if out.dtype != made.dtype or not out.dtype.isnative or np.may_share_memory(x, out):
        result = np.empty(made.shape, made.dtype)
        _core.run(geometry, x, result, threads)
        np.copyto(out, result, casting="same_kind")
        return out
    if not out.flags.c_contiguous:
        geometry = geometry_of(made, x, out.strides)
    _core.run(geometry, x, out, threads)
    return out


def pool_globally(
    op: str,
    nd: int,
    x: ArrayLike,
    data_format: Any,
    keepdims: Any,
    nan_policy: Any,
    out: Array | None,
    workers: Any,
    dtype: Any = None,
    rounding: Any = "half_even",
) -> Array:
    """One window over all of the spatial axes."""
    x = as_array(x)
    keepdims = _plan.flag("keepdims", keepdims)
    axes = _plan.spatial_axes(nd, x.ndim, data_format)
    window = tuple(x.shape[axis] for axis in axes)
    if 0 in window:
        raise ValueError(f"x must have elements along its spatial axes, got shape {x.shape}")
    shape = tuple(size for axis, size in enumerate(x.shape) if axis not in axes)
    whole = None
    if out is not None:
        expected = x.shape[: axes[0]] + (1,) * nd + x.shape[axes[-1] + 1 :] if keepdims else shape
        if not isinstance(out, np.ndarray):
            raise TypeError(f"out must be a numpy.ndarray, got {type(out).__name__}")
        if out.shape != expected:
            raise ValueError(f"out must have shape {expected}, got {out.shape}")
        whole = out if keepdims else np.expand_dims(out, axes)
    result = pool(
        op, nd, x, window, None, "valid", data_format, 1, False, nan_policy, whole, workers,
        dtype=dtype, rounding=rounding,
    )  # fmt: skip
    if out is not None:
        return out
    return result if keepdims else result.reshape(shape)


def as_array(x: ArrayLike) -> Array:
    """What `np.asarray` makes of x without loss, or a TypeError."""
    kind = type(x)
    if kind is np.ndarray:
        return x  # type: ignore[return-value]
    if isinstance(x, (np.matrix, np.ma.MaskedArray)):
        hint = "x.filled(value)" if isinstance(x, np.ma.MaskedArray) else "np.asarray(x)"
        raise TypeError(f"x must be a plain array, got {kind.__name__}; pass {hint}")
    if kind.__module__.partition(".")[0] == "dask":
        raise TypeError(
            f"x must be a NumPy array, got a dask {kind.__name__}; pypool.dask pools those"
        )
    if getattr(x, "requires_grad", False) is True:
        raise TypeError("x must be a NumPy array, got a tensor that requires grad; pass x.detach()")
    return np.asarray(x)


def check_out(out: object, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    """Refuse an `out` that a NumPy ufunc would refuse."""
    if type(out) is not np.ndarray and not isinstance(out, np.memmap):
        raise TypeError(f"out must be a numpy.ndarray, got {type(out).__name__}")
    assert isinstance(out, np.ndarray)
    if out.shape != shape:
        raise ValueError(f"out must have shape {shape}, got {out.shape}")
    if out.dtype != dtype and not (
        out.dtype.name in _plan.DTYPES and np.can_cast(dtype, out.dtype, "same_kind")
    ):
        raise TypeError(f"out must hold {dtype} (casting 'same_kind'), got {out.dtype}")
    if not out.flags.writeable:
        raise ValueError("out must be writeable, got a read-only array")
    if out.flags.c_contiguous:
        return
    extent = out.itemsize
    steps = [(abs(s), n) for s, n in zip(out.strides, out.shape, strict=True) if n > 1]
    for step, size in sorted(steps):
        if step < extent:
            raise ValueError(f"out must not overlap itself, got strides {out.strides}")
        extent += step * (size - 1)
