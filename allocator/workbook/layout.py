"""What the sheets of the workbook are called, and the columns that each of them has."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its heading, what goes into it, other headings that mean the same, and the words
    that its drop-down offers."""

    title: str
    words: str
    others: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    required: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """A sheet; the columns of the matrix are the job lines, so its layout names only the first."""

    title: str
    words: str
    columns: tuple[Column, ...]
    others: tuple[str, ...] = ()


YES, NO = "yes", "no"
WORKER = Column(
    "Worker ID",
    "As on the sheet Workers.",
    ("worker", "id", "internal id", "employee id", "staff id", "employee number"),
    required=True,
)
JOB_LINE = Column(
    "Job line", "Its name, as on the sheet Job lines.", ("line", "job line name", "name"), (), True
)

RUN = Layout(
    "Run",
    "What is filled: one line for each fact, its value beside it.",
    (Column("Fact", "Which fact.", required=True), Column("Value", "Its value.")),
)
PLAN, ORG, ZONE, STATUS = "Plan", "Organisation", "Time zone", "Status"
FACTS = (PLAN, ORG, ZONE, STATUS)
STATUSES = ("open", "closed", "archived")
WORKERS = Layout(
    "Workers",
    "One row for each doctor who is to get a job line.",
    (
        Column(
            WORKER.title, "A number or code of their own; kept as text.", WORKER.others, (), True
        ),
        Column("First name", "", ("firstname", "given name")),
        Column("Last name", "", ("lastname", "surname", "family name")),
        Column("Preferred name", "If another than the first name.", ("known as",)),
        Column("Level", "For example PGY1; for information.", ("qualification level", "grade")),
        Column("Qualifications", "Tags, with ; between them.", ("tags", "qualification tags")),
        Column("Submitted", "Blank = yes.", (), (YES, NO)),
        Column("Locked", "Blank = no.", (), (YES, NO)),
    ),
    ("worker", "doctors", "staff"),
)
JOB_LINES = Layout(
    "Job lines",
    "One row for each job line.",
    (
        Column(JOB_LINE.title, "A name of its own.", JOB_LINE.others, (), True),
        Column("Order", "A whole number, for sorting.", ("sort order", "number")),
        Column("Places", "Most doctors at once; blank = 1.", ("capacity", "max n workers")),
        Column("Must be filled", "Blank = no.", ("must have workers", "mandatory"), (YES, NO)),
    ),
    ("job line", "lines"),
)
RANK = Column("Rank", "1 = best; ties and gaps may be; blank = not ranked.", ("preference",))
BUCKET = Column(
    "Bucket",
    "Blank = none.",
    ("like or dislike",),
    ("love", "like", "neutral", "pending", "dislike", "never"),
)
PREFERENCES = Layout(
    "Preferences",
    "One row for each doctor and job line. Or use the sheet Preference matrix.",
    (WORKER, JOB_LINE, RANK, BUCKET),
)
MATRIX = Layout(
    "Preference matrix",
    "One row for each doctor, one column for each job line: the rank, or a bucket's word.",
    (WORKER,),
    ("matrix", "wide preferences"),
)
ELIGIBILITY = Layout(
    "Eligibility",
    "Only for job lines that not everybody may hold, one row each. Separate several with ;",
    (
        JOB_LINE,
        Column("Qualifications that may", "Others may not.", ("included tags",)),
        Column("Qualifications that may not", "", ("excluded tags",)),
        Column("Workers who may", "Worker IDs, whatever else holds.", ("included workers",)),
        Column("Workers who may not", "Worker IDs.", ("excluded workers",)),
    ),
)
WEIGHTINGS = Layout(
    "Weightings",
    "What the organisation wants: positive = less wanted, negative = more wanted.",
    (
        Column(JOB_LINE.title, "Blank = every job line.", JOB_LINE.others),
        Column("Qualifications", "With ; between them.", ("tags", "qualification tags")),
        Column("Workers", "Worker IDs; both blank = everybody.", ("worker ids",)),
        Column("Weighting", "A whole number.", ("value", "points"), (), True),
    ),
    ("weighting",),
)
TAGS = Layout(
    "Qualifications",
    "Every tag there is; leave it empty when only those that somebody holds are meant.",
    (Column("Qualification", "Its name.", ("tag", "name"), (), True),),
    ("tags", "qualification tags"),
)
LAYOUTS = (RUN, WORKERS, JOB_LINES, PREFERENCES, MATRIX, ELIGIBILITY, WEIGHTINGS, TAGS)


def plain_heading(text: str) -> str:
    """A heading without what spellings differ in: case, blanks, underscores and marks."""
    return re.sub(r"[\W_]+", "", text).casefold()
