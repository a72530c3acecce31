"""Few keys against a large set, again and again: `atoll.protocols.psi_oprf`."""

from __future__ import annotations

from typing import ClassVar

from atoll.jobs.errors import BadInputs
from atoll.jobs.intersection.cost import MASKED_PER_SECOND
from atoll.jobs.intersection.outputs import Output, Security
from atoll.jobs.intersection.protocols.adapter import Adapter, Found, Run
from atoll.jobs.intersection.shape import Cost, Shape
from atoll.jobs.intersection.spec import IntersectionSpec
from atoll.jobs.kind import Input, Lasting
from atoll.jobs.strength import bits_left
from atoll.primitives.ristretto import POINT_BYTES
from atoll.protocols import psi_oprf
from atoll.protocols.psi_oprf.params import LOOKUP_BITS, MAX_TABLE_ROWS, PROTOCOL, STATISTICAL_BITS, VERSION
from atoll.protocols.role import Role
from atoll.wire.message import Document

LOOK_UPS_PER_SECOND = 10_000
"""Keys of the receiver's side blinded, evaluated, proved and looked up, one core."""
ENTRY_BYTES = 10
"""A table's entry, padding included."""
ROW_MEMORY_BYTES = 60
"""Memory an entry while a table is made, and a key that is looked up."""


MOST_ANSWERS = 1 << 40
"""More than a key gives in its epoch, over all jobs and grantees."""


class PsiOprf(Adapter):
    """The owner evaluates its function at its whole set once an epoch; a job is a few look-ups."""

    name: ClassVar[str] = PROTOCOL
    version: ClassVar[int] = VERSION
    title: ClassVar[str] = "look-ups in a table of an oblivious function"
    choose_it: ClassVar[str] = (
        "By name, for few keys against a large set that is asked again and again: the table is made and sent once an epoch, "
        "and later jobs cost what the few keys cost."
    )
    outputs: ClassVar[frozenset[Output]] = frozenset({Output.IDENTIFIERS})
    lasts: ClassVar[bool] = True
    most_rows: ClassVar[int] = MAX_TABLE_ROWS
    receiver_learns: ClassVar[str] = "how many rows with a key the other side brings, rounded up by at most a sixteenth"
    owner_learns: ClassVar[str] = (
        "how many rows with a key the receiver brings and whether it has the table already, and nothing of the result"
    )
    caveat: ClassVar[str] = (
        "What the receiver learns of a key it can recognise in the table for as long as the epoch lasts, which ends for all "
        "with the calendar period of 30 days."
    )

    def options(self, spec: IntersectionSpec, variant: str) -> Document:  # noqa: ARG002 - the interface's
        return {"epoch": spec.epoch}

    def parameters(self, options: Document, security: Security) -> Document:  # noqa: ARG002 - the interface's
        return {
            "function": "RFC 9497 VOPRF(ristretto255, SHA-512)",
            "computational-bits": bits_left(MOST_ANSWERS),
            "statistical-bits": STATISTICAL_BITS,
            "look-ups-bits": LOOKUP_BITS,
            "epoch": options["epoch"],
        }

    def cost(self, shape: Shape, variant: str) -> Cost:  # noqa: ARG002 - the interface's
        """Of the first job of an epoch: it makes and sends the table."""
        owner, receiver = max(shape.owner_rows), shape.receiver_rows
        table = ENTRY_BYTES * (owner + 64)
        return Cost(
            seconds=owner / MASKED_PER_SECOND + receiver / LOOK_UPS_PER_SECOND,
            traffic_bytes=table + receiver * POINT_BYTES + 4096,
            exchanged_bytes=table + 2 * receiver * POINT_BYTES + 8192,
            rounds=6,
            memory_bytes=ROW_MEMORY_BYTES * (owner + receiver),
        )

    def lead(self, run: Run, mine: Input) -> Role[Found]:
        matches = yield from psi_oprf.receiver(
            mine.items,
            me=run.me,
            sender=run.peer,
            context=run.context,
            seed=run.seed,
            limits=_limits(run),
            epoch=_epoch(run),
            cache=_lasting(run).tables,
            resume=run.resume,
        )
        return Found(matches=matches)

    def serve(self, run: Run, mine: Input) -> Role[None]:
        lasting = _lasting(run)
        yield from psi_oprf.sender(
            mine.items,
            me=run.me,
            receiver=run.receiver,
            context=run.context,
            seed=run.seed,
            limits=_limits(run),
            epoch=_epoch(run),
            secret=lasting.secret,
            cache=lasting.tables,
            meter=psi_oprf.NotedMeter(lasting.tables, _epoch(run), grantee=run.receiver_org, most=run.peer_rows),
            resume=run.resume,
        )


def _lasting(run: Run) -> Lasting:
    if run.lasting is None:
        raise BadInputs(reason="the protocol keeps tables from job to job and there is no place for them")
    return run.lasting


def _epoch(run: Run) -> psi_oprf.Epoch:
    return psi_oprf.Epoch(run.set_digest, run.options["epoch"])


def _limits(run: Run) -> psi_oprf.Limits:
    return psi_oprf.Limits(own_items=run.own_rows, peer_items=run.peer_rows)
