"""Foreign text made harmless for Slack, and the type that says it has been.

Names, tags, titles and user agents are an attacker's text. Whatever they hold, they may not mention, link, format, fake an icon or a
quote, hide or reorder what is read, or be cut into half an entity. Three ways to show them, by where they stand:

* `code`: names, ids and facts. A code span; backticks become apostrophes, so nothing gets out.
* `prose`: a title among our own words. Slack's formatting characters are replaced by look-alikes where they would format.
* `plain`: text of a plain_text object (with `emoji` off), where Slack formats nothing; only `<` before a command is replaced.

Invisible, reordering and control characters are shown as `\\u202e`, line breaks become spaces. `Mrkdwn` is text that we wrote or that went
through one of these; nothing else may be sent as mrkdwn.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

ELLIPSIS = "…"
NOTHING = "—"
MAX_READ = 40_000  # characters of a text that are looked at; a source keeps 10,000


class Mrkdwn(str):
    """Text that may be sent as mrkdwn as it stands. Made only in this package, from our own words and escaped foreign ones."""

    __slots__ = ()

    def __html__(self) -> str:
        """Lets the template engine join it without escaping it again."""
        return self


# --- what the eye does not see --------------------------------------------------------------------------------------------------

# Printable by Unicode's book and yet empty on the screen, or able to change what stands before them.
_BLANK = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u2800\u3164\ufe00-\ufe0e\uffa0]")
_STACKED = re.compile("([\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]{2})"
                      "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+")  # fmt: skip


def visible(text: str, limit: int = 3000) -> str:
    """One line in which every character is seen: white space collapsed, invisible and reordering characters as `\\u202e`.

    `limit` bounds the work, not exactly the result: the text is cut before characters are spelled out.
    """
    line = " ".join(text[: limit * 2].split())
    if len(line) <= limit and len(text) > limit * 2:  # mostly blanks so far: look further
        line = " ".join(text[:MAX_READ].split())
    line = line[: limit + 1]
    if line.isascii() and line.isprintable():
        return line
    line = _STACKED.sub(r"\1", line)
    return "".join(c if c.isprintable() and not _BLANK.match(c) else _spelled(c) for c in line)


def _spelled(char: str) -> str:
    point = ord(char)
    return f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"


def cut(text: str, limit: int) -> str:
    """At most `limit` characters, the last an ellipsis when something is missing."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + ELLIPSIS


def plain(text: str, limit: int = 3000) -> str:
    """Foreign text for a plain_text object: visible, cut, and without anything that looks like one of Slack's commands."""
    return cut(_COMMAND.sub("‹", visible(text, limit)), limit)


def plain_lines(text: str, limit: int = 3000) -> str:
    """The same for several lines: line breaks stay, at most one empty line in a row."""
    lines = (_COMMAND.sub("‹", visible(line, limit)) for line in text[:MAX_READ].splitlines())
    return cut(re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip(), limit)


_COMMAND = re.compile(r"<(?=[!@#/A-Za-z])")

# --- into mrkdwn ----------------------------------------------------------------------------------------------------------------

# From: docs.slack.dev/messaging/formatting-message-text#escaping
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_ENTITY_TABLE = str.maketrans(_ENTITIES)
_ALWAYS = str.maketrans({"*": "∗", "`": "'"})
_AT_A_BORDER = re.compile(r"(?<![^\W_])[_~]+|[_~]+(?![^\W_])")
_LOOKALIKE = str.maketrans({"_": "＿", "~": "∼"})
_EMOJI = re.compile(r":(?=[A-Za-z0-9_+'-]{1,100}:)")
_SPECIAL = re.compile(r"[&<>*`_~:]")


def prose(text: str, limit: int = 300) -> Mrkdwn:
    """Foreign text among our own words, at most `limit` characters as Slack counts them (entities as written)."""
    line = visible(text, limit)
    if _SPECIAL.search(line):
        line = _unformatted(line)
    elif len(line) <= limit:
        return Mrkdwn(line)
    return Mrkdwn(_escaped(line, limit))


def _unformatted(line: str) -> str:
    line = line.translate(_ALWAYS)
    line = _AT_A_BORDER.sub(lambda m: m[0].translate(_LOOKALIKE), line)
    line = _EMOJI.sub("∶", line)
    return "›" + line[1:] if line.startswith(">") else line  # a leading > would be a quotation


def code(text: str, limit: int = 300) -> Mrkdwn:
    """Foreign text in a code span, at most `limit` characters inside it; a dash when there is none."""
    line = visible(text, limit).replace("`", "'")
    return Mrkdwn(f"`{_escaped(line, limit)}`") if line else Mrkdwn(NOTHING)


def code_block(text: str, limit: int) -> Mrkdwn:
    """Several lines of foreign text in a code block, at most `limit` characters altogether; indentation is kept."""
    lines = (_indent(line) + visible(line, limit) for line in text[:limit].splitlines())
    body = _escaped("\n".join(lines).replace("`", "'"), limit - len("```\n\n```"))
    return Mrkdwn(f"```\n{body}\n```") if body.strip() else Mrkdwn(NOTHING)


def _indent(line: str) -> str:
    return " " * min(len(line) - len(line.lstrip(" ")), 40)


def _escaped(line: str, limit: int) -> str:
    whole = line.translate(_ENTITY_TABLE)
    if len(whole) <= limit:
        return whole
    parts, room = [], limit - 1
    for char in line:
        piece = _ENTITIES.get(char, char)
        room -= len(piece)
        if room < 0:
            break
        parts.append(piece)
    return "".join(parts).rstrip() + ELLIPSIS


# --- sentences of our own with foreign words in them ----------------------------------------------------------------------------

_BOLD = re.compile(r"\*([A-Za-z0-9][A-Za-z0-9 -]{0,38})\*")
_ATTRIBUTED = re.compile(
    r"((?:(?:Assign )?F-[0-9]{1,12}|This is (?:approved|denied|withdrawn|expired) already) (?:[a-z ]{1,60} )?(?:by|to|on) )"
    r"<@([UW][A-Z0-9]{1,20})>([.?]?)"
)


def sentence(text: str, limit: int = 1000) -> Mrkdwn:
    """A sentence that our code made around foreign words: its code spans and plain bold words stay, all else is as in `prose`.

    Whatever the foreign words hold, they can at most move where a code span begins. A sentence that is nothing but a finding's
    reference, our own lower-case words and a user (`F-12 is already acknowledged by <@U1>.`) keeps the user.
    """
    if who := _ATTRIBUTED.fullmatch(text):
        return Mrkdwn(f"{who[1]}<@{who[2]}>{who[3]}")
    parts = cut(visible(text, limit), limit).split("`")
    if len(parts) % 2 == 0:  # one backtick without its fellow
        parts[-2:] = ["'".join(parts[-2:])]
    return clip(Mrkdwn("".join(_part(part, index % 2 == 1) for index, part in enumerate(parts))), limit)


def _part(text: str, is_code: bool) -> Mrkdwn:
    if is_code:
        return code(text) if text.strip() else Mrkdwn("''")
    pieces = _BOLD.split(text)
    return Mrkdwn("".join(f"*{p}*" if i % 2 else _kept_spaces(p) for i, p in enumerate(pieces)))


def _kept_spaces(text: str) -> str:
    """Prose with the spaces around it, which join it to its neighbours."""
    inner = text.strip(" ")
    if not inner:
        return text[:1]
    return text[0].replace(inner[0], "") + prose(inner, 3000) + text[-1].replace(inner[-1], "")


_MARKS = re.compile(r"`|<@[UW][A-Z0-9]{1,20}>|" + _BOLD.pattern)


def unmarked(text: str, limit: int = 150) -> Mrkdwn:
    """The same sentence for a message's fallback text: without code spans and bold, users as `somebody`, at most `limit` long."""
    bare = _MARKS.sub(lambda m: m[1] or ("somebody" if m[0].startswith("<") else ""), visible(text, limit * 2))
    return prose(bare, limit)


_TOKEN_CUT = re.compile(r"(?:<[^>]*|&[a-z]{0,4})$")


def clip(text: Mrkdwn, limit: int) -> Mrkdwn:
    """Trusted text cut to a limit without leaving half an entity, half a `<...>`, or an open code span or bold word."""
    if len(text) <= limit:
        return text
    kept = _TOKEN_CUT.sub("", text[: limit - 5]).rstrip()
    if kept.count("```") % 2:
        return Mrkdwn(kept + ELLIPSIS + "```")
    pieces = kept.rpartition("\n")[2].split("`")
    if len(pieces) % 2 == 0:
        return Mrkdwn(kept + ELLIPSIS + "`")
    is_bold = sum(piece.count("*") for piece in pieces[::2]) % 2
    return Mrkdwn(kept + ELLIPSIS + "*" * is_bold)


# --- ids and times, whose form Slack defines ------------------------------------------------------------------------------------

_USER = re.compile(r"[UW][A-Z0-9]{1,20}")
_GROUP = re.compile(r"S[A-Z0-9]{1,20}")
_CHANNEL = re.compile(r"[CGD][A-Z0-9]{7,20}")  # shorter ones are names: names may not be upper case


def is_user(user_id: str) -> bool:
    """Whether a text has the form of a user's id."""
    return _USER.fullmatch(user_id) is not None


def user(user_id: str) -> Mrkdwn:
    """`<@U123>`; a text that is no user id is shown as code and mentions nobody."""
    return Mrkdwn(f"<@{user_id}>") if is_user(user_id) else code(user_id, 40)


def group(name: str) -> Mrkdwn:
    """`<!subteam^S123>` for a user group's id; anything else is taken for its handle and shown as code, which calls nobody."""
    return Mrkdwn(f"<!subteam^{name}>") if _GROUP.fullmatch(name) else code("@" + name.strip().lstrip("@"), 80)


def channel(place: str) -> Mrkdwn:
    """`<#C0123ABCD>` for a channel's id; anything else is taken for a name and shown as `#name`, without a link."""
    if _CHANNEL.fullmatch(place):
        return Mrkdwn(f"<#{place}>")
    name = prose(place.strip().lstrip("#"), 80)
    return Mrkdwn(f"#{name}") if name else Mrkdwn(NOTHING)


def mentions(ids: tuple[str, ...]) -> Mrkdwn:
    """User groups and users to notify, at most ten; ids of any other form are left out."""
    known = dict.fromkeys(ids)
    told = [
        f"<!subteam^{i}>" if _GROUP.fullmatch(i) else f"<@{i}>"
        for i in known
        if _GROUP.fullmatch(i) or _USER.fullmatch(i)
    ]
    return Mrkdwn(" ".join(told[:10]))


def everybody_here() -> Mrkdwn:
    """Tells everybody who is active in a channel: the one broadcast that we ever send, where the configuration has an escalation say so."""
    return Mrkdwn("<!here>")


def date(when: datetime, between: str = " ") -> Mrkdwn:
    """A time that every reader sees in their own zone. `when` is aware; `between` is our own word between day and time."""
    # From: docs.slack.dev/messaging/formatting-message-text#date-formatting
    return Mrkdwn(f"<!date^{int(when.timestamp())}^{{date_short_pretty}}{between}{{time}}|{utc(when)}>")


def utc(when: datetime) -> str:
    """`2026-11-24 22:06 UTC`: for plain text, and for clients that know no dates."""
    at = when.astimezone(UTC)
    return f"{at.year:04d}-{at.month:02d}-{at.day:02d} {at.hour:02d}:{at.minute:02d} UTC"
