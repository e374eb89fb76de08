"""What the gate reads from the secrets file, read again when the file changes.

So a new hash counts at once, without a restart, and ends the sessions of the old one.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from allocator import config
from allocator.errors import ConfigurationError

LOGGER = logging.getLogger(__name__)
LONGEST_SESSION = 12 * 3600.0


@dataclass(frozen=True, slots=True)
class GateSettings:
    """Who may sign in and for how long; times in seconds. `api_key_hash` None = triggers off."""

    operators: Mapping[str, str] = field(default_factory=dict, repr=False)
    api_key_hash: str | None = field(default=None, repr=False)
    idle_seconds: float = 30 * 60.0
    longest_seconds: float = LONGEST_SESSION
    lockout_attempts: int = 5
    lockout_seconds: float = 5 * 60.0
    secure_cookie: bool = False
    trusted_proxies: tuple[str, ...] = ("127.0.0.1", "::1")
    origins: tuple[str, ...] = ()


def read_settings() -> GateSettings:
    """The settings as the secrets file has them now. Raises ConfigurationError."""
    options = config.console_options()
    return GateSettings(
        operators=config.operators(),
        api_key_hash=config.api_key_hash(),
        idle_seconds=60 * options.idle_minutes,
        lockout_attempts=options.lockout_attempts,
        lockout_seconds=60 * options.lockout_minutes,
        secure_cookie=options.secure_cookie,
        trusted_proxies=options.trusted_proxies,
        origins=options.origins,
    )


class SettingsFile:
    """The settings of the secrets file, read again when its time stamp or size changes."""

    def __init__(
        self,
        read: Callable[[], GateSettings] = read_settings,
        path: Callable[[], Path] = config.secrets_path,
    ) -> None:
        self._read = read
        self._path = path
        self._stamp: tuple[str, int, int] | None = None
        self._settings = GateSettings()
        self._lock = threading.Lock()

    def __call__(self) -> GateSettings:
        """What the file says now; no operators while it is missing or has an error."""
        with self._lock:
            stamp = self._stamp_now()
            if stamp != self._stamp or stamp is None:
                self._settings, self._stamp = self._safely(stamp is not None), stamp
            return self._settings

    def _stamp_now(self) -> tuple[str, int, int] | None:
        try:
            path = self._path().absolute()
            status = path.stat()
        except OSError:
            return None
        return str(path), status.st_mtime_ns, status.st_size

    def _safely(self, is_there: bool) -> GateSettings:
        if not is_there:
            return GateSettings()
        try:
            return self._read()
        except ConfigurationError as exc:
            LOGGER.error("Nobody can sign in: %s", exc)
            return GateSettings()
