"""`doctor`, `hash-password` and `local …`."""

from __future__ import annotations

import json

from tests.cli.conftest import command, only_object


def test_doctor_ends_with_0_when_everything_is_in_place(cli):
    code, found = cli("doctor")
    assert (code, found["ok"]) == (0, True)
    assert all(f["ok"] for f in found["findings"])


def test_doctor_says_what_to_do_about_an_anon_key(cli, database, monkeypatch):
    monkeypatch.setenv("SUPABASE_SERVICE_ROLE_KEY", database.info.anon_key)
    code, found = cli("doctor")
    assert (code, found["ok"]) == (5, False)
    fault = next(f for f in found["findings"] if not f["ok"])
    assert "service_role" in fault["remedy"]
    assert database.info.anon_key not in json.dumps(found)


def test_hash_password_reads_standard_input():
    code, out, err = command("hash-password", stdin="correct horse battery\n")
    assert code == 0
    assert out.startswith("$argon2id$")
    assert "correct horse" not in out + err
    code, out, _ = command("hash-password", "--json", stdin="correct horse battery\n")
    assert only_object(out)["hash"].startswith("$argon2id$")


def test_hash_password_refuses_a_password_as_an_argument():
    code, out, _ = command("hash-password", "correct horse battery")
    assert (code, out) == (2, "")


def test_local_stack_starts_and_stops_from_the_command_line(tmp_path):
    where = ("--data-dir", str(tmp_path / "stack"), "--json")
    try:
        code, out, _ = command("local", "start", "--seed", "demo", *where)
        started = only_object(out)
        assert code == 0
        keys = {"service_role_key", "secret_key", "anon_key"}
        assert set(started) == {"url", "dsn", "data_dir", "seed", *keys}
        code, out, _ = command("local", "start", *where)
        assert only_object(out) == started
        assert only_object(command("local", "status", *where)[1])["running"] is True
        code, out, _ = command("runs", *where)
        assert code == 0
        assert len(only_object(out)["runs"]) == 8
        code, out, _ = command("local", "reset", "--seed", "empty", *where)
        assert (code, "--yes" in only_object(out)["error"]["remedy"]) == (2, True)
        assert len(only_object(command("runs", *where)[1])["runs"]) == 8
        code, out, _ = command("local", "reset", "--seed", "empty", "--yes", *where)
        assert code == 0
        assert only_object(command("runs", *where)[1])["runs"] == []
    finally:
        code, out, _ = command("local", "stop", *where)
    assert code == 0
    assert only_object(command("local", "status", *where)[1])["running"] is False
    assert command("runs", *where)[0] == 2
