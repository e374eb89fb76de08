"""The service on a real database: claim, find, load, solve, scenarios."""

from __future__ import annotations

import pytest

from allocator import config
from allocator.demo import demo_data
from allocator.errors import InvalidData, MissingTable, RunNotFound, UsageError
from allocator.models import Settings
from allocator.result import Status
from allocator.service import AllocatorService
from tests.services import checked, hidden

BY_EYE = demo_data.BY_EYE


def test_pending_claims_runs_without_completion(service):
    pending = service.pending()
    assert len(pending) == 6
    assert pending == sorted(pending, key=lambda run: (run.created_at, run.id))


def test_find_run_by_the_beginning_of_its_id(service):
    assert service.find_run(BY_EYE[:8].upper()).id == BY_EYE
    assert service.find_run(BY_EYE).id == BY_EYE


@pytest.mark.parametrize("text", ["", "zz", "00000000-0000-0000-0000-000000000000"])
def test_find_run_that_is_not_there(service, text):
    with pytest.raises(RunNotFound):
        service.find_run(text)


def test_find_run_with_an_ambiguous_beginning(service, database):
    other = f"{BY_EYE[:-4]}ffff"
    allocation_run = service.find_run(BY_EYE).allocation_run
    database.insert("allocator_py_runs", {"id": other, "allocation_run": allocation_run})
    with pytest.raises(UsageError, match="2 runs"):
        service.find_run(BY_EYE[:8])


def test_solve_finds_the_optimum_that_the_eye_finds(service):
    inputs = service.hydrate(BY_EYE)
    result = service.solve(inputs, Settings(alpha=0))
    assert result.status is Status.OPTIMAL
    assert result.certificate.verified
    expected = {(a.worker_mapping, a.job_line) for a in checked(inputs).allocations}
    assert {(a.worker_mapping, a.job_line) for a in result.allocations} == expected


def test_every_solve_is_logged(service):
    inputs = service.hydrate(BY_EYE)
    for seed in (1, 2):
        service.solve(inputs, Settings(seed=seed), operator="Ada")
    service.solve(inputs, Settings(seed=3), operator="Ada", work=None)
    service.log_seed(inputs, Settings(seed=4), "Bob", "sweep")
    logged = service.solve_log(BY_EYE)
    assert [(row.seed, row.operator, row.work, row.status) for row in logged] == [
        (1, "Ada", "solve", "optimal"),
        (2, "Ada", "solve", "optimal"),
        (4, "Bob", "sweep", ""),
    ]
    assert {row.fingerprint for row in logged} == {inputs.fingerprint}


def test_solve_goes_on_without_a_log(service, database):
    inputs = service.hydrate(BY_EYE)
    with hidden(database, "table", "allocator_console_solves"):
        told = []
        assert service.solve(inputs, on_logged=told.append).status is Status.OPTIMAL
    assert isinstance(told[0], MissingTable)


def test_solve_needs_an_acknowledgement_of_dead_references(service):
    inputs = service.hydrate(demo_data.NEEDS_ACKNOWLEDGEMENT)
    with pytest.raises(InvalidData) as refusal:
        service.solve(inputs)
    assert refusal.value.issues == inputs.issues
    assert service.solve(inputs, acknowledged=True).status is Status.OPTIMAL


def test_solve_never_accepts_a_blocking_error(service, database):
    database.rows(
        "update preference_worker_job_lines set order_preference = -1 where job_line = %s",
        service.hydrate(BY_EYE).job_lines[0].id,
    )
    with pytest.raises(InvalidData):
        service.solve(service.hydrate(BY_EYE), acknowledged=True)


def test_ties_are_errors_where_they_are_not_allowed(service, database):
    worker = service.hydrate(BY_EYE).workers[0]
    database.rows(
        "update preference_worker_job_lines set order_preference = 1 "
        "where allocation_run_worker_mapping = %s",
        worker.id,
    )
    inputs = service.hydrate(BY_EYE)
    assert service.solve(inputs).status is Status.OPTIMAL
    with pytest.raises(InvalidData) as refusal:
        service.solve(inputs, Settings(ties_allowed=False), acknowledged=True)
    assert worker.name in str(refusal.value.issues[0])


def test_changes_since_is_empty_when_nothing_changed(service):
    assert service.changes_since(service.hydrate(BY_EYE)) == ()


def test_scenarios_are_saved_replaced_and_deleted(service):
    saved = service.save_scenario(BY_EYE, "More seats", "Ada", {"changes": [1]})
    with pytest.raises(UsageError, match="More seats"):
        service.save_scenario(BY_EYE, "More seats", "Ben", {})
    changed = service.save_scenario(
        BY_EYE, "Even more", "Ben", {"changes": [2]}, scenario_id=saved.id
    )
    assert service.scenarios(BY_EYE) == [changed]
    assert (changed.name, changed.definition) == ("Even more", {"changes": [2]})
    assert changed.created_at == saved.created_at < changed.updated_at
    assert service.delete_scenario(saved.id)
    assert not service.delete_scenario(saved.id)
    assert service.scenarios(BY_EYE) == []


def test_service_connects_once_to_the_configured_project(service, database, monkeypatch):
    monkeypatch.setenv(config.URL_VARIABLE, database.info.url)
    monkeypatch.setenv(config.KEY_VARIABLE, database.info.service_role_key)
    configured = AllocatorService()
    first = configured.client
    monkeypatch.setenv(config.URL_VARIABLE, "http://127.0.0.1:9")
    assert configured.client is first
    assert {row.run.id for row in configured.runs()} == {row.run.id for row in service.runs()}
