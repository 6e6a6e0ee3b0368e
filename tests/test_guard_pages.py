"""No call reads or writes outside its arrays: guard_pages.py says how that is seen."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from pypool import _runtime

SCRIPT = Path(__file__).with_name("guard_pages.py")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="pages are guarded as on Linux")


def run(*arguments, timeout):
    done = subprocess.run(
        [sys.executable, SCRIPT, *arguments],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", _runtime.instruction_sets())
def test_no_access_outside_of_arrays_at_widths_about_half_vectors(name):
    run("--isa", name, "--share", "0.006", timeout=200)


@pytest.mark.slow
@pytest.mark.parametrize("name", _runtime.instruction_sets())
def test_no_access_outside_of_arrays_at_any_width(name):
    run("--isa", name, timeout=3600)


@pytest.mark.parametrize("name", _runtime.instruction_sets())
def test_planes_that_run_backwards_are_not_read_past_the_first(name):
    """It is the last in memory: rows that end in a part of a vector end there."""
    code = """
    import sys
    import guard_pages as pages
    from pypool import _runtime
    rooms = [pages.Guarded() for _ in range(6)]
    with _runtime.instruction_set(sys.argv[1]):
        for dtype in pages.DTYPES:
            for width in pages.widths(dtype, "planes backwards"):
                for op in ("max", "avg"):
                    case = (op, dtype, "planes backwards", width, (5, 1, "valid", 1))
                    pages.check(case, rooms, False)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), name],
        capture_output=True, text=True, timeout=100, check=False,
        env=os.environ | {"PYTHONPATH": str(SCRIPT.parent)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
