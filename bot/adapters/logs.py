"""Logs as one JSON line an event, with everything that looks like a secret taken out before it is written."""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import orjson
import structlog

# Slack tokens, AWS access keys, response and Socket Mode addresses: each lets its holder act.
_SECRETS = re.compile(
    r"(xox[a-z]-[\w-]+|xapp-[\w-]+|\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b|https://hooks\.slack\.com/\S+|wss://\S+|v0=[0-9a-f]{64})"
)
_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def redact(text: str) -> str:
    """The text with secrets replaced by `***`."""
    return _SECRETS.sub("***", text)


def _redact_event(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = redact(value)
        elif not isinstance(value, int | float | bool | None):
            event[key] = redact(str(value))
    return event


def _line(event: Any, **_: Any) -> str:
    try:
        return orjson.dumps(event, default=str).decode("utf-8", "replace")
    except TypeError:  # half a surrogate pair, a number over 64 bits: foreign text must not make a log call raise
        return json.dumps(event, default=str)


class _Redacting(logging.Formatter):
    """Library records in the same form."""

    def format(self, record: logging.LogRecord) -> str:
        text = record.getMessage()
        if record.exc_info:
            text += "\n" + self.formatException(record.exc_info)
        return _line({"event": redact(text)[:2000], "level": record.levelname.casefold(), "logger": record.name})


def _worth_saying(record: logging.LogRecord) -> bool:
    # Bolt finds SLACK_BOT_TOKEN in the environment beside the client that we give it, and says at each start that this is fine.
    return "`token` will be unused" not in record.getMessage()


def configure(level: str = "info", stream: TextIO | None = None) -> None:
    """Set structlog and the libraries' logging up, once, at the start of a process."""
    out = stream or sys.stderr
    number = _LEVELS.get(level.casefold(), logging.INFO)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _redact_event,
            structlog.processors.JSONRenderer(serializer=_line),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(file=out),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(_Redacting())
    logging.getLogger("slack_bolt.AsyncApp").addFilter(_worth_saying)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(number, logging.WARNING))
