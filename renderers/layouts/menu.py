"""What the empty command shows: how things stand, what to do next as buttons, and the verbs."""

from __future__ import annotations

from bot.domain.views import HelpEntry, Menu
from bot.plugins import Layout, Message
from renderers.blocks import Block, capitalised, context, flag, offers, section, sections, tally
from renderers.engine import words
from renderers.mrkdwn import Mrkdwn, code, prose

VERBS = 20
PARTS = 8


def render(view: Menu) -> Message:
    """At most 5 blocks: counts, buttons, verbs, health."""
    counts = tally(view.counts, icons=False)
    return Message(
        words("menu.text", counts=f"{counts} open" if counts else "nothing is open"),
        (
            section(words("menu.head", counts=tally(view.counts))),
            *offers((o.label, o.command) for o in view.offers),
            *sections(_verb(v) for v in view.verbs[:VERBS]),
            *_health(view),
        ),
    )


def _verb(verb: HelpEntry) -> Mrkdwn:
    return words("menu.verb", usage=code(f"/sec {verb.name}", 60), summary=prose(verb.summary, 150))


def _health(view: Menu) -> list[Block]:
    told = [
        words("menu.health", icon=flag(works), name=prose(capitalised(name), 40), note=prose(note, 100))
        for name, works, note in view.health[:PARTS]
    ]
    return [context(Mrkdwn(" · ".join(told)))] if told else []


LAYOUT = Layout(name="menu", view=Menu, render=render)
