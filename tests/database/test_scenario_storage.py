"""Scenarios survive the database exactly, and other operators see them."""

from __future__ import annotations

from uuid import uuid4

from allocator.models import Policy, Settings, SolverName
from allocator.scenario import Scenario
from allocator.scenario import changes as ch
from allocator.service import AllocatorService
from tests.conftest import Database


def every_change() -> tuple[ch.Change, ...]:
    def new() -> str:
        return str(uuid4())

    who = {"reason": "“Fair” für alle", "author": "Zoë"}
    return (
        ch.SetWeighting(new(), -3, **who),
        ch.AddWeighting(2, None, frozenset({new(), new()}), frozenset({new()})),
        ch.SwitchOffWeighting(new()),
        ch.AllowPair(new(), new()),
        ch.BanPair(new(), new()),
        ch.Pin(new(), new()),
        ch.LiftPin(new()),
        ch.SetPlaces(new(), 0),
        ch.SetMandatory(new(), False),
        ch.LeaveOut(new()),
    )


def test_a_stored_scenario_is_read_back_equal(database: Database) -> None:
    run = str(uuid4())
    settings = Settings(0.1 + 0.2, 1.7, 2**60, 1e-3, False, SolverName.CBC, Policy.LEXIMIN, 12.5)
    scenario = Scenario("Wards first", settings, every_change(), "Zoë", run, "f" * 64)
    AllocatorService(database.client).save_scenario(
        run, scenario.name, scenario.author, scenario.as_dict()
    )
    [stored] = AllocatorService(database.client).scenarios(run)
    assert (stored.name, stored.operator) == ("Wards first", "Zoë")
    assert Scenario.from_dict(stored.definition) == scenario
