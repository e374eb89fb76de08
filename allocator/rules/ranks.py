"""Ranks and buckets: `order_preference` values → fractional ranks and the unranked budget."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import combinations

from allocator.models import Preferences, RunInputs, Settings, Worker

PENDING, NEVER = 35, 50
BUCKET_NAMES = {
    10: "love",
    20: "like",
    30: "neutral",
    PENDING: "pending",
    40: "dislike",
    NEVER: "never",
}
"""`like_dislike_preference`, best first; *never* means that the worker cannot accept it."""


def bucket_name(bucket: int) -> str:
    """A bucket in the owners' words, e.g. `love`."""
    return BUCKET_NAMES.get(bucket, f"bucket {bucket}")


def bucket_words(chosen: Preferences, job_line: str) -> str:
    """The worker's bucket of a job line as a word that stands alone, e.g. `Love`; else empty."""
    bucket = chosen.buckets.get(job_line)
    return "" if bucket is None else bucket_name(bucket).capitalize()


NEVER_WORDS = BUCKET_NAMES[NEVER].capitalize()
"""What `bucket_words` gives for a job line that the worker cannot accept."""


def fractional_ranks(order: Mapping[str, int]) -> OrderedDict[str, float]:
    """Rank 1 … r, best first; tied job lines share the mean of the positions that they take.

    1,1,3 and 1,1,2 both give 1.5, 1.5, 3: competition, dense and gapped ranks mean the same.
    Tied job lines are listed by id, so that the mapping does not depend on row order.
    """
    by_rank: dict[int, list[str]] = {}
    for job_line, rank in order.items():
        by_rank.setdefault(rank, []).append(job_line)
    scores: OrderedDict[str, float] = OrderedDict()
    taken = 0
    for rank in sorted(by_rank):
        tied = sorted(by_rank[rank])
        mean = taken + (len(tied) + 1) / 2
        scores.update((job_line, mean) for job_line in tied)
        taken += len(tied)
    return scores


def unranked_score(n_job_lines: int, n_ranked: int) -> float:
    """What each unranked job line scores: the mean of the positions that the ranked ones left.

    (N(N+1)/2 − r(r+1)/2) / (N−r) = (N+r+1)/2, so every worker's scores add up to N(N+1)/2.
    """
    return (n_job_lines + n_ranked + 1) / 2


def preferences(order: Mapping[str, int], job_lines: Collection[str]) -> Preferences:
    """Preferences in a run with these job lines (a set is fastest); ranks elsewhere drop out."""
    return in_run(Preferences(dict(order)), job_lines)


def in_run(chosen: Preferences, job_lines: Collection[str]) -> Preferences:
    """The same lists with the scores that they have in a run with these job lines."""
    counts = ranking(chosen)
    scores = fractional_ranks({j: rank for j, rank in counts.items() if j in job_lines})
    return replace(
        chosen, scores=scores, unranked_score=unranked_score(len(job_lines), len(scores))
    )


def ranking(chosen: Preferences) -> Mapping[str, int]:
    """Job line → the rank that counts: `order`, or with `by_bucket` the place in the order by
    bucket, then by rank inside it. A ranked job line without a bucket counts as pending."""
    if not chosen.by_bucket:
        return chosen.order
    places = {j: (chosen.buckets.get(j, PENDING), rank) for j, rank in chosen.order.items()}
    dense = {place: number for number, place in enumerate(sorted(set(places.values())), start=1)}
    return {job_line: dense[place] for job_line, place in places.items()}


def read_by(inputs: RunInputs, settings: Settings) -> RunInputs:
    """`inputs` with every list read in the order that `settings.bucket_order` asks for; the same
    object where it is read so already, and the same one each time otherwise.

    The fingerprint says how the lists were read, behind that of the rows.
    """
    if inputs.bucket_order == settings.bucket_order:
        return inputs
    known: RunInputs | None = inputs.__dict__.get("_other_reading")
    if known is None:
        job_lines = {job_line.id for job_line in inputs.job_lines}
        by_bucket = settings.bucket_order
        workers = (
            replace(w, preferences=in_run(replace(w.preferences, by_bucket=by_bucket), job_lines))
            for w in inputs.workers
        )
        of_rows = data_fingerprint(inputs.fingerprint)
        known = replace(
            inputs,
            workers=tuple(workers),
            bucket_order=by_bucket,
            fingerprint=of_rows + READ_BY_BUCKET if by_bucket else of_rows,
        )
        inputs.__dict__["_other_reading"] = known
        known.__dict__["_other_reading"] = inputs
    return known


READ_BY_BUCKET = "/by-bucket"
"""What follows the fingerprint of the rows when the lists are read by bucket first."""


def data_fingerprint(fingerprint: str) -> str:
    """The fingerprint of the rows alone, however their lists were read."""
    return fingerprint.removesuffix(READ_BY_BUCKET)


def original_preference(chosen: Preferences, job_line: str) -> float | None:
    """Fractional rank among all that the worker ranked in the allocation run; None: unranked."""
    counts = ranking(chosen)
    rank = counts.get(job_line)
    if rank is None:
        return None
    ranks = list(counts.values())
    equal = ranks.count(rank)
    better = sum(1 for other in ranks if other < rank)
    return better + (equal + 1) / 2


def tied_groups(order: Mapping[str, int]) -> list[tuple[int, list[str]]]:
    """(rank, job lines that share it), best first, only where two or more share."""
    by_rank: dict[int, list[str]] = {}
    for job_line, rank in order.items():
        by_rank.setdefault(rank, []).append(job_line)
    return [(rank, sorted(tied)) for rank, tied in sorted(by_rank.items()) if len(tied) > 1]


class Encoding(StrEnum):
    """What the stored ranks of job lines in buckets count."""

    NOT_KNOWN = "not known"
    OVER_ALL = "over all buckets"
    INSIDE_EACH = "inside each bucket"
    MIXED = "mixed"

    @property
    def words(self) -> str:
        """A sentence for the operator."""
        return {
            Encoding.NOT_KNOWN: "No list has ranks in several buckets.",
            Encoding.OVER_ALL: "The ranks are one order over all buckets.",
            Encoding.INSIDE_EACH: "The ranks look counted anew inside each bucket.",
            Encoding.MIXED: "The ranks are neither one order over all buckets in every list nor "
            "counted inside each bucket in every list.",
        }[self]


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A worker who ranks a job line of a worse bucket as well as one of a better bucket."""

    worker: str
    better: str
    worse: str


@dataclass(frozen=True, slots=True)
class BucketReading:
    """How ranks and buckets go together: `lists` is the number of lists with ranks in several
    buckets, `contradictions` holds the starkest of each list that has any."""

    encoding: Encoding
    lists: int
    contradictions: tuple[Contradiction, ...]


def bucket_reading(workers: Iterable[Worker]) -> BucketReading:
    """Which encoding the lists of these workers have, by the ranks as they are stored."""
    lists = inside = 0
    found: list[tuple[int, Contradiction]] = []
    for worker in workers:
        by_bucket = list(_ranks_by_bucket(worker.preferences).values())
        if len(by_bucket) < 2:
            continue
        lists += 1
        inside += all(ranked[0][0] == 1 for ranked in by_bucket)
        lead, better, worse = min(
            (worse[0][0] - better[-1][0], better[-1][1], worse[0][1])
            for better, worse in combinations(by_bucket, 2)
        )
        found.append((lead, Contradiction(worker.id, better, worse)))
    # A tie between buckets is a tie like any other, unless every list counts from 1 in each.
    most = 0 if lists and inside == lists else -1
    contradictions = tuple(contradiction for lead, contradiction in found if lead <= most)
    if not lists:
        encoding = Encoding.NOT_KNOWN
    elif not contradictions:
        encoding = Encoding.OVER_ALL
    else:
        encoding = Encoding.INSIDE_EACH if inside == lists else Encoding.MIXED
    return BucketReading(encoding, lists, contradictions)


def _ranks_by_bucket(chosen: Preferences) -> dict[int, list[tuple[int, str]]]:
    """Bucket → (rank, job line) of what is ranked in it, best first; best bucket first."""
    by_bucket: dict[int, list[tuple[int, str]]] = {}
    for job_line, rank in chosen.order.items():
        if job_line in chosen.buckets:
            by_bucket.setdefault(chosen.buckets[job_line], []).append((rank, job_line))
    return {bucket: sorted(by_bucket[bucket]) for bucket in sorted(by_bucket)}
