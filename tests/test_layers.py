"""pypool.layers: Keras's twelve pooling layers, each of which knows its own gradient."""

import copy
import doctest
import importlib.util
import inspect
import json
import os
import pickle
import tracemalloc

import cases
import numpy as np
import pytest
from cases import FORMATS, RANKS, assert_same

import pypool
from pypool import layers

FUNCTIONS = {
    "MaxPooling{nd}D": "max_pool{nd}d",
    "AveragePooling{nd}D": "avg_pool{nd}d",
    "GlobalMaxPooling{nd}D": "global_max_pool{nd}d",
    "GlobalAveragePooling{nd}D": "global_avg_pool{nd}d",
}
NAMES = [name.format(nd=nd) for name in FUNCTIONS for nd in RANKS]
WINDOWS = [
    {},
    {"pool_size": 3, "strides": 2, "padding": "same"},
    {"pool_size": 3, "strides": 1, "padding": "same"},
    {"pool_size": 4, "strides": 3, "padding": "same"},
    {"pool_size": 3, "strides": 1},
    {"pool_size": (3, 2, 1), "strides": (2, 1, 3)},
]


def rank(name):
    return int(name[-2])


def function(name):
    """pypool's function for the layer of that name."""
    nd = rank(name)
    return getattr(pypool, FUNCTIONS[name[:-2] + "{nd}D"].format(nd=nd))


def arguments(name):
    """Constructor arguments to try with that layer."""
    if name.startswith("Global"):
        return [{}, {"keepdims": True}]
    nd = rank(name)
    return [
        {k: v[:nd] if isinstance(v, tuple) else v for k, v in window.items()} for window in WINDOWS
    ]


CASES = [
    pytest.param(name, args | {"data_format": place}, id=f"{name} {args} {place}")
    for name in NAMES
    for args in arguments(name)
    for place in FORMATS
]


def distinct(name, data_format):
    """An input whose elements differ by 1 at least."""
    shape = cases.shape(rank(name), data_format, size=(7, 6, 5))
    return np.random.default_rng(0).permutation(np.prod(shape)).astype(float).reshape(shape)


def refused(error, call, *mentions):
    with pytest.raises(error) as caught:
        call()
    for word in mentions:
        assert word in str(caught.value), caught.value


# --- what a layer computes -----------------------------------------------------------------------


@pytest.mark.parametrize("size", [2**17, 2**40])
def test_windows_of_more_positions_than_an_index_counts(size):
    x = cases.small("float64", (1, 5, 4, 2))
    layer = layers.MaxPooling2D(size, padding="same")
    whole = layers.GlobalMaxPooling2D(keepdims=True)
    assert_same(layer(x), whole(x))
    grad = np.ones((1, 1, 1, 2))
    assert_same(layer.backward(grad), whole.backward(grad))
    found = pypool.max_pool2d_backward(grad, None, x.shape, size, padding="same", x=x)
    assert_same(found, whole.backward(grad))
    norm = np.abs(x).max(axis=(1, 2), keepdims=True)
    made = pypool.lp_pool2d_backward(grad, x, norm, np.inf, size, padding="same")
    assert_same(np.abs(made).sum(axis=(1, 2), keepdims=True), grad)


@pytest.mark.parametrize(("name", "args"), CASES)
def test_forward_is_the_function(name, args):
    x = distinct(name, args["data_format"])
    defaults = {} if name.startswith("Global") else {"pool_size": 2}
    expected = function(name)(x, **defaults | args)
    layer = getattr(layers, name)(**args)
    assert_same(layer(x), expected)
    assert_same(layer.forward(x), expected)
    assert_same(layer(x, training=False), expected)
    assert layer.compute_output_shape(x.shape) == expected.shape


@pytest.mark.parametrize(("name", "args"), CASES)
def test_backward_is_the_derivative_of_forward(name, args):
    x = distinct(name, args["data_format"])
    layer = getattr(layers, name)(**args)
    y = layer(x)
    rng = np.random.default_rng(1)
    grad = rng.integers(-3, 4, y.shape).astype(x.dtype)
    gradient = layer.backward(grad)
    assert gradient.shape == x.shape
    assert gradient.dtype == grad.dtype
    direction = rng.integers(-3, 4, x.shape)
    step = 2.0**-4  # moves elements less than what lies between them: the maxima stay the same ones
    change = layer(x + step * direction, training=False) - y
    np.testing.assert_allclose((gradient * direction).sum(), (grad * change).sum() / step)


@pytest.mark.parametrize("name", NAMES)
def test_data_format_is_channels_last_if_none(name):
    x = distinct(name, "channels_last")
    layer = getattr(layers, name)
    assert layer().data_format == layer(data_format=None).data_format == "channels_last"
    assert_same(layer(data_format=None)(x), layer(data_format="channels_last")(x))


@pytest.mark.parametrize("dtype", cases.FLOATS)
@pytest.mark.parametrize("name", NAMES)
def test_floats_keep_their_dtype_both_ways(name, dtype):
    x = cases.small(dtype, cases.shape(rank(name)))
    layer = getattr(layers, name)()
    y = layer(x)
    assert y.dtype == x.dtype
    gradient = layer.backward(np.ones_like(y))
    assert gradient.dtype == x.dtype
    np.testing.assert_allclose(gradient.astype(float).sum(), y.size, rtol=0.02)


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_batch_gives_an_empty_gradient(name):
    x = np.zeros((0, *cases.shape(rank(name))[1:]))
    layer = getattr(layers, name)()
    assert layer.backward(layer(x)).shape == x.shape


def test_padding_may_be_all_that_the_functions_take():
    x = distinct("MaxPooling2D", "channels_last")
    for padding in (1, (1, 0), ((0, 1), (1, 0)), "same_lower", "SAME"):
        layer = layers.MaxPooling2D(3, 2, padding)
        expected = pypool.max_pool2d(x, 3, 2, padding)
        assert_same(layer(x), expected)
        assert layer.compute_output_shape(x.shape) == expected.shape
        assert layer.backward(np.ones_like(expected)).sum() == expected.size


# --- what a layer keeps --------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_the_gradient_is_of_the_last_forward_pass(name):
    layer, other = getattr(layers, name)(), getattr(layers, name)()
    x = distinct(name, "channels_last")
    grad = np.ones(layer.compute_output_shape(x.shape))
    layer(x[:, ::-1])
    layer(x)
    other(x[:1])
    expected = layer.backward(grad)
    x[...] = 0  # the layer has no need of it any more
    assert_same(layer.backward(grad), expected)


@pytest.mark.parametrize("name", NAMES)
def test_backward_without_forward_is_refused(name):
    x = distinct(name, "channels_last")
    layer = getattr(layers, name)()
    refused(ValueError, lambda: layer.backward(x), name, "forward")
    layer(x)
    layer(x, training=False)
    refused(ValueError, lambda: layer.backward(x), name, "training=True")
    refused(TypeError, lambda: layer(x, training="no"), "training", "'no'")


def test_a_max_layer_keeps_a_byte_for_each_output():
    x = np.ones((8, 64, 64, 16), np.float32)
    outputs = x.size // 4
    layer = layers.MaxPooling2D()
    for training, least, most in ((True, outputs, 1.05 * outputs), (False, 0, 0.05 * outputs)):
        layer(x, training=training)  # makes, once, what calls alike have in common
        tracemalloc.start()
        try:
            layer(x, training=training)
            assert least <= tracemalloc.get_traced_memory()[0] <= most
        finally:
            tracemalloc.stop()


# --- what a layer says of itself -----------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_the_constructor_is_that_of_keras(name):
    parameters = inspect.signature(getattr(layers, name)).parameters.values()
    if name.startswith("Global"):
        expected = {"data_format": None, "keepdims": False, "name": None}
    else:
        expected = {
            "pool_size": 2,
            "strides": None,
            "padding": "valid",
            "data_format": None,
            "name": None,
        }
    assert {p.name: p.default for p in parameters} == expected
    assert [p.name for p in parameters] == list(expected)


@pytest.mark.parametrize("name", NAMES)
def test_the_example_runs(name):
    example = doctest.DocTestParser().get_doctest(
        getattr(layers, name).__doc__, {}, name, None, None
    )
    written = []
    result = doctest.DocTestRunner().run(example, out=written.append)
    assert result.attempted, "the docstring holds no example"
    assert not result.failed, "".join(written)


def test_all_twelve_are_public():
    assert sorted(layers.__all__) == sorted(NAMES)


@pytest.mark.parametrize(("name", "args"), CASES)
def test_config_and_repr_make_the_layer_again(name, args):
    kind = getattr(layers, name)
    layer = kind(**args, name="pooled")
    config = layer.get_config()
    assert list(config) == list(inspect.signature(kind).parameters)
    through_json = json.loads(json.dumps(config))
    for other in (
        kind.from_config(config),
        kind.from_config(through_json),
        eval(repr(layer), vars(layers)),
    ):
        assert type(other) is kind
        assert other.get_config() == config
        assert repr(other) == repr(layer)
    assert "name" not in repr(kind(**args))


@pytest.mark.parametrize("name", NAMES)
def test_what_keras_says_beside_is_passed_over(name):
    kind = getattr(layers, name)
    config = kind(name="pooled").get_config()
    policy = {
        "module": "keras",
        "class_name": "DTypePolicy",
        "config": {"name": "float32"},
        "registered_name": None,
    }
    of_keras = config | {"trainable": True, "dtype": policy}
    assert kind.from_config(of_keras).get_config() == config
    assert list(of_keras) == [*config, "trainable", "dtype"]


@pytest.mark.parametrize("name", NAMES)
def test_a_layer_can_be_copied_and_pickled(name):
    x = distinct(name, "channels_last")
    layer = getattr(layers, name)()
    y = layer(x)
    for other in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert_same(other.backward(np.ones_like(y)), layer.backward(np.ones_like(y)))
        assert_same(other(x), y)


@pytest.mark.parametrize("place", FORMATS)
@pytest.mark.parametrize("name", NAMES)
def test_sizes_that_are_not_known_stay_so(name, place):
    layer = getattr(layers, name)(data_format=place)
    unknown = (None,) * (rank(name) + 2)
    if name.startswith("Global"):
        assert layer.compute_output_shape(unknown) == (None, None)
    else:
        assert layer.compute_output_shape(list(unknown)) == unknown
    known = cases.shape(rank(name), place)
    expected = (None, *layer.compute_output_shape(known)[1:])
    assert layer.compute_output_shape((None, *known[1:])) == expected


# --- what a layer refuses ------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_another_rank_is_refused(name):
    nd = rank(name)
    layer = getattr(layers, name)(data_format="channels_first")
    for shape in ((4,) * (nd + 1), (4,) * (nd + 3), ()):
        wanted = f"{nd + 2} axes, (batch, channels, "
        refused(ValueError, lambda s=shape: layer(np.zeros(s)), wanted, name, str(shape))
        refused(ValueError, lambda s=shape: layer.compute_output_shape(s), wanted, str(shape))


def test_bad_arguments_are_refused():
    pooling, whole = layers.MaxPooling2D, layers.GlobalAveragePooling1D
    refused(ValueError, lambda: pooling(0), "pool_size", "0")
    refused(TypeError, lambda: pooling(2.0), "pool_size", "2.0")
    refused(ValueError, lambda: pooling((2, 2, 2)), "pool_size", "3")
    refused(ValueError, lambda: pooling(2, 0), "strides", "0")
    refused(ValueError, lambda: pooling(padding="full"), "padding", "full")
    refused(ValueError, lambda: pooling(data_format="channels"), "data_format", "channels")
    refused(TypeError, lambda: pooling(name=3), "name", "3")
    refused(TypeError, lambda: pooling(trainable=True), "trainable")
    refused(TypeError, lambda: whole(keepdims=1), "keepdims", "1")
    refused(ValueError, lambda: whole("channels"), "data_format", "channels")
    refused(TypeError, lambda: pooling.from_config({"size": 2}), "size")


@pytest.mark.parametrize("name", NAMES)
def test_what_is_no_array_of_numbers_is_refused_by_its_type(name):
    for x in (None, "abc", {1}, {}, iter("12")):
        refused(TypeError, lambda x=x: getattr(layers, name)()(x), "x must be")


def test_bad_shapes_are_refused():
    layer = layers.AveragePooling2D(3)
    refused(ValueError, lambda: layer.compute_output_shape((None, 2, 5, 1)), "3", "2")
    refused(ValueError, lambda: layer.compute_output_shape((None, -2, 5, 1)), "-2")
    refused(TypeError, lambda: layer.compute_output_shape((None, 5.0, 5, 1)), "5.0")
    refused(TypeError, lambda: layer.compute_output_shape(4), "input_shape", "4")
    refused(ValueError, lambda: layer(np.zeros((1, 2, 5, 1))), "3", "2")


@pytest.mark.parametrize("place", FORMATS)
@pytest.mark.parametrize("name", NAMES)
def test_an_empty_axis_is_refused_by_its_shape_as_in_the_array(name, place):
    layer = getattr(layers, name)(data_format=place)
    for axis in range(rank(name) + 2):
        shape = [4] * (rank(name) + 2)
        shape[axis] = 0
        try:
            expected = layer(np.zeros(shape)).shape
        except ValueError:
            refused(ValueError, lambda shape=shape: layer.compute_output_shape(shape), "0")
        else:
            assert layer.compute_output_shape(shape) == expected


@pytest.mark.parametrize("name", NAMES)
def test_a_gradient_that_does_not_fit_is_refused(name):
    x = distinct(name, "channels_last")
    layer = getattr(layers, name)()
    y = layer(x)
    refused(ValueError, lambda: layer.backward(np.ones(x.shape)), str(x.shape), str(y.shape))
    refused(TypeError, lambda: layer.backward(np.ones(y.shape, int)), "grad", "int64")
    assert layer.backward(np.ones(y.shape)).sum() == pytest.approx(y.size)


@pytest.mark.parametrize("name", NAMES)
def test_a_forward_pass_that_fails_leaves_none(name):
    x = distinct(name, "channels_last")
    layer = getattr(layers, name)()
    y = layer(x)
    for bad in (x.astype(complex), x[0], x[:, :0], np.ma.array(x), "abc"):
        layer(x)
        refused((TypeError, ValueError), lambda bad=bad: layer(bad))
        refused(ValueError, lambda: layer.backward(y), "forward")


@pytest.mark.parametrize("name", NAMES)
def test_what_a_layer_was_made_with_cannot_be_set(name):
    layer = getattr(layers, name)()
    config, text = layer.get_config(), repr(layer)
    for argument in config.keys() - {"name"}:
        with pytest.raises(AttributeError, match=argument):
            setattr(layer, argument, "same")
        with pytest.raises(AttributeError, match=argument):
            delattr(layer, argument)
    assert layer.get_config() == config
    assert repr(layer) == text


# --- Keras ---------------------------------------------------------------------------------------

KERAS = """
    import pickle, sys
    import keras

    with open(sys.argv[1], "rb") as file:
        calls = pickle.load(file)
    results = []
    for name, config, x, shape in calls:
        layer = getattr(keras.layers, name).from_config(config)
        y = keras.ops.convert_to_numpy(layer(x))
        results.append((y, layer.compute_output_shape(shape), layer.get_config()))
    with open(sys.argv[2], "wb") as file:
        pickle.dump(results, file)
"""


def test_keras_gives_the_same(python, tmp_path):
    if importlib.util.find_spec("keras") is None:
        pytest.skip("Keras, whose layers these are, is not installed")
    installed = [name for name in ("jax", "torch", "tensorflow") if importlib.util.find_spec(name)]
    if not installed:
        pytest.skip("Keras has nothing to run on: no JAX, PyTorch or TensorFlow is installed")
    backend = os.environ.get("KERAS_BACKEND", installed[0])

    ours, calls = [], []
    for name, args in (param.values for param in CASES):
        uneven = args.get("padding") == "same" and args["strides"] > 1
        if backend == "torch" and "Average" in name and uneven:
            continue  # there Keras counts "same" padding, where one end has an element more
        layer = getattr(layers, name)(**args)
        x = cases.small("float32", cases.shape(rank(name), args["data_format"]))
        shape = (None, x.shape[1], None, *x.shape[3:])
        ours.append((layer, x, shape))
        calls.append((name, layer.get_config(), x, shape))

    asked, answered = tmp_path / "calls", tmp_path / "results"
    asked.write_bytes(pickle.dumps(calls))
    environment = {"KERAS_BACKEND": backend, "KERAS_HOME": str(tmp_path)}
    python(KERAS, str(asked), str(answered), timeout=300, **environment)
    results = pickle.loads(answered.read_bytes())

    for (layer, x, shape), (expected, output_shape, config) in zip(ours, results, strict=True):
        assert layer.compute_output_shape(shape) == output_shape, layer
        assert layer.get_config() == {k: config[k] for k in layer.get_config()} | {"name": None}
        assert type(layer).from_config(config).get_config() == layer.get_config() | {
            "name": config["name"]
        }
        result = layer(x)
        assert result.shape == expected.shape, layer
        assert result.dtype == expected.dtype, layer
        np.testing.assert_allclose(result, expected, rtol=1e-6, atol=1e-6, err_msg=repr(layer))


def test_a_layer_that_overrides_forward_is_called_so():
    class Doubled(layers.MaxPooling1D):
        def forward(self, x, *, training=True):
            return 2 * super().forward(x, training=training)

    x = np.array([[[1.0], [5.0]]])
    assert_same(Doubled()(x, training=False), np.array([[[10.0]]]))
