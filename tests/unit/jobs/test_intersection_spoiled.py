"""Payloads and values that the owner spoiled: not in the receiver's answer, counted there, and nothing the owner could see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from atoll.jobs.intersection import Join, Output
from atoll.jobs.payload import encode_payloads
from atoll.jobs.table import Rows
from atoll.primitives import elgamal
from atoll.protocols.psi.items import Bucket
from tests.unit.dh.runs import narrow_sums, spoils
from tests.unit.jobs.world import (
    BANK,
    BUREAU,
    INCOMES,
    OTHER_USE,
    OWNER,
    RECEIVER,
    SECOND,
    SHARED,
    altered,
    given,
    plan_of,
    rows_job,
    run,
    spec,
)

__all__ = ["narrow_sums"]

ENCODE = "atoll.jobs.intersection.protocols.psi_payload.encode_payloads"
"""What a sender says of its keys; a receiver does not call it."""


@pytest.mark.parametrize("join", [Join.INNER, Join.LEFT])
@pytest.mark.parametrize("garbage", [bytes(128), b"\xff" * 128], ids=["no-row", "cut"])
@pytest.mark.parametrize(("cell", "is_common"), [(b"50", True), (b"d", False)], ids=["of-a-match", "of-another-key"])
def test_a_payload_in_no_form_is_left_out_and_only_its_receiver_is_told(
    monkeypatch: pytest.MonkeyPatch, join: Join, garbage: bytes, cell: bytes, is_common: bool
) -> None:
    """The owner sees the same whether the key is common or not, but for the commitment, which hides all it is made of."""

    def spoil(keys: Bucket, table: Rows, columns: Sequence[str], width: int) -> bytes:
        data = encode_payloads(keys, table, columns, width)
        slots = [data[at : at + width] for at in range(0, len(data), width)]
        return b"".join(garbage if cell in one else one for one in slots)

    inputs = {OWNER: INCOMES, RECEIVER: given(SHARED)}
    honest = run(rows_job(join), inputs)
    monkeypatch.setattr(ENCODE, spoil)
    done = run(rows_job(join), inputs)
    kept = [row for row in honest[RECEIVER].result.rows() if not is_common or row[2] != "50"]
    lonely = [("7", "bob", None, None)] if is_common and join is Join.LEFT else []
    assert sorted(done[RECEIVER].result.rows(), key=repr) == sorted([*kept, *lonely], key=repr)
    assert done[RECEIVER].counts.get("spoiled", 0) == is_common
    assert done[OWNER].counts == honest[OWNER].counts
    *before, last = honest.said(RECEIVER, OWNER)
    *heard, commitment = done.said(RECEIVER, OWNER)
    assert (heard, len(commitment.data)) == (before, len(last.data))
    assert (commitment == last) is not is_common


def test_what_was_spoiled_before_a_resume_is_told_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the run of the first of two receivers, too, which is over when the second's begins."""
    monkeypatch.setattr(ENCODE, lambda keys, _, __, width: bytes(len(keys) * width))
    sides = (replace(BANK, grants=(OTHER_USE,), shows=("a",)), replace(BUREAU, shows=("b",)))
    job = plan_of(spec(receivers=sides, owners=(), output=Output.ROWS, protocol=""))
    mine, theirs = [("1", "x", "7"), ("2", "x", "8"), ("3", "x", "9")], [("3", "x", "c"), ("2", "x", "d")]
    inputs = {
        RECEIVER: given(mine, names=("id", "name", "a"), runs=2),
        SECOND: given(theirs, names=(*BUREAU.columns, "b"), runs=2),
    }
    whole = run(job, inputs)
    assert [whole[at].counts["spoiled"] for at in (RECEIVER, SECOND)] == [2, 2]
    for states in zip(*whole.checkpoints.values(), strict=True):
        again = run(job, inputs, dict(zip(whole.checkpoints, states, strict=True)))
        assert again.outputs == whole.outputs


@pytest.mark.usefixtures("narrow_sums")
@pytest.mark.parametrize(("value", "is_common"), [(50, True), (1, False)], ids=["of-a-match", "of-another-key"])
def test_a_sum_that_cannot_be_read_is_told_to_its_receiver_alone(
    monkeypatch: pytest.MonkeyPatch, value: int, is_common: bool
) -> None:
    job = plan_of(replace(altered("bureau", shows=("income",)), output=Output.SUM, protocol=""))
    inputs = {OWNER: INCOMES, RECEIVER: given(SHARED)}
    honest = run(job, inputs)
    monkeypatch.setattr(elgamal, "encrypt", spoils(value))
    done = run(job, inputs)
    assert honest[RECEIVER].result.rows() == [(2, "350")]
    assert done[RECEIVER].result.rows() == ([(2, None)] if is_common else [(2, "350")])
    assert done[RECEIVER].counts.get("spoiled", 0) == (2 if is_common else 0)
    assert done[OWNER].counts == honest[OWNER].counts
    *before, last = honest.said(RECEIVER, OWNER)
    *heard, commitment = done.said(RECEIVER, OWNER)
    assert (heard, len(commitment.data)) == (before, len(last.data))
    assert (commitment == last) is not is_common
