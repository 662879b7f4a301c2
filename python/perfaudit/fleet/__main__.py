"""The command line: `perfaudit fleet run` and `perfaudit fleet report`."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import List, Optional

from perfaudit._binary import binary
from perfaudit.fleet import escape
from perfaudit.fleet.outcome import Limits, Outcome
from perfaudit.fleet.sources import Repository, checkouts, read_list

# Exit codes: all were judged; some were not; the run or its input failed.
CLEAN, FOUND, FAILED = 0, 1, 2
UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


def main(words: Optional[List[str]] = None) -> int:
    """Runs the command line."""
    args = parser().parse_args(words)
    try:
        return int(args.run(args))
    except ImportError as error:
        return failed(f"{error}; install the extra: pip install 'perfaudit[fleet]'")
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        return failed(str(error))
    except KeyboardInterrupt:
        return failed("interrupted; the same command goes on where this one ended")


def parser() -> argparse.ArgumentParser:
    """What can be said."""
    options = argparse.ArgumentParser(prog="perfaudit fleet", description="Audits many repositories at once, and reports over all of them.")
    commands = options.add_subparsers(required=True, metavar="COMMAND")
    running = commands.add_parser("run", help="audit repositories; what has a result already is left, so that the same command goes on")
    running.set_defaults(run=run)
    running.add_argument("list", type=absolute, nargs="?", help="a CSV with the column `source`, and `name`, `team`, `revision`; or an address or path a line")
    running.add_argument("--checkouts", type=absolute, metavar="DIR", help="instead of a list: all folders in this one")
    running.add_argument("-o", "--output", type=absolute, required=True, metavar="DIR", help="where the results are kept")
    running.add_argument("--address", help="of a Ray cluster, whose machines have this package; without one, this machine alone")
    running.add_argument("--jobs", type=int, metavar="N", help="audits at once (default: one a core)")
    running.add_argument("--retries", type=int, default=1, metavar="N", help="further attempts after the first (default: 1)")
    running.add_argument("--again", action="store_true", help="try what was not judged once more")
    running.add_argument("--timeout", type=float, default=Limits.seconds, metavar="SECONDS", help="for one audit (default: 600)")
    running.add_argument("--fetch-timeout", type=float, default=Limits.fetch_seconds, metavar="SECONDS", help="for one clone (default: 300)")
    running.add_argument("--memory", type=memory, default=Limits.memory, metavar="SIZE", help="of one audit, `4G` (default); on Linux")
    running.add_argument("--program", type=absolute, metavar="FILE", help="another perfaudit than that of this package")
    reporting = commands.add_parser("report", help="what a run says over all repositories")
    reporting.set_defaults(run=report)
    reporting.add_argument("results", type=Path, nargs="+", metavar="DIR", help="the run, and earlier ones to compare with, the latest first")
    reporting.add_argument("--format", choices=("markdown", "json"), default="markdown")
    return options


def absolute(text: str) -> Path:
    """A path that means the same in another current folder: workers have one of their own."""
    return Path(text).absolute()


def memory(text: str) -> int:
    """A size with a unit."""
    found = re.fullmatch(r"(\d+)([KMG]?)(?:i?B)?", text.upper())
    if found is None:
        raise argparse.ArgumentTypeError(f"{text}: not a size, such as 4G or 512M")
    return int(found.group(1)) * UNITS[found.group(2)]


def run(args: argparse.Namespace) -> int:
    """`perfaudit fleet run`."""
    from perfaudit.fleet import engine
    from perfaudit.fleet.store import Store

    if (args.list is None) == (args.checkouts is None):
        return failed("give either a list or --checkouts")
    repositories = checkouts(args.checkouts) if args.list is None else read_list(args.list)
    limits = Limits(args.timeout, args.fetch_timeout, args.memory)
    program = None if args.program is None else str(args.program)
    store = Store(args.output, {"program": program or binary().name, "version": version(program)})
    known = store.done(args.again)
    left = [one for one in repositories if one.key not in known]
    tell(f"{len(repositories)} repositories, {len(repositories) - len(left)} of them done before")
    start, told = time.monotonic(), Progress(len(left))
    if left:
        # What is audited lies there, or may.
        strange = (os.getcwd(), str(args.checkouts if args.list is None else args.list.parent))
        engine.run(left, store, engine.Options(limits, args.retries, args.jobs, args.address, program, strange), told)
    seconds = time.monotonic() - start
    tell(f"{told.judged} judged, {told.count - told.judged} not, in {seconds:.1f} s; perfaudit fleet report {args.output}")
    keys = {one.key for one in repositories}
    # Of the whole list, what earlier runs could not judge included.
    return CLEAN if keys <= store.done(True) else FOUND


def version(program: Optional[str]) -> str:
    """The version of the program: results of two versions are two runs."""
    words = [program or str(binary()), "--version"]
    return subprocess.run(words, capture_output=True, text=True, check=True, timeout=60).stdout.strip()


class Progress:
    """Tells of each repository that was not judged, and now and then how far the run is."""

    def __init__(self, total: int) -> None:
        self.total, self.count, self.judged = total, 0, 0

    def __call__(self, repository: Repository, attempts: int, outcome: Outcome) -> None:
        self.count += 1
        self.judged += outcome.status.is_judged
        if not outcome.status.is_judged:
            tell(f"{repository.name}: {outcome.status.value} after {attempts} attempts: {outcome.reason}")
        if self.count % max(1, self.total // 20) == 0:
            tell(f"{self.count} of {self.total}")


def report(args: argparse.Namespace) -> int:
    """`perfaudit fleet report`."""
    from perfaudit.fleet import summary

    for folder in args.results:
        if not any((folder / "parts").glob("part=*")):
            return failed(f"{folder}: no results")
    if args.format == "json":
        print(escape.json_text(summary.ask(args.results)))
    else:
        print(summary.markdown(args.results), end="")
    return CLEAN


def tell(text: str) -> None:
    """A line on standard error that is this program's; names and reasons are of strangers."""
    print(f"perfaudit fleet: {escape.line(text)}", file=sys.stderr, flush=True)


def failed(why: str) -> int:
    """Says why the run failed."""
    tell(why)
    return FAILED


if __name__ == "__main__":
    sys.exit(main())
