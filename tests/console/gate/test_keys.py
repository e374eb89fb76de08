"""The key of the HTTP triggers: wrong ones are slowed, and never keep the right one out."""

from __future__ import annotations

import asyncio

from argon2 import PasswordHasher
from starlette.datastructures import Headers

from console.gate.throttle import PER_MINUTE, WRONG_PER_MINUTE, ApiKeys

RIGHT = "a long key for the scheduler"
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)  # so that hundreds are quick
HASH = CHEAP.hash(RIGHT)


class Bench:
    """Keys with a clock that stands still."""

    def __init__(self) -> None:
        self.keys = ApiKeys(lambda: 1000.0)
        self.stored: str | None = HASH

    def status(self, *keys: str) -> int:
        """The answer to a call with these key headers; 200 = let through."""
        headers = Headers(raw=[(b"x-api-key", key.encode()) for key in keys])
        refusal = asyncio.run(self.keys.refusal(self.stored, headers))
        return 200 if refusal is None else refusal.status_code


def test_wrong_keys_never_keep_the_right_one_out_before_its_first_use():
    bench = Bench()
    codes = [bench.status(f"guess {number}") for number in range(WRONG_PER_MINUTE * 5)]
    assert codes == [401] * WRONG_PER_MINUTE + [429] * WRONG_PER_MINUTE * 4
    assert bench.status(RIGHT) == 200
    assert bench.status("guess") == 429
    assert bench.status(RIGHT) == 200


def test_right_key_has_a_budget_that_wrong_ones_do_not_use():
    bench = Bench()
    codes = [bench.status(RIGHT) for _ in range(PER_MINUTE)]
    assert set(codes) == {200}
    assert bench.status(RIGHT) == 429
    assert bench.status("guess") == 401


def test_changed_hash_ends_the_old_key():
    bench = Bench()
    assert bench.status(RIGHT) == 200
    bench.stored = CHEAP.hash("quite another key")
    assert bench.status(RIGHT) == 401
    assert bench.status("quite another key") == 200
    bench.stored = None
    assert bench.status("quite another key") == 401


def test_no_key_an_empty_one_and_two_are_no_key():
    bench = Bench()
    assert [bench.status(), bench.status(""), bench.status(RIGHT, RIGHT)] == [401] * 3
