"""What an attempt was told, what the database holds, and whether the two agree."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from allocator.errors import AllocatorError
from allocator.models import RunInputs
from allocator.result import Receipt, SolveResult
from allocator.service import AllocatorService
from allocator.solved import identity_of
from tests.conftest import Database

NOT_KNOWN = "not known whether"
"""The words of every message that leaves the outcome open."""


class Told(Enum):
    """What an operator was told about a commit."""

    WRITTEN = "written"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass
class Attempt:
    """Somebody's commit of one solve; its identity names what would be written."""

    operator: str
    inputs: RunInputs
    result: SolveResult
    told: Told = Told.UNKNOWN
    words: str = ""

    @property
    def identity(self) -> str:
        return identity_of(self.result, {})

    def hear(self, receipt: Receipt | None, words: str = "") -> None:
        """Note what the operator was told: a receipt, or a failure's words ("": nothing at all)."""
        self.words = words
        if receipt is not None:
            self.told = Told.WRITTEN
            self.words = f"committed by {receipt.operator}, settings {dict(receipt.settings)}"
        else:
            self.told = Told.UNKNOWN if NOT_KNOWN in words or not words else Told.REFUSED

    def commit(self, service: AllocatorService) -> Receipt | None:
        """Try it and note what was told."""
        try:
            receipt = service.commit(self.inputs, self.result, self.operator, expect=self.identity)
        except AllocatorError as exc:
            self.hear(None, str(exc))
            return None
        self.hear(receipt)
        return receipt


@dataclass(frozen=True)
class Held:
    """What the database holds of a run: nothing, or one commit (its identity, by whom)."""

    identity: str = ""
    operator: str = ""
    half_written: bool = False
    double: bool = False

    def is_of(self, attempt: Attempt) -> bool:
        """True when it is exactly what this attempt would write."""
        return (self.identity, self.operator) == (attempt.identity, attempt.operator)


def held(database: Database, run: str) -> Held:
    """Look behind the API. The identity is derived anew, from what is stored."""
    rows = database.rows
    placed = rows(
        "select worker_mapping::text as worker, job_line::text as line"
        " from allocator_py_allocations where allocator_py_run = %s",
        run,
    )
    audits = rows("select * from allocator_console_audit where allocator_py_run = %s", run)
    ends = rows("select * from allocator_py_completions where allocator_py_run = %s", run)
    (state,) = rows("select completed_at from allocator_py_runs where id = %s", run)
    if not placed and not audits and not ends and state["completed_at"] is None:
        return Held()
    is_double = len(audits) > 1 or len(ends) > 1 or len(placed) > len({r["worker"] for r in placed})
    is_whole = (
        state["completed_at"] is not None
        and len(audits) >= 1
        and len(ends) >= 1
        and len(placed) == audits[0]["n_allocations"] == ends[0]["n_allocations"]
        and audits[0]["committed_at"] == state["completed_at"]
    )
    if not audits:
        return Held(half_written=True, double=is_double)
    content = {
        "allocation": sorted((r["worker"], r["line"]) for r in placed),
        "settings": audits[0]["settings"],
        "scenario": audits[0]["scenario"],
        "fingerprint": audits[0]["fingerprint"],
    }
    text = json.dumps(content, sort_keys=True, ensure_ascii=True)
    identity = hashlib.sha256(text.encode()).hexdigest()
    return Held(identity, audits[0]["operator"], not is_whole, is_double)


@dataclass
class Trial:
    """One run whose commit met a fault, and everything that was wrong afterwards."""

    kind: str
    how: str
    attempts: Sequence[Attempt]
    half_written: int = 0
    double: int = 0
    misattributed: int = 0
    untrue: list[str] = field(default_factory=list)

    @property
    def is_sound(self) -> bool:
        """True when nothing was wrong."""
        return not (self.half_written or self.double or self.misattributed or self.untrue)

    def judge(self, found: Held, when: str) -> None:
        """Count what is wrong with what is held, and compare it with what each was told."""
        self.count(found)
        for attempt in self.attempts:
            is_there = found.is_of(attempt)
            if (attempt.told is Told.WRITTEN and not is_there) or (
                attempt.told is Told.REFUSED and is_there
            ):
                what = "is" if is_there else "is not"
                self.untrue.append(f"{when} it {what} written, but was told: {attempt.words}")
            if attempt.told is Told.REFUSED and "nothing was written" not in attempt.words.lower():
                self.untrue.append(f"it does not say whether it is written: {attempt.words}")
            if attempt.told is Told.UNKNOWN and "nothing was written" in attempt.words:
                self.untrue.append(f"not known and known at once: {attempt.words}")

    def count(self, found: Held) -> None:
        """Count what is wrong with what is held."""
        self.half_written += found.half_written
        self.double += found.double
        if found.identity and not any(found.is_of(attempt) for attempt in self.attempts):
            self.misattributed += 1
