"""Who may hold what, and the rule that decided each pair."""

from __future__ import annotations

import numpy as np
import pandas as pd

from allocator.measures.placements import demand
from allocator.models import RunInputs, Weighting, Worker
from allocator.review.people import LEFT_OUT, TAKES_PART
from allocator.rules.eligibility import Rule, holders_by_tag
from allocator.rules.matrices import matrices
from allocator.rules.naming import job_line_name, listed, tag_name, worker_name
from allocator.rules.ranks import bucket_words
from allocator.rules.weightings import reached_workers

FEW = 3
"""Fewer eligible partners than this count as few."""

FLAGS = ("none", "few", "")


def rule_matrix_frame(inputs: RunInputs) -> pd.DataFrame:
    """The deciding `Rule` (its number) of every pair: worker ids × job line ids."""
    return pd.DataFrame(
        matrices(inputs).rules,
        index=pd.Index([w.id for w in inputs.workers], name="worker"),
        columns=pd.Index([j.id for j in inputs.job_lines], name="job_line"),
    )


def rule_counts(inputs: RunInputs) -> pd.DataFrame:
    """How many pairs each rule decided: `rule` (words), `eligible`, `pairs`, `share` (0 … 1).

    In the order in which the rules apply; rules that decided nothing are left out.
    """
    rules = matrices(inputs).rules
    counts = np.bincount(rules.ravel(), minlength=max(Rule) + 1)
    rows = [
        (rule.words, rule.eligible, int(counts[rule]), counts[rule] / max(rules.size, 1))
        for rule in Rule
        if counts[rule]
    ]
    return pd.DataFrame(rows, columns=["rule", "eligible", "pairs", "share"])


def eligibility_by_worker(inputs: RunInputs, few: int = FEW) -> pd.DataFrame:
    """`worker`, `name`, `internal_id`, `n_eligible`, `share`, `flag`; fewest first.

    `flag` is `none`, `few` (below `few`) or empty.
    """
    counts = matrices(inputs).eligible.sum(axis=1)
    frame = pd.DataFrame(
        {
            "worker": pd.array([w.id for w in inputs.workers], dtype="str"),
            "name": pd.array([worker_name(inputs, w.id) for w in inputs.workers], dtype="str"),
            "internal_id": pd.array([w.internal_id for w in inputs.workers], dtype="str"),
        }
    )
    return _flagged(frame, counts, len(inputs.job_lines), few)


def eligibility_by_job_line(inputs: RunInputs, few: int = FEW) -> pd.DataFrame:
    """`job_line`, `name`, `places`, `must_have`, `n_eligible`, `share`, `flag`; fewest first."""
    counts = matrices(inputs).eligible.sum(axis=0)
    frame = pd.DataFrame(
        {
            "job_line": pd.array([j.id for j in inputs.job_lines], dtype="str"),
            "name": pd.array([job_line_name(inputs, j.id) for j in inputs.job_lines], dtype="str"),
            "places": [j.places for j in inputs.job_lines],
            "must_have": [j.must_have_workers for j in inputs.job_lines],
        }
    )
    return _flagged(frame, counts, len(inputs.workers), few)


def _flagged(frame: pd.DataFrame, counts: np.ndarray, total: int, few: int) -> pd.DataFrame:
    frame["n_eligible"] = counts
    frame["share"] = counts / max(total, 1)
    frame["flag"] = np.select([counts == 0, counts < few], FLAGS[:2], default=FLAGS[2])
    return frame.sort_values(["n_eligible", "name"], ignore_index=True)


def review_job_lines(inputs: RunInputs) -> pd.DataFrame:
    """`measures.offers.demand` with `capacity`, `used_places`, `status` and `reason`.

    Job lines taking part come first, in their own order; those left out follow with the reason,
    their counts NA.
    """
    frame = demand(inputs)
    lines = [inputs.job_line(j) for j in frame["job_line"]]
    frame["capacity"] = [j.max_n_workers for j in lines]
    frame["used_places"] = [j.used_places for j in lines]
    frame["status"], frame["reason"] = TAKES_PART, ""
    counts = frame.select_dtypes("number").columns
    frame[counts] = frame[counts].astype("Int64")
    left_out = sorted(
        (left for left in inputs.left_out if left.kind == "job line"), key=lambda left: left.name
    )
    if not left_out:
        return frame
    rest = pd.DataFrame(
        {
            "job_line": [left.id for left in left_out],
            "job_line_name": [job_line_name(inputs, left.id) for left in left_out],
            "locations": "",
            "status": LEFT_OUT,
            "reason": [left.reason for left in left_out],
        }
    )
    frame["must_have"] = frame["must_have"].astype("boolean")
    return pd.concat([frame, rest], ignore_index=True).astype(frame.dtypes.to_dict())


WEIGHTING_COLUMNS = ["weighting_id", "weighting", "effect", "whom", "where", "n_workers", "n_pairs"]


def effect_words(weighting: int) -> str:
    """`3 ranks less wanted`, `1 rank more wanted`, `No effect`."""
    if not weighting:
        return "No effect"
    ranks = "rank" if abs(weighting) == 1 else "ranks"
    return f"{abs(weighting)} {ranks} {'less' if weighting > 0 else 'more'} wanted"


def review_terms(inputs: RunInputs, job_line_id: str) -> pd.DataFrame:
    """The year of a job line, one row a term: `first_day`, `last_day` in words (empty: unknown),
    `position`, `team`, `location`. No rows where the database has no terms.

    Raises KeyError for a job line outside the run.
    """
    terms = inputs.job_line(job_line_id).terms
    rows = [
        (*(f"{day:%d %b %Y}" if day else "" for day in (t.start, t.end)), *names)
        for t in terms
        for names in [(t.position, t.team, t.location)]
    ]
    columns = ["first_day", "last_day", "position", "team", "location"]
    return pd.DataFrame(rows, columns=columns, dtype="str")


def review_other_placements(inputs: RunInputs) -> pd.DataFrame:
    """One row a placement that another application made, by worker's name: `worker`, `name`,
    `job_line`, `job_line_name`, `state` (`Released`, `Finalised` or `Locked`), `since`."""
    rows = [
        (
            one.worker,
            one.worker_name,
            one.job_line,
            one.job_line_name,
            one.state.capitalize(),
            one.at,
        )
        for one in sorted(inputs.other_placements, key=lambda one: (one.worker_name, one.worker))
    ]
    columns = ["worker", "name", "job_line", "job_line_name", "state", "since"]
    return pd.DataFrame(rows, columns=columns, dtype="str")


def review_weightings(inputs: RunInputs) -> pd.DataFrame:
    """One row a weighting, largest first: what it does, whom and how many pairs it reaches.

    `weighting` is positive for less wanted. A weighting for a job line outside the run reaches
    no pair.
    """
    holders = holders_by_tag(inputs)
    inside = {j.id for j in inputs.job_lines}
    rows = []
    for row in inputs.weightings:
        n_workers = int(reached_workers(inputs, row, holders).sum())
        n_lines = len(inside) if row.job_line is None else int(row.job_line in inside)
        whom = [listed((worker_name(inputs, w) for w in row.worker_mapping_ids), "worker")]
        if row.qualification_tag_ids:
            tags = listed((tag_name(inputs, t) for t in row.qualification_tag_ids), "qualification")
            whom.append(f"holders of {tags}")
        where = "Every job line" if row.job_line is None else job_line_name(inputs, row.job_line)
        named = " and ".join(filter(None, whom)) or "every worker"
        words = (effect_words(row.weighting), named[:1].upper() + named[1:], where)
        rows.append((row.id, row.weighting, *words, n_workers, n_workers * n_lines))
    frame = pd.DataFrame(rows, columns=WEIGHTING_COLUMNS)
    order = frame["weighting"].abs().sort_values(ascending=False, kind="stable").index
    return frame.loc[order].reset_index(drop=True)


def net_effects(inputs: RunInputs) -> pd.DataFrame:
    """One row a pair that weightings move: `worker`, `name`, `job_line`, `job_line_name`,
    `weighting` (net; positive = less wanted), `effect` in words; strongest first, equals in the
    order of the run."""
    net = matrices(inputs).weightings
    rows, columns = np.nonzero(net)
    workers = pd.DataFrame(
        [(w.id, worker_name(inputs, w.id)) for w in inputs.workers], columns=["worker", "name"]
    )
    lines = pd.DataFrame(
        [(j.id, job_line_name(inputs, j.id)) for j in inputs.job_lines],
        columns=["job_line", "job_line_name"],
    )
    sides = [
        side.iloc[at].reset_index(drop=True) for side, at in ((workers, rows), (lines, columns))
    ]
    frame = pd.concat(sides, axis=1)
    frame["weighting"] = net[rows, columns]
    words = {int(n): effect_words(int(n)) for n in np.unique(net)}
    frame["effect"] = frame["weighting"].map(words).astype("str")
    # By size and then in the order of the run, which costs no comparison of names.
    frame["size"] = frame["weighting"].abs()
    by_size = frame.sort_values("size", ascending=False, kind="stable")
    return by_size.drop(columns="size").reset_index(drop=True)


def pairs_of_worker(inputs: RunInputs, worker_id: str) -> pd.DataFrame:
    """One row a job line of the run, the worker's best first, unranked ones last.

    `job_line`, `job_line_name`, `raw_rank` (NA: unranked), `bucket` (`Love` … `Never`), `score`
    (the rank counted, or the unranked budget), `eligible`, `rule` (words), `weighting` (net;
    positive = less wanted), `effect` in words. Raises KeyError for a worker outside the run.
    """
    worker = inputs.worker(worker_id)
    arrays, at = matrices(inputs), inputs.worker_positions[worker_id]
    frame = pd.DataFrame(
        {
            "job_line": pd.array([j.id for j in inputs.job_lines], dtype="str"),
            "job_line_name": pd.array(_line_names(inputs), dtype="str"),
            "sort_order": [j.sort_order for j in inputs.job_lines],
            "raw_rank": _raw_ranks([worker.preferences.order.get(j.id) for j in inputs.job_lines]),
            "bucket": pd.array(
                [bucket_words(worker.preferences, j.id) for j in inputs.job_lines], dtype="str"
            ),
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
            "bucket": pd.array(
                [bucket_words(w.preferences, job_line_id) for w in inputs.workers], dtype="str"
            ),
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
