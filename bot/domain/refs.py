"""How people point at a finding: `F-1234`, `this`, `^3`, a link to a Slack message, a link into the AWS console, a finding's own ARN.

    ref := F-1234 | this (the finding whose thread this is) | ^3 (row 3 of my last list) | https://... | arn:...

Pure. Recognising one says nothing of whether the finding exists: a link or an ARN becomes the identity keys that such a finding would
have, and the store is asked for those. An ARN of a mere resource is no reference: many findings may be about it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote

from bot.domain.finding import access_analyzer_identity, guardduty_arn_parts, guardduty_identity, hub_identity, identity
from bot.domain.hub import macie_identity

MOST_UNQUOTED = 3  # the console percent-encodes a search twice; browsers may add one more
MAX_LINK = 2_000

_NUMBER = re.compile(r"^f-?(\d{1,12})$", re.IGNORECASE)
_ROW = re.compile(r"^\^(\d{1,3})$")
_OURS = re.compile(r"^https://[^\s#?]+/F-(\d{1,12})/?$", re.IGNORECASE)
# From: docs.slack.dev/reference/methods/chat.getPermalink
_MESSAGE = re.compile(
    r"^https://[a-z0-9.-]+/archives/(?P<channel>[A-Z0-9]{3,20})/p(?P<ts>\d{10})(?P<rest>\d{6})(?:\?(?P<query>\S*))?$"
)
_THREAD = re.compile(r"(?:^|&|&amp;)thread_ts=(\d{10}\.\d{6})")
_CONSOLE = re.compile(
    r"^https://(?:[a-z0-9-]+\.){0,3}console\.(?:aws\.amazon\.com|amazonaws\.cn|amazonaws-us-gov\.com)/"
)
_FINDING_ARN = re.compile(
    r"^arn:aws[a-z-]{0,10}:(?:[a-z0-9-]+:[a-z0-9-]*:\d*:\S*\bfinding/\S+|cloudwatch:[a-z0-9-]+:\d{12}:alarm:\S+|health:\S+:event/\S+)$"
)
_ARN_INSIDE = re.compile(r"arn:aws[a-z-]{0,10}:[a-z0-9-]+:[A-Za-z0-9:/._+=@#-]+")
_REGION = re.compile(r"[?&]region=([a-z]{2}(?:-[a-z]{2,12}){1,2}-\d)")
_GUARDDUTY_ID = re.compile(r"(?:fId=|id=|findingId=)([0-9a-f]{32})", re.IGNORECASE)
_MACIE_ID = re.compile(r"itemId=([0-9a-f]{32})", re.IGNORECASE)
_ANALYZER_ID = re.compile(r"/(?:details|findings)/([0-9a-f]{8}-[0-9a-f-]{27})", re.IGNORECASE)
_ALARM = re.compile(r"alarmsV2:alarm/([^?&]+)")


@dataclass(frozen=True, slots=True)
class Numbered:
    number: int


@dataclass(frozen=True, slots=True)
class This:
    """The finding whose thread the request came from."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the asker's last list, as it was numbered there."""

    number: int


@dataclass(frozen=True, slots=True)
class Linked:
    """A Slack message, and the thread that it is in."""

    channel: str
    ts: str
    thread_ts: str = ""


@dataclass(frozen=True, slots=True)
class Named:
    """A console link or a finding's ARN."""

    text: str


Ref = Numbered | This | Row | Linked | Named


def recognise(word: str) -> str:
    """The reference as the printer writes it; empty when the word is none."""
    if number := _NUMBER.match(word) or _OURS.match(word):
        return f"F-{int(number[1])}"
    if word.casefold() == "this":
        return "this"
    if row := _ROW.match(word):
        return f"^{int(row[1])}"
    link = len(word) <= MAX_LINK and (_MESSAGE.match(word) or _CONSOLE.match(word) or _FINDING_ARN.match(word))
    return word if link else ""


def read_ref(text: str) -> Ref:
    """What a recognised reference points at. Raises ValueError for any other text."""
    if match := _NUMBER.match(text):
        return Numbered(int(match[1]))
    if text == "this":
        return This()
    if match := _ROW.match(text):
        return Row(int(match[1]))
    if match := _MESSAGE.match(text):
        thread = _THREAD.search(match["query"] or "")
        return Linked(match["channel"], f"{match['ts']}.{match['rest']}", thread[1] if thread else "")
    if not recognise(text):
        raise ValueError(f"not a reference: {text[:40]!r}")
    return Named(text)


def keys_of(text: str, accounts: Iterable[str]) -> tuple[str, ...]:
    """The identity keys that the finding of a console link or an ARN may have, likeliest first; empty when it names none.

    Args:
        text: the link or the ARN.
        accounts: every account that is known: the console's links name none, so each is a candidate.
    """
    plain = text
    for _ in range(MOST_UNQUOTED):
        plain = unquote(plain)
    known = tuple(accounts)
    keys = [key for arn in _ARN_INSIDE.findall(plain) for key in _arn_keys(arn.rstrip(".,;\"'}])"), known)]
    if _CONSOLE.match(text):
        keys += _alarm_keys(text, known) or _console_keys(plain, known)
    return tuple(dict.fromkeys(keys))


def _arn_keys(arn: str, accounts: tuple[str, ...]) -> list[str]:
    if parts := guardduty_arn_parts(arn):
        return [guardduty_identity(parts[1], parts[0], parts[3])]
    service = arn.split(":", 3)[2]
    if service == "cloudwatch":
        return [identity("cloudwatch", arn)]
    if service == "health":
        return [identity("health", account, arn) for account in accounts]
    return [hub_identity(arn)]


def _console_keys(plain: str, accounts: tuple[str, ...]) -> list[str]:
    found = _REGION.search(plain)
    region = found[1] if found else ""
    if match := _MACIE_ID.search(plain):
        return [macie_identity(account, region, match[1]) for account in accounts]
    if match := _ANALYZER_ID.search(plain):
        return [access_analyzer_identity(region, match[1])]
    if "/guardduty/" in plain and (match := _GUARDDUTY_ID.search(plain)):
        return [guardduty_identity(account, region, match[1].lower()) for account in accounts]
    return []


def _alarm_keys(link: str, accounts: tuple[str, ...]) -> list[str]:
    """An alarm may be called almost anything, with a `%` or a `?` too: its name ends where the link says, before anything is decoded."""
    match, found = _ALARM.search(link), _REGION.search(link)
    if not match or not found:
        return []
    region = found[1]
    partition = "aws-us-gov" if "us-gov-" in region else "aws-cn" if region.startswith("cn-") else "aws"
    names = [unquote(match[1])]
    while len(names) < MOST_UNQUOTED and "%" in names[-1]:
        names.append(unquote(names[-1]))
    return [
        identity("cloudwatch", f"arn:{partition}:cloudwatch:{region}:{a}:alarm:{n}") for n in names for a in accounts
    ]
