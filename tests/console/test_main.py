"""The demo operator that `python -m console` makes."""

from __future__ import annotations

import stat
import tomllib

from allocator import config
from allocator.operators import verify_password
from console.__main__ import OPERATOR, demo_operator


def test_demo_operator_is_made_once_for_each_data_dir_and_kept_private(tmp_path, monkeypatch):
    monkeypatch.setenv(config.SECRETS_VARIABLE, "unset")
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    password = demo_operator(first)
    assert demo_operator(first) == password
    assert demo_operator(second) != password
    for file in first.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    stored = tomllib.loads((first / "console-secrets.toml").read_text())["operators"][OPERATOR]
    assert verify_password(stored, password)
    assert password not in (first / "console-secrets.toml").read_text()
