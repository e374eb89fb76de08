"""A sealed draw: everything is fixed before a public random number is known, and the seed follows.

1. An operator seals a run: fingerprint, settings (without a seed), scenario, where the number will
   come from, and the time before which it cannot be known. The seal's hash is published.
2. After that time the number is entered, with its source.
3. `derived_seed` makes the seed of both; the commit function takes no other, nor other settings,
   scenario or data, until somebody breaks the seal by name and with a reason, both on record.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from allocator.errors import UsageError
from allocator.models import Settings

Row = Mapping[str, Any]


def derived_seed(seal_hash: str, number: str) -> int:
    """The seed of a sealed draw, 0 … 2^52 − 1.

    SHA-256 over the seal's hash, a bar and the digits of the number (groups with one blank between
    them); the first 13 hexadecimal digits of that are the seed. Nobody can choose the number, and
    the hash was published before it was drawn, so nobody can choose the seed.
    """
    digest = hashlib.sha256(f"{seal_hash}|{number}".encode()).hexdigest()
    return int(digest[:13], 16)


def seal_content(
    run_id: str,
    fingerprint: str,
    settings: Settings,
    scenario: Mapping[str, Any],
    source: str,
    not_before: datetime,
) -> str:
    """The text that is sealed, as JSON; its SHA-256 is the seal's hash. Raises UsageError."""
    if not_before.tzinfo is None:
        raise UsageError("The time of the draw needs a time zone, such as 2026-03-02T20:30+11:00.")
    if not source.strip():
        raise UsageError("Say where the number will come from, such as a lottery and its draw.")
    content = {
        "run": run_id,
        "fingerprint": fingerprint,
        "settings": {k: v for k, v in settings.as_dict().items() if k != "seed"},
        "scenario": dict(scenario),
        "source": source.strip(),
        "not_before": not_before.isoformat(),
    }
    return json.dumps(content, sort_keys=True)


def plain_number(text: str) -> str:
    """The digits of a draw as they are hashed: `3, 11 – 42` → `3 11 42`. Raises UsageError."""
    groups = re.findall(r"[0-9]+", text)
    if not groups or re.search(r"[^\W\d_]", text):
        raise UsageError("The number of a draw is made of digits, such as 4 17 23 31 40 45.")
    return " ".join(groups)


@dataclass(frozen=True, slots=True)
class Seal:
    """A row of `allocator_console_seals`; texts that are None are still to come."""

    id: str
    allocator_py_run: str
    content: str
    hash: str
    source: str
    not_before: datetime
    sealed_by: str
    sealed_at: datetime
    number: str | None
    entered_by: str | None
    entered_at: datetime | None
    seed: int | None
    broken_by: str | None
    broken_at: datetime | None
    reason: str | None

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """From a row of the table, or what a function of the database answers."""
        facts: dict[str, Any] = {name: row.get(name) for name in cls.__slots__}
        for name in ("not_before", "sealed_at", "entered_at", "broken_at"):
            told = facts[name]
            facts[name] = datetime.fromisoformat(str(told)) if told else None
        facts["seed"] = None if facts["seed"] is None else int(facts["seed"])
        return cls(**facts)

    @property
    def holds(self) -> bool:
        """Whether nobody has broken it."""
        return self.broken_at is None

    @property
    def settings(self) -> Settings:
        """The sealed settings, with the seed of the draw once it is known."""
        said = json.loads(self.content)["settings"]
        return Settings(**said) if self.seed is None else Settings(**said, seed=self.seed)

    @property
    def words(self) -> str:
        """How far the draw is, as a sentence."""
        if not self.holds:
            return f"Broken by {self.broken_by}: {self.reason}"
        if self.number is None:
            return f"Sealed by {self.sealed_by}; waits for the number of {self.source}."
        return f"Drawn: {self.number} ({self.source}), entered by {self.entered_by}."
