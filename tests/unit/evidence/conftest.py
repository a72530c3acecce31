"""One honest consortium, carried out once; tests that change something make their own."""

from __future__ import annotations

import pytest

from tests.unit.evidence.world import World


@pytest.fixture(scope="session")
def world() -> World:
    """A completed job. Not to be changed."""
    return World().complete()


@pytest.fixture(scope="session")
def bundle(world: World) -> bytes:
    """Its evidence."""
    return world.export()
