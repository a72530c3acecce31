"""The receiver: finds out which of its keys the sender has too, and what belongs to them there."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import zip_longest

import numpy as np

from atoll.primitives import ristretto
from atoll.primitives.payload import TAG_BYTES, open_payloads, record_tags
from atoll.primitives.ristretto import SecretScalar
from atoll.protocols.bulk import receive_bulk
from atoll.protocols.dh.masked import ELEMENT_BYTES, Hidden, multiply, verify_distinct
from atoll.protocols.dh.params import POINTS_PER_FRAME, parts
from atoll.protocols.psi.cut import padded_size
from atoll.protocols.psi.items import Bucket, Items, Matches
from atoll.protocols.psi.limits import Limits
from atoll.protocols.psi.rows import join_buckets, matches_of, select_keys
from atoll.protocols.psi.state import Run
from atoll.protocols.psi_payload.params import (
    PROTOCOL,
    VERSION,
    check_payload_bytes,
    key_domain,
    record_bytes,
    record_prefix,
    records_per_frame,
)
from atoll.protocols.role import Frame, Party, Progress, Role, Send

_COUNT_BYTES = 8


@dataclass(frozen=True, slots=True)
class Received:
    """What the receiver learns."""

    keys: Bucket
    """The matched keys and the receiver's own rows that have them, ascending by digest."""
    payloads: bytes = field(repr=False)
    """What the sender attached, packed in the order of `keys`."""
    spoiled: int
    """How many more keys both have whose record does not open, which is the sender's fault. The sender must not hear of it: it
    would learn that the receiver has keys whose records it spoiled."""

    @property
    def matches(self) -> Matches:
        """The same without the payloads, as every other intersection gives it."""
        return matches_of(self.keys)


def receiver(
    items: Items,
    *,
    me: Party,
    sender: Party,
    context: bytes,
    seed: bytes,
    limits: Limits,
    payload_bytes: int,
    resume: bytes | None = None,
) -> Role[Received]:
    """Intersect `items` with the sender's set and get what belongs to the keys that both have.

    Args:
        items: the keys; normalised as the plan says.
        me: this side's place.
        sender: the other side's.
        context: digest of the plan, 32 bytes; equal on both sides.
        seed: 32 secret bytes, fresh for this attempt, durable before the first step.
        limits: what the plan allows.
        payload_bytes: width of a payload, 0 to 65,535; equal on both sides.
        resume: state of the checkpoint to go on from.

    Raises:
        TooManyRows, BucketOverflow: the set cannot take part.
        ForeignCheckpoint: `resume` is of another run.
        PeerError: the sender broke the protocol; the run is over.

    Leaks to the sender: the number of rows. Learns: the number of the sender's rows, and the output.
    Cost: a hash to the group and three multiplications an own row, a look-up a row of the sender.
    Spec: specs/psi-payload.md, semi-honest.
    """
    check_payload_bytes(payload_bytes)
    name = f"{PROTOCOL}/{VERSION} {payload_bytes}"
    run = Run(protocol=name, me=me, peer=sender, context=context, seed=seed, limits=limits, is_receiver=True)
    begun = yield from run.begin(items, resume)
    mask = ristretto.draw_secret(run.fork("mask"))
    own, theirs = (padded_size(rows, len(begun.buckets)) for rows in (begun.opened.own_rows, begun.opened.peer_rows))
    *keys, payloads, spoiled = begun.held or (b"", b"", b"", b"", b"")
    found = Received(Bucket(*keys), payloads, int.from_bytes(spoiled, "big"))
    try:
        for number in range(begun.done, len(begun.buckets)):
            bucket = begun.buckets.load(number)
            hidden = Hidden(bucket, own, run.fork(f"bucket {number}"), number=number)
            elements = yield from _evaluate(hidden, mask, sender, context)
            opened = _Opened(elements, hidden, sender, context, payload_bytes)
            for part in parts(theirs, records_per_frame(payload_bytes)):
                records = yield from receive_bulk(sender, record_bytes(payload_bytes) * len(part))
                opened.add(records)
                yield Progress(number * theirs + part.stop, len(begun.buckets) * theirs, "items")
            more = opened.finish(bucket)
            matched = join_buckets([found.keys, more.keys])
            found = Received(matched, found.payloads + more.payloads, found.spoiled + more.spoiled)
            count = found.spoiled.to_bytes(_COUNT_BYTES, "big")
            yield begun.checkpoint(number + 1, matched.digests, matched.ends, matched.rows, found.payloads, count)
    finally:
        begun.buckets.close()
    return found


def _evaluate(hidden: Hidden, mask: SecretScalar, sender: Party, context: bytes) -> Role[bytes]:
    """The sender's function at the hidden keys, packed. One frame is always under way, so both sides work at the same time."""

    def masked(part: range) -> Send:
        return Send(sender, Frame(hidden.mask(part, mask, key_domain(context))))

    undo, elements = mask.inverse(), bytearray()
    all_parts = parts(len(hidden), POINTS_PER_FRAME)
    for part, following in zip_longest(all_parts, all_parts[1:]):
        if part.start == 0:
            yield masked(part)
        if following is not None:
            yield masked(following)
        answer = yield from receive_bulk(sender, ELEMENT_BYTES * len(part))
        elements += multiply(bytes(answer), undo, party=sender, first=part.start)
    return bytes(elements)


class _Opened:
    """The payloads of one bucket so far."""

    def __init__(self, elements: bytes, hidden: Hidden, sender: Party, context: bytes, payload_bytes: int) -> None:
        tags = record_tags(elements, record_prefix(context))
        verify_distinct(tags, TAG_BYTES, party=sender)
        spelled = np.frombuffer(tags, f"S{TAG_BYTES}")
        self._by_tag = np.argsort(spelled)
        self._tags = spelled[self._by_tag]
        self._elements = np.frombuffer(elements, np.uint8).reshape(-1, ELEMENT_BYTES)
        self._hidden, self._sender, self._context, self._payload_bytes = hidden, sender, context, payload_bytes
        self._seen = bytearray()
        self._indices: list[np.ndarray] = []
        self._opened: list[np.ndarray] = []

    def add(self, records: bytes) -> None:
        """Open the records of this frame that are of own keys; the others cannot be, and are forgotten.

        Nothing here may fail by what a record of an own key holds: the sender would see which keys these are.
        """
        table = np.frombuffer(records, np.uint8).reshape(-1, record_bytes(self._payload_bytes))
        tags = table[:, :TAG_BYTES].tobytes()
        self._seen += tags
        if not len(self._tags):
            return
        spelled = np.frombuffer(tags, f"S{TAG_BYTES}")
        near = np.minimum(np.searchsorted(self._tags, spelled), len(self._tags) - 1)
        hits = np.flatnonzero(self._tags[near] == spelled)
        places = self._by_tag[near[hits]]
        sealed = table[hits, TAG_BYTES:].tobytes()
        opened = open_payloads(self._elements[places].tobytes(), record_prefix(self._context), sealed, self._payload_bytes)
        self._indices.append(self._hidden.order[places])
        self._opened.append(np.frombuffer(opened, np.uint8).reshape(len(hits), 1 + self._payload_bytes))

    def finish(self, bucket: Bucket) -> Received:
        """All of them, by key.

        Raises:
            RepeatedElement: the sender gave two records one tag.
        """
        verify_distinct(bytes(self._seen), TAG_BYTES, party=self._sender)
        if not self._indices:
            return Received(Bucket(b"", b"", b""), b"", 0)
        indices, opened = np.concatenate(self._indices), np.concatenate(self._opened)
        ascending = np.argsort(indices)
        ascending = ascending[indices[ascending] < self._hidden.keys]
        whole = ascending[opened[ascending, 0] == 1]
        return Received(select_keys(bucket, indices[whole]), opened[whole, 1:].tobytes(), len(ascending) - len(whole))
