"""Why a run has no allocation, and which changes are proven to help."""

from allocator.diagnosis.elastic import Frozen, Weights
from allocator.diagnosis.engine import diagnose
from allocator.diagnosis.pictures import Edge, Graph, Reordered, graph, reordered
from allocator.diagnosis.pre_checks import pre_checks
from allocator.diagnosis.results import (
    Block,
    Cause,
    CauseKind,
    Diagnosis,
    DiagnosisProgress,
    Fix,
    FixKind,
    PartialAllocation,
    PreCheck,
    RuleInvolved,
    Satisfaction,
)

__all__ = [
    "Block",
    "Cause",
    "CauseKind",
    "Diagnosis",
    "DiagnosisProgress",
    "Edge",
    "Fix",
    "FixKind",
    "Frozen",
    "Graph",
    "PartialAllocation",
    "PreCheck",
    "Reordered",
    "RuleInvolved",
    "Satisfaction",
    "Weights",
    "diagnose",
    "graph",
    "pre_checks",
    "reordered",
]
