"""Nothing that a solve reads can change unseen between the last reading and the commit."""

from __future__ import annotations

import pytest
from postgrest.exceptions import APIError

from tests.database.commit_data import add_run, allocations, commit, completed_at


def digest_of(database, run):
    return database.client.rpc("allocator_console_digest", {"p_run": run["id"]}).execute().data


@pytest.fixture
def full_run(database):
    """A run with a row in every table that a solve reads."""
    run = add_run(database, workers=2, lines=3)
    worker, line = run["workers"][0], run["lines"][0]
    (tag,) = database.insert("qualification_tags", {"name": "Rural"})
    person = "select worker from allocation_run_worker_mappings where id = %s"
    held = {"worker": database.rows(person, worker)[0]["worker"], "qualification_tag": tag["id"]}
    database.insert("worker_qualifications", held)
    rank = {"job_line": line, "allocation_run_worker_mapping": worker, "order_preference": 1}
    database.insert("preference_worker_job_lines", {**rank, "like_dislike_preference": 20})
    database.insert("job_line_eligibility", {"job_line": line})
    weighting = {"allocation_run": run["allocation_run"], "weighting": 1}
    database.insert("allocation_run_preferencer_weightings", weighting)
    other = add_run(
        database,
        workers=1,
        lines=1,
        allocation_run=run["allocation_run"],
        completed_at="2026-01-01",
    )
    place = {"worker_mapping": other["workers"][0], "job_line": other["lines"][0]}
    database.insert("allocator_py_allocations", {"allocator_py_run": other["id"], **place})
    return run


@pytest.mark.parametrize(
    "change",
    [
        "update allocator_py_runs set is_exclusive = true where completed_at is null",
        "update allocator_py_runs set included_job_lines = array[gen_random_uuid()] "
        "where completed_at is null",
        "update allocationruns set status = 'closed'",
        "update allocation_run_worker_mappings set locked = true",
        "update allocation_run_worker_mappings set submitted = true",
        "update allocation_run_worker_mappings set withdrawn_at = now()",
        "update preference_worker_job_lines set order_preference = null",
        "update preference_worker_job_lines set like_dislike_preference = 50",
        "delete from preference_worker_job_lines",
        "delete from worker_qualifications",
        "update job_lines set max_n_workers = 0",
        "update job_lines set must_have_workers = true",
        "update job_line_eligibility set excluded_worker_mapping_ids = array[gen_random_uuid()]",
        "update job_line_eligibility set included_qualification_tag_ids = array[gen_random_uuid()]",
        "delete from job_line_eligibility",
        "update allocation_run_preferencer_weightings set weighting = 2",
        "update allocation_run_preferencer_weightings set worker_mapping_ids = "
        "array[gen_random_uuid()]",
        "delete from allocator_py_allocations",
    ],
)
def test_commit_refuses_when_anything_that_was_read_has_changed(database, full_run, change):
    digest = digest_of(database, full_run)
    assert digest_of(database, full_run) == digest
    database.rows(change)
    assert digest_of(database, full_run) != digest
    with pytest.raises(APIError) as refusal:
        commit(database.client, full_run["id"], allocations(full_run), digest=digest)
    assert refusal.value.code in ("AC002", "AC004", "AC010")
    assert completed_at(database, full_run) is None


def test_commit_with_the_digest_of_what_was_read_goes_through(database, full_run):
    database.rows("update workers set firstname = 'Somebody', telmain = '1'")
    digest = digest_of(database, full_run)
    database.rows("update workers set firstname = 'Else', telmain = '2'")
    database.rows("update preference_worker_job_lines set notes = 'private'")
    commit(database.client, full_run["id"], allocations(full_run), digest=digest)
    assert completed_at(database, full_run)


def test_digest_of_a_large_run_is_quick_and_without_order(database):
    run = add_run(database, workers=600, lines=400)
    ranks = [
        {"allocation_run_worker_mapping": w, "job_line": j, "order_preference": n}
        for w in run["workers"]
        for n, j in enumerate(run["lines"], 1)
    ]
    database.insert_tables({"preference_worker_job_lines": ranks})
    before = digest_of(database, run)
    database.rows("delete from preference_worker_job_lines")
    database.insert_tables({"preference_worker_job_lines": ranks[::-1]})
    assert digest_of(database, run) == before
