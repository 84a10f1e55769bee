"""`/sec help [verb]`: every verb with examples, and the query language on one screen."""

from __future__ import annotations

from bot.domain.authz import Permission
from bot.domain.spelling import nearest
from bot.domain.views import Help, Offer, Trouble
from bot.plugins import Command
from bot.services.context import Context

LANGUAGE = (
    ("prod", "an environment, severity, source, state, standard or account, whichever the word names"),
    ("high+", "high and above; sev:low..high is a range"),
    (
        "env:prod,staging",
        "either; keys: env account ou owner sev src control standard type resource region state lease by text",
    ),
    ("-src:config", "not"),
    ("account:payments-*", "a star is any text, ? any one character"),
    ("age:>7d", "first seen more than 7 days ago; also first: and last: with m h d w; lease:<2h ends within 2 hours"),
    ('"public bucket"', "these words in the title or the resource"),
    ("by:account", "counts in the place of a list: account sev control age env ou owner src type region state"),
    ("by:@ana", "on Ana: acknowledged by her or assigned to her"),
    (
        "F-12, ^3, a link",
        "findings by reference: a number, a row of your last list, a Slack or console link, this in a thread",
    ),
    ("@night-shift", "a saved view (/sec views)"),
    ("page:2 sort:age", "another page, another order (age, sev, account)"),
    ("all", "resolved and suppressed ones too, and without the channel's default"),
    ("me", "what is on you"),
    ("here", "answer for everybody in the channel"),
    ("csv", "all of it as a file"),
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
