"""Workers, instruction sets, the environment, and what the package says about itself."""

import importlib.metadata
import os
import re
import signal
import sys
import threading
from pathlib import Path

import cases
import numpy as np
import pytest
from cases import assert_same

import pypool
from pypool import _runtime

# --- workers -------------------------------------------------------------------------------------


def test_the_default_number_of_workers_is_at_most_the_cpus_that_may_be_used(python):
    workers = int(python("import pypool; print(pypool.get_workers())").stdout)
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    quota_file = Path("/sys/fs/cgroup/cpu.max")
    quota, period = quota_file.read_text().split() if quota_file.exists() else ("max", "1")
    if quota != "max":
        usable = min(usable, max(1, int(quota) // int(period)))
    assert 1 <= workers <= usable


def test_set_workers_holds_within_its_block():
    before = pypool.get_workers()
    with pypool.set_workers(3):
        assert pypool.get_workers() == 3
        with pypool.set_workers(np.int64(1)):
            assert pypool.get_workers() == 1
        assert pypool.get_workers() == 3
        with pytest.raises(LookupError), pypool.set_workers(2):
            raise LookupError
        assert pypool.get_workers() == 3
    assert pypool.get_workers() == before


def test_set_workers_may_be_entered_again():
    before = pypool.get_workers()
    three = pypool.set_workers(3)
    for _ in range(2):
        with three:
            assert pypool.get_workers() == 3
        assert pypool.get_workers() == before
        with pypool.set_workers(2):
            with three:
                assert pypool.get_workers() == 3
            assert pypool.get_workers() == 2


def test_set_workers_may_be_entered_within_itself():
    before = pypool.get_workers()
    with pypool.set_workers(5):
        three = pypool.set_workers(3)
        for _ in range(2):
            with three:
                with three, pypool.set_workers(4):
                    assert pypool.get_workers() == 4
                assert pypool.get_workers() == 3
            assert pypool.get_workers() == 5
    assert pypool.get_workers() == before


def test_set_workers_is_per_thread():
    seen = []
    before = pypool.get_workers()
    with pypool.set_workers(before + 1):
        thread = threading.Thread(target=lambda: seen.append(pypool.get_workers()))
        thread.start()
        thread.join()
        assert pypool.get_workers() == before + 1
    assert seen == [before]


def in_another_thread(call):
    """What the call returns there."""
    results = []
    thread = threading.Thread(target=lambda: results.append(call()))
    thread.start()
    thread.join()
    return results[0]


def test_set_workers_made_in_one_thread_may_be_entered_in_another():
    before = pypool.get_workers()
    three = pypool.set_workers(before + 3)

    def elsewhere():
        seen = [pypool.get_workers()]
        for _ in range(2):
            with three:
                seen.append(pypool.get_workers())
                with three:
                    pass
                seen.append(pypool.get_workers())
            seen.append(pypool.get_workers())
        return seen

    assert in_another_thread(elsewhere) == [before, *(before + 3, before + 3, before) * 2]
    assert pypool.get_workers() == before + 3
    with three:
        assert in_another_thread(elsewhere) == [before, *(before + 3, before + 3, before) * 2]
        assert pypool.get_workers() == before + 3
    assert pypool.get_workers() == before


def test_set_workers_is_left_where_it_was_entered():
    before = pypool.get_workers()
    three = pypool.set_workers(before + 3)

    def elsewhere():
        with pytest.raises(RuntimeError, match="not entered"):
            three.__exit__(None, None, None)
        return pypool.get_workers()

    assert in_another_thread(elsewhere) == before
    with three:
        pass
    with pytest.raises(RuntimeError, match="not entered"):
        three.__exit__(None, None, None)
    assert pypool.get_workers() == before


@pytest.mark.parametrize(("workers", "error"), [
    (0, ValueError), (-1, ValueError), (-(10**30), ValueError),
    (True, TypeError), (2.0, TypeError), ("2", TypeError), (None, TypeError), ((2,), TypeError),
])  # fmt: skip
def test_set_workers_takes_a_positive_integer(workers, error):
    before = pypool.get_workers()
    with pytest.raises(error) as caught, pypool.set_workers(workers):
        pass
    assert re.search(r"workers|\bn\b", str(caught.value))
    assert any(shown in str(caught.value) for shown in (repr(workers), type(workers).__name__))
    assert pypool.get_workers() == before


def test_any_large_number_of_workers_will_do():
    x = cases.small("float32", (4, 300, 300, 4))
    expected = pypool.max_pool2d(x, 2, workers=1)
    for workers in (10**6, 2**31, 2**63, 10**30):
        with pypool.set_workers(workers):
            assert pypool.get_workers() >= 1
            assert_same(pypool.max_pool2d(x, 2), expected)


def workers_in(python, **environment):
    return int(python("import pypool; print(pypool.get_workers())", **environment).stdout)


def test_the_environment_sets_the_workers(python):
    assert workers_in(python, PYPOOL_NUM_THREADS="1") == 1
    assert workers_in(python, PYPOOL_NUM_THREADS="3") == 3
    assert workers_in(python, OMP_NUM_THREADS="1") == 1
    assert workers_in(python, OMP_NUM_THREADS="3") == 3
    assert workers_in(python, PYPOOL_NUM_THREADS="2", OMP_NUM_THREADS="5") == 2


@pytest.mark.parametrize(
    "value", ["abc", "-3", "0", "1e3", "2.0", "3 4", "9" * 100_000, "\u0664\u0664x"], ids=repr
)
def test_a_bad_number_of_threads_gives_a_warning_and_the_default(value, python):
    code = (
        "import pypool, numpy as np; pypool.max_pool2d(np.ones((4, 4)), 2);"
        "print(pypool.get_workers())"
    )
    if value.isdigit():
        assert int(python(code, PYPOOL_NUM_THREADS=value).stdout) >= 1
        return
    done = python(code, PYPOOL_NUM_THREADS=value)
    assert int(done.stdout) == workers_in(python)
    assert "PYPOOL_NUM_THREADS" in done.stderr
    assert "Warning" in done.stderr


@pytest.mark.parametrize(
    "call",
    ["pypool.get_workers()", "pypool.max_pool2d(x, 2)", "pypool.max_pool2d_backward(x, *given)",
     "pypool.layers.MaxPooling2D()(x[None, ..., None])"],
)  # fmt: skip
def test_the_warning_of_a_bad_number_of_threads_points_at_the_caller(call, python):
    code = "import pypool.layers, numpy as np; x = np.ones((800, 800))\n"
    code += "given = (np.zeros((800, 800), int), (1600, 1600), 2)\n\n" + call
    (line,) = [
        line
        for line in python(code, PYPOOL_NUM_THREADS="abc").stderr.splitlines()
        if "Warning" in line
    ]
    assert "script.py:4: RuntimeWarning" in line


def test_an_empty_number_of_threads_gives_the_default(python):
    assert workers_in(python, PYPOOL_NUM_THREADS="") == workers_in(python)
    assert workers_in(python, OMP_NUM_THREADS="") == workers_in(python)


@pytest.mark.parametrize("value", ["abc", "4,2", "0", "-1"])
def test_what_openmp_makes_of_its_variable_does_no_harm(value, python):
    assert workers_in(python, OMP_NUM_THREADS=value) >= 1


@pytest.mark.parametrize("value", ["abc", "-3", "0", "2.5", ""])
def test_the_environment_is_read_in_this_process_too(value, monkeypatch):
    """However early the variable is read, a bad one leaves a default that works."""
    monkeypatch.setenv("PYPOOL_NUM_THREADS", value)
    assert pypool.get_workers() >= 1
    assert pypool.max_pool2d(np.eye(4), 2).shape == (2, 2)


# --- instruction sets ----------------------------------------------------------------------------


def test_the_best_instruction_set_is_in_force():
    names = _runtime.instruction_sets()
    assert names[-1] == "baseline"
    assert len(set(names)) == len(names)
    assert pypool.show_config(mode="dicts")["instruction_set"] == names[0]


def test_the_switch_holds_within_its_block():
    best = pypool.show_config(mode="dicts")["instruction_set"]
    for name in _runtime.instruction_sets():
        with _runtime.instruction_set(name):
            assert pypool.show_config(mode="dicts")["instruction_set"] == name
    with pytest.raises(LookupError), _runtime.instruction_set("baseline"):
        raise LookupError
    assert pypool.show_config(mode="dicts")["instruction_set"] == best


@pytest.mark.parametrize("name", ["sse9", " ", "AVX2 ", None, 2])
def test_an_unknown_instruction_set_is_refused(name):
    with pytest.raises((TypeError, ValueError), match=re.escape(str(name))):
        with _runtime.instruction_set(name):
            pass


CHOICE = """
import pypool, numpy as np
config = pypool.show_config(mode="dicts")
print(config["instruction_set"], *config["available"])
print(pypool.max_pool2d(np.eye(4), 2).sum())
"""


@pytest.mark.parametrize("form", [" ".join, ",".join, ", ".join, lambda n: " ".join(n).upper()])
def test_features_can_be_disabled(form, python):
    names = _runtime.instruction_sets()
    for count in range(len(names)):
        done = python(CHOICE, PYPOOL_DISABLE_CPU_FEATURES=form(names[:count]))
        chosen, result = done.stdout.splitlines()
        assert chosen.split() == [names[count], *names[count:]]
        assert float(result) == 2


LANES = """
import numpy as np
from pypool import _call
x = np.zeros((1, 8, 8, 8), np.float32)
how = ("max", 2, 2, None, "valid", "channels_last", 1, False, "propagate")
print(_call.geometry_for(x, how).lanes)
"""


@pytest.mark.skipif("avx2" not in _runtime.instruction_sets(), reason="no set between two others")
def test_a_disabled_set_is_not_taken_for_short_pixels_either(python):
    """Pixels of 8 channels fill a vector of AVX2 and two of what is below it."""
    assert python(LANES).stdout.split() == ["8"]
    assert python(LANES, PYPOOL_DISABLE_CPU_FEATURES="avx2").stdout.split() == ["4"]


@pytest.mark.parametrize("value", ["sse9", "baseline", "BASELINE", "avx2;avx512", "x" * 100_000])
def test_features_that_cannot_be_disabled_are_an_error(value, python):
    done = python("import pypool", fails=True, PYPOOL_DISABLE_CPU_FEATURES=value)
    last = done.stderr.strip().splitlines()[-1]
    assert "Error" in last
    assert "PYPOOL_DISABLE_CPU_FEATURES" in done.stderr
    assert value[:100].lower() in done.stderr.lower()


@pytest.mark.skipif(sys.platform == "win32", reason="no such variables on Windows")
def test_features_of_another_machine_are_an_error(python):
    elsewhere = {"avx512", "avx2", "neon"} - set(_runtime.instruction_sets())
    assert elsewhere
    for name in elsewhere:
        done = python("import pypool", fails=True, PYPOOL_DISABLE_CPU_FEATURES=name)
        assert "PYPOOL_DISABLE_CPU_FEATURES" in done.stderr


# --- what it says --------------------------------------------------------------------------------


def test_show_config_as_a_dictionary():
    config = pypool.show_config(mode="dicts")
    assert config["version"] == pypool.__version__ == importlib.metadata.version("pypool")
    assert config["numpy"] == np.__version__
    assert list(config["available"]) == list(_runtime.instruction_sets())
    assert set(config["available"]) <= set(config["compiled"])
    assert config["workers"] == pypool.get_workers()
    assert "openmp" in config
    with pypool.set_workers(3):
        assert pypool.show_config(mode="dicts")["workers"] == 3


def test_show_config_prints(capsys):
    assert pypool.show_config() is None
    printed = capsys.readouterr().out
    for word in (pypool.__version__, np.__version__, *_runtime.instruction_sets(), "OpenMP"):
        assert word.lower() in printed.lower()
    assert re.search(rf"workers.*{pypool.get_workers()}", printed)


def test_show_config_knows_its_modes():
    for mode in ("json", "", 1):
        with pytest.raises((TypeError, ValueError), match="mode"):
            pypool.show_config(mode=mode)


def test_pooling_at_exit_and_during_finalisation(python):
    code = """
import atexit, numpy as np, pypool
x = np.ones((4, 256, 256, 8), np.float32)
class Late:
    def __del__(self, pool=pypool.max_pool2d, x=x):
        try:
            pool(x, 2)
        except Exception:
            pass
atexit.register(lambda: print(pypool.sum_pool2d(x, 2, workers=2).sum()))
late = Late()
pypool.max_pool2d(x, 2, workers=2)
"""
    assert float(python(code).stdout) == 4 * 256 * 256 * 8


def test_signal_handlers_may_pool(python):
    if not hasattr(signal, "setitimer"):
        pytest.skip("no interval timers here")
    code = """
import signal, numpy as np, pypool
x = np.random.default_rng(0).random((4, 128, 128, 8), np.float32)
expected, hits = pypool.avg_pool2d(x, 3, 1, workers=1), []
def handler(number, frame):
    hits.append(np.array_equal(pypool.avg_pool2d(x, 3, 1, workers=2), expected))
    signal.setitimer(signal.ITIMER_REAL, 0.01)
signal.signal(signal.SIGALRM, handler)
signal.setitimer(signal.ITIMER_REAL, 0.01)
while len(hits) < 5:
    assert np.array_equal(pypool.avg_pool2d(x, 3, 1, workers=2), expected)
signal.setitimer(signal.ITIMER_REAL, 0)
assert all(hits)
"""
    python(code)
