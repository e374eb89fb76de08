"""Executors of a sweep: local processes that leave the main module alone, a real Dask cluster."""

from __future__ import annotations

import operator
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from allocator.errors import ConfigurationError
from allocator.solving.sweep import SCHEDULER_VARIABLE, scheduler_address, sweep_executor
from tests.waiting import PATIENCE

ROOT = Path(__file__).resolve().parents[2]


def test_local_processes_are_other_processes() -> None:
    with sweep_executor(processes=2) as executor:
        assert executor.submit(os.getpid).result(timeout=PATIENCE) != os.getpid()


def test_local_processes_do_not_run_the_main_module_again(tmp_path: Path) -> None:
    """As under Streamlit: a main module without a guard, a pool used from a thread."""
    script = tmp_path / "app.py"
    script.write_text(
        textwrap.dedent(
            """
            import operator, threading
            from allocator.solving.sweep import sweep_executor

            print("main module runs")

            def work():
                with sweep_executor(processes=2) as executor:
                    print(sum(executor.map(operator.neg, range(5))))

            thread = threading.Thread(target=work)
            thread.start()
            thread.join()
            """
        )
    )
    done = subprocess.run(
        [sys.executable, str(script)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    assert done.stdout.split("\n")[:2] == ["main module runs", "-10"]
    assert done.stdout.count("main module runs") == 1


def test_a_dask_cluster_does_the_work(dask_scheduler: str) -> None:
    with sweep_executor(dask_scheduler) as executor:
        assert executor.submit(operator.neg, 3).result(timeout=PATIENCE) == -3
        assert executor.submit(os.getpid).result(timeout=PATIENCE) != os.getpid()


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nonsense://"])
def test_an_unusable_scheduler_is_named(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("allocator.solving.sweep.CONNECT_SECONDS", 1)
    with pytest.raises(ConfigurationError, match=address), sweep_executor(address):
        pass


def test_scheduler_address_comes_from_the_environment_or_the_secrets_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = tmp_path / "secrets.toml"
    monkeypatch.setenv("ALLOCATOR_SECRETS", str(secrets))
    monkeypatch.delenv(SCHEDULER_VARIABLE, raising=False)
    assert scheduler_address() == ""
    secrets.write_text('[console]\ndask_scheduler = "tcp://file:8786"\n')
    assert scheduler_address() == "tcp://file:8786"
    monkeypatch.setenv(SCHEDULER_VARIABLE, " tcp://head:8786 ")
    assert scheduler_address() == "tcp://head:8786"
