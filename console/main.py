"""The script that Streamlit runs behind the gate: page frame, sidebar, and the page itself."""

import streamlit as st

from console.ui import navigation, session
from console.ui.messages import shown_errors
from console.ui.navigation import ICON, use_look, watch_session
from console.ui.reach import reach_everybody

st.set_page_config(
    page_title="Allocator Console",
    page_icon=str(ICON),
    layout="wide",
    initial_sidebar_state="auto",
)
operator = session.require_operator()
with st.container(key="unseen"):
    watch_session()
    use_look()
    reach_everybody()
pages = navigation.streamlit_pages()
page = st.navigation(list(pages.values()), position="hidden")
st.set_page_config(page_title=f"{page.title} · Allocator Console")

with st.sidebar:
    st.markdown("**Allocator Console**")
    navigation.sidebar()
    st.divider()
    st.caption("Signed in as")
    st.text(operator)
    st.button("Sign out", icon=":material/logout:", on_click=session.sign_out, width="stretch")

with shown_errors():
    page.run()
