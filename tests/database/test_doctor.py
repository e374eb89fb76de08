"""What is right and wrong with a connection and a database, and what to do."""

from __future__ import annotations

from allocator import config
from allocator.service import AllocatorService
from tests.services import hidden, service_at


def test_doctor_finds_nothing_wrong_with_the_local_stack(service):
    assert [f for f in service.doctor() if not f.ok] == []


def test_doctor_says_what_to_apply_when_our_objects_are_missing(service, database):
    with hidden(database, "function", "allocator_console_version()"):
        faults = [f for f in service.doctor() if not f.ok]
    assert [(f.title, "allocator/database/sql" in f.remedy) for f in faults] == [
        ("Commit function", True)
    ]


def test_doctor_without_a_connection_says_how_to_configure_one(tmp_path, monkeypatch):
    monkeypatch.delenv(config.URL_VARIABLE, raising=False)
    monkeypatch.delenv(config.KEY_VARIABLE, raising=False)
    monkeypatch.setenv(config.SECRETS_VARIABLE, str(tmp_path / "none.toml"))
    monkeypatch.setenv("ALLOCATOR_DATA_DIR", str(tmp_path))
    [fault, *_] = [f for f in AllocatorService().doctor() if not f.ok]
    assert (fault.title, fault.exit_code) == ("Connection", 2)
    assert config.URL_VARIABLE in fault.remedy


def test_doctor_of_an_unreachable_database(database):
    faults = [f for f in service_at(database, "http://127.0.0.1:9").doctor() if not f.ok]
    assert [(f.title, f.exit_code) for f in faults] == [("Connection", 5)]
