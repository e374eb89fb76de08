"""Every failure the allocator reports: one root, one class per thing the reader must do.

The docstring of a class is its default message. Facts are attributes, so that the console and
the command line can phrase them; `remedy` is a sentence in the imperative, `exit_code` what the
command line ends with.

    AllocatorError
    ├── UsageError
    │   ├── ConfigurationError
    │   ├── RunNotFound
    │   └── RunCompleted
    ├── InvalidData
    │   └── BadWorkbook
    ├── NotAccepted
    ├── DatabaseError
    │   ├── Unreachable, ProjectStopped, DatabaseFull, KeyRefused, Denied
    │   ├── MissingTable, MissingFunction
    │   └── TimedOut, MalformedAnswer
    ├── NotSolved
    │   └── Infeasible
    ├── CheckFailed
    ├── NotExplained, NoProof
    ├── CommitRefused
    │   ├── SolveCancelled, OtherSolve
    │   ├── AlreadyCompleted
    │   ├── InputsChanged
    │   └── NotProven
    ├── CommitInterrupted
    ├── AlreadyRunning, NoRoom
    └── Unexpected
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, ClassVar


class ExitCode(IntEnum):
    """What a command ends with; `words` says what it means."""

    DONE = 0, "done"
    FAILED = 1, "other failure"
    USAGE = 2, "usage"
    INFEASIBLE = 3, "infeasible"
    DATA_ERRORS = 4, "data errors"
    DATABASE = 5, "database unreachable or key refused"
    COMMIT_REFUSED = 6, "commit refused"
    INTERRUPTED = 130, "interrupted"

    words: str

    def __new__(cls, value: int, words: str) -> ExitCode:
        """A member with its words."""
        member = int.__new__(cls, value)
        member._value_ = value
        member.words = words
        return member

    @classmethod
    def in_words(cls) -> str:
        """Every code with its meaning, as help texts list them."""
        return ", ".join(f"{code.value} {code.words}" for code in cls)


@dataclass(frozen=True, slots=True, order=True)
class DataIssue:
    """One thing wrong in the database's rows, named so that somebody can mend it.

    `row` names the row as a person would (worker and job line), `ids` holds the raw keys for a
    detail view. An `acknowledgeable` issue stops the run only until the operator accepts it.
    `kind` is set where a setting can settle the issue.
    """

    table: str
    row: str
    message: str
    remedy: str
    ids: tuple[str, ...] = ()
    acknowledgeable: bool = False
    kind: str = ""

    def __str__(self) -> str:
        return f"{self.table}, {self.row}: {self.message} {self.remedy}"


@dataclass(frozen=True, slots=True, order=True)
class InputChange:
    """One row that differs between the inputs that were solved and the inputs now."""

    table: str
    row: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.table}, {self.row}: was {self.before}, is now {self.after}"


class AllocatorError(Exception):
    """The allocator could not do what was asked."""

    exit_code: ClassVar[ExitCode] = ExitCode.FAILED
    remedy: ClassVar[str] = ""

    def __init__(self, message: str = "", *, remedy: str = "", **facts: Any) -> None:
        self.message = message or (type(self).__doc__ or "").split("\n", 1)[0]
        self.how = remedy or type(self).remedy
        self.facts = facts
        super().__init__(f"{self.message} {self.how}".strip())


class UsageError(AllocatorError):
    """The request is not one that the allocator understands."""

    exit_code = ExitCode.USAGE


class ConfigurationError(UsageError):
    """The configuration is incomplete."""


class RunNotFound(UsageError):
    """There is no allocator run with this id."""

    remedy = "List the runs and pick one of them."


class RunCompleted(UsageError):
    """The run is completed already."""


class InvalidData(AllocatorError):
    """The run's data has errors, so it was not solved."""

    exit_code = ExitCode.DATA_ERRORS
    remedy = "Mend each row that is listed, then load the run again."

    def __init__(self, issues: tuple[DataIssue, ...], message: str = "") -> None:
        self.issues = issues
        super().__init__(
            message or f"The run has {len(issues)} data error(s), so it was not solved."
        )


class BadWorkbook(InvalidData):
    """A workbook has cells that make no sense, so nothing of it was taken."""

    remedy = "Mend each cell that is listed, save the workbook and give it again."

    def __init__(self, issues: tuple[DataIssue, ...]) -> None:
        cells = "1 cell" if len(issues) == 1 else f"{len(issues)} cells"
        super().__init__(
            issues, f"{cells} of the workbook must be mended; nothing was taken of it."
        )


class NotAccepted(AllocatorError):
    """The run has notices that somebody must accept before it is committed unattended."""

    exit_code = ExitCode.DATA_ERRORS
    remedy = (
        "Look at the run in the console and commit it there, or accept them all (--acknowledge)."
    )

    def __init__(self, notices: tuple[str, ...]) -> None:
        self.notices = notices  # apart from the message, because they name people
        super().__init__(
            f"{len(notices)} notice(s) must be accepted before the run is committed unattended."
        )


class DatabaseError(AllocatorError):
    """The database did not answer as expected."""

    exit_code = ExitCode.DATABASE


class Unreachable(DatabaseError):
    """The database cannot be reached."""

    remedy = "Check that it is running and that SUPABASE_URL is right, then try again."


class ProjectStopped(DatabaseError):
    """The hosted project is paused or restricted; trying again does not help."""

    remedy = "Ask the project's owner to look at it in the dashboard."


class DatabaseFull(DatabaseError):
    """The database cannot store anything now: its disk is full or it is read-only."""

    remedy = "Ask the DBA to free or add disk space, then try again."


class KeyRefused(DatabaseError):
    """The database refused the key: it is wrong, disabled or has expired."""

    remedy = (
        "Put a current secret key (sb_secret_…) into SUPABASE_SECRET_KEY, or the project's "
        "service_role key into SUPABASE_SERVICE_ROLE_KEY."
    )


class Denied(DatabaseError):
    """The key may not do this."""

    remedy = "Use a secret key or the service_role key; publishable and anon keys see nothing."


class MissingTable(DatabaseError):
    """The database lacks a table or column that the allocator reads."""

    remedy = "Run the doctor command: it looks at every table and column that is read."


class MissingFunction(DatabaseError):
    """The database lacks a function that the allocator calls."""

    remedy = "Apply the SQL files in allocator/database/sql (the System page shows them)."


class TimedOut(DatabaseError):
    """The database took too long to answer."""

    remedy = "Try again; if it goes on, ask the DBA about the statement timeout."


class MalformedAnswer(DatabaseError):
    """The database's answer is not what its API promises."""

    remedy = "Check that SUPABASE_URL is the project's own URL and nothing else answers there."


class NotSolved(AllocatorError):
    """There is no checked allocation to commit."""

    remedy = "Solve the run first."


class Infeasible(NotSolved):
    """No allocation satisfies every hard rule."""

    exit_code = ExitCode.INFEASIBLE
    remedy = "Open the run's diagnosis to see the cause and the fixes."


class CheckFailed(AllocatorError):
    """The independent check rejected the allocation, so it is neither shown nor committed."""

    remedy = "Report this with the run's fingerprint; do not allocate by hand from it."


class NotExplained(AllocatorError):
    """This allocation has no exact prices."""

    remedy = "Solve the run to proven optimality."


class NoProof(AllocatorError):
    """The run has no proof bundle."""

    remedy = "Commit the run with this program, which stores one; then export it."


class CommitRefused(AllocatorError):
    """The commit was refused and nothing was written."""

    exit_code = ExitCode.COMMIT_REFUSED


class OtherSolve(CommitRefused):
    """This is not the allocation that was shown and confirmed; nothing was written."""

    remedy = "Look at the allocation as it is now, then commit that one."


class SolveCancelled(CommitRefused):
    """The solve was stopped before it ended, so nothing was committed."""

    exit_code = ExitCode.INTERRUPTED
    remedy = "Solve again and let it end; a longer time limit helps a slow run."


class AlreadyCompleted(CommitRefused):
    """Somebody else has already committed this run; nothing was written."""

    remedy = "Open the run to see its receipt."


class InputsChanged(CommitRefused):
    """The data has changed since it was solved; nothing was written."""

    remedy = "Look at what changed and solve again."

    def __init__(self, changes: tuple[InputChange, ...]) -> None:
        self.changes = changes
        super().__init__(
            f"{len(changes)} row(s) changed since the run was solved; nothing was written."
        )


class NotProven(CommitRefused):
    """The allocation is not proven optimal, so it was not committed."""

    remedy = "Give it more time, accept it with --accept-unproven, or commit it in the console."


class CommitInterrupted(AllocatorError):
    """Interrupted during the commit, so it is not known whether the run is committed."""

    exit_code = ExitCode.INTERRUPTED
    remedy = "Look at the run again in a minute; repeating the commit is safe."


class AlreadyRunning(AllocatorError):
    """This is being worked on already."""

    remedy = "Wait for it to end, or cancel it."


class NoRoom(AllocatorError):
    """The console holds or does as much as it may."""

    remedy = "Commit one of them first; a restart of the console would lose them."


class Unexpected(AllocatorError):
    """The work stopped unexpectedly."""

    remedy = "Try again; if it goes on, look into the server's log."
