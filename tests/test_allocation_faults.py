"""Whatever allocation fails, a call raises MemoryError or succeeds, and so does the next call.

The core leaks nothing then.  What NumPy does by itself without memory is left out, as is the plain
NumPy of `convert_indices`, where it crashes.
"""

import os
import platform
import shutil
import subprocess
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "tools" / "faults.c"
CALLS = """
import ctypes, gc, sys
import numpy as np, pypool
from pypool import _backward, _core, _runtime

faults = ctypes.PyDLL(None)
faults.faults_live.restype = ctypes.c_long
faults.faults_arm.argtypes = [ctypes.c_long]

x = np.random.default_rng(0).integers(-8, 9, (2, 20, 25, 3)).astype(np.float32)
large = np.random.default_rng(0).integers(-8, 9, (4, 160, 160, 3)).astype(np.float32)
narrow = np.random.default_rng(0).integers(-8, 9, (9, 32, 7, 7)).astype(np.float32)
plane = np.random.default_rng(0).integers(-8, 9, (150, 1500)).astype(np.float32)
row = np.random.default_rng(0).integers(-8, 9, (300, 20)).astype(np.float32)
small = np.arange(20.0).reshape(4, 5)
halves = x.astype(np.float16)
values, places = pypool.max_pool2d(x, 3, 2, return_indices=True)
norms = pypool.lp_pool2d(x, 2, 2)
out = np.empty_like(values)
CALLS = {
    "tiny": lambda: pypool.max_pool2d(small, 2),
    "into": lambda: pypool.max_pool2d(x, 3, 2, out=out),
    "scratch": lambda: pypool.avg_pool2d(x, 7, 1, "same"),
    "strided": lambda: pypool.sum_pool2d(x[:, ::-1, ::2], 3, dilation=2),
    "slab": lambda: pypool.max_pool2d(large[:, ::-1, ::2], 3, 2),
    "tall": lambda: pypool.avg_pool2d(x, (15, 3), 1),
    "narrow": lambda: pypool.max_pool2d(narrow, 3, 2, 1, data_format="channels_first"),
    "long": lambda: pypool.avg_pool1d(row, 90, 7),
    "cast": lambda: pypool.max_pool2d(halves, 3, 1),
    "parallel": lambda: pypool.avg_pool2d(large, 3, 2, workers=2),
    "indices": lambda: pypool.max_pool2d(x, 3, 2, return_indices=True)[1],
    "one plane": lambda: pypool.global_max_pool2d(plane, keepdims=True, workers=2),
    "global": lambda: pypool.global_avg_pool2d(x, keepdims=True),
    "adaptive": lambda: pypool.adaptive_max_pool2d(x, (7, 9)),
    "norm": lambda: pypool.lp_pool2d(x, 3, 5, 1),
    "overlap": lambda: pypool.max_pool2d(halves, 1, out=halves),
    "follow": lambda: pypool.max_pool2d_backward(values, places, x.shape, 3, 2),
    "spread": lambda: pypool.avg_pool2d_backward(values, x.shape, 3, 2),
    "norm backward": lambda: pypool.lp_pool2d_backward(norms, x, norms, 2, 2),
    "unpool": lambda: pypool.max_unpool2d(values, places, 3, 2, output_shape=x.shape),
}
# Calls that go straight to the core, once there was one like them: CPython itself leaks the tuples
# that it cannot finish.
LEAN = ["tiny", "into", "scratch", "strided", "slab", "tall", "narrow", "long", "cast", "parallel",
        "norm"]


def disarmed():
    try:
        return faults.faults_disarm()
    except MemoryError:     # ctypes had none
        return faults.faults_disarm()


def sweep(call, expected, cold):
    "Each allocation of a call fails in turn; how many there are."
    k = errors = 0
    while True:
        k += 1
        if cold:
            _core.forget(_runtime.in_use)
            _backward._kept.clear()
        raised = False
        try:
            faults.faults_arm(k)
            result = call()
        except MemoryError:
            raised = True
        except SystemError as error:    # of NumPy 2.4's where() and reductions: "... without ..."
            raised = " without " in str(error)
            if not raised:
                raise
        failed = disarmed()
        assert raised or np.array_equal(result, expected), k
        assert failed or not raised, k
        errors += raised
        result = None
        assert np.array_equal(call(), expected), k
        if not failed:
            return k - 1, errors


for name, call in CALLS.items():
    expected = call()
    fallible, errors = sweep(call, expected, cold=True)
    print(name, fallible, errors)
    assert fallible > 0 and errors > 0
    if name not in LEAN:
        continue
    sweep(call, expected, cold=False)
    gc.collect()
    before = faults.faults_live()
    for _ in range(20):
        sweep(call, expected, cold=False)
    gc.collect()
    assert faults.faults_live() - before < 20, (name, faults.faults_live() - before)
"""


@pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc" or shutil.which("gcc") is None,
    reason="the malloc that fails is compiled for glibc by gcc",
)
@pytest.mark.skipif("LD_PRELOAD" in os.environ, reason="another malloc is preloaded")
def test_every_allocation_of_a_call_may_fail(python, tmp_path):
    library = tmp_path / "faults.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", library, SOURCE], check=True)
    done = python(CALLS, LD_PRELOAD=str(library), PYTHONMALLOC="malloc", OMP_NUM_THREADS="2")
    assert len(done.stdout.splitlines()) == CALLS.count(": lambda")
