"""A run of the list in words and figures."""

from __future__ import annotations

import pandas as pd

from allocator.overview import RunOverview
from allocator.report.header import run_title
from allocator.rows import local_time
from console import tables
from console.checks import Found
from console.widgets.facts import Fact, counted

TOPS = ("1", "3", "5")
TOP_WORDS = {"1": "First choice", "3": "Top 3", "5": "Top 5"}


def subtitle(row: RunOverview) -> str:
    """Period, batch, and when it was created and queued, or completed."""
    run = row.run
    parts = [tables.period(run), f"Batch {row.batch} of {row.batches}"]
    if run.is_pending:
        queued = f"queued {local_time(run, run.queued_at)}" if run.queued_at else "not queued"
        parts.append(f"Created {local_time(run, run.created_at)}, {queued} ({run.timezone})")
    else:
        parts.append(f"Completed {tables.moment(run, run.completed_at)}")
    return " · ".join(filter(None, parts))


def pending_facts(row: RunOverview, found: Found | None) -> list[Fact]:
    """What is in a waiting run."""
    return [
        ("Workers", f"{row.workers:,}" if row.workers is not None else ""),
        ("Submitted", submitted(row)),
        ("Job lines", f"{row.job_lines:,}" if row.job_lines is not None else ""),
        ("Places", places(row)),
        ("Left out", f"{row.left_out:,}" if row.left_out else ""),
        ("Data errors", errors(found)),
    ]


def submitted(row: RunOverview) -> str:
    """How many workers handed in preferences."""
    if row.submitted is None or row.workers is None:
        return ""
    return f"{row.submitted:,} of {row.workers:,}"


def places(row: RunOverview) -> str:
    """Places against workers."""
    spare = row.spare_seats
    if row.seats is None or spare is None:
        return ""
    if spare < 0:
        return f"{row.seats:,} ({-spare:,} too few)"
    return f"{row.seats:,} ({spare:,} to spare)" if spare else f"{row.seats:,} (just enough)"


def errors(found: Found | None) -> str:
    """What the check of the data found."""
    if found is None:
        return "Checking …"
    if found.failed:
        return "Could not be read"
    if not found.issues:
        return "None"
    if found.blocking:
        return f"{found.issues:,} ({found.blocking:,} to mend)"
    return f"{found.issues:,} (to accept)"


def completed_facts(row: RunOverview) -> list[Fact]:
    """When, by whom, and how a completed run came out."""
    placed = row.outcome.get("placed")
    return [
        ("By", row.receipt.operator if row.receipt else "Another program"),
        ("Placed", counted(int(placed), "worker") if placed is not None else ""),
        *((TOP_WORDS[top], share(row, top)) for top in TOPS),
        ("Unranked", unranked(row)),
    ]


def share(row: RunOverview, top: str) -> str:
    """Share and number of those placed within their top k."""
    placed, within = row.outcome.get("placed"), row.outcome.get("within", {}).get(top)
    return f"{within / placed:.0%} ({within:,})" if placed and within is not None else ""


def unranked(row: RunOverview) -> str:
    """How many workers got a job line that they had not ranked."""
    count = row.outcome.get("unranked")
    return f"{count:,}" if count is not None else ""


def frame(rows: list[RunOverview], found: dict[str, Found | None]) -> pd.DataFrame:
    """The list as a table to download."""
    return pd.DataFrame(
        [
            {
                "Run": run_title(row.run),
                "Batch": f"{row.batch} of {row.batches}",
                "Status": "Waiting" if row.run.is_pending else "Completed",
                "Created": tables.moment(row.run, row.run.created_at),
                "Queued": tables.moment(row.run, row.run.queued_at),
                "Completed": tables.moment(row.run, row.run.completed_at),
                **dict(
                    pending_facts(row, found.get(row.run.id))
                    if row.run.is_pending
                    else completed_facts(row)
                ),
            }
            for row in rows
        ]
    )
