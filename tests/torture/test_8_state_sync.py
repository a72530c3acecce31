"""8. A newcomer takes a whole ledger over from chunks, and nothing that was damaged, swapped, cut or turned round.

The same between real nodes is in tests/contract/ordering/test_state_sync.py, which `make torture` runs along with this.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from atoll.ledger.block import Block
from atoll.ordering.cometbft.application import Application
from atoll.ordering.cometbft.protobuf import abci_pb2 as abci
from atoll.ordering.cometbft.restoring import Restoring
from atoll.ordering.cometbft.snapshots import FORMAT, Snapshots
from atoll.ordering.cometbft.store import CometStore
from atoll.ordering.offload import inline
from atoll.testing.consortium import FOUNDED, Founding
from atoll.testing.engines import memory_folder
from tests.torture.conftest import Tell
from tests.torture.scale import scale
from tests.unit.rules.lagoon import registration

SEED = 8
KEYS = scale(3_000, 100_000)
CHUNK_BYTES = scale(20_000, 1_000_000)
LIES = scale(12, 120)
JOIN_SECONDS = 60
A_DAY = 250
"""Registrations of one member; the ledger takes 256 a day."""
DAY_SECONDS = 86_400
OWNERS = ("bank", "bureau", "telecom", "auditor")
RETAINED = 10


def crowd(founding: Founding, day: int) -> Block:
    """A day's block of registrations."""
    bodies = [(org, registration(f"{org}/table-{day}-{number}/1")) for org in OWNERS for number in range(A_DAY)]
    transactions = tuple(founding.sign(org, body) for org, body in bodies)
    return Block(height=day, term=1, time=FOUNDED + day * DAY_SECONDS, transactions=transactions)


def opened(founding: Founding, path: Path) -> Application:
    store = CometStore(path)
    return Application(genesis_file=founding.genesis_file, store=store, offload=inline, retain_blocks=RETAINED)


async def fill(application: Application, founding: Founding) -> None:
    """Blocks until there are so many keys."""
    while len(application.ledger.tree) < KEYS:
        height = application.tip.consensus_height + 1
        block = crowd(founding, height)
        await application.finalize(height, block.time, block.transactions, ())
        assert await application.commit() == max(height - RETAINED + 1, 0), "CometBFT is told what it may forget"


Lie = Callable[[random.Random, Sequence[bytes], int], bytes]
LYING: dict[str, Lie] = {
    "a flipped bit": lambda dice, chunks, at: _flipped(chunks[at], dice),
    "another chunk": lambda _, chunks, at: chunks[at - 1] if len(chunks) > 1 else chunks[at][::-1],
    "turned round": lambda _, chunks, at: chunks[at][::-1],
    "cut short": lambda dice, chunks, at: chunks[at][: dice.randrange(len(chunks[at]))],
    "too long": lambda _, chunks, at: chunks[at] + b"\0",
    "nothing": lambda _, chunks, at: b"",
}


def _flipped(data: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(len(data))
    return data[:at] + bytes((data[at] ^ 1 << dice.randrange(8),)) + data[at + 1 :]


async def test_a_newcomer_joins_from_good_chunks_only(tmp_path: Path, tell: Tell) -> None:
    founding, dice = Founding(engine="cometbft"), random.Random(SEED)
    with memory_folder(tmp_path) as folder:
        source, newcomer = opened(founding, folder / "source"), opened(founding, folder / "newcomer")
        await fill(source, founding)
        snapshots = Snapshots(
            source, folder / "snapshots", interval_heights=source.tip.consensus_height, chunk_bytes=CHUNK_BYTES
        )
        snapshots.after_commit()
        await snapshots.settle()
        (snapshot,) = snapshots.all()
        chunks = [await snapshots.chunk(snapshot.height, FORMAT, index) for index in range(len(snapshot.digests))]
        restoring = Restoring(newcomer)
        offered = abci.Snapshot(
            height=snapshot.height,
            format=FORMAT,
            chunks=len(chunks),
            hash=snapshot.digest,
            metadata=snapshot.metadata,
        )
        started = time.monotonic()
        assert restoring.offer(offered, bytes(32)) == abci.ResponseOfferSnapshot.REJECT, "of another app hash"
        assert restoring.offer(offered, source.tip.app_hash) == abci.ResponseOfferSnapshot.ACCEPT
        refused = await tell_lies(restoring, chunks, dice)
        assert newcomer.tip.consensus_height == 0
        order = dice.sample(range(len(chunks)), len(chunks))
        for index in order:
            answer = await restoring.apply(index, chunks[index], "honest")
            assert answer.result == abci.ResponseApplySnapshotChunk.ACCEPT
        took = time.monotonic() - started
        assert newcomer.tip == source.tip and newcomer.ledger.tree.root == source.ledger.tree.root
        assert took < JOIN_SECONDS
        await asyncio.gather(source.close(), newcomer.close())
        again = opened(founding, folder / "newcomer")
        assert again.tip == source.tip, "what it took over is durable"
        await again.close()
    tell(keys=len(source.ledger.tree), chunks=len(chunks), bad_chunks_refused=refused, joined_after_seconds=round(took, 1))


async def tell_lies(restoring: Restoring, chunks: Sequence[bytes], dice: random.Random) -> int:
    """Bad chunks by a bad sender, each refused and asked for again, from somebody else; how many."""
    refused = 0
    for number in range(LIES):
        name = list(LYING)[number % len(LYING)]
        at = dice.randrange(len(chunks))
        answer = await restoring.apply(at, LYING[name](dice, chunks, at), "liar")
        assert answer.result == abci.ResponseApplySnapshotChunk.RETRY, name
        assert (list(answer.refetch_chunks), list(answer.reject_senders)) == ([at], ["liar"])
        refused += 1
    return refused
