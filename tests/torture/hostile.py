"""Input that nobody should send: transactions wrong in every way there is, and noise on every socket that is open to others."""

from __future__ import annotations

import base64
import os
import random
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from atoll.ledger.block import BlockSummary
from atoll.ledger.fault import ConsensusFault, FaultKind
from atoll.ledger.rules.dataset import RegisterDataset
from atoll.ledger.rules.membership import SetEndpoints
from atoll.ledger.transaction import MAX_TRANSACTION_BYTES, Transaction, seal_transaction
from atoll.testing.consortium import NEVER, Founding
from atoll.trust.keys import Purpose
from atoll.wire.message import Message, encode_message

RPC_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What CometBFT says of a transaction at its door."""

    code: int
    """0 if it was let in; -1 if it did not even get to the ledger."""
    log: str


class Door:
    """CometBFT's RPC of one validator, as somebody uses it who has no node of Atoll between."""

    def __init__(self, address: str) -> None:
        self._client = httpx.Client(base_url=f"http://{address}", timeout=RPC_SECONDS)

    def knock(self, data: bytes) -> Verdict:
        """Hand one transaction over, until it was looked at."""
        body = {"jsonrpc": "2.0", "id": 0, "method": "broadcast_tx_sync", "params": {"tx": base64.b64encode(data).decode()}}
        said = self._client.post("/", json=body).json()
        if "result" in said:
            return Verdict(said["result"]["code"], said["result"]["log"])
        return Verdict(-1, str(said["error"].get("data", "")))

    def pour(self, transactions: Sequence[bytes]) -> int:
        """Hand many over without waiting; how many were taken."""
        calls = [
            {"jsonrpc": "2.0", "id": at, "method": "broadcast_tx_async", "params": {"tx": base64.b64encode(data).decode()}}
            for at, data in enumerate(transactions)
        ]
        said: Any = self._client.post("/", json=calls).json()
        return sum("result" in one for one in (said if isinstance(said, list) else [said]))

    def raw(self, body: bytes) -> None:
        """Anything at all."""
        with suppress(httpx.HTTPError):
            self._client.post("/", content=body)

    def close(self) -> None:
        """Go away."""
        self._client.close()


def bad_transactions(founding: Founding, good: bytes, dice: random.Random, *, count: int) -> Iterator[tuple[str, bytes]]:
    """Kind and bytes of transactions that must be turned away; of some kinds one, of others `count`.

    Args:
        founding: the consortium.
        good: a transaction that is on the ledger.
        dice: for what is random.
        count: how many of each kind that there are many of.
    """
    body = RegisterDataset(dataset="client6/hostile/1", card_commitment=bytes(32), level=1)
    summary = BlockSummary(height=1, term=1, time=1, first=2, outcomes=b"", state_root=bytes(32))
    fault = ConsensusFault(kind=FaultKind.DUPLICATE_VOTE, address=bytes(20), height=1, time=1)
    yield "replayed", good
    yield "expired", founding.sign("client6", body, expiry_height=0)
    yield "stale nonce", founding.sign("client6", body, nonce=0)
    yield "foreign key", founding.sign("client6", body, key=founding.orgs["client5"].keys[Purpose.IDENTITY])
    yield "wrong chain", _sealed(founding, body, chain_id="test.example-elsewhere")
    yield "wrong genesis", _sealed(founding, body, digest=bytes(32))
    yield "no member", _sealed(founding, body, sender="nobody")
    yield "reads as a summary", encode_message(summary)
    yield "reads as a fault", encode_message(fault)
    yield "too large", good + bytes(MAX_TRANSACTION_BYTES)
    yield "much too large", dice.randbytes(900_000)
    yield "empty", b"\0"
    for depth in (17, 1_000, 60_000):
        yield "deep", b"\x81" * depth + b"\x80"
    for _ in range(count):
        yield "noise", dice.randbytes(dice.randrange(1, 400))
        yield "flipped", _flipped(good, dice)
        yield "cut off", good[: dice.randrange(1, len(good))]
        yield "longer", good + dice.randbytes(dice.randrange(1, 9))
        start, end = sorted((dice.randrange(len(good)), dice.randrange(len(good))))
        yield "rearranged", good[:start] + good[end:] + good[start:end] + b"\0"


def noise_on(address: str, dice: random.Random, *, connections: int) -> None:
    """Connect to a port that other members' nodes use, and talk nonsense."""
    host, _, port = address.rpartition(":")
    for _ in range(connections):
        with suppress(OSError), socket.create_connection((host, int(port)), timeout=1) as one:
            one.settimeout(0.05)
            one.sendall(dice.randbytes(dice.randrange(1, 5_000)))
            with suppress(OSError):
                one.recv(100)


def small_transactions(founding: Founding, org: str, count: int) -> list[bytes]:
    """Good ones that leave the state as large as it was: where a member is reached, said again and again."""
    body = SetEndpoints(peer=f"{org}.example:1", https="", consensus_peer=f"{founding.orgs[org].node_id}@")
    return [founding.sign(org, body) for _ in range(count)]


def resident_bytes(pids: Sequence[int]) -> int:
    """Memory of these processes together."""
    return sum(int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE") for pid in pids)


def paced(seconds: float, per_second: float, batch: int) -> Iterator[int]:
    """Numbers of batches, one whenever it is due, for so long; late ones come at once."""
    started = time.monotonic()
    for number in range(int(seconds * per_second / batch)):
        due = started + number * batch / per_second
        time.sleep(max(0.0, due - time.monotonic()))
        yield number


def _sealed(
    founding: Founding, body: Message, *, sender: str = "client6", chain_id: str | None = None, digest: bytes | None = None
) -> bytes:
    transaction = Transaction(sender=sender, nonce=10**6, expiry_height=NEVER, type=body.TAG, body=body.to_map())
    return seal_transaction(
        transaction,
        kid=f"{sender}/identity/1",
        sign=founding.orgs["client6"].keys[Purpose.IDENTITY].sign,
        chain_id=chain_id or founding.chain_id,
        genesis_digest=digest or founding.genesis_digest,
    )


def _flipped(data: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << dice.randrange(8)]) + data[at + 1 :]
