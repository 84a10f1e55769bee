"""What the services' tests share: the layouts, made once."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from renderers import Renderer
from tests.support.parts import Parts, make


@pytest.fixture(scope="session")
def build() -> Callable[..., Parts]:
    """Makes services with options."""
    return partial(make, Renderer().render)


@pytest.fixture
def parts(build: Callable[..., Parts]) -> Parts:
    return build()
