"""Lets the installed package answer where its source folder, which is not compiled, comes first."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import sys


def or_installed(path: list[str]) -> list[str]:
    """Where to find pypool's modules: `path` if the core is there, else where it is installed.

    ``python -m pypool`` puts the working directory first, so that in a checkout it meets the
    folder that the package is built from.
    """
    if importlib.util.find_spec("pypool._core") is not None:
        return path
    source = os.path.realpath(os.path.dirname(path[0]))
    elsewhere = [entry for entry in sys.path if os.path.realpath(entry) != source]
    found = importlib.machinery.PathFinder.find_spec("pypool", elsewhere)
    if found is None or not found.submodule_search_locations:
        raise ImportError(
            f"{path[0]} is the source of pypool, which is not compiled; run 'pip install .' there"
        )
    return list(found.submodule_search_locations)
