"""One call: its arguments to a plan, the plan to the core."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from pypool import _core, _layout, _plan, _runtime
from pypool._types import Array, Pair


class Met(NamedTuple):
    """A call's arguments, once none of them is bad."""

    alike: tuple[Any, ...]
    """What they come to, lists as tuples and NumPy's integers as Python's: the geometry's key."""
    make: Callable[[], _plan.Plan]
    windows: tuple[int, ...] | None
    """None where an index cannot count within its window."""


def of_windows(
    x: Array, op: str, nd: int | None, pool_size: Any, strides: Any, padding: Any, where: Any,
    *options: Any,
) -> Met:  # fmt: skip
    """Windows of nd axes, by the data format `where`, or without nd of the axes `where`.

    The options are `dilation, ceil_mode, nan_policy`, of averages, sums and norms also
    `count_include_pad, divisor_override, dtype, rounding`, and of norms the exponent.
    """
    if op == "lp":
        options = (*options[:-1], float(options[-1]))  # text up to here: 1 and 1.0 are one key
    axes = _plan.axes_of(where, x.ndim) if nd is None else _plan.spatial_axes(nd, x.ndim, where)
    met = _plan.arguments(len(axes), pool_size, strides, padding, *options)
    alike = ("windows", op, nd, where, *met[:-1], repr(met.exponent))  # no call's `how` begins so
    return Met(alike, lambda: _plan.plan(op, x.shape, x.dtype, axes, met), met.pool_size)


def of_planes(
    x: Array, op: str, nd: int, keepdims: Any, data_format: Any, nan_policy: Any, *options: Any
) -> Met:
    """One window over all of the nd spatial axes."""
    keepdims = _plan.flag("keepdims", keepdims)
    axes = _plan.spatial_axes(nd, x.ndim, data_format)
    window = tuple(x.shape[axis] for axis in axes)
    if 0 in window:
        raise ValueError(f"x must have elements along its spatial axes, got shape {x.shape}")
    unweighted = (False, None) if options else ()
    met = _plan.arguments(nd, window, None, "valid", 1, False, nan_policy, *unweighted, *options)

    def make() -> _plan.Plan:
        made = _plan.plan(op, x.shape, x.dtype, axes, met)
        return made if keepdims else made._replace(dropped=axes)

    return Met(("global", op, nd, keepdims, data_format, nan_policy, *options), make, None)


def of_bins(x: Array, op: str, nd: int, output_size: Any, data_format: Any) -> Met:
    """Windows that divide the nd spatial axes between them."""
    outputs = _plan.per_axis("output_size", output_size, nd)
    return Met(
        ("adaptive", op, nd, outputs, data_format),
        lambda: _plan.adaptive_plan(op, nd, x.shape, x.dtype, outputs, data_format),
        None,
    )


READERS: dict[str, Callable[..., Met]] = {"global": of_planes, "adaptive": of_bins}
"""By the first item of a call's `how`, which takes the rest; all others are windows."""


def geometry_for(x: Array, how: tuple[Any, ...], *index_kind: Any) -> _core.Geometry:
    """What the core needs to know for a call like none before, which is kept for those to come."""
    shape = x.shape
    _plan.supported("x", x.dtype)
    reader = READERS.get(how[0])
    met = reader(x, *how[1:]) if reader else of_windows(x, *how)
    unchanged(x, shape)
    alike = key_with(met.alike, *index_kind)
    geometry = _core.recalled(x, alike)
    if geometry is None:
        made = met.make()
        if index_kind:
            if met.windows is None:
                _plan.no_windows(*index_kind)
            nd = how[2] if reader else how[1]
            places = _plan.places_of(index_kind[0], nd, shape, made, met.windows or ())
            made = made._replace(places=places)
        geometry = geometry_of(made, x, c_strides(made))
        _core.remember(x, alike, geometry)
    _core.remember(x, key_with(how, *index_kind), geometry)
    return geometry


def key_with(how: tuple[Any, ...], *index_kind: Any) -> tuple[Any, ...]:
    """What the core keeps a call's geometry by: one with indices is no other's."""
    return ("indices", *how, *index_kind) if index_kind else how


def pool(x: ArrayLike, how: tuple[Any, ...], out: Array | None, workers: Any) -> Array:
    """A call like none before: `how` is what `of_windows` or one of `READERS` takes beside x."""
    x = as_array(x)
    geometry = _core.recalled(x, how) or geometry_for(x, how)
    if out is None:
        out = np.empty(geometry.plan.result_shape, geometry.plan.dtype)
        _core.run(geometry, x, out, None, workers)
        return out
    return pool_into(out, geometry, x, how, workers)


def pool_with_indices(
    x: ArrayLike,
    how: tuple[Any, ...],
    return_indices: Any,
    index_kind: Any,
    out: Any,
    workers: Any,
) -> Array | Pair:
    """A call as `pool` takes it, of values and where they are."""
    if return_indices is True:
        found = _core.located(x, key_with(how, index_kind), out, workers)
        if found is not None:
            return found
    elif not _plan.flag("return_indices", return_indices):
        _plan.one_of("index_kind", index_kind, _plan.INDEX_KINDS)
        return _core.pool(x, how, out, workers)
    x = as_array(x)
    geometry = _core.recalled(x, key_with(how, index_kind)) or geometry_for(x, how, index_kind)
    return locate(geometry, x, out, workers)


def locate(
    geometry: _core.Geometry,
    x: Array,
    out: Any,
    workers: Any,
) -> Pair:
    """Values and places of a plan that has places, into `out` where it is given."""
    made = geometry.plan
    assert made.places is not None
    given = values, places = pair_of(out)
    if values is not None:
        check_out(values, made.result_shape, made.dtype, "out[0]")
    if places is not None:
        check_places_out(places, made.result_shape, made.places, "out[1]")
    results: list[Array] = []
    for target, dtype in zip(given, (made.dtype, made.places.dtype), strict=True):
        alone = (
            target is not None
            and target.flags.carray
            and target.dtype == dtype
            and target.dtype.isnative
            and not any(np.may_share_memory(target, a) for a in (x, *results))
        )
        results.append(
            target if target is not None and alone else np.empty(made.result_shape, dtype)
        )
    if values is not None and places is not None and np.may_share_memory(values, places):
        raise ValueError("out[0] and out[1] must not share memory")
    _core.run(geometry, x, results[0], results[1], workers)
    for i, target in enumerate(given):
        if target is not None and target is not results[i]:
            np.copyto(target, results[i], casting="unsafe")  # what it would lose has been refused
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
    arranged = None if empty else _layout.layout(made, x.shape, x.dtype, x.strides, out_strides)
    if arranged is not None and arranged.beside:
        in_rows = _layout.layout(made, x.shape, x.dtype, x.strides, out_strides, False)
        geometry = _core.Geometry(made, in_rows, _runtime.in_use)
        if geometry.narrow:
            return geometry
        beside = _core.Geometry(made, arranged, _runtime.in_use)
        return beside if beside.in_slabs else geometry
    return _core.Geometry(made, arranged, _runtime.in_use)


def pool_into(
    out: Array, geometry: _core.Geometry, x: Array, how: tuple[Any, ...], workers: Any
) -> Array:
    """Pool x into the array that the caller gave, as a NumPy ufunc would."""
    made = geometry.plan
    check_out(out, made.result_shape, made.dtype)
    fits = out.dtype == made.dtype and out.dtype.isnative and out.flags.aligned
    if not fits or np.may_share_memory(x, out):
        result = np.empty(made.result_shape, made.dtype)
        _core.run(geometry, x, result, None, workers)
        np.copyto(out, result, casting="same_kind")
        return out
    if not out.flags.c_contiguous:
        key = ("into", out.strides, *how)
        placed = _core.recalled(x, key)
        if placed is None:
            placed = geometry_of(made, x, made.with_dropped(out.strides))
            _core.remember(x, key, placed)
        geometry = placed
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


def pair_of(out: Any) -> tuple[Array | None, Array | None]:
    """The `out` of a call that makes values and indices."""
    if out is None:
        return None, None
    if not isinstance(out, tuple) or len(out) != 2:
        raise TypeError(
            f"out must be a pair (values, indices) with return_indices, got {type(out).__name__}"
        )
    return out


def as_array(x: ArrayLike, name: str = "x") -> Array:
    """What `np.asarray` makes of x without loss, or a TypeError."""
    kind = type(x)
    if kind is np.ndarray:
        return x  # type: ignore[return-value]
    if isinstance(x, (np.matrix, np.ma.MaskedArray)):
        masked = isinstance(x, np.ma.MaskedArray)
        hint = f"{name}.filled(value)" if masked else f"np.asarray({name})"
        raise TypeError(f"{name} must be a plain array, got {kind.__name__}; pass {hint}")
    if str(kind.__module__).partition(".")[0] == "dask":
        raise TypeError(
            f"{name} must be a NumPy array, got a dask {kind.__name__}; pass its blocks, or"
            f" {name}.compute() (pypool.dask, which is to pool those, is not there yet)"
        )
    if getattr(x, "requires_grad", False) is True:
        raise TypeError(
            f"{name} must be a NumPy array, got a tensor that requires grad; pass {name}.detach()"
        )
    return np.asarray(x)


def unchanged(x: Array, shape: tuple[int, ...]) -> None:
    """Refuse an argument whose `__index__` has resized x."""
    if x.shape != shape:
        raise ValueError(f"x must keep its shape {shape} during the call, got {x.shape}")


def check_out(out: Array, shape: tuple[int, ...], dtype: np.dtype[Any], name: str = "out") -> None:
    """Refuse an `out` that a NumPy ufunc would refuse."""
    check_target(out, shape, name)
    if out.dtype != dtype and not (
        _plan.name_of(out.dtype) in _plan.DTYPES and np.can_cast(dtype, out.dtype, "same_kind")
    ):
        raise TypeError(f"{name} must hold {dtype} (casting 'same_kind'), got {out.dtype}")


def check_places_out(out: Array, shape: tuple[int, ...], places: _plan.Places, name: str) -> None:
    """Refuse an `out` that does not hold every place, whichever are found."""
    check_target(out, shape, name)
    last = places.total - 1
    if out.dtype.kind not in "iu" or last > np.iinfo(out.dtype).max:
        raise TypeError(f"{name} must hold integers up to {last}, got {out.dtype}")


def check_target(out: Array, shape: tuple[int, ...], name: str) -> None:
    """Refuse what cannot be written, whatever its dtype."""
    if type(out) is not np.ndarray and not isinstance(out, np.memmap):
        raise TypeError(f"{name} must be a numpy.ndarray, got {type(out).__name__}")
    if out.shape != shape:
        raise ValueError(f"{name} must have shape {shape}, got {out.shape}")
    if not out.flags.writeable:
        raise ValueError(f"{name} must be writeable, got a read-only array")
    if not out.flags.c_contiguous and overlaps_itself(out):
        raise ValueError(f"{name} must not overlap itself, got strides {out.strides}")


def overlaps_itself(out: Array) -> bool:
    """Whether two elements have a byte in common."""
    steps = [(abs(s), n) for s, n in zip(out.strides, out.shape, strict=True) if n > 1]
    extent = out.itemsize
    nested = True
    for step, size in sorted(steps):
        nested &= step >= extent
        extent += step * (size - 1)
    if nested or extent < out.nbytes:
        return not nested
    offsets = np.zeros((), np.int64)
    for step, size in steps:
        offsets = np.add.outer(offsets, step * np.arange(size))
    return bool((np.diff(np.sort(offsets, axis=None)) < out.itemsize).any())


_core.otherwise(pool, _runtime.workers_of)
