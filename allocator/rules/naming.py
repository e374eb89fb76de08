"""Rows in words: names instead of ids, signs of weightings spelled out."""

from __future__ import annotations

from collections.abc import Iterable

from allocator.models import RunInputs, Weighting

MOST_NAMES = 3
"""More than this many names become a count."""


def worker_name(inputs: RunInputs, mapping_id: str) -> str:
    """The worker's name, also when the run left the worker out."""
    try:
        return inputs.worker(mapping_id).name or "a worker without a name"
    except KeyError:
        return _left_out_name(inputs, "worker", mapping_id) or "a worker outside this run"


def job_line_name(inputs: RunInputs, job_line_id: str) -> str:
    """The job line's name, also when the run left it out."""
    try:
        return inputs.job_line(job_line_id).name or "a job line without a name"
    except KeyError:
        return _left_out_name(inputs, "job line", job_line_id) or "a job line outside this run"


def _left_out_name(inputs: RunInputs, kind: str, row_id: str) -> str:
    return next((r.name for r in inputs.left_out if r.kind == kind and r.id == row_id), "")


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
