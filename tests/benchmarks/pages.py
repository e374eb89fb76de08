"""What an operator waits for in the browser: `python -m tests.benchmarks.pages`.

A console on a local stack of its own, one run solved beforehand, headless Chromium at 1440 × 900.
For each page, from the click on its link until nothing changes on it any more: the first visit,
and p50 and p95 of those after it. For the slider of alpha, from the key: until the figures
change, and until nothing changes any more. Run it on a quiet machine.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
from playwright.sync_api import Page, expect, sync_playwright

from allocator.config import Connection
from allocator.demo import demo_data
from allocator.local import stack
from allocator.local.postgres_server import insert_rows
from console.places import PLACES
from tests.browser.conftest import QUIET, executable, fill_sign_in, settle
from tests.console.server import OPERATOR, PASSWORD, ConsoleServer, console_server, secrets_text
from tests.synthetic import large_rows

WATCH = """() => {
    const note = key => { window[key] = performance.now(); };
    for (const kind of ["click", "keydown"])
        document.addEventListener(kind, () => { note("began"); window.figures = 0; }, true);
    const watch = new MutationObserver(changes => {
        note("changed");
        const bar = document.querySelector(".st-key-bench-bar");
        if (!window.figures && bar && changes.some(change => bar.contains(change.target)
                && (change.type === "characterData" || change.addedNodes.length)))
            note("figures");
    });
    const all = {subtree: true, childList: true, attributes: true, characterData: true};
    document.addEventListener("DOMContentLoaded", () => watch.observe(document.body, all));
}"""
SETTLED = "() => window.changed - window.began"
FIGURES = "() => window.figures - window.began"


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=139, help="139 is the demo's intern year")
    parser.add_argument("--visits", type=int, default=8, help="of each page, after the first")
    parser.add_argument("--moves", type=int, default=40, help="of the slider")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pages-") as folder, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable(), args=list(QUIET))
        with _console(Path(folder), asked.workers) as (server, run):
            context = chromium.new_context(
                viewport={"width": 1440, "height": 900}, reduced_motion="reduce"
            )
            context.set_default_timeout(120_000)
            context.add_init_script(f"({WATCH})()")
            page = context.new_page()
            print(f"{asked.workers} doctors, seconds")
            print(f"{'sign-in → first heading':32} {_signed_in(page, server, run):6.2f}")
            _print_visits(_visits(page, asked.visits))
            _print_moves(page, asked.moves)
        chromium.close()
    return 0


@contextmanager
def _console(folder: Path, workers: int) -> Iterator[tuple[ConsoleServer, str]]:
    """A console beside a run of so many doctors, and the run's id."""
    is_demo = workers == 139
    info = stack.start(folder / "stack", seed="demo" if is_demo else "empty")
    try:
        run = demo_data.INTERN_YEAR
        if not is_demo:
            tables = large_rows(workers, workers, 140)
            run = str(tables["allocator_py_runs"][0]["id"])
            _insert(info.dsn, tables)
        connection = Connection(info.url, info.service_role_key)
        with console_server(folder, secrets_text(), connection) as server:
            yield server, run
    finally:
        stack.stop(folder / "stack")


def _insert(dsn: str, tables: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    with psycopg.connect(dsn) as connection:
        insert_rows(connection, tables)


def _signed_in(page: Page, server: ConsoleServer, run: str) -> float:
    """Sign in, then solve the run; gives the seconds from the button to the first heading."""
    page.goto(f"{server.url}/solve?run={run}")
    page.evaluate("() => sessionStorage.setItem('began', Date.now())")
    fill_sign_in(page, OPERATOR, PASSWORD)
    expect(page.locator("h1")).to_be_visible()
    took: float = page.evaluate("() => (Date.now() - sessionStorage.getItem('began')) / 1000")
    settle(page)
    for tick in page.get_by_text(re.compile("^I have read")).all():
        tick.click()
    page.get_by_test_id("stFormSubmitButton").get_by_role("button").click()
    expect(page.get_by_role("link", name=re.compile("Look at the"))).to_be_visible()
    settle(page)
    return took


def _visits(page: Page, visits: int) -> dict[str, list[float]]:
    """Title of a page → seconds from its link to stillness, the first visit first."""
    took: dict[str, list[float]] = {}
    for _ in range(visits + 1):
        for place in PLACES:
            if not place.needs_run:
                continue
            link = page.get_by_test_id("stSidebar").get_by_role("link", name=place.title)
            link.first.click()
            expect(page.locator("h1")).to_have_text(place.title)
            settle(page)
            took.setdefault(place.title, []).append(page.evaluate(SETTLED) / 1000)
    return took


def _print_visits(took: Mapping[str, list[float]]) -> None:
    print(f"{'page, from click to settled':32} {'first':>6} {'p50':>6} {'p95':>6}")
    for title, seconds in took.items():
        p50, p95 = np.percentile(seconds[1:], [50, 95])
        print(f"{title:32} {seconds[0]:6.2f} {p50:6.2f} {p95:6.2f}")


def _print_moves(page: Page, moves: int) -> None:
    """Move the slider to and fro."""
    page.get_by_test_id("stSidebar").get_by_role("link", name="Scenarios").first.click()
    settle(page)
    page.get_by_role("slider").first.focus()
    figures, settled = [], []
    for move in range(moves):
        page.keyboard.press("ArrowRight" if move % 8 < 4 else "ArrowLeft")
        page.wait_for_function("() => window.figures > 0")
        settle(page)
        figures.append(page.evaluate(FIGURES) / 1000)
        settled.append(page.evaluate(SETTLED) / 1000)
    for words, seconds in (("figures changed", figures), ("settled", settled)):
        p50, p95 = np.percentile(seconds, [50, 95])
        print(f"{'alpha slider, ' + words:32} {'':6} {p50:6.2f} {p95:6.2f}")


if __name__ == "__main__":
    sys.exit(main())
