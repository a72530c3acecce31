"""One consortium for all tests of the command line that need a running node."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from atoll.testing.ports import Ports
from tests.cli.world import Lagoon, found_lagoon, start_lagoon, stop_lagoon


@pytest.fixture(scope="session", autouse=True)
def no_settings_of_the_machine() -> Iterator[None]:
    """What a person has set for the command line must not reach the tests."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [one for one in os.environ if one.startswith("ATOLL_") and one != "ATOLL_REQUIRE"]:
            patch.delenv(name)
        yield


@pytest.fixture(scope="session")
def lagoon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lagoon]:
    """Three processes: operator (auditor and regulator as well), bank, and bureau, where a person approves each job."""
    ports = Ports()
    made = found_lagoon(tmp_path_factory.mktemp("lagoon"), ports)
    try:
        start_lagoon(made)
        yield made
    finally:
        stop_lagoon(made)
        ports.release()
