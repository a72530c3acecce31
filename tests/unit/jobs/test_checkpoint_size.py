"""A checkpoint that could not be sealed is refused by name, before anything is written."""

from __future__ import annotations

import pyarrow as pa
import pytest

from atoll.jobs.errors import StateTooLarge
from atoll.jobs.intersection import program
from atoll.jobs.intersection.program import MAX_STATE_BYTES, STATE_HEAD_BYTES, _State
from atoll.jobs.result import Result
from atoll.node.journal import MAX_FILE_BYTES


def test_what_a_checkpoint_may_hold_can_be_sealed_with_room_for_the_journals_marks() -> None:
    assert MAX_STATE_BYTES + (1 << 19) < MAX_FILE_BYTES < 1 << 31


def test_a_state_is_refused_from_the_first_byte_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "MAX_STATE_BYTES", STATE_HEAD_BYTES + 100)
    assert _State.unpack(_State().pack(bytes(100))).inner == bytes(100)
    with pytest.raises(StateTooLarge) as caught:
        _State().pack(bytes(101))
    assert caught.value.operands == {"needed": STATE_HEAD_BYTES + 101, "limit": STATE_HEAD_BYTES + 100}


def test_the_finished_runs_result_counts_too(monkeypatch: pytest.MonkeyPatch) -> None:
    state = _State(run=1, result=Result(pa.table({"id": ["x" * 1000]})))
    length = len(state.pack(b""))
    monkeypatch.setattr(program, "MAX_STATE_BYTES", length - 1)
    with pytest.raises(StateTooLarge):
        state.pack(b"")


def test_the_numbers_in_a_state_take_less_than_is_reckoned_for_them() -> None:
    state = _State(run=15, result=None, matched=1 << 40)
    assert len(state.pack(bytes(1 << 20))) <= (1 << 20) + STATE_HEAD_BYTES
