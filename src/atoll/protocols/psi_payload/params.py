"""What both sides must agree on before the first message, beside the row caps."""

from __future__ import annotations

from atoll.primitives.payload import SEAL_BYTES, TAG_BYTES
from atoll.protocols.dh.params import POINTS_PER_FRAME, hash_domain
from atoll.protocols.psi import state
from atoll.protocols.psi.items import DIGEST_BYTES, ROW_BYTES
from atoll.protocols.role import MAX_FRAME_BYTES

PROTOCOL = "psi-payload-ristretto255"
VERSION = 1

RECORD_DOMAIN = b"ATOLL-V01-PSI-PAYLOAD-RECORD"
"""Domain tag of the hash that turns an element into a record's tag and key; the context follows."""

MAX_PAYLOAD_BYTES = (1 << 16) - 1


def key_domain(context: bytes) -> bytes:
    """The domain tag under which keys are hashed to the group."""
    return hash_domain("PSI-PAYLOAD", context)


def record_prefix(context: bytes) -> bytes:
    """What precedes an element when its record's tag and key are derived."""
    return RECORD_DOMAIN + context


MAX_HELD_BYTES = state.MAX_HELD_BYTES - (1 << 20)
"""Room of a checkpoint for matches, names, sealing and the like left out."""


def state_bytes(receiver_rows: int, sender_rows: int, payload_bytes: int) -> int:
    """What a receiver's checkpoint holds at most: of each matched key its digest, end and payload, and its rows' numbers.

    >>> state_bytes(1000, 10, 64)
    4840
    """
    return min(receiver_rows, sender_rows) * (DIGEST_BYTES + ROW_BYTES + payload_bytes) + receiver_rows * ROW_BYTES


def record_bytes(payload_bytes: int) -> int:
    """Bytes of a record."""
    return TAG_BYTES + payload_bytes + SEAL_BYTES


def records_per_frame(payload_bytes: int) -> int:
    """As many records as fit into a frame, 1 to POINTS_PER_FRAME."""
    return min(POINTS_PER_FRAME, MAX_FRAME_BYTES // record_bytes(payload_bytes))


def check_payload_bytes(payload_bytes: int) -> None:
    if not 0 <= payload_bytes <= MAX_PAYLOAD_BYTES:
        raise ValueError(f"a payload has 0 to {MAX_PAYLOAD_BYTES} bytes")
