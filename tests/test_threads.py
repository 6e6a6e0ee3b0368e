"""Many callers at once, forks, small stacks: the bits are those of a serial call."""

import concurrent.futures
import os
import sys
import threading

import cases
import numpy as np
import pytest
from cases import OPS, RANKS, bits

import pypool
from pypool import _runtime


def tasks(count):
    """Calls on one shared read-only input, small and large, as (op, nd, arguments)."""
    rng = np.random.default_rng(0)
    for _ in range(count):
        nd = int(rng.choice(RANKS))
        yield (
            str(rng.choice(OPS)),
            nd,
            {
                "pool_size": int(rng.integers(1, 6)),
                "strides": int(rng.integers(1, 4)),
                "padding": str(rng.choice(["valid", "same"])),
                "data_format": str(rng.choice(cases.FORMATS)),
            },
        )


def test_many_python_threads_get_the_serial_bits():
    x = cases.full_range("float32", (3, 19, 20, 21, 22))
    x.flags.writeable = False
    calls = list(tasks(60))

    def call(task, workers=None):
        op, nd, args = task
        return bits(getattr(pypool, f"{op}_pool{nd}d")(x, **args, workers=workers))

    serial = [call(task, workers=1) for task in calls]
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        assert list(pool.map(call, calls * 3)) == serial * 3


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


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
FORK = """
    import multiprocessing, sys, threading
    import numpy as np, pypool

    x = np.random.default_rng(0).random((8, 300, 300, 8), np.float32)
    expected = pypool.avg_pool2d(x, 3, 2, workers=1)

    def right(_=None):
        return np.array_equal(pypool.avg_pool2d(x, 3, 2, workers=2), expected)

    def fork():
        context = multiprocessing.get_context(sys.argv[1])
        with context.Pool(2) as pool:
            assert all(pool.map(right, range(4)))
        assert right()

    if __name__ == "__main__":
        assert right()
        if sys.argv[2] == "thread":
            failures = []
            threading.excepthook = lambda args: failures.append(args)
            thread = threading.Thread(target=fork)
            thread.start()
            thread.join()
            assert not failures, failures
        else:
            fork()
        print("done")
"""


@pytest.mark.parametrize("where", ["main", "thread"])
@pytest.mark.parametrize("method", [pytest.param("fork", marks=needs_fork), "spawn"])
def test_a_child_made_after_a_parallel_call_pools(method, where, python):
    assert python(FORK, method, where, timeout=20).stdout.strip() == "done"


@needs_fork
def test_a_child_made_during_calls_of_other_threads_pools(python):
    code = """
        import os, threading, warnings
        import numpy as np, pypool

        warnings.simplefilter("ignore")
        x = np.random.default_rng(0).random((8, 200, 200, 8), np.float32)
        expected = pypool.max_pool2d(x, 3, 2, workers=1)
        stop = threading.Event()

        def busy():
            while not stop.is_set():
                pypool.max_pool2d(x, 3, 2, workers=2)

        threads = [threading.Thread(target=busy) for _ in range(2)]
        for thread in threads:
            thread.start()
        for _ in range(20):
            child = os.fork()
            if not child:
                same = np.array_equal(pypool.max_pool2d(x, 3, 2, workers=2), expected)
                os._exit(0 if same else 1)
            assert os.waitpid(child, 0)[1] == 0
        stop.set()
        for thread in threads:
            thread.join()
        print("done")
    """
    assert python(code, timeout=20).stdout.strip() == "done"


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


@on_linux
def test_a_call_that_may_start_no_thread_runs_serially_or_raises(python):
    code = """
        import resource, numpy as np, pypool

        x = np.ones((64, 256, 256), np.float32)
        resource.setrlimit(resource.RLIMIT_NPROC, (1, 1))
        try:
            result = pypool.max_pool2d(x, 2, data_format="channels_first", workers=2)
        except MemoryError:
            pass
        else:
            assert np.array_equal(result, np.ones((64, 128, 128)))
        print("done")
    """
    assert python(code).stdout.strip() == "done"
