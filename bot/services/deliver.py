"""Says what the outbox holds: one worker a channel, at a pace Slack bears, most severe first.

Each row is claimed under a lease, said, and settled; no database lock is held while Slack is spoken to. A post whose answer was lost is
not sent again before its lease has ended and the channel's history was searched for its key. What Slack refuses for the channel stays
in the outbox and is shown as blocked; nothing is dropped. Cards always show what the store says at the moment of sending, so a late
card is never a stale one.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta

import structlog

from bot.domain.escalation import Escalation, Progress
from bot.domain.finding import Entry, Record, State
from bot.domain.lifecycle import Change
from bot.domain.message import Message, Modal
from bot.domain.oncall_views import EscalationRow
from bot.domain.views import FindingCard, ThreadLine, View
from bot.errors import Ambiguous, PermanentError, RateLimited, Rejected, SecbotError, TemporaryError
from bot.ports import Card, Claimed, Clock, Messenger, Metrics, People, Posted, SayKind, Store
from bot.ports.oncall import Pager
from bot.services.ingest import RoutingTable
from bot.services.pace import Pace
from bot.services.refused import CARD_GONE, CHANNEL_ERRORS, LAYOUT_ERRORS, THREAD_GONE
from bot.services.sayings import edit

log = structlog.get_logger()

LEASE_S = 60.0  # of a row and of a channel; the HTTP limit of a call is 10 s
IDLE_S = 1.0  # between looks at the outbox when nobody wakes us
BLOCKED_RETRY_S = 300.0  # a channel that refuses us may be mended by a person
WAITING = frozenset({Progress.RUNNING, Progress.EXHAUSTED})
_PERSON = re.compile(r"[UW][A-Z0-9]{2,20}")  # channels' names are lower case, their ids begin with C or G
MARGIN = timedelta(seconds=90)  # history is searched from this long before the first attempt: clocks differ

Render = Callable[[View], Message | Modal]
Rows = Callable[[Record, Escalation], EscalationRow]
"""How an escalation stands, for its finding's card."""
Report = Callable[[Mapping[str, str], datetime], Awaitable[View | None]]
"""What a report's row is to be shown as; None when it is from another version of secbot."""


class Deliver:
    """The delivery side of the outbox. `run` lives as long as the bot; `wake` makes it look at once."""

    def __init__(
        self,
        *,
        store: Store,
        messenger: Messenger,
        people: People,
        render: Render,
        routing: RoutingTable,
        clock: Clock,
        metrics: Metrics,
        owner: str,
        pager: Pager | None = None,
    ) -> None:
        self._store = store
        self._messenger = messenger
        self._people = people
        self._render = render
        self._report: Report | None = None
        self._rows: Rows | None = None
        self._pager = pager
        self._mentions = {r.name: r.mention for r in (*routing.routes, routing.fallback)}
        self._clock = clock
        self._metrics = metrics
        self._owner = owner
        self._pace = Pace(clock)
        self._wake = asyncio.Event()
        self._busy: dict[str, asyncio.Task[None]] = {}

    def show(self, report: Report, rows: Rows) -> None:
        """How reports and escalations are shown; said once the use cases exist, which need `wake` first."""
        self._report, self._rows = report, rows

    def wake(self) -> None:
        """Something was queued: look now."""
        self._wake.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until `stop`, then finish what is being said."""
        async with asyncio.TaskGroup() as group:
            while not stop.is_set():
                self._wake.clear()
                try:
                    await self._start_workers(group, stop)
                except TemporaryError as error:
                    log.warning("outbox_unavailable", reason=error.reason, error=error.message)
                await self._pause(stop)

    async def drain(self) -> None:
        """Say everything that is due now, then return. For tests and the command line."""
        never = asyncio.Event()
        while channels := await self._store.due_channels():
            for channel, _ in channels:
                await self._speak(channel, never)

    async def _start_workers(self, group: asyncio.TaskGroup, stop: asyncio.Event) -> None:
        for channel, _ in await self._store.due_channels():
            if channel not in self._busy:
                self._busy[channel] = group.create_task(self._worker(channel, stop), name=f"deliver {channel}")

    async def _pause(self, stop: asyncio.Event) -> None:
        waits = [asyncio.ensure_future(x) for x in (self._wake.wait(), stop.wait(), self._clock.sleep(IDLE_S))]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    async def _worker(self, channel: str, stop: asyncio.Event) -> None:
        try:
            await self._speak(channel, stop)
        except TemporaryError as error:
            log.warning("delivery_paused", channel=channel, reason=error.reason, error=error.message)
        except Exception as error:
            # One channel's trouble must not end the others'; its rows come back when their lease ends.
            self._metrics.count("failures", where="deliver")
            log.exception("delivery_failed", channel=channel, error=type(error).__name__)
            await self._clock.sleep(IDLE_S)
        finally:
            del self._busy[channel]

    async def _speak(self, channel: str, stop: asyncio.Event) -> None:
        """Say a channel's due rows in order until none is left."""
        try:
            while not stop.is_set() and await self._store.lease_channel(channel, self._owner, LEASE_S):
                claimed = await self._store.claim(channel, self._owner, LEASE_S)
                if claimed is None:
                    return
                await self._say(claimed)
        finally:
            await self._store.free_channel(channel, self._owner)

    # --- one row ---------------------------------------------------------------------------------------------------------------

    async def _say(self, claimed: Claimed) -> None:
        started = self._clock.monotonic()
        try:
            card = await self._attempt(claimed)
        except RateLimited as error:
            await self._slow_down(claimed, error)
        except Ambiguous as error:
            await self._unsettled(claimed, error)
        except Rejected as error:
            await self._refused(claimed, error)
        except PermanentError as error:
            await self._stuck(claimed, error)
        except TemporaryError as error:
            await self._later(claimed, error)
        else:
            await self._store.settle(claimed, card)
            self._metrics.count("said", outcome="said", kind=claimed.saying.kind)
            self._metrics.observe("say_seconds", self._clock.monotonic() - started)

    async def _attempt(self, claimed: Claimed) -> Card | None:
        """Say the row; the card to keep, when it made or changed one."""
        if claimed.saying.kind is SayKind.REPORT:
            await self._post_report(claimed)
            return None
        async with self._store.reads() as reads:
            record = await reads.get(claimed.saying.number)
            card = await reads.card(claimed.saying.number, claimed.saying.channel)
        if record is None:
            log.error("outbox_row_without_finding", row=claimed.id)
            return None
        match claimed.saying.kind:
            case SayKind.CARD:
                return await self._post_card(claimed, record)
            case SayKind.EDIT:
                if claimed.saying.channel == record.channel:
                    await self._follow(claimed, record)
                return await self._edit_card(record, card)
            case SayKind.THREAD:
                await self._post_line(claimed, record, card)
            case SayKind.PAGE:
                await self._page(claimed, record)
        return None

    async def _post_card(self, claimed: Claimed, record: Record) -> Card:
        # A route's people are called where it leads; a copy elsewhere is for those whom an escalation tells.
        is_home = claimed.saying.channel == record.channel
        mention = await self._people.mentions(self._mentions.get(record.route, ())) if is_home else ()
        message = self._message(await self._card(record, claimed.saying.channel, mention))
        found = await self._find(claimed)
        posted = found or await self._post(claimed, message)
        if is_home:  # a finding that moves to another channel has copies already
            await self._follow(claimed, record)
        else:
            # What changed while it was posted has found no copy to edit. Nobody else speaks here until it is settled.
            await self._queue_edits(claimed, record, [claimed.saying.channel])
        # A card that an earlier attempt posted shows what was so then: the edit that follows must not be taken for a repetition.
        return Card(record.number, claimed.saying.channel, posted.ts, "" if found else digest(message))

    async def _follow(self, claimed: Claimed, record: Record) -> None:
        """Whatever changes the finding's own card changes its copies: those of an escalation, and those of routes that it had before."""
        async with self._store.reads() as reads:
            copies = [c.channel for c in await reads.cards(record.number) if c.channel != record.channel]
        await self._queue_edits(claimed, record, copies)

    async def _queue_edits(self, claimed: Claimed, record: Record, channels: Sequence[str]) -> None:
        if channels:
            async with self._store.begin() as tx:
                await tx.say([edit(record, channel, lane=claimed.saying.lane) for channel in channels])
            self.wake()

    async def _card(self, record: Record, channel: str, mention: tuple[str, ...] = ()) -> FindingCard:
        row: EscalationRow | None = None
        if self._rows is not None and record.state is State.OPEN:
            async with self._store.reads() as reads:
                found = await reads.escalation(record.number)
            is_now = found is not None and found.generation == record.generation
            row = self._rows(record, found) if found is not None and is_now and found.progress in WAITING else None
        now = self._clock.now()
        return FindingCard(record=record, now=now, mention=mention, escalation=row, direct=is_person(channel))

    async def _page(self, claimed: Claimed, record: Record) -> None:
        """A pager's topic gets the words of the card; no card is kept of it."""
        if self._pager is None:
            log.error("no_pager", key=claimed.saying.key)
            return
        said = self._message(await self._card(record, claimed.saying.channel)).text
        level = claimed.saying.details.get("level", "")
        text = f"{said}\n{record.ref}, level {level}: answer in Slack, #{record.channel}."
        await self._pager.page(claimed.saying.channel, f"secbot {record.ref} {record.finding.severity.name}", text)

    async def _edit_card(self, record: Record, card: Card | None) -> Card | None:
        if card is None:
            return None  # never posted here: its card row, when there is one, will show this state
        message = self._message(await self._card(record, card.channel))
        if digest(message) == card.shown:
            return None
        await self._wait(self._pace.before_edit())
        channel = await self._messenger.resolve_channel(card.channel)
        try:
            await self._messenger.update(channel, card.ts, message)
        except Rejected as error:
            if error.code in LAYOUT_ERRORS:
                await self._messenger.update(channel, card.ts, plain(message))
            elif error.code not in CARD_GONE:
                raise
        return Card(card.number, card.channel, card.ts, digest(message))

    async def _post_line(self, claimed: Claimed, record: Record, card: Card | None) -> None:
        if card is None:
            log.warning("thread_line_without_card", ref=record.ref)
            return
        told = claimed.saying.details
        # A level that waited to be said until somebody had answered is told to the thread alone: it calls nobody any more.
        is_late = bool(told.get("tell")) and record.state is not State.OPEN
        announce = bool(told.get("announce")) and not is_late
        asked = tuple(filter(None, told.get("whom", "").split(",")))
        names = self._mentions.get(record.route, ()) if announce and not told.get("tell") else asked
        line = ThreadLine(
            record=record,
            entry=_entry(told, self._clock.now()),
            now=self._clock.now(),
            announce=announce,
            mention=await self._people.mentions(names) if names and not is_late else (),
            here=bool(told.get("here")) and not is_late,
        )
        if await self._find(claimed, thread_ts=card.ts) is None:
            await self._post_in_thread(claimed, self._message(line), card, announce)

    async def _post_in_thread(self, claimed: Claimed, message: Message, card: Card, announce: bool) -> None:
        """What calls people is said in the channel when the thread is gone; what only keeps the thread complete is not."""
        try:
            await self._post(claimed, message, thread_ts=card.ts, broadcast=announce)
        except Rejected as error:
            if error.code not in THREAD_GONE:
                raise
            log.warning("thread_gone", key=claimed.saying.key, channel=card.channel, code=error.code)
            if announce:
                await self._post(claimed, message)

    async def _post_report(self, claimed: Claimed) -> None:
        """A message about no finding in particular."""
        view = await self._report(claimed.saying.details, self._clock.now()) if self._report else None
        if view is None:
            log.error("report_not_known", key=claimed.saying.key)
        elif await self._find(claimed) is None:
            await self._post(claimed, self._message(view))

    async def _find(self, claimed: Claimed, *, thread_ts: str = "") -> Posted | None:
        """What an earlier attempt posted whose answer never came; None when there was none, or it never reached Slack."""
        if claimed.unsettled_since is None:
            return None
        channel = await self._messenger.resolve_channel(claimed.saying.channel)
        since = claimed.unsettled_since - MARGIN
        return await self._messenger.find(channel, claimed.saying.key, since=since, thread_ts=thread_ts)

    async def _post(
        self, claimed: Claimed, message: Message, *, thread_ts: str = "", broadcast: bool = False
    ) -> Posted:
        saying = claimed.saying
        channel = await self._messenger.resolve_channel(saying.channel)
        await self._wait(self._pace.before_post(saying.channel))
        return await self._post_or_mend(channel, message, saying.key, thread_ts, broadcast)

    async def _post_or_mend(self, channel: str, message: Message, key: str, thread_ts: str, broadcast: bool) -> Posted:
        """Post; once join a public channel that we are not in, once fall back to plain text when Slack cannot show the blocks."""
        try:
            return await self._messenger.post(channel, message, key=key, thread_ts=thread_ts, broadcast=broadcast)
        except Rejected as error:
            if error.code == "not_in_channel":
                await self._messenger.join(channel)
            elif error.code in LAYOUT_ERRORS:
                log.error("blocks_refused", key=key, error=error.message)
                message = plain(message)
            else:
                raise
        return await self._messenger.post(channel, message, key=key, thread_ts=thread_ts, broadcast=broadcast)

    def _message(self, view: View) -> Message:
        message = self._render(view)
        assert isinstance(message, Message)  # these views lay out as messages
        return message

    async def _wait(self, seconds: float) -> None:
        if seconds > 0:
            await self._clock.sleep(seconds)

    # --- what went wrong -----------------------------------------------------------------------------------------------------------

    async def _slow_down(self, claimed: Claimed, error: RateLimited) -> None:
        delay = error.retry_after_s or BLOCKED_RETRY_S
        if claimed.saying.kind is SayKind.EDIT:
            self._pace.hold_edits(delay)
        else:
            self._pace.hold_posts(claimed.saying.channel, delay)
        self._metrics.count("said", outcome="rate_limited", kind=claimed.saying.kind)
        await self._store.put_back(claimed, delay_s=delay, error=error.message)

    async def _unsettled(self, claimed: Claimed, error: Ambiguous) -> None:
        self._metrics.count("said", outcome="ambiguous", kind=claimed.saying.kind)
        log.warning("post_unsettled", key=claimed.saying.key, error=error.message)
        if claimed.saying.kind is SayKind.EDIT:  # the same edit twice is one edit
            await self._store.put_back(claimed, delay_s=backoff(claimed.attempt), error=error.message)
        else:
            await self._store.hold(claimed, error=error.message)

    async def _refused(self, claimed: Claimed, error: Rejected) -> None:
        blocked = error.code in CHANNEL_ERRORS
        self._metrics.count("said", outcome="refused", kind=claimed.saying.kind)
        log.error("post_refused", key=claimed.saying.key, channel=claimed.saying.channel, code=error.code)
        await self._store.put_back(claimed, delay_s=BLOCKED_RETRY_S, error=error.code or error.message, blocked=blocked)

    async def _stuck(self, claimed: Claimed, error: PermanentError) -> None:
        """What a pager's topic refuses waits for a person to mend it, as a channel that refuses us does."""
        self._metrics.count("said", outcome="refused", kind=claimed.saying.kind)
        log.error("page_refused", key=claimed.saying.key, reason=error.reason, error=error.message)
        await self._store.put_back(claimed, delay_s=BLOCKED_RETRY_S, error=error.reason, blocked=True)

    async def _later(self, claimed: Claimed, error: SecbotError) -> None:
        self._metrics.count("said", outcome="delayed", kind=claimed.saying.kind)
        await self._store.put_back(claimed, delay_s=backoff(claimed.attempt), error=error.message)


def is_person(channel: str) -> bool:
    """Whether a row's channel is a person's direct messages: their id, in the place of a channel's name."""
    return _PERSON.fullmatch(channel) is not None


def backoff(attempt: int) -> float:
    """Seconds before the next attempt: 1, 2, 4 ... at most a minute. One worker a channel, so no jitter is needed."""
    return float(min(60, 2 ** min(attempt - 1, 6)))


def digest(message: Message) -> str:
    """What Slack was given, in 16 hex digits: an edit that would change nothing is not sent."""
    return hashlib.blake2b(
        repr((message.text, message.blocks)).encode("utf-8", "backslashreplace"), digest_size=8
    ).hexdigest()


def plain(message: Message) -> Message:
    """The message as its text alone, for a Slack that cannot show its blocks."""
    section = {"type": "section", "text": {"type": "plain_text", "text": message.text[:150], "emoji": True}}
    return Message(message.text, (section,))


def _entry(details: Mapping[str, str], now: datetime) -> Entry:
    known = {"kind", "actor", "at", "announce", "note", "tell"}
    at = datetime.fromisoformat(details["at"]) if "at" in details else now
    extra = {k: v for k, v in details.items() if k not in known}
    kind, actor, note = (details.get(name, "") for name in ("kind", "actor", "note"))
    return Entry(at=at, kind=kind or Change.UPDATED, actor=actor, note=note, details=extra)
