"""`/sec help [verb]`: every verb with examples, and the query language on one screen."""

from __future__ import annotations

from bot.domain.authz import Permission
from bot.domain.spelling import nearest
from bot.domain.views import Help, Offer, Trouble
from bot.plugins import Command
from bot.services.desk import Context

LANGUAGE = (
    ("prod", "an environment, severity, source, state, standard or account, whichever the word names"),
    ("high+", "high and above; sev:low..high is a range"),
    (
        "env:prod,staging",
        "either; keys: env account ou owner sev src control standard type resource region state by text",
    ),
    ("-src:config", "not"),
    ("account:payments-*", "a star is any text, ? any one character"),
    ("age:>7d", "first seen more than 7 days ago; also first: and last: with m h d w"),
    ('"public bucket"', "these words in the title or the resource"),
    ("page:2 sort:age", "another page, another order (age, sev, account)"),
    ("all", "resolved and suppressed ones too"),
    ("me", "what you acknowledged"),
    ("here", "answer for everybody in the channel"),
)


async def run(context: Context, text: str) -> Help | Trouble:
    """Help on everything, or on the verb that the text names."""
    word = text.strip().casefold()
    if not word:
        return Help(verbs=context.help, language=LANGUAGE)
    found = tuple(v for v in context.help if word in (v.name, *v.aliases))
    if found:
        return Help(verbs=found, full=True, language=LANGUAGE if found[0].name == "findings" else ())
    close = nearest(word, [v.name for v in context.help])
    offers = tuple(Offer(f"Help on {c}", f"help {c}") for c in close)
    return Trouble(messages=(f"There is no verb `{word}`.",), offers=(*offers, Offer("All verbs", "help")))


COMMAND = Command(
    name="help",
    aliases=("h", "?"),
    summary="This help; with a verb, more about it.",
    usage="/sec help [verb]",
    permission=Permission.READ,
    run=run,
    examples=("/sec help", "/sec help findings"),
    order=90,
)
