"""The server's entry: Streamlit's ASGI app behind the gate.

Start it with `python -m streamlit run console/app.py` from the root of the repository; what must
hold is set or refused in `console/gate/start.py`, wherever it is started. Streamlit looks for a
call of `App` in this file, so it stays in plain sight.
"""

from pathlib import Path

from starlette.middleware import Middleware
from streamlit.starlette import App

from console.gate import api, sign_in, start
from console.gate.access import the_access
from console.gate.gate import Gate
from console.ui import navigation
from console.ui.messages import hide_script_error

start.prepare()
app = App(
    Path(__file__).with_name("main.py"),
    routes=[*sign_in.routes(the_access()), *api.routes(), *navigation.routes()],
    middleware=[Middleware(Gate, access=the_access())],
    on_script_error=hide_script_error,
)
