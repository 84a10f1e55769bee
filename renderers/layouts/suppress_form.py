"""A modal that asks what to hide, why, until when and whose it is. It hides nothing: what follows is the preview.

Why has no choice made already unless somebody made one, because reasons are counted and a first choice would win. A renewal asks for a
new reason and a new end, and not for what it covers: that stays.
"""

from __future__ import annotations

from bot.domain.finding import Record
from bot.domain.hiding_views import SuppressForm
from bot.domain.suppression import LEAST_REASON, MOST_REASON, ScopeKind
from bot.plugins import Layout, Modal
from renderers import parts
from renderers.actions import SUPPRESS_FORM, carries, form_metadata
from renderers.blocks import WARNING, Block, section, sections
from renderers.engine import words
from renderers.forms import choice_input, text_input, user_input
from renderers.hiding import WHYS, covered, named
from renderers.limits import MAX_OPTION_TEXT
from renderers.modal import form
from renderers.mrkdwn import Mrkdwn, date, plain, sentence

RENEW = "renew."  # before the lease's id in the metadata's extra: see SuppressForm

MOST_FILTER = 1000
MOST_TICKET = 100
MOST_ENDS = 20
MOST_SEVERAL = 50  # findings whose numbers the window's metadata carries, as far as they fit in it
ROWS = 5


def render(view: SuppressForm) -> Modal:
    """What was wrong with the last try, what it is about on a few lines, and the inputs: five for a renewal, else seven."""
    problem = [section(Mrkdwn(f"{WARNING} {sentence(view.problem)}"))] if view.problem.strip() else []
    scope = [] if view.renews else _scope(view)
    blocks = [*problem, *_about(view), *scope, *_reason(view), *_lease(view)]
    record = view.record
    ids = (SUPPRESS_FORM, form_metadata(number=record.number, revision=record.revision, extra=_extra(view)))
    return form(_title(view), "Preview", ids, blocks)


def _several(view: SuppressForm) -> tuple[Record, ...]:
    """The findings that it is about when there are more than one; none for a renewal."""
    if view.renews is not None or len(view.several) < 2:
        return ()
    several = view.several[:MOST_SEVERAL]
    while not carries(_numbers(several)):
        several = several[:-1]
    return several


def _numbers(records: tuple[Record, ...]) -> str:
    return ",".join(str(record.number) for record in records)


def _extra(view: SuppressForm) -> str:
    if view.renews is not None:
        extra = f"{RENEW}{view.renews.id}"
        return extra if carries(extra) else ""
    return _numbers(_several(view))


def _title(view: SuppressForm) -> str:
    if view.renews is not None:
        return f"Renew {view.renews.short}"
    several = _several(view)
    return f"Suppress {len(several)} findings" if several else f"Suppress {view.record.ref}"


def _about(view: SuppressForm) -> list[Block]:
    """The finding, or the first few of several with how many more; before a renewal, what it prolongs."""
    if view.renews is not None:
        lease = view.renews
        line = words("suppress_form.renews", name=named(lease), scope=covered(lease), until=date(lease.until, " at "))
        return [section(line), section(parts.short_row(view.record, view.now))]
    several = _several(view) or (view.record,)
    more = len(several) - ROWS
    rest = [words("suppress_form.more", number=more)] if more > 0 else []
    left_out = len(view.several) - len(several)
    if left_out > 0 and view.several:
        rest.append(words("suppress_form.left_out", icon=WARNING, number=left_out))
    return sections([*(parts.short_row(record, view.now) for record in several[:ROWS]), *rest])


def _scope(view: SuppressForm) -> list[Block]:
    return [
        choice_input("scope", "What to suppress", scopes := _scopes(view), chosen=scopes[0][0]),
        text_input(
            "filter",
            "Filter",
            value=view.filter,
            placeholder="account:payments-prod control:S3.2",
            hint="For “A filter…” alone. It has to name an account or a resource.",
            most=MOST_FILTER,
            optional=True,
        ),
    ]


def _scopes(view: SuppressForm) -> tuple[tuple[str, str], ...]:
    """From narrow to wide. The narrowest is chosen already, also when a filter stands there."""
    if several := _several(view):
        return ((ScopeKind.THESE, f"These {len(several)} findings"), (ScopeKind.CUSTOM, "A filter…"))
    finding = view.record.finding
    what = f"This control ({finding.control})" if finding.control else "This type"
    return (
        (ScopeKind.FINDING, "Only this finding"),
        (ScopeKind.RESOURCE, "This resource (same source)"),
        (ScopeKind.KIND, plain(f"{what} in this account", MAX_OPTION_TEXT)),
        (ScopeKind.CUSTOM, "A filter…"),
    )


def _reason(view: SuppressForm) -> list[Block]:
    return [
        choice_input("why", "Why", tuple(WHYS.items()), chosen=view.why),
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
