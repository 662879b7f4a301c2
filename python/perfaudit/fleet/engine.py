"""Runs the audits on Ray: as many at once as there are cores, each repository until it is judged or has had its attempts.

The driver keeps the queue and hands out no more than can run, so that a deadline counts from when work starts. What a worker cannot tell (it was
killed, its machine is gone, it does not answer) the driver tells in its place.
"""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import os
import shutil
import tempfile
import time
from collections import deque
from dataclasses import dataclass
from typing import Any, Callable, Deque, Dict, Iterator, List, Optional, Tuple

from perfaudit.fleet.outcome import Limits, Outcome, Status
from perfaudit.fleet.sources import Repository
from perfaudit.fleet.store import Store

# Of what a worker may take beyond its limits before it counts as one that does not answer, in seconds.
GRACE = 60.0
# How often the driver looks around, in seconds.
LOOK = 1.0


@dataclass(frozen=True)
class Work:
    """An attempt at a repository, the first is 1."""

    repository: Repository
    attempt: int = 1


@dataclass(frozen=True)
class Options:
    """How a fleet runs."""

    limits: Limits = Limits()
    # Further attempts after the first.
    retries: int = 1
    # Audits at once, at most one a core of the cluster; None is that.
    jobs: Optional[int] = None
    # Of the cluster; None is this machine alone.
    address: Optional[str] = None
    # The program on each machine; None is that of the package there.
    program: Optional[str] = None
    # Folders of strangers: no program is looked for in them.
    strange: Tuple[str, ...] = ()


Told = Callable[[Repository, int, Outcome], None]


def run(repositories: List[Repository], store: Store, options: Options, told: Told) -> None:
    """Audits all of them; each has a row in the store at the end, also where the run is interrupted in between and goes on another day."""
    # No statistics are sent. Ray listens on all addresses of the machine, and whoever connects can have it run anything: so it asks for a token,
    # which it makes in the user's own folder. It reads all of this when it is imported.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    words: Dict[str, Any] = {}
    if options.address is None:
        os.environ["RAY_AUTH_MODE"] = "token"
        words = {"include_dashboard": False, "_node_ip_address": "127.0.0.1", "num_cpus": options.jobs}
    import ray

    logging.getLogger("ray").setLevel(logging.ERROR)
    with _empty_folder() as folder:
        ray.init(address=options.address or "local", log_to_driver=False, logging_level=logging.ERROR, **words)
        try:
            _loop(ray, deque(Work(repository) for repository in repositories), _worker(folder), store, options, told)
        finally:
            store.flush()
            ray.shutdown()


@contextlib.contextmanager
def _empty_folder() -> Iterator[str]:
    """Makes a folder of its own the current one. Workers look for what they import in the driver's current folder before all else, and people
    start a fleet in the folder of what it audits."""
    before = os.getcwd()
    folder = os.path.realpath(tempfile.mkdtemp(prefix="perfaudit-fleet-"))
    os.chdir(folder)
    try:
        yield folder
    finally:
        os.chdir(before)
        shutil.rmtree(folder, ignore_errors=True)


def _loop(ray: Any, queue: Deque[Work], worker: Callable[..., Outcome], store: Store, options: Options, told: Told) -> None:
    """Hands out work and takes what comes back until there is none left."""
    # A worker that is lost is not one that Ray starts again by itself: how often is decided here, in one place.
    remote = ray.remote(num_cpus=1, max_retries=0)(worker)
    running: Dict[Any, Tuple[Work, float]] = {}
    deadline = options.limits.seconds + options.limits.fetch_seconds + GRACE
    while queue or running:
        cores = max(1, int(ray.cluster_resources().get("CPU", 1)))
        slots = min(options.jobs or cores, cores)
        while queue and len(running) < slots:
            work = queue.popleft()
            plain = (dataclasses.astuple(work.repository), options.program, dataclasses.astuple(options.limits), options.strange)
            running[remote.remote(*plain)] = (work, time.monotonic() + deadline)
        ready, _ = ray.wait(list(running), num_returns=1, timeout=LOOK)
        ended = [(ref, _result(ray, ref)) for ref in ready]
        for ref, (_, until) in running.items():
            if ref not in ready and time.monotonic() > until:
                ray.cancel(ref, force=True)
                ended.append((ref, Outcome(Status.LOST, f"the worker did not answer within {deadline:g} s")))
        for ref, outcome in ended:
            _take(running.pop(ref)[0], outcome, queue, store, options, told)


def _take(work: Work, outcome: Outcome, queue: Deque[Work], store: Store, options: Options, told: Told) -> None:
    """Notes how an attempt ended, or puts the next one behind all others: what took too much may find less to do then."""
    if outcome.status.may_pass and work.attempt <= options.retries:
        queue.append(Work(work.repository, work.attempt + 1))
        return
    store.add(work.repository, work.attempt, outcome)
    told(work.repository, work.attempt, outcome)


def _result(ray: Any, ref: Any) -> Outcome:
    """What came back, or that the worker is gone."""
    try:
        outcome: Outcome = ray.get(ref)
        return outcome
    except ray.exceptions.RayTaskError as error:
        return Outcome(Status.LOST, f"the worker failed: {error.cause!r}"[:500])
    except ray.exceptions.RayError as error:
        return Outcome(Status.LOST, f"the worker is gone: {type(error).__name__}")


def _worker(folder: str) -> Callable[..., Outcome]:
    """What a worker does. As a function in a function it travels whole, and its arguments are plain: nothing of this package is imported before the
    first line of it, which leaves the driver's folder out. On another machine of a cluster that could be anybody's."""

    def work(repository: Tuple[str, ...], program: Optional[str], limits: Tuple[Any, ...], strange: Tuple[str, ...]) -> Outcome:
        import sys

        sys.path[:] = [entry for entry in sys.path if entry not in ("", ".", folder)]
        from perfaudit.fleet.engine import attempt
        from perfaudit.fleet.outcome import Limits
        from perfaudit.fleet.sources import Repository

        return attempt(Repository(*repository), program, Limits(*limits), strange)

    return work


def attempt(repository: Repository, program: Optional[str], limits: Limits, strange: Tuple[str, ...]) -> Outcome:
    """What a worker does: the package of its machine brings the program."""
    from perfaudit._binary import binary
    from perfaudit.fleet.audit import audit

    return audit(repository, program or str(binary()), limits, strange)
