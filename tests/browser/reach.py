"""What a page owes to everybody: axe-core's rules, light and dark, on a desk and on a phone.

Rules: WCAG 2.0 to 2.2, A and AA, and axe's best practices (order of headings, landmarks).
"""

from __future__ import annotations

import os
from functools import lru_cache
from importlib import resources

from playwright.sync_api import Page

from tests.browser.conftest import ARTIFACTS, settle

RULES = [
    *(f"wcag{version}{level}" for version in (2, 21, 22) for level in ("a", "aa")),
    "best-practice",
]
DESK, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
LIGHT_DESK, DARK_PHONE = ("light", DESK), ("dark", PHONE)
LOOKS = (LIGHT_DESK, DARK_PHONE)
ALL_LOOKS = (LIGHT_DESK, DARK_PHONE, ("dark", DESK), ("light", PHONE))
"""`make pictures` takes all four. Another theme comes with another width, for which a page draws
itself anew, and its charts with it."""

TOLERATED: dict[str, str] = {}
"""Rule of axe → the issue of Streamlit that causes it and cannot be worked around."""

_RUN = """rules => axe.run(document, {runOnly: rules, resultTypes: ["violations"]}).then(found =>
  found.violations.map(one => [one.id, ...one.nodes.map(node =>
    node.target.join(" ") + " | " + node.html.slice(0, 200) + " | " + node.failureSummary)]))"""
_TOO_WIDE = """() => {
    const main = document.querySelector("[data-testid=stMain]") ?? document.documentElement;
    return main.scrollWidth - main.clientWidth;
}"""


@lru_cache(maxsize=1)
def _axe() -> str:
    package = resources.files("axe_playwright_python")
    return (package / "axe.min.js").read_text(encoding="utf-8")


def violations(page: Page) -> dict[str, list[str]]:
    """Rule → the elements that break it."""
    if not page.evaluate("() => Boolean(window.axe)"):
        page.evaluate(_axe())
    return {rule: nodes for rule, *nodes in page.evaluate(_RUN, RULES)}


def look_at(page: Page, name: str, met: set[str] | None = None) -> list[str]:
    """What is wrong with the page as it stands, each look kept as a screenshot.

    `met` collects the tolerated rules that were broken. The page's present look comes first, and
    it is left in the last one: looking at many pages takes one change a page.
    """
    looks = list(ALL_LOOKS if os.environ.get("ALL_LOOKS") else LOOKS)
    present = page.viewport_size
    looks.sort(key=lambda look: look[1] != present)
    wrong = []
    ARTIFACTS.mkdir(exist_ok=True)
    for theme, size in looks:
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
        page.set_viewport_size(size)  # type: ignore[arg-type]
        if page.get_by_test_id("stApp").count():
            settle(page)
        look = f"{name} {size['width']} {theme}"
        for rule, nodes in violations(page).items():
            if rule in TOLERATED:
                (met if met is not None else set()).add(rule)
            else:
                wrong += [f"{look}: {rule}: {node}" for node in nodes]
        if page.get_by_text("Something went wrong").count():
            wrong.append(f"{look}: something went wrong")
        if page.evaluate(_TOO_WIDE) > 0:
            wrong.append(f"{look}: wider than the screen")
        page.screenshot(path=ARTIFACTS / f"{look}.png")
    return wrong
