"""Where PyTorch means the same, pypool gives the same indices, gradients and unpooled arrays."""

import cases
import numpy as np
import pytest
from cases import RANKS, product

import pypool
from pypool import _runtime

torch = pytest.importorskip("torch", reason="PyTorch, the peer to agree with, is not installed")

FIRST = {"data_format": "channels_first"}
# Sizes of the samples that PyTorch pools in its own tests, batched and not.
SHAPES = {
    1: [(3, 5, 8), (2, 10), (1, 3, 17), (5, 4)],
    2: [(3, 6, 7, 9), (4, 8, 8), (1, 1, 15, 13), (2, 9, 4)],
    3: [(2, 3, 7, 8, 6), (2, 6, 5, 9), (1, 1, 9, 9, 9)],
}


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """More would wait for each other on arrays as small as these."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def same_everywhere(call, expected, *what):
    """Equal indices and shapes; floats to a few roundings, in every instruction set."""
    expected = expected.detach().numpy()
    for isa in _runtime.instruction_sets():
        with _runtime.instruction_set(isa):
            result = call()
            assert result.shape == expected.shape, (isa, what)
            assert result.dtype == expected.dtype, (isa, what)
            if expected.dtype.kind == "i":
                np.testing.assert_array_equal(result, expected, str((isa, what)))
            else:
                eps = np.finfo(expected.dtype).eps
                np.testing.assert_allclose(
                    result, expected, 20 * eps, 30 * eps, err_msg=str((isa, what))
                )


def for_rank(combinations, nd):
    """The combinations, with nd integers where there are three."""
    return [
        {k: v[:nd] if isinstance(v, tuple) else v for k, v in args.items()} for args in combinations
    ]


def fits(args):
    """PyTorch takes padding of at most half the window."""
    return np.all(2 * np.array(args["padding"]) <= np.array(args["pool_size"]))


def problems(nd, dtype, combinations):
    """Arrays with few ties and the same as leaves of a graph, for every way to pool them."""
    for i, args in enumerate(for_rank(combinations, nd)):
        if len(combinations) > 60 and np.random.default_rng([i, dtype == "float64"]).random() < 0.5:
            continue  # half of many for either dtype
        if not fits({"padding": 0, **args}):
            continue
        shape = SHAPES[nd][i % len(SHAPES[nd])]
        x = np.random.default_rng(i).permutation(np.prod(shape)).reshape(shape) % 97
        x = (x - 48).astype(dtype)
        yield args, x, torch.from_numpy(x.copy()).requires_grad_()


def grad_for(tensor):
    """A gradient of small integers for this result."""
    return cases.small(str(tensor.dtype).removeprefix("torch."), tuple(tensor.shape), 1)


def forward(name, nd, tensor, args, *rest):
    """PyTorch's result, or None where it allows no such windows."""
    args = dict(args)
    args["stride"] = args.pop("strides", None)
    try:
        return getattr(torch.nn.functional, f"{name}{nd}d")(
            tensor, *rest, args.pop("pool_size"), **args
        )
    except RuntimeError:
        return None


MAXIMUM = product(
    pool_size=[2, 3, (4, 2, 3)],
    strides=[None, 1, 2, (3, 1, 2)],
    padding=[0, 1],
    dilation=[1, 2, (1, 3, 2)],
    ceil_mode=[False, True],
)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("nd", RANKS)
def test_max_pool_agrees(nd, dtype):
    agreed = 0
    for args, x, leaf in problems(nd, dtype, MAXIMUM):
        pair = forward("max_pool", nd, leaf, args | {"return_indices": True})
        if pair is None:
            continue
        agreed += 1
        function = getattr(pypool, f"max_pool{nd}d")
        back = getattr(pypool, f"max_pool{nd}d_backward")
        values, indices = function(x, **args, **FIRST, return_indices=True)
        np.testing.assert_array_equal(values, pair[0].detach().numpy())
        np.testing.assert_array_equal(indices, pair[1].numpy())
        grad = grad_for(pair[0])
        pair[0].backward(torch.from_numpy(grad))
        same_everywhere(lambda: function(x, **args, **FIRST, return_indices=True)[1], pair[1], args)  # noqa: B023
        same_everywhere(lambda: back(grad, indices, x.shape, **args, **FIRST), leaf.grad, args)  # noqa: B023
        again = back(grad, None, x.shape, **args, **FIRST, x=x)
        np.testing.assert_array_equal(again, leaf.grad.numpy())
    assert agreed > 40


@pytest.mark.parametrize("nd", RANKS)
def test_ties_nan_and_infinities_agree(nd, isa):
    for args in for_rank(MAXIMUM[::5], nd):
        if not fits(args):
            continue
        x = cases.with_specials(cases.small("float32", (2, 3, 9, 8, 7)[: nd + 2]), share=0.05)
        pair = forward("max_pool", nd, torch.from_numpy(x), args | {"return_indices": True})
        if pair is None:
            continue
        function = getattr(pypool, f"max_pool{nd}d")
        values, indices = function(x, **args, **FIRST, return_indices=True)
        np.testing.assert_array_equal(values, pair[0].numpy())
        # Of several NaN PyTorch takes the last, pypool the first.
        told = ~np.isnan(values)
        np.testing.assert_array_equal(indices[told], pair[1].numpy()[told])


AVERAGE = product(
    pool_size=[2, 3, (4, 2, 3)],
    strides=[None, 1, (3, 1, 2)],
    padding=[0, 1, (2, 1, 1)],
    ceil_mode=[False, True],
    count_include_pad=[False, True],
    divisor_override=[None, 5],
)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("nd", RANKS)
def test_avg_pool_agrees(nd, dtype):
    agreed = 0
    for args, x, leaf in problems(nd, dtype, AVERAGE):
        if nd == 1 and args["divisor_override"]:
            continue  # PyTorch has none in one dimension
        given = dict(args)
        if nd == 1:
            del given["divisor_override"]
        result = forward("avg_pool", nd, leaf, given)
        if result is None:
            continue
        agreed += 1
        grad = grad_for(result)
        result.backward(torch.from_numpy(grad))
        function = getattr(pypool, f"avg_pool{nd}d")
        back = getattr(pypool, f"avg_pool{nd}d_backward")
        same_everywhere(lambda: function(x, **args, **FIRST), result, args)  # noqa: B023
        same_everywhere(lambda: back(grad, x.shape, **args, **FIRST), leaf.grad, args)  # noqa: B023
    assert agreed > 12


NORM = product(
    pool_size=[2, 3, (4, 2, 3)], strides=[None, 1, 2, (3, 1, 2)], norm_type=[1, 2, 3, 2.5]
)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("nd", RANKS)
def test_lp_pool_agrees(nd, dtype):
    """On positive values where p is not 2: there PyTorch takes no magnitude."""
    agreed = 0
    for args, any_sign, _ in problems(nd, dtype, NORM):
        p = args.pop("norm_type")
        x = np.where(any_sign == 0, 1, any_sign) if p == 2 else np.abs(any_sign) + 1
        leaf = torch.from_numpy(x.copy()).requires_grad_()
        if nd == 1:
            window = args["pool_size"]
            window = window[0] if isinstance(window, tuple) else window
            result = torch.nn.functional.lp_pool1d(leaf, p, window, stride=args["strides"])
        else:
            result = forward("lp_pool", nd, leaf, args, p)
        agreed += 1
        grad = grad_for(result)
        result.backward(torch.from_numpy(grad))
        function = getattr(pypool, f"lp_pool{nd}d")
        back = getattr(pypool, f"lp_pool{nd}d_backward")
        output = result.detach().numpy()
        same_everywhere(lambda: function(x, p, **args, **FIRST), result, p, args)  # noqa: B023
        same_everywhere(lambda: back(grad, x, output, p, **args, **FIRST), leaf.grad, p, args)  # noqa: B023
    assert agreed == len(NORM)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("nd", RANKS)
def test_adaptive_pool_agrees(nd, dtype):
    for size in (1, 2, 3, 5, (4, 3, 2), (1, 5, 3), (7, 13, 9), 20):
        size_here = size[:nd] if isinstance(size, tuple) else size
        for shape in SHAPES[nd]:
            args = (size_here, "channels_first")
            x = (np.random.default_rng(0).permutation(np.prod(shape)).reshape(shape) - 48) % 97
            x = x.astype(dtype)
            for op in ("max", "avg"):
                leaf = torch.from_numpy(x.copy()).requires_grad_()
                peer = getattr(torch.nn.functional, f"adaptive_{op}_pool{nd}d")
                function = getattr(pypool, f"adaptive_{op}_pool{nd}d")
                back = getattr(pypool, f"adaptive_{op}_pool{nd}d_backward")
                found = ()
                if op == "max":
                    result, indices = peer(leaf, size_here, return_indices=True)
                    found = (indices.numpy(),)
                    same_everywhere(
                        lambda: function(x, *args, return_indices=True)[1], indices, shape, size  # noqa: B023
                    )  # fmt: skip
                else:
                    result = peer(leaf, size_here)
                grad = grad_for(result)
                result.backward(torch.from_numpy(grad))
                same_everywhere(lambda: function(x, *args), result, shape, size)  # noqa: B023
                same_everywhere(lambda: back(grad, *found, shape, *args), leaf.grad, shape, size)  # noqa: B023


@pytest.mark.parametrize("nd", RANKS)
def test_global_pool_agrees(nd):
    for shape in SHAPES[nd]:
        x = cases.full_range("float32", shape)
        for op in ("max", "avg"):
            leaf = torch.from_numpy(x.copy()).requires_grad_()
            result = getattr(torch.nn.functional, f"adaptive_{op}_pool{nd}d")(leaf, 1)
            grad = grad_for(result)
            result.backward(torch.from_numpy(grad))
            back = getattr(pypool, f"global_{op}_pool{nd}d_backward")
            how = {"keepdims": True, "data_format": "channels_first"}
            found = ()
            if op == "max":
                function = getattr(pypool, f"global_max_pool{nd}d")
                found = (function(x, **how, return_indices=True)[1],)
            same_everywhere(lambda: back(grad, *found, shape, **how), leaf.grad, shape)  # noqa: B023


UNPOOL = product(
    pool_size=[2, 3, (4, 2, 3)], strides=[None, 2, (3, 1, 2)], padding=[0, 1], given=[False, True]
)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("nd", RANKS)
def test_max_unpool_agrees(nd, dtype):
    agreed = 0
    for args, x, _ in problems(nd, dtype, UNPOOL):
        given = args.pop("given")
        pair = forward("max_pool", nd, torch.from_numpy(x), args | {"return_indices": True})
        if pair is None:
            continue
        values, indices = pair[0].numpy(), pair[1].numpy()
        leaf = pair[0].clone().requires_grad_()
        to = {k: v for k, v in args.items() if k != "strides"}
        window = to.pop("pool_size")
        size = {"output_size": x.shape[-nd:]} if given else {}
        try:
            result = getattr(torch.nn.functional, f"max_unpool{nd}d")(
                leaf, pair[1], window, args["strides"], **to, **size
            )
        except (RuntimeError, ValueError):
            continue  # an index outside of the size that PyTorch infers
        agreed += 1
        how = {**args, **FIRST, "output_shape": x.shape if given else None}
        function = getattr(pypool, f"max_unpool{nd}d")
        back = getattr(pypool, f"max_unpool{nd}d_backward")
        assert result.shape == function(values, indices, **how).shape
        grad = grad_for(result)
        result.backward(torch.from_numpy(grad))
        planes = indices.reshape(-1, int(np.prod(indices.shape[-nd:])))
        if all(len(np.unique(plane)) == len(plane) for plane in planes):
            same_everywhere(lambda: function(values, indices, **how), result, args)  # noqa: B023
        same_everywhere(lambda: back(grad, indices, values.shape, **how), leaf.grad, args)  # noqa: B023
    assert agreed > 8


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("op", ["max", "avg"])
def test_gradients_of_halves_agree_to_their_last_bits(op, dtype, isa):
    if dtype not in cases.FLOATS:
        pytest.skip("ml_dtypes is not installed")
    x = cases.small("float32", (2, 3, 9, 8))
    leaf = torch.from_numpy(x).to(getattr(torch, dtype)).requires_grad_()
    result = getattr(torch.nn.functional, f"{op}_pool2d")(leaf, 3, 1)
    grad = cases.small("float32", tuple(result.shape), 1)
    result.backward(torch.from_numpy(grad).to(result.dtype))
    expected = leaf.grad.to(torch.float32).numpy()
    args = {"pool_size": 3, "strides": 1, **FIRST}
    here = grad.astype(cases.dtype_of(dtype))
    if op == "max":
        x = x.astype(here.dtype)
        gradient = pypool.max_pool2d_backward(here, None, x.shape, **args, x=x)
    else:
        gradient = pypool.avg_pool2d_backward(here, x.shape, **args)
    assert gradient.dtype == here.dtype
    eps = 2.0**-7 if dtype == "bfloat16" else 2.0**-10
    np.testing.assert_allclose(gradient.astype("f4"), expected, 2 * eps, 16 * eps)
