"""After a commit: letters with one click, again from History, and the completed years."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from allocator.demo import demo_data
from tests.browser.conftest import keep
from tests.conftest import Database
from tests.console.server import OPERATOR
from tests.database.demo_rows import demo_rows
from tests.services import service_at

RUN = demo_data.SECOND_BATCH


@pytest.fixture
def committed(database: Database) -> Database:
    database.insert_tables(demo_rows())
    service = service_at(database, database.info.url)
    inputs = service.hydrate(RUN)
    service.commit(inputs, service.solve(inputs, operator=OPERATOR), OPERATOR)
    return database


def made_on(page: Page) -> None:
    page.get_by_role("button", name="Make letters and lists").click()
    expect(page.get_by_role("button", name="Download letters and lists")).to_be_visible()


def test_letters_and_years_of_a_committed_run(
    signed_in, committed: Database, tmp_path: Path
) -> None:
    page = signed_in(path=f"/commit?run={RUN}")
    made_on(page)
    keep(page, "publication-commit")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download letters and lists").click()
    download.value.save_as(tmp_path / "out.zip")
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert "mail-merge.csv" in archive.namelist()
        assert any(name.endswith(".pdf") for name in archive.namelist())
    phone = signed_in(path=f"/history?run={RUN}", width=390, height=844)
    expect(phone.get_by_role("button", name="Download letters and lists")).to_be_visible()
    phone.get_by_text("Year on year").click()
    expect(phone.get_by_text("Placed by choice", exact=True)).to_be_visible()
    keep(phone, "publication-history-phone")
    page.goto(page.url.replace("/commit", "/history"))
    page.get_by_text("Year on year").click()
    expect(page.get_by_text("Placed by choice", exact=True)).to_be_visible()
    keep(page, "publication-history")
