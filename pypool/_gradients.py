"""The gradients of the public functions: a signature, a docstring and one call each."""

from __future__ import annotations

from typing import SupportsIndex

from numpy.typing import ArrayLike

from pypool import _backward, _lp
from pypool._types import (
    Array,
    DataFormat,
    Flag,
    IndexKind,
    NanPolicy,
    Number,
    Padding,
    PlaneKind,
    Shape,
    Size,
)


def max_pool1d_backward(
    grad: ArrayLike,
    indices: ArrayLike | None,
    input_shape: Shape,
    pool_size: Size,
    strides: Size | None = None,
    padding: Padding = "valid",
    data_format: DataFormat = "channels_last",
    *,
    dilation: Size = 1,
    ceil_mode: Flag = False,
    index_kind: IndexKind = "plane",
    x: ArrayLike | None = None,
    nan_policy: NanPolicy = "propagate",
    out: Array | None = None,
    workers: SupportsIndex | None = None,
) -> Array:
    """Gradient of `max_pool1d`: each element of `grad` goes to where the maximum was.

    Parameters
    ----------
    grad, indices, input_shape, x
        As in `max_pool2d_backward`, for one axis.
    pool_size, strides, padding, data_format, dilation, ceil_mode, index_kind, nan_policy
        As in the call of `max_pool1d`.
    out, workers
        As in `max_pool2d_backward`.

    Returns
    -------
    ndarray
        The gradient of what was pooled: of `input_shape` and the dtype of `grad`.  What comes from
        windows that overlap adds up, of halves in float32 and rounded once.

    Raises
    ------
    TypeError
        If an argument or a dtype is of the wrong kind, or not just one of `indices` and `x` is
        given.
    ValueError
        If a number is out of range, a shape is not that of the call of `max_pool1d`, or an index
        points outside what its kind counts.
    MemoryError
        If the result does not fit.

    Notes
    -----
    As in PyTorch, one element has the whole gradient of a window, the first of equal ones; see also
    `max_pool2d_backward`.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> values, indices = pypool.max_pool1d(np.array([1, 5, 2, 4]), 2, return_indices=True)
    >>> pypool.max_pool1d_backward(np.array([0.5, 0.25]), indices, (4,), 2)
    array([0.  , 0.5 , 0.  , 0.25])
    """
    return _backward.of_max(
        "max", 1, grad, indices, input_shape, pool_size, strides, padding, data_format, dilation,
        ceil_mode, index_kind, x, nan_policy, out, workers,
    )  # fmt: skip


def max_pool2d_backward(
    grad: ArrayLike,
    indices: ArrayLike | None,
    input_shape: Shape,
    pool_size: Size,
    strides: Size | None = None,
    padding: Padding = "valid",
    data_format: DataFormat = "channels_last",
    *,
    dilation: Size = 1,
    ceil_mode: Flag = False,
    index_kind: IndexKind = "plane",
    x: ArrayLike | None = None,
    nan_policy: NanPolicy = "propagate",
    out: Array | None = None,
    workers: SupportsIndex | None = None,
) -> Array:
    """Gradient of `max_pool2d`: each element of `grad` goes to where the maximum was.

    Parameters
    ----------
    grad : array_like
        The gradient of the result of `max_pool2d`, of its shape.  Float16, float32, float64 or
        bfloat16; any strides; never written.
    indices : array_like of int or None
        Where each maximum was found: what `max_pool2d` gave with ``return_indices=True``.  Any
        integer dtype.  If None, they are found again in `x`.
    input_shape : sequence of int
        The shape of what was pooled.
    pool_size, strides, padding, data_format, dilation, ceil_mode, index_kind, nan_policy
        As in the call of `max_pool2d`.
    x : array_like, optional
        What was pooled; for ``indices=None`` only, and needed there.
    out : ndarray, optional
        Where the result goes: of `input_shape`, any strides.  May overlap `grad`.
    workers : int, optional
        Most threads to use; see `get_workers`.

    Returns
    -------
    ndarray
        The gradient of what was pooled: of `input_shape` and the dtype of `grad`.  What comes from
        windows that overlap adds up, of halves in float32 and rounded once.

    Raises
    ------
    TypeError
        If an argument or a dtype is of the wrong kind, or not just one of `indices` and `x` is
        given.
    ValueError
        If a number is out of range, a shape is not that of the call of `max_pool2d`, or an index
        points outside what its kind counts.
    MemoryError
        If the result does not fit.

    Notes
    -----
    As in PyTorch, one element has the whole gradient of a window, the first of equal ones; an
    index inside what its kind counts is taken as it is, be it outside of its window.  Indices of
    kind ``"window"`` take the least memory.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> x = np.array([[1.0, 9.0], [4.0, 2.0], [3.0, 6.0]])
    >>> values, indices = pypool.max_pool2d(x, 2, strides=1, return_indices=True)
    >>> pypool.max_pool2d_backward(np.array([[0.5], [0.25]]), indices, x.shape, 2, strides=1)
    array([[0.  , 0.5 ],
           [0.  , 0.  ],
           [0.  , 0.25]])
    >>> pypool.max_pool2d_backward(np.array([[0.5], [0.25]]), None, x.shape, 2, strides=1, x=x)
    array([[0.  , 0.5 ],
           [0.  , 0.  ],
           [0.  , 0.25]])
    """
    return _backward.of_max(
        "max", 2, grad, indices, input_shape, pool_size, strides, padding, data_format, dilation,
        ceil_mode, index_kind, x, nan_policy, out, workers,
    )  # fmt: skip


def max_pool3d_backward(
    grad: ArrayLike,
    indices: ArrayLike | None,
    input_shape: Shape,
    pool_size: Size,
    strides: Size | None = None,
    padding: Padding = "valid",
    data_format: DataFormat = "channels_last",
    *,
    dilation: Size = 1,
    ceil_mode: Flag = False,
    index_kind: IndexKind = "plane",
    x: ArrayLike | None = None,
    nan_policy: NanPolicy = "propagate",
    out: Array | None = None,
    workers: SupportsIndex | None = None,
) -> Array:
    """Gradient of `max_pool3d`: each element of `grad` goes to where the maximum was.

    Parameters
    ----------
    grad, indices, input_shape, x
        As in `max_pool2d_backward`, for three axes.
    pool_size, strides, padding, data_format, dilation, ceil_mode, index_kind, nan_policy
        As in the call of `max_pool3d`.
    out, workers
        As in `max_pool2d_backward`.

    Returns
    -------
    ndarray
        The gradient of what was pooled: of `input_shape` and the dtype of `grad`.  What comes from
        windows that overlap adds up, of halves in float32 and rounded once.

    Raises
    ------
    TypeError
        If an argument or a dtype is of the wrong kind, or not just one of `indices` and `x` is
        given.
    ValueError
        If a number is out of range, a shape is not that of the call of `max_pool3d`, or an index
        points outside what its kind counts.
    MemoryError
        If the result does not fit.

    Notes
    -----
    As in PyTorch, one element has the whole gradient of a window, the first of equal ones; see also
    `max_pool2d_backward`.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> x = np.arange(8.0).reshape(2, 2, 2)
    >>> values, indices = pypool.max_pool3d(x, 2, return_indices=True)
    >>> pypool.max_pool3d_backward(np.ones((1, 1, 1)), indices, x.shape, 2).ravel()
    array([0., 0., 0., 0., 0., 0., 0., 1.])
    """
    return _backward.of_max(
        "max", 3, grad, indices, input_shape, pool_size, strides, padding, data_format, dilation,
        ceil_mode, index_kind, x, nan_policy, out, workers,
    )  # fmt: skip


def min_pool1d_backward(
    grad: ArrayLike,
    indices: ArrayLike | None,
    input_shape: Shape,
    pool_size: Size,
    strides: Size | None = None,
    padding: Padding = "valid",
    data_format: DataFormat = "channels_last",
    *,
    dilation: Size = 1,
    ceil_mode: Flag = False,
    index_kind: IndexKind = "plane",
    x: ArrayLike | None = None,
    nan_policy: NanPolicy = "propagate",
    out: Array | None = None,
    workers: SupportsIndex | None = None,
) -> Array:
    """Gradient of `min_pool1d`: each element of `grad` goes to where the minimum was.

    Parameters
    ----------
    grad, indices, input_shape, x
        As in `min_pool2d_backward`, for one axis.
    pool_size, strides, padding, data_format, dilation, ceil_mode, index_kind, nan_policy
        As in the call of `min_pool1d`.
    out, workers
        As in `min_pool2d_backward`.

    Returns
    -------
    ndarray
        The gradient of what was pooled: of `input_shape` and the dtype of `grad`.  What comes from
        windows that overlap adds up, of halves in float32 and rounded once.

    Raises
    ------
    TypeError
        If an argument or a dtype is of the wrong kind, or not just one of `indices` and `x` is
        given.
    ValueError
        If a number is out of range, a shape is not that of the call of `min_pool1d`, or an index
        points outside what its kind counts.
    MemoryError
        If the result does not fit.

    Notes
    -----
    The gradient is PyTorch's of ``-max_pool1d(-x)``: one element has all of a window's, the first
    of equal ones.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> values, indices = pypool.min_pool1d(np.array([1, 5, 2, 4]), 2, return_indices=True)
    >>> pypool.min_pool1d_backward(np.array([0.5, 0.25]), indices, (4,), 2)
    array([0.5 , 0.  , 0.25, 0.  ])
    """
    return _backward.of_max(
        "min", 1, grad, indices, input_shape, pool_size, strides, padding, data_format, dilation,
        ceil_mode, index_kind, x, nan_policy, out, workers,
    )  # fmt: skip


def min_pool2d_backward(
    grad: ArrayLike,
    indices: ArrayLike | None,
    input_shape: Shape,
    pool_size: Size,
    strides: Size | None = None,
    padding: Padding = "valid",
    data_format: DataFormat = "channels_last",
    *,
    dilation: Size = 1,
    ceil_mode: Flag = False,
    index_kind: IndexKind = "plane",
    x: ArrayLike | None = None,
    nan_policy: NanPolicy = "propagate",
    out: Array | None = None,
    workers: SupportsIndex | None = None,
) -> Array:
    """Gradient of `min_pool2d`: each element of `grad` goes to where the minimum was.

    Parameters
    ----------
    grad : array_like
        The gradient of the result of `min_pool2d`, of its shape.  Float16, float32, float64 or
        bfloat16; any strides; never written.
    indices : array_like of int or None
        Where each minimum was found: what `min_pool2d` gave with ``return_indices=True``.  Any
        integer dtype.  If None, they are found again in `x`.
    input_shape : sequence of int
        The shape of what was pooled.
    pool_size, strides, padding, data_format, dilation, ceil_mode, index_kind, nan_policy
        As in the call of `min_pool2d`.
    x : array_like, optional
        What was pooled; for ``indices=None`` only, and needed there.
    out : ndarray, optional
        Where the result goes: of `input_shape`, any strides.  May overlap `grad`.
    workers : int, optional
        Most threads to use; see `get_workers`.

    Returns
    -------
    ndarray
        The gradient of what was pooled: of `input_shape` and the dtype of `grad`.  What comes from
        windows that overlap adds up, of halves in float32 and rounded once.

    Raises
    ------
    TypeError
        If an argument or a dtype is of the wrong kind, or not just one of `indices` and `x` is
        given.
    ValueError
        If a number is out of range, a shape is not that of the call of `min_pool2d`, or an index
        points outside what its kind counts.
    MemoryError
        If the result does not fit.

    Notes
    -----
    The gradient is PyTorch's of ``-max_pool2d(-x)``: one element has all of a window's, the first
    of equal ones.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> x = np.array([[3.0, 9.0], [4.0, 2.0]])
    >>> values, indices = pypool.min_pool2d(x, 2, return_indices=True)
    >>> pypool.min_pool2d_backward(np.array([[0.5]]), indices, x.shape, 2)
    array([[0. , 0. ],
           [0. , 0.5]])
    """
    return _backward.of_max(
        "min", 2, grad, indices, input_shape, pool_size, strides, padding, data_format, dilation,
        ceil_mode, index_kind, x, nan_policy, out, workers,
    )  # fmt: skip


def min_pool3d_backward(
    grad: ArrayLike,
    indices: ArrayLike | None,
    input_shape: Shape,
    pool_size: Size,
    strides: Size | None = None,
    padding: Padding = "valid",
    data_format: DataFormat = "channels_last",
    *,
    dilation: Size = 1,
    ceil_mode: Flag = False,
    index_kind: IndexKind = "plane",
    x: ArrayLike | None = None,
    nan_policy: NanPolicy = "propagate",
    out: Array | None = None,
    workers: SupportsIndex | None = None,
) -> Array:
    """Gradient of `min_pool3d`: each element of `grad` goes to where the minimum was.

    Parameters
    ----------
    grad, indices, input_shape, x
        As in `min_pool2d_backward`, for three axes.
    pool_size, strides, padding, data_format, dilation, ceil_mode, index_kind, nan_policy
        As in the call of `min_pool3d`.
    out, workers
        As in `min_pool2d_backward`.

    Returns
    -------
    ndarray
        The gradient of what was pooled: of `input_shape` and the dtype of `grad`.  What comes from
        windows that overlap adds up, of halves in float32 and rounded once.

    Raises
    ------
    TypeError
        If an argument or a dtype is of the wrong kind, or not just one of `indices` and `x` is
        given.
    ValueError
        If a number is out of range, a shape is not that of the call of `min_pool3d`, or an index
        points outside what its kind counts.
    MemoryError
        If the result does not fit.

    Notes
    -----
    The gradient is PyTorch's of ``-max_pool3d(-x)``: one element has all of a window's, the first
    of equal ones.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> x = np.arange(8.0).reshape(2, 2, 2)
    >>> values, indices = pypool.min_pool3d(x, 2, return_indices=True)
    >>> pypool.min_pool3d_backward(np.ones((1, 1, 1)), indices, x.shape, 2).ravel()
    array([1., 0., 0., 0., 0., 0., 0., 0.])
    """
    return _backward.of_max(
        "min", 3, grad, indices, input_shape, pool_size, strides, padding, data_format, dilation,
        ceil_mode, index_kind, x, nan_policy, out, workers,
    )  # fmt: skip


def avg_pool1d_backward(
    grad: ArrayLike,
    input_shape: Shape,
    pool_size: Size,
    strides: Size | None = None,
    padding: Padding = "valid",
    data_format: DataFormat = "channels_last",
    *,
    dilation: Size = 1,
    ceil_mode: Flag = False,
    count_include_pad: Flag = False,
    divisor_override: SupportsIndex | None = None,
    out: Array | None = None,
    workers: SupportsIndex | None = None,
) -> Array:
    """Gradient of `avg_pool1d`: each element of `grad` is shared out evenly in its window.

    Parameters
    ----------
    grad, input_shape
        As in `avg_pool2d_backward`, for one axis.
    pool_size, strides, padding, data_format, dilation, ceil_mode
        As in the call of `avg_pool1d`.
    count_include_pad, divisor_override
        As in the call of `avg_pool1d`.
    out, workers
        As in `avg_pool2d_backward`.

    Returns
    -------
    ndarray
        The gradient of what was pooled: of `input_shape` and the dtype of `grad`.  What comes from
        windows that overlap adds up, of halves in float32 and rounded once.

    Raises
    ------
    TypeError
        If an argument or a dtype is of the wrong kind.
    ValueError
        If a number is out of range or a shape is not that of the call of `avg_pool1d`.
    MemoryError
        If the result does not fit.

    Notes
    -----
    An element of `grad` is divided by what its average was divided by, as in PyTorch.  The gradient
    is that of ``nan_policy="propagate"``: nothing is left out of a count.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> pypool.avg_pool1d_backward(np.array([1.0, 3.0]), (3,), 2, strides=1)
    array([0.5, 2. , 1.5])
    """
    return _backward.of_sum(
        "avg", 1, grad, input_shape, pool_size, strides, padding, data_format, dilation, ceil_mode,
        count_include_pad, divisor_override, out, workers,
    )  # fmt: skip


def avg_pool2d_backward(
    grad: ArrayLike,
    input_shape: Shape,
    pool_size: Size,
    strides: Size | None = None,
    padding: Padding = "valid",
    data_format: DataFormat = "channels_last",
    *,
    dilation: Size = 1,
    ceil_mode: Flag = False,
    count_include_pad: Flag = False,
    divisor_override: SupportsIndex | None = None,
    out: Array | None = None,
    workers: SupportsIndex | None = None,
) -> Array:
    """Gradient of `avg_pool2d`: each element of `grad` is shared out evenly in its window.

    Parameters
    ----------
    grad : array_like
        The gradient of the result of `avg_pool2d`, of its shape.  Float16, float32, float64 or
        bfloat16; any strides; never written.
    input_shape : sequence of int
        The shape of what was pooled.
    pool_size, strides, padding, data_format, dilation, ceil_mode
        As in the call of `avg_pool2d`.
    count_include_pad, divisor_override
        As in the call of `avg_pool2d`.
    out : ndarray, optional
        Where the result goes: of `input_shape`, any strides.  May overlap `grad`.
    workers : int, optional
        Most threads to use; see `get_workers`.

    Returns
    -------
    ndarray
        The gradient of what was pooled: of `input_shape` and the dtype of `grad`.  What comes from
        windows that overlap adds up, of halves in float32 and rounded once.

    Raises
    ------
    TypeError
        If an argument or a dtype is of the wrong kind.
    ValueError
        If a number is out of range or a shape is not that of the call of `avg_pool2d`.
    MemoryError
        If the result does not fit.

    Notes
    -----
    An element of `grad` is divided by what its average was divided by, as in PyTorch.  The gradient
    is that of ``nan_policy="propagate"``: nothing is left out of a count.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> pypool.avg_pool2d_backward(np.array([[4.0, 8.0]]), (2, 3), 2, strides=1)
    array([[1., 3., 2.],
           [1., 3., 2.]])
    """
    return _backward.of_sum(
        "avg", 2, grad, input_shape, pool_size, strides, padding, data_format, dilation, ceil_mode,
        count_include_pad, divisor_override, out, workers,
    )  # fmt: skip


def avg_pool3d_backward(
    grad: ArrayLike,
    input_shape: Shape,
    pool_size: Size,
    strides: Size | None = None,
    padding: Padding = "valid",
    data_format: DataFormat = "channels_last",
    *,
    dilation: Size = 1,
    ceil_mode: Flag = False,
    count_include_pad: Flag = False,
    divisor_override: SupportsIndex | None = None,
    out: Array | None = None,
    workers: SupportsIndex | None = None,
) -> Array:
    """Gradient of `avg_pool3d`: each element of `grad` is shared out evenly in its window.

    Parameters
    ----------
    grad, input_shape
        As in `avg_pool2d_backward`, for three axes.
    pool_size, strides, padding, data_format, dilation, ceil_mode
        As in the call of `avg_pool3d`.
    count_include_pad, divisor_override
        As in the call of `avg_pool3d`.
    out, workers
        As in `avg_pool2d_backward`.

    Returns
    -------
    ndarray
        The gradient of what was pooled: of `input_shape` and the dtype of `grad`.  What comes from
        windows that overlap adds up, of halves in float32 and rounded once.

    Raises
    ------
    TypeError
        If an argument or a dtype is of the wrong kind.
    ValueError
        If a number is out of range or a shape is not that of the call of `avg_pool3d`.
    MemoryError
        If the result does not fit.

    Notes
    -----
    An element of `grad` is divided by what its average was divided by, as in PyTorch.  The gradient
    is that of ``nan_policy="propagate"``: nothing is left out of a count.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> pypool.avg_pool3d_backward(np.array([[[8.0]]]), (2, 2, 2), 2).ravel()
    array([1., 1., 1., 1., 1., 1., 1., 1.])
    """
    return _backward.of_sum(
        "avg", 3, grad, input_shape, pool_size, strides, padding, data_format, dilation, ceil_mode,
        count_include_pad, divisor_override, out, workers,
    )  # fmt: skip


def sum_pool1d_backward(
    grad: ArrayLike,
    input_shape: Shape,
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
    """Gradient of `sum_pool1d`: each element of `grad` goes to all of its window.

    Parameters
    ----------
    grad, input_shape
        As in `sum_pool2d_backward`, for one axis.
    pool_size, strides, padding, data_format, dilation, ceil_mode
        As in the call of `sum_pool1d`.
    out, workers
        As in `sum_pool2d_backward`.

    Returns
    -------
    ndarray
        The gradient of what was pooled: of `input_shape` and the dtype of `grad`.  What comes from
        windows that overlap adds up, of halves in float32 and rounded once.

    Raises
    ------
    TypeError
        If an argument or a dtype is of the wrong kind.
    ValueError
        If a number is out of range or a shape is not that of the call of `sum_pool1d`.
    MemoryError
        If the result does not fit.

    Notes
    -----
    The gradient is that of ``nan_policy="propagate"``: no element is left out.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> pypool.sum_pool1d_backward(np.array([1.0, 3.0]), (3,), 2, strides=1)
    array([1., 4., 3.])
    """
    return _backward.of_sum(
        "sum", 1, grad, input_shape, pool_size, strides, padding, data_format, dilation, ceil_mode,
        False, None, out, workers,
    )  # fmt: skip


def sum_pool2d_backward(
    grad: ArrayLike,
    input_shape: Shape,
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
    """Gradient of `sum_pool2d`: each element of `grad` goes to all of its window.

    Parameters
    ----------
    grad : array_like
        The gradient of the result of `sum_pool2d`, of its shape.  Float16, float32, float64 or
        bfloat16; any strides; never written.
    input_shape : sequence of int
        The shape of what was pooled.
    pool_size, strides, padding, data_format, dilation, ceil_mode
        As in the call of `sum_pool2d`.
    out : ndarray, optional
        Where the result goes: of `input_shape`, any strides.  May overlap `grad`.
    workers : int, optional
        Most threads to use; see `get_workers`.

    Returns
    -------
    ndarray
        The gradient of what was pooled: of `input_shape` and the dtype of `grad`.  What comes from
        windows that overlap adds up, of halves in float32 and rounded once.

    Raises
    ------
    TypeError
        If an argument or a dtype is of the wrong kind.
    ValueError
        If a number is out of range or a shape is not that of the call of `sum_pool2d`.
    MemoryError
        If the result does not fit.

    Notes
    -----
    The gradient is that of ``nan_policy="propagate"``: no element is left out.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> pypool.sum_pool2d_backward(np.array([[4.0, 8.0]]), (2, 3), 2, strides=1)
    array([[ 4., 12.,  8.],
           [ 4., 12.,  8.]])
    """
    return _backward.of_sum(
        "sum", 2, grad, input_shape, pool_size, strides, padding, data_format, dilation, ceil_mode,
        False, None, out, workers,
    )  # fmt: skip


def sum_pool3d_backward(
    grad: ArrayLike,
    input_shape: Shape,
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
    """Gradient of `sum_pool3d`: each element of `grad` goes to all of its window.

    Parameters
    ----------
    grad, input_shape
        As in `sum_pool2d_backward`, for three axes.
    pool_size, strides, padding, data_format, dilation, ceil_mode
        As in the call of `sum_pool3d`.
    out, workers
        As in `sum_pool2d_backward`.

    Returns
    -------
    ndarray
        The gradient of what was pooled: of `input_shape` and the dtype of `grad`.  What comes from
        windows that overlap adds up, of halves in float32 and rounded once.

    Raises
    ------
    TypeError
        If an argument or a dtype is of the wrong kind.
    ValueError
        If a number is out of range or a shape is not that of the call of `sum_pool3d`.
    MemoryError
        If the result does not fit.

    Notes
    -----
    The gradient is that of ``nan_policy="propagate"``: no element is left out.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> pypool.sum_pool3d_backward(np.array([[[8.0]]]), (2, 2, 2), 2).ravel()
    array([8., 8., 8., 8., 8., 8., 8., 8.])
    """
    return _backward.of_sum(
        "sum", 3, grad, input_shape, pool_size, strides, padding, data_format, dilation, ceil_mode,
        False, None, out, workers,
    )  # fmt: skip


def lp_pool1d_backward(
    grad: ArrayLike,
    x: ArrayLike,
    output: ArrayLike,
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
    """Gradient of `lp_pool1d`: each element of `grad` is spread over its window.

    Parameters
    ----------
    grad, x, output
        As in `lp_pool2d_backward`, for one axis.
    norm_type, pool_size, strides, padding, data_format, dilation, ceil_mode
        As in the call of `lp_pool1d`.
    out, workers
        As in `lp_pool2d_backward`.

    Returns
    -------
    ndarray
        The gradient of `x`: of its shape and the dtype of `grad`.  What comes from windows that
        overlap adds up, of halves in float32 and rounded once.

    Raises
    ------
    TypeError
        If an argument or a dtype is of the wrong kind.
    ValueError
        If a number is out of range, or the shape of `grad` or `output` is not that of the result.
    MemoryError
        If the result does not fit.

    Notes
    -----
    The gradient is the derivative of the norm, by the formula of `lp_pool2d_backward`.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> x = np.array([3.0, -4.0])
    >>> pypool.lp_pool1d_backward(np.array([1.0]), x, pypool.lp_pool1d(x, 2, 2), 2, 2)
    array([ 0.6, -0.8])
    """
    return _lp.of_lp(
        1, grad, x, output, norm_type, pool_size, strides, padding, data_format, dilation,
        ceil_mode, out, workers,
    )  # fmt: skip


def lp_pool2d_backward(
    grad: ArrayLike,
    x: ArrayLike,
    output: ArrayLike,
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
    """Gradient of `lp_pool2d`: each element of `grad` is spread over its window.

    Parameters
    ----------
    grad : array_like
        The gradient of the result of `lp_pool2d`, of its shape.  Float16, float32, float64 or
        bfloat16; any strides; never written.
    x, output : array_like
        What was pooled, and what `lp_pool2d` made of it.
    norm_type, pool_size, strides, padding, data_format, dilation, ceil_mode
        As in the call of `lp_pool2d`.
    out : ndarray, optional
        Where the result goes: of the shape of `x`, any strides.  May overlap `grad`.
    workers : int, optional
        Most threads to use; see `get_workers`.

    Returns
    -------
    ndarray
        The gradient of `x`: of its shape and the dtype of `grad`.  What comes from windows that
        overlap adds up, of halves in float32 and rounded once.

    Raises
    ------
    TypeError
        If an argument or a dtype is of the wrong kind.
    ValueError
        If a number is out of range, or the shape of `grad` or `output` is not that of the result.
    MemoryError
        If the result does not fit.

    Notes
    -----
    An element of `x` has ``grad * sign(x) * |x|**(p - 1) * output**(1 - p)`` of each window it is
    in, and 0 where `output` is 0: the derivative of the norm.  For p below 1, which has none at
    an element of 0, that is 0 there too.  For p of ``numpy.inf`` the first element of the largest
    magnitude in the window has all of it.  Takes room for several float64 arrays of the size of a
    sample of `x`, sixteen where powers leave float64.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> x = np.array([[3.0, -4.0], [0.0, 0.0]])
    >>> y = pypool.lp_pool2d(x, 2, 2)
    >>> pypool.lp_pool2d_backward(np.array([[10.0]]), x, y, 2, 2)
    array([[ 6., -8.],
           [ 0.,  0.]])
    """
    return _lp.of_lp(
        2, grad, x, output, norm_type, pool_size, strides, padding, data_format, dilation,
        ceil_mode, out, workers,
    )  # fmt: skip


def lp_pool3d_backward(
    grad: ArrayLike,
    x: ArrayLike,
    output: ArrayLike,
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
    """Gradient of `lp_pool3d`: each element of `grad` is spread over its window.

    Parameters
    ----------
    grad, x, output
        As in `lp_pool2d_backward`, for three axes.
    norm_type, pool_size, strides, padding, data_format, dilation, ceil_mode
        As in the call of `lp_pool3d`.
    out, workers
        As in `lp_pool2d_backward`.

    Returns
    -------
    ndarray
        The gradient of `x`: of its shape and the dtype of `grad`.  What comes from windows that
        overlap adds up, of halves in float32 and rounded once.

    Raises
    ------
    TypeError
        If an argument or a dtype is of the wrong kind.
    ValueError
        If a number is out of range, or the shape of `grad` or `output` is not that of the result.
    MemoryError
        If the result does not fit.

    Notes
    -----
    The gradient is the derivative of the norm, by the formula of `lp_pool2d_backward`.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> x = np.array([[[3.0, -4.0]]])
    >>> y = pypool.lp_pool3d(x, 1, (1, 1, 2))
    >>> pypool.lp_pool3d_backward(np.array([[[0.5]]]), x, y, 1, (1, 1, 2))
    array([[[ 0.5, -0.5]]])
    """
    return _lp.of_lp(
        3, grad, x, output, norm_type, pool_size, strides, padding, data_format, dilation,
        ceil_mode, out, workers,
    )  # fmt: skip


def global_max_pool1d_backward(
    grad: ArrayLike,
    indices: ArrayLike,
    input_shape: Shape,
    data_format: DataFormat = "channels_last",
    *,
    keepdims: Flag = False,
    index_kind: PlaneKind = "plane",
    out: Array | None = None,
    workers: SupportsIndex | None = None,
) -> Array:
    """Gradient of `global_max_pool1d`: each element of `grad` goes to where the maximum was.

    Parameters
    ----------
    grad, indices, input_shape
        As in `global_max_pool2d_backward`, for one axis.
    data_format, keepdims, index_kind
        As in the call of `global_max_pool1d`.
    out, workers
        As in `global_max_pool2d_backward`.

    Returns
    -------
    ndarray
        The gradient of what was pooled: of `input_shape` and the dtype of `grad`.

    Raises
    ------
    TypeError
        If an argument or a dtype is of the wrong kind.
    ValueError
        If a number is out of range, a spatial axis is empty, a shape is not that of the call of
        `global_max_pool1d`, or an index points outside what its kind counts.
    MemoryError
        If the result does not fit.

    Notes
    -----
    As in PyTorch's autograd of ``AdaptiveMaxPool1d(1)``, one element has the whole gradient of a
    plane, the first of equal ones.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> values, indices = pypool.global_max_pool1d(np.array([1, 5, 2]), return_indices=True)
    >>> pypool.global_max_pool1d_backward(np.array(0.5), indices, (3,))
    array([0. , 0.5, 0. ])
    """
    return _backward.of_global(
        "max", 1, grad, indices, input_shape, data_format, keepdims, index_kind, out, workers
    )


def global_max_pool2d_backward(
    grad: ArrayLike,
    indices: ArrayLike,
    input_shape: Shape,
    data_format: DataFormat = "channels_last",
    *,
    keepdims: Flag = False,
    index_kind: PlaneKind = "plane",
    out: Array | None = None,
    workers: SupportsIndex | None = None,
) -> Array:
    """Gradient of `global_max_pool2d`: each element of `grad` goes to where the maximum was.

    Parameters
    ----------
    grad : array_like
        The gradient of the result of `global_max_pool2d`, of its shape.  Float16, float32, float64
        or bfloat16; any strides; never written.
    indices : array_like of int
        Where each maximum was found: what `global_max_pool2d` gave with ``return_indices=True``, of
        the shape of `grad`.  Any integer dtype.
    input_shape : sequence of int
        The shape of what was pooled.
    data_format, keepdims, index_kind
        As in the call of `global_max_pool2d`.
    out : ndarray, optional
        Where the result goes: of `input_shape`, any strides.  May overlap `grad`.
    workers : int, optional
        Most threads to use; see `get_workers`.

    Returns
    -------
    ndarray
        The gradient of what was pooled: of `input_shape` and the dtype of `grad`.

    Raises
    ------
    TypeError
        If an argument or a dtype is of the wrong kind.
    ValueError
        If a number is out of range, a spatial axis is empty, a shape is not that of the call of
        `global_max_pool2d`, or an index points outside what its kind counts.
    MemoryError
        If the result does not fit.

    Notes
    -----
    As in PyTorch's autograd of ``AdaptiveMaxPool2d(1)``, one element has the whole gradient of a
    plane, the first of equal ones.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> x = np.array([[1.0, 9.0], [4.0, 2.0]])
    >>> values, indices = pypool.global_max_pool2d(x, return_indices=True)
    >>> pypool.global_max_pool2d_backward(np.array(0.5), indices, x.shape)
    array([[0. , 0.5],
           [0. , 0. ]])
    """
    return _backward.of_global(
        "max", 2, grad, indices, input_shape, data_format, keepdims, index_kind, out, workers
    )


def global_max_pool3d_backward(
    grad: ArrayLike,
    indices: ArrayLike,
    input_shape: Shape,
    data_format: DataFormat = "channels_last",
    *,
    keepdims: Flag = False,
    index_kind: PlaneKind = "plane",
    out: Array | None = None,
    workers: SupportsIndex | None = None,
) -> Array:
    """Gradient of `global_max_pool3d`: each element of `grad` goes to where the maximum was.

    Parameters
    ----------
    grad, indices, input_shape
        As in `global_max_pool2d_backward`, for three axes.
    data_format, keepdims, index_kind
        As in the call of `global_max_pool3d`.
    out, workers
        As in `global_max_pool2d_backward`.

    Returns
    -------
    ndarray
        The gradient of what was pooled: of `input_shape` and the dtype of `grad`.

    Raises
    ------
    TypeError
        If an argument or a dtype is of the wrong kind.
    ValueError
        If a number is out of range, a spatial axis is empty, a shape is not that of the call of
        `global_max_pool3d`, or an index points outside what its kind counts.
    MemoryError
        If the result does not fit.

    Notes
    -----
    As in PyTorch's autograd of ``AdaptiveMaxPool3d(1)``, one element has the whole gradient of a
    plane, the first of equal ones.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> x = np.array([[[1.0, 9.0], [4.0, 2.0]]])
    >>> values, indices = pypool.global_max_pool3d(x, return_indices=True)
    >>> pypool.global_max_pool3d_backward(np.array(0.5), indices, x.shape)
    array([[[0. , 0.5],
            [0. , 0. ]]])
    """
    return _backward.of_global(
        "max", 3, grad, indices, input_shape, data_format, keepdims, index_kind, out, workers
    )


def global_avg_pool1d_backward(
    grad: ArrayLike,
    input_shape: Shape,
    data_format: DataFormat = "channels_last",
    *,
    keepdims: Flag = False,
    out: Array | None = None,
    workers: SupportsIndex | None = None,
) -> Array:
    """Gradient of `global_avg_pool1d`: each element of `grad` is shared out evenly in its plane.

    Parameters
    ----------
    grad, input_shape
        As in `global_avg_pool2d_backward`, for one axis.
    data_format, keepdims
        As in the call of `global_avg_pool1d`.
    out, workers
        As in `global_avg_pool2d_backward`.

    Returns
    -------
    ndarray
        The gradient of what was pooled: of `input_shape` and the dtype of `grad`.

    Raises
    ------
    TypeError
        If an argument or a dtype is of the wrong kind.
    ValueError
        If a number is out of range, a spatial axis is empty, or a shape is not that of the call of
        `global_avg_pool1d`.
    MemoryError
        If the result does not fit.

    Notes
    -----
    As in PyTorch's autograd of ``AdaptiveAvgPool1d(1)``, an element of `grad` is divided by the
    size of its plane.  The gradient is that of ``nan_policy="propagate"``: nothing is left out of a
    count.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> pypool.global_avg_pool1d_backward(np.array([4.0, 8.0]), (2, 2))
    array([[2., 4.],
           [2., 4.]])
    """
    return _backward.of_global(
        "avg", 1, grad, None, input_shape, data_format, keepdims, "plane", out, workers
    )


def global_avg_pool2d_backward(
    grad: ArrayLike,
    input_shape: Shape,
    data_format: DataFormat = "channels_last",
    *,
    keepdims: Flag = False,
    out: Array | None = None,
    workers: SupportsIndex | None = None,
) -> Array:
    """Gradient of `global_avg_pool2d`: each element of `grad` is shared out evenly in its plane.

    Parameters
    ----------
    grad : array_like
        The gradient of the result of `global_avg_pool2d`, of its shape.  Float16, float32, float64
        or bfloat16; any strides; never written.
    input_shape : sequence of int
        The shape of what was pooled.
    data_format, keepdims
        As in the call of `global_avg_pool2d`.
    out : ndarray, optional
        Where the result goes: of `input_shape`, any strides.  May overlap `grad`.
    workers : int, optional
        Most threads to use; see `get_workers`.

    Returns
    -------
    ndarray
        The gradient of what was pooled: of `input_shape` and the dtype of `grad`.

    Raises
    ------
    TypeError
        If an argument or a dtype is of the wrong kind.
    ValueError
        If a number is out of range, a spatial axis is empty, or a shape is not that of the call of
        `global_avg_pool2d`.
    MemoryError
        If the result does not fit.

    Notes
    -----
    As in PyTorch's autograd of ``AdaptiveAvgPool2d(1)``, an element of `grad` is divided by the
    size of its plane.  The gradient is that of ``nan_policy="propagate"``: nothing is left out of a
    count.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> pypool.global_avg_pool2d_backward(np.array([4.0, 8.0]), (2, 2, 2), "channels_first")
    array([[[1., 1.],
            [1., 1.]],
    <BLANKLINE>
           [[2., 2.],
            [2., 2.]]])
    """
    return _backward.of_global(
        "avg", 2, grad, None, input_shape, data_format, keepdims, "plane", out, workers
    )


def global_avg_pool3d_backward(
    grad: ArrayLike,
    input_shape: Shape,
    data_format: DataFormat = "channels_last",
    *,
    keepdims: Flag = False,
    out: Array | None = None,
    workers: SupportsIndex | None = None,
) -> Array:
    """Gradient of `global_avg_pool3d`: each element of `grad` is shared out evenly in its plane.

    Parameters
    ----------
    grad, input_shape
        As in `global_avg_pool2d_backward`, for three axes.
    data_format, keepdims
        As in the call of `global_avg_pool3d`.
    out, workers
        As in `global_avg_pool2d_backward`.

    Returns
    -------
    ndarray
        The gradient of what was pooled: of `input_shape` and the dtype of `grad`.

    Raises
    ------
    TypeError
        If an argument or a dtype is of the wrong kind.
    ValueError
        If a number is out of range, a spatial axis is empty, or a shape is not that of the call of
        `global_avg_pool3d`.
    MemoryError
        If the result does not fit.

    Notes
    -----
    As in PyTorch's autograd of ``AdaptiveAvgPool3d(1)``, an element of `grad` is divided by the
    size of its plane.  The gradient is that of ``nan_policy="propagate"``: nothing is left out of a
    count.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> pypool.global_avg_pool3d_backward(np.array([4.0]), (1, 2, 2, 1)).ravel()
    array([1., 1., 1., 1.])
    """
    return _backward.of_global(
        "avg", 3, grad, None, input_shape, data_format, keepdims, "plane", out, workers
    )


def adaptive_max_pool1d_backward(
    grad: ArrayLike,
    indices: ArrayLike,
    input_shape: Shape,
    output_size: Size,
    data_format: DataFormat = "channels_last",
    *,
    index_kind: PlaneKind = "plane",
    out: Array | None = None,
    workers: SupportsIndex | None = None,
) -> Array:
    """Gradient of `adaptive_max_pool1d`: each element of `grad` goes to where the maximum was.

    Parameters
    ----------
    grad, indices, input_shape
        As in `adaptive_max_pool2d_backward`, for one axis.
    output_size, data_format, index_kind
        As in the call of `adaptive_max_pool1d`.
    out, workers
        As in `adaptive_max_pool2d_backward`.

    Returns
    -------
    ndarray
        The gradient of what was pooled: of `input_shape` and the dtype of `grad`.  What comes from
        windows that overlap adds up, of halves in float32 and rounded once.

    Raises
    ------
    TypeError
        If an argument or a dtype is of the wrong kind.
    ValueError
        If a number is out of range, a shape is not that of the call of `adaptive_max_pool1d`, or an
        index points outside what its kind counts.
    MemoryError
        If the result does not fit.

    Notes
    -----
    As in PyTorch's autograd of ``AdaptiveMaxPool1d``, one element has the whole gradient of a
    window, the first of equal ones.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> x = np.array([1, 5, 2, 4, 3])
    >>> values, indices = pypool.adaptive_max_pool1d(x, 2, return_indices=True)
    >>> pypool.adaptive_max_pool1d_backward(np.array([0.5, 0.25]), indices, x.shape, 2)
    array([0.  , 0.5 , 0.  , 0.25, 0.  ])
    """
    return _backward.of_adaptive(
        "max", 1, grad, indices, input_shape, output_size, data_format, index_kind, out, workers
    )


def adaptive_max_pool2d_backward(
    grad: ArrayLike,
    indices: ArrayLike,
    input_shape: Shape,
    output_size: Size,
    data_format: DataFormat = "channels_last",
    *,
    index_kind: PlaneKind = "plane",
    out: Array | None = None,
    workers: SupportsIndex | None = None,
) -> Array:
    """Gradient of `adaptive_max_pool2d`: each element of `grad` goes to where the maximum was.

    Parameters
    ----------
    grad : array_like
        The gradient of the result of `adaptive_max_pool2d`, of its shape.  Float16, float32,
        float64 or bfloat16; any strides; never written.
    indices : array_like of int
        Where each maximum was found: what `adaptive_max_pool2d` gave with ``return_indices=True``.
        Any integer dtype.
    input_shape : sequence of int
        The shape of what was pooled.
    output_size, data_format, index_kind
        As in the call of `adaptive_max_pool2d`.
    out : ndarray, optional
        Where the result goes: of `input_shape`, any strides.  May overlap `grad`.
    workers : int, optional
        Most threads to use; see `get_workers`.

    Returns
    -------
    ndarray
        The gradient of what was pooled: of `input_shape` and the dtype of `grad`.  What comes from
        windows that overlap adds up, of halves in float32 and rounded once.

    Raises
    ------
    TypeError
        If an argument or a dtype is of the wrong kind.
    ValueError
        If a number is out of range, a shape is not that of the call of `adaptive_max_pool2d`, or an
        index points outside what its kind counts.
    MemoryError
        If the result does not fit.

    Notes
    -----
    As in PyTorch's autograd of ``AdaptiveMaxPool2d``, one element has the whole gradient of a
    window, the first of equal ones.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> x = np.array([[1.0, 9.0, 3.0], [4.0, 2.0, 6.0]])
    >>> values, indices = pypool.adaptive_max_pool2d(x, (1, 2), return_indices=True)
    >>> pypool.adaptive_max_pool2d_backward(np.array([[0.5, 0.25]]), indices, x.shape, (1, 2))
    array([[0.  , 0.75, 0.  ],
           [0.  , 0.  , 0.  ]])
    """
    return _backward.of_adaptive(
        "max", 2, grad, indices, input_shape, output_size, data_format, index_kind, out, workers
    )


def adaptive_max_pool3d_backward(
    grad: ArrayLike,
    indices: ArrayLike,
    input_shape: Shape,
    output_size: Size,
    data_format: DataFormat = "channels_last",
    *,
    index_kind: PlaneKind = "plane",
    out: Array | None = None,
    workers: SupportsIndex | None = None,
) -> Array:
    """Gradient of `adaptive_max_pool3d`: each element of `grad` goes to where the maximum was.

    Parameters
    ----------
    grad, indices, input_shape
        As in `adaptive_max_pool2d_backward`, for three axes.
    output_size, data_format, index_kind
        As in the call of `adaptive_max_pool3d`.
    out, workers
        As in `adaptive_max_pool2d_backward`.

    Returns
    -------
    ndarray
        The gradient of what was pooled: of `input_shape` and the dtype of `grad`.  What comes from
        windows that overlap adds up, of halves in float32 and rounded once.

    Raises
    ------
    TypeError
        If an argument or a dtype is of the wrong kind.
    ValueError
        If a number is out of range, a shape is not that of the call of `adaptive_max_pool3d`, or an
        index points outside what its kind counts.
    MemoryError
        If the result does not fit.

    Notes
    -----
    As in PyTorch's autograd of ``AdaptiveMaxPool3d``, one element has the whole gradient of a
    window, the first of equal ones.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> x = np.arange(8.0).reshape(2, 2, 2)
    >>> values, indices = pypool.adaptive_max_pool3d(x, 1, return_indices=True)
    >>> pypool.adaptive_max_pool3d_backward(np.ones((1, 1, 1)), indices, x.shape, 1).ravel()
    array([0., 0., 0., 0., 0., 0., 0., 1.])
    """
    return _backward.of_adaptive(
        "max", 3, grad, indices, input_shape, output_size, data_format, index_kind, out, workers
    )


def adaptive_avg_pool1d_backward(
    grad: ArrayLike,
    input_shape: Shape,
    output_size: Size,
    data_format: DataFormat = "channels_last",
    *,
    out: Array | None = None,
    workers: SupportsIndex | None = None,
) -> Array:
    """Gradient of `adaptive_avg_pool1d`: each element of `grad` is shared out in its window.

    Parameters
    ----------
    grad, input_shape
        As in `adaptive_avg_pool2d_backward`, for one axis.
    output_size, data_format
        As in the call of `adaptive_avg_pool1d`.
    out, workers
        As in `adaptive_avg_pool2d_backward`.

    Returns
    -------
    ndarray
        The gradient of what was pooled: of `input_shape` and the dtype of `grad`.  What comes from
        windows that overlap adds up, of halves in float32 and rounded once.

    Raises
    ------
    TypeError
        If an argument or a dtype is of the wrong kind.
    ValueError
        If a number is out of range or a shape is not that of the call of `adaptive_avg_pool1d`.
    MemoryError
        If the result does not fit.

    Notes
    -----
    As in PyTorch's autograd of ``AdaptiveAvgPool1d``, an element of `grad` is divided by the size
    of its window.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> pypool.adaptive_avg_pool1d_backward(np.array([3.0, 6.0]), (5,), 2)
    array([1., 1., 3., 2., 2.])
    """
    return _backward.of_adaptive(
        "avg", 1, grad, None, input_shape, output_size, data_format, "plane", out, workers
    )


def adaptive_avg_pool2d_backward(
    grad: ArrayLike,
    input_shape: Shape,
    output_size: Size,
    data_format: DataFormat = "channels_last",
    *,
    out: Array | None = None,
    workers: SupportsIndex | None = None,
) -> Array:
    """Gradient of `adaptive_avg_pool2d`: each element of `grad` is shared out in its window.

    Parameters
    ----------
    grad : array_like
        The gradient of the result of `adaptive_avg_pool2d`, of its shape.  Float16, float32,
        float64 or bfloat16; any strides; never written.
    input_shape : sequence of int
        The shape of what was pooled.
    output_size, data_format
        As in the call of `adaptive_avg_pool2d`.
    out : ndarray, optional
        Where the result goes: of `input_shape`, any strides.  May overlap `grad`.
    workers : int, optional
        Most threads to use; see `get_workers`.

    Returns
    -------
    ndarray
        The gradient of what was pooled: of `input_shape` and the dtype of `grad`.  What comes from
        windows that overlap adds up, of halves in float32 and rounded once.

    Raises
    ------
    TypeError
        If an argument or a dtype is of the wrong kind.
    ValueError
        If a number is out of range or a shape is not that of the call of `adaptive_avg_pool2d`.
    MemoryError
        If the result does not fit.

    Notes
    -----
    As in PyTorch's autograd of ``AdaptiveAvgPool2d``, an element of `grad` is divided by the size
    of its window.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> pypool.adaptive_avg_pool2d_backward(np.array([[4.0, 8.0]]), (2, 3), (1, 2))
    array([[1., 3., 2.],
           [1., 3., 2.]])
    """
    return _backward.of_adaptive(
        "avg", 2, grad, None, input_shape, output_size, data_format, "plane", out, workers
    )


def adaptive_avg_pool3d_backward(
    grad: ArrayLike,
    input_shape: Shape,
    output_size: Size,
    data_format: DataFormat = "channels_last",
    *,
    out: Array | None = None,
    workers: SupportsIndex | None = None,
) -> Array:
    """Gradient of `adaptive_avg_pool3d`: each element of `grad` is shared out in its window.

    Parameters
    ----------
    grad, input_shape
        As in `adaptive_avg_pool2d_backward`, for three axes.
    output_size, data_format
        As in the call of `adaptive_avg_pool3d`.
    out, workers
        As in `adaptive_avg_pool2d_backward`.

    Returns
    -------
    ndarray
        The gradient of what was pooled: of `input_shape` and the dtype of `grad`.  What comes from
        windows that overlap adds up, of halves in float32 and rounded once.

    Raises
    ------
    TypeError
        If an argument or a dtype is of the wrong kind.
    ValueError
        If a number is out of range or a shape is not that of the call of `adaptive_avg_pool3d`.
    MemoryError
        If the result does not fit.

    Notes
    -----
    As in PyTorch's autograd of ``AdaptiveAvgPool3d``, an element of `grad` is divided by the size
    of its window.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> pypool.adaptive_avg_pool3d_backward(np.array([[[8.0]]]), (2, 2, 2), 1).ravel()
    array([1., 1., 1., 1., 1., 1., 1., 1.])
    """
    return _backward.of_adaptive(
        "avg", 3, grad, None, input_shape, output_size, data_format, "plane", out, workers
    )


def max_unpool1d_backward(
    grad: ArrayLike,
    indices: ArrayLike,
    input_shape: Shape,
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
    """Gradient of `max_unpool1d`: the elements of `grad` that the indices point at.

    Parameters
    ----------
    grad, indices, input_shape
        As in `max_unpool2d_backward`, for one axis.
    pool_size, strides, padding, data_format, output_shape, index_kind
        As in the call of `max_unpool1d`.
    out, workers
        As in `max_unpool2d_backward`.

    Returns
    -------
    ndarray
        The gradient of what was unpooled: of `input_shape` and the dtype of `grad`.

    Raises
    ------
    TypeError
        If an argument or a dtype is of the wrong kind.
    ValueError
        If a number is out of range, a shape is not that of the call of `max_unpool1d`, or an index
        points outside what its kind counts.
    MemoryError
        If the result does not fit.

    Notes
    -----
    As in PyTorch, elements that went to one place all have its gradient.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> values, indices = pypool.max_pool1d(np.array([1, 5, 2, 4]), 2, return_indices=True)
    >>> pypool.max_unpool1d_backward(np.array([1.0, 2.0, 3.0, 4.0]), indices, (2,), 2)
    array([2., 4.])
    """
    return _backward.of_unpool(
        1, grad, indices, input_shape, pool_size, strides, padding, data_format, output_shape,
        index_kind, out, workers,
    )  # fmt: skip


def max_unpool2d_backward(
    grad: ArrayLike,
    indices: ArrayLike,
    input_shape: Shape,
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
    """Gradient of `max_unpool2d`: the elements of `grad` that the indices point at.

    Parameters
    ----------
    grad : array_like
        The gradient of the result of `max_unpool2d`, of its shape.  Of any dtype that it takes; any
        strides; never written.
    indices : array_like of int
        Where each element went, as in the call of `max_unpool2d`; of `input_shape`.
    input_shape : sequence of int
        The shape of what was unpooled.
    pool_size, strides, padding, data_format, output_shape, index_kind
        As in the call of `max_unpool2d`.
    out : ndarray, optional
        Where the result goes: of `input_shape`, any strides.  May overlap `grad`.
    workers : int, optional
        Most threads to use; see `get_workers`.

    Returns
    -------
    ndarray
        The gradient of what was unpooled: of `input_shape` and the dtype of `grad`.

    Raises
    ------
    TypeError
        If an argument or a dtype is of the wrong kind.
    ValueError
        If a number is out of range, a shape is not that of the call of `max_unpool2d`, or an index
        points outside what its kind counts.
    MemoryError
        If the result does not fit.

    Notes
    -----
    As in PyTorch, elements that went to one place all have its gradient.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> values, indices = pypool.max_pool2d(np.array([[1, 9], [4, 2]]), 2, return_indices=True)
    >>> pypool.max_unpool2d_backward(np.array([[1.0, 2.0], [3.0, 4.0]]), indices, (1, 1), 2)
    array([[2.]])
    """
    return _backward.of_unpool(
        2, grad, indices, input_shape, pool_size, strides, padding, data_format, output_shape,
        index_kind, out, workers,
    )  # fmt: skip


def max_unpool3d_backward(
    grad: ArrayLike,
    indices: ArrayLike,
    input_shape: Shape,
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
    """Gradient of `max_unpool3d`: the elements of `grad` that the indices point at.

    Parameters
    ----------
    grad, indices, input_shape
        As in `max_unpool2d_backward`, for three axes.
    pool_size, strides, padding, data_format, output_shape, index_kind
        As in the call of `max_unpool3d`.
    out, workers
        As in `max_unpool2d_backward`.

    Returns
    -------
    ndarray
        The gradient of what was unpooled: of `input_shape` and the dtype of `grad`.

    Raises
    ------
    TypeError
        If an argument or a dtype is of the wrong kind.
    ValueError
        If a number is out of range, a shape is not that of the call of `max_unpool3d`, or an index
        points outside what its kind counts.
    MemoryError
        If the result does not fit.

    Notes
    -----
    As in PyTorch, elements that went to one place all have its gradient.

    Examples
    --------
    >>> import numpy as np
    >>> import pypool
    >>> x = np.arange(8.0).reshape(2, 2, 2)
    >>> values, indices = pypool.max_pool3d(x, 2, return_indices=True)
    >>> pypool.max_unpool3d_backward(x, indices, (1, 1, 1), 2)
    array([[[7.]]])
    """
    return _backward.of_unpool(
        3, grad, indices, input_shape, pool_size, strides, padding, data_format, output_shape,
        index_kind, out, workers,
    )  # fmt: skip
