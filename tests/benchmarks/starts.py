"""How long whole commands take, start of Python included: `python -m tests.benchmarks.starts`.

Goals on 2 quiet cores: 0.2 s for --help, 0.8 s for runs, 1.5 s for solving the intern year.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from allocator.demo import demo_data
from allocator.local import stack

REPEATS = 5
COMMANDS = (["--help"], ["runs"], ["solve", demo_data.INTERN_YEAR])


def main() -> None:
    """Print the best of some repeats: seconds on the clock, and of the processor."""
    with TemporaryDirectory(prefix="allocator-starts-") as folder:
        data_dir = Path(folder) / "data"
        stack.start(data_dir, seed="demo")
        try:
            for command in COMMANDS:
                where = [] if command == ["--help"] else ["--data-dir", str(data_dir)]
                times = sorted(timed([*command, *where]) for _ in range(REPEATS))
                wall, busy = times[0][0], min(busy for _, busy in times)
                print(f"allocator {command[0]:<8} {wall:5.2f} s, {busy:5.2f} s of the processor")
        finally:
            stack.stop(data_dir)


def timed(arguments: list[str]) -> tuple[float, float]:
    """Seconds on the clock and of the processor that a command takes."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [sys.executable, "-m", "allocator", *arguments]
    subprocess.run(command, check=True, capture_output=True)
    wall = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
