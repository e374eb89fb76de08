"""Why?: any placement explained exactly, how contested it is, and how fair."""

import streamlit as st

from console import heading
from console.messages import shown_errors
from console.widgets.why.contested import draw_contested
from console.widgets.why.fair import draw_fair
from console.widgets.why.source import draw_what, source_of
from console.widgets.why.worker import draw_worker

TABS = {
    "One worker": draw_worker,
    "Contested?": draw_contested,
    "Fair?": draw_fair,
}

run = heading.run_page("Why?")
with shown_errors(stop=True):
    source = source_of(run)
draw_what(source)
tabs = st.tabs(list(TABS), key="tab", bind="query-params")
for tab, draw in zip(tabs, TABS.values(), strict=True):
    if tab.open:  # only the open tab is worked out
        with tab, shown_errors():
            draw(source)
