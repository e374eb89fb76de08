"""Who is signed in: password check, sessions on the server, their end.

The browser holds a random token in a cookie; the server keeps only the token's SHA-256. A
session ends after an idle time, after its longest time, on sign-out, and when the operator's
hash changes. `look_up` never prolongs a session; only `touch` does, which the gate calls for
what a person did.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Scope

from allocator import log
from allocator.log import Event
from allocator.operators import decoy_hash, verify_password
from console.gate.caller import is_tls
from console.gate.settings import GateSettings, SettingsFile
from console.gate.throttle import Clock, Limits, Throttle

MOST_SESSIONS = 2_000
"""Beyond them the one that was idle for longest ends."""
_MOST_CHECKS_AT_ONCE = 1  # argon2id takes 64 MB and some 50 ms a check


@dataclass(frozen=True, slots=True)
class SignIn:
    """The outcome of a try. `token` "" = refused; `device`: the browser's next device cookie;
    `wait` = seconds to hold the answer back; `locked_for` = seconds until the next try is looked
    at (0 = not locked)."""

    token: str = ""
    device: str = ""
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

    def sign_in(self, operator: str, password: str, address: str, cookie: str = "") -> SignIn:
        """Check a password and open a session. `cookie`: the browser's device cookie.

        Takes one argon2id check, whoever asks, unless the name or the address is locked.
        """
        settings = self.settings
        operators = settings.operators
        known = operator in operators
        stored = operators.get(operator) or _decoy(next(iter(operators.values()), ""))
        device = device_of(cookie, operator, stored)
        with self._checks:  # also orders the tries, so that a burst cannot outrun the lock
            locked = self._throttle.locked_for(operator, address, device)
            if locked > 0:
                return SignIn(locked_for=locked)
            if verify_password(stored, password) and known:
                self._throttle.succeeded(device)
                log.event(Event.SIGN_IN, operator=operator)
                return SignIn(self._open(operator, stored), with_device(cookie, operator, stored))
            limits = Limits(settings.lockout_attempts, settings.lockout_seconds)
            failure = self._throttle.failed(operator, address, device, limits=limits)
            locked = self._throttle.locked_for(operator, address, device)
        # What was typed as an unknown name may be a password.
        named = operator if known else ""
        log.event(Event.SIGN_IN_FAILED, operator=named, outcome="" if known else "unknown name")
        if failure.locks:
            log.event(Event.LOCKOUT, operator=named, outcome="" if known else "unknown name")
        return SignIn(wait=failure.wait, locked_for=locked)

    def is_known_browser(self, operator: str, cookie: str) -> bool:
        """True when this browser has signed in as this operator before."""
        stored = self.settings.operators.get(operator)
        return bool(stored and device_of(cookie, operator, stored))

    def locked_for(self, operator: str, address: str, cookie: str) -> float:
        """Seconds until a try from here is looked at, without trying."""
        stored = self.settings.operators.get(operator, "")
        device = device_of(cookie, operator, stored) if stored else ""
        return self._throttle.locked_for(operator, address, device)

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
                ended = self._sessions.pop(_key(token), None)
            if ended:
                log.event(Event.SIGN_OUT, operator=ended.operator)

    def _open(self, operator: str, stored: str) -> str:
        token, now = secrets.token_urlsafe(32), self._clock()
        settings = self.settings
        with self._lock:
            for key in [k for k, s in self._sessions.items() if not self._is_live(s, settings)]:
                del self._sessions[key]
            self._sessions[_key(token)] = _Session(operator, stored, now, now)
            while len(self._sessions) > MOST_SESSIONS:
                del self._sessions[min(self._sessions, key=lambda k: self._sessions[k].active)]
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


SESSION = "allocator_session"
FORM = "allocator_form"
DEVICE = "allocator_device"
DEVICE_AGE = 180 * 24 * 3600
_HOST = "__Host-"
_MOST_MARKS = 8  # operators who share a browser


def read_cookie(scope: Scope, name: str) -> str:
    """A cookie's value; "" when there is none, or more than one of this name."""
    wanted, found = name_of(name, tls=is_tls(scope)), []
    for line in Headers(scope=scope).getlist("cookie"):
        for part in line.split(";"):
            key, _, value = part.strip().partition("=")
            if key == wanted:
                found.append(value.strip('"'))
    return found[0] if len(found) == 1 else ""


def session_in(cookies: Mapping[str, str]) -> str | None:
    """The session's token among the cookies of a socket that the gate let through."""
    return cookies.get(name_of(SESSION, tls=True)) or cookies.get(SESSION)


def set_cookie(
    response: Response, scope: Scope, name: str, value: str, *, age: int | None = None
) -> None:
    """Hand the browser a cookie, until it closes or for `age` seconds; "" takes it away."""
    response.set_cookie(
        name_of(name, tls=is_tls(scope)),
        value,
        max_age=age if value else 0,
        path="/",
        secure=is_tls(scope),
        httponly=True,
        samesite="strict",
    )


def name_of(name: str, *, tls: bool) -> str:
    """The cookie's name on the wire."""
    return _HOST + name if tls else name


def device_of(cookie: str, operator: str, stored_hash: str) -> str:
    """What tells this browser from others that signed in as this operator; "" when it never did.

    The cookie is signed with a key made from the operator's stored hash: it outlives a restart,
    and ends when the hash changes.
    """
    for mark in cookie.split("~")[:_MOST_MARKS]:
        device, _, signature = mark.partition(".")
        expected = _signature(device, operator, stored_hash)
        if device and hmac.compare_digest(signature.encode(), expected.encode()):
            return device
    return ""


def with_device(cookie: str, operator: str, stored_hash: str) -> str:
    """The device cookie after a sign-in of this operator, the newest mark first."""
    marks = [mark for mark in cookie.split("~") if mark.isascii() and mark.count(".") == 1]
    device = device_of(cookie, operator, stored_hash) or secrets.token_hex(16)
    own = f"{device}.{_signature(device, operator, stored_hash)}"
    others = [mark for mark in marks if mark != own and len(mark) == len(own)]
    return "~".join([own, *others[: _MOST_MARKS - 1]])


def _signature(device: str, operator: str, stored_hash: str) -> str:
    key = hashlib.sha256(b"device cookie " + stored_hash.encode()).digest()
    return hmac.new(
        key, f"{device} {operator}".encode("utf-8", "replace"), hashlib.sha256
    ).hexdigest()
