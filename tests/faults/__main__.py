"""`python -m tests.faults [--commits 200] [--seed N]`: try, count, print; 1 when anything is wrong.

The seed decides which faults come, in which order, and when each strikes.
"""

from __future__ import annotations

import signal
import sys
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random

from rich.console import Console
from rich.table import Table

from tests.faults.disk import Disks
from tests.faults.kinds import KINDS
from tests.faults.scene import Scene
from tests.faults.stage import Stage, no_pauses
from tests.faults.truth import Told, Trial

WRONG = ("half_written", "double", "misattributed")


@contextmanager
def theatre(directory: Path) -> Iterator[tuple[Stage, Disks]]:
    """A stack and a small disk in an empty directory, both gone afterwards."""
    stage, disks = Stage(directory / "stack"), Disks(directory / "disk")
    try:
        with no_pauses():
            yield stage, disks
    finally:
        disks.close()
        stage.close()


def perform(kind: str, rng: Random, stage: Stage, disks: Disks) -> Trial:
    """One commit with a fault of this kind."""
    return KINDS[kind](Scene(stage, rng, kind, disks))


def schedule(commits: int, seed: int, kinds: Sequence[str] = ()) -> list[str]:
    """Which kind each commit gets: all (or these) equally often, as far as that goes, in a random
    order."""
    names = list(kinds or KINDS)
    Random(seed).shuffle(names)
    chosen = [names[n % len(names)] for n in range(commits)]
    Random(seed + 1).shuffle(chosen)
    return chosen


def table_of(trials: Sequence[Trial]) -> Table:
    """Counts by kind: runs and commits that were tried, what was told, what was wrong."""
    heads = ("Fault", "Runs", "Commits", *(f"Told {told.value}" for told in Told))
    heads += ("Half-written", "Double", "Misattributed", "Told untruly")
    table = Table(*heads)
    rows = [(kind, [t for t in trials if t.kind == kind]) for kind in KINDS]
    for kind, some in [*((k, s) for k, s in rows if s), ("All", list(trials))]:
        told = [attempt.told for trial in some for attempt in trial.attempts]
        counts = [len(some), len(told), *(told.count(each) for each in Told)]
        counts += [sum(getattr(trial, wrong) for trial in some) for wrong in WRONG]
        counts.append(sum(len(trial.untrue) for trial in some))
        table.add_row(kind, *map(str, counts), end_section=kind == rows[-1][0])
    return table


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command."""
    parser = ArgumentParser(prog="python -m tests.faults", description="Commits with faults.")
    parser.add_argument("--commits", type=int, default=200, help="how many runs (default 200)")
    parser.add_argument("--seed", type=int, default=1, help="which faults, and when (default 1)")
    parser.add_argument("--only", action="append", choices=list(KINDS), help="one kind of fault")
    parser.add_argument("--verbose", action="store_true", help="say what each was told")
    args = parser.parse_args(argv)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # nothing of ours stays behind
    out, trials, began = Console(width=140), [], time.perf_counter()
    with (
        tempfile.TemporaryDirectory(prefix="allocator-faults-") as directory,
        theatre(Path(directory)) as (stage, disks),
    ):
        for n, kind in enumerate(schedule(args.commits, args.seed, args.only or ())):
            trial = perform(kind, Random(f"{args.seed} {n}"), stage, disks)
            trials.append(trial)
            if not trial.is_sound:
                out.print(f"WRONG: {n}, {kind} ({trial.how})", *trial.untrue, sep="\n  ")
            if args.verbose:
                seconds = time.perf_counter() - began
                told = " / ".join(f"{each.told.value}: {each.words}" for each in trial.attempts)
                out.print(f"{n}, {seconds:.1f} s, {kind} ({trial.how}): {told}", markup=False)
        disk = disks.words
    out.print(table_of(trials))
    out.print(f"Seed {args.seed}, {time.perf_counter() - began:.0f} s. Disk full: {disk}.")
    return 0 if all(trial.is_sound for trial in trials) else 1


if __name__ == "__main__":
    sys.exit(main())
