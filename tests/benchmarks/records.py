"""What was measured, as plain records that go into the JSON file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any


class Outcome(StrEnum):
    """How one solve ended."""

    PROVEN = "proven"
    UNFINISHED = "unfinished"
    OUT_OF_MEMORY = "out of memory"
    FAILED = "failed"
    NOT_TRIED = "not tried"


@dataclass(frozen=True)
class Instance:
    """One generated instance; `pairs` counts the eligible ones."""

    label: str
    workers: int
    job_lines: int
    ranked: int
    places: int
    mandatory: int
    pairs: int
    seed: int


@dataclass(frozen=True)
class Measurement:
    """One solve in a process of its own.

    `seconds` = `build` (from the arrays to the solver's model) + `solve`. `peak_mb` is the most
    memory of the process and its children, `base_mb` what the process held before (libraries and
    instance). `phases` are seconds by phase where the solver tells them.
    """

    size: str
    solver: str
    repeat: int
    outcome: Outcome
    seconds: float | None = None
    build: float | None = None
    solve: float | None = None
    objective: float | None = None
    peak_mb: float | None = None
    base_mb: float | None = None
    phases: Mapping[str, float] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True)
class WhatIf:
    """Latencies in seconds of re-solves of one instance with other values of alpha."""

    size: str
    latencies: tuple[float, ...]


@dataclass(frozen=True)
class Run:
    """One run of the whole benchmark."""

    date: str
    machine: Mapping[str, Any]
    options: Mapping[str, Any]
    instances: tuple[Instance, ...]
    measurements: tuple[Measurement, ...]
    what_if: tuple[WhatIf, ...] = ()

    def save(self, path: Path) -> None:
        """Write as JSON."""
        path.write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Run:
        """Read what `save` wrote."""
        data = json.loads(path.read_text(encoding="utf-8"))
        measurements = [
            Measurement(**row | {"outcome": Outcome(row["outcome"])})
            for row in data["measurements"]
        ]
        return cls(
            data["date"],
            data["machine"],
            data["options"],
            tuple(Instance(**row) for row in data["instances"]),
            tuple(measurements),
            tuple(WhatIf(row["size"], tuple(row["latencies"])) for row in data["what_if"]),
        )
