"""A state gives what was written last, forgets what a refused transaction wrote, and asks its base once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from atoll.ledger.records import Budget, Nonce, Record
from atoll.ledger.state import State
from atoll.wire.message import encode_message


class _Base(Mapping[bytes, bytes]):
    """Counts how often each key is asked for."""

    def __init__(self, *records: Record) -> None:
        self._records = {one.key(): encode_message(one) for one in records}
        self.asked: list[bytes] = []

    def __getitem__(self, key: bytes) -> bytes:
        self.asked.append(key)
        return self._records[key]

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._records)

    def __len__(self) -> int:
        return len(self._records)


def _nonce(last: int, org: str = "bank") -> Nonce:
    return Nonce(org=org, last=last)


def test_the_base_is_asked_once_whether_there_is_a_record_or_not() -> None:
    base = _Base(_nonce(1))
    state = State(base)
    for _ in range(3):
        assert (state.get(Nonce, "bank"), state.get(Nonce, "bureau")) == (_nonce(1), None)
    assert base.asked == [_nonce(1).key(), _nonce(1, "bureau").key()]


def test_a_record_that_is_written_is_not_looked_up_first() -> None:
    base = _Base(_nonce(1))
    state = State(base)
    state.put(_nonce(2))
    assert state.get(Nonce, "bank") == _nonce(2)
    assert base.asked == []


def test_a_dropped_transaction_leaves_what_was_there_before_it_however_often_it_wrote() -> None:
    for seen_before in (True, False):
        state = State(_Base(_nonce(1)))
        if seen_before:
            state.get(Nonce, "bank")
            state.get(Nonce, "bureau")
        for last in (2, 3):
            state.put(_nonce(last))
            state.put(_nonce(last, "bureau"))
        state.drop()
        assert (state.get(Nonce, "bank"), state.get(Nonce, "bureau")) == (_nonce(1), None)
        assert state.changes() == {}


def test_a_dropped_transaction_leaves_what_the_block_wrote() -> None:
    state = State({})
    state.put(_nonce(5))
    state.keep()
    state.put(_nonce(6))
    state.drop()
    state.put(_nonce(7, "bureau"))
    state.keep()
    assert (state.get(Nonce, "bank"), state.get(Nonce, "bureau")) == (_nonce(5), _nonce(7, "bureau"))
    written = [_nonce(5), _nonce(7, "bureau")]
    assert list(state.changes().items()) == [(one.key(), encode_message(one)) for one in written]


def test_records_of_two_classes_with_one_identifier_are_two() -> None:
    state = State({})
    budget = Budget(account="bank", unit="uses", owner="bank", limit=1, reserved=0, spent=0)
    state.put(budget)
    assert state.get(Nonce, budget.identifier()) is None
    assert state.get(Budget, budget.identifier()) == budget
