"""The settings of a solve, each in plain words."""

from __future__ import annotations

from math import ceil

import streamlit as st

from allocator.errors import UsageError
from allocator.measures.terms import AIM_NAMES
from allocator.models import Policy, Settings, SolverName

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
    "by bucket first and by rank inside it, so a loved job line counts before any liked one. Off: "
    "by the ranks alone."
)
BUCKET_ORDER = "Bucket first, then rank"
SOLVER = (
    "The program that finds the best allocation. Every possible placement is tested against its "
    "answer, so both lead to the same allocation. HiGHS is faster and can be stopped sooner; CBC "
    "is a cross-check."
)
CAP = (
    "Nobody who ranked something may be placed on a lower rank than this; workers who gave no "
    "preferences are exempt. An unranked job line counts as the mean of the ranks left open. "
    "Leave empty for no limit; a tight limit can leave no allocation. It binds by the lists "
    "themselves, so with a limit another list than the honest one may pay, by lottery order too."
)
LARGEST_SEED = 2**53 - 1
"""The largest whole number that a browser counts exactly."""
NAMES = {SolverName.HIGHS: "HiGHS", SolverName.CBC: "CBC"}
POLICY_HELP = {
    Policy.LEAST_TOTAL: "Usual. Adds up everybody's dissatisfaction and the organisation's.",
    Policy.GREEDY: "As many first choices as possible, then second ones; a few may fare badly.",
    Policy.GENEROUS: "As few last ranks as possible, then the one before, and so on.",
    Policy.LEXIMIN: "Lifts whoever fares worst, then the next, and so on.",
    Policy.LOTTERY_ORDER: "Each chooses in turn, in an order drawn by lot; honest lists do best, "
    "unless there is a limit on the worst rank.",
    Policy.FEWEST_MOVES: "Disturbs as few as possible. What follows decides between equals.",
    Policy.MOST_MOVES: "Grants as many swaps as possible. What follows decides between equals.",
}


def whole_seed(shown: int, before: int) -> int:
    """The seed that a field stands for: one that no browser can count stays as it is."""
    return max(shown, before) if shown == LARGEST_SEED else shown


def aims(start: Settings) -> list[Policy]:
    """The aims to choose from: those that fit every run, and the present one."""
    return [policy for policy in Policy if policy is start.policy or not policy.needs_baseline]


def settings_inputs(start: Settings, *, ranks_contradict: bool = False) -> Settings:
    """Draw the fields, filled with `start`, and give what they hold. Call it inside a form.

    `ranks_contradict`: the run has ranks that contradict the buckets, which one setting settles.

    Raises UsageError for values that do not go together.
    """
    left, right = st.columns(2, gap="large")
    with left:
        policy = st.radio(
            "Aim: what the best allocation is",
            aims(start),
            index=aims(start).index(start.policy),
            format_func=AIM_NAMES.__getitem__,
            captions=[POLICY_HELP[policy] for policy in aims(start)],
        )
    with right:
        alpha = st.slider(
            "How much the organisation's wishes count (alpha)",
            0.0,
            1.0,
            start.alpha,
            0.01,
            help=ALPHA,
        )
        st.caption(f"0 = workers only · 1 = organisation only · usual {Settings().alpha:.2f}")
        cap = st.number_input(
            "Worst rank allowed", 1.0, None, start.worst_rank, 1.0, help=CAP,
            placeholder="No limit", format="%g",
        )  # fmt: skip
    if ranks_contradict:
        st.caption(
            "Ranks of this run contradict the buckets (see the data error above). The setting "
            f"“{BUCKET_ORDER}” under *More* settles it: the bucket counts first, and the rank only "
            "inside a bucket. It is recorded with the solve and the commit."
        )
    with st.expander("More: power, seed, time limit, lists, solver", expanded=ranks_contradict):
        power, seed, limit, ties, by_bucket, solver = _more(start)
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
            start.move_price,
        )
    except ValueError as exc:
        raise UsageError(f"The settings are not right: {exc}.") from None


def _more(start: Settings) -> tuple[float, float, float, bool, bool, SolverName | None]:
    """Power, seed, time limit, ties, buckets and solver."""
    left, right = st.columns(2, gap="large")
    with left:
        power = st.slider(
            "How strongly to spare low ranks (power)", 0.1, 10.0, start.power, 0.1, help=POWER
        )
        st.caption("1 = every rank alike · above 1 = spare the worst-off")
    with right:
        seed = st.number_input(
            "Seed for drawing lots", 0, LARGEST_SEED, min(start.seed, LARGEST_SEED), 1, help=SEED
        )
        longest = max(3600, ceil(start.time_limit))
        limit = st.number_input(
            "Time limit in seconds", 1, longest, ceil(start.time_limit), 10, help=LIMIT
        )
    ties = st.checkbox("Workers may rank job lines equally", start.ties_allowed, help=TIES)
    by_bucket = st.checkbox(BUCKET_ORDER, start.bucket_order, help=BUCKETS)
    solver = st.radio(
        "Solver",
        list(SolverName),
        index=list(SolverName).index(start.solver),
        format_func=NAMES.__getitem__,
        horizontal=True,
        help=SOLVER,
    )
    return power, seed, limit, ties, by_bucket, solver
