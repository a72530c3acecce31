"""Which protocol: every one that there is, what it would cost, and why the choice fell as it did.

Sizes come from the row caps, the link from whoever asks; the constants are measured (`cost`). A person can force protocol,
variant and security; the planner then only says what that costs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from atoll.jobs.errors import BadPlan
from atoll.jobs.intersection.cost import whole_cost
from atoll.jobs.intersection.protocols import PROTOCOLS
from atoll.jobs.intersection.protocols.adapter import Adapter
from atoll.jobs.intersection.shape import Cost, Link, Shape

KIND = "intersection"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One protocol in one variant."""

    adapter: Adapter
    variant: str
    why_not: str = ""
    """Why it cannot serve; empty if it can."""
    cost: Cost | None = None
    """All runs together; None if it cannot serve."""
    seconds: float = 0.0
    """Until the last receiver has its result, link included."""

    @property
    def name(self) -> str:
        """For people: protocol and variant."""
        return f"{self.adapter.name} ({self.variant})" if self.variant else self.adapter.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What was chosen from what."""

    chosen: Candidate
    candidates: tuple[Candidate, ...]
    """All, those that can serve first, the fastest on top."""
    why: str
    """A sentence or two."""


def weigh(shape: Shape, link: Link) -> tuple[Candidate, ...]:
    """Every protocol and variant; those that can serve first, the fastest on top."""
    found = [_candidate(adapter, variant, shape, link) for adapter in PROTOCOLS.values() for variant in adapter.variants]
    return tuple(sorted(found, key=lambda one: (bool(one.why_not), one.seconds)))


def choose(shape: Shape, link: Link, *, protocol: str = "", variant: str = "") -> Choice:
    """The fastest protocol that can serve, or the one that is named.

    Raises:
        BadPlan: the one that is named cannot serve, or none can.
    """
    candidates = weigh(shape, link)
    if protocol and protocol not in PROTOCOLS:
        raise BadPlan(kind=KIND, reason=f"there is no protocol {protocol}; there are {', '.join(PROTOCOLS)}")
    if variant and not any(variant in one.adapter.variants for one in candidates if protocol in ("", one.adapter.name)):
        raise BadPlan(kind=KIND, reason=f"no protocol that could serve has a variant {variant}")
    wanted = [one for one in candidates if protocol in ("", one.adapter.name) and (not variant or one.variant == variant)]
    able = [one for one in wanted if not one.why_not]
    if not able:
        raise BadPlan(kind=KIND, reason=_why_none(wanted, named=bool(protocol)))
    others = [one for one in candidates if not one.why_not and one is not able[0]]
    why = _why(able[0], others, shape, link, forced=bool(protocol or variant))
    return Choice(chosen=able[0], candidates=candidates, why=why)


def _candidate(adapter: Adapter, variant: str, shape: Shape, link: Link) -> Candidate:
    why_not = adapter.why_not(shape, variant)
    if why_not:
        return Candidate(adapter=adapter, variant=variant, why_not=why_not)
    cost = whole_cost(adapter.cost(shape, variant), shape)
    if cost.memory_bytes > shape.memory_bytes:
        why_not = f"it takes about {cost.memory_bytes >> 20:,} MiB of memory, and a party has {shape.memory_bytes >> 20:,}"
        return Candidate(adapter=adapter, variant=variant, why_not=why_not)
    return Candidate(adapter=adapter, variant=variant, cost=cost, seconds=cost.wall_seconds(link))


def _why(chosen: Candidate, others: list[Candidate], shape: Shape, link: Link, *, forced: bool) -> str:
    asked = f"{shape.output} of {shape.places} sides with at most {shape.largest:,} rows, {shape.security}"
    ends = f"{chosen.name} takes about {seconds_words(chosen.seconds)} over {link}"
    if not others:
        return f"For {asked}: {ends}; no other protocol can serve."
    best = min(others, key=lambda one: one.seconds)
    beside = f"{best.name}, the {'fastest' if forced else 'next'}, about {seconds_words(best.seconds)}"
    if forced and best.seconds >= chosen.seconds:
        beside = f"{best.name}, the next, about {seconds_words(best.seconds)}"
    return f"{'As you asked' if forced else 'Fastest'} for {asked}: {ends}; {beside}.{_what_decides(chosen, best)}"


def _what_decides(chosen: Candidate, other: Candidate) -> str:
    if chosen.cost is None or other.cost is None or chosen.seconds > other.seconds:
        return ""
    sends_less = chosen.cost.traffic_bytes < other.cost.traffic_bytes
    works_less = chosen.cost.seconds < other.cost.seconds
    if sends_less and works_less:
        return " It both sends and computes less."
    if sends_less:
        return " It computes longer and sends less, and on this link that decides."
    if works_less:
        return " It sends more and computes less, and on this link that decides."
    return " It waits less often for the link."


def _why_none(candidates: Iterable[Candidate], *, named: bool) -> str:
    reasons = dict.fromkeys(f"{one.adapter.name}: {one.why_not}" for one in candidates)
    return f"{'that protocol cannot serve' if named else 'no protocol can serve'} ({'; '.join(reasons)})"


def seconds_words(seconds: float) -> str:
    """A duration, not more exact than it is.

    >>> [seconds_words(one) for one in (0.03, 2.34, 71.6, 7000)]
    ['0.1 s', '2.3 s', '72 s', '1.9 h']
    """
    if seconds < 10:
        return f"{max(seconds, 0.1):.1f} s"
    if seconds < 600:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
