"""Drafts: written behind the page's back, found again at once, bounded, and told when they cannot
be kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from allocator.errors import MissingTable, Unreachable
from console.state import backend, drafts
from console.state.drafts import MARKS, MOST_HELD, SCENARIO, Keeper, ago, digest
from tests.console.conftest import connect_pages
from tests.services import hidden
from tests.waiting import PATIENCE

RUN = str(uuid4())


def kept(keeper: Keeper, number: int = 0, operator: str = "Ada") -> None:
    keeper.keep(operator, RUN, SCENARIO, f"draft {number}", {"number": number})


def names(rows) -> list[str]:
    return [row.name for row in rows]


@pytest.fixture
def keeper(connected):
    yield drafts.keeper()
    drafts.keeper().stop()


def test_a_draft_is_found_at_once_and_by_the_next_process(keeper, connected):
    kept(keeper, 1)
    assert names(keeper.of("Ada", RUN, SCENARIO)) == ["draft 1"]
    assert keeper.written(PATIENCE)
    [row] = connected.rows("select * from allocator_console_drafts")
    assert (row["operator"], row["content"]) == ("Ada", {"number": 1})
    backend.store().drop()
    assert names(Keeper().of("Ada", RUN, SCENARIO)) == ["draft 1"]


def test_drafts_belong_to_an_operator_a_run_and_a_kind(keeper):
    kept(keeper, 1)
    assert keeper.written(PATIENCE)
    assert not keeper.of("Bob", RUN, SCENARIO)
    assert not keeper.of("Ada", RUN, MARKS)
    assert not keeper.of("Ada", str(uuid4()), SCENARIO)


def test_what_is_handed_in_last_counts_and_what_is_dropped_is_gone(keeper, connected):
    for number in range(30):
        keeper.keep("Ada", RUN, SCENARIO, "one", {"number": number})
    assert keeper.written(PATIENCE)
    assert connected.rows("select content from allocator_console_drafts") == [
        {"content": {"number": 29}}
    ]
    assert keeper.last("Ada", RUN, SCENARIO, "one") == digest({"number": 29})
    keeper.drop("Ada", RUN, SCENARIO, "one")
    assert not keeper.of("Ada", RUN, SCENARIO)
    assert keeper.written(PATIENCE)
    assert not connected.rows("select * from allocator_console_drafts")


def test_the_database_keeps_the_newest_20_of_an_operator_for_30_days(keeper, connected):
    kept(keeper, 99, "Bob")
    assert keeper.written(PATIENCE)
    connected.rows("update allocator_console_drafts set updated_at = now() - interval '31 days'")
    for number in range(23):
        kept(keeper, number)
        assert keeper.written(PATIENCE)
    rows = connected.rows("select name from allocator_console_drafts")
    assert {row["name"] for row in rows} == {f"draft {number}" for number in range(3, 23)}


def test_without_the_table_it_says_so_and_does_not_try_again(keeper, connected):
    with hidden(connected, "table", "allocator_console_drafts"):
        kept(keeper)
        assert keeper.written(PATIENCE)
        assert isinstance(keeper.problem, MissingTable)
        assert names(keeper.of("Ada", RUN, SCENARIO)) == ["draft 0"]


def test_a_database_that_is_away_gets_the_drafts_when_it_is_back(
    connected, unreachable, monkeypatch
):
    monkeypatch.setattr(drafts, "RETRY_SECONDS", 0.01)
    keeper = drafts.keeper()
    for number in range(MOST_HELD + 5):
        kept(keeper, number, f"operator {number % 50}")
    assert keeper.of("operator 4", RUN, SCENARIO)
    assert isinstance(keeper.problem, Unreachable)
    assert len(keeper._held) == MOST_HELD  # the bound that docs/decisions/state.md states
    keeper.stop()
    connect_pages(monkeypatch, connected.info.url, connected.info.service_role_key)
    keeper = drafts.keeper()
    kept(keeper)
    assert keeper.written(PATIENCE)
    assert keeper.problem is None


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (timedelta(seconds=20), "less than a minute ago"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(minutes=59), "59 minutes ago"),
        (timedelta(hours=5, minutes=50), "5 hours ago"),
        (timedelta(days=3), "3 days ago"),
    ],
)
def test_age_in_words(age, words):
    now = datetime.now(UTC)
    assert ago(now - age, now) == words
