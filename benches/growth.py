#!/usr/bin/env python3
"""Measures how time and memory grow with the size of hostile input: each shape at 50 KB, 100 KB and so on, twice as much each time.

    cargo build --release --locked --examples --bins
    python3 benches/growth.py [WORD...] [--from 50000] [--to 2900000] [--threads 2] [--build FOLDER] [--copies 1]

A shape is what `examples/shapes.rs` writes; with words, only those whose name has one of them. Prints for each shape the processor
time (user and system, so that a busy machine matters little) and the peak memory at the largest size, and the worst step: how many
times as much twice the size took, where the smaller one took 0.1 s at least, and memory likewise from 50 MB on. `--copies 2` lays each
shape out twice, in folders that are read at the same time. A shape that took over the limits is not made larger. Marks:

    TIMES   a step over 2.2
    SLOW    over 5 s of processor time a copy
    MEMORY  over 1 GB
    FAILED  the process ended otherwise than it should
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

MOST_TIMES, MOST_SECONDS, MOST_BYTES = 2.2, 5.0, 1e9
# Less than this is noise, not growth.
LEAST_SECONDS, LEAST_BYTES = 0.1, 50e6
GIVE_UP_SECONDS = 60


def measure(command):
    """Processor seconds, peak bytes, and whether it ended well."""

    def bounded():
        resource.setrlimit(resource.RLIMIT_CPU, (GIVE_UP_SECONDS, GIVE_UP_SECONDS))

    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=bounded)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, process.returncode == 0


def sizes(first, last):
    """Twice as much each time; the last one is the largest, and no step is over two."""
    size = last
    found = []
    while size >= first:
        found.append(size)
        size //= 2
    return found[::-1]


def runs(shape, arguments):
    """For each size: what it took."""
    for size in sizes(arguments.first, arguments.last):
        with tempfile.TemporaryDirectory() as folder:
            for copy in range(arguments.copies):
                inner = folder if arguments.copies == 1 else os.path.join(folder, f"copy{copy}")
                subprocess.run([arguments.build / "examples" / "shapes", "write", inner, shape, str(size)], check=True)
            command = [arguments.binary, "scan", folder, "--format", "json", "--fail-on", "never", "--no-cache"]
            seconds, peak, is_well = measure([*command, "--threads", str(arguments.threads)])
        yield size, seconds, peak, is_well
        if not is_well or seconds > 2 * MOST_SECONDS * arguments.copies or peak > 2 * MOST_BYTES:
            return


def worst(values, least):
    """The largest ratio of neighbours, from a least value on."""
    return max((after / before for before, after in zip(values, values[1:]) if before >= least), default=0.0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="*")
    parser.add_argument("--from", dest="first", type=int, default=50_000)
    parser.add_argument("--to", dest="last", type=int, default=2_900_000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--copies", type=int, default=1)
    parser.add_argument("--build", type=Path, default=Path(__file__).resolve().parent.parent / "target" / "release")
    parser.add_argument("--binary", type=Path, help="another perfaudit to measure")
    arguments = parser.parse_args()
    arguments.binary = arguments.binary or arguments.build / "perfaudit"
    if not (arguments.build / "examples" / "shapes").exists():
        sys.exit("growth.py: build first: cargo build --release --locked --examples --bins")
    listed = subprocess.run([arguments.build / "examples" / "shapes", "list"], capture_output=True, text=True, check=True)
    names = [name for name in listed.stdout.split() if not arguments.words or any(word in name for word in arguments.words)]
    print(f"{'shape':44} {'bytes':>9} {'cpu s':>8} {'peak MB':>8} {'time x':>7} {'mem x':>6}", flush=True)
    marked = 0
    for name in names:
        rows = list(runs(name, arguments))
        size, seconds, peak, is_well = rows[-1]
        times = worst([row[1] for row in rows], LEAST_SECONDS)
        memory = worst([row[2] for row in rows], LEAST_BYTES)
        marks = [
            mark
            for mark, is_set in (
                ("TIMES", max(times, memory) > MOST_TIMES),
                ("SLOW", seconds > MOST_SECONDS * arguments.copies),
                ("MEMORY", peak > MOST_BYTES),
                ("FAILED", not is_well),
            )
            if is_set
        ]
        marked += bool(marks)
        print(f"{name:44} {size:9} {seconds:8.2f} {peak / 1e6:8.0f} {times:7.2f} {memory:6.2f} {' '.join(marks)}", flush=True)
    print(f"{len(names)} shapes, {marked} marked")


if __name__ == "__main__":
    main()
