"""Who is signed in: password check, sessions on the server, their end.

The browser holds a random token in a cookie; the server keeps only the token's SHA-256. A
session ends after an idle time, after its longest time, on sign-out, and when the operator's
hash changes. `look_up` never prolongs a session; only `touch` does, which the gate calls for
what a person did.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
import zlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Scope

from allocator.operators import decoy_hash, verify_password
from console.gate.settings import GateSettings, SettingsFile

_MOST_CHECKS_AT_ONCE = 1  # argon2id takes 64 MB and some 50 ms a check


@dataclass(frozen=True, slots=True)
class SignIn:
    """The outcome of a try. `token` "" = refused; `wait` = seconds to hold the answer back;
    `locked_for` = seconds until the next try is looked at (0 = not locked)."""

    token: str = ""
    wait: float = 0.0
    locked_for: float = 0.0


@dataclass(slots=True)
class _Session:
    operator: str
    stored_hash: str
    opened: float
    active: float


class Access:
    """The one register of sessions and failures of this process. Thread-safe."""

    def __init__(
        self, settings: Callable[[], GateSettings] | None = None, clock: Clock = time.monotonic
    ) -> None:
        self._settings = settings or SettingsFile()
        self._clock = clock
        self._throttle = Throttle(clock)
        self._sessions: dict[str, _Session] = {}
        self._lock = threading.Lock()
        self._checks = threading.Semaphore(_MOST_CHECKS_AT_ONCE)

    @property
    def settings(self) -> GateSettings:
        """The secrets file's present settings."""
        return self._settings()

    @property
    def is_configured(self) -> bool:
        """True when somebody could sign in."""
        return bool(self.settings.operators)

    def sign_in(self, operator: str, password: str, address: str) -> SignIn:
        """Check a password and open a session. Takes one argon2id check, whoever asks."""
        settings = self.settings
        operators = settings.operators
        stored = operators.get(operator, "")
        known = bool(stored)
        decoy = _decoy(next(iter(operators.values()), ""))
        with self._checks:  # also orders the tries, so that a burst cannot outrun the lock
            locked = self._throttle.locked_for(operator, address, known=known)
            if locked > 0:
                return SignIn(locked_for=locked)
            if not (verify_password(stored or decoy, password) and known):
                wait = self._throttle.failed(
                    operator,
                    address,
                    known=known,
                    limits=Limits(settings.lockout_attempts, settings.lockout_seconds),
                )
                locked = self._throttle.locked_for(operator, address, known=known)
                return SignIn(wait=wait, locked_for=locked)
            self._throttle.succeeded(operator)
            return SignIn(token=self._open(operator, stored))

    def look_up(self, token: str | None) -> str | None:
        """The operator of a live session, None when there is none. Does not prolong it."""
        if not token:
            return None
        settings, key = self.settings, _key(token)
        with self._lock:
            session = self._sessions.get(key)
            if session is None:
                return None
            if not self._is_live(session, settings):
                del self._sessions[key]
                return None
            return session.operator

    def touch(self, token: str | None) -> str | None:
        """`look_up`, and the idle time starts again: call it for what a person did."""
        operator = self.look_up(token)
        if operator is not None and token:
            with self._lock:
                if session := self._sessions.get(_key(token)):
                    session.active = self._clock()
        return operator

    def sign_out(self, token: str | None) -> None:
        """End the session, in every tab."""
        if token:
            with self._lock:
                self._sessions.pop(_key(token), None)

    def _open(self, operator: str, stored: str) -> str:
        token, now = secrets.token_urlsafe(32), self._clock()
        settings = self.settings
        with self._lock:
            for key in [k for k, s in self._sessions.items() if not self._is_live(s, settings)]:
                del self._sessions[key]
            self._sessions[_key(token)] = _Session(operator, stored, now, now)
        return token

    def _is_live(self, session: _Session, settings: GateSettings) -> bool:
        now = self._clock()
        return (
            settings.operators.get(session.operator) == session.stored_hash
            and now - session.active < settings.idle_seconds
            and now - session.opened < settings.longest_seconds
        )


@lru_cache(maxsize=1)
def the_access() -> Access:
    """The register that the gate and the pages of this process share."""
    return Access()


@lru_cache(maxsize=8)
def _decoy(like: str) -> str:
    return decoy_hash(like)


def _key(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


Clock = Callable[[], float]

WINDOW = 15 * 60.0
# An address may fail this many times as often as a name before it is locked as well.
ADDRESS_FACTOR = 4
# Behind a proxy every client shares one counter: a forwarded address can be forged.
FORWARDED = "forwarded"
FORWARDED_FACTOR = 20
_UNKNOWN_COUNTERS = 4096
_MOST_ADDRESSES = 10_000


@dataclass(slots=True)
class _Counter:
    failures: int = 0
    first: float = 0.0
    locked_until: float = 0.0


@dataclass(frozen=True, slots=True)
class Limits:
    """`attempts` wrong passwords within 15 minutes lock a name for `seconds`."""

    attempts: int = 5
    seconds: float = 5 * 60.0


class Throttle:
    """Thread-safe failure counters; times in seconds of `clock`."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._names: dict[str, _Counter] = {}
        self._addresses: OrderedDict[str, _Counter] = OrderedDict()
        self._lock = threading.Lock()

    def locked_for(self, name: str, address: str, *, known: bool) -> float:
        """Seconds until this name may be tried from this address again; 0 when it may now."""
        with self._lock:
            now = self._clock()
            counters = (self._name(name, known), self._address(address))
            return max(0.0, *(c.locked_until - now for c in counters))

    def failed(self, name: str, address: str, *, known: bool, limits: Limits) -> float:
        """Count a failure; the seconds by which to hold back the answer (0.5, 1, 2, 4, 4 …)."""
        factor = FORWARDED_FACTOR if address == FORWARDED else ADDRESS_FACTOR
        with self._lock:
            counter = self._name(name, known)
            self._count(counter, limits.attempts, limits.seconds)
            self._count(self._address(address), factor * limits.attempts, limits.seconds)
            return min(4.0, 0.25 * 2.0**counter.failures)

    def succeeded(self, name: str) -> None:
        """Forget this operator's failures. The address keeps its own."""
        with self._lock:
            self._names.pop(name, None)

    def _count(self, counter: _Counter, limit: int, seconds: float) -> None:
        now = self._clock()
        is_over = counter.locked_until and now >= counter.locked_until
        if is_over or now - counter.first > WINDOW:
            counter.failures, counter.first, counter.locked_until = 0, now, 0.0
        counter.failures += 1
        if counter.failures >= limit:
            counter.locked_until = now + seconds

    def _name(self, name: str, known: bool) -> _Counter:
        bucket = zlib.crc32(name.encode()) % _UNKNOWN_COUNTERS
        return self._names.setdefault(name if known else f"\0unknown {bucket}", _Counter())

    def _address(self, address: str) -> _Counter:
        counter = self._addresses.setdefault(address, _Counter())
        self._addresses.move_to_end(address)
        if len(self._addresses) > _MOST_ADDRESSES:
            self._addresses.popitem(last=False)
        return counter


COOKIE = "allocator_session"
FORM_COOKIE = "allocator_form"


def session_token(headers: Headers) -> str | None:
    """The session cookie's value; None when there is none, or more than one."""
    found = []
    for line in headers.getlist("cookie"):
        for part in line.split(";"):
            name, _, value = part.strip().partition("=")
            if name == COOKIE:
                found.append(value.strip('"'))
    return found[0] if len(found) == 1 and found[0] else None


def set_cookie(response: Response, scope: Scope, name: str, value: str, *, secure: bool) -> None:
    """Hand the browser a cookie; an empty value takes it away. It is Secure on an encrypted
    connection, and always when the configuration says so."""
    response.set_cookie(
        name,
        value,
        max_age=None if value else 0,
        path="/",
        secure=secure or is_tls(scope),
        httponly=True,
        samesite="strict",
    )


def is_tls(scope: Scope) -> bool:
    """True when the browser's connection is encrypted, as far as the server can tell."""
    return bool(scope.get("scheme") in ("https", "wss"))
