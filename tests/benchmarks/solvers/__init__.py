"""The solvers under comparison, all with the same question: a proven optimum, please."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module, util

from tests.benchmarks.instances import Table
from tests.benchmarks.solvers.answer import Answer

Solve = Callable[[Table, float, int], Answer]
"""(table, seconds allowed, threads) → answer."""


@dataclass(frozen=True, slots=True)
class Peer:
    """One solver: its name on the command line, its name for readers, where its code is."""

    name: str
    label: str
    module: str
    function: str
    needs: str

    @property
    def installed(self) -> bool:
        """Whether its library can be imported."""
        return util.find_spec(self.needs) is not None

    def load(self) -> Solve:
        """The function that solves a table."""
        module = import_module(f"tests.benchmarks.solvers.{self.module}")
        return getattr(module, self.function)  # type: ignore[no-any-return]


OURS = "ours"
DENSE = "dense-highs"
LINEAR_SUM = "linear-sum"
PEERS = {
    peer.name: peer
    for peer in (
        Peer(DENSE, "Dense PuLP, HiGHS", "dense", "with_highs", "highspy"),
        Peer("dense-cbc", "Dense PuLP, CBC", "dense", "with_cbc", "pulp"),
        Peer("cp-sat", "OR-Tools CP-SAT", "cp_sat", "as_shipped", "ortools"),
        Peer(
            "cp-sat-plain",
            "OR-Tools CP-SAT, presolve off",
            "cp_sat",
            "without_presolve",
            "ortools",
        ),
        Peer("min-cost-flow", "OR-Tools SimpleMinCostFlow", "min_cost_flow", "solve", "ortools"),
        Peer(LINEAR_SUM, "scipy linear_sum_assignment", "linear_sum", "solve", "scipy"),
    )
}
LABELS = {OURS: "Allocator Console"} | {peer.name: peer.label for peer in PEERS.values()}
