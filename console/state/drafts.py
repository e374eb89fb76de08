"""What operators have begun and not saved, kept in the database: it survives a reload, a lost
connection, sign-out and a restart.

Keeping holds up no page: a thread writes what was handed in last under each name. Until that is
written, and a little longer, the process answers from what was handed in, so that a page that is
loaded again at once finds it. The bounds of the database's table are in `sql/008_drafts.sql`.
"""

from __future__ import annotations

import hashlib
import json
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from allocator.database.records import Draft
from allocator.errors import (
    AllocatorError,
    DatabaseError,
    DatabaseFull,
    MissingTable,
    ProjectStopped,
    TimedOut,
    Unexpected,
    Unreachable,
)
from console.state import backend

log = logging.getLogger(__name__)

SCENARIO, MARKS = "scenario", "marks"
"""Kinds of drafts: scenarios under an id of their own, marks under the scenario's id."""
KEPT_SECONDS = 5.0
"""How old what was read may be; another process may have written since."""
RETRY_SECONDS = 5.0
MOST_HELD = 200
"""Drafts, of all operators, that the process holds beside the database."""
MOST_KNOWN = 5_000
"""Names of which it knows what was handed in last."""

PASSING = (Unreachable, ProjectStopped, DatabaseFull, TimedOut)
"""Failures after which writing the same again may succeed."""

Key = tuple[str, str, str, str]


@dataclass(slots=True)
class _Held:
    """`draft` None: to be deleted. `written_at` None: not written yet."""

    draft: Draft | None
    written_at: float | None = None


class Keeper:
    """Drafts on their way to the database, and how that goes. Thread-safe."""

    def __init__(self) -> None:
        self._held: OrderedDict[Key, _Held] = OrderedDict()
        self._last: OrderedDict[Key, str] = OrderedDict()
        self._change = threading.Condition()
        self._working = False
        self._stopped = False
        self._problem: AllocatorError | None = None

    @property
    def problem(self) -> AllocatorError | None:
        """Why drafts are not in the database (MissingTable: they cannot be); None when they are."""
        return self._problem

    def keep(
        self, operator: str, run_id: str, kind: str, name: str, content: Mapping[str, Any]
    ) -> None:
        """Keep a draft in the place of the one with its kind and name."""
        draft = Draft(operator, run_id, kind, name, content, datetime.now(UTC))
        self._hold((operator, run_id, kind, name), draft)

    def drop(self, operator: str, run_id: str, kind: str, name: str) -> None:
        """Forget a draft, if there is one."""
        if self.find(operator, run_id, kind, name):
            self._hold((operator, run_id, kind, name), None)

    def last(self, operator: str, run_id: str, kind: str, name: str) -> str:
        """The `digest` of what was handed in last under a name, in any tab; "" when unknown."""
        with self._change:
            return self._last.get((operator, run_id, kind, name), "")

    def find(self, operator: str, run_id: str, kind: str, name: str) -> Draft | None:
        """The draft under this name."""
        mine = self.of(operator, run_id, kind)
        return next((draft for draft in mine if draft.name == name), None)

    def of(self, operator: str, run_id: str, kind: str) -> list[Draft]:
        """The operator's drafts of a run, the latest first; without a database, those held here."""
        with self._change:
            held = {
                key: one.draft
                for key, one in self._held.items()
                if key[:3] == (operator, run_id, kind)
            }
        stored = backend.store().made(
            ("drafts", run_id, operator), lambda: self._read(run_id, operator), KEPT_SECONDS
        )
        others = [one for one in stored if one.kind == kind and _key(one) not in held]
        mine = [one for one in held.values() if one is not None]
        return sorted([*others, *mine], key=lambda one: one.updated_at, reverse=True)

    def written(self, timeout: float) -> bool:
        """Wait until nothing is left to write; False when that took longer than `timeout`."""
        with self._change:
            return self._change.wait_for(lambda: self._next_key() is None, timeout)

    def stop(self) -> None:
        """Write nothing more."""
        with self._change:
            self._stopped = True
            self._change.notify_all()
            self._change.wait_for(lambda: not self._working)

    def _hold(self, key: Key, draft: Draft | None) -> None:
        with self._change:
            self._held[key] = _Held(draft)
            self._held.move_to_end(key)
            self._last[key] = digest(draft.content) if draft else ""
            self._last.move_to_end(key)
            self._make_room()
            self._change.notify_all()
            if self._working or self._stopped:
                return
            self._working = True
        threading.Thread(target=self._work, name="drafts", daemon=True).start()

    def _make_room(self) -> None:
        old = time.monotonic() - 2 * KEPT_SECONDS
        for key in [k for k, one in self._held.items() if (one.written_at or old) < old]:
            del self._held[key]
        while len(self._held) > MOST_HELD:
            self._held.popitem(last=False)
        while len(self._last) > MOST_KNOWN:
            self._last.popitem(last=False)

    def _work(self) -> None:
        while (found := self._next()) is not None:
            key, one = found
            failure = self._write(key, one.draft)
            with self._change:
                self._problem = failure
                if not isinstance(failure, PASSING):
                    one.written_at = time.monotonic()
                    self._change.notify_all()
                elif not self._stopped:
                    self._change.wait(RETRY_SECONDS)

    def _next(self) -> tuple[Key, _Held] | None:
        with self._change:
            key = None if self._stopped else self._next_key()
            if key is None:
                self._working = False
                self._change.notify_all()
                return None
            return key, self._held[key]

    def _next_key(self) -> Key | None:
        return next((key for key, one in self._held.items() if one.written_at is None), None)

    def _write(self, key: Key, draft: Draft | None) -> AllocatorError | None:
        try:
            if draft is None:
                backend.service().delete_draft(*key)
            else:
                backend.service().keep_draft(draft)
        except AllocatorError as exc:
            if not isinstance(exc, MissingTable):
                log.warning("a draft was not kept in the database: %s", exc.message)
            return exc
        except Exception as exc:  # a defect must not end the thread for everybody
            log.error("a draft was not kept in the database: %s", type(exc).__name__)
            return Unexpected()
        return None

    def _read(self, run_id: str, operator: str) -> tuple[Draft, ...]:
        try:
            found = tuple(backend.service().drafts(run_id, operator))
        except DatabaseError as exc:
            self._problem = exc
            return ()
        if isinstance(self._problem, MissingTable):
            self._problem = None
        return found


def _key(draft: Draft) -> Key:
    return draft.operator, draft.allocator_py_run, draft.kind, draft.name


def digest(content: Mapping[str, Any]) -> str:
    """Tells one content from another, however the database orders it."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def ago(when: datetime, now: datetime | None = None) -> str:
    """How long ago, e.g. `5 minutes ago`."""
    minutes = int(((now or datetime.now(UTC)) - when).total_seconds() // 60)
    if minutes < 1:
        return "less than a minute ago"
    for size, unit in ((24 * 60, "day"), (60, "hour"), (1, "minute")):
        if minutes >= size:
            count = minutes // size
            return f"{count} {unit}{'' if count == 1 else 's'} ago"
    raise AssertionError("a minute is the last unit")


@lru_cache(maxsize=1)
def keeper() -> Keeper:
    """The drafts of this process."""
    return Keeper()


keeper()  # made now: two first visitors at once must not get one each
