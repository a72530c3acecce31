"""What the tests of the application share: a consortium, an application on its store, what CometBFT asks it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from atoll.ledger.block import MAX_BLOCK_BYTES
from atoll.ledger.rules.dataset import RegisterDataset
from atoll.ledger.transaction import Transaction, seal_transaction
from atoll.ordering.cometbft.protobuf import abci_pb2 as abci
from atoll.testing.abci import Chain, Socket
from atoll.testing.abciserver import Running, serving
from atoll.testing.consortium import FOUNDED, NEVER, Founding
from atoll.trust.keys import Purpose
from atoll.wire.message import Message

Status = abci.ResponseProcessProposal
DOUBLE = abci.MisbehaviorType.DUPLICATE_VOTE


def found(*orgs: str) -> Founding:
    """A consortium on CometBFT."""
    return Founding((*(orgs or ("bank", "bureau", "telecom")), "operator"), engine="cometbft", sequencer="operator")


def dataset(number: int, org: str = "bank") -> RegisterDataset:
    """What a transaction registers."""
    return RegisterDataset(dataset=f"{org}/table-{number}/1", card_commitment=number.to_bytes(32), level=1)


def signed(
    founding: Founding,
    org: str,
    body: Message,
    nonce: int,
    *,
    expiry: int = NEVER,
    chain_id: str | None = None,
    digest: bytes | None = None,
    by: str | None = None,
) -> bytes:
    """A transaction in which anything may be wrong."""
    transaction = Transaction(sender=org, nonce=nonce, expiry_height=expiry, type=body.TAG, body=body.to_map())
    return seal_transaction(
        transaction,
        kid=f"{org}/identity/1",
        sign=founding.orgs[by or org].keys[Purpose.IDENTITY].sign,
        chain_id=chain_id or founding.chain_id,
        genesis_digest=digest or founding.genesis_digest,
    )


@contextlib.asynccontextmanager
async def chained(folder: Path, founding: Founding, **settings: int) -> AsyncIterator[tuple[Running, Chain]]:
    """An application with a chain that goes on from where it stands."""
    async with serving(folder, founding.genesis_file, **settings) as running, Socket.connected(running.path) as socket:
        chain = Chain(socket, FOUNDED + 10_000)
        await chain.begin(founding.genesis_file)
        chain.time += chain.height
        yield running, chain


async def prepare(chain: Chain, transactions: list[bytes], max_bytes: int = MAX_BLOCK_BYTES, faults: int = 0) -> list[bytes]:
    validator = abci.Validator(address=bytes(20), power=1)
    asked = abci.RequestPrepareProposal(
        txs=transactions,
        max_tx_bytes=max_bytes,
        height=1,
        misbehavior=[abci.Misbehavior(type=DOUBLE, validator=validator, height=1)] * faults,
    )
    return list((await chain.socket.call(abci.Request(prepare_proposal=asked))).prepare_proposal.txs)


async def process(chain: Chain, transactions: list[bytes]) -> int:
    asked = abci.RequestProcessProposal(txs=transactions, height=1)
    return (await chain.socket.call(abci.Request(process_proposal=asked))).process_proposal.status
