"""Solve a proof bundle again, on any machine and without a database, and compare."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from allocator.errors import UsageError
from allocator.models import (
    AllocatorRun,
    Baseline,
    Eligibility,
    JobLine,
    Preferences,
    RunInputs,
    Settings,
    SolverName,
    Weighting,
    Worker,
)
from allocator.proof.bundle import BASELINE, BETTER, NOT_WORSE, PINS, RULINGS, Bundle
from allocator.result import Progress, SolveResult
from allocator.rules import fingerprint as printed
from allocator.rules.ranks import in_run, read_by
from allocator.scenario.baseline_changes import MoveRule, SetBaseline, SwapWish
from allocator.scenario.change import Draft
from allocator.scenario.file import changes_from
from allocator.scenario.scenario import in_order
from allocator.solving.solver import solve

Table = Mapping[Any, Any]


@dataclass(frozen=True, slots=True)
class Replay:
    """A bundle solved again. `moved` are the workers whom it places elsewhere than the bundle."""

    bundle: Bundle
    result: SolveResult
    moved: tuple[str, ...]

    @property
    def is_identical(self) -> bool:
        """Whether everybody is placed as in the bundle, and the status is the same."""
        return not self.moved and self.result.status.value == self.bundle["status"]


def replay(
    bundle: Bundle,
    solver: SolverName | None = None,
    *,
    on_progress: Callable[[Progress], None] | None = None,
    cancel: threading.Event | None = None,
) -> Replay:
    """Solve what the bundle says was solved, with another solver if one is named.

    Raises UsageError when the bundle lacks something, and what `solve` raises.
    """
    try:
        settings = Settings(**bundle["settings"])
        inputs = bundled_inputs(bundle)
        lots = bundle["lots"] or None
        before = {worker: line for worker, line, _ in bundle["allocation"]}
    except (AttributeError, KeyError, LookupError, TypeError, ValueError) as exc:
        raise UsageError(f"The proof bundle is incomplete or malformed ({exc!r}).") from exc
    settings = replace(settings, solver=solver or settings.solver)
    result = solve(inputs, settings, on_progress=on_progress, cancel=cancel, lots=lots)
    after = {a.worker_mapping: a.job_line for a in result.allocations}
    moved = (w for w in before.keys() | after.keys() if before.get(w) != after.get(w))
    return Replay(bundle, result, tuple(sorted(moved)))


def bundled_inputs(bundle: Bundle) -> RunInputs:
    """What was solved: the facts as read with the edits of the scenario, lists read as asked.

    Data errors were accepted when it was solved; names are those that the bundle has.
    """
    tables = _tables(bundle)
    names = bundle["names"]
    job_lines = tables.get(printed.JOB_LINES, {})
    run_id, allocation_run = bundle["inputs"][0][1][0], bundle["inputs"][0][2]
    run = AllocatorRun(run_id, allocation_run, datetime(1970, 1, 1, tzinfo=UTC))
    by_bucket = bool(bundle["settings"]["bucket_order"])
    inputs = RunInputs(
        run,
        tuple(
            _worker(key, tables, names["workers"].get(key, key), job_lines.keys())
            for key in sorted(tables.get(printed.MAPPINGS, {}))
        ),
        tuple(
            _job_line(key, tables, names["job_lines"].get(key, key)) for key in sorted(job_lines)
        ),
        tuple(
            Weighting(
                key,
                row["weighting"],
                row["job_line"],
                frozenset(row["qualification_tag_ids"]),
                frozenset(row["worker_mapping_ids"]),
            )
            for key, row in sorted(tables.get(printed.WEIGHTINGS, {}).items())
        ),
        pins=tables.get(PINS, {}),
        rulings=tables.get(RULINGS, {}),
        baseline=_baseline(tables.get(BASELINE, {})),
        scenario=str(bundle["scenario"].get("name") or ""),
        fingerprint=bundle["fingerprint"].partition("/")[0],
    )
    return read_by(_moved_from(inputs, bundle), Settings(bucket_order=by_bucket))


def _moved_from(inputs: RunInputs, bundle: Bundle) -> RunInputs:
    """With the scenario's baseline and rules on moving, which are no facts that an edit states."""
    changes = changes_from(list(bundle["scenario"].get("changes") or ()))
    draft = Draft.of(inputs, inputs.scenario)
    for number in in_order(changes):
        if isinstance(changes[number], SetBaseline | MoveRule | SwapWish):
            changes[number].make(draft)
    return replace(inputs, baseline=draft.baseline)


def told_by(bundled: RunInputs, now: RunInputs) -> RunInputs:
    """Bundled inputs with what the run, as it is read today, tells beside the facts that decide:
    plan and days, first and last names, internal ids, terms, and who is left out."""
    people = {worker.id: worker for worker in now.workers}
    lines = {job_line.id: job_line for job_line in now.job_lines}
    here = bundled.worker_positions
    return replace(
        bundled,
        run=now.run,
        workers=tuple(
            replace(worker, **{name: getattr(people[worker.id], name) for name in _TOLD})
            if worker.id in people
            else worker
            for worker in bundled.workers
        ),
        job_lines=tuple(
            replace(line, terms=lines[line.id].terms) if line.id in lines else line
            for line in bundled.job_lines
        ),
        left_out=tuple(row for row in now.left_out if row.id not in here),
    )


_TOLD = ("firstname", "lastname", "preferred_name", "internal_id", "qualificationlevel")


def _tables(bundle: Bundle) -> dict[str, dict[Any, Any]]:
    """Table → key → value, after the edits."""
    tables: dict[str, dict[Any, Any]] = {}
    for table, key, value in (*bundle["inputs"], *(e for edits in bundle["edits"] for e in edits)):
        rows = tables.setdefault(table, {})
        where = key[0] if len(key) == 1 else tuple(key)
        if value is None:
            rows.pop(where, None)
        else:
            rows[where] = value
    return tables


def _worker(key: str, tables: Mapping[str, Table], name: str, lines: Any) -> Worker:
    order = dict(tables.get(printed.PREFERENCES, {}).get(key, ()))
    buckets = dict(tables.get(printed.BUCKETS, {}).get(key, ()))
    submitted, locked = tables.get(printed.LISTS, {}).get(key, (False, False))
    return Worker(
        key,
        firstname=name,
        submitted=submitted,
        locked=locked,
        qualification_ids=frozenset(tables.get(printed.QUALIFICATIONS, {}).get(key, ())),
        preferences=in_run(Preferences(order, buckets=buckets), lines),
    )


def _baseline(rows: Table) -> Baseline:
    return Baseline(
        {worker: had for worker, (had, _, _) in rows.items()},
        only_to={w: frozenset(only) for w, (_, only, _) in rows.items() if only is not None},
        improving=frozenset(w for w, (_, _, limit) in rows.items() if limit == BETTER),
        unharmed=frozenset(w for w, (_, _, limit) in rows.items() if limit == NOT_WORSE),
    )


def _job_line(key: str, tables: Mapping[str, Table], name: str) -> JobLine:
    rules = tables.get(printed.ELIGIBILITY, {}).get(key)
    return JobLine(
        key,
        name=name,
        eligibility=rules
        and Eligibility(key, **{field: frozenset(ids) for field, ids in rules.items()}),
        **tables[printed.JOB_LINES][key],
    )
