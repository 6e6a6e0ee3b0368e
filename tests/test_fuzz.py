"""A little differential fuzzing; `python tests/fuzz.py SEED N` does more of it."""

import random
import subprocess
import sys
from pathlib import Path

import fuzz
import numpy as np

import pypool

SCRIPT = Path(__file__).with_name("fuzz.py")


def test_random_calls_equal_the_definition_or_both_refuse():
    done = subprocess.run(
        [sys.executable, SCRIPT, "suite", "3000"],
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("3000 cases of seed suite"), done.stdout


def test_a_wrong_result_is_found_and_made_small(monkeypatch):
    right = pypool.sum_pool2d

    def wrong(x, *args, **options):
        result = right(x, *args, **options)
        if result.size > 2:
            result[...] += np.ones_like(result)
        return result

    monkeypatch.setattr(pypool, "sum_pool2d", wrong)
    cases = (fuzz.case_of("wrong", i) for i in range(20_000))
    case = next(case for case in cases if fuzz.verdict(case)[0] == "failed")
    small = fuzz.shrunk(case, lambda candidate: fuzz.verdict(candidate)[0] == "failed")
    assert fuzz.verdict(small)[0] == "failed"
    assert (small["task"], small["op"], small["nd"]) == ("forward", "sum", 2)
    assert np.prod(small["shape"]) <= 12  # results of up to two elements are right
    assert set(small["args"]) <= {"data_format", "pool_size", "strides", "padding"}
    assert small["layout"] == "as_it_is" and small["out"] is None and small["workers"] == 1


def test_making_a_case_smaller_ends():
    """Were every call wrong, of every case there would be one that is no smaller than another."""
    for i in range(100):
        small = fuzz.shrunk(fuzz.case_of("ends", i), lambda candidate: True)
        assert list(fuzz.simpler(small)) == []


def test_a_case_depends_on_its_seed_and_number_alone():
    assert fuzz.case_of("seed", 7) == fuzz.draw(random.Random("seed 7"))
    assert fuzz.case_of("seed", 7) != fuzz.case_of("seed", 8)
