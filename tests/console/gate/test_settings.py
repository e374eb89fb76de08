"""What holds wherever, and with whatever options, somebody starts the server."""

from __future__ import annotations

import os
import subprocess
import sys

import httpx
import psutil
import pytest

from allocator import config
from tests.console.server import OPERATOR, ROOT, console_server, secrets_text
from tests.waiting import PATIENCE

APP = ROOT / "console" / "app.py"
REPORT = """
import sys
from streamlit import config
config._main_script_path = sys.argv[1]
config.get_config_options(force_reparse=True)
sys.path.insert(0, sys.argv[2])
from console.gate import settings
names = (*settings.HELD, *settings.AT_MOST, "server.address")
settings.prepare()
print({name: config.get_option(name) for name in names})
config.get_config_options(force_reparse=True)
print({name: config.get_option(name) for name in names})
"""
LOOSE = {
    "STREAMLIT_CLIENT_SHOW_ERROR_DETAILS": "full",
    "STREAMLIT_SERVER_ENABLE_XSRF_PROTECTION": "false",
    "STREAMLIT_SERVER_ENABLE_CORS": "false",
    "STREAMLIT_SERVER_MAX_UPLOAD_SIZE": "500",
    "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "true",
}


def test_server_started_elsewhere_has_our_configuration(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with console_server(tmp_path, secrets_text(), start_in=elsewhere) as server:
        port = int(server.url.rsplit(":", 1)[1])
        assert not listens_beyond_loopback(port)
        with server.signed_in(OPERATOR) as client:
            assert client.get("/").status_code == 200


@pytest.mark.parametrize("option", ["--server.address=0.0.0.0", "--server.address=::"])
def test_server_that_would_listen_everywhere_refuses_to_start(tmp_path, option):
    secrets = tmp_path / "secrets.toml"
    secrets.write_text(secrets_text())
    command = [sys.executable, "-m", "streamlit", "run", str(APP), "--server.port=0", option]
    ended = subprocess.run(
        command,
        cwd=tmp_path,
        env=os.environ | {config.SECRETS_VARIABLE: str(secrets)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert ended.returncode == 1
    assert "would listen on" in ended.stderr
    assert "address under [console]" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_server_listens_everywhere_when_the_secrets_file_says_so(tmp_path):
    allowed = secrets_text(console='address = "0.0.0.0"')
    with console_server(tmp_path, allowed, None, "--server.address=0.0.0.0") as server:
        assert httpx.get(f"{server.url}/healthz", trust_env=False).status_code == 200


def test_what_must_hold_is_held_against_options_from_elsewhere(tmp_path):
    ended = subprocess.run(
        [sys.executable, "-c", REPORT, str(APP), str(ROOT)],
        cwd=tmp_path,
        env=os.environ | LOOSE | {config.SECRETS_VARIABLE: str(tmp_path / "none.toml")},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    at_start, parsed_again = ended.stdout.splitlines()
    assert at_start == parsed_again
    for held in (
        "'client.showErrorDetails': 'none'",
        "'server.enableXsrfProtection': True",
        "'server.enableCORS': True",
        "'server.maxUploadSize': 5",
        "'browser.gatherUsageStats': False",
        "'server.address': '127.0.0.1'",
    ):
        assert held in at_start


def listens_beyond_loopback(port: int) -> bool:
    """True when a socket that listens on this port is bound to more than 127.0.0.1."""
    bound = {
        connection.laddr.ip
        for connection in psutil.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port
    }
    return bound != {"127.0.0.1"}
