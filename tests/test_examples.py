"""examples/: what they compute, and that they run as README says."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

SCRIPT = Path(__file__).resolve().parents[1] / "examples" / "train_convnet.py"
WITHOUT = """
import runpy, sys
script, missing = sys.argv[1:]
sys.argv, sys.modules[missing] = [script], None
runpy.run_path(script, run_name="__main__")
"""

pytestmark = pytest.mark.skipif(not SCRIPT.exists(), reason="no examples beside the tests")


@pytest.fixture(scope="module")
def convnet():
    pytest.importorskip("sklearn", reason="the digits come with scikit-learn, which is missing")
    spec = importlib.util.spec_from_file_location("train_convnet", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(folder, *arguments):
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.parametrize("head", ["dense", "global"])
@pytest.mark.parametrize("pool", ["max", "average"])
def test_the_loss_falls(convnet, pool, head):
    (x, labels), _ = convnet.digits()
    network = convnet.Network(pool, head)
    losses = [network.step(x[:64], labels[:64], rate=3e-3) for _ in range(12)]
    assert all(np.isfinite(losses))
    assert np.mean(losses[-3:]) < 0.9 * np.mean(losses[:3])


@pytest.mark.parametrize("pool", ["max", "average"])
def test_the_gradient_is_the_derivative_of_the_loss(convnet, pool):
    (x, labels), _ = convnet.digits()
    x, labels = x[:8].astype(np.float64), labels[:8]
    network = convnet.Network(pool, "dense")
    network.layers = [layer for layer in network.layers if type(layer) is not convnet.Dropout]
    for layer in network.trained:
        layer.weights, layer.bias = (p.astype(np.float64) for p in layer.parameters)
    network.step(x, labels, rate=0.0)
    rng = np.random.default_rng(0)
    for layer in network.trained:
        weights, direction = layer.weights, rng.standard_normal(layer.weights.shape)
        losses = []
        for step in (1e-5, -1e-5):
            layer.weights = weights + step * direction
            losses.append(convnet.cross_entropy(network.forward(x), labels)[0])
        layer.weights = weights
        expected = (losses[0] - losses[1]) / 2e-5
        assert (layer.gradients[0] * direction).sum() == pytest.approx(expected, rel=1e-3)


def test_it_reports_and_draws(convnet, tmp_path):
    pytest.importorskip("matplotlib", reason="the picture needs matplotlib, which is missing")
    done = run(tmp_path, SCRIPT, "--epochs", "1", "--pool", "average", "--output", "curves.png")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("average  dense")]
    assert float(line.split()[4].rstrip("%")) > 50
    assert [path.name for path in tmp_path.iterdir()] == ["curves.png"]
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")


@pytest.mark.parametrize("missing", ["matplotlib", "sklearn"])
def test_without_its_extra_it_says_what_to_install(missing, tmp_path):
    done = run(tmp_path, "-c", WITHOUT, SCRIPT, missing)
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    for word in ("scikit-learn", "matplotlib", "pip install '.[examples]'"):
        assert word in done.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("--output", "no such folder/x.png"), 1, "cannot write no such folder/x.png"),
        (("--seed", "-1"), 2, "must be at least 0, got -1"),
        (("--epochs", "0"), 2, "must be at least 1, got 0"),
    ],
    ids=str,
)
def test_what_it_cannot_do_it_says_before_it_starts(arguments, status, words, tmp_path):
    for needed in ("sklearn", "matplotlib"):
        pytest.importorskip(needed, reason="the example needs it")
    done = run(tmp_path, SCRIPT, *arguments)
    assert done.returncode == status
    assert words in done.stderr.splitlines()[-1]
    assert done.stdout == ""
    assert list(tmp_path.iterdir()) == []
