"""What is published after a commit: letters, lists for hospitals, a mail merge, the public report.

Every file is made when its turn comes, so that a ZIP of ten thousand letters needs no room for them
all beside it.
"""

from __future__ import annotations

import os
import threading
import time
import zipfile
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import Future
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import IO

from loky import ProcessPoolExecutor

from allocator.errors import UsageError
from allocator.models import RunInputs
from allocator.report.letter import Letter, LetterOptions, not_placed_letter, placed_letter
from allocator.report.lists import MERGE, Put, mail_merge, put_lists, recipients
from allocator.report.parts import run_title, to_csv
from allocator.report.printable import printable_report
from allocator.report.printing import Printed, print_letters
from allocator.report.workbook import table_workbook
from allocator.result import SolveResult


@dataclass(frozen=True, slots=True)
class PublicationOptions:
    """`pdf`: letters as PDF beside HTML. `names`: letters tell the names and ranks of other
    doctors where they explain. `everybody`: letters also to those who keep what was published
    before; otherwise letters and mail merge are for those alone whose placement is another than
    in `before` (worker → job line; None: the baseline of the inputs). Where nothing was published
    before, everybody gets a letter. `terms`: as `measures.terms.terms_of` gives them."""

    pdf: bool = True
    names: bool = False
    everybody: bool = False
    before: Mapping[str, str] | None = None
    terms: str = ""

    def known(self, inputs: RunInputs) -> Mapping[str, str] | None:
        """Worker → job line as published before; None when everybody gets a letter."""
        if self.everybody:
            return None
        return self.before if self.before is not None else inputs.baseline.placements or None


@dataclass(frozen=True, slots=True)
class Published:
    """One step of a publication, as background work reports it: `done` of `total` letters."""

    done: int
    total: int
    elapsed: float
    phase: str = "letters"
    message: str = ""

    @property
    def step(self) -> str:
        """The step in words."""
        return f"{self.done:,} of {self.total:,} letters"


@dataclass(frozen=True, slots=True)
class Publication:
    """What was made: how many letters to those placed and not placed, other files, and `notes` on
    what a person must see to. `only_changes`: letters went to those alone whose placement is
    another than what was published before."""

    placed: int
    not_placed: int
    files: int
    notes: tuple[str, ...] = ()
    only_changes: bool = False
    content: bytes = field(default=b"", repr=False)


MOST_HERE = 400
"""More letters than this are printed by several processes."""
BATCH = 50
"""Letters that go to a process at once."""
ODDS_MARGIN = 0.05
"""Letters by the hundred tell the odds of the lottery to this, so that nobody waits for them."""

OnPublished = Callable[[Published], None]


def publish_folder(
    inputs: RunInputs,
    result: SolveResult,
    folder: Path,
    options: PublicationOptions | None = None,
    *,
    operator: str = "",
    on_progress: OnPublished | None = None,
    cancel: threading.Event | None = None,
) -> Publication | None:
    """Write everything into a new or empty folder; None when it was cancelled on the way.

    Whoever cancels, or whose disk is full, is left nothing: half of the letters would look like
    all of them. Raises UsageError when the folder holds something already or cannot be written.
    """
    written: list[Path] = []

    def put(name: str, content: bytes) -> None:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        written.append(path)
        path.write_bytes(content)

    made = None
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise UsageError(f"{folder} is there already.", remedy="Name a new or empty folder.")
        made = _publish(inputs, result, put, options, operator, on_progress, cancel)
    except OSError as exc:
        raise UsageError(f"{folder} cannot be written ({exc.strerror}).") from exc
    finally:
        if made is None:
            _remove(folder, written)
    return made


def publish_file(
    inputs: RunInputs,
    result: SolveResult,
    file: Path,
    options: PublicationOptions | None = None,
    *,
    operator: str = "",
    on_progress: OnPublished | None = None,
    cancel: threading.Event | None = None,
) -> Publication | None:
    """Write everything into one new ZIP file; as `publish_folder` otherwise."""
    made, mine = None, False
    try:
        with file.open("xb") as stream:
            mine = True
            made = publish_zip(
                inputs,
                result,
                stream,
                options,
                operator=operator,
                on_progress=on_progress,
                cancel=cancel,
            )
    except OSError as exc:
        raise UsageError(f"{file} cannot be written ({exc.strerror}).") from exc
    finally:
        if made is None and mine:
            file.unlink(missing_ok=True)
    return made


def _remove(folder: Path, written: list[Path]) -> None:
    """Take back what was written, and the folders that are empty then."""
    inner = {path.parent for path in written}
    for path in written:
        path.unlink(missing_ok=True)
    for each in [*(inner - {folder}), folder]:
        with suppress(OSError):
            each.rmdir()


def publish_zip(
    inputs: RunInputs,
    result: SolveResult,
    target: IO[bytes] | None = None,
    options: PublicationOptions | None = None,
    *,
    operator: str = "",
    on_progress: OnPublished | None = None,
    cancel: threading.Event | None = None,
) -> Publication | None:
    """Write everything into one ZIP; without a `target` its bytes are in `content`.

    None when it was cancelled on the way.
    """
    stream = target or BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:

        def put(name: str, content: bytes) -> None:
            packed = zipfile.ZIP_STORED if name.endswith(".pdf") else zipfile.ZIP_DEFLATED
            archive.writestr(name, content, packed)

        made = _publish(inputs, result, put, options, operator, on_progress, cancel)
    if made is None or not isinstance(stream, BytesIO):
        return made
    return replace(made, content=stream.getvalue())


def _publish(
    inputs: RunInputs,
    result: SolveResult,
    put: Put,
    options: PublicationOptions | None,
    operator: str,
    on_progress: OnPublished | None,
    cancel: threading.Event | None,
) -> Publication | None:
    options, began, now = options or PublicationOptions(), time.perf_counter(), datetime.now(UTC)
    before = options.known(inputs)
    letters = recipients(inputs, result, before)
    told = LetterOptions(
        options.names,
        others_names=options.names,
        before=before,
        terms=options.terms,
        odds_margin=ODDS_MARGIN,
    )
    notes: list[str] = []
    written = (
        placed_letter(inputs, result, one.id, told, now)
        if one.left is None
        else not_placed_letter(inputs, one.left, told, now)
        for one in letters
    )
    with closing(_printed(written, len(letters), options.pdf)) as sheets:
        for done, (one, printed) in enumerate(zip(letters, sheets, strict=True), start=1):
            notes += _put_letter(put, one.stem, printed)
            if cancel is not None and cancel.is_set():
                return None
            if on_progress:
                on_progress(Published(done, len(letters), time.perf_counter() - began))
    files = put_lists(put, inputs, result, before)
    merge = mail_merge(inputs, result, letters, before)
    put("mail-merge.csv", to_csv(merge))
    put("mail-merge.xlsx", table_workbook(merge))
    report = printable_report(inputs, result, None, operator, now, options.terms)
    put("report.html", report.encode())
    not_placed = sum(one.left is not None for one in letters)
    placed, changes = len(letters) - not_placed, before is not None
    made = Publication(placed, not_placed, files + 4, tuple(notes), changes)
    put("READ-ME.txt", _read_me(inputs, made, options).encode("utf-8-sig"))
    return made


def _printed(letters: Iterator[Letter], total: int, pdf: bool) -> Generator[Printed]:
    """The letters printed, in their order; many of them by all processors at once."""
    if total <= MOST_HERE:
        for letter in letters:
            yield from print_letters([letter], pdf)
        return
    processors = os.cpu_count() or 1
    executor = ProcessPoolExecutor(max_workers=processors)
    waiting: deque[Future[list[Printed]]] = deque()
    try:
        while batch := list(islice(letters, BATCH)):
            waiting.append(executor.submit(print_letters, batch, pdf))
            if len(waiting) > 2 * processors:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()
    finally:
        executor.shutdown(kill_workers=True)


def _put_letter(put: Put, stem: str, printed: Printed) -> list[str]:
    """Write a letter; says so where there is no PDF because a character would be lost in it."""
    put(f"{stem}.html", printed.html)
    if printed.pdf:
        put(f"{stem}.pdf", printed.pdf)
    if not printed.missing:
        return []
    return [
        f"{stem}.pdf was not made: the PDF's font has no {' '.join(printed.missing)}. "
        f"Print {stem}.html from a browser instead."
    ]


def _read_me(inputs: RunInputs, made: Publication, options: PublicationOptions) -> str:
    """What the folder holds, the columns of the mail merge, and what a person must see to."""
    whom = "who move" if made.only_changes else "who are placed"
    privacy = (
        "Letters NAME other doctors and tell their ranks, because that was asked for."
        if options.names
        else "No letter holds another doctor's name or rank."
    )
    lines = [
        run_title(inputs.run),
        "",
        f"letters/         {made.placed} letter(s) to those {whom}, HTML and PDF as asked for",
        f"not-placed/      {made.not_placed} letter(s) to those who have no job line",
        "hospitals/       who comes when, for each hospital (nothing without terms)",
        "job-lines/       who holds each job line",
        "mail-merge.csv   a row for each letter; mail-merge.xlsx the same, for Word and Excel",
        "report.html      the public report: no names, small groups hidden",
        "",
        f"{privacy} Lists of hospitals and job lines hold names, and no ranks.",
        "",
        "Columns of the mail merge",
        *(f"  {name}: {words}" for name, words in MERGE.items()),
        "In the CSV, text that a spreadsheet would take for a number or a formula is written so",
        'that it stays text (="00123", or after an apostrophe); take the .xlsx for a merge.',
    ]
    if made.notes:
        lines += ["", "To be seen to", *(f"  {note}" for note in made.notes)]
    return "\r\n".join([*lines, ""])
