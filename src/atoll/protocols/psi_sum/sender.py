"""The sender: brings values under encryption, and helps to open the one sum that the receiver formed, without seeing it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from atoll.primitives import elgamal, ristretto
from atoll.primitives.elgamal import NUMBER_BYTES
from atoll.primitives.oprf import SecretScalars
from atoll.primitives.shuffle import permutation_packed
from atoll.primitives.tags import tags_packed
from atoll.protocols.bulk import receive_bulk
from atoll.protocols.dh.masked import ELEMENT_BYTES, Hidden, multiply, verify_distinct
from atoll.protocols.dh.params import POINTS_PER_FRAME, TAG_BYTES, parts
from atoll.protocols.psi.items import Bucket, Items
from atoll.protocols.psi.limits import Limits
from atoll.protocols.psi.rows import select_keys
from atoll.protocols.psi.state import Run
from atoll.protocols.psi_sum.errors import BadAggregate
from atoll.protocols.psi_sum.messages import Aggregate, Share, ValueKey
from atoll.protocols.psi_sum.params import ENTRIES_PER_FRAME, PROTOCOL, TAG_DOMAIN, VERSION, Terms, key_domain
from atoll.protocols.psi_sum.room import verify_room
from atoll.protocols.role import Frame, Party, Progress, Receive, Role, Send

ValuesOf: TypeAlias = Callable[[Bucket], bytes]
"""The values of some keys, 8 bytes each, two's complement, little-endian, in the order of the keys: for each the sum over
its rows. Asked for a frame's worth at a time, once for each key."""


def sender(
    items: Items,
    values: ValuesOf,
    *,
    me: Party,
    receiver: Party,
    context: bytes,
    seed: bytes,
    limits: Limits,
    terms: Terms,
    resume: bytes | None = None,
) -> Role[None]:
    """Let the receiver learn the sum of values over the keys that both have.

    Args:
        items: the keys; rows with equal keys belong to one key, whose value is theirs together.
        values: the values.
        me: this side's place.
        receiver: the other side's.
        context: digest of the plan, 32 bytes; equal on both sides.
        seed: 32 secret bytes, fresh for this attempt, durable before the first step.
        limits: what the plan allows.
        terms: width of sums and least count, as agreed.
        resume: state of the checkpoint to go on from.

    Raises:
        TooManyRows, TotalTooWide: the set cannot take part.
        ForeignCheckpoint: `resume` is of another run.
        PeerError: the receiver broke the protocol; the run is over.

    Leaks to the receiver: the number of rows, the count, the sum; in place of the sum, by the run's end, that values could add
    up to too much. Learns: the number of the receiver's rows.
    Cost: a hash to the group, a multiplication and two of the generator an own row, a multiplication a row of the receiver.
    Spec: specs/psi-sum.md, semi-honest.
    """
    run = Run(
        protocol=f"{PROTOCOL}/{VERSION} {terms}", me=me, peer=receiver, context=context, seed=seed, limits=limits, is_whole=True
    )
    begun = yield from run.begin(items, resume)
    opened, bucket = begun.opened, begun.buckets.load(0)
    begun.buckets.close()
    key = ristretto.draw_secret(run.fork("key"))
    value_key = SecretScalars.derive(run.fork("value key").bytes(32), 0, 1)
    answers = begun.held[0] if begun.done == 1 else b""
    if begun.done < 1:
        elements = bytearray()
        for part in parts(opened.peer_rows, POINTS_PER_FRAME):
            points = yield from receive_bulk(receiver, ELEMENT_BYTES * len(part))
            elements += multiply(bytes(points), key, party=receiver, first=part.start)
        # A key sent twice would be found again among the shuffled tags by coming twice.
        verify_distinct(bytes(elements), ELEMENT_BYTES, party=receiver)
        order = np.frombuffer(permutation_packed(run.fork("answers").bytes(32), opened.peer_rows), "<u4")
        tags = tags_packed(bytes(elements), TAG_DOMAIN + context, TAG_BYTES)
        answers = np.frombuffer(tags, f"V{TAG_BYTES}")[order].tobytes()
        yield begun.checkpoint(1, answers)
    if begun.done < 2:
        yield Send(receiver, ValueKey(public=elgamal.public_key(value_key)))
        for part in parts(opened.peer_rows, POINTS_PER_FRAME):
            yield Send(receiver, Frame(answers[TAG_BYTES * part.start : TAG_BYTES * part.stop]))
        hidden = Hidden(bucket, opened.own_rows, run.fork("own"))
        randomness = run.fork("value randomness").bytes(32)
        numbers = np.zeros(len(hidden), "<i8")
        for part in parts(len(hidden), ENTRIES_PER_FRAME):
            masked = hidden.mask(part, key, key_domain(context))
            numbers[part.start : part.stop] = _numbers(bucket, hidden, part, values)
            fresh = SecretScalars.derive(randomness, part.start, len(part))
            encrypted = elgamal.encrypt(numbers[part.start : part.stop].tobytes(), value_key, fresh)
            yield Send(receiver, Frame(_interleave(masked, encrypted, len(part))))
            yield Progress(part.stop, len(hidden), "items")
        verify_room(numbers, opened.peer_rows, terms)
        yield begun.checkpoint(2)
    if begun.done < 3:
        asked: Aggregate = yield Receive(receiver, Aggregate)
        if not ristretto.is_point(asked.blinded):
            raise BadAggregate(party=str(receiver))
        yield Send(receiver, Share(share=elgamal.decryption_share(asked.blinded, value_key)))
        yield begun.checkpoint(3)


def _numbers(bucket: Bucket, hidden: Hidden, part: range, values: ValuesOf) -> npt.NDArray[np.int64]:
    """The values of the keys at these places; zeros for dummies, which nobody matches."""
    indices = hidden.order[part.start : part.stop]
    is_key = indices < hidden.keys
    ascending = np.argsort(indices[is_key])
    given = values(select_keys(bucket, indices[is_key][ascending]))
    if len(given) != len(ascending) * NUMBER_BYTES:
        raise ValueError(f"{len(given)} bytes of values given for {len(ascending)} keys, {NUMBER_BYTES} each needed")
    numbers = np.zeros(len(indices), "<i8")
    numbers[np.flatnonzero(is_key)[ascending]] = np.frombuffer(given, "<i8")
    return numbers


def _interleave(masked: bytes, encrypted: bytes, count: int) -> bytes:
    columns = [np.frombuffer(packed, np.uint8).reshape(count, -1) for packed in (masked, encrypted)]
    return np.concatenate(columns, axis=1).tobytes()
