"""Backward calls: a gradient and a forward call's arguments to the core."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from pypool import _call, _core, _indices, _layout, _plan, _runtime
from pypool._types import Array

SPREAD, ADD, PUT, PICK = 1, 2, 3, 4
"""What the core is asked to do: pool.h's enum pool_task."""

MOST_KEPT = 1024
"""Ways kept; past that all are forgotten."""


class Way(NamedTuple):
    """What a call does, from its shapes, dtype and arguments alone."""

    task: int
    shape: tuple[int, ...]
    """Of the side that the forward call reads."""
    pooled: tuple[int, ...]
    """Of the side that it makes."""
    dtype: np.dtype[Any]
    axes: tuple[int, ...]
    geometry: _core.Geometry | None
    kind: str = "plane"
    index_dtype: np.dtype[Any] = np.dtype(np.int64)
    positions: int = 0
    """How many positions a window has."""


_kept: dict[tuple[Any, ...], Way] = {}


def kept(make: Callable[..., Way], *how: Any) -> Way:
    """The way that `make` finds for these arguments, found once."""
    key = _core.exact_key((make.__name__, _runtime.in_use, *how))
    way = _kept.get(key) if key is not None else None
    if way is None:
        way = make(*how)
        if len(_kept) >= MOST_KEPT:
            _kept.clear()
        if key is not None:
            _kept[key] = way
    return way


def of_max(
    op: str,
    nd: int,
    grad: ArrayLike,
    indices: ArrayLike | None,
    input_shape: Any,
    pool_size: Any,
    strides: Any,
    padding: Any,
    data_format: Any,
    dilation: Any,
    ceil_mode: Any,
    index_kind: Any,
    x: ArrayLike | None,
    nan_policy: Any,
    out: Array | None,
    workers: Any,
) -> Array:
    """The gradient of a maximum or minimum goes to the element that was one."""
    how = (
        op, nd, input_shape, pool_size, strides, padding, data_format, dilation, ceil_mode,
        index_kind, nan_policy,
    )  # fmt: skip
    if indices is not None and x is None:
        done = _core.moved(how, grad, indices, out, workers)
        if done is not None:
            return done  # type: ignore[no-any-return]
    if (indices is None) == (x is None):
        raise TypeError("one of indices and x must be given, and the other be None")
    _plan.one_of("nan_policy", nan_policy, _plan.NAN_POLICIES)
    _plan.one_of("index_kind", index_kind, _plan.INDEX_KINDS)
    grad = gradient(grad)
    if indices is None:
        positions = math.prod(_plan.per_axis("pool_size", pool_size, nd))
        index_kind = "window" if positions <= _plan.WINDOW_POSITIONS else "plane"
    way = kept(
        max_way, nd, input_shape, grad.dtype, pool_size, strides, padding, data_format, dilation,
        ceil_mode, index_kind,
    )  # fmt: skip
    if indices is None:
        x = _call.as_array(x)  # type: ignore[arg-type]
        shaped("x", x, way.shape)
        call = (
            op, nd, pool_size, strides, padding, data_format, dilation, ceil_mode, nan_policy,
        )  # fmt: skip
        indices = _call.pool_with_indices(x, call, True, index_kind, None, workers)[1]
        return follow(way, grad, indices, out, workers)
    return follow(way, grad, indices, out, workers, how)


def max_way(
    nd: int,
    input_shape: Any,
    dtype: np.dtype[Any],
    pool_size: Any,
    strides: Any,
    padding: Any,
    data_format: Any,
    dilation: Any,
    ceil_mode: Any,
    index_kind: Any,
) -> Way:
    """The way of the gradient of a maximum or minimum."""
    shape = _plan.shape_of("input_shape", input_shape)
    axes = _plan.spatial_axes(nd, len(shape), data_format, "input_shape")
    met = _plan.arguments(nd, pool_size, strides, padding, dilation, ceil_mode)
    made = _plan.plan("max", shape, dtype, axes, met)
    return way_of(ADD, nd, made, shape, dtype, index_kind, met.pool_size)


def of_sum(
    op: str,
    nd: int,
    grad: ArrayLike,
    input_shape: Any,
    pool_size: Any,
    strides: Any,
    padding: Any,
    data_format: Any,
    dilation: Any,
    ceil_mode: Any,
    count_include_pad: Any,
    divisor_override: Any,
    out: Array | None,
    workers: Any,
) -> Array:
    """The gradient of a sum goes to all of the window, that of an average in equal parts."""
    how = (
        op, nd, input_shape, pool_size, strides, padding, data_format, dilation, ceil_mode,
        count_include_pad, divisor_override,
    )  # fmt: skip
    done = _core.moved(how, grad, None, out, workers)
    if done is not None:
        return done  # type: ignore[no-any-return]
    grad = gradient(grad)
    way = kept(
        sum_way, nd, input_shape, grad.dtype, pool_size, strides, padding, data_format, dilation,
        ceil_mode, count_include_pad, 1 if op == "sum" else divisor_override,
    )  # fmt: skip
    return spread(way, grad, out, workers, how)


def sum_way(
    nd: int,
    input_shape: Any,
    dtype: np.dtype[Any],
    pool_size: Any,
    strides: Any,
    padding: Any,
    data_format: Any,
    dilation: Any,
    ceil_mode: Any,
    count_include_pad: Any,
    divisor_override: Any,
) -> Way:
    """The way of the gradient of an average, or with a divisor of 1 of a sum."""
    shape = _plan.shape_of("input_shape", input_shape)
    axes = _plan.spatial_axes(nd, len(shape), data_format, "input_shape")
    met = _plan.arguments(
        nd, pool_size, strides, padding, dilation, ceil_mode, "propagate", count_include_pad,
        divisor_override,
    )  # fmt: skip
    return way_of(SPREAD, nd, _plan.plan("avg", shape, dtype, axes, met), shape, dtype)


def of_global(
    op: str,
    nd: int,
    grad: ArrayLike,
    indices: ArrayLike | None,
    input_shape: Any,
    data_format: Any,
    keepdims: Any,
    index_kind: Any,
    out: Array | None,
    workers: Any,
) -> Array:
    """One window over all of the spatial axes."""
    how = ("global", op, nd, input_shape, data_format, keepdims, index_kind)
    done = _core.moved(how, grad, indices, out, workers)
    if done is not None:
        return done  # type: ignore[no-any-return]
    grad = gradient(grad)
    way = kept(global_way, op, nd, input_shape, grad.dtype, data_format, keepdims, index_kind)
    if op == "avg":
        return spread(way, grad, out, workers, how)
    return follow(way, grad, indices, out, workers, how)  # type: ignore[arg-type]


def global_way(
    op: str,
    nd: int,
    input_shape: Any,
    dtype: np.dtype[Any],
    data_format: Any,
    keepdims: Any,
    index_kind: Any,
) -> Way:
    """The way of the gradient of pooling whole planes."""
    shape = _plan.shape_of("input_shape", input_shape)
    keepdims = _plan.flag("keepdims", keepdims)
    axes = _plan.spatial_axes(nd, len(shape), data_format, "input_shape")
    window = tuple(shape[axis] for axis in axes)
    if 0 in window:
        raise ValueError(f"input_shape must have elements along its spatial axes, got {shape}")
    _plan.no_windows(index_kind)
    made = _plan.plan(op, shape, dtype, axes, _plan.arguments(nd, window, None, "valid"))
    task = SPREAD if op == "avg" else ADD
    way = way_of(task, nd, made, shape, dtype, index_kind, window)
    return way if keepdims else way._replace(pooled=made._replace(dropped=axes).result_shape)


def of_adaptive(
    op: str,
    nd: int,
    grad: ArrayLike,
    indices: ArrayLike | None,
    input_shape: Any,
    output_size: Any,
    data_format: Any,
    index_kind: Any,
    out: Array | None,
    workers: Any,
) -> Array:
    """Windows that divide the spatial axes between them."""
    how = ("adaptive", op, nd, input_shape, output_size, data_format, index_kind)
    done = _core.moved(how, grad, indices, out, workers)
    if done is not None:
        return done  # type: ignore[no-any-return]
    grad = gradient(grad)
    way = kept(adaptive_way, op, nd, input_shape, grad.dtype, output_size, data_format, index_kind)
    if op == "avg":
        return spread(way, grad, out, workers, how)
    return follow(way, grad, indices, out, workers, how)  # type: ignore[arg-type]


def adaptive_way(
    op: str,
    nd: int,
    input_shape: Any,
    dtype: np.dtype[Any],
    output_size: Any,
    data_format: Any,
    index_kind: Any,
) -> Way:
    """The way of the gradient of pooling to a given size."""
    shape = _plan.shape_of("input_shape", input_shape)
    made = _plan.adaptive_plan(op, nd, shape, dtype, output_size, data_format, "input_shape")
    _plan.no_windows(index_kind)
    return way_of(ADD if op == "max" else SPREAD, nd, made, shape, dtype, index_kind)


def unpool(
    nd: int,
    x: ArrayLike,
    indices: ArrayLike,
    pool_size: Any,
    strides: Any,
    padding: Any,
    data_format: Any,
    output_shape: Any,
    index_kind: Any,
    out: Array | None,
    workers: Any,
) -> Array:
    """x at its indices, zeros elsewhere."""
    how = (PUT, nd, pool_size, strides, padding, data_format, output_shape, index_kind)
    done = _core.moved(how, x, indices, out, workers)
    if done is not None:
        return done  # type: ignore[no-any-return]
    x = _call.as_array(x)
    _plan.supported("x", x.dtype)
    way = kept(
        unpooling, PUT, nd, x.shape, x.dtype, pool_size, strides, padding, data_format,
        output_shape, index_kind,
    )  # fmt: skip
    return follow(way, x, indices, out, workers, how)


def of_unpool(
    nd: int,
    grad: ArrayLike,
    indices: ArrayLike,
    input_shape: Any,
    pool_size: Any,
    strides: Any,
    padding: Any,
    data_format: Any,
    output_shape: Any,
    index_kind: Any,
    out: Array | None,
    workers: Any,
) -> Array:
    """The gradient at the indices."""
    how = (
        PICK, nd, input_shape, pool_size, strides, padding, data_format, output_shape, index_kind,
    )  # fmt: skip
    done = _core.moved(how, grad, indices, out, workers)
    if done is not None:
        return done  # type: ignore[no-any-return]
    grad = _call.as_array(grad, "grad")
    _plan.supported("grad", grad.dtype)
    way = kept(
        unpooling, PICK, nd, input_shape, grad.dtype, pool_size, strides, padding, data_format,
        output_shape, index_kind,
    )  # fmt: skip
    return follow(way, grad, indices, out, workers, how)


def unpooling(
    task: int,
    nd: int,
    input_shape: Any,
    dtype: np.dtype[Any],
    pool_size: Any,
    strides: Any,
    padding: Any,
    data_format: Any,
    output_shape: Any,
    index_kind: Any,
) -> Way:
    """The way to what unpooling an array of this shape makes, or back."""
    name = "x" if task == PUT else "input_shape"
    shape = _plan.shape_of(name, input_shape)
    axes = _plan.spatial_axes(nd, len(shape), data_format, name)
    met = _plan.arguments(nd, pool_size, strides, padding)
    pads = ((0, 0),) * nd if isinstance(met.padding, str) else met.padding
    kind = _plan.one_of("index_kind", index_kind, _plan.INDEX_KINDS)
    # Padding "same" is at most a window less 1, its odd element after.
    before = met.padding in _plan.SAME and max(met.pool_size) > (2 if met.padding == "same" else 1)
    if before and output_shape is None and kind == "window":
        raise ValueError(
            f"output_shape must be given with padding {met.padding!r} and index_kind 'window': how "
            "much of the first window was padding depends on it"
        )
    if output_shape is None:
        whole = unpooled_shape(shape, axes, met, pads)
    else:
        whole = shape_asked_for(nd, shape, axes, output_shape)
    _plan.check_bytes(
        f"with pool_size {_plan.show(pool_size)} and strides {_plan.show(strides)} the result of "
        f"shape {whole}",
        whole,
    )
    if met.padding in _plan.SAME and output_shape is not None:
        same = [
            _plan.axis_of(
                whole[axis], met.pool_size[i], met.strides[i], met.padding, 1, False, False
            )
            for i, axis in enumerate(axes)
        ]
        pads = tuple((of.before + of.skipped, 0) for of in same)
    made = _plan.unpooled_plan(shape, whole, dtype, axes, met, pads)
    return way_of(task, nd, made, whole, dtype, kind, met.pool_size)


def unpooled_shape(
    shape: tuple[int, ...],
    axes: tuple[int, ...],
    of: _plan.Arguments,
    pads: tuple[tuple[int, int], ...],
) -> tuple[int, ...]:
    """The smallest that pooling makes this shape of."""
    whole = list(shape)
    for i, axis in enumerate(axes):
        if shape[axis]:
            whole[axis] = (shape[axis] - 1) * of.strides[i] - sum(pads[i]) + of.pool_size[i]
            if whole[axis] < 1:
                raise ValueError(
                    f"padding {_plan.show(of.padding)} leaves nothing of a result of pool_size "
                    f"{of.pool_size} and strides {of.strides} for an input of shape {shape}"
                )
    return tuple(whole)


def shape_asked_for(
    nd: int, shape: tuple[int, ...], axes: tuple[int, ...], output_shape: Any
) -> tuple[int, ...]:
    """`output_shape` with all of its axes, where unpooling an array of this shape can make it."""
    given = _plan.shape_of("output_shape", output_shape)
    if len(given) not in (nd, len(shape)):
        counts = nd if nd == len(shape) else f"{nd} or {len(shape)}"
        raise ValueError(f"output_shape must have {counts} entries, got {len(given)}: {given}")
    asked = dict(zip(axes, given, strict=True)) if len(given) == nd else dict(enumerate(given))
    whole = [asked.get(axis, size) for axis, size in enumerate(shape)]
    for axis, size in enumerate(whole):
        if (axis not in axes and size != shape[axis]) or size < (shape[axis] > 0):
            raise ValueError(f"output_shape {tuple(whole)} does not fit an input of shape {shape}")
    return tuple(whole)


# ---- to the core ------------------------------------------------------------------------------


def spread(
    way: Way, grad: Array, out: Array | None, workers: Any, how: tuple[Any, ...] | None = None
) -> Array:
    """The parts of each gradient over its window; `how` is what calls like this one say."""
    grad = plain(shaped("grad", grad, way.pooled), way.dtype)
    result = target(out, way.shape, way.dtype, (grad,))
    if way.geometry is not None:
        _core.run(way.geometry, grad, result, None, workers)
        if how is not None:
            _core.remember_moves(how, grad, None, way.geometry)
    else:
        _runtime.workers_of(workers)
    return into(out, result)


def follow(
    way: Way,
    values: Array,
    indices: ArrayLike,
    out: Array | None,
    workers: Any,
    how: tuple[Any, ...] | None = None,
) -> Array:
    """Values to where their indices point, or, to pick, from there; `how` as for `spread`."""
    if indices is None:
        raise TypeError("indices must be those that the forward call gave, got None")
    found = _call.as_array(indices, "indices")
    if found.dtype.kind not in "iu":
        raise TypeError(f"indices must be integers, got {found.dtype}")
    shaped("indices", found, way.pooled)
    picks = way.task == PICK
    shaped("x" if way.task == PUT else "grad", values, way.shape if picks else way.pooled)
    values = plain(values, way.dtype)
    result = target(out, way.pooled if picks else way.shape, way.dtype, (values, found))
    flat = plain(in_core(way, found), way.index_dtype)
    if way.geometry is None:  # nothing points, or there is nothing to point at
        _runtime.workers_of(workers)
        if found.size:
            raise wrong(found, 0, way)
        result[...] = 0
        return into(out, result)
    try:
        _core.run(way.geometry, values, result, flat, workers)
    except _core.BadIndexError as error:
        raise wrong(found, error.args[0], way) from None
    if how is not None and way.kind in ("plane", "window") and found.dtype == way.index_dtype:
        _core.remember_moves(how, values, flat, way.geometry)
    return into(out, result)


def in_core(way: Way, indices: Array) -> Array:
    """Indices as the core follows them: in planes or in windows, none lost to a narrower dtype."""
    if way.kind in ("sample", "tensor"):
        return _indices.in_own_planes(indices, way.kind, way.shape, way.axes)
    if way.kind == "window" and indices.dtype != way.index_dtype:
        _indices.within(indices, way.positions, way.kind, way.shape)
    return indices


def wrong(indices: Array, at: int, way: Way) -> ValueError:
    """The error of an index that the core found to point nowhere."""
    why = f"outside the {way.kind} it indexes"
    if way.kind == "window" and 0 <= indices.ravel()[at] < way.positions:
        why = _indices.ON_PADDING if way.task == ADD else "past the end of output_shape or padding"
    return _indices.bad_index(indices, at, why, way.shape)


def way_of(
    task: int,
    nd: int,
    made: _plan.Plan,
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    index_kind: Any = "plane",
    pool_size: tuple[int, ...] = (),
) -> Way:
    """The way of a task, of arrays in C order."""
    kind = _plan.one_of("index_kind", index_kind, _plan.INDEX_KINDS)
    native = np.dtype(dtype.type)
    places = None if task == SPREAD else _plan.places_of(kind, nd, shape, made, pool_size)
    index_dtype = places.dtype if places else np.dtype(np.int64)
    geometry = None
    if 0 not in shape and 0 not in made.shape:
        made = made._replace(places=places)
        geometry = geometry_of(task, made, shape, native, kind, pool_size)
    return Way(
        task, shape, made.shape, native, tuple(made.pooled), geometry, kind, index_dtype,
        math.prod(pool_size),
    )  # fmt: skip


def geometry_of(
    task: int,
    made: _plan.Plan,
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    kind: str,
    pool_size: tuple[int, ...],
) -> _core.Geometry:
    """What the core needs to know, of arrays in C order."""
    name = _plan.name_of(dtype)
    item, half = dtype.itemsize, name in _plan.HALVES and task in (SPREAD, ADD)
    lane = "float32" if half else name
    axes = sorted(made.pooled)
    inner = math.prod(shape[axes[-1] + 1 :])
    outer = math.prod(shape[: axes[0]])
    taps = made.places.taps if made.places else (0,) * len(shape)

    def pooled_axis(axis: int) -> _layout.StridedAxis:
        return _layout.StridedAxis.of(made.pooled[axis], tap_weight=taps[axis])

    layout = _layout.Layout(
        [_layout.Span(outer, 0, 0, 0)],
        [pooled_axis(axis) for axis in axes[:-1]],
        pooled_axis(axes[-1]),
        _layout.Span(inner, item, item, 0),
        _layout.Sizes(source=item, elem=item, lane=4 if half else item, mid=item, out=item),
        min((math.prod(shape) + math.prod(made.shape)) * item, _plan.LIMIT),
        index_bytes=made.places.dtype.itemsize if made.places else 0,
        in_windows=kind == "window",
        window_count=min(math.prod(pool_size), _plan.LIMIT),
    )
    recipe = _plan.Recipe(
        None, lane, None, (name, lane) if half else None, None, (lane, name) if half else None,
    )  # fmt: skip
    result = tuple(made.shape) if task == PICK else shape
    made = made._replace(recipe=recipe, shape=result, dtype=dtype)
    return _core.Geometry(made, layout, _runtime.in_use, task)


# ---- arrays -----------------------------------------------------------------------------------


def gradient(grad: ArrayLike) -> Array:
    """A gradient as an array of floats."""
    array = _call.as_array(grad, "grad")
    if _plan.name_of(array.dtype) not in _plan.FLOATS:
        raise TypeError(f"grad must be float16, bfloat16, float32 or float64, got {array.dtype}")
    return array


def shaped(name: str, array: Array, shape: tuple[int, ...]) -> Array:
    """The array, if it has the shape that the forward call would give."""
    if array.shape != shape:
        raise ValueError(f"{name} must have shape {shape}, got {array.shape}")
    return array


def plain(array: Array, dtype: np.dtype[Any]) -> Array:
    """The array as the core's gradients take one: in C order, aligned, native."""
    array = np.asarray(array, dtype, order="C")  # `ascontiguousarray` would add an axis to none
    return array if array.flags.aligned else array.copy()


def target(
    out: Array | None, shape: tuple[int, ...], dtype: np.dtype[Any], apart: tuple[Array, ...]
) -> Array:
    """Where the core writes: `out` itself where that will do."""
    if out is None:
        return np.empty(shape, dtype)
    _call.check_out(out, shape, dtype)
    fits = out.flags.carray and out.dtype == dtype and out.dtype.isnative
    if fits and not any(np.may_share_memory(out, array) for array in apart):
        return out
    return np.empty(shape, dtype)


def into(out: Array | None, result: Array) -> Array:
    """The result, in `out` if that was given."""
    if out is None or out is result:
        return result
    np.copyto(out, result, casting="same_kind")
    return out
