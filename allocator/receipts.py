"""Receipts: what a commit wrote, read back from the audit table."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from allocator import postgres
from allocator.errors import MissingTable
from allocator.models import Receipt


def receipt_of(row: Mapping[str, Any]) -> Receipt:
    """A receipt from an audit row or the commit function's answer."""
    facts: dict[str, Any] = {name: row.get(name) for name in Receipt.__slots__}
    facts["committed_at"] = datetime.fromisoformat(str(row["committed_at"]))
    facts["repeated"] = bool(row.get("repeated"))
    for name in ("settings", "scenario", "counts"):
        facts[name] = row.get(name) or {}
    return Receipt(**facts)


def read_receipt(run_id: str, *, client: postgres.Client | None = None) -> Receipt | None:
    """The receipt of a committed run; None when this program did not commit it."""
    try:
        rows = postgres.fetchAll("audit", run_id, client=client)
    except MissingTable:
        return None
    return receipt_of(rows[0]) if rows else None
