"""One run whose commit meets a fault, from its solve to the last look at what is stored."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import psycopg

from allocator.models import Settings
from tests.database.crashes import audit_table_locked, wait_until_held_up
from tests.faults.disk import Disks
from tests.faults.proxy import Exchange, Fault
from tests.faults.stage import OPERATORS, Stage
from tests.faults.truth import Attempt, Told, Trial, held
from tests.waiting import PATIENCE

ON_ARRIVAL = "as it arrives"
HELD_UP = "just before its last write"
ON_ANSWER = "as its answer leaves"
MOMENTS = (ON_ARRIVAL, HELD_UP, ON_ANSWER, "some milliseconds later")


@dataclass
class Scene:
    """One run, who commits it, and what has happened so far."""

    stage: Stage
    rng: random.Random
    kind: str
    disks: Disks
    workers: int = 8
    struck: threading.Event = field(default_factory=threading.Event)
    told: threading.Event = field(default_factory=threading.Event)
    repeated: threading.Event = field(default_factory=threading.Event)

    def attempts(self, *operators: str) -> list[Attempt]:
        """A solve of a new run by each, all with different settings."""
        run = self.stage.new_run(self.rng, self.workers)
        seeds = self.rng.sample(range(10_000), len(operators))
        return [
            self.stage.attempt(run, who, Settings(alpha=self.rng.randint(1, 9) / 10, seed=seed))
            for who, seed in zip(operators, seeds, strict=True)
        ]

    def attempt(self) -> Attempt:
        """A solve of a new run by somebody."""
        return self.attempts(self.rng.choice(OPERATORS))[0]

    def strike(self, do: Callable[[], None]) -> None:
        """Do the harm, and note that it was done."""
        do()
        self.struck.set()

    def at(self, moment: str, do: Callable[[], None]) -> Fault:
        """A fault that does something at this moment of a commit, which itself goes its way."""

        def fault(exchange: Exchange) -> None:
            if moment == ON_ARRIVAL:
                self.strike(do)
                exchange.pass_on()
            elif moment == ON_ANSWER:
                answer = exchange.forward()
                self.strike(do)
                exchange.answer(answer)
            elif moment == HELD_UP:
                under_way = threading.Thread(target=exchange.pass_on)
                with audit_table_locked(self.stage.info):
                    under_way.start()
                    wait_until_held_up(self.stage.database)
                    self.strike(do)
                under_way.join(PATIENCE)
            else:
                later = threading.Timer(self.rng.uniform(0, 0.02), self.strike, [do])
                later.start()
                exchange.pass_on()
                later.join()

        return fault

    def finish(self, how: str, attempts: Sequence[Attempt]) -> Trial:
        """Everybody was told. Judge that now, when all has settled, and after looking again."""
        trial = Trial(self.kind, how, attempts)
        run = attempts[0].inputs.run.id
        with suppress(psycopg.Error):  # the server may be dead
            trial.judge(held(self.stage.database, run), "at once")
        self.told.set()
        if "after a repeat" in how:
            self._repeat(trial, attempts)
            self.repeated.set()
        self.stage.proxy.settle()
        self.stage.revive()
        found = held(self.stage.database, run)
        trial.judge(found, "in the end")
        pending = self.stage.service(direct=True).find_run(run).is_pending
        if pending == bool(found.identity):
            trial.untrue.append(f"looked at again, it was called pending: {pending}")
        self._repeat(trial, attempts)
        self.stage.hang_up()
        return trial

    def _repeat(self, trial: Trial, attempts: Sequence[Attempt]) -> None:
        """Each commits again, without a fault: what is there stays, and everybody is told."""
        run = attempts[0].inputs.run.id
        before = held(self.stage.database, run)
        for old in attempts:
            again = Attempt(old.operator, old.inputs, old.result)
            receipt = again.commit(self.stage.service(direct=True))
            now = held(self.stage.database, run)
            trial.count(now)
            is_first = before.is_of(again) or not before.identity
            if again.told is not (Told.WRITTEN if is_first else Told.REFUSED):
                trial.untrue.append(f"repeated, it was told: {again.words}")
            if receipt and receipt.repeated != bool(before.identity):
                trial.untrue.append("a repeat and a first commit were confused")
            if before.identity and now != before:
                trial.double += 1
            before = now
