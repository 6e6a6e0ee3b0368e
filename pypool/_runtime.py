"""Workers, instruction set, and what this build is."""

from __future__ import annotations

import os
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal, SupportsIndex, overload

import numpy as np

from pypool import _core, _plan

__version__ = "0.1.0"

MOST_WORKERS = _core.MOST_WORKERS
HERE = os.path.join(os.path.dirname(__file__), "")


# ---- workers ----------------------------------------------------------------------------------


def cpu_quota(groups: str = "/sys/fs/cgroup", mine: str = "/proc/self/cgroup") -> float:
    """CPUs that this process's control groups grant, infinity where none sets a quota."""
    quotas = [float("inf")]
    for line in text_of(mine).splitlines() or ["0::/"]:
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        # The group and those that it is in.  A container may not see the path that it is under.
        names = [name for name in path.split("/") if name not in ("", "..")]
        for depth in range(len(names) + 1):
            group = "/".join(names[:depth])
            if controllers:
                whole = [f"{groups}/cpu/{group}/cpu.cfs_{of}_us" for of in ("quota", "period")]
                words = [text_of(file) for file in whole]
            else:
                words = text_of(f"{groups}/{group}/cpu.max").split()
            try:
                quota, period = map(int, words)
            except ValueError:  # "max", or no such file
                continue
            if quota > 0 and period > 0:
                quotas.append(quota / period)
    return min(quotas)


def text_of(file: str) -> str:
    """What a file of the system says; nothing where there is none."""
    try:
        with open(file, encoding="utf-8", errors="replace") as opened:
            return opened.read()
    except OSError:
        return ""


def usable_cpus() -> int:
    """The smaller of the CPUs this thread may run on and the process's quota, at least 1."""
    if hasattr(os, "sched_getaffinity"):
        cpus = len(os.sched_getaffinity(0))
    else:
        cpus = os.cpu_count() or 1
    quota = cpu_quota()
    return max(1, cpus if quota >= cpus else int(quota))


def workers_from_environment() -> int | None:
    """PYPOOL_NUM_THREADS, else OMP_NUM_THREADS, if they set a number."""
    for name in ("PYPOOL_NUM_THREADS", "OMP_NUM_THREADS"):
        text = os.environ.get(name)
        if text is None:
            continue
        # OpenMP's own variable may list a number for every level of nesting.
        first = text.split(",")[0].strip() if name == "OMP_NUM_THREADS" else text.strip()
        if first.isascii() and first.isdigit() and len(first) < 20 and int(first) > 0:
            return min(int(first), MOST_WORKERS)
        if name == "PYPOOL_NUM_THREADS":
            warnings.warn(
                f"PYPOOL_NUM_THREADS must be a positive integer, got {_plan.show(text)}; ignored",
                RuntimeWarning,
                stacklevel=level_of_caller(),
            )
    return None


def level_of_caller() -> int:
    """The `stacklevel` at which a warning from the calling function names the caller of pypool."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back and frame.f_code.co_filename.startswith(HERE):
        level, frame = level + 1, frame.f_back
    return level


class _Default:
    """The number where nobody sets one."""

    SECONDS = 1.0
    """For how long it holds: affinity and quotas may change."""

    def __init__(self) -> None:
        self.known = False
        self.fixed: int | None = None

    def find(self) -> int:
        """The number; threads that find it out at once find out the same."""
        if not self.known:
            self.fixed = workers_from_environment()
            self.known = True
        number = self.fixed or usable_cpus()
        _core.hold_workers(number, float("inf") if self.fixed else self.SECONDS)
        return number


_default = _Default()


def workers_of(workers: object) -> int:
    """A `workers` argument as a number."""
    if workers is not None:
        return min(_plan.integer("workers", workers, 1, None), MOST_WORKERS)
    return _core.held_workers() or _default.find()


def get_workers() -> int:
    """Most threads that a call from this thread uses.

    Returns
    -------
    int
        What `set_workers` set in this thread, else the environment variable
        ``PYPOOL_NUM_THREADS``, else ``OMP_NUM_THREADS``, else the smaller of the CPUs that the
        process may run on and the quota of its control group.  Not more than what threadpoolctl,
        or another user of OpenMP's ``omp_set_num_threads``, limits this thread to.

    Examples
    --------
    >>> import pypool
    >>> with pypool.set_workers(2):
    ...     pypool.get_workers()
    2
    """
    return min(workers_of(None), _core.thread_limit())


class set_workers:  # noqa: N801
    """Set the most threads that calls from this thread use.

    Takes effect at once; as a context manager it is undone on leaving.  Entered in another thread,
    it is that thread's for the length of the block.  Small calls stay on one thread whatever the
    number.

    Parameters
    ----------
    workers : int
        At least 1.

    Raises
    ------
    TypeError
        If `workers` is not an integer.
    ValueError
        If it is below 1.

    Examples
    --------
    >>> import pypool
    >>> with pypool.set_workers(1):
    ...     pypool.get_workers()
    1
    """

    def __init__(self, workers: SupportsIndex) -> None:
        self._workers = min(_plan.integer("workers", workers, 1, None), MOST_WORKERS)
        self._here = threading.local()
        self._here.before = [_core.use_workers(self._workers)]
        self._here.to_enter = True  # what the constructor has set, the first block undoes

    def __enter__(self) -> None:
        here = vars(self._here)
        before = _core.use_workers(self._workers)
        if not here.pop("to_enter", False):
            here.setdefault("before", []).append(before)

    def __exit__(self, *error: object) -> None:
        before = vars(self._here).get("before")
        if not before:
            raise RuntimeError("set_workers is left in a thread in which it was not entered")
        _core.use_workers(before.pop())


# ---- instruction set --------------------------------------------------------------------------


def disabled_features() -> set[str]:
    """The instruction sets that PYPOOL_DISABLE_CPU_FEATURES names."""
    text = os.environ.get("PYPOOL_DISABLE_CPU_FEATURES", "")
    built = _core.instruction_sets()
    known = dict(built[:-1])
    named = text.replace(",", " ").lower().split()
    for name in named:
        if name not in known:
            may = f"may name {', '.join(known)}" if known else "may name none in this build"
            raise RuntimeError(f"PYPOOL_DISABLE_CPU_FEATURES {may}; got {_plan.show(name)}")
        if not known[name]:
            raise RuntimeError(
                f"PYPOOL_DISABLE_CPU_FEATURES names {name}, which this machine does not have"
            )
    return set(named)


def instruction_sets() -> list[str]:
    """The instruction sets that run here and are not disabled, best first."""
    return list(_available)


_disabled = disabled_features()
_names = [name for name, _ in _core.instruction_sets()]
_available = [name for name, runs in _core.instruction_sets() if runs and name not in _disabled]
in_use: int = _names.index(_available[0])
"""Position of the instruction set in use in the build's list."""
_core.forget(in_use)
_core.offer(_names.index(name) for name in _available)


@contextmanager
def instruction_set(name: str) -> Iterator[None]:
    """Use another instruction set in the whole process: a switch for tests and benchmarks.

    Of pixels shorter than its vectors narrower ones may take its place."""
    global in_use  # noqa: PLW0603
    if name not in _available:
        raise ValueError(f"instruction set must be one of {_available}, got {name!r}")
    before = in_use
    in_use = _names.index(name)
    _core.forget(in_use)
    try:
        yield
    finally:
        in_use = before
        _core.forget(in_use)


# ---- what this is -----------------------------------------------------------------------------


@overload
def show_config(mode: Literal["stdout"] = "stdout") -> None: ...
@overload
def show_config(mode: Literal["dicts"]) -> dict[str, Any]: ...
def show_config(mode: str = "stdout") -> dict[str, Any] | None:
    """Say which version and instruction set run, and with how many threads.

    Parameters
    ----------
    mode : {"stdout", "dicts"}
        Print it, or return it.

    Returns
    -------
    dict or None
        With ``mode="dicts"``: `version`, `numpy`, `python`, `instruction_set` (in use),
        `available` (those that run here, best first), `compiled` (those in the build),
        `openmp` (whether the build has it) and `workers`.

    Raises
    ------
    ValueError
        If `mode` is neither.

    Examples
    --------
    >>> import pypool
    >>> pypool.show_config(mode="dicts")["workers"] >= 1
    True
    """
    _plan.one_of("mode", mode, ("stdout", "dicts"))
    config: dict[str, Any] = {
        "version": __version__,
        "numpy": np.__version__,
        "python": sys.version.split()[0],
        "instruction_set": _names[in_use],
        "available": instruction_sets(),
        "compiled": list(_names),
        "openmp": _core.has_openmp(),
        "workers": get_workers(),
    }
    if mode == "dicts":
        return config
    labels = {
        "version": "pypool",
        "numpy": "NumPy",
        "python": "Python",
        "instruction_set": "instruction set",
        "available": "available here",
        "compiled": "in this build",
        "openmp": "OpenMP",
        "workers": "workers",
    }
    texts = {True: "yes", False: "no; every call runs on one thread"}
    for key, label in labels.items():
        value = config[key]
        if isinstance(value, bool):
            value = texts[value]
        elif isinstance(value, list):
            value = ", ".join(value)
        print(f"{label + ':':<17}{value}")
    return None
