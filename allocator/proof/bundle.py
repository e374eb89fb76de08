"""The proof bundle: one JSON object with all that it takes to check an allocation, and its text.

`inputs` are the facts whose canonical text has the run's fingerprint, as they were read; `edits`
what each change of the scenario does to them (a value of None removes a fact). `verify.py` needs
nothing else of us; docs/decisions/proof.md lists the fields.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import lzma
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from importlib.metadata import version
from math import fsum
from platform import python_version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from allocator.errors import UsageError
from allocator.models import Baseline, RunInputs, Settings
from allocator.result import Certificate, SolveResult
from allocator.rules import fingerprint as printed
from allocator.rules.fingerprint import Fact, canonical_facts
from allocator.rules.matrices import matrices
from allocator.rules.naming import job_line_name, worker_name
from allocator.rules.ranks import read_by
from allocator.scenario.change import Draft
from allocator.scenario.file import changes_from
from allocator.scenario.scenario import in_order
from allocator.solved import identity_of

Bundle = dict[str, Any]
FORMAT, VERSION = "allocator-console-proof", 1
PINS, RULINGS, BASELINE = "pins", "rulings", "baseline"
"""Facts that only a scenario brings: who must get what, who may or may not hold what, and who had
what before: [job line, the only ones to move to or null, ANY, NOT_WORSE or BETTER]."""
ANY, NOT_WORSE, BETTER = "any", "not worse", "better"
"""What a worker may move to, by its own list."""
MOST_BYTES = 32 * 2**20
"""A stored bundle is at most this large, compressed (2,000 workers and job lines with full lists
take some 16 MiB); a larger one is left out of the commit, and its audit row says so."""
MOST_TEXT = 2**30


def proof_bundle(
    as_read: RunInputs,
    inputs: RunInputs,
    result: SolveResult,
    operator: str,
    scenario: Mapping[str, Any],
    tried: Iterable[Mapping[str, Any]] = (),
) -> Bundle:
    """The bundle of a result on `inputs`, which are `as_read` with the scenario's changes made.

    `scenario` is what the audit row keeps of it, `tried` the solves that were logged before.
    """
    settings = result.settings
    as_read, inputs = read_by(as_read, settings), read_by(inputs, settings)
    edits, words = _edits(as_read, inputs, scenario)
    allocation = ([a.worker_mapping, a.job_line, a.original_preference] for a in result.allocations)
    bundle: Bundle = {
        "format": FORMAT,
        "version": VERSION,
        "fingerprint": result.fingerprint,
        "identity": identity_of(result, scenario),
        "operator": operator,
        "status": result.status.value,
        "settings": settings.as_dict(),
        "scenario": dict(scenario),
        "words": words,
        "edits": edits,
        "allocation": sorted(allocation),
        "objective": result.objective,
        "bound": result.bound,
        "proof": _proof(inputs, settings, result.certificate),
        "totals": control_totals(inputs, settings),
        "lots": {},
        "tried": [dict(solve) for solve in tried],
        "versions": versions(result),
        "names": {
            "workers": {w.id: worker_name(as_read, w.id) for w in as_read.workers},
            "job_lines": {j.id: job_line_name(as_read, j.id) for j in as_read.job_lines},
        },
        "inputs": canonical_facts(as_read),
    }
    plain: Bundle = json.loads(json.dumps(bundle, default=str))
    return signed(plain)


def versions(result: SolveResult) -> dict[str, str]:
    """What the allocation was made with."""
    packages = {name: version(name) for name in ("pulp", "highspy", "numpy", "scipy")}
    program = import_module("allocator").__version__  # by name: the package imports all of us
    own = {"allocator": program, "python": python_version(), "solver": result.solver}
    return {**own, **packages}


def signed(bundle: Bundle) -> Bundle:
    """The bundle with its own digest: SHA-256 over all of it, the digest left empty."""
    text = json.dumps({**bundle, "digest": ""}, sort_keys=True)
    return {**bundle, "digest": hashlib.sha256(text.encode()).hexdigest()}


def packed(bundle: Bundle) -> str:
    """The bundle's text, compressed (LZMA, whose window holds all the ids), as base64."""
    text = json.dumps(bundle, separators=(",", ":"))
    return base64.b64encode(lzma.compress(text.encode(), preset=1)).decode()


def unpacked(text: str) -> Bundle:
    """The bundle that was `packed`. Raises UsageError when it is none."""
    try:
        content = lzma.LZMADecompressor().decompress(base64.b64decode(text), MOST_TEXT)
        return parsed(content)
    except (binascii.Error, lzma.LZMAError) as exc:
        raise UsageError("The stored proof bundle cannot be read.") from exc


def parsed(content: str | bytes) -> Bundle:
    """The bundle of a file's text. Raises UsageError when it is none."""
    try:
        bundle = json.loads(content)
    except ValueError as exc:
        raise UsageError("The file is no proof bundle: it is not JSON.") from exc
    if not isinstance(bundle, dict) or bundle.get("format") != FORMAT:
        raise UsageError(
            "The file is no proof bundle.",
            remedy="Make one with `python -m allocator export-proof`.",
        )
    if bundle.get("version") != VERSION:
        raise UsageError(f"The proof bundle has version {bundle.get('version')}, not {VERSION}.")
    return bundle


def solved_facts(inputs: RunInputs) -> dict[tuple[str, tuple[str, ...]], Any]:
    """(table, key) → value of everything that decides, with what only a scenario brings."""
    facts: dict[tuple[str, tuple[str, ...]], Any] = {}
    for table, key, value in canonical_facts(inputs):
        facts[table, tuple(key)] = value
    facts |= {(PINS, (worker,)): line for worker, line in inputs.pins.items()}
    facts |= {(RULINGS, pair): allowed for pair, allowed in inputs.rulings.items()}
    return facts | {
        (BASELINE, (w,)): _before(inputs.baseline, w) for w in inputs.baseline.placements
    }


def _before(base: Baseline, worker: str) -> list[Any]:
    """What a worker had before, and what it may move to."""
    had, only = base.placements[worker], base.only_to.get(worker)
    limit = NOT_WORSE if worker in base.unharmed else ANY
    return [
        had,
        None if only is None else sorted({*only, had}),
        BETTER if worker in base.improving else limit,
    ]


def _edits(
    as_read: RunInputs, inputs: RunInputs, scenario: Mapping[str, Any]
) -> tuple[list[list[Fact]], list[str]]:
    """What each change edits, and its words, in the order in which changes are made.

    What `inputs` have beyond that (changes of a script of its own) comes last.
    """
    changes = changes_from(list(scenario.get("changes") or ()))
    draft = Draft.of(as_read, str(scenario.get("name") or ""))
    edits, words, before = [], [], as_read
    for number in in_order(changes):
        changes[number].make(draft)
        after = replace(draft.finish(as_read), pins=dict(draft.pins), rulings=dict(draft.rulings))
        edits.append(_difference(before, after))
        words.append(f"Change {number + 1}: {changes[number].words(as_read)}")
        before = after
    rest = _difference(before, inputs)
    if rest:
        edits, words = [*edits, rest], [*words, "Changes outside the scenario"]
    return edits, words


def _difference(before: RunInputs, after: RunInputs) -> list[Fact]:
    """The facts that turn one into the other; None removes a fact."""
    was, now = (solved_facts(x) for x in (_without(before, after), _without(after, before)))
    return [
        (*key, now.get(key))
        for key in sorted(was.keys() | now.keys())
        if was.get(key) != now.get(key)
    ]


def _without(inputs: RunInputs, other: RunInputs) -> RunInputs:
    """`inputs` without the rows that are the very objects of `other`: they do not differ."""
    same = {id(row) for row in (*other.workers, *other.job_lines, *other.weightings)}
    return replace(
        inputs,
        workers=tuple(row for row in inputs.workers if id(row) not in same),
        job_lines=tuple(row for row in inputs.job_lines if id(row) not in same),
        weightings=tuple(row for row in inputs.weightings if id(row) not in same),
        issues=(),
        other_placements=(),
    )


def _proof(
    inputs: RunInputs, settings: Settings, certificate: Certificate | None
) -> dict[str, Any] | None:
    """Dual prices of the objective (whole, in the unit of exact costs; otherwise in points), and
    those of each stage of the aim; with each its sum."""
    if certificate is None:
        return None
    costs = matrices(inputs).costs(settings)
    prices: dict[str, Any] = dict(certificate.prices)
    if costs.exact:
        prices = {line: round(price / costs.unit) for line, price in prices.items()}
    return {
        "prices": prices,
        "sum": sum(prices.values()) if costs.exact else fsum(prices.values()),
        "stages": [
            {
                "weights": list(stage.weights.items()),
                "prices": dict(stage.prices),
                "sum": sum(stage.prices.values()),
            }
            for stage in certificate.stages
        ],
    }


def control_totals(inputs: RunInputs, settings: Settings) -> dict[str, Any]:
    """Sums that change with any single rank, rule or weighting; `may_hold` is a number whose bit
    i says whether worker i (by id) may hold the job line under these settings."""
    arrays = matrices(inputs)
    allowed, net = arrays.allowed(settings), arrays.weightings
    workers, lines = [w.id for w in inputs.workers], [j.id for j in inputs.job_lines]
    lists = [worker.preferences.order.values() for worker in inputs.workers]
    facts = solved_facts(inputs)
    mentions: Counter[str] = Counter()
    for (table, key), value in facts.items():
        if table in (printed.QUALIFICATIONS, printed.ELIGIBILITY, printed.WEIGHTINGS, BASELINE):
            mentions.update(_texts([*key, value]))
    return {
        "may_hold": {line: _bits(allowed[:, j]) for j, line in enumerate(lines)},
        "ranks": dict(zip(lines, arrays.scores.sum(axis=0).tolist(), strict=True)),
        "lists": {w: [len(own), sum(own)] for w, own in zip(workers, lists, strict=True)},
        "worker_weightings": dict(zip(workers, net.sum(axis=1).tolist(), strict=True)),
        "job_line_weightings": dict(zip(lines, net.sum(axis=0).tolist(), strict=True)),
        "places": {j.id: [j.least_places, j.places] for j in inputs.job_lines},
        "mentions": dict(mentions),
    }


def _bits(marks: NDArray[np.bool_]) -> str:
    return hex(int.from_bytes(np.packbits(marks, bitorder="little").tobytes(), "little"))


def _texts(value: Any) -> Iterator[str]:
    """Every text in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield key
            yield from _texts(inner)
    elif isinstance(value, Sequence):
        for inner in value:
            yield from _texts(inner)
