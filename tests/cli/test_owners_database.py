"""The whole way through the command line on a database as its owners have it, and then some: their
trigger on completion, and foreign keys that nobody told us of."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cli.conftest import command
from tests.cli.conftest import only_object as one_object
from tests.conftest import Database
from tests.database.test_reading import reload_schema
from tests.database.year import Year

KEYS = {
    ("allocator_py_runs", "published_with"): "allocationruns",
    ("allocation_run_worker_mappings", "mentor"): "workers",
}
"""Further foreign keys: (table, column) → the table that it points to."""


@pytest.fixture
def owners(database: Database) -> Iterator[Database]:
    """The test database with two more foreign keys, known to its server."""
    for (table, column), target in KEYS.items():
        database.rows(f"alter table {table} add column {column} uuid references {target}")
    reload_schema(database, ambiguous=True)
    yield database
    for table, column in KEYS:
        database.rows(f"alter table {table} drop column {column}")
    reload_schema(database, ambiguous=False)


def run(database: Database, *argv: str) -> tuple[int, dict]:
    code, out, err = command(
        *argv,
        "--json",
        SUPABASE_URL=database.info.url,
        SUPABASE_SECRET_KEY=database.info.secret_key,
    )
    assert "Traceback" not in err
    return code, one_object(out)


def test_the_owners_database_is_listed_solved_committed_and_examined(owners: Database):
    year = Year(owners)  # its plan is in Tokyo
    owners.rows("update allocationruns set startdate = '2027-01-10T15:00:00Z'")  # 11 January there
    ada, ben = year.worker("Ada"), year.worker("Ben")
    surgery, rural = year.job_line("Surgery"), year.job_line("Rural")
    year.ranks(ada, (surgery, 1), (rural, 2))
    year.ranks(ben, (surgery, 2), (rural, 1))
    batch = year.run()

    code, found = run(owners, "runs")
    (listed,) = found["runs"]
    assert (code, listed["startdate"], listed["organisation"]) == (0, "2027-01-11", "North")
    assert listed["data_errors"] == []

    code, found = run(owners, "solve", batch, "--commit", "--operator", "Ada Archer")
    assert (code, found["receipt"]["operator"]) == (0, "Ada Archer")
    written = owners.rows("select worker_mapping, job_line from allocator_py_allocations")
    assert {(str(r["worker_mapping"]), str(r["job_line"])) for r in written} == {
        (ada, surgery),
        (ben, rural),
    }
    # The owners' trigger saw all of it, once.
    (seen,) = owners.rows("select n_allocations from allocator_py_completions")
    assert seen["n_allocations"] == 2

    code, found = run(owners, "doctor")
    assert code == 0
    assert [finding for finding in found["findings"] if not finding["ok"]] == []
