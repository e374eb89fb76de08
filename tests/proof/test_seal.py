"""A sealed run takes the seed of its draw and what was sealed; no attempt to steer gets through."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from allocator.demo import demo_data
from allocator.errors import CommitRefused, UsageError
from allocator.models import Settings
from allocator.proof.seal import derived_seed, plain_number, seal_content
from tests.proof.steering import attempts

SOURCE, NUMBER = "Saturday Lotto, draw 4471", "3 11 17 22 40 45"


def later(hours=1.0):
    return datetime.now(UTC) + timedelta(hours=hours)


@pytest.fixture
def run(service):
    return service.hydrate(demo_data.BY_EYE)


def drawn_now(database):
    """The time of every draw is over."""
    database.rows("update allocator_console_seals set not_before = now() - interval '1 s'")


def refused(words, call, *args, **options):
    with pytest.raises(CommitRefused, match=words):
        call(*args, **options)


def test_a_sealed_run_is_committed_with_the_seed_of_its_draw_alone(service, database, run):
    settings = Settings(alpha=0.4)
    sealed = service.seal(run, settings, "Ada", source=SOURCE, not_before=later())
    early = service.solve(run, settings)
    refused("sealed until", service.commit, run, early, "Ada")
    refused("still to be made", service.enter_draw, run.run.id, NUMBER, "Ada")
    drawn_now(database)
    entered = service.enter_draw(run.run.id, "3, 11, 17, 22, 40, 45", "Bea")
    assert (entered.number, entered.seed) == (NUMBER, derived_seed(sealed.hash, NUMBER))
    refused("already by Bea", service.enter_draw, run.run.id, "1 2 3", "Ada")
    other = service.solve(run, replace(settings, seed=entered.seed + 1))
    refused(str(entered.seed), service.commit, run, other, "Ada")
    result = service.solve(run, entered.settings)
    assert service.commit(run, result, "Ada").settings["seed"] == entered.seed
    refused("its seal stays", service.break_seal, run.run.id, "Ada", "Too late")


def test_attempts_to_steer_commit_nothing(service, database, run):
    settings = Settings()
    service.seal(run, settings, "Ada", source=SOURCE, not_before=later())
    drawn_now(database)
    seal = service.enter_draw(run.run.id, NUMBER, "Ada")
    for name, attempt in attempts(service, database, run, seal, 24):
        with pytest.raises(CommitRefused):
            attempt()
        assert service.find_run(run.run.id).is_pending, name
    assert database.rows("select count(*)::int as n from allocator_console_seals") == [{"n": 1}]


def test_a_seal_is_broken_by_name_and_with_a_reason_that_stay(service, run):
    service.seal(run, Settings(), "Ada", source=SOURCE, not_before=later())
    refused("sealed already", service.seal, run, Settings(), "Ada", source="x", not_before=later())
    refused("by name", service.break_seal, run.run.id, "Ada", " ")
    service.break_seal(run.run.id, "Bea", "The lottery was cancelled")
    (broken,) = service.seals(run.run.id)
    assert (broken.broken_by, broken.reason, broken.holds) == (
        "Bea",
        "The lottery was cancelled",
        False,
    )
    service.seal(run, Settings(), "Ada", source="Another lottery", not_before=later(2))
    assert [seal.holds for seal in service.seals(run.run.id)] == [False, True]


def test_a_draw_that_was_made_already_cannot_be_sealed(service, run):
    refused(
        "still to be made", service.seal, run, Settings(), "Ada", source="x", not_before=later(-1)
    )


def test_without_a_seal_a_run_is_committed_as_ever(service, run):
    assert service.commit(run, service.solve(run), "Ada").operator == "Ada"


def test_seals_cannot_be_written_past_the_functions(service, database, run):
    service.seal(run, Settings(), "Ada", source=SOURCE, not_before=later())
    table = database.client.table("allocator_console_seals")
    for query in (table.update({"seed": 1}), table.delete()):
        with pytest.raises(Exception, match="permission denied"):
            query.eq("allocator_py_run", run.run.id).execute()


@pytest.mark.parametrize("text", ["", "draw", "4 and 5", "–"])
def test_a_number_is_digits(text):
    with pytest.raises(UsageError):
        plain_number(text)


def test_a_seal_says_where_and_when(run):
    with pytest.raises(UsageError, match="time zone"):
        seal_content("r", "f", Settings(), {}, SOURCE, datetime(2026, 3, 2, 20, 30))
    with pytest.raises(UsageError, match="come from"):
        seal_content("r", "f", Settings(), {}, " ", later())
