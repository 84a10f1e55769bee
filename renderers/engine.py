"""The words of every layout, from template files: the one place that knows Jinja2.

A template holds named blocks of *text*; Python makes the structure around them. Everything a block prints goes through `prose` unless
it is `Mrkdwn`, so a template cannot forget to escape. A user may lay a directory of their own over ours: a file there holds just the
blocks that it says differently. Templates come from files only, run sandboxed, and are compiled and checked when the engine is made:
an unknown file, block or value stops the start. A user's block that fails on some finding is replaced by ours, because a card in
other words is better than no card.

Which engine is in force is a context variable, so that a layout stays a function of its view alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import FileSystemLoader, StrictUndefined, Template, TemplateError, meta
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from bot.errors import ConfigError
from renderers.mrkdwn import Mrkdwn, plain, prose

_OURS = Path(__file__).parent / "templates"
_TRUSTING_FILTERS = ("safe", "e", "escape", "forceescape", "tojson", "xmlattr", "urlize", "pprint", "random")
_FAILURES = (TemplateError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError, RecursionError)

Fragment = Callable[[dict[str, Any]], str]


class Engine:
    """Compiled templates. A fragment is named `file.block`, e.g. `finding_card.header`."""

    def __init__(self, template_dir: str | None = None) -> None:
        """Compile our templates, and those of `template_dir` over them.

        Raises:
            ConfigError: the directory or a template in it is not usable; the message says which and why.
        """
        ours = _environment(_OURS)
        self._fragments: dict[str, Fragment] = {}
        for path in sorted(_OURS.glob("*.j2")):
            self._fragments.update(_fragments(ours.get_template(path.name)))
        if template_dir is not None:
            self._overlay(Path(template_dir))

    def mrkdwn(self, fragment: str, **values: object) -> Mrkdwn:
        """The text of a fragment as mrkdwn: texts are escaped by `prose`, `Mrkdwn` stays."""
        return Mrkdwn(self._fragments[fragment](values))

    def plain(self, fragment: str, **values: object) -> str:
        """The text of a fragment for a plain_text object: texts are made `plain`."""
        inert = {name: Markup(plain(v)) if isinstance(v, str) else v for name, v in values.items()}  # noqa: S704  # nosec B704 - `plain` made it inert
        return self._fragments[fragment](inert)

    def names(self) -> frozenset[str]:
        """Every fragment, for the docs and for whoever writes templates."""
        return frozenset(self._fragments)

    def _overlay(self, directory: Path) -> None:
        if not directory.is_dir():
            raise ConfigError(f"the template directory {directory} is no directory")
        theirs = _environment(directory)
        for path in sorted(directory.glob("*.j2")):
            _check(theirs, path)
            for name, fragment in _compiled(theirs, path).items():
                if name not in self._fragments:
                    raise ConfigError(f"{path}: secbot has no block {name.partition('.')[2]!r} in a file of this name")
                self._fragments[name] = _guarded(fragment, self._fragments[name])


def _environment(directory: Path) -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(directory),
        autoescape=True,  # without it, what a macro or a {% set %} made would be escaped twice
        finalize=_finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals.clear()
    for name in _TRUSTING_FILTERS:
        del environment.filters[name]
    return environment


def _finalize(value: object) -> object:
    """What `{{ … }}` prints. Jinja2's own escape would turn quotes into entities that Slack shows as they are."""
    return value if isinstance(value, (Markup, Mrkdwn)) else prose(str(value), 3000)


def _fragments(template: Template) -> dict[str, Fragment]:
    stem = (template.name or "").removesuffix(".j2")
    return {f"{stem}.{name}": _fragment(template, block) for name, block in template.blocks.items()}


def _fragment(template: Template, block: Callable[..., Iterator[str]]) -> Fragment:
    def render(values: dict[str, Any]) -> str:
        return "".join(block(Context(template.environment, values, template.name, {}))).strip()

    return render


def _guarded(theirs: Fragment, ours: Fragment) -> Fragment:
    def render(values: dict[str, Any]) -> str:
        try:
            return theirs(values)
        except _FAILURES:
            return ours(values)

    return render


def _check(environment: ImmutableSandboxedEnvironment, path: Path) -> None:
    ours = _OURS / path.name
    if not ours.is_file():
        known = ", ".join(sorted(p.name for p in _OURS.glob("*.j2")))
        raise ConfigError(f"{path}: secbot has no template of this name; it has {known}")
    given = _values(_environment(_OURS), ours)
    if unknown := sorted(_values(environment, path) - given):
        raise ConfigError(f"{path} uses {', '.join(unknown)}; what it may use is {', '.join(sorted(given))}")


def _values(environment: ImmutableSandboxedEnvironment, path: Path) -> set[str]:
    try:
        return meta.find_undeclared_variables(environment.parse(path.read_text(encoding="utf-8")))
    except (TemplateError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error


def _compiled(environment: ImmutableSandboxedEnvironment, path: Path) -> dict[str, Fragment]:
    try:
        return _fragments(environment.get_template(path.name))
    except TemplateError as error:
        raise ConfigError(f"{path} cannot be used: {error}") from error


# --- which engine is in force ---------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _built_in() -> Engine:
    return Engine()


_IN_FORCE: ContextVar[Engine | None] = ContextVar("engine", default=None)


@contextmanager
def in_force(engine: Engine) -> Iterator[None]:
    """Within the block, layouts take their words from this engine."""
    token = _IN_FORCE.set(engine)
    try:
        yield
    finally:
        _IN_FORCE.reset(token)


def words(fragment: str, **values: object) -> Mrkdwn:
    """A fragment as mrkdwn, from the engine in force (ours when there is none)."""
    return (_IN_FORCE.get() or _built_in()).mrkdwn(fragment, **values)


def plain_words(fragment: str, **values: object) -> str:
    """A fragment as plain text, from the engine in force (ours when there is none)."""
    return (_IN_FORCE.get() or _built_in()).plain(fragment, **values)
