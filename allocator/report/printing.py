"""Letters on paper, as HTML and where asked for as PDF; runs in a process of its own, too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from allocator.report.letter import Letter


@dataclass(frozen=True, slots=True)
class Printed:
    """A letter's files. `pdf` is empty when none was asked for, or when the PDF's font has not the
    characters in `missing`."""

    html: bytes
    pdf: bytes = b""
    missing: tuple[str, ...] = ()


def print_letters(letters: Sequence[Letter], pdf: bool) -> list[Printed]:
    """The files of each letter, in their order."""
    if not pdf:
        return [Printed(letter.html.encode()) for letter in letters]
    from allocator.report.pdf import letter_pdf, missing_in

    made = []
    for letter in letters:
        missing = tuple(missing_in(letter))
        made.append(Printed(letter.html.encode(), b"" if missing else letter_pdf(letter), missing))
    return made
