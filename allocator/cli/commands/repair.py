"""`repair` and `swap`: what comes after placements were made known."""

from __future__ import annotations

import getpass
import threading
from argparse import Namespace
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from allocator.cli.output import (
    Output,
    log_seed,
    read_file,
    scenario_of,
    service_for,
    settings_of,
    stdout_reserved,
    write_file,
)
from allocator.cli.progress import cancel_on_interrupt, progress_bar
from allocator.errors import ExitCode, Infeasible, UsageError
from allocator.models import AllocatorRun, RunInputs
from allocator.repair.moves import COLUMNS, Shift, shift_cells, shifts
from allocator.result import Status
from allocator.rules.ranks import read_by
from allocator.scenario import Scenario
from allocator.scenario.changes import SetBaseline

if TYPE_CHECKING:
    from allocator.repair.gains import FreePlace, Gains
    from allocator.repair.points import Frontier, Point
    from allocator.repair.swaps import SwapRound
    from allocator.service import AllocatorService

ON_FREE = 5
"""More who would gain from one free place are counted instead of told to people."""


def repair(args: Namespace, out: Output) -> int:
    """The frontier of moves and total; one point of it with `--moves`. Nothing is written to the
    database."""
    if args.out and args.moves is None:
        raise UsageError("--out writes one point.", remedy="Say which with --moves.")
    service = service_for(args)
    run = service.find_run(args.run)
    from allocator.repair.frontier import frontier
    from allocator.repair.gains import free_places, gains

    with (
        stdout_reserved(True),  # HiGHS prints a banner the first time, whatever its options say
        progress_bar(args.json) as on_progress,
        cancel_on_interrupt() as cancel,
    ):
        as_read = service.hydrate(run.id, on_progress=on_progress)
        begun = scenario_of(args, service, run.id) or Scenario(
            "Repair", settings_of(args), run=run.id, fingerprint=as_read.fingerprint
        )
        base = _baseline(args, service, run, as_read, on_progress, cancel)
        begun = begun.then(base) if base else begun
        inputs = begun.apply(as_read)
        log_seed(service, inputs, begun.settings, "repair", out)
        found = frontier(inputs, begun.settings, on_progress=on_progress, cancel=cancel)
        free = free_places(found.inputs)
        gained = None
        if args.gains:
            gained = gains(as_read, begun, on_progress=on_progress, cancel=cancel)
        chosen = None
        if args.moves is not None:
            chosen = _solved_point(found, found.at(args.moves), begun, as_read, cancel)
    out.add(run_id=run.id, **frontier_fields(found), free_places=[asdict(f) for f in free])
    _tell_frontier(found, free, out)
    if gained is not None:
        out.add(gains=gains_fields(gained))
        _tell_gains(gained, out)
    if chosen is not None:
        scenario, moved = chosen
        out.add(chosen={"scenario": scenario.as_dict(), "moves": [m.as_dict() for m in moved]})
        out.table(COLUMNS, [shift_cells(m) for m in moved], title=scenario.name)
        _write(args.out, scenario, moved, out)
    return ExitCode.DONE


def swap(args: Namespace, out: Output) -> int:
    """The best set of exchanges for a list of wishes. Nothing is written to the database."""
    service = service_for(args)
    run = service.find_run(args.run)
    from allocator.repair.lists import read_wishes
    from allocator.repair.swaps import swap_round

    with (
        stdout_reserved(True),
        progress_bar(args.json) as on_progress,
        cancel_on_interrupt() as cancel,
    ):
        as_read = service.hydrate(run.id, on_progress=on_progress)
        wishes = read_wishes(read_file(args.wishes), as_read)
        base = _baseline(args, service, run, as_read, on_progress, cancel)
        if base is None:
            raise UsageError("Nobody says who held what before.", remedy="Say so with --baseline.")
        settings = settings_of(args)
        log_seed(service, as_read, settings, "swap round", out)
        found = swap_round(
            as_read,
            base,
            wishes,
            settings,
            on_progress=on_progress,
            cancel=cancel,
        )
    if found.result.status is Status.INFEASIBLE:
        raise Infeasible("The placements that the round begins with break a rule of the run.")
    out.add(run_id=run.id, **swap_fields(found))
    _tell_swaps(found, out)
    _write(args.out, found.scenario, found.moved, out)
    return ExitCode.INTERRUPTED if found.result.status is Status.CANCELLED else ExitCode.DONE


def _baseline(
    args: Namespace,
    service: AllocatorService,
    run: AllocatorRun,
    as_read: RunInputs,
    on_progress: Callable[[Any], None] | None,
    cancel: threading.Event,
) -> SetBaseline | None:
    """What `--baseline` names; else the run's own placements once it is completed."""
    from allocator.repair.lists import read_placements

    if not args.baseline:
        return None if run.is_pending else service.baseline(run, run)
    if args.baseline.lower().endswith(".csv"):
        name = Path(args.baseline).name
        return SetBaseline(read_placements(read_file(args.baseline), as_read), f"the list {name}")
    if any(saved.name == args.baseline for saved in service.scenarios(run.id)):
        scenario = service.scenario(run.id, args.baseline)
        result = service.solve(
            scenario.apply(as_read),
            scenario.settings,
            work="trial",
            operator=f"{getpass.getuser()} (command line)",
            acknowledged=True,
            on_progress=on_progress,
            cancel=cancel,
        )
        if not result.allocations:
            raise Infeasible(f"The scenario “{scenario.name}” has no allocation to begin with.")
        held = tuple((a.worker_mapping, a.job_line) for a in result.allocations)
        return SetBaseline(held, f"the scenario “{scenario.name}”")
    return service.baseline(run, service.find_run(args.baseline))


def _solved_point(
    found: Frontier,
    point: Point,
    begun: Scenario,
    as_read: RunInputs,
    cancel: threading.Event,
) -> tuple[Scenario, tuple[Shift, ...]]:
    """The point as a scenario, and who moves in its solve."""
    from allocator.errors import SolveCancelled
    from allocator.repair.choice import scenario_for
    from allocator.solving.solver import solve

    scenario = scenario_for(found, point, begun)
    inputs = read_by(scenario.apply(as_read), scenario.settings)
    result = solve(inputs, scenario.settings, cancel=cancel)
    if result.status is not Status.OPTIMAL:
        raise SolveCancelled
    return scenario, shifts(inputs, {a.worker_mapping: a.job_line for a in result.allocations})


def _write(path: str | None, scenario: Scenario, moved: tuple[Shift, ...], out: Output) -> None:
    """Write the scenario, or the table of moves, by what the file is called."""
    if not path:
        return
    from allocator.repair.lists import write_csv

    if path.lower().endswith(".csv"):
        write_file(path, write_csv(COLUMNS, map(shift_cells, moved)))
    else:
        write_file(path, scenario.to_json())
    out.add(written=path)
    out.say(f"Written: {path}")


# -- telling ---------------------------------------------------------------------------------


def frontier_fields(found: Frontier) -> dict[str, Any]:
    """The frontier as JSON fields."""
    return {
        "settings": found.settings.as_dict(),
        "baseline": found.inputs.baseline.source,
        "complete": found.complete,
        "forced": list(found.forced),
        "seconds": found.seconds,
        "points": [
            {
                "moves": point.moves,
                "total": point.total,
                "bound": point.bound,
                "proven": point.proven,
                "breakpoint": point.breakpoint,
                "prices": [_finite(price) for price in point.prices] if point.prices else None,
                "moved": [m.worker for m in shifts(found.inputs, point.placements)],
            }
            for point in found.points
        ],
    }


def _finite(price: float) -> float | None:
    return None if price == float("inf") else price


def _tell_frontier(found: Frontier, free: tuple[FreePlace, ...], out: Output) -> None:
    first = found.points[0]
    out.table(
        ("Moves", "Total", "Saved", "Best at a price of a move", "Proof"),
        [
            (
                str(point.moves),
                f"{point.total:.6g}",
                f"{first.total - point.total:.6g}",
                _price_words(point.prices),
                _proof_words(point),
            )
            for point in found.points
        ],
        title="Doctors moved against total dissatisfaction",
        numbers=("Moves", "Total", "Saved"),
    )
    if found.forced:
        out.say(f"{len(found.forced)} cannot keep what they had and count as moved.")
    if not found.complete:
        out.say("Time ran out: totals that are not proven may be lower.", style="bold red")
    for place in free:
        names = [f"{name} ({rank}, {up:g} better)" for _, name, rank, up in place.gainers]
        more = f" and {len(names) - ON_FREE} more" if len(names) > ON_FREE else ""
        whom = "; ".join(names[:ON_FREE]) or "nobody"
        out.say(f"Free: {place.name} ({place.places}). Would gain: {whom}{more}.")


def _price_words(prices: tuple[float, float] | None) -> str:
    if prices is None:
        return "none"
    least, most = prices
    if most == float("inf"):
        return f"above {least:.6g}"
    return f"{least:.6g} to {most:.6g}"


def _proof_words(point: Point) -> str:
    if point.breakpoint:
        return "proven by prices"
    gap = f"prices alone leave a gap of {point.total - point.bound:.4g}"
    return f"proven in whole numbers; {gap}" if point.proven else f"not proven; {gap}"


def gains_fields(found: Gains) -> dict[str, Any]:
    """The best gains as JSON fields."""
    return {
        "gainers": found.gainers,
        "status": found.result.status.value,
        "objective": found.result.objective,
        "chains": _chain_fields(found.chains),
    }


def _chain_fields(found: tuple[tuple[Shift, ...], ...]) -> list[list[dict[str, Any]]]:
    return [[shift.as_dict() for shift in chain] for chain in found]


def _tell_gains(found: Gains, out: Output) -> None:
    if not found.result.allocations:
        out.say("Somebody cannot keep what they had: not everybody can be spared a loss.")
        return
    out.say(f"With nobody worse off {found.gainers} gain, in {len(found.chains)} chain(s).")
    _tell_chains(found.chains, out)


def _tell_chains(found: tuple[tuple[Shift, ...], ...], out: Output) -> None:
    for number, chain in enumerate(found, start=1):
        out.table(COLUMNS, [shift_cells(shift) for shift in chain], title=f"Chain {number}")


def swap_fields(found: SwapRound) -> dict[str, Any]:
    """A swap round as JSON fields."""
    certificate = found.result.certificate
    return {
        "status": found.result.status.value,
        "gainers": found.gainers,
        "cycles": _chain_fields(found.cycles),
        "set_aside": [asdict(row) for row in found.set_aside],
        "certificate": {"verified": certificate is not None and certificate.verified},
        "scenario": found.scenario.as_dict(),
        "timings": dict(found.result.timings),
    }


def _tell_swaps(found: SwapRound, out: Output) -> None:
    for row in found.set_aside:
        out.say(f"Set aside: {row.name} → {row.job_line_name}: {row.why}.")
    if not found.cycles:
        out.say("No wish can be granted without somebody losing.", style="bold")
        return
    proof = found.result.certificate
    proven = "proven to be the most" if proof and proof.verified else "not proven to be the most"
    out.say(f"{found.gainers} get what they wished for, {proven}.", style="bold green")
    _tell_chains(found.cycles, out)
