"""The floor of a call: the time to read its input once and write its output once."""

import ctypes
import functools
import os
import pathlib
import subprocess
import tempfile

# A second thread costs more than it saves on fewer bytes than these.
SERIAL_BYTES = 200_000


@functools.cache
def _library():
    """limit.c, compiled for this machine by every process for itself, so that none is stale."""
    source = pathlib.Path(__file__).with_name("limit.c")
    with tempfile.TemporaryDirectory(prefix="pypool-floor-") as folder:
        library = pathlib.Path(folder, "limit.so")
        compiler = os.environ.get("CC", "gcc").split()
        flags = ["-O3", "-march=native", "-fopenmp", "-shared", "-fPIC", "-Wno-psabi"]
        subprocess.run([*compiler, *flags, source, "-o", library], check=True)
        return ctypes.CDLL(str(library))  # stays loaded when the file is gone


def mover(x, out, threads=1):
    """Return a function of no arguments that reads all of `x` once and writes all of `out` once.

    Both are contiguous; `out` is left with nonsense.
    """
    if x.nbytes + out.nbytes < SERIAL_BYTES:
        threads = 1
    size, pointer = ctypes.c_size_t, ctypes.c_void_p
    arguments = (
        *(pointer(x.ctypes.data), size(x.nbytes)),
        *(pointer(out.ctypes.data), size(out.nbytes)),
        ctypes.c_int(threads),
    )
    move = _library().move_bytes
    return lambda _keep=(x, out): move(*arguments)
