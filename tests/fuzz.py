"""Differential fuzzing: random calls of the whole interface against the definition in plain NumPy.

    python tests/fuzz.py SEED N                 N cases of a seed, which is any text
    python tests/fuzz.py SEED N --first I       the same from case I on
    python tests/fuzz.py --case "{...}"         one case, as a failure prints it

Results are exact where sums of the values are; elsewhere they must lie within the bounds that the
definitions state, and have the same bits from another instruction set on one thread.  Cases run in
a child process, so one that ends or hangs it is a failure like any other.  A failure is made as
small as it stays one, and printed.  The exit status is 1.
"""

import argparse
import ast
import collections
import contextlib
import math
import mmap
import os
import random
import signal
import sys
import time
import traceback
import warnings
from typing import NamedTuple

import cases
import numpy as np
import reference
import reference_gradients as definition
from cases import DTYPES, FLOATS, FORMATS, INTEGERS, dtype_of, is_float
from reference_gradients import norm_bound

import pypool
from pypool import _runtime

MOST_TAPS = 30_000
"""Elements in all windows of a case: what the definition does in some milliseconds."""
MORE_TAPS = {"few": 1, "planes": 1, "tall": 4, "large": 20, "long": 20}
"""For cases of a size, as many times that."""
MOST_ELEMENTS = 30_000_000
"""Of the widest layout, which takes every third along each axis."""
MOST_SECONDS_PER_CASE = 60
KINDS = ["plane", "sample", "tensor", "window"]
BOUNDED_NORMS = [0.5, 1.5, 3, 4]
BAD = [
    ("pool_size", 0), ("pool_size", -1), ("pool_size", 2.0), ("pool_size", "2"), ("pool_size", ()),
    ("pool_size", None), ("pool_size", True), ("pool_size", 2**64), ("pool_size", (2,) * 7),
    ("strides", 0), ("strides", -2), ("strides", 1.5), ("strides", (1,) * 7),
    ("padding", -1), ("padding", "full"), ("padding", None), ("padding", ((1, 1),) * 7),
    ("padding", 2**64), ("dilation", 0), ("dilation", -1), ("dilation", 1.0), ("dilation", 2**64),
    ("ceil_mode", 1), ("ceil_mode", None), ("output_size", 0), ("output_size", 2.0),
    ("output_size", (1,) * 7), ("data_format", "channels"), ("data_format", 1), ("axes", 64),
    ("axes", ()), ("axes", (0, 0)), ("nan_policy", "skip"), ("rounding", "up"), ("dtype", "U4"),
    ("divisor_override", 0), ("index_kind", "flat"), ("keepdims", 0), ("workers", 0),
    ("workers", 1.0),
]  # fmt: skip
"""Arguments that no call takes."""


# --- a case: the arguments of one call, in literals ----------------------------------------------


def draw(rng):
    """A case whose definition takes no more than some milliseconds."""
    while True:
        case = draw_any(rng)
        if cost(case) > MOST_TAPS * MORE_TAPS[case["size"]]:
            continue
        # NumPy multiplies the sizes of an empty array too, but for the zeros.
        if math.prod(3 * max(n, 1) for n in case["shape"]) > MOST_ELEMENTS:
            continue
        if case["task"] in ("unpool", "pick", "convert"):
            try:  # what these take comes from windows that are not refused
                windows_of(case)
            except ValueError:
                continue
        return case


def draw_any(rng):
    where = rng.choices(["windows", "axes", "global", "adaptive"], [60, 15, 10, 15])[0]
    tasks = {
        "windows": (["forward", "indices", "follow", "spread", "unpool", "pick", "convert"],
                    [40, 16, 14, 12, 6, 5, 7]),
        "axes": (["forward", "indices"], [3, 1]),
        "global": (["forward", "indices", "follow", "spread"], [4, 2, 1, 1]),
        "adaptive": (["forward", "indices", "follow", "spread"], [4, 2, 2, 2]),
    }  # fmt: skip
    task = rng.choices(*tasks[where])[0]
    ops = ["max", "min"] if where in ("windows", "axes") else ["max"]
    if task in ("forward", "spread"):
        ops = ["avg"] if where in ("global", "adaptive") else ["avg", "sum", "lp"]
        if task == "forward":
            ops = ["max", "max", *ops] if where in ("global", "adaptive") else ["max", "min", *ops]
    op = rng.choice(ops)
    nd = rng.choice([1, 2, 2, 3] if where != "axes" else [1, 2, 2, 3, 4, 6])
    ndim = nd + (rng.choice([1, 2, 3, 4]) if where == "axes" else 0)
    size = rng.choices(list(MORE_TAPS), [900, 60, 20, 4, 8])[0]
    spatial = sizes(rng, ndim, size)
    shape, data_format = spatial, None
    if where != "axes":
        data_format = rng.choice(FORMATS if size != "planes" else ["channels_first"])
        if size == "planes" or rng.random() < 0.7:
            several = [16, 17, 24, 32, 34, 48, 64, 66, 96, 128, 130]
            few = [1, 1, 2, 3, 4, 5, 8, 15, 16, 17, 31, 33, 64, 66, 130]
            blocks = [1, 2, 5, 9, 17, 33, 65, 129]  # and one channel
            channels = rng.choice({"planes": several, "long": blocks}.get(size, few))
            batch = tuple(rng.choice([1, 2, 3]) for _ in range(rng.choice([0, 1, 1, 2])))
            first = data_format == "channels_first"
            shape = (*batch, channels, *spatial) if first else (*batch, *spatial, channels)
    if rng.random() < 0.01:
        at = rng.randrange(len(shape))
        shape = (*shape[:at], 0, *shape[at + 1 :])
    dtype = rng.choice(DTYPES)
    case = {
        "task": task, "where": where, "op": op, "nd": nd, "shape": shape, "dtype": dtype,
        "values": "small", "seed": rng.getrandbits(30), "layout": "as_it_is", "out": None,
        "isa": rng.choice(_runtime.instruction_sets()), "workers": rng.choice([1, 2, 3]),
        "size": size, "args": {},
    }  # fmt: skip
    args = case["args"]
    if where == "axes":
        axes = rng.sample(range(ndim), nd)
        args["axes"] = tuple(a - ndim if rng.random() < 0.5 else a for a in axes)
        pooled = [shape[a] for a in axes]
    else:
        args["data_format"] = data_format
        axes = reference.spatial_axes(len(shape), nd, data_format)
        pooled = [shape[a] for a in axes]
    if where in ("windows", "axes"):
        args |= draw_windows(rng, pooled, size)
    elif where == "adaptive":
        args["output_size"] = tuple(rng.randint(1, n + 1 + (n == 0)) for n in pooled)
    elif rng.random() < 0.5:
        args["keepdims"] = True
    draw_options(rng, case)
    if rng.random() < 0.4:
        case["layout"] = rng.choice(list(LAYOUTS))
    if rng.random() < 0.2:
        case["out"] = rng.choice(["plain", "stepped", "misaligned", "wider", "over the input"])
    if rng.random() < 0.03:
        bad = [(name, value) for name, value in BAD if name in args or name == "workers"]
        if case["task"] != "convert":  # which needs the windows for some kinds only
            case["bad"] = rng.choice(bad)
    return case


def sizes(rng, nd, size):
    """Axes of a few elements, sometimes one that is long; or as many planes or windows ask for."""
    if size == "planes":
        return tuple(rng.randint(1, rng.choice([7, 14])) for _ in range(nd))
    if size == "few" and nd <= 3 and rng.random() < 0.3:  # several windows along each axis
        return tuple(rng.randint(4, rng.choice([9, 14, 20])) for _ in range(nd))
    if size == "long":
        found = [rng.randint(1, 2) for _ in range(nd)]
        found[rng.randrange(nd)] = rng.randint(60, 4_000)
        return tuple(found)
    found = [rng.randint(1, rng.choice([2, 5, 9])) for _ in range(nd)]
    if size == "tall":
        found[rng.randrange(nd)] = rng.randint(7, 100)
    if rng.random() < 0.4:
        found[rng.randrange(nd)] = rng.randint(1, rng.choice([20, 70, 140, 280]))
    if size == "large":
        found[rng.randrange(nd)] = rng.randint(2_000, 30_000)
        if rng.random() < 0.5:
            found = [rng.randint(1, 300) for _ in found]
    return tuple(found)


def draw_windows(rng, pooled, size):
    """pool_size, strides, padding, dilation and ceil_mode for axes of these sizes."""
    nd = len(pooled)
    if size == "tall":  # and most of each in common with the next
        k = tuple(rng.randint(max(1, min(n, 7)), max(1, min(n, 63))) for n in pooled)
        s = rng.choice([1, 1, 1, 2, 5])
        return {"pool_size": k, "strides": s, "padding": rng.choice(["valid", "same"])}
    if size == "long":  # in all, of few outputs or of many
        k = tuple(max(1, int(n ** rng.uniform(0, 1))) for n in pooled)
        spread = (max(1, (n - 1) // max(1, k_n - 1)) for n, k_n in zip(pooled, k, strict=True))
        dilation = tuple(rng.choice([1, 1, rng.randint(1, d)]) for d in spread)
        return {
            "pool_size": k,
            "strides": tuple(max(1, int(n ** rng.uniform(0, 0.7))) for n in pooled),
            "padding": rng.choice(["valid", "same", tuple(k_n // 2 for k_n in k)]),
            "dilation": dilation, "ceil_mode": rng.random() < 0.3,
        }  # fmt: skip
    if rng.random() < 0.4:  # what networks use, and what has kernels of its own
        k, s = rng.choice([(2, 2), (3, 2), (3, 1), (2, 1), (5, 1), (3, 3)])
        return {"pool_size": k, "strides": s, "padding": rng.choice(["valid", "same", k // 2])}

    def for_axes(each):
        return each() if rng.random() < 0.4 else tuple(each() for _ in range(nd))

    longest = rng.choice([2, 3, 5, 5, 9, 20, 150])
    if rng.random() < 0.8:
        args = {"pool_size": tuple(rng.randint(1, max(1, min(longest, n))) for n in pooled)}
    else:
        args = {"pool_size": for_axes(lambda: rng.randint(1, longest))}
    if rng.random() < 0.8:
        args["strides"] = for_axes(lambda: rng.choice([1, 1, 2, 2, 3, 4, 7, 2**40]))
    pad = rng.choice([0, 1, 1, 2, 5])
    args["padding"] = rng.choice([
        "valid", "same", "same_lower", "SAME", pad, tuple(rng.randint(0, pad) for _ in range(nd)),
        tuple((rng.randint(0, pad), rng.randint(0, pad)) for _ in range(nd)),
    ])  # fmt: skip
    if rng.random() < 0.3:
        args["dilation"] = for_axes(lambda: rng.choice([1, 2, 2, 3, 9]))
    if rng.random() < 0.3:
        args["ceil_mode"] = True
    return args


def draw_options(rng, case):
    """What becomes of the windows, and of which values."""
    task, op, where, dtype, args = (case[key] for key in ("task", "op", "where", "dtype", "args"))
    case["values"] = rng.choice(["small", "small", "ties", "special", "full"])
    if task in ("forward", "indices") and op in ("max", "min"):
        case["values"] = rng.choice(["small", "ties", "special", "nan", "full", "full special"])
    if task in ("forward", "indices", "convert") and where != "adaptive" and op != "lp":
        if rng.random() < 0.4:
            args["nan_policy"] = "omit"
    if task == "forward" and op in ("avg", "sum") and where != "adaptive":
        if rng.random() < 0.4:
            fitting = [name for name in DTYPES if fits(op, dtype, name)]
            args["dtype"] = rng.choice(fitting if rng.random() < 0.8 else DTYPES)
        if op == "avg" and rng.random() < 0.5:
            args["rounding"] = rng.choice(list(reference.ROUNDING))
    if task in ("forward", "spread") and op == "avg" and where in ("windows", "axes"):
        if rng.random() < 0.4:
            args["count_include_pad"] = True
        target = dtype_of(args.get("dtype", "float64"))
        holds = is_float(target) or (target.itemsize == 8 and case["values"] != "full")
        if holds and rng.random() < 0.2:  # a sum by less than its count may be past its dtype
            args["divisor_override"] = rng.choice([1, 2, 3, 40])
    if op == "avg" and where == "adaptive" and case["values"] == "full":
        case["values"] = "special"
    if op == "lp":
        case["p"] = rng.choice([1, 2, "inf", *BOUNDED_NORMS])
        case["values"] = rng.choice(["small", "ties", "special"] if case["p"] in (1, 2, "inf")
                                    else ["small"])  # fmt: skip
        if task == "spread":
            case["values"] = "small"
    if task not in ("forward", "spread"):
        kinds = KINDS if where == "windows" else [k for k in KINDS if k != "window"]
        if where == "axes":
            kinds = ["plane", "tensor", "window"]
        args["index_kind"] = rng.choice(kinds)
    if task == "convert":
        case["to"] = rng.choice(KINDS)
    if task in ("unpool", "pick"):
        args.pop("dilation", None), args.pop("ceil_mode", None)
    if task in ("follow", "spread"):
        case["grad"] = rng.choice(FLOATS)
        case["grad_values"] = rng.choice(["small", "small", "special"])
        case["grad_layout"] = "as_it_is" if rng.random() < 0.6 else rng.choice(list(LAYOUTS))
        if op in ("avg", "lp"):
            case["grad_values"] = "small"
    if task in ("follow", "unpool", "pick"):
        case["found"] = rng.choices(["found", "anywhere", "outside"], [6, 3, 1])[0]
        if args["index_kind"] == "window" and case["found"] == "anywhere":
            case["found"] = "found"
        case["index_dtype"] = rng.choice([None, None, *INTEGERS])
        case["index_layout"] = "as_it_is" if rng.random() < 0.6 else rng.choice(list(LAYOUTS))
    if task == "follow" and where == "windows" and rng.random() < 0.2:
        case["found"] = "by x"
        del args["index_kind"]
        if rng.random() < 0.5:
            args["nan_policy"] = "omit"


def pooled_axes(case):
    """The axes that are pooled, in the order of the arguments for them."""
    ndim = len(case["shape"])
    if case["where"] == "axes":
        return [axis % ndim for axis in case["args"]["axes"]]
    return list(reference.spatial_axes(ndim, case["nd"], case["args"]["data_format"]))


def cost(case):
    """The elements of all windows, about."""
    axes, args, shape = pooled_axes(case), case["args"], case["shape"]
    taps = math.prod(shape[axis] for axis in range(len(shape)) if axis not in axes)
    if "pool_size" not in args:
        return taps * math.prod(2 * shape[axis] for axis in axes)
    pool_size = reference.per_axis(args["pool_size"], len(axes))
    strides = args.get("strides") or pool_size
    for axis, k, s in zip(axes, pool_size, reference.per_axis(strides, len(axes)), strict=True):
        taps *= k * (-(-(shape[axis] + 4) // s))
    return taps


# --- its arrays -----------------------------------------------------------------------------------


def few_values(name, shape, seed):
    """Three values, so that nearly all windows hold ties; zeros of both signs."""
    x = cases.small(name, shape, seed)
    x[...] = x % dtype_of(name).type(3 if x.dtype.kind != "b" else 1)
    return x * x.dtype.type(-1) if is_float(x.dtype) else x


VALUES = {
    "small": cases.small,
    "ties": few_values,
    "special": lambda *how: cases.with_specials(cases.small(*how), how[-1]),
    "nan": lambda *how: cases.with_specials(cases.small(*how), how[-1], share=0.4),
    "full": cases.full_range,
    "full special": lambda *how: cases.with_specials(cases.full_range(*how), how[-1], share=0.03),
}


def broadcast(x):
    """One element along the first axis, at a step of zero."""
    return np.broadcast_to(x[:1], x.shape)


def overlapping(x):
    """Steps of any sign and size between elements, among them zero, of the elements of x."""
    if not x.size:
        return x
    rng = random.Random(repr(x.shape))
    steps = [rng.randint(-3, 3) * rng.choice([1, 1, 4, 7]) for _ in x.shape]
    spans = [step * (n - 1) for step, n in zip(steps, x.shape, strict=True)]
    buffer = np.resize(x, sum(map(abs, spans)) + 1)
    first = -sum(span for span in spans if span < 0)
    strides = [step * x.itemsize for step in steps]
    return np.lib.stride_tricks.as_strided(buffer[first:], x.shape, strides)


def in_another_order(x):
    """The axes permuted in memory."""
    order = list(range(x.ndim))
    random.Random(repr(x.shape)).shuffle(order)
    return np.transpose(np.transpose(x, order).copy(), np.argsort(order))


LAYOUTS = {
    layout.__name__: layout
    for layout in [*cases.LAYOUTS, broadcast, overlapping, in_another_order]
} | {"as_it_is": lambda x: x}  # fmt: skip


def array(name, shape, values, seed, layout):
    return LAYOUTS[layout](VALUES[values](name, shape, seed))


# --- what it asks and what that should give -------------------------------------------------------


class Problem(NamedTuple):
    name: str
    """Of pypool's function."""
    arrays: tuple
    """Its positional arguments."""
    args: dict
    expect: object
    """() -> the results, and how far each may be off or None; a ValueError where there are none."""


def windows_of(case):
    """The windows of a case; a ValueError where one is empty or none fits."""
    args, shape, where = case["args"], case["shape"], case["where"]
    data_format = args.get("data_format")
    axes = pooled_axes(case)
    if where in ("global", "adaptive") and not all(shape[axis] for axis in axes):
        raise ValueError("no elements along the spatial axes")
    if where == "global":
        return definition.whole(case["nd"], shape, data_format)
    if where == "adaptive":
        return definition.bins(case["nd"], shape, args["output_size"], data_format)
    names = ("pool_size", "strides", "padding", "dilation", "ceil_mode")
    how = {name: args[name] for name in names if name in args}
    return definition.windows_over(shape, axes, **how)


def function_of(case):
    """The name of pypool's function."""
    before = {"global": "global_", "adaptive": "adaptive_"}.get(case["where"], "")
    backward = "_backward" if case["task"] in ("follow", "spread", "pick") else ""
    if case["task"] == "convert":
        return "convert_indices"
    if case["task"] in ("unpool", "pick"):
        return f"max_unpool{case['nd']}d{backward}"
    if case["where"] == "axes":
        return "pool"
    return f"{before}{case['op']}_pool{case['nd']}d{backward}"


def problem_of(case):
    task = case["task"]
    x = array(case["dtype"], case["shape"], case["values"], case["seed"], case["layout"])
    args = dict(case["args"])
    if task in ("forward", "indices"):
        made = forward_problem(case, x, args)
    else:
        try:
            windows = windows_of(case)
        except ValueError:
            return refused_problem(case, x, args)  # of a gradient: no other task is drawn so
        makers = {"follow": follow_problem, "spread": spread_problem, "unpool": unpool_problem,
                  "pick": unpool_problem, "convert": convert_problem}  # fmt: skip
        made = makers[task](case, x, args, windows)
    return made


class NothingError(Exception):
    """A smaller case asks for nothing."""


def refuse():
    raise ValueError


def refused_problem(case, x, args):
    """Backward calls to windows that are refused, of a gradient of any shape."""
    grad = np.zeros((1,) * x.ndim, np.float32)
    arrays = {"follow": (grad, grad.astype(int), x.shape), "spread": (grad, x.shape)}
    if case["op"] == "lp":
        arrays["spread"] = (grad, x, grad, norm_of(case))
    if case["task"] not in arrays:
        raise NothingError
    return Problem(function_of(case), arrays[case["task"]], args, refuse)


def norm_of(case):
    return float(case["p"])


def fits(op, source, target):
    """Whether an average or a sum of such elements may have that dtype."""
    source, target = dtype_of(source), dtype_of(target)
    if is_float(source):
        return is_float(target) and (source.name, target.name) != ("bfloat16", "float16")
    if is_float(target):
        if target.name == "bfloat16":
            return source.itemsize == 1
        return target == np.float64 or np.can_cast(source, target, "safe")
    casting = "safe" if op == "avg" else "same_kind"
    return target.kind != "b" and np.can_cast(source, target, casting)


def forward_problem(case, x, args):
    op, where, nd, indexed = case["op"], case["where"], case["nd"], case["task"] == "indices"
    plain = definition.native(np.array(x))
    arrays = (x,)
    given = dict(args)
    if where == "axes":
        given["op"] = op
    if op == "lp":
        if where == "axes":
            given["norm_type"] = norm_of(case)
        else:
            arrays = (x, norm_of(case))
    if "dtype" in args:
        given["dtype"] = args["dtype"] = dtype_of(args["dtype"])

    def squeezed(result, windows):
        dropped = where == "global" and not args.get("keepdims")
        return np.squeeze(result, windows.axes) if dropped else result

    def expect():
        if "dtype" in args and not fits(op, case["dtype"], args["dtype"].name):
            raise TypeError
        if indexed or op == "lp" or where == "adaptive":
            windows = windows_of(case)
        if indexed:
            how = {k: args[k] for k in ("index_kind", "nan_policy") if k in args}
            found = definition.locate(op, plain, windows, nd=nd, **how)
            return [(squeezed(each, windows), None) for each in found]
        if op == "lp":
            result = definition.lp(plain, norm_of(case), windows)
            rounds = case["p"] in BOUNDED_NORMS
            return [(result, norm_bound(result, norm_of(case), windows) if rounds else None)]
        if where == "adaptive":
            if op == "avg":
                return [(definition.adaptive_avg(plain, windows), None)]
            return [(definition.locate(op, plain, windows)[0], None)]
        if where == "global":
            windows_of(case)
            result = reference.global_pool(op, nd, plain, **args)
        elif where == "axes":
            result = reference.pool(op, plain, **args)
        else:
            result = reference.pool_nd(op, nd, plain, **args)
        return [(result, sum_bound(case, plain, result, args))]

    if indexed:
        given["return_indices"] = True
    return Problem(function_of(case), arrays, given, expect)


def sum_bound(case, plain, result, args):
    """How far a sum or an average may be off, or None where it is exact."""
    narrow = not is_float(plain.dtype) and plain.dtype.itemsize < 8
    if case["op"] not in ("avg", "sum") or case["values"] != "full" or narrow:
        return None
    if not is_float(result.dtype):
        return None
    axes = pooled_axes(case)
    how = {k: v for k, v in args.items() if k not in ("data_format", "axes", "keepdims")}
    how.setdefault("pool_size", [plain.shape[axis] for axis in axes])
    whole = result.reshape([1 if axis in axes else n for axis, n in enumerate(plain.shape)]
                           if case["where"] == "global" else result.shape)  # fmt: skip
    bound = reference.error_bound(case["op"], plain, whole, axes=axes, **how)
    return bound.reshape(result.shape)


def places_of(case, plain, windows):
    """Elements of the plane to go to, laid out as the result, and their numbers."""
    kind = case["args"].get("index_kind", "plane")
    nan_policy = case["args"].get("nan_policy", "propagate")
    nd = case["nd"]
    values, found = definition.locate(case["op"], plain, windows, nan_policy=nan_policy, nd=nd)
    if case.get("found") == "anywhere":
        rng = np.random.default_rng(case["seed"])
        found = rng.integers(0, math.prod(windows.size) or 1, found.shape)
    if kind == "window":
        how = {"index_kind": kind, "nan_policy": nan_policy, "nd": nd}
        indices = definition.locate(case["op"], plain, windows, **how)[1]
    else:
        indices = definition.numbered(kind, found, plain.shape, windows, nd)
    return values, found, indices


def indices_of(case, indices, windows):
    """Indices as they are given: of any dtype that holds them, laid out anyhow, one perhaps bad."""
    kind, shape = case["args"].get("index_kind", "plane"), case["shape"]
    outside = case["found"] == "outside" and indices.size
    if outside:
        of_sample = shape[len(shape) - min(case["nd"] + 1, len(shape)) :]
        beyond = {
            "plane": math.prod(windows.size), "sample": math.prod(of_sample),
            "tensor": math.prod(shape), "window": windows.taps.shape[1],
        }[kind]  # fmt: skip
        rng = random.Random(case["seed"])
        indices = indices.astype(np.int64)
        bad = rng.choice([-1, beyond, 2**31 + beyond, 2**32 + beyond, -(2**32), 2**62, -(2**63)])
        indices.flat[rng.randrange(indices.size)] = bad
    wanted = case["index_dtype"]
    if wanted and (not indices.size or (
        indices.min() >= np.iinfo(wanted).min and indices.max() <= np.iinfo(wanted).max
    )):  # fmt: skip
        indices = indices.astype(wanted)
    layout = case["index_layout"]
    if layout in ("broadcast", "overlapping"):  # these are other numbers
        layout = "in_another_order"
    return LAYOUTS[layout](indices), outside


def gradient_of(case, shape):
    return array(case["grad"], shape, case["grad_values"], case["seed"] + 1, case["grad_layout"])


def follow_problem(case, x, args, windows):
    plain = definition.native(np.array(x))
    _, found, indices = places_of(case, plain, windows)
    grad = gradient_of(case, found.shape)
    expected = definition.followed(definition.native(grad), found, windows)
    name, shape = function_of(case), x.shape
    if case["found"] == "by x":
        return Problem(name, (grad, None, shape), args | {"x": x}, lambda: [(expected, None)])
    indices, outside = indices_of(case, indices, windows)
    if case["where"] == "global" and not args.get("keepdims"):
        grad, indices = np.squeeze(grad, windows.axes), np.squeeze(indices, windows.axes)
    return Problem(
        name, (grad, indices, shape), args, refuse if outside else lambda: [(expected, None)]
    )


def spread_problem(case, x, args, windows):
    op, name, shape = case["op"], function_of(case), x.shape
    outputs = list(shape)
    for axis, n in zip(windows.axes, windows.outputs, strict=True):
        outputs[axis] = n
    grad = gradient_of(case, tuple(outputs))
    plain = definition.native(grad)
    if op == "lp":
        p, values = norm_of(case), definition.native(np.array(x))
        norms = definition.lp(values, p, windows)

        def expect():
            shares = definition.lp_shares(plain, values, norms, p, windows)
            result = definition.lp_backward(plain, values, norms, p, windows)
            return [(result, definition.error_bound(result, shares, windows, 12))]

        return Problem(name, (grad, x, norms, p), args, expect)
    options = {k: args[k] for k in ("count_include_pad", "divisor_override") if k in args}

    def expect():
        result = definition.spread(op, plain, windows, **options)
        if op == "sum":
            return [(result, None)]
        shares = definition.shared(op, plain, windows, **options)
        return [(result, definition.error_bound(result, shares, windows, 3))]

    if case["where"] == "global" and not args.get("keepdims"):
        grad = np.squeeze(grad, windows.axes)
    return Problem(name, (grad, shape), args, expect)


def unpool_problem(case, x, args, windows):
    plain = definition.native(np.array(x))
    values, found, indices = places_of(case, plain, windows)
    indices, outside = indices_of(case, indices, windows)
    args["output_shape"] = case["shape"]
    if case["task"] == "unpool":
        given, expected = (
            LAYOUTS[case["layout"]](values), lambda v: definition.unpool(
                v, found, case["shape"], windows.axes)
        )  # fmt: skip
        arrays = (given, indices)
    else:
        given, expected = x, lambda v: definition.unpool_backward(v, found, windows.axes)
        arrays = (given, indices, found.shape)
    plain_given = definition.native(np.array(given))
    return Problem(
        function_of(case), arrays, args, refuse if outside else lambda: [
            (expected(plain_given), None)
        ],
    )  # fmt: skip


def convert_problem(case, x, args, windows):
    plain = definition.native(np.array(x))
    _, _, indices = places_of(case, plain, windows)
    nan_policy = args.pop("nan_policy", "propagate")
    _, expected = definition.locate(
        case["op"], plain, windows, index_kind=case["to"], nan_policy=nan_policy, nd=case["nd"]
    )
    arrays = (indices, x.shape, args.pop("index_kind", "plane"), case["to"], case["nd"])
    return Problem(function_of(case), arrays, args, lambda: [(expected, None)])


# --- out ------------------------------------------------------------------------------------------


def wider(dtype, counts=False):
    """Another dtype that the result may be cast to, or that holds what it counts here."""
    if counts:
        return np.dtype(np.uint64 if dtype.itemsize < 8 else np.uint32)
    if dtype.kind == "b":
        return np.dtype(np.uint8)
    if is_float(dtype):
        return np.dtype(np.float32 if dtype == np.float64 else np.float64)
    return np.dtype(np.float64 if dtype.itemsize < 8 else np.float32)


def into(case, problem, expected):
    """Arrays for the results: the arguments with them, and a check that nothing else is written."""
    kind = case["out"]
    if kind == "over the input" and type(problem.arrays[0]) is np.ndarray:
        (result, _), *others = expected
        x = problem.arrays[0]
        buffer = np.zeros(x.nbytes + result.nbytes + 64, np.uint8)
        shift = random.Random(case["seed"]).randint(0, 8) * result.dtype.itemsize
        copy = buffer[: x.nbytes].view(x.dtype).reshape(x.shape)
        copy[...] = x
        out = buffer[shift : shift + result.nbytes].view(result.dtype).reshape(result.shape)
        outs = (out, *(np.empty_like(each) for each, _ in others))
        return (copy, *problem.arrays[1:]), outs, lambda: None
    outs, bases = [], []
    for i, (result, _) in enumerate(expected):
        dtype = wider(result.dtype, counts=i == 1) if kind == "wider" else result.dtype
        if kind == "stepped":
            base = cases.poison(dtype, tuple(2 * n + 3 for n in result.shape))
            at = (..., *(slice(2, 2 + 2 * n, 2) for n in result.shape))
            out = base[at]
        else:
            room = 64
            base = np.full(result.size * dtype.itemsize + 2 * room, 0xA5, np.uint8)
            at = slice(room, -room) if kind != "misaligned" else slice(room + 1, 1 - room)
            out = base[at].view(dtype).reshape(result.shape)
        outs.append(out)
        bases.append((base, at, base.copy()))

    def untouched():
        for base, at, before in bases:
            before[at] = base[at]
            assert base.tobytes() == before.tobytes(), "written outside of out"

    return problem.arrays, tuple(outs), untouched


# --- the check ------------------------------------------------------------------------------------


def check(case):
    """Whether a case gives what it should: "passed" or "refused", or an AssertionError."""
    with np.errstate(all="ignore"):
        problem = problem_of(case)
    function = getattr(pypool, problem.name)
    args = dict(problem.args)
    workers = {} if problem.name == "convert_indices" else {"workers": case["workers"]}
    if "bad" in case:
        name, value = case["bad"]
        (workers if name == "workers" else args)[name] = value
        named = "" if name in ("workers", "index_kind") else name  # windows are met before those
        return refusal(function, problem, args | workers, (TypeError, ValueError), named)
    try:
        with np.errstate(all="ignore"):
            expected = problem.expect()
    except (TypeError, ValueError) as error:
        both = 0 in case["shape"]  # where the dtype and the windows may be refused
        errors = (TypeError, ValueError) if both else type(error)
        return refusal(function, problem, args | workers, errors)
    arrays, untouched = problem.arrays, None
    if case["out"] and workers:
        arrays, outs, untouched = into(case, problem, expected)
        args["out"] = outs if case["task"] == "indices" else outs[0]
    before = [each.tobytes() if type(each) is np.ndarray else None for each in arrays]
    with _runtime.instruction_set(case["isa"]):
        results = function(*arrays, **args, **workers)
        compare(results, expected, args, case)
        if untouched is not None:
            untouched()
        elif case["seed"] % 4 == 0:  # the same call again takes a shorter way
            compare(function(*arrays, **args, **workers), expected, args, case)
    if case["out"] != "over the input":
        for each, bytes_before in zip(arrays, before, strict=True):
            assert bytes_before is None or each.tobytes() == bytes_before, "an input was written"
    if any(bound is not None for _, bound in expected):
        same_bits(function, problem, case, workers)
    return "passed"


def refusal(function, problem, args, errors, named=""):
    """That a call is refused, in words that name an argument if that is known."""
    try:
        function(*problem.arrays, **args)
    except errors as error:
        assert named in str(error), f"{named} is not named: {error}"
        return "refused"
    raise AssertionError("was not refused")


def compare(results, expected, args, case):
    """Results are what was expected, in `out` where that was given."""
    out = args.get("out")
    if case["task"] != "indices":
        results, out = (results,), (out,)
    assert type(results) is tuple and len(results) == len(expected)
    for i, (result, (want, bound)) in enumerate(zip(results, expected, strict=True)):
        if out is not None and out[i] is not None:
            assert result is out[i], "the result is not out"
            with np.errstate(all="ignore"):
                want = want.astype(result.dtype)  # noqa: PLW2901
            if bound is not None and result.dtype.itemsize < 8:
                bound = bound + np.abs(want.astype(np.float64)) * 2.0**-22  # noqa: PLW2901
        result = np.asarray(result)  # noqa: PLW2901
        if bound is None:
            cases.assert_same(result, want)
        else:
            cases.assert_close(result, want, np.asarray(bound))


def same_bits(function, problem, case, workers):
    """Results that round are the same from every instruction set, on any number of threads, from
    arrays that lie anyhow or dense."""
    dense = [np.array(a, order="C") if type(a) is np.ndarray else a for a in problem.arrays]
    seen = {cases.bits(np.asarray(function(*dense, **problem.args, **workers)))}
    for isa in {case["isa"], _runtime.instruction_sets()[-1]}:
        for number in {1, workers["workers"]}:
            with _runtime.instruction_set(isa):
                result = function(*problem.arrays, **problem.args, workers=number)
                seen.add(cases.bits(np.asarray(result)))
    assert len(seen) == 1, "the bits depend on the instruction set, the workers or strides"


def verdict(case):
    """What `check` says, or what went wrong in a few lines."""
    try:
        return check(case), None
    except NothingError:
        return "nothing", None
    except AssertionError as error:
        return "failed", str(error) or traceback.format_exc(limit=-3)
    except Exception:
        return "failed", traceback.format_exc(limit=-4)


# --- smaller --------------------------------------------------------------------------------------


PLAIN = {
    "layout": ["as_it_is"], "grad_layout": ["as_it_is"], "index_layout": ["as_it_is"],
    "out": [None], "workers": [1], "index_dtype": [None], "values": ["small", "ties"],
    "grad_values": ["small"], "found": ["found"], "dtype": ["float32", "uint8"],
    "grad": ["float32"], "isa": [_runtime.instruction_sets()[-1]], "seed": [0, 1], "p": [2, 1],
}  # fmt: skip
"""What is plainer than all else, the plainest first: to go back to what is less so has no end."""


def simpler(case):
    """Cases like this one with one thing less."""

    def but(**changes):
        return {**case, **changes}

    for key, plain in PLAIN.items():
        if key in case:
            plainer = plain[: plain.index(case[key])] if case[key] in plain else plain
            yield from (but(**{key: value}) for value in plainer)
    args, shape = case["args"], case["shape"]
    for name in args:
        if name not in ("pool_size", "output_size", "axes", "data_format"):
            yield but(args={k: v for k, v in args.items() if k != name})
    for name, value in args.items():
        for smaller in smaller_values(value, 0 if name == "padding" else 1):
            if name not in ("axes", "data_format") and type(value) is not bool:
                yield but(args=args | {name: smaller})
    for axis, n in enumerate(shape):
        for smaller in {1, n // 2, n - 1} - {n}:
            if 0 < smaller < n:
                yield but(shape=(*shape[:axis], smaller, *shape[axis + 1 :]))
    if case["where"] != "axes" and len(shape) > case["nd"]:
        yield but(shape=shape[1:])


def smaller_values(value, least):
    if isinstance(value, tuple):
        if len(set(value)) == 1:
            yield value[0]
        for i, each in enumerate(value):
            for smaller in smaller_values(each, least):
                yield (*value[:i], smaller, *value[i + 1 :])
    elif isinstance(value, int):
        yield from sorted(n for n in {0, 1, value // 2, value - 1} if least <= n < value)


def shrunk(case, fails, tries=3000):
    """The smallest failing case that taking one thing away at a time leads to."""
    progress = True
    while progress and tries > 0:
        progress = False
        for candidate in simpler(case):
            tries -= 1
            if tries < 0:
                break
            if fails(candidate):
                case, progress = candidate, True
                break
    return case


def shrunk_in_child(case):
    """The same in one other process, or None where a call ends that."""

    def fails_here(candidate):
        return verdict(candidate)[0] == "failed"

    child = Child(lambda child: child.say(shrunk(case, fails_here)))
    return None if child.end() else child.said


# --- the run --------------------------------------------------------------------------------------


class Child:
    """Work in a process of its own; `done` and `count` say how far it is, whatever ends it."""

    def __init__(self, work):
        self.shared = mmap.mmap(-1, 1 << 16)
        sys.stdout.flush()
        self.pid = os.fork()
        if not self.pid:
            status = 2
            with contextlib.suppress(BaseException):
                work(self)
                status = 0
            os._exit(status)

    @property
    def count(self):
        return int.from_bytes(self.shared[:8], "little")

    @count.setter
    def count(self, value):
        self.shared[:8] = value.to_bytes(8, "little")

    def say(self, value):
        text = repr(value).encode()[: (1 << 16) - 16]
        self.shared[8:16] = len(text).to_bytes(8, "little")
        self.shared[16 : 16 + len(text)] = text

    @property
    def said(self):
        length = int.from_bytes(self.shared[8:16], "little")
        return ast.literal_eval(self.shared[16 : 16 + length].decode()) if length else None

    def end(self):
        """None, or how it was ended: by a signal or for want of progress."""
        waits, seen, pause = 0, -1, 0.0005
        while True:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                number = os.waitstatus_to_exitcode(status)
                return None if number == 0 else f"the process ended with {number}"
            count = self.count
            waits, seen = (waits + pause, seen) if count == seen else (0, count)
            if waits > MOST_SECONDS_PER_CASE:  # counted in naps: a stopped process is no hang
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
                return "the call does not end"
            time.sleep(pause)
            pause = min(0.05, pause * 1.5)


def fails(case):
    """How a case fails, or None."""

    def work(child):
        child.say(verdict(case))

    child = Child(work)
    ended = child.end()
    return ended or (child.said[1] if child.said[0] == "failed" else None)


def case_of(seed, i):
    return draw(random.Random(f"{seed} {i}"))


def run(seed, first, last):
    """The cases [first, last) of a seed: a summary, and the first that failed with its number."""

    def work(child):
        tally = collections.Counter()
        for i in range(first, last):
            child.count = i
            case = case_of(seed, i)
            result, why = verdict(case)
            tally[f"{case['where']} {case['task']} {case['op']}"] += 1
            tally[result] += 1
            if why is not None:
                break
            if i % 256 == 0:
                child.say(dict(tally))
        else:
            child.count = last
        child.say(dict(tally))

    child = Child(work)
    ended = child.end()
    failed = child.count if ended or child.count < last else None
    return child.said or {}, failed


def describe(case):
    """A case as a command and as a call."""
    lines = [f'python tests/fuzz.py --case "{case}"']
    try:
        problem = problem_of(case)
        shown = ", ".join(
            f"<{a.dtype} {a.shape} strides {a.strides}>" if isinstance(a, np.ndarray) else repr(a)
            for a in problem.arrays
        )
        lines.append(f"pypool.{problem.name}({shown}, **{problem.args})")
    except Exception as error:
        lines.append(repr(error))
    return "\n".join(lines)


def report(case):
    """Prints how a case fails, if it does; whether it passes."""
    why = fails(case)
    if why is None:
        print("passed")
        return True
    small = shrunk_in_child(case) or shrunk(case, fails)
    print(f"FAILED: {fails(small)}\n{describe(small)}")
    return False


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("seed", nargs="?", metavar="SEED")
    parser.add_argument("number", nargs="?", type=int, metavar="N")
    parser.add_argument("--first", type=int, default=0, metavar="I")
    parser.add_argument("--case", type=ast.literal_eval)
    given = parser.parse_args()
    if given.case:
        return 0 if report(given.case) else 1
    if given.number is None:
        parser.error("a SEED and a number of cases are needed")
    warnings.simplefilter("error")
    started = time.perf_counter()
    tally, failed = run(given.seed, given.first, given.first + given.number)
    seconds = time.perf_counter() - started
    counts = {word: tally.pop(word, 0) for word in ("passed", "refused")}
    tally.pop("failed", None)
    each = ", ".join(f"{name} {count}" for name, count in sorted(tally.items()))
    print(f"{sum(counts.values())} cases of seed {given.seed} in {seconds:.0f} s: "
          f"{', '.join(f'{n} {word}' for word, n in counts.items())}; {each}")  # fmt: skip
    if failed is None:
        return 0
    print(f"case {failed}:")
    report(case_of(given.seed, failed))
    return 1


if __name__ == "__main__":
    sys.exit(main())
