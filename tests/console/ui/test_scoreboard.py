"""The doctors behind a point or bar of the charts that compare allocations."""

from __future__ import annotations

from allocator.measures import bands, placements, rank_distribution
from allocator.models import Settings
from allocator.solving.solver import solve
from console.ui.scoreboard import behind_point
from tests.builders import small_run


def test_every_bar_and_point_has_as_many_doctors_behind_it_as_it_shows() -> None:
    inputs = small_run()
    placed = placements(inputs, solve(inputs, Settings(alpha=0.9)))
    for band in bands(placed, len(inputs.workers), len(inputs.job_lines)).itertuples():
        if not band.of_above:
            title, doctors = behind_point(placed, band.band)
            assert (title, len(doctors)) == (band.band, band.workers)
    ranked = rank_distribution(placed, len(inputs.workers)).dropna(subset=["choice"])
    for row in ranked.itertuples():
        title, doctors = behind_point(placed, int(row.choice))
        assert (title, len(doctors)) == (f"within the top {row.choice}", row.cumulative_workers)
