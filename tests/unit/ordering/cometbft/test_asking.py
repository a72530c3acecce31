"""CheckTx as it is read here, beside what protobuf reads."""

from __future__ import annotations

import random
from typing import Any, cast

import pytest

from atoll.ledger.transaction import transaction_id
from atoll.ordering.cometbft.asking import read_check
from atoll.ordering.cometbft.protobuf import abci_pb2 as abci

SIZES = [1, 2, 3, 4, *range(118, 134), 405, *range(16_370, 16_392), 65_000]


@pytest.mark.parametrize("again", [False, True], ids=["new", "again"])
@pytest.mark.parametrize("size", SIZES)
def test_what_cometbft_asks_is_read_without_protobuf(size: int, again: bool) -> None:
    data = random.Random(size).randbytes(size)
    found = read_check(request(data, int(again)))
    assert found is not None
    assert found == (data, transaction_id(data), again)


def test_whatever_is_read_protobuf_reads_alike() -> None:
    """Bytes of a request changed, added and taken away: what is taken for a CheckTx is one, of the same transaction."""
    chance, taken = random.Random(1), 0
    for _ in range(20_000):
        message = bytearray(request(chance.randbytes(chance.choice([1, 2, 125, 126, 130])), chance.choice([0, 1, 1, 2])))
        for _ in range(chance.randrange(3)):
            at = chance.randrange(len(message)) if chance.random() < 0.3 else chance.randrange(min(len(message), 8))
            match chance.randrange(3):
                case 0:
                    message[at] ^= 1 << chance.randrange(8)
                case 1:
                    message.insert(at, chance.randrange(256))
                case 2 if len(message) > 1:
                    del message[at]
        found = read_check(bytes(message))
        if found is not None:
            taken += 1
            read = abci.Request.FromString(bytes(message))
            assert (read.check_tx.tx, read.check_tx.type == abci.CheckTxType.RECHECK) == (found.data, found.again)
            assert read.SerializeToString() == message
    assert taken > 1000


@pytest.mark.parametrize(
    "other",
    [
        abci.Request(flush=abci.RequestFlush()),
        abci.Request(check_tx=abci.RequestCheckTx()),
        abci.Request(check_tx=abci.RequestCheckTx(type=abci.CheckTxType.RECHECK)),
        abci.Request(check_tx=abci.RequestCheckTx(tx=b"one", type=cast("Any", 2))),
        abci.Request(query=abci.RequestQuery(data=b"one")),
    ],
    ids=["flush", "empty", "empty again", "unknown type", "query"],
)
def test_everything_else_is_left_to_protobuf(other: abci.Request) -> None:
    assert read_check(other.SerializeToString()) is None
    assert read_check(b"") is None


def request(data: bytes, kind: int) -> bytes:
    return bytes(abci.Request(check_tx=abci.RequestCheckTx(tx=data, type=cast("Any", kind))).SerializeToString())
