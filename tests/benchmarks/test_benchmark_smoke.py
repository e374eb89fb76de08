"""The benchmark itself, at a size that takes seconds, with the solvers that we always have."""

from __future__ import annotations

import json
from dataclasses import replace
from math import log2
from pathlib import Path

import pytest

from tests.benchmarks import chart, markdown
from tests.benchmarks.__main__ import main
from tests.benchmarks.goals import goals
from tests.benchmarks.instances import Size
from tests.benchmarks.records import Instance, Measurement, Outcome, Run, WhatIf
from tests.benchmarks.summary import disagreements, growth, lines

ALWAYS = "ours,dense-highs,dense-cbc,linear-sum"


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of results of a small run that exited with 0."""
    folder = tmp_path_factory.mktemp("results")
    arguments = f"--sizes 12x11/14,24 --solvers {ALWAYS} --repeats 1 --limit 60"
    arguments += " --what-if 24 --re-solves 3 --letters 24 --output"
    assert main([*arguments.split(), str(folder)]) == 0
    return folder


def test_small_run_proves_the_same_optimum_with_every_solver(results: Path) -> None:
    run = Run.load(results / "benchmark.json")
    assert [i.label for i in run.instances] == ["12 × 11", "24 × 24"]
    for instance in run.instances:
        rows = lines(run, instance.label)
        assert [row.solver for row in rows] == ALWAYS.split(",")
        assert all(row.outcome is Outcome.PROVEN and row.same for row in rows)
        assert all(row.peak_mb and row.seconds and row.ratio for row in rows)
    assert len(run.what_if[0].latencies) == 3


def test_small_run_writes_chart_and_json_without_our_paths(results: Path) -> None:
    assert "Exponent 1" in (results / "benchmark.html").read_text()
    data = json.loads((results / "benchmark.json").read_text())
    assert data["machine"]["libraries"]["highspy"]
    assert str(Path(__file__).parents[2]) not in json.dumps(data)


def test_saved_run_renders_for_the_readme(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--from", str(results / "benchmark.json"), "--markdown"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("Measured on ")
    assert "| 24 × 24 |" in text
    assert "scipy linear_sum_assignment" in text


def outcomes(folder: Path, arguments: str) -> dict[tuple[str, str], Outcome]:
    """How each solver ended in a run with these arguments, by (size, solver)."""
    nothing_else = ["--what-if", "", "--letters", ""]
    main([*arguments.split(), *nothing_else, "--output", str(folder)])
    run = Run.load(folder / "benchmark.json")
    return {(m.size, m.solver): m.outcome for m in run.measurements}


def test_peer_at_its_limit_is_unfinished_and_not_tried_on_larger_sizes(tmp_path: Path) -> None:
    ended = outcomes(tmp_path, "--sizes 150,151 --solvers dense-highs,dense-cbc --limit 0.05")
    assert ended["150 × 150", "dense-highs"] is Outcome.UNFINISHED
    assert ended["150 × 150", "dense-cbc"] is Outcome.UNFINISHED
    assert ended["151 × 151", "dense-cbc"] is Outcome.NOT_TRIED


def test_solver_above_the_memory_limit_is_ended(tmp_path: Path) -> None:
    ended = outcomes(tmp_path, "--sizes 30 --solvers linear-sum --memory 0.02")
    assert ended["30 × 30", "linear-sum"] is Outcome.OUT_OF_MEMORY


def run_of(*measurements: Measurement) -> Run:
    """A run of 1000 × 1000 with these measurements."""
    instance = Instance("1000 × 1000", 1000, 1000, 140, 1020, 20, 850_000, 1)
    options = {"limit": 300.0, "repeats": 1}
    machine = {
        "processor": "Test",
        "cores": 2,
        "memory_gib": 8,
        "system": "Linux",
        "python": "3.11",
        "libraries": {},
    }
    what_if = (WhatIf("1000 × 1000", (0.5, 0.6, 3.0)),)
    return Run("2026-01-01T00:00:00", machine, options, (instance,), measurements, what_if)


OURS = Measurement("1000 × 1000", "ours", 1, Outcome.PROVEN, 0.5, 0.1, 0.4, 1234.5, 300.0)


def test_disagreement_is_reported_when_a_proven_objective_differs() -> None:
    other = replace(OURS, solver="dense-highs", objective=1234.6)
    run = run_of(OURS, other)
    assert len(disagreements(run)) == 1
    assert "1234.6" in disagreements(run)[0]
    assert "different objective" in markdown.render(run)


def test_disagreement_is_reported_when_an_unfinished_solver_beats_us() -> None:
    better = replace(OURS, solver="cp-sat", outcome=Outcome.UNFINISHED, objective=1200.0)
    worse = replace(better, objective=1300.0)
    assert disagreements(run_of(OURS, better))
    assert not disagreements(run_of(OURS, worse))


def test_unproven_result_of_ours_is_reported() -> None:
    assert disagreements(run_of(replace(OURS, outcome=Outcome.UNFINISHED)))


def test_unfinished_peer_counts_with_the_limit_as_a_lower_bound() -> None:
    dense = Measurement("1000 × 1000", "dense-highs", 1, Outcome.UNFINISHED, note="kTimeLimit")
    run = run_of(OURS, dense)
    row = lines(run, "1000 × 1000")[1]
    assert row.seconds is None
    assert (row.ratio, row.at_least) == (600.0, True)
    assert "unfinished after 300 s (> 600 ×)" in markdown.render(run)
    assert "unfinished" in chart.figure(run).to_json()


def test_goals_say_what_was_missed() -> None:
    slow = replace(OURS, seconds=1.5)
    met = {goal.text: goal.met for goal in goals(run_of(slow))}
    assert met["1000 × 1000: proven and checked under 1 s"] is False
    assert met["1000 × 1000: what-if re-solve, 95th percentile under 2 s"] is False


def test_growth_is_the_exponent_of_the_fit() -> None:
    run = run_of(OURS)
    small = replace(run.instances[0], label="100 × 100", pairs=8500)
    scale = 850_000 * log2(850_000) / (8500 * log2(8500))
    quick = replace(OURS, size="100 × 100", seconds=0.5 / scale)
    run = replace(run, instances=(small, *run.instances), measurements=(quick, OURS))
    fit = growth(run)
    assert fit is not None
    assert fit.exponent == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("139", Size(139, 140, 140)),
        ("300", Size(300, 300, 140)),
        ("5000", Size(5000, 1500, 60, 5200)),
        ("20x30@5/40", Size(20, 30, 5, 40)),
    ],
)
def test_size_parses(text: str, size: Size) -> None:
    assert Size.parse(text) == size


@pytest.mark.parametrize(
    "arguments", [["--sizes", "big"], ["--solvers", "gurobi"], ["--repeats", "0"]]
)
def test_wrong_arguments_are_usage_errors(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
