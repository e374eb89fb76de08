"""Proof bundles of small runs that have everything: rules, weightings, ties, a scenario."""

from __future__ import annotations

import json
from dataclasses import replace

from allocator.models import RunInputs, Settings
from allocator.proof.bundle import Bundle, proof_bundle
from allocator.rules.fingerprint import fingerprint
from allocator.rules.ranks import read_by
from allocator.scenario import Scenario
from allocator.scenario.baseline_changes import Hold, ImproveOnly, SetBaseline, SwapWish
from allocator.scenario.changes import (
    AddWeighting,
    BanPair,
    LeaveOut,
    Pin,
    SetMandatory,
    SetPlaces,
)
from allocator.solving.solver import solve
from tests.synthetic import synthetic_inputs


def hydrated_like(inputs: RunInputs, settings: Settings | None = None) -> RunInputs:
    """The inputs with their own fingerprint, lists read as the settings ask."""
    return read_by(replace(inputs, fingerprint=fingerprint(inputs)), settings or Settings())


def scenario_of(inputs: RunInputs, settings: Settings) -> Scenario:
    """One change of each kind that touches a solve, none of which makes it infeasible."""
    first, second, third, *_ = solve(inputs, settings).allocations
    one, two = first.worker_mapping, second.worker_mapping
    changes = (
        Pin(worker=one, job_line=first.job_line, reason="On leave in June", author="Ada"),
        BanPair(worker=two, job_line=second.job_line, reason="Family", author="Ada"),
        LeaveOut(worker=third.worker_mapping, reason="Withdrew by telephone", author="Ada"),
        SetPlaces(job_line=second.job_line, places=2),
        SetMandatory(job_line=first.job_line, mandatory=True),
        AddWeighting(value=-2, job_line=second.job_line),
    )
    return Scenario("Rota of March", settings, changes, author="Ada")


def repair_of(inputs: RunInputs, settings: Settings) -> Scenario:
    """A repair: a dearly placed worker left out, rules on moves of each kind for some others."""
    first, second, third, fourth, *others = solve(inputs, Settings(seed=settings.seed)).allocations
    before = tuple((a.worker_mapping, a.job_line) for a in (first, second, third, fourth, *others))
    lines = frozenset({others[0].job_line, others[1].job_line})
    changes = (
        SetBaseline(placements=before, source="the run of March"),
        LeaveOut(worker=first.worker_mapping, reason="Withdrew", author="Ada"),
        BanPair(worker=others[2].worker_mapping, job_line=others[2].job_line),
        Hold(workers=frozenset({second.worker_mapping})),
        ImproveOnly(workers=frozenset({third.worker_mapping})),
        SwapWish(worker=fourth.worker_mapping, job_lines=lines),
    )
    return Scenario("Repair of April", settings, changes, author="Ada")


def bundle_of(
    inputs: RunInputs,
    settings: Settings | None = None,
    *,
    scenario: bool = False,
    repair: bool = False,
) -> Bundle:
    """The bundle of a solve, as it is read back from its text."""
    settings = settings or Settings()
    as_read = hydrated_like(inputs, settings)
    chosen = scenario_of(as_read, settings) if scenario else None
    chosen = repair_of(as_read, settings) if repair else chosen
    solved = chosen.apply(as_read) if chosen else as_read
    result = solve(solved, settings)
    audit = chosen.audit() if chosen else {}
    tried = [{"seed": 7, "operator": "Bea", "scenario": "", "status": "optimal"}]
    bundle: Bundle = proof_bundle(as_read, solved, result, "Ada", audit, tried)
    return json.loads(json.dumps(bundle))


def medium_run() -> RunInputs:
    """24 workers and 25 job lines with rules, weightings and a few ties."""
    return synthetic_inputs(24, 25, 20, seed=3)
