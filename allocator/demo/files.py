"""Lists that go with the demo data: wishes for a swap round, and the placements before it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from allocator.demo.demo_data import TO_REPAIR, rows
from allocator.demo.run_builder import Tables

WISHES, PLACEMENTS = "swap-wishes.csv", "placements.csv"
WISHED = 12


def demo_lists() -> dict[str, str]:
    """File name → text. The wishes are of the registrars, after their allocation was published."""
    tables = rows()
    workers = {row["id"]: str(row["internal_id"]) for row in tables["workers"]}
    mappings = {
        str(row["id"]): workers[row["worker"]]
        for row in tables["allocation_run_worker_mappings"]
        if row["withdrawn_at"] is None
    }
    lines = {str(row["id"]): str(row["name"]) for row in tables["job_lines"]}
    held = {
        str(row["worker_mapping"]): str(row["job_line"])
        for row in tables["allocator_py_allocations"]
        if row["allocator_py_run"] == TO_REPAIR and str(row["worker_mapping"]) in mappings
    }
    wishes = [(mappings[w], lines[j]) for w, j in _wishes(tables, held)]
    return {
        WISHES: _text(wishes),
        PLACEMENTS: _text([(mappings[w], lines[j]) for w, j in sorted(held.items())]),
    }


def _wishes(tables: Tables, held: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Whoever has a job line that they did not rank would take that of the next of them; the
    others wish for what they ranked first, which whoever holds it likes too."""
    order: dict[str, dict[str, int]] = {}
    for row in tables["preference_worker_job_lines"]:
        if isinstance(row["order_preference"], int):
            ranks = order.setdefault(str(row["allocation_run_worker_mapping"]), {})
            ranks[str(row["job_line"])] = row["order_preference"]
    by_id = sorted(held)
    unlisted = [w for w in by_id if held[w] not in order.get(w, {})]
    for worker, other in zip(unlisted, [*unlisted[1:], *unlisted[:1]], strict=True):
        yield worker, held[other]
    listed = [w for w in by_id if w not in unlisted]
    for worker in listed[: WISHED - len(unlisted)]:
        first = min(order[worker], key=lambda j: (order[worker][j], j))
        second = max(order[worker], key=lambda j: (order[worker][j], j))
        yield worker, first if first != held[worker] else second


def _text(pairs: list[tuple[str, str]]) -> str:
    quoted = (f'{worker},"{line}"' for worker, line in pairs)
    return "\r\n".join(["worker,job line", *quoted]) + "\r\n"
