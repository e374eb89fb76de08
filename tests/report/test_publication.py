"""What is published: whom each letter names, who gets one, file names, lists and the mail merge."""

from __future__ import annotations

import csv
import io
import re
import threading
import zipfile
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook
from pypdf import PdfReader

from allocator.errors import UsageError
from allocator.measures.bands import rank_words
from allocator.models import Baseline, LeftOut, Policy, RunInputs, Settings, Term
from allocator.report import publication
from allocator.report.lists import MERGE, safe_name
from allocator.report.parts import csv_text
from allocator.report.publication import (
    PublicationOptions,
    Published,
    publish_file,
    publish_folder,
    publish_zip,
)
from allocator.result import SolveResult, Status
from allocator.solving.solver import solve
from tests.builders import J1, J2, OUTSIDE, W1, W2, renamed, small_run
from tests.profiles import examples
from tests.synthetic import synthetic_inputs

Files = dict[str, bytes]
ORDINAL = r"(\d+)(?:st|nd|rd|th)\b"


@cache
def crowded() -> tuple[RunInputs, SolveResult]:
    """Thirty doctors whose names occur nowhere else, on job lines of two places."""
    drawn = synthetic_inputs(30, 15, 10, places=30)
    workers = tuple(
        replace(
            w, firstname=f"Xq{i}x", lastname=f"Zq{i}z", preferred_name="", internal_id=f"Yq{i}y"
        )
        for i, w in enumerate(drawn.workers)
    )
    left = (LeftOut("worker", OUTSIDE, "Xq99x Zq99z", "Withdrawn on 1 March 2026"),)
    inputs = replace(drawn, workers=workers, left_out=left)
    return inputs, solve(inputs, Settings())


def files_of(inputs: RunInputs, result: SolveResult, **options: object) -> Files:
    made = publish_zip(inputs, result, None, PublicationOptions(**options))
    assert made
    with zipfile.ZipFile(io.BytesIO(made.content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def letters(files: Files) -> Files:
    return {n: c for n, c in files.items() if n.startswith(("letters/", "not-placed/"))}


def text_of(name: str, content: bytes) -> str:
    if not name.endswith(".pdf"):
        return content.decode()
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)


def merge_of(files: Files) -> list[dict[str, str]]:
    rows = csv.DictReader(io.StringIO(files["mail-merge.csv"].decode("utf-8-sig")))
    return [{name: csv_text(cell) for name, cell in row.items()} for row in rows]


def test_no_letter_names_another_doctor_or_tells_their_rank() -> None:
    files = files_of(*crowded())
    found = letters(files)
    assert len(found) == 2 * 31
    explained = 0
    for name, content in found.items():
        text = text_of(name, content)
        assert len(set(re.findall(r"[XYZ]q(\d+)[xyz]", text))) == 1, name
        assert "would move from" not in text
        explained += "other doctors" in text
    assert explained


@pytest.mark.parametrize("policy", [Policy.LEAST_TOTAL, Policy.LOTTERY_ORDER])
def test_every_rank_in_a_letter_is_one_of_the_doctors_own(policy: Policy) -> None:
    inputs, _ = crowded()
    result = solve(inputs, Settings(policy=policy))
    held = {a.worker_mapping: a.job_line for a in result.allocations}
    own = {w.internal_id: (w.preferences.scores, held[w.id]) for w in inputs.workers}
    found = letters(files_of(inputs, result))
    told = 0
    for name, content in found.items():
        if name.startswith("not-placed/"):
            continue
        text = text_of(name, content)
        scores, line = own[re.findall(r"Yq\d+y", text)[0]]
        here = scores.get(line, float("inf"))
        mine = [rank for j, rank in scores.items() if rank < here or j == line]
        ranks = sorted(re.findall(ORDINAL, text))
        assert ranks == sorted(re.findall(ORDINAL, " ".join(map(rank_words, mine)))), name
        told += len(ranks)
    assert told > 2 * len(inputs.workers)


def test_letters_of_a_lottery_order_tell_each_doctor_its_turn() -> None:
    inputs, _ = crowded()
    result = solve(inputs, Settings(policy=Policy.LOTTERY_ORDER, seed=3))
    rows = merge_of(files := files_of(inputs, result, pdf=False))
    turns: dict[str, int] = {}
    for row in rows:
        if row["Outcome"] == "Placed":
            page = files[f"{row['Letter']}.html"].decode()
            assert "the doctors choose in turn, in an order drawn by lot" in page
            assert "Lots were drawn among them" not in page
            [turn] = re.findall(r"you came as number (\d+) of 30", page)
            turns[row["Internal id"]] = int(turn)
    assert sorted(turns.values()) == list(range(1, 31))
    first = next(w for w in inputs.workers if turns[w.internal_id] == 1)
    held = {a.worker_mapping: a.job_line for a in result.allocations}
    assert first.preferences.scores[held[first.id]] == min(first.preferences.scores.values())


def test_letters_name_others_only_when_the_operator_says_so() -> None:
    files = files_of(*crowded(), names=True)
    texts = [text_of(*item) for item in letters(files).items() if item[0].startswith("letters/")]
    numbers = [set(re.findall(r"[XZ]q(\d+)[xz]", text)) for text in texts]
    assert max(map(len, numbers)) > 1
    assert any("would move from" in text for text in texts)
    assert "NAME other doctors" in files["READ-ME.txt"].decode("utf-8-sig")


def test_html_and_pdf_of_a_letter_say_the_same() -> None:
    files = letters(files_of(*crowded()))
    for name in [name for name in files if name.endswith(".pdf")]:
        page = files[name.replace(".pdf", ".html")].decode().split("</style>")[1]
        page = re.sub(r"<[^>]+>|&#39;", " ", page)
        sheet = re.sub(r"Page \d+", " ", text_of(name, files[name]))
        words = [set(re.findall(r"\w+", text)) for text in (page, sheet)]
        assert words[0] == words[1], name


def test_letters_after_a_repair_go_to_those_who_move_alone() -> None:
    inputs, result = crowded()
    held = {a.worker_mapping: a.job_line for a in result.allocations}
    first, second, third = sorted(held)[:3]
    other = next(line for line in held.values() if line != held[first])
    before = {**held, first: other, OUTSIDE: held[second]}
    del before[third]
    files = files_of(inputs, result, before=before)
    assert len(letters(files)) == 2 * 3
    rows = {row["Outcome"]: row for row in merge_of(files)}
    assert set(rows) == {"Moved", "Placed", "Not placed"}
    assert rows["Moved"]["Before"] == inputs.job_line(other).name
    moved = files[f"{rows['Moved']['Letter']}.html"].decode()
    assert f"This replaces the placement on {inputs.job_line(other).name}" in moved
    gone = files[f"{rows['Not placed']['Letter']}.html"].decode()
    assert "no longer holds" in gone
    assert "withdrawn on 1 March 2026" in gone
    assert len(letters(files_of(inputs, result, before={**held}))) == 0
    repaired = replace(inputs, baseline=Baseline(before))
    assert letters(files_of(repaired, result)).keys() == letters(files).keys()
    assert len(letters(files_of(repaired, result, everybody=True))) == 2 * 31


def test_doctors_with_a_place_from_an_earlier_run_are_not_told_that_they_have_none() -> None:
    inputs, result = crowded()
    left = (LeftOut("worker", OUTSIDE, "Eve Early", "Already placed on Surgery by the run"),)
    files = files_of(replace(inputs, left_out=left), result)
    assert not [name for name in files if name.startswith("not-placed/")]


def test_an_allocation_without_proof_gives_letters_without_reasons() -> None:
    inputs, result = crowded()
    files = files_of(inputs, replace(result, status=Status.FEASIBLE), pdf=False)
    text = next(c for n, c in files.items() if n.startswith("letters/")).decode()
    assert "was not proven" in text
    assert "Why you did not get it" not in text


def test_lists_hold_who_comes_where_and_when_and_no_ranks() -> None:
    inputs = small_run()
    terms = (
        Term(None, None, "Resident", "Surgery A", "Ironbark"),
        Term(None, None, "", "", "Reef"),
    )
    lines = tuple(replace(j, terms=terms) if j.id in (J1, J2) else j for j in inputs.job_lines)
    inputs = replace(inputs, job_lines=lines)
    result = solve(inputs, Settings())
    files = files_of(inputs, result, pdf=False)
    there = [a for a in result.allocations if a.job_line in (J1, J2)]
    rows = list(csv.DictReader(io.StringIO(files["hospitals/Ironbark.csv"].decode("utf-8-sig"))))
    assert {row["Name"] for row in rows} == {inputs.worker(a.worker_mapping).name for a in there}
    assert {row["Team"] for row in rows} == {"Surgery A"}
    assert "Reef" not in files["hospitals/Ironbark.html"].decode()
    for line in inputs.job_lines:
        holders = [a.worker_mapping for a in result.allocations if a.job_line == line.id]
        page = files[f"job-lines/{line.name}.html"].decode()
        named = {w.id for w in inputs.workers if w.name in page}
        assert named == set(holders)
        assert "hoice" not in page.split("</style>")[1]
    assert not any(w.name in files["report.html"].decode() for w in inputs.workers)


def test_mail_merge_is_documented_and_holds_no_formula() -> None:
    inputs = renamed(small_run(), W1, '=HYPERLINK("http://x","y")')
    inputs = renamed(inputs, W2, "@SUM(A1)")
    files = files_of(inputs, solve(inputs, Settings()), pdf=False)
    raw = list(csv.reader(io.StringIO(files["mail-merge.csv"].decode("utf-8-sig"))))
    assert raw[0] == list(MERGE)
    assert not [cell for row in raw for cell in row if re.match(r'[=+@-](?!"[^"]*"$)', cell)]
    rows = merge_of(files)
    assert len(rows) == len(inputs.workers) + 1
    for row in rows:
        assert f"{row['Letter']}.html" in files
    for name in MERGE:
        assert name in files["READ-ME.txt"].decode("utf-8-sig")
    sheet = load_workbook(io.BytesIO(files["mail-merge.xlsx"])).active
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n", "inlineStr"}


@examples(100)
@given(st.lists(st.text(max_size=120), max_size=8))
def test_file_names_are_unique_and_fit_every_system(words: list[str]) -> None:
    taken: set[str] = set()
    names = [
        safe_name(each, taken) for each in [*words, *words, "CON", "lpt1", "a/../b", "Ää", "ÄÄ"]
    ]
    assert len({name.casefold() for name in names}) == len(names)
    for name in names:
        assert name
        assert not re.search(r'[<>:"/\\|?*\x00-\x1f.\s]', name)
        assert not re.fullmatch(r"(con|prn|aux|nul|com\d|lpt\d)", name, re.IGNORECASE)
        assert len(name) < 100


def test_a_folder_with_something_in_it_is_left_alone(tmp_path) -> None:
    inputs, result = crowded()
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="is there already"):
        publish_folder(inputs, result, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    made = publish_folder(inputs, result, tmp_path / "new", PublicationOptions(pdf=False))
    assert made
    assert len(list((tmp_path / "new" / "letters").iterdir())) == made.placed == 30


@pytest.mark.parametrize("publish", [publish_folder, publish_file])
def test_nothing_is_left_of_a_publication_that_was_stopped(tmp_path, publish) -> None:
    inputs, result = crowded()
    stop, steps = threading.Event(), []

    def on_progress(event: Published) -> None:
        steps.append(event)
        if event.done == 3:
            stop.set()

    target = tmp_path / "out.zip"
    made = publish(inputs, result, target, on_progress=on_progress, cancel=stop)
    assert made is None
    assert [(step.done, step.total) for step in steps] == [(n, 31) for n in (1, 2, 3)]
    assert not list(tmp_path.iterdir())
    assert publish(inputs, result, target, PublicationOptions(pdf=False))
    assert list(tmp_path.iterdir()) == [target]


def test_letters_printed_by_several_processes_are_the_same(monkeypatch) -> None:
    inputs, result = crowded()
    alone = letters(files_of(inputs, result))
    monkeypatch.setattr(publication, "MOST_HERE", 10)
    monkeypatch.setattr(publication, "BATCH", 4)
    many = letters(files_of(inputs, result))
    assert list(many) == list(alone)
    for name, content in many.items():
        written = re.compile(r"Written.*?(?=Under|Your)", re.DOTALL)
        texts = [written.sub("", text_of(name, each)) for each in (content, alone[name])]
        assert texts[0] == texts[1]
