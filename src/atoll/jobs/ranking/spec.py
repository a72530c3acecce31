"""What a person says to propose a ranking, and what a plan says of its program."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from atoll.jobs.security import Security
from atoll.programs.library.ranking import Rule
from atoll.protocols.mpc.places import NODES
from atoll.wire.message import Message, Name, Range, Size, Time

LEAST_BIDDERS = 2
MAX_BIDDERS = 16
MOST_VALUE = 2**48


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer(Message):
    """What is bid for, and what comes out."""

    TAG: ClassVar[str] = "ranking-offer/1"

    rule: Rule
    """What comes out."""
    best: Annotated[int, Range(1, MAX_BIDDERS)] = 1
    """How many come out, with the rule `best`; 1 with all others."""
    low: Annotated[int, Range(1, MOST_VALUE)]
    """Least bid that counts."""
    high: Annotated[int, Range(1, MOST_VALUE)]
    """Greatest bid that counts."""
    graph: Annotated[bytes, Size(0, 32)] = b""
    """Digest of the program that follows."""
    security: Security = Security.SEMI_HONEST
    """What one of the three compute nodes may do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RankingSpec(Message):
    """A ranking, as it is proposed."""

    TAG: ClassVar[str] = "ranking-spec/1"

    rule: Rule
    """What comes out."""
    best: Annotated[int, Range(1, MAX_BIDDERS)] = 1
    """How many come out, with the rule `best`."""
    low: Annotated[int, Range(1, MOST_VALUE)] = 1
    """Least bid that counts."""
    high: Annotated[int, Range(1, MOST_VALUE)]
    """Greatest bid that counts."""
    bids_until: Time
    """Until when bids are taken."""
    bidders: Annotated[tuple[Name, ...], Size(LEAST_BIDDERS, MAX_BIDDERS)]
    """Organisations that bid, each once."""
    computes: Annotated[tuple[Name, ...], Size(NODES, NODES)]
    """Three different organisations that compute."""
    receivers: Annotated[tuple[Name, ...], Size(0, MAX_BIDDERS)] = ()
    """Who learns the outcome; none with the rule `order`, where each bidder learns its own rank."""
    security: Security = Security.SEMI_HONEST
    """What one of the three compute nodes may do."""
