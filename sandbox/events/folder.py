"""Events from a folder of JSON files, for those who bring their own.

Files are read in the order of their names and nothing is wrapped around them. A file that cannot be read is reported
and skipped: one bad file never stops the rest.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

_log = logging.getLogger(__name__)
_LARGEST_FILE = 1_048_576  # what SQS takes at most


class BadFile(Exception):
    """A file that holds no event; its text says why, for people."""


def _warn(name: str, why: str) -> None:
    _log.warning("%s %s: skipped", name, why)


def events_from_folder(
    folder: Path | str, report: Callable[[str, str], None] = _warn
) -> Iterator[tuple[str, dict[str, Any] | str]]:
    """(name, event) of each `*.json` under `folder`, subfolders too. An event is a dict, or the text when it is no
    JSON object.

    The name is relative to the folder. `report` gets (name, why) of each file that is skipped. Raises
    NotADirectoryError when there is no such folder.
    """
    root = Path(folder)
    if not root.is_dir():
        raise NotADirectoryError(str(folder))
    for path in sorted(root.rglob("*.json")):
        name = path.relative_to(root).as_posix()
        try:
            event = _read(path)
        except BadFile as bad:
            report(name, str(bad))
        else:
            yield name, event


def _read(path: Path) -> dict[str, Any] | str:
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise BadFile(f"is larger than {_LARGEST_FILE} bytes")
        text = path.read_text(encoding="utf-8")
        value = json.loads(text)
    except OSError as wrong:
        raise BadFile(f"cannot be read ({wrong.strerror})") from wrong
    except (ValueError, RecursionError) as wrong:
        raise BadFile(f"is not JSON ({wrong})") from wrong
    return value if isinstance(value, dict) else text
