"""The type hints: what mypy takes and what it refuses, as the calls do."""

import importlib.util
import inspect
import shutil
import subprocess
import sys
import types
import typing
from pathlib import Path

import pytest

import pypool
from pypool import _overloads

USES = """
from fractions import Fraction
from typing import Any, assert_type

import numpy as np
from numpy.typing import NDArray

import pypool
from pypool import layers

Array = NDArray[Any]
Pair = tuple[Array, Array]
x, o, i = np.ones((4, 4)), np.ones((2, 2)), np.ones((2, 2), int)


def unknown() -> bool:
    return True


# What a call gives, by return_indices.
assert_type(pypool.max_pool2d(x, 2), Array)
assert_type(pypool.max_pool2d(x, 2, return_indices=False, out=o), Array)
assert_type(pypool.max_pool1d(x, 2, return_indices=True), Pair)
assert_type(pypool.min_pool3d(x, 2, return_indices=True, index_kind="window"), Pair)
assert_type(pypool.max_pool2d(x, 2, return_indices=True, out=(o, None)), Pair)
assert_type(pypool.max_pool2d(x, 2, return_indices=unknown()), Array | Pair)
assert_type(pypool.global_max_pool2d(x), Array)
assert_type(pypool.global_max_pool2d(x, return_indices=True, keepdims=True), Pair)
assert_type(pypool.adaptive_max_pool2d(x, 2), Array)
assert_type(pypool.adaptive_max_pool2d(x, (2, 2), return_indices=True, out=(o, i)), Pair)
assert_type(pypool.pool(x, 2), Array)
assert_type(pypool.pool(x, 2, op="avg", count_include_pad=True, out=o), Array)
assert_type(pypool.pool(x, 2, op="min", return_indices=True), Pair)
assert_type(pypool.pool(x, 2, return_indices=unknown()), Array | Pair)
values, indices = pypool.pool(x, 2, return_indices=True, index_kind="tensor")
assert_type(indices, Array)
assert_type(pypool.avg_pool2d(x, 2), Array)

# What takes an integer, a flag or a number takes NumPy's.
two, many, yes = np.int64(2), np.array([2, 2]), np.True_
pypool.max_pool2d(x, two, many, 1, workers=two, ceil_mode=yes, dilation=np.uint8(1))
pypool.max_pool2d(x, many, [two, 2], padding=[[1, 1], [0, 1]])
pypool.max_pool2d(x, (2, two), padding=np.array([[1, 1], [0, 1]]), return_indices=yes)
pypool.avg_pool2d(x, 2, padding="SAME", count_include_pad=yes, divisor_override=two)
pypool.avg_pool2d(x, 2, padding=((1, 1), (0, 1)), data_format=None)
pypool.max_pool2d(x, 2, padding=np.array([1, 0]))
pypool.lp_pool2d(x, np.float32(2), 2)
pypool.lp_pool2d(x, Fraction(3, 2), 2)
pypool.pool(x, 2, op="lp", norm_type=np.array(2.0), axes=two)
pypool.global_avg_pool2d(x, keepdims=yes)
pypool.max_unpool2d(o, i, two, output_shape=many * 2, workers=two)
pypool.max_pool2d_backward(o, i, list(many * 2), two, ceil_mode=yes)
pypool.lp_pool2d_backward(o, x, o, np.float32(2), 2)
pypool.convert_indices(i, x.shape, "plane", "window", two, pool_size=two)
pypool.set_workers(two)
layer = layers.MaxPooling2D(two, [2, two], "same")
assert_type(layer(x[None, ..., None]), Array)
layers.GlobalAveragePooling2D(keepdims=yes)

# What would fail is refused: an unused comment is an error.
pypool.max_pool2d(x, 2, return_indices=True).shape  # type: ignore
pypool.max_pool2d(x, 2, out=(o, None))  # type: ignore
pypool.max_pool2d(x, 2, return_indices=True, out=o)  # type: ignore
pypool.pool(x, 2, op="avg", return_indices=True)  # type: ignore
pypool.pool(x, 2, index_kind="sample", return_indices=True)  # type: ignore
pypool.global_max_pool2d(x, index_kind="window")  # type: ignore
pypool.max_pool2d(x, 2.0)  # type: ignore
pypool.max_pool2d(x, "2")  # type: ignore
pypool.max_pool2d(x, 2, padding="causal")  # type: ignore
pypool.max_pool2d(x, 2, ceil_mode=1)  # type: ignore
pypool.avg_pool2d(x, 2, padding="causal")  # type: ignore
pypool.avg_pool2d(x, 2, rounding="up")  # type: ignore
pypool.avg_pool2d(x, 2, return_indices=True)  # type: ignore
pypool.lp_pool2d(x, "2", 2)  # type: ignore
pypool.lp_pool2d(x, 2j, 2)  # type: ignore
layer.pool_size = (3, 3)  # type: ignore
"""


@pytest.mark.skipif(importlib.util.find_spec("mypy") is None, reason="mypy is not installed")
def test_the_hints_say_what_calls_take_and_give(tmp_path):
    package = Path(pypool.__file__).parent
    shutil.copytree(package, tmp_path / "pypool", ignore=shutil.ignore_patterns("*.so", "data"))
    (tmp_path / "uses.py").write_text(USES)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "uses.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("family", "names"),
    {
        "OfWindows": [f"{op}_pool{nd}d" for op in ("max", "min") for nd in (1, 2, 3)],
        "OfPlanes": [f"global_max_pool{nd}d" for nd in (1, 2, 3)],
        "OfBins": [f"adaptive_max_pool{nd}d" for nd in (1, 2, 3)],
        "OfAnyAxes": ["pool"],
    }.items(),
)
def test_overloads_have_the_arguments_of_their_functions(family, names):
    name_of = types.SimpleNamespace(
        __module__=_overloads.__name__, __qualname__=f"{family}.__call__"
    )
    overloads = typing.get_overloads(name_of)
    assert len(overloads) == 3
    for name in names:
        expected = inspect.signature(getattr(pypool, name)).parameters
        for overload in overloads:
            _self, *found = inspect.signature(overload).parameters.values()
            assert [p.name for p in found] == list(expected)
            for p in found:
                assert p.kind == expected[p.name].kind
                required = p.name == "return_indices" and p.annotation != "Literal[False]"
                assert required or p.default == expected[p.name].default
