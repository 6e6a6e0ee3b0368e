"""Indices of one kind to another, in plain NumPy."""

from __future__ import annotations

import math
from typing import SupportsIndex

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pypool import _call, _plan
from pypool._types import Array, DataFormat, Flag, IndexKind, Padding, Shape, Size

ON_PADDING = "a position of its window that holds padding"


def convert_indices(
    indices: ArrayLike,
    input_shape: Shape,
    index_kind: IndexKind,
    to: IndexKind,
    nd: SupportsIndex,
    pool_size: Size | None = None,
    strides: Size | None = None,
    padding: Padding = "valid",
    data_format: DataFormat = "channels_last",
    *,
    dilation: Size = 1,
    ceil_mode: Flag = False,
) -> Array:
    """Say where maxima or minima were found by indices of another kind.

    Parameters
    ----------
    indices : array_like of int
        What `max_pool2d` or another function gave with ``return_indices=True``.  Any integer dtype.
    input_shape : sequence of int
        The shape of what was pooled.
    index_kind, to : {"plane", "sample", "tensor", "window"}
        What the indices count, and what those of the result count; see `max_pool2d`.
    nd : int
        How many spatial axes there are: 1, 2 or 3.
    pool_size, strides, padding, dilation, ceil_mode
        As in the call that gave `indices`.  Needed where either kind is ``"window"``; otherwise
        `indices` may also come from global and adaptive pooling.
    data_format : {"channels_last", "channels_first"}, optional
        As in the call that gave `indices`.

    Returns
    -------
    ndarray
        The same places, of the shape of `indices`: int64, or of kind ``"window"`` the smallest of
        uint8, uint16 and uint32 that holds every position in the window.

    Raises
    ------
    TypeError
        If an argument or the dtype of `indices` is of the wrong kind, or `pool_size` is missing.
    ValueError
        If a number is out of range, the shape of `indices` is not that of the result of the call,
        or an index points outside its own plane, or outside its window where a kind counts that.

    Notes
    -----
    Kind ``"plane"`` is what PyTorch gives, ``"sample"`` TensorFlow's ``max_pool_with_argmax``,
    ``"tensor"`` the same with ``include_batch_in_index=True``, and ONNX's ``MaxPool``.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> x = np.array([[3, 1, 0, 2], [0, 2, 5, 4]])
    >>> values, indices = pypool.max_pool2d(x, 2, return_indices=True)
    >>> indices
    array([[0, 6]])
    >>> pypool.convert_indices(indices, x.shape, "plane", "window", 2, pool_size=2)
    array([[0, 2]], dtype=uint8)
    """
    given = _call.as_array(indices, "indices")
    if given.dtype.kind not in "iu":
        raise TypeError(f"indices must be integers, got {given.dtype}")
    kind = _plan.one_of("index_kind", index_kind, _plan.INDEX_KINDS)
    wanted = _plan.one_of("to", to, _plan.INDEX_KINDS)
    nd = _plan.integer("nd", nd, 1, 3)
    shape = _plan.shape_of("input_shape", input_shape)
    axes = _plan.spatial_axes(nd, len(shape), data_format, "input_shape")
    windows = 1 if pool_size is None else pool_size
    met = _plan.arguments(nd, windows, strides, padding, dilation, ceil_mode)
    if "window" not in (kind, wanted):
        found = with_axes(in_own_planes(given, kind, shape, axes), shape, axes)
        return out_of_planes(found, wanted, shape, axes).reshape(given.shape)

    if pool_size is None:
        raise TypeError("pool_size is needed where index_kind or to is 'window'")
    made = _plan.plan("max", shape, np.dtype(np.bool_), axes, met)
    if given.shape != made.shape:
        raise ValueError(f"indices must have shape {made.shape}, got {given.shape}")
    window = _plan.places_of("window", nd, shape, made, met.pool_size)
    if kind != "window":
        found = in_planes(given, kind, shape, axes)
    else:
        found = out_of_windows(given, made, window, math.prod(met.pool_size), shape)
    if wanted != "window":
        return out_of_planes(found, wanted, shape, axes)
    return in_windows(given, found, made, window, shape)


def with_axes(indices: Array, shape: tuple[int, ...], axes: tuple[int, ...]) -> Array:
    """Indices with every axis of the shape, though global pooling left the spatial ones out."""
    whole = np.expand_dims(indices, axes) if indices.ndim == len(shape) - len(axes) else indices
    if whole.ndim != len(shape) or any(
        whole.shape[axis] != size for axis, size in enumerate(shape) if axis not in axes
    ):
        raise ValueError(
            f"indices must have the shape of the result for input_shape {shape}, which differs "
            f"along axes {axes} at most or is without them; got {indices.shape}"
        )
    return whole


def in_own_planes(
    indices: Array, kind: str, shape: tuple[int, ...], axes: tuple[int, ...]
) -> Array:
    """`in_planes`, whether or not the spatial axes are there."""
    whole = with_axes(indices, shape, axes)
    return in_planes(whole, kind, shape, axes, indices).reshape(indices.shape)


def grid(shape: tuple[int, ...]) -> list[Array]:
    """The coordinates of every element along each axis, to be broadcast."""
    return list(np.indices(shape, sparse=True))


def refuse(indices: Array, wrong: NDArray[np.bool_], why: str, shape: tuple[int, ...]) -> None:
    """A ValueError that names the first index that is wrong."""
    if wrong.any():
        raise bad_index(indices, int(np.argmax(wrong)), why, shape)


def within(indices: Array, count: int, kind: str, shape: tuple[int, ...]) -> None:
    """Refuse indices past the `count` positions that their kind has."""
    refuse(indices, (indices < 0) | (indices >= count), f"outside the {kind} it indexes", shape)


def bad_index(indices: Array, at: int, why: str, shape: tuple[int, ...]) -> ValueError:
    """The error of the index at a position in C order."""
    place = tuple(int(i) for i in np.unravel_index(at, indices.shape))
    return ValueError(
        f"indices[{', '.join(map(str, place))}] is {int(indices[place])}, {why}, in an array of "
        f"shape {shape}"
    )


# ---- any kind but "window": an index adds up steps along the axes -------------------------------


def steps_of(kind: str, shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    """What an element along each axis adds to an index, 0 where the kind does not count it."""
    alone = _plan.arguments(len(axes), 1, None, "same")
    made = _plan.plan("max", shape, np.dtype(np.bool_), axes, alone)
    return _plan.places_of(kind, len(axes), shape, made, alone.pool_size).positions


def in_planes(
    indices: Array,
    kind: str,
    shape: tuple[int, ...],
    axes: tuple[int, ...],
    given: Array | None = None,
) -> Array:
    """Positions in the spatial plane; a ValueError where an index is not in that of its own.

    It names the index by its place in `given`, which are the same as they came.
    """
    given = indices if given is None else given
    if not indices.size:
        return np.empty(indices.shape, np.int64)
    first, step = origins(indices.shape, kind, shape, axes)
    places: Array = indices.astype(np.int64, copy=False) - first
    if step > 1:
        rest, places = places, places // step
        wrong = places * step != rest
    plane = math.prod(shape[axis] for axis in axes)
    # As unsigned numbers those below the first are past them all.
    outside = places.view(np.uint64) >= np.uint64(plane)
    if step > 1:
        outside |= wrong
    if outside.any():
        counted = math.prod(n for n, s in zip(shape, steps_of(kind, shape, axes), strict=True) if s)
        within(given, counted, kind, shape)
        refuse(given, outside, "outside the plane it was found in", shape)
    return places


def origins(
    found: tuple[int, ...], kind: str, shape: tuple[int, ...], axes: tuple[int, ...]
) -> tuple[Array | int, int]:
    """The index of the first element of the plane of each that is found, and from it to the next.

    The spatial axes lie together, so what follows goes on evenly.
    """
    steps = steps_of(kind, shape, axes)
    first: Array | int = 0
    for axis, here in enumerate(grid(found)):
        if axis not in axes and steps[axis]:
            first = first + here * steps[axis]
    return first, steps[axes[-1]]


def coordinates(places: Array, sizes: list[int]) -> list[Array]:
    """As `numpy.unravel_index`, which errs on large arrays whose last axis has one element."""
    found = []
    for size in reversed(sizes):
        places, at = np.divmod(places, size)
        found.append(at)
    return found[::-1]


def out_of_planes(found: Array, kind: str, shape: tuple[int, ...], axes: tuple[int, ...]) -> Array:
    """Indices of that kind from positions in the spatial plane."""
    if not found.size:
        return found
    first, step = origins(found.shape, kind, shape, axes)
    return found * step + first


# ---- kind "window" ------------------------------------------------------------------------------


def starts(indices: Array, made: _plan.Plan) -> list[Array]:
    """Where each window starts, along each axis that is pooled."""
    here = grid(indices.shape)
    return [here[axis] * of.stride - of.before for axis, of in made.pooled.items()]


def out_of_windows(
    indices: Array, made: _plan.Plan, window: _plan.Places, count: int, shape: tuple[int, ...]
) -> Array:
    """Positions in the spatial plane; a ValueError where there is no element."""
    within(indices, count, "window", shape)
    rest = indices.astype(np.int64)
    places: list[Array] = []
    padding = np.zeros(indices.shape, np.bool_)
    for (axis, of), start in zip(made.pooled.items(), starts(indices, made), strict=True):
        tap, rest = np.divmod(rest, window.taps[axis])
        tap -= of.skipped
        place = start + tap * of.dilation
        padding |= (tap < 0) | (tap >= of.window) | (place < 0) | (place >= of.size)
        places.append(place)
    refuse(indices, padding, ON_PADDING, shape)
    return np.ravel_multi_index(places, [of.size for of in made.pooled.values()])


def in_windows(
    indices: Array, found: Array, made: _plan.Plan, window: _plan.Places, shape: tuple[int, ...]
) -> Array:
    """Positions in the window of what was found in the plane; a ValueError where it is outside."""
    number = np.full(found.shape, window.first, np.int64)
    outside = np.zeros(found.shape, np.bool_)
    places = coordinates(found, [of.size for of in made.pooled.values()])
    for (axis, of), start, place in zip(
        made.pooled.items(), starts(found, made), places, strict=True
    ):
        tap, between = np.divmod(place - start, of.dilation)
        outside |= (between != 0) | (tap < 0) | (tap >= of.window)
        number += tap * window.taps[axis]
    refuse(indices, outside, "outside the window it was found in", shape)
    result: Array = number.astype(window.dtype)
    return result
