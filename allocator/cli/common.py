"""What the commands share: the service they speak to, settings and receipts."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from allocator.errors import ConfigurationError, UsageError
from allocator.models import Policy, Settings, SolverName
from allocator.result import Receipt

if TYPE_CHECKING:
    from allocator.service import AllocatorService


def service_for(args: Namespace) -> AllocatorService:
    """The service of the configured project, or of the local stack in `--data-dir`."""
    from allocator.service import AllocatorService

    if args.data_dir is None:
        return AllocatorService()
    from allocator import postgres
    from allocator.config import Connection
    from allocator.local import stack

    running = stack.running(args.data_dir)
    if running is None:
        raise ConfigurationError(
            f"No local stack runs in {args.data_dir}.",
            remedy="Start it with `python -m allocator local start --data-dir …`.",
        )
    return AllocatorService(postgres.connect(Connection(running.url, running.service_role_key)))


def add_data_dir(parser: ArgumentParser) -> None:
    """`--data-dir`, for the local stack's data."""
    parser.add_argument(
        "--data-dir", type=Path, metavar="DIR", help="data directory of the local stack"
    )


def add_settings(parser: ArgumentParser) -> None:
    """The flags of `Settings`, with its defaults."""
    default = Settings()
    add = parser.add_argument
    add(
        "--alpha",
        type=float,
        default=default.alpha,
        metavar="A",
        help=f"weight of the organisation, 0 to 1 (default {default.alpha:g})",
    )
    add(
        "--power",
        type=float,
        default=default.power,
        metavar="P",
        help=f"exponent of each worker's rank, 0.1 to 10 (default {default.power:g})",
    )
    add(
        "--seed",
        type=int,
        default=default.seed,
        metavar="S",
        help=f"decides among equally good allocations (default {default.seed})",
    )
    add(
        "--time-limit",
        type=float,
        default=default.time_limit,
        metavar="T",
        help=f"seconds for the proof (default {default.time_limit:g})",
    )
    add(
        "--solver",
        choices=[s.value for s in SolverName],
        default=default.solver.value,
        help=f"PuLP's solver, which decides; both find the same (default {default.solver.value})",
    )
    add(
        "--policy",
        choices=[p.value for p in Policy],
        default=default.policy.value,
        help="what the best allocation is (default: least total dissatisfaction)",
    )
    add(
        "--worst-rank",
        type=float,
        metavar="R",
        help="no worker who ranked something may get a rank beyond this",
    )
    add(
        "--bucket-order",
        action="store_true",
        help="read each list by bucket (love … never) first, then by rank inside it",
    )
    add("--no-ties", action="store_true", help="treat tied ranks as data errors")


def settings_of(args: Namespace) -> Settings:
    """The settings that the flags ask for. Raises UsageError when one is out of range."""
    try:
        return Settings(
            alpha=args.alpha,
            power=args.power,
            seed=args.seed,
            time_limit=args.time_limit,
            ties_allowed=not args.no_ties,
            solver=SolverName(args.solver),
            policy=Policy(args.policy),
            worst_rank=args.worst_rank,
            bucket_order=args.bucket_order,
        )
    except ValueError as exc:
        raise UsageError(f"{str(exc)[:1].upper()}{str(exc)[1:]}.") from exc


def receipt_fields(receipt: Receipt) -> dict[str, Any]:
    """A receipt as JSON fields."""
    fields = {name: getattr(receipt, name) for name in Receipt.__slots__}
    return {**fields, "told": [str(change) for change in receipt.told]}
