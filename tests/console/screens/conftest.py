"""What the pages of one run are tested on."""

from __future__ import annotations

import pytest

from allocator.demo import demo_data
from allocator.models import RunInputs
from console.state import backend


@pytest.fixture
def as_read(demo_database) -> RunInputs:
    """The small demo run, as the database holds it."""
    return backend.service().hydrate(demo_data.BY_EYE)
