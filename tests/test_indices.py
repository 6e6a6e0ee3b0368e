"""Where the best elements are: indices of every kind equal the definition, everywhere."""

import concurrent.futures
import itertools

import cases
import numpy as np
import pytest
import reference
import reference_gradients as definition
from cases import DTYPES, FLOATS, FORMATS, INTEGERS, LAYOUTS, RANKS, assert_same, bits

import pypool
from pypool import _runtime

OPS = ["max", "min"]
KINDS = ["plane", "sample", "tensor", "window"]
OF_WHOLE = KINDS[:3]  # those that apply to global and adaptive pooling


def pool_nd(op, nd, *args, **options):
    """Values and indices by pypool's function of that name."""
    return getattr(pypool, f"{op}_pool{nd}d")(*args, **options, return_indices=True)


def expected_nd(op, nd, x, *args, index_kind="plane", nan_policy="propagate", **options):
    """Values and indices by the definition."""
    windows = definition.windows(nd, np.shape(x), *args, **options)
    return definition.locate(op, x, windows, index_kind=index_kind, nan_policy=nan_policy, nd=nd)


def assert_pair(actual, expected, *what):
    assert type(actual) is tuple, what
    assert len(actual) == 2, what
    assert_same(actual[0], expected[0], "values", *what)
    assert_same(actual[1], expected[1], "indices", *what)


def assert_everywhere(op, nd, x, what=(), **args):
    """Every instruction set gives the values and indices of the definition."""
    expected = expected_nd(op, nd, x, **args)
    for isa in _runtime.instruction_sets():
        with _runtime.instruction_set(isa):
            assert_pair(pool_nd(op, nd, x, **args), expected, isa, nd, x.shape, args, *what)


def refused(error, call, *mentions):
    with pytest.raises(error) as caught:
        call()
    for word in mentions:
        assert word in str(caught.value), caught.value


# --- the definition ------------------------------------------------------------------------------


def test_the_worked_example():
    x = np.array([[[1, 9, 2, 2], [4, 9, 5, 2]], [[7, 7, 0, 0], [7, 7, 0, 0]]])  # two samples
    for kind, indices in {
        "plane": [[1, 6], [0, 2]],
        "sample": [[1, 6], [8, 10]],
        "tensor": [[1, 6], [8, 10]],
        "window": [[1, 2], [0, 0]],
    }.items():
        args = {"pool_size": 2, "data_format": "channels_first", "index_kind": kind}
        values, found = pypool.max_pool2d(x, **args, return_indices=True)
        np.testing.assert_array_equal(values, [[[9, 5]], [[7, 0]]])
        np.testing.assert_array_equal(found, np.reshape(indices, (2, 1, 2)), kind)


@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_values_and_indices_equal_the_definition(dtype, op):
    for nd, data_format, padding in itertools.product(RANKS, FORMATS, cases.PADDINGS):
        x = cases.small(dtype, cases.shape(nd, data_format, size=(6, 5, 7)))
        for i, window in enumerate(cases.pool_sizes(nd)):
            args = {"padding": cases.padding(padding, nd), "data_format": data_format, **window}
            kind = KINDS[(i + nd + len(dtype) + len(padding)) % 4]
            args |= {"index_kind": kind, "ceil_mode": i % 2 == 1}
            assert_everywhere(op, nd, x, **args)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("dtype", ["uint8", "int16", "float16", "float32", "float64"])
def test_every_kind_of_index_equals_the_definition(dtype, data_format, kind):
    for nd, ceil_mode in itertools.product(RANKS, [False, True]):
        x = cases.small(dtype, cases.shape(nd, data_format, batch=3, channels=5, size=(6, 5, 7)))
        for padding in ("pairs", "same_lower"):
            for window in cases.pool_sizes(nd):
                args = {"padding": cases.padding(padding, nd), "data_format": data_format}
                args |= {"index_kind": kind, "ceil_mode": ceil_mode, **window}
                assert_everywhere("max", nd, x, **args)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("nd", RANKS)
def test_every_rank_has_every_kind_of_index(nd, kind):
    for data_format, batch in itertools.product(FORMATS, range(4)):
        shape = cases.shape(nd, data_format, size=(4, 5, 6))
        x = cases.small("float32", (2, 1, 3)[:batch] + shape[1:])
        args = {"pool_size": 2, "data_format": data_format, "index_kind": kind}
        assert_everywhere("max", nd, x, **args)
    x = cases.small("int16", (9, 8, 7)[:nd])
    for data_format in [*FORMATS, None]:
        args = {"pool_size": 3, "strides": 2, "index_kind": kind}
        expected = expected_nd("max", nd, x, **args, data_format="channels_last")
        assert_pair(pool_nd("max", nd, x, **args, data_format=data_format), expected)


@pytest.mark.parametrize("op", OPS)
def test_ceil_mode_and_dilation_at_every_size(op):
    for n in range(1, 14):
        x = cases.small("float32", (2, n, 3))
        for k, s, d, p in [(2, 2, 1, 0), (3, 2, 1, 1), (2, 3, 1, 0), (3, 3, 1, 2), (2, 4, 2, 1),
                           (4, 1, 3, 2), (3, 2, 4, 3), (5, 2, 2, 4)]:  # fmt: skip
            args = {"pool_size": k, "strides": s, "dilation": d, "padding": p, "ceil_mode": True}
            try:
                expected_nd(op, 1, x, **args)
            except ValueError:
                with pytest.raises(ValueError, match=r"pool_size|padding|dilation"):
                    pool_nd(op, 1, x, **args)
            else:
                for kind in KINDS:
                    assert_everywhere(op, 1, x, **args, index_kind=kind)


# --- the best of the best ------------------------------------------------------------------------


@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_of_equal_elements_the_first_is_taken(dtype, op):
    for value, nd, data_format in itertools.product((0, 1), RANKS, FORMATS):
        x = np.full(cases.shape(nd, data_format, size=(5, 6, 4)), value, cases.dtype_of(dtype))
        for i, window in enumerate(cases.pool_sizes(nd)):
            args = {"padding": "same", "data_format": data_format, **window}
            assert_everywhere(op, nd, x, **args, index_kind=KINDS[(i + value) % 4])


@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("dtype", FLOATS)
def test_zeros_of_either_sign_are_equal(dtype, op):
    rng = np.random.default_rng(0)
    for channels in (1, 17):
        x = np.where(rng.random((2, 7, 40, channels)) < 0.5, -0.0, 0.0).astype(
            cases.dtype_of(dtype)
        )
        for window in cases.pool_sizes(2):
            expected = expected_nd(op, 2, x, **window)
            for isa in _runtime.instruction_sets():
                with _runtime.instruction_set(isa):
                    values, indices = pool_nd(op, 2, x, **window)
                    assert_same(indices, expected[1], isa, window)
                    assert not values.any()


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("dtype", ["bool", *INTEGERS])
def test_the_extremes_of_an_integer_lose_to_no_padding(dtype, op, data_format):
    low, high = reference.limits(np.dtype(dtype))
    for nd in RANKS:
        shape = cases.shape(nd, data_format, size=(5, 6, 19))
        for x in (
            np.full(shape, low, dtype),
            np.full(shape, high, dtype),
            cases.full_range(dtype, shape),
        ):
            for i, window in enumerate(cases.pool_sizes(nd)):
                args = {"padding": ("same", 1)[i % 2], "data_format": data_format, **window}
                assert_everywhere(op, nd, x, **args, index_kind=KINDS[i])


@pytest.mark.parametrize("nan_policy", ["propagate", "omit"])
@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("dtype", FLOATS)
def test_nan_and_infinities_obey_the_policy(dtype, op, nan_policy):
    for nd, data_format in itertools.product(RANKS, FORMATS):
        x = cases.full_range(dtype, cases.shape(nd, data_format, size=(6, 5, 7)))
        for share in (0.02, 0.2, 0.9):
            holes = cases.with_specials(x, share=share)
            for i, window in enumerate(cases.pool_sizes(nd)):
                args = {"padding": "same", "data_format": data_format, "nan_policy": nan_policy}
                assert_everywhere(op, nd, holes, **args, **window, index_kind=KINDS[(i + nd) % 4])


@pytest.mark.parametrize("nan_policy", ["propagate", "omit"])
@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("dtype", FLOATS)
def test_one_nan_anywhere_in_a_window(dtype, op, nan_policy):
    """First, middle and last; and two of them; beside the best element and far from it."""
    for k, channels in itertools.product([2, 3, 5], [1, 3]):
        places = itertools.combinations_with_replacement(range(k * k), 2)
        x = np.stack([cases.small(dtype, (k, k, channels), i) for i, _ in enumerate(places)])
        places = itertools.combinations_with_replacement(range(k * k), 2)
        for image, nan in zip(x, places, strict=True):
            image.reshape(-1, channels)[list(nan)] = np.nan
        args = {"pool_size": k, "nan_policy": nan_policy}
        assert_everywhere(op, 2, x, **args)
        assert_everywhere(op, 2, x, **args | {"padding": 1, "strides": 1, "index_kind": "window"})


@pytest.mark.parametrize("nan_policy", ["propagate", "omit"])
@pytest.mark.parametrize("special", [-np.inf, np.inf, np.nan])
@pytest.mark.parametrize("dtype", FLOATS)
def test_a_window_of_one_special_value_points_at_its_first_element(dtype, special, nan_policy):
    for op, nd, data_format in itertools.product(OPS, RANKS, FORMATS):
        x = np.full(cases.shape(nd, data_format, size=(5, 6, 9)), special, cases.dtype_of(dtype))
        for i, window in enumerate(cases.pool_sizes(nd)):
            args = {"padding": ("same", 1)[i % 2], "data_format": data_format, **window}
            kind = KINDS[(i + nd) % 4]
            assert_everywhere(op, nd, x, **args, nan_policy=nan_policy, index_kind=kind)


@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("dtype", ["int8", "uint16", "int32", "float16", "float32", "float64"])
def test_nothing_is_found_in_padding(dtype, op):
    """Data as little as what stands for padding, at all sides, in planes between and the last."""
    low, high = reference.limits(cases.dtype_of(dtype)) if dtype in INTEGERS else (-np.inf, np.inf)
    least = low if op == "max" else high
    shapes = [((2, 3, 9, width), "channels_first") for width in (14, 53, 64, 65, 113, 300)]
    shapes += [((2, 9, 14, 70), "channels_last"), ((40, 2, 5, 23), "channels_first")]
    windows = (
        {"pool_size": 3, "strides": 2},
        {"pool_size": 3, "strides": 1},
        {"pool_size": 2, "strides": 1},
    )
    for (shape, data_format), padding, window in itertools.product(
        shapes, [1, "same", [(0, 1), (1, 0)]], windows
    ):
        x = np.full(shape, least, cases.dtype_of(dtype))
        width = shape[3]
        across = np.arange(width) if data_format == "channels_first" else np.arange(14)[:, None]
        mixed = np.where(across % 5 == 3, np.zeros_like(x), x)
        args = {**window, "padding": padding, "data_format": data_format}
        for i, of in enumerate((x, mixed)):
            assert_everywhere(op, 2, of, **args, index_kind=KINDS[(width + i) % 4])
        if dtype in FLOATS:
            holes = np.where(x == least, np.nan, x).astype(x.dtype)
            for policy in ("propagate", "omit"):
                assert_everywhere(op, 2, holes, **args, nan_policy=policy, index_kind="window")
                holes[1, 1, ::4, ::2] = least
                assert_everywhere(op, 2, holes, **args, nan_policy=policy, index_kind="plane")


@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_values_are_those_of_a_call_without_indices(dtype, op, isa):
    for data_format in FORMATS:
        x = cases.with_specials(cases.full_range(dtype, (3, 9, 37, 5)), share=0.02)
        for window in cases.pool_sizes(2):
            args = {"padding": "same", "data_format": data_format, **window}
            plain = getattr(pypool, f"{op}_pool2d")(x, **args)
            assert_same(pool_nd(op, 2, x, **args)[0], plain, args)


# --- every size ----------------------------------------------------------------------------------

ROWS = [
    {"pool_size": 2},
    {"pool_size": 3, "strides": 2},
    {"pool_size": 3, "strides": 1, "padding": "same"},
    {"pool_size": 3, "strides": 2, "padding": 1},
]


THOROUGH = ["uint8", "float16", "float32"]


@pytest.mark.parametrize("axis", ["width", "channels"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_width_past_four_vectors(dtype, axis):
    for width in cases.widths(dtype):
        x = cases.small(dtype, (1, 5, width) if axis == "width" else (4, 5, width))
        for i, window in enumerate(ROWS):
            if dtype not in THOROUGH and (i + width) % len(ROWS):
                continue  # one of the windows in turn
            if axis == "width" and "padding" not in window and width < window["pool_size"]:
                continue  # no window fits
            how = {"data_format": "channels_first" if axis == "width" else "channels_last"}
            how |= {"index_kind": KINDS[(width + i) % 4], **window}
            assert_everywhere(OPS[width // 4 % 2], 2, x, **how)


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_every_small_plane(dtype):
    for height, width in itertools.product(range(1, 8), repeat=2):
        x = cases.small(dtype, (3, height, width))
        for i, window in enumerate(
            (
                {"pool_size": 2, "padding": "same"},
                {"pool_size": 3, "strides": 2, "padding": 1},
                {"pool_size": 3, "strides": 1, "padding": "same"},
            )
        ):
            args = {**window, "data_format": "channels_first", "index_kind": KINDS[(width + i) % 4]}
            assert_everywhere("max", 2, x, **args)


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_windows_of_one_row_and_cubes(dtype, data_format):
    """Of rows about a vector and past the codes of a byte; of the least there is, and of NaN."""
    of = cases.dtype_of(dtype)
    least = of.type(-np.inf) if dtype in FLOATS else 0 if dtype == "bool" else np.iinfo(of).min
    lanes = 64 // of.itemsize
    sizes = (7, 2 * lanes + 3, 131)
    for i, (width, k, s) in enumerate(itertools.product(sizes, (2, 3), (1, 2))):
        for nd, size in ((1, (width,)), (2, (5, width)), (3, (4, 3, width))):
            channels = 65 if width == 7 else 17
            shape = (2, 3, *size) if data_format == "channels_first" else (2, *size[::-1], channels)
            x = cases.small(dtype, shape)
            mixed = np.where(cases.small("int16", shape, 1) > 1, x, least).astype(of)
            window = (1, k) if nd == 2 else k
            step = (1, s) if nd == 2 else s
            padding = ("valid", 1 if nd != 2 else (0, 1), "same")[(i + nd) % 3]
            args = {"pool_size": window, "strides": step, "data_format": data_format}
            args |= {"padding": padding, "index_kind": KINDS[i % 4]}
            assert_everywhere("max", nd, mixed, **args)
            assert_everywhere("min", nd, x, **args)
            if dtype in FLOATS:
                mixed.reshape(-1)[:: 37 + i] = np.nan
                args["nan_policy"] = ("propagate", "omit")[s % 2]
                assert_everywhere("max", nd, mixed, **args)


LONG = [  # windows of more positions than 6, 8 and 16 bits number, and planes wider than 8 bits
    (1, (2, 83, 1), {"pool_size": 40, "strides": 1}),
    (1, (2, 83, 3), {"pool_size": 64, "strides": 3, "padding": "same"}),
    (1, (2, 140, 3), {"pool_size": 65, "strides": 1}),
    (1, (2, 1000, 1), {"pool_size": 300, "strides": 77}),
    (1, (1, 1000, 5), {"pool_size": 257, "strides": 100, "padding": "same"}),
    (1, (1, 1100, 70), {"pool_size": 257, "strides": 400, "dilation": 3, "padding": 200}),
    (1, (1, 900, 1), {"pool_size": 256, "strides": 300, "dilation": 2, "padding": "same"}),
    (1, (1, 70_000, 1), {"pool_size": 70_000}),
    (1, (1, 66_000, 2), {"pool_size": 65_536, "strides": 400}),
    (2, (2, 40, 39, 1), {"pool_size": 20, "strides": 7}),
    (2, (1, 24, 23, 33), {"pool_size": (16, 17), "strides": 3, "padding": 5}),
    (2, (1, 21, 22, 3), {"pool_size": 16, "strides": 5}),
    (2, (1, 5, 300, 1), {"pool_size": 3, "strides": 1, "padding": "same"}),
    (1, (1, 70_000, 1), {"pool_size": 3, "strides": 2, "padding": 1}),
    (2, (1, 5, 40_000, 1), {"pool_size": 3, "strides": 1}),
    (3, (2, 5, 4, 300, 1), {"pool_size": 3, "strides": 1, "padding": "same"}),
    (3, (1, 5, 6, 131, 9), {"pool_size": 2}),
    (2, (1, 4, 257, 3), {"pool_size": 2}),
    (2, (1, 4, 300, 1), {"pool_size": (4, 300)}),
    (2, (1, 3, 66_000, 1), {"pool_size": (2, 3000), "strides": (1, 3000)}),
    (2, (1, 3, 700, 1), {"pool_size": (3, 200), "strides": (1, 100), "padding": "same"}),
    (2, (1, 700, 3, 2), {"pool_size": (200, 3), "strides": (90, 1), "padding": "same"}),
    (3, (1, 9, 8, 10, 3), {"pool_size": 7, "strides": 1, "padding": 2}),
    (3, (1, 3, 20, 21, 1), {"pool_size": (3, 10, 11), "strides": (1, 4, 5)}),
]


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float16", "float32"])
@pytest.mark.parametrize("nd, shape, window", LONG, ids=str)
def test_long_windows_and_wide_planes(nd, shape, window, dtype):
    late = np.zeros(shape, cases.dtype_of(dtype))  # the best comes late, and again 256 later
    late.reshape(-1)[300::256] = 1
    for i, x in enumerate((late, cases.full_range(dtype, shape))):
        for data_format in FORMATS:
            laid = x if data_format == "channels_last" else np.moveaxis(x, -1, 1).copy()
            for kind in (KINDS[i], "window"):
                args = {**window, "data_format": data_format, "index_kind": kind}
                assert_everywhere(OPS[i], nd, laid, ("late", "any")[i], **args)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32", "float64"])
@pytest.mark.parametrize(
    "window, stride, dilation, padding",
    [
        (64, 1, 1, 0), (65, 2, 1, 32), (200, 3, 1, 0), (300, 1, 7, 150), (130, 200, 1, 0),
        (64, 2, 50, 9), (1000, 1, 1, 0), (1000, 500, 1, 3), (4500, 1, 1, 0), (6000, 1, 1, 0),
    ],
)  # fmt: skip
def test_long_windows_along_a_row(window, stride, dilation, padding, dtype, isa):
    """In vectors of windows, or each alone: by definition, the first of the largest."""
    for channels in (1, 3, 20):
        x = np.random.default_rng(window).integers(1, 120, (6000, channels)).astype(dtype)
        padded = np.zeros((6000 + 2 * padding, channels), dtype)
        padded[padding : padding + 6000] = x
        outputs = (len(padded) - (window - 1) * dilation - 1) // stride + 1
        some = np.arange(0, outputs, max(1, outputs // 50))
        taps = some[:, None] * stride + np.arange(window) * dilation
        first = padded[taps].argmax(1)
        at = first * dilation + some[:, None] * stride - padding
        args = {"dilation": dilation, "padding": ((padding, padding),), "return_indices": True}
        for kind, expected in (("plane", at), ("window", first)):
            values, indices = pypool.max_pool1d(x, window, stride, **args, index_kind=kind)
            assert_same(values[some], padded[taps].max(1), channels)
            np.testing.assert_array_equal(indices[some], expected, f"{kind} {channels}")


@pytest.mark.parametrize("shape", [(5000, 2), (300, 4), (1000, 16), (7, 63), (64, 70)])
@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
def test_windows_that_are_all_there_is_of_planes_with_few_columns(dtype, shape, isa):
    x = np.random.default_rng(0).integers(0, 100, (2, 3, *shape)).astype(dtype)
    first = x.reshape(2, 3, -1).argmax(-1)
    for data_format in FORMATS:
        order = (0, 1, 2, 3) if data_format == "channels_first" else (0, 2, 3, 1)
        view = x.transpose(order).copy()
        flat = np.arange(x.size).reshape(view.shape).transpose(np.argsort(order)).reshape(2, 3, -1)
        whole = np.take_along_axis(flat, first[..., None], 2)[..., 0]
        for kind, expected in (("plane", first), ("tensor", whole)):
            values, indices = pypool.global_max_pool2d(
                view, data_format, return_indices=True, index_kind=kind
            )
            assert_same(values, x.max((2, 3)), kind)
            np.testing.assert_array_equal(indices, expected, kind)


@pytest.mark.parametrize("channels", [5, 9, 17, 33, 65, 129, 257])
@pytest.mark.parametrize("window, stride, dilation", [(468, 3, 1), (18, 5, 13), (40, 4, 5)])
def test_every_channel_where_they_are_done_in_blocks(channels, window, stride, dilation, isa):
    """Long windows leave room for few channels at once; the last block may have one."""
    rng = np.random.default_rng(channels)
    for dtype in ("float32", "int32", "uint8", "float64"):
        x = rng.integers(0, 200, (704, channels)).astype(dtype)
        reach = (window - 1) * dilation + 1
        taps = np.lib.stride_tricks.sliding_window_view(x, reach, axis=0)[::stride, :, ::dilation]
        first = taps.argmax(axis=2) * dilation + stride * np.arange(len(taps))[:, None]
        args = {"dilation": dilation, "return_indices": True}
        values, indices = pypool.max_pool1d(x, window, stride, **args)
        assert_same(values, taps.max(axis=2), (dtype, "values"))
        np.testing.assert_array_equal(indices, first, dtype)


def test_window_positions_take_the_smallest_dtype_that_holds_them():
    for count, dtype in [(1, "uint8"), (256, "uint8"), (257, "uint16"), (65_536, "uint16"),
                         (65_537, "uint32")]:  # fmt: skip
        x = np.zeros(count, np.uint8)
        x[-1] = 1
        for k in (count, (count,)):
            values, indices = pypool.max_pool1d(x, k, return_indices=True, index_kind="window")
            assert_same(indices, np.array([count - 1], dtype), count)
            assert_same(values, np.ones(1, np.uint8)) if count > 1 else None
    _, indices = pypool.max_pool2d(
        np.ones((3, 4)), (200, 2), padding="same", return_indices=True, index_kind="window"
    )
    assert indices.dtype == np.uint16  # padded positions count
    for kind in OF_WHOLE:
        _, indices = pypool.max_pool1d(np.ones(4), 2, return_indices=True, index_kind=kind)
        assert indices.dtype == np.int64


def test_windows_of_more_positions_than_32_bits_number_are_refused():
    x = np.ones((4, 4), np.uint8)
    args = {"pool_size": 2**17, "padding": "same", "return_indices": True}
    assert_pair(pypool.max_pool2d(x, **args), (np.ones((1, 1), np.uint8), np.zeros((1, 1), int)))
    refused(ValueError, lambda: pypool.max_pool2d(x, **args, index_kind="window"), "2**32")


# --- global, adaptive and any axes ---------------------------------------------------------------


@pytest.mark.parametrize("kind", OF_WHOLE)
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64", *FLOATS])
def test_global_pool_equals_the_definition(dtype, keepdims, kind):
    for nd, data_format in itertools.product(RANKS, FORMATS):
        for size in [(1, 1, 1), (9, 8, 7), (3, 70, 2), (2, 3, 67)]:
            x = cases.small(dtype, cases.shape(nd, data_format, size=size))
            windows = definition.whole(nd, x.shape, data_format)
            expected = definition.locate("max", x, windows, index_kind=kind, nd=nd)
            if not keepdims:
                expected = [np.squeeze(each, windows.axes) for each in expected]
            args = {"data_format": data_format, "keepdims": keepdims, "index_kind": kind}
            for isa in _runtime.instruction_sets():
                with _runtime.instruction_set(isa):
                    function = getattr(pypool, f"global_max_pool{nd}d")
                    actual = function(x, **args, return_indices=True)
                    assert_pair(actual, expected, isa, x.shape, args)


@pytest.mark.parametrize("nan_policy", ["propagate", "omit"])
@pytest.mark.parametrize("dtype", FLOATS)
def test_global_pool_obeys_the_nan_policy(dtype, nan_policy, isa):
    x = cases.with_specials(cases.small(dtype, (6, 5, 37, 4)), share=0.004)
    x[0] = np.nan
    windows = definition.whole(2, x.shape)
    expected = definition.locate("max", x, windows, nan_policy=nan_policy)
    actual = pypool.global_max_pool2d(x, keepdims=True, return_indices=True, nan_policy=nan_policy)
    assert_pair(actual, expected)


@pytest.mark.parametrize("nd", RANKS)
def test_global_pool_of_an_array_without_channels(nd, isa):
    x = cases.small("float32", (4, 5, 6)[:nd])
    function = getattr(pypool, f"global_max_pool{nd}d")
    for kind in OF_WHOLE:
        values, indices = function(x, return_indices=True, index_kind=kind)
        assert np.shape(values) == np.shape(indices) == ()
        assert values == x.max()
        assert indices == x.argmax()


AXES = [None, 0, -1, 2, (1,), (0, 1), (1, 3), (3, 1), (-1, 0), (0, 2, 3), (3, 2, 1, 0)]


@pytest.mark.parametrize("kind", ["plane", "tensor", "window"])
@pytest.mark.parametrize("axes", AXES, ids=str)
def test_pool_over_any_axes(axes, kind):
    x = cases.small("float32", (5, 6, 4, 7))
    count = 4 if axes is None else np.size(axes)
    for op, args in itertools.product(
        OPS,
        (
            {"pool_size": 2},
            {"pool_size": (3, 2, 4, 2)[:count], "strides": (1, 2, 3, 1)[:count], "padding": "same"},
            {"pool_size": 2, "strides": 1, "padding": ((0, 1), (1, 0), (1, 1), (0, 0))[:count]},
        ),
    ):
        windows = definition.windows_over(x.shape, axes, **args)
        expected = definition.locate(op, x, windows, index_kind=kind)
        for isa in _runtime.instruction_sets():
            with _runtime.instruction_set(isa):
                how = {"op": op, "axes": axes, "index_kind": kind, "return_indices": True}
                assert_pair(pypool.pool(x, **args, **how), expected, isa, args)


def test_pool_over_one_to_seven_axes(isa):
    x = cases.small("int32", (2, 3, 4, 2, 3, 2, 5))
    for count in range(1, 8):
        for axes in (tuple(range(count)), tuple(range(7 - count, 7))):
            args = {"pool_size": 3, "strides": 2, "padding": "same"}
            windows = definition.windows_over(x.shape, axes, **args)
            for kind in ("plane", "tensor", "window"):
                how = {"axes": axes, "index_kind": kind, "return_indices": True}
                expected = definition.locate("max", x, windows, index_kind=kind)
                assert_pair(pypool.pool(x, **args, **how), expected, axes, args)


# --- any input, any output -----------------------------------------------------------------------


@pytest.mark.parametrize("laid_out", LAYOUTS, ids=lambda layout: layout.__name__)
@pytest.mark.parametrize("dtype", ["uint8", "uint16", *FLOATS])
def test_the_layout_of_the_input_does_not_matter(dtype, laid_out):
    plain = cases.with_specials(cases.full_range(dtype, (3, 9, 37, 4)), share=0.01)
    x = laid_out(plain)
    before = x.tobytes()
    for data_format, (i, window) in itertools.product(FORMATS, enumerate(cases.pool_sizes(2))):
        args = {"padding": "same", "data_format": data_format, "index_kind": KINDS[i], **window}
        expected = expected_nd("max", 2, plain, **args)
        for isa in _runtime.instruction_sets():
            with _runtime.instruction_set(isa):
                assert_pair(pool_nd("max", 2, x, **args), expected, isa, args)
    assert x.tobytes() == before


@pytest.mark.parametrize("laid_out", LAYOUTS, ids=lambda layout: layout.__name__)
def test_the_layout_does_not_matter_to_global_adaptive_and_any_axis_pooling(laid_out, isa):
    for dtype in ("uint8", "float16", "float32"):
        plain = cases.full_range(dtype, (5, 9, 37, 3))
        for call in (
            lambda x: pypool.global_max_pool2d(x, return_indices=True),
            lambda x: pypool.adaptive_max_pool2d(x, (2, 5), return_indices=True),
            lambda x: pypool.pool(x, 2, axes=(0, 2), return_indices=True),
            lambda x: pypool.pool(x, 2, axes=(3, 1), return_indices=True),
        ):
            assert_pair(call(laid_out(plain)), call(plain), dtype)


@pytest.mark.parametrize("kind", KINDS)
def test_a_transposed_input_has_the_indices_of_its_axes(kind, isa):
    x = cases.small("float32", (2, 6, 9, 3))
    for axes in ((0, 2, 1, 3), (3, 1, 2, 0), (3, 2, 1, 0)):
        args = {"pool_size": 3, "strides": 2, "index_kind": kind}
        expected = pool_nd("max", 2, np.ascontiguousarray(x.transpose(axes)), **args)
        assert_pair(pool_nd("max", 2, x.transpose(axes), **args), expected, axes)


def test_a_broadcast_input_has_ties_everywhere(isa):
    row = cases.small("float32", (1, 7, 1, 3))
    for shape in [(4, 7, 9, 3), (2, 7, 1, 3), (1, 7, 33, 3)]:
        x = np.broadcast_to(row, shape)
        for kind in KINDS:
            args = {"pool_size": 3, "padding": "same", "strides": 2, "index_kind": kind}
            assert_pair(pool_nd("max", 2, x, **args), expected_nd("max", 2, x, **args))


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("nd", RANKS)
def test_an_empty_batch_or_no_channels_give_empty_results(nd, data_format, isa):
    for dtype, sizes, kind in itertools.product(
        ["uint8", "float16", "float32"], [{"batch": 0}, {"channels": 0}], KINDS
    ):
        x = cases.small(dtype, cases.shape(nd, data_format, **sizes))
        args = {"pool_size": 3, "strides": 2, "data_format": data_format, "index_kind": kind}
        expected = expected_nd("max", nd, x, **args)
        assert expected[0].size == 0
        assert_pair(pool_nd("max", nd, x, **args), expected)
    x = cases.small("float32", cases.shape(nd, data_format, batch=0))
    values, indices = getattr(pypool, f"global_max_pool{nd}d")(x, data_format, return_indices=True)
    assert values.size == indices.size == 0
    assert values.shape == indices.shape
    adaptive = getattr(pypool, f"adaptive_max_pool{nd}d")
    values, indices = adaptive(x, 2, data_format, return_indices=True)
    assert values.size == indices.size == 0
    assert values.shape == indices.shape


LARGE = [  # shapes that give threads planes, rows, channels, or one long row to share
    ("channels_first", 2, (4, 8, 64, 64)),
    ("channels_first", 2, (1, 1, 300, 211)),
    ("channels_last", 2, (2, 60, 61, 16)),
    ("channels_last", 2, (1, 9, 8, 3000)),
    ("channels_last", 2, (900, 7, 7, 3)),
    ("channels_first", 1, (1, 1, 50_001)),
    ("channels_last", 3, (1, 20, 21, 22, 7)),
]


@pytest.mark.parametrize("data_format, nd, shape", LARGE, ids=str)
@pytest.mark.parametrize("dtype", ["uint8", "float16", "float32"])
def test_any_number_of_workers_gives_the_same_bits(dtype, data_format, nd, shape):
    x = cases.full_range(dtype, shape)
    for i, window in enumerate(({"pool_size": 2}, {"pool_size": 3, "strides": 2, "padding": 1})):
        args = {**window, "data_format": data_format, "index_kind": KINDS[2 * i + 1]}
        one = pool_nd("max", nd, x, **args, workers=1)
        for workers in range(2, 9):
            assert_pair(pool_nd("max", nd, x, **args, workers=workers), one, workers, args)
    expected = expected_nd("max", nd, x, **args)
    assert_pair(one, expected)
    for name, rest in (("global", ()), ("adaptive", (3,))):
        function = getattr(pypool, f"{name}_max_pool{nd}d")
        one = function(x, *rest, data_format, return_indices=True, workers=1)
        for workers in (2, 3, 8):
            result = function(x, *rest, data_format, return_indices=True, workers=workers)
            assert_pair(result, one, workers)


@pytest.mark.parametrize("nan_policy", ["propagate", "omit"])
@pytest.mark.parametrize("dtype", ["uint8", *FLOATS])
def test_instruction_sets_and_data_formats_give_the_same_bits(dtype, nan_policy):
    x = cases.with_specials(cases.full_range(dtype, (2, 13, 19, 5)), share=0.01)
    if cases.is_float(x.dtype):
        x[np.random.default_rng(1).random(x.shape) < 0.3] = 0.0
        x[np.random.default_rng(2).random(x.shape) < 0.3] = -0.0
    first = np.moveaxis(x, -1, 1).copy()
    for op, window in itertools.product(OPS, cases.pool_sizes(2)):
        seen = set()
        for isa in _runtime.instruction_sets():
            with _runtime.instruction_set(isa):
                args = {"padding": "same", "nan_policy": nan_policy, **window}
                seen.add(tuple(map(bits, pool_nd(op, 2, x, **args))))
                found = pool_nd(op, 2, first, **args, data_format="channels_first")
                seen.add(tuple(bits(np.moveaxis(each, 1, -1)) for each in found))
        assert len(seen) == 1, (op, window)


def test_many_python_threads_get_the_serial_result():
    x = cases.full_range("float32", (3, 19, 20, 21))
    x.flags.writeable = False
    calls = [
        {"pool_size": k, "strides": s, "index_kind": kind, "data_format": data_format}
        for k, s, kind, data_format in itertools.product([2, 3], [1, 2], KINDS, FORMATS)
    ]
    serial = [pool_nd("max", 2, x, **args, workers=1) for args in calls]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for actual, expected in zip(
            pool.map(lambda args: pool_nd("max", 2, x, **args, workers=2), calls * 3),
            serial * 3,
            strict=True,
        ):
            assert_pair(actual, expected)


# --- out -----------------------------------------------------------------------------------------

ARGS = {"pool_size": 3, "strides": 2, "padding": "same", "return_indices": True}


def image(dtype="float32"):
    return cases.small(dtype, (2, 9, 37, 3))


@pytest.mark.parametrize(
    "laid_out",
    [layout for layout in LAYOUTS if layout is not cases.read_only],
    ids=lambda layout: layout.__name__,
)
def test_out_is_a_pair_of_any_layout(laid_out, isa):
    for dtype, kind in itertools.product(["uint8", "float16", "float32"], KINDS):
        x = image(dtype)
        expected = pypool.max_pool2d(x, **ARGS, index_kind=kind)
        for first, second in [(True, True), (True, False), (False, True), (False, False)]:
            out = (
                laid_out(np.full_like(expected[0], 77)) if first else None,
                laid_out(np.full_like(expected[1], 77)) if second else None,
            )
            values, indices = pypool.max_pool2d(x, **ARGS, index_kind=kind, out=out)
            assert values is out[0] or not first
            assert indices is out[1] or not second
            np.testing.assert_array_equal(values, expected[0])
            np.testing.assert_array_equal(indices, expected[1])


def test_every_function_takes_a_pair_for_out():
    x = cases.small("float32", (2, 4, 5, 6, 3))
    for name in (
        "pool",
        *(f"{op}_pool{nd}d" for op in OPS for nd in RANKS),
        *(f"{which}_max_pool{nd}d" for which in ("global", "adaptive") for nd in RANKS),
    ):
        args = () if "global" in name else (2,)
        function = getattr(pypool, name)
        expected = function(x, *args, return_indices=True)
        out = tuple(np.full_like(each, 77) for each in expected)
        result = function(x, *args, return_indices=True, out=out)
        assert result[0] is out[0]
        assert result[1] is out[1]
        assert_pair(result, expected, name)
    out = (np.zeros((), "float64"), np.zeros((), "int64"))
    pypool.global_max_pool2d(2 * np.eye(4)[::-1], return_indices=True, out=out)
    assert out[0] == 2
    assert out[1] == 3


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_around_out_is_written(kind, isa):
    for dtype, data_format in itertools.product(["uint8", "float16", "float32"], FORMATS):
        for shape in [(2, 9, 37, 3), (1, 3, 5, 70)]:
            x = cases.small(dtype, shape)
            args = {**ARGS, "data_format": data_format, "index_kind": kind}
            expected = pypool.max_pool2d(x, **args)
            flats = [cases.poison(e.dtype, (e.size + 128,)) for e in expected]
            pristine = [flat.copy() for flat in flats]
            for flat, whole in zip(pristine, expected, strict=True):
                flat[64:-64] = whole.ravel()
            out = tuple(
                flat[64:-64].reshape(e.shape) for flat, e in zip(flats, expected, strict=True)
            )
            pypool.max_pool2d(x, **args, out=out)
            assert bits(flats[0]) == bits(pristine[0]), (shape, args)
            assert bits(flats[1]) == bits(pristine[1]), (shape, args)


def test_out_may_overlap_the_input(isa):
    for dtype in ("float32", "int64"):
        base = cases.small(dtype, (3000,))
        for shift in (0, 1, 500):
            memory = base.copy()
            x = memory[shift : shift + 1800].reshape(2, 20, 15, 3)
            expected = pypool.max_pool2d(x.copy(), 2, return_indices=True)
            out = memory[: expected[0].size].reshape(expected[0].shape)
            values, indices = pypool.max_pool2d(x, 2, return_indices=True, out=(out, None))
            assert values is out
            assert_pair((values, indices), expected)
    memory = cases.small("int64", (1800,))
    x = memory.reshape(2, 20, 15, 3)
    expected = pypool.max_pool2d(x.copy(), 2, return_indices=True)
    out = memory[7 : 7 + expected[1].size].reshape(expected[1].shape)
    assert_pair(pypool.max_pool2d(x, 2, return_indices=True, out=(None, out)), expected)


def test_values_go_to_any_dtype_of_the_same_kind(isa):
    x = image()
    expected, indices = pypool.max_pool2d(x, **ARGS)
    for name in DTYPES:
        target = np.zeros(expected.shape, cases.dtype_of(name))
        if np.can_cast(expected.dtype, target.dtype, "same_kind"):
            values, found = pypool.max_pool2d(x, **ARGS, out=(target, None))
            assert values is target
            assert_same(target, expected.astype(target.dtype), name)
            assert_same(found, indices, name)
        else:
            refused(
                TypeError,
                lambda out=target: pypool.max_pool2d(x, **ARGS, out=(out, None)),
                "out",
                name,
            )


PLACES = {"plane": 16 * 16, "sample": 16 * 16 * 3, "tensor": 2 * 16 * 16 * 3, "window": 2 * 2}


@pytest.mark.parametrize("kind", PLACES)
def test_indices_go_to_any_integers_that_hold_every_place(kind, isa):
    """Whichever are found: those of all ones are small."""
    for x in (np.ones((2, 16, 16, 3)), np.arange(2.0 * 16 * 16 * 3).reshape(2, 16, 16, 3)):
        values, expected = pypool.max_pool2d(x, 2, return_indices=True, index_kind=kind)
        for name in (*DTYPES, ">i4", "m8[s]", "O"):
            target = np.zeros(expected.shape, cases.dtype_of(name) if name in DTYPES else name)

            def call(x=x, out=target):
                return pypool.max_pool2d(
                    x, 2, return_indices=True, index_kind=kind, out=(None, out)
                )

            integers = target.dtype.kind in "iu"
            if integers and PLACES[kind] - 1 <= np.iinfo(target.dtype).max:
                found = call()
                assert found[1] is target
                assert_same(found[0], values, name)
                np.testing.assert_array_equal(target, expected)
            else:
                refused(TypeError, call, "out[1]", str(target.dtype))
                assert not target.astype(bool).any()


def test_indices_of_whole_planes_and_bins_go_to_integers_that_hold_them():
    x = np.arange(130.0)
    for out in (np.zeros((), "u1"), np.zeros((), "i2")):
        found = pypool.global_max_pool1d(x, return_indices=True, out=(None, out))[1]
        assert found is out
        assert found == 129
    with pytest.raises(TypeError, match=r"out\[1\] .*129.*int8"):
        pypool.global_max_pool1d(x, return_indices=True, out=(None, np.zeros((), "i1")))
    with pytest.raises(TypeError, match=r"out\[1\] .*129.*int8"):
        pypool.adaptive_max_pool1d(x, 2, return_indices=True, out=(None, np.zeros(2, "i1")))
    with pytest.raises(TypeError, match=r"out\[1\] .*129.*int8"):
        pypool.pool(x, 2, return_indices=True, out=(None, np.zeros(65, "i1")))


def test_an_out_that_will_not_do_is_refused():
    x = image()
    values, indices = pypool.max_pool2d(x, **ARGS)

    def call(out, **args):
        return lambda: pypool.max_pool2d(x, **(ARGS | args), out=out)

    refused(TypeError, call(values), "out", "pair")
    refused(TypeError, call([values, indices]), "out", "pair")
    refused(TypeError, call((values,)), "out")
    refused(TypeError, call((values, indices, None)), "out")
    refused(TypeError, call((values, indices.tolist())), "out", "list")
    refused(TypeError, call((values, indices), return_indices=False), "out", "tuple")
    refused(ValueError, call((values[:1], indices)), "out", str(values.shape))
    refused(ValueError, call((values, indices[..., :2])), "out", str(values.shape))
    refused(ValueError, call((values, cases.read_only(indices))), "out", "read-only")
    refused(ValueError, call((cases.read_only(values), None)), "out", "read-only")
    shared = np.zeros(indices.size, np.int64).reshape(indices.shape)
    refused(ValueError, call((shared.view(np.float32)[..., ::2], shared)), "out")
    assert not shared.any()


# --- arguments -----------------------------------------------------------------------------------


@pytest.mark.parametrize("nd", RANKS)
def test_an_unknown_kind_is_refused(nd):
    x = cases.small("float32", cases.shape(nd))
    window = ["pool", f"max_pool{nd}d", f"min_pool{nd}d", f"adaptive_max_pool{nd}d"]
    for name, args in [(f"global_max_pool{nd}d", ()), *((name, (2,)) for name in window)]:
        function = getattr(pypool, name)
        for kind in ("flat", "Plane", ""):
            call = lambda: function(x, *args, return_indices=True, index_kind=kind)  # noqa: B023, E731
            refused(ValueError, call, "index_kind", repr(kind), "'plane'", "'tensor'")
        for kind in (None, 1, ["plane"], b"plane"):
            call = lambda: function(x, *args, return_indices=True, index_kind=kind)  # noqa: B023, E731
            refused(TypeError, call, "index_kind", repr(kind))
        for flag in (1, 0, None, "yes", np.int64(1)):
            refused(TypeError, lambda: function(x, *args, return_indices=flag), "return_indices")  # noqa: B023
        values, _ = function(x, *args, return_indices=np.True_)
        assert_same(function(x, *args, return_indices=np.False_), values)


@pytest.mark.parametrize("nd", RANKS)
def test_window_positions_do_not_apply_to_global_and_adaptive_pooling(nd):
    x = cases.small("float32", cases.shape(nd))
    for which, args in (("global", ()), ("adaptive", (2,))):
        function = getattr(pypool, f"{which}_max_pool{nd}d")
        call = lambda: function(x, *args, return_indices=True, index_kind="window")  # noqa: B023, E731
        refused(ValueError, call, "index_kind", "window", "global", "adaptive")


def test_samples_do_not_apply_to_pool():
    x = cases.small("float32", (4, 5, 6))
    for axes in (None, 1, (0, 2)):
        call = lambda: pypool.pool(x, 2, axes=axes, return_indices=True, index_kind="sample")  # noqa: B023, E731
        refused(ValueError, call, "index_kind", "sample", "pool")


@pytest.mark.parametrize("op", ["avg", "sum", "lp"])
def test_only_maxima_and_minima_are_somewhere(op):
    args = {"norm_type": 2} if op == "lp" else {}
    call = lambda: pypool.pool(np.eye(4), 2, op=op, return_indices=True, **args)  # noqa: E731
    refused(TypeError, call, "return_indices", op)


@pytest.mark.parametrize("op", OPS)
def test_a_call_is_not_taken_for_one_like_it(op):
    """Arguments that are equal but not alike, after calls that went well."""
    x = cases.small("float32", (2, 9, 8, 3))
    for _ in range(3):
        for kind, strides, ceil_mode in itertools.product(KINDS, [1, 2], [False, True]):
            args = {"strides": strides, "ceil_mode": ceil_mode, "index_kind": kind}
            expected = expected_nd(op, 2, x, 2, **args)
            assert_pair(pool_nd(op, 2, x, 2, **args), expected)
            assert_pair(pool_nd(op, 2, x, [np.int8(2), 2], **args), expected)
            assert_same(getattr(pypool, f"{op}_pool2d")(x, 2, strides=strides, ceil_mode=ceil_mode),
                        expected[0])  # fmt: skip
        refused(TypeError, lambda: pool_nd(op, 2, x, 2.0), "pool_size")
        refused(TypeError, lambda: pool_nd(op, 2, x, 2, True), "strides")
        refused(TypeError, lambda: pool_nd(op, 2, x, 2, ceil_mode=1), "ceil_mode")
        refused(TypeError, lambda: pool_nd(op, 2, x, 2, dilation=True), "dilation")


@pytest.mark.parametrize("x", [np.zeros((4, 4), complex), np.zeros((4, 4), object)], ids=str)
def test_other_dtypes_are_refused_by_name(x):
    for call in (
        lambda: pypool.max_pool2d(x, 2, return_indices=True),
        lambda: pypool.pool(x, 2, return_indices=True),
        lambda: pypool.global_max_pool2d(x, return_indices=True),
        lambda: pypool.adaptive_max_pool2d(x, 2, return_indices=True),
    ):
        refused(TypeError, call, x.dtype.name)


def test_results_that_no_memory_holds_are_refused():
    x = np.broadcast_to(np.float32(1), (2**28, 2**28))
    with pytest.raises(MemoryError):
        pypool.max_pool2d(x, 1, return_indices=True)
    x = np.broadcast_to(np.uint8(1), (2**31, 2**31))
    with pytest.raises((MemoryError, ValueError)):
        pypool.max_pool2d(x, 1, return_indices=True)


def test_positions_past_32_bits(isa):
    """An image of 2**33 rows, all of them the same three pixels in memory."""
    x = np.broadcast_to(np.array([1, 5, 3], np.uint8), (2**33, 3))
    args = {"pool_size": (2, 3), "strides": (2**32, 1)}
    values, indices = pypool.max_pool2d(x, **args, return_indices=True)
    np.testing.assert_array_equal(values, [[5], [5]])
    np.testing.assert_array_equal(indices, [[1], [3 * 2**32 + 1]])
    assert indices.dtype == np.int64
    _, indices = pypool.max_pool2d(x, **args, return_indices=True, index_kind="window")
    np.testing.assert_array_equal(indices, [[1], [1]])


# --- from one kind to another --------------------------------------------------------------------


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("nd", RANKS)
def test_indices_of_one_kind_convert_to_every_other(nd, data_format):
    for batch, padding in itertools.product([None, 2], cases.PADDINGS):
        shape = cases.shape(nd, data_format, size=(6, 5, 7))[batch is None :]
        x = cases.small("int16", shape)
        for window in cases.pool_sizes(nd):
            args = {"padding": cases.padding(padding, nd), "ceil_mode": nd != 2, **window}
            args["data_format"] = data_format
            found = {kind: expected_nd("max", nd, x, **args, index_kind=kind)[1] for kind in KINDS}
            for kind, to in itertools.product(KINDS, KINDS):
                result = pypool.convert_indices(found[kind], shape, kind, to, nd, **args)
                assert_same(result, found[to], kind, to, args)
                assert not np.shares_memory(result, found[kind]) or kind == to


def test_indices_without_channels_convert():
    for nd in RANKS:
        shape = (9, 8, 7)[:nd]
        x = cases.small("int16", shape)
        found = {kind: expected_nd("max", nd, x, 2, index_kind=kind)[1] for kind in KINDS}
        for (kind, to), data_format in itertools.product(itertools.product(KINDS, KINDS), FORMATS):
            args = {"pool_size": 2, "data_format": data_format}
            result = pypool.convert_indices(found[kind], shape, kind, to, nd, **args)
            assert_same(result, found[to], kind, to)


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("nd", RANKS)
def test_indices_of_global_and_adaptive_pooling_convert(nd, data_format):
    shape = cases.shape(nd, data_format)
    x = cases.small("float32", shape)
    for kind, to in itertools.product(OF_WHOLE, OF_WHOLE):
        for keepdims in (False, True):
            function = getattr(pypool, f"global_max_pool{nd}d")
            how = {"keepdims": keepdims, "data_format": data_format, "return_indices": True}
            result = pypool.convert_indices(
                function(x, **how, index_kind=kind)[1], shape, kind, to, nd, data_format=data_format
            )
            assert_same(result, function(x, **how, index_kind=to)[1], kind, to)
        function = getattr(pypool, f"adaptive_max_pool{nd}d")
        how = {"output_size": 3, "data_format": data_format, "return_indices": True}
        result = pypool.convert_indices(
            function(x, **how, index_kind=kind)[1], shape, kind, to, nd, data_format=data_format
        )
        assert_same(result, function(x, **how, index_kind=to)[1], kind, to)


@pytest.mark.parametrize("dtype", INTEGERS)
def test_indices_of_any_integer_dtype_and_layout_convert(dtype):
    x = cases.small("float32", (2, 4, 5, 3))
    found = {kind: pool_nd("max", 2, x, 2, index_kind=kind)[1] for kind in KINDS}
    for kind, to in itertools.product(KINDS, KINDS):
        for laid_out in LAYOUTS:
            given = laid_out(found[kind].astype(dtype))
            before = given.tobytes()
            result = pypool.convert_indices(given, x.shape, kind, to, 2, pool_size=2)
            assert_same(result, found[to], kind, to, laid_out.__name__)
            assert given.tobytes() == before
        listed = found[kind].astype(dtype).tolist()
        assert_same(pypool.convert_indices(listed, x.shape, kind, to, 2, 2), found[to], kind, to)


@pytest.mark.parametrize("shape", [(4, 100, 100, 1), (2, 150, 180, 1), (1, 90, 100, 7)])
def test_many_indices_convert(shape):
    x = cases.full_range("uint8", shape)
    found = {kind: pool_nd("max", 2, x, 2, 1, index_kind=kind)[1] for kind in KINDS}
    for kind, to in itertools.product(KINDS, KINDS):
        result = pypool.convert_indices(found[kind], shape, kind, to, 2, 2, 1)
        assert_same(result, found[to], kind, to)


def test_empty_indices_convert():
    for kind, to in itertools.product(KINDS, KINDS):
        given = np.zeros((0, 2, 2, 3), np.uint8)
        result = pypool.convert_indices(given, (0, 4, 4, 3), kind, to, 2, pool_size=2)
        assert result.shape == given.shape
        assert result.dtype == (np.uint8 if to == "window" else np.int64)


SHAPE = (2, 4, 5, 3)


def convert(indices, kind="plane", to="tensor", shape=SHAPE, nd=2, pool_size=2, **args):
    return lambda: pypool.convert_indices(indices, shape, kind, to, nd, pool_size, **args)


@pytest.mark.parametrize("kind", KINDS)
def test_indices_that_point_nowhere_do_not_convert(kind):
    good = pool_nd("max", 2, cases.small("float32", SHAPE), 2, index_kind=kind)[1].astype(np.int64)
    beyond = {"plane": 20, "sample": 60, "tensor": 120, "window": 4}[kind]
    for to in KINDS:
        for bad in (-1, beyond, 2**32 + 3, -(2**63), 2**63 - 1):
            given = good.copy()
            given[1, 0, 1, 2] = bad
            refused(ValueError, convert(given, kind, to), "indices", str(bad))
        given = good.astype(np.uint64)
        given[1, 0, 1, 2] = 2**63 + 3
        refused(ValueError, convert(given, kind, to), "indices", str(2**63 + 3))


def test_indices_outside_their_own_plane_or_window_do_not_convert():
    good = pool_nd("max", 2, cases.small("float32", SHAPE), 2)[1]
    outside = good.copy()
    outside[0, 0, 0, 0] = 19  # in the plane, and in no window of 2x2 with nothing over
    refused(ValueError, convert(outside, "plane", "window"), "window", "19")
    assert convert(outside, "plane", "sample")()[0, 0, 0, 0] == 19 * 3
    tensor = convert(good, "plane", "tensor")()
    tensor[0, 0, 0, 0] += 60  # the other sample
    refused(ValueError, convert(tensor, "tensor", "plane"), "plane", str(tensor[0, 0, 0, 0]))
    tensor[0, 0, 0, 0] -= 59  # the other channel
    refused(ValueError, convert(tensor, "tensor", "sample"), "plane", str(tensor[0, 0, 0, 0]))
    padded = np.zeros((2, 3, 3, 3), np.uint8)  # the first position of a padded window
    how = {"padding": 1, "strides": 2}
    refused(ValueError, convert(padded, "window", "plane", **how), "padding", "0")


def test_arguments_that_do_not_fit_do_not_convert():
    good = pool_nd("max", 2, cases.small("float32", SHAPE), 2)[1]
    refused(TypeError, convert(good.astype(float)), "indices", "float64")
    refused(TypeError, convert(good.astype(bool)), "indices", "bool")
    refused(TypeError, convert(good.astype(object)), "indices", "object")
    refused(ValueError, convert(good, "flat"), "index_kind", "'flat'")
    refused(ValueError, convert(good, to="flat"), "to", "'flat'")
    refused(TypeError, convert(good, None), "index_kind")
    refused(TypeError, convert(good, to=3), "to")
    refused(TypeError, convert(good, to="window", pool_size=None), "pool_size", "window")
    refused(TypeError, convert(good.astype("u1"), "window", pool_size=None), "pool_size", "window")
    refused(ValueError, convert(good[:1], to="window"), "indices", str(good.shape), "(1, 2, 2, 3)")
    refused(ValueError, convert(good[..., :2]), "indices")
    refused(ValueError, convert(good[0]), "indices")
    refused(ValueError, convert(good, nd=0), "nd")
    refused(ValueError, convert(good, nd=4), "nd")
    refused(TypeError, convert(good, nd=2.0), "nd")
    refused(ValueError, convert(good, shape=(2, -4, 5, 3)), "input_shape")
    refused(ValueError, convert(good, shape=(4,)), "dimensions")
    refused((ValueError, TypeError), convert(good, shape=(2, 4, 1e20, 3)), "input_shape")
    refused(ValueError, convert(good, shape=(2, 10**20, 5, 3)), "input_shape")
    refused(ValueError, convert(good, data_format="NHWC"), "data_format")


@pytest.mark.parametrize("kinds", [("plane", "tensor"), ("plane", "window")], ids=str)
def test_conversion_looks_at_what_it_does_not_need_too(kinds):
    indices, given = np.zeros((2, 2), int), {"pool_size": 2}
    for error, name, value in [
        (TypeError, "pool_size", "junk"),
        (ValueError, "pool_size", 0),
        (ValueError, "strides", -1),
        (ValueError, "padding", "causal"),
        (TypeError, "dilation", None),
        (TypeError, "ceil_mode", "maybe"),
        (ValueError, "data_format", "NHWC"),
    ]:
        refused(
            error,
            lambda other=given | {name: value}: pypool.convert_indices(
                indices, (4, 4), *kinds, 2, **other
            ),
            name,
        )
    for name, value in (("strides", -1), ("padding", "causal"), ("dilation", None)):
        with pytest.raises((TypeError, ValueError), match=name):
            pypool.convert_indices(indices, (4, 4), *kinds, 2, **{name: value})
