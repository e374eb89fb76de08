"""A disk that can really be filled: a small file system of its own where root may mount one."""

from __future__ import annotations

import os
import resource
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from tests.faults.stage import Stage

BYTES = 256 * 2**20
CHUNK = 2**16


class SmallDisk:
    """A file system of 256 MB with a stack on it; `close` removes both."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir()
        self.directory = directory
        command = ["mount", "-t", "tmpfs", "-o", f"size={BYTES}", "tmpfs", str(directory)]
        subprocess.run(command, check=True, capture_output=True)
        try:
            directory.chmod(0o711)
            self.stage = Stage(directory / "stack")
        except BaseException:
            self._unmount()
            raise

    def close(self) -> None:
        """Stop the stack and remove the file system."""
        self.stage.close()
        self._unmount()

    def _unmount(self) -> None:
        subprocess.run(["umount", "--lazy", str(self.directory)], check=True, capture_output=True)

    @contextmanager
    def full(self) -> Iterator[None]:
        """Not one byte is left inside the block."""
        ballast = self.directory / "ballast"
        try:
            with ballast.open("wb", buffering=0) as file:
                for size in (CHUNK, 1):
                    with suppress(OSError):
                        while True:
                            file.write(b"\0" * size)
            assert os.statvfs(self.directory).f_bavail == 0
            yield
        finally:
            ballast.unlink(missing_ok=True)


def small_disk(directory: Path) -> SmallDisk | None:
    """None where nothing may be mounted."""
    if os.geteuid() != 0:
        return None
    try:
        return SmallDisk(directory)
    except (subprocess.CalledProcessError, FileNotFoundError):
        return None


@contextmanager
def no_file_may_grow(stage: Stage) -> Iterator[None]:
    """Instead of a full disk: the processes that serve commits may write no byte to any file."""
    query = "select pid from pg_stat_activity where usename = 'authenticator'"
    for row in stage.database.rows(query):
        psutil.Process(row["pid"]).rlimit(resource.RLIMIT_FSIZE, (0, 0))
    yield


class Disks:
    """The small disk, made when it is first needed; how a disk is filled here, in words."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._made: SmallDisk | None = None
        self._asked = False
        self._making = threading.Lock()

    def get(self) -> SmallDisk | None:
        """The small disk; None where nothing may be mounted."""
        with self._making:
            if not self._asked:
                self._asked = True
                self._made = small_disk(self._directory)
            return self._made

    @property
    def words(self) -> str:
        """How it is done on this machine."""
        if not self._asked:
            return "not tried"
        if self._made:
            return f"a file system of {BYTES // 2**20} MB, filled to the last byte"
        return "a file-size limit of 0 on the serving processes (nothing may be mounted here)"

    def close(self) -> None:
        """Remove it when it was made."""
        if self._made:
            self._made.close()
