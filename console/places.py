"""The console's pages in the order of a run's life, and which addresses are theirs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.routing import Route

SCREENS = Path(__file__).parent / "screens"
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


STEPS, BESIDE = "Step by step", "Beside the steps"
PLACES = (
    Place("runs", "Runs", ":material/list_alt:", "", needs_run=False),
    Place("review", "Review", ":material/fact_check:", STEPS),
    Place("solve", "Solve", ":material/play_circle:", STEPS),
    Place("results", "Results", ":material/insights:", STEPS),
    Place("commit", "Commit", ":material/task_alt:", STEPS),
    Place("why", "Why?", ":material/contact_support:", BESIDE),
    Place("scenarios", "Scenarios", ":material/alt_route:", BESIDE),
    Place("infeasibility", "No allocation?", ":material/troubleshoot:", BESIDE),
    Place("history", "History", ":material/history:", BESIDE),
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


def page_routes() -> list[Route]:
    """The first page's own address: Streamlit serves the first page at "/" alone."""
    return [Route(f"/{PLACES[0].path}", _home, methods=["GET"])]


async def _home(request: Request) -> RedirectResponse:
    return RedirectResponse(f"/?{request.url.query}" if request.url.query else "/", 307)
