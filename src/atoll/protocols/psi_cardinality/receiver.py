"""The receiver: finds out how many keys both have, and not which."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import zip_longest

from atoll.primitives import ristretto
from atoll.primitives.tags import match_tags, tags_packed
from atoll.protocols.bulk import receive_bulk
from atoll.protocols.dh.masked import ELEMENT_BYTES, Hidden, multiply, verify_distinct
from atoll.protocols.dh.params import POINTS_PER_FRAME, TAG_BYTES, parts
from atoll.protocols.psi.items import DIGEST_BYTES, ROW_BYTES, Items
from atoll.protocols.psi.limits import Limits
from atoll.protocols.psi.state import Run
from atoll.protocols.psi_cardinality.dummies import public_dummies
from atoll.protocols.psi_cardinality.params import PROTOCOL, TAG_DOMAIN, VERSION, Noise, key_domain
from atoll.protocols.role import Frame, Party, Progress, Role, Send

_COUNT_BYTES = 8


@dataclass(frozen=True, slots=True)
class Cardinality:
    """What the receiver learns."""

    keys: int
    """Distinct keys that both have. With noise an estimate without bias, which can be below 0 or above a set's size."""
    noise: Noise | None
    """What the count is blurred by; None when it is exact."""
    peer_rows: int = field(default=0, compare=False, repr=False)
    """Rows with a key that the sender brought."""


def receiver(
    items: Items,
    *,
    me: Party,
    sender: Party,
    context: bytes,
    seed: bytes,
    limits: Limits,
    noise: Noise | None = None,
    resume: bytes | None = None,
) -> Role[Cardinality]:
    """Count the keys that the sender has too.

    Args:
        items: the keys; equal ones count once.
        me: this side's place.
        sender: the other side's.
        context: digest of the plan, 32 bytes; equal on both sides.
        seed: 32 secret bytes, fresh for this attempt, durable before the first step.
        limits: what the plan allows.
        noise: differential privacy of the count, as agreed; None for the exact count.
        resume: state of the checkpoint to go on from.

    Raises:
        TooManyRows: the set cannot take part.
        ForeignCheckpoint: `resume` is of another run.
        PeerError: the sender broke the protocol; the run is over.

    Leaks to the sender: the number of rows. Learns: the number of the sender's rows, and the count.
    Cost: a hash to the group and two multiplications an own row, a look-up a row of the sender.
    Spec: specs/psi-cardinality.md, semi-honest.
    """
    run = Run(
        protocol=f"{PROTOCOL}/{VERSION} {noise}", me=me, peer=sender, context=context, seed=seed, limits=limits, is_whole=True
    )
    begun = yield from run.begin(items, resume)
    opened, bucket = begun.opened, begun.buckets.load(0)
    begun.buckets.close()
    mask = ristretto.draw_secret(run.fork("mask"))
    beside = public_dummies(noise, salt=opened.salt, context=context)
    own = opened.own_rows + len(beside) // DIGEST_BYTES
    if begun.done < 1:
        hidden = Hidden(bucket, opened.own_rows, run.fork("own"), beside=beside)
        theirs = opened.peer_rows + len(beside) // DIGEST_BYTES
        their_tags = bytearray()
        for own_part, their_part in zip_longest(parts(own, POINTS_PER_FRAME), parts(theirs, POINTS_PER_FRAME)):
            if own_part:
                yield Send(sender, Frame(hidden.mask(own_part, mask, key_domain(context))))
                yield Progress(own_part.stop, 2 * own, "items")
            if their_part:
                their_tags += yield from receive_bulk(sender, TAG_BYTES * len(their_part))
        verify_distinct(bytes(their_tags), TAG_BYTES, party=sender)
        yield begun.checkpoint(1, bytes(their_tags))
        held = bytes(their_tags)
    else:
        held = begun.held[0]
    if begun.done < 2:
        undo, tags = mask.inverse(), bytearray()
        for part in parts(own, POINTS_PER_FRAME):
            answer = yield from receive_bulk(sender, ELEMENT_BYTES * len(part))
            elements = multiply(bytes(answer), undo, party=sender, first=part.start)
            tags += tags_packed(elements, TAG_DOMAIN + context, TAG_BYTES)
            yield Progress(own + part.stop, 2 * own, "items")
        verify_distinct(bytes(tags), TAG_BYTES, party=sender)
        held = (len(match_tags(tags, held, TAG_BYTES)) // ROW_BYTES).to_bytes(_COUNT_BYTES, "big")
        yield begun.checkpoint(2, held)
    return Cardinality(int.from_bytes(held, "big") - (noise.shift if noise else 0), noise, opened.peer_rows)
