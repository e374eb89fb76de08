"""The terms of job lines: read where the database has them, done without where it has not."""

from __future__ import annotations

from datetime import date

from allocator.models import Term


def test_hydrate_gives_the_terms_of_a_job_line_in_the_plans_days(year, client):
    line, other = year.job_line("Line 1"), year.job_line("Line 2")
    hospital = year.insert("locations", name="Ironbark Hospital")
    team = year.insert("teams", name="Surgery A", location=hospital)
    position = year.insert("positions", name="Resident", team=team)
    for first, last, held in (
        ("2027-07-11T15:00:00Z", "2028-01-08T15:00:00Z", None),
        ("2027-01-10T15:00:00Z", "2027-07-10T15:00:00Z", position),
    ):
        year.insert(
            "rotations",
            allocation_run=year.id,
            assignedjobline=line,
            position=held,
            startdate=first,
            enddate=last,
        )
    year.insert("rotations", allocation_run=year.id, assignedjobline=None, position=position)
    inputs = year.hydrate(year.run(), client)
    first, second = inputs.job_line(line).terms
    assert first == Term(
        date(2027, 1, 11), date(2027, 7, 11), "Resident", "Surgery A", "Ironbark Hospital"
    )
    assert second == Term(date(2027, 7, 12), date(2028, 1, 9))
    assert inputs.job_line(line).locations == ("Ironbark Hospital",)
    assert inputs.job_line(other).terms == ()


def test_hydrate_names_a_term_without_a_real_day_and_goes_on(year, client):
    year.worker("Ada")
    line = year.job_line("Surgery")
    year.insert("rotations", allocation_run=year.id, assignedjobline=line, startdate="infinity")
    inputs = year.hydrate(year.run(), client)
    (issue,) = inputs.issues
    assert (issue.table, issue.row, issue.acknowledgeable) == ("rotations", "Surgery", True)
    assert inputs.job_line(line).terms == (Term(None, None),)


def test_hydrate_does_without_terms_that_may_not_be_read(year, client):
    year.worker("Ada")
    line, rows = year.job_line("Surgery"), year.database.rows
    rows("revoke select on locations from service_role")
    try:
        inputs = year.hydrate(year.run(), client)
    finally:
        rows("grant select on locations to service_role")
    assert (inputs.issues, inputs.job_line(line).terms) == ((), ())
