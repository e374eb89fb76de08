"""Fingerprint of a run's inputs, and what differs between two hydrations, row by row.

Both come from the same facts, so inputs with different fingerprints always have a difference to
show. A fact is whatever can change the allocation or its validity: who (the person behind a
mapping) and what takes part, ranks, buckets, qualifications, places, eligibility, weightings,
placements of other applications and data errors; and the states that an operator goes by: whether
a list is submitted or locked, the state of the allocation run, whether the run is exclusive.
Names are no facts: a corrected spelling is told (`spellings`) and does not stop a commit. Notes
and timestamps are none either.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from allocator.errors import InputChange
from allocator.models import Eligibility, JobLine, RunInputs, Weighting
from allocator.rules import naming
from allocator.rules.ranks import bucket_name

RUNS = "allocator_py_runs"
ALLOCATION_RUNS = "allocationruns"
MAPPINGS = "allocation_run_worker_mappings"
LISTS = "lists of workers"
BUCKETS = "buckets of job lines"
OTHER_PLACEMENTS = "job_line_worker_mappings"
WORKERS = "workers"
JOB_LINES = "job_lines"
PREFERENCES = "preference_worker_job_lines"
QUALIFICATIONS = "worker_qualifications"
ELIGIBILITY = "job_line_eligibility"
WEIGHTINGS = "allocation_run_preferencer_weightings"
ISSUES = "data errors"

STATES = frozenset({ALLOCATION_RUNS, LISTS})
"""Facts that change nothing about an allocation that was made: its measures still stand."""

Fact = tuple[str, tuple[str, ...], Any]
"""Table, key, and a JSON value with its collections sorted."""


def fingerprint(inputs: RunInputs) -> str:
    """SHA-256, as 64 hex digits, of the run's identity and facts; row order has no part in it.

    It is the hash of a text that anybody can write down: `canonical_text` of `canonical_facts`.
    """
    return text_digest(canonical_facts(inputs))


def deciding_fingerprint(inputs: RunInputs) -> str:
    """The same without mere states (STATES): equal when the measures of an allocation stand."""
    return text_digest([fact for fact in canonical_facts(inputs) if fact[0] not in STATES])


def canonical_facts(inputs: RunInputs) -> list[Fact]:
    """The run's identity, then every fact by table and key."""
    run = inputs.run
    return [("run", (run.id,), run.allocation_run), *sorted(_facts(inputs), key=_place)]


def canonical_text(facts: Iterable[Fact]) -> Iterator[str]:
    """Facts as JSON, one a line: no blanks, ASCII only."""
    for fact in facts:
        yield json.dumps(fact, separators=(",", ":"), ensure_ascii=True) + "\n"


def text_digest(facts: Iterable[Fact]) -> str:
    """SHA-256, as 64 hex digits, of the facts' canonical text."""
    digest = hashlib.sha256()
    for line in canonical_text(facts):
        digest.update(line.encode())
    return digest.hexdigest()


def differences(before: RunInputs, after: RunInputs) -> tuple[InputChange, ...]:
    """Every fact that differs, in words and by name; empty when the fingerprints are equal.

    Both are inputs as hydrated: a scenario's changes are no differences of the database.
    """
    old = {(table, key): value for table, key, value in _facts(before)}
    new = {(table, key): value for table, key, value in _facts(after)}
    words = _Comparison(before, after)
    changes: set[InputChange] = set()
    for table, key in old.keys() | new.keys():
        was, now = old.get((table, key)), new.get((table, key))
        if was != now:
            changes.update(words.changes(table, key, was, now))
    return tuple(sorted(changes))


def spellings(before: RunInputs, after: RunInputs) -> tuple[InputChange, ...]:
    """Names of workers and job lines that differ: to be told, no reason to refuse a commit."""
    changes = []
    for table, old, new in (
        (WORKERS, before.workers, after.workers),
        (JOB_LINES, before.job_lines, after.job_lines),
    ):
        names = {row.id: row.name for row in new}
        for row in old:
            if names.get(row.id, row.name) != row.name:
                said = naming.worker_name if table == WORKERS else naming.job_line_name
                now = names[row.id] or "without a name"
                changes.append(InputChange(table, said(before, row.id), row.name or "–", now))
    return tuple(sorted(changes))


def _place(fact: Fact) -> tuple[str, tuple[str, ...]]:
    return fact[0], fact[1]


def _facts(inputs: RunInputs) -> Iterator[Fact]:
    run = inputs.run
    yield RUNS, (run.id,), run.is_exclusive
    yield ALLOCATION_RUNS, (run.allocation_run,), run.allocation_run_status
    for worker in inputs.workers:
        yield MAPPINGS, (worker.id,), worker.person or True
        yield LISTS, (worker.id,), [worker.submitted, worker.locked]
        if worker.preferences.buckets:
            yield BUCKETS, (worker.id,), sorted(worker.preferences.buckets.items())
        if worker.preferences.order:
            yield PREFERENCES, (worker.id,), sorted(worker.preferences.order.items())
        if worker.qualification_ids:
            yield QUALIFICATIONS, (worker.id,), sorted(worker.qualification_ids)
    for job_line in inputs.job_lines:
        yield JOB_LINES, (job_line.id,), _places(job_line)
        if job_line.eligibility is not None:
            yield ELIGIBILITY, (job_line.id,), _rules(job_line.eligibility)
    for row in inputs.weightings:
        yield WEIGHTINGS, (row.id,), _weighting(row)
    for one in inputs.other_placements:
        yield OTHER_PLACEMENTS, (one.worker, one.job_line), one.state
    for issue in inputs.issues:
        yield ISSUES, (issue.table, issue.row, issue.message, *issue.ids), True


def _places(job_line: JobLine) -> dict[str, int | bool]:
    return {
        "max_n_workers": job_line.max_n_workers,
        "must_have_workers": job_line.must_have_workers,
        "used_places": job_line.used_places,
    }


def _rules(row: Eligibility) -> dict[str, list[str]]:
    return {
        "included_qualification_tag_ids": sorted(row.included_qualification_tag_ids),
        "excluded_qualification_tag_ids": sorted(row.excluded_qualification_tag_ids),
        "included_worker_mapping_ids": sorted(row.included_worker_mapping_ids),
        "excluded_worker_mapping_ids": sorted(row.excluded_worker_mapping_ids),
    }


def _weighting(row: Weighting) -> dict[str, Any]:
    return {
        "weighting": row.weighting,
        "job_line": row.job_line,
        "qualification_tag_ids": sorted(row.qualification_tag_ids),
        "worker_mapping_ids": sorted(row.worker_mapping_ids),
    }


@dataclass(frozen=True, slots=True)
class _Comparison:
    """Words for the facts that differ between two hydrations of a run."""

    before: RunInputs
    after: RunInputs

    def changes(
        self, table: str, key: tuple[str, ...], old: Any, new: Any
    ) -> Iterator[InputChange]:
        """One fact in words; what belongs to a newcomer or a leaver goes without saying."""
        match table:
            case "allocator_py_runs":
                words = {True: "exclusive", False: "not exclusive"}
                yield InputChange(table, "this run", words[bool(old)], words[bool(new)])
            case "allocationruns":
                yield InputChange(table, "the allocation run", old or "–", new or "–")
            case "allocation_run_worker_mappings":
                name = self._worker(key[0])
                if old and new:
                    yield InputChange(table, name, f"the person {old}", f"the person {new}")
                else:
                    yield InputChange(table, name, *self._presence("worker", key[0], old, new))
            case "lists of workers" if self._stays("workers", key[0]):
                yield InputChange(MAPPINGS, self._worker(key[0]), _list(old), _list(new))
            case "buckets of job lines" if self._stays("workers", key[0]):
                yield from self._buckets(key[0], dict(old or ()), dict(new or ()))
            case "job_line_worker_mappings":
                row = f"{self._worker(key[0])} on {self._job_line_name(key[1])}"
                yield InputChange(table, row, old or "absent", new or "absent")
            case "preference_worker_job_lines" if self._stays("workers", key[0]):
                yield from self._ranks(key[0], dict(old or ()), dict(new or ()))
            case "worker_qualifications" if self._stays("workers", key[0]):
                yield from self._qualifications(key[0], set(old or ()), set(new or ()))
            case "job_lines":
                yield from self._job_line(key[0], old, new)
            case "job_line_eligibility" if self._stays("job_lines", key[0]):
                yield from self._eligibility(key[0], old, new)
            case "allocation_run_preferencer_weightings":
                yield self._weighting(key[0], old, new)
            case "data errors":
                held, gone = f"in error: {key[2]}", "without this error"
                yield InputChange(key[0], key[1], held if old else gone, held if new else gone)

    def _stays(self, kind: str, key: str) -> bool:
        return _has(self.before, kind, key) and _has(self.after, kind, key)

    def _presence(self, kind: str, key: str, old: Any, new: Any) -> tuple[str, str]:
        return self._part(self.before, kind, key, old), self._part(self.after, kind, key, new)

    def _part(self, inputs: RunInputs, kind: str, key: str, present: Any) -> str:
        if present:
            return "taking part"
        out = (row for row in inputs.left_out if row.kind == kind and row.id == key)
        reason = next((row.reason for row in out), "")
        return f"not taking part ({reason})" if reason else "not taking part"

    def _ranks(
        self, worker: str, old: dict[str, int], new: dict[str, int]
    ) -> Iterator[InputChange]:
        for job_line in old.keys() | new.keys():
            was, now = old.get(job_line), new.get(job_line)
            if was != now:
                row = f"{self._worker(worker)} on {self._job_line_name(job_line)}"
                yield InputChange(PREFERENCES, row, _rank(was), _rank(now))

    def _buckets(
        self, worker: str, old: dict[str, int], new: dict[str, int]
    ) -> Iterator[InputChange]:
        for job_line in old.keys() | new.keys():
            was, now = (_bucket(side.get(job_line)) for side in (old, new))
            if was != now:
                row = f"{self._worker(worker)} on {self._job_line_name(job_line)}"
                yield InputChange(PREFERENCES, row, was, now)

    def _qualifications(self, worker: str, old: set[str], new: set[str]) -> Iterator[InputChange]:
        for tag in old ^ new:
            row = f"{self._worker(worker)}, {self._tag(tag)}"
            words = ("held", "not held") if tag in old else ("not held", "held")
            yield InputChange(QUALIFICATIONS, row, *words)

    def _job_line(self, key: str, old: Any, new: Any) -> Iterator[InputChange]:
        name = self._job_line_name(key)
        if old is None or new is None:
            yield InputChange(JOB_LINES, name, *self._presence("job line", key, old, new))
            return
        words: dict[str, Callable[[Any], str]] = {
            "max_n_workers": naming.places,
            "must_have_workers": lambda must: "mandatory" if must else "not mandatory",
            "used_places": lambda used: f"{naming.places(used)} taken by earlier runs",
        }
        for field, say in words.items():
            if old[field] != new[field]:
                yield InputChange(JOB_LINES, name, say(old[field]), say(new[field]))

    def _eligibility(self, key: str, old: Any, new: Any) -> Iterator[InputChange]:
        name = self._job_line_name(key)
        if old is None or new is None:
            words = {True: "restricted by a row", False: "without a row"}
            yield InputChange(ELIGIBILITY, name, words[old is not None], words[new is not None])
        nothing: dict[str, list[str]] = {}
        for field in _FIELDS:
            was, now = (old or nothing).get(field, []), (new or nothing).get(field, [])
            if was != now:
                yield InputChange(
                    ELIGIBILITY,
                    f"{name}, {_FIELDS[field]}",
                    self._named(field, was),
                    self._named(field, now),
                )

    def _named(self, field: str, ids: list[str]) -> str:
        name = self._tag if "qualification" in field else self._worker
        return ", ".join(sorted(name(key) for key in ids)) or "none"

    def _weighting(self, key: str, old: Any, new: Any) -> InputChange:
        return InputChange(
            WEIGHTINGS,
            f"weighting {key[:8]}",
            self._weighting_words(self.before, key, old),
            self._weighting_words(self.after, key, new),
        )

    def _weighting_words(self, inputs: RunInputs, key: str, value: Any) -> str:
        if value is None:
            return "absent"
        row = next(row for row in inputs.weightings if row.id == key)
        return f"{naming.signed(row.weighting)} for {naming.reach(inputs, row)}"

    def _worker(self, key: str) -> str:
        inputs = self.after if _has(self.after, "workers", key) else self.before
        return naming.worker_name(inputs, key)

    def _job_line_name(self, key: str) -> str:
        inputs = self.after if _has(self.after, "job_lines", key) else self.before
        return naming.job_line_name(inputs, key)

    def _tag(self, key: str) -> str:
        inputs = self.after if any(t.id == key for t in self.after.tags) else self.before
        return naming.tag_name(inputs, key)


_FIELDS = {
    "included_qualification_tag_ids": "included qualifications",
    "excluded_qualification_tag_ids": "excluded qualifications",
    "included_worker_mapping_ids": "included workers",
    "excluded_worker_mapping_ids": "excluded workers",
}


def _has(inputs: RunInputs, kind: str, key: str) -> bool:
    try:
        inputs.worker(key) if kind == "workers" else inputs.job_line(key)
    except KeyError:
        return False
    return True


def _rank(rank: int | None) -> str:
    return "unranked" if rank is None else f"rank {rank}"


def _list(state: list[bool]) -> str:
    submitted, locked = state
    words = "submitted" if submitted else "not submitted"
    return f"{words}, {'locked' if locked else 'not locked'}"


def _bucket(bucket: int | None) -> str:
    return "in no bucket" if bucket is None else f"in the bucket {bucket_name(bucket)}"
