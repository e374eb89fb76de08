"""The pages in the order of a run's life, and addresses that keep `?run=…`.

Streamlit's own sidebar links drop query parameters, so the console draws its links itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.responses import RedirectResponse
from starlette.routing import Route

if TYPE_CHECKING:
    from starlette.requests import Request
    from streamlit.navigation.page import StreamlitPage

SCREENS = Path(__file__).parents[1] / "screens"
RUN = "run"
_PARAMETER = re.compile(r"[a-z_]{1,32}")
_VALUE = re.compile(r"[\w.,-]{1,200}")


@dataclass(frozen=True, slots=True)
class Place:
    """One page: its address, title, icon and group; `needs_run` = it shows one run."""

    path: str
    title: str
    icon: str
    group: str
    needs_run: bool = True

    @property
    def file(self) -> Path:
        """The script that draws the page."""
        return SCREENS / self.path / "page.py"


PLACES = (
    Place("runs", "Runs", ":material/list_alt:", "", needs_run=False),
    Place("review", "Review", ":material/fact_check:", "This run"),
    Place("solve", "Solve", ":material/play_circle:", "This run"),
    Place("results", "Results", ":material/insights:", "This run"),
    Place("why", "Why?", ":material/contact_support:", "This run"),
    Place("scenarios", "Scenarios", ":material/alt_route:", "This run"),
    Place("infeasibility", "No allocation?", ":material/troubleshoot:", "This run"),
    Place("commit", "Commit", ":material/task_alt:", "This run"),
    Place("history", "History", ":material/history:", "This run"),
    Place("system", "System", ":material/dns:", "Console", needs_run=False),
)


def available() -> tuple[Place, ...]:
    """The places whose screen is there."""
    return tuple(place for place in PLACES if place.file.is_file())


def safe_next(address: str) -> str:
    """`address` when it is one of the console's own pages with plain parameters, else "/".

    The result is put together anew from what was recognised, never passed through.
    """
    try:
        parts = urlsplit(address)
        pairs = parse_qsl(parts.query, max_num_fields=20)
    except ValueError:
        return "/"
    known = {"/", *(f"/{place.path}" for place in PLACES)}
    if parts.scheme or parts.netloc or address[:2] in ("//", "/\\") or parts.path not in known:
        return "/"
    plain = [(k, v) for k, v in pairs if _PARAMETER.fullmatch(k) and _VALUE.fullmatch(v)]
    return parts.path + (f"?{urlencode(plain)}" if plain else "")


def routes() -> list[Route]:
    """The first page's own address: Streamlit serves the first page at "/" alone."""
    return [Route(f"/{PLACES[0].path}", _home, methods=["GET"])]


async def _home(request: Request) -> RedirectResponse:
    return RedirectResponse(f"/?{request.url.query}" if request.url.query else "/", 307)


def current_run() -> str | None:
    """The run in the page's address, None when there is none."""
    import streamlit as st

    run = st.query_params.get(RUN, "").strip().lower()
    return run or None


def pages() -> dict[str, StreamlitPage]:
    """Streamlit's page for each available place, under the place's path.

    They get no icon: Streamlit would make it the tab's and fetch it from the internet.
    """
    import streamlit as st

    return {
        place.path: st.Page(
            place.file,
            title=place.title,
            url_path=place.path,
            default=index == 0,
        )
        for index, place in enumerate(available())
    }


def go(path: str, run: str | None = None, **more: str) -> None:
    """Open a page on a run (the present one unless another is named) and end this script."""
    import streamlit as st

    st.switch_page(f"screens/{_place(path).path}/page.py", query_params=_query(run, more))


def link(path: str, label: str = "", *, run: str | None = None, **more: str) -> None:
    """A link to a page that keeps the run (or opens another) in the address."""
    import streamlit as st

    place = _place(path)
    st.page_link(
        place.file,
        label=label or place.title,
        icon=place.icon,
        query_params=_query(run, more) if place.needs_run else {},
    )


def sidebar() -> None:
    """The console's own sidebar links, grouped; pages of a run rest until a run is open."""
    import streamlit as st

    group, run = "", current_run()
    for place in available():
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
