"""What the scenarios about hiding findings do and read: fill the window in, press on, look at the source.

Problem solved: a scenario says what is hidden by whom for how long, in a line. It refuses to ask the bot's database: what became of a
finding is read from Slack's and AWS's stand-ins.
"""

from __future__ import annotations

from typing import Any

from sandbox.aws.apis import ApiServer
from sandbox.events import access_analyzer
from sandbox.slack.state import Message, View
from tests.support.box import Box, buttons, said

REASON = "the vendor's scanner reads it, SEC-9"
HOUR_S, DAY_S = 3600.0, 86_400.0


def apis(box: Box) -> ApiServer:
    """The AWS services that know findings."""
    assert box.apis is not None
    return box.apis


def access(box: Box, number: int = 1, account: str = "payments-prod", **kw: Any) -> dict[str, Any]:
    """An event of access from outside to a bucket."""
    return access_analyzer.external(box.scene(account), "bucket", number, **kw)


def analyzer(box: Box) -> str:
    """The ARN of the organisation's analyzer."""
    return access_analyzer.analyzer_arn(box.scene())


def own_id(event: dict[str, Any]) -> str:
    """The analyzer's own id of an event's finding."""
    return str(event["detail"]["id"])


def status(box: Box, event: dict[str, Any]) -> str:
    """What the analyzer says of an event's finding."""
    return apis(box).analyzer.status(analyzer(box), own_id(event))


def statuses(box: Box, *events: dict[str, Any]) -> list[str]:
    """The same of several."""
    return [status(box, event) for event in events]


async def filled(box: Box, scope: str = "", *, who: str = "ana", title: str = "Suppress", **said: str) -> None:
    """Fill the open window in and submit it: its preview follows in its place. `said` changes what is entered."""
    person = box.person(who)
    view = await person.sees_view(title)
    values = {"why": "expected", "reason": REASON, "ticket": "SEC-9", "ends": "1d", "owner": person.id}
    result = await person.submit(view, values | ({"scope": scope} if scope else {}) | said)
    assert not result.errors, result.errors


async def pressed(box: Box, label: str, *, who: str = "ana") -> None:
    """Press a button of the topmost window once it is there."""
    person = box.person(who)
    await box.slack.wait_for(lambda: any(label in buttons(v) for v in person.views()[-1:]))
    await person.press_in_view(person.views()[-1], label)


async def preview(box: Box, containing: str = "Hides now", *, who: str = "ana") -> View:
    """The preview that followed."""
    return await box.modal(containing, who=who)


async def opened(box: Box, *, who: str = "ana", channel: str = "sec-prod") -> None:
    """Press Suppress… on the only card of the channel."""
    [card] = box.cards(channel)
    await box.person(who).press(channel, card, "Suppress…")


async def hidden(
    box: Box, scope: str = "finding", *, label: str = "Suppress 1 finding", who: str = "ana", **said: str
) -> None:
    """Hide what the only card of sec-prod is about, from the card to the end."""
    await opened(box, who=who)
    await filled(box, scope, who=who, **said)
    await pressed(box, label, who=who)
    await box.modal("is in force", who=who)
    await box.quiet()


def request_in(box: Box, channel: str = "sec-prod") -> Message:
    """The newest request for approval in a channel's threads."""
    return [m for m in box.lines(channel) if "Approve" in buttons(m)][-1]


def is_grey(card: Message) -> bool:
    """Whether a card says that its finding is hidden."""
    return "SUPPRESSED" in said(card).upper()
