"""ONNX's own node tests of pooling pass, through an adapter that is all there is to translate."""

import importlib

import numpy as np
import pytest

import pypool
from pypool import _runtime

onnx = pytest.importorskip("onnx", reason="ONNX, whose node tests these are, is not installed")

OPERATORS = [
    "MaxPool",
    "AveragePool",
    "LpPool",
    "GlobalMaxPool",
    "GlobalAveragePool",
    "MaxUnpool",
]


@pytest.fixture(scope="module")
def node_tests():
    """ONNX's test cases of those operators, as its modules make them when they are imported."""
    cases = importlib.import_module("onnx.backend.test.case.node")
    before = np.random.get_state()  # noqa: NPY002
    try:
        for operator in OPERATORS:
            importlib.import_module(f"{cases.__name__}.{operator.lower()}")
    finally:
        np.random.set_state(before)  # noqa: NPY002
    return [case for case in cases._NodeTestCases if case.model.graph.node[0].op_type in OPERATORS]


# --- the adapter ---------------------------------------------------------------------------------


def pairs(pads):
    """ONNX's pads, all before and then all after, as pypool's padding."""
    half = len(pads) // 2
    return tuple(zip(pads[:half], pads[half:], strict=True))


def run(node, inputs):
    """The outputs of a node of one of those operators."""
    attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
    x = inputs[0]
    nd = x.ndim - 2
    if node.op_type.startswith("Global"):
        op = "max" if node.op_type == "GlobalMaxPool" else "avg"
        return [getattr(pypool, f"global_{op}_pool{nd}d")(x, "channels_first", keepdims=True)]
    named = {b"SAME_UPPER": "same", b"SAME_LOWER": "same_lower", b"VALID": "valid"}
    args = {
        "pool_size": attributes.pop("kernel_shape"),
        "strides": attributes.pop("strides", (1,) * nd),
        "padding": pairs(attributes.pop("pads", (0,) * (2 * nd))),
        "data_format": "channels_first",
    }
    args["padding"] = named.get(attributes.pop("auto_pad", b"NOTSET"), args["padding"])
    if node.op_type == "MaxUnpool":
        assert not attributes
        return [unpooled(nd, args, *inputs)]
    args["ceil_mode"] = bool(attributes.pop("ceil_mode", 0))
    args["dilation"] = attributes.pop("dilations", 1)
    if node.op_type == "LpPool":
        p = attributes.pop("p", 2)
        result = [getattr(pypool, f"lp_pool{nd}d")(x, p, **args)]
    elif node.op_type == "AveragePool":
        args["count_include_pad"] = bool(attributes.pop("count_include_pad", 0))
        result = [getattr(pypool, f"avg_pool{nd}d")(x, **args)]
    else:
        column_major = attributes.pop("storage_order", 0)
        function = getattr(pypool, f"max_pool{nd}d")
        values, indices = function(x, **args, return_indices=True, index_kind="tensor")
        if column_major:
            indices = in_columns(indices, x.shape)
        result = [values, indices][: len(node.output)]
    assert not attributes, attributes
    return result


def in_columns(indices, shape):
    """Indices into planes in column-major order, from row-major ones."""
    batch, channel, *place = np.unravel_index(indices, shape)
    to = (*shape[:2], *reversed(shape[2:]))
    return np.ravel_multi_index((batch, channel, *reversed(place)), to)


def unpooled(nd, args, x, indices, shape=None):
    """The indices are those of the smallest plane, whatever shape is asked for."""
    result = getattr(pypool, f"max_unpool{nd}d")(x, indices, **args, index_kind="tensor")
    if shape is None:
        return result
    return np.pad(result, [(0, int(m) - n) for n, m in zip(result.shape, shape, strict=True)])


# --- the tests -----------------------------------------------------------------------------------


@pytest.mark.parametrize("operator", OPERATORS)
def test_the_node_tests_of_onnx_pass(operator, node_tests):
    passed = 0
    for case in node_tests:
        node = case.model.graph.node[0]
        if node.op_type != operator:
            continue
        for inputs, expected in case.data_sets:
            for isa in _runtime.instruction_sets():
                with _runtime.instruction_set(isa):
                    actual = run(node, inputs)
                    assert len(actual) == len(expected), case.name
                    for one, other in zip(actual, expected, strict=True):
                        assert one.dtype == other.dtype, case.name
                        assert one.shape == other.shape, case.name
                        if "Max" in operator:
                            np.testing.assert_array_equal(one, other, case.name)
                        else:
                            to = case.rtol, case.atol
                            np.testing.assert_allclose(one, other, *to, err_msg=case.name)
        passed += 1
    print(f"{passed} node tests of {operator} in ONNX {onnx.__version__} passed")
    assert passed >= 2


@pytest.mark.parametrize("storage_order", [0, 1])
def test_indices_in_either_storage_order_point_at_the_values(storage_order):
    x = np.random.default_rng(0).permutation(2 * 3 * 5 * 4).reshape(2, 3, 5, 4)
    attributes = {"kernel_shape": [2, 3], "storage_order": storage_order, "pads": [0, 1, 1, 1]}
    node = onnx.helper.make_node("MaxPool", ["x"], ["y", "i"], **attributes)
    values, indices = run(node, [x])
    laid = x if storage_order == 0 else x.swapaxes(2, 3)
    np.testing.assert_array_equal(laid.ravel()[indices], values)
