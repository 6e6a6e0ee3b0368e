"""The demo: pool an image, time each call beside plain NumPy's, draw what came out."""

from __future__ import annotations

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
FLOAT_PIXELS = 1 << 24  # float32 calls take a crop of this size at most: NumPy's copies are large
SHOWN_PIXELS = 1000  # a panel with more along a side is averaged down before it is drawn
RUNS = 5, 51  # of each call: at least, at most
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
    encoding = sys.stdout.encoding or "ascii"
    return line.encode(encoding, "backslashreplace").decode(encoding)


# ---- plain NumPy ---------------------------------------------------------------------------------


def blocks(x: Array, window: tuple[int, int]) -> Array:
    """View (rows, kh, columns, kw, ...) of x (H, W, ...); what fills no window is left out."""
    kh, kw = window
    rows, columns = x.shape[0] // kh, x.shape[1] // kw
    return x[: rows * kh, : columns * kw].reshape(rows, kh, columns, kw, *x.shape[2:])


def block_mean(x: Array, window: tuple[int, int]) -> Array:
    return np.rint(blocks(x, window).mean(axis=(1, 3))).astype(x.dtype)


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


def timed(call: Call) -> Timing:
    """Check that both give the same, then time them in turns."""
    out, expected = call.ours(), call.plain()
    same = out.shape == expected.shape and out.dtype == expected.dtype
    if not same or not np.allclose(out, expected, rtol=call.tolerance, atol=call.tolerance):
        raise DemoError(f"{call.text} differs from NumPy's result; please report this")
    seconds: list[tuple[float, float]] = []
    begin = perf_counter()
    while len(seconds) < RUNS[0] or (len(seconds) < RUNS[1] and perf_counter() - begin < SECONDS):
        start = perf_counter()
        call.ours()
        middle = perf_counter()
        call.plain()
        seconds.append((middle - start, perf_counter() - middle))
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
WHOLE = "#d8c8ec"  # a result of the whole image
DARK, BRIGHT = "#2b3a4a", "#ffd23f"

WORKED = np.array([[1, 3, 2, 9], [5, 6, 1, 7], [4, 2, 8, 6], [3, 1, 5, 7]], np.float64)


def grid(
    axes: Axes,
    values: Array,
    left: float,
    top: float,
    colour: Callable[[int, int], str],
    title: str = "",
) -> None:
    """Draw a 2-D array as unit cells with their numbers, the first row at the top."""
    from matplotlib.patches import Rectangle

    rows, columns = values.shape
    for row in range(rows):
        for column in range(columns):
            fill = colour(row, column)
            corner = left + column, top + row
            axes.add_patch(Rectangle(corner, 1, 1, facecolor=fill, edgecolor="white", linewidth=2))
            axes.text(
                corner[0] + 0.5,
                corner[1] + 0.5,
                f"{values[row, column]:g}",
                ha="center",
                va="center",
                fontsize=13 if len(f"{values[row, column]:g}") < 5 else 10.5,
                color="white" if fill == DARK else INK,
            )
    if title:
        axes.text(
            left + columns / 2, top - 0.22, title, ha="center", va="bottom", fontsize=11, color=INK
        )


def arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float], colour: str) -> None:
    style = {"arrowstyle": "-|>", "color": colour, "linewidth": 1.6, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", xy=end, xytext=start, arrowprops=style)


def canvas(axes: Axes, width: float, height: float, title: str) -> None:
    """Blank axes in units of one cell, y downwards."""
    axes.set(xlim=(0, width), ylim=(height, 0), aspect="equal", anchor="NW")
    axes.axis("off")
    axes.text(0, 0.25, title, ha="left", va="center", fontsize=13, fontweight="bold", color=INK)


def draw_worked_example(axes: Axes) -> None:
    canvas(axes, 16.4, 7.6, "Pooling a 4 x 4 array")
    top, bottom = pypool.max_pool2d(WORKED, 2), pypool.avg_pool2d(WORKED, 2)
    largest = np.reshape(pypool.global_max_pool2d(WORKED), (1, 1))
    mean = np.reshape(pypool.global_avg_pool2d(WORKED), (1, 1))

    def window(row: int, column: int) -> str:
        return HUES[row // 2 * 2 + column // 2]

    def pooled(row: int, column: int) -> str:
        return HUES[row * 2 + column]

    grid(axes, WORKED, 0.2, 2.35, window, "input")
    grid(axes, top, 7.2, 1.7, pooled, "2 x 2 max")
    grid(axes, bottom, 7.2, 5.0, pooled, "2 x 2 average")
    grid(axes, largest, 13.2, 2.2, lambda *_: WHOLE, "global max")
    grid(axes, mean, 13.2, 5.5, lambda *_: WHOLE, "global average")
    arrow(axes, (4.6, 3.6), (6.8, 2.7), FAINT)
    arrow(axes, (4.6, 5.1), (6.8, 6.0), FAINT)


def draw_translation(axes: Axes) -> None:
    from matplotlib.patches import Rectangle

    canvas(axes, 16.4, 6.9, "A pixel that moves inside its window leaves the max unchanged")
    before, after = np.zeros((4, 4)), np.zeros((4, 4))
    before[0, 2] = after[1, 3] = 9

    def lit(values: Array) -> Callable[[int, int], str]:
        return lambda row, column: BRIGHT if values[row, column] else DARK

    for values, left, title in ((before, 0.2, "before"), (after, 8.9, "after")):
        result = pypool.max_pool2d(values, 2)
        grid(axes, values, left, 1.6, lit(values), title)
        for row in (0, 2):
            for column in (0, 2):
                corner = left + column, 1.6 + row
                box = Rectangle(corner, 2, 2, fill=False, edgecolor="#9fb3c8", linewidth=2.5)
                axes.add_patch(box)
        arrow(axes, (left + 4.2, 3.6), (left + 4.95, 3.6), FAINT)
        grid(axes, result, left + 5.15, 2.6, lit(result), "2 x 2 max")
    arrow(axes, (11.55, 2.25), (12.2, 2.9), BRIGHT)
    same = np.array_equal(pypool.max_pool2d(before, 2), pypool.max_pool2d(after, 2))
    verdict = "the same result" if same else "not the same result"
    axes.text(8.2, 6.25, verdict, ha="center", va="center", fontsize=12, color=INK)


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
    figure.text(0.025, 0.962, "pypool demo", fontsize=20, fontweight="bold", color=INK)
    figure.text(0.135, 0.962, name, fontsize=13, color=FAINT, parse_math=False)

    lefts, bottoms, width, height = (0.025, 0.31), (0.525, 0.125), 0.265, 0.335
    original = figure.add_axes((lefts[0], bottoms[0], width, height), anchor="SW")
    draw_panel(original, x, "original", described(x))
    for place, panel in (((1, 0), "max"), ((0, 1), "average"), ((1, 1), "min")):
        t = timings[panel]
        note = f"{described(t.out)}     {duration(t.ours)}, NumPy {duration(t.plain)}"
        axes = figure.add_axes((lefts[place[0]], bottoms[place[1]], width, height), anchor="SW")
        draw_panel(axes, t.out, t.call.text, note)
    for left, panel in zip(lefts, ("global max", "global average"), strict=True):
        axes = figure.add_axes((left, 0.035, 0.06, 0.055))
        draw_swatch(axes, timings[panel].out, timings[panel].call.text)

    draw_worked_example(figure.add_axes((0.605, 0.48, 0.375, 0.43)))
    draw_translation(figure.add_axes((0.605, 0.03, 0.375, 0.40)))
    return figure


# ---- the demo ------------------------------------------------------------------------------------


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
    k = pool_size or max(2, max(x.shape[:2]) // WINDOWS_ALONG)
    window = min(k, x.shape[0]), min(k, x.shape[1])

    config = pypool.show_config(mode="dicts")
    print(
        f"pypool {config['version']} ({config['instruction_set']}, "
        f"workers: {config['workers']}) beside NumPy {config['numpy']}"
    )
    origin = " (by Stefan van der Walt, CC0; comes with pypool)" if image is None else ""
    print(f"image: {printable(path.name)}{origin}")
    if window != (k, k):
        print(f"the window {(k, k)} is larger than the image; using {window}")

    timings = {panel: timed(call) for panel, call in calls(x, window).items()}
    print("x is the image, f the same as float32 in 0..1", end="")
    cropped = timings["overlapping max"].call.x.shape != x.shape
    print(", its top left corner alone\n" if cropped else "\n")
    print(report(list(timings.values())))
    print("\nTimes are medians of runs in turns; ratio is NumPy / pypool. Results are equal to")
    print("NumPy's; averages of floats to within 1e-6.")

    with matplotlib.style.context("default"), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a glyph of the file's name, missing
        figure = draw(x, printable(path.name), timings)
        try:
            figure.savefig(output, format="png")
        except OSError as error:
            reason = error.strerror or error
            raise DemoError(f"cannot write {printable(output)}: {printable(reason)}") from None
    print(f"wrote {printable(output)}")
