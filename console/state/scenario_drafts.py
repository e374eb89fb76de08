"""The scenario in hand: what the tab works on, undone and redone, and kept until it is saved.

What is not saved is the operator's own draft (see `drafts`), each under an id of its own: a reload,
another browser or signing in again brings it back, and opening something else loses none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from uuid import uuid4

import streamlit as st

from allocator.database.records import Draft
from allocator.errors import AllocatorError
from allocator.models import RunInputs, Settings
from allocator.scenario import Change, Scenario
from allocator.solved import AS_IT_IS
from console.state import drafts, solving
from console.state.scenario_store import StoredScenario, find_fresh, find_scenario, shelf
from console.ui import session

SCENARIO = "scenario"
"""The address's parameter."""
NEW = "New scenario"
_DRAFT = "what-if draft"
_ASIDE = "what-if drafts set aside"
MOST_ASIDE = 20
MOST_STEPS = 50
"""Steps that can be undone; they are the tab's."""


@dataclass(frozen=True, slots=True)
class ScenarioDraft:
    """A scenario in the making; `kept` is what it was opened from or last saved as.

    `turn` grows whenever something other than its own widget changes a value, so that widgets
    with it in their keys start anew from the scenario. `begun`: somebody did something to it.
    `undone` and `done` are the scenarios that redo and undo bring back, the nearest last.
    `restored_at` is when a draft that was found again was kept, `changed_at` when this tab last
    changed it; `seen` is the digest of what this tab last handed in to be kept.
    """

    scenario: Scenario
    kept: StoredScenario | None = None
    turn: int = 0
    id: str = field(default_factory=lambda: uuid4().hex)
    begun: bool = True
    done: tuple[Scenario, ...] = ()
    undone: tuple[Scenario, ...] = ()
    restored_at: datetime | None = None
    changed_at: datetime | None = None
    seen: str = ""

    @property
    def is_at_risk(self) -> bool:
        """Whether there is something that only the draft has."""
        return self.begun and not self.is_saved

    @property
    def is_saved(self) -> bool:
        """Whether the stored scenario is exactly this one."""
        return self.kept is not None and self.kept.scenario == self.scenario

    def key(self, name: str) -> str:
        """The key of a widget that shows a part of the scenario."""
        return f"{name} {self.scenario.run} {self.turn}"


@dataclass(frozen=True, slots=True)
class AsideDraft:
    """A draft that is not in hand; `kept_at` None: it is in this tab only."""

    id: str
    name: str
    kept_at: datetime | None = None

    @staticmethod
    def of(row: Draft) -> AsideDraft:
        """From what was kept."""
        scenario = row.content.get("scenario")
        name = scenario.get("name") if isinstance(scenario, Mapping) else ""
        return AsideDraft(row.name, str(name or NEW), row.updated_at)


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
    if mine is None and (found := _found_again(run_id, operator, wanted)):
        return found
    if wanted and (mine is None or mine.kept is None or mine.kept.id != wanted):
        kept = find_scenario(run_id, wanted)
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
    run_id = as_read.run.id
    name = shelf(run_id).free_name(NEW)
    scenario = replace(base(as_read), name=name, author=operator, run=run_id)
    return _put(ScenarioDraft(scenario, None, _turn(run_id), begun=False))


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


def change(run_id: str, scenario: Scenario, *, anew: bool = False) -> ScenarioDraft:
    """The draft's scenario becomes this one; `anew`: its widgets start from it again."""
    mine = _opened(run_id)
    done = (*mine.done, mine.scenario)[-MOST_STEPS:]
    return _step(mine, scenario, done, (), anew)


def undo(run_id: str) -> None:
    """Back to before the last change, if there is one."""
    mine = _opened(run_id)
    if mine.done:
        _step(mine, mine.done[-1], mine.done[:-1], (*mine.undone, mine.scenario), True)


def redo(run_id: str) -> None:
    """Make the change again that was undone last, if there is one."""
    mine = _opened(run_id)
    if mine.undone:
        _step(mine, mine.undone[-1], (*mine.done, mine.scenario), mine.undone[:-1], True)


def _step(
    mine: ScenarioDraft,
    scenario: Scenario,
    done: tuple[Scenario, ...],
    undone: tuple[Scenario, ...],
    anew: bool,
) -> ScenarioDraft:
    mine = replace(mine, done=done, undone=undone, begun=True, restored_at=None)
    return _put(replace(mine, scenario=scenario, turn=mine.turn + anew))


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


def set_aside(run_id: str, operator: str) -> list[AsideDraft]:
    """The operator's other drafts of the run, the latest first: kept ones, and this tab's."""
    mine = _load(run_id)
    kept = {row.id: row for row in map(AsideDraft.of, _kept_drafts(run_id, operator))}
    here = _aside(run_id).items()
    others = [AsideDraft(i, one.scenario.name) for i, one in here if i not in kept]
    return [one for one in (*kept.values(), *others) if mine is None or one.id != mine.id]


def take_up(run_id: str, operator: str, draft_id: str) -> ScenarioDraft | None:
    """Work on a draft that was set aside; None when it is gone or cannot be read."""
    row = drafts.keeper().find(operator, run_id, drafts.SCENARIO, draft_id)
    one = _from_kept(run_id, row) if row else _aside(run_id).get(draft_id)
    return _work_on_again(one) if one else None


def discard(as_read: RunInputs, operator: str) -> None:
    """Throw the draft away: what it was opened from is open again, else a new scenario."""
    mine = _opened(as_read.run.id)
    _forget_draft(mine, operator)
    kept = find_fresh(as_read.run.id, mine.kept.id) if mine.kept else None
    if kept is not None and kept.scenario is not None:
        open_kept(as_read.run.id, kept)
    else:
        start_new(as_read, operator)


def _put(mine: ScenarioDraft) -> ScenarioDraft:
    mine = _keep(mine)
    session.remember(_DRAFT, mine, mine.scenario.run)
    _show_in_address(mine)
    return mine


def _keep(mine: ScenarioDraft) -> ScenarioDraft:
    """Hand the draft in to be kept; another tab that works on the same draft gets one of its own,
    and what there is nothing to keep of is forgotten."""
    operator, run_id = session.current_operator(), mine.scenario.run
    if operator is None:
        return mine
    if not mine.is_at_risk:
        _forget_draft(mine, operator)
        return mine
    kept = mine.kept and {
        "id": mine.kept.id,
        "operator": mine.kept.operator,
        "updated_at": mine.kept.updated_at.isoformat(),
    }
    content = {"scenario": mine.scenario.as_dict(), "kept": kept}
    last = drafts.keeper().last(operator, run_id, drafts.SCENARIO, mine.id)
    if last and last != mine.seen:
        mine = replace(mine, id=uuid4().hex)
    mine = replace(mine, seen=drafts.digest(content), changed_at=datetime.now(UTC))
    drafts.keeper().keep(operator, run_id, drafts.SCENARIO, mine.id, content)
    here = {name: one for name, one in _aside(run_id).items() if name != mine.id}
    newest = [*here.items(), (mine.id, mine)][-MOST_ASIDE:]
    session.remember(_ASIDE, dict(newest), run_id)
    return mine


def _aside(run_id: str) -> dict[str, ScenarioDraft]:
    here: dict[str, ScenarioDraft] = session.remembered(_ASIDE, run_id, {})
    return here


def _forget_draft(mine: ScenarioDraft, operator: str) -> None:
    run_id = mine.scenario.run
    if mine.begun:
        drafts.keeper().drop(operator, run_id, drafts.SCENARIO, mine.id)
    here = _aside(run_id)
    session.remember(_ASIDE, {k: one for k, one in here.items() if k != mine.id}, run_id)


def _kept_drafts(run_id: str, operator: str) -> list[Draft]:
    return drafts.keeper().of(operator, run_id, drafts.SCENARIO)


def _found_again(run_id: str, operator: str, scenario_id: str) -> ScenarioDraft | None:
    """The operator's latest draft of the run, or of the scenario with this id, in this tab."""
    for kept in _kept_drafts(run_id, operator):
        one = _from_kept(run_id, kept)
        of = one.kept.id if one and one.kept else ""
        if one is not None and (not scenario_id or of == scenario_id):
            return _work_on_again(one)
    return None


def _work_on_again(one: ScenarioDraft) -> ScenarioDraft:
    """As it was kept: what is only looked at does not become younger."""
    run_id = one.scenario.run
    one = replace(one, turn=_turn(run_id))
    session.remember(_DRAFT, one, run_id)
    _show_in_address(one)
    return one


def _from_kept(run_id: str, row: Draft) -> ScenarioDraft | None:
    """None when this version cannot read it."""
    try:
        scenario = replace(Scenario.from_dict(row.content["scenario"]), run=run_id)
        kept = _as_opened(run_id, row.content.get("kept"))
    except (AllocatorError, KeyError, TypeError, ValueError):
        return None
    seen = drafts.digest(row.content)
    return ScenarioDraft(scenario, kept, id=row.name, restored_at=row.updated_at, seen=seen)


def _as_opened(run_id: str, row: Mapping[str, str] | None) -> StoredScenario | None:
    """What the draft was opened from, and as of when; None when that is gone."""
    kept = find_scenario(run_id, row["id"]) if row else None
    if row is None or kept is None:
        return None
    when = datetime.fromisoformat(row["updated_at"])
    return replace(_as_of(kept, run_id), operator=row["operator"], updated_at=when)


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
