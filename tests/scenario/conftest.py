"""A small run that scenarios change."""

from __future__ import annotations

import pytest

from allocator.errors import UsageError
from allocator.models import (
    Eligibility,
    JobLine,
    QualificationTag,
    RunInputs,
    Weighting,
    Worker,
)
from allocator.rules.ranks import preferences
from allocator.scenario import Scenario
from allocator.scenario import changes as ch
from tests.strategies import RUN

ADA, BEN, CLEO = "a" * 8, "b" * 8, "c" * 8
SURGERY, MEDICINE = "s" * 8, "m" * 8
SENIOR, FOR_SURGERY = "t" * 8, "w" * 8


@pytest.fixture
def inputs() -> RunInputs:
    """Three workers, two job lines; only seniors may do surgery, and Ben and Cleo are not."""
    order = {SURGERY: 1, MEDICINE: 2}
    return RunInputs(
        run=RUN,
        workers=(
            Worker(
                ADA,
                "Ada",
                "Lovelace",
                qualification_ids=frozenset({SENIOR}),
                preferences=preferences(order, set(order)),
            ),
            Worker(BEN, "Ben", "Nevis", preferences=preferences(order, set(order))),
            Worker(CLEO, "Cleo", "Smith", preferences=preferences({}, set(order))),
        ),
        job_lines=(
            JobLine(MEDICINE, "Medicine", max_n_workers=3, used_places=1),
            JobLine(
                SURGERY,
                "Surgery",
                must_have_workers=True,
                eligibility=Eligibility(SURGERY, frozenset({SENIOR})),
            ),
        ),
        weightings=(Weighting(FOR_SURGERY, 2, SURGERY, frozenset({SENIOR})),),
        tags=(QualificationTag(SENIOR, "Senior"),),
        fingerprint="f" * 64,
    )


def applied(inputs: RunInputs, *changes: ch.Change) -> RunInputs:
    return Scenario("Try", changes=changes).apply(inputs)


def refusal(inputs: RunInputs, *changes: ch.Change) -> str:
    with pytest.raises(UsageError) as caught:
        applied(inputs, *changes)
    return caught.value.message
