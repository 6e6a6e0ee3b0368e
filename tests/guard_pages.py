"""Calls whose arrays end, or begin, exactly at a page that may be neither read nor written.

    python tests/guard_pages.py [--share PART] [--isa NAME]

Every dtype, layout, operation, instruction set and width from 1 to past four vectors, of some
layouts those that are about half vectors; or a part of these combinations.  Results must be those
of the same call on ordinary memory that lies dense, and for some of them the definition's.  The
calls are made in a child process: one that touches such a page ends it, and the combination that
did is printed.  The exit status is then 1.
"""

import argparse
import ctypes
import itertools
import mmap
import random
import sys
import time
from typing import NamedTuple

import cases
import numpy as np
import reference
from cases import DTYPES, FLOATS, dtype_of
from fuzz import Child
from numpy.lib.stride_tricks import as_strided

import pypool
from pypool import _runtime

PAGE = mmap.PAGESIZE
ROOM = 160 * PAGE
WINDOWS = [  # pool_size, strides, padding, dilation
    (2, 2, "valid", 1),
    (3, 2, "valid", 1),
    (3, 2, 1, 1),
    (3, 1, "valid", 1),
    (3, 1, "same", 1),
    (5, 1, "valid", 1),
    (3, 1, "same", 2),
    (3, 3, "valid", 1),
    (2, 4, "valid", 1),
]
TALL_WINDOWS = [
    (7, 1, "valid", 1),
    (17, 1, "same", 1),
    (23, 3, "valid", 1),
    (9, 1, "same", 2),
    (63, 1, "same", 1),
    (65, 1, "same", 1),
]
DEFINITION_EVERY = 97
"""One in so many results on ordinary memory is compared with the definition."""


def turned(x):
    """The first axis after the batch is memory's last."""
    return np.moveaxis(np.moveaxis(x, 1, -1).copy(), -1, 1)


def turned_back(x):
    """The last axis is memory's first after the batch."""
    return np.moveaxis(np.moveaxis(x, -1, 1).copy(), 1, -1)


def across(x):
    """Memory has the last two axes the other way round."""
    return x.swapaxes(-1, -2).copy().swapaxes(-1, -2)


def stepped(x):
    """Every second element along the last axis."""
    lying = cases.poison(x.dtype, (*x.shape[:-1], 2 * x.shape[-1]))[..., ::2]
    lying[...] = x
    return lying


def backwards(x):
    return x[..., ::-1, ::-1].copy()[..., ::-1, ::-1]


def planes_backwards(x):
    """The first plane is memory's last."""
    return x[::-1, ::-1].copy()[::-1, ::-1]


def swapped(x):
    return x.astype(x.dtype.newbyteorder("S"))


class Layout(NamedTuple):
    """Arrays of a width: their shape, and how they lie in memory where that is not dense."""

    data_format: str
    shape: object
    lie: object = None
    most_bytes: int = 4 * 64
    """Of the width."""
    tall: bool = False
    dense_out: bool = False
    """Results lie dense, whatever the input does."""


LAYOUTS = {
    "channels_first": Layout("channels_first", lambda width: (2, 2, 5, width)),
    "channels_last": Layout("channels_last", lambda width: (2, 5, 4, width)),
    "three channels": Layout("channels_last", lambda width: (2, 5, width, 3)),
    "many planes": Layout("channels_first", lambda width: (2, 34, 7, width), None, 136),
    "planes backwards": Layout(
        "channels_first", lambda width: (2, 17, 9, width), planes_backwards, 136, dense_out=True
    ),
    "tall planes": Layout("channels_first", lambda width: (1, 2, 70, width), None, 129, True),
    "tall pixels": Layout("channels_last", lambda width: (70, 3, width), None, 129, True),
    **{
        f"{data_format} {lie.__name__}": Layout(data_format, shape, lie, 65)
        for lie in (turned, turned_back, across, stepped, backwards, swapped)
        for data_format, shape in (
            ("channels_first", lambda width: (2, 5, 5, width)),
            ("channels_last", lambda width: (2, 5, 4, width)),
        )
    },
}


def widths(dtype, layout):
    """From 1 to past four of the widest vectors, or of those about half vectors."""
    of, item = LAYOUTS[layout], dtype_of(dtype).itemsize
    every = range(1, of.most_bytes // item + 2)
    return [width for width in every if not (of.lie or of.tall) or is_critical(dtype, width)]


def is_critical(dtype, width):
    """Whether a width is about a number of half vectors."""
    half = 16 // dtype_of(dtype).itemsize
    return width % half in (0, 1, 2, half - 1)


# --- operations: from x and the windows to input arrays and a call (inputs, out) -> result --------


def forward(name, **options):
    def prepare(x, args):
        return [x], lambda a, out: getattr(pypool, name)(a[0], **args, **options, out=out)

    return prepare


def exact_average(x, args):
    return [x], lambda a, out: pypool.avg_pool2d(a[0], **args, dtype=x.dtype, out=out)


def norm(x, args):
    return [x], lambda a, out: pypool.lp_pool2d(a[0], 2, **args, out=out)


def with_indices(kind):
    def prepare(x, args):
        how = {**args, "return_indices": True, "index_kind": kind}
        return [x], lambda a, out: pypool.max_pool2d(a[0], **how, out=out)

    return prepare


def follow(kind):
    def prepare(x, args):
        how = {**args, "index_kind": kind}
        values, indices = pypool.max_pool2d(x, **how, return_indices=True)
        return [values, indices], lambda a, out: pypool.max_pool2d_backward(
            *a, x.shape, **how, out=out
        )

    return prepare


def spread(name):
    def prepare(x, args):
        grad = pypool.max_pool2d(x, **args)
        return [grad], lambda a, out: getattr(pypool, name)(a[0], x.shape, **args, out=out)

    return prepare


def norm_backward(x, args):
    norms = pypool.lp_pool2d(x, 2, **args)
    return [norms, x, norms], lambda a, out: pypool.lp_pool2d_backward(*a, 2, **args, out=out)


def unpool(x, args):
    values, indices = pypool.max_pool2d(x, **args, return_indices=True)
    how = {k: v for k, v in args.items() if k != "dilation"} | {"output_shape": x.shape}
    return [values, indices], lambda a, out: pypool.max_unpool2d(*a, **how, out=out)


def pick(x, args):
    indices = pypool.max_pool2d(x, **args, return_indices=True)[1]
    how = {k: v for k, v in args.items() if k != "dilation"} | {"output_shape": x.shape}
    return [x, indices], lambda a, out: pypool.max_unpool2d_backward(
        *a, indices.shape, **how, out=out
    )


def adaptive(op, task):
    def prepare(x, args):
        data_format = args["data_format"]
        axes = reference.spatial_axes(x.ndim, 2, data_format)
        size = tuple(max(1, 2 * x.shape[axis] // 3) for axis in axes)
        name = f"adaptive_{op}_pool2d"
        if task == "forward":
            return [x], lambda a, out: getattr(pypool, name)(a[0], size, data_format, out=out)
        how = {"return_indices": True}
        if task == "indices":
            return [x], lambda a, out: pypool.adaptive_max_pool2d(
                a[0], size, data_format, **how, out=out
            )
        if op == "max":
            given = list(pypool.adaptive_max_pool2d(x, size, data_format, **how))
        else:
            given = [pypool.adaptive_avg_pool2d(x, size, data_format)]
        return given, lambda a, out: getattr(pypool, f"{name}_backward")(
            *a, x.shape, size, data_format, out=out
        )

    return prepare


def whole(op, task):
    def prepare(x, args):
        data_format = args["data_format"]
        name = f"global_{op}_pool2d"
        if task == "forward":
            return [x], lambda a, out: getattr(pypool, name)(a[0], data_format, out=out)
        how = {"return_indices": True}
        if task == "indices":
            return [x], lambda a, out: pypool.global_max_pool2d(a[0], data_format, **how, out=out)
        if op == "max":
            given = list(pypool.global_max_pool2d(x, data_format, **how))
        else:
            given = [pypool.global_avg_pool2d(x, data_format)]
        return given, lambda a, out: getattr(pypool, f"{name}_backward")(
            *a, x.shape, data_format, out=out
        )

    return prepare


NOT_FLOATS = [name for name in DTYPES if name not in FLOATS]
NUMBERS = [name for name in NOT_FLOATS if name != "bool"]
ONE = WINDOWS[:1]
"""Where the windows are not the caller's."""
OPERATIONS = {  # name -> dtypes, windows, what it does
    **{op: (DTYPES, WINDOWS, forward(f"{op}_pool2d")) for op in cases.OPS},
    **{
        f"{op} without NaN": (FLOATS, WINDOWS, forward(f"{op}_pool2d", nan_policy="omit"))
        for op in cases.OPS
    },
    "exact average": (NUMBERS, WINDOWS, exact_average),
    "norm": (DTYPES, WINDOWS, norm),
    "indices in planes": (DTYPES, WINDOWS, with_indices("plane")),
    "indices in windows": (DTYPES, WINDOWS, with_indices("window")),
    "max backward from planes": (FLOATS, WINDOWS, follow("plane")),
    "max backward from windows": (FLOATS, WINDOWS, follow("window")),
    "sum backward": (FLOATS, WINDOWS, spread("sum_pool2d_backward")),
    "average backward": (FLOATS, WINDOWS, spread("avg_pool2d_backward")),
    "norm backward": (FLOATS, WINDOWS[1:4], norm_backward),
    "unpool": (DTYPES, WINDOWS[:4], unpool),
    "unpool backward": (DTYPES, WINDOWS[:4], pick),
    "adaptive max": (DTYPES, ONE, adaptive("max", "forward")),
    "adaptive average": (DTYPES, ONE, adaptive("avg", "forward")),
    "adaptive indices": (DTYPES, ONE, adaptive("max", "indices")),
    "adaptive max backward": (FLOATS, ONE, adaptive("max", "backward")),
    "adaptive average backward": (FLOATS, ONE, adaptive("avg", "backward")),
    "global max": (DTYPES, ONE, whole("max", "forward")),
    "global average": (DTYPES, ONE, whole("avg", "forward")),
    "global indices": (DTYPES, ONE, whole("max", "indices")),
    "global max backward": (FLOATS, ONE, whole("max", "backward")),
    "global average backward": (FLOATS, ONE, whole("avg", "backward")),
}


def combinations():
    """(operation, dtype, layout, width, window), all but the instruction set."""
    for name, (dtypes, windows, _) in OPERATIONS.items():
        for dtype, layout in itertools.product(dtypes, LAYOUTS):
            of = TALL_WINDOWS if LAYOUTS[layout].tall and windows is not ONE else windows
            for width, window in itertools.product(widths(dtype, layout), of):
                yield name, dtype, layout, width, window


# --- memory between two pages that may not be touched ---------------------------------------------


class Guarded:
    """Room for an array that begins or ends at such a page."""

    def __init__(self):
        self.memory = mmap.mmap(-1, ROOM + 2 * PAGE)
        address = ctypes.addressof(ctypes.c_char.from_buffer(self.memory))
        libc = ctypes.CDLL(None, use_errno=True)
        for page in (address, address + PAGE + ROOM):
            if libc.mprotect(ctypes.c_void_p(page), ctypes.c_size_t(PAGE), 0):
                raise OSError(ctypes.get_errno(), "mprotect")
        self.bytes = np.frombuffer(self.memory, np.uint8)[PAGE : PAGE + ROOM]

    def place(self, array, at_end):
        """A copy that lies as the array does, at that end of the room; what is beside it is not 0.

        Its highest or its lowest byte is the last or the first of the room.
        """
        low, high = np.lib.array_utils.byte_bounds(array)
        part = self.bytes[low - high :] if at_end else self.bytes[: high - low]
        beside = self.bytes[low - high - PAGE :] if at_end else self.bytes[: high - low + PAGE]
        beside[...] = 0x55
        first = array.ctypes.data - low
        view = as_strided(
            part[first : first + array.itemsize].view(array.dtype), array.shape, array.strides
        )
        view[...] = array
        return view


def arguments(x, layout, window):
    """The windows as arguments; along a short axis they are as long as that."""
    data_format = LAYOUTS[layout].data_format
    k, s, padding, dilation = window
    axes = reference.spatial_axes(x.ndim, 2, data_format)
    if padding == "same":
        sizes = (k, k)
    else:
        room = 2 * padding if isinstance(padding, int) else 0
        sizes = tuple(min(k, x.shape[axis] + room) for axis in axes)
    args = {"pool_size": sizes, "strides": s, "padding": padding, "data_format": data_format}
    return args | ({"dilation": dilation} if dilation > 1 else {})


def check(combination, rooms, with_definition):
    """That a combination gives the same in every room as on ordinary memory."""
    name, dtype, layout, width, window = combination
    of = LAYOUTS[layout]
    lie = of.lie or np.array
    x = cases.small(dtype, of.shape(width))
    args = arguments(x, layout, window)
    inputs, call = OPERATIONS[name][2](x, args)
    expected = call(inputs, None)
    results = expected if type(expected) is tuple else (expected,)
    if with_definition and name in cases.OPS and not of.tall:
        cases.assert_same(expected, reference.pool_nd(name, 2, x, **args))
    for at_end in (True, False):
        given = [rooms[i].place(lie(a), at_end) for i, a in enumerate(inputs)]
        lie_out = np.array if of.dense_out else lie
        outs = tuple(rooms[3 + i].place(lie_out(r * 0), at_end) for i, r in enumerate(results))
        call(given, outs if type(expected) is tuple else outs[0])
        for out, result in zip(outs, results, strict=True):
            same = out.astype(result.dtype)
            if same.tobytes() != result.tobytes():
                cases.assert_same(same, result, "at the end" if at_end else "at the beginning")


def run(isa, share):
    """The number of combinations checked, and what is wrong with the last or None."""
    rng = random.Random(isa)
    chosen = [
        (i, combination)
        for i, combination in enumerate(combinations())
        if share == 1 or (rng.random() < share and is_critical(combination[1], combination[3]))
    ]

    def work(child):
        rooms = [Guarded() for _ in range(5)]
        with _runtime.instruction_set(isa):
            for at, (i, combination) in enumerate(chosen):
                child.count = at
                try:
                    check(combination, rooms, i % DEFINITION_EVERY == 0)
                except Exception as error:
                    child.say(str(error) or repr(error))
                    return
        child.count = len(chosen)

    child = Child(work)
    why = child.end() or child.said
    if why is None:
        return len(chosen), None
    return child.count, f"{isa}, {chosen[child.count][1]}: {why}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--share", type=float, default=1, metavar="PART")
    parser.add_argument("--isa", choices=_runtime.instruction_sets())
    given = parser.parse_args()
    started = time.perf_counter()
    total = 0
    for isa in [given.isa] if given.isa else _runtime.instruction_sets():
        number, wrong = run(isa, given.share)
        total += number
        if wrong:
            print("FAILED:", wrong)
            return 1
    seconds = time.perf_counter() - started
    print(f"{total} combinations, each at both ends of its memory, in {seconds:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
