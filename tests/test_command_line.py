"""`python -m pypool`: what it prints, and the demo."""

import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import cases
import numpy as np
import pytest

import pypool
from pypool import _runtime
from pypool.__main__ import main


def test_alone_it_says_what_runs_here(python):
    printed = python("import runpy; runpy.run_module('pypool', run_name='__main__')").stdout
    assert pypool.__version__ in printed
    for word in (*_runtime.instruction_sets(), "OpenMP", "workers"):
        assert word.lower() in printed.lower()


def test_it_runs_as_a_module_and_knows_its_version(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["pypool"])
    monkeypatch.delitem(sys.modules, "pypool.__main__")
    with pytest.raises(SystemExit) as caught:
        runpy.run_module("pypool", run_name="__main__")
    assert not caught.value.code
    assert pypool.__version__ in capsys.readouterr().out
    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert not caught.value.code
    assert capsys.readouterr().out.strip() == f"pypool {pypool.__version__}"


@pytest.mark.parametrize(
    "arguments",
    [["dance"], ["demo", "--pool-size", "0"], ["demo", "--pool-size", "two"], ["--no-such-option"]],
    ids=" ".join,
)
def test_other_arguments_are_refused(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert arguments[-1] in capsys.readouterr().err


def in_a_shell(line, folder):
    """Run `line`, in which PYTHON is this Python; its status is that of the first of a pipe."""
    return subprocess.run(
        ["bash", "-c", line.replace("PYTHON", shlex.quote(sys.executable)) + "; exit $PIPESTATUS"],
        env={k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


needs_bash = pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")


@needs_bash
@pytest.mark.parametrize("options", ["", "--version", "--help"])
def test_output_that_goes_nowhere_ends_it_quietly_or_in_one_line(options, tmp_path):
    command = f"PYTHON -m pypool {options}"
    done = in_a_shell(f"(sleep 0.2; {command}; echo $? >status) | head -c 0; cat status", tmp_path)
    assert (done.stdout.strip(), done.stderr) == ("1", "")
    if Path("/dev/full").exists():
        done = in_a_shell(f"{command} > /dev/full", tmp_path)
        assert done.returncode == 1
        assert len(done.stderr.splitlines()) == 1, done.stderr
        assert "No space left" in done.stderr
    done = in_a_shell(f"{command} >&-", tmp_path)
    assert done.returncode == 0
    assert "Traceback" not in done.stderr


@needs_bash
def test_the_demo_ends_quietly_where_nobody_reads_on(pictures, tmp_path):
    pictures.fromarray(cases.full_range("uint8", (50, 50))).save(tmp_path / "image.png")
    done = in_a_shell("PYTHON -m pypool demo image.png | head -n 1", tmp_path)
    assert done.stdout.startswith("pypool ")
    assert (done.returncode, done.stderr) == (1, "")
    done = in_a_shell("PYTHON -m pypool demo image.png >&-", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert_picture(tmp_path / "pypool-demo.png", pictures)


def test_the_demo_looks_whether_it_can_write_before_it_starts(pictures, capsys, monkeypatch):
    monkeypatch.setattr("pypool._demo.timed", None)  # would fail
    for output in ("no such folder/panels.png", "."):
        assert main(["demo", "--output", output]) == 1
        said = capsys.readouterr()
        assert said.out == ""
        assert said.err.startswith(f"pypool demo: cannot write {output}: ")
    with pytest.raises(TypeError):
        main(["demo"])
    assert not Path("pypool-demo.png").exists()


def test_the_demo_says_which_extra_it_needs(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name in [name for name in sys.modules if name.split(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert main(["demo"]) == 1
    message = capsys.readouterr().err
    assert "pypool[demo]" in message
    assert "matplotlib" in message
    assert list(tmp_path.iterdir()) == []


def test_the_demo_needs_pillow_too(python):
    code = """
        import sys
        from pypool.__main__ import main

        sys.modules["PIL"] = None
        sys.exit(main(["demo"]))
    """
    message = python(code, fails=True).stderr
    assert "pypool[demo]" in message
    assert "pillow" in message
    assert "Traceback" not in message


@pytest.fixture
def pictures(monkeypatch, tmp_path):
    """An empty current folder and pillow, where the demo can run at all."""
    pytest.importorskip("matplotlib", reason="the demo needs matplotlib, of the extra `demo`")
    pytest.importorskip("PIL", reason="the demo needs pillow, of the extra `demo`")
    from PIL import Image  # noqa: PLC0415

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("pypool._demo.SECONDS", 0)  # no longer than the fewest runs
    return Image


def assert_picture(path, pictures):
    with pictures.open(path) as picture:
        assert picture.format == "PNG"
        pixels = np.asarray(picture.convert("L"))
    assert min(pixels.shape) > 300
    assert len(np.unique(pixels)) > 50, "the picture is blank"


def test_the_demo_pools_its_photograph(pictures, capsys, tmp_path):
    assert main(["demo"]) == 0
    printed = capsys.readouterr().out
    for call in (
        "max_pool2d",
        "avg_pool2d",
        "min_pool2d",
        "global_max_pool2d",
        "global_avg_pool2d",
    ):
        assert call in printed
    assert "NumPy" in printed
    assert len(re.findall(r"\(\d+, \d+, 3\) uint8", printed)) >= 3
    assert re.search(r"\d (us|ms|s)\b", printed)
    assert "pypool-demo.png" in printed
    assert_picture(tmp_path / "pypool-demo.png", pictures)


MODES = ["1", "L", "LA", "P", "RGBA", "I;16", "F"]


@pytest.mark.parametrize("mode", MODES)
def test_the_demo_pools_an_image_of_any_mode(mode, pictures, tmp_path):
    pixels = cases.full_range("uint8", (37, 53))
    if mode == "I;16":
        picture = pictures.fromarray(pixels.astype(np.uint16) * 250)
    elif mode == "F":
        picture = pictures.fromarray(np.where(pixels == 0, np.nan, pixels).astype(np.float32))
    else:
        picture = pictures.fromarray(pixels).convert(mode)
    picture.save(tmp_path / "image.tif")
    assert main(["demo", "image.tif", "--output", "panels.png", "--pool-size", "3"]) == 0
    assert_picture(tmp_path / "panels.png", pictures)


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (1200, 40)], ids=str)
def test_the_demo_pools_an_image_of_any_size(size, pictures, tmp_path):
    pictures.fromarray(cases.full_range("uint8", (*size, 3))).save(tmp_path / "image.png")
    assert main(["demo", "image.png", "--pool-size", "4"]) == 0
    assert_picture(tmp_path / "pypool-demo.png", pictures)


def test_the_demo_crops_what_plain_numpy_could_not_hold(pictures, capsys, monkeypatch, tmp_path):
    monkeypatch.setattr("pypool._demo.FLOAT_PIXELS", 1000)
    pictures.fromarray(cases.full_range("uint8", (60, 50))).save(tmp_path / "image.png")
    assert main(["demo", "image.png"]) == 0
    assert "corner" in capsys.readouterr().out


def test_the_demo_says_what_it_cannot_read_or_write(pictures, capsys, tmp_path):
    (tmp_path / "text.png").write_text("no image")
    pictures.fromarray(cases.full_range("uint8", (50, 50))).save(tmp_path / "image.png")
    whole = (tmp_path / "image.png").read_bytes()
    (tmp_path / "broken.png").write_bytes(whole[: len(whole) // 2])
    for arguments in (
        ["no such file.png"],
        ["text.png"],
        ["broken.png"],
        ["image.png", "--output", "no such folder/panels.png"],
    ):
        assert main(["demo", *arguments]) == 1
        error = capsys.readouterr().err
        assert arguments[-1] in error
        assert "Traceback" not in error


def test_the_demo_trusts_no_result_that_differs(pictures, capsys, monkeypatch):
    monkeypatch.setattr(pypool, "max_pool2d", pypool.min_pool2d)
    assert main(["demo"]) == 1
    assert "differs" in capsys.readouterr().err
