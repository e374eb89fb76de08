"""What a solve places against the rules as they are stored, and what must be changed there."""

from __future__ import annotations

from dataclasses import dataclass

from allocator.models import RunInputs
from allocator.rules.eligibility import Rule, rule_for
from allocator.rules.naming import job_line_name, places, tag_name, worker_name
from allocator.scenario.changes import LeaveOut, SetMandatory, SetPlaces
from allocator.solved import Solved


@dataclass(frozen=True, slots=True)
class Exceptional:
    """A placement that the stored eligibility rules forbid: names, the rule that it `waives` in
    words, and the `reason` given for the change that allows it (empty: none given)."""

    worker: str
    name: str
    job_line: str
    job_line_name: str
    waives: str
    reason: str


@dataclass(frozen=True, slots=True)
class ToChange:
    """Something to change in the source system, so that it agrees with the allocation."""

    where: str
    what: str
    reason: str = ""


def exceptions(solved: Solved) -> tuple[Exceptional, ...]:
    """The placements by exception, by name; empty when every placement follows a rule."""
    read, found = solved.as_read, []
    for row in solved.placed[["worker", "job_line"]].itertuples(index=False):
        if row.worker not in read.worker_positions or row.job_line not in read.job_line_positions:
            continue
        rule = rule_for(read, read.worker(row.worker), read.job_line(row.job_line))
        if not rule.eligible:
            found.append(
                Exceptional(
                    row.worker,
                    worker_name(read, row.worker),
                    row.job_line,
                    job_line_name(read, row.job_line),
                    f"waives: {_waived(read, rule, row.worker, row.job_line)}",
                    _reason(solved, row.worker, row.job_line),
                )
            )
    return tuple(sorted(found, key=lambda one: (one.name, one.worker)))


def _waived(inputs: RunInputs, rule: Rule, worker_id: str, job_line_id: str) -> str:
    row, own = inputs.job_line(job_line_id).eligibility, inputs.worker(worker_id).qualification_ids
    if row is None:
        return rule.words
    if rule is Rule.TAG_MISSING:
        asked = row.included_qualification_tag_ids
        names = " or ".join(sorted(tag_name(inputs, tag) for tag in asked))
        held = any(worker.qualification_ids & asked for worker in inputs.workers)
        return names if held else f"{names}, which nobody in the run holds"
    if rule is Rule.EXCLUDED_TAG:
        tags = own & row.excluded_qualification_tag_ids
        return f"closed to holders of {' and '.join(sorted(tag_name(inputs, t) for t in tags))}"
    if rule is Rule.EXCLUDED_WORKER:
        return "named as never to hold it"
    return rule.words


def _reason(solved: Solved, worker_id: str, job_line_id: str) -> str:
    """The reasons of the changes about the worker and the job line, or about one of them."""
    changes = solved.scenario.changes if solved.scenario else ()
    told = [
        change.reason
        for change in changes
        if (change.worker_ids or change.job_line_ids)
        and change.worker_ids <= {worker_id}
        and change.job_line_ids <= {job_line_id}
    ]
    return "; ".join(dict.fromkeys(filter(None, told)))


def rule_words(solved: Solved) -> str:
    """`29 by rule, 1 by exception`."""
    count = len(exceptions(solved))
    by_rule = len(solved.result.allocations) - count
    return f"{by_rule:,} by rule, {count:,} by exception"


def to_change(solved: Solved) -> tuple[ToChange, ...]:
    """What the source system says otherwise than the allocation, as a list to hand over."""
    read, changes = solved.as_read, solved.scenario.changes if solved.scenario else ()
    told = [
        ToChange(
            f"Eligibility of {one.job_line_name}",
            f"Name {one.name} among those who may always hold it ({one.waives}).",
            one.reason,
        )
        for one in exceptions(solved)
    ]
    holders = solved.placed["job_line"].value_counts()
    for line in read.job_lines:
        filled, name = int(holders.get(line.id, 0)), job_line_name(read, line.id)
        if filled > line.places:
            what = f"Raise the places of this run from {line.places} to {places(filled)}."
            told.append(ToChange(f"Places of {name}", what, _of(solved, SetPlaces, line.id)))
        if line.least_places > filled:
            what = "It must have somebody there and stays empty: say that it may."
            told.append(ToChange(f"Places of {name}", what, _of(solved, SetMandatory, line.id)))
    for change in changes:
        if isinstance(change, LeaveOut) and change.worker not in holders.index:
            what = "Gets no job line in this run: place them elsewhere, or take them out of it."
            told.append(ToChange(worker_name(read, change.worker), what, change.reason))
    return tuple(told)


def _of(solved: Solved, kind: type[SetPlaces | SetMandatory], job_line_id: str) -> str:
    changes = solved.scenario.changes if solved.scenario else ()
    told = [c.reason for c in changes if isinstance(c, kind) and c.job_line == job_line_id]
    return "; ".join(filter(None, told))
