"""Commits that meet faults: `python -m tests.faults` tries many and counts what came of them."""
