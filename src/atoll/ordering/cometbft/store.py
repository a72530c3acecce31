"""One node's ledger under CometBFT on disk (`ordering/store.py`): block, records and where it stands in one transaction.

    heights  the engine's height of each block of the ledger, from the snapshot on where it began with one; the engine's other
             blocks hold no transactions
    tip      vow: where the ledger stands, written in the same transaction as what it stands for
    floor    vow: the engine's height of the snapshot that this store began with; what it did before is not known here

Opening it reads everything and compares it with the app hash in the tip, which CometBFT in turn compares with its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import ClassVar

from atoll.ledger.app_hash import AppState
from atoll.ledger.block import Block
from atoll.ledger.chain import Executed, Ledger
from atoll.ledger.genesis import first_state
from atoll.ordering.errors import ForeignStore, StoreCorrupt
from atoll.ordering.rebuild import rebuild
from atoll.ordering.store import LedgerStore
from atoll.wire.message import Count, Digest, Message, Time, encode_message, parse_message

FORMAT = 103
_LEDGER = "ledger"
_TIP = "tip"
_FLOOR = "floor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tip(Message):
    """Where a node's ledger stands."""

    TAG: ClassVar[str] = "cometbft-tip/2"

    consensus_height: Count
    """CometBFT's height of the last block that was committed, with transactions or without; 0 before the first."""
    height: Count
    """The ledger's height: how many of those blocks held transactions."""
    time: Time
    """Time of the ledger's last block."""
    app_hash: Digest
    """What stands for it in the header of the next height."""


class CometStore(LedgerStore):
    """See the module's docstring."""

    FORMAT: ClassVar[int] = FORMAT
    SCHEMA: ClassVar[str] = """
CREATE TABLE heights (height INTEGER PRIMARY KEY, consensus INTEGER NOT NULL UNIQUE);
"""
    _floor = 0

    def open_ledger(self, genesis_file: bytes) -> tuple[Ledger, Tip]:
        """Everything that was committed, found good; a new store is begun.

        Raises:
            BadGenesis: the genesis file itself is wrong.
            ForeignStore: of another ledger.
            StoreCorrupt: it does not add up.
            StoreFull: a new store cannot be begun.
        """
        ledger = Ledger(genesis_file)
        written = self.vow(_LEDGER)
        if written is None:
            with self.write():
                self.put_vow(_LEDGER, ledger.genesis_digest)
        elif written != ledger.genesis_digest:
            raise ForeignStore(path=self.path, reason="it belongs to another ledger")
        data = self.vow(_TIP)
        if data is None:
            if self.size_at(1) is not None:
                raise StoreCorrupt(path=self.path, reason="it does not say where it stands")
            return ledger, genesis_tip(ledger)
        tip = parse_message(data, Tip)
        self._floor = int.from_bytes(self.vow(_FLOOR) or b"", "big")
        if tip.height > 0:
            rebuild(self, ledger, tip.height)
        if app_state(ledger).app_hash != tip.app_hash or tip.time != ledger.time or self._last_height() != tip.height:
            raise StoreCorrupt(path=self.path, reason=f"it is not the state after block {tip.height}")
        return ledger, tip

    def commit(self, tip: Tip, ledger: Ledger, executed: Executed | None, *, inside: Callable[[], None]) -> None:
        """Make a block of CometBFT durable.

        Args:
            tip: where the ledger stands after it.
            ledger: before it.
            executed: what it does; None where it held no transactions.
            inside: called when all is written and nothing durable.

        Raises:
            StoreFull: the disk took it not; nothing of it is there.
        """
        with self.write():
            if executed is not None:
                if executed.block.height == 1:
                    self.put_records(first_state(ledger.genesis, ledger.genesis_digest).items())
                self.append(executed)
                self.put_records(executed.changes.items())
                self.tidy_records(len(executed.changes), executed.tree)
                self._put_height(executed.block.height, tip.consensus_height)
            self.put_vow(_TIP, encode_message(tip))
            inside()

    def take_over(self, tip: Tip, blocks: Iterable[tuple[Block, bytes]], records: Iterable[tuple[bytes, bytes]]) -> None:
        """Put a snapshot in place of what is there, in one durable transaction.

        Args:
            tip: where it stands.
            blocks: from height 1 on: the block, and its summary's bytes.
            records: the state.
        """
        floor = tip.consensus_height
        with self.write():
            for table in ("blocks", "transactions", "records", "heights"):
                self._db.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names
            for block, summary in blocks:
                self.append_bare(block, summary)
            self._put_height(tip.height, floor)
            self.put_records(records)
            self.put_vow(_FLOOR, floor.to_bytes(8, "big"))
            self.put_vow(_TIP, encode_message(tip))
        self._floor = floor

    def height_at(self, consensus_height: int) -> int | None:
        """The ledger's height after a block of CometBFT; 0 for the genesis, None for a block before the snapshot that this
        store began with."""
        if consensus_height < self._floor:
            return None
        with self.translated():
            row = self._reader.execute(
                "SELECT height FROM heights WHERE consensus <= ? ORDER BY consensus DESC LIMIT 1", (consensus_height,)
            ).fetchone()
        return 0 if row is None else int(row[0])

    def _put_height(self, height: int, consensus: int) -> None:
        self._db.execute("INSERT INTO heights VALUES (?, ?)", (height, consensus))

    def _last_height(self) -> int:
        """The newest there is, if there are all from the first block, or from the snapshot, on; -1 otherwise."""
        with self.translated():
            count, first, last = self._reader.execute(
                "SELECT count(*), coalesce(min(height), 1), coalesce(max(height), 0) FROM heights"
            ).fetchone()
        return int(last) if count == last - first + 1 and (first == 1 or self._floor) else -1


def genesis_tip(ledger: Ledger) -> Tip:
    """Where a ledger stands before CometBFT's first block."""
    return Tip(consensus_height=0, height=0, time=ledger.time, app_hash=app_state(ledger).app_hash)


def app_state(ledger: Ledger) -> AppState:
    """What the app hash of a ledger stands for."""
    return AppState(log_size=ledger.log.size, log_root=ledger.log.root(), state_root=ledger.tree.root)
