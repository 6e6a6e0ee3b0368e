"""Faults around a call: no memory, no threads, forks, signals, shutdown, odd modes."""

import concurrent.futures
import importlib.util
import os
import sys
import threading

import cases
import numpy as np
import pytest
from cases import FORMATS, OPS, RANKS, bits

import pypool
from pypool import _runtime

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="faults are made as on Linux")
needs_openmp = pytest.mark.skipif(
    not pypool.show_config(mode="dicts")["openmp"], reason="this build has no threads"
)
sanitized = "asan" in os.environ.get("LD_PRELOAD", "")
plain_malloc = pytest.mark.skipif(sanitized, reason="AddressSanitizer holds what is freed")

PRELUDE = """
    import os, resource, signal, sys, threading, time, warnings
    import numpy as np, pypool

    warnings.simplefilter("ignore", DeprecationWarning)     # of forks where there are threads

    def tasks():
        return len(os.listdir("/proc/self/task"))

    def used(what=0):
        with open("/proc/self/statm") as file:
            return int(file.read().split()[what]) * resource.getpagesize()

    x = np.random.default_rng(0).random((4, 256, 256, 8), np.float32)
    expected = pypool.avg_pool2d(x, 3, 2, workers=1)

    def right(workers=2):
        return np.array_equal(pypool.avg_pool2d(x, 3, 2, workers=workers), expected)
"""


# --- arguments -----------------------------------------------------------------------------------


def test_arguments_that_no_caller_means_are_refused(python):
    code = """
    nested = (1,)
    for _ in range(10**6):
        nested = (nested,)

    class float(np.void):       # whose dtype is called "float32"
        pass

    structured = np.zeros((64, 64), np.dtype((float, [("a", "i4")])))
    square = np.arange(16.0).reshape(4, 4)
    pypool.pool(square, 2)
    windows = (2, 2), (2, 2), "valid"
    for call in (
        lambda: pypool.max_pool2d(square, nested),
        lambda: pypool.max_pool2d(square, 2, padding=((nested, 0), (0, 0))),
        lambda: pypool.max_unpool2d(square, square.astype(int), nested),
        lambda: pypool.avg_pool2d(square, 2, dtype="30T"),
        lambda: pypool.avg_pool2d(square, 2, dtype=structured.dtype),
        lambda: pypool.max_pool2d(structured, 2),
        lambda: pypool.max_pool2d(square, 2, out=structured),
        lambda: pypool.pool(square, *windows, dilation=(1, 1), return_indices=True,
                            index_kind="1.0"),
    ):
        for _ in range(2):
            try:
                call()
            except (TypeError, ValueError):
                continue
            raise AssertionError
    while isinstance(nested, tuple):    # or its end would recurse
        nested = nested[0]
    print("done")
    """
    assert python(PRELUDE + code).stdout.strip() == "done"


def test_windows_that_no_memory_holds_are_pooled_or_refused(python):
    """Until an alarm, if not: they are of strides of 0, and nothing but time is in the way."""
    code = """
    class Enough(Exception):
        pass

    def enough(*_):
        raise Enough

    def row(size, dtype):
        return np.broadcast_to(np.dtype(dtype).type(3), size)

    signal.signal(signal.SIGALRM, enough)
    calls = [
        lambda: pypool.max_pool1d(row(2**60, "u1"), 2**60 - 3, strides=1),
        lambda: pypool.max_pool1d(row(2**62, "u1"), 2**62 - 3, strides=1),
        lambda: pypool.max_pool1d(row(2**59, "f8"), 2**59 - 3, strides=1),
        lambda: pypool.max_pool1d(row(2**58, "f4"), 2**58 - 3, strides=1, nan_policy="omit"),
        lambda: pypool.max_pool2d(row((4, 2**60), "u1"), (4, 2**60 - 3), strides=1),
        lambda: pypool.max_pool2d(row((2**60, 4), "u1"), (2**60 - 3, 4), strides=1),
        lambda: pypool.sum_pool1d(row(2**60, "u1"), 2**60 - 3, strides=1),
        lambda: pypool.max_pool1d(row(2**60, "u1"), 2**60 - 3, 1, return_indices=True),
    ]
    for i, call in enumerate(calls):
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.2)
            result = call()
            signal.setitimer(signal.ITIMER_REAL, 0)
            assert (np.asarray(result) == 3).all(), i
        except (Enough, MemoryError):
            signal.setitimer(signal.ITIMER_REAL, 0)
    assert right()
    print("done")
    """
    assert python(PRELUDE + code).stdout.strip() == "done"


# --- memory --------------------------------------------------------------------------------------


@pytest.mark.skipif(not importlib.util.find_spec("_testcapi"), reason="a Python without _testcapi")
def test_any_allocation_of_python_may_fail(python):
    """The k-th allocation fails, for every k: MemoryError each time, and the next call is right."""
    code = """
    import _testcapi
    from pypool import _backward, _core, _runtime

    small = x[:1, :40, :40]
    values, indices = pypool.max_pool2d(small, 2, return_indices=True)
    out = np.empty_like(values)
    calls = {
        "max": lambda: pypool.max_pool2d(small, 2),
        "max into": lambda: pypool.max_pool2d(small, 2, out=out),
        "exact average": lambda: pypool.avg_pool2d(indices, [3, 5], dtype="i8", padding="same"),
        "indices": lambda: pypool.max_pool2d(small, 2, return_indices=True)[1],
        "norm": lambda: pypool.lp_pool2d(small, 3, 2),
        "global": lambda: pypool.global_avg_pool2d(small),
        "adaptive": lambda: pypool.adaptive_max_pool2d(small, 3),
        "unpool": lambda: pypool.max_unpool2d(values, indices, 2),
        "max backward": lambda: pypool.max_pool2d_backward(values, indices, small.shape, 2),
        "average backward": lambda: pypool.avg_pool2d_backward(values, small.shape, 2),
    }
    sys.unraisablehook = lambda unraisable: None    # generators that the failure ends
    for name, call in calls.items():
        wanted = call().copy()
        refused = k = went = 0
        while went < 10:        # in a row: the interpreter may do without what it asked for
            k += 1
            assert k < 5000, name
            _core.forget(_runtime.in_use)
            _backward._kept.clear()
            try:
                _testcapi.set_nomemory(k, k + 1)
                try:
                    result = call()
                finally:
                    _testcapi.remove_mem_hooks()
            except MemoryError:
                refused += 1
                went = 0
                continue
            went += 1
            assert np.array_equal(result, wanted), (name, k)
        assert refused > 5, (name, refused)
        assert np.array_equal(call(), wanted), name
    print("done")
    """
    assert python(PRELUDE + code).stdout.strip() == "done"


def test_any_limit_of_memory_gives_the_result_or_a_memory_error(python):
    code = """
    import gc

    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    refused = went = 0
    big = np.ones((16, 512, 512), np.float32)
    args = {"data_format": "channels_first", "workers": 4}
    calls = [
        lambda: pypool.avg_pool2d(big, 1, **args),
        lambda: pypool.max_pool2d(big, 2, 1, "same", return_indices=True, **args)[0],
        lambda: pypool.avg_pool2d_backward(big, big.shape, 1, **args),
    ]
    for megabytes in (*range(0, 24, 2), *range(24, 160, 17)):
        for call in calls:
            gc.collect()
            resource.setrlimit(resource.RLIMIT_AS, (used() + megabytes * 2**20, hard))
            try:
                assert (call() == 1).all()
                went += 1
            except MemoryError:
                refused += 1
            resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
            assert right(workers=1)
    assert refused > 10 and went > 5, (refused, went)
    print("done")
    """
    assert python(PRELUDE + code).stdout.strip() == "done"


@plain_malloc
def test_calls_good_and_bad_leak_nothing(python):
    """Tens of thousands of calls; the plans that are kept are replaced several times."""
    code = """
    small = x[:1, :20, :20, :3].copy()
    values, indices = pypool.max_pool2d(small, 2, return_indices=True)

    def refused(function, *args, **keywords):
        try:
            function(*args, **keywords)
        except (TypeError, ValueError):
            return
        raise AssertionError(args)

    def turns(first, last):
        for stride in range(first, last):
            pypool.max_pool2d(small, 2)
            pypool.max_pool2d(small, 2, stride)
            pypool.avg_pool2d(small, [2, 3], 1, dtype="f8")
            pypool.max_pool2d(small, 2, return_indices=True)
            pypool.max_pool2d_backward(values, indices, small.shape, 2)
            pypool.lp_pool2d(small, 2, 2)
            pypool.adaptive_avg_pool2d(small, 3)
            refused(pypool.max_pool2d, small, 0)
            refused(pypool.max_pool2d, small, 2.5)
            refused(pypool.max_pool2d, small, 2, out=small)
            refused(pypool.max_pool2d, small, 2, workers="2")
            refused(pypool.max_pool2d, small.astype(object), 2)
            refused(pypool.max_pool2d_backward, values, indices + 900, small.shape, 2)

    turns(1, 1500)
    before = used(1)
    turns(1500, 4000)
    print((used(1) - before) // 2**20)
    """
    assert int(python(PRELUDE + code).stdout) < 6  # megabytes: less than 100 bytes for a call


# --- threads -------------------------------------------------------------------------------------


def test_importing_starts_no_thread_and_changes_no_mode_nor_environment(python):
    code = """
    import ctypes, locale, os, signal, sys, threading, warnings
    import numpy as np

    def state():
        mode = ctypes.create_string_buffer(64)
        ctypes.CDLL("libm.so.6").fegetenv(mode)
        with open("/proc/self/status") as file:
            masks = [line for line in file if line.startswith("Sig") and "SigQ" not in line]
        return (len(os.listdir("/proc/self/task")), mode.raw, dict(os.environ), os.getcwd(), masks,
                list(warnings.filters), np.geterr(), locale.setlocale(locale.LC_ALL),
                threading.excepthook, sys.getrecursionlimit(), os.sched_getaffinity(0))

    before = state()
    import pypool
    for now, then in zip(state(), before, strict=True):
        assert now == then, (now, then)
    assert np.float32(1e-40) * np.float32(0.5) > 0
    """
    python(code)


def test_sixty_four_threads_on_one_input_get_the_serial_bits():
    x = cases.full_range("float32", (3, 19, 20, 21, 22))
    large = cases.full_range("float32", (4, 200, 200, 8))
    x.flags.writeable = large.flags.writeable = False
    rng = np.random.default_rng(0)
    calls = [
        (f"{rng.choice(OPS)}_pool{rng.choice(RANKS)}d", x[: rng.integers(1, 3)], {
            "pool_size": int(rng.integers(1, 6)),
            "strides": int(rng.integers(1, 4)),
            "padding": str(rng.choice(["valid", "same"])),
            "data_format": str(rng.choice(FORMATS)),
        })
        for _ in range(44)
    ] + [(f"{op}_pool2d", large, {"pool_size": k}) for op in OPS for k in (2, 3)]  # fmt: skip

    def call(task, workers=None):
        name, array, args = task
        return bits(getattr(pypool, name)(array, **args, workers=workers))

    serial = [call(task, workers=1) for task in calls]
    start = threading.Barrier(64)

    def run(thread):
        start.wait()
        order = np.random.default_rng(thread).permutation(len(calls))[:20]
        return [i for i in order if call(calls[i]) != serial[i]]

    with concurrent.futures.ThreadPoolExecutor(64) as pool:
        assert list(pool.map(run, range(64))) == [[]] * 64


@needs_openmp
def test_callers_at_once_do_not_multiply_threads(python):
    """Of those that call at once one has a team that stays, and one more a passing one."""
    code = """
    from concurrent.futures import ThreadPoolExecutor

    callers, workers, most = 24, 4, 0
    large = np.ones((16, 256, 256, 8), np.float32)
    before = tasks()

    def call(_):
        global most
        pypool.max_pool2d(large, 2, workers=workers)
        right(workers)
        most = max(most, tasks())

    with ThreadPoolExecutor(callers) as pool:
        list(pool.map(call, range(6 * callers)))
        pool.submit(right).result()
    assert most <= before + callers + 2 * (workers - 1), (before, most)
    assert most > before, most
    for _ in range(3):          # threads that end leave none behind
        thread = threading.Thread(target=call, args=(0,))
        thread.start()
        thread.join()
    end = time.monotonic() + 5
    while tasks() > before and time.monotonic() < end:
        time.sleep(0.01)
    assert tasks() <= before, (before, tasks())
    assert right(4) and tasks() == before + 3       # the next to call has a team
    """
    python(PRELUDE + code)


@needs_openmp
def test_a_call_within_a_call_stays_on_its_thread(python):
    """The handler of a signal pools while the call that it interrupts has a team."""
    code = """
    seen = []
    def handler(number, frame):
        seen.append((right(4), tasks()))
        signal.setitimer(signal.ITIMER_REAL, 0.05)

    signal.signal(signal.SIGALRM, handler)
    right(2)
    before = tasks()
    signal.setitimer(signal.ITIMER_REAL, 0.02)
    result = pypool.max_pool2d(x, 61, 1, "same", return_indices=True, workers=2)[0]
    signal.setitimer(signal.ITIMER_REAL, 0)
    seen.pop()      # the last may have come after the call
    assert len(seen) > 1 and set(seen) == {(True, before)}, (before, seen)
    assert np.array_equal(result, pypool.max_pool2d(x, 61, 1, "same", workers=1))
    """
    python(PRELUDE + code, timeout=600 if sanitized else 60)


@pytest.mark.parametrize("limit", ["memory", "processes"])
def test_a_call_that_cannot_start_its_threads_runs_with_those_it_has(limit, python):
    if limit == "processes" and os.geteuid() != 0:
        pytest.skip("other processes of this user count too")
    code = """
    out = np.empty_like(expected)
    if sys.argv[1] == "memory":     # none for a stack
        soft = used() + 6 * 2**20
        resource.setrlimit(resource.RLIMIT_AS, (soft, resource.RLIM_INFINITY))
    else:
        resource.setrlimit(resource.RLIMIT_NPROC, (1, 1))
        os.setgid(65534)
        os.setuid(65534)            # root may start as many as it likes
    try:
        threading.Thread(target=int).start()
    except RuntimeError:
        pass
    else:
        sys.exit("a thread was started")
    before = tasks()
    for workers in (2, 8, 1000):
        pypool.avg_pool2d(x, 3, 2, workers=workers, out=out)
        assert np.array_equal(out, expected)
        assert tasks() == before
    if sys.argv[1] == "memory":     # as many as there is memory for; then more
        for more in (30, 100):
            resource.setrlimit(resource.RLIMIT_AS, (used() + more * 2**20, -1))
            for _ in range(3):
                pypool.avg_pool2d(x, 3, 2, workers=8, out=out)
                assert np.array_equal(out, expected)
    print("done")
    """
    assert python(PRELUDE + code, limit).stdout.strip() == "done"


@needs_openmp
def test_limits_on_openmp_hold_for_pypool(python):
    code = """
    import ctypes

    with open("/proc/self/maps") as file:
        library = next(line.split()[-1] for line in file if "omp" in line.split("/")[-1])
    openmp = ctypes.CDLL(library)
    before = tasks()
    workers = pypool.get_workers()
    openmp.omp_set_num_threads(1)
    assert pypool.get_workers() == 1
    assert right(4) and tasks() == before
    openmp.omp_set_num_threads(2)
    assert right(4) and tasks() == before + 1
    seen = []
    thread = threading.Thread(target=lambda: seen.append(pypool.get_workers()))
    thread.start()
    thread.join()
    assert seen == [workers] and pypool.get_workers() == min(workers, 2)
    with pypool.set_workers(1):
        assert pypool.get_workers() == 1
    """
    python(PRELUDE + code, OMP_NUM_THREADS="4")


@needs_openmp
def test_threadpoolctl_sees_and_limits_pypool(python):
    pytest.importorskip("threadpoolctl")
    code = """
    import threadpoolctl

    assert any(each["user_api"] == "openmp" for each in threadpoolctl.threadpool_info())
    before, workers = tasks(), pypool.get_workers()
    with threadpoolctl.threadpool_limits(1):
        assert pypool.get_workers() == 1 and right(4) and tasks() == before
    assert pypool.get_workers() == workers
    with threadpoolctl.threadpool_limits(1, user_api="openmp"):
        assert right(4) and tasks() == before
    assert right(4) and tasks() == before + 3
    """
    python(PRELUDE + code)


def test_the_default_follows_the_affinity_of_the_process(python):
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("one CPU")
    code = """
    cpus = sorted(os.sched_getaffinity(0))
    assert pypool.get_workers() <= len(cpus) and right(None)
    os.sched_setaffinity(0, cpus[:1])
    for workers in (2, 8):      # more threads than CPUs neither stall nor differ
        start = time.monotonic()
        assert all(right(workers) for _ in range(20))
        assert time.monotonic() - start < 10
    time.sleep(1.1)
    assert pypool.get_workers() == 1
    os.sched_setaffinity(0, cpus)
    assert right()
    """
    python(PRELUDE + code)


@pytest.mark.parametrize(
    ("files", "mine", "cpus"),
    [
        ({"cpu.max": "150000 100000"}, "0::/", 1.5),
        ({"cpu.max": "max 100000"}, "0::/", float("inf")),
        ({"a/cpu.max": "200000 100000", "a/b/cpu.max": "max 100000"}, "0::/a/b", 2),
        ({"a/cpu.max": "200000 100000", "a/b/cpu.max": "50000 100000"}, "0::/a/b", 0.5),
        ({"cpu.max": "300000 100000"}, "0::/../elsewhere", 3),
        ({"cpu/cpu.cfs_quota_us": "250000", "cpu/cpu.cfs_period_us": "100000"}, "1:cpu:/", 2.5),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, "1:cpu:/", None),
        (
            {"cpu/x/cpu.cfs_quota_us": "100000", "cpu/x/cpu.cfs_period_us": "50000"},
            "3:memory:/y\n2:cpu,cpuacct:/x\n1:name=systemd:/z:1",
            2,
        ),
        ({"cpu.max": "junk"}, "0::/", None),
        ({"cpu.max": "1 0"}, "0::/", None),
        ({}, "", None),
        ({"cpu.max": "100000 100000"}, None, 1),
    ],
)
def test_quotas_of_control_groups(files, mine, cpus, tmp_path):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text + "\n")
    if mine is not None:
        (tmp_path / "mine").write_text(mine)
    quota = _runtime.cpu_quota(str(tmp_path), str(tmp_path / "mine"))
    assert quota == (float("inf") if cpus is None else cpus)


# --- forks ---------------------------------------------------------------------------------------

CHILDREN = (
    PRELUDE
    + """
    import concurrent.futures, multiprocessing

    def alone(_=None):
        before = tasks()
        return right(4) and tasks() == before

    class Loader:       # of batches, made by children of a thread, as a training loop reads them
        def __init__(self, context):
            self.todo, self.done = context.Queue(), context.Queue()
            self.children = [context.Process(target=self.work, daemon=True) for _ in range(2)]

        def work(self):
            for number in iter(self.todo.get, None):
                self.done.put((number, pypool.max_pool2d(x, 2, workers=2).sum(), alone()))

        def run(self):
            for child in self.children:
                child.start()
            for number in range(8):
                self.todo.put(number)
            batches = sorted(self.done.get(timeout=30) for _ in range(8))
            for child in self.children:
                self.todo.put(None)
            for child in self.children:
                child.join()
            expected = pypool.max_pool2d(x, 2, workers=2).sum()
            assert batches == [(number, expected, True) for number in range(8)], batches

    def loader():
        Loader(multiprocessing.get_context("fork")).run()

    def futures():
        context = multiprocessing.get_context("fork")
        with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as pool:
            assert all(pool.map(alone, range(6)))

    def forkserver():
        with multiprocessing.get_context("forkserver").Pool(2) as pool:
            assert all(pool.map(right, [2] * 4))

    def spawn():
        with multiprocessing.get_context("spawn").Pool(2) as pool:
            assert all(pool.map(right, [2] * 4))

    def child_of_a_child():
        child = os.fork()
        if not child:
            good = alone()
            grandchild = os.fork()
            if not grandchild:
                os._exit(0 if alone() else 1)
            os._exit(0 if good and os.waitpid(grandchild, 0)[1] == 0 else 1)
        assert os.waitpid(child, 0)[1] == 0

    def loky():
        import joblib
        assert all(joblib.Parallel(2, "loky")(joblib.delayed(np.array_equal)(a, expected)
            for a in joblib.Parallel(2, "loky")(
                joblib.delayed(pypool.avg_pool2d)(x, 3, 2, workers=2) for _ in range(3))))

    def threading_backend():
        import joblib
        assert all(joblib.Parallel(8, "threading")(joblib.delayed(right)(2) for _ in range(24)))

    if __name__ == "__main__":
        assert right(4)         # in parallel
        way, where = globals()[sys.argv[1]], sys.argv[2]
        if where == "main":
            way()
        else:
            with concurrent.futures.ThreadPoolExecutor(1) as pool:
                pool.submit(right, 4).result()
                pool.submit(way).result()
                pool.submit(right, 4).result()
        assert right(4)         # and in the parent again
        print("done")
"""
)


@pytest.mark.parametrize(
    ("way", "where"),
    [
        (way, where)
        for way in ("loader", "futures", "child_of_a_child")
        for where in ("main", "thread")
    ]
    + [(way, "main") for way in ("forkserver", "spawn", "loky", "threading_backend")],
)
def test_children_pool_on_one_thread(way, where, python):
    if way in ("loky", "threading_backend"):
        pytest.importorskip("joblib")
    assert python(CHILDREN, way, where, timeout=20).stdout.strip() == "done"


def test_many_children_made_during_calls_of_other_threads(python):
    code = """
    stop = threading.Event()

    def busy():
        while not stop.is_set():
            right()

    threads = [threading.Thread(target=busy) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(60):
        child = os.fork()
        if not child:
            small = x[:1, :64, :64]
            good = pypool.max_pool2d(small, 2, workers=2).shape == (1, 32, 32, 8)
            os._exit(0 if good and pypool.sum_pool2d(x, 256, workers=2).size == 32 else 1)
        end = time.monotonic() + 15
        while (status := os.waitpid(child, os.WNOHANG))[0] == 0:
            if time.monotonic() > end:
                os.kill(child, signal.SIGKILL)
                sys.exit("a child hangs")
            time.sleep(0.001)
        assert status[1] == 0
    stop.set()
    for thread in threads:
        thread.join()
    """
    python(PRELUDE + code)


# --- signals -------------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_keyboard_interrupt_ends_a_long_call(workers, python):
    """Within 100 ms, the best of three, whatever the call; and the next one is right."""
    slow = 10 if sanitized else 1
    code = """
    rng = np.random.default_rng(1)
    large = rng.random((2, 400, 400, 64), np.float32)
    line = np.broadcast_to(np.float32(1), (2**40, 1))
    out = np.empty_like(large)
    ones, zeros = np.ones(2**21 - 2**16 + 1, np.float32), np.zeros(2**25, np.uint8)
    row, tall = np.ones(2**25, np.float32), np.broadcast_to(np.float32(1), (2**27, 3))
    args = {"strides": 1, "padding": "same", "workers": int(sys.argv[1])}
    calls = {
        "max": lambda: pypool.max_pool2d(large, 99, out=out, **args),
        "average": lambda: pypool.avg_pool2d(large, 63, data_format="channels_first", **args),
        "norm": lambda: pypool.lp_pool2d(large, 3.3, 9, **args),
        "indices": lambda: pypool.max_pool2d(large, 31, return_indices=True, **args),
        "one window": lambda: pypool.global_avg_pool1d(line, workers=args["workers"]),
        "backward": lambda: pypool.avg_pool2d_backward(large, large.shape, 63, **args),
        "long backward": lambda: pypool.avg_pool1d_backward(ones, (2**21,), 2**16, 1),
        "backward along a row": lambda: pypool.avg_pool1d_backward(row, (2**26,), 2, workers=1),
        "tall indices": lambda: pypool.max_pool2d(tall, (2**27, 2), return_indices=True),
        "far apart": lambda: pypool.max_pool1d(zeros, 3, 1, dilation=2**21),
    }
    signal.signal(signal.SIGINT, signal.default_int_handler)    # ignored in the background
    sent = 0.0
    def send(after):
        global sent
        time.sleep(after)
        sent = time.monotonic()
        os.kill(os.getpid(), signal.SIGINT)

    for name, call in calls.items():
        late = []
        for after in rng.uniform(0.02, 0.15, 3):
            thread = threading.Thread(target=send, args=(after,))
            thread.start()
            try:
                for _ in range(100):
                    call()
            except KeyboardInterrupt:
                late.append(time.monotonic() - sent)
            thread.join()
            assert right(args["workers"]), name
        slow = int(sys.argv[2])
        assert len(late) == 3 and min(late) < 0.1 * slow and max(late) < slow, (name, late)
    print("done")
    """
    done = python(PRELUDE + code, workers, str(slow), timeout=60 * slow)
    assert done.stdout.strip() == "done"


def test_the_exception_of_any_handler_ends_a_call_and_other_threads_go_on(python):
    code = """
    class Enough(Exception):
        pass

    def handler(number, frame):
        raise Enough

    signal.signal(signal.SIGALRM, handler)
    stop, wrong = threading.Event(), []

    def busy():
        while not stop.is_set():
            if not right():
                wrong.append(None)

    thread = threading.Thread(target=busy)
    thread.start()
    for _ in range(3):
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        try:
            pypool.max_pool2d(x, 151, 1, "same", return_indices=True, workers=2)
        except Enough:
            pass
        else:
            sys.exit("not interrupted")
        assert right()
    stop.set()
    thread.join()
    assert not wrong
    """
    python(PRELUDE + code)


def test_a_storm_of_signals_changes_nothing(python):
    code = """
    hits = []
    signal.signal(signal.SIGALRM, lambda number, frame: hits.append(number))
    signal.signal(signal.SIGCHLD, lambda number, frame: hits.append(number))
    signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
    wanted = pypool.max_pool2d(x, 15, 1, "same", workers=1)
    end = time.monotonic() + 0.7
    while time.monotonic() < end:
        os.kill(os.getpid(), signal.SIGCHLD)
        assert right()
        assert np.array_equal(pypool.max_pool2d(x, 15, 1, "same", workers=2), wanted)
    signal.setitimer(signal.ITIMER_REAL, 0)
    assert {signal.SIGALRM, signal.SIGCHLD} <= set(hits)
    """
    python(PRELUDE + code)


# --- what another thread does to an array --------------------------------------------------------


def test_an_array_lives_as_long_as_the_call(python):
    """Its other owners let go meanwhile; one that asks whether it may resize it is refused."""
    code = """
    import gc, weakref

    base = np.full((8, 256, 256, 8), 3, np.float32)
    done, refused = threading.Event(), []
    alive = weakref.ref(base)

    def meddle():
        while not done.is_set():
            gc.collect()
            mine = alive()
            if mine is not None:
                try:
                    mine.resize((1,))
                except ValueError:
                    refused.append(None)
            del mine
            time.sleep(0.001)

    def take():
        global base
        array, base = base, None
        return array

    thread = threading.Thread(target=meddle)
    thread.start()
    result = pypool.sum_pool2d(take(), 31, 1, "same", workers=2)
    done.set()
    thread.join()
    assert result[0, 128, 128, 0] == 3 * 31 * 31 and result.shape == (8, 256, 256, 8)
    assert refused
    """
    python(PRELUDE + code)


# --- shutdown, reloading, other interpreters -----------------------------------------------------


@pytest.mark.parametrize("workers", ["1", "2"])
def test_the_interpreter_may_end_while_threads_pool(workers, python):
    code = """
    import atexit

    def busy():
        while True:
            right(int(sys.argv[1]))

    for _ in range(3):
        threading.Thread(target=busy, daemon=True).start()
    atexit.register(lambda: print(right(int(sys.argv[1]))))
    time.sleep(0.05)
    """
    assert python(PRELUDE + code, workers, timeout=20).stdout.strip() == "True"


@plain_malloc
@pytest.mark.parametrize("way", ["reload", "delete"])
def test_importing_again_a_hundred_times_takes_no_memory(way, python):
    code = """
    import gc, importlib

    for turn in range(100):
        if sys.argv[1] == "reload":
            importlib.reload(pypool)
        else:
            for name in [name for name in sys.modules if name.startswith("pypool")]:
                del sys.modules[name]
            import pypool
        assert pypool.max_pool2d(np.eye(4), 2).sum() == 2
        gc.collect()
        if turn == 19:
            objects, memory = len(gc.get_objects()), used(1)
    assert len(gc.get_objects()) - objects < 80
    print((used(1) - memory) // 1024)
    """
    assert int(python(PRELUDE + code, way).stdout) < 2048  # KiB


def test_another_interpreter_is_told_so(python):
    """It gets an ImportError, from pypool or from NumPy before it, and this one works on."""
    code = """
    try:
        import _interpreters as interpreters
    except ImportError:
        import _xxsubinterpreters as interpreters
    import tempfile

    path = os.path.join(tempfile.mkdtemp(), "said")
    script = "\\n".join([
        "try:",
        "    import pypool",
        "except ImportError:",
        "    said = 'refused'",
        "else:",
        "    said = 'imported'",
        f"with open({path!r}, 'w') as file:",
        "    file.write(said)",
    ])
    other = interpreters.create()
    interpreters.run_string(other, script)
    with open(path) as file:
        print(file.read())
    interpreters.destroy(other)
    assert right()
    """
    assert python(PRELUDE + code).stdout.strip() == "refused"


# --- floating-point modes ------------------------------------------------------------------------


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="modes are set as on x86-64")
def test_the_mode_of_the_caller_changes_nothing_and_stays(python):
    """Any rounding, subnormals flushed, traps: the bits are the same, and so is the mode after."""
    code = """
    import ctypes, itertools

    libm, at = ctypes.CDLL("libm.so.6"), 28         # of MXCSR in a fenv_t
    workers = 2

    def get():
        mode = ctypes.create_string_buffer(32)
        libm.fegetenv(mode)
        return int.from_bytes(mode[at : at + 4], "little")

    def put(value):
        mode = ctypes.create_string_buffer(32)
        libm.fegetenv(mode)
        mode[at : at + 4] = value.to_bytes(4, "little")
        libm.fesetenv(mode)

    thirds = (x[:2] / 3).astype(np.float32)
    tiny = np.arange(1, 40001, dtype=np.uint32).view(np.float32).reshape(200, 200)
    hostile = np.resize(np.array([0x7FA00000, 0x7F800000, 0xFF800000, 0x7F7FFFFF, 1], np.uint32),
                        (100, 100)).view(np.float32)
    half = thirds.astype(np.float16)
    inputs = {"thirds": thirds, "tiny": tiny, "hostile": hostile, "half": half}
    calls = [
        lambda x: pypool.avg_pool2d(x, 3, 2, workers=workers),
        lambda x: pypool.sum_pool2d(x, 7, 1, "same", workers=workers),
        lambda x: pypool.lp_pool2d(x, 3.0, 2, workers=workers),
        lambda x: pypool.max_pool2d(x, 3, 2, workers=workers),
        lambda x: pypool.max_pool2d(x, 3, 2, return_indices=True, workers=workers)[1],
        lambda x: pypool.avg_pool2d_backward(x, x.shape, 1, workers=workers),
    ]
    plain = get()
    wanted = {name: [call(x).tobytes() for call in calls] for name, x in inputs.items()}
    flush, rounding, trap = 0x8040, (0x0000, 0x2000, 0x4000, 0x6000), 0x1F80
    # Invalid, division by zero, overflow and underflow trap; inexact results do not.
    modes = [trap | r | f for r in rounding for f in (0, flush)] + [0x1000 | flush, 0x1000]
    for (name, x), mode in itertools.product(inputs.items(), modes):
        for call, bytes_wanted in zip(calls, wanted[name]):
            put(mode)
            result = call(x)
            after = get()
            put(plain)
            assert after & ~0x3F == mode, (hex(mode), hex(after))     # flags aside
            assert result.tobytes() == bytes_wanted, (name, hex(mode), calls.index(call))
    print("done")
    """
    assert python(PRELUDE + code).stdout.strip() == "done"
