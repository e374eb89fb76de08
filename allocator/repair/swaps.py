"""A swap round: the exchanges that grant the most wishes, with nobody worse off.

The round is a scenario. It begins with who holds what; nobody moves unless they wished to, and
then only to what they wished for and do not rank below their own; no job line takes more than it
had. Since everybody keeps a place, each job line keeps its number, and all moves close to cycles.
Its aim is as many granted wishes as possible, then the least total; PuLP decides, and the
certificate is that of any solve.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from allocator.errors import UsageError
from allocator.models import Policy, RunInputs, Settings
from allocator.repair.moves import Shift, chains, shifts
from allocator.result import Progress, SolveResult
from allocator.rules.eligibility import Rule
from allocator.rules.matrices import matrices
from allocator.rules.naming import job_line_name, worker_name
from allocator.rules.ranks import ranking, read_by
from allocator.scenario import Scenario
from allocator.scenario.changes import Hold, KeepNumbers, LeaveOut, SetBaseline, SwapWish
from allocator.solving.solver import solve


@dataclass(frozen=True, slots=True)
class SetAside:
    """A wish that cannot be granted whatever the others want, and why."""

    worker: str
    name: str
    job_line: str
    job_line_name: str
    why: str


@dataclass(frozen=True, eq=False)
class SwapRound:
    """The round as a scenario on `inputs`, and its solve.

    `cycles`: each worker takes the place of the next one; the last that of the first.
    """

    scenario: Scenario
    inputs: RunInputs
    set_aside: tuple[SetAside, ...]
    result: SolveResult
    moved: tuple[Shift, ...]
    cycles: tuple[tuple[Shift, ...], ...]

    @property
    def gainers(self) -> int:
        """How many get a job line that they wished for."""
        return len(self.moved)


def swap_round(
    as_read: RunInputs,
    baseline: SetBaseline,
    wishes: Mapping[str, Iterable[str]],
    settings: Settings,
    *,
    name: str = "Swap round",
    on_progress: Callable[[Progress], None] | None = None,
    cancel: threading.Event | None = None,
) -> SwapRound:
    """The best set of exchanges. `wishes`: worker → job lines that it would take for its own.

    The policy of the settings is not looked at. Raises UsageError when the baseline does not fit
    the run, and as `solver.solve`.
    """
    settings = replace(settings, policy=Policy.MOST_MOVES, move_price=0.0)
    inputs = read_by(as_read, settings)
    held = {
        w: j
        for w, j in baseline.placements
        if w in inputs.worker_positions and j in inputs.job_line_positions
    }
    if not held:
        raise UsageError(
            "Nobody of the run holds a job line that could be swapped.",
            remedy="Choose the run, or the list, whose placements were published.",
        )
    set_aside, kept = [], list[SwapWish]()
    for worker, lines in wishes.items():
        granted = []
        for line in lines:
            why = _impossible(inputs, held, worker, line)
            if why:
                who, what = worker_name(inputs, worker), job_line_name(inputs, line)
                set_aside.append(SetAside(worker, who, line, what, why))
            else:
                granted.append(line)
        if granted:
            kept.append(SwapWish(worker, frozenset(granted), reason="Wish of the swap round"))
    outside = [
        LeaveOut(w.id, reason="No job line to swap") for w in inputs.workers if w.id not in held
    ]
    scenario = Scenario(
        name,
        settings,
        (
            baseline,
            Hold(reason="Only who wishes to swap moves"),
            *kept,
            KeepNumbers(reason="A swap changes no numbers"),
            *outside,
        ),
        run=as_read.run.id,
        fingerprint=as_read.fingerprint,
    )
    tried = scenario.apply(inputs)
    result = solve(tried, settings, on_progress=on_progress, cancel=cancel)
    moved = shifts(tried, {a.worker_mapping: a.job_line for a in result.allocations} or held)
    return SwapRound(scenario, tried, tuple(set_aside), result, moved, chains(moved))


def _impossible(inputs: RunInputs, held: Mapping[str, str], worker: str, line: str) -> str:
    """Why the wish is set aside; empty when it is not."""
    if worker not in held:
        return "has no job line in this run to give for it"
    if line not in inputs.job_line_positions:
        return "the job line takes no part in this run"
    if held[worker] == line:
        return "holds it already"
    rows, columns = inputs.worker_positions, inputs.job_line_positions
    rule = Rule(int(matrices(inputs).rules[rows[worker], columns[line]]))
    if not rule.eligible:
        return f"may not hold it: {rule.words[:1].lower()}{rule.words[1:]}"
    order = ranking(inputs.worker(worker).preferences)
    own, other = order.get(held[worker]), order.get(line)
    if own is not None and (other is None or other > own):
        return "ranks it below the job line that they have"
    return ""
