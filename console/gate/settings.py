"""Settings of the gate: what the secrets file says, and what must hold before the first request.

The file is read again when it changes, so a new hash counts at once, without a restart, and ends
the sessions of the old one. Streamlit and uvicorn have read their own configuration and bound the
port before they load the app; nothing is answered before that. So the app holds what can still be
set, and refuses to start when it listens where it should not.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import streamlit.logger
import uvicorn.config
from starlette.types import ASGIApp
from streamlit import config as streamlit_config

from allocator import config, log
from allocator.errors import ConfigurationError

LOGGER = logging.getLogger(__name__)
LONGEST_SESSION = 12 * 3600.0


@dataclass(frozen=True, slots=True)
class GateSettings:
    """Who may sign in, in which role, and for how long; times in seconds. `api_key_hash` None =
    triggers off."""

    operators: Mapping[str, str] = field(default_factory=dict, repr=False)
    roles: Mapping[str, str] = field(default_factory=dict)
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
        roles=config.roles(),
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


HELD = {
    "client.showErrorDetails": "none",
    "client.showErrorLinks": False,
    "server.enableXsrfProtection": True,
    "server.enableCORS": True,
    "server.corsAllowedOrigins": [],
    "server.enableStaticServing": False,
    "server.fileWatcherType": "none",
    "server.trustedUserHeaders": {},
    "browser.gatherUsageStats": False,
    "global.developmentMode": False,
}
AT_MOST = {"server.maxUploadSize": 5, "server.maxWidgetStateSize": 2}  # MB


def prepare() -> None:
    """Hold the options, take over the logs, and stop the process when it listens too widely."""
    try:
        options = config.console_options()
    except ConfigurationError as exc:  # the gate serves an explanation and nothing else
        LOGGER.error("%s", exc)
        options = config.ConsoleOptions()
    _use_log(options.log)
    _refuse_wide_address(options.address)
    _believe_no_header()
    _hold()
    streamlit_config.on_config_parsed(_hold, force_connect=True)


def _hold() -> None:
    for name, value in HELD.items():
        if streamlit_config.get_option(name) != value:
            streamlit_config.set_option(name, value)
    for name, most in AT_MOST.items():
        if streamlit_config.get_option(name) > most:
            streamlit_config.set_option(name, most)


def _refuse_wide_address(allowed: str) -> None:
    address = streamlit_config.get_option("server.address") or "every interface"
    if address == allowed or _is_loopback(address):
        return
    sys.exit(
        f"The console would listen on {address}, but may on {allowed} only. Start it with "
        f"--server.address={allowed}, or set address under [console] in the secrets file."
    )


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"


def _believe_no_header() -> None:
    """uvicorn would replace the peer's address by what any local peer's header says; the gate
    decides which proxies to believe, and needs the peer for it."""

    def as_it_is(app: ASGIApp, trusted_hosts: Any = None) -> ASGIApp:
        return app

    uvicorn.config.ProxyHeadersMiddleware = as_it_is  # type: ignore[attr-defined, assignment]


def _use_log(form: log.Form) -> None:
    """One form for every line: Streamlit gives each of its loggers a handler of its own."""
    log.configure(form)
    streamlit.logger.setup_formatter = log.adopt
    for name in list(logging.root.manager.loggerDict):
        if name.split(".")[0] in ("streamlit", "uvicorn", "websockets"):
            log.adopt(logging.getLogger(name))
    logging.getLogger("uvicorn.access").disabled = True  # addresses, and whatever is in a query
    threading.excepthook = _log_thread
    sys.excepthook = lambda kind, error, trace: LOGGER.critical(
        "the console stopped", exc_info=(kind, error, trace)
    )


def _log_thread(failed: threading.ExceptHookArgs) -> None:
    error = failed.exc_value
    if error is not None:
        LOGGER.error("a thread failed", exc_info=(type(error), error, error.__traceback__))
