"""Password check, lock and sessions, with a clock that the test moves."""

from __future__ import annotations

from dataclasses import replace
from zlib import crc32

import pytest
from argon2 import PasswordHasher, extract_parameters

from allocator import config
from allocator.operators import verify_password
from console.gate import access
from console.gate.access import Access, device_of, with_device
from console.gate.settings import GateSettings
from tests.console.server import QUICK, ROOT

PASSWORD = "correct horse battery"
HASH = QUICK.hash(PASSWORD)


class Bench:
    """Access with settings and a clock in the test's hands."""

    def __init__(self, hashed: str = HASH) -> None:
        self.now = 1000.0
        self.settings = GateSettings(operators={"ada": hashed, "grace": hashed}, idle_seconds=600)
        self.access = Access(lambda: self.settings, clock=lambda: self.now)

    def token(self, name: str = "ada") -> str:
        return self.access.sign_in(name, PASSWORD, "10.0.0.1").token

    def fail(self, name: str = "ada", times: int = 1, address: str = "10.0.0.1"):
        return [self.access.sign_in(name, "wrong", address) for _ in range(times)][-1]


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_right_password_opens_session(bench):
    assert bench.access.look_up(bench.token()) == "ada"


def test_wrong_password_unknown_operator_and_made_up_token_open_nothing(bench):
    assert not bench.fail().token
    assert not bench.access.sign_in("nobody", PASSWORD, "10.0.0.1").token
    assert not bench.access.sign_in("", "", "10.0.0.1").token
    assert bench.access.look_up("made up") is None
    assert bench.access.look_up("") is None
    assert bench.access.look_up(None) is None


def test_each_wrong_password_slows_the_answer(bench):
    waits = [bench.fail().wait for _ in range(4)]
    assert waits == [0.5, 1.0, 2.0, 4.0]


@pytest.mark.parametrize("name", ["ada", "nobody"])
def test_five_wrong_passwords_from_anywhere_lock_the_name(bench, name):
    for number in range(5):
        outcome = bench.fail(name, address=f"10.0.0.{number}")
    assert outcome.locked_for == 300
    locked = bench.access.sign_in(name, PASSWORD, "10.9.9.9")
    assert (locked.token, locked.locked_for) == ("", 300)


def test_lock_ends_after_its_time(bench):
    bench.fail(times=5)
    bench.now += 299
    assert not bench.token()
    bench.now += 2
    assert bench.token()


def test_lock_of_one_name_leaves_others_alone(bench):
    bench.fail(times=5)
    assert bench.token("grace")


def test_sign_in_of_the_owner_does_not_show_in_the_lock_of_the_name(bench):
    bench.fail(times=4)
    assert bench.token()
    assert bench.fail().locked_for == 300


def test_owner_has_a_budget_of_his_own_in_a_browser_that_signed_in_before(bench):
    known = bench.access.sign_in("ada", PASSWORD, "10.0.0.1").device
    for number in range(130):
        bench.fail("ada" if number % 2 else f"guess {number}", address=f"10.0.{number % 7}.1")
    assert bench.access.sign_in("ada", PASSWORD, "10.0.0.1").locked_for > 0
    assert bench.access.sign_in("ada", PASSWORD, "10.0.0.1", known).token
    for _ in range(4):
        bench.access.sign_in("ada", "wrong", "10.0.0.1", known)
    assert bench.access.sign_in("ada", PASSWORD, "10.0.0.1", known).token
    for _ in range(5):
        bench.access.sign_in("ada", "wrong", "10.0.0.1", known)
    assert bench.access.sign_in("ada", PASSWORD, "10.0.0.1", known).locked_for == 300


def test_known_browser_is_known_for_its_own_operators_alone(bench):
    known = bench.access.sign_in("ada", PASSWORD, "10.0.0.1").device
    assert bench.access.is_known_browser("ada", known)
    for other in ("grace", "nobody", ""):
        assert not bench.access.is_known_browser(other, known)
    both = bench.access.sign_in("grace", PASSWORD, "10.0.0.1", known).device
    assert bench.access.is_known_browser("ada", both)
    assert bench.access.is_known_browser("grace", both)
    bench.settings = replace(bench.settings, operators={"ada": QUICK.hash("another password")})
    assert not bench.access.is_known_browser("ada", both)


@pytest.mark.parametrize(
    "forged", ["", "~", ".", "x.y", "é.é", "~".join("a.b" for _ in range(999))]
)
def test_made_up_device_cookies_are_nothing(forged):
    assert device_of(forged, "ada", HASH) == ""
    own = with_device(forged, "ada", HASH)
    assert device_of(own, "ada", HASH)
    assert len(own) < 1000


def test_names_that_share_a_public_hash_are_locked_apart(bench):
    """crc32 modulo 4096 of these is equal: once, a lock of one showed that both were unknown."""
    first = "guess 0"
    twin = next(
        name
        for name in (f"guess {number}" for number in range(1, 50_000))
        if crc32(name.encode()) % 4096 == crc32(first.encode()) % 4096
    )
    bench.fail(first, times=5)
    assert bench.access.locked_for(first, "10.9.9.9", "") > 0
    assert bench.access.locked_for(twin, "10.9.9.9", "") == 0


def test_old_failures_no_longer_count(bench):
    bench.fail(times=4)
    bench.now += 16 * 60
    assert bench.fail().locked_for == 0


def test_guessing_many_names_locks_the_address(bench):
    for number in range(20):
        bench.fail(f"guess {number}", address="10.6.6.6")
    assert bench.access.sign_in("ada", PASSWORD, "10.6.6.6").locked_for > 0
    assert bench.token()


def test_clients_of_one_network_share_the_count_of_their_address(bench):
    for number in range(20):
        bench.fail(f"guess {number}", address=f"2001:db8:1:2::{number:x}")
    assert bench.access.sign_in("ada", PASSWORD, "2001:db8:1:2:ffff::1").locked_for > 0
    assert bench.access.sign_in("ada", PASSWORD, "2001:db8:1:3::1").token


def test_unknown_operator_costs_one_check_as_dear_as_a_known_one(monkeypatch):
    """The answer's time is the check's, whose cost is in the hash."""
    dearer = PasswordHasher(time_cost=2, memory_cost=64, parallelism=2).hash(PASSWORD)
    bench, checked = Bench(dearer), []

    def check(stored: str, password: str) -> bool:
        checked.append((extract_parameters(stored), password))
        return verify_password(stored, password)

    monkeypatch.setattr(access, "verify_password", check)
    for name in ("ada", "nobody"):
        assert not bench.fail(name).token
    assert checked == [(extract_parameters(dearer), "wrong")] * 2


def test_idle_session_ends_and_looking_does_not_keep_it(bench):
    token = bench.token()
    for _ in range(6):
        bench.now += 101
        still_there = bench.access.look_up(token)
    assert still_there is None


def test_activity_keeps_session_until_its_longest_time(bench):
    token = bench.token()
    bench.now += 599
    assert bench.access.touch(token) == "ada"
    bench.now += 599
    assert bench.access.look_up(token) == "ada"
    for _ in range(100):
        bench.now += 500
        bench.access.touch(token)
    assert bench.access.touch(token) is None


def test_sign_out_ends_the_session_but_not_another(bench):
    mine, other = bench.token(), bench.token("grace")
    bench.access.sign_out(mine)
    assert bench.access.look_up(mine) is None
    assert bench.access.look_up(other) == "grace"


def test_changed_or_removed_hash_ends_sessions(bench):
    ada, grace = bench.token(), bench.token("grace")
    bench.settings = replace(bench.settings, operators={"ada": QUICK.hash("another password")})
    assert bench.access.look_up(ada) is None
    assert bench.access.look_up(grace) is None


def test_nobody_configured_is_said(bench):
    bench.settings = GateSettings()
    assert not bench.access.is_configured
    assert not bench.token()


def test_example_of_the_secrets_file_names_every_option_with_its_default(monkeypatch):
    example = ROOT / ".streamlit" / "secrets.toml.example"
    monkeypatch.setenv(config.SECRETS_VARIABLE, str(example))
    assert config.console_options() == config.ConsoleOptions()
    assert set(config.load_secrets()["console"]) == set(config.ConsoleOptions.model_fields)
    assert not config.operators()
    assert config.api_key_hash() is None


def test_sessions_are_bounded_and_the_longest_idle_one_ends(bench, monkeypatch):
    monkeypatch.setattr(access, "MOST_SESSIONS", 3)
    tokens = []
    for _ in range(3):
        tokens.append(bench.token())
        bench.now += 1
    bench.access.touch(tokens[0])
    tokens.append(bench.token())
    assert [bool(bench.access.look_up(token)) for token in tokens] == [True, False, True, True]
