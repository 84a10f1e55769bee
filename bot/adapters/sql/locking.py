"""One task per SQLite file: a lock that the operating system gives up when the process ends, however it ends.

The problem: two bots on one file would each think that they hold every lease. It refuses to wait, and to guess whether the other task
is alive: the kernel knows.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from bot.errors import StoreLocked, StoreUnavailable


class FileLock:
    """An exclusive lock on `<database>.lock`. The file stays behind: removing it would let two tasks lock two files."""

    def __init__(self, database: Path) -> None:
        self._path = database.with_name(database.name + ".lock")
        self._fd: int | None = None

    def acquire(self) -> None:
        """Raises StoreLocked while another task holds it, StoreUnavailable when the folder cannot be written."""
        try:
            fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreUnavailable(f"Cannot make {self._path}: {error.strerror}.") from error
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(fd)
            raise StoreLocked(
                f"Another secbot task uses {self._path.with_suffix('')}. SQLite is for exactly one task: "
                "stop the other one, or use PostgreSQL."
            ) from error
        self._fd = fd

    def release(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
