"""Times pypool beside the memory floor and beside every peer that is installed.

    python bench/compare.py [--only PATTERN] [--threads N] [--peers a,b] [--quick] [--isa NAME]
                            [--json FILE] [--plot FILE] [--gate]

Each library has a process of its own, which keeps its threads and its buffers; one of them works
at a time, the others wait for a message. In a round every library has one turn at the same
workload: a turn is many calls, and its figure is their median. What is printed are ratios of
medians over the rounds. The floor runs in pypool's process, on pypool's buffers and threads,
alternating with it call by call. Every peer's result is compared with pypool's.

With --gate a workload may take twice the ratio to the floor that it is meant to reach, in one of
three measurements at least: a kernel that lost its vectors fails, a busy machine does not.
"""

import argparse
import gc
import json
import math
import multiprocessing
import os
import platform
import re
import statistics
import sys
import time

import numpy as np
import peers
from workloads import TARGETS, WORKLOADS

ROUNDS, QUICK_ROUNDS = 9, 3
TURN_SECONDS, QUICK_TURN_SECONDS = 0.1, 0.02
MOST_CALLS = 1000  # in a turn
LONG_SECONDS = 1  # of a peer's call: of longer ones the first figure stands
GATE_TRIES, GATE_SLACK = 3, 2
COLUMNS = 3  # of the picture
REST_SECONDS = 0.02  # before a turn, until the threads of the library before have stopped spinning


def turn(runs, calls):
    """Median seconds of each function, the functions alternating call by call."""
    seconds = {name: [] for name in runs}
    for run in runs.values():
        run()  # wakes the threads, fills the caches
    for _ in range(calls):
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in seconds.items()}


def prepare(library, workload):
    """What to time; and the seconds of one call with a sample of its result, or what went wrong."""
    try:
        runs, result = library.prepare(workload, workload.array())
        seconds = sum(turn(runs, 1).values())
        values = result().reshape(-1)
        return runs, (seconds, values[:: values.size // 5000 + 1].copy())
    except Exception as error:
        return {}, f"{type(error).__name__}: {error}".splitlines()[0]


def serve(pipe, kind, arguments):
    """The process of a library: prepares each workload it is sent, has a turn for each number."""
    library, runs = kind(*arguments), {}
    pipe.send(library.version)
    gc.disable()
    while message := pipe.recv():
        if isinstance(message, int):
            answer = turn(runs, message)
        else:
            runs = {}  # gives the memory of the last workload back
            runs, answer = prepare(library, message)
        pipe.send(answer)


class Process:
    """The calling end of `serve`."""

    def __init__(self, library, arguments):
        spawn = multiprocessing.get_context("spawn")
        self.pipe, end = spawn.Pipe()
        self.process = spawn.Process(
            target=serve, args=(end, peers.LIBRARIES[library], arguments), daemon=True
        )
        self.process.start()
        end.close()
        self.version = self.pipe.recv()

    def ask(self, message):
        self.pipe.send(message)
        return self.pipe.recv()


def begin(threads, instruction_set, names):
    """The processes of pypool and of the peers named."""
    processes = {"pypool": Process("pypool", (threads, instruction_set))}
    return processes | {name: Process(name, (threads,)) for name in names}


def end(processes):
    for process in processes.values():
        process.pipe.send(None)
        process.process.join()


def agree(values, expected):
    """Whether results differ by at most one unit of an integer, or the rounding of a mean."""
    if values.shape != expected.shape:
        return False
    if expected.dtype.kind in "iu":
        return np.abs(values.astype(np.int64) - expected.astype(np.int64)).max(initial=0) <= 1
    tolerance = 16 * float(np.finfo(expected.dtype).eps)
    return np.allclose(values, expected, tolerance, tolerance, equal_nan=True)


def measure(workload, processes, rounds, turn_seconds):
    """Seconds of each library and of the floor; and what each library without a figure said."""
    calls, medians, notes, expected = {}, {}, {}, None
    for name, process in processes.items():
        answer = process.ask(workload)
        if isinstance(answer, str):
            notes[name] = answer
            continue
        seconds, values = answer
        expected = values if name == "pypool" else expected
        if expected is not None and not agree(values, expected):
            notes[name] = "another result than pypool's"
            continue
        if name != "pypool" and seconds > LONG_SECONDS:
            medians[name] = [seconds]
        else:
            calls[name] = max(1, min(MOST_CALLS, int(turn_seconds / seconds)))

    for _ in range(rounds):
        for name, number in calls.items():
            time.sleep(REST_SECONDS)
            for key, seconds in processes[name].ask(number).items():
                medians.setdefault(key, []).append(seconds)
    return {name: statistics.median(values) for name, values in medians.items()}, notes


def row(workload, seconds, names):
    """One line of the table: the floor's time, and what the others are to it or to pypool."""
    pypool, floor = seconds.get("pypool"), seconds.get("floor")
    ratios = {name: seconds[name] / pypool for name in names if name in seconds and pypool}
    best = min(ratios, key=ratios.get, default=None)
    cells = [
        str(workload),
        f"{floor * 1e3:.3g}" if floor else "-",
        f"{pypool / floor:.2f}" if pypool else "-",
        *(f"{ratios[name]:.2f}" if name in ratios else "-" for name in names),
        f"**{ratios[best]:.2f}** ({best})" if best else "-",
    ]
    return "| " + " | ".join(cells) + " |"


def passes(workload, processes, rounds, turn_seconds, seconds):
    """Whether the gate lets these figures, or those of another try, through."""
    for tries in range(GATE_TRIES):
        if tries:
            seconds, _ = measure(workload, processes, rounds, turn_seconds)
        if seconds["pypool"] <= GATE_SLACK * TARGETS[workload.name] * seconds["floor"]:
            return True
    return False


def draw(report, path):
    """Times the floor, of pypool and of every peer: a group of bars for each workload."""
    from matplotlib import patches, pyplot  # noqa: PLC0415 - of the extra `demo`, for pictures only

    results = [result for result in report["results"] if "pypool" in result["seconds"]]
    names = [name for name in report["versions"] if any(name in r["seconds"] for r in results)]
    colors = pyplot.colormaps["tab20"].colors
    height, rows = 0.8 / len(names), math.ceil(len(results) / COLUMNS)
    size = (7 * COLUMNS, 1.5 + 0.06 * rows * (len(names) + 2))
    figure, panels = pyplot.subplots(1, COLUMNS, figsize=size, sharex=True, squeeze=False)
    for column, axes in enumerate(panels[0]):
        shown = results[column * rows : (column + 1) * rows]
        for i, name in enumerate(names):
            bars = [
                (at + i * height, r["seconds"][name] / r["seconds"]["floor"])
                for at, r in enumerate(shown)
                if name in r["seconds"]
            ]
            places, times = zip(*bars, strict=True) if bars else ((), ())
            axes.barh(places, times, height=height, color=colors[i])
        axes.axvline(1, color="black", linewidth=0.8)
        axes.set_yticks([at + 0.4 for at in range(len(shown))])
        axes.set_yticklabels([r["label"] for r in shown], fontsize=5)
        axes.invert_yaxis()
        axes.set_xscale("log")
        axes.set_xlabel("times the memory floor")
        axes.margins(y=0.01)
    handles = [patches.Patch(color=colors[i], label=name) for i, name in enumerate(names)]
    panels[0][-1].legend(handles=handles, fontsize=7)
    figure.suptitle(f"{report['processor']}, {report['threads']} threads", fontsize=9)
    figure.tight_layout(rect=(0, 0, 1, 0.99))
    figure.savefig(path, dpi=90, bbox_inches="tight")


def processor():
    """The name of the processor, as the system gives it."""
    try:
        with open("/proc/cpuinfo") as lines:
            return next(line[13:].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", metavar="PATTERN", help="regular expression")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--peers", metavar="a,b", help=f"of {', '.join(peers.installed())}")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, shorter turns")
    parser.add_argument("--isa", metavar="NAME", help="instruction set pypool has to use")
    parser.add_argument("--json", metavar="FILE", help="where to write every figure")
    parser.add_argument("--plot", metavar="FILE", help="where to draw them; needs matplotlib")
    parser.add_argument("--gate", action="store_true", help="fail far from the floor")
    options = parser.parse_args()
    options.workloads = [w for w in WORKLOADS if re.search(options.only, str(w))]
    if not options.workloads:
        parser.error(f"--only {options.only} matches none of the workloads")
    names = peers.installed() if options.peers is None else options.peers.split(",")
    options.peers = [name for name in names if name]
    if missing := set(options.peers) - set(peers.installed()):
        parser.error(f"--peers {', '.join(sorted(missing))}: not installed")
    return options


def main():
    options, load = arguments(), os.getloadavg()[0]
    processes = begin(options.threads, options.isa, options.peers)
    report = {
        "processor": processor(),
        "threads": options.threads,
        "load": load,  # of other work: should be near 0
        "versions": {name: process.version for name, process in processes.items()},
        "results": [],
    }
    versions = ", ".join(f"{name} {version}" for name, version in report["versions"].items())
    print(f"{report['processor']}, {options.threads} threads, load {load:.1f}; {versions}\n")
    titles = ["workload", "floor, ms", "pypool / floor"]
    titles += [*(f"{name} / pypool" for name in options.peers), "best peer / pypool"]
    print("| " + " | ".join(titles) + " |")
    print("|---" + "|--:" * (len(titles) - 1) + "|", flush=True)

    rounds = QUICK_ROUNDS if options.quick else ROUNDS
    turn_seconds = QUICK_TURN_SECONDS if options.quick else TURN_SECONDS
    for workload in options.workloads:
        seconds, notes = measure(workload, processes, rounds, turn_seconds)
        print(row(workload, seconds, options.peers), flush=True)
        result = {
            "label": str(workload),
            "workload": workload._asdict(),
            "seconds": seconds,
            "notes": notes,
        }
        report["results"].append(result)
        if options.gate and not passes(workload, processes, rounds, turn_seconds, seconds):
            notes["pypool"] = f"more than {GATE_SLACK} x {TARGETS[workload.name]} times the floor"
        for name, note in notes.items():
            if not note.startswith("NotOfferedError"):
                print(f"{name}: {note}", file=sys.stderr)
    end(processes)

    if options.json:
        with open(options.json, "w") as file:
            json.dump(report, file, indent=1)
    if options.plot:
        draw(report, options.plot)
    sys.exit(any("pypool" in result["notes"] for result in report["results"]))


if __name__ == "__main__":
    main()
