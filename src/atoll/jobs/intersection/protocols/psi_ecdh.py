"""Diffie-Hellman: `atoll.protocols.psi_ecdh`."""

from __future__ import annotations

import math
from typing import ClassVar

from atoll.jobs.intersection.cost import MASKED_PER_SECOND, MULTIPLIED_PER_SECOND
from atoll.jobs.intersection.outputs import Output, Security
from atoll.jobs.intersection.protocols.adapter import Adapter, Found, Run
from atoll.jobs.intersection.shape import Cost, Shape
from atoll.jobs.intersection.spec import IntersectionSpec
from atoll.jobs.kind import Input
from atoll.jobs.strength import bits_left
from atoll.primitives.oblivious import POINT_BYTES
from atoll.protocols import psi_ecdh
from atoll.protocols.psi_ecdh.params import MAX_ITEMS, MAX_POINTS_PER_FRAME, PROTOCOL, TAG_BYTES, VERSION
from atoll.protocols.role import Role
from atoll.wire.message import Document

OWN_ITEM_BYTES = 160
"""Memory an own item: digest, row, place, tag, copies in a checkpoint."""
PEER_ITEM_BYTES = 80
"""Memory, at the receiver, an item of the other side: tag and its place in a table, copies in a checkpoint."""


class PsiEcdh(Adapter):
    """Two group elements an item of the receiver, a tag an item of the owner: few bytes, much arithmetic, the owner's."""

    name: ClassVar[str] = PROTOCOL
    version: ClassVar[int] = VERSION
    title: ClassVar[str] = "Diffie-Hellman on Curve25519"
    choose_it: ClassVar[str] = (
        "For small sets: nothing is set up first, so below some thousand keys it sends and waits the least."
    )
    outputs: ClassVar[frozenset[Output]] = frozenset({Output.IDENTIFIERS})
    most_rows: ClassVar[int] = MAX_ITEMS
    receiver_learns: ClassVar[str] = "how many different identifiers the other side brings"
    owner_learns: ClassVar[str] = "how many different identifiers the receiver brings, and nothing of the result"

    def options(self, spec: IntersectionSpec, variant: str) -> Document:  # noqa: ARG002 - the interface's
        return {"keys-per-round": min(spec.keys_per_round or MAX_POINTS_PER_FRAME, MAX_POINTS_PER_FRAME)}

    def parameters(self, options: Document, security: Security) -> Document:  # noqa: ARG002 - the interface's
        return {
            "group": "curve25519",
            "hash-to-group": "edwards25519_XMD:SHA-512_ELL2_RO_",
            "computational-bits": bits_left(MAX_ITEMS),
            "tag-bits": 8 * TAG_BYTES,
        }

    def cost(self, shape: Shape, variant: str) -> Cost:  # noqa: ARG002 - the interface's
        """The receiver asks a round when the one before is answered. A plan with fewer keys a round has more of them."""
        owner, receiver = max(shape.owner_rows), shape.receiver_rows
        waits = max(1, math.ceil(receiver / MAX_POINTS_PER_FRAME))
        owner_sends = owner * TAG_BYTES + receiver * POINT_BYTES
        return Cost(
            seconds=owner / MASKED_PER_SECOND + receiver / MULTIPLIED_PER_SECOND,
            traffic_bytes=max(owner_sends, receiver * POINT_BYTES),
            exchanged_bytes=owner_sends + receiver * POINT_BYTES,
            rounds=2 + 2 * waits,
            memory_bytes=max(owner * OWN_ITEM_BYTES, receiver * OWN_ITEM_BYTES + owner * PEER_ITEM_BYTES),
        )

    def lead(self, run: Run, mine: Input) -> Role[Found]:
        matches = yield from psi_ecdh.receiver(
            mine.items,
            me=run.me,
            sender=run.peer,
            context=run.context,
            seed=run.seed,
            limits=_limits(run),
            resume=run.resume,
        )
        return Found(matches=matches)

    def serve(self, run: Run, mine: Input) -> Role[None]:
        yield from psi_ecdh.sender(
            mine.items,
            me=run.me,
            receiver=run.receiver,
            context=run.context,
            seed=run.seed,
            limits=_limits(run),
            resume=run.resume,
        )


def _limits(run: Run) -> psi_ecdh.Limits:
    return psi_ecdh.Limits(own_items=run.own_rows, peer_items=run.peer_rows, points_per_frame=run.options["keys-per-round"])
