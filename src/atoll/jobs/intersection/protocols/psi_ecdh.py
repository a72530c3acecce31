"""Diffie-Hellman: `atoll.protocols.psi_ecdh`."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from atoll.jobs.intersection.outputs import Output, Security
from atoll.jobs.intersection.protocols.adapter import Adapter, Found, Run
from atoll.jobs.intersection.shape import Cost, Shape
from atoll.jobs.intersection.spec import IntersectionSpec
from atoll.jobs.kind import Input
from atoll.jobs.table import ROW_NUMBER
from atoll.primitives.ristretto import POINT_BYTES
from atoll.protocols import psi_ecdh
from atoll.protocols.psi import DIGEST_BYTES, Bucket, Matches
from atoll.protocols.psi_ecdh.params import MAX_ITEMS, MAX_POINTS_PER_FRAME, PROTOCOL, TAG_BYTES, VERSION
from atoll.protocols.role import Role
from atoll.wire.message import Document

MASKED_PER_SECOND = 20_000
"""Items hashed to the group and multiplied, one core."""
MULTIPLIED_PER_SECOND = 24_000
"""The other side's points multiplied and shortened to tags, one core."""
OWN_ITEM_BYTES = 560
"""Memory an own item."""
PEER_ITEM_BYTES = 200
"""Memory an item of the other side."""


class PsiEcdh(Adapter):
    """One group element an item and direction: few bytes, much arithmetic."""

    name: ClassVar[str] = PROTOCOL
    version: ClassVar[int] = VERSION
    title: ClassVar[str] = "Diffie-Hellman over ristretto255"
    choose_it: ClassVar[str] = "For small sets and slow links: it sends the fewest bytes and computes the longest."
    outputs: ClassVar[frozenset[Output]] = frozenset({Output.IDENTIFIERS})
    most_rows: ClassVar[int] = MAX_ITEMS
    receiver_learns: ClassVar[str] = "how many different identifiers the owner brings"
    owner_learns: ClassVar[str] = "how many different identifiers the receiver brings, and nothing of the result"

    def options(self, spec: IntersectionSpec, variant: str) -> Document:  # noqa: ARG002 - the interface's
        return {"keys-per-round": min(spec.keys_per_round or MAX_POINTS_PER_FRAME, MAX_POINTS_PER_FRAME)}

    def parameters(self, options: Document, security: Security) -> Document:  # noqa: ARG002 - the interface's
        return {
            "group": "ristretto255",
            "hash-to-group": "ristretto255_XMD:SHA-512_R255MAP_RO_",
            "computational-bits": 125,
            "tag-bits": 8 * TAG_BYTES,
        }

    def cost(self, shape: Shape, variant: str) -> Cost:  # noqa: ARG002 - the interface's
        owner, receiver = max(shape.owner_rows), shape.receiver_rows
        larger, smaller = max(owner, receiver), min(owner, receiver)
        owner_sends = owner * POINT_BYTES + receiver * TAG_BYTES
        return Cost(
            seconds=larger / MASKED_PER_SECOND + smaller / MULTIPLIED_PER_SECOND,
            traffic_bytes=max(owner_sends, receiver * POINT_BYTES),
            exchanged_bytes=owner_sends + receiver * POINT_BYTES,
            rounds=4,
            memory_bytes=larger * OWN_ITEM_BYTES + smaller * PEER_ITEM_BYTES,
        )

    def lead(self, run: Run, mine: Input) -> Role[Found]:
        bucket = _bucket(run, mine)
        places = yield from psi_ecdh.receiver(
            _digests(bucket),
            me=run.me,
            sender=run.peer,
            context=run.context,
            seed=run.seed,
            limits=_limits(run),
            resume=run.resume,
        )
        return Found(matches=_matches(bucket, places))

    def serve(self, run: Run, mine: Input) -> Role[None]:
        yield from psi_ecdh.sender(
            _digests(_bucket(run, mine)),
            me=run.me,
            receiver=run.receiver,
            context=run.context,
            seed=run.seed,
            limits=_limits(run),
            resume=run.resume,
        )


def _limits(run: Run) -> psi_ecdh.Limits:
    return psi_ecdh.Limits(own_items=run.own_rows, peer_items=run.peer_rows, points_per_frame=run.options["keys-per-round"])


def _bucket(run: Run, mine: Input) -> Bucket:
    """The whole set in one bucket. The context hashes the plan's fresh salt, so no digest can be made beforehand."""
    return mine.items.partition(run.context, 1).load(0)


def _digests(bucket: Bucket) -> list[bytes]:
    return [bucket.digests[at : at + DIGEST_BYTES] for at in range(0, len(bucket.digests), DIGEST_BYTES)]


def _matches(bucket: Bucket, places: list[int]) -> Matches:
    """All rows of the keys at some places of the bucket."""
    ends = np.frombuffer(bucket.ends, ROW_NUMBER).astype(np.int64)
    begins = np.concatenate([[0], ends[:-1]])
    rows = np.frombuffer(bucket.rows, ROW_NUMBER)
    found = np.concatenate([rows[:0], *(rows[begins[place] : ends[place]] for place in places)])
    return Matches(len(places), np.sort(found).tobytes())
