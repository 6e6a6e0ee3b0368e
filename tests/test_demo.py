"""`python -m pypool demo` as a user runs it: another process, a folder of its own."""

import re
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest

import pypool

SOURCE = Path(__file__).resolve().parents[1] / "pypool"
WITHOUT = "import sys; sys.modules[{!r}] = None; from pypool.__main__ import main; sys.exit(main())"


def run(folder, *arguments):
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def assert_one_line(error, *words):
    assert len(error.strip().splitlines()) == 1, error
    for word in words:
        assert word in error


@pytest.fixture
def pictures():
    pytest.importorskip("matplotlib", reason="the demo needs matplotlib, of the extra `demo`")
    return pytest.importorskip("PIL.Image", reason="the demo needs pillow, of the extra `demo`")


def test_it_prints_shapes_and_times_and_writes_a_png(pictures, tmp_path):
    done = run(tmp_path, "-m", "pypool", "demo")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    for call, shapes in (
        ("max_pool2d(x, 4)", ("(300, 451, 3) uint8", "(75, 112, 3) uint8")),
        ("avg_pool2d(x, 4,", ("(300, 451, 3) uint8", "(75, 112, 3) uint8")),
        ("min_pool2d(x, 4)", ("(300, 451, 3) uint8", "(75, 112, 3) uint8")),
        ("max_pool2d(f, 3,", ("(300, 451, 3) float32", "(150, 226, 3) float32")),
        ("global_max_pool2d(x)", ("(300, 451, 3) uint8", "(3,) uint8")),
        ("global_avg_pool2d(x)", ("(300, 451, 3) uint8", "(3,) float64")),
    ):
        (line,) = [line for line in done.stdout.splitlines() if line.startswith(call)]
        assert all(shape in line for shape in shapes)
        assert len(re.findall(r"\d (?:us|ms|s)\b", line)) == 2, line  # pypool's and NumPy's
    assert [path.name for path in tmp_path.iterdir()] == ["pypool-demo.png"]
    png = (tmp_path / "pypool-demo.png").read_bytes()
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", png[16:24])
    assert width >= 1200
    assert height >= 700
    assert len(png) > 100_000


def test_it_takes_an_image_and_an_output(pictures, tmp_path):
    pictures.linear_gradient("L").save(tmp_path / "grey.png")
    done = run(tmp_path, "-m", "pypool", "demo", "grey.png", "--output", "panels.png")
    assert done.returncode == 0, done.stderr
    assert "(256, 256) uint8" in done.stdout
    assert "wrote panels.png" in done.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["grey.png", "panels.png"]


@pytest.mark.parametrize("missing", ["matplotlib", "PIL"])
def test_without_its_extra_it_says_what_to_install(missing, tmp_path):
    done = run(tmp_path, "-c", WITHOUT.format(missing), "demo")
    assert done.returncode == 1
    assert_one_line(done.stderr, "matplotlib", "pillow", "pip install 'pypool[demo]'")
    assert list(tmp_path.iterdir()) == []


def test_an_image_it_cannot_read_is_one_line(pictures, tmp_path):
    (tmp_path / "text.png").write_text("not an image")
    for image, reason in (("absent.png", "No such file"), ("text.png", "not an image")):
        done = run(tmp_path, "-m", "pypool", "demo", image)
        assert done.returncode == 1
        assert_one_line(done.stderr, image, reason)


def test_alone_it_prints_the_configuration(tmp_path):
    done = run(tmp_path, "-m", "pypool")
    config = pypool.show_config(mode="dicts")
    assert done.returncode == 0, done.stderr
    for word in (config["version"], config["instruction_set"], *config["available"]):
        assert word in done.stdout
    for word in ("openmp", "workers"):
        assert word in done.stdout.lower()


@pytest.mark.skipif(not SOURCE.is_dir(), reason="no source folder beside the tests")
def test_it_runs_beside_its_own_source_folder(tmp_path):
    shutil.copytree(SOURCE, tmp_path / "pypool", ignore=shutil.ignore_patterns("__pycache__"))
    done = run(tmp_path, "-m", "pypool")
    assert done.returncode == 0, done.stderr
    assert pypool.__version__ in done.stdout


def test_the_photograph_is_small_and_its_licence_stated():
    data = Path(pypool.__path__[0]) / "data"
    assert (data / "chelsea.jpg").stat().st_size <= 150_000
    stated = (data / "chelsea.txt").read_text(encoding="utf-8")
    assert "CC0" in stated
    assert "Author" in stated
