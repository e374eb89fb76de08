"""The command line as a whole: misuse, failures, one JSON object and nothing else."""

from __future__ import annotations

import json

import pytest

from allocator.cli.main import main
from allocator.demo import demo_data
from tests.cli.conftest import command, only_object, people


def test_json_may_stand_anywhere(cli, capfd):
    cli("runs")
    assert main(["--json", "show", demo_data.BY_EYE]) == 0
    assert only_object(capfd.readouterr().out)["run_id"] == demo_data.BY_EYE


def test_unreachable_database_ends_with_5(cli, monkeypatch):
    monkeypatch.setenv("SUPABASE_URL", "http://127.0.0.1:9")
    code, found = cli("show", demo_data.BY_EYE)
    assert code == 5
    assert found["error"]["kind"] == "Unreachable"
    assert found["error"]["remedy"]


def test_refused_key_ends_with_5_and_is_not_shown(cli, database, monkeypatch):
    key = database.info.service_role_key[:-6] + "wrong0"
    monkeypatch.setenv("SUPABASE_SERVICE_ROLE_KEY", key)
    code, found = cli("runs")
    assert code == 5
    assert found["error"]["kind"] == "KeyRefused"
    assert key not in json.dumps(found)


@pytest.mark.parametrize(
    "argv",
    [
        ["solve"],
        ["solve", demo_data.BY_EYE, "--alpha", "2"],
        ["solve", demo_data.BY_EYE, "--alpha", "much"],
        ["solve", demo_data.BY_EYE, "--power", "0"],
        ["solve", demo_data.BY_EYE, "--seed", "-1"],
        ["solve", demo_data.BY_EYE, "--time-limit", "0"],
        ["solve", demo_data.BY_EYE, "--worst-rank", "inf"],
        ["solve", demo_data.BY_EYE, "--alph", "0.5"],
        ["solve", demo_data.BY_EYE, "--solver", "magic"],
        ["solve", demo_data.BY_EYE, "--commit"],
        ["solve", demo_data.BY_EYE, "--commit", "--operator", " "],
        ["solve", "not-a-run"],
        ["show", "ffffffff"],
        ["unknown"],
        [],
    ],
    ids=" ".join,
)
def test_misuse_ends_with_2(cli, argv):
    code, found = cli(*argv)
    assert code == 2
    assert found["error"]["message"]


def test_error_for_people_goes_to_standard_error(cli, capfd):
    code, out, err = people(capfd, "show", "ffffffff")
    assert (code, out) == (2, "")
    assert "no allocator run" in err
    assert "Traceback" not in err


def test_json_output_of_a_process_is_one_object(cli, database):
    code, out, _ = command(
        "solve",
        demo_data.BY_EYE,
        "--json",
        SUPABASE_URL=database.info.url,
        SUPABASE_SERVICE_ROLE_KEY=database.info.service_role_key,
    )
    assert code == 0
    assert only_object(out)["status"] == "optimal"
