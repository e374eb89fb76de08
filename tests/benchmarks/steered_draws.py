"""1,000 attempts to steer a sealed draw: `python -m tests.benchmarks.steered_draws [COUNT]`.

On a local stack of its own. Ends with 1 when an attempt is not refused or the run is committed.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import psycopg

from allocator import postgres
from allocator.config import Connection
from allocator.demo import demo_data
from allocator.errors import CommitRefused
from allocator.local import stack
from allocator.models import Settings
from allocator.service import AllocatorService
from tests.proof.steering import attempts


@contextmanager
def _stack():
    with tempfile.TemporaryDirectory(prefix="steered-") as folder:
        info = stack.start(folder, seed="demo")
        try:
            yield info
        finally:
            stack.stop(folder)


def main(count: int = 1000) -> int:
    """Seal, draw, steer; how many of each kind were refused is printed."""
    found = Counter[str]()
    with _stack() as info, psycopg.connect(info.dsn, autocommit=True) as connection:
        service = AllocatorService(postgres.connect(Connection(info.url, info.service_role_key)))
        run = service.hydrate(demo_data.BY_EYE)
        when = datetime.now(UTC) + timedelta(hours=1)
        service.seal(run, Settings(), "Ada", source="A lottery", not_before=when)
        connection.execute("update allocator_console_seals set not_before = now()")
        seal = service.enter_draw(run.run.id, "3 11 17", "Ada")
        database = SimpleNamespace(rows=lambda query, *values: connection.execute(query, values))
        for name, attempt in attempts(service, database, run, seal, count):
            try:
                attempt()
                found[f"{name}: NOT REFUSED"] += 1
            except CommitRefused:
                found[f"{name}: refused"] += 1
        pending = service.find_run(run.run.id).is_pending
    print(*(f"{words}: {number}" for words, number in sorted(found.items())), sep="\n")
    print("The run is still pending." if pending else "THE RUN WAS COMMITTED.")
    return int(not pending or any("NOT REFUSED" in words for words in found))


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
