"""Frame, headings and links of the pages, with addresses that keep `?run=…`.

Streamlit's own sidebar links drop query parameters, so the console draws its links itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from allocator.database.overview import RunBatch
from allocator.jobs import JobState
from allocator.models import AllocatorRun
from allocator.report.parts import run_title
from allocator.rules.moments import local_time
from console.gate.sign_in import WATCH
from console.places import PLACES, STEPS, Place, available
from console.state import readings, solving
from console.ui import session
from console.ui.messages import literal, shown_errors

RUN = "run"


def current_run() -> str | None:
    """The run in the page's address, None when there is none."""
    run = st.query_params.get(RUN, "").strip().lower()
    return run or None


def streamlit_pages() -> dict[str, StreamlitPage]:
    """Streamlit's page for each available place, under the place's path.

    They get no icon: Streamlit would make it the tab's and fetch it from the internet.
    """
    return {
        place.path: st.Page(
            place.file,
            title=place.title,
            url_path=place.path,
            default=index == 0,
        )
        for index, place in enumerate(available())
    }


def go(path: str, run: str | None = None, **more: str) -> NoReturn:
    """Open a page on a run (the present one unless another is named) and end this script."""
    st.switch_page(f"screens/{_place(path).path}/page.py", query_params=_query(run, more))


def link(path: str, label: str = "", *, run: str | None = None, **more: str) -> None:
    """A link to a page that keeps the run (or opens another) in the address; for who may not see
    the System page, words instead of the way there."""
    place = _place(path)
    if place.path == "system" and not session.may_see_system():
        st.caption("Whoever looks after the console finds what is missing on the System page.")
        return
    st.page_link(
        place.file,
        label=label or place.title,
        icon=place.icon,
        query_params=_query(run, more) if place.needs_run else {},
    )


def sidebar() -> None:
    """The console's own sidebar links, grouped; pages of a run rest until a run is open."""
    group, run = "", current_run()
    for place in available():
        if place.path == "system" and not session.may_see_system():
            continue
        if place.group != group:
            group = place.group
            st.caption(group)
        keep = {RUN: run} if run and place.path != "runs" else {}
        st.page_link(
            place.file,
            label=place.title,
            icon=place.icon,
            disabled=place.needs_run and not run,
            help="Open a run first." if place.needs_run and not run else None,
            query_params=keep,
        )


def _place(path: str) -> Place:
    return next(place for place in PLACES if place.path == path)


def _query(run: str | None, more: Mapping[str, str]) -> dict[str, str]:
    chosen = run or current_run()
    return ({RUN: chosen} if chosen else {}) | dict(more)


ICON = Path(__file__).parents[1] / "assets" / "icon.svg"

# Streamlit leaves six rem above every page and five beside it: most of a phone's first screen.
# Its tables' own download is not safe from formulas: `data_table.download_buttons` takes its place.
_LOOK = """
<style>
/* What a scenario brings stays in view above its controls, below Streamlit's own header. */
[data-testid="stLayoutWrapper"]:has(> .st-key-bench-bar) {
  position: sticky; top: 3.75rem; z-index: 99; background: light-dark(#FFFFFF, #10181F);
  border-bottom: 1px solid light-dark(#C9D3DC, #3A4A57); padding: 0.25rem 0 0.5rem;
}
/* What is scrolled to, also by the keyboard, is not hidden behind it. */
[data-testid="stMain"]:has(.st-key-bench-bar) { scroll-padding: 20rem 0 2rem; }
.st-key-bench-bar { gap: 0.25rem; }
.st-key-bench-bar [data-testid="stColumn"] > div { gap: 0.25rem; }
.st-key-bench-bar [data-testid="stCaptionContainer"] p { font-size: 0.8125rem; line-height: 1.35; }
.st-key-bench-figures {
  display: grid; grid-template-columns: repeat(4, auto); justify-content: start; align-items: start;
  gap: 0.125rem 1.25rem;
}
.st-key-bench-figures [data-testid="stMetric"] > div,
.st-key-bench-figures [data-testid="stMetric"] {
  display: flex; flex-flow: row wrap; align-items: baseline; column-gap: 0.375rem;
}
.st-key-bench-figures [data-testid="stMetricLabel"] { flex: 0 0 100%; min-height: 0; }
.st-key-bench-figures [data-testid="stMetricLabel"] p {
  font-size: 0.8125rem; line-height: 1.3; white-space: normal;
}
.st-key-bench-figures [data-testid="stMetricValue"] {
  font-size: 1.125rem; line-height: 1.3; padding: 0;
}
.st-key-bench-figures [data-testid="stMetricDelta"] { font-size: 0.8125rem; margin: 0; }
.st-key-bench-moves { gap: 0.25rem; }
.st-key-bench-moves p { font-size: 0.875rem; }
ul.moves { list-style: none; margin: 0; padding: 0; font-size: 0.875rem; line-height: 1.35; }
ul.moves li { display: flex; gap: 0.5rem; margin: 0 0 0.25rem; padding: 0; }
ul.moves .better .sign { color: light-dark(#00664B, #2FB587); }
ul.moves .worse .sign { color: light-dark(#A34700, #F0803C); }
ul.moves .rank { white-space: nowrap; }
ul.moves .rank::before { content: "("; }
ul.moves .rank::after { content: ")"; }
.st-key-bench-moves ul.moves { max-height: 7.5rem; overflow-y: auto; }
@media (max-width: 640px) {
  [data-testid="stMain"]:has(.st-key-bench-bar) { scroll-padding-top: 27rem; }
  .st-key-bench-head { gap: 0.25rem 0.5rem; }
  .st-key-bench-head [data-testid="stMarkdownContainer"] p { font-size: 0.875rem; }
  .st-key-bench-head button { padding: 0.125rem 0.5rem; min-height: 2.25rem; }
  .st-key-bench-moves ul.moves { max-height: 4rem; font-size: 0.8125rem; }
  /* The icon says it, the words stay for those who hear the page. */
  .st-key-scenario-undo [data-testid="stMarkdownContainer"],
  .st-key-scenario-redo [data-testid="stMarkdownContainer"] {
    position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
  }
  .st-key-bench-figures { grid-template-columns: repeat(4, 1fr); gap: 0 0.5rem; }
  .st-key-bench-figures [data-testid="stMetricLabel"] p { font-size: 0.6875rem; }
  .st-key-bench-figures [data-testid="stMetricValue"] { font-size: 0.9375rem; }
  .st-key-bench-figures [data-testid="stMetricDelta"] { font-size: 0.75rem; }
  .st-key-bench-bar [data-testid="stHorizontalBlock"] { gap: 0.25rem; }
  .st-key-bench-bar [data-testid="stCaptionContainer"] p { font-size: 0.75rem; }
}
.stMainBlockContainer { padding: 2.5rem clamp(1rem, 3vw, 4rem) 4rem; }
[data-testid="stSidebarHeader"] { height: 2.5rem; }
[data-testid="stElementToolbarButton"]:has(button[aria-label^="Download as CSV"]) { display: none; }
</style>
"""


def use_look() -> None:
    """Give the pages the room that wide margins take, and the tables one safe download."""
    st.html(_LOOK)


def watch_session() -> None:
    """Send the tab to the sign-in page soon after its session has ended."""
    st.html(f'<script src="{WATCH}"></script>', unsafe_allow_javascript=True)


def run_page(title: str) -> AllocatorRun:
    """Draw the heading and give the run in the address; without one the page ends here with a
    way to Runs, and with a message when the run is not there or the database does not answer."""
    session.require_operator()
    st.title(title, anchor=False)
    _stepper(title)
    run_id = current_run()
    if run_id is None:
        no_run()
        st.stop()
    with shown_errors(stop=True):
        batch = readings.batch(run_id)
    run = batch.run
    solving.let_go(run)
    st.markdown(f"{chip(run)} **{literal(run_title(run))}** · {batch_words(batch)}")
    return run


_STEPPER = """
<style>
.st-key-stepper { gap: 0.25rem 0.5rem; margin-top: -0.75rem; }
.st-key-stepper p { font-size: 0.9375rem; }
[data-testid="stLayoutWrapper"]:has(> .st-key-step-foot) {
  position: sticky; bottom: 0; z-index: 98; background: light-dark(#FFFFFF, #10181F);
}
.st-key-step-foot {
  border-top: 1px solid light-dark(#C9D3DC, #3A4A57); padding: 0.5rem 0;
}
.st-key-step-next a {
  background: light-dark(#0B5C94, #2A7CB7); border-radius: 0.5rem; padding: 0.375rem 1rem;
}
.st-key-step-next a:hover { background: light-dark(#084A78, #3A8CC7); }
.st-key-step-next a * { color: #FFFFFF; }
</style>
"""


def _stepper(title: str) -> None:
    """The four steps in order, the present one marked; on the pages beside them, the way back."""
    st.html(_STEPPER)
    steps = [place for place in available() if place.group == STEPS]
    with st.container(horizontal=True, vertical_alignment="center", key="stepper"):
        for number, place in enumerate(steps, 1):
            label = f"{number}. {place.title}"
            if place.title == title:
                st.markdown(f"**{label}**", width="content")
            else:
                link(place.path, label)


@contextmanager
def foot() -> Iterator[None]:
    """The foot of a step, always in view; it holds what leads on."""
    with st.container(horizontal=True, vertical_alignment="center", key="step-foot"):
        yield


def next_step(path: str, label: str) -> None:
    """The link to the next step, as the page's one primary button."""
    with st.container(key="step-next", width="content"):
        link(path, label)


def step_foot(path: str, label: str) -> None:
    """A foot that holds the way on alone."""
    with foot():
        next_step(path, label)


def no_run() -> None:
    """The empty state of a page of a run."""
    st.info("No run is open. Pick one from the list of runs first.", icon=":material/list_alt:")
    link("runs", "Go to the list of runs")


def batch_words(batch: RunBatch) -> str:
    """Which of the allocation run's batches this is."""
    return f"Batch {batch.number} of {batch.total}".replace(" ", "\N{NO-BREAK SPACE}")


def chip(run: AllocatorRun) -> str:
    """Where the run stands, as a coloured badge of Markdown."""
    if not run.is_pending:
        when = local_time(run, run.completed_at) if run.completed_at else ""
        return f":green-badge[:material/lock: Completed {literal(when)}]"
    snapshot = solving.latest(run.id)
    if snapshot is None:
        return ":blue-badge[:material/schedule: Waiting]"
    if snapshot.state is JobState.RUNNING:
        return ":orange-badge[:material/progress_activity: Being solved]"
    if solving.waits_for_commit(snapshot.result):
        return ":violet-badge[:material/edit_note: Solved, not committed]"
    return ":blue-badge[:material/schedule: Waiting]"
