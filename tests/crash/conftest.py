"""What every crash test needs: the warm parent of the bots, and databases of which there is a fresh one for each story."""

from __future__ import annotations

import asyncio
import itertools
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Protocol, cast
from urllib.parse import urlsplit

import botocore
import pytest

from bot.adapters.sql import migrate
from tests.support.postgres import Server, postgres_server, postgres_url

__all__ = ["postgres_server", "postgres_url"]

ROOT = Path(__file__).parents[2]
_PEM_ENDS = "-----END CERTIFICATE-----"


@contextmanager
def zygote_of(module: str) -> Iterator[str]:
    """The socket of a parent that forks lives of this module."""
    with tempfile.TemporaryDirectory(prefix="secbot-crash-") as folder:
        path = f"{folder}/zygote"
        command = [sys.executable, "-m", module, path]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield path
            process.stdin.close()
            process.wait(10)


@pytest.fixture(scope="session")
def zygote() -> Iterator[str]:
    """The socket of the parent that forks bots."""
    with zygote_of("tests.crash.victim") as path:
        yield path


class Databases(Protocol):
    """Makes databases, migrated and empty unless they are copies."""

    def fresh(self) -> AbstractAsyncContextManager[str]: ...
    def copies(self, url: str) -> Databases:
        """Makes databases that begin as one that `fresh` made, to which nobody connects any more."""
        ...


class SqliteFiles:
    """Copies of one migrated file."""

    def __init__(self, folder: Path, template: Path) -> None:
        self._folder = folder
        self._template = template
        self._names = itertools.count(1)

    @asynccontextmanager
    async def fresh(self) -> AsyncIterator[str]:
        path = self._folder / f"secbot{next(self._names)}.db"
        shutil.copyfile(self._template, path)
        yield f"sqlite:///{path}"

    def copies(self, url: str) -> SqliteFiles:
        origin = Path(url.removeprefix("sqlite:///"))
        folder = origin.with_suffix(".copies")
        folder.mkdir()
        return SqliteFiles(folder, origin)


class PostgresDatabases:
    """Copies of one migrated database to which nobody connects."""

    def __init__(self, server: Server, template: str) -> None:
        self._server = server
        self._template = template
        self._names = itertools.count(1)

    @asynccontextmanager
    async def fresh(self) -> AsyncIterator[str]:
        name = f"{self._template}_{next(self._names)}"
        await self._server.execute(f"CREATE DATABASE {name} TEMPLATE {self._template}")
        yield self._server.url(name)
        await self._server.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def copies(self, url: str) -> PostgresDatabases:
        return PostgresDatabases(self._server, urlsplit(url).path[1:])


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite database."""
    path = tmp_path_factory.mktemp("template") / "secbot.db"
    asyncio.run(migrate(f"sqlite:///{path}"))
    return path


@pytest.fixture
def sqlite_files(tmp_path: Path, template: Path) -> SqliteFiles:
    return SqliteFiles(tmp_path, template)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def databases(request: pytest.FixtureRequest) -> Databases:
    """Both stores."""
    if request.param == "sqlite":
        return cast(Databases, request.getfixturevalue("sqlite_files"))
    url = cast(str, request.getfixturevalue("postgres_url"))
    return PostgresDatabases(cast(Server, request.getfixturevalue("postgres_server")), urlsplit(url).path[1:])


@pytest.fixture(scope="session")
def lease_zygote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The socket of the parent that forks keepers of leases."""
    short = tmp_path_factory.mktemp("bundle") / "short.pem"
    short.write_text(_first_certificate())
    with pytest.MonkeyPatch.context() as patch:
        # The stand-in has no certificate: reading a hundred and fifty of them is three quarters of each call's time.
        patch.setenv("AWS_CA_BUNDLE", str(short))
        with zygote_of("tests.crash.lease_victim") as path:
            yield path


def _first_certificate() -> str:
    bundle = Path(botocore.__file__).with_name("cacert.pem").read_text(encoding="utf-8")
    return bundle[bundle.index("-----BEGIN") : bundle.index(_PEM_ENDS)] + _PEM_ENDS + "\n"
