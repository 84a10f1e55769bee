"""`secbot doctor` beside a bot that runs: every part answers, and the SQLite file's lock is no failure."""

from __future__ import annotations

from dataclasses import replace

import msgspec

from bot.doctor import examine
from tests.support.box import Box


async def test_doctor_finds_a_running_secbot_well(box: Box) -> None:
    settings = replace(box.settings, file=msgspec.structs.replace(box.settings.file, organizations=False))
    found = {part.name: part for part in await examine(settings)}
    assert {name: part.ok for name, part in found.items()} == {"database": True, "slack": True, "queue": True}
    assert found["database"].note == "in use by a running secbot"
    assert "secbot in" in found["slack"].note


async def test_doctor_says_which_part_does_not_answer(box: Box) -> None:
    settings = replace(box.settings, file=msgspec.structs.replace(box.settings.file, organizations=False))
    box.slack.faults.add("auth.test", "error", error="token_revoked")
    found = {part.name: part for part in await examine(settings)}
    assert not found["slack"].ok
    assert "token_revoked" in found["slack"].note
    assert found["queue"].ok
