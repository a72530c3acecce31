"""One, two and all of four validators are lost, by kill, pause and stop."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.patience import patience
from tests.torture.crashes import wait_until_level
from tests.torture.network import BACK_SECONDS, START_SECONDS, Network, Validator, wait_until
from tests.torture.scale import scale

RESUMED_SECONDS = 30
QUIET_SECONDS = scale(2.0, 5.0)
"""How long no block may come while there is no quorum."""


@dataclass(frozen=True, slots=True)
class Loss:
    """A way to be lost, and back."""

    name: str
    lose: Callable[[Validator], object]
    back: Callable[[Validator], None]


def start(validator: Validator) -> None:
    """Start it; whether it is back in time is asked elsewhere."""
    validator.start(wait=False)


LOSSES = (
    Loss("kill", Validator.kill, start),
    Loss("pause", Validator.pause, Validator.resume),
    Loss("stop", Validator.stop, start),
)


@dataclass(slots=True)
class Tally:
    """How long things took at most."""

    losses: int = 0
    back_seconds: float = 0.0
    resumed_seconds: float = 0.0
    told: list[str] = field(default_factory=list)


def lose_one(network: Network, victim: Validator, loss: Loss, tally: Tally, *, down_seconds: float) -> None:
    """Commits go on; the victim is back in time."""
    print(f"   {loss.name} {victim.org}", flush=True)
    others = [one for one in network if one is not victim]
    loss.lose(victim)
    before = max(one.height for one in others)
    wait_until(lambda: max(one.height for one in others) > before, RESUMED_SECONDS, "three of four commit")
    time.sleep(down_seconds)
    loss.back(victim)
    tally.back_seconds = max(tally.back_seconds, wait_until_level(network, victim))
    tally.losses += 1


def lose_two(network: Network, victims: Sequence[Validator], loss: Loss, tally: Tally) -> None:
    """Nothing is committed until one of the two is back."""
    print(f"   {loss.name} {' and '.join(one.org for one in victims)}", flush=True)
    for victim in victims:
        loss.lose(victim)
    left = [one for one in network if one not in victims]
    wait_until(lambda: len({one.height for one in left}) == 1, BACK_SECONDS, "both are where the other is")
    time.sleep(1.0 * patience())  # what three had decided before reaches the fourth
    before = [one.height for one in left]
    time.sleep(QUIET_SECONDS)
    assert [one.height for one in left] == before, "two of four have committed"
    loss.back(victims[0])
    resumed = wait_until(lambda: max(one.height for one in left) > max(before), RESUMED_SECONDS, "three of four commit again")
    loss.back(victims[1])
    tally.back_seconds = max(tally.back_seconds, wait_until_level(network, victims[1]))
    tally.resumed_seconds = max(tally.resumed_seconds, resumed)
    tally.losses += 2


def lose_all(network: Network, loss: Loss, tally: Tally) -> None:
    """All come back where they were, or one block further. Nobody may be sending meanwhile."""
    print(f"   {loss.name} all", flush=True)
    network.settle()
    before = network.height
    for one in network:
        loss.lose(one)
    for one in network:
        loss.back(one)
    wait_until(lambda: all(one.answers() for one in network), START_SECONDS, "all answer")
    network.settle(BACK_SECONDS)
    assert before <= network.height <= before + 1
    tally.losses += len(network.validators)
