"""Undoes what phones and Slack do to typed text before anybody reads it: curly quotes, long dashes, odd spaces, Slack's `<...>` wrapping.

Pure, and it changes nothing else: what the words mean is syntax.py's.
"""

from __future__ import annotations

import re

MAX_TEXT = 2000  # characters read; Slack's own limit for a command is higher than anyone types

_TYPOGRAPHY = str.maketrans({
    "\u201c": '"', "\u201d": '"', "\u201e": '"', "\u201f": '"', "\u00ab": '"', "\u00bb": '"', "\u2018": "'", "\u2019": "'",
    "\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-", "\u2014": "-", "\u2212": "-", "\u00a0": " ", "\u202f": " ", "\u2007": " ",
    "\u200b": None, "\u200c": None, "\u200d": None, "\ufeff": None, "\u2060": None, "\u2026": "...",
})  # fmt: skip
_WRAPPED = re.compile(r"<(?:(?P<mention>[@#!][^|<>]+)(?:\|(?P<name>[^>]*))?|(?P<link>[a-z]+:[^|<>]+)(?:\|[^>]*)?)>")


# From: docs.slack.dev/messaging/formatting-message-text: Slack escapes these three and nothing else. HTML has many more, and reads the
# `&region=` of a link as one of them.
_ESCAPED = re.compile(r"&(?:amp;)*(amp|lt|gt);")
_PLAIN = {"amp": "&", "lt": "<", "gt": ">"}


def normalise(text: str) -> str:
    """Undo what phones and Slack do to typed text; single-spaced, cut to 2,000 characters. What is clean already stays as it is: a text
    goes through here at every door that it passes."""
    text, before = _once(text[: MAX_TEXT * 2]), ""
    while text != before:  # every round but the first makes it shorter, so there is a last one
        before, text = text, _once(text)
    return text


def _once(text: str) -> str:
    text = _ESCAPED.sub(lambda m: _PLAIN[m[1]], _WRAPPED.sub(_unwrap, text))
    return " ".join(text.translate(_TYPOGRAPHY).split())[:MAX_TEXT].rstrip()


def _unwrap(match: re.Match[str]) -> str:
    return match["link"].removeprefix("mailto:") if match["link"] else match["mention"]
