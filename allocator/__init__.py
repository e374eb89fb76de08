"""The allocator: formulate, solve, explain and commit junior-doctor allocations."""

__version__ = "1.0.0"
