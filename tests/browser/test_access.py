"""The gate in a browser: nothing before sign-in, lockout, idle sign-out, sign-out everywhere."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from allocator.config import ConsoleOptions
from allocator.demo import demo_data
from console.ui import navigation
from tests.browser.conftest import ARTIFACTS, fill_sign_in, settle, until
from tests.console.server import OPERATOR, PASSWORD
from tests.database.demo_rows import demo_rows


def expect_sign_in(page: Page) -> None:
    expect(page.locator("#operator")).to_be_visible()


def test_nothing_is_served_before_sign_in(server, contexts, database) -> None:
    database.insert_tables(demo_rows())
    page = contexts().new_page()
    answers: list[tuple[str, int]] = []
    page.on("response", lambda answer: answers.append((answer.url, answer.status)))
    for path in (
        "/",
        f"/review?run={demo_data.BY_EYE}",
        f"/results?run={demo_data.BY_EYE}",
        "/system",
    ):
        page.goto(server.url + path)
        expect_sign_in(page)
        told = page.content()
        for secret in ("Intern", "House officer", "Review", "Commit", "streamlit", "Streamlit"):
            assert secret not in told
    opened = {url.removeprefix(server.url) for url, status in answers if status == 200}
    assert all(path.startswith(("/sign-in", "/favicon")) for path in opened), opened
    for path in ("/_stcore/health", "/media/0123456789abcdef.csv", "/static/js/index.js"):
        assert page.request.get(server.url + path).status == 401


def test_wrong_passwords_lock_for_a_while(server, contexts) -> None:
    *others, page = (contexts().new_page() for _ in range(4))
    options = "[console]\nlockout_attempts = 3"
    fewer = server.secrets.read_text().replace("[console]", options)
    with server.other_secrets(fewer):
        for each in others:  # fresh browsers: the lock counts across sessions
            each.goto(server.url)
            fill_sign_in(each, OPERATOR, "wrong password")
            expect(each.locator("[role=alert]")).to_be_visible()
        page.goto(server.url)
        fill_sign_in(page, OPERATOR, PASSWORD)  # the right one does not help now
        expect(page.locator("[role=alert]")).to_contain_text("locked")
        ARTIFACTS.mkdir(exist_ok=True)
        page.screenshot(path=ARTIFACTS / "locked.png")
        server.pass_time(60 * ConsoleOptions().lockout_minutes)
        fill_sign_in(page, OPERATOR, PASSWORD)
        expect(page.locator("h1")).to_have_text("Runs")


def test_idle_page_leads_to_the_sign_in_page(server, contexts, database) -> None:
    """The open Solve page polls all the time, which must not keep the session alive."""
    database.insert_tables(demo_rows())
    page, polls = contexts().new_page(), []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: polls.append(1)))
    page.goto(f"{server.url}/solve?run={demo_data.BY_EYE}")
    fill_sign_in(page, OPERATOR, PASSWORD)
    expect(page.locator("h1")).to_have_text("Solve")
    settle(page)
    for _ in range(2):
        polled = len(polls)
        server.pass_time(0.6 * 60 * ConsoleOptions().idle_minutes)
        until(page, lambda before=polled: len(polls) > before or page.locator("#operator").count())
    expect_sign_in(page)
    assert "Intern sample" not in page.content()
    fill_sign_in(page, OPERATOR, PASSWORD)  # and back to the page where it was
    expect(page.locator("h1")).to_have_text("Solve")
    expect(page).to_have_url(re.compile(f"run={demo_data.BY_EYE}"))


def test_sign_out_ends_every_tab(server, signed_in, database) -> None:
    database.insert_tables(demo_rows())
    page = signed_in(path=f"/solve?run={demo_data.SECOND_BATCH}")
    second = page.context.new_page()
    second.goto(f"{server.url}/history?run={demo_data.SECOND_BATCH}")
    expect(second.locator("h1")).to_have_text("History")
    page.get_by_role("button", name="Sign out").click()
    expect_sign_in(page)
    expect_sign_in(second)


def test_every_page_works_under_its_content_security_policy(server, signed_in, database) -> None:
    """Charts, tables, downloads, and nothing that the policy had to stop."""
    database.insert_tables(demo_rows())
    run = demo_data.BY_EYE
    page = signed_in()
    broken: list[str] = []
    downloads = 0
    # The browser tells each violation in its console, and as an event of the page.
    page.on("console", lambda said: broken.append(said.text) if is_violation(said.text) else None)
    page.add_init_script(WATCH_POLICY)
    page.goto(f"{server.url}/solve?run={run}")
    page.get_by_test_id("stFormSubmitButton").get_by_role("button").click()
    expect(page.get_by_role("link", name="Look at the results")).to_be_visible()
    line = rf'solve operator="{OPERATOR}" run={run} request=\w+ outcome=optimal'
    assert re.search(line, server.log)  # who solved what, from which socket
    for place in navigation.available():
        page.goto(f"{server.url}/{place.path}?run={run}")
        expect(page.locator("h1")).to_be_visible()
        settle(page)
        for tab in page.get_by_role("tab").all():
            tab.click()
            settle(page)
        button = page.locator("[data-testid=stDownloadButton] button:visible:enabled").first
        if button.count():
            with page.expect_download() as download:
                button.click()
            assert download.value.path().stat().st_size
            downloads += 1
        broken += page.evaluate("window.policyBroken")
    assert not broken
    assert downloads
    page.goto(f"{server.url}/results?run={run}")
    expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible()
    page.goto(f"{server.url}/review?run={run}")
    settle(page)
    assert page.evaluate("fetch('https://example.org').then(() => 'sent', () => 'stopped')") == (
        "stopped"
    )
    assert page.evaluate("window.policyBroken.length") == 1  # so a violation would have been seen


WATCH_POLICY = """
window.policyBroken = [];
document.addEventListener("securitypolicyviolation", (event) => window.policyBroken.push(
  [event.violatedDirective, event.blockedURI, event.sourceFile].join(" ")
));
"""


def is_violation(text: str) -> bool:
    return "Content Security Policy" in text or "Permissions policy" in text
