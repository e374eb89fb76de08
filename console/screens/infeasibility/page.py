"""No allocation?: what stands in the way of every allocation, and what is proven to help."""

import streamlit as st

from console.screens.infeasibility.ended import draw_ended
from console.screens.infeasibility.running import ask, chosen_question, watch_diagnosis
from console.state import diagnosing
from console.ui import navigation, session
from console.ui.messages import shown_errors
from console.ui.notes import draw_issues
from console.ui.session import reading_note, run_reading

run = navigation.run_page("No allocation?")
if not run.is_pending:
    st.info("This run is completed: it has its allocation.", icon=":material/lock:")
    navigation.link("results", "Look at the results")
    st.stop()
with shown_errors(stop=True):
    reading = run_reading(run)
    reading_note(reading)
inputs = reading.inputs
if inputs.blocking_issues:
    st.markdown("These data errors have to be mended before anything else can be found out.")
    draw_issues(inputs.issues, key="issues", version=reading.version)
    st.stop()
with shown_errors(stop=True):
    wanted = chosen_question(inputs)
    latest = diagnosing.latest_diagnosis(wanted)
    if latest is None:
        ask(wanted, diagnosing.last_frozen(wanted, session.require_operator()))
    elif latest.is_running:
        watch_diagnosis(latest.request)
    else:
        draw_ended(latest, reading)
