"""One's own events from a folder: good files come in order, bad ones are reported and skipped."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.events import events_from_folder


def test_files_come_in_the_order_of_their_names_and_unwrapped(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "b.json").write_text('{"b": 1}')
    (tmp_path / "a.json").write_text('["not", "an", "object"]')
    (tmp_path / "sub" / "c.json").write_text('{"c": 1}')
    (tmp_path / "notes.txt").write_text("no event")
    assert list(events_from_folder(tmp_path)) == [
        ("a.json", '["not", "an", "object"]'),
        ("b.json", {"b": 1}),
        ("sub/c.json", {"c": 1}),
    ]


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'"' + b"x" * 1_048_576 + b'"'])
def test_a_bad_file_is_reported_and_the_rest_goes_on(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.json").write_bytes(content)
    (tmp_path / "b.json").write_text("{}")
    reports: list[tuple[str, str]] = []
    assert list(events_from_folder(tmp_path, lambda name, why: reports.append((name, why)))) == [("b.json", {})]
    assert [name for name, _ in reports] == ["a.json"]


def test_a_folder_that_is_none_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NotADirectoryError):
        list(events_from_folder(tmp_path / "nothing"))
