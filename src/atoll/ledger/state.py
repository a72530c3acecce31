"""The state: a map from raw keys to records, with an overlay for a block and a savepoint for a transaction.

Rules read and write records by class and identifier. Nothing here iterates: a rule names every record it touches, so its cost
and its effect can be read off it.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TypeVar

from atoll.ledger.records import Record, record_key
from atoll.wire.message import encode_message, parse_message

R = TypeVar("R", bound=Record)


class State:
    """Records as of the last block, plus what the current block has written so far."""

    def __init__(self, base: Mapping[bytes, bytes]) -> None:
        self._base = base
        self._block: dict[bytes, bytes] = {}
        self._transaction: dict[bytes, bytes] = {}

    def get(self, kind: type[R], identifier: str) -> R | None:
        """The record, or None where there is none."""
        key = record_key(kind, identifier)
        data = self._transaction.get(key) or self._block.get(key) or self._base.get(key)
        if data is None:
            return None
        record = _parse(data, kind)  # type: ignore[arg-type]  # mypy takes a class for unhashable (its issue 11469)
        assert isinstance(record, kind), "it was parsed as this kind"
        return record

    def put(self, record: Record) -> None:
        """Write a record, in place of one of the same identifier."""
        self._transaction[record.key()] = encode_message(record)

    def keep(self) -> None:
        """The transaction succeeded: its writes become the block's."""
        self._block.update(self._transaction)
        self._transaction.clear()

    def drop(self) -> None:
        """The transaction failed: forget its writes."""
        self._transaction.clear()

    def changes(self) -> dict[bytes, bytes]:
        """What the block has written, in key order."""
        return {key: self._block[key] for key in sorted(self._block)}


@functools.lru_cache(maxsize=10_000)
def _parse(data: bytes, kind: type[Record]) -> Record:
    """Records never change, and most transactions read the same few: the ledger's own, their sender's and its key's."""
    return parse_message(data, kind)
