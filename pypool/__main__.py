"""The command line: `python -m pypool` says what runs here, `demo` pools a photograph."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

import pypool
from pypool import _demo


def window_size(text: str) -> int:
    try:
        size = int(text)
    except ValueError:
        size = 0
    if size < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of 1 or more")
    return size


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="python -m pypool",
        description="pypool pools NumPy arrays in compiled code. Without a command: print the "
        "version, the instruction set in use, those available, OpenMP and the workers.",
    )
    top.add_argument("--version", action="version", version=f"pypool {pypool.__version__}")
    commands = top.add_subparsers(title="commands", dest="command", metavar="COMMAND")
    demo = commands.add_parser(
        "demo",
        help="pool a photograph, time every call beside NumPy's, draw the results",
        description="Pool a photograph with max, average, min and global pooling, print the shapes "
        "and the time of each call beside plain NumPy's, and write a picture of the results. "
        "Needs matplotlib and pillow: pip install 'pypool[demo]'.",
    )
    demo.add_argument(
        "image",
        nargs="?",
        metavar="IMAGE",
        help="any image file pillow can read: colour, grey, palette, with or without "
        "transparency (default: a photograph that comes with pypool)",
    )
    demo.add_argument(
        "--output",
        default="pypool-demo.png",
        metavar="FILE",
        help="the picture to write, as PNG (default: %(default)s)",
    )
    demo.add_argument(
        "--pool-size",
        type=window_size,
        metavar="N",
        help="side of the pooling window (default: what makes about a hundred windows along "
        "the longer side)",
    )
    return top


def command(arguments: Sequence[str] | None) -> int:
    """Run one command; the exit status."""
    chosen = parser().parse_args(arguments)
    if chosen.command is None:
        pypool.show_config()
        return 0
    try:
        _demo.run(chosen.image, chosen.output, chosen.pool_size)
    except _demo.DemoError as error:
        print(f"pypool demo: {error}", file=sys.stderr)
        return 1
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status, 1 where what it says cannot be written."""
    try:
        try:
            return command(arguments)
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()
    except OSError as error:
        if not isinstance(error, BrokenPipeError):  # its reader has seen enough
            print(f"pypool: {error}", file=sys.stderr)
        # At exit Python writes again what is left.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


if __name__ == "__main__":
    sys.exit(main())
