"""Requests that are answered completely or fail in words.

Reads are retried and paged past the server's row cap; writes are sent once. Everything that the
client, the network or PostgREST can raise becomes one of `allocator.errors`; see `failures`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any, Protocol, TypeAlias, TypeVar

import httpx
from postgrest.exceptions import APIError

from allocator.database.failures import translate, without_row
from allocator.errors import DatabaseError, MalformedAnswer, TimedOut, Unreachable

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
    reads: Sequence[Callable[[OnReading], T]],
    on_reading: OnReading | None = None,
    *,
    at_once: int = AT_ONCE,
) -> list[T]:
    """What each of these independent reads gives, in their order; `at_once` are under way.

    Progress is told on the caller's own thread. The first failure in their order is raised, when
    all have ended.
    """
    told: SimpleQueue[Reading | None] = SimpleQueue()
    with ThreadPoolExecutor(at_once, "read") as readers:
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
    """Send a read, again while the server or the network is not ready. Raises AllocatorError."""
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
        raise translate(exc, subject) from without_row(exc)


def write(query: Query, subject: str) -> Any:
    """Send a write once and give its data. Raises AllocatorError, which says whether anything
    was written as far as that is known."""
    try:
        return send(query, subject).data
    except DatabaseError as exc:
        if exc.facts.get("nothing_written"):
            words = f"{exc.message.rstrip('.')}; nothing was written."
            raise type(exc)(words, remedy=exc.how, **exc.facts) from exc
        if not isinstance(exc, Unreachable | TimedOut):
            raise
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
