"""`/sec views`: saved questions. `@name` in any question is the view of that name, of the asker or of the channel.

A person's views are their own. A channel's views, and the one that is laid over every list asked for there, take the permission `views`.
Typed text opens a window or a button; nothing is saved, shared or deleted by it alone.
"""

from __future__ import annotations

from bot.domain.authz import Permission
from bot.domain.message import Pressed
from bot.domain.spelling import nearest
from bot.domain.viewname import clean_name, name_problem
from bot.domain.views import Confirm, Notice, Offer, SaveViewForm, Trouble, ViewsList
from bot.errors import Malformed, NotAllowed, UserError
from bot.plugins import Action, Command
from bot.services.context import Context

ME, HERE = "me", "here"
VERBS = ("save", "share", "default", "delete")


async def run(context: Context, text: str) -> ViewsList | Trouble | Confirm | None:
    """The views, or what the text asks to be done to one."""
    word, _, rest = text.strip().partition(" ")
    name, _, query = rest.strip().partition(" ")
    match word.casefold():
        case "":
            return await _list(context)
        case "save":
            return await _save_window(context, name, query)
        case "share":
            return _confirm(f"Share @{clean_name(name)} with this channel?", "Share", "view.share", ME, name)
        case "default":
            return _confirm(
                f"Lay @{clean_name(name)} over every list asked for in this channel, or no longer?", "Change the default",
                "view.default", HERE, name,
            )  # fmt: skip
        case "delete":
            return _delete_window(name)
    close = nearest(word, VERBS)
    offers = tuple(Offer(f"views {c} {rest}".strip()[:70], f"views {c} {rest}".strip()) for c in close)
    return Trouble(
        messages=(f"`views {word}` is nothing I know: {', '.join(VERBS)}.",),
        offers=(*offers, Offer("My views", "views")),
    )


async def _list(context: Context) -> ViewsList:
    mine, here = await context.suite.views.mine_and_here(context.asker)
    may = bool(context.asker.channel) and context.may_here(Permission.VIEWS)
    return ViewsList(mine=mine, here=here, channel=context.asker.channel, may_change=may)


async def _save_window(context: Context, name: str, query: str) -> Trouble | None:
    channel = context.asker.channel if context.may_here(Permission.VIEWS) else ""
    form = SaveViewForm(query=query, name=clean_name(name), channel=channel, extra=context.asker.channel)
    if await context.surface.open(form):
        return None
    return Trouble(
        messages=("A window cannot be opened from here. Type `/sec views save name question` in a channel.",)
    )


def _confirm(text: str, label: str, action: str, owner: str, name: str) -> Confirm:
    if problem := name_problem(clean_name(name)):
        raise UserError(f"Which view? {problem}")
    return Confirm(text=text, label=label, action=action, extra=f"{owner}.{clean_name(name)}")


def _delete_window(name: str) -> Confirm:
    return _confirm(f"Delete your view @{clean_name(name)}?", "Delete", "view.delete.go", ME, name)


async def save_list(context: Context, pressed: Pressed) -> Trouble | None:
    """`Save view…` under a list."""
    question = await context.suite.queries.question(pressed.of_listing[0], context.asker)
    return question if isinstance(question, Trouble) else await _save_window(context, "", question)


async def saved(context: Context, pressed: Pressed) -> Notice:
    """The window was submitted; `extra` is the channel that it was opened in."""
    values, channel = pressed.values, pressed.extra
    owner = context.actor.id
    asker = context.asker
    if values.get("owner") == "channel" and channel:
        context = await context.at(channel)
        _must(context)
        owner, asker = channel, context.asker
    view = await context.suite.views.save(values.get("name", ""), values.get("query", ""), asker, owner)
    offers = (Offer(f"Run @{view.name}", f"findings @{view.name}"),)
    return Notice(text=f"Saved: `@{view.name}` is `{view.query or 'everything open'}`.", offers=offers)


def _check(pressed: Pressed) -> dict[str, str]:
    problem = name_problem(clean_name(pressed.values.get("name", "")))
    return {"name": problem} if problem else {}


async def share(context: Context, pressed: Pressed) -> Notice:
    """Give the channel a copy of the asker's view."""
    _must(context)
    view = await context.suite.views.share(_named(pressed)[1], context.asker)
    return Notice(text=f"`@{view.name}` is this channel's now.")


async def default(context: Context, pressed: Pressed) -> Notice:
    """Make a channel's view its default, or no longer."""
    _must(context)
    _, here = await context.suite.views.mine_and_here(context.asker)
    name = _named(pressed)[1]
    on = not any(row.default for row in here if row.name == name)
    view = await context.suite.views.set_default(name, context.asker.channel, on=on)
    if on:
        return Notice(text=f"`@{view.name}` is laid over every list asked for here, and each list says so.")
    return Notice(text=f"`@{view.name}` is no longer this channel's default.")


async def delete(context: Context, pressed: Pressed) -> Confirm:
    """Ask once more."""
    owner, name = _named(pressed)
    if owner == HERE:
        _must(context)
    whose = "your" if owner == ME else "this channel's"
    return _confirm(f"Delete {whose} view @{name}?", "Delete", "view.delete.go", owner, name)


async def delete_go(context: Context, pressed: Pressed) -> Notice:
    """The second press."""
    owner, name = _named(pressed)
    if owner == HERE:
        _must(context)
    await context.suite.views.delete(context.asker.channel if owner == HERE else context.actor.id, name)
    return Notice(text=f"`@{name}` is deleted.")


def _named(pressed: Pressed) -> tuple[str, str]:
    owner, _, name = pressed.extra.partition(".")
    if owner not in (ME, HERE) or name_problem(name):
        raise Malformed("a view's button without its view")
    return owner, name


def _must(context: Context) -> None:
    if not context.asker.channel:
        raise UserError("A channel's views are changed in that channel.")
    if not context.may_here(Permission.VIEWS):
        raise NotAllowed("You may not change this channel's views: that takes a role with `views`.")


COMMAND = Command(
    name="views",
    aliases=("v", "view"),
    summary="Saved questions, yours and the channel's; @name uses one in any question.",
    usage="/sec views [save name question | share name | default name | delete name]",
    permission=Permission.READ,
    run=run,
    examples=("/sec views", "/sec views save night-shift prod high+ -src:config", "/sec views share night-shift"),
    actions=(
        Action("view.save", Permission.READ, save_list),
        Action("view.saved", Permission.READ, saved, check=_check),
        Action("view.share", Permission.VIEWS, share),
        Action("view.default", Permission.VIEWS, default),
        Action("view.delete", Permission.READ, delete),
        Action("view.delete.go", Permission.READ, delete_go, in_place=True),
    ),
    order=25,
)
