"""Hydration: a run's rows → `RunInputs`, with every data error collected."""

from allocator.hydration.hydrate import Reading, find_run, hydrate

__all__ = ["Reading", "find_run", "hydrate"]
