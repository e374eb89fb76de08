"""The System page: findings, SQL and versions, on databases that are well and that are not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from allocator.database import doctor
from tests.console.conftest import connect_pages
from tests.console.server import OPERATOR
from tests.console.ui.test_frame import text_of


@contextmanager
def without_our_objects(database) -> Iterator[None]:
    """While it lasts, none of our objects is in the API's schema."""
    tables = ("allocator_console_audit", "allocator_console_scenarios", "allocator_console_solves")
    functions = (
        "allocator_console_version()",
        "allocator_console_commit(uuid, jsonb, jsonb, integer)",
    )
    named = [("table", name) for name in tables] + [("function", name) for name in functions]
    database.rows("create schema hidden")
    for kind, name in named:
        database.rows(f"alter {kind} public.{name} set schema hidden")
    try:
        yield
    finally:
        for kind, name in named:
            database.rows(f"alter {kind} hidden.{name} set schema public")
        database.rows("drop schema hidden")


def shown(app) -> str:
    captions = [caption.value for caption in app.caption]
    return "\n".join([text_of(app), *captions]).replace("\\", "")


def test_system_of_a_whole_database(page, connected):
    app = page("system")
    assert "checks passed" in shown(app)
    assert not app.error
    assert not app.warning
    versions = app.dataframe[0].value.set_index("Component")["Version"]
    assert versions["SQL objects"] == doctor.expected_version()
    assert versions["streamlit"]
    assert not app.exception


def test_system_shows_every_sql_file(page, connected):
    app = page("system")
    assert [code.value for code in app.code] == [sql.strip() for _, sql in doctor.sql_files()]
    assert [e.label for e in app.expander][-len(app.code) :] == [n for n, _ in doctor.sql_files()]


def test_system_without_our_objects_asks_for_the_sql(page, connected):
    with without_our_objects(connected):
        app = page("system")
        text = shown(app)
        assert "lacks some of the console's own objects" in text
        assert "everything except commit works" in text
        assert "allocator_console_audit" in text
        assert not app.exception
    app.run()
    assert not app.warning


def test_system_with_unreachable_database(page, unreachable):
    app = page("system")
    assert "cannot be reached" in shown(app)
    assert "SUPABASE_URL" in shown(app)
    assert not app.warning
    assert app.code  # the SQL and the versions are there all the same
    assert not app.exception


def test_system_with_a_key_that_is_refused(page, connected, monkeypatch):
    connect_pages(monkeypatch, connected.info.url, "not-a-key")
    app = page("system")
    assert "refused the key" in shown(app)
    assert "not-a-key" not in shown(app)
    assert not app.exception


def test_system_with_the_anon_key_says_which_one_is_wanted(page, connected, monkeypatch):
    connect_pages(monkeypatch, connected.info.url, connected.info.anon_key)
    app = page("system")
    assert "The configured key has the role anon" in shown(app)
    assert "service_role key" in shown(app)
    assert connected.info.anon_key not in shown(app)


def test_system_is_not_for_coordinators_and_no_page_leads_them_there(page, connected, tmp_path):
    secrets = tmp_path / "secrets.toml"
    text = secrets.read_text(encoding="utf-8")
    assert "System" in [link.proto.label for link in page("runs").get("page_link")]
    secrets.write_text(f'{text}\n[roles]\n"{OPERATOR}" = "coordinator"\n', encoding="utf-8")
    app = page("system")
    assert "for whoever looks after the console" in app.info[0].value
    assert not app.code
    assert "System" not in [link.proto.label for link in app.get("page_link")]
    assert not app.exception
