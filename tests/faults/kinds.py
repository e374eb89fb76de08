"""Every kind of fault, each as one run whose commit meets it: `KINDS`, by name."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress

import psutil
import psycopg

from tests.database.crashes import audit_table_locked, kill, wait_until_held_up
from tests.faults.disk import no_file_may_grow
from tests.faults.proxy import Exchange, Fault
from tests.faults.scene import HELD_UP, MOMENTS, ON_ANSWER, ON_ARRIVAL, Scene
from tests.faults.stage import API_OPERATOR, OPERATORS, Stage
from tests.faults.truth import Attempt, Trial, held
from tests.waiting import PATIENCE, eventually

COMMIT_FUNCTION = "function allocator_console_commit(uuid, jsonb, jsonb, integer)"
Kind = Callable[[Scene], Trial]


def _service(
    scene: Scene, how: str, fault: Fault, *, impatient: bool = False, must_strike: bool = False
) -> Trial:
    attempt = scene.attempt()
    with scene.stage.proxy.fault(fault):
        attempt.commit(scene.stage.service(impatient=impatient))
        eventually(lambda: scene.stage.proxy.seen)  # it may still be on its way
    assert not must_strike or scene.struck.wait(PATIENCE), f"the fault did not happen: {how}"
    return scene.finish(how, [attempt])


def request_dropped(scene: Scene) -> Trial:
    return _service(scene, "", Exchange.hang_up)


def request_twice(scene: Scene) -> Trial:
    how = scene.rng.choice(("first answer", "second answer", "both at once"))

    def fault(exchange: Exchange) -> None:
        if how != "both at once":
            first, second = exchange.forward(), exchange.forward()
            exchange.answer(first if how == "first answer" else second)
            return
        other = threading.Thread(target=exchange.forward)
        other.start()
        exchange.pass_on()
        other.join(PATIENCE)

    return _service(scene, how, fault)


def request_delayed(scene: Scene) -> Trial:
    how = scene.rng.choice(
        ("in time", "when given up", "after it was told", "after a repeat by hand")
    )

    def fault(exchange: Exchange) -> None:
        if how == "in time":
            threading.Event().wait(scene.rng.uniform(0.01, 0.1))
            exchange.pass_on()
            return
        exchange.wait_until_left()
        if how == "after it was told":
            assert scene.told.wait(PATIENCE)
        elif how != "when given up":
            assert scene.repeated.wait(PATIENCE)
        exchange.forward()

    return _service(scene, how, fault, impatient=how != "in time")


def answer_dropped(scene: Scene) -> Trial:
    def fault(exchange: Exchange) -> None:
        exchange.forward()
        exchange.hang_up()

    return _service(scene, "", fault)


def answer_twice(scene: Scene) -> Trial:
    return _service(scene, "", lambda exchange: exchange.answer(exchange.forward(), times=2))


def answer_delayed(scene: Scene) -> Trial:
    in_time = scene.rng.random() < 0.5

    def fault(exchange: Exchange) -> None:
        answer = exchange.forward()
        if in_time:
            threading.Event().wait(scene.rng.uniform(0.01, 0.1))
        else:
            exchange.wait_until_left()
        exchange.answer(answer)

    how = "in time" if in_time else "when given up"
    return _service(scene, how, fault, impatient=not in_time)


def backend_killed(scene: Scene) -> Trial:
    def do() -> None:
        query = (
            "select pid from pg_stat_activity where usename = 'authenticator'"
            " order by xact_start is null, pid"
        )
        psutil.Process(scene.stage.database.rows(query)[0]["pid"]).kill()

    return _killed(scene, do)


def postgres_killed(scene: Scene) -> Trial:
    return _killed(scene, lambda: kill(scene.stage.info, "postgres"))


def postgrest_killed(scene: Scene) -> Trial:
    return _killed(scene, lambda: kill(scene.stage.info, "postgrest"))


def gateway_killed(scene: Scene) -> Trial:
    return _killed(scene, lambda: kill(scene.stage.info, "gateway"))


def _killed(scene: Scene, do: Callable[[], None]) -> Trial:
    moment = scene.rng.choice(MOMENTS)
    return _service(scene, moment, scene.at(moment, do), must_strike=True)


def console_killed(scene: Scene) -> Trial:
    """The HTTP trigger lets the console itself solve and commit; nobody hears what came of it."""
    stage, moment = scene.stage, scene.rng.choice((*MOMENTS, "before it is sent on"))
    [attempt] = scene.attempts(API_OPERATOR)
    settings = attempt.result.settings

    def never_sent(exchange: Exchange) -> None:
        scene.strike(stage.kill_console)
        exchange.hang_up()

    fault = scene.at(moment, stage.kill_console) if moment in MOMENTS else never_sent
    stage.console()
    with stage.proxy.fault(fault):
        terms = {"alpha": settings.alpha, "seed": settings.seed, "acknowledged": True}
        accepted = stage.ask_console("POST", "/process-pending", **terms)
        assert accepted.status_code == 202, accepted.text
        assert scene.struck.wait(PATIENCE), "the console sent no commit"
        stage.proxy.settle()
    stage.stop_console()
    attempt.hear(None)
    run = attempt.inputs.run.id
    stage.revive()
    state = stage.ask_console("GET", f"/{run}").json()["state"]
    found = held(stage.database, run)
    trial = scene.finish(moment, [attempt])
    if (state == "completed") != bool(found.identity):
        trial.untrue.append(f"started again, the console called the run {state}")
    return trial


def command_killed(scene: Scene) -> Trial:
    moment = scene.rng.choice((*MOMENTS, "before it is sent on"))
    attempt = scene.attempt()
    program = scene.stage.start_command(attempt)

    def never_sent(exchange: Exchange) -> None:
        scene.strike(program.kill)
        exchange.hang_up()

    fault = scene.at(moment, program.kill) if moment in MOMENTS else never_sent
    with scene.stage.proxy.fault(fault):
        program.told(attempt)
        scene.stage.proxy.settle()
    assert scene.struck.wait(PATIENCE), f"the fault did not happen: {attempt.words}"
    return scene.finish(moment, [attempt])


def command_interrupted(scene: Scene) -> Trial:
    how = scene.rng.choice((ON_ARRIVAL, "before it is sent on", ON_ANSWER))
    attempt = scene.attempt()
    program = scene.stage.start_command(attempt)

    def fault(exchange: Exchange) -> None:
        answer = exchange.forward() if how == ON_ANSWER else None
        scene.strike(program.interrupt)
        if how == ON_ANSWER:
            exchange.answer(answer)
            return
        exchange.wait_until_left()
        if how == ON_ARRIVAL:
            assert scene.told.wait(PATIENCE)
            exchange.forward()

    with scene.stage.proxy.fault(fault):
        program.told(attempt)
    assert scene.struck.wait(PATIENCE), f"the fault did not happen: {attempt.words}"
    return scene.finish(how, [attempt])


def two_operators(scene: Scene) -> Trial:
    return _at_once(scene, *scene.rng.sample(OPERATORS, 2))


def two_tabs(scene: Scene) -> Trial:
    return _at_once(scene, *[scene.rng.choice(OPERATORS)] * 2)


def _at_once(scene: Scene, *operators: str) -> Trial:
    """Both commits of one run reach the database together; the answers may be lost."""
    how = scene.rng.choice(("both answered", "first unanswered", "none answered"))
    attempts = scene.attempts(*operators)
    start = threading.Barrier(len(attempts), timeout=PATIENCE)

    def fault(exchange: Exchange) -> None:
        place = start.wait()
        answer = exchange.forward()
        is_lost = how == "none answered" or (how == "first unanswered" and place == 0)
        exchange.answer(None if is_lost else answer)

    def commit(attempt: Attempt) -> None:
        attempt.commit(scene.stage.service())

    with scene.stage.proxy.fault(fault):
        threads = [threading.Thread(target=commit, args=(each,)) for each in attempts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
    return scene.finish(how, attempts)


def disk_full(scene: Scene) -> Trial:
    """Full from the moment that the commit arrives until it is answered."""
    disk = scene.disks.get()
    scene.stage = disk.stage if disk else scene.stage
    scene.workers = 150  # more rows than fit into what the tables have left
    moment = scene.rng.choice((ON_ARRIVAL, HELD_UP))

    def fault(exchange: Exchange) -> None:
        with audit_table_locked(scene.stage.info) if moment == HELD_UP else nullcontext():
            under_way = threading.Thread(target=exchange.pass_on)
            if moment == HELD_UP:
                under_way.start()
                wait_until_held_up(scene.stage.database)
                if scene.rng.random() < 0.5:
                    with suppress(psycopg.Error):
                        scene.stage.database.rows("select pg_switch_wal()")
            full = disk.full() if disk else no_file_may_grow(scene.stage)
            full.__enter__()
            scene.struck.set()
        if moment == ON_ARRIVAL:
            under_way.start()
        under_way.join(PATIENCE)
        full.__exit__(None, None, None)

    return _service(scene, moment, fault, must_strike=True)


def lock_held(scene: Scene) -> Trial:
    """Until the database itself gives up waiting for it."""
    rows = scene.stage.database.rows
    rows(f"alter {COMMIT_FUNCTION} set lock_timeout = '100ms'")
    try:
        return _locked(scene)
    finally:
        rows(f"alter {COMMIT_FUNCTION} reset lock_timeout")


def lock_outlasts_patience(scene: Scene) -> Trial:
    """The program gives up first; the commit goes on once the lock is gone."""
    return _locked(scene, impatient=True)


def statement_timeout(scene: Scene) -> Trial:
    """A commit that waits is ended by the server's statement timeout."""
    before = scene.stage.database.rows(
        "select setconfig from pg_db_role_setting where setrole = 'authenticator'::regrole"
    )[0]["setconfig"]
    (limit,) = (each.split("=")[1] for each in before if each.startswith("statement_timeout"))
    _limit_statements(scene.stage, "1s")
    try:
        return _locked(scene)
    finally:
        _limit_statements(scene.stage, limit)


def _limit_statements(stage: Stage, limit: str) -> None:
    """For PostgREST's connections, which are made anew."""
    stage.database.rows(f"alter role authenticator set statement_timeout = '{limit}'")
    kill(stage.info, "postgrest")
    stage.revive()


def _locked(scene: Scene, *, impatient: bool = False) -> Trial:
    attempt = scene.attempt()
    run = attempt.inputs.run.id
    locks: dict[str, AbstractContextManager[object]] = {
        "the audit table": audit_table_locked(scene.stage.info),
        "the run's row": _row_locked(scene.stage, run),
    }
    how = scene.rng.choice(sorted(locks))
    with scene.stage.proxy.fault(Exchange.pass_on), locks[how]:
        attempt.commit(scene.stage.service(impatient=impatient))
        eventually(lambda: scene.stage.proxy.seen)  # it may still be on its way
    return scene.finish(how, [attempt])


@contextmanager
def _row_locked(stage: Stage, run: str) -> Iterator[None]:
    with psycopg.connect(stage.info.dsn) as other:
        other.execute("select from allocator_py_runs where id = %s for update", [run])
        yield
        other.rollback()


KINDS: dict[str, Kind] = {
    "request dropped": request_dropped,
    "request sent twice": request_twice,
    "request delayed": request_delayed,
    "answer dropped": answer_dropped,
    "answer sent twice": answer_twice,
    "answer delayed": answer_delayed,
    "PostgreSQL backend killed": backend_killed,
    "PostgreSQL killed": postgres_killed,
    "PostgREST killed": postgrest_killed,
    "gateway killed": gateway_killed,
    "console killed": console_killed,
    "command line killed": command_killed,
    "command line interrupted": command_interrupted,
    "two operators at once": two_operators,
    "one operator in two tabs": two_tabs,
    "disk full": disk_full,
    "lock held": lock_held,
    "lock outlasts the program": lock_outlasts_patience,
    "statement timeout": statement_timeout,
}
