"""The independent check of a certificate: the right one proves, a spoiled one proves nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from allocator.models import JobLine, Policy, RunInputs, Settings, Weighting, Worker
from allocator.result import Allocation, Certificate, SolveResult, StageProof
from allocator.rules.ranks import preferences
from allocator.solving.solver import solve
from tests.solving.test_checker import (
    LINES,
    ORIGINALS,
    RIGHT,
    SETTINGS,
    failed,
    rows_of,
    run,
    verdict_on,
)
from tests.strategies import RUN


def proof_of(result: SolveResult) -> Certificate:
    assert result.certificate is not None
    return result.certificate


def proven(
    result: SolveResult, certificate: Certificate, rows: Sequence[Allocation] | None = None
) -> bool:
    """Whether the certificate proves the rows; every other check must pass."""
    verdict = verdict_on(
        result.allocations if rows is None else rows, result.settings, certificate=certificate
    )
    assert verdict.passed
    return verdict.proven


@pytest.mark.parametrize("policy", [p for p in Policy if not p.needs_baseline])
@pytest.mark.parametrize("worst_rank", [None, 5, 3])
def test_check_right_certificate_proves(policy: Policy, worst_rank: float | None):
    result = solve(run(), replace(SETTINGS, policy=policy, worst_rank=worst_rank))
    assert proven(result, proof_of(result))


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("change", [-1000.0, 1000.0, float("nan")])
def test_check_changed_price_proves_nothing(line: str, change: float):
    result = solve(run(), SETTINGS)
    prices = dict(proof_of(result).prices)
    prices[line] += change
    assert not proven(result, replace(proof_of(result), prices=prices))


def test_check_certificate_without_a_price_proves_nothing():
    result = solve(run(), SETTINGS)
    prices = {j: price for j, price in proof_of(result).prices.items() if j != "relief"}
    assert not proven(result, replace(proof_of(result), prices=prices))


def test_check_proof_of_rows_that_break_a_rule_proves_nothing():
    result = solve(run(), SETTINGS)
    first, *others = result.allocations
    rows = [replace(first, original_preference=7.0), *others]
    verdict = verdict_on(rows, certificate=proof_of(result))
    assert failed(verdict) == [ORIGINALS]
    assert not verdict.proven


def test_check_proof_that_fills_a_job_line_which_is_filled_already_proves_nothing():
    """Optimal while Clinic, which is unwanted, must be filled anew; without that it is not."""
    used = replace(run(), weightings=(Weighting("5", 50, "clinic"),))
    lines = [
        replace(j, max_n_workers=1, used_places=0) if j.id == "clinic" else j
        for j in used.job_lines
    ]
    result = solve(replace(used, job_lines=tuple(lines)), SETTINGS)
    assert "clinic" in {row.job_line for row in result.allocations}
    verdict = verdict_on(result.allocations, SETTINGS, inputs=used, certificate=proof_of(result))
    assert verdict.passed
    assert not verdict.proven


@pytest.mark.parametrize("off", [-1.0, 1.0])
def test_check_certificate_with_another_bound_proves_nothing(off: float):
    result = solve(run(), SETTINGS)
    proof = proof_of(result)
    assert not proven(result, replace(proof, bound=proof.bound + off))


@pytest.mark.parametrize("policy", [p for p in Policy if not p.needs_baseline])
def test_check_worse_allocation_is_not_proven_by_the_optimums_certificate(policy: Policy):
    result = solve(run(), replace(SETTINGS, policy=policy))
    rows = rows_of(run(), RIGHT | {"ada": "clinic", "cy": "relief"}, result.settings)
    assert not proven(result, proof_of(result), rows)


STAGED = [p for p in Policy if p is not Policy.LEAST_TOTAL and not p.needs_baseline]


@pytest.mark.parametrize("policy", STAGED)
@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("change", [-(10**9), 10**9])
def test_check_changed_price_of_a_stage_proves_nothing(policy: Policy, line: str, change: int):
    result = solve(run(), replace(SETTINGS, policy=policy))
    first, *later = proof_of(result).stages
    prices = dict(first.prices)
    prices[line] += change
    stages = (replace(first, prices=prices), *later)
    assert not proven(result, replace(proof_of(result), stages=stages))


@pytest.mark.parametrize("policy", STAGED)
def test_check_changed_weights_of_a_stage_prove_nothing(policy: Policy):
    result = solve(run(), replace(SETTINGS, policy=policy))
    first, *later = proof_of(result).stages
    # Far out of the prices' reach: those of a somewhat heavier stage may be right for both.
    heavier = {value: weight * 10**6 for value, weight in first.weights.items()}
    stages = (replace(first, weights=heavier), *later)
    assert not proven(result, replace(proof_of(result), stages=stages))


@pytest.mark.parametrize("policy", STAGED)
def test_check_certificate_without_a_price_in_a_stage_proves_nothing(policy: Policy):
    result = solve(run(), replace(SETTINGS, policy=policy))
    first, *later = proof_of(result).stages
    prices = {j: price for j, price in first.prices.items() if j != "relief"}
    stages = (replace(first, prices=prices), *later)
    assert not proven(result, replace(proof_of(result), stages=stages))


@pytest.mark.parametrize(
    ("most", "must", "weighting"), [(2, True, -50), (1, False, 50)], ids=["at least", "at most"]
)
def test_check_stage_settles_how_many_a_job_line_gets(most: int, must: bool, weighting: int):
    """Town is every second choice, must be filled and is then cheap; or every first one, has one
    place and is then dear. Either way it gets one worker, and the last prices rest on that."""
    order = {"town": 2, "coast": 1} if must else {"town": 1, "coast": 2}
    taste = preferences(order, {"town", "coast"})
    inputs = RunInputs(
        RUN,
        tuple(Worker(w, preferences=taste) for w in "uvw"),
        (JobLine("coast", max_n_workers=3), JobLine("town", "", 0, most, must)),
        weightings=(
            Weighting("1", weighting, "town"),
            Weighting("2", 1, "town", worker_mapping_ids=frozenset("u")),
        ),
    )
    result = solve(inputs, Settings(policy=Policy.GENEROUS))
    assert [row.job_line for row in result.allocations].count("town") == 1
    verdict = verdict_on(
        result.allocations, result.settings, inputs=inputs, certificate=proof_of(result)
    )
    assert verdict.passed
    assert verdict.proven


# -- false stages, worked out on paper ------------------------------------------
#
#          A  B  C      Sparing the worst choices first, 1-1-2 (C-B-A) is best. 1-1-3 (A-B-C) has
#     u    1  3  2      no second choice, 2-3-2 (C-A-B) no first one; each is the optimum of a
#     v    3  1  2      false stage, and its prices leave no other allocation.
#     w    1  2  3

BEST = {"u": "C", "v": "B", "w": "A"}
NO_SECOND = {"u": "A", "v": "B", "w": "C"}
NO_FIRST = {"u": "C", "v": "A", "w": "B"}
TRUE = StageProof({3.0: 16, 2.0: 4}, {"A": 5, "B": 2, "C": 0})
SKIPPED = StageProof({2.0: 8, 3.0: 2}, {"A": 3, "B": 2, "C": 0})
NOT_HEAVIER = StageProof({3.0: 2, 2.0: 8}, {"A": 3, "B": 2, "C": 0})
NEGATIVE = StageProof({3.0: -2, 2.0: -8}, {"A": 1, "B": 3, "C": 8})


def paper_run() -> RunInputs:
    """Three workers, three job lines; a weighting makes `BEST` the dearest of all."""
    tastes = {
        "u": {"A": 1, "C": 2, "B": 3},
        "v": {"B": 1, "C": 2, "A": 3},
        "w": {"A": 1, "B": 2, "C": 3},
    }
    return RunInputs(
        RUN,
        tuple(Worker(w, preferences=preferences(order, set("ABC"))) for w, order in tastes.items()),
        tuple(JobLine(j, j) for j in "ABC"),
        weightings=(Weighting("1", 100, "A", worker_mapping_ids=frozenset({"w"})),),
    )


@pytest.mark.parametrize("policy", [Policy.GENEROUS, Policy.LEXIMIN])
@pytest.mark.parametrize(
    ("placements", "stages", "holds"),
    [
        (BEST, (TRUE,), True),
        (NO_SECOND, (TRUE,), False),
        (NO_SECOND, (), False),
        (NO_SECOND, (SKIPPED,), False),
        (NO_SECOND, (NOT_HEAVIER,), False),
        (NO_FIRST, (NEGATIVE,), False),
    ],
    ids=[
        "right",
        "not the stage's optimum",
        "no stage",
        "a class skipped",
        "a class not outweighed",
        "the wrong sign",
    ],
)
def test_check_stages_must_be_those_of_the_policy(
    policy: Policy, placements: dict[str, str], stages: tuple[StageProof, ...], holds: bool
):
    inputs, settings = paper_run(), Settings(policy=policy)
    rows = rows_of(inputs, placements, settings)
    total = sum(row.cost for row in rows)
    cheap = solve(inputs, Settings())
    prices = dict.fromkeys("ABC", 0.0) if stages else dict(proof_of(cheap).prices)
    certificate = Certificate(prices, total, stages=stages)
    verdict = verdict_on(rows, settings, inputs=inputs, certificate=certificate)
    assert verdict.passed
    assert verdict.proven == holds


def test_check_proof_of_another_seeds_order_proves_nothing():
    order = replace(SETTINGS, policy=Policy.LOTTERY_ORDER)
    results = [solve(run(), replace(order, seed=seed)) for seed in range(6)]
    first, proof = results[0], proof_of(results[0])
    other = next(proof_of(r) for r in results if proof_of(r).stages != proof.stages)
    assert proven(first, proof)
    assert not proven(first, replace(proof, stages=other.stages))
