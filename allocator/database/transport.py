"""Requests that are answered completely or fail in words.

Reads are retried and paged past the server's row cap; writes are sent once. Everything that the
client, the network or PostgREST can raise becomes one of `allocator.errors`.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any, Protocol, TypeAlias, TypeVar

import httpx
from postgrest.exceptions import APIError

from allocator.errors import (
    AllocatorError,
    AlreadyCompleted,
    CommitRefused,
    DatabaseError,
    Denied,
    KeyRefused,
    MalformedAnswer,
    MissingFunction,
    MissingTable,
    RunNotFound,
    TimedOut,
    Unreachable,
)

RETRY_DELAYS = (0.2, 0.6, 1.5)
"""Seconds before the second, third and fourth attempt of a read."""

PAGE_ROWS = 1000
"""Rows asked for at once; a server with a lower cap sends fewer, and more pages follow."""

AT_ONCE = 12
"""Reads of one caller that are under way at once."""

Row: TypeAlias = dict[str, Any]
T = TypeVar("T")


class Query(Protocol):
    """Whatever the client builds and can send."""

    def execute(self) -> Any:
        """Send it; may be called again."""


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of one answer, and how many rows the whole read has (None until it is known)."""

    rows: list[Row]
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """How far a read has come: rows read of what, out of how many (None = not yet known)."""

    what: str
    rows: int
    total: int | None = None


OnReading = Callable[[Reading], None]


def together(
    reads: Sequence[Callable[[OnReading], T]], on_reading: OnReading | None = None
) -> list[T]:
    """What each of these independent reads gives, in their order; all are under way at once.

    Progress is told on the caller's own thread. The first failure in their order is raised, when
    all have ended.
    """
    told: SimpleQueue[Reading | None] = SimpleQueue()
    with ThreadPoolExecutor(AT_ONCE, "read") as readers:
        futures = [readers.submit(one, told.put) for one in reads]
        for future in futures:
            future.add_done_callback(lambda _: told.put(None))
        running = len(futures)
        while running:
            reading = told.get()
            if reading is None:
                running -= 1
            elif on_reading:
                on_reading(reading)
    return [future.result() for future in futures]


def told_pages(pages: Iterable[Page], what: str, on_reading: OnReading) -> Iterator[list[Row]]:
    """The rows of each page, telling how far they have come."""
    received = 0
    for page in pages:
        received += len(page.rows)
        on_reading(Reading(what, received, page.total))
        yield page.rows


def read(query: Query, subject: str) -> Any:
    """Send a read, again after 503, 520 and network errors. Raises AllocatorError."""
    for delay in RETRY_DELAYS:
        try:
            return send(query, subject)
        except Unreachable:
            time.sleep(delay)
    return send(query, subject)


def send(query: Query, subject: str) -> Any:
    """Send once and give the client's response. Raises AllocatorError, named after `subject`."""
    try:
        return query.execute()
    except (APIError, httpx.HTTPError) as exc:
        raise translate(exc, subject) from _without_row(exc)


def write(query: Query, subject: str) -> Any:
    """Send a write once and give its data. Raises AllocatorError."""
    try:
        return send(query, subject).data
    except (Unreachable, TimedOut) as exc:
        raise type(exc)(
            f"No answer to a write ({subject}) arrived, so it may or may not have happened.",
            remedy="Look at the run again before repeating it; repeating a commit is safe.",
        ) from exc


def rows_of(response: Any, subject: str) -> list[Row]:
    """The rows of a response. Raises MalformedAnswer when it holds anything else."""
    data = response.data
    if not isinstance(data, list) or (data and not isinstance(data[0], dict)):
        raise MalformedAnswer(f"The answer for {subject} is not a list of rows.")
    return data


def counted(query: Query, subject: str) -> tuple[list[Row], int]:
    """Rows of one answer and the server's exact count of what the query matches."""
    response = read(query, subject)
    rows = rows_of(response, subject)
    if response.count is None:
        raise MalformedAnswer(f"The answer for {subject} does not say how many rows there are.")
    return rows, int(response.count)


def pages(
    build: Callable[[], Any],
    subject: str,
    keys: tuple[str, ...],
    *,
    unique: bool = True,
    size: int = PAGE_ROWS,
) -> Iterator[Page]:
    """Every row that `build()` matches, in the order of `keys`.

    `build` gives a fresh query with an exact count. Unique keys are paged by keyset, others by
    offset. Raises MalformedAnswer unless as many rows arrive as the server first counted.
    """
    last: Row | None = None
    received, total = 0, 0
    while True:
        query = build()
        if last is not None:
            query = _after(query, keys, last) if unique else query.offset(received)
        for key in keys:
            query = query.order(key)
        rows, count = counted(query.limit(size), subject)
        total = count if last is None else total
        received += len(rows)
        remaining = count if unique else count - (received - len(rows))
        yield Page(rows, total)
        if len(rows) == remaining or not rows:
            break
        last = rows[-1]
    if received != total:
        raise MalformedAnswer(
            f"{received} of {total} rows of {subject} arrived.",
            remedy="Somebody may be changing them; load the run again.",
        )


def _after(query: Any, keys: tuple[str, ...], last: Row) -> Any:
    """Rows after `last` in the order of one or two keys."""
    if len(keys) == 1:
        return query.gt(keys[0], last[keys[0]])
    first, second = keys
    a, b = last[first], last[second]
    return query.or_(f"{first}.gt.{a},and({first}.eq.{a},{second}.gt.{b})")


def translate(exc: APIError | httpx.HTTPError, subject: str) -> AllocatorError:
    """The allocator's word for a failure of the client.

    The server's `details` stay out of it: for a violated constraint they are the whole row.
    """
    if isinstance(exc, httpx.TimeoutException):
        return TimedOut(f"The database took too long over {subject}.")
    if isinstance(exc, httpx.HTTPError):
        return Unreachable(f"The database cannot be reached for {subject}.")
    code = exc.code or ""
    if code == "AC001":
        return _already_completed(exc)
    if code == "AC005":
        return RunNotFound(exc.message or "")
    if code.startswith("AC0"):
        said = exc.message or ""
        remedy = next((how for words, how in _REMEDIES.items() if words in said), "")
        return CommitRefused(f"{said} Nothing was written.", remedy=remedy, code=code)
    for codes, error, words in _BY_CODE:
        if code.startswith(codes):
            return error(words.format(subject=subject, said=exc.message))
    return _refusal(code, exc.message or "", subject)


_BY_CODE: tuple[tuple[tuple[str, ...], type[DatabaseError], str], ...] = (
    (("57014", "55P03", "PGRST003", "504"), TimedOut, "The database took too long over {subject}."),
    (("PGRST301", "PGRST302", "PGRST303", "401"), KeyRefused, ""),
    (("42501", "403"), Denied, "The key may not use {subject}."),
    (("PGRST202", "42883"), MissingFunction, "The database lacks the function for {subject}."),
    (
        ("42P01", "42703", "PGRST200", "PGRST204", "PGRST205"),
        MissingTable,
        "The database lacks something that {subject} needs: {said}.",
    ),
    (("PGRST103",), MalformedAnswer, "Rows of {subject} changed while they were read."),
    (
        ("PGRST000", "PGRST001", "PGRST002", "08", "53", "57P", "502", "503", "520"),
        Unreachable,
        "The database is not ready to answer for {subject}.",
    ),
)


def _refusal(code: str, message: str, subject: str) -> DatabaseError:
    if "api key" in message.lower() or "jwt" in message.lower():
        return KeyRefused()
    if code.isdigit() and len(code) == 3:
        return MalformedAnswer(f"The answer for {subject} is HTTP status {code}.")
    return DatabaseError(
        f"The database refused {subject}: {message or 'no reason given'} ({code or 'no code'}).",
        remedy="Run the doctor command; if it finds nothing, ask the DBA about this code.",
        code=code,
    )


_REMEDIES = {
    "is older than the database": "Update this program: the database has a newer commit function.",
    "is newer than the database": MissingFunction.remedy,
    "changed while it was being": "Commit again: it reads the run anew and shows what changed.",
}
"""Words of the commit function's refusals → what to do."""


def _already_completed(exc: APIError) -> AlreadyCompleted:
    """Who and when, from the message: newer servers may drop its details."""
    found = re.search(r"completed by (.*) at (\S+)\.$", exc.message or "")
    operator, when = found.groups() if found else ("", "")
    operator = "" if operator == "another program" else operator
    said = f"{operator or 'Another program'} completed this run first"
    return AlreadyCompleted(
        f"{said} ({when}); nothing was written." if when else f"{said}; nothing was written.",
        operator=operator,
        committed_at=when,
    )


def _without_row(exc: APIError | httpx.HTTPError) -> Exception:
    """The cause to chain, without `details` (personal data)."""
    if isinstance(exc, APIError):
        return APIError({"code": exc.code, "message": exc.message})
    return exc


def reject_foreign_answers(response: httpx.Response) -> None:
    """An httpx response hook: answers that did not come from PostgREST become typed errors.

    A gateway's or proxy's error has no PostgREST code, and the client drops the HTTP status;
    an HTML page with status 200 would count as data.
    """
    kind = response.headers.get("content-type", "")
    if response.is_success:
        if "html" in kind:
            raise MalformedAnswer("A web page answered instead of the database.")
        return
    response.read()
    try:
        has_code = bool(response.json().get("code"))
    except (ValueError, AttributeError):
        has_code = "proxy-status" in response.headers
    if has_code:
        return
    status = response.status_code
    if status in (401, 403):
        raise KeyRefused
    if status in (408, 504):
        raise TimedOut
    if status in (429, 502, 503, 520, 521, 522, 523, 524):
        raise Unreachable(f"The database is not ready: its gateway answers with HTTP {status}.")
    raise MalformedAnswer(f"Something other than the database answers there: HTTP {status}.")
