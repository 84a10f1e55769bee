"""How the code is built: which way imports point, how long things are, what may be called, and what may be written at all."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("bot", "commands", "renderers", "sandbox")
PYTHON = sorted(p for name in PACKAGES for p in (ROOT / name).rglob("*.py"))
FROZEN = "bot/adapters/sql/migrations/versions/"  # a migration is written once, by Alembic, and never read as code
MOST_LINES_OF_A_FILE = 400
MOST_LINES_OF_A_FUNCTION = 60


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def nodes(path: Path) -> Iterator[ast.AST]:
    yield from ast.walk(tree_of(path))


def test_imports_point_the_way_the_contract_says() -> None:
    linter = str(Path(sys.executable).with_name("lint-imports"))
    command = [linter, "--no-cache", "--config", str(ROOT / "pyproject.toml")]
    env = os.environ | {"NO_COLOR": "1", "COLUMNS": "200"}
    ran = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 0, ran.stdout[-4_000:] + ran.stderr


# --- sizes ---------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PYTHON, ids=named)
def test_a_file_is_no_longer_than_a_person_reads(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES_OF_A_FILE


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """(name and line, lines from `def` to its end) of every function of a file."""
    for node in nodes(path):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{named(path)}:{node.lineno} {node.name}", (node.end_lineno or node.lineno) - node.lineno + 1


def test_no_function_is_longer_than_a_screen() -> None:
    ours = [p for p in PYTHON if not named(p).startswith(FROZEN)]
    assert [name for path in ours for name, size in functions(path) if size > MOST_LINES_OF_A_FUNCTION] == []


def body_size(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its docstring."""
    spoken = ast.get_docstring(node) is not None
    body = node.body[1:] if spoken else node.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def test_the_usual_function_is_short() -> None:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    sizes = sorted(body_size(node) for path in PYTHON for node in nodes(path) if isinstance(node, kinds))
    assert sizes[len(sizes) // 2] <= 8
    assert sizes[len(sizes) * 9 // 10] <= 30


# --- words -----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [p for p in PYTHON if p.stat().st_size], ids=named)
def test_a_module_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(tree_of(path)), "no docstring"


UNFINISHED = ("TO" + "DO", "FIX" + "ME", "X" + "XX", "NotImplemented" + "Error")


@pytest.mark.parametrize("path", PYTHON, ids=named)
def test_nothing_is_left_unfinished(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert [word for word in UNFINISHED if word in text] == []


# --- what may be called ------------------------------------------------------------------------------------------------------------------

BANNED = {
    "datetime.now": "time is a port",
    "datetime.utcnow": "time is a port",
    "uuid.uuid4": "chance is a port",
    "asyncio.sleep": "waiting is a port",
    "time.time": "time is a port",
}
PORTS_ARE_IMPLEMENTED_IN = "bot/adapters/"
INSIDE = [
    p for p in PYTHON if named(p).split("/")[0] != "sandbox" and not named(p).startswith(PORTS_ARE_IMPLEMENTED_IN)
]


def dotted(node: ast.AST) -> str:
    """`datetime.now` for such an expression, whatever stands before it; else nothing."""
    if not isinstance(node, ast.Attribute):
        return ""
    owner = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
    return f"{owner}.{node.attr}"


def test_time_and_chance_are_asked_of_ports() -> None:
    found = [f"{named(p)}:{n.lineno} {dotted(n)}" for p in INSIDE for n in nodes(p) if dotted(n) in BANNED]  # type: ignore[attr-defined]
    assert found == []


def test_nobody_imports_a_banned_function_by_name() -> None:
    banned = {tuple(name.split(".")) for name in BANNED if not name.startswith("datetime")}
    found = [
        f"{named(p)}:{n.lineno}"
        for p in INSIDE
        for n in nodes(p)
        if isinstance(n, ast.ImportFrom) and any((n.module, a.name) in banned for a in n.names)
    ]
    assert found == []


LOOPS = {
    "bot/entrypoints/stream.py",
    "bot/entrypoints/schedule.py",
    "bot/entrypoints/slack/door.py",
    "bot/services/deliver.py",
    "bot/services/desk.py",
    "bot/services/export.py",
    "bot/services/ingest.py",
}
"""The outermost loops (and ingest's loop over a batch): what goes wrong with one thing is counted and logged, and the next is done."""


def catches_everything(node: ast.AST) -> bool:
    """Whether this handler swallows whatever comes; one that raises it again only cleans up."""
    if not isinstance(node, ast.ExceptHandler) or any(isinstance(n, ast.Raise) and n.exc is None for n in node.body):
        return False
    return node.type is None or getattr(node.type, "id", "") in ("Exception", "BaseException")


def test_only_the_outermost_loops_catch_everything() -> None:
    inside = [p for p in PYTHON if named(p).split("/")[0] != "sandbox"]
    caught = {named(p) for p in inside for n in nodes(p) if catches_everything(n)}
    assert caught <= LOOPS


def test_the_checks_above_would_notice(tmp_path: Path) -> None:
    path = tmp_path / "bad.py"
    path.write_text("import asyncio\ntry:\n    asyncio.sleep(1)\nexcept Exception:\n    pass\n")
    assert [dotted(n) for n in nodes(path) if dotted(n) in BANNED] == ["asyncio.sleep"]
    assert any(catches_everything(n) for n in nodes(path))


# --- what may be written --------------------------------------------------------------------------------------------------------------

REGISTRIES = (
    "pypi." + "org",
    "pythonhosted." + "org",
    "npmjs." + "org",
    "proxy.golang." + "org",
    "artifact" + "ory",
    "index" + "-url",
)
MACHINES = ("/" + "work/", "/" + "root/", "/" + "home/", "/" + "Users/")
CREDENTIALS = (
    "AKIA" + "Q",
    "AKIA" + "2",
    "xoxb-" + "1",
    "xoxp-" + "1",
    "-----BEGIN " + "RSA",
    "-----BEGIN " + "PRIVATE",
)
FORBIDDEN = (*REGISTRIES, *MACHINES, *CREDENTIALS)
OURS = ("bot", "commands", "renderers", "sandbox", "tests", "docs", "benchmarks", "deploy", "requirements", ".ci")


def written_files() -> list[Path]:
    """Everything that is tracked or would be; from the folders themselves where there is no git."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    try:
        ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
        listed = [ROOT / name for name in ran.stdout.split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        listed = [p for folder in OURS for p in (ROOT / folder).rglob("*")]
        listed += [p for p in ROOT.iterdir() if p.suffix in (".md", ".toml", ".yaml", "")]
    return sorted(p for p in listed if p.is_file() and "__pycache__" not in p.parts)


def test_no_machine_registry_or_secret_is_written_anywhere() -> None:
    found = []
    for path in written_files():
        text = path.read_bytes().decode("utf-8", "replace")
        lines = ((n, line) for n, line in enumerate(text.splitlines(), 1) if any(word in line for word in FORBIDDEN))
        found += [f"{named(path)}:{n}: {next(w for w in FORBIDDEN if w in line)}" for n, line in lines]
    assert found == []


def test_there_is_something_to_look_at() -> None:
    names = {named(p) for p in written_files()}
    assert {"pyproject.toml", "bot/app/__init__.py", "tests/architecture/test_structure.py"} <= names
    assert len(PYTHON) > 100
