"""The allocator: formulate, solve, explain and commit junior-doctor allocations.

What a script needs is here; everything else may move. Names are loaded when they are first used,
so that `import allocator` is quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from allocator.errors import AllocatorError, InvalidData
    from allocator.models import Policy, RunInputs, Settings
    from allocator.result import Receipt, SolveResult, Status
    from allocator.scenario import Scenario
    from allocator.service import AllocatorService
    from allocator.unattended import Terms, process_pending

__version__ = "1.0.0"

__all__ = [
    "AllocatorError",
    "AllocatorService",
    "InvalidData",
    "Policy",
    "Receipt",
    "RunInputs",
    "Scenario",
    "Settings",
    "SolveResult",
    "Status",
    "Terms",
    "process_pending",
]

_HOMES = {
    "AllocatorService": "service",
    "Scenario": "scenario",
    "Terms": "unattended",
    "process_pending": "unattended",
    "AllocatorError": "errors",
    "InvalidData": "errors",
    "Receipt": "result",
    "SolveResult": "result",
    "Status": "result",
}
"""Where a public name lives, unless it is one of the models."""


def __getattr__(name: str) -> Any:
    """A public name, from the module that it lives in."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES.get(name, 'models')}"), name)
