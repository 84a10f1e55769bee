"""The migrations make exactly the tables of the code, safely when several tasks start at once, and never silently."""

from __future__ import annotations

import ast
import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import cast

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, insert, select, text
from sqlalchemy.exc import IntegrityError

import bot.adapters.sql as adapter
from bot.adapters.sql import current, migrate, open_store
from bot.adapters.sql.codec import lease_row, record_row
from bot.adapters.sql.engine import make_engine, target_of
from bot.adapters.sql.schema import HEAD, REVISIONS
from bot.adapters.sql.tables import FINDINGS, LEASES, METADATA
from bot.domain.query import Exact, Glob, Key, Query, Term
from bot.errors import ConfigError, StoreLocked
from tests.contract.builders import START, record
from tests.contract.conftest import VirtualClock
from tests.contract.ledger_builders import lease

ROOT = Path(__file__).parents[3]
BOTH = ("sqlite", pytest.param("postgresql", marks=pytest.mark.postgres))


@pytest.fixture(params=BOTH)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database without a schema."""
    if request.param == "sqlite":
        tmp_path.joinpath("100%").mkdir()
        return f"sqlite:///{tmp_path / '100%' / 'a.db'}"
    return cast(str, request.getfixturevalue("empty_postgres_url"))


async def on(url: str, work: object) -> object:
    engine = make_engine(target_of(url), reading=False, pool_size=1, limit_s=60)
    try:
        async with engine.begin() as connection:
            return await connection.run_sync(work)  # type: ignore[arg-type]
    finally:
        await engine.dispose()


async def test_the_migrations_make_the_tables_of_the_code(url: str) -> None:
    assert await current(url) == ""
    assert await migrate(url) == HEAD
    assert await current(url) == HEAD

    def differences(connection: Connection) -> object:
        options = {"compare_type": True, "compare_server_default": True, "render_as_batch": True}
        return compare_metadata(MigrationContext.configure(connection, opts=options), METADATA)

    assert await on(url, differences) == []


async def test_every_index_of_the_code_is_in_the_database(url: str) -> None:
    await migrate(url)
    wanted = {index.name for table in METADATA.tables.values() for index in table.indexes}
    asked = "SELECT name FROM sqlite_master" if url.startswith("sqlite") else "SELECT indexname FROM pg_indexes"
    names = await on(url, lambda connection: {row[0] for row in connection.execute(text(asked))})
    assert wanted <= cast("set[str]", names)


def test_the_known_revisions_are_the_files() -> None:
    scripts = ScriptDirectory(str(Path(adapter.__file__).with_name("migrations")))
    assert tuple(script.revision for script in scripts.walk_revisions())[::-1] == REVISIONS


async def test_migrating_again_changes_nothing(url: str) -> None:
    assert [await migrate(url), await migrate(url)] == [HEAD, HEAD]


async def test_whose_a_finding_was_is_asked_for_in_the_new_form_after_an_upgrade(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from alembic import command

    newest = command.upgrade
    monkeypatch.setattr(command, "upgrade", lambda config, _revision: newest(config, "0001"))
    assert await migrate(url) == "0001"
    monkeypatch.undo()

    def fill(connection: Connection) -> None:
        for made in (record("k1", ack_by="U0ANA"), record("k2")):
            row = record_row(made, 0)
            row["by"] = row["by"].strip("\n")  # as the first schema had it
            connection.execute(insert(FINDINGS).values(row))

    await on(url, fill)
    assert await migrate(url) == HEAD
    clock = VirtualClock()
    store = await open_store(url, clock=clock, migrate=False)
    async with store.reads() as reads:
        for value in (Exact("u0ana"), Glob("U0*")):
            found = await reads.search(Query((Term(Key.BY, (value,)),)), START, limit=9)
            assert [r.finding.key for r in found] == ["k1"]
    await store.close()
    by = await on(
        url, lambda connection: [row.by for row in connection.execute(select(FINDINGS.c.by).order_by("number"))]
    )
    assert by == ["\nu0ana\n", ""]


async def test_leases_of_before_renewals_prolong_nothing_after_an_upgrade(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from alembic import command

    newest = command.upgrade
    monkeypatch.setattr(command, "upgrade", lambda config, _revision: newest(config, "0003"))
    assert await migrate(url) == "0003"
    monkeypatch.undo()
    row = lease_row(lease())
    del row["renews"]
    await on(url, lambda connection: connection.execute(insert(LEASES).values(row)))
    assert await migrate(url) == HEAD
    store = await open_store(url, clock=VirtualClock(), migrate=False)
    async with store.reads() as reads:
        assert await reads.leases() == [lease()]
        assert await reads.drifts() == []
    async with store.begin() as tx:
        await tx.save_lease(lease("l2", renews="l1"))
    with pytest.raises(IntegrityError):  # what the first schema of leases refused is still refused
        async with store.begin() as tx:
            await tx.save_lease(lease("l3", reason=""))
    await store.close()


@pytest.mark.postgres
async def test_three_tasks_migrate_postgresql_at_once(empty_postgres_url: str) -> None:
    assert await asyncio.gather(*(migrate(empty_postgres_url) for _ in range(3))) == [HEAD] * 3


async def test_a_migration_that_fails_leaves_nothing_behind(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_connection: Connection) -> None:
        run(_connection)
        raise ZeroDivisionError

    from bot.adapters.sql import schema

    run = schema._run_scripts
    monkeypatch.setattr(schema, "_run_scripts", fail)
    with pytest.raises(ZeroDivisionError):
        await migrate(url)
    assert await current(url) == ""
    monkeypatch.undo()
    assert await migrate(url) == HEAD


async def test_an_unmigrated_database_is_refused_unless_migrating_was_asked_for(url: str) -> None:
    clock = VirtualClock()
    with pytest.raises(ConfigError, match=r"no schema.*secbot migrate"):
        await open_store(url, clock=clock, migrate=False)
    await (await open_store(url, clock=clock, migrate=True)).close()
    await (await open_store(url, clock=clock, migrate=False)).close()


async def test_a_newer_schema_is_refused_even_when_migrating(url: str) -> None:
    await migrate(url)
    await on(url, lambda connection: connection.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    for asked in (False, True):
        with pytest.raises(ConfigError, match=r"newer secbot.*9999"):
            await open_store(url, clock=VirtualClock(), migrate=asked)
    with pytest.raises(ConfigError, match="newer secbot"):
        await migrate(url)


async def test_a_running_bots_sqlite_file_is_not_migrated(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    store = await open_store(url, clock=VirtualClock(), migrate=True)
    with pytest.raises(StoreLocked):
        await migrate(url)
    await store.close()
    assert await migrate(url) == HEAD


def test_opening_a_database_of_ours_does_not_load_the_migration_tool(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    asyncio.run(migrate(url))
    code = (
        "import asyncio, sys\n"
        "from bot.adapters.sql import open_store\n"
        "from tests.contract.conftest import VirtualClock\n"
        "store = asyncio.run(open_store(sys.argv[1], clock=VirtualClock(), migrate=True))\n"
        "asyncio.run(store.close())\n"
        "print([m for m in sys.modules if m.split('.')[0] == 'alembic'])\n"
    )
    said = subprocess.run(
        [sys.executable, "-c", code, url], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert ast.literal_eval(said.stdout.strip()) == []
