"""Who may hold what, and the rule that decided each pair."""

from __future__ import annotations

import numpy as np
import pandas as pd

from allocator.measures.offers import demand
from allocator.models import RunInputs
from allocator.review.people import LEFT_OUT, TAKES_PART
from allocator.rules.eligibility import Rule, holders_by_tag
from allocator.rules.matrices import matrices
from allocator.rules.naming import job_line_name, listed, tag_name, worker_name
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
