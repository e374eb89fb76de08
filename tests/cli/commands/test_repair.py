"""`repair`, `swap` and `solve --scenario` on a published year of the demo data."""

from __future__ import annotations

import json

import pytest

from allocator.demo import demo_data
from allocator.demo.files import PLACEMENTS, WISHES
from allocator.scenario import Scenario
from tests.cli.conftest import people
from tests.services import service_at

RUN, BEFORE = demo_data.REPAIR_BATCH, demo_data.TO_REPAIR


@pytest.fixture
def lists(cli, tmp_path):
    """The directory with the demo's lists."""
    code, found = cli("demo-files", str(tmp_path / "lists"))
    assert code == 0
    assert len(found["written"]) == 2
    return tmp_path / "lists"


def test_withdrawal_frontier_two_moves_and_commit_as_a_second_batch(cli, database, tmp_path):
    path = tmp_path / "two.json"
    code, found = cli(
        "repair", RUN, "--baseline", BEFORE, "--moves", "2", "--gains", "--out", str(path)
    )
    assert code == 0
    assert [point["moves"] for point in found["points"]] == [0, 1, 2]
    totals = [point["total"] for point in found["points"]]
    assert totals == sorted(totals, reverse=True)
    assert found["complete"] is True
    assert found["gains"]["gainers"] > 0
    assert [place["places"] for place in found["free_places"]] == [1]
    assert len(found["chosen"]["moves"]) == 2
    code, solved = cli("solve", RUN, "--scenario", str(path), "--acknowledge")
    assert code == 0
    assert solved["certificate"]["verified"] is True
    held = {
        str(row["worker_mapping"]): str(row["job_line"])
        for row in database.rows(
            "select * from allocator_py_allocations where allocator_py_run = %s", BEFORE
        )
    }
    moved = {a["worker_mapping"] for a in solved["allocations"]} - {
        a["worker_mapping"]
        for a in solved["allocations"]
        if held[a["worker_mapping"]] == a["job_line"]
    }
    assert moved == {move["worker"] for move in found["chosen"]["moves"]}
    commit = ("solve", RUN, "--scenario", str(path), "--commit", "--operator", "Coordinator")
    code, refused = cli("solve", RUN, *commit[2:], "--expect", "0" * 64)
    assert (code, refused["error"]["kind"]) == (6, "OtherSolve")
    code, done = cli(*commit, "--expect", solved["identity"])
    assert code == 0
    assert done["receipt"]["n_allocations"] == 23
    kinds = [change["kind"] for change in done["receipt"]["scenario"]["changes"]]
    assert "baseline" in kinds


def test_baseline_from_a_list_or_a_saved_scenario(cli, lists, database):
    code, by_list = cli("repair", RUN, "--baseline", str(lists / PLACEMENTS))
    assert code == 0
    code, by_run = cli("repair", BEFORE)
    assert code == 0
    assert [p["total"] for p in by_list["points"]] == [p["total"] for p in by_run["points"]]
    scenario = Scenario("Published", run=RUN)
    service_at(database, database.info.url).save_scenario(
        RUN, "Published", "Coordinator", scenario.as_dict()
    )
    code, by_name = cli("repair", RUN, "--baseline", "Published")
    assert code == 0
    # The least total is what the scenario's own solve has: nothing is gained by moving.
    assert [point["moves"] for point in by_name["points"]] == [0]
    code, tried = cli("solve", RUN, "--scenario", "Published", "--acknowledge")
    assert tried["objective"] == pytest.approx(by_name["points"][0]["total"])


def test_swap_grants_wishes_and_writes_proposal_and_table(cli, lists, tmp_path):
    out = tmp_path / "swaps.json"
    code, found = cli("swap", BEFORE, "--wishes", str(lists / WISHES), "--out", str(out))
    assert code == 0
    assert found["gainers"] == sum(map(len, found["cycles"])) == 4
    assert found["certificate"]["verified"] is True
    assert {row["why"] for row in found["set_aside"]} == {
        "ranks it below the job line that they have"
    }
    assert json.loads(out.read_text())["changes"] == found["scenario"]["changes"]
    code, _ = cli("swap", BEFORE, "--wishes", str(lists / WISHES), "--out", str(tmp_path / "s.csv"))
    assert code == 0
    assert len((tmp_path / "s.csv").read_text().splitlines()) == 1 + 4
    code, solved = cli("solve", RUN, "--scenario", str(out), "--acknowledge")
    assert code == 0
    assert solved["settings"]["policy"] == "most_moves"


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("repair", RUN), "nothing to repair"),
        (("repair", RUN, "--baseline", demo_data.COMPLETED), "another allocation run"),
        (("repair", RUN, "--baseline", RUN), "no placements"),
        (("repair", RUN, "--baseline", "missing.csv"), "cannot be read"),
        (("repair", RUN, "--out", "x.json"), "one point"),
        (("swap", RUN, "--wishes", "missing.csv"), "cannot be read"),
        (("solve", RUN, "--scenario", "No such"), "no scenario called"),
        (("solve", RUN, "--policy", "fewest_moves", "--acknowledge"), "nothing to move from"),
    ],
)
def test_what_is_missing_is_told(cli, argv, words):
    code, found = cli(*argv)
    assert code == 2
    assert words in found["error"]["message"]


def test_swap_tells_every_wrong_row(cli, tmp_path):
    path = tmp_path / "wishes.csv"
    path.write_text("worker,job line\nREG-0001,Nowhere\nNobody,Nowhere\n")
    code, found = cli("swap", BEFORE, "--wishes", str(path))
    assert code == 2
    assert found["error"]["problems"] == [
        "Row 2: the run has no job line “Nowhere”.",
        "Row 3: the run has no worker “Nobody”.",
    ]


def test_people_see_the_frontier_who_moves_and_who_gains(cli, capfd, lists):
    code, shown, _ = people(capfd, "repair", BEFORE, "--moves", "2", "--gains")
    assert code == 0
    for words in ("Doctors moved against total", "proven by prices", "Would gain:", "nobody worse"):
        assert words in shown
    code, shown, _ = people(capfd, "swap", BEFORE, "--wishes", str(lists / WISHES))
    assert code == 0
    assert "4 get what they wished for, proven to be the most." in shown
    assert "Set aside:" in shown
