"""The demo data, made once; by default without the intern year's many ranks, to load quickly."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from allocator.demo import demo_data

if TYPE_CHECKING:
    from tests.conftest import Database

PREFERENCES = "preference_worker_job_lines"
MAPPINGS = "allocation_run_worker_mappings"
COMING = "2999-01-01T00:00:00+00:00"


@lru_cache(maxsize=2)
def demo_rows(*, intern_ranks: bool = False) -> dict[str, list[dict[str, Any]]]:
    """Table → rows; everything is there, but without `intern_ranks` the interns ranked nothing."""
    tables = dict(demo_data.rows())
    tables[MAPPINGS] = [
        # Coming on whatever day the tests run: the demo's days are counted from a fixed one.
        row | ({"withdrawal_effective_at": COMING} if row["withdrawal_effective_at"] else {})
        for row in tables[MAPPINGS]
    ]
    if not intern_ranks:
        runs = {row["id"]: row["allocation_run"] for row in tables["allocator_py_runs"]}
        interns = {
            row["id"]
            for row in tables["allocation_run_worker_mappings"]
            if row["allocation_run"] == runs[demo_data.INTERN_YEAR]
        }
        tables[PREFERENCES] = [
            row
            for row in tables[PREFERENCES]
            if row["allocation_run_worker_mapping"] not in interns
        ]
    return tables


def placed_elsewhere(database: Database, run_id: str, count: int = 1) -> None:
    """Another application has placed the first workers of the run on its first job lines."""
    of = "(select allocation_run from allocator_py_runs where id = %s) order by"
    workers = database.rows(
        f"select id, worker from allocation_run_worker_mappings where allocation_run = {of} id",
        run_id,
    )
    lines = database.rows(
        f"select id from job_lines where allocation_run = {of} sort_order", run_id
    )
    for worker, line in zip(workers[:count], lines[:count], strict=True):
        database.insert(
            "job_line_worker_mappings",
            {
                "job_line": str(line["id"]),
                "worker": str(worker["worker"]),
                "allocation_run_worker_mapping": str(worker["id"]),
                "locked_at": "2026-10-01T00:00:00Z",
            },
        )
