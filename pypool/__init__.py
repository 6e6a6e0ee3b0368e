"""Compiled pooling for NumPy arrays: max, average, min and sum over sliding windows."""

from pypool import _source_folder

__path__ = _source_folder.or_installed(__path__)

from pypool._pooling import (
    avg_pool1d,
    avg_pool2d,
    avg_pool3d,
    global_avg_pool1d,
    global_avg_pool2d,
    global_avg_pool3d,
    global_max_pool1d,
    global_max_pool2d,
    global_max_pool3d,
    max_pool1d,
    max_pool2d,
    max_pool3d,
    min_pool1d,
    min_pool2d,
    min_pool3d,
    pool,
    sum_pool1d,
    sum_pool2d,
    sum_pool3d,
)
from pypool._runtime import __version__, get_workers, set_workers, show_config

__all__ = [
    "__version__",
    "avg_pool1d",
    "avg_pool2d",
    "avg_pool3d",
    "get_workers",
    "global_avg_pool1d",
    "global_avg_pool2d",
    "global_avg_pool3d",
    "global_max_pool1d",
    "global_max_pool2d",
    "global_max_pool3d",
    "max_pool1d",
    "max_pool2d",
    "max_pool3d",
    "min_pool1d",
    "min_pool2d",
    "min_pool3d",
    "pool",
    "set_workers",
    "show_config",
    "sum_pool1d",
    "sum_pool2d",
    "sum_pool3d",
]
