"""Backward calls: a gradient and a forward call's arguments to the core."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pypool import _call, _core, _indices, _plan, _runtime

Array = NDArray[Any]

SPREAD, ADD, PUT, PICK = 1, 2, 3, 4
"""What the core is asked to do: pool.h's enum pool_task."""


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
    shape = shape_of("input_shape", input_shape)
    axes = _plan.spatial_axes(nd, len(shape), data_format)
    met = _plan.arguments(nd, pool_size, strides, padding, dilation, ceil_mode, nan_policy)
    if (indices is None) == (x is None):
        raise TypeError("one of indices and x must be given, and the other be None")
    if indices is None:
        x = _call.as_array(x)  # type: ignore[arg-type]
        if x.shape != shape:
            raise ValueError(f"x must have input_shape {shape}, got {x.shape}")
        how = (op, nd, *met[:3], data_format, *met[3:6])
        indices = _call.pool_with_indices(x, how, True, "window", None, workers)[1]
        index_kind = "window"
    grad = gradient(grad)
    made = _plan.plan(op, shape, grad.dtype, axes, met)
    return follow(ADD, nd, made, shape, grad, indices, index_kind, met.pool_size, out, workers)


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
    shape = shape_of("input_shape", input_shape)
    axes = _plan.spatial_axes(nd, len(shape), data_format)
    met = _plan.arguments(
        nd, pool_size, strides, padding, dilation, ceil_mode, "propagate", count_include_pad,
        1 if op == "sum" else divisor_override,
    )  # fmt: skip
    grad = gradient(grad)
    made = _plan.plan("avg", shape, grad.dtype, axes, met)
    return spread(made, shape, grad, out, workers)


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
    """The sum over windows of grad * sign(x) * |x|**(p - 1) * output**(1 - p); 0 where that is 0."""
    power = _plan.norm_type(norm_type)
    x, output, grad = _call.as_array(x), _call.as_array(output, "output"), gradient(grad)
    for name, array in (("x", x), ("output", output)):
        _plan.supported(name, array.dtype)
    if output.shape != grad.shape:
        raise ValueError(f"output must have the shape of grad {grad.shape}, got {output.shape}")
    if math.isinf(power):
        result = of_max(
            "max", nd, grad, None, x.shape, pool_size, strides, padding, data_format, dilation,
            ceil_mode, "window", np.abs(x), "propagate", None, workers,
        )  # fmt: skip
        result *= np.sign(x)
        return into(out, result)
    wide = np.dtype(np.float32) if grad.dtype.name in _plan.HALVES else grad.dtype
    with np.errstate(all="ignore"):
        shares = np.where(output == 0, 0, grad.astype(wide) * output.astype(wide) ** (1 - power))
    result = of_sum(
        "sum", nd, shares.astype(wide, copy=False), x.shape, pool_size, strides, padding,
        data_format, dilation, ceil_mode, False, None, None, workers,
    )  # fmt: skip
    if power == 2:
        result *= x
    elif power == 1:
        result *= np.sign(x)
    else:
        with np.errstate(all="ignore"):
            slopes = np.sign(x) * np.abs(x).astype(wide) ** (power - 1)
        result *= np.where(x == 0, 0, slopes)
    return into(out, result.astype(grad.dtype, copy=False))


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
    shape = shape_of("input_shape", input_shape)
    keepdims = _plan.flag("keepdims", keepdims)
    axes = _plan.spatial_axes(nd, len(shape), data_format)
    window = tuple(shape[axis] for axis in axes)
    if 0 in window:
        raise ValueError(f"input_shape must have elements along its spatial axes, got {shape}")
    _plan.no_windows(index_kind)
    kept = tuple(1 if axis in axes else size for axis, size in enumerate(shape))
    pooled = tuple(size for axis, size in enumerate(shape) if axis not in axes)
    grad = gradient(grad)
    grad = shaped("grad", grad, kept if keepdims else pooled).reshape(kept)
    if op == "avg":
        return of_sum(
            "avg", nd, grad, shape, window, None, "valid", data_format, 1, False, False, None, out,
            workers,
        )  # fmt: skip
    indices = shaped("indices", _call.as_array(indices, "indices"), kept if keepdims else pooled)  # type: ignore[arg-type]
    return of_max(
        "max", nd, grad, indices.reshape(kept), shape, window, None, "valid", data_format, 1, False,
        index_kind, None, "propagate", out, workers,
    )  # fmt: skip


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
    shape = shape_of("input_shape", input_shape)
    grad = gradient(grad)
    made = _plan.adaptive_plan(op, nd, shape, grad.dtype, output_size, data_format)
    _plan.no_windows(index_kind)
    if op == "avg":
        return spread(made, shape, grad, out, workers)
    return follow(ADD, nd, made, shape, grad, indices, index_kind, (), out, workers)  # type: ignore[arg-type]


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
    x = _call.as_array(x)
    _plan.supported("x", x.dtype)
    made, shape, met = unpooling(
        nd, x.shape, x.dtype, pool_size, strides, padding, data_format, output_shape
    )
    return follow(PUT, nd, made, shape, x, indices, index_kind, met.pool_size, out, workers)


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
    shape = shape_of("input_shape", input_shape)
    grad = _call.as_array(grad, "grad")
    _plan.supported("grad", grad.dtype)
    made, whole, met = unpooling(
        nd, shape, grad.dtype, pool_size, strides, padding, data_format, output_shape
    )
    grad = shaped("grad", grad, whole)
    return follow(PICK, nd, made, whole, grad, indices, index_kind, met.pool_size, out, workers)


def unpooling(
    nd: int,
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    pool_size: Any,
    strides: Any,
    padding: Any,
    data_format: Any,
    output_shape: Any,
) -> tuple[_plan.Plan, tuple[int, ...], _plan.Arguments]:
    """The pooling that unpooling an array of this shape undoes, and the shape that it pools."""
    axes = _plan.spatial_axes(nd, len(shape), data_format)
    met = _plan.arguments(nd, pool_size, strides, padding)
    pads = ((0, 0),) * nd if isinstance(met.padding, str) else met.padding
    whole = list(shape)
    if output_shape is None:
        for i, axis in enumerate(axes):
            whole[axis] = (
                (shape[axis] - 1) * met.strides[i] - sum(pads[i]) + met.pool_size[i]
                if shape[axis]
                else 0
            )
    else:
        given = _plan.shape_of("output_shape", output_shape)
        if len(given) == nd:
            for axis, size in zip(axes, given, strict=True):
                whole[axis] = size
        elif len(given) == len(shape):
            whole = list(given)
        else:
            raise ValueError(
                f"output_shape must have {nd} or {len(shape)} entries, got {len(given)}: {given}"
            )
    for axis, size in enumerate(whole):
        if (axis not in axes and size != shape[axis]) or size < (shape[axis] > 0):
            raise ValueError(f"output_shape {tuple(whole)} does not fit an input of shape {shape}")
    if isinstance(met.padding, str) and output_shape is not None:
        same = [
            _plan.axis_of(
                whole[axis], met.pool_size[i], met.strides[i], met.padding, 1, False, False
            )
            for i, axis in enumerate(axes)
        ]
        pads = tuple((of.before + of.skipped, 0) for of in same)
    made = _plan.unpooled_plan(shape, tuple(whole), dtype, axes, met, pads)
    return made, tuple(whole), met


# ---- to the core ------------------------------------------------------------------------------


def spread(
    made: _plan.Plan, shape: tuple[int, ...], grad: Array, out: Array | None, workers: Any
) -> Array:
    """The parts of each gradient over its window."""
    grad = np.ascontiguousarray(shaped("grad", grad, made.shape), grad.dtype.newbyteorder("="))
    result = target(out, shape, grad.dtype, (grad,))
    if result.size:
        geometry = geometry_of(SPREAD, made, shape, grad.dtype)
        _core.run(geometry, grad, result, None, workers)
    return into(out, result)


def follow(
    task: int,
    nd: int,
    made: _plan.Plan,
    shape: tuple[int, ...],
    values: Array,
    indices: ArrayLike,
    index_kind: Any,
    pool_size: tuple[int, ...],
    out: Array | None,
    workers: Any,
) -> Array:
    """Values to where their indices point in an array of this shape; or, to pick, from there."""
    found = _call.as_array(indices, "indices")
    kind = _plan.one_of("index_kind", index_kind, _plan.INDEX_KINDS)
    if found.dtype.kind not in "iu":
        raise TypeError(f"indices must be integers, got {found.dtype}")
    found = shaped("indices", found, made.shape)
    if task != PICK:
        values = shaped("grad" if task == ADD else "x", values, made.shape)
    values = np.ascontiguousarray(values, values.dtype.newbyteorder("="))
    result = target(out, made.shape if task == PICK else shape, values.dtype, (values, found))
    places = _plan.places_of(kind, nd, shape, made, pool_size)
    if kind in ("sample", "tensor") and found.size:
        found = _indices.in_planes(found, kind, shape, tuple(made.pooled))
    if kind == "window" and found.dtype != places.dtype:
        beyond = (found < 0) | (found >= math.prod(pool_size))
        if beyond.any():
            raise wrong(found, int(np.flatnonzero(beyond)[0]), kind, shape)
    wanted = places.dtype if kind == "window" else np.dtype(np.int64)
    flat = np.ascontiguousarray(found, wanted)
    if result.size == 0 and flat.size:
        raise wrong(found, 0, kind, shape)
    if result.size:
        geometry = geometry_of(
            task, made._replace(places=places), shape, values.dtype, kind, pool_size
        )
        if not flat.size:
            result[...] = 0
        else:
            try:
                _core.run(geometry, values, result, flat, workers)
            except _core.BadIndexError as error:
                raise wrong(found, error.args[0], kind, shape) from None
    return into(out, result)


def wrong(indices: Array, at: int, kind: str, shape: tuple[int, ...]) -> ValueError:
    """The error of an index that points nowhere."""
    place = tuple(int(i) for i in np.unravel_index(at, indices.shape))
    return ValueError(
        f"indices[{', '.join(map(str, place))}] is {int(indices[place])}, outside the {kind} it "
        f"indexes in an array of shape {shape}"
    )


def geometry_of(
    task: int,
    made: _plan.Plan,
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    kind: str = "plane",
    pool_size: tuple[int, ...] = (),
) -> _core.Geometry:
    """What the core needs to know, of arrays in C order."""
    item, half = dtype.itemsize, dtype.name in _plan.HALVES and task in (SPREAD, ADD)
    lane = "float32" if half else dtype.name
    axes = sorted(made.pooled)
    inner = math.prod(shape[axes[-1] + 1 :])
    outer = math.prod(shape[: axes[0]])
    taps = made.places.taps if made.places else (0,) * len(shape)

    def pooled_axis(axis: int) -> tuple[int, ...]:
        of = made.pooled[axis]
        return (*of[:8], 0, 0, 0, taps[axis], of.skipped, of.bins)

    layout = _plan.Layout(
        [(outer, 0, 0, 0)],
        [pooled_axis(axis) for axis in axes[:-1]],
        pooled_axis(axes[-1]),
        (inner, item, item, 0),
        (item, 4 if half else item, item, item),
        False,
        (math.prod(shape) + math.prod(made.shape)) * item,
        made.places.dtype.itemsize if made.places else 0,
        0,
        kind == "window",
        math.prod(pool_size),
    )
    recipe = _plan.Recipe(
        None, lane, None, (dtype.name, lane) if half else None, None,
        (lane, dtype.name) if half else None,
    )  # fmt: skip
    return _core.Geometry(made._replace(recipe=recipe), layout, _runtime.in_use, task)


# ---- arrays -----------------------------------------------------------------------------------


def gradient(grad: ArrayLike) -> Array:
    """A gradient as an array of floats."""
    array = _call.as_array(grad, "grad")
    if array.dtype.name not in _plan.FLOATS:
        raise TypeError(f"grad must be float16, bfloat16, float32 or float64, got {array.dtype}")
    return array


def shape_of(name: str, value: Any) -> tuple[int, ...]:
    """A shape argument whose array would fit."""
    return _plan.shape_of(name, value)


def shaped(name: str, array: Array, shape: tuple[int, ...]) -> Array:
    """The array, if it has the shape that the forward call would give."""
    if array.shape != shape:
        raise ValueError(f"{name} must have shape {shape}, got {array.shape}")
    return array


def target(
    out: Array | None, shape: tuple[int, ...], dtype: np.dtype[Any], apart: tuple[Array, ...]
) -> Array:
    """Where the core writes: `out` itself where that will do."""
    native = dtype.newbyteorder("=")
    if out is None:
        return np.empty(shape, native)
    _call.check_out(out, shape, native)
    fits = out.flags.c_contiguous and out.dtype == native and out.dtype.isnative
    if fits and not any(np.may_share_memory(out, array) for array in apart):
        return out
    return np.empty(shape, native)


def into(out: Array | None, result: Array) -> Array:
    """The result, in `out` if that was given."""
    if out is None or out is result:
        return result
    np.copyto(out, result, casting="same_kind")
    return out
