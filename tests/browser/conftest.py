"""A real browser, a real console server, a real database: what a coordinator has.

Tests of one module share a server, and a server remembers the runs it has read and solved: give
each test a run of its own. Screenshots go to `tests/artifacts` (ignored by git).
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Locator,
    Page,
    TimeoutError,
    expect,
    sync_playwright,
)

from allocator.config import Connection
from allocator.local import stack
from tests.console.server import OPERATOR, PASSWORD, ConsoleServer, console_server, secrets_text
from tests.waiting import PATIENCE, Found

ARTIFACTS = Path(__file__).parents[1] / "artifacts"
SECOND_OPERATOR = "Grace Hopper"
NAMES = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--no-sandbox",  # the tests may run as root
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
expect.set_options(timeout=PATIENCE * 1000)

QUIET_PAGE = """began => {
    const app = document.querySelector("[data-testid=stApp]");
    const running = app?.dataset.testScriptState !== "notRunning";
    const now = performance.now();
    if (!window.observed) {
        window.observed = new MutationObserver(() => { window.quietSince = performance.now(); });
        const all = {subtree: true, childList: true, attributes: true, characterData: true};
        window.observed.observe(document.body, all);
        window.quietSince = now;
    }
    if (running) window.quietSince = now;
    const enough = Math.max(50, 400 - (now - began) / 20);
    return now - window.quietSince >= enough;
}"""
"""The page has not changed for a while; for less where it draws itself anew every second."""

SignIn = Callable[..., Page]


def executable() -> str | None:
    """The system's Chromium; None means Playwright's own."""
    found = (shutil.which(name) for name in NAMES)
    return os.environ.get("CHROMIUM") or next(filter(None, found), None)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Ends with its module: while Playwright lasts, its event loop runs in this thread."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=list(QUIET))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, local_stack: stack.StackInfo
) -> Iterator[ConsoleServer]:
    """A console on the test database, with two operators."""
    people = {OPERATOR: PASSWORD, SECOND_OPERATOR: PASSWORD}
    connection = Connection(local_stack.url, local_stack.service_role_key)
    directory = tmp_path_factory.mktemp("console")
    with console_server(directory, secrets_text(people), connection) as running:
        yield running


@pytest.fixture
def contexts(chromium: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """`contexts()` is a browser of its own: no cookie is shared."""
    opened: list[BrowserContext] = []

    def new(width: int = 1440, height: int = 900, **options: object) -> BrowserContext:
        size = {"width": width, "height": height}
        context = chromium.new_context(viewport=size, reduced_motion="reduce", **options)  # type: ignore[arg-type]
        context.set_default_timeout(PATIENCE * 1000)
        opened.append(context)
        return context

    yield new
    for context in opened:
        context.close()


@pytest.fixture
def signed_in(server: ConsoleServer, contexts: Callable[..., BrowserContext]) -> SignIn:
    """`signed_in("Grace Hopper", path="/solve?run=…")`: a page of a fresh browser after sign-in."""

    def sign_in(operator: str = OPERATOR, path: str = "/", **options: object) -> Page:
        page = contexts(**options).new_page()
        page.goto(server.url + path)
        fill_sign_in(page, operator, PASSWORD)
        expect(page.locator("h1")).to_be_visible()
        return page

    return sign_in


def fill_sign_in(page: Page, operator: str, password: str) -> None:
    """Fill in and send the sign-in form."""
    page.fill("#operator", operator)
    page.fill("#password", password)
    page.click("button")


def settle(page: Page) -> None:
    """Wait until no script runs and the page stays as it is. What is asserted afterwards still
    needs a wait of its own: a busy machine may begin to run the script later than this looks."""
    began = page.evaluate("() => window.quietSince = performance.now()")
    page.wait_for_function(QUIET_PAGE, arg=began, polling=50)


def until(page: Page, look: Callable[[], Found]) -> Found:
    """The first answer of `look` that is not false; the browser works on meanwhile."""
    end = time.monotonic() + PATIENCE
    while not (found := look()):
        assert time.monotonic() < end, f"waited for nothing: the last answer was {found!r}"
        page.wait_for_timeout(50)
    return found


def click_until_visible(
    page: Page, spot: Callable[[], tuple[float, float]], wanted: Locator
) -> None:
    """Click at a spot of a picture or a drawn table, again if it moved away meanwhile."""

    def click() -> bool:
        page.mouse.click(*spot())
        try:
            wanted.wait_for(timeout=5000)
        except TimeoutError:
            return False
        return True

    until(page, click)


def middle(locator: Locator) -> tuple[float, float]:
    """The middle of what is drawn."""
    box = locator.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def keep(page: Page, name: str) -> None:
    """Keep a screenshot of the whole page, not only of what fits."""
    settle(page)
    ARTIFACTS.mkdir(exist_ok=True)
    size = page.viewport_size or {"width": 1440, "height": 900}
    # Streamlit scrolls inside its own element, so the window has to grow.
    needed = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
    page.set_viewport_size({"width": size["width"], "height": max(size["height"], needed)})
    settle(page)
    page.screenshot(path=ARTIFACTS / f"{name}.png")
    page.set_viewport_size(size)
