"""`template`, `export-workbook` and `local import`: a run's inputs as a spreadsheet."""

from __future__ import annotations

from argparse import Namespace
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from allocator.cli.output import Output, service_for, write_bytes
from allocator.errors import ConfigurationError, ExitCode


def template(args: Namespace, out: Output) -> int:
    """Write a workbook to fill in, or the demo as one."""
    from allocator import workbook

    _write(args.file, workbook.example() if args.example else workbook.template(), out)
    return ExitCode.DONE


def export_workbook(args: Namespace, out: Output) -> int:
    """Write a run's inputs as a workbook."""
    from allocator.workbook import book_of, written

    service = service_for(args)
    inputs = service.hydrate(service.find_run(args.run).id)
    _write(args.out, written(book_of(inputs)), out)
    return ExitCode.DONE


def local_import(args: Namespace, out: Output) -> int:
    """Make a pending run of a workbook in the local stack, all of it or nothing."""
    import psycopg

    from allocator.local import stack
    from allocator.local.postgres_server import insert_rows
    from allocator.workbook import read_workbook

    book = read_workbook(Path(args.file))
    running = stack.running(args.data_dir)
    if running is None:
        raise ConfigurationError(
            "No local stack runs.", remedy="Start it with `python -m allocator local start`."
        )
    tables = book.rows(uuid4().hex, datetime.now(UTC))
    with psycopg.connect(running.dsn) as connection:
        insert_rows(connection, tables)
    run = tables["allocator_py_runs"][0]["id"]
    out.add(run_id=run, workers=len(book.workers), job_lines=len(book.job_lines))
    out.say(f"Imported {len(book.workers)} workers and {len(book.job_lines)} job lines.")
    out.say(f"Look at the run with: python -m allocator show {run}")
    return ExitCode.DONE


def _write(path: str, data: bytes, out: Output) -> None:
    write_bytes(path, data)
    out.add(written=str(path))
    out.say(f"Written: {path}")
