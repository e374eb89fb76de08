"""Why a run has no allocation, and which changes are proven to help."""

from allocator.diagnosis.elastic import Frozen, Weights
from allocator.diagnosis.engine import diagnose
from allocator.diagnosis.pictures import BlockedPairs, Edge, Reordered, blocked_pairs, reordered
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
)

__all__ = [
    "Block",
    "BlockedPairs",
    "Cause",
    "CauseKind",
    "Diagnosis",
    "DiagnosisProgress",
    "Edge",
    "Fix",
    "FixKind",
    "Frozen",
    "PartialAllocation",
    "PreCheck",
    "Reordered",
    "RuleInvolved",
    "Weights",
    "blocked_pairs",
    "diagnose",
    "pre_checks",
    "reordered",
]
