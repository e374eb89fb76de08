"""A letter as a PDF for A4, laid out with ReportLab in Noto Sans.

The font has the letters of Latin, Greek and Cyrillic. What it lacks, or what would need shaping, is
never dropped or replaced: `unprintable` names it beforehand, and `letter_pdf` refuses.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib.resources import files
from io import BytesIO

from reportlab import rl_config
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from allocator.errors import UsageError
from allocator.report.letter import COLUMNS, DECIDED, YEAR, Explained, Letter

FONT = "NotoSans"
WIDTH, HEIGHT = A4
LEFT, RIGHT, TOP, BOTTOM = 57.0, WIDTH - 51.0, HEIGHT - 51.0, 57.0
BLUE, INK, GREY, RULE = map(HexColor, ("#0b5186", "#1b2733", "#4a5763", "#d7dee4"))
LEADING = 1.38
rl_config.useA85 = 0  # streams as bytes: smaller, and a tenth of the time less
SHAPED = ((0x0590, 0x109F), (0x1700, 0x1CFF), (0xA800, 0xABFF), (0xFB1D, 0xFDFF), (0xFE70, 0xFEFF))
"""Blocks whose letters join, stack or run from the right; laid side by side they are wrong."""


def letter_pdf(letter: Letter) -> bytes:
    """The letter as a PDF, the same bytes for the same letter.

    Raises UsageError when the font lacks one of its characters.
    """
    missing = missing_in(letter)
    if missing:
        raise UsageError(
            f"The PDF's font has no {' '.join(missing)}, which the letter to {letter.title} needs.",
            remedy="Print the HTML page from a browser.",
        )
    sheet = _Sheet(letter)
    sheet.put(letter.kind, 10, BLUE)
    sheet.put(letter.title, 17)
    sheet.gap(5)
    for label, value in letter.facts:
        sheet.row(((label, 96.0, GREY), (value, RIGHT - LEFT - 96.0, INK)), 9.5)
    sheet.rule(BLUE, 1.5, 9)
    if letter.placed:
        sheet.put("You were placed on", 10.5)
        sheet.put(letter.placed, 14, BLUE)
        sheet.put(f"({letter.choice})", 10.5)
        sheet.gap(6)
    sheet.paragraphs(letter.text)
    if letter.year:
        sheet.heading(YEAR)
        sheet.paragraphs([f"•  {term}" for term in letter.year], 2)
    for heading, rows in letter.explained:
        sheet.heading(heading)
        sheet.table(rows)
    if letter.decided:
        sheet.heading(DECIDED)
        sheet.paragraphs(letter.decided, 4)
    return sheet.finished()


def missing_in(letter: Letter) -> list[str]:
    """What `unprintable` says of a whole letter."""
    return unprintable(_texts(letter))


def unprintable(texts: Iterable[str]) -> list[str]:
    """The characters of the texts that the PDF cannot show rightly, each once, in order."""
    return sorted({c for text in texts for c in set(_plain(text)) if not _is_printable(c)})


@lru_cache(maxsize=4096)
def _is_printable(character: str) -> bool:
    code = ord(character)
    if unicodedata.category(character)[0] == "M" or any(a <= code <= b for a, b in SHAPED):
        return False
    return code in _font().face.charToGlyph


@lru_cache(maxsize=1)
def _font() -> TTFont:
    source = files("fontpkg_noto_sans") / "files" / "NotoSans[wdth,wght].ttf"
    font = TTFont(FONT, BytesIO(source.read_bytes()))
    pdfmetrics.registerFont(font)
    return font


def _texts(letter: Letter) -> Iterator[str]:
    yield from (letter.kind, letter.title, letter.placed, letter.choice)
    yield from (text for fact in letter.facts for text in fact)
    yield from (*letter.text, *letter.year, *letter.decided)
    for heading, rows in letter.explained:
        yield heading
        for row in rows:
            yield from (row.rank, row.job_line, row.said, *row.moves)


def _plain(text: str) -> str:
    """Composed letters, and a blank for each kind of blank and control character."""
    composed = unicodedata.normalize("NFC", text)
    if composed.isprintable():
        return composed
    return "".join(" " if unicodedata.category(c)[0] in "ZC" else c for c in composed)


@lru_cache(maxsize=20_000)
def _width(word: str) -> float:
    """Width of a word at size 1."""
    return float(_font().stringWidth(word, 1000)) / 1000


def _lines(text: str, size: float, width: float) -> list[str]:
    """The text in lines of at most `width` points; a word that is too long is cut."""
    room, blank = width / size, _width(" ")
    lines: list[str] = []
    line, used = "", 0.0
    for word in _plain(text).split():
        wide = _width(word)
        if line and used + blank + wide <= room:
            line, used = f"{line} {word}", used + blank + wide
            continue
        if line:
            lines.append(line)
        while wide > room:
            fits = max(
                1, next(n for n in range(len(word), 0, -1) if n == 1 or _width(word[:n]) <= room)
            )
            lines.append(word[:fits])
            word = word[fits:]
            wide = _width(word)
        line, used = word, wide
    return [*lines, line] if line else lines


class _Sheet:
    """Pages that fill from the top; each piece goes below the one before."""

    def __init__(self, letter: Letter) -> None:
        _font()
        self._stream = BytesIO()
        self._canvas = Canvas(self._stream, pagesize=A4, pageCompression=1, invariant=1, lang="en")
        self._canvas.setTitle(f"{letter.kind}: {letter.title}")
        self._y, self._page = TOP, 1
        self._colour: HexColor | None = None

    def put(self, text: str, size: float, colour: HexColor = INK) -> None:
        """A paragraph over the whole width."""
        self.row(((text, RIGHT - LEFT, colour),), size)

    def paragraphs(self, texts: Iterable[str], gap: float = 6) -> None:
        """Paragraphs of running text."""
        for text in texts:
            self.put(text, 10.5)
            self.gap(gap)

    def heading(self, text: str) -> None:
        """A heading, with the next lines on the same page."""
        self._need(60)
        self.gap(7)
        self.put(text, 12.5, BLUE)
        self.gap(3)

    def table(self, rows: Iterable[Explained]) -> None:
        """Choice, job line, and why not."""
        widths = (84.0, 132.0, RIGHT - LEFT - 216.0)
        self.row([(name, w, GREY) for name, w in zip(COLUMNS, widths, strict=True)], 8.5)
        self.rule(BLUE, 1, 3)
        for row in rows:
            said = [row.said, *(f"{n}. {move}" for n, move in enumerate(row.moves, 1))]
            texts = (row.rank, row.job_line, *said)
            cells = [(text, w, INK) for text, w in zip(texts, widths, strict=False)]
            self.row(cells, 9)
            for move in said[1:]:
                self.row([("", widths[0] + widths[1], INK), (move, widths[2], INK)], 9)
            self.rule(RULE, 0.6, 3)

    def row(self, cells: Iterable[tuple[str, float, HexColor]], size: float) -> None:
        """Cells beside one another: text, width, colour. A row longer than the page goes on."""
        told = [(_lines(text, size, width - 8), width, colour) for text, width, colour in cells]
        left, leading = max(len(lines) for lines, _, _ in told), size * LEADING
        self._need(min(left * leading, TOP - BOTTOM))
        while left:
            fit = min(left, max(1, int((self._y - BOTTOM) / leading)))
            x = LEFT
            for place, (lines, width, colour) in enumerate(told):
                self._draw(x, self._y - size, lines[:fit], size, colour)
                told[place] = lines[fit:], width, colour
                x += width
            self._y -= fit * leading
            left -= fit
            if left:
                self._need(TOP)

    def rule(self, colour: HexColor, thickness: float, gap: float) -> None:
        """A line across, with a gap around it."""
        self.gap(gap)
        self._canvas.setStrokeColor(colour)
        self._canvas.setLineWidth(thickness)
        self._canvas.line(LEFT, self._y, RIGHT, self._y)
        self.gap(gap)

    def gap(self, points: float) -> None:
        """Room."""
        self._y -= points

    def finished(self) -> bytes:
        """The file."""
        self._number()
        self._canvas.save()
        return self._stream.getvalue()

    def _need(self, points: float) -> None:
        if self._y - points < BOTTOM and self._y < TOP:
            self._number()
            self._canvas.showPage()
            self._y, self._page = TOP, self._page + 1
            self._colour = None

    def _number(self) -> None:
        self._draw(RIGHT - 40, BOTTOM - 24, [f"Page {self._page}"], 8, GREY)

    def _draw(self, x: float, y: float, lines: list[str], size: float, colour: HexColor) -> None:
        if not lines:
            return
        if colour is not self._colour:
            self._canvas.setFillColor(colour)
            self._colour = colour
        text = self._canvas.beginText(x, y)
        text.setFont(FONT, size, size * LEADING)
        for line in lines:
            text.textLine(line)
        self._canvas.drawText(text)
