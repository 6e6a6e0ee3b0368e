"""Draws how the time of a call grows: with its window, with its array, with its threads.

    python bench/scaling.py [--peers a,b] [--quick] [--json FILE] [--plot FILE]

Measured as compare.py measures: a process for each library, rounds in turns, medians.
"""

import argparse
import json
import os

import compare
from workloads import FIRST, LAST, Workload

WINDOWS = [3, 5, 7, 9, 13, 19, 31, 45, 63]
PLANES = [(1, 16), (1, 64), (4, 128), (16, 256), (64, 256), (64, 512), (64, 1024), (64, 2048)]


def panels(threads):
    """Of each panel its title, the name of its axis, and (position, threads, workload)."""
    for op in ("max", "avg"):
        image = Workload("window", f"{op}_pool2d", (2048, 2048), "float32", LAST, stride=1)
        points = [(window, threads, image._replace(window=window)) for window in WINDOWS]
        yield f"{op}, stride 1, 2048 x 2048 float32", "window", points
    shapes = [(1, channels, size, size) for channels, size in PLANES]
    works = [Workload("size", "max_pool2d", shape, "float32", FIRST, 2, 2) for shape in shapes]
    sizes = [(4 * w.shape[1] * w.shape[2] * w.shape[3], threads, w) for w in works]
    yield "max 2x2/2, channels_first float32", "bytes of input", sizes
    work = Workload("threads", "max_pool2d", (32, 64, 112, 112), "float32", FIRST, 2, 2)
    counts = [(n, n, work) for n in range(1, threads + 1)]
    yield "max 2x2/2, 103 MB", "threads", counts


def measured(points, names, quick):
    """Seconds of each library and of the floor at each position."""
    rounds = compare.QUICK_ROUNDS if quick else compare.ROUNDS
    turn_seconds = compare.QUICK_TURN_SECONDS if quick else compare.TURN_SECONDS
    lines, processes, running = {}, {}, None
    for at, threads, workload in points:
        if threads != running:
            compare.end(processes)
            processes, running = compare.begin(threads, None, names), threads
        seconds, _ = compare.measure(workload, processes, rounds, turn_seconds)
        for name, value in seconds.items():
            lines.setdefault(name, []).append((at, value))
        print(at, {name: f"{value:.3g}" for name, value in seconds.items()}, flush=True)
    compare.end(processes)
    return lines


def draw(report, path):
    from matplotlib import pyplot, ticker  # noqa: PLC0415 - of the extra `demo`, for pictures only

    figure, axes = pyplot.subplots(1, len(report["panels"]), figsize=(16, 4.5))
    names = list(dict.fromkeys(name for panel in report["panels"] for name in panel["lines"]))
    for panel, ax in zip(report["panels"], axes, strict=True):
        for name, line in panel["lines"].items():
            style = {"color": f"C{names.index(name)}", "marker": "."}
            if name == "floor":
                style = {"color": "black", "linestyle": "--"}
            ax.plot(*zip(*line, strict=True), label=name, **style)
        ax.set_xscale("log")
        ax.set_yscale("log")
        if panel["axis"] != "bytes of input":
            ticks = sorted({at for line in panel["lines"].values() for at, _ in line})
            ax.set_xticks(ticks[::2] if len(ticks) > 5 else ticks)
            ax.set_xticklabels([str(tick) for tick in ax.get_xticks().astype(int)])
            ax.xaxis.set_minor_formatter(ticker.NullFormatter())
        ax.set_title(panel["title"], fontsize=9)
        ax.set_xlabel(panel["axis"])
        ax.legend(fontsize=7)
    axes[0].set_ylabel("seconds")
    figure.tight_layout(rect=(0, 0, 1, 0.97))
    figure.suptitle(report["processor"], fontsize=9)
    figure.savefig(path, dpi=120, bbox_inches="tight")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peers", metavar="a,b", default="", help="as compare.py's")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, shorter turns")
    parser.add_argument("--json", metavar="FILE", help="where to write every figure")
    parser.add_argument("--plot", metavar="FILE", help="where to draw them; needs matplotlib")
    options = parser.parse_args()
    names = [name for name in options.peers.split(",") if name]
    report = {"processor": compare.processor(), "panels": []}
    for title, axis, points in panels(len(os.sched_getaffinity(0))):
        print(title)
        lines = measured(points, names, options.quick)
        report["panels"].append({"title": title, "axis": axis, "lines": lines})
    if options.json:
        with open(options.json, "w") as file:
            json.dump(report, file, indent=1)
    if options.plot:
        draw(report, options.plot)


if __name__ == "__main__":
    main()
