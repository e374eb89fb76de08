"""The command line of the benchmark."""

from __future__ import annotations

import argparse
from pathlib import Path

import psutil

from tests.benchmarks.instances import Size
from tests.benchmarks.plan import Options
from tests.benchmarks.solvers import LABELS, PEERS

SIZES = "139,300,1000,2000,5000"
WHAT_IF_SIZES = "139,1000"
RESULTS = Path(__file__).parent / "results"
QUICK = {"sizes": "139,300", "repeats": 1, "limit": 20.0, "re_solves": 10, "letters": "139"}
USUAL = {"sizes": SIZES, "repeats": 5, "limit": 300.0, "re_solves": 40, "letters": "139,10000"}


def parse(argv: list[str] | None) -> argparse.Namespace:
    """The arguments, with the defaults of --quick or of a whole run filled in."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description="Time and memory to a proven optimum, ours against other solvers.",
    )
    parser.add_argument("--sizes", help="such as 139,300,5000x1500@60/5200: workers x job lines")
    parser.add_argument("--solvers", default=",".join(LABELS), help="default: %(default)s")
    parser.add_argument("--repeats", type=int, help="runs of each solver (one when it is slow)")
    parser.add_argument("--limit", type=float, help="seconds for each solve")
    parser.add_argument("--re-solves", type=int, help="what-if re-solves of a size")
    parser.add_argument("--what-if", default=WHAT_IF_SIZES, help="their sizes: %(default)s")
    parser.add_argument("--letters", help="numbers of doctors to write to, such as 139,10000")
    parser.add_argument("--threads", type=int, default=2, help="of the peers: %(default)s")
    parser.add_argument("--seed", type=int, default=1, help="of the instances")
    parser.add_argument("--memory", type=float, help="most GB of a solver; default: 85 %% of free")
    parser.add_argument("--keep-trying", action="store_true", help="larger sizes after the limit")
    parser.add_argument("--quick", action="store_true", help="two small sizes, once")
    parser.add_argument("--output", type=Path, default=RESULTS, help="folder of JSON and chart")
    parser.add_argument("--markdown", action="store_true", help="README tables on stdout")
    parser.add_argument("--from", dest="source", type=Path, help="show this JSON file, run nothing")
    arguments = parser.parse_args(argv)
    for name, value in (QUICK if arguments.quick else USUAL).items():
        if getattr(arguments, name) is None:
            setattr(arguments, name, value)
    try:
        arguments.options = _options(arguments)
    except ValueError as error:
        parser.error(str(error))
    return arguments


def _options(arguments: argparse.Namespace) -> Options:
    """Raises ValueError when the arguments do not fit."""
    sizes = tuple(dict.fromkeys(Size.parse(text) for text in arguments.sizes.split(",")))
    if len({size.label for size in sizes}) < len(sizes):
        raise ValueError("--sizes names the same workers x job lines twice")
    solvers = tuple(arguments.solvers.split(","))
    unknown = [name for name in solvers if name not in LABELS]
    if unknown:
        raise ValueError(f"unknown solvers {', '.join(unknown)}; there are {', '.join(LABELS)}")
    missing = [name for name in solvers if name in PEERS and not PEERS[name].installed]
    if missing and arguments.source is None:
        raise ValueError(
            f"{', '.join(missing)} need tests/benchmarks/requirements.txt, which "
            "`make benchmark` installs; or leave them out with --solvers"
        )
    if arguments.repeats < 1 or arguments.re_solves < 2 or not 0 < arguments.limit < 1e6:
        raise ValueError("--repeats from 1, --re-solves from 2, --limit above 0")
    free = psutil.virtual_memory().available / 2**20
    what_if = [Size.parse(text) for text in arguments.what_if.split(",") if text]
    return Options(
        sizes,
        solvers,
        arguments.repeats,
        arguments.limit,
        arguments.threads,
        arguments.seed,
        arguments.memory * 1024 if arguments.memory else free * 0.85,
        tuple(what_if),
        arguments.re_solves,
        arguments.keep_trying,
        tuple(int(text) for text in arguments.letters.split(",") if text),
    )
