"""Hostile calls, each given to pypool and to its peers; writes what they did to docs/scoreboard.md.

    python bench/scoreboard.py [--python LIBRARY=EXECUTABLE]... [--only PATTERN] [--output FILE]

Every case runs once for every library in a process of its own, with a limit on time and memory, so
that a crash or a hang is a result like any other. A library may have a Python of its own; without
one it is looked for in the Python that runs the script. With --only nothing is written.
"""

import argparse
import collections
import contextlib
import dataclasses
import datetime
import html
import importlib
import itertools
import json
import math
import mmap
import os
import platform
import re
import resource
import signal
import subprocess
import sys
import tempfile
import textwrap

import numpy as np

SECONDS, GIGABYTES = 60, 8
PAGE = os.path.join(os.path.dirname(__file__), "..", "docs", "scoreboard.md")
ENVIRONMENT = {
    "CUDA_VISIBLE_DEVICES": "",
    "JAX_ENABLE_X64": "1",
    "JAX_PLATFORMS": "cpu",
    "KERAS_BACKEND": "jax",
    "TF_CPP_MIN_LOG_LEVEL": "2",
}

# --- libraries: planes are [batch, channel, row, column], windows are squares --------------------


@dataclasses.dataclass
class Windows:
    """Where windows lie; indices asks for the places of the maxima in the plane as well."""

    window: int
    stride: int | None = None  # the window
    padding: int = 0
    dilation: int = 1
    ceil: bool = False
    indices: bool = False

    def __post_init__(self):
        if self.stride is None:
            self.stride = self.window


class NotOfferedError(Exception):
    """The library has no such function, or not with such an option."""


def lacks(*options):
    if any(options):
        raise NotOfferedError


class Library:
    """One library behind five functions: max(x, w), avg(x, w) with padding counted, and unpool(
    values, indices, window), max_backward(grad, indices, x, window), avg_backward(grad, shape,
    window). What a library does not define it does not offer.
    """

    modules: tuple  # what it needs, itself first; imported in its own process only

    def __init__(self):
        self.library, *self.rest = map(importlib.import_module, self.modules)
        self.version = self.library.__version__

    def not_offered(self, *_):
        raise NotOfferedError

    max = avg = unpool = max_backward = avg_backward = not_offered


class Pypool(Library):
    modules = ("pypool",)

    def call(self, name, *arguments, **options):
        return getattr(self.library, name)(*arguments, **options, data_format="channels_first")

    def max(self, x, w):
        how = {"dilation": w.dilation, "ceil_mode": w.ceil, "return_indices": w.indices}
        return self.call("max_pool2d", x, w.window, w.stride, w.padding, **how)

    def avg(self, x, w):
        how = {"ceil_mode": w.ceil, "count_include_pad": True}
        return self.call("avg_pool2d", x, w.window, w.stride, w.padding, **how)

    def unpool(self, values, indices, window):
        return self.call("max_unpool2d", values, indices, window)

    def max_backward(self, grad, indices, x, window):
        return self.call("max_pool2d_backward", grad, indices, x.shape, window)

    def avg_backward(self, grad, shape, window):
        return self.call("avg_pool2d_backward", grad, shape, window)


class Torch(Library):
    """torch.nn.functional, and the gradients that its autograd calls, in torch.ops.aten."""

    modules = ("torch", "torch.nn.functional")

    def call(self, name, *arguments):
        torch, functional = self.library, self.rest[0]
        function = getattr(functional, name, None) or getattr(torch.ops.aten, name)
        return function(
            *(torch.from_numpy(a) if isinstance(a, np.ndarray) else a for a in arguments)
        )

    def max(self, x, w):
        where = (w.window, w.stride, w.padding, w.dilation, w.ceil)
        return self.call("max_pool2d", x, *where, w.indices)

    def avg(self, x, w):
        return self.call("avg_pool2d", x, w.window, w.stride, w.padding, w.ceil, True)

    def unpool(self, values, indices, window):
        return self.call("max_unpool2d", values, indices, window)

    def max_backward(self, grad, indices, x, window):
        where = ([window] * 2, [window] * 2, [0, 0], [1, 1], False)
        return self.call("max_pool2d_with_indices_backward", grad, x, *where, indices)

    def avg_backward(self, grad, shape, window):
        x, where = self.library.zeros(1).expand(shape), ([window] * 2, [window] * 2, [0, 0])
        return self.call("avg_pool2d_backward", grad, x, *where, False, True, None)


class TensorFlow(Library):
    """tf.nn, and the gradients of tf.raw_ops; channels last, since a CPU has no other."""

    modules = ("tensorflow",)

    def tensor(self, x):
        return self.library.convert_to_tensor(np.moveaxis(x, 1, -1))

    def planes(self, x):
        return np.moveaxis(x.numpy(), -1, 1)

    def max(self, x, w):
        nn, x = self.library.nn, self.tensor(x)
        lacks(w.ceil, w.padding and (w.indices or w.dilation != 1))
        if w.indices:
            found = nn.max_pool_with_argmax(x, w.window, w.stride, "VALID")
            return tuple(map(self.planes, found))
        if w.dilation != 1:
            window, stride, dilation = ([size] * 2 for size in (w.window, w.stride, w.dilation))
            return self.planes(nn.pool(x, window, "MAX", stride, "VALID", dilations=dilation))
        padding = [[0, 0], [w.padding] * 2, [w.padding] * 2, [0, 0]] if w.padding else "VALID"
        return self.planes(nn.max_pool2d(x, w.window, w.stride, padding))

    def avg(self, x, w):
        lacks(w.ceil, w.padding)
        return self.planes(self.library.nn.avg_pool2d(self.tensor(x), w.window, w.stride, "VALID"))

    def backward(self, name, window, **tensors):
        where = {"ksize": [1, window, window, 1], "strides": [1, window, window, 1]}
        function = getattr(self.library.raw_ops, name)
        return self.planes(function(**tensors, **where, padding="VALID"))

    def max_backward(self, grad, indices, x, window):
        grad, argmax, x = map(self.tensor, (grad, indices, x))
        return self.backward("MaxPoolGradWithArgmax", window, input=x, grad=grad, argmax=argmax)

    def avg_backward(self, grad, shape, window):
        shape, grad = np.array([shape[0], *shape[2:], shape[1]], np.int32), self.tensor(grad)
        return self.backward("AvgPoolGrad", window, orig_input_shape=shape, grad=grad)


class Keras(Library):
    """Keras's layers on JAX; they compute floats in the dtype of the array."""

    modules = ("keras", "jax")

    def __init__(self):
        super().__init__()
        self.version += f" on JAX {self.rest[0].__version__}"

    def call(self, layer, x, w):
        lacks(w.padding, w.dilation != 1, w.ceil, w.indices)
        dtype = x.dtype.name if x.dtype.kind == "f" else None
        return layer(w.window, w.stride, data_format="channels_first", dtype=dtype)(x)

    def max(self, x, w):
        return self.call(self.library.layers.MaxPooling2D, x, w)

    def avg(self, x, w):
        return self.call(self.library.layers.AveragePooling2D, x, w)


class OnnxRuntime(Library):
    modules = ("onnxruntime", "onnx.helper")

    def call(self, operator, inputs, w, results=("y",), **attributes):
        (helper,) = self.rest
        where = {"kernel_shape": [w.window] * 2, "strides": [w.stride] * 2, "pads": [w.padding] * 4}
        node = helper.make_node(operator, list(inputs), results, **where, **attributes)
        dtypes = {name: x.dtype.newbyteorder("=") for name, x in inputs.items()}
        dtypes |= {"y": dtypes["x"], "places": np.dtype(np.int64)}
        kinds = {name: helper.np_dtype_to_tensor_dtype(dtype) for name, dtype in dtypes.items()}
        value = helper.make_tensor_value_info
        given = [value(name, kinds[name], x.shape) for name, x in inputs.items()]
        made = [value(name, kinds[name], None) for name in results]
        opset = [helper.make_opsetid("", 22)]
        graph = helper.make_graph([node], "one", given, made)
        model = helper.make_model(graph, opset_imports=opset, ir_version=10).SerializeToString()
        cpu = ["CPUExecutionProvider"]
        return self.library.InferenceSession(model, providers=cpu).run(None, inputs)

    def max(self, x, w):
        results = ("y", "places") if w.indices else ("y",)
        how = {"dilations": [w.dilation] * 2, "ceil_mode": int(w.ceil)}
        found = self.call("MaxPool", {"x": x}, w, results, **how)
        return tuple(found) if w.indices else found[0]

    def avg(self, x, w):
        how = {"count_include_pad": 1, "ceil_mode": int(w.ceil)}
        return self.call("AveragePool", {"x": x}, w, **how)[0]

    def unpool(self, values, indices, window):
        return self.call("MaxUnpool", {"x": values, "indices": indices}, Windows(window))[0]


class OpenVINO(Library):
    """opset14 on the CPU, in float32 where the CPU would take bfloat16."""

    modules = ("openvino", "openvino.opset14")

    def __init__(self):
        super().__init__()
        self.version = self.version.partition("-")[0]

    def call(self, operator, x, sizes, *how):
        (opset,) = self.rest
        given = opset.parameter(list(x.shape), x.dtype.newbyteorder("=").type)
        node = getattr(opset, operator)(given, *([size] * 2 for size in sizes), *how)
        model, precision = self.library.Model(node.outputs(), [given]), "INFERENCE_PRECISION_HINT"
        return tuple(self.library.compile_model(model, "CPU", {precision: "f32"})([x]).values())

    def max(self, x, w):
        sizes = (w.stride, w.dilation, w.padding, w.padding, w.window)
        found = self.call("max_pool", x, sizes, "ceil_torch" if w.ceil else "floor")
        return found if w.indices else found[0]

    def avg(self, x, w):
        sizes = (w.stride, w.padding, w.padding, w.window)
        return self.call("avg_pool", x, sizes, False, "ceil_torch" if w.ceil else "floor")[0]


class Jax(Library):
    """lax.reduce_window, which has no average."""

    modules = ("jax",)

    def max(self, x, w):
        lacks(w.ceil, w.indices)
        lax, asarray = self.library.lax, self.library.numpy.asarray
        lowest = np.iinfo(x.dtype).min if x.dtype.kind in "iu" else -np.inf
        sizes = [(1, 1, size, size) for size in (w.window, w.stride)]
        pads, apart = [(0, 0)] * 2 + [(w.padding,) * 2] * 2, (1, 1, w.dilation, w.dilation)
        start = np.array(lowest, x.dtype)
        return lax.reduce_window(asarray(x), start, lax.max, *sizes, pads, window_dilation=apart)


class ScikitImage(Library):
    """measure.block_reduce: windows side by side."""

    modules = ("skimage", "skimage.measure")

    def call(self, x, w, function):
        lacks(w.stride != w.window, w.padding, w.dilation != 1, w.ceil, w.indices)
        return self.rest[0].block_reduce(x, (1, 1, w.window, w.window), function)

    def max(self, x, w):
        return self.call(x, w, np.max)

    def avg(self, x, w):
        return self.call(x, w, np.mean)


LIBRARIES = {
    "pypool": Pypool,
    "PyTorch": Torch,
    "TensorFlow": TensorFlow,
    "Keras": Keras,
    "ONNX Runtime": OnnxRuntime,
    "OpenVINO": OpenVINO,
    "JAX": Jax,
    "scikit-image": ScikitImage,
}

# --- cases ---------------------------------------------------------------------------------------


@dataclasses.dataclass
class Case:
    """A call, the result that is right, and results that another convention makes right."""

    name: str
    call: object  # a function of a Library
    right: object = None  # an array, or a pair of them; None where the call has to be refused
    conventions: dict = dataclasses.field(default_factory=dict)


def tiles(x, window):
    """[batch, channel, row, column, element] of the windows side by side."""
    batch, channels, height, width = x.shape
    rows, columns = height // window, width // window
    x = x.reshape(batch, channels, rows, window, columns, window).swapaxes(3, 4)
    return x.reshape(batch, channels, rows, columns, window * window)


def in_window(found, window):
    """Values and indices of a 4x4 plane; an index in its window becomes the window's first."""
    values, indices = map(np.asarray, found)
    inside = tiles(PLACES, window)
    within = (inside == indices[..., None]).any(axis=-1)
    return values, np.where(within, inside[..., 0], indices)


def scattered(size):
    """Distinct floats in no order: [1, 16, size, size]."""
    shuffled = np.arange(16 * size * size) * 7919 % 65537
    return shuffled.astype(np.float32).reshape(1, 16, size, size)


def with_nans():
    """One NaN in four windows of five, in each place in turn."""
    x = tiles(scattered(16), 2)
    place = np.arange(x[..., 0].size).reshape(x.shape[:-1]) % 5
    for i in range(4):
        x[..., i][place == i] = np.nan
    return x.reshape(1, 16, 8, 8, 2, 2).swapaxes(3, 4).reshape(1, 16, 16, 16)


def misaligned(x):
    buffer = np.ndarray(x.shape, x.dtype, bytearray(x.nbytes + 1), offset=1)
    buffer[...] = x
    return buffer


def mapped(x):
    """The same array in pages that end the process if they are written."""
    with tempfile.TemporaryFile() as file:
        file.write(x.tobytes())
        file.flush()
        pages = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
    return np.frombuffer(pages, x.dtype).reshape(x.shape)


def after_fork(lib):
    """The exit code of a forked child that repeats a call large enough for threads."""
    x = np.ones((16, 64, 112, 112), np.float32)
    lib.max(x, W(2))
    child = os.fork()
    if child == 0:
        os._exit(0 if (np.asarray(lib.max(x, W(2))) == 1).all() else 1)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code < 0:
        os.kill(os.getpid(), -code)
    return np.array(code)


def plane(values, dtype=np.float32):
    return np.array(values, dtype)[None, None]


def constant(value, *shape, dtype=np.float32):
    return np.full(shape, value, dtype)


def indices(last):
    return plane([[0, 2], [8, last]], np.int64)


W = Windows
ONES, GRAD = constant(1, 1, 1, 4, 4), constant(1, 1, 1, 2, 2)
PLACES = np.arange(16).reshape(1, 1, 4, 4)
LOWEST, COUNT = -np.inf * ONES, (PLACES + 1).astype(np.float32)
NANS, SMALL = with_nans(), scattered(64)
SMALL_MAX, NANS_TILES = tiles(SMALL, 2).max(axis=-1), tiles(NANS, 2)
INT8 = constant(-128, 1, 1, 4, 4, dtype=np.int8)
INT64 = plane([[2**53, 2**53 + 1], [2**53 + 2, 2**53 + 3]], np.int64)
BYTES = plane([[255, 255, 10, 11], [255, 255, 10, 11]], np.uint8)
HUGE = constant(2**62, 1, 1, 2, 2, dtype=np.int64)
HALVES = constant(60000, 1, 1, 4, 4, dtype=np.float16)
OF_16 = np.array([[14, 30, 12], [57, 99, 36], [27, 45, 16]])  # sums of padded 3x3 windows, stride 2
LARGE = np.broadcast_to(np.float32(1), (1, 1, 2**17, 2**17))
FRAMED = np.pad(ONES[..., 1:, 1:], [(0, 0), (0, 0), (1, 1), (1, 1)], constant_values=-np.inf)
EMPTY = {"an empty result": np.zeros((1, 1, 0, 0))}
FAR = {"-1": -1, "the size of the plane": 16, "2**32 + 3": 2**32 + 3, "-2**63": -(2**63)}

CASES = [
    Case(
        "max: NaN in each place of a window",
        lambda lib: lib.max(NANS, W(2)),
        NANS_TILES.max(axis=-1),
        {"NaN skipped, wherever it is": np.nanmax(NANS_TILES, axis=-1)},
    ),
    Case(
        "max with indices: nothing but -inf",
        lambda lib: in_window(lib.max(LOWEST, W(2, indices=True)), 2),
        (LOWEST[..., :2, :2], PLACES[..., ::2, ::2]),
    ),
    Case(
        "max with indices: one window of NaN alone",
        lambda lib: in_window(lib.max(LOWEST * np.nan, W(4, indices=True)), 4),
        (plane([[np.nan]]), plane([[0]])),
    ),
    Case(
        "max: int8 at its minimum, padded", lambda lib: lib.max(INT8, W(3, 2, 1)), INT8[..., :2, :2]
    ),
    Case("max: int64 beyond 2**53", lambda lib: lib.max(INT64, W(2)), INT64[..., 1:, 1:]),
    Case(
        "max: ceil_mode, a last window in the padding",
        lambda lib: lib.max(COUNT, W(2, 3, 1, ceil=True)),
        plane([[1, 4], [13, 16]]),
    ),
    Case(
        "average: ceil_mode, padding counted",
        lambda lib: lib.avg(COUNT, W(3, 2, 1, ceil=True)),
        plane(OF_16 / [[9, 9, 6], [9, 9, 6], [6, 6, 4]]),
        {"what hangs over the padding counted too": plane(OF_16 / 9)},
    ),
    Case(
        "average: uint8, 255s and a half",
        lambda lib: lib.avg(BYTES, W(2)),
        plane([[255, 10.5]]),
        {"an integer, rounded down": plane([[255, 10]]), "rounded up": plane([[255, 11]])},
    ),
    Case(
        "average: int64, whose sum overflows", lambda lib: lib.avg(HUGE, W(2)), plane([[2.0**62]])
    ),
    Case(
        "average: float16, whose sum overflows", lambda lib: lib.avg(HALVES, W(4)), plane([[60000]])
    ),
    Case(
        "average: 2**24 times 0.1 in float32",
        lambda lib: lib.avg(constant(0.1, 1, 1, 4096, 4096), W(4096)),
        plane([[0.1]]),
    ),
    Case("batch 0", lambda lib: lib.max(ONES[:0], W(2)), np.zeros((0, 1, 2, 2))),
    Case("channels 0", lambda lib: lib.max(ONES[:, :0], W(2)), np.zeros((1, 0, 2, 2))),
    Case(
        "height 0",
        lambda lib: lib.max(ONES[..., :0, :], W(2)),
        conventions={"an empty result": np.zeros((1, 1, 0, 2))},
    ),
    Case(
        "window 5 of 4",
        lambda lib: lib.max(-ONES, W(5)),
        conventions=EMPTY | {"the plane filled up with zeros": plane([[0]])},
    ),
    Case("window 2**62 of 4", lambda lib: lib.max(ONES, W(2**62)), conventions=EMPTY),
    Case("window 0", lambda lib: lib.max(ONES, W(0, 1))),
    Case("window -1", lambda lib: lib.max(ONES, W(-1, 1))),
    Case("window 2.5", lambda lib: lib.max(ONES, W(2.5, 1))),
    Case("stride 0", lambda lib: lib.max(ONES, W(2, 0))),
    Case("stride -1", lambda lib: lib.max(ONES, W(2, -1))),
    Case("stride 2**62", lambda lib: lib.max(COUNT, W(2, 2**62)), plane([[6]])),
    Case("dilation 2**62", lambda lib: lib.max(ONES, W(2, 1, 0, 2**62)), conventions=EMPTY),
    Case(
        "padding 3, window 2: windows of padding alone",
        lambda lib: lib.max(ONES, W(2, 2, 3)),
        conventions={"-inf for such a window": FRAMED},
    ),
    *(
        Case(f"unpooling: an index is {name}", lambda lib, i=i: lib.unpool(GRAD, indices(i), 2))
        for name, i in FAR.items()
    ),
    *(
        Case(
            f"gradient of max: an index is {name}",
            lambda lib, i=i: lib.max_backward(GRAD, indices(i), ONES, 2),
        )
        for name, i in FAR.items()
    ),
    Case(
        "gradient of max: fewer indices than gradients",
        lambda lib: lib.max_backward(GRAD, indices(0)[..., :1, :1], ONES, 2),
    ),
    Case(
        "gradient of max: gradients of another shape",
        lambda lib: lib.max_backward(ONES[..., 1:, 1:], PLACES[..., 1:, 1:], ONES, 2),
    ),
    Case(
        "gradient of average: an input of 2**62 elements",
        lambda lib: lib.avg_backward(GRAD, (1, 1, 2**31 - 1, 2**31 - 1), 2),
    ),
    Case(
        "negative strides",
        lambda lib: lib.max(SMALL[..., ::-1, ::-1], W(2)),
        SMALL_MAX[..., ::-1, ::-1],
    ),
    Case("misaligned", lambda lib: lib.max(misaligned(SMALL), W(2)), SMALL_MAX),
    Case("byte-swapped", lambda lib: lib.max(SMALL.astype(">f4"), W(2)), SMALL_MAX),
    Case("read-only pages", lambda lib: lib.max(mapped(SMALL), W(2)), SMALL_MAX),
    Case(f"64 GB of output, {GIGABYTES} GB of memory", lambda lib: lib.max(LARGE, W(2, 1))),
    Case("a forked child pools after its parent", after_fork, np.array(0)),
]

# What is not right but what the library's documentation says.
INT32 = "its documentation lists int32 as the integer precision of the CPU"
DOCUMENTED = {
    ("OpenVINO", "max: int64 beyond 2**53"): INT32,
    ("OpenVINO", "average: int64, whose sum overflows"): INT32,
}

# --- one call ------------------------------------------------------------------------------------


def same(a, b):
    """Integers exactly; floats but for rounding, NaN is NaN."""
    if isinstance(b, float):
        return math.isclose(a, b, rel_tol=1e-5) or (math.isnan(a) and math.isnan(b))
    return a == b


def short(value):
    return f"{value:.7g}" if isinstance(value, float) else str(value)


def difference(found, right):
    """The first difference between arrays or pairs of them; None without one."""
    if isinstance(right, tuple):
        pairs = map(difference, found, right)
        named = zip(("", "index "), pairs, strict=True)
        return next((which + text for which, text in named if text), None)
    found = np.asarray(found)
    if found.shape != right.shape:
        return f"shape {found.shape}, not {right.shape}"
    for i, (a, b) in enumerate(zip(found.ravel().tolist(), right.ravel().tolist(), strict=True)):
        if not same(a, b):
            return (
                f"{short(a)} at {list(map(int, np.unravel_index(i, right.shape)))}, not {short(b)}"
            )
    return None


def shown(found):
    found = np.asarray(found)
    first = ", ".join(map(short, found.ravel()[:4].tolist()))
    more = ", ..." if found.size > 4 else ""
    return f"accepted: shape {found.shape}" + (f", values {first}{more}" if first else "")


def besides(case):
    return f"; nor: {' / '.join(case.conventions)}" if case.conventions else ""


def judge(case, name, lib):
    """What a library did, in a word, and what shows it."""
    try:
        found = case.call(lib)
    except NotOfferedError:
        return "-", ""
    except Exception as error:
        line = " ".join(str(error).split())
        evidence = f"{type(error).__name__}: {textwrap.shorten(line, 110, placeholder=' ...')}"
        return "right" if case.right is None else "error", evidence
    evidence = shown(found) if case.right is None else difference(found, case.right)
    if evidence is None:
        return "right", ""
    for convention, result in case.conventions.items():
        if difference(found, result) is None:
            return "differs", convention
    if (name, case.name) in DOCUMENTED:
        return "differs", f"{evidence}; {DOCUMENTED[name, case.name]}"
    return "wrong", evidence + besides(case)


def one(name, number):
    """The process of one call: prints the version of the library, then the verdict, as JSON."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_DATA, (GIGABYTES << 30,) * 2)
    report = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the library prints
    lib = LIBRARIES[name]()
    for answer in (lambda: lib.version, lambda: judge(CASES[number], name, lib)):
        print(json.dumps(answer()), file=report, flush=True)


# --- all of them ---------------------------------------------------------------------------------

# What of stderr is worth telling of a process that died or hangs.
SAID = "Check failed.*|terminate called.*|corrupt.*|os.fork.. is incompatible.*"


def run(python, library, number, tries=2):
    """Version and verdict, from a process of its own. Only a hang that repeats itself is one."""
    process = subprocess.Popen(
        [python, __file__, "--one", library, str(number)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | ENVIRONMENT,
        start_new_session=True,
    )
    late = False
    try:
        out, errors = process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        late = True
    finally:  # of an interrupt too
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    if late:
        if tries > 1:
            return run(python, library, number, tries - 1)
        out, errors = process.communicate()
    version, verdict = [*map(json.loads, out.splitlines()), "", None][:2]
    said = re.search(SAID, errors)
    said = f"; {textwrap.shorten(said[0], 120, placeholder=' ...')}" if said else ""
    if late:
        return version, ["hang", f"no answer in {SECONDS} s{said}"]
    if process.returncode < 0:
        return version, ["crash", signal.Signals(-process.returncode).name + said]
    if version and not verdict:
        return version, ["crash", f"exit code {process.returncode}{said}"]
    return version, verdict or ["-", "not installed"]


LOUD = {word: word for word in ("right", "differs", "error")}
LOUD |= {word: f"**{word}**" for word in ("wrong", "crash", "hang")} | {"-": "-"}
TEXT = """\
# Hostile calls

What pypool and other libraries do with calls of the kinds that have broken pooling before: values
and dtypes at their limits, empty and inconsistent shapes, absurd arguments, indices that point
nowhere, memory in odd states. `bench/scoreboard.py` has the calls and made this page.

Each call ran in a process of its own, with {seconds} s and {gigabytes} GB of memory. Where a
call has a meaning, its result is compared with one worked out in plain NumPy or by hand, floats to
one part in 100000. Where it has none, it has to be refused.

| word | meaning |
|---|---|
| right | the result, or a Python exception where a call has no meaning |
| differs | another result, which follows another convention throughout, or the documentation |
| error | a Python exception where there is a result; often the dtype is not supported |
| **wrong** | another result, or any result where a call has no meaning |
| **crash** | the process died |
| **hang** | no answer in {seconds} s, twice |
| - | the library has no such function, or not with such an option |

The cases were chosen by the people who make pypool, which was made to pass them, and a case says
nothing about how often its like is met. The page shows where to look; it ranks nobody.

## Totals

{totals}

## Cases

"Refuse" and "result" say what is right.

{cases}

## What was seen

Of each answer that is neither right nor missing; of exceptions and messages the beginning.

{evidence}

## How it was run

{versions}

On {machine}, {system}, {date}.

Keras and JAX had 64-bit types enabled, Keras's layers the dtype of
the array where it is a float, OpenVINO the precision float32. TensorFlow got channels last, which
is all that its CPU kernels take, the others channels first. The gradients of PyTorch and TensorFlow
are those of `torch.ops.aten` and `tf.raw_ops`, which are given indices; their automatic
differentiation calls them with indices of its own.

`python bench/scoreboard.py` makes the page again, with `--python LIBRARY=EXECUTABLE` for each
library that has an environment of its own.
"""


def table(header, rows):
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def page(verdicts, versions):
    """The text of docs/scoreboard.md, from {case: {library: (word, evidence)}} and versions."""
    here = [name for name in LIBRARIES if versions[name]]
    words = {case: [verdicts[case][name][0] for name in here] for case in verdicts}
    totals = [collections.Counter(column) for column in zip(*words.values(), strict=True)]
    expected = {case.name: "refuse" if case.right is None else "result" for case in CASES}
    evidence = []
    for case, told in verdicts.items():
        lines = [(name, *told[name]) for name in here if told[name][0] not in ("right", "-")]
        evidence += [f"- {case}"] if lines else []
        evidence += [
            f"  - {name}: {word}; {html.escape(why, quote=False)}" for name, word, why in lines
        ]
    with open("/proc/cpuinfo") as file:
        known = dict(re.findall(r"^(vendor_id|cpu family|model name)\s*: (.*)$", file.read(), re.M))
    return TEXT.format(
        seconds=SECONDS,
        gigabytes=GIGABYTES,
        totals=table(["", *here], [[LOUD[word], *(n[word] for n in totals)] for word in LOUD]),
        cases=table(
            ["case", "right", *here],
            [[case, expected[case], *map(LOUD.get, line)] for case, line in words.items()],
        ),
        evidence="\n".join(evidence),
        versions=table(
            ["library", "version"], [[n, v or "not installed"] for n, v in versions.items()]
        ),
        machine=", ".join(f"{key} {value}" for key, value in known.items()) or platform.machine(),
        system=f"{platform.system()}, Python {platform.python_version()}",
        date=datetime.date.today(),
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--python", action="append", default=[], metavar="LIBRARY=EXECUTABLE")
    parser.add_argument("--only", default="", metavar="PATTERN", help="of 'library: case'")
    parser.add_argument("--output", default=PAGE)
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        return one(options.one[0], int(options.one[1]))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    pythons = dict.fromkeys(LIBRARIES, sys.executable)
    pythons |= dict(choice.split("=", 1) for choice in options.python)
    verdicts, versions = {case.name: {} for case in CASES}, dict.fromkeys(LIBRARIES, "")
    for (number, case), name in itertools.product(enumerate(CASES), LIBRARIES):
        if re.search(options.only, f"{name}: {case.name}"):
            version, verdict = run(pythons[name], name, number)
            versions[name] = versions[name] or version
            verdicts[case.name][name] = verdict
            print(f"{name}: {case.name}: {'; '.join(filter(None, verdict))}", flush=True)
    if not options.only:
        with open(options.output, "w") as file:
            file.write(page(verdicts, versions))


if __name__ == "__main__":
    main()
