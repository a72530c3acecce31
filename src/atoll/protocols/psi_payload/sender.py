"""The sender: evaluates its function for the receiver's masked keys, and seals a payload under the value at each of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from atoll.primitives import ristretto
from atoll.primitives.payload import seal_records
from atoll.protocols.bulk import receive_bulk
from atoll.protocols.dh.masked import ELEMENT_BYTES, Hidden, multiply, verify_distinct
from atoll.protocols.dh.params import POINTS_PER_FRAME, parts
from atoll.protocols.psi.cut import padded_size
from atoll.protocols.psi.items import Bucket, Items
from atoll.protocols.psi.limits import Limits
from atoll.protocols.psi.rows import select_keys
from atoll.protocols.psi.state import Run
from atoll.protocols.psi_payload.params import (
    PROTOCOL,
    VERSION,
    check_payload_bytes,
    key_domain,
    record_prefix,
    records_per_frame,
)
from atoll.protocols.role import Frame, Party, Progress, Role, Send

PayloadsOf: TypeAlias = Callable[[Bucket], bytes]
"""The payloads of some keys, all of the agreed width, packed in the order of the keys. Asked for a frame's worth at a time,
once for each key."""


def sender(
    items: Items,
    payloads: PayloadsOf,
    *,
    me: Party,
    receiver: Party,
    context: bytes,
    seed: bytes,
    limits: Limits,
    payload_bytes: int,
    resume: bytes | None = None,
) -> Role[None]:
    """Give a set and what belongs to its keys to an intersection.

    Args:
        items: the keys; rows with equal keys belong to one key and share one payload.
        payloads: what belongs to them.
        me: this side's place.
        receiver: the other side's.
        context: digest of the plan, 32 bytes; equal on both sides.
        seed: 32 secret bytes, fresh for this attempt, durable before the first step.
        limits: what the plan allows.
        payload_bytes: width of a payload, 0 to 65,535; equal on both sides.
        resume: state of the checkpoint to go on from.

    Raises:
        TooManyRows, BucketOverflow: the set cannot take part.
        ForeignCheckpoint: `resume` is of another run.
        PeerError: the receiver broke the protocol; the run is over.

    Leaks to the receiver: the number of rows; for the keys that both have, the payloads; nothing about the others.
    Learns: the number of the receiver's rows.
    Cost: a hash to the group, a multiplication and a sealing an own row, a multiplication a row of the receiver.
    Spec: specs/psi-payload.md, semi-honest.
    """
    check_payload_bytes(payload_bytes)
    run = Run(protocol=f"{PROTOCOL}/{VERSION} {payload_bytes}", me=me, peer=receiver, context=context, seed=seed, limits=limits)
    begun = yield from run.begin(items, resume)
    key = ristretto.draw_secret(run.fork("key"))
    own, theirs = (padded_size(rows, len(begun.buckets)) for rows in (begun.opened.own_rows, begun.opened.peer_rows))
    try:
        for number in range(begun.done, len(begun.buckets)):
            asked = bytearray()
            for part in parts(theirs, POINTS_PER_FRAME):
                points = yield from receive_bulk(receiver, ELEMENT_BYTES * len(part))
                asked += points
                yield Send(receiver, Frame(multiply(bytes(points), key, party=receiver, first=part.start)))
            verify_distinct(bytes(asked), ELEMENT_BYTES, party=receiver)
            bucket = begun.buckets.load(number)
            hidden = Hidden(bucket, own, run.fork(f"bucket {number}"), number=number)
            for part in parts(own, records_per_frame(payload_bytes)):
                elements = hidden.mask(part, key, key_domain(context))
                plain = _payloads(bucket, hidden, part, payloads, payload_bytes)
                yield Send(receiver, Frame(seal_records(elements, record_prefix(context), plain, payload_bytes)))
                yield Progress(number * own + part.stop, len(begun.buckets) * own, "items")
            yield begun.checkpoint(number + 1)
    finally:
        begun.buckets.close()


def _payloads(bucket: Bucket, hidden: Hidden, part: range, payloads: PayloadsOf, payload_bytes: int) -> bytes:
    """The payloads of the keys at these places; zeros for dummies, whose records nobody can open."""
    indices = hidden.order[part.start : part.stop]
    is_key = indices < hidden.keys
    ascending = np.argsort(indices[is_key])
    given = payloads(select_keys(bucket, indices[is_key][ascending]))
    if len(given) != len(ascending) * payload_bytes:
        raise ValueError(f"{len(given)} bytes of payload given for {len(ascending)} keys, {payload_bytes} each needed")
    plain = np.zeros((len(indices), payload_bytes), np.uint8)
    plain[np.flatnonzero(is_key)[ascending]] = np.frombuffer(given, np.uint8).reshape(len(ascending), payload_bytes)
    return plain.tobytes()
