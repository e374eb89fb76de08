"""Letters as PDF: no letter of a name is lost, long texts go on overleaf."""

from __future__ import annotations

import io

import pytest
from pypdf import PdfReader

from allocator.errors import UsageError
from allocator.models import Settings
from allocator.report.letter import Explained, Letter, placed_letter
from allocator.report.pdf import letter_pdf, unprintable
from allocator.report.publication import PublicationOptions, publish_folder
from allocator.solving.solver import solve
from tests.builders import W1, renamed, small_run

NAMES = (
    "Łukasz Żółć-Ďáblík",
    "Þórdís Ǻsbjørnsdóttir",
    "Nguyễn Thị Phượng",
    "Hēmi Tūī-Māhūta Ngā Pūriri Ō",
    "Ελένη Παπαδοπούλου",
    "Юлія Ґалаґан",
    "O’Brien-Škvorecký ǅ",
)


def read(content: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)


@pytest.mark.parametrize("name", NAMES)
def test_every_letter_of_a_name_is_printed(name):
    inputs = renamed(small_run(), W1, name)
    assert name in read(letter_pdf(placed_letter(inputs, solve(inputs, Settings()), W1)))


@pytest.mark.parametrize("name", ["王小明", "محمد", "अनिल", "Ada ☃ x\u0323\u0302"])
def test_a_name_that_the_font_cannot_print_is_named_and_not_mangled(name, tmp_path):
    assert unprintable([name])
    inputs = renamed(small_run(), W1, name)
    result = solve(inputs, Settings())
    with pytest.raises(UsageError, match="font has no"):
        letter_pdf(placed_letter(inputs, result, W1))
    made = publish_folder(inputs, result, tmp_path / "out", PublicationOptions())
    assert made
    [note] = [note for note in made.notes if "was not made" in note]
    stem = note.split(".pdf")[0]
    assert not (tmp_path / "out" / f"{stem}.pdf").exists()
    assert name in (tmp_path / "out" / f"{stem}.html").read_text("utf-8")
    assert note in (tmp_path / "out" / "READ-ME.txt").read_text("utf-8-sig")


def test_long_letters_go_on_overleaf_with_every_word():
    said = [f"word{number}" for number in range(900)]
    rows = tuple(Explained(f"{n}th", "x" * 90, " ".join(said[n * 90 :][:90])) for n in range(9))
    huge = Explained("10th", "Line", " ".join(f"more{number}" for number in range(2500)))
    letter = Letter(
        "About", "Ada", (), "Surgery", "1st choice", explained=(("Why", (*rows, huge)),)
    )
    content = letter_pdf(letter)
    assert len(PdfReader(io.BytesIO(content)).pages) > 3
    text = read(content).split()
    assert {*said[:810], *(f"more{number}" for number in range(2500))} <= set(text)
    assert letter_pdf(letter) == content
