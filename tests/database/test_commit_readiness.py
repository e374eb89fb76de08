"""What a commit would lack is found without writing, and the owners' trigger runs."""

from __future__ import annotations

import pytest
from postgrest.exceptions import APIError

from tests.database.commit_data import add_run, allocations, commit, completed_at


def faults_of(database):
    rows = database.client.rpc("allocator_console_readiness", {}).execute().data
    return {row["subject"]: row["remedy"] for row in rows if not row["ok"]}


def test_readiness_of_a_whole_database_names_the_trigger_and_no_fault(database):
    (row,) = database.client.rpc("allocator_console_readiness", {}).execute().data
    assert row["ok"]
    assert row["subject"] == "Trigger trigger_on_allocator_py_update"


@pytest.mark.parametrize(
    ("breaking", "mending", "subject", "remedy"),
    [
        (
            "revoke update on job_lines from service_role",
            "grant update on job_lines to service_role",
            "Table job_lines",
            "grant update on public.job_lines to service_role;",
        ),
        (
            "revoke insert on allocator_py_allocations from service_role",
            "grant insert on allocator_py_allocations to service_role",
            "Table allocator_py_allocations",
            "grant insert on public.allocator_py_allocations to service_role;",
        ),
        (
            "revoke execute on function allocator_console_digest from service_role",
            "grant execute on function allocator_console_digest to service_role",
            "Function allocator_console_digest(uuid)",
            "grant execute on function allocator_console_digest(uuid) to service_role;",
        ),
        (
            "alter table allocator_py_allocations add column fte real not null",
            "alter table allocator_py_allocations drop column fte",
            "Column allocator_py_allocations.fte",
            "alter table public.allocator_py_allocations alter column fte drop not null;",
        ),
        (
            "alter table allocator_py_allocations add column n serial; "
            "revoke all on sequence allocator_py_allocations_n_seq from service_role",
            "alter table allocator_py_allocations drop column n",
            "Sequence allocator_py_allocations_n_seq",
            "grant usage on sequence allocator_py_allocations_n_seq to service_role;",
        ),
    ],
)
def test_readiness_proves_what_a_commit_would_lack(database, breaking, mending, subject, remedy):
    run = add_run(database)
    try:
        database.connection.execute(breaking)
        assert faults_of(database) == {subject: remedy}
        if "digest" not in subject:
            with pytest.raises(APIError):
                commit(database.client, run["id"], allocations(run))
        assert completed_at(database, run) is None
        database.connection.execute(remedy)
        assert faults_of(database) == {}
        commit(database.client, run["id"], allocations(run))
    finally:
        database.connection.execute(mending)


def test_commit_runs_the_owners_trigger_once(database):
    run = add_run(database)
    commit(database.client, run["id"], allocations(run))
    commit(database.client, run["id"], allocations(run))
    rows = database.rows("select allocator_py_run, n_allocations from allocator_py_completions")
    assert [(str(row["allocator_py_run"]), row["n_allocations"]) for row in rows] == [
        (run["id"], 3)
    ]
