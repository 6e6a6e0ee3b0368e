"""Libraries that pool, each behind the same two methods: pypool, its peers, and the floor.

A class is one library in a process of its own. `prepare(workload, x)` returns `runs` and `result`:
`runs` maps names to functions of no arguments that pool `x`, into memory they already have where
the library can; `result()` is what the last run left, as an array laid out like `x`. What a library
does not offer is an exception.
"""

import functools
import importlib.util
import itertools
import os

import floor
import numpy as np
from workloads import FIRST, LAST

MOST_TAPS = 256  # of a window: some take minutes over more, for one call


class NotOfferedError(Exception):
    """A library has no such call."""


class Library:
    modules: tuple  # what it needs, itself first; imported in its own process only

    def __init__(self, threads):
        self.library, *_ = map(importlib.import_module, self.modules)
        self.version = self.library.__version__
        self.threads = threads


class Pypool(Library):
    """pypool, and the floor beside it on the same buffers."""

    modules = ("pypool", "pypool._runtime")

    def __init__(self, threads, instruction_set=None):
        super().__init__(threads)
        runtime = self.library._runtime
        instruction_set = instruction_set or runtime.instruction_sets()[0]
        self.forced = runtime.instruction_set(instruction_set)
        self.forced.__enter__()
        self.version += f" ({instruction_set})"

    def prepare(self, w, x):
        arguments = () if w.is_global else (w.window, w.stride, w.padding)
        options = {**dict(w.options), "data_format": w.data_format, "workers": self.threads}
        forward = getattr(self.library, w.function.removesuffix("_backward"))
        function = getattr(self.library, w.function)
        if w.is_backward:
            indices = {"return_indices": True} if w.with_indices else {}
            made = forward(x, *arguments, **options, **indices)
            values, *rest = made if w.with_indices else (made,)
            read = [w.gradient(values.shape), *rest]
            pool = functools.partial(function, *read, x.shape, *arguments, **options)
        else:
            indices = {"return_indices": True} if w.with_indices else {}
            read = [x]
            pool = functools.partial(function, x, *arguments, **options, **indices)
        out = pool()
        written = out if isinstance(out, tuple) else (out,)
        if w.name == "tiny":  # its bytes take less than any call: the least that NumPy makes of it
            move = x.max
        else:
            move = floor.mover(one_array(read), one_array(written), self.threads)
        runs = {"floor": move, "pypool": functools.partial(pool, out=out)}
        return runs, lambda: written[0]


def one_array(arrays):
    """The array, or for several one of as many bytes, each of them written."""
    if len(arrays) == 1:
        return arrays[0]
    return np.ones(sum(array.nbytes for array in arrays), np.uint8)


class Torch(Library):
    modules = ("torch",)

    def __init__(self, threads):
        super().__init__(threads)
        self.library.set_num_threads(threads)
        self.library.set_grad_enabled(False)

    def tensor(self, w, x):
        x = self.library.from_numpy(x)
        return x[None] if w.bare else x if w.data_format == FIRST else x.movedim(-1, 1)

    def prepare(self, w, x):
        torch = self.library
        refuse(w.options and not w.with_indices)
        x, arguments = self.tensor(w, x), [w.window, w.stride, w.padding]
        if w.is_backward:
            return self.prepare_backward(w, x, arguments)
        if w.is_global:
            pool, arguments = {"max": torch.amax, "avg": torch.mean}[w.op], [tuple(range(-w.nd, 0))]
        elif w.nd == 1:  # of those there is none with out=
            pool = getattr(torch.nn.functional, w.function)
            return {"torch": functools.partial(pool, x, *arguments)}, pool(x, *arguments)[0].numpy
        elif w.op == "max":  # with indices: on a CPU there is no other, but this one takes out=
            pool = getattr(torch._C._nn, f"max_pool{w.nd}d_with_indices")
        else:
            pool, arguments = getattr(torch._C._nn, f"avg_pool{w.nd}d"), [*arguments, False, False]
        out = pool(x, *arguments)
        first = out if isinstance(out, torch.Tensor) else out[0]
        result = first[0] if w.bare else first if w.data_format == FIRST else first.movedim(1, -1)
        return {"torch": functools.partial(pool, x, *arguments, out=out)}, result.numpy

    def prepare_backward(self, w, x, arguments):
        aten = self.library.ops.aten
        if w.op == "max":
            values, indices = aten.max_pool2d_with_indices(x, *arguments)
            backward, rest = aten.max_pool2d_with_indices_backward, [[1, 1], False, indices]
        else:
            values = aten.avg_pool2d(x, *arguments, False, False)
            backward, rest = aten.avg_pool2d_backward, [False, False, None]
        shape = values.shape if w.data_format == FIRST else values.movedim(1, -1).shape
        grad = self.tensor(w, w.gradient(tuple(shape)))
        both = [([size] * w.nd if isinstance(size, int) else size) for size in arguments]
        out = backward(grad, x, *both, *rest)
        run = functools.partial(backward.grad_input, grad, x, *both, *rest, grad_input=out)
        result = out if w.data_format == FIRST else out.movedim(1, -1)
        return {"torch": run}, result.numpy


class OneDNN(Torch):
    """oneDNN as PyTorch offers it, on a tensor in oneDNN's own layout."""

    def prepare(self, w, x):
        torch = self.library
        refuse(w.options, w.is_backward, w.is_global, w.bare)
        refuse(w.dtype != "float32", w.data_format == LAST)
        x = self.tensor(w, x).to_mkldnn()
        if w.nd == 2:  # a convolution that changes nothing leaves the layout pooling likes best
            ones = torch.ones(x.shape[1], 1, 1, 1).to_mkldnn()
            x = torch.nn.functional.conv2d(x, ones, groups=x.shape[1])
        pool = getattr(torch.nn.functional, w.function)
        padded = {} if w.op == "max" else {"count_include_pad": False}
        run = functools.partial(pool, x, w.window, w.stride, w.padding, **padded)
        return {"onednn": run}, lambda: run().to_dense().numpy()


class OnnxRuntime(Library):
    modules = ("onnxruntime", "onnx.helper")

    def __init__(self, threads):
        super().__init__(threads)
        self.options = self.library.SessionOptions()
        self.options.intra_op_num_threads = threads

    def prepare(self, w, x):
        helper = importlib.import_module("onnx.helper")
        refuse(w.is_backward, w.options and not w.with_indices)
        refuse(w.data_format == LAST and not w.bare)
        x = x[None, None] if w.bare else x
        operator = "Global" * w.is_global + {"max": "MaxPool", "avg": "AveragePool"}[w.op]
        window = {"kernel_shape": [w.window] * w.nd, "strides": [w.stride] * w.nd}
        window["pads"] = [w.padding] * 2 * w.nd
        made = ["y", "indices"] if w.with_indices else ["y"]
        node = helper.make_node(operator, ["x"], made, **({} if w.is_global else window))
        kind, index = map(helper.np_dtype_to_tensor_dtype, (x.dtype, np.dtype(np.int64)))
        given = [helper.make_tensor_value_info("x", kind, x.shape)]
        kinds = zip(made, (kind, index), strict=False)
        ends = [helper.make_tensor_value_info(end, of, [None] * x.ndim) for end, of in kinds]
        graph = helper.make_graph([node], w.function, given, ends)
        opset = helper.make_opsetid("", 19)
        model = helper.make_model(graph, opset_imports=[opset], ir_version=9)
        session = self.library.InferenceSession(
            model.SerializeToString(), self.options, providers=["CPUExecutionProvider"]
        )
        out = session.run(None, {"x": x})
        binding = session.io_binding()
        binding.bind_input("x", "cpu", 0, x.dtype, x.shape, x.ctypes.data)
        for end, array in zip(made, out, strict=True):
            binding.bind_output(end, "cpu", 0, array.dtype, array.shape, array.ctypes.data)

        def run(_keep=(x, out)):
            session.run_with_iobinding(binding)

        return {"onnxruntime": run}, lambda: out[0][0, 0] if w.bare else out[0]


class OpenCV(Library):
    """OpenCV: filters of stride 1, and area resizing of images; one plane at a time."""

    modules = ("cv2",)

    def __init__(self, threads):
        super().__init__(threads)
        self.library.setNumThreads(threads)

    def prepare(self, w, x):
        cv2 = self.library
        integer_average = w.op == "avg" and np.dtype(w.dtype).kind in "iu"
        rounding = (("dtype", w.dtype), ("rounding", "half_up")) if integer_average else ()
        refuse(
            w.nd != 2,
            w.is_global,
            w.is_backward,
            w.with_indices,
            w.dtype == "float16",
            w.options != rounding,
        )
        refuse(not w.bare and w.data_format == LAST and x.shape[-1] > 128)  # its most channels
        before, after = w.window // 2, w.window - 1 - w.window // 2  # of a window's centre
        planes = x if w.data_format == LAST and not w.bare else x.reshape(-1, *x.shape[-2:])
        same = w.op == "max" and w.padding == before == after
        if w.stride == 1 and (same or w.padding == 0):
            filters = {"max": cv2.dilate, "avg": cv2.blur}
            window = (w.window, w.window)
            sizes = {"kernel": np.ones(window, np.uint8)} if w.op == "max" else {"ksize": window}
            pool = functools.partial(filters[w.op], **sizes, anchor=(before, before))
            out = np.empty_like(planes)
            inside = slice(None) if same else slice(before, -after or None)
            result = out[:, inside, inside]
        else:
            tiled = w.stride == w.window and not any(size % w.window for size in planes.shape[1:3])
            refuse(w.op == "max", not tiled, w.padding, planes.ndim > 3)
            height, width = (size // w.window for size in planes.shape[1:3])
            area = {"dsize": (width, height), "interpolation": cv2.INTER_AREA}
            pool = functools.partial(cv2.resize, **area)
            result = out = np.empty((len(planes), height, width), x.dtype)

        def run():
            for plane, pooled in zip(planes, out, strict=True):
                pool(plane, dst=pooled)

        shape = result.shape if planes is x else (*x.shape[:-2], *result.shape[1:])
        return {"opencv": run}, lambda: result.reshape(shape)


class OpenVino(Library):
    """OpenVINO, which has pooling of channels_first arrays, into memory of its own."""

    modules = ("openvino", "openvino.opset8")

    def prepare(self, w, x):
        ov, ops = self.library, importlib.import_module("openvino.opset8")
        refuse(w.is_backward, w.options, w.data_format == LAST and not w.bare)
        x = x[None, None] if w.bare else x
        given = ops.parameter(list(x.shape), x.dtype)
        sides, pads = [w.window] * w.nd, [w.padding] * w.nd
        strides = [w.stride] * w.nd
        if w.is_global:
            reduce = {"max": ops.reduce_max, "avg": ops.reduce_mean}[w.op]
            node = reduce(given, ops.constant(list(range(2, x.ndim))), keep_dims=True)
        elif w.op == "max":
            ones = [1] * w.nd
            node = ops.max_pool(given, strides, ones, pads, pads, sides, "floor", None, "i64")
        else:
            node = ops.avg_pool(given, strides, pads, pads, sides, True)
        limits = {"INFERENCE_NUM_THREADS": self.threads}
        if x.dtype.kind == "f":
            limits["INFERENCE_PRECISION_HINT"] = f"f{8 * x.itemsize}"
        model = ov.Model([node.output(0)], [given])
        core = ov.Core()
        request = core.compile_model(model, "CPU", limits).create_infer_request()
        request.set_input_tensor(0, ov.Tensor(x, shared_memory=True))

        def run(_keep=(core, x)):
            request.infer()

        def result():
            out = request.get_output_tensor(0).data
            return out[0, 0] if w.bare else out

        return {"openvino": run}, result


class Jax(Library):
    """JAX: windows reduced by XLA, compiled; it takes all cores or one."""

    modules = ("jax", "jax.numpy")

    def __init__(self, threads):
        if threads == 1:
            os.environ["XLA_FLAGS"] = (
                "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
            )
        super().__init__(threads)

    def prepare(self, w, x):
        jax, jnp = self.library, importlib.import_module("jax.numpy")
        refuse(w.is_backward, w.options, x.dtype == np.float64)
        refuse(not w.is_global and w.window**w.nd > MOST_TAPS)
        first = x.ndim - w.nd - (w.data_format == LAST and not w.bare)
        axes = tuple(range(first, first + w.nd))

        def everywhere(value, elsewhere):
            return tuple(value if axis in axes else elsewhere for axis in range(x.ndim))

        def pool(x):
            if w.is_global:
                return {"max": jnp.max, "avg": jnp.mean}[w.op](x, axis=axes)
            window = everywhere(w.window, 1), everywhere(w.stride, 1)
            pads = everywhere((w.padding, w.padding), (0, 0))
            if w.op == "max":
                least = -jnp.inf if x.dtype.kind == "f" else jnp.iinfo(x.dtype).min
                return jax.lax.reduce_window(x, x.dtype.type(least), jax.lax.max, *window, pads)
            add = functools.partial(jax.lax.reduce_window, init_value=x.dtype.type(0))
            add = functools.partial(add, computation=jax.lax.add, padding=pads)
            add = functools.partial(add, window_dimensions=window[0], window_strides=window[1])
            ones = jnp.ones(
                [x.shape[axis] if axis in axes else 1 for axis in range(x.ndim)], x.dtype
            )
            return add(x) / (add(ones) if w.padding else w.window**w.nd)

        compiled, given = jax.jit(pool), jax.device_put(x)

        def run():
            return compiled(given).block_until_ready()

        return {"jax": run}, lambda: np.asarray(run())


class TensorFlow(Library):
    """TensorFlow, whose pooling on a CPU is of channels_last arrays."""

    modules = ("tensorflow",)

    def __init__(self, threads):
        os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
        super().__init__(threads)
        self.library.config.threading.set_intra_op_parallelism_threads(threads)
        self.library.config.threading.set_inter_op_parallelism_threads(1)

    def prepare(self, w, x):
        tf = self.library
        refuse(w.is_backward, w.options, w.data_format == FIRST and not w.bare)
        refuse(not w.is_global and w.window**w.nd > MOST_TAPS)
        given = tf.constant(x[None, ..., None] if w.bare else x)
        if w.is_global:
            reduce = {"max": tf.reduce_max, "avg": tf.reduce_mean}[w.op]
            pool = functools.partial(reduce, given, axis=range(1, 1 + w.nd))
        else:
            refuse(w.padding and (w.op == "avg" or w.nd != 2))
            pads = [[0, 0], *[[w.padding] * 2] * w.nd, [0, 0]] if w.padding else "VALID"
            pooling = getattr(tf.nn, w.function)
            pool = functools.partial(pooling, given, w.window, w.stride, pads)
        return {"tensorflow": pool}, lambda: pool().numpy()[0, ..., 0] if w.bare else pool().numpy()


class SciPy(Library):
    """SciPy: filters of stride 1, one thread; what lies near the border is left out."""

    modules = ("scipy", "scipy.ndimage")

    def prepare(self, w, x):
        ndimage = importlib.import_module("scipy.ndimage")
        refuse(w.is_backward, w.options, w.is_global, w.stride != 1, x.dtype == np.float16)
        before, after = w.window // 2, w.window - 1 - w.window // 2
        same = w.op == "max" and w.padding == before == after
        refuse(w.padding and not same)
        first = x.ndim - w.nd - (w.data_format == LAST and not w.bare)
        axes = tuple(range(first, first + w.nd))
        if w.op == "max":
            least = -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
            pool = functools.partial(ndimage.maximum_filter, mode="constant", cval=least)
        else:
            pool = functools.partial(ndimage.uniform_filter, mode="nearest")
        out = np.empty_like(x)
        run = functools.partial(pool, x, w.window, output=out, axes=axes)
        inside = slice(None) if same else slice(before, -after or None)
        cut = tuple(inside if axis in axes else slice(None) for axis in range(x.ndim))
        return {"scipy": run}, lambda: out[cut]


class ScikitImage(Library):
    """scikit-image: blocks side by side, one thread."""

    modules = ("skimage", "skimage.measure")

    def prepare(self, w, x):
        measure = importlib.import_module("skimage.measure")
        refuse(w.is_backward, w.options, w.is_global, w.stride != w.window, w.padding)
        first = x.ndim - w.nd - (w.data_format == LAST and not w.bare)
        axes = range(first, first + w.nd)
        refuse(any(x.shape[axis] % w.window for axis in axes))
        block = tuple(w.window if axis in axes else 1 for axis in range(x.ndim))
        function = {"max": np.max, "avg": np.mean}[w.op]
        run = functools.partial(measure.block_reduce, x, block, function)
        return {"skimage": run}, lambda: run().astype(x.dtype, copy=False)


class NumPy(Library):
    """Plain NumPy, one thread: a strided slice of the input for each position in the window."""

    modules = ("numpy",)

    def prepare(self, w, x):
        refuse(w.padding, w.options, w.is_backward)
        last = w.bare or w.data_format == FIRST
        axes = tuple(range(x.ndim - w.nd, x.ndim) if last else range(x.ndim - w.nd - 1, x.ndim - 1))
        if w.is_global:
            out = getattr(np, {"max": "max", "avg": "mean"}[w.op])(x, axis=axes)
            pool = {"max": x.max, "avg": x.mean}[w.op]
            return {"numpy": functools.partial(pool, axis=axes, out=out)}, lambda: out

        taps = []
        for offsets in itertools.product(range(w.window), repeat=w.nd):
            tap = [slice(None)] * x.ndim
            for axis, offset in zip(axes, offsets, strict=True):
                size = (x.shape[axis] - w.window) // w.stride + 1
                tap[axis] = slice(offset, offset + (size - 1) * w.stride + 1, w.stride)
            taps.append(x[tuple(tap)])
        accumulator = np.float32 if w.dtype == "float16" and w.op == "avg" else x.dtype
        out = taps[0].astype(accumulator)
        combine = np.maximum if w.op == "max" else np.add

        def run():
            np.copyto(out, taps[0])
            for tap in taps[1:]:
                combine(out, tap, out=out)
            if w.op == "avg":
                np.divide(out, len(taps), out=out)

        return {"numpy": run}, lambda: out


LIBRARIES = {
    "pypool": Pypool,
    "torch": Torch,
    "onednn": OneDNN,
    "onnxruntime": OnnxRuntime,
    "opencv": OpenCV,
    "openvino": OpenVino,
    "jax": Jax,
    "tensorflow": TensorFlow,
    "scipy": SciPy,
    "skimage": ScikitImage,
    "numpy": NumPy,
}


def installed():
    """Names of the peers that can be imported here."""

    def found(kind):
        return all(importlib.util.find_spec(module.split(".")[0]) for module in kind.modules)

    return [name for name, kind in LIBRARIES.items() if kind is not Pypool and found(kind)]


def refuse(*reasons):
    """Raise NotOfferedError where any of the reasons holds."""
    if any(reasons):
        raise NotOfferedError
