"""The public functions: a signature, a docstring and one call each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from numpy.typing import ArrayLike, DTypeLike, NDArray

from pypool import _call, _core, _plan

Size = int | Sequence[int]
Padding = str | int | Sequence[int] | Sequence[tuple[int, int]]
DataFormat = Literal["channels_last", "channels_first"] | None
NanPolicy = Literal["propagate", "omit"]
Rounding = Literal["half_even", "half_up", "floor", "trunc"]
Array = NDArray[Any]


def max_pool1d(
    x: ArrayLike,
    pool_size: Size,
    strides: Size | None = None,
    padding: Padding = "valid",
    data_format: DataFormat = "channels_last",
    *,
    dilation: Size = 1,
    ceil_mode: bool = False,
    nan_policy: NanPolicy = "propagate",
    out: Array | None = None,
    workers: int | None = None,
) -> Array:
    """Largest element of each window that slides over one axis.

    Parameters
    ----------
    x : array_like
        Of shape ``(length)``, without channels, or with them and any batch axes before: ``(...,
        length, channels)``, or ``(..., channels, length)`` with ``data_format="channels_first"``.
        Boolean, integer, float16, float32, float64 or bfloat16; any strides; never written.
    pool_size, strides, padding, data_format, dilation, ceil_mode
        As in `max_pool2d`, for one axis.
    nan_policy, out, workers
        As in `max_pool2d`.

    Returns
    -------
    ndarray
        Of the dtype of `x`.  A spatial axis of n elements becomes one of
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
    Names, shapes and padding are those of Keras's ``MaxPooling1D``; `dilation` and `ceil_mode` are
    PyTorch's.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> pypool.max_pool1d(np.array([1, 5, 2, 4]), 2)
    array([5, 4])
    """
    how = ("max", 1, pool_size, strides, padding, data_format, dilation, ceil_mode, nan_policy)
    return _core.pool(x, how, out, workers)


def max_pool2d(
    x: ArrayLike,
    pool_size: Size,
    strides: Size | None = None,
    padding: Padding = "valid",
    data_format: DataFormat = "channels_last",
    *,
    dilation: Size = 1,
    ceil_mode: bool = False,
    nan_policy: NanPolicy = "propagate",
    out: Array | None = None,
    workers: int | None = None,
) -> Array:
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
    nan_policy : {"propagate", "omit"}
        A NaN in the window gives NaN; or is skipped, and nothing but NaN gives NaN.
    out : ndarray, optional
        Where the result goes: of its exact shape, any strides.  May overlap `x`.
    workers : int, optional
        Most threads to use; see `get_workers`.

    Returns
    -------
    ndarray
        Of the dtype of `x`.  A spatial axis of n elements becomes one of
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
    Names, shapes and padding are those of Keras's ``MaxPooling2D``; `dilation` and `ceil_mode` are
    PyTorch's.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> pypool.max_pool2d(np.arange(16).reshape(4, 4), 2)
    array([[ 5,  7],
           [13, 15]])
    """
    how = ("max", 2, pool_size, strides, padding, data_format, dilation, ceil_mode, nan_policy)
    return _core.pool(x, how, out, workers)


def max_pool3d(
    x: ArrayLike,
    pool_size: Size,
    strides: Size | None = None,
    padding: Padding = "valid",
    data_format: DataFormat = "channels_last",
    *,
    dilation: Size = 1,
    ceil_mode: bool = False,
    nan_policy: NanPolicy = "propagate",
    out: Array | None = None,
    workers: int | None = None,
) -> Array:
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
    nan_policy, out, workers
        As in `max_pool2d`.

    Returns
    -------
    ndarray
        Of the dtype of `x`.  A spatial axis of n elements becomes one of
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
    Names, shapes and padding are those of Keras's ``MaxPooling3D``; `dilation` and `ceil_mode` are
    PyTorch's.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> pypool.max_pool3d(np.arange(8).reshape(2, 2, 2), 2)
    array([[[7]]])
    """
    how = ("max", 3, pool_size, strides, padding, data_format, dilation, ceil_mode, nan_policy)
    return _core.pool(x, how, out, workers)


def min_pool1d(
    x: ArrayLike,
    pool_size: Size,
    strides: Size | None = None,
    padding: Padding = "valid",
    data_format: DataFormat = "channels_last",
    *,
    dilation: Size = 1,
    ceil_mode: bool = False,
    nan_policy: NanPolicy = "propagate",
    out: Array | None = None,
    workers: int | None = None,
) -> Array:
    """Smallest element of each window that slides over one axis.

    Parameters
    ----------
    x : array_like
        Of shape ``(length)``, without channels, or with them and any batch axes before: ``(...,
        length, channels)``, or ``(..., channels, length)`` with ``data_format="channels_first"``.
        Boolean, integer, float16, float32, float64 or bfloat16; any strides; never written.
    pool_size, strides, padding, data_format, dilation, ceil_mode
        As in `min_pool2d`, for one axis.
    nan_policy, out, workers
        As in `min_pool2d`.

    Returns
    -------
    ndarray
        Of the dtype of `x`.  A spatial axis of n elements becomes one of
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

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> pypool.min_pool1d(np.array([1, 5, 2, 4]), 2)
    array([1, 2])
    """
    how = ("min", 1, pool_size, strides, padding, data_format, dilation, ceil_mode, nan_policy)
    return _core.pool(x, how, out, workers)


def min_pool2d(
    x: ArrayLike,
    pool_size: Size,
    strides: Size | None = None,
    padding: Padding = "valid",
    data_format: DataFormat = "channels_last",
    *,
    dilation: Size = 1,
    ceil_mode: bool = False,
    nan_policy: NanPolicy = "propagate",
    out: Array | None = None,
    workers: int | None = None,
) -> Array:
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
    nan_policy, out, workers
        As in `max_pool2d`.

    Returns
    -------
    ndarray
        Of the dtype of `x`.  A spatial axis of n elements becomes one of
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

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> pypool.min_pool2d(np.arange(16).reshape(4, 4), 2)
    array([[ 0,  2],
           [ 8, 10]])
    """
    how = ("min", 2, pool_size, strides, padding, data_format, dilation, ceil_mode, nan_policy)
    return _core.pool(x, how, out, workers)


def min_pool3d(
    x: ArrayLike,
    pool_size: Size,
    strides: Size | None = None,
    padding: Padding = "valid",
    data_format: DataFormat = "channels_last",
    *,
    dilation: Size = 1,
    ceil_mode: bool = False,
    nan_policy: NanPolicy = "propagate",
    out: Array | None = None,
    workers: int | None = None,
) -> Array:
    """Smallest element of each window that slides over three axes.

    Parameters
    ----------
    x : array_like
        Of shape ``(depth, height, width)``, without channels, or with them and any batch axes
        before: ``(..., depth, height, width, channels)``, or ``(..., channels, depth, height,
        width)`` with ``data_format="channels_first"``. Boolean, integer, float16, float32, float64
        or bfloat16; any strides; never written.
    pool_size, strides, padding, data_format, dilation, ceil_mode
        As in `min_pool2d`, for three axes.
    nan_policy, out, workers
        As in `min_pool2d`.

    Returns
    -------
    ndarray
        Of the dtype of `x`.  A spatial axis of n elements becomes one of
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

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> pypool.min_pool3d(np.arange(8).reshape(2, 2, 2), 2)
    array([[[0]]])
    """
    how = ("min", 3, pool_size, strides, padding, data_format, dilation, ceil_mode, nan_policy)
    return _core.pool(x, how, out, workers)


def avg_pool1d(
    x: ArrayLike,
    pool_size: Size,
    strides: Size | None = None,
    padding: Padding = "valid",
    data_format: DataFormat = "channels_last",
    *,
    dilation: Size = 1,
    ceil_mode: bool = False,
    count_include_pad: bool = False,
    divisor_override: int | None = None,
    dtype: DTypeLike | None = None,
    rounding: Rounding = "half_even",
    nan_policy: NanPolicy = "propagate",
    out: Array | None = None,
    workers: int | None = None,
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
    Names, shapes and padding are those of Keras's ``AveragePooling1D``; the options are PyTorch's.

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
    ceil_mode: bool = False,
    count_include_pad: bool = False,
    divisor_override: int | None = None,
    dtype: DTypeLike | None = None,
    rounding: Rounding = "half_even",
    nan_policy: NanPolicy = "propagate",
    out: Array | None = None,
    workers: int | None = None,
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
        integer one makes the average exact, and rounded once.
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
    Names, shapes and padding are those of Keras's ``AveragePooling2D``; the options are PyTorch's.

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
    ceil_mode: bool = False,
    count_include_pad: bool = False,
    divisor_override: int | None = None,
    dtype: DTypeLike | None = None,
    rounding: Rounding = "half_even",
    nan_policy: NanPolicy = "propagate",
    out: Array | None = None,
    workers: int | None = None,
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
    Names, shapes and padding are those of Keras's ``AveragePooling3D``; the options are PyTorch's.

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
    ceil_mode: bool = False,
    dtype: DTypeLike | None = None,
    nan_policy: NanPolicy = "propagate",
    out: Array | None = None,
    workers: int | None = None,
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
    ceil_mode: bool = False,
    dtype: DTypeLike | None = None,
    nan_policy: NanPolicy = "propagate",
    out: Array | None = None,
    workers: int | None = None,
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
        of unsigned ones, of floats their own.
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
    ceil_mode: bool = False,
    dtype: DTypeLike | None = None,
    nan_policy: NanPolicy = "propagate",
    out: Array | None = None,
    workers: int | None = None,
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


def global_max_pool1d(
    x: ArrayLike,
    data_format: DataFormat = "channels_last",
    *,
    keepdims: bool = False,
    nan_policy: NanPolicy = "propagate",
    out: Array | None = None,
    workers: int | None = None,
) -> Array:
    """Largest element over the whole of the spatial axis.

    Parameters
    ----------
    x : array_like
        Of shape ``(length)``, without channels, or with them and any batch axes before: ``(...,
        length, channels)``, or ``(..., channels, length)`` with ``data_format="channels_first"``.
        No spatial axis may be empty.
    data_format : {"channels_last", "channels_first"}, optional
        Where channels are.  Without effect on an array that has none.
    keepdims : bool
        Keep the spatial axes, each of one element.
    nan_policy : {"propagate", "omit"}
        A NaN gives NaN; or is skipped, and nothing but NaN gives NaN.
    out : ndarray, optional
        Where the result goes: of its exact shape, any strides.  May overlap `x`.
    workers : int, optional
        Most threads to use; see `get_workers`.

    Returns
    -------
    ndarray
        Of the dtype of `x`.  Without `keepdims`, the axes that are not spatial.

    Raises
    ------
    TypeError
        If an argument or the dtype of `x` is of the wrong kind.
    ValueError
        If a spatial axis is empty.

    Notes
    -----
    Names and shapes are those of Keras's ``GlobalMaxPooling1D``.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> pypool.global_max_pool1d(np.array([[1, 8], [5, 2]]))
    array([5, 8])
    """
    return _call.pool_globally(
        "max", 1, x, data_format, keepdims, nan_policy, out, workers,
    )  # fmt: skip


def global_max_pool2d(
    x: ArrayLike,
    data_format: DataFormat = "channels_last",
    *,
    keepdims: bool = False,
    nan_policy: NanPolicy = "propagate",
    out: Array | None = None,
    workers: int | None = None,
) -> Array:
    """Largest element over the whole of the spatial axes.

    Parameters
    ----------
    x : array_like
        Of shape ``(height, width)``, without channels, or with them and any batch axes before:
        ``(..., height, width, channels)``, or ``(..., channels, height, width)`` with
        ``data_format="channels_first"``. No spatial axis may be empty.
    data_format : {"channels_last", "channels_first"}, optional
        Where channels are.  Without effect on an array that has none.
    keepdims : bool
        Keep the spatial axes, each of one element.
    nan_policy : {"propagate", "omit"}
        A NaN gives NaN; or is skipped, and nothing but NaN gives NaN.
    out : ndarray, optional
        Where the result goes: of its exact shape, any strides.  May overlap `x`.
    workers : int, optional
        Most threads to use; see `get_workers`.

    Returns
    -------
    ndarray
        Of the dtype of `x`.  Without `keepdims`, the axes that are not spatial.

    Raises
    ------
    TypeError
        If an argument or the dtype of `x` is of the wrong kind.
    ValueError
        If a spatial axis is empty.

    Notes
    -----
    Names and shapes are those of Keras's ``GlobalMaxPooling2D``.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> pypool.global_max_pool2d(np.arange(8).reshape(2, 2, 2))
    array([6, 7])
    """
    return _call.pool_globally(
        "max", 2, x, data_format, keepdims, nan_policy, out, workers,
    )  # fmt: skip


def global_max_pool3d(
    x: ArrayLike,
    data_format: DataFormat = "channels_last",
    *,
    keepdims: bool = False,
    nan_policy: NanPolicy = "propagate",
    out: Array | None = None,
    workers: int | None = None,
) -> Array:
    """Largest element over the whole of the spatial axes.

    Parameters
    ----------
    x : array_like
        Of shape ``(depth, height, width)``, without channels, or with them and any batch axes
        before: ``(..., depth, height, width, channels)``, or ``(..., channels, depth, height,
        width)`` with ``data_format="channels_first"``. No spatial axis may be empty.
    data_format : {"channels_last", "channels_first"}, optional
        Where channels are.  Without effect on an array that has none.
    keepdims : bool
        Keep the spatial axes, each of one element.
    nan_policy : {"propagate", "omit"}
        A NaN gives NaN; or is skipped, and nothing but NaN gives NaN.
    out : ndarray, optional
        Where the result goes: of its exact shape, any strides.  May overlap `x`.
    workers : int, optional
        Most threads to use; see `get_workers`.

    Returns
    -------
    ndarray
        Of the dtype of `x`.  Without `keepdims`, the axes that are not spatial.

    Raises
    ------
    TypeError
        If an argument or the dtype of `x` is of the wrong kind.
    ValueError
        If a spatial axis is empty.

    Notes
    -----
    Names and shapes are those of Keras's ``GlobalMaxPooling3D``.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> pypool.global_max_pool3d(np.arange(8).reshape(2, 2, 1, 2), keepdims=True)
    array([[[[6, 7]]]])
    """
    return _call.pool_globally(
        "max", 3, x, data_format, keepdims, nan_policy, out, workers,
    )  # fmt: skip


def global_avg_pool1d(
    x: ArrayLike,
    data_format: DataFormat = "channels_last",
    *,
    keepdims: bool = False,
    dtype: DTypeLike | None = None,
    rounding: Rounding = "half_even",
    nan_policy: NanPolicy = "propagate",
    out: Array | None = None,
    workers: int | None = None,
) -> Array:
    """Average over the whole of the spatial axis.

    Parameters
    ----------
    x : array_like
        Of shape ``(length)``, without channels, or with them and any batch axes before: ``(...,
        length, channels)``, or ``(..., channels, length)`` with ``data_format="channels_first"``.
        No spatial axis may be empty.
    data_format : {"channels_last", "channels_first"}, optional
        Where channels are.  Without effect on an array that has none.
    keepdims : bool
        Keep the spatial axes, each of one element.
    dtype : dtype, optional
        Of the result.  If left out: of floats their own, of booleans and integers float64.  An
        integer one makes the average exact, and rounded once.
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
        If a spatial axis is empty.

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
    return _call.pool_globally(
        "avg", 1, x, data_format, keepdims, nan_policy, out, workers, dtype, rounding,
    )  # fmt: skip


def global_avg_pool2d(
    x: ArrayLike,
    data_format: DataFormat = "channels_last",
    *,
    keepdims: bool = False,
    dtype: DTypeLike | None = None,
    rounding: Rounding = "half_even",
    nan_policy: NanPolicy = "propagate",
    out: Array | None = None,
    workers: int | None = None,
) -> Array:
    """Average over the whole of the spatial axes.

    Parameters
    ----------
    x : array_like
        Of shape ``(height, width)``, without channels, or with them and any batch axes before:
        ``(..., height, width, channels)``, or ``(..., channels, height, width)`` with
        ``data_format="channels_first"``. No spatial axis may be empty.
    data_format : {"channels_last", "channels_first"}, optional
        Where channels are.  Without effect on an array that has none.
    keepdims : bool
        Keep the spatial axes, each of one element.
    dtype : dtype, optional
        Of the result.  If left out: of floats their own, of booleans and integers float64.  An
        integer one makes the average exact, and rounded once.
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
        If a spatial axis is empty.

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
    return _call.pool_globally(
        "avg", 2, x, data_format, keepdims, nan_policy, out, workers, dtype, rounding,
    )  # fmt: skip


def global_avg_pool3d(
    x: ArrayLike,
    data_format: DataFormat = "channels_last",
    *,
    keepdims: bool = False,
    dtype: DTypeLike | None = None,
    rounding: Rounding = "half_even",
    nan_policy: NanPolicy = "propagate",
    out: Array | None = None,
    workers: int | None = None,
) -> Array:
    """Average over the whole of the spatial axes.

    Parameters
    ----------
    x : array_like
        Of shape ``(depth, height, width)``, without channels, or with them and any batch axes
        before: ``(..., depth, height, width, channels)``, or ``(..., channels, depth, height,
        width)`` with ``data_format="channels_first"``. No spatial axis may be empty.
    data_format : {"channels_last", "channels_first"}, optional
        Where channels are.  Without effect on an array that has none.
    keepdims : bool
        Keep the spatial axes, each of one element.
    dtype : dtype, optional
        Of the result.  If left out: of floats their own, of booleans and integers float64.  An
        integer one makes the average exact, and rounded once.
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
        If a spatial axis is empty.

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
    return _call.pool_globally(
        "avg", 3, x, data_format, keepdims, nan_policy, out, workers, dtype, rounding,
    )  # fmt: skip


def pool(
    x: ArrayLike,
    pool_size: Size,
    strides: Size | None = None,
    padding: Padding = "valid",
    *,
    op: Literal["max", "min", "avg", "sum"] = "max",
    axes: Size | None = None,
    dilation: Size = 1,
    ceil_mode: bool = False,
    count_include_pad: bool = False,
    divisor_override: int | None = None,
    dtype: DTypeLike | None = None,
    rounding: Rounding = "half_even",
    nan_policy: NanPolicy = "propagate",
    out: Array | None = None,
    workers: int | None = None,
) -> Array:
    """Pool any axes of an array of any rank.

    Parameters
    ----------
    x : array_like
        Of any rank from 1.  Boolean, integer, float16, float32, float64 or bfloat16; any strides;
        never written or copied whole.
    pool_size, strides, padding, dilation, ceil_mode
        As in `max_pool2d`; sequences have one entry for each of `axes`, in their order.
    op : {"max", "min", "avg", "sum"}
        What is made of a window.
    axes : int or sequence of int, optional
        The axes to pool, each once, negative ones from the end; all if left out.
    count_include_pad, divisor_override, rounding
        As in `avg_pool2d`; for ``op="avg"`` only.
    dtype : dtype, optional
        As in `avg_pool2d` and `sum_pool2d`; for those ops only.
    nan_policy, out, workers
        As in `max_pool2d`.

    Returns
    -------
    ndarray
        With as many axes as `x`; those that are not pooled keep their size.

    Raises
    ------
    TypeError
        If an argument or the dtype of `x` is of the wrong kind, or an option is not one of `op`.
    ValueError
        If a number is out of range or a window would hold no element of `x`.
    MemoryError
        If the result does not fit.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> x = np.arange(12).reshape(3, 4)
    >>> pypool.pool(x, 2, op="sum", axes=1)
    array([[ 1,  5],
           [ 9, 13],
           [17, 21]])
    """
    options = (count_include_pad, divisor_override, dtype, rounding)
    _plan.options_of(op, *options)
    how = (
        op, None, pool_size, strides, padding, axes, dilation, ceil_mode, nan_policy, *options
    )  # fmt: skip
    return _core.pool(x, how, out, workers)
