"""Streamlit's command line, with a clock of sessions and locks that a test moves on.

`python -m tests.console.clocked run …` is `python -m streamlit run …` in which the file that
`MOVED_ON` names says by how many seconds the clock of `console.gate.access` is ahead.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from streamlit.web.cli import main

from console.gate import access

MOVED_ON = "TEST_CLOCK_MOVED_ON"


def clock() -> float:
    """Seconds that only ever grow."""
    return time.monotonic() + float(Path(os.environ[MOVED_ON]).read_text(encoding="utf-8"))


if __name__ == "__main__":
    register = access.Access(clock=clock)
    access.the_access = lambda: register
    main(prog_name="streamlit")
