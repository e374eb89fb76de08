"""What a report says about itself: which run, which settings, which data."""

from __future__ import annotations

from datetime import UTC, datetime

from allocator.models import AllocatorRun, Policy, RunInputs, Settings, SolveResult
from allocator.rows import local_time
from allocator.satisfaction import status_words
from allocator.satisfaction.ordinals import amount

POLICIES = {
    Policy.LEAST_TOTAL: "Least total dissatisfaction",
    Policy.GREEDY: "As many first choices as possible, then second, and so on",
    Policy.GENEROUS: "As few last ranks as possible, then the one before, and so on",
    Policy.LEXIMIN: "The worst-off first, then the next worst-off, and so on",
}


def run_title(run: AllocatorRun) -> str:
    """Plan and period, e.g. `Intern year, 11 January 2027 to 9 January 2028`."""
    days = [day_words(day) for day in (run.startdate, run.enddate) if day is not None]
    return ", ".join(filter(None, [run.plan_name or "Allocation run", " to ".join(days)]))


def day_words(day: object) -> str:
    """A date as `9 January 2028`."""
    return f"{day:%d %B %Y}".lstrip("0")


def settings_words(settings: Settings) -> list[tuple[str, str]]:
    """The settings that decide an allocation, in words."""
    words = [
        ("Aim", POLICIES[settings.policy]),
        (
            "Weight of the organisation (alpha)",
            f"{settings.alpha:g} (0 = workers only, 1 = organisation only)",
        ),
        ("Power of dissatisfaction", f"{settings.power:g} (above 1 spares the worst-off)"),
        ("Seed for equally good allocations", str(settings.seed)),
    ]
    if settings.worst_rank is not None:
        words.append(("Cap on the worst rank", f"{settings.worst_rank:g}"))
    return words


def report_facts(
    inputs: RunInputs, result: SolveResult, operator: str = "", now: datetime | None = None
) -> list[tuple[str, str]]:
    """Label and value of everything that identifies the allocation; times in the plan's zone."""
    facts = [
        ("Run", run_title(inputs.run)),
        ("Batch created", local_time(inputs.run, inputs.run.created_at)),
        ("Report made", local_time(inputs.run, now or datetime.now(UTC))),
    ]
    if operator:
        facts.append(("Made by", operator))
    if result.scenario or inputs.scenario:
        facts.append(("Scenario", result.scenario or inputs.scenario))
    facts += [("Result", status_words(result)), *settings_words(result.settings)]
    if result.objective is not None:
        facts.append(("Total dissatisfaction", amount(result.objective)))
    facts.append(("Solver", result.effort.words(result.solver)))
    facts.append(("Left out", f"{len(inputs.left_out)} worker(s) or job line(s)"))
    facts.append(("Fingerprint of the data", result.fingerprint))
    return facts
