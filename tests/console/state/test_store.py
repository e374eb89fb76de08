"""The bounded store: what it keeps, what goes first, and what never goes."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import pytest

from console.state.store import Store
from tests.waiting import PATIENCE


@dataclass
class Weighing:
    """A value of so many megabytes."""

    megabytes: float

    @property
    def weight(self) -> int:
        return int(self.megabytes * 1e6)


def test_least_recently_used_goes_first():
    store = Store(limit_mb=10)
    for name in "abc":
        store.put((name,), Weighing(3))
    assert store.get(("a",)) is not None
    store.put(("d",), Weighing(3))
    assert store.get(("b",)) is None
    assert all(store.get((name,)) for name in "acd")
    assert store.weight <= 10e6


def test_value_beyond_the_limit_stays_alone():
    store = Store(limit_mb=10)
    store.put(("a",), Weighing(3))
    store.put(("huge",), Weighing(50))
    assert store.get(("a",)) is None
    assert store.get(("huge",)) is not None


def test_value_that_grew_pushes_others_out_when_trimmed():
    store = Store(limit_mb=10)
    grows = Weighing(1)
    store.put(("other",), Weighing(5))
    store.put(("grows",), grows)
    grows.megabytes = 9
    store.trim()
    assert store.get(("other",)) is None
    assert store.get(("grows",)) is grows


def test_exempt_values_neither_go_nor_count():
    precious = Weighing(50)
    store = Store(limit_mb=10, exempt=lambda value: value is precious)
    store.put(("precious",), precious)
    for name in "abc":
        store.put((name,), Weighing(3))
    assert store.get(("precious",)) is precious
    assert all(store.get((name,)) for name in "abc")


def test_value_is_made_once_however_many_ask():
    store, made, start = Store(), [], threading.Barrier(8, timeout=PATIENCE)

    def make():
        made.append(1)
        return object()

    found = []

    def ask():
        start.wait()
        found.append(store.made(("run",), make))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert len(made) == 1
    assert len(set(map(id, found))) == 1


def test_value_is_made_anew_when_it_is_too_old():
    now = [0.0]
    store = Store(clock=lambda: now[0])
    first = store.made(("run",), object, max_age=5)
    now[0] = 5.0
    assert store.made(("run",), object, max_age=5) is first
    now[0] = 5.1
    assert store.made(("run",), object, max_age=5) is not first


def test_failure_to_make_is_passed_on_and_keeps_nothing():
    store = Store()

    def fail():
        raise OSError("no answer")

    with pytest.raises(OSError, match="no answer"):
        store.made(("run",), fail)
    assert store.made(("run",), lambda: 1) == 1


def test_drop_forgets_what_starts_so():
    store = Store()
    for key in (("run", "a", 1), ("run", "a", 2), ("run", "b", 1)):
        store.put(key, key)
    store.drop("run", "a")
    assert store.get(("run", "a", 1)) is None
    assert store.get(("run", "b", 1)) == ("run", "b", 1)
