"""A small contact centre in which nothing has happened."""

from __future__ import annotations

import pytest

from worker.testing.centre import Centre, small_tenant


@pytest.fixture
def centre() -> Centre:
    """Return a stage with one queue and two agents."""
    return Centre(small_tenant())
