"""A hand-made allocation run, and the client that the program itself makes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from allocator.postgres import Client
from tests.conftest import Database
from tests.database.year import Year, own_client


@pytest.fixture
def year(database: Database) -> Year:
    """An allocation run without workers or job lines, in an empty database."""
    return Year(database)


@pytest.fixture
def client(database: Database) -> Iterator[Client]:
    """A client of this test alone, so that its requests can be watched."""
    client = own_client(database)
    yield client
    client.options.httpx_client.close()
