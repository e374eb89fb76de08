"""Progress in one line, and Ctrl-C as a wish to stop with the best."""

from __future__ import annotations

import signal

import pytest

from allocator.cli.progress import cancel_on_interrupt, describe
from allocator.database.transport import Reading
from allocator.result import Phase, Progress


def test_first_interrupt_asks_for_the_best_so_far_and_the_second_one_ends():
    before = signal.getsignal(signal.SIGINT)
    with cancel_on_interrupt() as cancel:
        signal.raise_signal(signal.SIGINT)
        assert cancel.is_set()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (Reading("preferences", 3000, 6555), "reading preferences, 3000 of 6555"),
        (Reading("workers", 139), "reading workers, 139"),
        (Progress(Phase.MASTER, 0.1, variables=90), "solve, 90 variables"),
        (Progress(Phase.PRICING, 0.2, incumbent=12.5, bound=12.0), "price, best 12.5, gap 0.5"),
    ],
)
def test_progress_is_told_in_one_line(event, words):
    assert describe(event) == words
