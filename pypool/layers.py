"""Keras's twelve pooling layers over NumPy arrays, each with a forward and a backward pass."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike

from pypool import _call, _core, _gradients, _plan
from pypool._types import Array, DataFormat, Flag, Padding, Size

__all__ = [
    "AveragePooling1D",
    "AveragePooling2D",
    "AveragePooling3D",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalAveragePooling3D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "GlobalMaxPooling3D",
    "MaxPooling1D",
    "MaxPooling2D",
    "MaxPooling3D",
]

Shape = Sequence[int | None]

KERAS_ALONE = ("trainable", "dtype")
"""What Keras's layers say of themselves and these have no use for."""


class _Layer:
    """A way of pooling with its arguments, and what the last forward pass left for backward.

    `_arguments` and `_options` are what the backward function takes, by position and by name.
    """

    _op: ClassVar[str]
    _nd: ClassVar[int]
    _backward: ClassVar[Callable[..., Any]]
    _index_kind: str  # of the maxima; an average needs no indices
    _configured: ClassVar[tuple[str, ...]]  # the constructor's arguments but the name
    _how: tuple[Any, ...]  # as `_core.pool` takes it
    _arguments: tuple[Any, ...]
    _options: dict[str, Any]
    _kept: tuple[Any, ...] | None  # what the backward function takes between grad and those

    def __init__(self, data_format: DataFormat, name: str | None) -> None:
        if name is not None and not isinstance(name, str):
            raise TypeError(
                f"name must be a string or None, got {_plan.show(name)} of type "
                f"{type(name).__name__}"
            )
        self._ndim = self._nd + 2
        self._axes = _plan.spatial_axes(self._nd, self._ndim, data_format)
        self._data_format = _plan.data_format_of(data_format)
        self.name = name
        self._kept = None

    @property
    def data_format(self) -> str:
        """Where channels are."""
        return self._data_format

    def forward(self, x: ArrayLike, *, training: bool = True) -> Array:
        """Pool a batch.

        Parameters
        ----------
        x : array_like
            Batch, spatial axes and channels, in the order of `data_format`.
        training : bool
            Keep what `backward` needs.  If false, keep nothing: less work and no memory.

        Returns
        -------
        ndarray
            What the function that the layer is named after returns.

        Raises
        ------
        TypeError
            If the dtype of `x` is of the wrong kind.
        ValueError
            If `x` has another number of axes, or is too small for a window.
        """
        self._kept = None
        if type(x) is not np.ndarray:
            x = _call.as_array(x)
        if x.ndim != self._ndim:
            _plan.supported("x", x.dtype)
            raise ValueError(self._expected("x", x.shape))
        if training is not True and not _plan.flag("training", training):
            return _core.pool(x, self._how, None, None)
        shape = x.shape
        if self._op == "avg":
            result = _core.pool(x, self._how, None, None)
            self._kept = (shape,)
            return result
        result, indices = _call.pool_with_indices(x, self._how, True, self._index_kind, None, None)
        self._kept = indices, shape
        return result

    def __call__(self, x: ArrayLike, *, training: bool = True) -> Array:
        """What `forward` gives."""
        return self.forward(x, training=training)

    def backward(self, grad: ArrayLike) -> Array:
        """Gradient of a loss by the input of the last forward pass.

        Parameters
        ----------
        grad : array_like
            The loss's gradient by the output of that pass, of its shape; float16, bfloat16, float32
            or float64.

        Returns
        -------
        ndarray
            Of the dtype of `grad` and the shape of the input.

        Raises
        ------
        TypeError
            If `grad` is not of floats.
        ValueError
            If `grad` has another shape, or there was no forward pass with ``training=True``.
        """
        if self._kept is None:
            raise ValueError(
                f"backward of {self!r} needs a forward pass before it, with training=True"
            )
        return self._backward(  # type: ignore[no-any-return]
            grad, *self._kept, *self._arguments, **self._options
        )

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this layer again, with `from_config` or in Keras."""
        return {argument: getattr(self, argument) for argument in (*self._configured, "name")}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """The layer that `get_config` described, ours or Keras's: here dtypes are the input's."""
        return cls(**{key: of for key, of in config.items() if key not in KERAS_ALONE})

    def __repr__(self) -> str:
        given = self.get_config()
        if given["name"] is None:
            del given["name"]
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in given.items())})"

    def _shape(self, input_shape: Shape) -> tuple[int | None, ...]:
        """The shape of an input, checked."""
        if not isinstance(input_shape, (tuple, list)):
            raise TypeError(
                f"input_shape must be a tuple, got {_plan.show(input_shape)} of type "
                f"{type(input_shape).__name__}"
            )
        if len(input_shape) != self._ndim:
            raise ValueError(self._expected("input_shape", tuple(input_shape)))
        return tuple(
            None if size is None else _plan.integer("input_shape", size, 0) for size in input_shape
        )

    def _expected(self, what: str, shape: tuple[Any, ...]) -> str:
        spatial = ("depth", "height", "width")[-self._nd :] if self._nd > 1 else ("length",)
        axes = (*spatial, "channels") if self._axes[0] == 1 else ("channels", *spatial)
        return (
            f"{what} must have {self._ndim} axes, (batch, {', '.join(axes)}), for "
            f"{type(self).__name__}; got {len(shape)}: {_plan.show(shape)}"
        )


class _Windowed(_Layer):
    """A layer whose windows slide."""

    _index_kind = "window"
    _configured = ("pool_size", "strides", "padding", "data_format")

    def __init__(
        self,
        pool_size: Size = 2,
        strides: Size | None = None,
        padding: Padding = "valid",
        data_format: DataFormat = None,
        name: str | None = None,
    ) -> None:
        super().__init__(data_format, name)
        met = self._met = _plan.arguments(self._nd, pool_size, strides, padding)
        self._arguments = (met.pool_size, met.strides, met.padding, self.data_format)
        if math.prod(self.pool_size) > _plan.WINDOW_POSITIONS:
            self._index_kind = "plane"
        self._options = {"index_kind": self._index_kind} if self._op == "max" else {}
        self._how = (self._op, self._nd, *self._arguments)

    @property
    def pool_size(self) -> tuple[int, ...]:
        """Elements of a window along each axis."""
        return self._met.pool_size

    @property
    def strides(self) -> tuple[int, ...]:
        """Elements from one window to the next along each axis."""
        return self._met.strides

    @property
    def padding(self) -> str | tuple[tuple[int, int], ...]:
        """A word, or how much of it is before and after each axis."""
        return self._met.padding

    def compute_output_shape(self, input_shape: Shape) -> tuple[int | None, ...]:
        """The shape that `forward` gives, of a shape in which None is a size not known yet."""
        shape = list(self._shape(input_shape))
        for i, axis in enumerate(self._axes):
            size = shape[axis]
            if size is not None:
                padding = self.padding if isinstance(self.padding, str) else self.padding[i]
                shape[axis] = _plan.axis_of(
                    size, self.pool_size[i], self.strides[i], padding, 1, False, False
                ).outputs
        return tuple(shape)


class _Global(_Layer):
    """A layer with one window over the whole of the spatial axes."""

    _index_kind = "plane"
    _configured = ("data_format", "keepdims")

    def __init__(
        self, data_format: DataFormat = None, keepdims: Flag = False, *, name: str | None = None
    ) -> None:
        super().__init__(data_format, name)
        self._keepdims = _plan.flag("keepdims", keepdims)
        self._arguments = (self.data_format,)
        self._options = {"keepdims": self.keepdims}
        self._how = ("global", self._op, self._nd, self.keepdims, self.data_format, "propagate")

    @property
    def keepdims(self) -> bool:
        """Whether the spatial axes are kept, each of one element."""
        return self._keepdims

    def compute_output_shape(self, input_shape: Shape) -> tuple[int | None, ...]:
        """The shape that `forward` gives, of a shape in which None is a size not known yet."""
        shape: list[int | None] = list(self._shape(input_shape))
        if any(shape[axis] == 0 for axis in self._axes):
            raise ValueError(
                f"input_shape must have elements along its spatial axes, got {tuple(shape)}"
            )
        shape[self._axes[0] : self._axes[-1] + 1] = (1,) * self._nd if self.keepdims else ()
        return tuple(shape)


class MaxPooling1D(_Windowed):
    """Largest element of each window that slides over one axis.

    Parameters
    ----------
    pool_size, strides, padding, data_format, name
        As in `MaxPooling2D`, for one axis.

    Examples
    --------
    >>> import numpy as np
    >>> from pypool.layers import MaxPooling1D
    >>> layer = MaxPooling1D()
    >>> layer(np.array([[[1.0], [5.0], [2.0], [4.0]]]))
    array([[[5.],
            [4.]]])
    >>> layer.backward(np.array([[[10.0], [20.0]]])).ravel()
    array([ 0., 10.,  0., 20.])
    """

    _op, _nd = "max", 1
    _backward = staticmethod(_gradients.max_pool1d_backward)


class MaxPooling2D(_Windowed):
    """Largest element of each window that slides over two axes.

    Parameters
    ----------
    pool_size : int or sequence of int
        Elements of a window along each axis, at least 1: one number for all, or one each.
    strides : int or sequence of int, optional
        Elements from one window to the next; `pool_size` if left out.
    padding : {"valid", "same"}, or as in `pypool.max_pool2d`
        No padding; or so much that there are ``ceil(n / stride)`` outputs.  It takes no part in the
        result.
    data_format : {"channels_last", "channels_first"}, optional
        Where channels are; last if None.
    name : str, optional
        For you and `get_config`; without effect.

    Notes
    -----
    For `backward` it keeps where in its window each maximum is: a byte for each output, where a
    window has up to 256 elements.

    Examples
    --------
    >>> import numpy as np
    >>> from pypool.layers import MaxPooling2D
    >>> layer = MaxPooling2D()
    >>> layer
    MaxPooling2D(pool_size=(2, 2), strides=(2, 2), padding='valid', data_format='channels_last')
    >>> x = np.arange(16.0).reshape(1, 4, 4, 1)
    >>> layer(x)[0, ..., 0]
    array([[ 5.,  7.],
           [13., 15.]])
    >>> layer.backward(np.ones((1, 2, 2, 1)))[0, ..., 0]
    array([[0., 0., 0., 0.],
           [0., 1., 0., 1.],
           [0., 0., 0., 0.],
           [0., 1., 0., 1.]])
    >>> layer.compute_output_shape((None, 28, 28, 3))
    (None, 14, 14, 3)
    """

    _op, _nd = "max", 2
    _backward = staticmethod(_gradients.max_pool2d_backward)


class MaxPooling3D(_Windowed):
    """Largest element of each window that slides over three axes.

    Parameters
    ----------
    pool_size, strides, padding, data_format, name
        As in `MaxPooling2D`, for three axes.

    Examples
    --------
    >>> import numpy as np
    >>> from pypool.layers import MaxPooling3D
    >>> layer = MaxPooling3D((1, 2, 2))
    >>> layer(np.arange(8.0).reshape(1, 2, 2, 2, 1)).ravel()
    array([3., 7.])
    >>> layer.backward(np.ones((1, 2, 1, 1, 1))).ravel()
    array([0., 0., 0., 1., 0., 0., 0., 1.])
    """

    _op, _nd = "max", 3
    _backward = staticmethod(_gradients.max_pool3d_backward)


class AveragePooling1D(_Windowed):
    """Average of each window that slides over one axis.

    Parameters
    ----------
    pool_size, strides, padding, data_format, name
        As in `MaxPooling2D`, for one axis.

    Examples
    --------
    >>> import numpy as np
    >>> from pypool.layers import AveragePooling1D
    >>> layer = AveragePooling1D(2, 1)
    >>> layer(np.array([[[1.0], [5.0], [2.0]]])).ravel()
    array([3. , 3.5])
    >>> layer.backward(np.array([[[1.0], [1.0]]])).ravel()
    array([0.5, 1. , 0.5])
    """

    _op, _nd = "avg", 1
    _backward = staticmethod(_gradients.avg_pool1d_backward)


class AveragePooling2D(_Windowed):
    """Average of each window that slides over two axes.

    Parameters
    ----------
    pool_size, strides, padding, data_format, name
        As in `MaxPooling2D`.

    Examples
    --------
    >>> import numpy as np
    >>> from pypool.layers import AveragePooling2D
    >>> layer = AveragePooling2D(padding="same")
    >>> layer(np.arange(9.0).reshape(1, 3, 3, 1))[0, ..., 0]
    array([[2. , 3.5],
           [6.5, 8. ]])
    >>> layer.backward(np.ones((1, 2, 2, 1)))[0, ..., 0]
    array([[0.25, 0.25, 0.5 ],
           [0.25, 0.25, 0.5 ],
           [0.5 , 0.5 , 1.  ]])
    """

    _op, _nd = "avg", 2
    _backward = staticmethod(_gradients.avg_pool2d_backward)


class AveragePooling3D(_Windowed):
    """Average of each window that slides over three axes.

    Parameters
    ----------
    pool_size, strides, padding, data_format, name
        As in `MaxPooling2D`, for three axes.

    Examples
    --------
    >>> import numpy as np
    >>> from pypool.layers import AveragePooling3D
    >>> layer = AveragePooling3D((1, 2, 2))
    >>> layer(np.arange(8.0).reshape(1, 2, 2, 2, 1)).ravel()
    array([1.5, 5.5])
    >>> layer.backward(np.ones((1, 2, 1, 1, 1))).ravel()
    array([0.25, 0.25, 0.25, 0.25, 0.25, 0.25, 0.25, 0.25])
    """

    _op, _nd = "avg", 3
    _backward = staticmethod(_gradients.avg_pool3d_backward)


class GlobalMaxPooling1D(_Global):
    """Largest element over the whole of the spatial axis.

    Parameters
    ----------
    data_format, keepdims, name
        As in `GlobalMaxPooling2D`.

    Examples
    --------
    >>> import numpy as np
    >>> from pypool.layers import GlobalMaxPooling1D
    >>> layer = GlobalMaxPooling1D()
    >>> layer(np.array([[[1.0, 8.0], [5.0, 2.0]]]))
    array([[5., 8.]])
    >>> layer.backward(np.array([[10.0, 20.0]]))
    array([[[ 0., 20.],
            [10.,  0.]]])
    """

    _op, _nd = "max", 1
    _backward = staticmethod(_gradients.global_max_pool1d_backward)


class GlobalMaxPooling2D(_Global):
    """Largest element over the whole of the spatial axes.

    Parameters
    ----------
    data_format : {"channels_last", "channels_first"}, optional
        Where channels are; last if None.
    keepdims : bool
        Keep the spatial axes, each of one element.
    name : str, optional
        For you and `get_config`; without effect.

    Examples
    --------
    >>> import numpy as np
    >>> from pypool.layers import GlobalMaxPooling2D
    >>> layer = GlobalMaxPooling2D()
    >>> layer(np.arange(8.0).reshape(1, 2, 2, 2))
    array([[6., 7.]])
    >>> layer.backward(np.array([[1.0, 2.0]])).reshape(4, 2).T
    array([[0., 0., 0., 1.],
           [0., 0., 0., 2.]])
    >>> layer.compute_output_shape((None, None, None, 3))
    (None, 3)
    """

    _op, _nd = "max", 2
    _backward = staticmethod(_gradients.global_max_pool2d_backward)


class GlobalMaxPooling3D(_Global):
    """Largest element over the whole of the spatial axes.

    Parameters
    ----------
    data_format, keepdims, name
        As in `GlobalMaxPooling2D`.

    Examples
    --------
    >>> import numpy as np
    >>> from pypool.layers import GlobalMaxPooling3D
    >>> layer = GlobalMaxPooling3D(keepdims=True)
    >>> layer(np.arange(8.0).reshape(1, 2, 2, 1, 2))
    array([[[[[6., 7.]]]]])
    >>> layer.backward(np.ones((1, 1, 1, 1, 2))).ravel()
    array([0., 0., 0., 0., 0., 0., 1., 1.])
    """

    _op, _nd = "max", 3
    _backward = staticmethod(_gradients.global_max_pool3d_backward)


class GlobalAveragePooling1D(_Global):
    """Average over the whole of the spatial axis.

    Parameters
    ----------
    data_format, keepdims, name
        As in `GlobalMaxPooling2D`.

    Examples
    --------
    >>> import numpy as np
    >>> from pypool.layers import GlobalAveragePooling1D
    >>> layer = GlobalAveragePooling1D()
    >>> layer(np.array([[[1.0, 8.0], [5.0, 2.0]]]))
    array([[3., 5.]])
    >>> layer.backward(np.array([[1.0, 2.0]]))
    array([[[0.5, 1. ],
            [0.5, 1. ]]])
    """

    _op, _nd = "avg", 1
    _backward = staticmethod(_gradients.global_avg_pool1d_backward)


class GlobalAveragePooling2D(_Global):
    """Average over the whole of the spatial axes.

    Parameters
    ----------
    data_format, keepdims, name
        As in `GlobalMaxPooling2D`.

    Examples
    --------
    >>> import numpy as np
    >>> from pypool.layers import GlobalAveragePooling2D
    >>> layer = GlobalAveragePooling2D()
    >>> layer(np.arange(8.0).reshape(1, 2, 2, 2))
    array([[3., 4.]])
    >>> layer.backward(np.array([[1.0, 2.0]])).reshape(4, 2).T
    array([[0.25, 0.25, 0.25, 0.25],
           [0.5 , 0.5 , 0.5 , 0.5 ]])
    """

    _op, _nd = "avg", 2
    _backward = staticmethod(_gradients.global_avg_pool2d_backward)


class GlobalAveragePooling3D(_Global):
    """Average over the whole of the spatial axes.

    Parameters
    ----------
    data_format, keepdims, name
        As in `GlobalMaxPooling2D`.

    Examples
    --------
    >>> import numpy as np
    >>> from pypool.layers import GlobalAveragePooling3D
    >>> layer = GlobalAveragePooling3D(keepdims=True)
    >>> layer(np.arange(8.0).reshape(1, 2, 2, 1, 2))
    array([[[[[3., 4.]]]]])
    >>> layer.backward(np.ones((1, 1, 1, 1, 2))).ravel()
    array([0.25, 0.25, 0.25, 0.25, 0.25, 0.25, 0.25, 0.25])
    """

    _op, _nd = "avg", 3
    _backward = staticmethod(_gradients.global_avg_pool3d_backward)
