"""Builds the rows of one allocation run table by table, with ids derived from readable keys."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from allocator.demo.people import SITES, People

Row = dict[str, object]
Tables = dict[str, list[Row]]

NAMESPACE = UUID("6f1a2f0e-2f0b-5c55-9d53-0a6b7c1d8e90")

LOVE, LIKE, NEUTRAL, DISLIKE, NEVER = 10, 20, 30, 40, 50
"""The owners' buckets (`like_dislike_preference`) that the demo's workers use."""

YEAR = timedelta(weeks=52)

TABLES = (
    "orgs",
    "allocationplans",
    "allocationruns",
    "locations",
    "teams",
    "positions",
    "workers",
    "qualification_tags",
    "worker_qualifications",
    "allocation_run_worker_mappings",
    "job_lines",
    "rotations",
    "preference_worker_job_lines",
    "job_line_eligibility",
    "allocation_run_preferencer_weightings",
    "allocator_py_runs",
    "allocator_py_allocations",
)
"""Every table of the demo data; a row refers only to tables before its own, or to its own."""


def empty_tables() -> Tables:
    """All tables without rows, in the order in which they can be inserted."""
    return {name: [] for name in TABLES}


def uid(*key: object) -> str:
    """The uuid of a readable key such as ("intern", "worker", 7); the same in every run."""
    return str(uuid5(NAMESPACE, "/".join(str(part) for part in key)))


@dataclass
class RunBuilder:
    """Adds one plan and allocation run to `tables`, then its rows.

    `key` is unique among the demo's runs and makes the ids; `today` is the day on which the
    coordinator looks at the data. Ids of tags depend on the organisation only.
    """

    tables: Tables
    people: People
    rng: Random
    key: str
    plan_name: str
    org: str
    timezone: str
    today: date
    start: date
    internal_prefix: str
    allocation_run: str = field(init=False)
    _known: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        plan = uid(self.key, "plan")
        self.allocation_run = uid(self.key, "allocation run")
        org = self._once("orgs", uid("org", self.org), name=self.org)
        self._add("allocationplans", id=plan, name=self.plan_name, org=org, timezone=self.timezone)
        self._add(
            "allocationruns",
            id=self.allocation_run,
            allocationplan=plan,
            status="closed",
            startdate=self.midnight(self.start),
            enddate=self.midnight(self.start + YEAR - timedelta(days=1)),
            due_date=self.at(-14, 17),
        )

    def _add(self, table: str, **row: object) -> None:
        self.tables[table].append(row)

    def _once(self, table: str, row_id: str, **row: object) -> str:
        """Add a row that several runs share, unless it is there; its id."""
        if all(known["id"] != row_id for known in self.tables[table]):
            self._add(table, id=row_id, **row)
        return row_id

    def midnight(self, day: date) -> str:
        """ISO 8601 time at which a day begins in the plan's time zone."""
        return datetime.combine(day, time(tzinfo=ZoneInfo(self.timezone))).isoformat()

    def at(self, days: int, hour: int, minute: int = 0) -> str:
        """ISO 8601 time in the plan's time zone, `days` after today."""
        clock = time(hour, minute, tzinfo=ZoneInfo(self.timezone))
        return datetime.combine(self.today + timedelta(days=days), clock).isoformat()

    def tag(self, name: str) -> str:
        """Id of the organisation's qualification tag with this name."""
        tag = uid("tag", self.org, name)
        return self._once("qualification_tags", tag, name=name, org=uid("org", self.org))

    def worker(
        self,
        number: int,
        level: str,
        tags: Iterable[str] = (),
        *,
        submitted: bool = True,
        withdrawn: str | None = None,
        withdrawn_days_ago: int = 9,
        effective_in: int | None = None,
    ) -> str:
        """A person and its mapping, whose id is returned. `withdrawn` is the reason, if any, said
        so many days ago; it takes effect at once, or so many days from today."""
        worker, mapping = uid(self.key, "worker", number), uid(self.key, "mapping", number)
        first, last, preferred = self.people.next()
        self._add(
            "workers",
            id=worker,
            firstname=first,
            lastname=last,
            preferred_name=preferred,
            internal_id=f"{self.internal_prefix}-{number:04d}",
            qualificationlevel=level,
            browsing_currentallocationrun=self.allocation_run,
        )
        for name in tags:
            self._add(
                "worker_qualifications",
                id=uid(self.key, "holds", number, name),
                worker=worker,
                qualification_tag=self.tag(name),
                start_date=self.midnight(date(2024, 1, 15)),
                end_date=None,
            )
        self._add(
            "allocation_run_worker_mappings",
            id=mapping,
            worker=worker,
            allocation_run=self.allocation_run,
            locked=False,
            submitted=submitted,
            invited_at=self.at(-60, 9),
            withdrawn_at=self.at(-withdrawn_days_ago, 11, 20) if withdrawn else None,
            withdrawal_effective_at=None if effective_in is None else self.at(effective_in, 0),
            withdrawal_reason=withdrawn,
        )
        return mapping

    def job_line(self, number: int, name: str, *, places: int = 1, must: bool = False) -> str:
        """A job line called 'Line 007 · name'; returns its id."""
        job_line = uid(self.key, "job line", number)
        self._add(
            "job_lines",
            id=job_line,
            name=f"Line {number:03d} · {name}",
            sort_order=number,
            allocation_run=self.allocation_run,
            max_n_workers=places,
            must_have_workers=must,
        )
        return job_line

    def terms(self, number: int, rotations: Sequence[str], site: str) -> None:
        """The year of job line `number` in terms of equal length, one a rotation, at its hospital;
        every fourth job line spends its last term at the next one."""
        weeks = [round(52 * term / len(rotations)) for term in range(len(rotations) + 1)]
        for term, rotation in enumerate(rotations):
            is_away = number % 4 == 0 and term == len(rotations) - 1
            where = SITES[(SITES.index(site) + is_away) % len(SITES)]
            first = self.start + timedelta(weeks=weeks[term])
            last = self.start + timedelta(weeks=weeks[term + 1], days=-1)
            self._add(
                "rotations",
                id=uid(self.key, "term", number, term),
                allocation_run=self.allocation_run,
                assignedjobline=uid(self.key, "job line", number),
                position=self._position(rotation, where),
                startdate=self.midnight(first),
                enddate=self.midnight(last),
            )

    def _position(self, rotation: str, site: str) -> str:
        """Id of the organisation's position for a rotation at a hospital."""
        location, team, position = (
            uid(kind, self.org, site, *rest)
            for kind, *rest in (("location",), ("team", rotation), ("position", rotation))
        )
        self._once("locations", location, name=f"{site} Hospital", org=uid("org", self.org))
        self._once("teams", team, name=f"{rotation} team", location=location)
        return self._once("positions", position, name=rotation, team=team)

    def prefer(
        self,
        mapping: str,
        job_line: str,
        rank: int | None,
        *,
        like: int | None = None,
        attractiveness: float | None = None,
        notes: str | None = None,
    ) -> None:
        """One worker's rank of one job line (None = seen but not ranked); `like` is a bucket."""
        minute = self.rng.randrange(60)
        self._add(
            "preference_worker_job_lines",
            allocation_run_worker_mapping=mapping,
            job_line=job_line,
            order_preference=rank,
            like_dislike_preference=like,
            attractiveness_score=attractiveness,
            notes=notes,
            updated_at=self.at(-15 - self.rng.randrange(20), 7 + self.rng.randrange(15), minute),
        )

    def eligibility(
        self,
        job_line: str,
        *,
        tags: Iterable[str] = (),
        not_tags: Iterable[str] = (),
        workers: Iterable[str] = (),
        not_workers: Iterable[str] = (),
    ) -> None:
        """Who may hold the job line: tag names and mapping ids."""
        self._add(
            "job_line_eligibility",
            job_line=job_line,
            included_qualification_tag_ids=[self.tag(name) for name in tags],
            excluded_qualification_tag_ids=[self.tag(name) for name in not_tags],
            included_worker_mapping_ids=list(workers),
            excluded_worker_mapping_ids=list(not_workers),
            updated_at=self.at(-40, 10),
        )

    def weighting(
        self,
        number: int,
        weighting: int,
        *,
        job_line: str | None = None,
        tags: Iterable[str] = (),
        workers: Iterable[str] = (),
    ) -> None:
        """A correction of the organisation's; positive = less wanted."""
        self._add(
            "allocation_run_preferencer_weightings",
            id=uid(self.key, "weighting", number),
            allocation_run=self.allocation_run,
            job_line=job_line,
            qualification_tag_ids=[self.tag(name) for name in tags],
            worker_mapping_ids=list(workers),
            weighting=weighting,
        )

    def allocator_run(
        self,
        batch: str = "batch",
        *,
        days_ago: int = 2,
        completed: bool = False,
        exclusive: bool = False,
        job_lines: Iterable[str] = (),
        workers: Iterable[str] = (),
    ) -> str:
        """One batch to solve; empty lists mean everything in the allocation run."""
        run = uid(self.key, "allocator run", batch)
        self._add(
            "allocator_py_runs",
            id=run,
            allocation_run=self.allocation_run,
            created_at=self.at(-days_ago, 9, 5),
            queued_at=self.at(-days_ago, 9, 6),
            completed_at=self.at(-days_ago, 9, 7) if completed else None,
            is_exclusive=exclusive,
            included_job_lines=list(job_lines) or None,
            included_worker_mappings=list(workers) or None,
        )
        return run

    def allocation(
        self,
        run: str,
        mapping: str,
        job_line: str,
        original_preference: float | None,
        days_ago: int,
    ) -> None:
        """One placement of a completed run."""
        self._add(
            "allocator_py_allocations",
            allocator_py_run=run,
            worker_mapping=mapping,
            job_line=job_line,
            original_preference=original_preference,
            created_at=self.at(-days_ago, 9, 7),
        )
