"""What the tests of `atoll.trust` share."""

from __future__ import annotations

import pytest

from atoll.trust.keys import Purpose, SecretKey
from tests.unit.trust.standins import SeededEntropy, StoppedClock


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


@pytest.fixture
def entropy() -> SeededEntropy:
    return SeededEntropy()


@pytest.fixture
def identity(entropy: SeededEntropy) -> SecretKey:
    return SecretKey.generate(Purpose.IDENTITY, entropy)
