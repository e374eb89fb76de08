"""`export-proof` and `replay`: what a committed run is checked with, through the real database."""

from __future__ import annotations

import csv
import json
import subprocess
import sys

import pytest
from openpyxl import load_workbook

from allocator.database import commit
from allocator.demo import demo_data
from allocator.errors import ExitCode
from allocator.models import Policy, Settings
from allocator.scenario import Scenario
from allocator.scenario.baseline_changes import SetBaseline
from allocator.scenario.changes import LeaveOut

RUN = demo_data.BY_EYE


def committed(cli):
    code, solved = cli("solve", RUN, "--seed", "7", "--commit", "--operator", "Ada")
    assert code == ExitCode.DONE
    return solved


def test_a_committed_run_is_exported_verified_and_replayed(cli, tmp_path):
    cli("solve", RUN, "--seed", "3")
    solved = committed(cli)
    target = tmp_path / "proof.json"
    code, said = cli("export-proof", RUN, "--out", str(target), "--with-verifier")
    assert code == ExitCode.DONE
    assert said["fingerprint"] == solved["fingerprint"]
    bundle = json.loads(target.read_text())
    assert [row["seed"] for row in bundle["tried"]] == [3, 7]
    assert bundle["operator"] == "Ada"
    command = [sys.executable, "-I", "verify.py", "proof.json", solved["fingerprint"]]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    for solver in ("highs", "cbc"):
        code, again = cli("replay", str(target), "--solver", solver)
        assert (code, again["identical"], again["solver"]) == (ExitCode.DONE, True, solver)
    assert {(a["worker_mapping"], a["job_line"]) for a in again["allocations"]} == {
        (a["worker_mapping"], a["job_line"]) for a in solved["allocations"]
    }


@pytest.mark.parametrize("settings", [["--policy", "lottery_order"], ["--policy", "leximin"]])
def test_a_bundle_of_another_policy_is_verified_and_replayed(cli, tmp_path, settings):
    code, _ = cli("solve", RUN, *settings, "--commit", "--operator", "Ada")
    assert code == ExitCode.DONE
    assert_proven(cli, tmp_path)


def test_a_committed_repair_is_verified_and_replayed(cli, tmp_path):
    solved = cli("solve", RUN, "--seed", "3")[1]
    held = [(a["worker_mapping"], a["job_line"]) for a in solved["allocations"]]
    changes = (
        SetBaseline(tuple(held)),
        LeaveOut(worker=held[0][0], reason="Withdrew", author="Ada"),
    )
    repair = Scenario("Repair", Settings(policy=Policy.FEWEST_MOVES), changes, author="Ada")
    (tmp_path / "repair.json").write_text(repair.to_json())
    chosen = ["--scenario", str(tmp_path / "repair.json"), "--commit", "--operator", "Ada"]
    code, said = cli("solve", RUN, *chosen)
    assert code == ExitCode.DONE, said
    assert_proven(cli, tmp_path)


def assert_proven(cli, folder):
    """Plain Python proves the exported bundle in `folder`; both solvers replay it alike."""
    target = folder / "proof.json"
    code, _ = cli("export-proof", RUN, "--out", str(target), "--with-verifier")
    assert code == ExitCode.DONE
    command = [sys.executable, "-I", "-S", "verify.py", "proof.json"]
    done = subprocess.run(command, cwd=folder, env={}, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    for solver in ("highs", "cbc"):
        code, again = cli("replay", str(target), "--solver", solver)
        assert (code, again["identical"]) == (ExitCode.DONE, True)


def test_a_pseudonymised_export_gives_each_worker_a_slip(cli, database, tmp_path):
    solved = committed(cli)
    target = tmp_path / "union.json"
    code, said = cli("export-proof", RUN, "--out", str(target), "--pseudonymise")
    assert (code, len(said["files"])) == (ExitCode.DONE, 2)
    text = target.read_text()
    for row in solved["allocations"]:
        assert row["worker_mapping"] not in text
    for row in database.rows("select lastname from workers"):
        assert row["lastname"] not in text
    with open(tmp_path / "union-slips.csv") as file:
        slips = list(csv.DictReader(file))
    assert len(slips) == len(solved["allocations"])
    assert all(slip["Your line in the proof"] in text and slip["Name"] for slip in slips)
    code, again = cli("replay", str(target))
    assert again["identical"]


def test_the_bundle_is_stored_with_the_commit_or_not_at_all(cli, database):
    query = "select count(*)::int as n from allocator_console_proofs where allocator_py_run = %s"
    database.rows("alter table allocator_console_proofs add constraint no check (false)")
    try:
        code, _ = cli("solve", RUN, "--commit", "--operator", "Ada")
        assert code != ExitCode.DONE
        assert database.rows(query, RUN) == [{"n": 0}]
        stored = "select completed_at from allocator_py_runs where id = %s"
        assert database.rows(stored, RUN) == [{"completed_at": None}]
    finally:
        database.rows("alter table allocator_console_proofs drop constraint no")
    committed(cli)
    assert database.rows(query, RUN) == [{"n": 1}]


def test_a_run_without_a_bundle_and_a_file_that_is_none_are_said_to_be_so(cli, tmp_path):
    code, said = cli("export-proof", RUN, "--out", str(tmp_path / "none.json"))
    assert (code, said["error"]["kind"]) == (ExitCode.FAILED, "NoProof")
    code, said = cli("replay", str(tmp_path / "none.json"))
    assert (code, said["error"]["kind"]) == (ExitCode.USAGE, "UsageError")
    committed(cli)
    code, said = cli("export-proof", RUN, "--out", str(tmp_path / "no" / "such" / "folder.json"))
    assert (code, said["error"]["kind"]) == (ExitCode.USAGE, "UsageError")


def test_a_disclosure_tells_what_was_asked_and_names_no_worker(cli, database, tmp_path):
    cli("solve", RUN, "--seed", "3")
    committed(cli)
    code, _ = cli("disclose", RUN, "--out", str(tmp_path / "foi"))
    assert code == ExitCode.DONE
    page = (tmp_path / "foi" / "disclosure.html").read_text()
    for words in (
        "Committed by",
        "Ada",
        "Seeds tried".lower(),
        "2 different seed",
        "By lot".lower(),
    ):
        assert words in page or words in page.lower()
    book = load_workbook(tmp_path / "foi" / "disclosure.xlsx")
    told = [str(cell.value) for sheet in book for row in sheet for cell in row if cell.value]
    for person in database.rows("select lastname, internal_id from workers"):
        assert person["internal_id"] not in page + " ".join(told)
        assert f" {person['lastname']}" not in page + " ".join(told)


def test_a_disclosure_outlives_a_change_of_the_data(cli, database, tmp_path):
    committed(cli)
    database.rows("delete from preference_worker_job_lines")
    code, _ = cli("disclose", RUN, "--out", str(tmp_path))
    assert code == ExitCode.DONE
    assert "First choices" in (tmp_path / "disclosure.html").read_text()


def test_a_run_that_was_not_committed_discloses_nothing(cli, tmp_path):
    code, said = cli("disclose", RUN, "--out", str(tmp_path / "foi"))
    assert (code, said["error"]["kind"]) == (ExitCode.FAILED, "NoProof")
    assert not (tmp_path / "foi").exists()


def test_a_seal_is_made_entered_and_shown(cli, database):
    when = "2999-03-02T20:30+11:00"
    code, said = cli("seal", RUN, "--operator", "Ada", "--source", "Lotto", "--not-before", when)
    assert (code, len(said["seals"]), said["seals"][0]["sealed_by"]) == (ExitCode.DONE, 1, "Ada")
    code, said = cli("seal", RUN, "--operator", "Ada", "--number", "1 2 3")
    assert (code, said["error"]["kind"]) == (ExitCode.COMMIT_REFUSED, "CommitRefused")
    database.rows("update allocator_console_seals set not_before = now()")
    code, said = cli("seal", RUN, "--operator", "Ada", "--number", "1 2 3")
    seed = str(said["seals"][0]["seed"])
    code, _ = cli("solve", RUN, "--commit", "--operator", "Ada")
    assert code == ExitCode.COMMIT_REFUSED
    code, _ = cli("solve", RUN, "--seed", seed, "--commit", "--operator", "Ada")
    assert code == ExitCode.DONE
    for wrong in (["--source", "x"], ["--source", "x", "--operator", "Ada"]):
        code, said = cli("seal", RUN, *wrong)
        assert (code, said["error"]["kind"]) == (ExitCode.USAGE, "UsageError")


def test_a_bundle_that_is_too_large_is_left_out_aloud(cli, tmp_path, monkeypatch):
    monkeypatch.setattr(commit, "MOST_BYTES", 1000)
    solved = committed(cli)
    assert solved["receipt"]["counts"]["proof_left_out"] > 1000
    code, said = cli("export-proof", RUN, "--out", str(tmp_path / "none.json"))
    assert (code, said["error"]["kind"]) == (ExitCode.FAILED, "NoProof")
    assert "too large for the database" in said["error"]["message"]
