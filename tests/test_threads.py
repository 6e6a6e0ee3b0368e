"""Many callers at once, small stacks, little memory: the bits are those of a serial call."""

import os
import sys
import threading

import cases
import numpy as np
import pytest
from cases import OPS, bits

import pypool
from pypool import _runtime


def test_threads_may_share_a_plan_and_write_their_own_results():
    x = cases.full_range("float32", (4, 200, 200, 8))
    expected = bits(pypool.avg_pool2d(x, 3, 2, workers=1))
    outs = [np.empty((4, 99, 99, 8), "float32") for _ in range(16)]
    barrier = threading.Barrier(16)

    def call(out):
        barrier.wait()
        for _ in range(4):
            pypool.avg_pool2d(x, 3, 2, out=out, workers=2)

    threads = [threading.Thread(target=call, args=(out,)) for out in outs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {bits(out) for out in outs} == {expected}


def test_the_gil_is_released_while_a_large_array_is_pooled():
    """Ten ticks pass in another thread while this one pools, which a held lock would forbid."""
    x = np.ones((64, 512, 512), np.float32)
    ticks, done = [], threading.Event()

    def tick():
        while not done.wait(0.0005):
            ticks.append(None)

    thread = threading.Thread(target=tick)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(100)  # nobody is asked to give the lock up
    try:
        thread.start()
        for _ in range(40):
            pypool.avg_pool2d(x, 5, 1, data_format="channels_first", workers=1)
            if len(ticks) >= 10:
                break
    finally:
        sys.setswitchinterval(interval)
        done.set()
        thread.join()
    assert len(ticks) >= 10


@pytest.mark.parametrize("op", OPS)
def test_a_small_stack_is_enough(op, isa):
    x = cases.small("float32", (2, 90, 4000, 3))
    args = {"pool_size": (9, 40), "strides": 1, "padding": "same"}
    results = []

    def call():
        with _runtime.instruction_set(isa):
            results.append(bits(getattr(pypool, f"{op}_pool2d")(x[:, :20], **args, workers=1)))
            pypool.pool(x[:1, :9, :50], 3, 1, op=op, axes=(0, 1, 2), padding="same")

    expected = bits(getattr(pypool, f"{op}_pool2d")(x[:, :20], **args, workers=1))
    before = threading.stack_size(128 * 1024)
    try:
        thread = threading.Thread(target=call)
        thread.start()
        thread.join()
    finally:
        threading.stack_size(before)
    assert results == [expected]


@pytest.mark.skipif("LD_PRELOAD" in os.environ, reason="a sanitizer takes more of the stack")
def test_the_smallest_stack_that_a_thread_may_have_is_enough(python):
    """Where nothing else has room there: one thread for each kind of call."""
    code = """
        import threading, numpy as np, pypool

        threading.stack_size(32768)
        x = np.random.default_rng(0).random((2, 40, 30, 33), np.float32)
        planes = np.ascontiguousarray(x.reshape(-1)[: 64 * 2 * 49]).reshape(2, 64, 7, 7)
        values, indices = pypool.max_pool2d(x, 3, 2, 1, return_indices=True)
        calls = [
            lambda: pypool.max_pool2d(x, 3, 2, 1),
            lambda: pypool.avg_pool2d(x[:, ::2, ::-1].astype(np.float16), 3, 1),
            lambda: pypool.sum_pool2d(x, (21, 3), 1, "same"),
            lambda: pypool.max_pool2d(planes, 3, 1, "same", "channels_first"),
            lambda: pypool.pool(x.reshape(2, 4, 10, 3, 10, 33), 2, 1, "same", op="avg"),
            lambda: pypool.lp_pool2d(x, 3, 3),
            lambda: pypool.max_pool2d(x, 3, 2, 1, return_indices=True)[1],
            lambda: pypool.max_pool2d_backward(values, indices, x.shape, 3, 2, 1),
            lambda: pypool.avg_pool2d_backward(values, x.shape, 3, 2, 1),
        ]
        for call in calls:
            expected, found = call(), []
            thread = threading.Thread(target=lambda: found.append(call()))
            thread.start()
            thread.join()
            assert found[0].tobytes() == expected.tobytes()
        print(len(calls))
    """
    assert python(code).stdout.split() == ["9"]


on_linux = pytest.mark.skipif(sys.platform != "linux", reason="limits are set as on Linux")


@on_linux
def test_a_call_without_memory_raises_memory_error(python):
    code = """
        import resource, numpy as np, pypool

        x = np.ones((64, 1024, 1024), np.float32)
        pypool.max_pool2d(x[:1], 2, data_format="channels_first")
        with open("/proc/self/statm") as file:
            used = int(file.read().split()[0]) * resource.getpagesize()
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        resource.setrlimit(resource.RLIMIT_AS, (used + 2**24, hard))
        try:
            pypool.avg_pool2d(x, 1, data_format="channels_first")
        except MemoryError:
            print("refused")
        print(x.min(), pypool.max_pool2d(x[0, :64, :64], 2).sum())
    """
    assert python(code).stdout.split() == ["refused", "1.0", "1024.0"]
