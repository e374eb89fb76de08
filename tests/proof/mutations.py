"""Proof bundles with one field changed, the digests left as they were or repaired."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Iterator
from random import Random
from typing import Any

from allocator.proof import verify
from allocator.proof.bundle import Bundle, signed
from allocator.rules.fingerprint import text_digest

Path = tuple[Any, ...]

ONLY_DIGESTS = {
    "format", "version", "identity", "operator", "words", "tried", "versions", "names", "lots",
    "scenario",
}  # fmt: skip
"""Parts of a bundle that no arithmetic covers, as `verify.NOT_COVERED` says."""
DIGESTS = {"digest", "fingerprint"}
"""What a forger repairs; a changed one that is repaired is the bundle itself again."""
UNUSED_TABLES = {
    "run", "allocator_py_runs", "allocationruns", "lists of workers", "buckets of job lines",
    "job_line_worker_mappings", "data errors",
}  # fmt: skip
UNUSED_SETTINGS = {"seed", "time_limit", "solver", "ties_allowed", "bucket_order"}
"""Facts and settings that decide nothing (where buckets do not count, and no cap is in reach)."""


def leaves(value: Any, path: Path = ()) -> Iterator[Path]:
    """The paths of all fields."""
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in items:
            yield from leaves(inner, (*path, key))
    else:
        yield path


def kind(bundle: Bundle, path: Path) -> tuple[Any, ...]:
    """The part of the bundle that a field belongs to; facts by their table."""
    if path[0] == "inputs":
        return ("inputs", bundle["inputs"][path[1]][0], path[2])
    return path[:1] if path[0] not in ("settings", "proof", "totals") else path[:2]


def moves(bundle: Bundle) -> int:
    """Workers who are not on the job line that they had before."""
    edits = [edit for edits in bundle["edits"] for edit in edits if edit[0] == "baseline"]
    had = {key[0]: value[0] for _, key, value in edits if value}
    return sum(had.get(worker, line) != line for worker, line, _ in bundle["allocation"])


def is_covered(bundle: Bundle, path: Path) -> bool:
    """Whether the arithmetic must notice a change of the field, with all digests repaired."""
    if path[0] == "inputs":
        table, key, value = bundle["inputs"][path[1]]
        if any([table, key] == edit[:2] for edits in bundle["edits"] for edit in edits):
            return False
        is_person = table == "allocation_run_worker_mappings" and path[2] == 2
        is_free = table == "job_lines" and value["used_places"] and path[-1] == "must_have_workers"
        return table not in UNUSED_TABLES and not is_person and not is_free
    if path[0] == "edits":
        table, key, _ = bundle["edits"][path[1]][path[2]]
        later = (edit for edits in bundle["edits"][path[1] + 1 :] for edit in edits)
        return table not in UNUSED_TABLES and all(edit[:2] != [table, key] for edit in later)
    if path[0] == "settings":
        cap = bundle["settings"]["worst_rank"]
        lines = len(bundle["totals"]["places"])
        in_vain = path[1] == "worst_rank" and (cap is None or cap >= lines)
        if path[1] == "seed":
            return bool(bundle["settings"]["policy"] == "lottery_order")
        if path[1] == "move_price":
            return moves(bundle) > 0
        return path[1] not in UNUSED_SETTINGS and not in_vain
    return path[0] not in ONLY_DIGESTS | DIGESTS


def mutated(bundle: Bundle, path: Path, random: Random) -> Bundle:
    """A copy of the bundle with one field changed to another plausible value."""
    changed = copy.deepcopy(bundle)
    place: Any = changed
    for key in path[:-1]:
        place = place[key]
    old = place[path[-1]]
    place[path[-1]] = _other(old, bundle, random)
    assert place[path[-1]] != old
    return changed


def _other(old: Any, bundle: Bundle, random: Random) -> Any:
    if isinstance(old, bool):
        return not old
    if isinstance(old, int):
        return old + random.choice((-1, 1, 2))
    if isinstance(old, float):
        return old + random.choice((-0.5, 0.5, 1.0))
    if old is None:
        return 1
    ids = [*bundle["names"]["workers"], *bundle["names"]["job_lines"]]
    same = [other for other in ids if len(other) == len(old) and other != old]
    if len(old) == 36 and same:
        return random.choice(same)
    at = random.randrange(len(old)) if old else 0
    return old[:at] + ("0" if old[at : at + 1] != "0" else "1") + old[at + 1 :]


def repaired(bundle: Bundle) -> Bundle:
    """The bundle with every digest made to fit again."""
    again = copy.deepcopy(bundle)
    mark = "/by-bucket" if again["settings"]["bucket_order"] else ""
    again["fingerprint"] = text_digest(again["inputs"]) + mark
    content = {
        "allocation": sorted(row[:2] for row in again["allocation"]),
        "settings": again["settings"],
        "scenario": again["scenario"],
        "fingerprint": again["fingerprint"],
    }
    text = json.dumps(content, sort_keys=True)
    again["identity"] = hashlib.sha256(text.encode()).hexdigest()
    return signed(again)


def spread(bundle: Bundle, count: int, random: Random) -> list[Path]:
    """Fields to change, spread evenly over all kinds."""
    by_kind: dict[Any, list[Path]] = {}
    for path in leaves(bundle):
        by_kind.setdefault(kind(bundle, path), []).append(path)
    kinds = sorted(by_kind, key=str)
    return [random.choice(by_kind[kinds[n % len(kinds)]]) for n in range(count)]


REFUSALS = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, SystemExit)


def complaint(bundle: Bundle) -> str:
    """What `verify.py` has against a bundle; empty when it holds."""
    try:
        verify.check(json.loads(json.dumps(bundle)))
    except REFUSALS as exc:
        return str(exc) or type(exc).__name__
    return ""
