"""What every test needs: the installed package, an instruction set, a deterministic hypothesis."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import hypothesis
import pytest

# Threads that wait must not spin: each CPU has a pytest of its own, and its OpenMP threads beside.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import pypool
from pypool import _runtime

if Path(pypool.__file__).resolve().parent == Path(__file__).resolve().parents[1] / "pypool":
    raise pytest.UsageError(
        f"pypool was imported from its source folder ({pypool.__file__}), not as installed; "
        "install it (pip install '.[test]') and run `pytest`, not `python -m pytest`"
    )

hypothesis.settings.register_profile(
    "same-every-time",
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=200,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.register_profile(
    "explore", deadline=None, max_examples=20_000, print_blob=True, database=None
)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same-every-time"))


@pytest.fixture
def python(tmp_path):
    """Runs a script in a fresh interpreter, away from the source folder; refuses its failure."""

    def run(code, *arguments, fails=False, timeout=60, **environment):
        script = tmp_path / "script.py"
        script.write_text(textwrap.dedent(code))
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PYPOOL_", "OMP_", "GOMP_"))
        }
        done = subprocess.run(
            [sys.executable, "-W", "always", script, *arguments],
            env=inherited | environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        assert bool(done.returncode) == fails, done.stderr
        return done

    return run


@pytest.fixture(params=_runtime.instruction_sets())
def isa(request):
    """Each instruction set that runs here, in force for the length of the test."""
    with _runtime.instruction_set(request.param):
        yield request.param
