"""`publish` and `years` on the demo data."""

from __future__ import annotations

import zipfile

import pytest

from allocator.demo import demo_data
from allocator.errors import ExitCode
from allocator.measures.outcome import scoreboard
from tests.cli.conftest import people

OPERATOR = ("--operator", "Grace Hopper")


def commit(cli, run, *options):
    code, _ = cli("solve", run, "--commit", "--acknowledge", *OPERATOR, *options)
    assert code == ExitCode.DONE


def test_publish_writes_a_zip_or_a_folder_and_nothing_over(cli, tmp_path):
    commit(cli, demo_data.BY_EYE)
    packed = tmp_path / "all.zip"
    code, found = cli("publish", demo_data.BY_EYE, "--out", str(packed))
    assert (code, found["letters"], found["notes"], found["only_changes"]) == (0, 12, [], False)
    with zipfile.ZipFile(packed) as archive:
        names = archive.namelist()
    assert sum(name.startswith("letters/") and name.endswith(".pdf") for name in names) == 12
    before = packed.read_bytes()
    code, found = cli("publish", demo_data.BY_EYE, "--out", str(packed))
    assert (code, packed.read_bytes()) == (ExitCode.USAGE, before)
    assert "is there already" in found["error"]["message"]
    code, found = cli("publish", demo_data.BY_EYE, "--out", str(tmp_path / "f"), "--no-pdf")
    assert code == 0
    assert {path.suffix for path in (tmp_path / "f" / "letters").iterdir()} == {".html"}


def test_publish_tells_what_was_committed_after_the_data_has_changed(cli, database, tmp_path):
    commit(cli, demo_data.BY_EYE)
    [row] = database.rows(
        "select worker_mapping from allocator_py_allocations where allocator_py_run = %s limit 1",
        demo_data.BY_EYE,
    )
    database.rows(
        "update allocation_run_worker_mappings set withdrawn_at = now() where id = %s",
        row["worker_mapping"],
    )
    code, found = cli("publish", demo_data.BY_EYE, "--out", str(tmp_path / "f"), "--no-pdf")
    assert (code, found["letters"]) == (0, 12)
    assert len(list((tmp_path / "f" / "letters").iterdir())) == 12


def test_publish_refuses_a_run_that_nobody_committed_here(cli, tmp_path):
    code, found = cli("publish", demo_data.COMPLETED, "--out", str(tmp_path / "f"))
    assert (code, found["error"]["kind"]) == (ExitCode.FAILED, "NoProof")
    assert not (tmp_path / "f").exists()


def test_publish_after_a_repair_writes_to_those_who_move(cli, tmp_path):
    file = tmp_path / "two.json"
    repair = ("repair", demo_data.REPAIR_BATCH, "--baseline", demo_data.TO_REPAIR)
    code, found = cli(*repair, "--moves", "2", "--out", str(file))
    assert code == 0
    commit(cli, demo_data.REPAIR_BATCH, "--scenario", str(file))
    code, found = cli("publish", demo_data.REPAIR_BATCH, "--out", str(tmp_path / "f"), "--no-pdf")
    assert (code, found["only_changes"]) == (0, True)
    assert 0 < found["letters"] <= 2
    since = ("--since", demo_data.TO_REPAIR)
    _, again = cli("publish", demo_data.REPAIR_BATCH, "--out", str(tmp_path / "g"), *since)
    assert again["letters"] == found["letters"]
    everybody = ("--out", str(tmp_path / "h.zip"), "--no-pdf", "--everybody")
    _, whole = cli("publish", demo_data.REPAIR_BATCH, *everybody)
    assert whole["letters"] > found["letters"]


@pytest.mark.parametrize("policy", ["fewest_moves", "least_total"])
def test_a_repair_is_told_from_its_proof_after_the_data_has_changed(
    cli, database, tmp_path, policy
):
    file = tmp_path / "repair.json"
    repair = ("repair", demo_data.REPAIR_BATCH, "--baseline", demo_data.TO_REPAIR)
    cli(*repair, "--moves", "0" if policy == "fewest_moves" else "2", "--out", str(file))
    commit(cli, demo_data.REPAIR_BATCH, "--scenario", str(file), "--policy", policy)
    database.rows(
        "update allocation_run_worker_mappings set withdrawn_at = now() where id = "
        "(select worker_mapping from allocator_py_allocations where allocator_py_run = %s limit 1)",
        demo_data.REPAIR_BATCH,
    )
    code, found = cli("publish", demo_data.REPAIR_BATCH, "--out", str(tmp_path / "out"), "--no-pdf")
    assert (code, found.get("only_changes")) == (0, True), found
    assert found["letters"] <= 3


def test_years_puts_completed_runs_of_a_plan_side_by_side(cli, capfd, database):
    commit(cli, demo_data.SECOND_BATCH)
    code, found = cli("years")
    assert code == 0
    [plan] = [p for p in found["plans"] if demo_data.SECOND_BATCH in p["runs"]]
    assert plan["runs"] == [demo_data.COMPLETED, demo_data.SECOND_BATCH]
    for table in plan["tables"]:
        assert len(table["columns"]) == 3
    figures = {row[0]: row[1:] for row in plan["tables"][0]["rows"]}
    audit = database.rows(
        "select counts from allocator_console_audit where allocator_py_run = %s",
        demo_data.SECOND_BATCH,
    )[0]["counts"]
    for label, value in scoreboard(audit):
        assert value.split(" of ")[0] == figures[label][1].split(" of ")[0], label
    placed = [
        database.rows(
            "select count(*) as n from allocator_py_allocations where allocator_py_run = %s", run
        )[0]["n"]
        for run in plan["runs"]
    ]
    assert figures["Placed"] == [f"{n:,}" for n in placed]
    code, out, _ = people(capfd, "years", "--plan", plan["plan"][:6])
    assert code == 0
    assert "batch 2" in out
    assert cli("years", "--plan", "No such plan")[0] == ExitCode.USAGE
