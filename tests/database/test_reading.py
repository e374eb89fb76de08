"""Every read on a database with more keys, more tables and fewer columns than ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import httpx

from allocator.database import reading
from allocator.database.hydrate import hydrate
from allocator.database.tables import ACTIONS, PREFERENCES, QUALIFICATIONS
from allocator.postgres import Client, fetchAll
from tests.conftest import Database
from tests.database.year import Year, in_waves, requests_of
from tests.services import hidden
from tests.waiting import eventually

MORE_KEYS = {
    # table → further columns and the tables that they point to
    "allocator_py_runs": {"copied_from": "allocator_py_runs", "following": "allocationruns"},
    "allocationruns": {"sister_plan": "allocationplans", "newest": "allocator_py_runs"},
    "allocation_run_worker_mappings": {
        "supervisor": "workers",
        "came_from": "allocationruns",
        "favourite": "job_lines",
    },
    "workers": {"newest_mapping": "allocation_run_worker_mappings"},
    "preference_worker_job_lines": {
        "proxy": "allocation_run_worker_mappings",
        "instead_of": "job_lines",
    },
    "job_line_eligibility": {"same_as": "job_lines"},
    "allocator_py_allocations": {"earlier_run": "allocator_py_runs", "swapped_for": "job_lines"},
    "job_line_worker_mappings": {"swapped_for": "job_lines", "covers": "workers"},
}
JUNCTIONS = (
    ("allocation_run_worker_mappings", "workers"),
    ("allocation_run_worker_mappings", "job_lines"),
    ("allocator_py_runs", "allocationruns"),
    ("allocationruns", "allocationplans"),
    ("allocator_py_runs", "job_lines"),
)


@contextmanager
def more_keys(database: Database) -> Iterator[None]:
    """While it lasts, tables have second keys to one another, and junction tables join them."""
    try:
        for table, columns in MORE_KEYS.items():
            for column, target in columns.items():
                database.rows(f"alter table {table} add column {column} uuid references {target}")
        for number, (one, other) in enumerate(JUNCTIONS):
            database.rows(
                f"create table joins_{number} (one uuid references {one},"
                f" other uuid references {other}, primary key (one, other))"
            )
            database.rows(f"grant select on joins_{number} to service_role")
        _reload(database, ambiguous=True)
        yield
    finally:
        for number in range(len(JUNCTIONS)):
            database.rows(f"drop table if exists joins_{number}")
        for table, columns in MORE_KEYS.items():
            for column in columns:
                database.rows(f"alter table {table} drop column if exists {column}")
        _reload(database, ambiguous=False)


def _reload(database: Database, *, ambiguous: bool) -> None:
    """Wait until the server knows the tables as they are now: an embed without a key tells."""
    key = database.info.service_role_key
    headers = {"apikey": key, "authorization": f"Bearer {key}"}
    address = f"{database.info.url}/rest/v1/allocation_run_worker_mappings?select=workers(id)"
    database.rows("notify pgrst, 'reload schema'")
    wanted = 300 if ambiguous else 200
    eventually(
        lambda: database.transport.get(address, headers=headers).status_code == wanted, every=0.02
    )


def test_every_read_names_its_key(year: Year, client: Client):
    ada, ben = year.worker("Ada"), year.worker("Ben")
    surgery, rural = year.job_line("Surgery"), year.job_line("Rural")
    year.ranks(ada, (surgery, 1), (rural, 2))
    year.insert("job_line_eligibility", job_line=rural, excluded_worker_mapping_ids=[ben])
    year.insert(
        "job_line_worker_mappings",
        job_line=rural,
        allocation_run_worker_mapping=ben,
        locked_at="2026-10-01T00:00:00Z",
    )
    year.completed("2026-10-01T00:00:00Z", (ben, rural))
    run = year.run(included_worker_mappings=[ada, Year(year.database, "Other").worker("Di")])
    before = hydrate(run, client=client)
    with more_keys(year.database):
        for action, what in ACTIONS.items():
            fetchAll(action, run if what.needs_run else None, client=client)
        assert len(fetchAll(PREFERENCES, run, client=client)) == 2
        assert fetchAll(QUALIFICATIONS, run, client=client) == []
        after = hydrate(run, client=client)
    assert after.fingerprint == before.fingerprint
    assert after.issues == before.issues != ()


def test_notes_are_never_asked_for(year: Year, client: Client):
    ada, surgery = year.worker("Ada"), year.job_line("Surgery")
    year.insert(
        "preference_worker_job_lines",
        allocation_run_worker_mapping=ada,
        job_line=surgery,
        notes="for nobody's eyes",
        attractiveness_score=0.7,
    )
    sent = requests_of(client)
    inputs = year.hydrate(year.run(), client)
    assert inputs.worker(ada).preferences.attractiveness == {surgery: 0.7}
    assert "eyes" not in repr(inputs)
    assert not [request for request in sent if "notes" in str(request.url)]
    assert not [request for request in sent if "select=*" in str(request.url)]


def test_what_is_absent_is_asked_for_once(year: Year, client: Client, monkeypatch):
    year.ranks(year.worker("Ada"), (year.job_line("Surgery"), 1))
    run, rows = year.run(), year.database.rows
    names = (
        ("job_lines", "max_n_workers"),
        ("job_lines", "must_have_workers"),
        ("allocation_run_worker_mappings", "withdrawal_effective_at"),
        ("preference_worker_job_lines", "like_dislike_preference"),
        ("preference_worker_job_lines", "attractiveness_score"),
    )
    with hidden(year.database, "table", "job_line_worker_mappings"):
        for table, column in names:
            rows(f"alter table {table} rename column {column} to {column}_gone")
        try:
            first = hydrate(run, client=client)
            # The table that is absent is not asked for again; every answer is a good one.
            with in_waves(client, 1, 8, 1) as passed:
                again = hydrate(run, client=client)
            assert passed == [0, 1, 2]
        finally:
            for table, column in names:
                rows(f"alter table {table} rename column {column}_gone to {column}")
    assert (first.issues, first.fingerprint) == ((), again.fingerprint)
    rows("update job_lines set max_n_workers = 4")
    assert hydrate(run, client=client).job_lines[0].max_n_workers == 1
    monkeypatch.setattr(reading, "FORGET_AFTER", 0.0)
    assert hydrate(run, client=client).job_lines[0].max_n_workers == 4


def test_a_table_of_other_applications_that_may_not_be_read_is_said(year: Year, client: Client):
    year.ranks(year.worker("Ada"), (year.job_line("Surgery"), 1))
    run, rows = year.run(), year.database.rows
    rows("revoke select on job_line_worker_mappings from service_role")
    try:
        (issue,) = hydrate(run, client=client).issues
    finally:
        rows("grant select on job_line_worker_mappings to service_role")
    assert (issue.table, issue.acknowledgeable) == ("job_line_worker_mappings", True)
    assert "grant select on public.job_line_worker_mappings to service_role;" in issue.remedy


def test_long_lists_keep_their_order_when_a_row_is_stored_anew(year: Year, client: Client):
    ada = year.worker("Ada")
    lines = sorted(str(uuid4()) for _ in range(1500))
    column, table = "allocation_run_worker_mapping", "preference_worker_job_lines"
    named = [{"id": line, "name": "Line", "allocation_run": year.id} for line in lines]
    ranks = [{column: ada, "job_line": j, "order_preference": n} for n, j in enumerate(lines, 1)]
    year.database.insert_tables({"job_lines": named, table: ranks})
    asked: list[str] = []

    def store_anew(request: httpx.Request) -> None:
        asked.append(str(request.url))
        if len([url for url in asked if "ranks" in url]) == 2:
            moved = f"update {table} set like_dislike_preference = 50 where job_line = %s"
            year.database.rows(moved, lines[0])

    client.options.httpx_client.event_hooks["request"].append(store_anew)
    found = fetchAll(PREFERENCES, year.run(), client=client)
    assert [row["job_line"] for row in found] == lines


def test_lists_of_more_workers_than_one_answer_carries(year: Year, client: Client):
    numbers = range(reading.MAPPINGS_IN_A_PAGE + 1)
    people, mappings = ([str(uuid4()) for _ in numbers] for _ in range(2))
    surgery = year.job_line("Surgery")
    year.database.insert_tables(
        {
            "workers": [{"id": p, "internal_id": p} for p in people],
            "allocation_run_worker_mappings": [
                {"id": m, "worker": p, "allocation_run": year.id}
                for m, p in zip(mappings, people, strict=True)
            ],
            "preference_worker_job_lines": [
                {"allocation_run_worker_mapping": m, "job_line": surgery, "order_preference": 1}
                for m in mappings
            ],
        }
    )
    found = fetchAll(PREFERENCES, year.run(), client=client)
    assert [row["allocation_run_worker_mapping"] for row in found] == sorted(mappings)


def test_rows_by_more_ids_than_one_address_carries(year: Year, client: Client):
    lines = [str(uuid4()) for _ in range(reading.IDS_IN_A_URL + 1)]
    named = [{"id": line, "name": "Line", "allocation_run": year.id} for line in lines]
    year.database.insert_tables({"job_lines": named})
    found = reading.rows_by_id("job_lines", lines, client)
    assert sorted(row["id"] for row in found) == sorted(lines)
