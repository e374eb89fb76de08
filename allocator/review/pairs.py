"""Pairs of worker and job line in full: one row of them, one column, or every one."""

from __future__ import annotations

import numpy as np
import pandas as pd

from allocator.models import RunInputs, Weighting, Worker
from allocator.review.restrictions import effect_words
from allocator.rules.eligibility import Rule
from allocator.rules.matrices import matrices
from allocator.rules.naming import job_line_name, worker_name
from allocator.rules.weightings import reached_workers


def pairs_of_worker(inputs: RunInputs, worker_id: str) -> pd.DataFrame:
    """One row a job line of the run, the worker's best first, unranked ones last.

    `job_line`, `job_line_name`, `raw_rank` (NA: unranked), `score` (the rank counted, or the
    unranked budget), `eligible`, `rule` (words), `weighting` (net; positive = less wanted),
    `effect` in words. Raises KeyError for a worker outside the run.
    """
    worker = inputs.worker(worker_id)
    arrays, at = matrices(inputs), inputs.worker_positions[worker_id]
    frame = pd.DataFrame(
        {
            "job_line": pd.array([j.id for j in inputs.job_lines], dtype="str"),
            "job_line_name": pd.array(_line_names(inputs), dtype="str"),
            "sort_order": [j.sort_order for j in inputs.job_lines],
            "raw_rank": _raw_ranks([worker.preferences.order.get(j.id) for j in inputs.job_lines]),
            "score": arrays.scores[at],
            **_verdicts(arrays.rules[at], arrays.weightings[at]),
        }
    )
    order = ["score", "sort_order", "job_line_name"]
    return frame.sort_values(order, kind="stable", ignore_index=True)


def pairs_of_job_line(inputs: RunInputs, job_line_id: str) -> pd.DataFrame:
    """One row a worker, those who rank the job line highest first; columns as in
    `pairs_of_worker` with `worker`, `name` and `internal_id`.

    Raises KeyError for a job line outside the run.
    """
    arrays, at = matrices(inputs), inputs.job_line_positions[job_line_id]
    frame = pd.DataFrame(
        {
            "worker": pd.array([w.id for w in inputs.workers], dtype="str"),
            "name": pd.array(_worker_names(inputs), dtype="str"),
            "internal_id": pd.array([w.internal_id for w in inputs.workers], dtype="str"),
            "raw_rank": _raw_ranks([w.preferences.order.get(job_line_id) for w in inputs.workers]),
            "score": arrays.scores[:, at],
            **_verdicts(arrays.rules[:, at], arrays.weightings[:, at]),
        }
    )
    return frame.sort_values(["score", "name"], kind="stable", ignore_index=True)


def eligibility_pairs(inputs: RunInputs) -> pd.DataFrame:
    """One row a pair: `name`, `internal_id`, `job_line_name`, `eligible` (Yes/No), `rule`.

    Workers by name, job lines in their own order. Texts are categories, so that a million
    pairs stay small.
    """
    workers = sorted(range(len(inputs.workers)), key=lambda i: _who(inputs.workers[i]))
    lines = sorted(
        range(len(inputs.job_lines)),
        key=lambda i: (inputs.job_lines[i].sort_order, inputs.job_lines[i].name),
    )
    rules = matrices(inputs).rules[np.ix_(workers, lines)].ravel()
    rows = np.repeat(np.array(workers, dtype=np.intp), len(lines))
    columns = np.tile(np.array(lines, dtype=np.intp), len(workers))
    words = {rule: rule.words for rule in Rule}
    return pd.DataFrame(
        {
            "name": _categories(_worker_names(inputs), rows),
            "internal_id": _categories([w.internal_id for w in inputs.workers], rows),
            "job_line_name": _categories(_line_names(inputs), columns),
            "eligible": _categories(
                ["", *("Yes" if rule.eligible else "No" for rule in Rule)], rules
            ),
            "rule": _categories(["", *(words[rule] for rule in Rule)], rules),
        }
    )


def weightings_of(
    inputs: RunInputs, *, worker_id: str | None = None, job_line_id: str | None = None
) -> tuple[str, ...]:
    """Ids of the weightings that reach a worker, or that concern a job line of the run."""
    at = None if worker_id is None else inputs.worker_positions[worker_id]
    return tuple(
        row.id
        for row in inputs.weightings
        if (job_line_id is None or row.job_line in (None, job_line_id))
        and (at is None or bool(reached_workers(inputs, row)[at]))
    )


def workers_reached(inputs: RunInputs, weighting_id: str) -> tuple[Worker, ...]:
    """The workers whom a weighting reaches, by name. Raises KeyError when there is none."""
    row = _weighting(inputs, weighting_id)
    reached = reached_workers(inputs, row)
    found = (worker for worker, is_in in zip(inputs.workers, reached, strict=True) if is_in)
    return tuple(sorted(found, key=_who))


def _weighting(inputs: RunInputs, weighting_id: str) -> Weighting:
    for row in inputs.weightings:
        if row.id == weighting_id:
            return row
    raise KeyError(weighting_id)


def _raw_ranks(ranks: list[int | None]) -> pd.Series:
    return pd.Series(ranks, dtype="Int64")


def _verdicts(rules: np.ndarray, weightings: np.ndarray) -> dict[str, object]:
    decided = [Rule(int(rule)) for rule in rules]
    return {
        "eligible": [rule.eligible for rule in decided],
        "rule": pd.array([rule.words for rule in decided], dtype="str"),
        "weighting": weightings,
        "effect": pd.array([effect_words(int(w)) for w in weightings], dtype="str"),
    }


def _categories(texts: list[str], codes: np.ndarray) -> pd.Categorical:
    kept, positions = np.unique(np.array(texts, dtype=object), return_inverse=True)
    return pd.Categorical.from_codes(positions[codes], kept.tolist())


def _worker_names(inputs: RunInputs) -> list[str]:
    return [worker_name(inputs, worker.id) for worker in inputs.workers]


def _line_names(inputs: RunInputs) -> list[str]:
    return [job_line_name(inputs, line.id) for line in inputs.job_lines]


def _who(worker: Worker) -> tuple[str, str, str]:
    return worker.name, worker.internal_id, worker.id
