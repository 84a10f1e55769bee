"""The bot that is killed: built as in production, in a process of its own that a warm parent forks.

Problem solved: a bot's imports take two seconds, so one parent imports everything and forks a child for each life. The child gets its
orders as one line of JSON on a unix socket, tells on it where it dies or what it passed, and kills itself with SIGKILL: no handler, no
finally, no flush. The end of the socket is the proof of death. It refuses to outlive its driver by much, and the parent to
keep a thread or an event loop, since those do not survive a fork.
"""

from __future__ import annotations

import asyncio
import gc
import inspect
import json
import os
import select
import signal
import socket
import sys
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, cast

from botocore.loaders import JSONFileLoader

import bot.parts
from bot.adapters import logs
from bot.adapters.aws import client
from bot.adapters.directory import CachedDirectory
from bot.adapters.sql import open_store
from bot.app import Bot, Replace, build
from bot.config import Settings, parse_settings, read_environment
from bot.ports import Inbox, Messenger, Store
from renderers import Renderer
from sandbox.company import northwind
from sandbox.run import CONFIG
from tests.crash.points import DeletesFirst, NeverFinds, Points, Watched, WatchedInbox, WatchedStore
from tests.crash.times import BotTime, HurriedTime

# HTTP mode: a Socket Mode link would only cost time here. Nobody clicks.
SETTINGS = CONFIG.read_text(encoding="utf-8").replace(
    "\nslack:\n", "\nslack:\n  mode: http\n  host: 127.0.0.1\n  port: 0\n"
)
LOOK_S = 0.005  # real seconds between two looks at the backlog once the driver has told everything
DRAIN_S = 20.0
LONGEST_LIFE_S = 90


@dataclass(frozen=True)
class Orders:
    """One life. `kill_at` is a point's name or empty; `sabotage` is empty, `delete-first` or `no-reconcile`."""

    environment: dict[str, str]
    clock: dict[str, float]
    kill_at: str
    sabotage: str
    log: str


class _FromMemory:
    """Lists the company's accounts as Organizations would."""

    async def accounts(self) -> tuple[Any, ...]:
        return northwind().accounts


class Link:
    """The socket to the driver."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.finish = asyncio.Event()

    def watch(self) -> None:
        asyncio.get_running_loop().add_reader(self._connection.fileno(), self._heard)

    def _heard(self) -> None:
        """The driver's end of file: it has told everything, or is gone. Not a word, which a killed reader would leave unread."""
        asyncio.get_running_loop().remove_reader(self._connection.fileno())
        self.finish.set()

    def die(self, point: str) -> None:
        self.say(killed=point)
        os.kill(os.getpid(), signal.SIGKILL)

    def say(self, **told: Any) -> None:
        self._connection.sendall(json.dumps(told).encode() + b"\n")


@cache
def settings() -> Settings:
    """The configuration, for an environment that is still to come."""
    return parse_settings(SETTINGS, "crash", read_environment({}))


def replacements(orders: Orders, points: Points, clock: BotTime, store: Store) -> Replace:
    """The bot's parts with the points around them, sabotaged or not."""
    inbox = DeletesFirst if orders.sabotage == "delete-first" else WatchedInbox
    messenger = NeverFinds if orders.sabotage == "no-reconcile" else Watched
    return Replace(
        clock=clock,
        store=store,
        directory=CachedDirectory(_FromMemory(), settings().rules, {}, settings().file.owner_tags),
        wrap_store=lambda inner: cast(Store, WatchedStore(inner, points)),
        wrap_inbox=lambda inner: cast(Inbox, inbox(inner, points)),
        wrap_messenger=lambda inner: cast(Messenger, messenger(inner, points)),
    )


async def live(told: dict[str, Any], link: Link) -> None:
    """Run the bot until it dies, or until the driver has told everything and all of it is said."""
    orders = Orders(**told)
    link.watch()
    os.environ.update(orders.environment)
    clock = BotTime(HurriedTime(**orders.clock))
    environment = read_environment(orders.environment)
    points = Points(orders.kill_at, link.die)
    store = await open_store(environment.database_url, clock=clock, migrate=False, shift=clock.shift)
    made = await build(replace(settings(), environment=environment), replacements(orders, points, clock, store))
    waiting = await _run(made, store, link)
    link.say(ended=True, passed=points.passed, waiting=waiting)


async def _run(made: Bot, store: Store, link: Link) -> int:
    stop = asyncio.Event()
    running = asyncio.create_task(made.run(stop), name="bot")
    told = asyncio.create_task(link.finish.wait())
    await asyncio.wait([running, told], return_when=asyncio.FIRST_COMPLETED)
    waiting = 0 if running.done() else await _drained(store)
    stop.set()
    await running
    return waiting


async def _drained(store: Store) -> int:
    """Wait until nothing waits to be said; how many rows still do when that takes too long."""
    end = asyncio.get_running_loop().time() + DRAIN_S
    while True:
        async with store.reads() as reads:
            waiting = (await reads.backlog()).waiting
        if not waiting or asyncio.get_running_loop().time() > end:
            return waiting
        await asyncio.sleep(LOOK_S)


# --- the parent ------------------------------------------------------------------------------------------------------------------------


Live = Callable[[dict[str, Any], Link], Coroutine[Any, Any, None]]
"""A life by its orders, of which `log` is where it writes to."""


def child(connection: socket.socket, live: Live) -> None:
    """A whole life; does not return."""
    signal.alarm(LONGEST_LIFE_S)  # whatever happens to the driver
    orders = json.loads(connection.makefile("r").readline())
    log = os.open(orders["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    logs.configure("info")
    asyncio.run(live(orders, Link(connection)))
    os._exit(0)


def warm() -> None:
    """Do once what each life would do again in the same way: a third of a second of it. All of it is free of state."""
    settings()
    inspect.stack()  # Bolt looks its callers up; the modules' paths are kept after the first time
    layouts = Renderer()
    vars(bot.parts)["Renderer"] = lambda _folder=None: layouts
    read = cache(JSONFileLoader().load_file)
    JSONFileLoader.load_file = lambda _self, path: read(path)
    asyncio.run(_first_client())


async def _first_client() -> None:
    async with client("sqs", region="eu-west-1"):
        pass


def serve(path: str, live: Live, warm: Callable[[], None]) -> None:
    """Fork a child for each connection until standard input ends."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them: their sockets tell of their end
    warm()
    gc.freeze()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(path)
        listener.listen(64)
        print("ready", flush=True)
        while sys.stdin not in select.select([listener, sys.stdin], [], [])[0]:
            connection, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                child(connection, live)
            connection.close()


if __name__ == "__main__":
    serve(sys.argv[1], live, warm)
