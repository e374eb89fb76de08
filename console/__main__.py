"""`allocator-console`: the console on the configured database, else on a local one with demo data.

The demo gets an operator whose password is random for each data dir; both are kept there,
readable by its owner alone, and printed at the start.
"""

from __future__ import annotations

import argparse
import os
import secrets
import socket
import subprocess
import sys
from pathlib import Path

from allocator import config
from allocator.errors import AllocatorError, ConfigurationError
from allocator.local import stack
from allocator.operators import hash_password

# Streamlit finds its configuration, .streamlit/config.toml, beside this script.
SCRIPT = Path(__file__).resolve().with_name("app.py")
OPERATOR = "demo"
FIRST_PORT = 8501


def main(arguments: list[str] | None = None) -> int:
    """Prepare the database and the demo operator, say where to go, become the server."""
    options = _parser().parse_args(arguments)
    try:
        if not config.is_configured():
            _prepare_demo(options.data_dir)
        port = options.port or _free_port()
    except AllocatorError as exc:
        sys.stderr.write(f"{exc}\n")
        return exc.exit_code
    sys.stdout.write(f"  Console:  http://127.0.0.1:{port}\n\n")
    sys.stdout.flush()
    command = [sys.executable, "-m", "streamlit", "run", str(SCRIPT), f"--server.port={port}"]
    if os.name == "nt":  # where exec leaves the terminal without its process
        return subprocess.call(command)
    os.execv(sys.executable, command)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="allocator-console", description="Start the console.")
    parser.add_argument("--port", type=int, default=0, help="default: 8501 or the next free one")
    parser.add_argument("--data-dir", type=Path, help="where the local demo database lives")
    return parser


def _prepare_demo(data_dir: Path | None) -> None:
    info = stack.start(data_dir, seed="demo")
    os.environ[config.URL_VARIABLE] = info.url
    os.environ[config.KEY_VARIABLE] = info.service_role_key
    if config.load_secrets():
        return  # an own secrets file: its operators sign in
    password = demo_operator(Path(info.data_dir))
    sys.stdout.write(
        f"\n  Demo data on a local database in {info.data_dir}\n"
        f"  Name:     {OPERATOR}\n  Password: {password}\n"
    )


def demo_operator(data_dir: Path) -> str:
    """The demo's password; made, with the secrets file that holds its hash, when new."""
    password_file, secrets_file = data_dir / "demo-password", data_dir / "console-secrets.toml"
    if not (password_file.exists() and secrets_file.exists()):
        password = secrets.token_urlsafe(12)
        _write_private(password_file, password + "\n")
        _write_private(secrets_file, f'[operators]\n{OPERATOR} = "{hash_password(password)}"\n')
    os.environ[config.SECRETS_VARIABLE] = str(secrets_file)
    return password_file.read_text(encoding="utf-8").strip()


def _write_private(path: Path, content: str) -> None:
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(content)


def _free_port() -> int:
    for port in range(FIRST_PORT, FIRST_PORT + 100):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise ConfigurationError("No port is free.", remedy="Name one with --port.")


if __name__ == "__main__":
    sys.exit(main())
