"""Reads what people type after `/sec` into a query, or says exactly what was not understood and how to repair it.

    query  := { [-]key:value | [-]word | [-]@view | ref | flag | [-]"quoted text" }
    value  := v{,v} (comma is OR)   repeated keys are AND   leading - is NOT
              severity: high | high+ | high..critical   time: >7d | <1h | 1d..7d   text: exact, or a glob with * and ?
    word   := environment | severity | source | state | account name | standard, whichever it names, unambiguously
    ref    := F-1234 | this | ^3 | a link to a Slack message or into the AWS console | a finding's ARN     (refs.py)
    flag   := here | me | all | csv | page:N | sort:age|sev|account | by:GROUP (count instead of listing)
    keys   := env account ou owner sev src control standard type resource region state age first last lease by text
              by:@ana is whose it is; by:account, by:sev ... counts in groups

Phones and Slack mangle text; typed.py undoes that first. Nothing is guessed: a word within typing distance of a known one is offered as
a repair, never run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta

from bot.domain.finding import Severity, State
from bot.domain.query import (
    TIME_KEYS,
    Exact,
    Flag,
    Glob,
    Group,
    Key,
    Levels,
    Query,
    Sort,
    Span,
    Term,
    Value,
    Within,
    quote,
)
from bot.domain.refs import recognise
from bot.domain.spelling import nearest
from bot.domain.typed import MAX_TEXT, normalise
from bot.domain.words import Names, is_glob, known_words, unambiguous, word_readings

__all__ = ["MAX_TEXT", "Names", "Parsed", "Problem", "Repair", "normalise", "parse", "parse_duration", "word_readings"]

MAX_TERMS = 50
MAX_EXPLAINED = 4  # mistakes that are compared with every known word; nobody is shown more
MAX_SPAN = timedelta(days=36_500)  # a longer time is a typing error, and would not print in six digits

ALIASES: dict[str, Key] = {
    "environment": Key.ENV, "acct": Key.ACCOUNT, "acc": Key.ACCOUNT, "severity": Key.SEV, "source": Key.SRC, "std": Key.STANDARD,
    "res": Key.RESOURCE, "status": Key.STATE, "team": Key.OWNER,
}  # fmt: skip
KEYS: dict[str, Key] = {str(k): k for k in Key} | ALIASES
GROUP_WORDS: dict[str, Group] = {str(g): g for g in Group} | {
    "severity": Group.SEV, "source": Group.SRC, "environment": Group.ENV, "team": Group.OWNER, "status": Group.STATE,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Repair:
    """A button: what it says and the whole query it would run."""

    label: str
    query: str


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that was not understood: `kind` is a stable word, `token` what was typed, `message` for the person (plain text)."""

    kind: str
    token: str
    message: str
    repairs: tuple[Repair, ...] = ()


@dataclass(frozen=True, slots=True)
class Parsed:
    """The query as far as it was understood. Run it only when there is no problem."""

    query: Query
    problems: tuple[Problem, ...] = ()
    text: str = ""


_TOKEN = re.compile(r'(?P<neg>-{0,2})(?:(?P<key>[A-Za-z_]+):)?(?P<value>(?:"[^"]*"|[^\s"])+)|(?P<bad>\S)')
_DURATION = re.compile(r"^(\d{1,6})(s|m|min|h|d|w)$")
_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 604800}
_PERSON = re.compile(r"^@[UW][A-Z0-9]{2,20}$")


@dataclass(slots=True)
class _State:
    names: Names
    terms: list[Term] = field(default_factory=list)
    refs: list[str] = field(default_factory=list)
    flags: set[Flag] = field(default_factory=set)
    sort: Sort | None = None
    page: int = 1
    views: list[Within] = field(default_factory=list)
    group: Group | None = None
    text: str = ""
    problems: list[Problem] = field(default_factory=list)
    span: tuple[int, int] = (0, 0)  # where the token being read stands in `text`

    def wrong(self, kind: str, token: str, message: str, repairs: Iterable[tuple[str, str]] = ()) -> None:
        """Note a problem; a repair is (label, what to put in the token's place: empty drops it)."""
        head, tail = self.text[: self.span[0]], self.text[self.span[1] :]
        fixed = tuple(Repair(label, " ".join(f"{head}{new}{tail}".split())) for label, new in repairs)
        self.problems.append(Problem(kind, token, message, fixed))


def parse(text: str, names: Names) -> Parsed:
    """Read a query. Never raises; what was not understood is in `problems`, each with repaired queries.

    Args:
        text: as typed, still with Slack's and the phone's mangling.
        names: what bare words may mean now.
    """
    clean = normalise(text)
    state = _State(names, text=clean)
    tokens = list(_TOKEN.finditer(clean))
    for match in tokens[:MAX_TERMS]:
        _read_token(state, match)
    if len(tokens) > MAX_TERMS:
        state.wrong("too_long", "", f"That is more than {MAX_TERMS} terms; only the first {MAX_TERMS} were read.")
    query = Query(
        tuple(state.terms),
        state.sort or Sort.SEVERITY,
        state.page,
        frozenset(state.flags),
        tuple(dict.fromkeys(state.refs)),
        tuple(dict.fromkeys(state.views)),
        state.group,
    )
    return Parsed(query, tuple(state.problems), clean)


def _read_token(state: _State, match: re.Match[str]) -> None:
    token, state.span = match.group(0), match.span()
    if match["bad"]:
        state.wrong("unbalanced", token, f"There is a lone {token} here.", [("Drop it", "")])
        return
    key, value, negated = match["key"], match["value"], bool(match["neg"])
    if key is None:
        _read_word(state, token, value, negated)
    elif key.casefold() in ("page", "sort"):
        _read_setting(state, token, key.casefold(), value)
    elif key.casefold() == "by" and value.casefold() in GROUP_WORDS:
        _read_group(state, token, GROUP_WORDS[value.casefold()], negated)
    elif (known := KEYS.get(key.casefold())) is not None:
        _read_term(state, token, known, value, negated)
    elif key.casefold() in ("arn", "http", "https"):
        _read_word(state, token, f"{key}:{value}", negated)
    else:
        near = [(f"Use {n}", token.replace(key, n, 1)) for n in nearest(key, [*KEYS, "page", "sort"])]
        fixes = [fix for fix in near if not parse(fix[1], state.names).problems]
        state.wrong("unknown_key", token, f"`{key}` is not a filter.", [*fixes, ("Drop it", "")])


# --- key:value -----------------------------------------------------------------------------------------------------------------


def _read_term(state: _State, token: str, key: Key, text: str, negated: bool) -> None:
    values: list[Value] = []
    for part in split_values(text):
        value = _read_value(state, token, key, part)
        if value is None:
            return
        values.append(value)
    if not values:
        state.wrong("empty_value", token, f"`{key}:` needs a value.", [("Drop it", "")])
        return
    state.terms.append(Term(key, tuple(values), negated))


def split_values(text: str) -> list[str]:
    """`a,"b, c",d` as its three values."""
    return [p.replace('"', "").strip() for p in re.findall(r'(?:"[^"]*"|[^,"])+', text) if p.strip('" ')]


def _read_value(state: _State, token: str, key: Key, text: str) -> Value | None:
    if key is Key.SEV:
        return _read_severity(state, token, text)
    if key in TIME_KEYS:
        return _read_span(state, token, key, text)
    if key in (Key.STATE, Key.ENV, Key.SRC) and not is_glob(text):
        return _read_named(state, token, key, text)
    # Slack gives `@ana` as her id after an at-sign; a record keeps the bare id
    return _glob_or_exact(text.removeprefix("@") or text if key is Key.BY else text)


def _glob_or_exact(text: str) -> Value:
    return Glob(text) if is_glob(text) else Exact(text)


def _swap(token: str, old: str, new: str) -> str:
    """`key:...old...` with the first `old` of its value replaced."""
    key, colon, value = token.partition(":")
    return key + colon + value.replace(old, quote(new), 1)


def _read_severity(state: _State, token: str, text: str) -> Levels | None:
    low_text, dots, high_text = text.partition("..")
    op = re.match(r"^(>=|<=|>|<)?(.*?)(\+?)$", low_text)
    low = Severity.of_word(op[2]) if op else None
    high = Severity.of_word(high_text) if dots else None
    if low is None or (dots and high is None) or op is None:
        near = nearest(text.strip("+<>="), [s.word for s in Severity])
        fixes = [*((f"Use {n}", _swap(token, text, n)) for n in near), ("Drop it", "")]
        state.wrong("unknown_value", token, f"`{text}` is not a severity: critical, high, medium, low, info.", fixes)
        return None
    if high is not None:
        return Levels(min(low, high), max(low, high))
    levels = _severity_bounds(low, op[1] or "", bool(op[3]))
    if levels is None:
        state.wrong(
            "unknown_value", token, f"No severity is `{text}`.", [(f"Use {low.word}", _swap(token, text, low.word))]
        )
    return levels


def _severity_bounds(low: Severity, op: str, plus: bool) -> Levels | None:
    least, most = Severity.INFO, Severity.CRITICAL
    if (op == ">" and low is most) or (op == "<" and low is least):
        return None
    if plus or op in (">", ">="):
        return Levels(Severity(low + (op == ">")), most)
    return Levels(least, Severity(low - (op == "<"))) if op else Levels(low, low)


def parse_duration(text: str) -> timedelta | None:
    """`90m`, `7d`, `2w`, at most a hundred years; None for anything else."""
    match = _DURATION.match(text.casefold())
    span = timedelta(seconds=int(match[1]) * _SECONDS[match[2]]) if match else MAX_SPAN * 2
    return span if span <= MAX_SPAN else None


def _read_span(state: _State, token: str, key: Key, text: str) -> Span | None:
    low, dots, high = text.partition("..")
    if dots:
        least, most = parse_duration(low), parse_duration(high)
        if least is not None and most is not None:
            return Span(min(least, most), max(least, most))
    op = re.match(r"^(>=?|<=?)(.+)$", text)
    if op and (amount := parse_duration(op[2])) is not None:
        return Span(amount, None) if op[1].startswith(">") else Span(None, amount)
    if amount := parse_duration(text):
        fixes = [(f"Older than {text}", f"{key}:>{text}"), (f"Within {text}", f"{key}:<{text}")]
        state.wrong("unknown_value", token, f"`{token}`: older or younger than {text}?", fixes)
        return None
    state.wrong("unknown_value", token, f"`{text}` is not a time: write {key}:<1h or {key}:>7d.", [("Drop it", "")])
    return None


def _read_named(state: _State, token: str, key: Key, text: str) -> Exact | None:
    known = {Key.STATE: [str(s) for s in State], Key.ENV: state.names.envs, Key.SRC: state.names.sources}[key]
    folded = text.casefold().replace("-", "_") if key is Key.SRC else text.casefold()
    if folded in known or not known:
        return Exact(folded)
    near = nearest(folded, known)
    fixes = [(f"Use {n}", _swap(token, text, n)) for n in near]
    label = {Key.STATE: "a state", Key.ENV: "an environment", Key.SRC: "a source"}[key]
    state.wrong(
        "unknown_value", token, f"`{text}` is not {label} here: {', '.join(known)}.", fixes or [("Drop it", "")]
    )
    return None


def _read_setting(state: _State, token: str, key: str, value: str) -> None:
    if key == "page" and value.isascii() and value.isdigit() and 1 <= int(value[:6]) <= 10_000:
        state.page = int(value[:6])
    elif key == "sort" and value.casefold() in set(Sort):
        state.sort = Sort(value.casefold())
    elif key == "sort":
        state.sort = Sort.SEVERITY
        state.wrong(
            "unknown_value", token, "Sort by age, sev or account.", [(f"Sort by {s}", f"sort:{s}") for s in Sort]
        )
    else:
        state.wrong("unknown_value", token, "A page is a number from 1.", [("First page", "page:1")])


def _read_group(state: _State, token: str, group: Group, negated: bool) -> None:
    if negated:
        state.wrong("unknown_value", token, "Counting cannot be negated.", [(f"Count by {group}", f"by:{group}")])
    else:
        state.group = group


# --- bare words ----------------------------------------------------------------------------------------------------------------


def _read_word(state: _State, token: str, value: str, negated: bool) -> None:
    quoted, value = value.startswith('"'), value.replace('"', "").strip()
    if quoted:
        state.terms += [Term(Key.TEXT, (_glob_or_exact(value),), negated)] if value else []
        return
    if value.removesuffix(":").casefold() in KEYS and value.endswith(":"):
        state.wrong("empty_value", token, f"`{value}` needs a value.", [("Drop it", "")])
        return
    if not negated and (ref := recognise(value)):
        state.refs.append(ref)
        return
    if value.startswith(("http:", "https:")):
        message = "That link leads to no Slack message and no finding in the AWS console."
        state.wrong("unknown_link", token, message, [("Drop it", "")])
        return
    if len(value) > 1 and value.startswith("@"):
        _read_at(state, token, value, negated)
        return
    if not negated and value.casefold() in set(Flag):
        state.flags.add(Flag(value.casefold()))
        return
    readings = word_readings(value, state.names)
    if len(readings) == 1:
        state.terms.append(replace(readings[0], negated=negated))
    elif readings:
        _say_ambiguous(state, token, value, readings)
    else:
        _say_unknown(state, token, value)


def _read_at(state: _State, token: str, value: str, negated: bool) -> None:
    """`@name` is a saved view; Slack gives a person as her id after an at-sign."""
    name = value[1:].casefold()
    if (view := state.names.views.get(name)) is not None:
        state.views.append(Within(name, view.terms, negated))
        if not negated:
            state.flags |= view.flags & {Flag.ALL, Flag.ME}
            state.sort = state.sort or (view.sort if view.sort is not Sort.SEVERITY else None)
            state.group = state.group or view.group
    elif _PERSON.match(value):
        state.terms.append(Term(Key.BY, (Exact(value[1:]),), negated))
    else:
        near = nearest(name, state.names.views) if len(state.problems) < MAX_EXPLAINED else []
        closest = f" Closest: {', '.join('@' + n for n in near)}." if near else ""
        minus = "-" if negated else ""
        fixes = [*((f"Use @{n}", f"{minus}@{n}") for n in near), ("Drop it", "")]
        state.wrong("unknown_view", token, f"There is no view `@{name}` of yours or of this channel.{closest}", fixes)


def _say_ambiguous(state: _State, token: str, value: str, readings: list[Term]) -> None:
    accounts = {a.id: a.name for a in state.names.accounts}
    labels = [_reading_label(t, accounts) for t in readings]
    typed = f"{'-' if token.startswith('-') else ''}"
    fixes = [(name, f"{typed}{key}:{quote(name)}") for key, name in labels[:4]]
    if all(t.key is Key.ACCOUNT for t in readings):
        fixes.append((f"All {len(readings)}", f"{typed}account:*{value}*"))
        shown = ", ".join(name for _, name in labels[:5]) + (" ..." if len(labels) > 5 else "")
        state.wrong("ambiguous", token, f"`{value}` matches {len(readings)} accounts: {shown}.", fixes)
    else:
        what = " or ".join(f"{key}:{name}" for key, name in labels[:4])
        state.wrong(
            "ambiguous",
            token,
            f"`{value}` could be {what}.",
            [(f"{k}:{n}", f"{typed}{k}:{quote(n)}") for k, n in labels[:4]],
        )


def _reading_label(term: Term, accounts: dict[str, str]) -> tuple[str, str]:
    value = term.values[0]
    if isinstance(value, Exact):
        return str(term.key), accounts.get(value.text, value.text) if term.key is Key.ACCOUNT else value.text
    return str(term.key), value.low.word if isinstance(value, Levels) else ""


def _say_unknown(state: _State, token: str, value: str) -> None:
    known = known_words(state.names)
    near = nearest(value, known) if len(state.problems) < MAX_EXPLAINED else []
    closest = f" Closest: {', '.join(near)}." if near else ""
    minus = "-" if token.startswith("-") else ""
    fixes = [(f"Use {word}", f"{minus}{unambiguous(word, known[word], state.names)}") for word in near]
    fixes.append(("Search titles", f'{minus}"{value}"'))
    message = f"`{value}` is not an environment, account, source or severity here.{closest}"
    state.wrong("unknown_word", token, message, fixes)
