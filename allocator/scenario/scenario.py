"""Scenarios: named sets of changes to a run, tried without touching the database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from allocator.errors import UsageError
from allocator.models import RunInputs, Settings
from allocator.rules.ranks import data_fingerprint
from allocator.scenario.baseline_changes import (
    KeepNumbers,
    MoveRule,
    SetBaseline,
    baseline_problems,
)
from allocator.scenario.change import Change, Draft
from allocator.scenario.changes import BanPair, LeaveOut, LiftPin, Pin, RespectOtherPlacements
from allocator.scenario.file import (
    change_as_dict,
    parse_scenario,
    some_of,
    whole_file,
    write_scenario,
)


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
        before = {change.target for change in self.changes}
        later: dict[tuple[str, ...], Change] = {}
        for change in changes:
            gave_way = later.pop(change.target, None) is not None or change.target in before
            if not (isinstance(change, LiftPin) and gave_way):
                later[change.target] = change
            before.discard(change.target)
        told = {change.target for change in changes}
        kept = [change for change in self.changes if change.target not in told]
        return replace(self, changes=(*kept, *later.values()))

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
    _refuse(scenario, [*_unknown(changes, inputs), *conflicts(changes, inputs)])
    draft = Draft.of(inputs, scenario)
    for number in in_order(changes):
        changes[number].make(draft)
    _refuse(scenario, baseline_problems(draft, inputs))
    return draft.finish(inputs)


def _refuse(scenario: str, problems: list[str]) -> None:
    """Raise UsageError that lists what is wrong with the scenario, if anything is."""
    if problems:
        raise UsageError(
            f"The scenario “{scenario}” cannot be applied. {some_of(problems)}",
            remedy="Undo or mend these changes.",
            problems=tuple(problems),
        )


def in_order(changes: Sequence[Change]) -> list[int]:
    """Positions of the changes in the order in which they are made."""
    return sorted(range(len(changes)), key=lambda number: _turn(changes[number]))


def _turn(change: Change) -> int:
    """When a change is made, in the order of the scenario among its like. The baseline comes first,
    then what is about everybody of it. What takes workers and job lines out comes late, so that
    other changes may still name them; who is left by then is counted."""
    if isinstance(change, SetBaseline):
        return -2
    if isinstance(change, MoveRule) and not change.workers:
        return -1
    return (
        (LeaveOut, RespectOtherPlacements, KeepNumbers).index(type(change)) + 1
        if isinstance(change, LeaveOut | RespectOtherPlacements | KeepNumbers)
        else 0
    )


def conflicts(changes: Iterable[Change], inputs: RunInputs) -> tuple[str, ...]:
    """Changes that contradict each other, each with the first one that it contradicts."""
    found = []
    for first, second in _contradictions(tuple(changes)):
        one, other = (change.words(inputs).rstrip(".") for change in (first, second))
        found.append(f"Two changes contradict each other: “{one}” and “{other}”.")
    return tuple(found)


def _contradictions(changes: tuple[Change, ...]) -> Iterator[tuple[Change, Change]]:
    """Pairs in the order of the changes; each change is looked up, not compared with all."""
    first_about: dict[tuple[str, ...], Change] = {}
    pins: dict[str, list[Pin]] = {}
    for change in changes:
        first = first_about.setdefault(change.target, change)
        if not first.same_effect(change):
            yield first, change
        if isinstance(change, Pin):
            pins.setdefault(change.worker, []).append(change)
    for change in changes:
        if isinstance(change, LeaveOut | BanPair):
            for pin in pins.get(change.worker, [])[: 1 if isinstance(change, LeaveOut) else None]:
                if isinstance(change, LeaveOut) or change.job_line == pin.job_line:
                    yield pin, change


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
