"""System: what the check-up finds, the versions, and the SQL of our own objects."""

from importlib.metadata import version

import streamlit as st

from allocator import doctor
from console import backend, session
from console.messages import literal, shown_errors

LIBRARIES = ("streamlit", "supabase", "pulp", "highspy", "pandas", "plotly")


def draw_findings(findings: list[doctor.Finding]) -> None:
    """One block for each finding, with what to do; the broken ones first."""
    broken = [finding for finding in findings if not finding.ok]
    if broken:
        st.warning(
            f"{len(broken)} of {len(findings)} checks need attention.", icon=":material/error:"
        )
    else:
        st.success(f"All {len(findings)} checks passed.", icon=":material/check_circle:")
    for finding in sorted(findings, key=lambda finding: finding.ok):
        icon = ":material/check_circle:" if finding.ok else ":material/error:"
        with st.container(border=True):
            st.markdown(f"{icon} **{literal(finding.title)}**")
            st.text(finding.detail)
            if finding.remedy:
                st.markdown(f"What to do: {literal(finding.remedy)}")


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
