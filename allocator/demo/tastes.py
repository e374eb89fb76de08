"""Correlated tastes: everybody likes much the same job lines, each in their own way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from allocator.demo.people import CORE_ROTATIONS, OTHER_ROTATIONS, SITES
from allocator.demo.run_builder import DISLIKE, LIKE, LOVE, NEUTRAL, NEVER, RunBuilder

STYLES = ("plain", "competition", "dense", "gaps", "tens")
NOTES = (
    "Partner works at Ironbark, so a full year there would suit us.",
    "Would like Paeds before the March college applications.",
    "No car until mid-year; Wattle Bay is walkable.",
    "Happy to go anywhere for the first term.",
    "Carer for a parent in Kingfisher.",
)


@dataclass(frozen=True)
class JobLineSpec:
    """What a worker sees of a job line: rotations in order and the home hospital."""

    id: str
    rotations: tuple[str, ...]
    site: str


def make_specs(rng: Random, special: Sequence[str | None]) -> list[tuple[tuple[str, ...], str]]:
    """Rotations and site of each job line; `special` names one rotation that it must contain."""
    specs = []
    for position, required in enumerate(special):
        others = rng.sample(OTHER_ROTATIONS, 2)
        if required is not None and required not in others:
            others[0] = required
        rotations = [*CORE_ROTATIONS, *others]
        rng.shuffle(rotations)
        specs.append((tuple(rotations), SITES[(position * 7 // 5) % len(SITES)]))
    return specs


class Tastes:
    """What workers in general like; `ranking` draws one worker's own order."""

    def __init__(self, rng: Random, job_lines: Sequence[JobLineSpec]) -> None:
        self._rng = rng
        self._job_lines = job_lines
        rotations = sorted({name for job_line in job_lines for name in job_line.rotations})
        self._rotations = {name: rng.gauss(0, 0.8) for name in rotations}
        self._sites = {name: 0.8 - 0.8 * place for place, name in enumerate(SITES)}
        self._job_line_appeal = {job_line.id: rng.gauss(0, 0.5) for job_line in job_lines}

    def ranking(self, site: str | None = None) -> list[str]:
        """Job line ids, best first, for one more worker; `site` is the hospital they live near."""
        rng = self._rng
        rotations = {name: liked + rng.gauss(0, 1.2) for name, liked in self._rotations.items()}
        sites = {name: liked + rng.gauss(0, 1.0) for name, liked in self._sites.items()}
        if site is not None:
            sites[site] += 2.5
        utility = {
            line.id: self._job_line_appeal[line.id]
            + sum(rotations[name] for name in line.rotations)
            + sites[line.site]
            + rng.gauss(0, 1.0)
            for line in self._job_lines
        }
        return sorted(utility, key=lambda job_line: -utility[job_line])


def ranks(rng: Random, style: str, length: int) -> list[int]:
    """`length` ranks, best first, as a worker with this habit types them.

    competition: 1, 1, 3; dense: 1, 1, 2; gaps: 1, 2, 5; tens: 10, 20, 30.
    """
    if style == "tens":
        return [10 * (place + 1) for place in range(length)]
    if style == "plain":
        return list(range(1, length + 1))
    out: list[int] = []
    for place in range(length):
        tied = place > 0 and rng.random() < 0.3
        if style == "gaps":
            out.append((out[-1] if out else 0) + rng.choice((1, 1, 1, 2, 4)))
        elif tied:
            out.append(out[-1])
        else:
            out.append(place + 1 if style == "competition" else (out[-1] if out else 0) + 1)
    return out


def buckets(ranked: Sequence[int]) -> list[int]:
    """The bucket of each rank in a list, best first: the first five places are loved, the first
    half of the others liked, the rest neutral. Tied ranks share the bucket of the first of them."""
    found: list[int] = []
    for place, rank in enumerate(ranked):
        if place and rank == ranked[place - 1]:
            found.append(found[-1])
        elif place < 5:
            found.append(LOVE)
        else:
            found.append(LIKE if place < (len(ranked) + 5) // 2 else NEUTRAL)
    return found


def submit(run: RunBuilder, mapping: str, liked: Sequence[str], length: int, style: str) -> None:
    """Write a worker's list of `length` job lines, and a few that it looked at without ranking."""
    rng = run.rng
    noted = rng.randrange(length) if length and rng.random() < 0.12 else -1
    ranked = ranks(rng, style, length)
    for place, (rank, bucket) in enumerate(zip(ranked, buckets(ranked), strict=True)):
        run.prefer(
            mapping,
            liked[place],
            rank,
            like=bucket,
            attractiveness=round(max(0.0, 98 - 90 * place / len(liked) - 4 * rng.random()), 1),
            notes=rng.choice(NOTES) if place == noted else None,
        )
    if 0 < length < len(liked) - 4 and rng.random() < 0.3:
        for job_line in liked[-rng.randrange(1, 4) :]:
            bucket = NEVER if job_line == liked[-1] else DISLIKE
            run.prefer(mapping, job_line, None, like=bucket)
