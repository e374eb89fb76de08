"""A commit of each kind of fault that is quick to make; `python -m tests.faults` tries them all.

Kills of the server's processes: `tests/database/test_commit_crash.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest

from allocator.models import Settings
from tests.database.crashes import wait_until_settled
from tests.faults.__main__ import perform, schedule, table_of, theatre
from tests.faults.disk import Disks
from tests.faults.kinds import KINDS
from tests.faults.stage import Stage
from tests.faults.truth import Held, Told, Trial, held

Theatre = tuple[Stage, Disks]
QUICK = {
    "request dropped": {Told.UNKNOWN},
    "request sent twice": {Told.WRITTEN},
    "request delayed": {Told.WRITTEN, Told.UNKNOWN},
    "answer dropped": {Told.WRITTEN},
    "answer sent twice": {Told.WRITTEN},
    "answer delayed": {Told.WRITTEN},
    "gateway killed": set(Told),
    "command line interrupted": {Told.UNKNOWN},
    "two operators at once": {Told.WRITTEN, Told.REFUSED},
    "one operator in two tabs": {Told.WRITTEN, Told.REFUSED},
    "disk full": set(Told),
    "lock held": {Told.REFUSED},
    "lock outlasts the program": {Told.UNKNOWN},
}
"""Kind → what an operator may be told."""


@pytest.fixture(scope="module")
def stage_and_disks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theatre]:
    with theatre(tmp_path_factory.mktemp("faults")) as made:
        yield made


@pytest.mark.parametrize("kind", QUICK)
def test_commit_is_whole_or_absent_and_what_was_told_is_true(
    stage_and_disks: Theatre, kind: str
) -> None:
    trial = perform(kind, Random(kind), *stage_and_disks)
    assert trial.is_sound, trial
    told = {attempt.told for attempt in trial.attempts}
    assert told <= QUICK[kind], trial
    assert len(trial.attempts) == 1 or told == QUICK[kind], trial


@pytest.mark.parametrize(
    ("spoil", "counts"),
    [
        ("delete from allocator_console_audit where allocator_py_run = %s", (1, 0, 0)),
        ("update allocator_py_runs set completed_at = null where id = %s", (1, 0, 0)),
        (
            "delete from allocator_py_allocations where ctid = (select min(ctid)"
            " from allocator_py_allocations where allocator_py_run = %s)",
            (1, 0, 1),
        ),
        (
            "insert into allocator_py_completions (allocator_py_run, n_allocations, completed_at)"
            " select id, 8, completed_at from allocator_py_runs where id = %s",
            (0, 1, 0),
        ),
        (
            "update allocator_console_audit set operator = 'Eve' where allocator_py_run = %s",
            (0, 0, 1),
        ),
        (
            "update allocator_console_audit set settings = settings || '{\"seed\": 9}'"
            " where allocator_py_run = %s",
            (0, 0, 1),
        ),
    ],
)
def test_what_is_wrong_is_noticed(
    stage_and_disks: Theatre, spoil: str, counts: tuple[int, int, int]
) -> None:
    stage, _ = stage_and_disks
    attempt = stage.attempt(stage.new_run(Random(4)), "Ada", Settings())
    attempt.commit(stage.service())
    run = attempt.inputs.run.id
    sound, spoilt = (Trial("none", "", [attempt]) for _ in range(2))
    sound.judge(held(stage.database, run), "at first")
    assert sound.is_sound
    wait_until_settled(stage.database)
    stage.database.rows(spoil, run)
    spoilt.judge(held(stage.database, run), "spoilt")
    assert (spoilt.half_written, spoilt.double, spoilt.misattributed) == counts


def test_untruth_is_noticed(stage_and_disks: Theatre) -> None:
    stage, _ = stage_and_disks
    attempt = stage.attempt(stage.new_run(Random(6)), "Ada", Settings())
    run = attempt.inputs.run.id
    attempt.told, attempt.words = Told.WRITTEN, "as they say"
    trial = Trial("none", "", [attempt])
    trial.judge(held(stage.database, run), "now")
    assert trial.untrue == ["now it is not written, but was told: as they say"]
    attempt.commit(stage.service())
    attempt.hear(None, "Something went wrong.")
    trial = Trial("none", "", [attempt])
    trial.judge(Held(), "now")
    assert trial.untrue == ["it does not say whether it is written: Something went wrong."]
    attempt.told, attempt.words = Told.REFUSED, "Nothing was written."
    trial = Trial("none", "", [attempt])
    trial.judge(held(stage.database, run), "now")
    assert trial.untrue == ["now it is written, but was told: Nothing was written."]


def test_schedule_is_the_seed_s_and_fair() -> None:
    assert schedule(200, 7) == schedule(200, 7) != schedule(200, 8)
    counts = [schedule(200, 7).count(kind) for kind in KINDS]
    assert max(counts) - min(counts) <= 1


def test_table_counts_by_kind() -> None:
    soundly, wrongly = (Trial(kind, "", []) for kind in ("answer dropped", "gateway killed"))
    wrongly.count(Held("0" * 64, "Eve", half_written=True, double=True))
    columns = table_of([soundly, wrongly]).columns
    cells = [list(column.cells) for column in columns]
    assert cells[0] == ["answer dropped", "gateway killed", "All"]
    assert cells[1] == ["1", "1", "2"]
    assert cells[-4:-1] == [["0", "1", "1"]] * 3
