"""What the public functions take and give, for their signatures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from numpy.typing import NDArray

Size = int | Sequence[int]
Padding = str | int | Sequence[int] | Sequence[tuple[int, int]]
DataFormat = Literal["channels_last", "channels_first"] | None
NanPolicy = Literal["propagate", "omit"]
Rounding = Literal["half_even", "half_up", "floor", "trunc"]
PlaneKind = Literal["plane", "sample", "tensor"]
IndexKind = PlaneKind | Literal["window"]
Shape = Sequence[int]
Array = NDArray[Any]
# Either use of a call that may return indices passes a type checker: `.shape`, and unpacking.
Pooled = Array | Any
Out = Array | tuple[Array | None, Array | None] | None
