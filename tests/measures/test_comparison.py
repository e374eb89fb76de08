"""Comparisons of solved scenarios, against the raw allocations."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from allocator.errors import UsageError
from allocator.measures import outcome
from allocator.measures.comparison import group_costs, headlines, movers, rank_distributions
from allocator.models import JobLine, QualificationTag, RunInputs, Settings, Weighting, Worker
from allocator.result import Allocation, SolveResult, Status
from allocator.rules.ranks import original_preference, preferences
from allocator.scenario import Scenario
from allocator.scenario.changes import LeaveOut, SetWeighting
from allocator.solved import Solved
from tests.strategies import RUN

ADA, BEN, CLEO, DAN = "ada", "ben", "cleo", "dan"
LINES = ("l1", "l2", "l3", "l4")
SENIOR, LOCAL = "senior", "local"


@pytest.fixture
def inputs() -> RunInputs:
    """Four workers who all rank l1 … l4 in that order, Dan ranks only l4."""

    def worker(key: str, level: str, tags: set[str], ranked: tuple[str, ...]) -> Worker:
        order = {line: i for i, line in enumerate(ranked, start=1)}
        return Worker(
            key,
            key.title(),
            "Test",
            qualificationlevel=level,
            qualification_ids=frozenset(tags),
            preferences=preferences(order, set(LINES)),
        )

    return RunInputs(
        run=RUN,
        workers=(
            worker(ADA, "PGY1", {SENIOR, LOCAL}, LINES),
            worker(BEN, "PGY1", set(), LINES),
            worker(CLEO, "PGY2", {LOCAL}, LINES),
            worker(DAN, "", set(), ("l4",)),
        ),
        job_lines=tuple(JobLine(line, f"Line {line[1]}") for line in LINES),
        weightings=(Weighting("w1", 3, "l1", frozenset({SENIOR})),),
        tags=(QualificationTag(SENIOR, "Senior"), QualificationTag(LOCAL, "Local")),
        fingerprint="f",
    )


def solved(
    name: str, inputs: RunInputs, chosen: Mapping[str, str], settings: Settings | None = None
) -> Solved:
    """The allocation `chosen` as a result, with its figures summed pair by pair."""
    settings = settings or Settings(alpha=0.5)
    base = (len(inputs.workers) + 1) / 2
    allocations, of_workers, of_organisation = [], 0.0, 0.0
    for worker_id, line in sorted(chosen.items()):
        worker = inputs.worker(worker_id)
        wishes = worker.preferences
        score = wishes.scores.get(line, wishes.unranked_score)
        organisation = base + sum(
            w.weighting
            for w in inputs.weightings
            if w.job_line in (None, line) and w.qualification_tag_ids & worker.qualification_ids
        )
        worker_share = score**settings.power
        of_workers += worker_share
        of_organisation += organisation
        cost = (1 - settings.alpha) * worker_share + settings.alpha * organisation
        original = original_preference(wishes, line)
        allocations.append(Allocation(worker_id, line, score, original, cost))
    objective = sum(a.cost for a in allocations)
    result = SolveResult(
        Status.OPTIMAL,
        settings,
        inputs.fingerprint,
        tuple(allocations),
        objective,
        objective,
        0.0,
        of_workers,
        of_organisation,
    )
    return Solved(inputs, result, inputs, Scenario(name))


@pytest.fixture
def pair(inputs: RunInputs) -> tuple[Solved, Solved]:
    """Ada and Ben swap lines 1 and 2; in the second scenario the weighting is −1."""
    before = solved("Before", inputs, {ADA: "l1", BEN: "l2", CLEO: "l3", DAN: "l4"})
    edited = Scenario("After", changes=(SetWeighting("w1", -1),)).apply(inputs)
    after = solved("After", edited, {ADA: "l2", BEN: "l1", CLEO: "l3", DAN: "l4"})
    return before, after


def test_movers_lists_from_to_and_rank_change(pair: tuple[Solved, Solved]) -> None:
    frame = movers(*pair)
    assert frame[["name", "from", "to", "score_change", "outcome"]].values.tolist() == [
        ["Ada Test", "Line 1", "Line 2", 1.0, "loser"],
        ["Ben Test", "Line 2", "Line 1", -1.0, "winner"],
    ]
    assert frame["qualificationlevel"].tolist() == ["PGY1", "PGY1"]


def test_movers_of_a_scenario_with_itself_are_none(pair: tuple[Solved, Solved]) -> None:
    assert movers(pair[0], pair[0]).empty


def test_movers_includes_workers_placed_in_one_scenario_only(inputs: RunInputs) -> None:
    before = solved("All", inputs, {ADA: "l1", BEN: "l2", CLEO: "l3", DAN: "l4"})
    fewer = Scenario("Fewer", changes=(LeaveOut(BEN),)).apply(inputs)
    after = solved("Fewer", fewer, {ADA: "l1", CLEO: "l2", DAN: "l4"})
    there, back = movers(before, after), movers(after, before)
    assert there[["name", "to", "outcome"]].values.tolist() == [
        ["Cleo Test", "Line 2", "winner"],
        ["Ben Test", "", "only in All"],
    ]
    assert back[["name", "from", "to", "outcome"]].values.tolist() == [
        ["Cleo Test", "Line 2", "Line 3", "loser"],
        ["Ben Test", "", "Line 2", "only in All"],
    ]


def test_group_costs_by_level_add_up_to_everybody(pair: tuple[Solved, Solved]) -> None:
    frame = group_costs(pair).set_index(["group", "scenario"])
    assert frame.index.get_level_values("group").unique().tolist() == [
        "All workers",
        "PGY1",
        "PGY2",
        "No level given",
    ]
    for one in pair:
        everybody = frame.loc[("All workers", one.name)]
        assert everybody["worker_dissatisfaction"] == one.result.worker_dissatisfaction
        assert everybody["weighting_points"] == outcome(one.inputs, one.result).weighting_points
        rest = frame.xs(one.name, level="scenario").drop("All workers")
        assert rest["workers"].sum() == 4
        assert rest["worker_dissatisfaction"].sum() == everybody["worker_dissatisfaction"]
    # Ada leaves line 1 and its weighting of +3 behind: the organisation gains 3.
    assert frame.loc[("PGY1", "After"), "Δ weighting_points"] == -3
    assert frame.loc[("PGY1", "After"), "Δ worker_dissatisfaction"] == 0
    assert frame.loc[("PGY2", "Before"), "Δ mean_score"] == 0


def test_group_costs_by_tag_count_a_worker_under_each_tag(pair: tuple[Solved, Solved]) -> None:
    frame = group_costs(pair, by="tag").set_index(["group", "scenario"])
    counts = frame.xs("Before", level="scenario")["workers"].to_dict()
    assert counts == {"All workers": 4, "Local": 2, "No qualification": 2, "Senior": 1}
    assert frame.loc[("Senior", "After"), "Δ mean_score"] == 1


def test_group_costs_refuses_another_grouping(pair: tuple[Solved, Solved]) -> None:
    with pytest.raises(UsageError, match="star sign"):
        group_costs(pair, by="star sign")


def test_headlines_show_each_scenario_and_its_difference(inputs: RunInputs) -> None:
    best = solved("Best", inputs, {ADA: "l1", BEN: "l2", CLEO: "l3", DAN: "l4"})
    worse = solved("Worse", inputs, {ADA: "l4", BEN: "l2", CLEO: "l3", DAN: "l1"})
    third = solved("Third", inputs, {ADA: "l2", BEN: "l1", CLEO: "l3", DAN: "l4"})
    frame = headlines([best, worse, third])
    assert list(frame.columns) == [
        "figure",
        "better",
        "Best",
        "Worse",
        "Δ Worse",
        "Third",
        "Δ Third",
    ]
    # Ranks 1, 2, 3, 1 against 4, 2, 3 and the unranked budget 3 = (4+1+1)/2.
    assert frame.loc["mean_score", "Best"] == 1.75
    assert frame.loc["mean_score", "Δ Worse"] == 1.25
    assert frame.loc["mean_score", "Δ Third"] == 0
    assert frame.loc["objective", "Δ Worse"] == pytest.approx(
        (worse.result.objective or 0) - (best.result.objective or 0)
    )


def test_rank_distributions_are_overlaid_by_scenario(pair: tuple[Solved, Solved]) -> None:
    frame = rank_distributions(pair)
    assert frame["scenario"].unique().tolist() == ["Before", "After"]
    assert frame.groupby("scenario")["workers"].sum().tolist() == [4, 4]


def test_a_comparison_needs_two_scenarios_of_different_names(pair: tuple[Solved, Solved]) -> None:
    with pytest.raises(UsageError, match="two or more"):
        headlines(pair[:1])
    with pytest.raises(UsageError, match="same name"):
        group_costs([pair[0], pair[0]])


def test_a_scenario_without_an_allocation_compares_as_nobody_placed(
    inputs: RunInputs, pair: tuple[Solved, Solved]
) -> None:
    nobody = Solved(
        inputs, SolveResult(Status.INFEASIBLE, Settings(), "f"), inputs, Scenario("None")
    )
    assert headlines([pair[0], nobody]).loc["not_placed", "Δ None"] == 4
    assert movers(pair[0], nobody)["outcome"].tolist() == ["only in Before"] * 4
    assert "None" not in group_costs([pair[0], nobody])["scenario"].tolist()
    assert rank_distributions([pair[0], nobody])["workers"].sum() == 8


def test_totals_under_other_weights_are_left_out(inputs: RunInputs) -> None:
    chosen = dict(zip((ADA, BEN, CLEO, DAN), LINES, strict=True))
    one = solved("One", inputs, chosen, Settings(alpha=0.5))

    def figures(**settings: float) -> set[str]:
        return set(headlines([one, solved("Two", inputs, chosen, Settings(**settings))]).index)

    totals = {"objective", "worker_dissatisfaction"}
    assert totals <= figures(alpha=0.5)
    assert totals & figures(alpha=0.6) == {"worker_dissatisfaction"}
    assert not totals & figures(alpha=0.5, power=2.0)
