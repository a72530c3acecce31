"""The receiver: adds up the encrypted values of the keys that both have, and has the sum decrypted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from atoll.primitives import elgamal, ristretto
from atoll.primitives.errors import PointError
from atoll.primitives.oprf import SecretScalars
from atoll.primitives.ristretto import POINT_BYTES, SecretScalar
from atoll.primitives.tags import match_tags, tags_packed
from atoll.protocols.bulk import receive_bulk
from atoll.protocols.dh.masked import ELEMENT_BYTES, Hidden, multiply, verify_distinct
from atoll.protocols.dh.params import POINTS_PER_FRAME, TAG_BYTES, parts
from atoll.protocols.psi.errors import BadElement
from atoll.protocols.psi.items import ROW_BYTES, Items
from atoll.protocols.psi.limits import Limits
from atoll.protocols.psi.state import Run
from atoll.protocols.psi_sum.errors import BadPublicKeys, BadSum
from atoll.protocols.psi_sum.messages import TOTAL_BYTES, Aggregate, Total, ValueKeys
from atoll.protocols.psi_sum.params import PROTOCOL, TAG_DOMAIN, VERSION, Terms, key_domain
from atoll.protocols.role import Frame, Party, Progress, Receive, Role, Send

_COUNT_BYTES = 8


@dataclass(frozen=True, slots=True)
class Sum:
    """What the receiver learns."""

    keys: int
    """Distinct keys that both have."""
    total: int | None
    """The sum of the sender's values over them; None when fewer match than agreed."""


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
        terms: width of values and least count, as agreed.
        resume: state of the checkpoint to go on from.

    Raises:
        TooManyRows: the set cannot take part.
        ForeignCheckpoint: `resume` is of another run.
        PeerError: the sender broke the protocol; the run is over.

    Leaks to the sender: the number of rows; the count and the sum, unless it is withheld. Learns: the number of the sender's
    rows, the count, the sum unless it is withheld.
    Cost: a hash to the group and a multiplication an own row; a multiplication and 2 to 5 decodings a row of the sender.
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
        yield begun.checkpoint(1)
    publics, total, count = b"", b"", 0
    if begun.done < 2:
        announced: ValueKeys = yield Receive(sender, ValueKeys)
        publics = _check_publics(announced.publics, terms, sender)
        answers = bytearray()
        for part in parts(opened.own_rows, POINTS_PER_FRAME):
            answers += yield from receive_bulk(sender, TAG_BYTES * len(part))
        verify_distinct(bytes(answers), TAG_BYTES, party=sender)
        entries = _Entries(bytes(answers), mask, context, terms, sender)
        for part in parts(opened.peer_rows, terms.entries_per_frame):
            frame = yield from receive_bulk(sender, terms.entry_bytes * len(part))
            entries.add(frame, first=part.start)
            yield Progress(part.stop, opened.peer_rows, "items")
        total, count = entries.finish()
        yield begun.checkpoint(2, publics, total, count.to_bytes(_COUNT_BYTES, "big"))
    elif begun.done == 2:
        publics, total, counted = begun.held
        count = int.from_bytes(counted, "big")
    if begun.done < 3:
        is_told = count >= terms.min_count
        fresh = SecretScalars.derive(run.fork("refresh").bytes(32), 0, 1)
        ciphertext = elgamal.refresh(total, publics, fresh) if is_told else b""
        yield Send(sender, Aggregate(count=count if is_told else 0, ciphertext=ciphertext))
        answer: Total = yield Receive(sender, Total)
        _verify_total(answer.total, count if is_told else 0, terms, sender)
        held = (count.to_bytes(_COUNT_BYTES, "big"), answer.total)
        yield begun.checkpoint(3, *held)
    else:
        held = (begun.held[0], begun.held[1])
    return Sum(int.from_bytes(held[0], "big"), int.from_bytes(held[1], "big", signed=True) if held[1] else None)


class _Entries:
    """The sender's entries so far: how many are matched, and the encrypted sum of those."""

    def __init__(self, answers: bytes, mask: SecretScalar, context: bytes, terms: Terms, sender: Party) -> None:
        self._answers, self._mask, self._context, self._terms, self._sender = answers, mask, context, terms, sender
        self._total = elgamal.zero(terms.limbs)
        self._matched = bytearray()
        self._seen = bytearray()

    def add(self, frame: bytes, *, first: int) -> None:
        """Take up one frame; all of it is checked, so that a refusal does not depend on what matches."""
        table = np.frombuffer(frame, np.uint8).reshape(-1, self._terms.entry_bytes)
        points = table[:, :ELEMENT_BYTES].tobytes()
        elements = multiply(points, self._mask, party=self._sender, first=first)
        tags = tags_packed(elements, TAG_DOMAIN + self._context, TAG_BYTES)
        self._seen += tags
        places = match_tags(tags, self._answers, TAG_BYTES)
        self._matched += places
        try:
            self._total = elgamal.add_up(self._total, table[:, ELEMENT_BYTES:].tobytes(), places)
        except PointError as err:
            position = first + err.index // (self._terms.limbs + 1)
            raise BadElement(party=str(self._sender), position=position) from err

    def finish(self) -> tuple[bytes, int]:
        """The encrypted sum and the count.

        Raises:
            RepeatedElement: the sender sent a key twice, so that its value would count twice.
        """
        verify_distinct(bytes(self._seen), TAG_BYTES, party=self._sender)
        return self._total, len(self._matched) // ROW_BYTES


def _check_publics(publics: bytes, terms: Terms, sender: Party) -> bytes:
    elements = [publics[at : at + POINT_BYTES] for at in range(0, len(publics), POINT_BYTES)]
    if len(elements) != terms.limbs or not all(map(ristretto.is_point, elements)):
        raise BadPublicKeys(party=str(sender))
    return publics


def _verify_total(told: bytes, count: int, terms: Terms, sender: Party) -> None:
    """Whether the sender told a sum of `count` values; of none, nothing."""
    if len(told) != (TOTAL_BYTES if count else 0):
        raise BadSum(party=str(sender), reason=f"it has {len(told)} bytes")
    if not -count * terms.offset <= int.from_bytes(told, "big", signed=True) <= count * (terms.offset - 1):
        raise BadSum(party=str(sender), reason=f"it is not one of {count} values of {terms.value_bits} bits")
