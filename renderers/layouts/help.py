"""Help on every verb in one line each, or on one verb with its examples, and the query language."""

from __future__ import annotations

from bot.domain.views import Help, HelpEntry
from bot.plugins import Layout, Message
from renderers.blocks import Block, section, sections
from renderers.engine import words
from renderers.mrkdwn import Mrkdwn, code, prose

VERBS = 30
EXAMPLES = 10
TERMS = 30


def render(view: Help) -> Message:
    """At most 12 blocks for the verbs and the language that secbot has."""
    one = view.verbs[0] if view.full and len(view.verbs) == 1 else None
    verbs = sections(verb_line(v) for v in view.verbs[:VERBS])
    head = [] if one else [section(words("help.head"))]
    text = words("help.text", verb=prose(one.name, 40) if one else "")
    return Message(text, (*head, *verbs, *_examples(view), *_language(view)))


def verb_line(verb: HelpEntry) -> Mrkdwn:
    """`/sec findings [query]` and what it does."""
    return words(
        "help.verb",
        usage=code(verb.usage or f"/sec {verb.name}", 150),
        summary=prose(verb.summary, 200),
        aliases=Mrkdwn(", ".join(code(a, 20) for a in verb.aliases[:5])),
    )


def _examples(view: Help) -> list[Block]:
    if not view.full:
        return []
    examples = [code(e, 200) for verb in view.verbs for e in verb.examples[:EXAMPLES]]
    return sections([words("help.examples"), *examples]) if examples else []


def _language(view: Help) -> list[Block]:
    terms = [words("help.term", typed=code(typed, 80), meaning=prose(means, 200)) for typed, means in view.language]
    return sections([words("help.language"), *terms[:TERMS]]) if terms else []


LAYOUT = Layout(name="help", view=Help, render=render)
