"""The sender: puts its key on the receiver's masked keys and shuffles them, so that the receiver can count and no more."""

from __future__ import annotations

from itertools import zip_longest

import numpy as np

from atoll.primitives import ristretto
from atoll.primitives.shuffle import permutation_packed
from atoll.primitives.tags import tags_packed
from atoll.protocols.bulk import receive_bulk
from atoll.protocols.dh.masked import ELEMENT_BYTES, Hidden, multiply, verify_distinct
from atoll.protocols.dh.params import POINTS_PER_FRAME, TAG_BYTES, parts
from atoll.protocols.psi.items import DIGEST_BYTES, Items
from atoll.protocols.psi.limits import Limits
from atoll.protocols.psi.state import Run
from atoll.protocols.psi_cardinality.dummies import draw_dummies
from atoll.protocols.psi_cardinality.params import PROTOCOL, TAG_DOMAIN, VERSION, Noise, key_domain
from atoll.protocols.role import Frame, Party, Progress, Role, Send


def sender(
    items: Items,
    *,
    me: Party,
    receiver: Party,
    context: bytes,
    seed: bytes,
    limits: Limits,
    noise: Noise | None = None,
    resume: bytes | None = None,
) -> Role[None]:
    """Let the receiver count the keys that both have.

    Args:
        items: the keys; equal ones count once.
        me: this side's place.
        receiver: the other side's.
        context: digest of the plan, 32 bytes; equal on both sides.
        seed: 32 secret bytes, fresh for this attempt, durable before the first step.
        limits: what the plan allows.
        noise: differential privacy of the count, as agreed; None for the exact count.
        resume: state of the checkpoint to go on from.

    Raises:
        TooManyRows: the set cannot take part.
        ForeignCheckpoint: `resume` is of another run.
        PeerError: the receiver broke the protocol; the run is over.

    Leaks to the receiver: the number of rows, the count. Learns: the number of the receiver's rows.
    Cost: a hash to the group and a multiplication an own row, a multiplication a row of the receiver.
    Spec: specs/psi-cardinality.md, semi-honest.
    """
    run = Run(
        protocol=f"{PROTOCOL}/{VERSION} {noise}",
        me=me,
        peer=receiver,
        context=context,
        seed=seed,
        limits=limits,
        is_whole=True,
    )
    begun = yield from run.begin(items, resume)
    opened, bucket = begun.opened, begun.buckets.load(0)
    begun.buckets.close()
    key = ristretto.draw_secret(run.fork("key"))
    beside = draw_dummies(noise, salt=opened.salt, context=context, entropy=run.fork("dummies"))
    answers = begun.held[0] if begun.done == 1 else b""
    if begun.done < 1:
        hidden = Hidden(bucket, opened.own_rows, run.fork("own"), beside=beside)
        elements = bytearray()
        theirs = opened.peer_rows + len(beside) // DIGEST_BYTES
        for own_part, their_part in zip_longest(parts(len(hidden), POINTS_PER_FRAME), parts(theirs, POINTS_PER_FRAME)):
            if own_part:
                own = hidden.mask(own_part, key, key_domain(context))
                yield Send(receiver, Frame(tags_packed(own, TAG_DOMAIN + context, TAG_BYTES)))
            if their_part:
                points = yield from receive_bulk(receiver, ELEMENT_BYTES * len(their_part))
                elements += multiply(bytes(points), key, party=receiver, first=their_part.start)
                yield Progress(their_part.stop, theirs, "items")
        # A key sent twice would be found again among the shuffled answers by coming twice.
        verify_distinct(bytes(elements), ELEMENT_BYTES, party=receiver)
        order = np.frombuffer(permutation_packed(run.fork("answers").bytes(32), theirs), "<u4")
        answers = np.frombuffer(elements, f"V{ELEMENT_BYTES}")[order].tobytes()
        yield begun.checkpoint(1, answers)
    if begun.done < 2:
        for part in parts(len(answers) // ELEMENT_BYTES, POINTS_PER_FRAME):
            yield Send(receiver, Frame(answers[ELEMENT_BYTES * part.start : ELEMENT_BYTES * part.stop]))
        yield begun.checkpoint(2)
