"""The command line: run, demo, migrate, check-config, explain, doctor, audit.

Errors are one clear line on standard error and an exit code of 2 (used wrongly, not configured) or 1 (it did not work). Heavy parts are
imported by the command that needs them, so that `--help` is instant.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import signal
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bot.errors import ConfigError, SecbotError

if TYPE_CHECKING:
    from bot.config import Settings
    from bot.services.explain import InForce

EXAMPLES = """examples:
  secbot demo                          the whole thing on this machine; open the address it prints
  secbot check-config                  is secbot.yaml right? mistakes with their lines
  secbot explain finding.json          what would be made of this event?
  cat event.json | secbot explain -    the same from standard input
  secbot explain --json events/*.json  one JSON object a line
  secbot explain --leases event.json   which suppression hides it?
  secbot doctor                        are the database, Slack and the queue reachable?
  secbot audit verify                  was the audit trail changed?
  secbot migrate && secbot run         in production
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help()
        return 2
    try:
        return int(options.run(options) or 0)
    except ConfigError as error:
        print(error.message, file=sys.stderr)
        return 2
    except SecbotError as error:
        print(f"secbot: {error.message}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # `explain ... | head`
        sys.stderr.close()
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="secbot",
        description="Slack-native ChatOps for AWS multi-account security.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", metavar="command")
    _add(commands, "run", "take findings in and answer in Slack, until SIGTERM", _run)
    demo = _add(
        commands, "demo", "the whole thing on this machine, against stand-ins for Slack and AWS", _demo, config=False
    )
    demo.add_argument(
        "--port", type=int, default=8642, help="port of the page on 127.0.0.1 (default 8642; 0 takes a free one)"
    )
    demo.add_argument(
        "--events", type=Path, metavar="DIR", help="replay this folder of JSON events instead of the story"
    )
    demo.add_argument("--verbose", action="store_true", help="show the bot's log")
    _add(commands, "migrate", "bring the database's schema up to date", _migrate)
    _add(commands, "check-config", "check the configuration file; mistakes are told with their lines", _check_config)
    explain = _add(commands, "explain", "say what is made of events: finding, route and why, Slack message", _explain)
    explain.add_argument("files", nargs="+", metavar="FILE", help="JSON files, or - for standard input")
    explain.add_argument("--json", action="store_true", help="one JSON object a line")
    explain.add_argument(
        "--leases", action="store_true", help="say which suppression in force hides it (reads the database)"
    )
    _add(commands, "doctor", "check configuration, database, Slack and queue", _doctor)
    audit = _add(commands, "audit", "check that nobody changed the audit trail", _audit)
    audit.add_argument(
        "what", choices=["verify"], help="walk the whole trail; the first line that does not hold is named"
    )
    return parser


def _add(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    summary: str,
    run: Callable[[argparse.Namespace], int],
    *,
    config: bool = True,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=summary, description=summary[0].upper() + summary[1:] + ".")
    if config:
        default = os.environ.get("SECBOT_CONFIG", "secbot.yaml")
        parser.add_argument(
            "--config",
            type=Path,
            default=Path(default),
            help="configuration file (default $SECBOT_CONFIG or secbot.yaml)",
        )
    parser.set_defaults(run=run)
    return parser


def _settings(options: argparse.Namespace) -> Settings:
    from bot.config import load
    from bot.parts import words

    return load(options.config, os.environ, words())


async def _until_signalled(work: Callable[[asyncio.Event], asyncio.Future[None]]) -> None:
    """Run `work(stop)`; SIGTERM and SIGINT set `stop`, a second one ends at once."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def on_signal() -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, on_signal)
    await work(stop)


# --- commands ----------------------------------------------------------------------------------------------------------------------


def _run(options: argparse.Namespace) -> int:
    from bot.adapters import logs
    from bot.app import build

    settings = _settings(options)
    logs.configure(settings.environment.log_level)

    async def work(stop: asyncio.Event) -> None:
        bot = await build(settings)
        # What lives as long as the process is no full collection's business, which would stop the loop for a tenth of a second.
        gc.freeze()
        await bot.run(stop)

    asyncio.run(_until_signalled(lambda stop: asyncio.ensure_future(work(stop))))
    return 0


def _demo(options: argparse.Namespace) -> int:
    try:
        from sandbox.run import demo
    except ImportError as error:
        raise ConfigError(f"the sandbox needs the demo extra: pip install 'secbot[demo]' ({error})") from error
    from bot.adapters import logs

    logs.configure("info" if options.verbose else "error")
    if options.events is not None and not options.events.is_dir():
        raise ConfigError(f"{options.events}: there is no such folder")

    def say(text: str) -> None:
        print(text, flush=True)

    def work(stop: asyncio.Event) -> asyncio.Future[None]:
        return asyncio.ensure_future(demo(port=options.port, events=options.events, say=say, stop=stop))

    try:
        asyncio.run(_until_signalled(work))
    except OSError as error:
        raise ConfigError(f"port {options.port} cannot be used: {error.strerror or error}; try --port 0") from error
    return 0


def _migrate(options: argparse.Namespace) -> int:
    from bot.adapters.sql import migrate

    settings = _settings(options)
    revision = asyncio.run(migrate(settings.environment.database_url))
    print(f"the schema is at {revision}")
    return 0


def _check_config(options: argparse.Namespace) -> int:
    from bot.domain.query import show
    from bot.printing import print_ladder

    settings = _settings(options)
    print(f"{options.config} is right: {len(settings.file.environments)} environments, {len(settings.routes)} routes,")
    print(f"{len(settings.file.access.roles)} roles. What no route takes goes to #{settings.fallback.channel}.")
    for route in settings.routes:
        place = "nowhere (silent)" if route.silent else f"#{route.channel}"
        print(f"  {route.name}: {show(route.when) or 'everything'} -> {place}")
    print_ladder(settings.escalating.policies)
    return 0


def _audit(options: argparse.Namespace) -> int:
    from bot.adapters.clock import SystemClock
    from bot.adapters.sql import open_store
    from bot.services.chain import Checked, check_chain

    url = _settings(options).environment.database_url

    async def check() -> Checked:
        store = await open_store(url, clock=SystemClock(), migrate=False)
        try:
            return await check_chain(store)
        finally:
            await store.close()

    checked = asyncio.run(check())
    if checked.flaw is not None:
        print(f"the audit trail does not hold: {checked.flaw.why}", file=sys.stderr)
        return 1
    print(f"the audit trail holds: {checked.head.seq} lines, its head is {checked.head.hash}")
    return 0


def _explain_settings(options: argparse.Namespace) -> Settings:
    """The given configuration; a plain default one when there is no file, since explaining needs none."""
    from bot.config import parse_settings, read_environment

    if options.config.exists() or os.environ.get("SECBOT_CONFIG"):
        return _settings(options)
    text = "organizations: false\ndefault_route: {channel: security}\n"
    return parse_settings(text, "default configuration", read_environment(os.environ))


def _explain(options: argparse.Namespace) -> int:
    from bot.adapters import wire
    from bot.adapters.clock import SystemClock
    from bot.domain.envelope import Envelope
    from bot.parts import reader
    from bot.printing import print_explained, progress
    from bot.services.explain import Explain

    settings = _explain_settings(options)
    parts = reader(settings)

    def opener(content: bytes, now: datetime) -> Sequence[Envelope]:
        return wire.open_document(content, received=now)

    explain = Explain(
        opener=opener,
        sources=parts.sources,
        directory=parts.directory,
        routing=parts.routing,
        render=parts.renderer.render,
        in_force=asyncio.run(_leases_in_force(settings)) if options.leases else None,
    )
    now = SystemClock().now()
    failed = 0
    for name in progress(options.files, "Explaining", quiet=options.json and sys.stdout.isatty()):
        try:
            content = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        except OSError as error:
            print(f"{name}: {error.strerror}", file=sys.stderr)
            failed += 1
            continue
        for explained in explain.document("-" if name == "-" else Path(name).name, content, now):
            print_explained(explained, as_json=options.json)
    return 1 if failed else 0


async def _leases_in_force(settings: Settings) -> InForce:
    from bot.adapters.clock import SystemClock
    from bot.adapters.sql import open_store
    from bot.services.explain import in_force

    clock = SystemClock()
    store = await open_store(settings.environment.database_url, clock=clock, migrate=False)
    try:
        return await in_force(store, clock.now(), settings.file.suppression.own_account)
    finally:
        await store.close()


def _doctor(options: argparse.Namespace) -> int:
    from bot.doctor import examine
    from bot.printing import print_health

    settings = _settings(options)
    print(f"config: {options.config} is right")
    parts = asyncio.run(examine(settings))
    print_health(parts)
    return 0 if all(p.ok for p in parts) else 1
