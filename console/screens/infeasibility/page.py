"""No allocation?: what stands in the way of every allocation, and what is proven to help."""

import streamlit as st

from console.screens.infeasibility.ended import draw_ended
from console.screens.infeasibility.running import ask, chosen_question, watch
from console.state import diagnosing, readings
from console.ui import heading, navigation
from console.ui.messages import shown_errors
from console.ui.notes import draw_issues

run = heading.run_page("No allocation?")
if not run.is_pending:
    st.info("This run is completed: it has its allocation.", icon=":material/lock:")
    navigation.link("results", "Look at the results")
    st.stop()
with shown_errors(stop=True):
    inputs = readings.loaded(run.id)
    readings.reading_note(run.id)
if inputs.blocking_issues:
    st.markdown("These data errors have to be mended before anything else can be found out.")
    draw_issues(inputs.issues, key="issues", version=readings.data_version(run.id))
    st.stop()
with shown_errors(stop=True):
    wanted = chosen_question(inputs)
    latest = diagnosing.latest(wanted)
    if latest is None:
        ask(wanted, diagnosing.last_frozen(wanted))
    elif latest[1].is_running:
        watch(latest[0])
    else:
        draw_ended(*latest)
