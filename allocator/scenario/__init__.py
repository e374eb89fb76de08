"""What-if: scenarios, the kinds of change they may make, and their file form."""

from allocator.scenario.change import Change
from allocator.scenario.scenario import Scenario, apply_changes

__all__ = ["Change", "Scenario", "apply_changes"]
