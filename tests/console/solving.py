"""Solves and their words, for tests of the pages that come after one."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from allocator.jobs import JobSnapshot
from allocator.models import Settings
from console.state import readings, solving
from tests.console.server import OPERATOR
from tests.console.ui.test_frame import text_of
from tests.waiting import PATIENCE


def solve(run_id: str, settings: Settings | None = None, **options) -> JobSnapshot:
    """Solve a run as the Solve page does, and wait for the end."""
    as_read = readings.reading(run_id).inputs
    job = solving.solve_in_background(
        as_read, settings or Settings(), options.pop("operator", OPERATOR), **options
    )
    assert job.wait(PATIENCE)
    return job.snapshot()


def words_of(app: AppTest) -> str:
    """Everything that the page says, without Markdown's escapes."""
    kinds = (app.caption, app.info, app.header, app.code)
    texts = [str(element.value) for kind in kinds for element in kind]
    facts = [html.proto.body for html in app.get("html")]
    links = [link.proto.label for link in app.get("page_link")]
    return "\n".join([text_of(app), *texts, *facts, *links]).replace("\\", "")


def press(app: AppTest, label: str) -> AppTest:
    """Press the button whose label starts so."""
    return next(b for b in app.button if b.label.startswith(label)).click().run()
