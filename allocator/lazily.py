"""Modules that take long to load, and that many commands do without."""

from __future__ import annotations

from importlib import import_module
from typing import Any


class Lazily:
    """A module that is loaded when something of it is first used. With
    `if TYPE_CHECKING: import pandas as pd` beside it, types stay as they are."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module(self._name), name)
