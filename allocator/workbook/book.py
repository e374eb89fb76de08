"""A run's inputs by name, as a workbook has them, and what they are as rows of the database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

from allocator.database.hydrate import inputs_of
from allocator.database.rows import Ranked, RunRows, allocator_run
from allocator.models import RunInputs

NAMESPACE = UUID("b1c2f7a4-5f0e-5d7c-8a1e-3d9e6c7a2b10")
Row = dict[str, Any]


@dataclass(slots=True)
class Book:
    """Workers by their ID and job lines by their name; lists of names, never of ids.

    `eligibility`: job line → the four lists of `job_line_eligibility`, in the order of its
    columns. `preferences`: (worker, job line) → (rank or None, bucket or None).
    """

    facts: dict[str, str] = field(default_factory=dict)
    workers: dict[str, Row] = field(default_factory=dict)
    job_lines: dict[str, Row] = field(default_factory=dict)
    preferences: dict[tuple[str, str], tuple[int | None, int | None]] = field(default_factory=dict)
    eligibility: dict[str, tuple[tuple[str, ...], ...]] = field(default_factory=dict)
    weightings: list[Row] = field(default_factory=list)
    tags: dict[str, None] = field(default_factory=dict)

    def rows(self, key: str, now: datetime) -> dict[str, list[Row]]:
        """Table → rows of one pending run, in an order in which they can be inserted. `key` makes
        the ids: another one, another run beside it."""

        def uid(kind: str, name: object = "") -> str:
            return str(uuid5(NAMESPACE, f"{key}/{kind}/{name}"))

        plan, run, org = uid("plan"), uid("allocation run"), uid("org")
        facts, when = self.facts, now.isoformat()

        def every(kind: str, names: tuple[str, ...]) -> list[str]:
            return [uid(kind, name) for name in names]

        return {
            "orgs": [{"id": org, "name": facts.get("Organisation", "")}],
            "allocationplans": [
                {
                    "id": plan,
                    "name": facts.get("Plan") or "Imported workbook",
                    "org": org,
                    "timezone": facts.get("Time zone") or "UTC",
                }
            ],
            "allocationruns": [
                {"id": run, "allocationplan": plan, "status": facts.get("Status") or "closed"}
            ],
            "workers": [
                {
                    "id": uid("worker", worker),
                    "internal_id": worker,
                    **{name: row[name] for name in NAMES},
                }
                for worker, row in self.workers.items()
            ],
            "qualification_tags": [
                {"id": uid("tag", tag), "name": tag, "org": org} for tag in self.tags
            ],
            "worker_qualifications": [
                {
                    "id": uid("holds", f"{worker}/{tag}"),
                    "worker": uid("worker", worker),
                    "qualification_tag": uid("tag", tag),
                }
                for worker, row in self.workers.items()
                for tag in row["tags"]
            ],
            "allocation_run_worker_mappings": [
                {
                    "id": uid("mapping", worker),
                    "worker": uid("worker", worker),
                    "allocation_run": run,
                    "submitted": row["submitted"],
                    "locked": row["locked"],
                }
                for worker, row in self.workers.items()
            ],
            "job_lines": [
                {"id": uid("job line", name), "name": name, "allocation_run": run, **row}
                for name, row in self.job_lines.items()
            ],
            "preference_worker_job_lines": [
                {
                    "allocation_run_worker_mapping": uid("mapping", worker),
                    "job_line": uid("job line", line),
                    "order_preference": rank,
                    "like_dislike_preference": bucket,
                }
                for (worker, line), (rank, bucket) in self.preferences.items()
            ],
            "job_line_eligibility": [
                {
                    "job_line": uid("job line", line),
                    "included_qualification_tag_ids": every("tag", lists[0]),
                    "excluded_qualification_tag_ids": every("tag", lists[1]),
                    "included_worker_mapping_ids": every("mapping", lists[2]),
                    "excluded_worker_mapping_ids": every("mapping", lists[3]),
                }
                for line, lists in self.eligibility.items()
            ],
            "allocation_run_preferencer_weightings": [
                {
                    "id": uid("weighting", name),
                    "allocation_run": run,
                    "job_line": uid("job line", row["job_line"]) if row["job_line"] else None,
                    "qualification_tag_ids": every("tag", row["tags"]),
                    "worker_mapping_ids": every("mapping", row["workers"]),
                    "weighting": row["weighting"],
                }
                for name, row in self._weightings()
            ],
            "allocator_py_runs": [
                {
                    "id": uid("allocator run"),
                    "allocation_run": run,
                    "created_at": when,
                    "queued_at": when,
                    "is_exclusive": False,
                }
            ],
        }

    def _weightings(self) -> Iterator[tuple[str, Row]]:
        """Each with what makes its id: what it says, so that the order of rows plays no part."""
        seen: Counter[str] = Counter()
        for row in self.weightings:
            lists = sorted(row["tags"]), sorted(row["workers"])
            said = repr((row["job_line"], *lists, row["weighting"]))
            yield f"{said}/{seen[said]}", row
            seen[said] += 1

    def inputs(self, now: datetime | None = None) -> RunInputs:
        """The run as the database would give it, data errors included, without a database.

        The ids depend on what the workbook calls things alone, so the same workbook and seed give
        the same allocation.
        """
        now = now or datetime.now(UTC)
        tables = self.rows("", now)
        return inputs_of(rows_in_memory(tables, tables["allocator_py_runs"][0]["id"], now))


NAMES = ("firstname", "lastname", "preferred_name", "qualificationlevel")
"""Columns of a worker that are texts."""


def rows_in_memory(tables: Mapping[str, Sequence[Row]], run_id: str, now: datetime) -> RunRows:
    """What is read of tables for one run that stands alone, as if a database held them."""
    [own] = [row for row in tables["allocator_py_runs"] if row["id"] == run_id]
    key = own["allocation_run"]
    [parent] = [row for row in tables["allocationruns"] if row["id"] == key]
    [plan] = [row for row in tables["allocationplans"] if row["id"] == parent["allocationplan"]]
    run_row = {**own, "allocationruns": {**parent, "allocationplans": plan}}
    people = {row["id"]: row for row in tables["workers"]}

    def here(table: str) -> list[Row]:
        return [row for row in tables[table] if row["allocation_run"] == key]

    mappings, lines = here("allocation_run_worker_mappings"), here("job_lines")
    mapping_of = {row["worker"]: row["id"] for row in mappings}
    known = {row["id"] for row in lines}
    lists: dict[str, list[Ranked]] = {row["id"]: [] for row in mappings}
    for row in tables["preference_worker_job_lines"]:
        if (own_list := lists.get(row["allocation_run_worker_mapping"])) is not None:
            rank, bucket = row["order_preference"], row["like_dislike_preference"]
            own_list.append(Ranked(row["job_line"], rank, bucket))
    return RunRows(
        allocator_run(run_row),
        now,
        run_row,
        workers=[{**row, "workers": people[row["worker"]]} for row in mappings],
        job_lines=lines,
        eligibility=[r for r in tables["job_line_eligibility"] if r["job_line"] in known],
        weightings=here("allocation_run_preferencer_weightings"),
        tags=[row for row in tables["qualification_tags"] if row["org"] == plan["org"]],
        qualifications=[
            {
                "worker_mapping_id": mapping_of[row["worker"]],
                "qualification_tag_id": row["qualification_tag"],
            }
            for row in tables["worker_qualifications"]
            if row["worker"] in mapping_of
        ],
        preferences=lists,
    )
