"""Preference rows, a page at a time → each worker's ranks, with every data error collected."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from allocator.database.rows import is_whole
from allocator.errors import DataIssue

TABLE = "preference_worker_job_lines"


@dataclass(slots=True)
class PreferenceRows:
    """Collects the ranks of these workers for the allocation run's job lines.

    `workers` and `job_lines` give names by id. Rows of other workers, and ranks for job lines of
    other allocation runs, play no part. After the last page come `order(worker)` and `issues()`.
    """

    workers: Mapping[str, str]
    job_lines: Mapping[str, str]
    _ranks: dict[str, dict[str, Any]] = field(default_factory=dict)
    _repeated: dict[tuple[str, str], list[Any]] = field(default_factory=dict)
    _bad: list[tuple[str, str, Any]] = field(default_factory=list)
    _shared: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        # One string object for each id, however many rows mention it.
        self._shared = {job_line: job_line for job_line in self.job_lines}

    def add(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Take in one page of rows."""
        for row in rows:
            worker = row["allocation_run_worker_mapping"]
            job_line = self._shared.get(row["job_line"])
            if job_line is not None and worker in self.workers:
                self._add(worker, job_line, row["order_preference"])

    def _add(self, worker: str, job_line: str, rank: Any) -> None:
        ranks = self._ranks.setdefault(worker, {})
        if rank is not None and not _is_rank(rank):
            self._bad.append((worker, job_line, rank))
        if job_line not in ranks:
            ranks[job_line] = rank
            return
        self._repeated.setdefault((worker, job_line), [ranks[job_line]]).append(rank)
        sound = [r for r in (ranks[job_line], rank) if _is_rank(r)]
        ranks[job_line] = min(sound, default=None)

    def order(self, worker: str) -> dict[str, int]:
        """Job line → rank of one worker, by id of the job line, without the unranked ones."""
        ranks = self._ranks.get(worker, {})
        return {
            job_line: ranks[job_line] for job_line in sorted(ranks) if _is_rank(ranks[job_line])
        }

    def issues(self) -> list[DataIssue]:
        """Repeated rows, and ranks that are not whole numbers of 1 or more."""
        found = [
            self._issue(
                worker,
                job_line,
                f"The rank is {rank}; ranks are whole numbers from 1.",
                "Set the rank to 1 or more, or clear it to leave the job line unranked.",
            )
            for worker, job_line, rank in self._bad
        ]
        for (worker, job_line), ranks in self._repeated.items():
            words = sorted("unranked" if rank is None else f"rank {rank}" for rank in ranks)
            found.append(
                self._issue(
                    worker,
                    job_line,
                    f"There are {len(ranks)} rows for this pair ({', '.join(words)}).",
                    "Delete all but one of the rows.",
                )
            )
        return found

    def _issue(self, worker: str, job_line: str, message: str, remedy: str) -> DataIssue:
        row = f"{self.workers[worker]} on {self.job_lines[job_line]}"
        return DataIssue(TABLE, row, message, remedy, (worker, job_line))


def _is_rank(value: Any) -> bool:
    return is_whole(value) and value >= 1
