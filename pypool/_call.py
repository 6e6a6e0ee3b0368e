"""One call: its arguments to a plan, the plan to the core."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pypool import _core, _plan, _runtime

Array = NDArray[Any]


def pool(x: ArrayLike, how: tuple[Any, ...], out: Array | None, workers: Any) -> Array:
    """A call like none before: `how` is (op, nd, ...), then what `_plan.plan` takes.

    The place of the axes is the data format of nd axes, or without nd the axes.
    """
    x = as_array(x)
    shape = x.shape
    op, nd, pool_size, strides, padding, where, *options = how
    if op == "lp":
        options[-1] = float(options[-1])  # a text up to here: 1 and 1.0 are one key
    axes = _plan.axes_of(where, x.ndim) if nd is None else _plan.spatial_axes(nd, x.ndim, where)
    met = _plan.arguments(len(axes), pool_size, strides, padding, *options)
    unchanged(x, shape)
    alike = (
        op,
        nd,
        *met[:3],
        where,
        *met[3:-1],
        repr(met.exponent),
    )  # what lists and NumPy's integers come to
    geometry = _core.recalled(x, alike)
    if geometry is None:
        made = _plan.plan(op, x.shape, x.dtype, axes, met)
        geometry = geometry_of(made, x, c_strides(made))
        _core.remember(x, alike, geometry)
    _core.remember(x, how, geometry)
    if out is None:
        out = np.empty(geometry.plan.shape, geometry.plan.dtype)
        _core.run(geometry, x, out, None, workers)
        return out
    return pool_into(out, geometry, x, workers)


def pool_with_indices(
    x: ArrayLike,
    how: tuple[Any, ...],
    return_indices: Any,
    index_kind: Any,
    out: Any,
    workers: Any,
) -> Any:
    """A call as `pool` takes it, of values and where they are."""
    if return_indices is True:
        found = _core.located(x, (*how, index_kind), out, workers)
        if found is not None:
            return found
    elif not _plan.flag("return_indices", return_indices):
        return _core.pool(x, how, out, workers)
    x = as_array(x)
    shape = x.shape
    geometry = _core.recalled(x, (*how, index_kind))
    if geometry is None:
        op, nd, pool_size, strides, padding, where, *options = how
        axes = _plan.axes_of(where, x.ndim) if nd is None else _plan.spatial_axes(nd, x.ndim, where)
        met = _plan.arguments(len(axes), pool_size, strides, padding, *options)
        unchanged(x, shape)
        made = _plan.plan(op, x.shape, x.dtype, axes, met)
        made = made._replace(places=_plan.places_of(index_kind, nd, x.shape, made, met.pool_size))
        geometry = geometry_of(made, x, c_strides(made))
        _core.remember(x, (*how, index_kind), geometry)
    return locate(geometry, x, out, workers)


def locate(
    geometry: _core.Geometry,
    x: Array,
    out: Any,
    workers: Any,
) -> tuple[Array, Array]:
    """Values and places of a plan that has places, into `out` where it is given."""
    made = geometry.plan
    assert made.places is not None
    given = pair_of(out)
    wanted = (made.dtype, made.places.dtype)
    names = ("out[0]", "out[1]")
    results: list[Array] = []
    for name, target, dtype in zip(names, given, wanted, strict=True):
        if target is not None:
            check_out(target, made.shape, dtype, name)
        alone = (
            target is not None
            and target.flags.carray
            and target.dtype == dtype
            and target.dtype.isnative
            and not any(np.may_share_memory(target, a) for a in (x, *results))
        )
        results.append(target if target is not None and alone else np.empty(made.shape, dtype))
    if given[0] is not None and given[1] is not None and np.may_share_memory(*given):
        raise ValueError("out[0] and out[1] must not share memory")
    _core.run(geometry, x, results[0], results[1], workers)
    for i, target in enumerate(given):
        if target is not None and target is not results[i]:
            np.copyto(target, results[i], casting="same_kind")
            results[i] = target
    return results[0], results[1]


def c_strides(made: _plan.Plan) -> tuple[int, ...]:
    """The strides of a plan's result in C order."""
    return tuple(
        math.prod(made.shape[axis + 1 :]) * made.dtype.itemsize for axis in range(len(made.shape))
    )


def geometry_of(made: _plan.Plan, x: Array, out_strides: tuple[int, ...]) -> _core.Geometry:
    """What the core needs to know of this plan over these arrays."""
    empty = 0 in made.shape
    arranged = None if empty else _plan.layout(made, x.shape, x.dtype, x.strides, out_strides)
    if arranged is not None and arranged.beside:
        in_rows = _plan.layout(made, x.shape, x.dtype, x.strides, out_strides, False)
        geometry = _core.Geometry(made, in_rows, _runtime.in_use)
        if geometry.narrow:
            return geometry
    return _core.Geometry(made, arranged, _runtime.in_use)


def pool_into(out: Array, geometry: _core.Geometry, x: Array, workers: Any) -> Array:
    """Pool x into the array that the caller gave, as a NumPy ufunc would."""
    made = geometry.plan
    check_out(out, made.shape, made.dtype)
    fits = out.dtype == made.dtype and out.dtype.isnative and out.flags.aligned
    if not fits or np.may_share_memory(x, out):
        result = np.empty(made.shape, made.dtype)
        _core.run(geometry, x, result, None, workers)
        np.copyto(out, result, casting="same_kind")
        return out
    if not out.flags.c_contiguous:
        geometry = geometry_of(made, x, out.strides)
    _core.run(geometry, x, out, None, workers)
    return out


def pool_lp(
    nd: int | None,
    x: ArrayLike,
    norm_type: Any,
    pool_size: Any,
    strides: Any,
    padding: Any,
    where: Any,
    dilation: Any,
    ceil_mode: Any,
    out: Any,
    workers: Any,
) -> Array:
    """The root of the sum of powers, for any exponent."""
    exponent = _plan.norm_type(norm_type)
    how = (
        "lp", nd, pool_size, strides, padding, where, dilation, ceil_mode, "propagate", False,
        None, None, "half_even", repr(exponent),
    )  # fmt: skip
    return _core.pool(x, how, out, workers)


def pool_globally(
    op: str,
    nd: int,
    x: ArrayLike,
    data_format: Any,
    keepdims: Any,
    nan_policy: Any,
    out: Any,
    workers: Any,
    dtype: Any = None,
    rounding: Any = "half_even",
    return_indices: Any = False,
    index_kind: Any = "plane",
) -> Array | Any:
    """One window over all of the spatial axes."""
    x = as_array(x)
    keepdims = _plan.flag("keepdims", keepdims)
    axes = _plan.spatial_axes(nd, x.ndim, data_format)
    window = tuple(x.shape[axis] for axis in axes)
    if 0 in window:
        raise ValueError(f"x must have elements along its spatial axes, got shape {x.shape}")
    shape = tuple(size for axis, size in enumerate(x.shape) if axis not in axes)
    indexed = _plan.flag("return_indices", return_indices)
    options = (False, None, dtype, rounding) if op == "avg" else ()
    how = (op, nd, window, None, "valid", data_format, 1, False, nan_policy, *options)
    expected = x.shape[: axes[0]] + (1,) * nd + x.shape[axes[-1] + 1 :] if keepdims else shape
    if not indexed:
        whole = None if out is None else with_axes(out, "out", expected, axes, keepdims)
        result = _core.pool(x, how, whole, workers)
        if out is not None:
            return out
        return result if keepdims else result.reshape(shape)
    _plan.no_windows(index_kind)
    given = pair_of(out)
    pair = tuple(
        None if each is None else with_axes(each, f"out[{i}]", expected, axes, keepdims)
        for i, each in enumerate(given)
    )
    results = pool_with_indices(x, how, True, index_kind, pair, workers)
    return tuple(
        each if each is not None else (result if keepdims else result.reshape(shape))
        for each, result in zip(given, results, strict=True)
    )


def pair_of(out: Any) -> tuple[Array | None, Array | None]:
    """The `out` of a call that makes values and indices."""
    if out is None:
        return None, None
    if not isinstance(out, tuple) or len(out) != 2:
        raise TypeError(
            f"out must be a pair (values, indices) with return_indices, got {type(out).__name__}"
        )
    return out


def with_axes(
    out: Any, name: str, expected: tuple[int, ...], axes: tuple[int, ...], keepdims: bool
) -> Array:
    """An `out` that the caller has without the pooled axes, with them."""
    if not isinstance(out, np.ndarray):
        raise TypeError(f"{name} must be a numpy.ndarray, got {type(out).__name__}")
    if out.shape != expected:
        raise ValueError(f"{name} must have shape {expected}, got {out.shape}")
    return out if keepdims else np.expand_dims(out, axes)


def adapt(
    op: str,
    nd: int,
    x: ArrayLike,
    output_size: Any,
    data_format: Any,
    out: Any,
    workers: Any,
    return_indices: Any = False,
    index_kind: Any = "plane",
) -> Array | Any:
    """Windows that divide the spatial axes between them."""
    x = as_array(x)
    shape = x.shape
    made = _plan.adaptive_plan(op, nd, shape, x.dtype, output_size, data_format)
    unchanged(x, shape)
    if _plan.flag("return_indices", return_indices):
        _plan.no_windows(index_kind)
        made = made._replace(places=_plan.places_of(index_kind, nd, x.shape, made, ()))
        return locate(geometry_of(made, x, c_strides(made)), x, out, workers)
    geometry = geometry_of(made, x, c_strides(made))
    if out is not None:
        return pool_into(out, geometry, x, workers)
    out = np.empty(made.shape, made.dtype)
    _core.run(geometry, x, out, None, workers)
    return out


def as_array(x: ArrayLike, name: str = "x") -> Array:
    """What `np.asarray` makes of x without loss, or a TypeError."""
    kind = type(x)
    if kind is np.ndarray:
        return x  # type: ignore[return-value]
    if isinstance(x, (np.matrix, np.ma.MaskedArray)):
        hint = "x.filled(value)" if isinstance(x, np.ma.MaskedArray) else "np.asarray(x)"
        raise TypeError(f"{name} must be a plain array, got {kind.__name__}; pass {hint}")
    if kind.__module__.partition(".")[0] == "dask":
        raise TypeError(
            f"{name} must be a NumPy array, got a dask {kind.__name__}; pypool.dask pools those"
        )
    if getattr(x, "requires_grad", False) is True:
        raise TypeError(
            f"{name} must be a NumPy array, got a tensor that requires grad; pass x.detach()"
        )
    return np.asarray(x)


def unchanged(x: Array, shape: tuple[int, ...]) -> None:
    """Refuse an argument whose `__index__` has resized x."""
    if x.shape != shape:
        raise ValueError(f"x must keep its shape {shape} during the call, got {x.shape}")


def check_out(out: object, shape: tuple[int, ...], dtype: np.dtype[Any], name: str = "out") -> None:
    """Refuse an `out` that a NumPy ufunc would refuse."""
    if type(out) is not np.ndarray and not isinstance(out, np.memmap):
        raise TypeError(f"{name} must be a numpy.ndarray, got {type(out).__name__}")
    assert isinstance(out, np.ndarray)
    if out.shape != shape:
        raise ValueError(f"{name} must have shape {shape}, got {out.shape}")
    if out.dtype != dtype and not (
        out.dtype.name in _plan.DTYPES and np.can_cast(dtype, out.dtype, "same_kind")
    ):
        raise TypeError(f"{name} must hold {dtype} (casting 'same_kind'), got {out.dtype}")
    if not out.flags.writeable:
        raise ValueError(f"{name} must be writeable, got a read-only array")
    if out.flags.c_contiguous:
        return
    extent = out.itemsize
    steps = [(abs(s), n) for s, n in zip(out.strides, out.shape, strict=True) if n > 1]
    for step, size in sorted(steps):
        if step < extent:
            raise ValueError(f"{name} must not overlap itself, got strides {out.strides}")
        extent += step * (size - 1)


_core.otherwise(pool, _runtime.workers_of)
