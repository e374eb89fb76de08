"""Waiting for what a test asserts, however busy the machine is."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")

PATIENCE = 180.0
"""Seconds until a wait gives up: far more than anything takes, and spent only by a defect."""

LOOK_EVERY = 0.05


def eventually(look: Callable[[], Found], *, every: float = LOOK_EVERY) -> Found:
    """The first answer of `look` that is not false; an AssertionError when none comes.

    `look` should ask for everything that is asserted afterwards. `every`: the longest pause
    between two looks, in seconds; the first ones are shorter.
    """
    end, pause = time.monotonic() + PATIENCE, 0.02
    while not (found := look()):
        assert time.monotonic() < end, f"waited for nothing: the last answer was {found!r}"
        pause = min(1.5 * pause, every)
        time.sleep(pause)
    return found
