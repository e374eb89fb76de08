"""Whole reads: every row of a table, of a function, and of the nested lists of preferences.

They are complete past the server's row cap and prove it; see `transport`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, Protocol
from weakref import WeakKeyDictionary

from postgrest import CountMethod

from allocator.database.tables import (
    ACTIONS,
    NESTED_PREFERENCES,
    OPTIONAL_PREFERENCE_COLUMNS,
    PREFERENCE_COLUMNS,
    PREFERENCE_COUNT,
    PREFERENCE_TABLE,
    PREFERENCES,
    RANKS,
    Action,
    Scope,
)
from allocator.database.transport import (
    PAGE_ROWS,
    OnReading,
    Page,
    Reading,
    Row,
    T,
    counted,
    pages,
    read,
    rows_of,
    together,
)
from allocator.errors import MalformedAnswer, MissingFunction, MissingTable, TimedOut

IDS_IN_A_URL = 100
MAPPINGS_IN_A_PAGE = 200
"""Workers whose preferences one answer carries; each list may be as long as the row cap."""

LISTS_AT_ONCE = 4
"""Answers with preferences under way at once; each is a heavy statement."""

QUALIFICATIONS_REMEDY = (
    "Ask the owner of the database to create get_worker_qualifications; the allocator only calls "
    "it."
)


class Api(Protocol):
    """What of the database's client is used to read."""

    def table(self, table_name: str) -> Any:
        """A query builder for a table."""

    def rpc(self, fn: str, params: dict[Any, Any], *, count: CountMethod | None) -> Any:
        """A query builder for a function."""


FORGET_AFTER = 600.0
"""Seconds after which something that was absent is asked for again: somebody may have added it."""

_absent: WeakKeyDictionary[Any, dict[str, float]] = WeakKeyDictionary()
"""Client → tables and columns (`table.column`) that its database lacks → when that was seen."""


def _is_absent(api: Api, name: str) -> bool:
    seen = _absent.get(api, {}).get(name)
    return seen is not None and time.monotonic() - seen < FORGET_AFTER


def _note_absent(api: Api, name: str) -> None:
    _absent.setdefault(api, {})[name] = time.monotonic()


def _present(api: Api, table: str, columns: Sequence[str]) -> tuple[str, ...]:
    return tuple(column for column in columns if not _is_absent(api, f"{table}.{column}"))


def _learn(api: Api, table: str, optional: Sequence[str], exc: MissingTable) -> None:
    """Remember the optional column that the database lacks; raise when it lacks something else."""
    column = next((c for c in optional if f".{c} " in exc.message), None)
    if column is None:
        raise exc
    _note_absent(api, f"{table}.{column}")


def table_pages(action: Action, scope: Scope, api: Api) -> Iterator[Page]:
    """Pages of a table, without optional columns that this database lacks; none for an optional
    table that it lacks. What is absent is asked for once, see FORGET_AFTER."""
    while not (action.is_optional and _is_absent(api, action.table)):
        build = partial(_select, action, _present(api, action.table, action.columns), scope, api)
        try:
            yield from pages(build, action.table, action.keys, unique=action.unique)
            return
        except MissingTable as exc:
            try:
                _learn(api, action.table, action.optional, exc)
            except MissingTable:
                if not action.is_optional:
                    raise
                _note_absent(api, action.table)


def _select(action: Action, columns: tuple[str, ...], scope: Scope, api: Api) -> Any:
    query = api.table(action.table).select(*columns, count=CountMethod.exact)
    return action.narrow(query, scope)


def qualification_pages(scope: Scope, api: Api) -> Iterator[Page]:
    """(worker mapping, qualification tag) of everybody in the allocation run, from the RPC."""
    arguments = {"p_allocation_run_id": scope.allocation_run}

    def build() -> Any:
        return api.rpc("get_worker_qualifications", arguments, count=CountMethod.exact)

    keys = ("worker_mapping_id", "qualification_tag_id")
    try:
        yield from pages(build, "get_worker_qualifications", keys, unique=False)
    except MissingFunction as exc:
        raise MissingFunction(exc.message, remedy=QUALIFICATIONS_REMEDY) from exc


def rows_by_id(action: str, ids: Sequence[str], api: Api) -> list[Row]:
    """The rows of a table with these ids, whichever allocation run they belong to."""
    chosen, found = ACTIONS[action], []
    for start in range(0, len(ids), IDS_IN_A_URL):
        some = ids[start : start + IDS_IN_A_URL]
        query = api.table(chosen.table).select(chosen.named).in_("id", some)
        found += rows_of(read(query, chosen.table), chosen.table)
    return found


def preference_count(scope: Scope, api: Api) -> int | None:
    """How many preference rows the workers of the allocation run have; None when the server takes
    too long to say."""
    query = api.table(PREFERENCE_TABLE).select(*PREFERENCE_COUNT, count=CountMethod.exact)
    query = query.eq("allocation_run_worker_mappings.allocation_run", scope.allocation_run)
    try:
        return counted(query.limit(1), PREFERENCES)[1]
    except TimedOut:
        return None


def _count_of(api: Api, ids: Sequence[str], _told: OnReading) -> int:
    """The same of these workers alone, without a join."""
    query = api.table(PREFERENCE_TABLE).select("job_line", count=CountMethod.exact)
    return counted(query.in_("allocation_run_worker_mapping", ids).limit(1), PREFERENCES)[1]


def preferences(
    scope: Scope,
    api: Api,
    workers: Iterable[str],
    total: int | None,
    *,
    keep: Callable[[Row], T],
    on_reading: OnReading | None = None,
) -> dict[str, list[T]]:
    """Worker mapping → what `keep` makes of each of its preference rows, by job line.

    `workers` are all mappings of the allocation run, `total` the rows that they have (None:
    counted here, some workers at a time). Rows arrive
    nested in their workers' rows: few answers, several under way at once. The server cuts each
    nested list at its row cap without a word, so lists that were cut are read on from where they
    ended. Raises MalformedAnswer unless `total` rows arrive.
    """
    lists: dict[str, list[T]] = {}
    received, skipped, left = 0, 0, sorted(workers)
    if total is None:
        some = [left[n : n + IDS_IN_A_URL] for n in range(0, len(left), IDS_IN_A_URL)]
        total = sum(together([partial(_count_of, api, ids) for ids in some]))

    def told(reading: Reading) -> None:
        nonlocal received
        received += reading.rows
        if on_reading:
            on_reading(Reading(PREFERENCES, received, total))

    while left and received < total:
        some = [left[n : n + MAPPINGS_IN_A_PAGE] for n in range(0, len(left), MAPPINGS_IN_A_PAGE)]
        before = received
        reads = [partial(_lists, scope, api, ids, skipped, keep) for ids in some]
        answers = together(reads, told, at_once=LISTS_AT_ONCE)
        if received == before:
            break
        for mapping, rows in (item for answer in answers for item in answer.items()):
            lists.setdefault(mapping, []).extend(rows)
        # A list that the cap cut has as many rows as any list has.
        skipped = max(map(len, lists.values()))
        left = [mapping for mapping, rows in sorted(lists.items()) if len(rows) == skipped]
    if received != total:
        raise MalformedAnswer(
            f"{received} of {total} preferences arrived.",
            remedy="Somebody may be changing them; load the run again.",
        )
    return lists


def _lists(
    scope: Scope,
    api: Api,
    ids: Sequence[str],
    skipped: int,
    keep: Callable[[Row], T],
    on_reading: OnReading,
) -> dict[str, list[T]]:
    """The lists of the mappings between the first and the last of `ids`, which are sorted.

    An answer that takes the server too long is asked for again in halves.
    """
    build = partial(_nested_preferences, scope, api, ids, skipped)
    found: dict[str, list[T]] = {}
    again = partial(_lists, scope, api, skipped=skipped, keep=keep, on_reading=on_reading)
    try:
        for page in pages(build, PREFERENCES, ("id",), size=MAPPINGS_IN_A_PAGE):
            for mapping in page.rows:
                found[mapping["id"]] = [keep(row) for row in mapping[RANKS]]
    except TimedOut:
        if len(ids) == 1:
            raise
        half = len(ids) // 2
        return {**again(ids[:half]), **again(ids[half:])}
    except MissingTable as exc:
        _learn(api, PREFERENCE_TABLE, OPTIONAL_PREFERENCE_COLUMNS, exc)
        return again(ids)
    on_reading(Reading(PREFERENCES, sum(map(len, found.values()))))
    return found


def _nested_preferences(scope: Scope, api: Api, ids: Sequence[str], skipped: int) -> Any:
    columns = _present(api, PREFERENCE_TABLE, PREFERENCE_COLUMNS)
    ranks = f"{NESTED_PREFERENCES}({','.join(columns)})"
    query = api.table("allocation_run_worker_mappings").select("id", ranks, count=CountMethod.exact)
    query = query.eq("allocation_run", scope.allocation_run)
    query = query.gte("id", ids[0]).lte("id", ids[-1])
    query = query.order("job_line", foreign_table=RANKS)
    query = query.order("order_preference", foreign_table=RANKS)
    return query.range(skipped, skipped + PAGE_ROWS - 1, foreign_table=RANKS)
