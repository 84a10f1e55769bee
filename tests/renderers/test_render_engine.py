"""Templates escape by themselves, users may lay their own over ours, and a bad one stops the start or harms nobody."""

from __future__ import annotations

from pathlib import Path

import pytest
from render_cases import NOW, record

from bot.domain.views import FindingCard, Notice
from bot.errors import ConfigError
from bot.plugins import Message
from renderers import Renderer
from renderers.engine import Engine
from renderers.mrkdwn import Mrkdwn


def _shown(directory: Path | None, text: str = "It's done & <dusted>") -> str:
    shown = Renderer(None if directory is None else str(directory)).render(Notice(text=text))
    assert isinstance(shown, Message)
    return str(shown.blocks[0]["text"]["text"])


def _lay(directory: Path, name: str, text: str) -> Path:
    (directory / name).write_text(text, encoding="utf-8")
    return directory


def test_foreign_text_is_escaped_and_trusted_text_is_not() -> None:
    engine = Engine()
    assert engine.mrkdwn("notice.line", icon="x", until="", text='<!here> "it\'s"') == 'x &lt;!here&gt; "it\'s"'
    assert engine.mrkdwn("notice.line", icon="x", until="", text=Mrkdwn("<@U1>")) == "x <@U1>"
    assert engine.plain("notice.line", icon="x", until="", text="<!here> & *b*") == "x ‹!here> & *b*"


def test_a_users_block_is_laid_over_ours(tmp_path: Path) -> None:
    _lay(tmp_path, "notice.j2", "{% block line %}{{ icon }} Hear ye: {{ text }}{% endblock %}")
    assert _shown(tmp_path) == "✅ Hear ye: It's done &amp; &lt;dusted&gt;"


def test_blocks_that_a_user_does_not_write_stay_ours(tmp_path: Path) -> None:
    _lay(tmp_path, "parts.j2", "{% block owner %}*Team*\n{{ owner|upper }}{% endblock %}")
    shown = Renderer(str(tmp_path)).render(FindingCard(record=record(), now=NOW))
    assert isinstance(shown, Message)
    texts = [f["text"] for f in shown.blocks[1]["fields"]]
    assert texts[0].startswith("*Account*")
    assert texts[5] == "*Team*\nTEAM-PAYMENTS"


def test_the_built_in_words_are_untouched_by_a_renderer_with_others(tmp_path: Path) -> None:
    ours, _ = _shown(None), _lay(tmp_path, "notice.j2", "{% block line %}other{% endblock %}")
    assert _shown(tmp_path) == "other"
    assert _shown(None) == ours


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("card.j2", "x", "no template of this name"),
        ("notice.j2", "{% block lines %}x{% endblock %}", "no block 'lines'"),
        ("notice.j2", "{% block line %}{{ secret }}{% endblock %}", "uses secret"),
        ("notice.j2", "{% block line %}{{ text|safe }}{% endblock %}", "safe"),
        ("notice.j2", "{% block line %}{{ text }", "notice.j2"),
        ("notice.j2", "{% block line %}{{ lipsum() }}{% endblock %}", "uses lipsum"),
    ],
)
def test_a_bad_template_stops_the_start_and_says_why(tmp_path: Path, name: str, text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        Engine(str(_lay(tmp_path, name, text)))


def test_a_template_that_is_no_text_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "notice.j2").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError):
        Engine(str(tmp_path))


def test_a_missing_directory_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no directory"):
        Engine(str(tmp_path / "nowhere"))


@pytest.mark.parametrize(
    "body",
    [
        "{{ text.nothing }}",
        "{{ 1 / 0 }}",
        "{{ text.__class__.__mro__ }}",
        "{{ text + 1 }}",
        "{% include 'other.j2' %}",
        "{{ text.format(1).x }}",
    ],
)
def test_a_users_block_that_fails_is_replaced_by_ours(tmp_path: Path, body: str) -> None:
    _lay(tmp_path, "notice.j2", f"{{% block line %}}{body}{{% endblock %}}")
    assert _shown(tmp_path) == _shown(None)


def test_switching_escaping_off_does_not_help_a_hostile_text(tmp_path: Path) -> None:
    body = "{% block line %}{% autoescape false %}{{ icon ~ text }}{% endautoescape %}{% endblock %}"
    _lay(
        tmp_path,
        "menu.j2",
        "{% block verb %}{% autoescape false %}{{ summary }}{{ usage }}{% endautoescape %}{% endblock %}",
    )
    _lay(tmp_path, "notice.j2", body)
    engine = Engine(str(tmp_path))
    assert "<!here>" not in engine.mrkdwn("menu.verb", usage="<!here>", summary="<!here>")
    assert "<!here>" not in engine.mrkdwn("notice.line", icon=Mrkdwn("x"), until="", text="<!here>")


def test_a_text_that_looks_like_a_template_is_text() -> None:
    assert "{{ 7*7 }}" in _shown(None, "{{ 7*7 }}").replace("∗", "*")


def test_a_view_that_no_layout_shows_is_a_bug() -> None:
    with pytest.raises(KeyError):
        Renderer().render("hello")  # type: ignore[arg-type]
