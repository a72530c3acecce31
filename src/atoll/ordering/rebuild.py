"""A ledger in memory from what a store holds, without carrying anything out again; everything is compared on the way."""

from __future__ import annotations

from atoll.ledger.chain import Ledger
from atoll.ordering.errors import StoreCorrupt
from atoll.ordering.store import LedgerStore, StoredBlock
from atoll.primitives.merkle import leaf_hash


def rebuild(store: LedgerStore, ledger: Ledger, height: int) -> StoredBlock:
    """Bring a new ledger to the height whose records the store holds; the last block up to there.

    The log then holds exactly the entries of the blocks, and the records give the state root of the last summary. Whoever calls
    compares the log's root with one that somebody signed.

    Raises:
        StoreCorrupt: blocks are missing, or the records are not the state after the last.
    """
    leaves: list[bytes] = []
    size, reached, last = ledger.log.size, 0, None
    for stored in store.blocks(1, height):
        reached += 1
        found = (stored.block.height, stored.summary.height, stored.summary.first)
        if found != (reached, reached, size):
            raise StoreCorrupt(path=store.path, reason=f"block {reached} is missing")
        leaves += [leaf_hash(one) for one in stored.entries]
        size += len(stored.entries)
        last = stored
    if last is None or reached != height:
        raise StoreCorrupt(path=store.path, reason="blocks are missing")
    ledger.restore(records=store.records(), height=height, time=last.block.time, leaves=leaves)
    if ledger.tree.root != last.summary.state_root:
        raise StoreCorrupt(path=store.path, reason=f"its records are not the state after block {height}")
    return last
