"""The public functions: a signature, a docstring and one call each."""

from __future__ import annotations

from typing import SupportsIndex

from numpy.typing import ArrayLike, DTypeLike

from pypool import _backward, _call, _core, _overloads, _plan
from pypool._types import (
    AnyAxesKind,
    Array,
    DataFormat,
    Flag,
    IndexKind,
    NanPolicy,
    Number,
    Op,
    Out,
    Padding,
    Pair,
    PlaneKind,
    Rounding,
    Shape,
    Size,
)

PLANE = "plane"
"""What `index_kind` is by default: anything else is looked at even where no indices are wanted."""


@_overloads.of_windows
def max_pool1d(
    x: ArrayLike,
    pool_size: Size,
    strides: Size | None = None,
    padding: Padding = "valid",
    data_format: DataFormat = "channels_last",
    *,
    dilation: Size = 1,
    ceil_mode: Flag = False,
    return_indices: Flag = False,
    index_kind: IndexKind = "plane",
    nan_policy: NanPolicy = "propagate",
    out: Out = None,
    workers: SupportsIndex | None = None,
) -> Array | Pair:
    """Largest element of each window that slides over one axis.

    Parameters
    ----------
    x : array_like
        Of shape ``(length)``, without channels, or with them and any batch axes before: ``(...,
        length, channels)``, or ``(..., channels, length)`` with ``data_format="channels_first"``.
        Boolean, integer, float16, float32, float64 or bfloat16; any strides; never written.
    pool_size, strides, padding, data_format, dilation, ceil_mode
        As in `max_pool2d`, for one axis.
    return_indices, index_kind, nan_policy, out, workers
        As in `max_pool2d`.

    Returns
    -------
    ndarray or tuple of ndarray
        Of the dtype of `x`.  A spatial axis of n elements becomes one of
        ``floor((n + before + after - reach) / stride) + 1``, where
        ``reach = dilation*(pool_size - 1) + 1``; with ``"same"``, of ``ceil(n / stride)``.
        With `return_indices` a pair ``(values, indices)``, both of this shape.

    Raises
    ------
    TypeError
        If an argument or the dtype of `x` is of the wrong kind.
    ValueError
        If a number is out of range or a window would hold no element of `x`.
    MemoryError
        If the result does not fit.

    Notes
    -----
    Names, shapes and padding are those of Keras's ``MaxPooling1D``; `dilation`, `ceil_mode` and
    `return_indices` are PyTorch's.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> pypool.max_pool1d(np.array([1, 5, 2, 4]), 2)
    array([5, 4])
    >>> pypool.max_pool1d(np.array([1, 5, 2, 4]), 2, return_indices=True)
    (array([5, 4]), array([1, 3]))
    """
    how = ("max", 1, pool_size, strides, padding, data_format, dilation, ceil_mode, nan_policy)
    if return_indices is False and index_kind is PLANE:
        return _core.pool(x, how, out, workers)
    return _call.pool_with_indices(x, how, return_indices, index_kind, out, workers)


@_overloads.of_windows
def max_pool2d(
    x: ArrayLike,
    pool_size: Size,
    strides: Size | None = None,
    padding: Padding = "valid",
    data_format: DataFormat = "channels_last",
    *,
    dilation: Size = 1,
    ceil_mode: Flag = False,
    return_indices: Flag = False,
    index_kind: IndexKind = "plane",
    nan_policy: NanPolicy = "propagate",
    out: Out = None,
    workers: SupportsIndex | None = None,
) -> Array | Pair:
    """Largest element of each window that slides over two axes.

    Parameters
    ----------
    x : array_like
        Of shape ``(height, width)``, without channels, or with them and any batch axes before:
        ``(..., height, width, channels)``, or ``(..., channels, height, width)`` with
        ``data_format="channels_first"``. Boolean, integer, float16, float32, float64 or bfloat16;
        any strides; never written.
    pool_size : int or sequence of int
        Elements of a window along each axis, at least 1: one number for all, or one each.
    strides : int or sequence of int, optional
        Elements from one window to the next; `pool_size` if left out.
    padding : {"valid", "same", "same_lower"}, int, or sequence of int or of pairs
        How far windows may reach past the input: not at all; so far that there are
        ``ceil(n / stride)`` outputs, an odd element after (``"same"``) or before; or by this many
        elements, for all axes and ends, for each axis, or as a ``(before, after)`` pair for each.
        Padding never takes part in the result.
    data_format : {"channels_last", "channels_first"}, optional
        Where channels are.  Without effect on an array that has none.
    dilation : int or sequence of int
        Elements from one tap of a window to the next.
    ceil_mode : bool
        Keep the last window where it overhangs the input.
    return_indices : bool
        Also return where each result was found, for `max_pool2d_backward` and `max_unpool2d`.
    index_kind : {"plane", "sample", "tensor", "window"}
        What an index counts: elements of the spatial plane, ``h*width + w`` in both data formats;
        elements of one sample, or of the whole of `x`, as laid out by its axes; or positions in
        the window, padded ones too, in row-major order.  Without effect without `return_indices`.
    nan_policy : {"propagate", "omit"}
        A NaN in the window gives NaN; or is skipped, and nothing but NaN gives NaN.
    out : ndarray or tuple of ndarray, optional
        Where the result goes: of its exact shape, any strides.  May overlap `x`.  With
        `return_indices` a pair ``(values, indices)``, either of which may be None; indices go to
        any integers that hold every place.
    workers : int, optional
        Most threads to use; see `get_workers`.

    Returns
    -------
    ndarray or tuple of ndarray
        Of the dtype of `x`.  A spatial axis of n elements becomes one of
        ``floor((n + before + after - reach) / stride) + 1``, where
        ``reach = dilation*(pool_size - 1) + 1``; with ``"same"``, of ``ceil(n / stride)``.
        With `return_indices` a pair ``(values, indices)``, both of this shape.  Indices are int64,
        of kind ``"window"`` the smallest of uint8, uint16 and uint32 that holds them; of equal
        elements the first in row-major order of the window has it, and of NaN the first.

    Raises
    ------
    TypeError
        If an argument or the dtype of `x` is of the wrong kind.
    ValueError
        If a number is out of range or a window would hold no element of `x`.
    MemoryError
        If the result does not fit.

    Notes
    -----
    Names, shapes and padding are those of Keras's ``MaxPooling2D``; `dilation`, `ceil_mode` and
    `return_indices` are PyTorch's.  Indices of kind ``"plane"`` are those of PyTorch, but that of
    several NaN the first has it, not the last; ``"sample"`` those of TensorFlow's
    ``max_pool_with_argmax``, ``"tensor"`` those of ONNX's ``MaxPool``.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> pypool.max_pool2d(np.arange(16).reshape(4, 4), 2)
    array([[ 5,  7],
           [13, 15]])
    >>> values, indices = pypool.max_pool2d(np.array([[1, 9], [4, 2]]), 2, return_indices=True)
    >>> values, indices
    (array([[9]]), array([[1]]))
    """
    how = ("max", 2, pool_size, strides, padding, data_format, dilation, ceil_mode, nan_policy)
    if return_indices is False and index_kind is PLANE:
        return _core.pool(x, how, out, workers)
    return _call.pool_with_indices(x, how, return_indices, index_kind, out, workers)


@_overloads.of_windows
def max_pool3d(
    x: ArrayLike,
    pool_size: Size,
    strides: Size | None = None,
    padding: Padding = "valid",
    data_format: DataFormat = "channels_last",
    *,
    dilation: Size = 1,
    ceil_mode: Flag = False,
    return_indices: Flag = False,
    index_kind: IndexKind = "plane",
    nan_policy: NanPolicy = "propagate",
    out: Out = None,
    workers: SupportsIndex | None = None,
) -> Array | Pair:
    """Largest element of each window that slides over three axes.

    Parameters
    ----------
    x : array_like
        Of shape ``(depth, height, width)``, without channels, or with them and any batch axes
        before: ``(..., depth, height, width, channels)``, or ``(..., channels, depth, height,
        width)`` with ``data_format="channels_first"``. Boolean, integer, float16, float32, float64
        or bfloat16; any strides; never written.
    pool_size, strides, padding, data_format, dilation, ceil_mode
        As in `max_pool2d`, for three axes.
    return_indices, index_kind, nan_policy, out, workers
        As in `max_pool2d`.

    Returns
    -------
    ndarray or tuple of ndarray
        Of the dtype of `x`.  A spatial axis of n elements becomes one of
        ``floor((n + before + after - reach) / stride) + 1``, where
        ``reach = dilation*(pool_size - 1) + 1``; with ``"same"``, of ``ceil(n / stride)``.
        With `return_indices` a pair ``(values, indices)``, both of this shape.

    Raises
    ------
    TypeError
        If an argument or the dtype of `x` is of the wrong kind.
    ValueError
        If a number is out of range or a window would hold no element of `x`.
    MemoryError
        If the result does not fit.

    Notes
    -----
    Names, shapes and padding are those of Keras's ``MaxPooling3D``; `dilation`, `ceil_mode` and
    `return_indices` are PyTorch's.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> pypool.max_pool3d(np.arange(8).reshape(2, 2, 2), 2)
    array([[[7]]])
    >>> pypool.max_pool3d(np.arange(8).reshape(2, 2, 2), 2, return_indices=True)
    (array([[[7]]]), array([[[7]]]))
    """
    how = ("max", 3, pool_size, strides, padding, data_format, dilation, ceil_mode, nan_policy)
    if return_indices is False and index_kind is PLANE:
        return _core.pool(x, how, out, workers)
    return _call.pool_with_indices(x, how, return_indices, index_kind, out, workers)


@_overloads.of_windows
def min_pool1d(
    x: ArrayLike,
    pool_size: Size,
    strides: Size | None = None,
    padding: Padding = "valid",
    data_format: DataFormat = "channels_last",
    *,
    dilation: Size = 1,
    ceil_mode: Flag = False,
    return_indices: Flag = False,
    index_kind: IndexKind = "plane",
    nan_policy: NanPolicy = "propagate",
    out: Out = None,
    workers: SupportsIndex | None = None,
) -> Array | Pair:
    """Smallest element of each window that slides over one axis.

    Parameters
    ----------
    x : array_like
        Of shape ``(length)``, without channels, or with them and any batch axes before: ``(...,
        length, channels)``, or ``(..., channels, length)`` with ``data_format="channels_first"``.
        Boolean, integer, float16, float32, float64 or bfloat16; any strides; never written.
    pool_size, strides, padding, data_format, dilation, ceil_mode
        As in `max_pool2d`, for one axis.
    return_indices, index_kind, nan_policy, out, workers
        As in `max_pool2d`.

    Returns
    -------
    ndarray or tuple of ndarray
        Of the dtype of `x`.  A spatial axis of n elements becomes one of
        ``floor((n + before + after - reach) / stride) + 1``, where
        ``reach = dilation*(pool_size - 1) + 1``; with ``"same"``, of ``ceil(n / stride)``.
        With `return_indices` a pair ``(values, indices)``, both of this shape.

    Raises
    ------
    TypeError
        If an argument or the dtype of `x` is of the wrong kind.
    ValueError
        If a number is out of range or a window would hold no element of `x`.
    MemoryError
        If the result does not fit.

    Notes
    -----
    The value is that of ``numpy.min`` over the window; names, shapes and padding are those of
    `max_pool1d`.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> pypool.min_pool1d(np.array([1, 5, 2, 4]), 2)
    array([1, 2])
    >>> pypool.min_pool1d(np.array([1, 5, 2, 4]), 2, return_indices=True)
    (array([1, 2]), array([0, 2]))
    """
    how = ("min", 1, pool_size, strides, padding, data_format, dilation, ceil_mode, nan_policy)
    if return_indices is False and index_kind is PLANE:
        return _core.pool(x, how, out, workers)
    return _call.pool_with_indices(x, how, return_indices, index_kind, out, workers)


@_overloads.of_windows
def min_pool2d(
    x: ArrayLike,
    pool_size: Size,
    strides: Size | None = None,
    padding: Padding = "valid",
    data_format: DataFormat = "channels_last",
    *,
    dilation: Size = 1,
    ceil_mode: Flag = False,
    return_indices: Flag = False,
    index_kind: IndexKind = "plane",
    nan_policy: NanPolicy = "propagate",
    out: Out = None,
    workers: SupportsIndex | None = None,
) -> Array | Pair:
    """Smallest element of each window that slides over two axes.

    Parameters
    ----------
    x : array_like
        Of shape ``(height, width)``, without channels, or with them and any batch axes before:
        ``(..., height, width, channels)``, or ``(..., channels, height, width)`` with
        ``data_format="channels_first"``. Boolean, integer, float16, float32, float64 or bfloat16;
        any strides; never written.
    pool_size, strides, padding, data_format, dilation, ceil_mode
        As in `max_pool2d`.
    return_indices, index_kind, nan_policy, out, workers
        As in `max_pool2d`.

    Returns
    -------
    ndarray or tuple of ndarray
        Of the dtype of `x`.  A spatial axis of n elements becomes one of
        ``floor((n + before + after - reach) / stride) + 1``, where
        ``reach = dilation*(pool_size - 1) + 1``; with ``"same"``, of ``ceil(n / stride)``.
        With `return_indices` a pair ``(values, indices)``, both of this shape.

    Raises
    ------
    TypeError
        If an argument or the dtype of `x` is of the wrong kind.
    ValueError
        If a number is out of range or a window would hold no element of `x`.
    MemoryError
        If the result does not fit.

    Notes
    -----
    The value is that of ``numpy.min`` over the window; names, shapes and padding are those of
    `max_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> pypool.min_pool2d(np.arange(16).reshape(4, 4), 2)
    array([[ 0,  2],
           [ 8, 10]])
    >>> values, indices = pypool.min_pool2d(np.array([[3, 9], [4, 2]]), 2, return_indices=True)
    >>> values, indices
    (array([[2]]), array([[3]]))
    """
    how = ("min", 2, pool_size, strides, padding, data_format, dilation, ceil_mode, nan_policy)
    if return_indices is False and index_kind is PLANE:
        return _core.pool(x, how, out, workers)
    return _call.pool_with_indices(x, how, return_indices, index_kind, out, workers)


@_overloads.of_windows
def min_pool3d(
    x: ArrayLike,
    pool_size: Size,
    strides: Size | None = None,
    padding: Padding = "valid",
    data_format: DataFormat = "channels_last",
    *,
    dilation: Size = 1,
    ceil_mode: Flag = False,
    return_indices: Flag = False,
    index_kind: IndexKind = "plane",
    nan_policy: NanPolicy = "propagate",
    out: Out = None,
    workers: SupportsIndex | None = None,
) -> Array | Pair:
    """Smallest element of each window that slides over three axes.

    Parameters
    ----------
    x : array_like
        Of shape ``(depth, height, width)``, without channels, or with them and any batch axes
        before: ``(..., depth, height, width, channels)``, or ``(..., channels, depth, height,
        width)`` with ``data_format="channels_first"``. Boolean, integer, float16, float32, float64
        or bfloat16; any strides; never written.
    pool_size, strides, padding, data_format, dilation, ceil_mode
        As in `max_pool2d`, for three axes.
    return_indices, index_kind, nan_policy, out, workers
        As in `max_pool2d`.

    Returns
    -------
    ndarray or tuple of ndarray
        Of the dtype of `x`.  A spatial axis of n elements becomes one of
        ``floor((n + before + after - reach) / stride) + 1``, where
        ``reach = dilation*(pool_size - 1) + 1``; with ``"same"``, of ``ceil(n / stride)``.
        With `return_indices` a pair ``(values, indices)``, both of this shape.

    Raises
    ------
    TypeError
        If an argument or the dtype of `x` is of the wrong kind.
    ValueError
        If a number is out of range or a window would hold no element of `x`.
    MemoryError
        If the result does not fit.

    Notes
    -----
    The value is that of ``numpy.min`` over the window; names, shapes and padding are those of
    `max_pool3d`.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> pypool.min_pool3d(np.arange(8).reshape(2, 2, 2), 2)
    array([[[0]]])
    >>> pypool.min_pool3d(np.arange(8).reshape(2, 2, 2), 2, return_indices=True)
    (array([[[0]]]), array([[[0]]]))
    """
    how = ("min", 3, pool_size, strides, padding, data_format, dilation, ceil_mode, nan_policy)
    if return_indices is False and index_kind is PLANE:
        return _core.pool(x, how, out, workers)
    return _call.pool_with_indices(x, how, return_indices, index_kind, out, workers)


def avg_pool1d(
    x: ArrayLike,
    pool_size: Size,
    strides: Size | None = None,
    padding: Padding = "valid",
    data_format: DataFormat = "channels_last",
    *,
    dilation: Size = 1,
    ceil_mode: Flag = False,
    count_include_pad: Flag = False,
    divisor_override: SupportsIndex | None = None,
    dtype: DTypeLike | None = None,
    rounding: Rounding = "half_even",
    nan_policy: NanPolicy = "propagate",
    out: Array | None = None,
    workers: SupportsIndex | None = None,
) -> Array:
    """Average of each window that slides over one axis.

    Parameters
    ----------
    x : array_like
        Of shape ``(length)``, without channels, or with them and any batch axes before: ``(...,
        length, channels)``, or ``(..., channels, length)`` with ``data_format="channels_first"``.
        Boolean, integer, float16, float32, float64 or bfloat16; any strides; never written.
    pool_size, strides, padding, data_format, dilation, ceil_mode
        As in `avg_pool2d`, for one axis.
    count_include_pad, divisor_override, dtype, rounding, nan_policy, out, workers
        As in `avg_pool2d`.

    Returns
    -------
    ndarray
        Of `dtype`.  A spatial axis of n elements becomes one of
        ``floor((n + before + after - reach) / stride) + 1``, where
        ``reach = dilation*(pool_size - 1) + 1``; with ``"same"``, of ``ceil(n / stride)``.

    Raises
    ------
    TypeError
        If an argument or the dtype of `x` is of the wrong kind.
    ValueError
        If a number is out of range or a window would hold no element of `x`.
    MemoryError
        If the result does not fit.

    Notes
    -----
    Names, shapes and padding are those of Keras's ``AveragePooling1D``; `ceil_mode` and
    `count_include_pad` are PyTorch's, where padding counts by default.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> pypool.avg_pool1d(np.array([1.0, 5.0, 2.0, 4.0]), 2)
    array([3., 3.])
    """
    how = (
        "avg", 1, pool_size, strides, padding, data_format, dilation, ceil_mode, nan_policy,
        count_include_pad, divisor_override, dtype, rounding,
    )  # fmt: skip
    return _core.pool(x, how, out, workers)


def avg_pool2d(
    x: ArrayLike,
    pool_size: Size,
    strides: Size | None = None,
    padding: Padding = "valid",
    data_format: DataFormat = "channels_last",
    *,
    dilation: Size = 1,
    ceil_mode: Flag = False,
    count_include_pad: Flag = False,
    divisor_override: SupportsIndex | None = None,
    dtype: DTypeLike | None = None,
    rounding: Rounding = "half_even",
    nan_policy: NanPolicy = "propagate",
    out: Array | None = None,
    workers: SupportsIndex | None = None,
) -> Array:
    """Average of each window that slides over two axes.

    Parameters
    ----------
    x : array_like
        Of shape ``(height, width)``, without channels, or with them and any batch axes before:
        ``(..., height, width, channels)``, or ``(..., channels, height, width)`` with
        ``data_format="channels_first"``. Boolean, integer, float16, float32, float64 or bfloat16;
        any strides; never written.
    pool_size, strides, padding, data_format, dilation, ceil_mode
        As in `max_pool2d`.
    count_include_pad : bool
        Divide by padding too, but not by what `ceil_mode` overhangs.
    divisor_override : int, optional
        Divide by this instead of the count.
    dtype : dtype, optional
        Of the result.  If left out: of floats their own, of booleans and integers float64.  An
        integer one makes the average exact, and rounded once.  One that cannot hold every element
        of an integer `x` is refused; so are integers of floats, and float16 of bfloat16.
    rounding : {"half_even", "half_up", "floor", "trunc"}
        How an integer average is rounded; ``"half_up"`` rounds ties towards infinity.
    nan_policy, out, workers
        As in `max_pool2d`.

    Returns
    -------
    ndarray
        Of `dtype`.  A spatial axis of n elements becomes one of
        ``floor((n + before + after - reach) / stride) + 1``, where
        ``reach = dilation*(pool_size - 1) + 1``; with ``"same"``, of ``ceil(n / stride)``.

    Raises
    ------
    TypeError
        If an argument or the dtype of `x` is of the wrong kind.
    ValueError
        If a number is out of range or a window would hold no element of `x`.
    MemoryError
        If the result does not fit.

    Notes
    -----
    Names, shapes and padding are those of Keras's ``AveragePooling2D``; `ceil_mode`,
    `count_include_pad` and `divisor_override` are PyTorch's, where padding counts by default.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> pypool.avg_pool2d(np.arange(16).reshape(4, 4), 2)
    array([[ 2.5,  4.5],
           [10.5, 12.5]])
    """
    how = (
        "avg", 2, pool_size, strides, padding, data_format, dilation, ceil_mode, nan_policy,
        count_include_pad, divisor_override, dtype, rounding,
    )  # fmt: skip
    return _core.pool(x, how, out, workers)


def avg_pool3d(
    x: ArrayLike,
    pool_size: Size,
    strides: Size | None = None,
    padding: Padding = "valid",
    data_format: DataFormat = "channels_last",
    *,
    dilation: Size = 1,
    ceil_mode: Flag = False,
    count_include_pad: Flag = False,
    divisor_override: SupportsIndex | None = None,
    dtype: DTypeLike | None = None,
    rounding: Rounding = "half_even",
    nan_policy: NanPolicy = "propagate",
    out: Array | None = None,
    workers: SupportsIndex | None = None,
) -> Array:
    """Average of each window that slides over three axes.

    Parameters
    ----------
    x : array_like
        Of shape ``(depth, height, width)``, without channels, or with them and any batch axes
        before: ``(..., depth, height, width, channels)``, or ``(..., channels, depth, height,
        width)`` with ``data_format="channels_first"``. Boolean, integer, float16, float32, float64
        or bfloat16; any strides; never written.
    pool_size, strides, padding, data_format, dilation, ceil_mode
        As in `avg_pool2d`, for three axes.
    count_include_pad, divisor_override, dtype, rounding, nan_policy, out, workers
        As in `avg_pool2d`.

    Returns
    -------
    ndarray
        Of `dtype`.  A spatial axis of n elements becomes one of
        ``floor((n + before + after - reach) / stride) + 1``, where
        ``reach = dilation*(pool_size - 1) + 1``; with ``"same"``, of ``ceil(n / stride)``.

    Raises
    ------
    TypeError
        If an argument or the dtype of `x` is of the wrong kind.
    ValueError
        If a number is out of range or a window would hold no element of `x`.
    MemoryError
        If the result does not fit.

    Notes
    -----
    Names, shapes and padding are those of Keras's ``AveragePooling3D``; `ceil_mode`,
    `count_include_pad` and `divisor_override` are PyTorch's, where padding counts by default.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> pypool.avg_pool3d(np.arange(8).reshape(2, 2, 2), 2)
    array([[[3.5]]])
    """
    how = (
        "avg", 3, pool_size, strides, padding, data_format, dilation, ceil_mode, nan_policy,
        count_include_pad, divisor_override, dtype, rounding,
    )  # fmt: skip
    return _core.pool(x, how, out, workers)


def sum_pool1d(
    x: ArrayLike,
    pool_size: Size,
    strides: Size | None = None,
    padding: Padding = "valid",
    data_format: DataFormat = "channels_last",
    *,
    dilation: Size = 1,
    ceil_mode: Flag = False,
    dtype: DTypeLike | None = None,
    nan_policy: NanPolicy = "propagate",
    out: Array | None = None,
    workers: SupportsIndex | None = None,
) -> Array:
    """Sum of each window that slides over one axis.

    Parameters
    ----------
    x : array_like
        Of shape ``(length)``, without channels, or with them and any batch axes before: ``(...,
        length, channels)``, or ``(..., channels, length)`` with ``data_format="channels_first"``.
        Boolean, integer, float16, float32, float64 or bfloat16; any strides; never written.
    pool_size, strides, padding, data_format, dilation, ceil_mode
        As in `sum_pool2d`, for one axis.
    dtype, nan_policy, out, workers
        As in `sum_pool2d`.

    Returns
    -------
    ndarray
        Of `dtype`.  A spatial axis of n elements becomes one of
        ``floor((n + before + after - reach) / stride) + 1``, where
        ``reach = dilation*(pool_size - 1) + 1``; with ``"same"``, of ``ceil(n / stride)``.

    Raises
    ------
    TypeError
        If an argument or the dtype of `x` is of the wrong kind.
    ValueError
        If a number is out of range or a window would hold no element of `x`.
    MemoryError
        If the result does not fit.

    Notes
    -----
    Sums and their dtype are those of ``numpy.sum`` over each window, of floats up to rounding;
    names, shapes and padding are those of `max_pool1d`.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> pypool.sum_pool1d(np.array([1, 5, 2, 4]), 3, 1)
    array([ 8, 11])
    """
    how = (
        "sum", 1, pool_size, strides, padding, data_format, dilation, ceil_mode, nan_policy,
        False, None, dtype,
    )  # fmt: skip
    return _core.pool(x, how, out, workers)


def sum_pool2d(
    x: ArrayLike,
    pool_size: Size,
    strides: Size | None = None,
    padding: Padding = "valid",
    data_format: DataFormat = "channels_last",
    *,
    dilation: Size = 1,
    ceil_mode: Flag = False,
    dtype: DTypeLike | None = None,
    nan_policy: NanPolicy = "propagate",
    out: Array | None = None,
    workers: SupportsIndex | None = None,
) -> Array:
    """Sum of each window that slides over two axes.

    Parameters
    ----------
    x : array_like
        Of shape ``(height, width)``, without channels, or with them and any batch axes before:
        ``(..., height, width, channels)``, or ``(..., channels, height, width)`` with
        ``data_format="channels_first"``. Boolean, integer, float16, float32, float64 or bfloat16;
        any strides; never written.
    pool_size, strides, padding, data_format, dilation, ceil_mode
        As in `max_pool2d`.
    dtype : dtype, optional
        Of the result.  If left out, as `numpy.sum`: int64 of booleans and signed integers, uint64
        of unsigned ones, of floats their own.  An integer one may be narrower: sums past it wrap
        around.  A float that cannot hold every element of an integer `x` is refused.
    nan_policy, out, workers
        As in `max_pool2d`.

    Returns
    -------
    ndarray
        Of `dtype`.  A spatial axis of n elements becomes one of
        ``floor((n + before + after - reach) / stride) + 1``, where
        ``reach = dilation*(pool_size - 1) + 1``; with ``"same"``, of ``ceil(n / stride)``.

    Raises
    ------
    TypeError
        If an argument or the dtype of `x` is of the wrong kind.
    ValueError
        If a number is out of range or a window would hold no element of `x`.
    MemoryError
        If the result does not fit.

    Notes
    -----
    Sums and their dtype are those of ``numpy.sum`` over each window, of floats up to rounding;
    names, shapes and padding are those of `max_pool2d`.  Halves add up in float32.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> pypool.sum_pool2d(np.arange(16).reshape(4, 4), 2)
    array([[10, 18],
           [42, 50]])
    """
    how = (
        "sum", 2, pool_size, strides, padding, data_format, dilation, ceil_mode, nan_policy,
        False, None, dtype,
    )  # fmt: skip
    return _core.pool(x, how, out, workers)


def sum_pool3d(
    x: ArrayLike,
    pool_size: Size,
    strides: Size | None = None,
    padding: Padding = "valid",
    data_format: DataFormat = "channels_last",
    *,
    dilation: Size = 1,
    ceil_mode: Flag = False,
    dtype: DTypeLike | None = None,
    nan_policy: NanPolicy = "propagate",
    out: Array | None = None,
    workers: SupportsIndex | None = None,
) -> Array:
    """Sum of each window that slides over three axes.

    Parameters
    ----------
    x : array_like
        Of shape ``(depth, height, width)``, without channels, or with them and any batch axes
        before: ``(..., depth, height, width, channels)``, or ``(..., channels, depth, height,
        width)`` with ``data_format="channels_first"``. Boolean, integer, float16, float32, float64
        or bfloat16; any strides; never written.
    pool_size, strides, padding, data_format, dilation, ceil_mode
        As in `sum_pool2d`, for three axes.
    dtype, nan_policy, out, workers
        As in `sum_pool2d`.

    Returns
    -------
    ndarray
        Of `dtype`.  A spatial axis of n elements becomes one of
        ``floor((n + before + after - reach) / stride) + 1``, where
        ``reach = dilation*(pool_size - 1) + 1``; with ``"same"``, of ``ceil(n / stride)``.

    Raises
    ------
    TypeError
        If an argument or the dtype of `x` is of the wrong kind.
    ValueError
        If a number is out of range or a window would hold no element of `x`.
    MemoryError
        If the result does not fit.

    Notes
    -----
    Sums and their dtype are those of ``numpy.sum`` over each window, of floats up to rounding;
    names, shapes and padding are those of `max_pool3d`.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> pypool.sum_pool3d(np.arange(8).reshape(2, 2, 2), 2)
    array([[[28]]])
    """
    how = (
        "sum", 3, pool_size, strides, padding, data_format, dilation, ceil_mode, nan_policy,
        False, None, dtype,
    )  # fmt: skip
    return _core.pool(x, how, out, workers)


def lp_pool1d(
    x: ArrayLike,
    norm_type: Number,
    pool_size: Size,
    strides: Size | None = None,
    padding: Padding = "valid",
    data_format: DataFormat = "channels_last",
    *,
    dilation: Size = 1,
    ceil_mode: Flag = False,
    out: Array | None = None,
    workers: SupportsIndex | None = None,
) -> Array:
    """Norm ``(sum |x|**p) ** (1/p)`` of each window that slides over one axis.

    Parameters
    ----------
    x : array_like
        Of shape ``(length)``, without channels, or with them and any batch axes before: ``(...,
        length, channels)``, or ``(..., channels, length)`` with ``data_format="channels_first"``.
        Boolean, integer, float16, float32, float64 or bfloat16; any strides; never written.
    norm_type, pool_size, strides, padding, data_format, dilation, ceil_mode
        As in `lp_pool2d`, for one axis.
    out, workers
        As in `lp_pool2d`.

    Returns
    -------
    ndarray
        Of the dtype of `x`, or float64 where that is boolean or integer.  A spatial axis of n
        elements becomes one of ``floor((n + before + after - reach) / stride) + 1``, where
        ``reach = dilation*(pool_size - 1) + 1``; with ``"same"``, of ``ceil(n / stride)``.

    Raises
    ------
    TypeError
        If an argument or the dtype of `x` is of the wrong kind.
    ValueError
        If a number is out of range or a window would hold no element of `x`.
    MemoryError
        If the result does not fit.

    Notes
    -----
    The formula is that of ONNX's ``LpPool``, the name `norm_type` that of PyTorch's
    ``LPPool1d``.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> pypool.lp_pool1d(np.array([3.0, -4.0, 0.0, 2.0]), 2, 2)
    array([5., 2.])
    """
    return _call.pool_lp(
        1, x, norm_type, pool_size, strides, padding, data_format, dilation, ceil_mode, out, workers
    )


def lp_pool2d(
    x: ArrayLike,
    norm_type: Number,
    pool_size: Size,
    strides: Size | None = None,
    padding: Padding = "valid",
    data_format: DataFormat = "channels_last",
    *,
    dilation: Size = 1,
    ceil_mode: Flag = False,
    out: Array | None = None,
    workers: SupportsIndex | None = None,
) -> Array:
    """Norm ``(sum |x|**p) ** (1/p)`` of each window that slides over two axes.

    Parameters
    ----------
    x : array_like
        Of shape ``(height, width)``, without channels, or with them and any batch axes before:
        ``(..., height, width, channels)``, or ``(..., channels, height, width)`` with
        ``data_format="channels_first"``. Boolean, integer, float16, float32, float64 or bfloat16;
        any strides; never written.
    norm_type : float
        The p of the formula: a positive number; ``numpy.inf`` gives the largest magnitude.
    pool_size, strides, padding, data_format, dilation, ceil_mode
        As in `max_pool2d`.
    out, workers
        As in `max_pool2d`.

    Returns
    -------
    ndarray
        Of the dtype of `x`, or float64 where that is boolean or integer.  A spatial axis of n
        elements becomes one of ``floor((n + before + after - reach) / stride) + 1``, where
        ``reach = dilation*(pool_size - 1) + 1``; with ``"same"``, of ``ceil(n / stride)``.

    Raises
    ------
    TypeError
        If an argument or the dtype of `x` is of the wrong kind.
    ValueError
        If a number is out of range or a window would hold no element of `x`.
    MemoryError
        If the result does not fit.

    Notes
    -----
    The formula is that of ONNX's ``LpPool``, the name `norm_type` PyTorch's; but PyTorch's
    ``LPPool2d`` takes no magnitude, so that it differs for odd p where elements are negative.
    Halves add up in float32.  A NaN in the window gives NaN.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> pypool.lp_pool2d(np.array([[3.0, -4.0], [0.0, 0.0]]), 2, 2)
    array([[5.]])
    >>> pypool.lp_pool2d(np.array([[3.0, -4.0], [0.0, 0.0]]), np.inf, 2)
    array([[4.]])
    """
    return _call.pool_lp(
        2, x, norm_type, pool_size, strides, padding, data_format, dilation, ceil_mode, out, workers
    )


def lp_pool3d(
    x: ArrayLike,
    norm_type: Number,
    pool_size: Size,
    strides: Size | None = None,
    padding: Padding = "valid",
    data_format: DataFormat = "channels_last",
    *,
    dilation: Size = 1,
    ceil_mode: Flag = False,
    out: Array | None = None,
    workers: SupportsIndex | None = None,
) -> Array:
    """Norm ``(sum |x|**p) ** (1/p)`` of each window that slides over three axes.

    Parameters
    ----------
    x : array_like
        Of shape ``(depth, height, width)``, without channels, or with them and any batch axes
        before: ``(..., depth, height, width, channels)``, or ``(..., channels, depth, height,
        width)`` with ``data_format="channels_first"``. Boolean, integer, float16, float32, float64
        or bfloat16; any strides; never written.
    norm_type, pool_size, strides, padding, data_format, dilation, ceil_mode
        As in `lp_pool2d`, for three axes.
    out, workers
        As in `lp_pool2d`.

    Returns
    -------
    ndarray
        Of the dtype of `x`, or float64 where that is boolean or integer.  A spatial axis of n
        elements becomes one of ``floor((n + before + after - reach) / stride) + 1``, where
        ``reach = dilation*(pool_size - 1) + 1``; with ``"same"``, of ``ceil(n / stride)``.

    Raises
    ------
    TypeError
        If an argument or the dtype of `x` is of the wrong kind.
    ValueError
        If a number is out of range or a window would hold no element of `x`.
    MemoryError
        If the result does not fit.

    Notes
    -----
    The formula is that of ONNX's ``LpPool``, the name `norm_type` PyTorch's.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> pypool.lp_pool3d(np.ones((2, 2, 4)), 3, 2)
    array([[[2., 2.]]])
    """
    return _call.pool_lp(
        3, x, norm_type, pool_size, strides, padding, data_format, dilation, ceil_mode, out, workers
    )


@_overloads.of_planes
def global_max_pool1d(
    x: ArrayLike,
    data_format: DataFormat = "channels_last",
    *,
    keepdims: Flag = False,
    return_indices: Flag = False,
    index_kind: PlaneKind = "plane",
    nan_policy: NanPolicy = "propagate",
    out: Out = None,
    workers: SupportsIndex | None = None,
) -> Array | Pair:
    """Largest element over the whole of the spatial axis.

    Parameters
    ----------
    x : array_like
        Of shape ``(length)``, without channels, or with them and any batch axes before: ``(...,
        length, channels)``, or ``(..., channels, length)`` with ``data_format="channels_first"``.
        Boolean, integer, float16, float32, float64 or bfloat16; any strides; never written.
        No spatial axis may be empty.
    data_format : {"channels_last", "channels_first"}, optional
        Where channels are.  Without effect on an array that has none.
    keepdims : bool
        Keep the spatial axes, each of one element.
    return_indices : bool
        Also return where each result was found, for `global_max_pool1d_backward`.
    index_kind : {"plane", "sample", "tensor"}
        What an index counts; see `max_pool2d`.
    nan_policy : {"propagate", "omit"}
        A NaN gives NaN; or is skipped, and nothing but NaN gives NaN.
    out : ndarray or tuple of ndarray, optional
        Where the result goes: of its exact shape, any strides.  May overlap `x`.  With
        `return_indices` a pair ``(values, indices)``, either of which may be None.
    workers : int, optional
        Most threads to use; see `get_workers`.

    Returns
    -------
    ndarray or tuple of ndarray
        Of the dtype of `x`.  Without `keepdims`, the axes that are not spatial.  With
        `return_indices` a pair ``(values, indices)``, both of this shape; indices are int64.

    Raises
    ------
    TypeError
        If an argument or the dtype of `x` is of the wrong kind.
    ValueError
        If a number is out of range or a spatial axis is empty.
    MemoryError
        If the result does not fit.

    Notes
    -----
    Names and shapes are those of Keras's ``GlobalMaxPooling1D``.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> pypool.global_max_pool1d(np.array([[1, 8], [5, 2]]))
    array([5, 8])
    >>> pypool.global_max_pool1d(np.array([[1, 8], [5, 2]]), return_indices=True)
    (array([5, 8]), array([1, 0]))
    """
    how = ("global", "max", 1, keepdims, data_format, nan_policy)
    if return_indices is False and index_kind is PLANE:
        return _core.pool(x, how, out, workers)
    return _call.pool_with_indices(x, how, return_indices, index_kind, out, workers)


@_overloads.of_planes
def global_max_pool2d(
    x: ArrayLike,
    data_format: DataFormat = "channels_last",
    *,
    keepdims: Flag = False,
    return_indices: Flag = False,
    index_kind: PlaneKind = "plane",
    nan_policy: NanPolicy = "propagate",
    out: Out = None,
    workers: SupportsIndex | None = None,
) -> Array | Pair:
    """Largest element over the whole of the spatial axes.

    Parameters
    ----------
    x : array_like
        Of shape ``(height, width)``, without channels, or with them and any batch axes before:
        ``(..., height, width, channels)``, or ``(..., channels, height, width)`` with
        ``data_format="channels_first"``. Boolean, integer, float16, float32, float64 or bfloat16;
        any strides; never written.  No spatial axis may be empty.
    data_format : {"channels_last", "channels_first"}, optional
        Where channels are.  Without effect on an array that has none.
    keepdims : bool
        Keep the spatial axes, each of one element.
    return_indices : bool
        Also return where each result was found, for `global_max_pool2d_backward`.
    index_kind : {"plane", "sample", "tensor"}
        What an index counts; see `max_pool2d`.
    nan_policy : {"propagate", "omit"}
        A NaN gives NaN; or is skipped, and nothing but NaN gives NaN.
    out : ndarray or tuple of ndarray, optional
        Where the result goes: of its exact shape, any strides.  May overlap `x`.  With
        `return_indices` a pair ``(values, indices)``, either of which may be None.
    workers : int, optional
        Most threads to use; see `get_workers`.

    Returns
    -------
    ndarray or tuple of ndarray
        Of the dtype of `x`.  Without `keepdims`, the axes that are not spatial.  With
        `return_indices` a pair ``(values, indices)``, both of this shape; indices are int64.

    Raises
    ------
    TypeError
        If an argument or the dtype of `x` is of the wrong kind.
    ValueError
        If a number is out of range or a spatial axis is empty.
    MemoryError
        If the result does not fit.

    Notes
    -----
    Names and shapes are those of Keras's ``GlobalMaxPooling2D``.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> pypool.global_max_pool2d(np.arange(8).reshape(2, 2, 2))
    array([6, 7])
    >>> pypool.global_max_pool2d(np.arange(8).reshape(2, 2, 2), return_indices=True)
    (array([6, 7]), array([3, 3]))
    """
    how = ("global", "max", 2, keepdims, data_format, nan_policy)
    if return_indices is False and index_kind is PLANE:
        return _core.pool(x, how, out, workers)
    return _call.pool_with_indices(x, how, return_indices, index_kind, out, workers)


@_overloads.of_planes
def global_max_pool3d(
    x: ArrayLike,
    data_format: DataFormat = "channels_last",
    *,
    keepdims: Flag = False,
    return_indices: Flag = False,
    index_kind: PlaneKind = "plane",
    nan_policy: NanPolicy = "propagate",
    out: Out = None,
    workers: SupportsIndex | None = None,
) -> Array | Pair:
    """Largest element over the whole of the spatial axes.

    Parameters
    ----------
    x : array_like
        Of shape ``(depth, height, width)``, without channels, or with them and any batch axes
        before: ``(..., depth, height, width, channels)``, or ``(..., channels, depth, height,
        width)`` with ``data_format="channels_first"``. Boolean, integer, float16, float32, float64
        or bfloat16; any strides; never written.  No spatial axis may be empty.
    data_format : {"channels_last", "channels_first"}, optional
        Where channels are.  Without effect on an array that has none.
    keepdims : bool
        Keep the spatial axes, each of one element.
    return_indices : bool
        Also return where each result was found, for `global_max_pool3d_backward`.
    index_kind : {"plane", "sample", "tensor"}
        What an index counts; see `max_pool2d`.
    nan_policy : {"propagate", "omit"}
        A NaN gives NaN; or is skipped, and nothing but NaN gives NaN.
    out : ndarray or tuple of ndarray, optional
        Where the result goes: of its exact shape, any strides.  May overlap `x`.  With
        `return_indices` a pair ``(values, indices)``, either of which may be None.
    workers : int, optional
        Most threads to use; see `get_workers`.

    Returns
    -------
    ndarray or tuple of ndarray
        Of the dtype of `x`.  Without `keepdims`, the axes that are not spatial.  With
        `return_indices` a pair ``(values, indices)``, both of this shape; indices are int64.

    Raises
    ------
    TypeError
        If an argument or the dtype of `x` is of the wrong kind.
    ValueError
        If a number is out of range or a spatial axis is empty.
    MemoryError
        If the result does not fit.

    Notes
    -----
    Names and shapes are those of Keras's ``GlobalMaxPooling3D``.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> pypool.global_max_pool3d(np.arange(8).reshape(2, 2, 1, 2), keepdims=True)
    array([[[[6, 7]]]])
    >>> pypool.global_max_pool3d(np.arange(8).reshape(2, 2, 2), return_indices=True)
    (array(7), array(7))
    """
    how = ("global", "max", 3, keepdims, data_format, nan_policy)
    if return_indices is False and index_kind is PLANE:
        return _core.pool(x, how, out, workers)
    return _call.pool_with_indices(x, how, return_indices, index_kind, out, workers)


def global_avg_pool1d(
    x: ArrayLike,
    data_format: DataFormat = "channels_last",
    *,
    keepdims: Flag = False,
    dtype: DTypeLike | None = None,
    rounding: Rounding = "half_even",
    nan_policy: NanPolicy = "propagate",
    out: Array | None = None,
    workers: SupportsIndex | None = None,
) -> Array:
    """Average over the whole of the spatial axis.

    Parameters
    ----------
    x : array_like
        Of shape ``(length)``, without channels, or with them and any batch axes before: ``(...,
        length, channels)``, or ``(..., channels, length)`` with ``data_format="channels_first"``.
        Boolean, integer, float16, float32, float64 or bfloat16; any strides; never written.
        No spatial axis may be empty.
    data_format : {"channels_last", "channels_first"}, optional
        Where channels are.  Without effect on an array that has none.
    keepdims : bool
        Keep the spatial axes, each of one element.
    dtype : dtype, optional
        Of the result.  If left out: of floats their own, of booleans and integers float64.  An
        integer one makes the average exact, and rounded once.  One that cannot hold every element
        of an integer `x` is refused; so are integers of floats, and float16 of bfloat16.
    rounding : {"half_even", "half_up", "floor", "trunc"}
        How an integer average is rounded; ``"half_up"`` rounds ties towards infinity.
    nan_policy : {"propagate", "omit"}
        A NaN gives NaN; or is skipped, and nothing but NaN gives NaN.
    out : ndarray, optional
        Where the result goes: of its exact shape, any strides.  May overlap `x`.
    workers : int, optional
        Most threads to use; see `get_workers`.

    Returns
    -------
    ndarray
        Of `dtype`.  Without `keepdims`, the axes that are not spatial.

    Raises
    ------
    TypeError
        If an argument or the dtype of `x` is of the wrong kind.
    ValueError
        If a number is out of range or a spatial axis is empty.
    MemoryError
        If the result does not fit.

    Notes
    -----
    Names and shapes are those of Keras's ``GlobalAveragePooling1D``.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> pypool.global_avg_pool1d(np.array([[1, 8], [5, 2]]))
    array([3., 5.])
    """
    how = ("global", "avg", 1, keepdims, data_format, nan_policy, dtype, rounding)
    return _core.pool(x, how, out, workers)


def global_avg_pool2d(
    x: ArrayLike,
    data_format: DataFormat = "channels_last",
    *,
    keepdims: Flag = False,
    dtype: DTypeLike | None = None,
    rounding: Rounding = "half_even",
    nan_policy: NanPolicy = "propagate",
    out: Array | None = None,
    workers: SupportsIndex | None = None,
) -> Array:
    """Average over the whole of the spatial axes.

    Parameters
    ----------
    x : array_like
        Of shape ``(height, width)``, without channels, or with them and any batch axes before:
        ``(..., height, width, channels)``, or ``(..., channels, height, width)`` with
        ``data_format="channels_first"``. Boolean, integer, float16, float32, float64 or bfloat16;
        any strides; never written.  No spatial axis may be empty.
    data_format : {"channels_last", "channels_first"}, optional
        Where channels are.  Without effect on an array that has none.
    keepdims : bool
        Keep the spatial axes, each of one element.
    dtype : dtype, optional
        Of the result.  If left out: of floats their own, of booleans and integers float64.  An
        integer one makes the average exact, and rounded once.  One that cannot hold every element
        of an integer `x` is refused; so are integers of floats, and float16 of bfloat16.
    rounding : {"half_even", "half_up", "floor", "trunc"}
        How an integer average is rounded; ``"half_up"`` rounds ties towards infinity.
    nan_policy : {"propagate", "omit"}
        A NaN gives NaN; or is skipped, and nothing but NaN gives NaN.
    out : ndarray, optional
        Where the result goes: of its exact shape, any strides.  May overlap `x`.
    workers : int, optional
        Most threads to use; see `get_workers`.

    Returns
    -------
    ndarray
        Of `dtype`.  Without `keepdims`, the axes that are not spatial.

    Raises
    ------
    TypeError
        If an argument or the dtype of `x` is of the wrong kind.
    ValueError
        If a number is out of range or a spatial axis is empty.
    MemoryError
        If the result does not fit.

    Notes
    -----
    Names and shapes are those of Keras's ``GlobalAveragePooling2D``.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> pypool.global_avg_pool2d(np.arange(8).reshape(2, 2, 2))
    array([3., 4.])
    """
    how = ("global", "avg", 2, keepdims, data_format, nan_policy, dtype, rounding)
    return _core.pool(x, how, out, workers)


def global_avg_pool3d(
    x: ArrayLike,
    data_format: DataFormat = "channels_last",
    *,
    keepdims: Flag = False,
    dtype: DTypeLike | None = None,
    rounding: Rounding = "half_even",
    nan_policy: NanPolicy = "propagate",
    out: Array | None = None,
    workers: SupportsIndex | None = None,
) -> Array:
    """Average over the whole of the spatial axes.

    Parameters
    ----------
    x : array_like
        Of shape ``(depth, height, width)``, without channels, or with them and any batch axes
        before: ``(..., depth, height, width, channels)``, or ``(..., channels, depth, height,
        width)`` with ``data_format="channels_first"``. Boolean, integer, float16, float32, float64
        or bfloat16; any strides; never written.  No spatial axis may be empty.
    data_format : {"channels_last", "channels_first"}, optional
        Where channels are.  Without effect on an array that has none.
    keepdims : bool
        Keep the spatial axes, each of one element.
    dtype : dtype, optional
        Of the result.  If left out: of floats their own, of booleans and integers float64.  An
        integer one makes the average exact, and rounded once.  One that cannot hold every element
        of an integer `x` is refused; so are integers of floats, and float16 of bfloat16.
    rounding : {"half_even", "half_up", "floor", "trunc"}
        How an integer average is rounded; ``"half_up"`` rounds ties towards infinity.
    nan_policy : {"propagate", "omit"}
        A NaN gives NaN; or is skipped, and nothing but NaN gives NaN.
    out : ndarray, optional
        Where the result goes: of its exact shape, any strides.  May overlap `x`.
    workers : int, optional
        Most threads to use; see `get_workers`.

    Returns
    -------
    ndarray
        Of `dtype`.  Without `keepdims`, the axes that are not spatial.

    Raises
    ------
    TypeError
        If an argument or the dtype of `x` is of the wrong kind.
    ValueError
        If a number is out of range or a spatial axis is empty.
    MemoryError
        If the result does not fit.

    Notes
    -----
    Names and shapes are those of Keras's ``GlobalAveragePooling3D``.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> pypool.global_avg_pool3d(np.arange(8).reshape(2, 2, 1, 2), keepdims=True)
    array([[[[3., 4.]]]])
    """
    how = ("global", "avg", 3, keepdims, data_format, nan_policy, dtype, rounding)
    return _core.pool(x, how, out, workers)


@_overloads.of_bins
def adaptive_max_pool1d(
    x: ArrayLike,
    output_size: Size,
    data_format: DataFormat = "channels_last",
    *,
    return_indices: Flag = False,
    index_kind: PlaneKind = "plane",
    out: Out = None,
    workers: SupportsIndex | None = None,
) -> Array | Pair:
    """Largest element of each of `output_size` windows that share one axis out evenly.

    Parameters
    ----------
    x : array_like
        Of shape ``(length)``, without channels, or with them and any batch axes before: ``(...,
        length, channels)``, or ``(..., channels, length)`` with ``data_format="channels_first"``.
        Boolean, integer, float16, float32, float64 or bfloat16; any strides; never written.
    output_size, data_format, return_indices, out, workers
        As in `adaptive_max_pool2d`, for one axis.
    index_kind : {"plane", "sample", "tensor"}
        What an index counts; see `max_pool2d`.

    Returns
    -------
    ndarray or tuple of ndarray
        Of the dtype of `x`, its spatial axes of `output_size` elements.  Element o of m over an
        axis of n covers ``floor(o*n / m)`` to ``ceil((o + 1)*n / m)``, less the last.  With
        `return_indices` a pair ``(values, indices)``, both of this shape; indices are int64.

    Raises
    ------
    TypeError
        If an argument or the dtype of `x` is of the wrong kind.
    ValueError
        If a number is out of range or a spatial axis is empty.
    MemoryError
        If the result does not fit.

    Notes
    -----
    Names and windows are those of PyTorch's ``AdaptiveMaxPool1d``: no two need be of one size,
    and they may overlap by an element.  A NaN in a window gives NaN.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> pypool.adaptive_max_pool1d(np.array([1, 5, 2, 4, 3]), 2)
    array([5, 4])
    """
    how = ("adaptive", "max", 1, output_size, data_format)
    if return_indices is False and index_kind is PLANE:
        return _core.pool(x, how, out, workers)
    return _call.pool_with_indices(x, how, return_indices, index_kind, out, workers)


@_overloads.of_bins
def adaptive_max_pool2d(
    x: ArrayLike,
    output_size: Size,
    data_format: DataFormat = "channels_last",
    *,
    return_indices: Flag = False,
    index_kind: PlaneKind = "plane",
    out: Out = None,
    workers: SupportsIndex | None = None,
) -> Array | Pair:
    """Largest element of each of `output_size` windows that share two axes out evenly.

    Parameters
    ----------
    x : array_like
        Of shape ``(height, width)``, without channels, or with them and any batch axes before:
        ``(..., height, width, channels)``, or ``(..., channels, height, width)`` with
        ``data_format="channels_first"``. Boolean, integer, float16, float32, float64 or bfloat16;
        any strides; never written.
    output_size : int or sequence of int
        Elements of the result along each axis, at least 1: one number for all, or one each.
    data_format : {"channels_last", "channels_first"}, optional
        Where channels are.  Without effect on an array that has none.
    return_indices : bool
        Also return where each result was found, for `adaptive_max_pool2d_backward`.
    index_kind : {"plane", "sample", "tensor"}
        What an index counts; see `max_pool2d`.
    out : ndarray or tuple of ndarray, optional
        Where the result goes: of its exact shape, any strides.  May overlap `x`.  With
        `return_indices` a pair ``(values, indices)``, either of which may be None.
    workers : int, optional
        Most threads to use; see `get_workers`.

    Returns
    -------
    ndarray or tuple of ndarray
        Of the dtype of `x`, its spatial axes of `output_size` elements.  Element o of m over an
        axis of n covers ``floor(o*n / m)`` to ``ceil((o + 1)*n / m)``, less the last.  With
        `return_indices` a pair ``(values, indices)``, both of this shape; indices are int64.

    Raises
    ------
    TypeError
        If an argument or the dtype of `x` is of the wrong kind.
    ValueError
        If a number is out of range or a spatial axis is empty.
    MemoryError
        If the result does not fit.

    Notes
    -----
    Names and windows are those of PyTorch's ``AdaptiveMaxPool2d``: no two need be of one size,
    and they may overlap by an element.  A NaN in a window gives NaN.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> pypool.adaptive_max_pool2d(np.arange(20).reshape(4, 5), (2, 3))
    array([[ 6,  8,  9],
           [16, 18, 19]])
    >>> values, indices = pypool.adaptive_max_pool2d(np.eye(4), 2, return_indices=True)
    >>> indices
    array([[ 0,  2],
           [ 8, 10]])
    """
    how = ("adaptive", "max", 2, output_size, data_format)
    if return_indices is False and index_kind is PLANE:
        return _core.pool(x, how, out, workers)
    return _call.pool_with_indices(x, how, return_indices, index_kind, out, workers)


@_overloads.of_bins
def adaptive_max_pool3d(
    x: ArrayLike,
    output_size: Size,
    data_format: DataFormat = "channels_last",
    *,
    return_indices: Flag = False,
    index_kind: PlaneKind = "plane",
    out: Out = None,
    workers: SupportsIndex | None = None,
) -> Array | Pair:
    """Largest element of each of `output_size` windows that share three axes out evenly.

    Parameters
    ----------
    x : array_like
        Of shape ``(depth, height, width)``, without channels, or with them and any batch axes
        before: ``(..., depth, height, width, channels)``, or ``(..., channels, depth, height,
        width)`` with ``data_format="channels_first"``. Boolean, integer, float16, float32, float64
        or bfloat16; any strides; never written.
    output_size, data_format, return_indices, out, workers
        As in `adaptive_max_pool2d`, for three axes.
    index_kind : {"plane", "sample", "tensor"}
        What an index counts; see `max_pool2d`.

    Returns
    -------
    ndarray or tuple of ndarray
        Of the dtype of `x`, its spatial axes of `output_size` elements.  Element o of m over an
        axis of n covers ``floor(o*n / m)`` to ``ceil((o + 1)*n / m)``, less the last.  With
        `return_indices` a pair ``(values, indices)``, both of this shape; indices are int64.

    Raises
    ------
    TypeError
        If an argument or the dtype of `x` is of the wrong kind.
    ValueError
        If a number is out of range or a spatial axis is empty.
    MemoryError
        If the result does not fit.

    Notes
    -----
    Names and windows are those of PyTorch's ``AdaptiveMaxPool3d``: no two need be of one size,
    and they may overlap by an element.  A NaN in a window gives NaN.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> pypool.adaptive_max_pool3d(np.arange(12).reshape(2, 2, 3), (1, 1, 2))
    array([[[10, 11]]])
    """
    how = ("adaptive", "max", 3, output_size, data_format)
    if return_indices is False and index_kind is PLANE:
        return _core.pool(x, how, out, workers)
    return _call.pool_with_indices(x, how, return_indices, index_kind, out, workers)


def adaptive_avg_pool1d(
    x: ArrayLike,
    output_size: Size,
    data_format: DataFormat = "channels_last",
    *,
    out: Array | None = None,
    workers: SupportsIndex | None = None,
) -> Array:
    """Average of each of `output_size` windows that share one axis out evenly.

    Parameters
    ----------
    x : array_like
        Of shape ``(length)``, without channels, or with them and any batch axes before: ``(...,
        length, channels)``, or ``(..., channels, length)`` with ``data_format="channels_first"``.
        Boolean, integer, float16, float32, float64 or bfloat16; any strides; never written.
    output_size, data_format, out, workers
        As in `adaptive_avg_pool2d`, for one axis.

    Returns
    -------
    ndarray
        Of the dtype of `x`, or float64 where that is boolean or integer; its spatial axes of
        `output_size` elements.  Element o of m over an axis of n covers ``floor(o*n / m)`` to
        ``ceil((o + 1)*n / m)``, less the last.

    Raises
    ------
    TypeError
        If an argument or the dtype of `x` is of the wrong kind.
    ValueError
        If a number is out of range or a spatial axis is empty.
    MemoryError
        If the result does not fit.

    Notes
    -----
    Names and windows are those of PyTorch's ``AdaptiveAvgPool1d``: no two need be of one size,
    and they may overlap by an element.  A NaN in a window gives NaN.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> pypool.adaptive_avg_pool1d(np.array([1, 5, 3, 4, 2]), 2)
    array([3., 3.])
    """
    return _core.pool(x, ("adaptive", "avg", 1, output_size, data_format), out, workers)


def adaptive_avg_pool2d(
    x: ArrayLike,
    output_size: Size,
    data_format: DataFormat = "channels_last",
    *,
    out: Array | None = None,
    workers: SupportsIndex | None = None,
) -> Array:
    """Average of each of `output_size` windows that share two axes out evenly.

    Parameters
    ----------
    x : array_like
        Of shape ``(height, width)``, without channels, or with them and any batch axes before:
        ``(..., height, width, channels)``, or ``(..., channels, height, width)`` with
        ``data_format="channels_first"``. Boolean, integer, float16, float32, float64 or bfloat16;
        any strides; never written.
    output_size, data_format, workers
        As in `adaptive_max_pool2d`.
    out : ndarray, optional
        Where the result goes: of its exact shape, any strides.  May overlap `x`.

    Returns
    -------
    ndarray
        Of the dtype of `x`, or float64 where that is boolean or integer; its spatial axes of
        `output_size` elements.  Element o of m over an axis of n covers ``floor(o*n / m)`` to
        ``ceil((o + 1)*n / m)``, less the last.

    Raises
    ------
    TypeError
        If an argument or the dtype of `x` is of the wrong kind.
    ValueError
        If a number is out of range or a spatial axis is empty.
    MemoryError
        If the result does not fit.

    Notes
    -----
    Names and windows are those of PyTorch's ``AdaptiveAvgPool2d``: no two need be of one size,
    and they may overlap by an element.  A NaN in a window gives NaN.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> pypool.adaptive_avg_pool2d(np.arange(20).reshape(4, 5), (2, 3))
    array([[ 3. ,  4.5,  6. ],
           [13. , 14.5, 16. ]])
    """
    return _core.pool(x, ("adaptive", "avg", 2, output_size, data_format), out, workers)


def adaptive_avg_pool3d(
    x: ArrayLike,
    output_size: Size,
    data_format: DataFormat = "channels_last",
    *,
    out: Array | None = None,
    workers: SupportsIndex | None = None,
) -> Array:
    """Average of each of `output_size` windows that share three axes out evenly.

    Parameters
    ----------
    x : array_like
        Of shape ``(depth, height, width)``, without channels, or with them and any batch axes
        before: ``(..., depth, height, width, channels)``, or ``(..., channels, depth, height,
        width)`` with ``data_format="channels_first"``. Boolean, integer, float16, float32, float64
        or bfloat16; any strides; never written.
    output_size, data_format, out, workers
        As in `adaptive_avg_pool2d`, for three axes.

    Returns
    -------
    ndarray
        Of the dtype of `x`, or float64 where that is boolean or integer; its spatial axes of
        `output_size` elements.  Element o of m over an axis of n covers ``floor(o*n / m)`` to
        ``ceil((o + 1)*n / m)``, less the last.

    Raises
    ------
    TypeError
        If an argument or the dtype of `x` is of the wrong kind.
    ValueError
        If a number is out of range or a spatial axis is empty.
    MemoryError
        If the result does not fit.

    Notes
    -----
    Names and windows are those of PyTorch's ``AdaptiveAvgPool3d``: no two need be of one size,
    and they may overlap by an element.  A NaN in a window gives NaN.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> pypool.adaptive_avg_pool3d(np.arange(12).reshape(2, 2, 3), (1, 1, 2))
    array([[[5., 6.]]])
    """
    return _core.pool(x, ("adaptive", "avg", 3, output_size, data_format), out, workers)


def max_unpool1d(
    x: ArrayLike,
    indices: ArrayLike,
    pool_size: Size,
    strides: Size | None = None,
    padding: Padding = "valid",
    data_format: DataFormat = "channels_last",
    *,
    output_shape: Shape | None = None,
    index_kind: IndexKind = "plane",
    out: Array | None = None,
    workers: SupportsIndex | None = None,
) -> Array:
    """Zeros with each element of `x` where max pooling over one axis found it.

    Parameters
    ----------
    x : array_like
        Of shape ``(length)``, without channels, or with them and any batch axes before: ``(...,
        length, channels)``, or ``(..., channels, length)`` with ``data_format="channels_first"``.
        Boolean, integer, float16, float32, float64 or bfloat16; any strides; never written.
    indices : array_like of int
        Where each element of `x` goes; see `max_unpool2d`.
    pool_size, strides, padding, data_format, index_kind
        As in the call of `max_pool1d` that gave `indices`.
    output_shape, out, workers
        As in `max_unpool2d`, for one axis.

    Returns
    -------
    ndarray
        Of the dtype of `x`.  A spatial axis of n elements becomes one of `output_shape`, or without
        it of ``(n - 1)*stride - before - after + pool_size``, and an empty one stays empty; the
        other axes keep their size.  Zero where no index points; where an index comes twice, the
        last in row-major order of `x` is kept.

    Raises
    ------
    TypeError
        If an argument or a dtype is of the wrong kind.
    ValueError
        If a number is out of range, shapes do not match, or an index points outside the result.
    MemoryError
        If the result does not fit.

    Notes
    -----
    The shapes are those of PyTorch's ``MaxUnpool1d``, as for `max_unpool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> values, indices = pypool.max_pool1d(np.array([1, 5, 2, 4]), 2, return_indices=True)
    >>> pypool.max_unpool1d(values, indices, 2)
    array([0, 5, 0, 4])
    """
    return _backward.unpool(
        1, x, indices, pool_size, strides, padding, data_format, output_shape, index_kind, out,
        workers,
    )  # fmt: skip


def max_unpool2d(
    x: ArrayLike,
    indices: ArrayLike,
    pool_size: Size,
    strides: Size | None = None,
    padding: Padding = "valid",
    data_format: DataFormat = "channels_last",
    *,
    output_shape: Shape | None = None,
    index_kind: IndexKind = "plane",
    out: Array | None = None,
    workers: SupportsIndex | None = None,
) -> Array:
    """Zeros with each element of `x` where max pooling over two axes found it.

    Parameters
    ----------
    x : array_like
        Of shape ``(height, width)``, without channels, or with them and any batch axes before:
        ``(..., height, width, channels)``, or ``(..., channels, height, width)`` with
        ``data_format="channels_first"``. Boolean, integer, float16, float32, float64 or bfloat16;
        any strides; never written.
    indices : array_like of int
        Where each element of `x` goes, of its shape: what `max_pool2d` gave with
        ``return_indices=True``.  Any integer dtype.
    pool_size, strides, padding, data_format, index_kind
        As in the call of `max_pool2d` that gave `indices`.
    output_shape : sequence of int, optional
        Shape of the spatial axes of the result, or of all of its axes.  If left out, a spatial
        axis of n elements becomes one of ``(n - 1)*stride - before - after + pool_size``, where
        ``"valid"`` and ``"same"`` are no padding.  Indices of kind ``"window"`` need it
        where padding ``"same"`` or ``"same_lower"`` may have been before the input.
    out : ndarray, optional
        Where the result goes: of its exact shape, any strides.  May overlap `x`.
    workers : int, optional
        Most threads to use; see `get_workers`.

    Returns
    -------
    ndarray
        Of the dtype of `x`.  A spatial axis of n elements becomes one of `output_shape`, or without
        it of ``(n - 1)*stride - before - after + pool_size``, and an empty one stays empty; the
        other axes keep their size.  Zero where no index points; where an index comes twice, the
        last in row-major order of `x` is kept.

    Raises
    ------
    TypeError
        If an argument or a dtype is of the wrong kind.
    ValueError
        If a number is out of range, shapes do not match, or an index points outside the result.
    MemoryError
        If the result does not fit.

    Notes
    -----
    The shapes are those of PyTorch's ``MaxUnpool2d``; `output_shape` is its ``output_size``, and
    also what ONNX's ``MaxUnpool`` takes.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> x = np.array([[1, 9, 3], [4, 2, 8]])
    >>> values, indices = pypool.max_pool2d(x, 2, return_indices=True)
    >>> pypool.max_unpool2d(values, indices, 2)
    array([[0, 9],
           [0, 0]])
    >>> pypool.max_unpool2d(values, indices, 2, output_shape=x.shape)
    array([[0, 9, 0],
           [0, 0, 0]])
    """
    return _backward.unpool(
        2, x, indices, pool_size, strides, padding, data_format, output_shape, index_kind, out,
        workers,
    )  # fmt: skip


def max_unpool3d(
    x: ArrayLike,
    indices: ArrayLike,
    pool_size: Size,
    strides: Size | None = None,
    padding: Padding = "valid",
    data_format: DataFormat = "channels_last",
    *,
    output_shape: Shape | None = None,
    index_kind: IndexKind = "plane",
    out: Array | None = None,
    workers: SupportsIndex | None = None,
) -> Array:
    """Zeros with each element of `x` where max pooling over three axes found it.

    Parameters
    ----------
    x : array_like
        Of shape ``(depth, height, width)``, without channels, or with them and any batch axes
        before: ``(..., depth, height, width, channels)``, or ``(..., channels, depth, height,
        width)`` with ``data_format="channels_first"``. Boolean, integer, float16, float32, float64
        or bfloat16; any strides; never written.
    indices : array_like of int
        Where each element of `x` goes; see `max_unpool2d`.
    pool_size, strides, padding, data_format, index_kind
        As in the call of `max_pool3d` that gave `indices`.
    output_shape, out, workers
        As in `max_unpool2d`, for three axes.

    Returns
    -------
    ndarray
        Of the dtype of `x`.  A spatial axis of n elements becomes one of `output_shape`, or without
        it of ``(n - 1)*stride - before - after + pool_size``, and an empty one stays empty; the
        other axes keep their size.  Zero where no index points; where an index comes twice, the
        last in row-major order of `x` is kept.

    Raises
    ------
    TypeError
        If an argument or a dtype is of the wrong kind.
    ValueError
        If a number is out of range, shapes do not match, or an index points outside the result.
    MemoryError
        If the result does not fit.

    Notes
    -----
    The shapes are those of PyTorch's ``MaxUnpool3d``, as for `max_unpool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> x = np.arange(8).reshape(2, 2, 2)
    >>> values, indices = pypool.max_pool3d(x, 2, return_indices=True)
    >>> pypool.max_unpool3d(values, indices, 2)
    array([[[0, 0],
            [0, 0]],
    <BLANKLINE>
           [[0, 0],
            [0, 7]]])
    """
    return _backward.unpool(
        3, x, indices, pool_size, strides, padding, data_format, output_shape, index_kind, out,
        workers,
    )  # fmt: skip


@_overloads.of_any_axes
def pool(
    x: ArrayLike,
    pool_size: Size,
    strides: Size | None = None,
    padding: Padding = "valid",
    *,
    op: Op = "max",
    axes: Size | None = None,
    dilation: Size = 1,
    ceil_mode: Flag = False,
    return_indices: Flag = False,
    index_kind: AnyAxesKind = "plane",
    count_include_pad: Flag = False,
    divisor_override: SupportsIndex | None = None,
    dtype: DTypeLike | None = None,
    rounding: Rounding = "half_even",
    norm_type: Number | None = None,
    nan_policy: NanPolicy = "propagate",
    out: Out = None,
    workers: SupportsIndex | None = None,
) -> Array | Pair:
    """Pool any axes of an array of any rank.

    Parameters
    ----------
    x : array_like
        Of any rank from 1.  Boolean, integer, float16, float32, float64 or bfloat16; any strides;
        never written or copied whole.
    pool_size, strides, padding, dilation, ceil_mode
        As in `max_pool2d`; sequences have one entry for each of `axes`, in their order.
    op : {"max", "min", "avg", "sum", "lp"}
        What is made of a window.
    axes : int or sequence of int, optional
        The axes to pool, each once, negative ones from the end; all if left out.
    return_indices, index_kind
        As in `max_pool2d`; for ``op="max"`` and ``op="min"`` only.  The plane of ``"plane"`` is
        that of the pooled axes, in their order in `x`; ``"sample"`` does not apply.
    count_include_pad, divisor_override, rounding
        As in `avg_pool2d`; for ``op="avg"`` only.
    dtype : dtype, optional
        As in `avg_pool2d` and `sum_pool2d`; for those ops only.
    norm_type : float
        As in `lp_pool2d`; for ``op="lp"`` only, and needed there.
    nan_policy
        As in `max_pool2d`; not for ``op="lp"``.
    out, workers
        As in `max_pool2d`.

    Returns
    -------
    ndarray or tuple of ndarray
        With as many axes as `x`; those that are not pooled keep their size.  With `return_indices`
        a pair ``(values, indices)``, both of this shape.

    Raises
    ------
    TypeError
        If an argument or the dtype of `x` is of the wrong kind, or an option is not one of `op`.
    ValueError
        If a number is out of range or a window would hold no element of `x`.
    MemoryError
        If the result does not fit.

    Notes
    -----
    A window has what `max_pool2d`, `min_pool2d`, `avg_pool2d`, `sum_pool2d` or `lp_pool2d` makes of
    it; `axes` is that of SciPy's ``ndimage.maximum_filter``.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> x = np.arange(12).reshape(3, 4)
    >>> pypool.pool(x, 2, op="sum", axes=1)
    array([[ 1,  5],
           [ 9, 13],
           [17, 21]])
    >>> values, indices = pypool.pool(x, 3, axes=0, return_indices=True)
    >>> indices
    array([[2, 2, 2, 2]])
    """
    op = _plan.op_of(  # type: ignore[assignment]
        op, return_indices=return_indices, index_kind=index_kind, norm_type=norm_type,
        count_include_pad=count_include_pad, divisor_override=divisor_override, dtype=dtype,
        rounding=rounding,
    )  # fmt: skip
    if op == "lp":
        if norm_type is None:
            raise TypeError("norm_type must be a positive number with op='lp', got None")
        if _plan.one_of("nan_policy", nan_policy, _plan.NAN_POLICIES) != "propagate":
            raise TypeError(f"nan_policy must be 'propagate' with op='lp', got {nan_policy!r}")
        return _call.pool_lp(
            None, x, norm_type, pool_size, strides, padding, axes, dilation, ceil_mode, out, workers
        )
    how = (
        op, None, pool_size, strides, padding, axes, dilation, ceil_mode, nan_policy,
        count_include_pad, divisor_override, dtype, rounding,
    )  # fmt: skip
    if return_indices is False and index_kind is PLANE:
        return _core.pool(x, how, out, workers)
    return _call.pool_with_indices(x, how, return_indices, index_kind, out, workers)
