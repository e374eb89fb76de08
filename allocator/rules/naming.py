"""Rows in words: names instead of ids, signs of weightings spelled out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from allocator.models import RunInputs, Weighting

MOST_NAMES = 3
"""More than this many names become a count."""


def worker_name(inputs: RunInputs, mapping_id: str) -> str:
    """The worker's name, unlike any other in the run; also when the run left the worker out."""
    return inputs.derived(_worker_names).get(mapping_id, "a worker outside this run")


def job_line_name(inputs: RunInputs, job_line_id: str) -> str:
    """The job line's name, unlike any other in the run; also when the run left it out."""
    return inputs.derived(_job_line_names).get(job_line_id, "a job line outside this run")


def _worker_names(inputs: RunInputs) -> dict[str, str]:
    """Mapping id → name, with the internal id where a name occurs twice."""
    named = {w.id: (w.name or "a worker without a name", w.internal_id) for w in inputs.workers}
    return _told_apart(_left_out(inputs, "worker") | named)


def _job_line_names(inputs: RunInputs) -> dict[str, str]:
    """Job line → name, with its number in the coordinators' order where a name occurs twice."""
    named = {
        j.id: (j.name or "a job line without a name", f"no. {j.sort_order}")
        for j in inputs.job_lines
    }
    return _told_apart(_left_out(inputs, "job line") | named)


def _left_out(inputs: RunInputs, kind: str) -> dict[str, tuple[str, str]]:
    rows = (row for row in inputs.left_out if row.kind == kind)
    return {row.id: (row.name or f"a {kind} without a name", "left out") for row in rows}


def _told_apart(named: dict[str, tuple[str, str]]) -> dict[str, str]:
    """Id → name; names that occur twice get their detail, and if need be part of the id."""
    names = {row: name for row, (name, _) in named.items()}
    for step in range(3):
        times = Counter(names.values())
        for row in [row for row, name in names.items() if times[name] > 1]:
            name, detail = named[row]
            more = (detail, ", ".join(filter(None, (detail, row[:8]))), row)[step]
            names[row] = f"{name} ({more})" if more else name
    return names


def tag_name(inputs: RunInputs, tag_id: str) -> str:
    """The qualification tag's name."""
    known = {tag.id: tag.name for tag in inputs.tags}
    return known.get(tag_id) or "a qualification without a name"


def signed(weighting: int) -> str:
    """A weighting with its sign in words: positive = less wanted."""
    if weighting == 0:
        return "0 (no effect)"
    return f"{weighting:+d} ({'less' if weighting > 0 else 'more'} wanted)"


def places(count: int) -> str:
    """`count` places, in words."""
    return f"{count} place{'' if count == 1 else 's'}"


def listed(names: Iterable[str], noun: str) -> str:
    """A few names joined by `and`, or how many `noun`s there are."""
    ordered = sorted(names)
    if len(ordered) > MOST_NAMES:
        return f"{len(ordered)} {noun}s"
    if len(ordered) <= 1:
        return "".join(ordered)
    return f"{', '.join(ordered[:-1])} and {ordered[-1]}"


def reach(inputs: RunInputs, row: Weighting) -> str:
    """Whom and what a weighting reaches, e.g. `holders of PGY2 on Surgery A`."""
    whom = []
    if row.worker_mapping_ids:
        whom.append(listed((worker_name(inputs, w) for w in row.worker_mapping_ids), "worker"))
    if row.qualification_tag_ids:
        tags = listed((tag_name(inputs, t) for t in row.qualification_tag_ids), "qualification")
        whom.append(f"holders of {tags}")
    where = "every job line" if row.job_line is None else job_line_name(inputs, row.job_line)
    return f"{' and '.join(whom) or 'every worker'} on {where}"


def weighting_words(inputs: RunInputs, weighting_id: str) -> str:
    """An existing weighting as the subject of a sentence."""
    row = next((w for w in inputs.weightings if w.id == weighting_id), None)
    if row is None:
        return "A weighting outside this run"
    return f"The weighting of {signed(row.weighting)} for {reach(inputs, row)}"
