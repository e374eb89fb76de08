"""System: what the check-up finds, the versions, and the SQL of our own objects."""

from importlib.metadata import version

import streamlit as st

from allocator import doctor
from console import backend, session
from console.messages import Message, literal, shown_errors

LIBRARIES = ("streamlit", "supabase", "pulp", "highspy", "pandas", "plotly")


def draw_findings(findings: list[doctor.Finding]) -> None:
    """What is broken with what to do, and the rest in one list."""
    broken = [finding for finding in findings if not finding.ok]
    for finding in broken:
        message = Message(finding.title, finding.remedy, (finding.detail,))
        st.error(message.markdown, icon=":material/error:")
    passed = len(findings) - len(broken)
    if not broken:
        st.success(f"All {passed} checks passed.", icon=":material/check_circle:")
    with st.expander(f"{passed} checks passed", expanded=False):
        for finding in findings:
            if finding.ok:
                st.markdown(f"**{literal(finding.title)}** – {literal(finding.detail)}")


def draw_sql() -> None:
    """The SQL that a DBA applies, file by file."""
    st.caption(
        "The console adds these objects to the database and nothing else. They can be applied "
        "again without harm. Until they are there, everything except commit works."
    )
    for name, sql in doctor.sql_files():
        with st.expander(name):
            st.code(sql, language="sql")
            st.download_button("Download", sql, file_name=name, key=f"sql {name}")


session.require_operator()
st.title("System")
with shown_errors(), st.spinner("Checking the database and the solvers …"):
    draw_findings(backend.service().doctor())
st.subheader("SQL for the database")
draw_sql()
st.subheader("Versions")
st.dataframe(
    [{"Component": name, "Version": version(name)} for name in LIBRARIES],
    hide_index=True,
    width="content",
)
