"""What needs attention before a run is solved: by name, and in the order of urgency."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from allocator.models import RunInputs
from allocator.review.restrictions import FEW, eligibility_by_job_line, review_job_lines


@dataclass(frozen=True, slots=True)
class Attention:
    """One point: a `headline` with its number, the `names` behind it, each with what is to be
    known of it, and the `tab` of the Review page that tells more."""

    headline: str
    names: tuple[str, ...]
    tab: str


WORKERS, LINES, WHO_MAY_HOLD = "Workers", "Job lines", "Eligibility"


def attention(inputs: RunInputs) -> tuple[Attention, ...]:
    """Every point that has somebody or something behind it; none for a run without any."""
    points = (
        *_silent(inputs),
        *_thin_lines(inputs),
        *_wanted_lines(inputs),
        *_left_out(inputs),
    )
    return tuple(point for point in points if point.names)


def _silent(inputs: RunInputs) -> tuple[Attention, ...]:
    ordered = sorted(inputs.workers, key=lambda worker: (worker.name, worker.internal_id))
    waiting = [worker for worker in ordered if not worker.submitted]
    told = tuple(f"{worker.name} ({_ranked(len(worker.preferences.scores))})" for worker in waiting)
    nothing = tuple(w.name for w in ordered if w.submitted and not w.preferences.scores)
    return (
        Attention(f"Did not submit: {_counted(len(told), 'doctor')}", told, WORKERS),
        Attention(
            f"Submitted, but ranked no job line of this run: {_counted(len(nothing), 'doctor')}",
            nothing,
            WORKERS,
        ),
    )


def _ranked(count: int) -> str:
    return f"ranked {_counted(count, 'job line')}" if count else "ranked nothing"


def _thin_lines(inputs: RunInputs) -> tuple[Attention, ...]:
    frame = eligibility_by_job_line(inputs)
    few = tuple(
        f"{row.name} ({row.n_eligible or 'nobody'})"
        for row in frame[frame["n_eligible"] < FEW].itertuples(index=False)
    )
    words = f"Job lines that fewer than {FEW} doctors may hold: {len(few):,}"
    return (Attention(words, few, WHO_MAY_HOLD),)


def _wanted_lines(inputs: RunInputs) -> tuple[Attention, ...]:
    frame = review_job_lines(inputs)
    frame = frame[frame["reason"] == ""]
    nobody = tuple(frame.loc[frame["times_ranked"] == 0, "job_line_name"])
    over = frame[frame["first_choices"] > frame["places"]].copy()
    over["over"] = over["first_choices"] - over["places"]
    over = over.sort_values(["over", "job_line_name"], ascending=[False, True])
    contested = tuple(
        f"{row.job_line_name} ({_counted(row.first_choices, 'first choice')} for "
        f"{_counted(row.places, 'place')})"
        for row in over.itertuples(index=False)
    )
    return (
        Attention(f"Job lines that nobody ranked: {len(nobody):,}", nobody, LINES),
        Attention(f"Job lines with more first choices than places: {len(contested):,}", contested,
                  LINES),
    )  # fmt: skip


def _left_out(inputs: RunInputs) -> tuple[Attention, ...]:
    """Doctors and job lines apart, the most frequent kind of reason first."""
    found = []
    for kind, noun, tab in (("worker", "doctor", WORKERS), ("job line", "job line", LINES)):
        out = [left for left in inputs.left_out if left.kind == kind]
        kinds = Counter(_kind_of(left.reason) for left in out)
        split = ", ".join(f"{count:,} {words}" for words, count in kinds.most_common())
        names = tuple(f"{left.name}: {left.reason}" for left in out)
        found.append(Attention(f"Left out: {_counted(len(out), noun)} ({split})", names, tab))
    return tuple(found)


def _kind_of(reason: str) -> str:
    """`Withdrawn on 3 May 2026` is of the kind `withdrawn`."""
    known = ("Withdrawn", "Already placed", "Earlier completed runs")
    words = {"Earlier completed runs": "filled by earlier runs"}
    kind = next((one for one in known if reason.startswith(one)), "for another reason")
    return words.get(kind, kind.lower())


def left_out_words(workers: int, job_lines: int) -> str:
    """`7 doctors, 24 job lines`; empty when nothing is left out."""
    told = ((workers, "doctor"), (job_lines, "job line"))
    return ", ".join(_counted(count, noun) for count, noun in told if count)


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
