"""The line of terms that stands by every figure."""

from __future__ import annotations

from allocator.measures.terms import aim_name, terms_line
from allocator.models import Policy, Settings


def test_usual_settings_are_told_without_their_usual_values() -> None:
    assert terms_line(Settings().as_dict()) == "alpha 0.30 · power 1 · least total · seed 1234"


def test_everything_unusual_is_told() -> None:
    settings = Settings(0.125, 2.0, 7, policy=Policy.LEXIMIN, worst_rank=20, bucket_order=True)
    assert terms_line(settings.as_dict(), 1, "solved by Ada") == (
        "alpha 0.125 (usual 0.30) · power 2 (usual 1) · worst-off first · nobody beyond rank 20 · "
        "lists by bucket first · seed 7 · 1 change · solved by Ada"
    )


def test_stored_settings_may_lack_what_this_version_knows() -> None:
    assert terms_line({"alpha": 0.2}, 0) == "alpha 0.20 (usual 0.30) · no changes"
    assert aim_name({"policy": "of another version"}) == ""
