"""Scenarios: named sets of changes to a run, tried without touching the database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any

from allocator.errors import UsageError
from allocator.models import RunInputs, Settings
from allocator.rules.ranks import data_fingerprint
from allocator.scenario.change import Change, Draft
from allocator.scenario.changes import BanPair, LeaveOut, LiftPin, Pin, RespectOtherPlacements
from allocator.scenario.file import change_as_dict, parse_scenario, whole_file, write_scenario


@dataclass(frozen=True, slots=True)
class Scenario:
    """Settings and changes under a name.

    `run` is the allocator run's id and `fingerprint` that of the inputs it was made on; both may
    be empty. Changes are made in order.
    """

    name: str
    settings: Settings = field(default_factory=Settings)
    changes: tuple[Change, ...] = ()
    author: str = ""
    run: str = ""
    fingerprint: str = ""

    def then(self, *changes: Change) -> Scenario:
        """With these changes; an earlier change about the same thing gives way to the later one."""
        kept = list(self.changes)
        for change in changes:
            before = len(kept)
            kept = [old for old in kept if old.target != change.target]
            if not (isinstance(change, LiftPin) and len(kept) < before):
                kept.append(change)
        return replace(self, changes=tuple(kept))

    def without(self, index: int) -> Scenario:
        """Without the change at this position (0 = first); IndexError when there is none."""
        if not 0 <= index < len(self.changes):
            raise IndexError(f"the scenario has no change number {index}")
        return replace(self, changes=self.changes[:index] + self.changes[index + 1 :])

    def words(self, inputs: RunInputs) -> tuple[str, ...]:
        """Each change as a sentence with names; `inputs` as hydrated."""
        return tuple(change.words(inputs) for change in self.changes)

    def conflicts(self, inputs: RunInputs) -> tuple[str, ...]:
        """Changes that contradict each other, each as a sentence."""
        return conflicts(self.changes, inputs)

    def is_stale(self, inputs: RunInputs) -> bool:
        """Whether the scenario was made on inputs that have since changed."""
        made_on, now = data_fingerprint(self.fingerprint), data_fingerprint(inputs.fingerprint)
        return bool(made_on) and made_on != now

    def apply(self, inputs: RunInputs) -> RunInputs:
        """New inputs with the changes made; `inputs` and its fingerprint stay as they are.

        Raises UsageError that lists everything wrong: names unknown to the run, contradictions.
        """
        return apply_changes(inputs, self.changes, self.name)

    def audit(self) -> dict[str, Any]:
        """The scenario as the audit row keeps it, JSON-ready; ids, no names."""
        return {
            "name": self.name,
            "author": self.author,
            "changes": [change_as_dict(change) for change in self.changes],
        }

    def as_dict(self) -> dict[str, Any]:
        """The whole scenario, JSON-ready: what the database stores and files hold."""
        return whole_file(
            {
                "name": self.name,
                "author": self.author,
                "run": self.run,
                "fingerprint": self.fingerprint,
                "settings": self.settings.as_dict(),
                "changes": [change_as_dict(change) for change in self.changes],
            }
        )

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Scenario:
        """A scenario from `as_dict`; UsageError names every place that is wrong."""
        return cls(**parse_scenario(content))

    def to_json(self) -> str:
        """The scenario as a JSON file's text; `from_json` gives back an equal scenario."""
        return write_scenario(self.as_dict())

    @classmethod
    def from_json(cls, text: str | bytes) -> Scenario:
        """A scenario from a file's text; UsageError names every place that is wrong."""
        return cls(**parse_scenario(text))


def apply_changes(inputs: RunInputs, changes: Iterable[Change], scenario: str) -> RunInputs:
    """`inputs` with the changes made, under the scenario's name; UsageError as in `apply`."""
    changes = tuple(changes)
    problems = [*_unknown(changes, inputs), *conflicts(changes, inputs)]
    if problems:
        raise UsageError(
            " ".join([f"The scenario “{scenario}” cannot be applied.", *problems]),
            remedy="Undo or mend these changes.",
            problems=tuple(problems),
        )
    draft = Draft.of(inputs, scenario)
    # What takes workers and job lines out comes last, so that other changes may still name them.
    for change in sorted(changes, key=_is_late):
        change.make(draft)
    return draft.finish(inputs)


def _is_late(change: Change) -> int:
    return 2 * isinstance(change, RespectOtherPlacements) + isinstance(change, LeaveOut)


def conflicts(changes: Iterable[Change], inputs: RunInputs) -> tuple[str, ...]:
    """Pairs of changes that contradict each other, each as a sentence."""
    found = []
    for first, second in combinations(changes, 2):
        if _contradict(first, second):
            one, other = (change.words(inputs).rstrip(".") for change in (first, second))
            found.append(f"Two changes contradict each other: “{one}” and “{other}”.")
    return tuple(found)


def _contradict(first: Change, second: Change) -> bool:
    if first.target == second.target:
        return not first.same_effect(second)
    for pin, other in ((first, second), (second, first)):
        if not isinstance(pin, Pin):
            continue
        if isinstance(other, BanPair) and other.target == ("pair", pin.worker, pin.job_line):
            return True
        if isinstance(other, LeaveOut) and other.worker == pin.worker:
            return True
    return False


def _unknown(changes: Iterable[Change], inputs: RunInputs) -> Iterator[str]:
    workers = {w.id for w in inputs.workers}
    job_lines = {j.id for j in inputs.job_lines}
    weightings = {w.id for w in inputs.weightings}
    for number, change in enumerate(changes, start=1):
        for noun, named, known in (
            ("worker", change.worker_ids, workers),
            ("job line", change.job_line_ids, job_lines),
            ("weighting", change.weighting_ids, weightings),
        ):
            for row_id in sorted(named - known):
                yield f"Change {number} ({change.kind}): the run has no {noun} {row_id}."
