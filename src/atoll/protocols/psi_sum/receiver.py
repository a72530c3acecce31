"""The receiver: adds up the encrypted values of the keys that both have, and opens the sum with the sender's help."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from atoll.primitives import elgamal, ristretto
from atoll.primitives.errors import PointError
from atoll.primitives.oprf import SecretScalars
from atoll.primitives.ristretto import SecretScalar
from atoll.primitives.tags import match_tags, tags_packed
from atoll.protocols.bulk import receive_bulk
from atoll.protocols.dh.masked import ELEMENT_BYTES, Hidden, multiply, verify_distinct
from atoll.protocols.dh.params import POINTS_PER_FRAME, TAG_BYTES, parts
from atoll.protocols.psi.errors import BadElement
from atoll.protocols.psi.items import ROW_BYTES, Items
from atoll.protocols.psi.limits import Limits
from atoll.protocols.psi.state import Run
from atoll.protocols.psi_sum.errors import BadPublicKey, BadShare
from atoll.protocols.psi_sum.messages import Aggregate, Share, ValueKey
from atoll.protocols.psi_sum.params import ENTRIES_PER_FRAME, ENTRY_BYTES, PROTOCOL, TAG_DOMAIN, VERSION, Terms, key_domain
from atoll.protocols.role import Flush, Frame, Party, Progress, Receive, Role, Send

_COUNT_BYTES = 8
_TOTAL_BYTES = 8


@dataclass(frozen=True, slots=True)
class Sum:
    """What the receiver learns."""

    keys: int
    """Distinct keys that both have."""
    total: int | None
    """The sum of the sender's values over them; None when fewer match than agreed, or when it is spoiled."""
    spoiled: bool = False
    """Whether it cannot be read, which is the sender's fault. The sender must not hear of it: it may have spoiled the value of
    one key, and would learn whether the receiver has that."""


def receiver(
    items: Items,
    *,
    me: Party,
    sender: Party,
    context: bytes,
    seed: bytes,
    limits: Limits,
    terms: Terms,
    resume: bytes | None = None,
) -> Role[Sum]:
    """Learn the sum of the sender's values over the keys that both have, and how many they are.

    Args:
        items: the keys; equal ones count once.
        me: this side's place.
        sender: the other side's.
        context: digest of the plan, 32 bytes; equal on both sides.
        seed: 32 secret bytes, fresh for this attempt, durable before the first step.
        limits: what the plan allows.
        terms: width of sums and least count, as agreed.
        resume: state of the checkpoint to go on from.

    Raises:
        TooManyRows: the set cannot take part.
        ForeignCheckpoint: `resume` is of another run.
        PeerError: the sender broke the protocol; the run is over.

    Leaks to the sender: the number of rows. Learns: the number of the sender's rows, the count, the sum unless it is withheld.
    Cost: a hash to the group and a multiplication an own row; a multiplication and two decodings a row of the sender; a search
    (`elgamal.open_sum`).
    Spec: specs/psi-sum.md, semi-honest.
    """
    run = Run(
        protocol=f"{PROTOCOL}/{VERSION} {terms}", me=me, peer=sender, context=context, seed=seed, limits=limits, is_whole=True
    )
    begun = yield from run.begin(items, resume)
    opened, bucket = begun.opened, begun.buckets.load(0)
    begun.buckets.close()
    mask = ristretto.draw_secret(run.fork("mask"))
    if begun.done < 1:
        hidden = Hidden(bucket, opened.own_rows, run.fork("own"))
        for part in parts(len(hidden), POINTS_PER_FRAME):
            yield Send(sender, Frame(hidden.mask(part, mask, key_domain(context))))
            yield Flush()  # the sender multiplies these while the next are masked
        yield begun.checkpoint(1)
    public, total, counted = b"", b"", b""
    if begun.done < 2:
        announced: ValueKey = yield Receive(sender, ValueKey)
        public = announced.public
        if not ristretto.is_point(public):
            raise BadPublicKey(party=str(sender))
        answers = bytearray()
        for part in parts(opened.own_rows, POINTS_PER_FRAME):
            answers += yield from receive_bulk(sender, TAG_BYTES * len(part))
        verify_distinct(bytes(answers), TAG_BYTES, party=sender)
        entries = _Entries(bytes(answers), mask, context, sender)
        for part in parts(opened.peer_rows, ENTRIES_PER_FRAME):
            frame = yield from receive_bulk(sender, ENTRY_BYTES * len(part))
            entries.add(frame, first=part.start)
            yield Progress(part.stop, opened.peer_rows, "items")
        total, count = entries.finish()
        counted = count.to_bytes(_COUNT_BYTES, "big")
        yield begun.checkpoint(2, public, total, counted)
    elif begun.done == 2:
        public, total, counted = begun.held
    if begun.done < 3:
        count = int.from_bytes(counted, "big")
        # The sender sees the same whatever the count is: of too few keys not the sum is opened, but that of none.
        is_told = count >= terms.min_count
        asked = total if is_told else elgamal.zero()
        blinding = SecretScalars.derive(run.fork("blinding").bytes(32), 0, 1)
        yield Send(sender, Aggregate(blinded=elgamal.blind(asked, blinding)))
        answer: Share = yield Receive(sender, Share)
        if not ristretto.is_point(answer.share):
            raise BadShare(party=str(sender))
        number = elgamal.open_sum(asked, public, answer.share, blinding, terms.bound)
        held = _pack(Sum(count, number if is_told else None, spoiled=is_told and number is None))
        yield begun.checkpoint(3, *held)
    else:
        held = begun.held
    return _unpack(*held)


class _Entries:
    """The sender's entries so far: how many are matched, and the encrypted sum of those."""

    def __init__(self, answers: bytes, mask: SecretScalar, context: bytes, sender: Party) -> None:
        self._answers, self._mask, self._context, self._sender = answers, mask, context, sender
        self._total = elgamal.zero()
        self._matched = bytearray()
        self._seen = bytearray()

    def add(self, frame: bytes, *, first: int) -> None:
        """Take up one frame; all of it is checked, so that a refusal does not depend on what matches."""
        table = np.frombuffer(frame, np.uint8).reshape(-1, ENTRY_BYTES)
        points = table[:, :ELEMENT_BYTES].tobytes()
        elements = multiply(points, self._mask, party=self._sender, first=first)
        tags = tags_packed(elements, TAG_DOMAIN + self._context, TAG_BYTES)
        self._seen += tags
        places = match_tags(tags, self._answers, TAG_BYTES)
        self._matched += places
        try:
            self._total = elgamal.add_up(self._total, table[:, ELEMENT_BYTES:].tobytes(), places)
        except PointError as err:
            position = first + err.index // (elgamal.CIPHERTEXT_BYTES // ELEMENT_BYTES)
            raise BadElement(party=str(self._sender), position=position) from err

    def finish(self) -> tuple[bytes, int]:
        """The encrypted sum and the count.

        Raises:
            RepeatedElement: the sender sent a key twice, so that its value would count twice.
        """
        verify_distinct(bytes(self._seen), TAG_BYTES, party=self._sender)
        return self._total, len(self._matched) // ROW_BYTES


def _pack(found: Sum) -> tuple[bytes, ...]:
    """For a checkpoint, which is as long whatever was found."""
    total = (found.total or 0).to_bytes(_TOTAL_BYTES, "big", signed=True)
    return found.keys.to_bytes(_COUNT_BYTES, "big"), total, bytes([found.total is not None, found.spoiled])


def _unpack(keys: bytes, total: bytes, flags: bytes) -> Sum:
    is_told, spoiled = map(bool, flags)
    return Sum(int.from_bytes(keys, "big"), int.from_bytes(total, "big", signed=True) if is_told else None, spoiled)
