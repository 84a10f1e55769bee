"""How everything looks in Slack: views in, Block Kit out.

`Renderer` finds the layout of a view by the view's type, lets it build, and keeps the result within Slack's limits. Pure but for
reading the template files once, when it is made.
"""

from __future__ import annotations

import importlib

from bot.domain.views import View
from bot.plugins import Broken, Layout, Message, Modal, collect
from renderers.engine import Engine, in_force
from renderers.limits import fit

__all__ = ["Renderer"]


class Renderer:
    """All the layouts, with one set of words."""

    def __init__(self, template_dir: str | None = None) -> None:
        """Collect the layouts and compile the templates; those in `template_dir` are laid over ours.

        Raises:
            ConfigError: a template of the user's is not usable.
            Broken: two layouts want the same view.
        """
        self._engine = Engine(template_dir)
        self._layouts: dict[type, Layout] = {}
        for layout in collect(importlib.import_module("renderers.layouts"), "LAYOUT", Layout).values():
            if layout.view in self._layouts:
                raise Broken(f"two layouts show {layout.view.__name__}")
            self._layouts[layout.view] = layout

    def render(self, view: View) -> Message | Modal:
        """The view as Slack takes it, within every limit. Raises KeyError for a type that no layout shows."""
        layout = self._layouts[type(view)]
        with in_force(self._engine):
            shown = layout.render(view)
        return fit(shown)
