"""A small allocator run to commit, and the call that commits it."""

from __future__ import annotations

from typing import Any

from allocator.postgres import CONTRACT

AUDIT: dict[str, Any] = {
    "operator": "Ada",
    "settings": {"alpha": 0.3, "seed": 1234},
    "scenario": {},
    "objective": 12.5,
    "bound": 12.5,
    "solver": "highs",
    "fingerprint": "f" * 64,
    "counts": {"workers": 3},
}


def add_run(database, *, workers=3, lines=4, allocation_run=None, **columns) -> dict[str, Any]:
    """Insert a pending run; returns its id with the ids of its workers and job lines."""
    if allocation_run is None:
        (plan,) = database.insert("allocationplans", {"name": "Interns"})
        (year,) = database.insert("allocationruns", {"allocationplan": plan["id"]})
        allocation_run = year["id"]
    people = database.insert("workers", *({"internal_id": f"W{n}"} for n in range(workers)))
    mappings = database.insert(
        "allocation_run_worker_mappings",
        *({"worker": person["id"], "allocation_run": allocation_run} for person in people),
    )
    job_lines = database.insert(
        "job_lines",
        *({"name": f"Line {n}", "allocation_run": allocation_run} for n in range(lines)),
    )
    (run,) = database.insert("allocator_py_runs", {"allocation_run": allocation_run, **columns})
    return {
        "id": str(run["id"]),
        "allocation_run": str(allocation_run),
        "workers": [str(row["id"]) for row in mappings],
        "lines": [str(row["id"]) for row in job_lines],
    }


def allocations(run, shift=0) -> list[dict[str, Any]]:
    """Worker n on job line n + shift, in turn."""
    return [
        {
            "worker_mapping": worker,
            "job_line": run["lines"][(n + shift) % len(run["lines"])],
            "original_preference": n + 0.5 if n else None,
        }
        for n, worker in enumerate(run["workers"])
    ]


def commit(client, run_id, rows, **audit) -> dict[str, Any]:
    """Call the commit function through the REST API; returns the receipt."""
    arguments = {"p_run": run_id, "p_allocations": rows, "p_audit": {**AUDIT, **audit}}
    arguments["p_contract"] = CONTRACT
    return client.rpc("allocator_console_commit", arguments).execute().data


def stored(database, run) -> list[tuple[str, str, float | None]]:
    """What the run holds, sorted."""
    rows = database.rows(
        "select worker_mapping::text as w, job_line::text as j, original_preference as p "
        "from allocator_py_allocations where allocator_py_run = %s",
        run["id"],
    )
    return sorted((row["w"], row["j"], row["p"]) for row in rows)


def expected(rows) -> list[tuple[str, str, float | None]]:
    """What the run should hold after these rows are committed, sorted."""
    return sorted((r["worker_mapping"], r["job_line"], r["original_preference"]) for r in rows)


def completed_at(database, run):
    """The run's `completed_at`."""
    return database.rows("select completed_at from allocator_py_runs where id = %s", run["id"])[0][
        "completed_at"
    ]


def assert_all_or_nothing(database, run, rows) -> bool:
    """All allocations, `completed_at` and the audit row, or none of them; True when all."""
    audits = database.rows(
        "select operator from allocator_console_audit where allocator_py_run = %s", run["id"]
    )
    is_complete = completed_at(database, run) is not None
    assert stored(database, run) == (expected(rows) if is_complete else [])
    assert len(audits) == int(is_complete)
    return is_complete
