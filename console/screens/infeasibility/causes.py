"""What stands in the way: every cause in words, as a picture, and within the whole run."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from allocator.diagnosis import Block, Cause, RuleInvolved, blocked_pairs, reordered
from allocator.models import RunInputs
from allocator.rules.naming import job_line_name, worker_name
from console.charts import CONFIG, cause_graph, run_matrix
from console.screens.infeasibility.running import EndedDiagnosis, bullets
from console.ui import session, tables
from console.ui.about import about_job_line, about_worker
from console.ui.data_table import data_table, newly_chosen
from console.ui.messages import literal
from console.ui.tables import counted, facts_row

MOST_RADIO = 6
MOST_BULLETS = 8
KINDS = {
    "places": "Number of places",
    "mandatory": "Must have somebody",
    "eligibility": "Eligibility",
    "pin": "Pin of this scenario",
    "worst rank": "Cap on the worst rank",
}


def draw_causes(found: EndedDiagnosis) -> None:
    """Choose a cause; its picture and rules, and the whole run beside them."""
    shown = _choose(found)
    _facts(shown)
    picture, whole = st.columns([11, 9], gap="large")
    with picture:
        _picture(found, shown)
        if isinstance(shown, Cause):
            _rules(found, shown.rules)
        else:
            st.caption("Choose a single cause above to see the rules behind it.")
    with whole:
        _whole_run(found, shown)


def _choose(found: EndedDiagnosis) -> Cause | Block:
    """The cause to show; those with workers and job lines first, whose picture says most."""
    options: dict[str, Cause | Block] = {}
    blocks = enumerate(found.diagnosis.blocks)
    for number, block in sorted(blocks, key=lambda one: not (one[1].workers and one[1].job_lines)):
        causes = [cause for cause in found.diagnosis.causes if cause.block == number]
        if block.n_independent > 1:
            options[f"{block.n_independent} causes together: {block.explanation}"] = block
        for cause in causes:
            options[_free(options, cause.explanation)] = cause
    words = list(options)
    label = "Each of these alone rules out every allocation"
    if found.diagnosis.remaining_words:
        st.caption(found.diagnosis.remaining_words)
    if len(words) == 1:
        st.markdown(f"**{literal(words[0])}**")
        return options[words[0]]
    if len(words) <= MOST_RADIO:
        shown = {literal(sentence): sentence for sentence in words}
        picked = st.radio(label, list(shown), key=found.key("cause"))
        return options[shown[picked or literal(words[0])]]
    chosen = st.selectbox(label, words, key=found.key("cause")) or words[0]
    st.markdown(f"**{literal(chosen)}**")
    return options[chosen]


def _free(taken: dict[str, Cause | Block], words: str) -> str:
    count = sum(other == words or other.startswith(f"{words} (") for other in taken)
    return f"{words} ({count + 1})" if count else words


def _facts(shown: Cause | Block) -> None:
    if shown.is_mirror:
        facts = [
            ("Must have somebody", counted(shown.needed, "job line")),
            ("Who may hold them", counted(shown.seats, "worker")),
        ]
    else:
        facts = [
            ("Workers", f"{shown.needed:,}"),
            ("Job lines open to them", f"{len(shown.job_lines):,}"),
            ("Places there", f"{shown.seats:,}"),
        ]
    facts_row(facts)


def _short(shown: Cause | Block) -> str:
    return f"{counted(shown.shortage, 'worker' if shown.is_mirror else 'place')} short"


def _picture(found: EndedDiagnosis, shown: Cause | Block) -> None:
    st.markdown(f"**This cause** :red-badge[:material/warning: {_short(shown)}]")
    st.caption(
        ":blue[●] workers · :green[■] job lines with their places · a line: may hold it. "
        "Select a worker or job line to see its rows."
    )
    drawn = blocked_pairs(found.inputs, found.diagnosis.settings, shown)
    selected = session.remembered("node", found.version, "")
    event = st.plotly_chart(
        cause_graph(found.inputs, drawn, selected=selected, dark=tables.is_dark()),
        theme=None,
        config=CONFIG,
        key=found.key(f"graph {shown.explanation}"),
        alt=f"Workers on the left, job lines on the right. {shown.explanation}",
        on_select="rerun",
        selection_mode="points",
    )
    _open_rows(found, shown, _clicked(event))


def _clicked(event: object) -> str | None:
    points = getattr(getattr(event, "selection", None), "points", None) or []
    ids = [point["customdata"] for point in points if point.get("customdata")]
    if not ids:
        return None
    first = ids[0]
    return str(first[0] if isinstance(first, list | tuple) else first) or None


def _open_rows(found: EndedDiagnosis, shown: Cause | Block, clicked: str | None) -> None:
    """The rows of the node that was clicked, or chosen in the list (for keyboards)."""
    nodes = _nodes(found.inputs, shown)
    chosen = st.selectbox(
        "Show the rows of",
        list(nodes),
        index=None,
        placeholder="a worker or job line",
        key=found.key(f"node {shown.explanation}"),
    )
    opened = newly_chosen(found.key("clicked"), clicked)
    opened = newly_chosen(found.key("listed"), nodes.get(chosen or "")) or opened
    if opened is not None:
        session.remember("node", opened, found.version)
        session.remember("node to open", opened, found.version)
        st.rerun()  # so that the picture, which is drawn already, marks it
    opened = session.remembered("node to open", found.version)
    session.forget("node to open", found.version)
    if opened in (*shown.workers, *shown.job_lines):
        draw = about_worker if opened in shown.workers else about_job_line
        draw(found.on, opened)


def _nodes(inputs: RunInputs, shown: Cause | Block) -> dict[str, str]:
    """Label → id of the cause's workers and job lines; labels that repeat get a number."""
    ids = [*shown.workers, *shown.job_lines]
    names = [worker_name(inputs, w) for w in shown.workers]
    names += [job_line_name(inputs, j) for j in shown.job_lines]
    count: dict[str, int] = {}
    labels = []
    for name in names:
        count[name] = count.get(name, 0) + 1
        labels.append(name if count[name] == 1 else f"{name} ({count[name]})")
    return dict(zip(labels, ids, strict=True))


def _whole_run(found: EndedDiagnosis, shown: Cause | Block) -> None:
    st.markdown("**The whole run**")
    st.caption("What blocks comes first and is framed in red. Point at a pair to see its rule.")
    blocks = found.diagnosis.blocks
    number = shown.block if isinstance(shown, Cause) else blocks.index(shown)
    view = reordered(found.inputs, found.diagnosis)
    drawn = run_matrix(found.inputs, view, blocks, shown=number, dark=tables.is_dark())
    tables.draw(
        drawn,
        key=found.key(f"whole {number}"),
        alt="Which worker may hold which job line; what blocks the run is on the top left.",
    )


def _rules(found: EndedDiagnosis, rules: Sequence[RuleInvolved]) -> None:
    st.markdown("**The rules behind it**")
    if len(rules) <= MOST_BULLETS:
        st.markdown(bullets([rule.words for rule in rules]))
        return
    rows = [(KINDS.get(rule.kind, rule.kind), rule.words) for rule in rules]
    data_table(
        pd.DataFrame(rows, columns=["Kind", "Rule"]),
        key=found.key("rules"),
        version=found.version,
        noun="rule",
        file_name="rules",
        search=["Kind", "Rule"],
        height=320,
    )
