"""The log of the server and of unattended work, as text or JSON, one line a record.

`event` writes what an IT department asks for: sign-in, lockout, solve, commit, refusal. Its
fields are few and fixed, so that no row of the database and no secret can get in. Of an exception
only its kind and its place are written: its text may quote a row.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

from allocator.errors import AllocatorError

LOGGER = logging.getLogger(__name__)
LOGGER.setLevel(logging.CRITICAL)  # silent until `configure`: a command says on its own what it did
Form = Literal["text", "json"]


class Event(StrEnum):
    """What can happen that is worth a line."""

    SIGN_IN = "sign-in"
    SIGN_OUT = "sign-out"
    SIGN_IN_FAILED = "sign-in failed"
    LOCKOUT = "lockout"
    SOLVE = "solve"
    COMMIT = "commit"
    REFUSAL = "refusal"


class Outcome:
    """What an operation that succeeds may add to its line."""

    text = ""


_request: ContextVar[str] = ContextVar("request", default="")
_operator: ContextVar[str] = ContextVar("operator", default="")


def bind(*, request: str | None = None, operator: str | None = None) -> None:
    """Name the request or the operator in every later line of this thread or task."""
    if request is not None:
        _request.set(request if re.fullmatch(r"[\w.-]{1,64}", request, re.ASCII) else "")
    if operator is not None:
        _operator.set(operator)


def event(
    kind: Event,
    *,
    operator: str = "",
    run: str = "",
    outcome: str = "",
    seconds: float | None = None,
) -> None:
    """Write one line. `operator` is a configured name, `run` an id (anything else is left out),
    `outcome` a word of the program: a status, or the kind of an error."""
    level = logging.INFO if kind in _QUIET else logging.WARNING
    LOGGER.log(
        level,
        kind.value,
        extra={
            "event": kind.value,
            "operator": operator,
            "run": run if _is_id(run) else "",
            "outcome": outcome,
            "seconds": None if seconds is None else round(seconds, 3),
        },
    )


_QUIET = frozenset({Event.SIGN_IN, Event.SIGN_OUT, Event.SOLVE, Event.COMMIT})


@contextmanager
def told(kind: Event, *, operator: str, run: str) -> Iterator[Outcome]:
    """Write `kind` when the block succeeds, a refusal with the error's class when it does not."""
    began, outcome = time.perf_counter(), Outcome()
    try:
        yield outcome
    except AllocatorError as exc:
        text = f"{kind.value}: {type(exc).__name__}"
        event(Event.REFUSAL, operator=operator, run=run, outcome=text)
        raise
    seconds = time.perf_counter() - began
    event(kind, operator=operator, run=run, outcome=outcome.text, seconds=seconds)


class LineFormatter(logging.Formatter):
    """One record as one line: `key=value` pairs after the message, or a JSON object."""

    def __init__(self, form: Form) -> None:
        super().__init__()
        self._form = form

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        fields = _fields(record)
        if self._form == "json":
            return json.dumps(fields, ensure_ascii=False)
        head = f"{fields.pop('time')} {fields.pop('level'):<7} {_flat(fields.pop('message'))}"
        pairs = (f"{name}={_quoted(value)}" for name, value in fields.items() if name != "event")
        return " ".join((head, *pairs))


def configure(form: Form) -> None:
    """Send every logger's records to standard error in this form: ours from INFO, others from
    WARNING. May be called again."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter(form))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name in ("allocator", "console", LOGGER.name):
        logging.getLogger(name).setLevel(logging.INFO)


def adopt(logger: logging.Logger) -> None:
    """Let a library's logger, which has a handler of its own, write into this log instead."""
    logger.handlers.clear()
    logger.propagate = True


def place_of(error: BaseException) -> str:
    """The kind of an exception and of its causes, and where each was raised; never their text."""
    kinds: list[str] = []
    seen: BaseException | None = error
    while seen is not None and len(kinds) < 5:
        frames = traceback.extract_tb(seen.__traceback__)
        way = " < ".join(f"{f.name} {_short(f.filename)}:{f.lineno}" for f in reversed(frames))
        kinds.append(f"{type(seen).__name__} in {way}" if way else type(seen).__name__)
        seen = seen.__cause__ or seen.__context__
    return "; after ".join(kinds)


def _fields(record: logging.LogRecord) -> dict[str, object]:
    moment = datetime.fromtimestamp(record.created, UTC)
    fields: dict[str, object] = {
        "time": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "level": record.levelname.lower(),
        "message": record.getMessage(),
        "event": getattr(record, "event", ""),
        "operator": getattr(record, "operator", "") or _operator.get(),
        "run": getattr(record, "run", ""),
        "request": _request.get(),
        "outcome": getattr(record, "outcome", ""),
        "seconds": getattr(record, "seconds", None),
        "error": place_of(record.exc_info[1]) if record.exc_info and record.exc_info[1] else "",
        "logger": "" if record.name == LOGGER.name else record.name,
    }
    return {name: value for name, value in fields.items() if value not in ("", None)}


def _short(path: str) -> str:
    return "/".join(path.replace("\\", "/").split("/")[-2:])


def _flat(value: object) -> str:
    return "".join(c if c.isprintable() else " " for c in str(value))


def _quoted(value: object) -> str:
    text = str(value)
    return text if re.fullmatch(r"[\w.:/-]+", text) else json.dumps(text, ensure_ascii=False)


def _is_id(text: str) -> bool:
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False
