"""Progress on a terminal, of reading and of solving, and Ctrl-C as a wish to stop with the best."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import TYPE_CHECKING

from allocator.database.transport import Reading
from allocator.result import Phase, Progress

if TYPE_CHECKING:
    from allocator.diagnosis import DiagnosisProgress
    from allocator.repair.points import RepairProgress
    from allocator.report.publication import Published

    Event = Progress | Reading | DiagnosisProgress | RepairProgress | Published

STEPS = {phase: step for step, phase in enumerate(Phase)}
"""A bar has a step for each phase of the solve."""


@contextlib.contextmanager
def progress_bar(as_json: bool) -> Iterator[Callable[[Event], None] | None]:
    """A callback that draws a bar on standard error; None when that is not a terminal."""
    if as_json or not sys.stderr.isatty():
        yield None
        return
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    from allocator.cli.output import people

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Bar(*columns, console=people(stderr=True), transient=True) as bar:
        task = bar.add_task("starting", total=STEPS[Phase.DONE])

        def draw(event: Event) -> None:
            done, total = steps(event)
            bar.update(task, completed=done, total=total, description=describe(event))

        yield draw


def steps(event: Event) -> tuple[int, int]:
    """How many steps are done, and of how many."""
    if isinstance(event, Reading):
        return 0, STEPS[Phase.DONE]
    if isinstance(event, Progress):
        return STEPS[event.phase], STEPS[Phase.DONE]
    return event.done, event.total


def describe(event: Event) -> str:
    """A progress event in one line."""
    if isinstance(event, Reading):
        of = f" of {event.total}" if event.total is not None else ""
        return f"reading {event.what}, {event.rows}{of}"
    if not isinstance(event, Progress):
        return ", ".join(filter(None, (event.step, event.message)))
    words = [str(event.phase)]
    if event.variables:
        words.append(f"{event.variables} variables")
    if event.incumbent is not None:
        words.append(f"best {event.incumbent:.6g}")
    if event.gap is not None:
        words.append(f"gap {event.gap:.4g}")
    return ", ".join(words)


@contextlib.contextmanager
def cancel_on_interrupt() -> Iterator[threading.Event]:
    """An event that the first Ctrl-C sets; the second one interrupts as usual."""
    cancel = threading.Event()

    def stop(signum: int, frame: FrameType | None) -> None:
        if cancel.is_set():
            raise KeyboardInterrupt
        cancel.set()

    if threading.current_thread() is not threading.main_thread():
        yield cancel
        return
    before = signal.signal(signal.SIGINT, stop)
    try:
        yield cancel
    finally:
        signal.signal(signal.SIGINT, before)
