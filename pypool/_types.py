"""What the public functions take and give, for their signatures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, SupportsFloat, SupportsIndex

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Integers = Sequence[SupportsIndex] | NDArray[np.integer[Any]]
Size = SupportsIndex | Integers
Shape = Size
Padding = (
    Literal["valid", "same", "same_lower", "VALID", "SAME", "SAME_LOWER"]
    | SupportsIndex
    | Integers
    | Sequence[Integers]
)
Flag = bool | np.bool_
Number = SupportsFloat | SupportsIndex
DataFormat = Literal["channels_last", "channels_first"] | None
NanPolicy = Literal["propagate", "omit"]
Rounding = Literal["half_even", "half_up", "floor", "trunc"]
PlaneKind = Literal["plane", "sample", "tensor"]
IndexKind = PlaneKind | Literal["window"]
AnyAxesKind = Literal["plane", "tensor", "window"]
Ordered = Literal["max", "min"]
Op = Ordered | Literal["avg", "sum", "lp"]
Pair = tuple[Array, Array]
PairOut = tuple[Array | None, Array | None] | None
Out = Array | PairOut
