"""How many examples hypothesis draws: a third in everyday work, all of them in CI.

`HYPOTHESIS_PROFILE=full` is the second. How long an example takes says nothing on machines that
other work shares, so that no profile has a deadline.
"""

from __future__ import annotations

import os

from hypothesis import settings

PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "quick")
SHARE = {"quick": 1 / 3, "full": 1.0}[PROFILE]
"""Of the examples that a test asks for, how many are drawn."""


def examples(most: int) -> settings:
    """Settings of a test that draws so many examples in the full profile."""
    return settings(max_examples=max(10, round(most * SHARE)), deadline=None)


settings.register_profile("full", deadline=None)
settings.register_profile("quick", examples(100))
settings.load_profile(PROFILE)
