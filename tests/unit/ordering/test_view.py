"""Reading the agreed state: a record that was read before is not read again, and is never another's or an older one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from atoll.ledger.records import ForeignStamp, Key, Nonce, Record, record_key
from atoll.ordering import engine
from atoll.ordering.engine import MOST_RECENT, SHORT_BYTES, View
from atoll.wire.errors import MessageError
from atoll.wire.message import encode_message, parse_message


class Leaves:
    """A tree that is a mapping."""

    def __init__(self, *records: Record) -> None:
        self._leaves = {record_key(type(one), one.identifier()): encode_message(one) for one in records}

    def get(self, key: bytes) -> bytes | None:
        found = self._leaves.get(key)
        return None if found is None else bytes(bytearray(found))  # an object of its own, as from the real one

    def items(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        return ((key, value) for key, value in sorted(self._leaves.items()) if key.startswith(prefix))


def view(*records: Record) -> View:
    tree: Any = Leaves(*records)
    return View(height=1, time=1, log_size=1, log_root=bytes(32), agreed_at=1, tree=tree)


def test_a_record_is_read_once_and_anew_as_soon_as_it_has_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[bytes] = []

    def parse(data: bytes, kind: type[Record]) -> Record:
        reads.append(data)
        return parse_message(data, kind)

    monkeypatch.setattr(engine, "parse_message", parse)
    monkeypatch.setattr(engine, "_RECENT", {})
    before, after = Nonce(org="readers", last=1), Nonce(org="readers", last=2)
    for _ in range(3):
        assert view(before).get(Nonce, "readers") == before
        assert list(view(before).all(Nonce)) == [before]
    assert len(reads) == 1
    assert view(after).get(Nonce, "readers") == after
    assert view(before).get(Nonce, "readers") == before
    assert view().get(Nonce, "readers") is None


def test_what_was_read_as_one_kind_is_not_given_as_another() -> None:
    at = view(Nonce(org="readers", last=1))
    assert at.get(Nonce, "readers") is not None
    data = encode_message(Nonce(org="readers", last=1))
    with pytest.raises(MessageError):
        engine._read(data, Key)


def test_what_is_remembered_is_bounded_in_number_and_size() -> None:
    many = [Nonce(org="readers", last=last) for last in range(2 * MOST_RECENT)]
    for one in many:
        assert view(one).get(Nonce, "readers") == one
    assert len(engine._RECENT) <= MOST_RECENT
    assert max(map(len, engine._RECENT)) <= SHORT_BYTES


def test_a_long_record_is_not_remembered() -> None:
    long = ForeignStamp(fingerprint=bytes(32), bundle=bytes(SHORT_BYTES))
    assert view(long).get(ForeignStamp, long.identifier()) == long
    assert encode_message(long) not in engine._RECENT
