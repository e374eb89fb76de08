"""Which seeds were tried on a run, by whom and in what work: each is logged once a process, in the
database and before anybody sees what came of it. A full solve is logged each time.
"""

from __future__ import annotations

from allocator.database.records import Work as Work
from allocator.errors import AllocatorError, DatabaseError
from allocator.models import RunInputs, Settings
from allocator.service import OnLogged
from console.state import backend


def is_logged(run_id: str, seed: int, operator: str, work: Work) -> bool:
    """Whether this process has logged that the operator tried the seed in such work."""
    return backend.store().get(_key(run_id, seed, operator, work)) is not None


def log_tried(inputs: RunInputs, settings: Settings, operator: str, work: Work) -> None:
    """Log a seed, unless that is done; what keeps the database from taking it is for `unlogged`."""
    run_id = inputs.run.id
    if is_logged(run_id, settings.seed, operator, work):
        return
    failure: AllocatorError | None = None
    try:
        backend.service().log_seed(inputs, settings, operator, work)
    except DatabaseError as exc:
        failure = exc
    logged(run_id, settings.seed, operator, work)(failure)


def logged(run_id: str, seed: int, operator: str, work: Work) -> OnLogged:
    """Takes note of how logging went."""

    def note(failure: AllocatorError | None) -> None:
        if failure is None:
            backend.store().put(_key(run_id, seed, operator, work), True)
            backend.store().drop("unlogged", run_id)
        else:
            backend.store().put(("unlogged", run_id), failure)

    return note


def unlogged(run_id: str) -> AllocatorError | None:
    """Why the seed that was tried last on the run could not be logged; None when it was."""
    found: AllocatorError | None = backend.store().get(("unlogged", run_id))
    return found


def _key(run_id: str, seed: int, operator: str, work: Work) -> tuple[str, str, int, str, str]:
    return "seed", run_id, seed, operator, work.value
