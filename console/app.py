"""The server's entry: Streamlit's ASGI app behind the gate.

Start it with `python -m streamlit run console/app.py`; what must hold is set or refused in
`console/gate/settings.py`, wherever that is. Streamlit looks for a call of `App` in this file, so
it stays in plain sight.
"""
# ruff: noqa: E402

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:  # started from another directory
    sys.path.insert(0, str(ROOT))

from starlette.middleware import Middleware
from streamlit.starlette import App

from console import places
from console.gate import api, settings, sign_in
from console.gate.access import the_access
from console.gate.gate import Gate
from console.ui.messages import hide_script_error

settings.prepare()
app = App(
    ROOT / "console" / "main.py",
    routes=[*sign_in.routes(the_access()), *api.routes(), *places.page_routes()],
    middleware=[Middleware(Gate, access=the_access())],
    on_script_error=hide_script_error,
)
