"""A hand-made allocation run in the test database."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from allocator.config import Connection
from allocator.database.hydrate import hydrate
from allocator.models import RunInputs
from allocator.postgres import Client, connect
from tests.conftest import Database
from tests.waiting import PATIENCE


def own_client(database: Database) -> Client:
    """The client that the allocator makes for the test database."""
    return connect(Connection(database.info.url, database.info.service_role_key))


def requests_of(client: Client) -> list[Any]:
    """A list that grows by each HTTP request that the client sends from now on."""
    sent: list[Any] = []
    client.options.httpx_client.event_hooks["request"].append(sent.append)
    return sent


@contextmanager
def in_waves(client: Client, *sizes: int) -> Iterator[list[int]]:
    """Hold the client's requests back until `size` of them wait at once, wave after wave.

    So reads that pass need one round trip for each wave and no more. A request that comes beyond
    the last wave, or alone where several were expected, fails. Gives the waves that have passed.
    """
    waves = [(number, threading.Barrier(size)) for number, size in enumerate(sizes)]
    places = iter([wave for wave in waves for _ in range(wave[1].parties)])
    passed: list[int] = []
    taking = threading.Lock()

    def hold(request: Any) -> None:
        with taking:
            place = next(places, None)
        assert place is not None, f"one request more than expected: {request.url}"
        number, barrier = place
        if barrier.wait(timeout=PATIENCE) == 0:
            passed.append(number)

    hooks = client.options.httpx_client.event_hooks["request"]
    hooks.append(hold)
    yield passed
    hooks.remove(hold)


@dataclass
class Year:
    """One allocation run. Methods insert a row and give its id; `runs` and so on may be added."""

    database: Database
    name: str = "Intern year"
    id: str = field(default_factory=lambda: str(uuid4()))

    def __post_init__(self) -> None:
        org = self.org("North")
        plan = self.insert("allocationplans", name=self.name, org=org, timezone="Asia/Tokyo")
        self.insert("allocationruns", id=self.id, allocationplan=plan, startdate="2027-01-11")

    def insert(self, table: str, **row: Any) -> Any:
        return self.database.insert(table, row)[0].get("id")

    def org(self, name: str) -> Any:
        """The organisation of this name, made when there is none."""
        known = self.database.rows("select id from orgs where name = %s", name)
        return known[0]["id"] if known else self.insert("orgs", name=name)

    def worker(self, first: str, last: str = "Lee", **mapping: Any) -> str:
        worker = self.insert("workers", firstname=first, lastname=last, internal_id=first.upper())
        row = {"worker": worker, "allocation_run": self.id, "submitted": True, **mapping}
        return str(self.insert("allocation_run_worker_mappings", **row))

    def job_line(self, name: str, **row: Any) -> str:
        return str(self.insert("job_lines", name=name, allocation_run=self.id, **row))

    def ranks(self, worker: str, *ranked: tuple[str, int | None]) -> None:
        for job_line, rank in ranked:
            self.insert(
                "preference_worker_job_lines",
                allocation_run_worker_mapping=worker,
                job_line=job_line,
                order_preference=rank,
            )

    def tag(self, name: str, *holders: str, org: str = "North") -> str:
        tag = self.insert("qualification_tags", name=name, org=self.org(org))
        for mapping in holders:
            query = "select worker from allocation_run_worker_mappings where id = %s"
            worker = self.database.rows(query, mapping)[0]["worker"]
            self.insert("worker_qualifications", worker=worker, qualification_tag=tag)
        return str(tag)

    def weighting(self, weighting: int | None, **row: Any) -> str:
        table = "allocation_run_preferencer_weightings"
        return str(self.insert(table, allocation_run=self.id, weighting=weighting, **row))

    def run(self, **row: Any) -> str:
        return str(self.insert("allocator_py_runs", allocation_run=self.id, **row))

    def completed(self, at: str, *placed: tuple[str, str], **row: Any) -> str:
        """A completed run with these (worker, job line) pairs."""
        run = self.run(completed_at=at, **row)
        for worker, job_line in placed:
            self.insert(
                "allocator_py_allocations",
                allocator_py_run=run,
                worker_mapping=worker,
                job_line=job_line,
            )
        return run

    def hydrate(self, run: str, client: Client) -> RunInputs:
        return hydrate(run, client=client)
