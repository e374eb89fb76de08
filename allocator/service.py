"""The use cases: list the runs, load one, solve it, commit it. Console and command line call these.

Trigger → claim (`pending`) → hydration → resolution → commit, the lifecycle of the
system's own documentation. Only this module joins the data with the solver; `unattended` goes
through the whole of it for every pending run.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from allocator import postgres
from allocator.config import load_connection
from allocator.database.rows import allocator_run
from allocator.errors import InputsChanged, InvalidData, OtherSolve, RunNotFound, UsageError
from allocator.log import Event, told
from allocator.models import AllocatorRun, RunInputs, Settings
from allocator.result import Progress, Receipt, SolveResult

if TYPE_CHECKING:
    from datetime import datetime

    from allocator.database.doctor import Finding
    from allocator.database.overview import PlanYears, RunBatch, RunOverview
    from allocator.database.records import Draft, LoggedSolve, SavedScenario
    from allocator.errors import AllocatorError, InputChange
    from allocator.proof.seal import Seal
    from allocator.scenario import Scenario
    from allocator.scenario.changes import SetBaseline

OnProgress = Callable[[Progress], None]
OnLogged = Callable[["AllocatorError | None"], None]


class AllocatorService:
    """Everything an operator can do with a database of allocator runs.

    Without a `client` it connects to the configured project (see `config.load_connection`) when
    it is first used, and stays with that. Holds no state of a run, so one service serves every
    session and thread.
    """

    def __init__(self, client: postgres.Client | None = None) -> None:
        self._client = client
        self._connecting = threading.Lock()

    @property
    def client(self) -> postgres.Client:
        """The database client, always the same. Raises ConfigurationError when no database is
        configured, Denied for another key than service_role."""
        with self._connecting:
            if self._client is None:
                self._client = postgres.connect(load_connection())
            return self._client

    def runs(self) -> list[RunOverview]:
        """Every run with what is in it, pending ones first; few requests."""
        from allocator.database.overview import overviews

        return overviews(self.client)

    def batch(self, run_id: str) -> RunBatch:
        """The run with exactly this id, and which batch it is. Raises RunNotFound."""
        from allocator.database.overview import find_batch

        return find_batch(run_id, self.client)

    def pending(self) -> list[AllocatorRun]:
        """Claiming: every run that nobody completed, the longest waiting first."""
        rows = postgres.fetchAll("pending", None, client=self.client)
        runs = (allocator_run(row) for row in rows)
        return sorted(runs, key=lambda run: (run.created_at, run.id))

    def find_run(self, text: str) -> AllocatorRun:
        """The run with this id, or the only one whose id starts with `text`.

        Raises RunNotFound, and UsageError when several start so.
        """
        wanted = text.strip().lower()
        rows = postgres.fetchAll("runs", None, client=self.client)
        found = [row for row in rows if wanted and row["id"].startswith(wanted)]
        if not found:
            raise RunNotFound(f"There is no allocator run whose id starts with {text!r}.")
        if len(found) > 1:
            ids = ", ".join(row["id"] for row in found[:5])
            raise UsageError(
                f"{len(found)} runs have ids that start with {text!r}: {ids}.",
                remedy="Give more of the id.",
            )
        return allocator_run(found[0])

    def hydrate(self, run_id: str, *, on_progress: Callable[..., None] | None = None) -> RunInputs:
        """Read a run and everything that defines it; its data errors are in `issues`."""
        from allocator.database.hydrate import hydrate

        return hydrate(run_id, client=self.client, on_progress=on_progress)

    def solve(
        self,
        inputs: RunInputs,
        settings: Settings | None = None,
        *,
        operator: str = "",
        acknowledged: bool = False,
        work: str | None = "solve",
        on_progress: OnProgress | None = None,
        cancel: threading.Event | None = None,
        on_logged: OnLogged | None = None,
    ) -> SolveResult:
        """Solve loaded inputs; the result has passed the independent check.

        `acknowledged`: the operator accepts the data errors that may be accepted. The solve is
        logged in the database before it is given back, as a part of `work` (`records.Work`); None
        is for those whose seed is logged already. `on_logged` is told how that went: None, or why
        the database could not take it. Raises InvalidData, CheckFailed.
        """
        from allocator.solving.solver import solve

        settings = settings or Settings()
        if work is None:
            require_valid(inputs, settings, acknowledged=acknowledged)
            return solve(inputs, settings, on_progress=on_progress, cancel=cancel)
        from allocator.database.records import Work, log_solve

        with told(Event.SOLVE, operator=operator, run=inputs.run.id) as outcome:
            require_valid(inputs, settings, acknowledged=acknowledged)
            result = solve(inputs, settings, on_progress=on_progress, cancel=cancel)
            outcome.text = result.status.value
        failure = log_solve(inputs, result, operator, Work(work), client=self.client)
        if on_logged:
            on_logged(failure)
        return result

    def log_seed(self, inputs: RunInputs, settings: Settings, operator: str, work: str) -> None:
        """Log that work of many solves (`records.Work`) tries a seed, before it begins.

        Raises DatabaseError when the database cannot take it.
        """
        from allocator.database.records import Work, log_seed

        log_seed(inputs, settings, operator, Work(work), client=self.client)

    def changes_since(self, inputs: RunInputs) -> tuple[InputChange, ...]:
        """What changed in the database since `inputs` (without a scenario) were read."""
        from allocator.rules.fingerprint import differences

        now = self.hydrate(inputs.run.id)
        return () if now.fingerprint == inputs.fingerprint else differences(inputs, now)

    def commit(
        self,
        inputs: RunInputs,
        result: SolveResult,
        operator: str,
        *,
        scenario: Mapping[str, Any] | None = None,
        as_read: RunInputs | None = None,
        expect: str = "",
    ) -> Receipt:
        """Write a checked result and complete the run; see `commit.commit`.

        A result that is not proven optimal can be committed: the audit row records its status
        and bound. Ask the operator first. `expect` is the identity of the solve that was
        confirmed (`solved.identity_of`); another one raises OtherSolve before anything is read.
        """
        from allocator.database.commit import commit
        from allocator.solved import identity_of

        if expect and expect.strip().lower() != identity_of(result, scenario or {}):
            raise OtherSolve

        with told(Event.COMMIT, operator=operator, run=inputs.run.id) as outcome:
            outcome.text = result.status.value
            return commit(
                inputs, result, operator, scenario=scenario, as_read=as_read, client=self.client
            )

    def receipt(self, run_id: str) -> Receipt | None:
        """The receipt of a committed run; None when this program did not commit it."""
        from allocator.database.records import read_receipt

        return read_receipt(run_id, client=self.client)

    def allocations(self, run_id: str) -> list[dict[str, Any]]:
        """The allocations stored for a completed run, by worker mapping."""
        return postgres.fetchAll("allocations", run_id, client=self.client)

    def baseline(self, run: AllocatorRun, of: AllocatorRun) -> SetBaseline:
        """The placements of a completed run as a change to begin with in a scenario of `run`.

        Raises UsageError unless both fill the same allocation run and `of` has placements.
        """
        from allocator.rules.moments import local_time
        from allocator.scenario.changes import SetBaseline

        if of.allocation_run != run.allocation_run:
            raise UsageError(
                "That run fills another allocation run.", remedy="Choose an earlier batch of this."
            )
        rows = self.allocations(of.id)
        if of.completed_at is None or not rows:
            raise UsageError(
                "That run has no placements to begin with.", remedy="Choose a completed one."
            )
        held = tuple((row["worker_mapping"], row["job_line"]) for row in rows)
        return SetBaseline(held, f"the run completed {local_time(of, of.completed_at)}")

    def proof(self, run_id: str) -> dict[str, Any]:
        """The proof bundle of a committed run (`proof.bundle`). Raises NoProof."""
        from allocator.database.records import read_proof

        return read_proof(run_id, client=self.client)

    def committed_solve(self, run_id: str) -> tuple[RunInputs, SolveResult]:
        """What a committed run was solved on and the checked result: from its data or, where that
        has changed since, from its proof bundle, with names as they are today.

        Raises NoProof when it has neither.
        """
        from allocator.database.records import committed
        from allocator.errors import NoProof
        from allocator.proof.replay import bundled_inputs, replay, told_by

        receipt = self.receipt(run_id)
        if receipt is None:
            raise NoProof("The run was not committed by this program, so nothing can be told.")
        now = self.hydrate(run_id)
        solved = committed(now, receipt, self.allocations(run_id))
        if solved is not None:
            return solved
        bundle = self.proof(run_id)
        again = replay(bundle)
        if not again.is_identical:
            raise NoProof("The proof bundle does not give the allocation that was committed.")
        return told_by(bundled_inputs(bundle), now), again.result

    def disclosure(self, run_id: str) -> tuple[str, bytes]:
        """The page (HTML) and the workbook (.xlsx) that answer a request for information about a
        committed run. Raises NoProof."""
        from allocator.proof.disclosure import Disclosed, disclosure

        solved, receipt = self.committed_solve(run_id), self.receipt(run_id)
        assert receipt is not None
        tried = postgres.fetchAll("solves", run_id, client=self.client)
        tried.sort(key=lambda row: str(row["solved_at"]))
        return disclosure(Disclosed(*solved, receipt, tried, self.seals(run_id)))

    def years(self, plan: str = "") -> list[PlanYears]:
        """The completed runs of each plan side by side; `plan` is part of its name or empty."""
        from allocator.database.overview import plan_years

        return plan_years(self.client, plan)

    def seals(self, run_id: str) -> list[Seal]:
        """Every seal of a run, the oldest first; the last may hold."""
        from allocator.database.records import seals

        return seals(run_id, client=self.client)

    def seal(
        self,
        inputs: RunInputs,
        settings: Settings,
        operator: str,
        *,
        source: str,
        not_before: datetime,
        scenario: Mapping[str, Any] | None = None,
    ) -> Seal:
        """Seal a pending run as it was read (`inputs`, without a scenario's changes). Raises
        UsageError, InputsChanged, and CommitRefused when it is sealed or the time is past."""
        from allocator.proof.seal import Seal, seal_content
        from allocator.rules.ranks import read_by

        changes = self.changes_since(inputs)
        if changes:
            raise InputsChanged(changes)
        run_id, fingerprint = inputs.run.id, read_by(inputs, settings).fingerprint
        told = seal_content(run_id, fingerprint, settings, scenario or {}, source, not_before)
        call = {"content": told, "operator": operator}
        return Seal.from_row(postgres.seal_call("seal", run_id, client=self.client, **call))

    def enter_draw(self, run_id: str, number: str, operator: str) -> Seal:
        """Enter the number of a sealed draw, once. Raises UsageError, CommitRefused."""
        from allocator.proof.seal import Seal, plain_number

        call = {"number": plain_number(number), "operator": operator}
        return Seal.from_row(postgres.seal_call("enter_draw", run_id, client=self.client, **call))

    def break_seal(self, run_id: str, operator: str, reason: str) -> Seal:
        """Break the seal that holds, on record. Raises CommitRefused."""
        from allocator.proof.seal import Seal

        call = {"operator": operator, "reason": reason}
        return Seal.from_row(postgres.seal_call("break_seal", run_id, client=self.client, **call))

    def solve_log(self, run_id: str) -> list[LoggedSolve]:
        """Every solve tried on a run, the oldest first; see `LoggedSolve`."""
        from allocator.database.records import logged_solves

        return logged_solves(run_id, client=self.client)

    def scenarios(self, run_id: str) -> list[SavedScenario]:
        """The scenarios saved for a run, by name."""
        from allocator.database.records import saved_scenarios

        return saved_scenarios(run_id, client=self.client)

    def scenario(self, run_id: str, name: str) -> Scenario:
        """The scenario saved for a run under this name. Raises UsageError when there is none."""
        from allocator.scenario import Scenario

        found = self.scenarios(run_id)
        for saved in found:
            if saved.name == name:
                return Scenario.from_dict(saved.definition)
        known = ", ".join(f"“{saved.name}”" for saved in found)
        raise UsageError(
            f"The run has no scenario called “{name}”.",
            remedy=f"It has {known}." if known else "It has no saved scenario.",
        )

    def save_scenario(
        self,
        run_id: str,
        name: str,
        operator: str,
        definition: Mapping[str, Any],
        *,
        scenario_id: str | None = None,
    ) -> SavedScenario:
        """Save a scenario of a run, or replace the one with `scenario_id`."""
        from allocator.database.records import save_scenario

        return save_scenario(
            run_id, name, operator, definition, scenario_id=scenario_id, client=self.client
        )

    def delete_scenario(self, scenario_id: str) -> bool:
        """Delete a saved scenario; False when there was none."""
        return postgres.delete_scenario(scenario_id, client=self.client)

    def drafts(self, run_id: str, operator: str) -> list[Draft]:
        """What an operator has begun on a run and not saved, the latest first."""
        from allocator.database.records import read_drafts

        return read_drafts(run_id, operator, client=self.client)

    def keep_draft(self, draft: Draft) -> None:
        """Store a draft, or put it in the place of the one with its kind and name."""
        from allocator.database.records import keep_draft

        keep_draft(draft, client=self.client)

    def delete_draft(self, operator: str, run_id: str, kind: str, name: str) -> bool:
        """Delete a draft; False when there was none."""
        return postgres.delete_draft(operator, run_id, kind, name, client=self.client)

    def own_objects(self) -> Finding:
        """Whether the database has our own SQL objects, which a commit needs."""
        from allocator.database.doctor import own_objects

        return own_objects(self.client)

    def doctor(self) -> list[Finding]:
        """What is right and wrong with the connection, the database and the solvers."""
        from allocator.database.doctor import examine

        return examine(lambda: self.client)


def require_valid(inputs: RunInputs, settings: Settings, *, acknowledged: bool) -> None:
    """Raise InvalidData unless these inputs may be solved with these settings."""
    from allocator.database.validation import settled_by, tie_issues
    from allocator.rules.ranks import read_by

    ties = () if settings.ties_allowed else tie_issues(read_by(inputs, settings))
    blocking = (*inputs.blocking_issues, *ties)
    if blocking:
        raise InvalidData((*inputs.issues, *ties))
    left = tuple(issue for issue in inputs.issues if not settled_by(issue, settings))
    if left and not acknowledged:
        raise InvalidData(
            left, f"The run has {len(left)} data error(s) that must be mended or acknowledged."
        )
