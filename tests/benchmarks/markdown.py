"""The tables of a run for the README."""

from __future__ import annotations

from collections.abc import Sequence

from tests.benchmarks import words
from tests.benchmarks.goals import goals
from tests.benchmarks.machine import sentence
from tests.benchmarks.records import Run
from tests.benchmarks.solvers import LABELS, OURS
from tests.benchmarks.summary import Line, disagreements, growth, lines, percentile


def render(run: Run) -> str:
    """Times, memory, what-if and goals; the last line ends with a newline."""
    solvers = [s for s in LABELS if any(m.solver == s for m in run.measurements)]
    rows = {i.label: {line.solver: line for line in lines(run, i.label)} for i in run.instances}
    limit = run.options["limit"]
    parts = [
        f"Measured on {run.date[:10]}: {sentence(dict(run.machine))}. Median of up to "
        f"{run.options['repeats']} runs, each in a process of its own; time limit {limit:g} s.",
        "Time to a proven optimum (and how many times ours):",
        _table(
            ["Workers × job lines", "Eligible pairs", *(LABELS[s] for s in solvers)],
            [
                [i.label, f"{i.pairs:,}", *(_time(rows[i.label].get(s), limit) for s in solvers)]
                for i in run.instances
            ],
        ),
        "Peak memory of the process:",
        _table(
            ["Workers × job lines", *(LABELS[s] for s in solvers)],
            [[i.label, *(_memory(rows[i.label].get(s)) for s in solvers)] for i in run.instances],
        ),
    ]
    if run.what_if:
        middles = [
            [words.seconds(percentile(w.latencies, p)) for p in (50, 95)] for w in run.what_if
        ]
        named = [[w.size, *pair] for w, pair in zip(run.what_if, middles, strict=True)]
        parts += ["What-if: a re-solve with another alpha:"]
        parts += [_table(["Workers × job lines", "Median", "95th percentile"], named)]
    fit = growth(run)
    if fit is not None:
        parts.append(
            f"Our time grows with (eligible pairs × their logarithm) to the power "
            f"{fit.exponent:.2f}."
        )
    verdicts = [[g.text, g.measured, "met" if g.met else "**missed**"] for g in goals(run)]
    if verdicts:
        parts.append(_table(["Goal", "Measured", ""], verdicts))
    problems = disagreements(run)
    parts += ["**The solvers do not agree:**", *problems] if problems else []
    return "\n\n".join(parts) + "\n"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines_ = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines_)


def _time(line: Line | None, limit: float) -> str:
    if line is None:
        return "–"
    time = words.time_of(line, limit)
    if line.solver == OURS:
        return f"**{time}**"
    difference = " **different objective**" if line.same is False else ""
    against = "" if line.ratio is None else f" ({words.ratio(line.ratio, line.at_least)})"
    return time + against + difference


def _memory(line: Line | None) -> str:
    return "–" if line is None else words.megabytes(line.peak_mb)
