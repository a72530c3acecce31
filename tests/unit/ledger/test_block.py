"""Blocks on the wire: one encoding, bounded, and nothing in them that could be taken for something else."""

from __future__ import annotations

from typing import Any

import pytest

from atoll.errors import AtollError
from atoll.ledger.block import MAX_BLOCK_TRANSACTIONS, Block, BlockSummary, parse_block, reads_as_summary
from atoll.ledger.transaction import MAX_TRANSACTION_BYTES
from atoll.wire.cbor import encode
from atoll.wire.message import encode_message

BLOCK = Block(height=7, term=2, time=1_780_000_000, transactions=(b"one", b"two"))


def test_a_block_has_one_encoding_and_a_digest_of_it() -> None:
    assert parse_block(BLOCK.encode()) == BLOCK
    assert parse_block(BLOCK.encode()).digest() == BLOCK.digest()
    assert Block(height=7, term=2, time=1_780_000_000, transactions=(b"two", b"one")).digest() != BLOCK.digest()


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (0, "block/2"),
        (1, -1),
        (1, 2**53),
        (1, True),
        (1, "7"),
        (2, 0),
        (2, True),
        (2, 2**31),
        (3, -1),
        (3, 2**40),
        (3, None),
        (4, b"one"),
        (4, ["one"]),
        (4, [b""]),
        (4, [bytes(MAX_TRANSACTION_BYTES + 1)]),
        (4, [b"x"] * (MAX_BLOCK_TRANSACTIONS + 1)),
    ],
)
def test_a_field_out_of_bounds_is_refused(at: int, value: Any) -> None:
    fields: list[Any] = ["block/1", 7, 2, 1_780_000_000, [b"one"]]
    parse_block(encode(fields))
    fields[at] = value
    with pytest.raises(AtollError):
        parse_block(encode(fields, max_bytes=1 << 20))


@pytest.mark.parametrize("fields", [[], ["block/1", 7, 2, 1], ["block/1", 7, 2, 1, [], 0], {"block/1": 7}, 7])
def test_another_shape_is_no_block(fields: Any) -> None:
    with pytest.raises(AtollError):
        parse_block(encode(fields))


def test_bytes_after_the_block_are_refused() -> None:
    with pytest.raises(AtollError):
        parse_block(BLOCK.encode() + b"\x00")


def test_the_largest_transactions_fit_a_log_entry() -> None:
    whole = Block(height=1, term=1, time=1, transactions=(bytes(MAX_TRANSACTION_BYTES),) * 60)
    assert parse_block(whole.encode()) == whole
    assert MAX_TRANSACTION_BYTES <= 65_535


def test_a_summary_says_what_became_of_each_transaction() -> None:
    summary = BlockSummary(height=7, term=2, time=1, first=40, outcomes=bytes([0, 8, 0]), state_root=bytes(32))
    assert [summary.outcome_of(index) for index in range(39, 44)] == [None, 0, 8, 0, None]
    assert reads_as_summary(encode_message(summary))
    assert not reads_as_summary(BLOCK.encode())
