"""Links between pages, with addresses that keep `?run=…`.

Streamlit's own sidebar links drop query parameters, so the console draws its links itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from console.places import PLACES, Place, available

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
    """A link to a page that keeps the run (or opens another) in the address."""
    place = _place(path)
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
