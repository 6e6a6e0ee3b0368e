"""The demo: pool an image, time each call beside plain NumPy's, draw what came out."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

import pypool

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = np.ndarray[Any, Any]

PHOTOGRAPH = Path(__file__).parent / "data" / "chelsea.jpg"  # origin, licence: chelsea.txt there

WINDOWS_ALONG = 100  # the default window leaves at least this many along the longer side
FLOAT_PIXELS = 1 << 22  # float32 calls take a crop of this size at most: NumPy's copies are large
SHOWN_PIXELS = 1000  # a panel with more along a side is averaged down before it is drawn
RUNS = 3, 51  # of each call: at least, at most
RUN = 0.002  # seconds; a short call is repeated for as long, as timeit does
SECONDS = 0.3  # for a pair of calls, once the fewest runs are done


class DemoError(Exception):
    """What stopped the demo, in one line for the user."""


# ---- the image -----------------------------------------------------------------------------------


def load(path: Path) -> Array:
    """The image as uint8: (H, W) grey, (H, W, 3) colour, (H, W, 4) with transparency."""
    from PIL import Image, ImageOps

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # large, or with odd metadata: still an image
            with Image.open(path) as file:
                image = ImageOps.exif_transpose(file)
                if image.mode.startswith(("I", "F")):
                    return stretched(np.asarray(image))
                if image.mode in ("1", "L"):
                    return np.asarray(image.convert("L"))
                clear = "transparency" in image.info or image.mode in ("RGBA", "LA", "PA", "La")
                return np.asarray(image.convert("RGBA" if clear else "RGB"))
    except Exception as error:  # a decoder given a broken file raises almost anything
        reason = getattr(error, "strerror", None) or error
        if type(error).__name__ == "UnidentifiedImageError":
            reason = "not an image that pillow can read"
        raise DemoError(f"cannot read {printable(path)}: {printable(reason)}") from None


def stretched(values: Array) -> Array:
    """Grey values of more than 8 bits, brought to 0..255; NaN and infinity become the ends."""
    values = values.astype(np.float64)
    finite = values[np.isfinite(values)]
    low, high = (finite.min(), finite.max()) if finite.size else (0.0, 0.0)
    values = np.nan_to_num(values, nan=low, posinf=high, neginf=low)
    scaled: Array = np.rint((values - low) * (255 / (high - low) if high > low else 0.0))
    return scaled.astype(np.uint8)


def printable(thing: object) -> str:
    """One line that the terminal can show, whatever the file is called."""
    line = " ".join(str(thing).split())
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"  # without a stdout it is None
    return line.encode(encoding, "backslashreplace").decode(encoding)


# ---- plain NumPy ---------------------------------------------------------------------------------


def blocks(x: Array, window: tuple[int, int]) -> Array:
    """View (rows, kh, columns, kw, ...) of x (H, W, ...); what fills no window is left out."""
    kh, kw = window
    rows, columns = x.shape[0] // kh, x.shape[1] // kw
    view: Array = x[: rows * kh, : columns * kw].reshape(rows, kh, columns, kw, *x.shape[2:])
    return view


def block_mean(x: Array, window: tuple[int, int]) -> Array:
    mean: Array = np.rint(blocks(x, window).mean(axis=(1, 3))).astype(x.dtype)
    return mean


def windows(x: Array, window: tuple[int, int]) -> Array:
    """View (rows, columns, ..., kh, kw): every window of x (H, W, ...), stride 1."""
    return sliding_window_view(x, window, axis=(0, 1))


def same_max(x: Array, size: int, stride: int) -> Array:
    """Max pooling with padding "same": the padding is -inf, so it never wins."""
    pads = [(0, 0)] * x.ndim
    for axis in (0, 1):
        total = max(0, (-(-x.shape[axis] // stride) - 1) * stride + size - x.shape[axis])
        pads[axis] = total // 2, total - total // 2
    padded = np.pad(x, pads, constant_values=-np.inf)
    largest: Array = windows(padded, (size, size))[::stride, ::stride].max(axis=(-2, -1))
    return largest


# ---- the calls and their times -------------------------------------------------------------------


@dataclass(frozen=True)
class Call:
    """One call of pypool's and the same in NumPy."""

    text: str  # as a user writes it
    x: Array
    ours: Callable[[], Array]
    plain: Callable[[], Array]
    method: str  # NumPy's
    tolerance: float = 0.0  # of float averages, whose order of summation differs


@dataclass(frozen=True)
class Timing:
    call: Call
    out: Array
    ours: float  # seconds, the median
    plain: float


def calls(x: Array, window: tuple[int, int]) -> dict[str, Call]:
    """What the demo does with a uint8 image x (H, W[, C]), by the name of its panel."""
    k = str(window[0]) if window[0] == window[1] else str(window)
    size = x.shape[:2]
    if size[0] * size[1] > FLOAT_PIXELS:
        side = int(FLOAT_PIXELS**0.5)
        rows = min(size[0], max(side, FLOAT_PIXELS // size[1]))
        columns = min(size[1], FLOAT_PIXELS // rows)
        size = rows, columns
    f = x[: size[0], : size[1]].astype(np.float32) / np.float32(255)
    small = min(3, size[0]), min(3, size[1])
    k3 = "3" if small == (3, 3) else str(small)
    return {
        "max": Call(
            f"max_pool2d(x, {k})",
            x,
            lambda: pypool.max_pool2d(x, window),
            lambda: blocks(x, window).max(axis=(1, 3)),
            "reshape, max",
        ),
        "average": Call(
            f'avg_pool2d(x, {k}, dtype="uint8")',
            x,
            lambda: pypool.avg_pool2d(x, window, dtype="uint8"),
            lambda: block_mean(x, window),
            "reshape, mean, rint",
        ),
        "min": Call(
            f"min_pool2d(x, {k})",
            x,
            lambda: pypool.min_pool2d(x, window),
            lambda: blocks(x, window).min(axis=(1, 3)),
            "reshape, min",
        ),
        "overlapping max": Call(
            'max_pool2d(f, 3, 2, "same")',
            f,
            lambda: pypool.max_pool2d(f, 3, 2, "same"),
            lambda: same_max(f, 3, 2),
            "pad, sliding_window_view, max",
        ),
        "overlapping average": Call(
            f"avg_pool2d(f, {k3}, 1)",
            f,
            lambda: pypool.avg_pool2d(f, small, 1),
            lambda: windows(f, small).mean(axis=(-2, -1)),
            "sliding_window_view, mean",
            1e-6,
        ),
        "global max": Call(
            "global_max_pool2d(x)",
            x,
            lambda: np.asarray(pypool.global_max_pool2d(x)),
            lambda: np.asarray(x.max(axis=(0, 1))),
            "max",
        ),
        "global average": Call(
            "global_avg_pool2d(x)",
            x,
            lambda: np.asarray(pypool.global_avg_pool2d(x)),
            lambda: np.asarray(x.mean(axis=(0, 1))),
            "mean",
            1e-12,
        ),
    }


def seconds_a_call(function: Callable[[], Array]) -> float:
    """One run: repeat for RUN seconds, at least once."""
    number, begin = 0, perf_counter()
    while True:
        function()
        number += 1
        elapsed = perf_counter() - begin
        if elapsed >= RUN:
            return elapsed / number


def timed(call: Call) -> Timing:
    """Check that both give the same, then time them in turns."""
    out, expected = call.ours(), call.plain()
    same = out.shape == expected.shape and out.dtype == expected.dtype
    if not same or not np.allclose(out, expected, rtol=call.tolerance, atol=call.tolerance):
        raise DemoError(f"{call.text} differs from NumPy's result; please report this")
    seconds: list[tuple[float, float]] = []
    begin = perf_counter()
    while len(seconds) < RUNS[0] or (len(seconds) < RUNS[1] and perf_counter() - begin < SECONDS):
        seconds.append((seconds_a_call(call.ours), seconds_a_call(call.plain)))
    ours, plain = np.median(seconds, axis=0)
    return Timing(call, out, float(ours), float(plain))


def described(x: Array) -> str:
    return f"{x.shape} {x.dtype}"


def duration(seconds: float) -> str:
    for unit, scale in (("us", 1e6), ("ms", 1e3)):
        if seconds * scale < 1000:
            return f"{seconds * scale:.3g} {unit}"
    return f"{seconds:.3g} s"


def report(timings: Sequence[Timing]) -> str:
    """The table: what was called, from what shape to what shape, the two times, their ratio."""
    rows = [("call", "input", "output", "pypool", "NumPy", "ratio", "NumPy's way")]
    rows += [
        (
            t.call.text,
            described(t.call.x),
            described(t.out),
            duration(t.ours),
            duration(t.plain),
            f"{t.plain / t.ours:.1f}",
            t.call.method,
        )
        for t in timings
    ]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [
            cell.rjust(width) if 3 <= i <= 5 else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


# ---- the picture ---------------------------------------------------------------------------------

INK, FAINT = "#1f2933", "#66727f"
HUES = "#f6b8a4", "#a8d1ec", "#bfe3b0", "#f5df97"  # one a window of the worked example
WHOLE = "#d8c8ec"  # a result of the whole array
DARK, BRIGHT, MOVE = "#2b3a4a", "#ffd23f", "#ff7a45"

WORKED = np.array([[1, 3, 2, 9], [5, 7, 1, 6], [4, 2, 8, 6], [3, 3, 5, 7]], np.float64)


def canvas(axes: Axes, width: float, height: float, title: str) -> None:
    """Blank axes in units of one cell, y downwards."""
    axes.set(xlim=(0, width), ylim=(height, 0), aspect="equal", anchor="NW")
    axes.axis("off")
    axes.text(0, 0.3, title, ha="left", va="center", fontsize=14, fontweight="bold", color=INK)


def grid(
    axes: Axes,
    values: Array,
    left: float,
    top: float,
    colour: Callable[[int, int], str],
    title: str,
    side: float = 1,
) -> None:
    """Draw a 2-D array as square cells with their numbers, the first row at the top."""
    from matplotlib.patches import Rectangle

    for (row, column), value in np.ndenumerate(values):
        x, y, fill = left + column * side, top + row * side, colour(row, column)
        axes.add_patch(Rectangle((x, y), side, side, facecolor=fill, edgecolor="white", lw=2))
        axes.text(
            x + side / 2,
            y + side / 2,
            f"{value:g}",
            ha="center",
            va="center",
            fontsize=14,
            color="white" if fill == DARK else INK,
        )
    middle = left + values.shape[1] * side / 2
    axes.text(middle, top - 0.15, title, ha="center", va="bottom", fontsize=11.5, color=INK)


def arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float], colour: str) -> None:
    style = {"arrowstyle": "-|>", "color": colour, "lw": 1.8, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", xy=end, xytext=start, arrowprops={**style, "mutation_scale": 15})


def draw_worked_example(axes: Axes) -> None:
    """Windows to the left of the input, the whole array to the right."""
    canvas(axes, 12.4, 7.5, "Pooling a 4 x 4 array")
    largest = np.reshape(pypool.global_max_pool2d(WORKED), (1, 1))
    mean = np.reshape(pypool.global_avg_pool2d(WORKED), (1, 1))

    def window(row: int, column: int) -> str:
        return HUES[row // 2 * 2 + column // 2]

    def pooled(row: int, column: int) -> str:
        return HUES[row * 2 + column]

    def whole(row: int, column: int) -> str:
        return WHOLE

    grid(axes, WORKED, 4.1, 2.4, window, "input")
    grid(axes, pypool.max_pool2d(WORKED, 2), 0.4, 1.75, pooled, "2 x 2 max")
    grid(axes, pypool.avg_pool2d(WORKED, 2), 0.4, 5.05, pooled, "2 x 2 average")
    grid(axes, largest, 10.1, 2.0, whole, "global max", 1.5)
    grid(axes, mean, 10.1, 5.3, whole, "global average", 1.5)
    for y, end in ((3.4, 2.75), (5.4, 6.05)):
        arrow(axes, (3.9, y), (2.65, end), FAINT)
        arrow(axes, (8.3, y), (9.8, end), FAINT)


def draw_translation(axes: Axes) -> None:
    """One bright pixel before and after a step inside its window, each with its 2 x 2 max."""
    from matplotlib.patches import Rectangle

    canvas(axes, 15.4, 7, "A pixel moves inside its window: the max stays")
    before, after = np.zeros((4, 4)), np.zeros((4, 4))
    before[0, 2] = after[1, 3] = 9

    def lit(values: Array) -> Callable[[int, int], str]:
        return lambda row, column: BRIGHT if values[row, column] else DARK

    top = 1.85
    for values, left, title in ((before, 0.1, "before"), (after, 8.2, "after")):
        result = pypool.max_pool2d(values, 2)
        grid(axes, values, left, top, lit(values), title)
        for row, column in np.ndindex(2, 2):
            corner = left + 2 * column, top + 2 * row
            axes.add_patch(Rectangle(corner, 2, 2, fill=False, edgecolor="#8aa4bd", lw=3))
        arrow(axes, (left + 4.2, top + 2), (left + 4.95, top + 2), FAINT)
        grid(axes, result, left + 5.1, top + 1, lit(result), "2 x 2 max")
    old = 8.2 + 2, top
    axes.add_patch(
        Rectangle(
            (old[0] + 0.1, old[1] + 0.1), 0.8, 0.8, fill=False, edgecolor=BRIGHT, lw=1.8, ls=":"
        )
    )
    arrow(axes, (old[0] + 0.72, old[1] + 0.72), (old[0] + 1.3, old[1] + 1.3), MOVE)
    same = np.array_equal(pypool.max_pool2d(before, 2), pypool.max_pool2d(after, 2))
    axes.text(
        7.65,
        6.55,
        "Both pool to the same array." if same else "The pooled arrays differ.",
        ha="center",
        va="center",
        fontsize=12,
        color=INK,
    )


def draw_panel(axes: Axes, x: Array, title: str, note: str) -> None:
    """One picture with a title and a line of small print above it."""
    step = -(-max(x.shape[:2]) // SHOWN_PIXELS)
    if step > 1:  # padding "same": a thin side stays
        x = pypool.avg_pool2d(x, step, padding="same", dtype="uint8")
    height, width = x.shape[:2]
    slender = max(height, width) > 5 * min(height, width)
    axes.imshow(
        x,
        cmap="gray",
        vmin=0,
        vmax=255,
        interpolation="nearest" if max(height, width) < 400 else "antialiased",
        aspect="auto" if slender else "equal",
    )
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set_color("#cbd2d9")
    axes.annotate(
        title,
        (0, 1),
        (0, 22),
        xycoords="axes fraction",
        textcoords="offset points",
        fontsize=13,
        fontweight="bold",
        color=INK,
        va="bottom",
    )
    axes.annotate(
        note,
        (0, 1),
        (0, 6),
        xycoords="axes fraction",
        textcoords="offset points",
        fontsize=10,
        color=FAINT,
        va="bottom",
    )


def draw_swatch(axes: Axes, values: Array, title: str) -> None:
    """The colour that global pooling gives, with its numbers."""
    colour = np.atleast_1d(values) / 255
    axes.set(xticks=[], yticks=[], facecolor=str(colour[0]) if colour.size == 1 else tuple(colour))
    for spine in axes.spines.values():
        spine.set_color("#cbd2d9")
    numbers = ", ".join(f"{value:.4g}" for value in np.atleast_1d(values))
    axes.text(
        1.06,
        0.5,
        f"{title}\n({numbers})",
        transform=axes.transAxes,
        va="center",
        fontsize=11,
        linespacing=1.5,
        color=INK,
    )


def draw(x: Array, name: str, timings: dict[str, Timing]) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(16, 9.6), dpi=100, facecolor="white")
    FigureCanvasAgg(figure)
    name = name if len(name) <= 60 else f"{name[:40]}...{name[-15:]}"
    figure.text(0.025, 0.945, "pypool demo", fontsize=20, fontweight="bold", color=INK)
    figure.text(0.165, 0.945, name, fontsize=14, color=FAINT, parse_math=False)

    lefts, bottoms, size = (0.025, 0.31), (0.51, 0.115), (0.265, 0.32)
    original = figure.add_axes((lefts[0], bottoms[0], *size), anchor="NW")
    draw_panel(original, x, "original", described(x))
    for (column, row), panel in (((1, 0), "max"), ((0, 1), "average"), ((1, 1), "min")):
        t = timings[panel]
        note = f"{described(t.out)}     {duration(t.ours)}, NumPy {duration(t.plain)}"
        axes = figure.add_axes((lefts[column], bottoms[row], *size), anchor="NW")
        draw_panel(axes, t.out, t.call.text, note)
    for left, panel in zip(lefts, ("global max", "global average"), strict=True):
        axes = figure.add_axes((left, 0.035, 0.06, 0.055))
        draw_swatch(axes, timings[panel].out, timings[panel].call.text)

    draw_worked_example(figure.add_axes((0.61, 0.485, 0.37, 0.41)))
    draw_translation(figure.add_axes((0.61, 0.02, 0.37, 0.48)))
    return figure


# ---- the demo ------------------------------------------------------------------------------------


def cannot_write(output: str, error: OSError) -> DemoError:
    return DemoError(f"cannot write {printable(output)}: {printable(error.strerror or error)}")


def check_writable(output: str) -> None:
    """Meet what would keep the picture from being written before the work for it is done."""
    is_new = not os.path.lexists(output)
    try:
        with open(output, "ab"):
            pass
    except OSError as error:
        raise cannot_write(output, error) from None
    if is_new:
        os.unlink(output)


def run(image: str | None, output: str, pool_size: int | None = None) -> None:
    """Pool the image, print what was done, write the picture."""
    try:
        import matplotlib.style
        import PIL.Image  # noqa: F401
    except ImportError as error:
        needs = f"the demo needs matplotlib and pillow ({error})"
        raise DemoError(f"{needs}; install them with: pip install 'pypool[demo]'") from None

    path = PHOTOGRAPH if image is None else Path(image)
    x = load(path)
    check_writable(output)
    k = pool_size or max(2, max(x.shape[:2]) // WINDOWS_ALONG)
    window = min(k, x.shape[0]), min(k, x.shape[1])

    config = pypool.show_config(mode="dicts")
    print(
        f"pypool {config['version']} ({config['instruction_set']}) beside "
        f"NumPy {config['numpy']}, one thread each"
    )
    origin = " (by Stefan van der Walt, CC0; comes with pypool)" if image is None else ""
    print(f"image: {printable(path.name)}{origin}")
    if window != (k, k):
        print(f"the window {(k, k)} is larger than the image; using {window}")

    todo = calls(x, window)
    crop = ", its top left corner alone" if todo["overlapping max"].x.shape != x.shape else ""
    print(f"x is the image, f the same as float32 in 0..1{crop}\n", flush=True)
    with pypool.set_workers(1):  # NumPy has one thread too
        timings = {panel: timed(call) for panel, call in todo.items()}
    print(report(list(timings.values())))
    print("\nTimes of a call: medians of runs that take turns; ratio: NumPy / pypool.")
    print("Results are equal to NumPy's, averages that are floats to within 1e-6.")

    with matplotlib.style.context("default"), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a glyph of the file's name, missing
        figure = draw(x, printable(path.name), timings)
        try:
            figure.savefig(output, format="png")
        except OSError as error:
            raise cannot_write(output, error) from None
    print(f"wrote {printable(output)}")
