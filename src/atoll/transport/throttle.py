"""How much one address may ask in a while: a bucket that fills at a steady rate and empties by one a request."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from atoll.ports import Clock

MAX_ADDRESSES = 10_000
"""Buckets kept; past that the one unused for longest is forgotten, which gives its address a full one again."""


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


def share_of(address: str) -> str:
    """Who counts as one asker: an IPv4 address, or the /64 of IPv6 that anybody gets whole; any other word is itself."""
    try:
        known = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(known, IPv6Address):
        return str(known)
    return str(known.ipv4_mapped) if known.ipv4_mapped is not None else known.packed[:8].hex()


class Throttle:
    """See the module's docstring. Behind a proxy all of its clients count as one address."""

    def __init__(self, clock: Clock, *, per_second: float, burst: int) -> None:
        self._clock = clock
        self._per_second = per_second
        self._burst = burst
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, address: str) -> bool:
        """Whether this request may pass. Cost: constant."""
        now, share = self._clock.monotonic(), share_of(address)
        bucket = self._buckets.pop(share, None) or _Bucket(self._burst, now)
        self._buckets[share] = bucket
        if len(self._buckets) > MAX_ADDRESSES:
            self._buckets.popitem(last=False)
        bucket.left = min(self._burst, bucket.left + (now - bucket.at) * self._per_second)
        bucket.at = now
        if bucket.left < 1:
            return False
        bucket.left -= 1
        return True
