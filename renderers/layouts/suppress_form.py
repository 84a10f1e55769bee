"""A modal that asks what to hide, why, until when and whose it is. It hides nothing: what follows is the preview.

Why has no choice made already, because reasons are counted and a first choice would win.
"""

from __future__ import annotations

from bot.domain.finding import Record
from bot.domain.hiding_views import SuppressForm
from bot.domain.suppression import LEAST_REASON, MOST_REASON, ScopeKind
from bot.plugins import Layout, Modal
from renderers import parts
from renderers.actions import SUPPRESS_FORM, form_metadata
from renderers.blocks import WARNING, Block, section
from renderers.forms import choice_input, text_input, user_input
from renderers.hiding import WHYS
from renderers.limits import MAX_OPTION_TEXT
from renderers.modal import form
from renderers.mrkdwn import Mrkdwn, plain, sentence

MOST_FILTER = 1000
MOST_TICKET = 100
MOST_ENDS = 20


def render(view: SuppressForm) -> Modal:
    """What was wrong with the last try, the finding on a line, and the seven inputs."""
    record = view.record
    problem = [section(Mrkdwn(f"{WARNING} {sentence(view.problem)}"))] if view.problem.strip() else []
    blocks = [*problem, section(parts.short_row(record, view.now)), *_scope(record), *_reason(view), *_lease(view)]
    ids = (SUPPRESS_FORM, form_metadata(number=record.number, revision=record.revision))
    return form(f"Suppress {record.ref}", "Preview", ids, blocks)


def _scope(record: Record) -> list[Block]:
    return [
        choice_input("scope", "What to suppress", _scopes(record)),
        text_input(
            "filter",
            "Filter",
            placeholder="account:payments-prod control:S3.2",
            hint="For “A filter…” alone. It has to name an account or a resource.",
            most=MOST_FILTER,
            optional=True,
        ),
    ]


def _scopes(record: Record) -> tuple[tuple[str, str], ...]:
    """The narrowest is the one that is chosen already."""
    finding = record.finding
    what = f"This control ({finding.control})" if finding.control else "This type"
    return (
        (ScopeKind.FINDING, "Only this finding"),
        (ScopeKind.RESOURCE, "This resource (same source)"),
        (ScopeKind.KIND, plain(f"{what} in this account", MAX_OPTION_TEXT)),
        (ScopeKind.CUSTOM, "A filter…"),
    )


def _reason(view: SuppressForm) -> list[Block]:
    return [
        choice_input("why", "Why", tuple(WHYS.items()), is_chosen=False),
        text_input(
            "reason",
            "Reason",
            value=view.reason,
            hint=f"At least {LEAST_REASON} characters: somebody will read it when it ends.",
            most=MOST_REASON,
        ),
        text_input("ticket", "Ticket", value=view.ticket, placeholder="SEC-9", most=MOST_TICKET, optional=True),
    ]


def _lease(view: SuppressForm) -> list[Block]:
    most = plain(view.most, 100)
    hint = f"Such as 4h, 7d or 2w; at most {most}." if most else "Such as 4h, 7d or 2w."
    return [
        text_input("ends", "Ends in", value=view.ends, hint=hint, most=MOST_ENDS),
        user_input("owner", "Owner: is told before it ends", view.owner),
    ]


LAYOUT = Layout(name="suppress_form", view=SuppressForm, render=render)
