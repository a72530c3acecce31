"""Validators that die in the middle of a block, at points of CometBFT and of the application, one after the other."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from atoll.ordering.cometbft.failpoints import NAMES, VARIABLE
from tests.torture.network import BACK_SECONDS, FAIL_INDEX, Network, Unanswered, Validator
from tests.torture.places import COMETBFT

INDICES = range(20)
"""CometBFT's own points of failure, counted from its start: ten a height."""
PASSES = (1, 2, 3)
"""At which pass of a point the application dies."""
REACHED_SECONDS = 30
"""Until a point is reached; blocks come all the time."""


@dataclass(slots=True)
class Tally:
    """What a crash matrix came to."""

    kills: int = 0
    longest_seconds: float = 0.0
    points: set[str] = field(default_factory=set)

    def back(self, seconds: float) -> None:
        """A validator was back after so long."""
        self.longest_seconds = max(self.longest_seconds, seconds)


def crash_cometbft(network: Network, victim: Validator, index: int, tally: Tally) -> None:
    """CometBFT is killed, started again by its node, ends at one of its own points, and comes back."""
    (victim.folder / COMETBFT / FAIL_INDEX).write_text(str(index))
    restarts = int(victim.view()["restarts"])
    victim.kill_child()
    victim.wait_until(lambda: int(victim.view()["restarts"]) >= restarts + 2, REACHED_SECONDS, f"reaches its point {index}")
    tally.back(wait_until_level(network, victim))
    tally.kills += 2
    tally.points.add(f"FAIL_TEST_INDEX={index}")


def crash_application(network: Network, victim: Validator, point: str, tally: Tally) -> None:
    """The application is killed, and started so that it kills itself at a point of its own; then it is left in peace."""
    victim.kill()
    victim.environment[VARIABLE] = point
    victim.start(wait=False)
    status = victim.await_end(REACHED_SECONDS)
    assert status == -9, f"{victim.org} ended with {status} before it reached {point}: {victim.output()[-2000:]}"
    victim.start(wait=False)
    tally.back(wait_until_level(network, victim))
    tally.kills += 2
    tally.points.add(point)


def wait_until_level(network: Network, victim: Validator, seconds: float = BACK_SECONDS) -> float:
    """Until it answers, votes and stands where the others stood when it came back; how long that took."""
    started = time.monotonic()
    target = max(one.height for one in network.running() if one is not victim)

    def is_level() -> bool:
        try:
            return int(victim.view(seconds=2)["height"]) >= target
        except Unanswered:
            return False

    try:
        victim.wait_until(is_level, seconds, f"stands at height {target} again")
    except AssertionError:
        network.explain(victim)
        raise
    return time.monotonic() - started


def crashes(seed: int) -> Iterator[tuple[str, str | int]]:
    """Every point once: CometBFT's and the application's in turn, so that nobody's CometBFT dies too often in a row."""
    dice = random.Random(seed)
    node: list[str | int] = list(INDICES)
    own: list[str | int] = [f"{name}:{count}" for name, count in itertools.product(NAMES, PASSES)]
    dice.shuffle(node)
    dice.shuffle(own)
    for index, point in itertools.zip_longest(node, own):
        yield "cometbft", index
        yield "application", point if point is not None else dice.choice(own)


def crash_matrix(network: Network, seed: int, *, crashes_at_most: int, tally: Tally) -> None:
    """Go through the points, each at another validator. Clients are at work meanwhile."""
    victims = itertools.cycle(network)
    for (who, point), victim in zip(itertools.islice(crashes(seed), crashes_at_most), pairwise_victims(victims), strict=False):
        print(f"   {victim.org}: {who} dies at {point}", flush=True)
        if isinstance(point, int):
            crash_cometbft(network, victim, point, tally)
        else:
            crash_application(network, victim, point, tally)


def pairwise_victims(victims: Iterator[Validator]) -> Iterator[Validator]:
    """Each victim twice: once its CometBFT, once its application, whose new start forgives CometBFT's early ends."""
    for victim in victims:
        yield victim
        yield victim
