"""`honesty`: whether a shorter or reordered list would bring workers more than their own."""

from __future__ import annotations

import time
from argparse import Namespace
from typing import TYPE_CHECKING

from allocator.cli.output import Output, log_seed, service_for, settings_of, stdout_reserved
from allocator.cli.progress import cancel_on_interrupt, progress_bar
from allocator.errors import ExitCode
from allocator.measures.terms import AIM_NAMES

if TYPE_CHECKING:
    from allocator.explanation.honesty import Honesty


def honesty(args: Namespace, out: Output) -> int:
    """The figures of one run, the settings at hand first; nothing is written but that its seed
    was tried. Raises InvalidData, NotSolved."""
    settings = settings_of(args)
    service = service_for(args)
    run = service.find_run(args.run)
    with (
        stdout_reserved(True),  # HiGHS prints a banner the first time, whatever its options say
        progress_bar(args.json) as on_progress,
        cancel_on_interrupt() as cancel,
    ):
        inputs = service.hydrate(run.id, on_progress=on_progress)
        out.add(run_id=run.id, fingerprint=inputs.fingerprint, settings=settings.as_dict())
        from allocator.explanation.honesty import (
            budget_words,
            gains_table,
            side_by_side,
            verdict_words,
        )

        log_seed(service, inputs, settings, "honesty", out)
        began = time.perf_counter()
        found = side_by_side(inputs, settings, on_progress=on_progress, cancel=cancel)
        seconds = time.perf_counter() - began
    out.add(figures=[one.as_dict() for one in found], timings={"honesty": seconds})
    if not found:
        return ExitCode.INTERRUPTED
    gainers = gains_table(inputs, found[0])
    out.add(gainers=gainers.to_dict("records"), lists=found[0].lists)
    out.say(verdict_words(found[0]), style="bold")
    out.say(budget_words(inputs))
    out.table(
        ("Aim", "Alpha", "Power", "Surely gain", "Mean gain", "Largest", "Safer", "By luck"),
        [_cells(one) for one in found],
        title="Ranks that another list of their own would bring, the others unchanged",
        numbers=("Alpha", "Power", "Surely gain", "Mean gain", "Largest", "Safer", "By luck"),
    )
    return ExitCode.INTERRUPTED if cancel.is_set() else ExitCode.DONE


def _cells(one: Honesty) -> tuple[str, ...]:
    chosen = one.settings
    return (
        AIM_NAMES[chosen.policy],
        f"{chosen.alpha:g}",
        f"{chosen.power:g}",
        f"{one.n_sure} ({one.share:.0%})",
        f"{one.mean_gain:.1f}",
        f"{one.most:g}",
        str(one.n_safer),
        str(one.n_by_luck),
    )
