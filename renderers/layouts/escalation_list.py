"""Who is waited for: findings that escalate, how far each is and whom it tells next. Those of which everybody was told come first."""

from __future__ import annotations

from bot.domain.oncall_views import EscalationList
from bot.plugins import Layout, Message
from renderers.blocks import GOOD, WARNING, Block, context, count, section
from renderers.buttons import row_menu
from renderers.engine import words
from renderers.escalations import is_running, row_text
from renderers.mrkdwn import code, prose

ROWS = 15


def render(view: EscalationList) -> Message:
    """At most 17 blocks: how many and of what scope, fifteen findings with a menu each, whether there are more."""
    if not view.rows:
        scope = code(view.scope, 200) if view.scope.strip() else ""
        none = words("escalation_list.none", icon=GOOD, scope=scope)
        return Message(words("escalation_list.none_text"), (section(none),))
    rows = sorted(view.rows, key=is_running)[:ROWS]
    shown = (section(row_text(row, view.now), row_menu(row.record, escalates=is_running(row))) for row in rows)
    return Message(_text(view), (_head(view), *shown, *_more(view)))


def _total(view: EscalationList) -> str:
    return ("More than " if view.more else "") + count(len(view.rows), "finding")


def _in_vain(view: EscalationList) -> int:
    return sum(not is_running(row) for row in view.rows)


def _text(view: EscalationList) -> str:
    return words("escalation_list.text", total=_total(view), scope=prose(view.scope, 60), vain=_in_vain(view))


def _head(view: EscalationList) -> Block:
    scope = code(view.scope, 200) if view.scope.strip() else ""
    return section(words("escalation_list.head", total=_total(view), scope=scope, vain=_in_vain(view), icon=WARNING))


def _more(view: EscalationList) -> list[Block]:
    left_out = len(view.rows) - ROWS
    if left_out <= 0 and not view.more:
        return []
    return [context(words("escalation_list.more", number=left_out if left_out > 0 else ""))]


LAYOUT = Layout(name="escalation_list", view=EscalationList, render=render)
