from __future__ import annotations

import pytest

from tests.unit.node.offices import Offices


@pytest.fixture
def offices() -> Offices:
    return Offices()
