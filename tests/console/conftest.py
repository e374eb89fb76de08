"""Fixtures for tests that run a page's script in this process with Streamlit's AppTest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from allocator import config
from console.gate.access import the_access
from console.state import backend, diagnosing, drafts
from console.ui import session
from tests.conftest import Database
from tests.console.server import OPERATOR, PASSWORD, ROOT, secrets_text
from tests.database.demo_rows import demo_rows
from tests.waiting import PATIENCE

Page = Callable[..., AppTest]


@pytest.fixture(scope="session", autouse=True)
def _components_are_looked_for_once() -> Iterator[None]:
    """Every AppTest would read what each installed package says of itself, for half a second."""
    with pytest.MonkeyPatch.context() as patch:
        scan = cache(manifest_scanner.scan_component_manifests)
        patch.setattr(manifest_scanner, "scan_component_manifests", scan)
        yield


@pytest.fixture(scope="session")
def _operator_secrets() -> str:
    return secrets_text()


@pytest.fixture
def signed_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, _operator_secrets: str) -> str:
    """Scripts run with a live session of this operator; gives the session's token.

    AppTest has no browser and so no cookie; everything behind the cookie is real.
    """
    secrets_file = tmp_path / "secrets.toml"
    secrets_file.write_text(_operator_secrets, encoding="utf-8")
    monkeypatch.setenv(config.SECRETS_VARIABLE, str(secrets_file))
    token = the_access().sign_in(OPERATOR, PASSWORD, "test").token
    assert token
    monkeypatch.setattr(session, "gate_token", lambda: token)
    return token


@pytest.fixture
def connected(database: Database, monkeypatch: pytest.MonkeyPatch):
    """The pages' service is connected to the test database; gives the database."""
    connect_pages(monkeypatch, database.info.url, database.info.service_role_key)
    yield database
    forget_connection()


@pytest.fixture
def demo_database(connected: Database) -> Database:
    """`connected`, with the demo data in it."""
    connected.insert_tables(demo_rows())
    return connected


@pytest.fixture
def unreachable(monkeypatch: pytest.MonkeyPatch):
    """The pages' service is connected to a database that does not answer."""
    connect_pages(monkeypatch, "http://127.0.0.1:9", "a-key")
    yield
    forget_connection()


@pytest.fixture
def page(signed_in: str) -> Page:
    """`page("review", run=id)` runs a screen in the console's frame, signed in."""

    def run(path: str, **query: str) -> AppTest:
        app = AppTest.from_file(str(ROOT / "console" / "main.py"), default_timeout=PATIENCE)
        for name, value in query.items():
            app.query_params[name] = value
        app.run()
        app.switch_page(f"screens/{path}/page.py")
        return app.run()

    return run


def connect_pages(monkeypatch: pytest.MonkeyPatch, url: str, key: str) -> None:
    """Point the pages' service at another database."""
    monkeypatch.setenv(config.URL_VARIABLE, url)
    monkeypatch.setenv(config.KEY_VARIABLE, key)
    forget_connection()


def forget_connection() -> None:
    """The pages start anew, as in another process: nothing is read, known or on its way."""
    drafts.keeper().stop()
    made = backend.service, backend.jobs, backend.store, diagnosing.the_checks, drafts.keeper
    for made_once in made:
        made_once.cache_clear()
