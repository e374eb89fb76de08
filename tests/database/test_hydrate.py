"""Hydration from the real database: who takes part, what is wrong, in how many requests."""

from __future__ import annotations

import random
from itertools import pairwise
from uuid import uuid4

import pytest

from allocator.database.hydrate import hydrate
from allocator.database.transport import Reading
from allocator.database.validation import tie_issues
from allocator.demo import demo_data
from allocator.errors import DataIssue, RunNotFound
from allocator.models import RunInputs
from allocator.postgres import fetchAll
from allocator.rules.fingerprint import differences
from tests.database.demo_rows import demo_rows
from tests.database.year import Year, in_waves


def only_issue(inputs: RunInputs) -> DataIssue:
    (issue,) = inputs.issues
    return issue


def names(rows) -> list[str]:
    return sorted(row.name for row in rows)


def test_hydrate_the_demo_intern_run_in_three_round_trips(database, client):
    database.insert_tables(demo_rows(intern_ranks=True))
    runs = fetchAll("pending", None, client=client)
    plans = {r["id"]: r["allocationruns"]["allocationplans"]["name"] for r in runs}
    (intern,) = [run for run, plan in plans.items() if plan.startswith("Intern year")]
    # The run; all that belongs to its allocation run; the preferences.
    with in_waves(client, 1, 9, 1) as passed:
        inputs = hydrate(intern, client=client)
    assert passed == [0, 1, 2]
    assert (len(inputs.workers), len(inputs.job_lines)) == (138, 140)
    assert [left.kind for left in inputs.left_out] == ["worker"]
    assert inputs.issues == ()
    stored = database.rows(
        "select count(*) from preference_worker_job_lines p"
        " join allocation_run_worker_mappings m on m.id = p.allocation_run_worker_mapping"
        " where m.allocation_run = %s and m.withdrawn_at is null and order_preference is not null",
        inputs.run.allocation_run,
    )
    assert sum(len(w.preferences.order) for w in inputs.workers) == stored[0]["count"]


def test_hydrate_gives_models_with_names_ranks_tags_and_rules(year, client):
    ada, ben = year.worker("Ada"), year.worker("Ben", locked=True)
    surgery = year.job_line("Surgery", sort_order=2, max_n_workers=2, must_have_workers=True)
    rural = year.job_line("Rural", max_n_workers=None, must_have_workers=None)
    tag = year.tag("Rural scheme", ben)
    year.ranks(ada, (surgery, 3), (rural, None))
    year.insert("job_line_eligibility", job_line=rural, included_qualification_tag_ids=[tag])
    year.weighting(-2, job_line=surgery, worker_mapping_ids=[ada])
    inputs = year.hydrate(year.run(), client)
    assert inputs.issues == ()
    assert inputs.run.plan_name == "Intern year"
    assert inputs.worker(ada).name == "Ada Lee"
    assert dict(inputs.worker(ada).preferences.order) == {surgery: 3}
    assert dict(inputs.worker(ada).preferences.scores) == {surgery: 1.0}
    assert inputs.worker(ada).preferences.unranked_score == 2.0
    assert inputs.worker(ben).qualification_ids == {tag}
    assert inputs.worker(ben).locked
    assert (inputs.job_line(surgery).max_n_workers, inputs.job_line(rural).max_n_workers) == (2, 1)
    assert inputs.job_line(surgery).must_have_workers
    assert not inputs.job_line(rural).must_have_workers
    assert inputs.job_line(surgery).eligibility is None
    assert inputs.job_line(rural).eligibility.included_qualification_tag_ids == {tag}
    (weighting,) = inputs.weightings
    assert (weighting.weighting, weighting.job_line) == (-2, surgery)
    assert weighting.worker_mapping_ids == {ada}


def test_hydrate_an_unknown_run(client, database):
    for run_id in (str(uuid4()), "not-a-uuid"):
        with pytest.raises(RunNotFound):
            hydrate(run_id, client=client)


def test_hydrate_ids_of_another_allocation_run_are_named_and_acknowledgeable(year, client):
    other = Year(year.database, "Other year")
    ada, surgery = year.worker("Ada"), year.job_line("Surgery")
    stranger, elsewhere = other.worker("Di"), other.job_line("Elsewhere")
    lost = str(uuid4())
    run = year.run(
        included_worker_mappings=[ada, stranger], included_job_lines=[surgery, elsewhere, lost]
    )
    inputs = year.hydrate(run, client)
    assert (names(inputs.workers), names(inputs.job_lines)) == (["Ada Lee"], ["Surgery"])
    assert all(issue.acknowledgeable for issue in inputs.issues)
    assert inputs.blocking_issues == ()
    said = [issue.message for issue in inputs.issues]
    assert said[0].startswith("included_job_lines names Elsewhere, a job line of another")
    assert lost in said[1]
    assert "no longer exists" in said[1]
    assert said[2].startswith("included_worker_mappings names Di Lee (DI), a worker of another")
    assert {issue.table for issue in inputs.issues} == {"allocator_py_runs"}
    assert inputs.issues[0].row.startswith("Intern year, batch created ")


def test_hydrate_lost_ids_in_eligibility_and_weightings(year, client):
    year.worker("Ada")
    surgery = year.job_line("Surgery")
    lost = [str(uuid4()) for _ in range(4)]
    year.insert(
        "job_line_eligibility",
        job_line=surgery,
        included_qualification_tag_ids=[lost[0]],
        excluded_worker_mapping_ids=[lost[1]],
    )
    year.weighting(1, qualification_tag_ids=[lost[2]])
    year.weighting(2, job_line=surgery, worker_mapping_ids=[lost[3]])
    inputs = year.hydrate(year.run(), client)
    assert {(i.table, i.row, i.ids[-1], i.acknowledgeable) for i in inputs.issues} == {
        ("job_line_eligibility", "Surgery", lost[0], True),
        ("job_line_eligibility", "Surgery", lost[1], True),
        ("allocation_run_preferencer_weightings", "weighting 1 on every job line", lost[2], True),
        ("allocation_run_preferencer_weightings", "weighting 2 on Surgery", lost[3], True),
    }
    # An array that names nobody must not turn into one that is empty and so means everybody.
    assert all(w.worker_mapping_ids or w.qualification_tag_ids for w in inputs.weightings)


def test_hydrate_a_worker_of_the_year_outside_the_batch_is_no_error(year, client):
    ada, ben = year.worker("Ada"), year.worker("Ben")
    surgery, rural = year.job_line("Surgery"), year.job_line("Rural")
    year.insert("job_line_eligibility", job_line=surgery, included_worker_mapping_ids=[ben])
    year.weighting(1, worker_mapping_ids=[ben])
    year.weighting(1, job_line=rural)
    run = year.run(included_worker_mappings=[ada], included_job_lines=[surgery])
    inputs = year.hydrate(run, client)
    assert inputs.issues == ()
    assert len(inputs.weightings) == 1


def test_hydrate_tags_of_another_organisation_exist(year, client):
    ada, surgery = year.worker("Ada"), year.job_line("Surgery")
    tag = year.tag("Visa", ada, org="South")
    year.insert("job_line_eligibility", job_line=surgery, excluded_qualification_tag_ids=[tag])
    inputs = year.hydrate(year.run(), client)
    assert inputs.issues == ()
    assert [(t.id, t.name) for t in inputs.tags] == [(tag, "Visa")]


@pytest.mark.parametrize("rank", [0, -3])
def test_hydrate_a_rank_below_one_blocks_and_names_the_row(year, client, rank):
    ada, surgery = year.worker("Ada"), year.job_line("Surgery")
    year.ranks(ada, (surgery, rank))
    issue = only_issue(year.hydrate(year.run(), client))
    assert not issue.acknowledgeable
    assert (issue.table, issue.row) == ("preference_worker_job_lines", "Ada Lee (ADA) on Surgery")
    assert f"The rank is {rank}" in issue.message
    assert issue.remedy


@pytest.mark.usefixtures("without_preference_key")
def test_hydrate_repeated_preference_rows_block(year, client):
    ada, surgery = year.worker("Ada"), year.job_line("Surgery")
    year.ranks(ada, (surgery, 2), (surgery, None), (surgery, 1))
    issue = only_issue(year.hydrate(year.run(), client))
    assert not issue.acknowledgeable
    assert issue.row == "Ada Lee (ADA) on Surgery"
    assert issue.message == "There are 3 rows for this pair (rank 1, rank 2, unranked)."


def test_hydrate_preferences_of_those_left_out_and_of_other_years_do_not_matter(year, client):
    other = Year(year.database, "Other year")
    ada = year.worker("Ada")
    gone = year.worker("Ben", withdrawn_at="2026-10-01T20:00:00Z")
    surgery, elsewhere = year.job_line("Surgery"), other.job_line("Elsewhere")
    year.ranks(gone, (surgery, -1))
    year.ranks(ada, (elsewhere, 1), (surgery, 2))
    inputs = year.hydrate(year.run(), client)
    assert inputs.issues == ()
    assert dict(inputs.worker(ada).preferences.order) == {surgery: 2}


@pytest.mark.parametrize(("places", "acknowledgeable"), [(0, True), (-1, False)])
def test_hydrate_a_job_line_without_places(year, client, places, acknowledgeable):
    year.worker("Ada")
    year.job_line("Surgery", max_n_workers=places)
    issue = only_issue(year.hydrate(year.run(), client))
    assert (issue.table, issue.row) == ("job_lines", "Surgery")
    assert issue.acknowledgeable is acknowledgeable


def test_hydrate_a_weighting_without_a_value_counts_as_nothing_once_acknowledged(year, client):
    year.worker("Ada")
    year.job_line("Surgery")
    year.weighting(None)
    inputs = year.hydrate(year.run(), client)
    assert only_issue(inputs).acknowledgeable
    assert [w.weighting for w in inputs.weightings] == [0]


def test_hydrate_several_eligibility_rows_for_a_job_line_block(year, client):
    ada, surgery = year.worker("Ada"), year.job_line("Surgery")
    rows = year.database.rows
    rows("alter table job_line_eligibility drop constraint job_line_eligibility_pkey")
    try:
        for ids in ([], [ada]):
            year.insert("job_line_eligibility", job_line=surgery, included_worker_mapping_ids=ids)
        issue = only_issue(year.hydrate(year.run(), client))
    finally:
        rows("delete from job_line_eligibility")
        rows("alter table job_line_eligibility add primary key (job_line)")
    assert (issue.table, issue.row) == ("job_line_eligibility", "Surgery")
    assert not issue.acknowledgeable


def test_hydrate_a_run_without_workers_blocks(year, client):
    year.job_line("Surgery")
    issue = only_issue(year.hydrate(year.run(), client))
    assert issue.message == "No worker takes part."
    assert not issue.acknowledgeable


@pytest.mark.usefixtures("without_preference_key")
def test_hydrate_collects_every_error_at_once(year, client):
    ada, surgery = year.worker("Ada"), year.job_line("Surgery", max_n_workers=-1)
    year.ranks(ada, (surgery, 0), (surgery, -1))
    year.weighting(None)
    run = year.run(included_job_lines=[surgery, str(uuid4())])
    inputs = year.hydrate(run, client)
    assert len(inputs.issues) == 6
    assert list(inputs.issues) == sorted(inputs.issues)


def test_hydrate_without_the_optional_columns(year, client):
    year.worker("Ada")
    surgery = year.job_line("Surgery")
    rows = year.database.rows
    rows("alter table job_lines rename column max_n_workers to other_1")
    rows("alter table job_lines rename column must_have_workers to other_2")
    try:
        inputs = year.hydrate(year.run(), client)
    finally:
        rows("alter table job_lines rename column other_1 to max_n_workers")
        rows("alter table job_lines rename column other_2 to must_have_workers")
    assert inputs.job_line(surgery).max_n_workers == 1
    assert not inputs.job_line(surgery).must_have_workers


@pytest.mark.parametrize("kind", ["timestamptz", "date"])
def test_hydrate_gives_the_plans_days_whatever_the_columns_are(year, client, kind):
    rows = year.database.rows
    run = year.run()
    for column in ("startdate", "enddate"):
        rows(f"alter table allocationruns alter column {column} type {kind}")
    try:
        first, last = ("2027-01-10T15:00Z", "2028-01-09T14:59Z")  # midnights in Tokyo
        if kind == "date":
            first, last = "2027-01-11", "2028-01-09"
        rows("update allocationruns set startdate = %s, enddate = %s", first, last)
        found = year.hydrate(run, client).run
    finally:
        for column in ("startdate", "enddate"):
            rows(f"alter table allocationruns alter column {column} type timestamptz")
    assert (str(found.startdate), str(found.enddate)) == ("2027-01-11", "2028-01-09")


def test_hydrate_tolerates_extra_columns(year, client):
    year.worker("Ada")
    year.job_line("Surgery")
    rows = year.database.rows
    rows("alter table job_lines add column colour text default 'blue'")
    try:
        assert year.hydrate(year.run(), client).issues == ()
    finally:
        rows("alter table job_lines drop column colour")


def test_hydrate_the_order_of_rows_does_not_matter(database, client):
    tables = demo_data.rows()
    database.insert_tables(tables)
    run = next(r["id"] for r in tables["allocator_py_runs"] if r["completed_at"] is None)
    before = hydrate(run, client=client)
    database.clear()
    shuffler = random.Random(7)
    database.insert_tables({t: shuffler.sample(r, len(r)) for t, r in tables.items()})
    after = hydrate(run, client=client)
    assert after.fingerprint == before.fingerprint
    assert after.workers == before.workers
    assert [list(w.preferences.scores) for w in after.workers] == [
        list(w.preferences.scores) for w in before.workers
    ]
    assert (after.job_lines, after.weightings, after.issues) == (
        before.job_lines,
        before.weightings,
        before.issues,
    )


def test_hydrate_again_after_a_change_shows_it(year, client):
    ada, surgery = year.worker("Ada"), year.job_line("Surgery")
    year.ranks(ada, (surgery, 1))
    run = year.run()
    before = year.hydrate(run, client)
    year.database.rows("update preference_worker_job_lines set order_preference = 2")
    after = year.hydrate(run, client)
    assert after.fingerprint != before.fingerprint
    (change,) = differences(before, after)
    assert str(change) == (
        "preference_worker_job_lines, Ada Lee on Surgery: was rank 1, is now rank 2"
    )


def test_tie_issues_name_the_worker_and_the_job_lines(year, client):
    ada, ben = year.worker("Ada"), year.worker("Ben")
    lines = [year.job_line(name) for name in ("Surgery", "Rural", "Medicine")]
    year.ranks(ada, (lines[0], 1), (lines[1], 1), (lines[2], 2))
    year.ranks(ben, (lines[0], 1), (lines[1], 2))
    (issue,) = tie_issues(year.hydrate(year.run(), client))
    assert issue.row == "Ada Lee"
    assert issue.message == "2 job lines share rank 1: Rural, Surgery."


def test_tie_issues_of_job_lines_outside_the_run_do_not_count(year, client):
    ada, surgery, rural = year.worker("Ada"), year.job_line("Surgery"), year.job_line("Rural")
    year.ranks(ada, (surgery, 1), (rural, 1))
    assert tie_issues(year.hydrate(year.run(included_job_lines=[surgery]), client)) == ()


def test_hydrate_three_hundred_thousand_preferences_in_bounded_pieces(year, client):
    workers = [(str(uuid4()), str(uuid4())) for _ in range(5000)]
    job_lines = [str(uuid4()) for _ in range(1500)]
    shuffler = random.Random(3)

    def copy(table: str, columns: str, rows) -> None:
        with year.database.connection.cursor().copy(f"copy {table} ({columns}) from stdin") as out:
            for row in rows:
                out.write_row(row)

    copy("workers", "id, firstname", ((w, "Ada") for w, _ in workers))
    mappings = ((m, w, year.id) for w, m in workers)
    copy("allocation_run_worker_mappings", "id, worker, allocation_run", mappings)
    copy("job_lines", "id, name, allocation_run", ((j, "Line", year.id) for j in job_lines))
    ranks = (
        (mapping, job_line, rank)
        for _, mapping in workers
        for rank, job_line in enumerate(shuffler.sample(job_lines, 60), 1)
    )
    columns = "allocation_run_worker_mapping, job_line, order_preference"
    copy("preference_worker_job_lines", columns, ranks)
    year.database.rows("analyze")  # as autovacuum does soon after so many new rows
    readings: list[Reading] = []
    inputs = hydrate(year.run(), client=client, on_progress=readings.append)
    assert sum(len(w.preferences.scores) for w in inputs.workers) == 300_000
    counts = [0, *(r.rows for r in readings if r.what == "preferences")]
    assert readings[-1] == Reading("preferences", 300_000, 300_000)
    assert max(b - a for a, b in pairwise(counts)) <= 12_000
