"""The database: the one module that speaks to Supabase. It knows tables, not rules.

`fetchAll`, `post` and `fetch_worker_qualifications` carry the names of the system's own
documentation. How rows are read is in `database.reading` and `database.transport`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

import httpx
from supabase import Client as Client
from supabase import ClientOptions, create_client

from allocator.config import SERVICE_ROLE, Connection, load_connection
from allocator.database.failures import only_as_apikey, reject_foreign_answers
from allocator.database.reading import (
    preference_count,
    preferences,
    qualification_pages,
    table_pages,
)
from allocator.database.tables import (
    ACTIONS,
    OPTIONAL_PREFERENCE_COLUMNS,
    PREFERENCE_COLUMNS,
    PREFERENCE_TABLE,
    PREFERENCES,
    QUALIFICATIONS,
    Scope,
)
from allocator.database.transport import Page, Row, read, rows_of, send, write
from allocator.errors import (
    DatabaseError,
    Denied,
    MalformedAnswer,
    MissingFunction,
    MissingTable,
    RunNotFound,
    UsageError,
)
from allocator.models import AllocatorRun

Run = AllocatorRun | str
"""An allocator run, or its id."""

TIMEOUT_SECONDS = 30.0
DRAFT_KEY = "operator,allocator_py_run,kind,name"
CONTRACT = 2
"""What this program means by a commit; the first number of the version of our SQL."""


def connect(connection: Connection) -> Client:
    """A client for this project, safe to share between threads.

    Raises Denied for a key that says it has another role than service_role: row-level security
    would answer it with empty tables, not with an error.
    """
    role = connection.role
    if role not in (SERVICE_ROLE, ""):
        raise Denied(f"The configured key has the role {role}; it would see empty tables.")
    transport = httpx.Client(
        http2=False,  # the client's HTTP/2 connections are not safe to share between threads
        timeout=TIMEOUT_SECONDS,
        follow_redirects=False,
        trust_env=not connection.is_local,  # a proxy cannot reach this machine's own stack
        event_hooks={"request": [only_as_apikey], "response": [reject_foreign_answers]},
    )
    options = ClientOptions(
        httpx_client=transport,
        postgrest_client_retry=False,
        auto_refresh_token=False,
        persist_session=False,
    )
    return create_client(connection.url, connection.service_role_key, options)


@lru_cache(maxsize=4)
def _client_for(connection: Connection) -> Client:
    return connect(connection)


def default_client() -> Client:
    """The client of the configured project, the same one until the configuration changes."""
    return _client_for(load_connection())


def fetchAll(action: str, run: Run | None, *, client: Client | None = None) -> list[Row]:
    """All rows of `action` for an allocator run, in a fixed order; see `tables.ACTIONS`.

    `run` is None for the actions that list across runs (`runs`, `pending`, `all_audit`). `client`
    None means the configured project, as for `post` and `fetch_worker_qualifications`; the
    program itself always names its client. Raises UsageError for an unknown action, RunNotFound,
    and the errors of `transport`.
    """
    client = client or default_client()
    if action != PREFERENCES:
        return [row for page in fetch_pages(action, run, client=client) for row in page.rows]
    scope = _scope(run, client, whole=True)
    workers = [
        row["id"] for page in table_pages(ACTIONS["workers"], scope, client) for row in page.rows
    ]
    total = preference_count(scope, client)
    lists = preferences(scope, client, workers, total, keep=lambda row: row)
    return [
        {**row, "allocation_run_worker_mapping": mapping}
        for mapping in sorted(lists)
        for row in lists[mapping]
    ]


def fetch_pages(action: str, run: Run | None, *, client: Client) -> Iterator[Page]:
    """`fetchAll` of anything but preferences, an answer at a time: progress, bounded memory."""
    if action == QUALIFICATIONS:
        return qualification_pages(_scope(run, client, whole=True), client)
    chosen = ACTIONS.get(action)
    if chosen is None:
        known = ", ".join(sorted((*ACTIONS, PREFERENCES, QUALIFICATIONS)))
        raise UsageError(f"There is nothing to read called {action}.", remedy=f"Use {known}.")
    scope = _scope(run, client, whole=chosen.needs_allocation_run) if chosen.needs_run else Scope()
    return table_pages(chosen, scope, client)


def fetch_worker_qualifications(run: Run, *, client: Client | None = None) -> list[Row]:
    """(worker_mapping_id, qualification_tag_id) of everybody in the allocation run."""
    return fetchAll(QUALIFICATIONS, run, client=client)


def _scope(run: Run | None, client: Client, *, whole: bool) -> Scope:
    """The ids that the filters need; a bare id is looked up when they need the allocation run."""
    if isinstance(run, AllocatorRun):
        return Scope(run.id, run.allocation_run, run.org)
    run_id = valid_id(run)
    if not whole:
        return Scope(run_id)
    rows = fetchAll("run", run_id, client=client)
    if not rows:
        raise RunNotFound(f"There is no allocator run {run_id}.")
    plan = (rows[0].get("allocationruns") or {}).get("allocationplans") or {}
    return Scope(run_id, rows[0]["allocation_run"], plan.get("org") or "")


def valid_id(run_id: str | None) -> str:
    """The id in canonical form. Raises RunNotFound when it is not a uuid."""
    try:
        return str(UUID(str(run_id)))
    except ValueError:
        raise RunNotFound(f"There is no allocator run {run_id}: that is not a run's id.") from None


def post(
    action: str,
    rows: Sequence[Mapping[str, Any]],
    run_id: str,
    *,
    client: Client | None = None,
    audit: Mapping[str, Any] | None = None,
) -> Any:
    """Write rows of an allocator run, once and in one transaction.

    `allocations` commits the run (needs `audit`) and gives the receipt; `solves` logs solves,
    `scenarios` saves scenarios, `drafts` keeps drafts, and all three give the stored rows. Raises
    CommitRefused and its kinds, RunNotFound, UsageError for values that are not JSON, and the
    errors of `transport`.
    """
    client = client or default_client()
    run_id = valid_id(run_id)
    own = [{**row, "allocator_py_run": run_id} for row in rows]
    try:
        json.dumps([own, dict(audit or {})], allow_nan=False)
    except (TypeError, ValueError) as exc:
        raise UsageError(f"A value of {action} cannot be written: {exc}.") from exc
    match action:
        case "allocations":
            return _commit(rows, run_id, client, audit or {})
        case "solves":
            return write(client.table("allocator_console_solves").insert(own), "the solve log")
        case "scenarios":
            table = client.table("allocator_console_scenarios")
            return write(table.upsert(own, on_conflict="id"), "scenarios")
        case "drafts":
            table = client.table("allocator_console_drafts")
            return write(table.upsert(own, on_conflict=DRAFT_KEY), "drafts")
    raise UsageError(
        f"There is nothing to write called {action}.",
        remedy="Use allocations, solves, scenarios, drafts.",
    )


def _commit(
    rows: Sequence[Mapping[str, Any]], run_id: str, client: Client, audit: Mapping[str, Any]
) -> Row:
    arguments: dict[str, Any] = {
        "p_run": run_id,
        "p_allocations": [dict(row) for row in rows],
        "p_audit": dict(audit),
        "p_contract": CONTRACT,
    }
    try:
        receipt = write(client.rpc("allocator_console_commit", arguments), "the commit function")
    except MissingFunction as exc:
        raise _older_sql(exc, client) from exc
    if not isinstance(receipt, dict):
        raise MalformedAnswer(
            "The commit function's answer is not a receipt.",
            remedy="Open the run to see whether it was committed.",
        )
    return receipt


def digest(run_id: str, *, client: Client) -> str:
    """A text that changes with anything that a solve of the run reads; a commit that carries it
    is refused when it has changed. Raises MissingFunction when our SQL is missing or older."""
    arguments: dict[str, Any] = {"p_run": valid_id(run_id)}
    try:
        answer = read(client.rpc("allocator_console_digest", arguments), "the digest function")
    except MissingFunction as exc:
        raise _older_sql(exc, client) from exc
    return str(answer.data)


def seal_call(action: str, run_id: str, *, client: Client, **arguments: str) -> Row:
    """`seal`, `enter_draw` or `break_seal` of a run: the seal's row afterwards.

    Raises CommitRefused with the reason, RunNotFound, MissingFunction.
    """
    given = {"p_run": valid_id(run_id), **{f"p_{name}": text for name, text in arguments.items()}}
    try:
        row = write(client.rpc(f"allocator_console_{action}", given), "the seal")
    except MissingFunction as exc:
        raise _older_sql(exc, client) from exc
    if not isinstance(row, dict):
        raise MalformedAnswer("The answer about a seal is not a seal.")
    return row


def _older_sql(exc: MissingFunction, client: Client) -> MissingFunction:
    """What a missing function of ours means: SQL of an earlier version, or none."""
    try:
        found = console_version(client=client)
    except MissingFunction:
        return exc
    return MissingFunction(
        f"The database has version {found} of the commit function, which is older than this "
        "program; nothing was written."
    )


def delete_scenario(scenario_id: str, *, client: Client) -> bool:
    """Delete a saved scenario; False when there was none."""
    query = client.table("allocator_console_scenarios").delete().eq("id", valid_id(scenario_id))
    return bool(write(query, "scenarios"))


def delete_draft(operator: str, run_id: str, kind: str, name: str, *, client: Client) -> bool:
    """Delete a draft; False when there was none."""
    query = client.table("allocator_console_drafts").delete().eq("operator", operator)
    query = query.eq("allocator_py_run", valid_id(run_id)).eq("kind", kind).eq("name", name)
    return bool(write(query, "drafts"))


def console_version(*, client: Client) -> str:
    """The version of our SQL objects. Raises MissingFunction when they are not applied."""
    return str(read(client.rpc("allocator_console_version", {}), "allocator_console_version").data)


def readiness(*, client: Client) -> list[Row]:
    """What a commit would need: `ok`, `subject`, `detail`, `remedy`. Writes and locks nothing.

    Raises MissingFunction when our SQL is missing or older.
    """
    answer = read(client.rpc("allocator_console_readiness", {}), "allocator_console_readiness")
    return rows_of(answer, "allocator_console_readiness")


def ping(*, client: Client) -> None:
    """One cheap read, not retried. Raises DatabaseError when the database does not answer."""
    rows_of(send(client.table("allocator_py_runs").select("id").limit(1), "a first read"), "it")


def probe(*, client: Client) -> dict[str, DatabaseError | None]:
    """Table or function → what is wrong with it (None = nothing), for the doctor."""
    found: dict[str, DatabaseError | None] = {}
    for action in ACTIONS.values():
        if action.is_optional:
            continue
        required = [c for c in action.columns if c not in action.optional]
        query = client.table(action.table).select(*required).limit(1)
        found[action.table] = found.get(action.table) or _failure(query, action.table)
    required = [c for c in PREFERENCE_COLUMNS if c not in OPTIONAL_PREFERENCE_COLUMNS]
    query = client.table(PREFERENCE_TABLE).select(*required).limit(1)
    found[PREFERENCE_TABLE] = _failure(query, PREFERENCE_TABLE)
    for function, arguments in _READ_FUNCTIONS.items():
        found[function] = _failure(client.rpc(function, arguments), function)
    return found


_READ_FUNCTIONS: dict[str, dict[str, Any]] = {
    "get_worker_qualifications": {"p_allocation_run_id": str(UUID(int=0))},
    "allocator_console_version": {},
}


def _failure(query: Any, subject: str) -> DatabaseError | None:
    try:
        read(query, subject)
    except (MissingTable, MissingFunction, Denied) as exc:
        return exc
    return None
