#!/usr/bin/env python3
"""Times whole processes on the same files, in one run, turn by turn, so that a busy machine slows all of them alike.

    cargo build --release --locked --examples --bins
    python3 benches/compare.py FOLDER [--runs 5] [--threads N]

Prints the median, the smallest and the largest time and the peak memory of each command, and its ratio to parsing alone. Peers
(ruff, oxlint, ast-grep, semgrep) take part when they are on the PATH; none is installed or fetched.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BUILT = Path(__file__).resolve().parent.parent / "target" / "release"
CODE = (".py", ".ts", ".tsx")


def commands(folder, cache, threads):
    """Name, command, what to do before each run."""
    scan = [str(BUILT / "perfaudit"), "scan", folder, "--format", "json", "--fail-on", "never", "--threads", str(threads)]
    baselines = str(BUILT / "examples" / "baselines")
    touched = min((path for path in Path(folder).rglob("*") if path.suffix in CODE and path.is_file()), default=None)

    def change():
        if touched:
            with open(touched, "ab") as file:
                file.write(b"\n")

    yield "walk and hash", [baselines, "hash", folder], None
    yield "parse only", [baselines, "parse", folder], None
    yield "perfaudit, cold, no cache", [*scan, "--no-cache"], None
    yield "perfaudit, cold, writes cache", scan, lambda: shutil.rmtree(cache, ignore_errors=True)
    yield "perfaudit, warm", scan, None
    yield "perfaudit, warm, one file changed", scan, change
    peers = {
        "ruff PERF,ASYNC (Python)": ["ruff", "check", "--no-cache", "--isolated", "--select", "PERF,ASYNC", "--exit-zero", folder],
        "oxlint no-await-in-loop (TypeScript)": ["oxlint", "--allow", "all", "--deny", "no-await-in-loop", folder],
        "ast-grep for loops (TypeScript)": ["ast-grep", "run", "--lang", "ts", "--pattern", "for (const $A of $B) { $$$ }", "--json=compact", folder],
        "semgrep time.sleep (Python)": ["semgrep", "scan", "--metrics=off", "--disable-version-check", "--quiet"]
        + ["--lang", "py", "--pattern", "time.sleep(...)", folder],
        "semgrep for loops (TypeScript)": ["semgrep", "scan", "--metrics=off", "--disable-version-check", "--quiet"]
        + ["--lang", "ts", "--pattern", "for (const $A of $B) { ... }", folder],
    }
    for name, command in peers.items():
        if shutil.which(command[0]):
            yield name, command, None


def once(command, cache):
    """Seconds and peak memory in MB."""
    environment = dict(os.environ, PERFAUDIT_CACHE_DIR=cache)
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    _, _, usage = os.wait4(process.pid, 0)
    return time.perf_counter() - start, usage.ru_maxrss * 1024 / 1e6


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=0)
    arguments = parser.parse_args()
    if not (BUILT / "perfaudit").exists():
        sys.exit("compare.py: build first: cargo build --release --locked --examples --bins")
    with tempfile.TemporaryDirectory() as work:
        # A copy: one file of it is changed.
        folder, cache = os.path.join(work, "files"), os.path.join(work, "cache")
        shutil.copytree(arguments.folder, folder, symlinks=True, ignore=shutil.ignore_patterns(".git", "node_modules"))
        counted = subprocess.run([str(BUILT / "examples" / "baselines"), "size", folder], capture_output=True, text=True, check=True)
        files, size, lines = (int(word) for word in counted.stdout.split())
        rows = {}
        for _ in range(arguments.runs):
            for name, command, prepare in commands(folder, cache, arguments.threads):
                if prepare:
                    prepare()
                rows.setdefault(name, []).append(once(command, cache))
    floor = statistics.median(seconds for seconds, _ in rows["parse only"])
    print(f"{files} files, {size / 1e6:.1f} MB, {lines} lines read; {arguments.runs} runs in turn")
    print(f"{'command':36} {'median s':>9} {'min':>7} {'max':>7} {'peak MB':>8} {'MB / MB':>8} {'/ parse':>8}")
    for name, runs in rows.items():
        times = [seconds for seconds, _ in runs]
        middle, peak = statistics.median(times), max(memory for _, memory in runs)
        print(f"{name:36} {middle:9.3f} {min(times):7.3f} {max(times):7.3f} {peak:8.0f} {peak * 1e6 / size:8.1f} {middle / floor:8.2f}")


if __name__ == "__main__":
    main()
