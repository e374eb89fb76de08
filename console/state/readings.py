"""Runs as they were last read from the database, shared by every page and operator.

Reading a run takes up to some seconds and its inputs are large, so the process keeps the last
few. Nothing here goes stale unnoticed: pages say when they read, and commit reads again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from weakref import WeakKeyDictionary

import streamlit as st

from allocator.database.overview import RunBatch
from allocator.database.rows import local_clock
from allocator.models import RunInputs
from allocator.service import AllocatorService
from console.state import backend
from console.ui import session

KEPT_RUNS = 6
KEPT_SECONDS = 1800
KEPT_BATCH_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Loaded:
    """A run's inputs and when they were read."""

    inputs: RunInputs
    read_at: datetime


_numbers: WeakKeyDictionary[AllocatorService, int] = WeakKeyDictionary()
_next_number = count()


def service_number(service: AllocatorService) -> int:
    """Tells services apart in cache keys; unlike `id`, never given twice."""
    return _numbers.setdefault(service, next(_next_number))


def loaded(run_id: str) -> RunInputs:
    """The run as it was last read; reads it, with a progress note, when nobody did.

    Raises RunNotFound, DatabaseError.
    """
    return _read(run_id, backend.service()).inputs


def read_at(run_id: str) -> datetime:
    """When `loaded` read the run."""
    return _read(run_id, backend.service()).read_at


def data_version(run_id: str) -> str:
    """Changes whenever the run is read again: goes into the keys of tables with selections."""
    return f"{read_at(run_id):%H%M%S%f}"


def batch(run_id: str) -> RunBatch:
    """The run's row and place among its batches, a few seconds old at most.

    Raises RunNotFound, DatabaseError.
    """
    return _batch(run_id, backend.service())


def refresh(run_id: str) -> None:
    """Forget what was read of a run: the next `loaded` reads it again."""
    _read.clear(run_id, backend.service())
    _batch.clear(run_id, backend.service())


def reading_note(run_id: str) -> None:
    """Say when the shown data was read, with a button to read it again."""
    inputs = loaded(run_id)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(f"Read from the database at {local_clock(inputs.run, read_at(run_id))}")
        st.button(
            "Refresh from database",
            icon=":material/refresh:",
            key=f"refresh {run_id}",
            type="tertiary",
            on_click=_refresh_clicked,
            args=(run_id,),
        )


@session.signed_in
def _refresh_clicked(run_id: str) -> None:
    refresh(run_id)


@st.cache_resource(
    ttl=KEPT_SECONDS,
    max_entries=KEPT_RUNS,
    show_spinner="Reading the run from the database …",
    show_time=True,
    hash_funcs={AllocatorService: service_number},
)
def _read(run_id: str, service: AllocatorService) -> Loaded:
    when = datetime.now(UTC)
    return Loaded(service.hydrate(run_id), when)


@st.cache_resource(
    ttl=KEPT_BATCH_SECONDS,
    max_entries=50,
    show_spinner=False,
    hash_funcs={AllocatorService: service_number},
)
def _batch(run_id: str, service: AllocatorService) -> RunBatch:
    return service.batch(run_id)
