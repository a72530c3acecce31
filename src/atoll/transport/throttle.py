"""How much one address may ask in a while: a bucket that fills at a steady rate and empties by one a request."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from atoll.ports import Clock

MAX_ADDRESSES = 10_000
"""Buckets kept; past that the one unused for longest is forgotten, which gives its address a full one again."""


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


class Throttle:
    """See the module's docstring. Behind a proxy all of its clients count as one address."""

    def __init__(self, clock: Clock, *, per_second: float, burst: int) -> None:
        self._clock = clock
        self._per_second = per_second
        self._burst = burst
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, address: str) -> bool:
        """Whether this request may pass. Cost: constant."""
        now = self._clock.monotonic()
        bucket = self._buckets.pop(address, None) or _Bucket(self._burst, now)
        self._buckets[address] = bucket
        if len(self._buckets) > MAX_ADDRESSES:
            self._buckets.popitem(last=False)
        bucket.left = min(self._burst, bucket.left + (now - bucket.at) * self._per_second)
        bucket.at = now
        if bucket.left < 1:
            return False
        bucket.left -= 1
        return True
