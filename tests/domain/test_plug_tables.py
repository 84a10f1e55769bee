"""How plugs are collected and how verbs and buttons are found: what is malformed stops the start."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import bot.sources
import commands
import renderers.layouts
from bot.domain.authz import Permission
from bot.plugins import Action, Broken, Command, Layout, Source, collect
from bot.services.desk import MENU, RUN, actions, verbs

HEAD = "from bot.plugins import Source\n"
GOOD = HEAD + "SOURCE = Source({name!r}, lambda e: False, lambda e: ())\n"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, ModuleType]]:
    folder = tmp_path / "made_up_plugs"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    yield folder, __import__("made_up_plugs")
    for name in [n for n in sys.modules if n.partition(".")[0] == "made_up_plugs"]:
        del sys.modules[name]


def test_every_public_module_is_collected_by_name(package: tuple[Path, ModuleType]) -> None:
    folder, module = package
    for name in ("zeta", "alpha"):
        (folder / f"{name}.py").write_text(GOOD.format(name=name))
    (folder / "_helper.py").write_text("raise RuntimeError('never imported')\n")
    found = collect(module, "SOURCE", Source)
    assert list(found) == ["alpha", "zeta"]
    with pytest.raises(TypeError):
        found["new"] = found["alpha"]  # type: ignore[index]


@pytest.mark.parametrize(
    ("text", "message", "why"),
    [
        ("", "exports no SOURCE", "a module without its constant"),
        ("SOURCE = 'plug'\n", "exports no SOURCE of type Source", "a constant of another type"),
        (HEAD + "SOURCE = Source\n", "exports no SOURCE of type Source", "the class and not a plug"),
        (GOOD.format(name="other"), "calls itself 'other'", "a name that is not the file's"),
        (GOOD.format(name="One"), "calls itself 'One'", "a name in another case"),
    ],
)
def test_a_malformed_plug_stops_the_start(package: tuple[Path, ModuleType], text: str, message: str, why: str) -> None:
    folder, module = package
    (folder / "one.py").write_text(text)
    with pytest.raises(Broken, match=message):
        collect(module, "SOURCE", Source)


def test_an_empty_package_has_no_plugs(package: tuple[Path, ModuleType]) -> None:
    assert dict(collect(package[1], "SOURCE", Source)) == {}


PACKAGES: list[tuple[ModuleType, str, type[Any]]] = [
    (bot.sources, "SOURCE", Source),
    (commands, "COMMAND", Command),
    (renderers.layouts, "LAYOUT", Layout),
]


@pytest.mark.parametrize(("module", "constant", "kind"), PACKAGES)
def test_our_own_packages_are_well_formed(module: ModuleType, constant: str, kind: type[Any]) -> None:
    assert len(collect(module, constant, kind)) >= 8


# --- the desk's tables -------------------------------------------------------------------------------------------------------------

COMMANDS = collect(commands, "COMMAND", Command)


async def run(context: Any, asked: Any) -> None:
    """A verb that says nothing."""


def command(name: str, *aliases: str, presses: tuple[str, ...] = ()) -> Command:
    made = tuple(Action(p, Permission.READ, run) for p in presses)
    return Command(name, "A verb.", f"/sec {name}", Permission.READ, run, aliases=aliases, actions=made)


@pytest.mark.parametrize(
    ("made", "why"),
    [
        ([command("one", "x"), command("two", "x")], "two verbs share an alias"),
        ([command("one"), command("two", "one")], "an alias is another verb's name"),
        ([command("one", "one")], "an alias is the verb's own name"),
    ],
)
def test_a_word_that_would_run_two_verbs_stops_the_start(made: list[Command], why: str) -> None:
    with pytest.raises(ValueError, match="belongs to"):
        verbs({c.name: c for c in made})


@pytest.mark.parametrize(
    ("made", "why"),
    [
        ([command("one", presses=("go",)), command("two", presses=("go",))], "two verbs share a button"),
        ([command("one", presses=("go", "go"))], "one verb has it twice"),
        ([command("one", presses=(RUN,))], "the name of the button that carries a whole command"),
    ],
)
def test_a_button_that_would_do_two_things_stops_the_start(made: list[Command], why: str) -> None:
    with pytest.raises(ValueError, match="used twice"):
        actions({c.name: c for c in made})


def test_every_verb_and_alias_runs_its_own_command() -> None:
    table = verbs(COMMANDS)
    assert {c.name for c in table.values()} == set(COMMANDS)
    assert all(table[a] is c for c in COMMANDS.values() for a in (c.name, *c.aliases))


def test_a_verb_is_typed_in_small_letters_without_spaces() -> None:
    assert all(w == w.casefold() and w.split() == [w] for w in verbs(COMMANDS))


def test_the_empty_command_has_a_verb() -> None:
    assert MENU in COMMANDS


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_verb_can_be_explained(name: str) -> None:
    one = COMMANDS[name]
    assert one.summary.endswith(".")
    assert one.usage.startswith("/sec")
    assert one.examples
    spoken = {(*e.split(), MENU)[1] for e in one.examples}
    assert spoken <= {one.name, *one.aliases, "F-1234" if name == "show" else one.name}  # a bare reference shows itself


def test_whatever_changes_something_asks_for_more_than_reading() -> None:
    table = actions(COMMANDS)
    assert table["ack"].permission is COMMANDS["ack"].permission is Permission.ACK
    assert {n: a.permission for n, a in table.items() if a.permission is not Permission.READ} == {
        "ack": Permission.ACK, "ack.page": Permission.ACK, "ack.page.go": Permission.ACK,
        "assign": Permission.ASSIGN, "assign.to": Permission.ASSIGN, "assign.go": Permission.ASSIGN,
        "suppress": Permission.SUPPRESS, "suppress.form": Permission.SUPPRESS, "suppress.go": Permission.SUPPRESS,
        "suppress.page": Permission.SUPPRESS, "suppress.renew": Permission.SUPPRESS, "suppress.end": Permission.SUPPRESS,
        "suppress.approve": Permission.APPROVE,
        "escalate": Permission.ACK, "decline": Permission.ACK, "unack": Permission.ACK, "oncall.have": Permission.ACK,
        "oncall.swap": Permission.ONCALL, "oncall.swapped": Permission.ONCALL,
        "view.share": Permission.VIEWS, "view.default": Permission.VIEWS,
    }  # fmt: skip
    own = {
        "view.save",
        "view.saved",
        "view.delete",
        "view.delete.go",
        "suppress.deny",
    }  # a person's own (to withdraw a request, too); the channel's ask for `views` as they run, another's request for `approve`
    looking = {"page", "refresh", "sort", "export", "show", "why", "open", "finding"}
    assert {n for n, a in table.items() if a.permission is Permission.READ} == own | looking


def test_tables_do_not_depend_on_the_order_of_commands() -> None:
    backwards = {n: COMMANDS[n] for n in reversed(list(COMMANDS))}
    assert verbs(backwards) == verbs(COMMANDS)
    assert actions(backwards) == actions(COMMANDS)


def test_a_copy_of_a_verb_under_another_name_is_refused() -> None:
    with pytest.raises(ValueError, match="belongs to"):
        verbs(dict(COMMANDS) | {"copy": replace(COMMANDS["ack"], name="copy")})
