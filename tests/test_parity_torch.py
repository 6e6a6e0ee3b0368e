"""Where PyTorch means the same, pypool gives the same."""

import cases
import numpy as np
import pytest
from cases import RANKS, product

import pypool
from pypool import _runtime

torch = pytest.importorskip("torch", reason="PyTorch, the peer to agree with, is not installed")


def images(nd, dtype="float32", seed=0):
    x = cases.small(dtype, cases.shape(nd, "channels_first", size=(13, 12, 11)), seed)
    return x, torch.from_numpy(x)


def agree(result, tensor):
    """Same shape; averages of small integers may differ in their last bit."""
    expected = tensor.numpy()
    assert result.shape == expected.shape
    assert result.dtype == expected.dtype
    np.testing.assert_allclose(result, expected, rtol=2 * np.finfo(result.dtype).eps, atol=0)


MAXIMUM = product(
    pool_size=[2, 3, (4, 2, 3)],
    strides=[None, 1, 2, (3, 1, 2)],
    padding=[0, 1],
    dilation=[1, 2, (1, 3, 2)],
    ceil_mode=[False, True],
)
AVERAGE = product(
    pool_size=[2, 3, (4, 2, 3)],
    strides=[None, 1, (3, 1, 2)],
    padding=[0, 1, (2, 1, 1)],
    ceil_mode=[False, True],
    count_include_pad=[False, True],
    divisor_override=[None, 5],
)


def for_rank(combinations, nd):
    """The combinations, with nd integers where there are three."""
    return [
        {k: v[:nd] if isinstance(v, tuple) else v for k, v in args.items()} for args in combinations
    ]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("nd", RANKS)
def test_max_pool_agrees(nd, dtype):
    x, tensor = images(nd, dtype)
    for args in for_rank(MAXIMUM, nd):
        expected = getattr(torch.nn.functional, f"max_pool{nd}d")(
            tensor,
            args["pool_size"],
            stride=args["strides"],
            **{k: args[k] for k in ("padding", "dilation", "ceil_mode")},
        )
        function = getattr(pypool, f"max_pool{nd}d")
        for isa in _runtime.instruction_sets():
            with _runtime.instruction_set(isa):
                agree(function(x, **args, data_format="channels_first"), expected)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("nd", RANKS)
def test_avg_pool_agrees(nd, dtype):
    x, tensor = images(nd, dtype)
    for args in for_rank(AVERAGE, nd):
        if nd == 1 and args["divisor_override"]:
            continue  # PyTorch has none in one dimension
        if np.any(2 * np.array(args["padding"]) > np.array(args["pool_size"])):
            continue  # PyTorch takes at most half the window
        divisor = {} if nd == 1 else {"divisor_override": args["divisor_override"]}
        expected = getattr(torch.nn.functional, f"avg_pool{nd}d")(
            tensor,
            args["pool_size"],
            stride=args["strides"],
            **{k: args[k] for k in ("padding", "ceil_mode", "count_include_pad")},
            **divisor,
        )
        function = getattr(pypool, f"avg_pool{nd}d")
        for isa in _runtime.instruction_sets():
            with _runtime.instruction_set(isa):
                agree(function(x, **args, data_format="channels_first"), expected)


@pytest.mark.parametrize("nd", RANKS)
def test_global_pool_agrees(nd, isa):
    x, tensor = images(nd)
    for op in ("max", "avg"):
        expected = getattr(torch.nn.functional, f"adaptive_{op}_pool{nd}d")(tensor, 1)
        function = getattr(pypool, f"global_{op}_pool{nd}d")
        agree(function(x, "channels_first", keepdims=True), expected)


@pytest.mark.parametrize("nd", RANKS)
def test_nan_and_infinity_agree(nd, isa):
    x, _ = images(nd)
    x = cases.with_specials(x, share=0.02)
    expected = getattr(torch.nn.functional, f"max_pool{nd}d")(torch.from_numpy(x), 3, 2, 1)
    function = getattr(pypool, f"max_pool{nd}d")
    agree(function(x, 3, 2, 1, data_format="channels_first"), expected)


def test_an_array_without_channels_agrees_with_one_channel():
    x = cases.small("float32", (9, 8))
    expected = torch.nn.functional.max_pool2d(torch.from_numpy(x)[None], 3, 2)[0]
    agree(pypool.max_pool2d(x, 3, 2), expected)
