"""What both sides agree on, and everything that follows from it and from the announced sizes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Self

from atoll.primitives.commitment import COMMITMENT_BYTES
from atoll.primitives.vole_oprf import OUTPUT_BYTES, InstanceBytes, instance_bytes
from atoll.protocols.psi.cut import bucket_count, padded_size
from atoll.protocols.psi.state import Begun

PROTOCOL = "psi-rr22"
VERSION = 2

SEMI_HONEST, MALICIOUS = "semi-honest", "malicious"
FAST, LOW_COMMUNICATION = "fast", "low-communication"

GF128_BYTES = 16
"""A column of a store in the fast variant."""

STATISTICAL_BITS = 40
"""What may go wrong by chance, a set that cannot be encoded or a false match, does so in at most one run of 2^40."""

SUBFIELD_BITS = 64
"""The low-communication variant masks elements of a field of 2^64: each of the sender's keys that the receiver does not have
shows with probability 2^-64 (ePrint 2022/320 section 5), so a sender may bring 2^(64 - 40) = 2^24 rows."""

NEARBY_COUNTS = 64
"""Fewer buckets may have more columns together, by a few in a hundred, where each grows by a cluster: so many are looked at."""

MAX_CHECKPOINTS = 64
"""Most checkpoints of a run; each holds a bit for each key so far and a few hundred kilobytes."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The form of the protocol."""

    mode: str
    """SEMI_HONEST or MALICIOUS."""
    variant: str
    """FAST or LOW_COMMUNICATION; only the first can be MALICIOUS."""

    def __post_init__(self) -> None:
        if self.mode not in (SEMI_HONEST, MALICIOUS) or self.variant not in (FAST, LOW_COMMUNICATION):
            raise ValueError("a mode is semi-honest or malicious, a variant fast or low-communication")
        if self.is_malicious and self.is_subfield:
            raise ValueError("against malicious parties there is the fast variant alone")

    @property
    def is_malicious(self) -> bool:
        return self.mode == MALICIOUS

    @property
    def is_subfield(self) -> bool:
        return self.variant == LOW_COMMUNICATION


@dataclass(frozen=True, slots=True)
class Sizes:
    """Every size of a run. Both sides compute the same from the announced rows, so none of it is sent."""

    buckets: int
    receiver_keys: int
    """Keys and dummies of the receiver in each bucket."""
    sender_keys: int
    """Keys and dummies of the sender in each bucket."""
    tag_bytes: int
    failure_bits: int
    """A bucket's keys cannot be encoded with probability 2^-failure_bits."""
    instance: InstanceBytes

    @classmethod
    def of(cls, terms: Terms, *, buckets: int, receiver_rows: int, sender_rows: int) -> Self:
        """The sizes for these announced rows.

        Two different keys of a bucket have one tag by chance with 2^-(8 tag_bytes) a pair; over all pairs of all buckets that
        is at most 2^-STATISTICAL_BITS. Against malicious parties tags are whole: the proof reads a sender's keys off them.
        """
        receiver_keys, sender_keys = padded_size(receiver_rows, buckets), padded_size(sender_rows, buckets)
        pairs = buckets * receiver_keys * sender_keys
        tag_bytes = OUTPUT_BYTES if terms.is_malicious else -(-(STATISTICAL_BITS + max(pairs - 1, 0).bit_length()) // 8)
        failure_bits = STATISTICAL_BITS + (buckets - 1).bit_length()
        lengths = instance_bytes(
            receiver_keys, subfield=terms.is_subfield, malicious=terms.is_malicious, failure_bits=failure_bits
        )
        return cls(buckets, receiver_keys, sender_keys, min(tag_bytes, OUTPUT_BYTES), failure_bits, lengths)

    @classmethod
    def of_run(cls, begun: Begun, terms: Terms, *, is_receiver: bool) -> Self:
        """The sizes of a run that has been opened."""
        own, peer = begun.opened.own_rows, begun.opened.peer_rows
        rows = (own, peer) if is_receiver else (peer, own)
        return cls.of(terms, buckets=len(begun.buckets), receiver_rows=rows[0], sender_rows=rows[1])

    @property
    def is_empty(self) -> bool:
        """Whether one set is empty, and with it the intersection: nothing more is sent."""
        return not (self.receiver_keys and self.sender_keys)

    @property
    def tags_bytes(self) -> int:
        """Bytes of a bucket's tags."""
        return self.tag_bytes * self.sender_keys

    def heard_bytes(self, *, is_receiver: bool, is_malicious: bool) -> list[int]:
        """Lengths of what a side has heard of the next bucket at a checkpoint."""
        vole = self.instance.vole
        if not is_malicious:
            return [vole[1]] if is_receiver else [vole[0]]
        return [vole[1], COMMITMENT_BYTES, vole[3]] if is_receiver else [vole[0], vole[2]]

    def is_checkpoint_after(self, bucket: int) -> bool:
        """Whether both sides make a checkpoint when `bucket` is done: evenly spread, and always after the last."""
        every = -(-self.buckets // MAX_CHECKPOINTS)
        return (bucket + 1) % every == 0 or bucket + 1 == self.buckets


@cache
def covered_keys(*, receiver_rows: int, sender_rows: int, spare_bits: int = 0) -> int:
    """Most keys that a receiver can look up whatever it does: as many as its stores have columns, in any form of the protocol.

    About 1.37 for each announced row where sets are large. A store has at least 146 columns, so for a small set it is many
    times the announced rows.

    Args:
        receiver_rows, sender_rows: rows that each side announces at most; what is announced decides how many buckets there are.
        spare_bits: by how much less often a store may fail than here, in protocols that have more stores.
    """
    if not (receiver_rows and sender_rows):
        return 0
    most = bucket_count(receiver_rows, sender_rows)
    return max(_columns(receiver_rows, buckets, spare_bits) for buckets in range(max(1, most - NEARBY_COUNTS), most + 1))


def _columns(receiver_rows: int, buckets: int, spare_bits: int) -> int:
    """Columns of all stores of a receiver."""
    failure_bits = STATISTICAL_BITS + spare_bits + (buckets - 1).bit_length()
    lengths = instance_bytes(padded_size(receiver_rows, buckets), failure_bits=failure_bits)
    return buckets * lengths.masked // GF128_BYTES


def leakage(mode: str, *, receiver_rows: int, sender_rows: int) -> str:
    """What the result's label says.

    Args:
        mode: SEMI_HONEST or MALICIOUS.
        receiver_rows, sender_rows: rows that each side announced, or at most announces.
    """
    said = (
        "The receiver learns which of its keys the sender has, and the sender's announced rows; the sender learns the"
        " receiver's announced rows."
    )
    if mode == SEMI_HONEST:
        return f"{said} Semi-honest: a party that does not follow the protocol may learn more."
    covered = covered_keys(receiver_rows=receiver_rows, sender_rows=sender_rows)
    return (
        f"{said} Malicious: a cheating receiver may have encoded more keys than its {receiver_rows} announced rows; the exact"
        f" bound is open, and the proof covers up to {covered} keys."
    )
