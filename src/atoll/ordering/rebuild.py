"""A ledger in memory from what a store holds, without carrying anything out again; everything is compared on the way."""

from __future__ import annotations

from atoll.ledger.chain import Ledger
from atoll.ledger.transaction import transaction_id
from atoll.ordering.errors import StoreCorrupt
from atoll.ordering.store import LedgerStore, StoredBlock
from atoll.primitives.merkle import leaf_hash


def rebuild(store: LedgerStore, ledger: Ledger, height: int) -> StoredBlock:
    """Bring a new ledger to the height whose records the store holds; the last block up to there.

    The log then holds exactly the entries of the blocks, every transaction is found where it stands, and the records give the
    state root of the last summary. Whoever calls compares the log's root with one that somebody signed.

    Raises:
        StoreCorrupt: blocks are missing, a transaction is said to stand elsewhere, or the records are not the state after the
            last.
    """
    leaves: list[bytes] = []
    size, reached, last = ledger.log.size, 0, None
    for stored in store.blocks(1, height):
        reached += 1
        found = (stored.block.height, stored.summary.height, stored.summary.first)
        if found != (reached, reached, size):
            raise StoreCorrupt(path=store.path, reason=f"block {reached} is missing")
        _verify_places(store, stored)
        leaves += [leaf_hash(one) for one in stored.entries]
        size += len(stored.entries)
        last = stored
    if last is None or reached != height:
        raise StoreCorrupt(path=store.path, reason="blocks are missing")
    ledger.restore(records=store.records(), height=height, time=last.block.time, leaves=leaves)
    if ledger.tree.root != last.summary.state_root:
        raise StoreCorrupt(path=store.path, reason=f"its records are not the state after block {height}")
    return last


def _verify_places(store: LedgerStore, stored: StoredBlock) -> None:
    """Every transaction of a block is found: here, or in an earlier place where the same bytes stood first."""
    for at, data in enumerate(stored.block.transactions):
        here = (stored.block.height, at)
        place = store.find_transaction(transaction_id(data))
        if place != here and not (place is not None and place < here and _stands_at(store, place, data)):
            raise StoreCorrupt(path=store.path, reason=f"a transaction of block {here[0]} is said to stand elsewhere")


def _stands_at(store: LedgerStore, place: tuple[int, int], data: bytes) -> bool:
    block = store.block(place[0])
    return block is not None and block.block.transactions[place[1] : place[1] + 1] == (data,)
