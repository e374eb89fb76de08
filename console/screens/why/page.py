"""Why?: any placement explained exactly, how contested it is, and how fair."""

import streamlit as st

from console.screens.why.contested_view import draw_contested
from console.screens.why.doctor import ONE_WORKER, PART, draw_one_worker, draw_what, explained
from console.screens.why.fair import draw_fair
from console.ui import navigation, session
from console.ui.messages import shown_errors

TABS = {
    ONE_WORKER: draw_one_worker,
    "Contested?": draw_contested,
    "Fair?": draw_fair,
}

run = navigation.run_page("Why?")
with shown_errors(stop=True):
    source = explained(run, session.require_operator())
draw_what(source)
asked = st.query_params.get(PART)
first = asked if asked in TABS else next(iter(TABS))
# The key follows the address, so that a button inside a tab can open another one.
tabs = st.tabs(list(TABS), default=first, key=f"why part {first}", on_change="rerun")
for tab, (name, draw) in zip(tabs, TABS.items(), strict=True):
    if tab.open:  # only the open tab is worked out
        if name != first:
            st.query_params[PART] = name
            st.rerun()
        with tab, shown_errors():
            draw(source)
