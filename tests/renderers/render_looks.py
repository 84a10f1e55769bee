"""What the renderers' tests look at in what was rendered: texts, labels of buttons and menus, commands."""

from __future__ import annotations

from typing import Any

from bot.domain import views
from bot.plugins import Message
from renderers import Renderer
from renderers.actions import decode

RENDERER = Renderer()


def blocks(view: views.View) -> list[dict[str, Any]]:
    shown = RENDERER.render(view)
    return list(shown.blocks if isinstance(shown, Message) else shown.view["blocks"])


def texts(view: views.View) -> list[str]:
    return [b["text"]["text"] for b in blocks(view) if "text" in b]


def notes(view: views.View) -> str:
    return " | ".join(e["text"] for b in blocks(view) if b["type"] == "context" for e in b["elements"])


def phone(view: views.View) -> str:
    shown = RENDERER.render(view)
    assert isinstance(shown, Message)
    return shown.text


def elements(view: views.View) -> list[dict[str, Any]]:
    return [e for b in blocks(view) for e in (*b.get("elements", ()), b.get("accessory", {})) if "action_id" in e]


def labels(view: views.View) -> list[str]:
    return [e["text"]["text"] for e in elements(view) if e["type"] == "button"]


def menus(view: views.View) -> list[list[str]]:
    return [[o["text"]["text"] for o in e["options"]] for e in elements(view) if e["type"] == "overflow"]


def commands(view: views.View) -> list[str]:
    pressed = [decode(e["action_id"], e["value"]) for e in elements(view) if e["type"] == "button"]
    return [p.extra for p in pressed if p.name == "run"]
