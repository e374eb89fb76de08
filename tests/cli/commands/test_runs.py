"""`runs` and `show`: what is there, as programs and as people see it."""

from __future__ import annotations

from allocator.demo import demo_data
from tests.cli.conftest import people


def test_runs_lists_pending_and_completed(cli):
    code, found = cli("runs")
    assert code == 0
    assert [row["pending"] for row in found["runs"]] == [True] * 6 + [False] * 2
    intern = next(row for row in found["runs"] if row["run_id"] == demo_data.INTERN_YEAR)
    assert (intern["plan"], intern["workers"], intern["job_lines"]) == (
        "Intern year 2027",
        138,
        140,
    )


def test_runs_for_people_is_a_table_without_long_ids(cli, capfd):
    code, out, _ = people(capfd, "runs")
    assert code == 0
    assert "Intern year 2027" in out
    assert demo_data.INTERN_YEAR not in out
    assert demo_data.INTERN_YEAR[:8] in out


def test_show_takes_the_beginning_of_the_id(cli):
    code, found = cli("show", demo_data.INTERN_YEAR[:6])
    assert code == 0
    assert found["run_id"] == demo_data.INTERN_YEAR
    assert len(found["left_out"]) == 1
    assert found["data_errors"] == []
    assert found["receipt"] is None
    assert len(found["fingerprint"]) == 64


def test_show_lists_data_errors_with_what_to_do(cli):
    code, found = cli("show", demo_data.NEEDS_ACKNOWLEDGEMENT)
    assert code == 0
    assert len(found["data_errors"]) == 2
    assert all(e["acknowledgeable"] and e["remedy"] for e in found["data_errors"])


def test_places_used_by_earlier_runs_are_listed(cli, capfd):
    _, found = cli("solve", demo_data.SECOND_BATCH)
    assert found["used_places"]
    assert all(0 < row["used"] < row["of"] for row in found["used_places"])
    _, out, _ = people(capfd, "show", demo_data.SECOND_BATCH)
    assert found["used_places"][0]["name"] in out


def test_runs_names_the_bad_row_of_a_run(cli, capfd, database):
    database.rows("update allocationplans set timezone = 'AEST' where name = 'Resident year 2027'")
    code, found = cli("runs")
    (issue,) = [issue for row in found["runs"] for issue in row["data_errors"]]
    assert (code, issue["table"]) == (0, "allocationplans")
    assert {row["organisation"] for row in found["runs"]} == {
        "Coral Coast Hospital and Health Service",
        "Harakeke Health",
    }
    _, out, _ = people(capfd, "runs")
    assert "timezone is 'AEST'" in out
