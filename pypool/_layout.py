"""In which order the core goes through the axes of a call, and where their elements lie."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from pypool._plan import INTEGERS, LIMIT, ORDERED, Axis, Plan

KERNELS = ((2, 2, 1), (3, 1, 1), (3, 2, 1))
"""Window, stride and dilation of rows that have a kernel of their own."""
KERNELS_OF_VALUES = ((2, 1, 1), (3, 3, 1))
"""Those whose kernel of values is of wide elements where windows reach past a row."""
KERNELS_OF_PLACES = (*KERNELS, (2, 1, 1))
"""Those of which places are found in rows, which are padded first where windows reach past them."""
LONG, LONG_BYTES = 24, 96
"""Elements of a row, and their bytes, from which windows that share nothing go along it."""
FEW = 8
"""Elements of an axis that are too few to be moved by squares."""
FEW_TAPS = 8
"""Of a window past the rows that `NARROW` says, whose places are found one after the other."""
LONG_SEARCH = 48
"""Elements of a row, for each that windows go on by, from which places past `KERNELS_OF_PLACES` are
sooner found along it (64 planes of 56x56, 3x3/1 dilated by 2, float64 3341 us, so 1195, float32
1357, 722)."""
FEW_OUTPUTS = 16
"""Inputs to an output from which the order of the outputs matters less than that of the inputs."""
NARROW, SHORT = 256, 128
"""Bytes of a row up to which planes are better done side by side: without a kernel, and where only
its ends are."""


class StridedAxis(NamedTuple):
    """An axis over arrays of given strides: pool.h's struct pool_axis, in its order."""

    size: int
    window: int
    stride: int
    dilation: int
    before: int
    outputs: int
    counted_first: int
    counted_last: int
    in_step: int
    out_step: int
    place_weight: int
    tap_weight: int
    skipped: int
    bins: bool

    @classmethod
    def of(
        cls,
        a: Axis,
        in_step: int = 0,
        out_step: int = 0,
        place_weight: int = 0,
        tap_weight: int = 0,
    ) -> StridedAxis:
        """Steps are bytes; weights what a position and a tap add to a place."""
        return cls(
            a.size, a.window, a.stride, a.dilation, a.before, a.outputs, a.counted_first,
            a.counted_last, in_step, out_step, place_weight, tap_weight, a.skipped, a.bins,
        )  # fmt: skip


class Span(NamedTuple):
    """An axis that is not pooled: pool.h's struct pool_span, in its order."""

    size: int
    in_step: int
    out_step: int
    place_weight: int

    @property
    def end(self) -> tuple[int, int, int]:
        """Its steps, were it the next position of an axis around it."""
        return self.size * self.in_step, self.size * self.out_step, self.size * self.place_weight

    def goes_around(self, other: Span) -> bool:
        """Whether the two are one axis."""
        return self[1:] == other.end

    def with_size(self, size: int) -> Span:
        return self._replace(size=size)


class Sizes(NamedTuple):
    """Bytes of an element, in the order of pool.h's struct pool_geometry."""

    source: int
    elem: int
    """Of the kernel's."""
    lane: int
    mid: int
    """Beyond the first cast."""
    out: int


class Layout(NamedTuple):
    """A plan over arrays of given strides: what `_core.Geometry` takes."""

    outer: list[Span]
    lead: Sequence[StridedAxis]
    along: StridedAxis
    inner: Span
    sizes: Sizes
    total_bytes: int
    swapped: bool = False
    index_bytes: int = 0
    first_place: int = 0
    in_windows: bool = False
    window_count: int = 0
    beside: bool = False
    """Whether planes stand side by side, because their rows are short."""


def planes_side_by_side(planes: int) -> int:
    """How many planes make pixels of their own, so that all of them are in such; 1 for none."""
    return next((n for n in range(64, 15, -1) if planes % n == 0), 1)


def overhang(a: Axis) -> int:
    """How far windows reach past an axis, on either side."""
    end = (a.outputs - 1) * a.stride - a.before + (a.window - 1) * a.dilation + 1
    return max(a.before, end - a.size)


def shares_nothing(a: Axis) -> bool:
    """Whether no two windows along an axis meet the same elements, and each meets a run of them."""
    return a.window <= a.stride and a.dilation == 1 and not a.bins


def is_better_beside(
    made: Plan,
    rest: list[int],
    along: int,
    shape: tuple[int, ...],
    item: int,
    steps: tuple[int, ...],
) -> bool:
    """Whether rows are better read those of many planes at once, side by side."""
    every, last, row = made.pooled.values(), made.pooled[along], shape[along] * item
    if not rest or (made.places is None and all(a.outputs == 1 for a in every)):
        return False
    fits = max(map(overhang, every)) <= 0
    window = () if any(a.bins for a in every) else (last.window, last.stride, last.dilation)
    is_long = shape[along] >= LONG and row >= LONG_BYTES
    if window in KERNELS_OF_PLACES and made.places is not None:
        if fits or (overhang(last) == 1 and (len(made.pooled) <= 2 or last.stride == 1 or is_long)):
            return False
    elif window in KERNELS:
        # Those mind a window at either end of a row.
        if fits or (last.window == 3 and overhang(last) <= 1 and row >= SHORT // 2) or row > SHORT:
            return False
    elif window in KERNELS_OF_VALUES and made.places is None and (fits or item >= 4):
        return False
    elif fits and made.places is None and is_long and all(map(shares_nothing, every)):
        return False
    elif made.places is not None and item > 1 and shape[along] >= LONG_SEARCH * last.stride:
        return False
    elif row > NARROW:
        # A place at a time takes long, of wide windows or apart; values do not.
        taps = math.prod(a.window for a in every)
        if made.places is None or (fits and taps <= FEW_TAPS and last.stride <= 2):
            return False
    planes = 1
    for axis in reversed(rest):
        if steps[axis] != steps[rest[-1]] * planes:
            break
        planes *= shape[axis]
    return planes_side_by_side(planes) > 1


def inner_axis(
    made: Plan,
    rest: list[int],
    along: int,
    shape: tuple[int, ...],
    item: int,
    in_strides: tuple[int, ...],
    out_strides: tuple[int, ...],
) -> int | None:
    """The axis, of those that are not pooled, whose elements are done side by side.

    Input that does not have them so is brought into that order, a few rows at a time; output is put
    in its places.  Either goes by squares, but for axes of a few elements.
    """
    in_order = [axis for axis in rest if in_strides[axis] == item][-1:]
    out_order = [axis for axis in rest if out_strides[axis] == made.dtype.itemsize][-1:]
    outputs, inputs = math.prod(made.shape), math.prod(shape)
    if shape[along] > 1 and in_strides[along] == item:
        # Whole rows are there: better read as they are, if what they make is few or many a pixel.
        few = not out_order or shape[out_order[0]] < FEW or FEW_OUTPUTS * outputs < inputs
        return None if few else out_order[0]
    if in_order:
        thin = in_order != out_order and shape[in_order[0]] < FEW
        return None if thin and (made.places or 2 * outputs >= inputs) else in_order[0]
    if out_order and FEW_OUTPUTS * outputs >= inputs:
        return out_order[0]
    nearest = min(rest, key=lambda axis: abs(in_strides[axis]), default=along)
    return nearest if abs(in_strides[nearest]) < abs(in_strides[along]) else None


def layout(
    made: Plan,
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    in_strides: tuple[int, ...],
    out_strides: tuple[int, ...],
    may_stand_beside: bool = True,
) -> Layout:
    """Arrange the axes as outer x (lead ..., along) x inner for arrays of these strides."""
    item = dtype.itemsize
    pooled = sorted(made.pooled)
    weights = made.places.positions if made.places else (0,) * len(shape)
    reduction = made.recipe.kernel[0] if made.recipe.kernel else ""
    exact = reduction.removeprefix("f") in ORDERED or made.recipe.lane in INTEGERS
    if made.places is None and exact and 2 * math.prod(made.shape) < math.prod(shape):
        # Any order of the axes gives the same; the one that memory has reads whole rows.
        pooled.sort(key=lambda axis: -abs(in_strides[axis]))
    rest = [axis for axis in range(len(shape)) if axis not in made.pooled and shape[axis] != 1]
    along = pooled[-1]

    def span(axis: int) -> Span:
        return Span(shape[axis], in_strides[axis], out_strides[axis], weights[axis])

    # The inner axis: side by side in memory, and as long as the axes beside it make it.
    inner = Span(1, item, made.dtype.itemsize, 0)
    in_rows = shape[along] > 1 and in_strides[along] == item
    better = in_rows and is_better_beside(made, rest, along, shape, item, in_strides)
    beside = better and may_stand_beside
    last = rest[-1] if beside else None
    if not better:
        last = inner_axis(made, rest, along, shape, item, in_strides, out_strides)
    if last is not None:
        rest.remove(last)
        inner = span(last)
    outer: list[Span] = []
    for here in map(span, rest):
        if outer and outer[-1].goes_around(here):
            outer[-1] = here.with_size(outer[-1].size * here.size)
        else:
            outer.append(here)
    while outer and inner.size > 1 and outer[-1].goes_around(inner):
        inner = inner.with_size(outer.pop().size * inner.size)
    if last is not None and in_strides[along] == item:
        part = planes_side_by_side(inner.size)
        if 1 < part < inner.size:
            few = inner.with_size(part)
            outer.append(Span(inner.size // part, *few.end))
            inner = few

    def pooled_axis(axis: int) -> StridedAxis:
        tap = made.places.taps[axis] if made.places else 0
        steps = (in_strides[axis], out_strides[axis])
        return StridedAxis.of(made.pooled[axis], *steps, weights[axis], tap)

    lead = [pooled_axis(axis) for axis in pooled[:-1]]
    if not lead and outer and (made.places or made.pooled[along].outputs > 1):
        # A row for every window of one: rows that follow each other are done in one go.
        size, *steps_and_weight = outer.pop()
        lead = [StridedAxis.of(Axis(size, 1, 1, 1, 0, size, 0, size, 0), *steps_and_weight)]
    lane = np.dtype(made.recipe.lane).itemsize
    total = math.prod(shape) * item + math.prod(made.shape) * made.dtype.itemsize
    return Layout(
        outer,
        lead,
        pooled_axis(along),
        inner,
        Sizes(
            source=item,
            elem=lane if made.recipe.power else item,
            lane=lane,
            mid=8 if made.recipe.first_cast else lane,
            out=made.dtype.itemsize,
        ),
        min(total, LIMIT),
        swapped=not dtype.isnative,
        index_bytes=made.places.dtype.itemsize if made.places else 0,
        first_place=made.places.first if made.places else 0,
        beside=beside,
    )
