"""What a person says to propose a computation: a program, whose columns go in, who computes, who receives.

Owners and receivers of a program are labels that its author chose; here organisations and datasets take their places.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from atoll.jobs.secret.places import MAX_OWNERS, MAX_RECEIVERS, Grants
from atoll.jobs.security import Security
from atoll.ledger.plan import DatasetId, Label
from atoll.protocols.mpc.places import NODES
from atoll.wire.message import Message, Name, Size

MAX_PROGRAM_BYTES = 250_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Bind(Message):
    """Where an input of the program comes from."""

    TAG: ClassVar[str] = "computation-bind/1"

    input: Label
    """Its name in the program."""
    columns: Annotated[tuple[Label, ...], Size(1, 200)]
    """Columns of the owner's dataset: one, or for a matrix as many as a row of it has."""
    forgiving: bool = False
    """Cells that cannot be read or lie outside the range become nulls, instead of ending the job; for inputs with nulls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner(Message):
    """One owner's place."""

    TAG: ClassVar[str] = "computation-owner/1"

    label: Label
    """As the program calls it."""
    dataset: DatasetId
    """What it brings."""
    binds: Annotated[tuple[Bind, ...], Size(1, 200)]
    """One for each input of that owner."""
    grants: Annotated[tuple[Grants, ...], Size(1, MAX_RECEIVERS)]
    """What the use rests on, for each receiver in their order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver(Message):
    """One receiver's place."""

    TAG: ClassVar[str] = "computation-receiver/1"

    label: Label
    """As the program calls it."""
    org: Name
    """Who that is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputationSpec(Message):
    """Run a program on secret shares."""

    TAG: ClassVar[str] = "computation-spec/1"
    MAX_BYTES: ClassVar[int] = 2 * MAX_PROGRAM_BYTES

    graph: Annotated[bytes, Size(1, MAX_PROGRAM_BYTES)]
    """The program, as its graph is encoded (`atoll.programs`)."""
    owners: Annotated[tuple[Owner, ...], Size(1, MAX_OWNERS)]
    """One for each owner of the program."""
    computes: Annotated[tuple[Name, ...], Size(NODES, NODES)]
    """Who computes."""
    receivers: Annotated[tuple[Receiver, ...], Size(1, MAX_RECEIVERS)]
    """One for each receiver of the program."""
    security: Security = Security.SEMI_HONEST
    """What one of the three compute nodes may do."""
