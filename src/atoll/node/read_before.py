"""What reading an owner's source told before: a job on a table that was made of it then need not read it again.

Beside the tables (`atoll.storage.tables`), sealed as they are, stands for each of an owner's inputs how many rows with a key it
has, and as which file the source was read. While it is that file still, unchanged since, an input has its rows counted already,
and is read where a protocol asks for its keys; otherwise it is read, whole, and compared with its registration, as any other.

    key    = SHA-256("ATOLL-V01-READ-BEFORE" || CBOR [card's commitment, fingerprint, address, key columns, rules])
    record = CBOR [rows, [device, inode, bytes, modified, changed]]
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256

from atoll.errors import AtollError
from atoll.jobs.kind import Lasting
from atoll.ledger.plan import PlanInput
from atoll.node.order import LocalInput
from atoll.protocols.psi.items import Buckets, Items
from atoll.sources import SourceRoot, identify_source
from atoll.wire.cbor import decode, encode

_DOMAIN = b"ATOLL-V01-READ-BEFORE"


class ReadBefore:
    """The record of one input."""

    def __init__(self, planned: PlanInput, local: LocalInput, *, lasting: Lasting, root: SourceRoot) -> None:
        """
        Args:
            planned: its line of the plan.
            local: where it lies, and what reading it must give.
            lasting: where tables are kept.
            root: the node's data folders.

        Raises:
            SourceNotFound and others of `SourceRoot.open`: there is no such file.
        """
        version, key = lasting.versions[planned.dataset], [list(planned.key), list(planned.normalisation)]
        self._key = sha256(_DOMAIN + encode([version, local.fingerprint, local.address, *key])).digest()
        self._tables = lasting.tables
        self._address, self._root = local.address, root
        self._file = identify_source(local.address, root=root)

    def find_rows(self) -> int | None:
        """How many rows with a key the source has; None if it has not been read as it stands now."""
        record = self._tables.load(self._key)
        if record is None or self._file is None:
            return None
        rows, file = decode(record)
        return int(rows) if tuple(file) == self._file else None

    def keep(self, rows: int) -> None:
        """The source was read, and is what was registered.

        Nothing is kept if it may be another file by now, nor on a full disk: the next job reads it again.
        """
        with suppress(AtollError):
            if self._file is not None and identify_source(self._address, root=self._root) == self._file:
                self._tables.save(self._key, encode([rows, self._file]))


class CountedItems:
    """Keys that are read when they are asked for; how many rows have one is known before. See `Items`."""

    def __init__(self, rows: int, read: Callable[[], Items]) -> None:
        self._rows = rows
        self._read = read

    @property
    def rows(self) -> int:
        return self._rows

    def partition(self, salt: bytes, buckets: int) -> Buckets:
        """As `Items.partition`. Raises what reading the source raises."""
        return self._read().partition(salt, buckets)
