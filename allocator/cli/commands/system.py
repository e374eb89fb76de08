"""`doctor`, `local …` and `hash-password`: the ground that the console stands on."""

from __future__ import annotations

import sys
from argparse import Namespace
from dataclasses import asdict
from getpass import getpass
from pathlib import Path
from typing import Any

from allocator.cli.output import Output, service_for, write_file
from allocator.errors import ExitCode, UsageError


def doctor(args: Namespace, out: Output) -> int:
    """Look at connection, database and solvers; the exit code is that of the first fault."""
    findings = service_for(args).doctor()
    faults = [f for f in findings if not f.ok]
    out.add(ok=not faults, findings=[asdict(f) for f in findings])
    out.table(
        ("", "Looked at", "Found", "What to do"),
        [("ok" if f.ok else "FAULT", f.title, f.detail, f.remedy) for f in findings],
        title=f"{len(faults)} faults" if faults else "Everything is in place",
    )
    return faults[0].exit_code if faults else ExitCode.DONE


def local_start(args: Namespace, out: Output) -> int:
    """Start the local stack, or find it running."""
    from allocator.local import stack

    info = stack.start(args.data_dir, port=args.port, seed=args.seed)
    _tell_stack(info.as_dict(), out)
    where = f" --data-dir {args.data_dir}" if args.data_dir else ""
    if args.seed == "demo" and info.seed == "empty":
        out.say(
            "This data directory was made empty and stays so; "
            f"python -m allocator local reset --seed demo{where} makes it anew."
        )
    out.say(f"List its runs with: python -m allocator runs{where}")
    return ExitCode.DONE


def local_stop(args: Namespace, out: Output) -> int:
    """Stop the local stack; its data stays."""
    from allocator.local import stack

    stack.stop(args.data_dir)
    out.add(running=False)
    out.say("The local stack is stopped; its data is kept.")
    return ExitCode.DONE


def local_status(args: Namespace, out: Output) -> int:
    """Whether the local stack runs, and where."""
    from allocator.local import stack

    now = stack.status(args.data_dir)
    out.add(**now.as_dict())
    out.say(f"The local stack is {'running at ' + str(now.url) if now.running else 'not running'}.")
    out.table(
        ("Part", "Process"),
        [
            ("PostgreSQL", now.postgres or "not running"),
            ("PostgREST", now.postgrest or "not running"),
            ("Gateway", now.gateway or "not running"),
            ("Data", now.data_dir),
        ],
    )
    return ExitCode.DONE


def local_reset(args: Namespace, out: Output) -> int:
    """Throw the local stack's data away and start again, once somebody has said so."""
    from allocator.local import stack

    where = stack.status(args.data_dir).data_dir
    if not args.yes and not _agrees(f"Delete all data of the local database in {where}? (yes/no) "):
        raise UsageError("Nothing was deleted.", remedy="Answer yes, or give --yes.")
    info = stack.reset(args.data_dir, seed=args.seed)
    _tell_stack(info.as_dict(), out)
    return ExitCode.DONE


def _agrees(question: str) -> bool:
    """Whether somebody at a terminal answers yes; nobody there has not agreed."""
    if not sys.stdin.isatty():
        return False
    sys.stderr.write(question)
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() == "yes"


def _tell_stack(fields: dict[str, Any], out: Output) -> None:
    out.add(**fields)
    secrets = ("service_role_key", "secret_key", "anon_key", "dsn")
    rows = [(name, "see --json" if name in secrets else v) for name, v in fields.items()]
    out.table(("Local stack", ""), rows)


def demo_files(args: Namespace, out: Output) -> int:
    """Write the lists that go with the demo data into a directory."""
    from allocator.demo.files import demo_lists

    directory = Path(args.directory)
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise UsageError(
            f"{directory} cannot be made: {exc.strerror}.", remedy="Name another directory."
        ) from exc
    written = []
    for name, text in demo_lists().items():
        write_file(directory / name, text)
        written.append(str(directory / name))
    out.add(written=written)
    for path in written:
        out.say(f"Written: {path}")
    return ExitCode.DONE


def hash_password(args: Namespace, out: Output) -> int:
    """Hash a password from a prompt, or from the first line of standard input."""
    from allocator import operators

    if sys.stdin.isatty():
        password = getpass("Password: ")
        if getpass("Again: ") != password:
            raise UsageError("The two passwords differ.", remedy="Try again.")
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    hashed = operators.hash_password(password)
    out.add(hash=hashed)
    if not out.as_json:
        sys.stdout.write(hashed + "\n")
        sys.stderr.write("Put it under [operators] in .streamlit/secrets.toml, beside the name.\n")
    return ExitCode.DONE
