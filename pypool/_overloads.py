"""The types of the functions that give a pair with `return_indices`, for type checkers alone.

A function is declared to be one of these by the decorator after it, and is otherwise unchanged.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, Protocol, SupportsIndex, overload

from numpy.typing import ArrayLike, DTypeLike

from pypool._types import (
    AnyAxesKind,
    Array,
    DataFormat,
    Flag,
    IndexKind,
    NanPolicy,
    Number,
    Op,
    Ordered,
    Padding,
    Pair,
    PairOut,
    PlaneKind,
    Rounding,
    Size,
)

# fmt: off


class OfWindows(Protocol):
    @overload
    def __call__(
        self, x: ArrayLike, pool_size: Size, strides: Size | None = None,
        padding: Padding = "valid", data_format: DataFormat = "channels_last", *,
        dilation: Size = 1, ceil_mode: Flag = False, return_indices: Literal[False] = False,
        index_kind: IndexKind = "plane", nan_policy: NanPolicy = "propagate",
        out: Array | None = None, workers: SupportsIndex | None = None,
    ) -> Array: ...
    @overload
    def __call__(
        self, x: ArrayLike, pool_size: Size, strides: Size | None = None,
        padding: Padding = "valid", data_format: DataFormat = "channels_last", *,
        dilation: Size = 1, ceil_mode: Flag = False, return_indices: Literal[True],
        index_kind: IndexKind = "plane", nan_policy: NanPolicy = "propagate",
        out: PairOut = None, workers: SupportsIndex | None = None,
    ) -> Pair: ...
    @overload
    def __call__(
        self, x: ArrayLike, pool_size: Size, strides: Size | None = None,
        padding: Padding = "valid", data_format: DataFormat = "channels_last", *,
        dilation: Size = 1, ceil_mode: Flag = False, return_indices: Flag,
        index_kind: IndexKind = "plane", nan_policy: NanPolicy = "propagate",
        out: None = None, workers: SupportsIndex | None = None,
    ) -> Array | Pair: ...


def of_windows(function: Callable[..., Any]) -> OfWindows:
    return function


class OfPlanes(Protocol):
    @overload
    def __call__(
        self, x: ArrayLike, data_format: DataFormat = "channels_last", *, keepdims: Flag = False,
        return_indices: Literal[False] = False, index_kind: PlaneKind = "plane",
        nan_policy: NanPolicy = "propagate", out: Array | None = None,
        workers: SupportsIndex | None = None,
    ) -> Array: ...
    @overload
    def __call__(
        self, x: ArrayLike, data_format: DataFormat = "channels_last", *, keepdims: Flag = False,
        return_indices: Literal[True], index_kind: PlaneKind = "plane",
        nan_policy: NanPolicy = "propagate", out: PairOut = None,
        workers: SupportsIndex | None = None,
    ) -> Pair: ...
    @overload
    def __call__(
        self, x: ArrayLike, data_format: DataFormat = "channels_last", *, keepdims: Flag = False,
        return_indices: Flag, index_kind: PlaneKind = "plane",
        nan_policy: NanPolicy = "propagate", out: None = None,
        workers: SupportsIndex | None = None,
    ) -> Array | Pair: ...


def of_planes(function: Callable[..., Any]) -> OfPlanes:
    return function


class OfBins(Protocol):
    @overload
    def __call__(
        self, x: ArrayLike, output_size: Size, data_format: DataFormat = "channels_last", *,
        return_indices: Literal[False] = False, index_kind: PlaneKind = "plane",
        out: Array | None = None, workers: SupportsIndex | None = None,
    ) -> Array: ...
    @overload
    def __call__(
        self, x: ArrayLike, output_size: Size, data_format: DataFormat = "channels_last", *,
        return_indices: Literal[True], index_kind: PlaneKind = "plane",
        out: PairOut = None, workers: SupportsIndex | None = None,
    ) -> Pair: ...
    @overload
    def __call__(
        self, x: ArrayLike, output_size: Size, data_format: DataFormat = "channels_last", *,
        return_indices: Flag, index_kind: PlaneKind = "plane",
        out: None = None, workers: SupportsIndex | None = None,
    ) -> Array | Pair: ...


def of_bins(function: Callable[..., Any]) -> OfBins:
    return function


class OfAnyAxes(Protocol):
    @overload
    def __call__(
        self, x: ArrayLike, pool_size: Size, strides: Size | None = None,
        padding: Padding = "valid", *, op: Op = "max", axes: Size | None = None,
        dilation: Size = 1, ceil_mode: Flag = False, return_indices: Literal[False] = False,
        index_kind: AnyAxesKind = "plane", count_include_pad: Flag = False,
        divisor_override: SupportsIndex | None = None, dtype: DTypeLike | None = None,
        rounding: Rounding = "half_even", norm_type: Number | None = None,
        nan_policy: NanPolicy = "propagate", out: Array | None = None,
        workers: SupportsIndex | None = None,
    ) -> Array: ...
    @overload
    def __call__(
        self, x: ArrayLike, pool_size: Size, strides: Size | None = None,
        padding: Padding = "valid", *, op: Ordered = "max", axes: Size | None = None,
        dilation: Size = 1, ceil_mode: Flag = False, return_indices: Literal[True],
        index_kind: AnyAxesKind = "plane", count_include_pad: Flag = False,
        divisor_override: SupportsIndex | None = None, dtype: DTypeLike | None = None,
        rounding: Rounding = "half_even", norm_type: Number | None = None,
        nan_policy: NanPolicy = "propagate", out: PairOut = None,
        workers: SupportsIndex | None = None,
    ) -> Pair: ...
    @overload
    def __call__(
        self, x: ArrayLike, pool_size: Size, strides: Size | None = None,
        padding: Padding = "valid", *, op: Ordered = "max", axes: Size | None = None,
        dilation: Size = 1, ceil_mode: Flag = False, return_indices: Flag,
        index_kind: AnyAxesKind = "plane", count_include_pad: Flag = False,
        divisor_override: SupportsIndex | None = None, dtype: DTypeLike | None = None,
        rounding: Rounding = "half_even", norm_type: Number | None = None,
        nan_policy: NanPolicy = "propagate", out: None = None,
        workers: SupportsIndex | None = None,
    ) -> Array | Pair: ...


def of_any_axes(function: Callable[..., Any]) -> OfAnyAxes:
    return function
