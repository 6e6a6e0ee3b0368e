"""What every suite shares: the instruction sets, the numbers of workers, the data, the set-up."""

import os

import numpy as np

from pypool import _runtime

INSTRUCTION_SETS = list(_runtime.instruction_sets())
WORKERS = sorted({1, min(2, len(os.sched_getaffinity(0)))})
DATA_FORMATS = ["channels_first", "channels_last"]


def array(batch, channels, size, data_format, dtype):
    """Square planes of values from 0 to 99, laid out as `data_format` says."""
    planes = [size, size]
    shape = [channels, *planes] if data_format == "channels_first" else [*planes, channels]
    values = np.random.default_rng(0).integers(0, 100, 10_007).astype(dtype)
    return np.resize(values, [batch, *shape])


class Suite:
    """Short rounds, and the last parameter is the instruction set to run with."""

    rounds = 2
    repeat = (5, 20, 1.0)
    sample_time = 0.005
    warmup_time = 0.02

    def setup(self, *parameters):
        self.forced = _runtime.instruction_set(parameters[-1])
        self.forced.__enter__()
        self.prepare(*parameters[:-1])

    def teardown(self, *parameters):
        self.forced.__exit__(None, None, None)
