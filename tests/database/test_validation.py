"""Odd but legal rows are data errors of their run: named, and no other run is touched."""

from __future__ import annotations

from uuid import uuid4

import pytest

from allocator.database.overview import overviews
from allocator.errors import DataIssue, InvalidData
from allocator.models import RunInputs, Settings, Status
from allocator.rules.ranks import Encoding, bucket_reading
from allocator.service import AllocatorService
from tests.database.year import Year

ODD_TIMES = ["infinity", "-infinity", "0044-03-15 BC", "20000-01-01"]


def only_issue(inputs: RunInputs) -> DataIssue:
    (issue,) = inputs.issues
    assert issue.acknowledgeable
    assert issue.remedy
    return issue


@pytest.fixture
def other(database, client) -> str:
    """A pending run of another allocation run that must go on working."""
    year = Year(database, "Other year")
    year.ranks(year.worker("Di"), (year.job_line("Elsewhere"), 1))
    return year.run()


@pytest.fixture
def pair(year) -> tuple[str, str]:
    ada, surgery = year.worker("Ada"), year.job_line("Surgery")
    year.ranks(ada, (surgery, 1))
    return ada, surgery


def works(client, run: str, *others: str) -> None:
    """The list of runs is complete, and each of these runs is solved and committed."""
    service = AllocatorService(client)
    assert {run, *others} <= {row.run.id for row in service.runs()}
    for key in (run, *others):
        inputs = service.hydrate(key)
        result = service.solve(inputs, acknowledged=key == run)
        assert result.status is Status.OPTIMAL
        if inputs.run.is_pending:
            assert service.commit(inputs, result, "ada").n_allocations == 1
    assert len(service.runs()) == 1 + len(others)


@pytest.mark.parametrize("value", ODD_TIMES)
@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("allocator_py_runs", "created_at"),
        ("allocator_py_runs", "queued_at"),
        ("allocationruns", "startdate"),
        ("allocationruns", "enddate"),
        ("allocationruns", "due_date"),
        ("allocation_run_worker_mappings", "withdrawal_effective_at"),
    ],
)
def test_an_odd_time_is_named(year, client, other, pair, table, column, value):
    run = year.run()
    key = {"allocator_py_runs": run, "allocationruns": year.id}.get(table, pair[0])
    year.database.rows(f"update {table} set {column} = %s where id = %s", value, key)
    issue = only_issue(year.hydrate(run, client))
    assert (issue.table, issue.ids) == (table, (key, column))
    assert column in issue.message
    assert f"{table}.{column}" in issue.remedy
    works(client, run, other)


@pytest.mark.parametrize("value", ODD_TIMES)
def test_an_odd_withdrawal_is_a_withdrawal(year, client, pair, value):
    gone = year.worker("Ben", withdrawn_at=value)
    inputs = year.hydrate(year.run(), client)
    assert only_issue(inputs).ids == (gone, "withdrawn_at")
    assert [left.id for left in inputs.left_out] == [gone]


@pytest.mark.parametrize("value", ODD_TIMES)
def test_odd_times_in_rows_that_are_not_shown_do_no_harm(year, client, pair, value):
    ada, surgery = pair
    tag = year.tag("Visa", ada)
    rows = year.database.rows
    year.insert("job_line_eligibility", job_line=surgery, included_qualification_tag_ids=[tag])
    for table, column in (
        ("preference_worker_job_lines", "updated_at"),
        ("job_line_eligibility", "updated_at"),
        ("worker_qualifications", "end_date"),
    ):
        rows(f"update {table} set {column} = %s", "infinity" if "end" in column else value)
    done = year.completed(value, pair)
    rows("update allocator_py_allocations set created_at = %s", value)
    service = AllocatorService(client)
    assert {row.run.id for row in service.runs()} == {done}
    assert only_issue(service.hydrate(done)).ids == (done, "completed_at")


@pytest.mark.parametrize("zone", ["Australia", "AEST", "", None])
def test_an_unknown_zone_is_said(year, client, other, pair, zone):
    run = year.run()
    year.database.rows("update allocationplans set timezone = %s where name = %s", zone, year.name)
    inputs = year.hydrate(run, client)
    issue = only_issue(inputs)
    assert (issue.table, issue.ids[1]) == ("allocationplans", "timezone")
    assert "days and times are those of UTC" in issue.message
    assert (repr(zone) if zone else "no timezone") in issue.message
    assert inputs.run.timezone == "UTC"
    works(client, run, other)


def test_a_list_of_lists_counts_as_one_list(year, client, other, pair):
    ada, surgery = pair
    ben = year.worker("Ben")
    rows = year.database.rows
    run = year.run()
    two = f"array[array['{ada}'], array['{ada}']]::uuid[]"
    rows(f"update allocator_py_runs set included_worker_mappings = {two} where id = %s", run)
    inputs = year.hydrate(run, client)
    assert [worker.id for worker in inputs.workers] == [ada]
    issue = only_issue(inputs)
    assert (issue.table, issue.ids) == ("allocator_py_runs", (run, "included_worker_mappings"))
    rows(
        "insert into job_line_eligibility (job_line, excluded_worker_mapping_ids)"
        f" values ('{surgery}', array[array['{ben}'], array['{ben}']]::uuid[])"
    )
    weighting = year.weighting(2)
    tag = year.tag("Visa", ada)
    rows(
        "update allocation_run_preferencer_weightings set qualification_tag_ids ="
        f" array[array['{tag}'], array['{tag}']]::uuid[]"
    )
    inputs = year.hydrate(run, client)
    assert {i.ids for i in inputs.issues} == {
        (run, "included_worker_mappings"),
        (surgery, "excluded_worker_mapping_ids"),
        (weighting, "qualification_tag_ids"),
    }
    assert inputs.job_line(surgery).eligibility.excluded_worker_mapping_ids == {ben}
    assert inputs.weightings[0].qualification_tag_ids == {tag}
    works(client, run, other)


def test_a_list_with_an_empty_entry_is_named(year, client, other, pair):
    ada, surgery = pair
    run = year.run()
    rows = year.database.rows
    rows(
        "update allocator_py_runs set included_job_lines ="
        f" array[null, '{surgery}']::uuid[] where id = %s",
        run,
    )
    issue = only_issue(year.hydrate(run, client))
    assert (issue.table, issue.message) == (
        "allocator_py_runs",
        "included_job_lines has an empty entry.",
    )
    rows(
        "insert into job_line_eligibility (job_line, included_worker_mapping_ids)"
        f" values ('{surgery}', array[null, '{ada}']::uuid[])"
    )
    assert len(year.hydrate(run, client).issues) == 2
    works(client, run, other)


def test_the_list_of_runs_names_what_is_wrong_in_a_runs_own_row(year, client, other):
    run = year.run(created_at="infinity")
    year.database.rows("update allocationplans set timezone = 'AEST' where name = %s", year.name)
    rows = {row.run.id: row for row in overviews(client)}
    assert [i.table for i in rows[run].issues] == ["allocator_py_runs", "allocationplans"]
    assert rows[other].issues == ()
    # An audit row of ours that somebody changed by hand.
    year.insert(
        "allocator_console_audit",
        allocator_py_run=run,
        operator="ada",
        n_allocations=0,
        committed_at="infinity",
        counts=[1],
        settings="x",
        scenario=3,
    )
    year.database.rows("update allocator_py_runs set completed_at = now() where id = %s", run)
    assert len(overviews(client)) == 2


def person_again(year, mapping: str, **columns) -> str:
    query = "select worker from allocation_run_worker_mappings where id = %s"
    worker = str(year.database.rows(query, mapping)[0]["worker"])
    row = {"worker": worker, "allocation_run": year.id, "submitted": True, **columns}
    return str(year.insert("allocation_run_worker_mappings", **row))


def test_a_person_mapped_twice_names_both_mappings(year, client, pair):
    ada, surgery = pair
    year.job_line("Rural")
    again = person_again(year, ada)
    issue = only_issue(year.hydrate(year.run(), client))
    assert (issue.table, issue.row) == ("allocation_run_worker_mappings", "Ada Lee (ADA)")
    assert set(issue.ids) == {ada, again}
    assert ada in issue.message
    assert again in issue.message
    # The other one placed already, or outside the batch: still two job lines for one person.
    assert only_issue(year.hydrate(year.run(included_worker_mappings=[ada]), client)) == issue
    year.completed("2026-10-01T00:00:00Z", (again, surgery))
    assert set(only_issue(year.hydrate(year.run(is_exclusive=True), client)).ids) == {ada, again}


def test_a_person_who_withdrew_and_came_back_is_no_error(year, client, pair):
    person_again(year, pair[0], withdrawn_at="2026-03-01T00:00:00Z")
    assert year.hydrate(year.run(), client).issues == ()


@pytest.fixture
def buckets(year) -> tuple[str, list[str]]:
    """A worker and four job lines: two loved, one disliked, one never."""
    return year.worker("Ada"), [year.job_line(n) for n in ("Love", "Lover", "Dislike", "Never")]


def sort(year, worker: str, *rows: tuple[str, int | None, int | None]) -> None:
    for job_line, rank, bucket in rows:
        year.insert(
            "preference_worker_job_lines",
            allocation_run_worker_mapping=worker,
            job_line=job_line,
            order_preference=rank,
            like_dislike_preference=bucket,
        )


def test_buckets_are_read_and_never_is_kept(year, client, buckets):
    ada, (love, lover, dislike, never) = buckets
    sort(year, ada, (love, 1, 10), (lover, 2, 10), (dislike, 3, 40), (never, None, 50))
    inputs = year.hydrate(year.run(), client)
    assert inputs.issues == ()
    found = inputs.worker(ada).preferences
    assert dict(found.buckets) == {love: 10, lover: 10, dislike: 40, never: 50}
    assert list(found.scores) == [love, lover, dislike]
    assert bucket_reading(inputs.workers).encoding is Encoding.OVER_ALL


def test_ranks_that_contradict_buckets_are_settled_by_an_acknowledgement_or_the_setting(
    year, client, buckets
):
    ada, (love, lover, dislike, _never) = buckets
    sort(year, ada, (love, 1, 10), (lover, 2, 10), (dislike, 1, 40))
    service, run = AllocatorService(client), year.run()
    inputs = service.hydrate(run)
    issue = only_issue(inputs)
    assert (issue.table, issue.row, issue.ids) == (
        "preference_worker_job_lines",
        "1 worker",
        (ada,),
    )
    assert "Ada Lee ranks Dislike (dislike) 1 and Lover (love) 2" in issue.message
    assert "counted anew inside each bucket" in issue.message
    with pytest.raises(InvalidData):
        service.solve(inputs, Settings())
    by_rank = service.solve(inputs, Settings(), acknowledged=True)
    settings = Settings(bucket_order=True)
    by_bucket = service.solve(inputs, settings)
    assert by_rank.is_checked
    assert by_bucket.is_checked
    assert by_rank.fingerprint != by_bucket.fingerprint
    assert (by_rank.allocations[0].original_preference, by_rank.allocations[0].score) == (1.5, 1.5)
    assert by_bucket.allocations[0].original_preference == 1
    assert by_bucket.allocations[0].job_line == love
    receipt = service.commit(inputs, by_bucket, "ada")
    assert receipt.settings["bucket_order"] is True
    assert receipt.fingerprint == by_bucket.fingerprint


def test_without_ties_a_tie_inside_a_bucket_is_an_error_and_one_between_buckets_is_none(
    year, client, buckets
):
    ada, (love, lover, dislike, _never) = buckets
    sort(year, ada, (love, 1, 10), (lover, 2, 10), (dislike, 1, 40))
    service, run = AllocatorService(client), year.run()
    strict = Settings(bucket_order=True, ties_allowed=False)
    assert service.solve(service.hydrate(run), strict).status is Status.OPTIMAL
    year.database.rows("update preference_worker_job_lines set order_preference = 1")
    with pytest.raises(InvalidData):
        service.solve(service.hydrate(run), strict)


def test_an_id_that_leads_nowhere_beside_odd_times_collects_every_error(year, client, pair):
    run = year.run(created_at="infinity", included_job_lines=[pair[1], str(uuid4())])
    year.database.rows("update allocationruns set startdate = '-infinity' where id = %s", year.id)
    issues = year.hydrate(run, client).issues
    assert len(issues) == 3
    assert list(issues) == sorted(issues)
