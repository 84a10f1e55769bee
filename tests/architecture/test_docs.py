"""The documents say what the code does: every verb and alias is in docs/commands.md, every product variable in the README or docs."""

from __future__ import annotations

import re
from pathlib import Path

import commands
from bot.config import VARIABLES
from bot.plugins import Command, collect

ROOT = Path(__file__).parents[2]
COMMANDS = collect(commands, "COMMAND", Command)


def test_every_verb_and_alias_is_in_the_commands_page() -> None:
    page = (ROOT / "docs/commands.md").read_text()
    words = set(re.findall(r"[a-z?]+", page))
    missing = [w for c in COMMANDS.values() if c.name != "menu" for w in (c.name, *c.aliases) if w not in words]
    assert missing == []


def test_every_variable_is_documented() -> None:
    pages = (ROOT / "docs/configuration.md").read_text() + (ROOT / "README.md").read_text()
    assert [name for name, _, _ in VARIABLES if name not in pages] == []


def test_every_relative_link_of_the_documents_leads_somewhere() -> None:
    broken = []
    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]:
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
            if "://" not in target and not (page.parent / target).exists():
                broken.append(f"{page.name}: {target}")
    assert broken == []
