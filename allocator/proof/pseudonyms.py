"""A proof bundle without people in it: salted hashes for workers, and a slip for each of them.

The salt is drawn anew for each bundle and kept nowhere, so that two bundles cannot be joined and
nobody can work out a pseudonym from an id; the slips alone tell who is who. Lottery numbers are
taken along, because they come from the ids. Free text, which may name somebody, is withheld.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from allocator.proof.bundle import BASELINE, Bundle, signed
from allocator.rules import fingerprint as printed
from allocator.rules.fingerprint import text_digest
from allocator.rules.ranks import READ_BY_BUCKET
from allocator.solved import content_digest
from allocator.solving.tie_break import lottery_numbers

WITHHELD = "withheld"
WITHHELD_FIELDS = frozenset({"reason", "author", "name", "source"})


@dataclass(frozen=True, slots=True)
class Slip:
    """What one worker is told, so that they find their own line."""

    worker: str
    name: str
    pseudonym: str
    job_line: str


def pseudonymised(bundle: Bundle) -> tuple[Bundle, list[Slip]]:
    """The bundle with pseudonyms for workers, and the slips, by name.

    Its inputs are others than those of the run, and so is its fingerprint; `verify.py` proves the
    same about them. `committed_fingerprint` names the run's.
    """
    salt = secrets.token_bytes(32)
    workers = _workers_of(bundle)
    aliases = {worker: _alias(salt, worker) for worker in workers}
    seed = bundle["settings"]["seed"]
    lots = [int(number) for number in lottery_numbers(seed, workers)]
    names = bundle["names"]
    changed: Bundle = {
        **_renamed(bundle, aliases),
        "committed_fingerprint": bundle["fingerprint"],
        "lots": {aliases[w]: lot for w, lot in zip(workers, lots, strict=True)},
        "names": {"workers": {}, "job_lines": names["job_lines"]},
        "words": [WITHHELD for _ in bundle["words"]],
        "scenario": _withheld(_renamed(bundle["scenario"], aliases)),
        "tried": [{**row, "scenario": WITHHELD} for row in bundle["tried"]],
    }
    first, *facts = (_fact(fact, salt) for fact in changed["inputs"])
    changed["inputs"] = [first, *sorted(facts, key=lambda fact: fact[:2])]
    changed["edits"] = [[_fact(edit, salt) for edit in edits] for edits in changed["edits"]]
    changed["allocation"] = sorted(changed["allocation"], key=lambda row: row[0])
    changed["totals"] = _totals(bundle, changed, aliases)
    mark = READ_BY_BUCKET if bundle["settings"]["bucket_order"] else ""
    changed["fingerprint"] = text_digest(changed["inputs"]) + mark
    changed["identity"] = content_digest(
        ((row[0], row[1]) for row in changed["allocation"]),
        changed["settings"],
        changed["scenario"],
        changed["fingerprint"],
    )
    held = {row[0]: row[1] for row in bundle["allocation"]}
    slips = [
        Slip(w, names["workers"].get(w, ""), aliases[w], names["job_lines"].get(held[w], held[w]))
        for w in held
    ]
    return signed(changed), sorted(slips, key=lambda slip: (slip.name, slip.worker))


def _workers_of(bundle: Bundle) -> list[str]:
    """Every worker that the bundle mentions, by id, in the rules too."""
    found = {key[0] for table, key, _ in bundle["inputs"] if table == printed.MAPPINGS}
    found |= set(bundle["names"]["workers"])
    for table, key, value in bundle["inputs"]:
        if table == printed.ELIGIBILITY:
            found.update(value["included_worker_mapping_ids"])
            found.update(value["excluded_worker_mapping_ids"])
        elif table == printed.WEIGHTINGS:
            found.update(value["worker_mapping_ids"])
        elif table == printed.OTHER_PLACEMENTS:
            found.add(key[0])
    edits = (edit for edits in bundle["edits"] for edit in edits)
    found |= {key[0] for table, key, _ in edits if table == BASELINE}
    return sorted(found)


def _alias(salt: bytes, text: str) -> str:
    return hmac.new(salt, text.encode(), hashlib.sha256).hexdigest()[:20]


def _renamed(value: Any, aliases: Mapping[str, str]) -> Any:
    """The JSON value with every worker's id replaced, also where it is a key."""
    if isinstance(value, str):
        return aliases.get(value, value)
    if isinstance(value, Mapping):
        return {aliases.get(key, key): _renamed(inner, aliases) for key, inner in value.items()}
    if isinstance(value, list):
        return [_renamed(inner, aliases) for inner in value]
    return value


def _fact(fact: list[Any], salt: bytes) -> list[Any]:
    """A fact without a person or a sentence in it, ids in the order that the rules ask for."""
    table, key, value = fact
    if table == printed.MAPPINGS and value is not None:
        return [table, key, True]
    if table == printed.ISSUES:
        return [table, [_alias(salt, json.dumps(key))], value]
    if isinstance(value, dict):
        ordered = {k: sorted(v) if isinstance(v, list) else v for k, v in value.items()}
        return [table, key, ordered]
    return fact


def _withheld(value: Any) -> Any:
    """Free text of a scenario replaced; the rest as it is."""
    if isinstance(value, Mapping):
        return {
            key: WITHHELD if key in WITHHELD_FIELDS and inner else _withheld(inner)
            for key, inner in value.items()
        }
    return [_withheld(inner) for inner in value] if isinstance(value, list) else value


def _totals(bundle: Bundle, changed: Bundle, aliases: Mapping[str, str]) -> dict[str, Any]:
    """The control totals, whose bits follow the order of the workers' ids."""
    totals = dict(changed["totals"])
    before = sorted(bundle["totals"]["lists"])
    place = {aliases[worker]: bit for bit, worker in enumerate(before)}
    order = [place[alias] for alias in sorted(place)]
    totals["may_hold"] = {
        line: hex(sum((int(bits, 16) >> bit & 1) << i for i, bit in enumerate(order)))
        for line, bits in totals["may_hold"].items()
    }
    return totals
