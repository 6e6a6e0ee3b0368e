"""Types of the compiled core."""

from collections.abc import Sequence
from typing import Any

from pypool._plan import Recipe

def has_openmp() -> bool: ...
def instruction_sets() -> list[tuple[str, bool]]: ...

class Geometry:
    def __init__(
        self,
        isa: int,
        recipe: Recipe,
        outer: list[tuple[int, int, int]],
        lead: Sequence[tuple[int, ...]],
        along: tuple[int, ...],
        inner: tuple[int, int, int],
        sizes: tuple[int, int, int, int],
        swapped: bool,
        rounding: int,
        divisor: int,
        total: int,
    ) -> None: ...

def is_plain(out: object, x: Any) -> bool: ...
def run(geometry: Geometry, x: Any, out: Any, workers: int) -> None: ...
