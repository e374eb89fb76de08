"""What there is to show of a run: a solve's allocation, a committed one, or stored rows alone."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import streamlit as st

from allocator.database.records import committed, stored_placements
from allocator.models import AllocatorRun, Receipt
from allocator.service import AllocatorService
from console.state import backend, readings, solving
from console.state.solving import Solved

KEPT_SECONDS = 300


@dataclass(frozen=True, slots=True, eq=False)
class Stored:
    """A completed run as the database has it. `receipt` is None when another program completed
    it; `solved` is None when the data has changed since, so that only the rows can be shown."""

    receipt: Receipt | None
    placed: pd.DataFrame
    solved: Solved | None


def stored(run: AllocatorRun) -> Stored:
    """A completed run's receipt and rows. Raises DatabaseError."""
    return _read(run.id, str(run.completed_at), backend.service())


def solved(run: AllocatorRun) -> Solved | None:
    """The allocation to show: the last solve's, or what was committed. Raises DatabaseError."""
    return solving.solved(run.id) if run.is_pending else stored(run).solved


@st.cache_resource(
    ttl=KEPT_SECONDS,
    max_entries=6,
    show_spinner="Reading what was committed …",
    hash_funcs={AllocatorService: readings.service_number},
)
def _read(run_id: str, completed_at: str, service: AllocatorService) -> Stored:
    inputs = readings.loaded(run_id)
    rows = service.allocations(run_id)
    receipt = service.receipt(run_id)
    found = committed(inputs, receipt, rows) if receipt else None
    whole = None
    if found and receipt:
        whole = Solved(
            found[0], found[1], inputs, receipt.scenario, receipt.operator, receipt.committed_at
        )
    return Stored(receipt, stored_placements(inputs, rows), whole)
