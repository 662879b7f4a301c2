#!/usr/bin/env python3
"""Compares what two binaries print, byte by byte.

usage: ci/compare.py BEFORE AFTER [TREE …] [--lines N]

BEFORE and AFTER are two `perfaudit` binaries. Each folder of `fixtures/` and each given TREE is read by both, with one thread and
with two, and the bytes of these outputs are compared:

    scan --format json     report     queries --format json     schema --format json     calls --format json

A step that only moves code must change none of them; one that changes something shows here what. Each binary is also compared with
itself: more threads must not change a byte. Caches are not used. The error stream and the exit code are compared as well, since a run
that fails prints nothing to compare.

Prints a table, then the first lines of the first differences, and ends with 1 where there is a difference, with 2 where it cannot run.
Uses the standard library alone.
"""
import argparse
import difflib
import hashlib
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
OUTPUTS = [
    ["scan", "--format", "json"],
    ["report"],
    ["queries", "--format", "json"],
    ["schema", "--format", "json"],
    ["calls", "--format", "json"],
]
THREADS = [1, 2]
# Differences that are shown in full length, up to `--lines` each.
SHOWN = 5


class Output:
    """What a run prints, says and ends with."""

    def __init__(self, binary, command, tree, threads):
        words = [str(binary), *command, "--threads", str(threads), *uncached(binary, command[0]), "."]
        done = subprocess.run(words, cwd=tree, capture_output=True, stdin=subprocess.DEVNULL, check=False)
        self.code, self.out, self.said = done.returncode, done.stdout, done.stderr

    def key(self):
        """Equal for equal runs."""
        return (self.code, self.out, self.said)

    def lines(self):
        """For people: the output, then what was said."""
        text = self.out.decode("utf-8", "backslashreplace") + self.said.decode("utf-8", "backslashreplace")
        return [*text.splitlines(), f"(exit code {self.code})"]


def uncached(binary, command, known={}):
    """The options that keep a command from reading and writing a cache, as far as the binary has them."""
    if (binary, command) not in known:
        done = subprocess.run([str(binary), command, "--help"], capture_output=True, text=True, check=False)
        known[binary, command] = ["--no-cache"] if "--no-cache" in done.stdout else []
    return known[binary, command]


def trees(given):
    """The folders to read: those of the fixtures, then the given ones."""
    fixtures = sorted(path for path in (ROOT / "fixtures").iterdir() if path.is_dir())
    return [*fixtures, *(pathlib.Path(path).resolve() for path in given)]


def difference(title, before, after, most):
    """The first lines of a unified difference."""
    found = difflib.unified_diff(before.lines(), after.lines(), f"{title} (before)", f"{title} (after)", lineterm="", n=2)
    lines = [line for _, line in zip(range(most + 1), found)]
    return lines if len(lines) <= most else [*lines[:most], f"… the first {most} lines"]


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("before", type=pathlib.Path)
    options.add_argument("after", type=pathlib.Path)
    options.add_argument("trees", nargs="*", metavar="TREE")
    options.add_argument("--lines", type=int, default=40, help="lines that are shown of one difference (default: 40)")
    args = options.parse_args()
    binaries = [args.before.resolve(), args.after.resolve()]
    for path in [*binaries, *trees(args.trees)]:
        if not path.exists():
            print(f"{path}: no such file or folder", file=sys.stderr)
            return 2
    differences, compared = [], 0
    print(f"{'tree':<24} {'output':<8} {'bytes':>10}  {'before = after':<15} {'threads':<8} sum")
    for tree in trees(args.trees):
        for command in OUTPUTS:
            runs = {(side, threads): Output(binary, command, tree, threads) for side, binary in enumerate(binaries) for threads in THREADS}
            title = f"{tree.name}: {command[0]}"
            same = all(runs[0, threads].key() == runs[1, threads].key() for threads in THREADS)
            steady = all(runs[side, THREADS[0]].key() == runs[side, threads].key() for side in (0, 1) for threads in THREADS)
            after = runs[1, THREADS[0]]
            compared += 1
            if not same:
                differences.append(difference(title, runs[0, THREADS[0]], after, args.lines))
            for side in (0, 1):
                for threads in THREADS[1:]:
                    if runs[side, THREADS[0]].key() != runs[side, threads].key():
                        shown = f"{title}, {binaries[side].name}, 1 and {threads} threads"
                        differences.append(difference(shown, runs[side, THREADS[0]], runs[side, threads], args.lines))
            words = [f"{tree.name[:24]:<24}", f"{command[0]:<8}", f"{len(after.out):>10}", f" {'yes' if same else 'NO':<15}"]
            print(" ".join([*words, f"{'equal' if steady else 'UNEQUAL':<8}", hashlib.sha256(after.out).hexdigest()[:12]]), flush=True)
    for lines in differences[:SHOWN]:
        print("", *lines, sep="\n")
    print(f"\n{compared} outputs compared, {len(differences)} differences")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
