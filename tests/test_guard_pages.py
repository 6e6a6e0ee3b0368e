"""No call reads or writes outside its arrays: guard_pages.py says how that is seen."""

import subprocess
import sys
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
    run("--isa", name, "--share", "0.01", timeout=200)


@pytest.mark.slow
@pytest.mark.parametrize("name", _runtime.instruction_sets())
def test_no_access_outside_of_arrays_at_any_width(name):
    run("--isa", name, timeout=3600)
