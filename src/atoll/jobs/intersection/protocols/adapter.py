"""What the job kind must know of a protocol to offer, explain and run it: the interface of the files beside this one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import pyarrow as pa

from atoll.jobs.intersection.outputs import Output, Security
from atoll.jobs.intersection.shape import Cost, Shape
from atoll.jobs.intersection.spec import IntersectionSpec
from atoll.jobs.kind import Input, Lasting
from atoll.protocols.psi import Matches
from atoll.protocols.psi.cut import bucket_count, is_within_cap, padded_total
from atoll.protocols.role import Party, Role
from atoll.wire.message import Document


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run at one side: a receiver against everybody else."""

    me: Party
    """This side's place."""
    receiver: Party
    """Whoever leads the run."""
    receiver_org: str
    """The organisation that does."""
    others: tuple[Party, ...]
    """All sides but the receiver, in the plan's order."""
    rows_caps: Mapping[Party, int]
    """Most rows of each side."""
    output: Output
    """What the receiver gets."""
    security: Security
    """What the protocol must withstand."""
    beside: tuple[str, ...]
    """This side's columns beside the key in this run."""
    shown: tuple[str, ...]
    """Columns that the receiver gets of the others in this run."""
    options: Document
    """The plan's program, the adapter's own options among it."""
    set_digest: bytes
    """32 bytes that stand for the other side's set, where something lasts: its version, columns and rules; else empty."""
    lasting: Lasting | None
    """What lasts from one job to the next, for adapters that say so."""
    context: bytes
    """32 bytes that bind every message to this plan and this receiver."""
    seed: bytes = field(repr=False)
    """32 secret bytes of this run."""
    resume: bytes | None = field(repr=False)
    """Checkpoint to go on from."""

    @property
    def peer(self) -> Party:
        """The other side, where there are two."""
        return self.receiver if self.me != self.receiver else self.others[0]

    @property
    def own_rows(self) -> int:
        """Most rows of this side."""
        return self.rows_caps[self.me]

    @property
    def peer_rows(self) -> int:
        """Most rows of the other side, where there are two."""
        return self.rows_caps[self.peer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a run told its receiver; a protocol fills in what its output needs."""

    matches: Matches | None = None
    """For `identifiers`: its own rows that match."""
    joined: tuple[bytes, pa.Table] | None = None
    """For `rows`: a row number of its own for each line, packed, and the owner's cells beside it."""
    count: int | None = None
    """For `cardinality` and `sum`: keys that all sides have."""
    total: int | None = None
    """For `sum`: the sum over them, in units of the plan's scale; None if they are fewer than the plan asks for, or spoiled."""
    spoiled: int = 0
    """For `rows` and `sum`: keys that both have, for which what the owner sent cannot be read, of a sum all that are in it; for
    the receiver only."""


class Adapter(ABC):
    """One protocol. Instances hold no state."""

    name: ClassVar[str]
    """Name in plans and on the command line."""
    version: ClassVar[int]
    """Version of its messages."""
    title: ClassVar[str]
    """What it is, in a few words."""
    choose_it: ClassVar[str]
    """When to choose it; a sentence of the documentation."""
    outputs: ClassVar[frozenset[Output]]
    """What it can give a receiver."""
    securities: ClassVar[tuple[Security, ...]] = (Security.SEMI_HONEST,)
    """What it can withstand."""
    variants: ClassVar[tuple[str, ...]] = ("",)
    """Its variants, the usual one first."""
    adds_noise: ClassVar[bool] = False
    """Whether a count can be made differentially private."""
    lasts: ClassVar[bool] = False
    """Whether it keeps something from one job to the next."""
    places: ClassVar[range] = range(2, 3)
    """How many sides it can have."""
    most_rows: ClassVar[int]
    """Largest set of one side."""
    pads: ClassVar[bool] = False
    """Whether it cuts sets into padded buckets, which a small receiver's set among large ones does not bear."""
    owner_learns: ClassVar[str]
    """What a side that gets no result learns, in a sentence without its subject."""
    receiver_learns: ClassVar[str]
    """What a receiver learns beside its output, likewise."""
    caveat: ClassVar[str] = ""
    """A whole sentence on what else to know before consent."""

    def why_not(self, shape: Shape, variant: str = "") -> str:  # noqa: ARG002 - for those that have several
        """Why it cannot serve in this variant; empty if it can. Adapters add to it what is special to them."""
        if shape.places not in self.places:
            return f"it is for {_between(self.places)} organisations"
        if shape.output not in self.outputs:
            return f"it does not give {shape.output}"
        if shape.security not in self.securities:
            return f"it is not secure in the {shape.security} model"
        if shape.largest > self.most_rows:
            return f"a side has at most {self.most_rows} rows"
        if shape.epsilon_micro and not self.adds_noise:
            return "it adds no noise"
        rows = min(shape.receiver_rows, *shape.owner_rows)
        if shape.receivers == 1:
            rows = shape.receiver_rows
        buckets = bucket_count(shape.receiver_rows, *shape.owner_rows)
        if self.pads and not is_within_cap(rows, buckets, rows):
            return f"a receiver's {rows} rows would be hidden among {padded_total(rows, buckets)}, far above its cap"
        return ""

    def caveat_of(self, shape: Shape) -> str:  # noqa: ARG002 - for those whose caveat depends on it
        """What else to know before consent; empty for nothing."""
        return self.caveat

    def options(self, spec: IntersectionSpec, variant: str) -> Document:  # noqa: ARG002 - most have none of their own
        """What the protocol itself adds to the plan's program."""
        return {"variant": variant} if variant else {}

    @abstractmethod
    def parameters(self, options: Document, security: Security) -> Document:
        """Security parameters by name, for receipts."""

    @abstractmethod
    def cost(self, shape: Shape, variant: str) -> Cost:
        """What one run takes at the row caps, from measured constants."""

    @abstractmethod
    def lead(self, run: Run, mine: Input) -> Role[Found]:
        """The receiver's part."""

    @abstractmethod
    def serve(self, run: Run, mine: Input) -> Role[None]:
        """The part of everybody else."""


def _between(places: range) -> str:
    return str(places.start) if len(places) == 1 else f"{places.start} to {places.stop - 1}"
