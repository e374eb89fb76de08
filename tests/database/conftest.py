"""A hand-made allocation run, and the client that the program itself makes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from allocator.postgres import Client
from tests.conftest import Database
from tests.database.year import Year, own_client

PREFERENCE_KEY = "preference_worker_job_lines_pkey"


@pytest.fixture
def year(database: Database) -> Year:
    """An allocation run without workers or job lines, in an empty database."""
    return Year(database)


@pytest.fixture
def without_preference_key(database: Database) -> Iterator[None]:
    """A database that lets a worker rank a job line in several rows."""
    database.rows("alter table preference_worker_job_lines drop constraint " + PREFERENCE_KEY)
    yield
    database.rows("delete from preference_worker_job_lines")
    database.rows(
        f"alter table preference_worker_job_lines add constraint {PREFERENCE_KEY}"
        " primary key (job_line, allocation_run_worker_mapping)"
    )


@pytest.fixture
def client(database: Database) -> Iterator[Client]:
    """A client of this test alone, so that its requests can be watched."""
    client = own_client(database)
    yield client
    client.options.httpx_client.close()
