"""The settings of a solve, each in plain words."""

from __future__ import annotations

from math import ceil

import streamlit as st

from allocator.errors import UsageError
from allocator.models import Policy, Settings, SolverName
from allocator.report.parts import POLICIES

ALPHA = (
    "0 looks at the workers' preferences alone, 1 at the organisation's weightings alone. "
    "A positive weighting means the organisation wants a placement less, a negative one that "
    "it wants it more."
)
POWER = (
    "1 counts every rank alike: 2nd instead of 1st costs as much as 12th instead of 11th. Above 1 "
    "low ranks cost more and more, which spares the worst-off; below 1 first choices count more."
)
SEED = (
    "Where several allocations are equally good, lots are drawn fairly. The same seed "
    "always draws the same lots, so a colleague gets the same allocation. Whoever tries several "
    "seeds can choose who wins: every seed that was tried is kept under History, and a sealed "
    "draw (page Commit) takes the choice away."
)
LIMIT = (
    "When the time is up, the best allocation so far is shown, with how far it can be off. Drawing "
    "lots and the check, which follow a proof, are not cut short."
)
TIES = (
    "Off: a worker who gave two job lines the same rank is a data error, and the run is not solved."
)
BUCKETS = (
    "Doctors sort job lines into buckets, from love to never, and rank them. On: each list is read "
    "by bucket first and by rank inside it. Off: by the ranks alone."
)
SOLVER = (
    "The program that finds the best allocation. Every possible placement is tested against its "
    "answer, so both lead to the same allocation. HiGHS is faster and can be stopped sooner; CBC "
    "is a cross-check."
)
CAP = (
    "Nobody who ranked something may be placed on a lower rank than this; workers who gave no "
    "preferences are exempt. An unranked job line counts as the mean of the ranks left open. "
    "Leave empty for no limit; a tight limit can leave no allocation."
)
LARGEST_SEED = 2**53 - 1
"""The largest whole number that a browser counts exactly."""
NAMES = {SolverName.HIGHS: "HiGHS", SolverName.CBC: "CBC"}
POLICY_HELP = {
    Policy.LEAST_TOTAL: "Usual. Adds up everybody's dissatisfaction and the organisation's.",
    Policy.GREEDY: "Many happy workers; a few may fare badly. What follows decides between equals.",
    Policy.GENEROUS: "Keeps the bottom of the lists empty. What follows decides between equals.",
    Policy.LEXIMIN: "Lifts whoever fares worst. What follows decides between equals.",
}


def whole_seed(shown: int, before: int) -> int:
    """The seed that a field stands for: one that no browser can count stays as it is."""
    return max(shown, before) if shown == LARGEST_SEED else shown


def settings_inputs(start: Settings) -> Settings:
    """Draw the fields, filled with `start`, and give what they hold. Call it inside a form.

    Raises UsageError for values that do not go together.
    """
    policy = st.radio(
        "What the best allocation is",
        list(Policy),
        index=list(Policy).index(start.policy),
        format_func=POLICIES.__getitem__,
        captions=[POLICY_HELP[policy] for policy in Policy],
    )
    left, right = st.columns(2, gap="large")
    with left:
        alpha = st.slider(
            "How much the organisation's wishes count (alpha)",
            0.0,
            1.0,
            start.alpha,
            0.01,
            help=ALPHA,
        )
        st.caption("0 = workers only · 1 = organisation only")
        power = st.slider(
            "How strongly to spare low ranks (power)", 0.1, 10.0, start.power, 0.1, help=POWER
        )
        st.caption("1 = every rank alike · above 1 = spare the worst-off")
    with right:
        longest = max(3600, ceil(start.time_limit))
        limit = st.number_input(
            "Time limit in seconds", 1, longest, ceil(start.time_limit), 10, help=LIMIT
        )
        seed = st.number_input(
            "Seed for drawing lots", 0, LARGEST_SEED, min(start.seed, LARGEST_SEED), 1, help=SEED
        )
        cap = st.number_input(
            "Worst rank allowed", 1.0, None, start.worst_rank, 1.0, help=CAP,
            placeholder="No limit", format="%g",
        )  # fmt: skip
    ties = st.checkbox("Workers may rank job lines equally", start.ties_allowed, help=TIES)
    by_bucket = st.checkbox("Read lists by bucket first", start.bucket_order, help=BUCKETS)
    solver = st.radio(
        "Solver",
        list(SolverName),
        index=list(SolverName).index(start.solver),
        format_func=NAMES.__getitem__,
        horizontal=True,
        help=SOLVER,
    )
    try:
        seed = whole_seed(int(seed), start.seed)
        return Settings(
            round(alpha, 6),
            round(power, 6),
            seed,
            float(limit),
            ties,
            solver or start.solver,
            policy or start.policy,
            cap,
            by_bucket,
        )
    except ValueError as exc:
        raise UsageError(f"The settings are not right: {exc}.") from None
