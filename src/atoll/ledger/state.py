"""The state: a map from raw keys to records, with an overlay for a block and a savepoint for a transaction.

Rules read and write records by class and identifier. Nothing here iterates: a rule names every record it touches, so its cost
and its effect can be read off it.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias, TypeVar

from atoll.ledger.records import Record, record_key
from atoll.primitives.smt import Tree
from atoll.wire.message import encode_message, parse_message

R = TypeVar("R", bound=Record)
_Name: TypeAlias = tuple[type[Record], str]
"""Class and identifier of a record."""
_UNREAD: Any = object()
"""Stands for a record that was not asked for yet."""


class Records(Mapping[bytes, bytes]):
    """A state tree as a mapping from raw keys to records' bytes; iteration is in the keys' order."""

    __slots__ = ("_tree",)

    def __init__(self, tree: Tree) -> None:
        self._tree = tree

    def __getitem__(self, key: bytes) -> bytes:
        value = self._tree.get(key)
        if value is None:
            raise KeyError(key)
        return value

    def get(self, key: bytes, default: Any = None) -> Any:
        value = self._tree.get(key)
        return default if value is None else value

    def __iter__(self) -> Iterator[bytes]:
        return (key for key, _ in self._tree.items())

    def __len__(self) -> int:
        return len(self._tree)


class State:
    """Records as of the last block, plus what the current block has written so far.

    The base must not change while the state lives: what was read once is kept, because every transaction reads the same few
    records again and again. A namespace belongs to one class of record.
    """

    __slots__ = ("_before", "_block", "_records", "_transaction")

    def __init__(self, base: Mapping[bytes, bytes]) -> None:
        self._block: dict[bytes, bytes] = {}
        self._transaction: dict[bytes, bytes] = {}
        self._records = _Known(base)
        self._before: dict[_Name, Any] = {}
        """What stood in the place of each record that the transaction has written."""

    def get(self, kind: type[R], identifier: str) -> R | None:
        """The record, or None where there is none."""
        return self._records[kind, identifier]  # type: ignore[return-value]  # under the name of a class stand its records

    def put(self, record: Record) -> None:
        """Write a record, in place of one of the same identifier."""
        identifier = record.identifier()
        name = (type(record), identifier)
        self._transaction[record_key(*name)] = encode_message(record)
        self._before.setdefault(name, self._records.get(name, _UNREAD))
        self._records[name] = record

    def keep(self) -> None:
        """The transaction succeeded: its writes become the block's."""
        self._block.update(self._transaction)
        self._transaction.clear()
        self._before.clear()

    def drop(self) -> None:
        """The transaction failed: forget its writes."""
        for name, record in self._before.items():
            if record is _UNREAD:
                del self._records[name]
            else:
                self._records[name] = record
        self._transaction.clear()
        self._before.clear()

    def changes(self) -> dict[bytes, bytes]:
        """What the block has written, in key order."""
        return {key: self._block[key] for key in sorted(self._block)}


class _Known(dict[_Name, Record | None]):
    """Records of base, block and transaction; one that was not asked for yet is looked up in the base."""

    __slots__ = ("_base",)

    def __init__(self, base: Mapping[bytes, bytes]) -> None:
        self._base = base

    def __missing__(self, name: _Name) -> Record | None:
        kind, identifier = name
        data = self._base.get(record_key(kind, identifier))
        record = self[name] = None if data is None else _parse(data, kind)  # type: ignore[arg-type]  # mypy issue 11469
        return record


@functools.lru_cache(maxsize=10_000)
def _parse(data: bytes, kind: type[Record]) -> Record:
    """Records never change, and most transactions read the same few: the ledger's own, their sender's and its key's."""
    return parse_message(data, kind)
