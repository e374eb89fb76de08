"""What must hold before the first request is answered, wherever and however the server started.

Streamlit and uvicorn have read their own configuration and bound the port before they load the
app; nothing is answered before that. So the app holds what can still be set, and refuses to start
when it listens where it should not.
"""

from __future__ import annotations

import logging
import sys
import threading
from ipaddress import ip_address
from typing import Any

import streamlit.logger
import uvicorn.config
from starlette.types import ASGIApp
from streamlit import config as streamlit_config

from allocator import config, log
from allocator.errors import ConfigurationError

LOGGER = logging.getLogger(__name__)
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
