"""Guessing: what wrong passwords and wrong keys cost, and whom they never keep out."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from starlette.datastructures import Headers

from console.gate.throttle import PER_MINUTE, WRONG_PER_MINUTE, ApiKeys
from tests.console.gate.conftest import LOCK
from tests.console.server import (
    OPERATOR,
    PASSWORD,
    QUICK,
    ConsoleServer,
    secrets_text,
    sign_in,
)


def guess_together(server: ConsoleServer, tries: list[tuple[str, dict[str, str]]]) -> list[int]:
    """Wrong passwords for these names, with these headers, at the same time; the status codes."""

    def guess(one: tuple[str, dict[str, str]]) -> int:
        name, headers = one
        with server.browser() as client:
            return sign_in(client, name, "wrong password", **headers).status_code

    with ThreadPoolExecutor(32) as callers:
        return list(callers.map(guess, tries))


def test_wrong_passwords_from_many_addresses_lock_the_name(server):
    addresses = [{"X-Forwarded-For": f"10.0.0.{number}"} for number in range(6)]
    assert 429 in guess_together(server, [("Locked", address) for address in addresses])
    answer = sign_in(server.browser(), "Locked", "wrong password")
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 200
    assert sign_in(server.browser(), "Locked", PASSWORD).status_code == 429
    assert sign_in(server.browser(), "Grace", PASSWORD).status_code == 303


def test_owner_signs_in_after_130_wrong_tries_by_others(server):
    """Behind one proxy, from the owner's own address, for his name and for made-up ones."""
    with server.browser() as owner:
        here = {"X-Forwarded-For": "198.51.100.1, 10.1.1.1"}
        assert sign_in(owner, "Guessed", PASSWORD, **here).status_code == 303
        owner.post("/sign-out")
        names = ["Guessed", *(f"guess {number}" for number in range(64))] * 2
        codes = guess_together(server, [(name, here) for name in names])
        assert codes.count(429) >= 100
        with server.browser() as stranger:
            assert sign_in(stranger, "Guessed", PASSWORD, **here).status_code == 429
        assert sign_in(owner, "Guessed", PASSWORD, **here).status_code == 303


def test_clients_behind_a_proxy_are_counted_apart(server):
    # What the client wrote comes first, what our proxy saw comes last.
    forged = {"X-Forwarded-For": "10.1.1.2, 10.6.6.6"}
    guess_together(server, [(f"forged {number}", forged) for number in range(24)])
    assert sign_in(server.browser(), "Grace", PASSWORD, **forged).status_code == 429
    other = {"X-Forwarded-For": "10.6.6.6, 10.1.1.2"}
    assert sign_in(server.browser(), "Grace", PASSWORD, **other).status_code == 303


def test_header_of_a_peer_that_is_no_proxy_is_not_believed(server):
    with server.other_secrets(secrets_text(console="trusted_proxies = []")):
        addresses = [{"X-Forwarded-For": f"10.0.0.{number}"} for number in range(24)]
        guess_together(server, [(f"claim {n}", claim) for n, claim in enumerate(addresses)])
        claimed = {"X-Forwarded-For": "10.9.9.9", "X-Forwarded-Proto": "https"}
        answer = sign_in(server.browser(), OPERATOR, PASSWORD, **claimed)
        assert answer.status_code == 429
        assert "strict-transport-security" not in answer.headers
        assert "trusted_proxies" in server.log
    server.pass_time(LOCK)  # the address of this machine was locked, not the claimed ones


RIGHT = "a long key for the scheduler"
HASH = QUICK.hash(RIGHT)


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
    bench.stored = QUICK.hash("quite another key")
    assert bench.status(RIGHT) == 401
    assert bench.status("quite another key") == 200
    bench.stored = None
    assert bench.status("quite another key") == 401


def test_no_key_an_empty_one_and_two_are_no_key():
    bench = Bench()
    assert [bench.status(), bench.status(""), bench.status(RIGHT, RIGHT)] == [401] * 3
