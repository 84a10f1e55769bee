"""What must hold after any scenario, read from the stand-ins' own history.

Problem solved: a layout that Slack would refuse, a finding said twice or a secret in a log is a failure of whatever scenario shows it. It
refuses to ask the bot's database.
"""

from __future__ import annotations

import gc
import importlib.util
import json
import warnings
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any

from sandbox.slack.server import SlackServer
from tests.support.box import Box, said

ROOT = Path(__file__).parents[2]
BLOCKKIT = ROOT / "../shared/blockkit/blockkit_check.py"


def blockkit() -> ModuleType | None:
    """The offline Block Kit validator, where it is at hand."""
    if not BLOCKKIT.is_file():
        return None
    spec = importlib.util.spec_from_file_location("blockkit_check", BLOCKKIT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # it leaves its schema files to the collector
        spec.loader.exec_module(module)
        gc.collect()
    return module


_VALIDATOR = blockkit()
_SEEN: set[str] = set()


def _loads(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def layout_problems(slack: SlackServer) -> list[str]:
    """What the validator says about everything that reached Slack; nothing when the validator is absent."""
    found: list[str] = []
    for call in slack.history.calls():
        for kind, body in (("message", call.args.get("blocks")), ("view", call.args.get("view"))):
            if body is None or _VALIDATOR is None:
                continue
            parsed = _loads(body)
            key = f"{kind}{json.dumps(parsed, sort_keys=True)}"
            if key in _SEEN:
                continue
            _SEEN.add(key)
            check, given = (
                (_VALIDATOR.check_view, parsed)
                if kind == "view"
                else (_VALIDATOR.check_message, {"text": call.args.get("text") or "", "blocks": parsed})
            )
            found += [f"{call.method}: {p}" for p in check(given)]
    return found


def secrets_of(slack: SlackServer) -> list[str]:
    """What must never be in a log, a post or a metric: each lets its holder act."""
    space = slack.workspace
    return [space.bot_token, space.app_token, space.signing_secret, "/_response/", "/_socket/", "SANDBOXTESTINGKEY000"]


def check(box: Box) -> None:
    """What must hold after any scenario: layouts fit, nothing was said twice, every request was acknowledged, the stand-in is well."""
    assert layout_problems(box.slack) == []
    keys = [m.metadata["event_payload"]["key"] for m in box.posts() if m.metadata]
    assert [k for k, n in Counter(keys).items() if n > 1] == [], "said twice"
    for call in box.slack.history.calls("chat.postMessage"):
        assert call.args.get("text"), "a post without its text"
        assert len(call.args["text"]) <= 150, call.args["text"]
    late = [s for s in box.slack.history.envelopes() if s.outcome not in ("acked", "unreachable")]
    assert late == [], "a request was not acknowledged"
    assert box.slack.world.tasks.failures == []
    assert box.sqs.violations == []
    written = box.log.getvalue() + box.bot.metrics.page().decode() + "".join(said(m) for m in box.posts())
    assert [s for s in secrets_of(box.slack) if s in written] == []
    for line in box.log.getvalue().splitlines():
        json.loads(line)
