"""System: what the check-up finds, the versions, and the SQL of our own objects."""

import platform
from importlib.metadata import version

import streamlit as st

from allocator.database import doctor
from console.state import backend
from console.ui import session
from console.ui.messages import Message, literal, shown_errors

LIBRARIES = ("streamlit", "supabase", "pulp", "highspy", "pandas", "plotly")


def draw_findings(findings: list[doctor.Finding]) -> None:
    """What is broken with what to do, and the rest in one list."""
    broken = [finding for finding in findings if not finding.ok]
    for finding in broken:
        remedy = (finding.remedy,) if finding.remedy else ()
        message = Message(finding.title, finding.detail, remedy)
        st.error(message.markdown, icon=":material/error:")
    passed = len(findings) - len(broken)
    if not broken:
        st.success(f"All {passed} checks passed.", icon=":material/check_circle:")
    with st.expander(f"{passed} checks passed", expanded=False):
        for finding in findings:
            if finding.ok:
                st.markdown(f"**{literal(finding.title)}** – {literal(finding.detail)}")


def draw_sql(*, is_wanted: bool) -> None:
    """The SQL that a DBA applies: whole, and file by file. `is_wanted`: objects are missing."""
    files = doctor.sql_files()
    if is_wanted:
        st.warning(
            "The database lacks some of the console's own objects. Until somebody applies this "
            "SQL, everything except commit works.",
            icon=":material/database:",
        )
    st.caption(
        "The console adds these objects to the database and nothing else. They can be applied "
        "again without harm, in this order."
    )
    st.download_button(
        "Download all as one file",
        "\n".join(f"-- {name}\n{sql}" for name, sql in files),
        file_name=f"allocator-console-{doctor.expected_version()}.sql",
        icon=":material/download:",
    )
    for name, sql in files:
        with st.expander(name):
            st.code(sql, language="sql")


def draw_versions() -> None:
    """What is installed."""
    rows = [("SQL objects", doctor.expected_version()), ("Python", platform.python_version())]
    rows += [(name, version(name)) for name in LIBRARIES]
    st.dataframe(
        [{"Component": name, "Version": found} for name, found in rows],
        hide_index=True,
        width="content",
    )


session.require_operator()
st.title("System", anchor=False)
if not session.may_see_system():
    st.info(
        "This page is for whoever looks after the console. Your role is that of a coordinator.",
        icon=":material/lock:",
    )
    st.stop()
findings: list[doctor.Finding] = []
with shown_errors(), st.spinner("Checking the database and the solvers …"):
    findings = backend.service().doctor()
    draw_findings(findings)
    st.button("Check again", icon=":material/refresh:")
st.header("SQL for the database", anchor=False)
draw_sql(is_wanted=any(finding.remedy == doctor.APPLY_SQL for finding in findings))
st.header("Versions", anchor=False)
draw_versions()
