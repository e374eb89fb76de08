"""What a server, gateway or network answers instead of rows → one of `allocator.errors`.

PostgREST 12 to 16 are known. The server's `details` stay out of every message: for a violated
constraint they are the whole row. A failure whose facts say `nothing_written` was answered by the
database itself, which had rolled back what it was asked to write.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
from postgrest.exceptions import APIError

from allocator.errors import (
    AllocatorError,
    AlreadyCompleted,
    CommitRefused,
    DatabaseError,
    DatabaseFull,
    Denied,
    KeyRefused,
    MalformedAnswer,
    MissingFunction,
    MissingTable,
    ProjectStopped,
    RunNotFound,
    TimedOut,
    Unreachable,
)

LONGEST_QUOTE = 200
ROLE = "service_role"


@dataclass(frozen=True, slots=True)
class Word:
    """How a code is said: `words` may name the {subject} and what the server {said}; codes that
    only need to begin like `codes` count. `rolled_back`: nothing was written, for certain."""

    codes: tuple[str, ...]
    error: type[DatabaseError]
    words: str = ""
    remedy: str = ""
    rolled_back: bool = True


_WORDS = (
    Word(
        ("57014",),
        TimedOut,
        "The database stopped {subject} at its statement timeout.",
        "Try again when the database is less busy; if it goes on, ask the DBA about the statement "
        "timeout.",
    ),
    Word(
        ("55P03",),
        TimedOut,
        "Another program holds a lock that {subject} needs.",
        "Wait until it is done (a commit, a migration, a backup) and try again; if it goes on, "
        "ask the DBA who holds the lock.",
    ),
    Word(
        ("40001", "40P01"),
        TimedOut,
        "Another program changed the same rows at the same time as {subject}.",
        "Try again.",
    ),
    Word(
        ("53100",),
        DatabaseFull,
        "The database's disk is full, so {subject} failed.",
    ),
    Word(
        ("25006",),
        DatabaseFull,
        "The database is read-only now, so {subject} failed.",
        "Ask the DBA: hosted projects become read-only when their disk is full.",
    ),
    Word(
        ("PGRST003",),
        TimedOut,
        "The database had no free connection for {subject}.",
        "Try again when the database is less busy.",
    ),
    Word(("504",), TimedOut, "The database took too long over {subject}.", rolled_back=False),
    Word(("PGRST301", "PGRST302", "PGRST303", "401"), KeyRefused),
    Word(("403",), Denied, "The key may not use {subject}."),
    Word(("PGRST202", "42883"), MissingFunction, "The database lacks the function for {subject}."),
    Word(
        ("42P01", "42703", "PGRST200", "PGRST204", "PGRST205"),
        MissingTable,
        "The database lacks something that {subject} needs: {said}.",
    ),
    Word(
        ("PGRST106",),
        MissingTable,
        "The REST API does not serve the schema public, where {subject} is.",
        "Ask the DBA to add public to the API's exposed schemas.",
    ),
    Word(
        ("PGRST201",),
        DatabaseError,
        "The database has several foreign keys by which {subject} could be read, and the program "
        "does not say which.",
        "Report this to whoever maintains the program, with the doctor command's output.",
    ),
    Word(
        ("PGRST203",),
        DatabaseError,
        "The database has several functions of the same name for {subject}.",
        "Ask the DBA to drop the one that is not of this program, then to apply the SQL files in "
        "allocator/database/sql again.",
    ),
    Word(
        ("PGRST125",),
        MalformedAnswer,
        "The address leads to a place below the REST API, where {subject} is not.",
    ),
    Word(("PGRST103",), MalformedAnswer, "Rows of {subject} changed while they were read."),
    Word(("53",), Unreachable, "The database has no resources left for {subject}."),
    # The connection was lost, perhaps in mid-commit.
    Word(
        ("PGRST000", "PGRST001", "PGRST002", "08", "57P", "502", "503", "520"),
        Unreachable,
        "The database is not ready to answer for {subject}.",
        rolled_back=False,
    ),
)


def translate(exc: APIError | httpx.HTTPError, subject: str) -> AllocatorError:
    """The allocator's word for a failure of the client."""
    if isinstance(exc, httpx.TimeoutException):
        return TimedOut(f"The database took too long over {subject}.")
    if isinstance(exc, httpx.HTTPError):
        return Unreachable(f"The database cannot be reached for {subject}.")
    code, said = exc.code or "", exc.message or ""
    if code.startswith("AC0"):
        return _refusal_of_ours(code, said)
    if code == "42501":
        return _denied(said, subject)
    for word in _WORDS:
        if code.startswith(word.codes):
            words = word.words.format(subject=subject, said=said)
            facts = {"code": code, "nothing_written": word.rolled_back}
            return word.error(words, remedy=word.remedy, **facts)
    return _refusal(code, said, subject)


def _refusal_of_ours(code: str, said: str) -> AllocatorError:
    """The commit function's refusals. All they say is in the message: newer servers may drop
    details and hint."""
    if code == "AC001":
        return _already_completed(said)
    if code == "AC005":
        return RunNotFound(said)
    remedy = next((how for words, how in _REMEDIES.items() if words in said), "")
    return CommitRefused(f"{said} Nothing was written.", remedy=remedy, code=code)


_REMEDIES = {
    "is older than the database": "Update this program: the database has a newer commit function.",
    "is newer than the database": MissingFunction.remedy,
    "sealed until its draw": "Enter the number of the draw, or break the seal, with a reason.",
    "The run is sealed": "Solve as sealed, with the seed of the draw, or break the seal.",
    "changed while it was being": "Commit again: it reads the run anew and shows what changed.",
}
"""Words of the commit function's refusals → what to do."""


def _already_completed(said: str) -> AlreadyCompleted:
    found = re.search(r"completed by (.*) at (\S+)\.$", said)
    operator, when = found.groups() if found else ("", "")
    operator = "" if operator == "another program" else operator
    first = f"{operator or 'Another program'} completed this run first"
    return AlreadyCompleted(
        f"{first} ({when}); nothing was written." if when else f"{first}; nothing was written.",
        operator=operator,
        committed_at=when,
    )


def _refusal(code: str, message: str, subject: str) -> DatabaseError:
    if "api key" in message.lower() or "jwt" in message.lower():
        return KeyRefused()
    if not code:  # PostgREST says so when its connection dies under a statement
        words = f"The database's connection broke during {subject}."
        return Unreachable(words, code=code, nothing_written=False)
    if code.isdigit() and len(code) == 3:
        return MalformedAnswer(f"The answer for {subject} is HTTP status {code}.")
    return DatabaseError(
        f"The database refused {subject}: {message or 'no reason given'} ({code}).",
        remedy="Run the doctor command; if it finds nothing, ask the DBA about this code.",
        code=code,
        nothing_written=len(code) == 5,  # an SQLSTATE: the statement failed as a whole
    )


_LOCKED = "select, update"
_PRIVILEGES = {
    "allocator_py_runs": _LOCKED,
    "allocationruns": _LOCKED,
    "allocation_run_worker_mappings": _LOCKED,
    "job_lines": _LOCKED,
    "allocator_py_allocations": "select, insert",
    "allocator_console_audit": "select, insert",
    "allocator_console_solves": "select, insert",
    "allocator_console_scenarios": "select, insert, update, delete",
    "allocator_console_drafts": "select, insert, update, delete",
}
"""What reading and committing take, where it is more than select. `for share` locks take update."""


def _denied(said: str, subject: str) -> Denied:
    """42501, with the statement that a DBA runs to mend it."""
    facts: dict[str, Any] = {"code": "42501", "nothing_written": True}
    found = re.search(r'permission denied for ([a-z ]+?) "?([\w.]+)"?$', said)
    if found is None:
        what = said if "row-level security" in said else ""
        return Denied(f"The key may not use {subject}{what and f': {what}'}.", **facts)
    kind, name = found.groups()
    plain = name.rpartition(".")[2]
    grant = {
        "function": f"grant execute on function public.{plain} to {ROLE};",
        "schema": f"grant usage on schema {name} to {ROLE};",
        "sequence": f"grant usage on sequence public.{plain} to {ROLE};",
    }.get(kind, f"grant {_PRIVILEGES.get(plain, 'select')} on public.{plain} to {ROLE};")
    how = f"Ask the DBA to run: {grant} The doctor command lists everything that a commit needs."
    if subject == "the commit function" and kind == "table" and plain not in _PRIVILEGES:
        how = f"Ask the DBA what the trigger that uses {plain} needs, and to grant it to {ROLE}."
    return Denied(f"The key may not use the {kind} {plain}.", remedy=how, **facts)


def without_row(exc: APIError | httpx.HTTPError) -> Exception:
    """The cause to chain, without `details` (personal data)."""
    if isinstance(exc, APIError):
        return APIError({"code": exc.code, "message": exc.message})
    return exc


def only_as_apikey(request: httpx.Request) -> None:
    """An httpx request hook: a key of the new kind is no JWT, so it is not sent as one."""
    if request.headers.get("authorization", "").startswith("Bearer sb_"):
        del request.headers["authorization"]


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
        body = response.json()
    except ValueError:
        body = None
    fields = body if isinstance(body, dict) else {}
    if isinstance(fields.get("code"), str) or "proxy-status" in response.headers:
        return
    raise _foreign(response.status_code, _quote(fields))


def _quote(fields: dict[str, object]) -> str:
    """The gateway's own words as a sentence to append, "" when it has none; keys are cut out."""
    said = next(
        (
            fields[k]
            for k in ("message", "msg", "error", "error_description")
            if isinstance(fields.get(k), str)
        ),
        "",
    )
    said = re.sub(r"\b(sb_\w+_|eyJ)[\w.\-]+", "…", " ".join(str(said).split()))
    return f" It says: {said[:LONGEST_QUOTE].rstrip('.')}." if said else ""


def _foreign(status: int, said: str) -> DatabaseError:
    for statuses, make in _BY_STATUS:
        if status in statuses:
            return make(status, said)
    return MalformedAnswer(f"Something other than the database answers there: HTTP {status}.{said}")


def _key_refused(status: int, said: str) -> DatabaseError:
    words = f"The project's gateway refused the key.{said}"
    if "legacy" in said.lower():
        return KeyRefused(
            words,
            remedy="Make a secret key (sb_secret_…) on the project's API keys page and put it into "
            "SUPABASE_SECRET_KEY; the legacy service_role key no longer works.",
        )
    return KeyRefused(words if said else "")


_BY_STATUS: tuple[tuple[frozenset[int], Callable[[int, str], DatabaseError]], ...] = (
    (frozenset({401, 403}), _key_refused),
    (
        frozenset({402}),
        lambda status, said: ProjectStopped(
            f"The hosted project is restricted because it is over its quota.{said}",
            remedy="Ask the project's owner to look at its usage and plan.",
        ),
    ),
    (
        frozenset({540}),
        lambda status, said: ProjectStopped(
            f"The hosted project is paused.{said}",
            remedy="Ask the project's owner to restore it in the dashboard.",
        ),
    ),
    (
        frozenset({408, 504, 544}),
        lambda status, said: TimedOut(
            f"The database took too long: its gateway answers with HTTP {status}.{said}"
        ),
    ),
    (
        frozenset({429, 502, 503, *range(520, 540)}),
        lambda status, said: Unreachable(
            f"The database is not ready: its gateway answers with HTTP {status}.{said}"
        ),
    ),
)
