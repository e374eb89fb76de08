"""Quick tests before solving: milliseconds, and enough to find the plain mistakes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from allocator.diagnosis.results import PreCheck, RuleInvolved
from allocator.diagnosis.violators import Bools, Positions
from allocator.models import JobLine, RunInputs, Settings
from allocator.rules.eligibility import Rule
from allocator.rules.matrices import Matrices, matrices
from allocator.rules.naming import job_line_name, listed, places, tag_name, worker_name
from allocator.rules.ranks import read_by


def pre_checks(inputs: RunInputs, settings: Settings | None = None) -> tuple[PreCheck, ...]:
    """Every quick test, passed or not. A run that passes them all may still be infeasible."""
    chosen = settings or Settings()
    arrays = matrices(read_by(inputs, chosen))
    return tuple(
        check(arrays, chosen)
        for check in (
            _everybody_has_somewhere,
            _mandatory_have_somebody,
            _enough_places,
            _enough_workers,
            _pins_fit,
        )
    )


def _everybody_has_somewhere(arrays: Matrices, settings: Settings) -> PreCheck:
    inputs = arrays.inputs
    nowhere = np.flatnonzero(~arrays.allowed(settings).any(axis=1))
    ids = tuple(inputs.workers[w].id for w in nowhere)
    who = listed((worker_name(inputs, w) for w in ids), "worker")
    words = f"No job line is open to {who}." if ids else "Every worker has an eligible job line."
    return PreCheck("workers without an eligible job line", not ids, words, workers=ids)


def _mandatory_have_somebody(arrays: Matrices, settings: Settings) -> PreCheck:
    inputs = arrays.inputs
    open_to_somebody = arrays.allowed(settings).any(axis=0) & (arrays.upper > 0)
    empty = np.flatnonzero((arrays.lower > 0) & ~open_to_somebody)
    ids = tuple(inputs.job_lines[j].id for j in empty)
    what = listed((job_line_name(inputs, j) for j in ids), "job line")
    words = "Every mandatory job line has a place and an eligible worker."
    if ids:
        words = f"Nobody can be placed on {what}, which must have somebody."
    return PreCheck("mandatory job lines without an eligible worker", not ids, words, job_lines=ids)


def _enough_places(arrays: Matrices, settings: Settings) -> PreCheck:
    needed, seats = len(arrays.inputs.workers), int(arrays.upper.sum())
    words = f"{needed} workers, {seats} places."
    return PreCheck("fewer places than workers", seats >= needed, words)


def _enough_workers(arrays: Matrices, settings: Settings) -> PreCheck:
    workers, mandatory = len(arrays.inputs.workers), int(arrays.lower.sum())
    words = f"{mandatory} mandatory job lines, {workers} workers."
    return PreCheck("more mandatory job lines than workers", mandatory <= workers, words)


def _pins_fit(arrays: Matrices, settings: Settings) -> PreCheck:
    inputs = arrays.inputs
    taken: dict[str, list[str]] = {}
    for worker, job_line in sorted(inputs.pins.items()):
        taken.setdefault(job_line, []).append(worker)
    problems = list(_pin_problems(arrays, settings, taken))
    words = " ".join(words for words, _, _ in problems) or "Every pin fits."
    return PreCheck(
        "pins that collide",
        not problems,
        words,
        tuple(w for _, workers, _ in problems for w in workers),
        tuple(job_line for _, _, job_line in problems),
    )


def _pin_problems(
    arrays: Matrices, settings: Settings, taken: dict[str, list[str]]
) -> Iterator[tuple[str, list[str], str]]:
    inputs = arrays.inputs
    rows, columns = inputs.worker_positions, inputs.job_line_positions
    allowed = arrays.allowed(settings)
    for job_line, pinned in taken.items():
        workers = [w for w in pinned if w in rows]
        column = columns.get(job_line)
        name = job_line_name(inputs, job_line)
        shut = [w for w in workers if column is None or not allowed[rows[w], column]]
        if shut:
            who = listed((worker_name(inputs, w) for w in shut), "worker")
            yield f"{who} pinned to {name}, which they may not hold.", shut, job_line
        if column is not None and len(workers) - len(shut) > arrays.upper[column]:
            fits = int(arrays.upper[column])
            yield f"{len(workers)} workers pinned to {name}, which takes {fits}.", workers, job_line


SCENARIO_RULES = (Rule.BANNED, Rule.ALLOWED, Rule.MAY_NOT_MOVE)


def crowding_rules(
    arrays: Matrices, settings: Settings, workers: Positions, job_lines: Positions
) -> tuple[RuleInvolved, ...]:
    """Rules behind `workers` having no eligible job line but `job_lines` (positions)."""
    inputs = arrays.inputs
    others = np.setdiff1d(np.arange(len(inputs.job_lines)), job_lines)
    return (
        *(places_rule(inputs, int(j)) for j in _sorted(inputs, job_lines)),
        *pin_rules(inputs, workers),
        *_exclusions(arrays, workers, others),
        *_cap(arrays, settings, workers, others),
    )


def mandatory_rules(
    arrays: Matrices, settings: Settings, workers: Positions, job_lines: Positions
) -> tuple[RuleInvolved, ...]:
    """Rules behind nobody but `workers` being eligible for the mandatory `job_lines`."""
    inputs = arrays.inputs
    others = np.setdiff1d(np.arange(len(inputs.workers)), workers)
    elsewhere = arrays.rules[np.ix_(others, job_lines)] == Rule.PINNED_ELSEWHERE
    return (
        *(mandatory_rule(inputs, int(j)) for j in _sorted(inputs, job_lines)),
        *pin_rules(inputs, others[elsewhere.any(axis=1)]),
        *_exclusions(arrays, others, job_lines),
        *_cap(arrays, settings, others, job_lines),
    )


def _sorted(inputs: RunInputs, columns: Positions) -> list[int]:
    """Job lines as coordinators sort them."""
    return sorted(columns.tolist(), key=lambda column: inputs.job_lines[column].sort_order)


def mandatory_rule(inputs: RunInputs, column: int) -> RuleInvolved:
    """The job line must have somebody."""
    row = inputs.job_lines[column]
    words = f"{job_line_name(inputs, row.id)} must have somebody."
    return RuleInvolved("mandatory", "job_lines", words, job_lines=(row.id,))


def places_rule(inputs: RunInputs, column: int) -> RuleInvolved:
    """The job line's places, and how many earlier runs used."""
    row = inputs.job_lines[column]
    used = ""
    if row.used_places:
        used = f"; earlier completed runs used {row.used_places} of its {row.max_n_workers}"
    words = f"{job_line_name(inputs, row.id)} has {places(row.places)}{used}."
    return RuleInvolved("places", "job_lines", words, job_lines=(row.id,))


def pin_rules(inputs: RunInputs, rows: Positions) -> Iterator[RuleInvolved]:
    """The pins of these workers."""
    for position in rows:
        worker = inputs.workers[position].id
        job_line = inputs.pins.get(worker)
        if job_line is not None:
            who, what = worker_name(inputs, worker), job_line_name(inputs, job_line)
            words = f"{who} is pinned to {what} in this scenario."
            yield RuleInvolved("pin", "scenario", words, (worker,), (job_line,))


def _exclusions(arrays: Matrices, rows: Positions, columns: Positions) -> Iterator[RuleInvolved]:
    """Which eligibility rules keep these workers out of these job lines.

    Job lines that are closed to the same workers by the same rule and qualifications share an
    entry. Pins are left to `pin_rules`, which names each once.
    """
    pairs = np.ix_(rows, columns)
    rules = arrays.rules[pairs]
    shut = ~arrays.eligible[pairs] & (rules != Rule.PINNED_ELSEWHERE)
    for code in np.unique(rules[shut]):
        rule = Rule(int(code))
        closed = np.ascontiguousarray(((rules == code) & shut).T)
        alike: dict[tuple[bytes, frozenset[str]], list[int]] = {}
        held: dict[bytes, frozenset[str]] = {}
        for index in np.flatnonzero(closed.any(axis=1)):
            key = closed[index].tobytes()
            if key not in held:
                held[key] = _held(arrays.inputs, rows[closed[index]])
            tags = _tags(arrays.inputs.job_lines[columns[index]], rule, held[key])
            alike.setdefault((key, tags), []).append(int(index))
        for (_, tags), indices in alike.items():
            yield _exclusion(arrays, rule, tags, rows[closed[indices[0]]], columns[indices])


def _held(inputs: RunInputs, rows: Positions) -> frozenset[str]:
    """Qualifications that any of these workers holds."""
    return frozenset().union(*(inputs.workers[row].qualification_ids for row in rows))


def _tags(job_line: JobLine, rule: Rule, held: frozenset[str]) -> frozenset[str]:
    """The qualifications that the rule is about, if it is about any."""
    row = job_line.eligibility
    if row is not None and rule is Rule.TAG_MISSING:
        return row.included_qualification_tag_ids
    if row is not None and rule is Rule.EXCLUDED_TAG:
        return row.excluded_qualification_tag_ids & held
    return frozenset()


def _exclusion(
    arrays: Matrices, rule: Rule, tags: frozenset[str], rows: Positions, columns: Positions
) -> RuleInvolved:
    inputs = arrays.inputs
    workers = tuple(inputs.workers[row].id for row in rows)
    job_lines = tuple(inputs.job_lines[column].id for column in columns)
    who = listed((worker_name(inputs, w) for w in workers), "worker")
    what = listed((job_line_name(inputs, j) for j in job_lines), "job line")
    named = f" ({listed((tag_name(inputs, t) for t in tags), 'qualification')})" if tags else ""
    reason = rule.words[0].lower() + rule.words[1:]
    closed = "is closed" if len(job_lines) == 1 else "are closed"
    table = "scenario" if rule in SCENARIO_RULES else "job_line_eligibility"
    words = f"{what} {closed} to {who}: {reason}{named}."
    return RuleInvolved("eligibility", table, words, workers, job_lines)


def _cap(
    arrays: Matrices, settings: Settings, rows: Positions, columns: Positions
) -> Iterator[RuleInvolved]:
    """The cap on the worst rank, where it alone closes a pair."""
    if settings.worst_rank is None:
        return
    pairs = np.ix_(rows, columns)
    capped: Bools = arrays.eligible[pairs] & ~arrays.within_cap(settings.worst_rank)[pairs]
    if not capped.any():
        return
    inputs = arrays.inputs
    who = tuple(inputs.workers[w].id for w in rows[capped.any(axis=1)])
    what = tuple(inputs.job_lines[j].id for j in columns[capped.any(axis=0)])
    words = (
        f"The cap on the worst rank ({settings.worst_rank:g}) keeps "
        f"{listed((worker_name(inputs, w) for w in who), 'worker')} from "
        f"{listed((job_line_name(inputs, j) for j in what), 'job line')}."
    )
    yield RuleInvolved("worst rank", "settings", words, who, what)
