"""Transactions that no ledger takes, each with the number of its refusal."""

from __future__ import annotations

from collections.abc import Callable

from atoll.ledger.block import BlockSummary
from atoll.ledger.fault import ConsensusFault, FaultKind
from atoll.ledger.transaction import MAX_TRANSACTION_BYTES
from atoll.testing.consortium import FOUNDED, Founding
from atoll.trust.keys import Purpose
from atoll.trust.nodekeys import derive_address
from atoll.wire.message import encode_message
from tests.unit.ordering.cometbft.desk import dataset, signed


def summary_bytes() -> bytes:
    summary = BlockSummary(height=1, term=1, time=1, first=2, outcomes=b"", state_root=bytes(32))
    return encode_message(summary)


def fault_bytes(founding: Founding, org: str) -> bytes:
    address = derive_address(founding.orgs[org].public(Purpose.CONSENSUS))
    return encode_message(ConsensusFault(kind=FaultKind.DUPLICATE_VOTE, address=address, height=1, time=FOUNDED))


def flipped(data: bytes) -> bytes:
    """Its signature is another."""
    return data[:-1] + bytes([data[-1] ^ 1])


def by_stranger(founding: Founding) -> bytes:
    return signed(founding, "stranger", dataset(9), 1, by="bank")


BAD: dict[str, tuple[Callable[[Founding], bytes], int]] = {
    "nothing": (lambda founding: b"", 1),
    "no CBOR": (lambda founding: b"\xff" * 40, 1),
    "cut short": (lambda founding: signed(founding, "bank", dataset(9), 9)[:-1], 1),
    "one byte more": (lambda founding: signed(founding, "bank", dataset(9), 9) + b"\0", 1),
    "oversized": (lambda founding: bytes(MAX_TRANSACTION_BYTES + 1), 1),
    "as large as allowed": (lambda founding: bytes(MAX_TRANSACTION_BYTES), 1),
    "a block's summary": (lambda founding: summary_bytes(), 1),
    "a fault of somebody": (lambda founding: fault_bytes(founding, "telecom"), 1),
    "flipped signature": (lambda founding: flipped(signed(founding, "bank", dataset(9), 9)), 3),
    "another signer": (lambda founding: signed(founding, "bank", dataset(9), 9, by="bureau"), 3),
    "another chain": (lambda founding: signed(founding, "bank", dataset(9), 9, chain_id="test.example/other"), 3),
    "another genesis": (lambda founding: signed(founding, "bank", dataset(9), 9, digest=bytes(32)), 3),
    "replayed": (lambda founding: signed(founding, "bank", dataset(1), 1), 4),
    "stale nonce": (lambda founding: signed(founding, "bank", dataset(9), 1), 4),
    "expired": (lambda founding: signed(founding, "bank", dataset(9), 9, expiry=1), 5),
    "a stranger": (lambda founding: by_stranger(founding), 6),
}
