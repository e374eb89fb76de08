"""The scenario that a tab works on: opened, changed, saved. It lives until the tab closes.

Only `_load` and `_put` know where it lives.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import streamlit as st

from allocator.models import RunInputs, Settings
from allocator.scenario import Change, Scenario
from allocator.solved import AS_IT_IS
from console.state import scenario_store, solving
from console.state.scenario_store import StoredScenario
from console.ui import session

SCENARIO = "scenario"
"""The address's parameter."""
NEW = "New scenario"
_DRAFT = "what-if draft"


@dataclass(frozen=True, slots=True)
class ScenarioDraft:
    """A scenario in the making; `kept` is what it was opened from or last saved as.

    `turn` grows whenever something other than its own widget changes a value, so that widgets
    with it in their keys start anew from the scenario.
    """

    scenario: Scenario
    kept: StoredScenario | None = None
    turn: int = 0

    @property
    def is_saved(self) -> bool:
        """Whether the stored scenario is exactly this one."""
        return self.kept is not None and self.kept.scenario == self.scenario

    def key(self, name: str) -> str:
        """The key of a widget that shows a part of the scenario."""
        return f"{name} {self.scenario.run} {self.turn}"


def base(as_read: RunInputs) -> Scenario:
    """The run without changes, under the settings that it was last solved with."""
    solved = solving.solved(as_read.run.id)
    settings = Settings() if solved is None or solved.scenario else solved.result.settings
    return Scenario(AS_IT_IS, settings, run=as_read.run.id, fingerprint=as_read.fingerprint)


def draft(as_read: RunInputs, operator: str) -> ScenarioDraft:
    """The tab's draft; the address's scenario, or a new one, when there is none yet.

    Raises DatabaseError when the stored scenarios cannot be read.
    """
    run_id = as_read.run.id
    mine = _load(run_id)
    wanted = st.query_params.get(SCENARIO, "").strip().lower()
    if wanted and (mine is None or mine.kept is None or mine.kept.id != wanted):
        kept = scenario_store.find_scenario(run_id, wanted)
        if kept is not None and kept.scenario is not None:
            return open_kept(run_id, kept)
        st.query_params.pop(SCENARIO, None)
        st.warning("The scenario in the address is not there any more, or cannot be read.")
    if mine is None:
        return start_new(as_read, operator)
    _show_in_address(mine)
    return mine


def start_new(as_read: RunInputs, operator: str) -> ScenarioDraft:
    """A new scenario without changes."""
    name = scenario_store.shelf(as_read.run.id).free_name(NEW)
    return work_on(as_read.run.id, replace(base(as_read), name=name, author=operator))


def open_kept(run_id: str, kept: StoredScenario) -> ScenarioDraft:
    """Work on a stored scenario."""
    if kept.scenario is None:
        raise ValueError("this scenario cannot be read")
    return _put(
        ScenarioDraft(replace(kept.scenario, run=run_id), _as_of(kept, run_id), _turn(run_id))
    )


def work_on(run_id: str, scenario: Scenario, kept: StoredScenario | None = None) -> ScenarioDraft:
    """Work on this scenario, as one that is not stored unless `kept` is given."""
    return _put(ScenarioDraft(replace(scenario, run=run_id), kept, _turn(run_id)))


def change(run_id: str, scenario: Scenario, *, anew: bool = False) -> None:
    """The draft's scenario becomes this one; `anew`: its widgets start from it again."""
    mine = _opened(run_id)
    _put(replace(mine, scenario=scenario, turn=mine.turn + anew))


def add(run_id: str, *changes: Change) -> None:
    """Add changes; one about the same thing gives way."""
    mine = _opened(run_id)
    change(run_id, mine.scenario.then(*changes), anew=True)


def saved(run_id: str, kept: StoredScenario) -> None:
    """The draft was stored as `kept`."""
    mine = _opened(run_id)
    _put(replace(mine, kept=_as_of(kept, run_id), scenario=kept.scenario or mine.scenario))


def _as_of(kept: StoredScenario, run_id: str) -> StoredScenario:
    return replace(kept, scenario=replace(kept.scenario, run=run_id)) if kept.scenario else kept


def _load(run_id: str) -> ScenarioDraft | None:
    mine: ScenarioDraft | None = session.remembered(_DRAFT, run_id)
    return mine


def _opened(run_id: str) -> ScenarioDraft:
    mine = _load(run_id)
    if mine is None:
        raise LookupError("no scenario is open")
    return mine


def _put(mine: ScenarioDraft) -> ScenarioDraft:
    session.remember(_DRAFT, mine, mine.scenario.run)
    _show_in_address(mine)
    return mine


def _turn(run_id: str) -> int:
    mine = _load(run_id)
    return mine.turn + 1 if mine else 0


def _show_in_address(mine: ScenarioDraft) -> None:
    shown = st.query_params.get(SCENARIO)
    if mine.kept is None:
        if shown is not None:
            st.query_params.pop(SCENARIO, None)
    elif shown != mine.kept.id:
        st.query_params[SCENARIO] = mine.kept.id
