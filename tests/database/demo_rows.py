"""The demo data, made once; by default without the intern year's many ranks, to load quickly."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from allocator.demo import demo_data

PREFERENCES = "preference_worker_job_lines"


@lru_cache(maxsize=2)
def demo_rows(*, intern_ranks: bool = False) -> dict[str, list[dict[str, Any]]]:
    """Table → rows; everything is there, but without `intern_ranks` the interns ranked nothing."""
    tables = dict(demo_data.rows())
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
