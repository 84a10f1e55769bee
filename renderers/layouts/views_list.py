"""Saved views: the asker's and the channel's, what each holds now, and what can be done with it in a menu beside it."""

from __future__ import annotations

from bot.domain.views import ViewRow, ViewsList
from bot.plugins import Layout, Message
from renderers.actions import RUN, VIEW_DEFAULT, VIEW_DELETE, VIEW_SHARE, carries, keyed_menu_id, option_value
from renderers.blocks import Block, context, option, overflow, section
from renderers.engine import words
from renderers.mrkdwn import Mrkdwn, channel
from renderers.saved import view_line

MINE, HERE = "me", "here"  # whose a view is, before its name in an extra
ROWS = 20
MAX_NAME = 60  # longer names are not ours, and an option's value has little room


def render(view: ViewsList) -> Message:
    """At most 46 blocks: a title for each of the two lists, twenty views of each, and how many are not shown."""
    text = words("views_list.text", mine=len(view.mine), here=len(view.here))
    if not view.mine and not view.here:
        return Message(text, (section(words("views_list.empty")),))
    mine = _rows(words("views_list.mine"), view.mine, MINE, view)
    place = channel(view.channel) if view.channel else "this channel"
    return Message(text, (*mine, *_rows(words("views_list.here", channel=place), view.here, HERE, view)))


def _rows(title: Mrkdwn, rows: tuple[ViewRow, ...], owner: str, view: ViewsList) -> list[Block]:
    if not rows:
        return []
    more = [context(words("views_list.more", number=len(rows) - ROWS))] if len(rows) > ROWS else []
    return [section(title), *(_row(row, owner, view) for row in rows[:ROWS]), *more]


def _row(row: ViewRow, owner: str, view: ViewsList) -> Block:
    options = _choices(row, owner, view) if carries(row.name, MAX_NAME) else []
    menu = overflow(keyed_menu_id(f"{owner}.{row.name}"), options) if options else None
    return section(view_line(row, is_whole=True, is_shared=owner == HERE), menu)


def _choices(row: ViewRow, owner: str, view: ViewsList) -> list[Block]:
    """Run it; share one's own; what the channel's views allow only to who may change them."""
    extra = f"{owner}.{row.name}"
    is_mine = owner == MINE
    wanted = [
        (not row.problem, "Run", RUN, f"findings @{row.name}"),
        (is_mine and view.may_change and bool(view.channel), "Share to this channel", VIEW_SHARE, extra),
        (not is_mine and view.may_change, _default_label(row), VIEW_DEFAULT, extra),
        (is_mine or view.may_change, "Delete", VIEW_DELETE, extra),
    ]
    return [
        option(label, option_value(name, extra=carried)) for is_offered, label, name, carried in wanted if is_offered
    ]


def _default_label(row: ViewRow) -> str:
    return "Stop being the default" if row.default else "Make default scope"


LAYOUT = Layout(name="views_list", view=ViewsList, render=render)
