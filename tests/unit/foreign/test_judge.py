"""Who was first: what one consortium's bundle means for a claim in another."""

from __future__ import annotations

from dataclasses import replace

import pytest

from atoll.ledger.foreign.agreement import parse_agreement
from atoll.ledger.foreign.errors import BadAgreement
from atoll.ledger.foreign.judge import Own, Verdict, continuation_bytes, judge
from atoll.ledger.foreign.verify import Shown
from atoll.ledger.records import ClaimFace
from tests.unit.foreign.bay import EAST, NOW, OUTSIDERS, WAIT, WEST, Bay, agreement_text, fingerprint, holder

FACE = ClaimFace(
    fingerprint=fingerprint(),
    is_confirmed=False,
    height=3,
    reserved_at=NOW,
    expires_at=NOW + 900,
    holder=holder().public.data,
    stamp=bytes(32),
)
OWN = Own(origin=WEST, org="bank", witnessed_at=NOW)


def shown(
    at: int = NOW + WAIT, witnessed_at: int | None = None, face: ClaimFace | None = None, block_time: int | None = None
) -> Shown:
    block_time = at if block_time is None else block_time
    return Shown(origin=EAST, digest=bytes(32), at=at, seen_at=at, block_time=block_time, face=face, witnessed_at=witnessed_at)


def verdict(one: Shown, continuation: bytes = b"") -> Verdict:
    return judge(OWN, one, wait_seconds=WAIT, continuation=continuation)


def test_absence_counts_only_once_the_wait_is_over() -> None:
    assert verdict(shown(NOW + WAIT)) is Verdict.CLEAR
    assert verdict(shown(NOW + WAIT - 1)) is Verdict.WAIT


def test_the_earlier_is_first_and_at_one_second_the_name_decides() -> None:
    assert verdict(shown(face=FACE, witnessed_at=NOW - 1)) is Verdict.LOST
    assert verdict(shown(face=FACE, witnessed_at=NOW + 1)) is Verdict.CLEAR
    assert verdict(shown(face=FACE, witnessed_at=NOW)) is Verdict.LOST
    assert judge(replace(OWN, origin="a.example"), shown(face=FACE, witnessed_at=NOW), wait_seconds=WAIT) is Verdict.CLEAR


def test_a_reservation_that_nobody_saw_is_waited_for_until_it_has_expired_for_certain() -> None:
    unseen = replace(FACE, stamp=b"")
    assert verdict(shown(face=unseen)) is Verdict.WAIT
    assert verdict(shown(FACE.expires_at, face=unseen)) is Verdict.WAIT
    assert verdict(shown(FACE.expires_at + 1, face=unseen)) is Verdict.CLEAR


def test_who_reserves_after_another_was_seen_keeps_nobody_waiting_by_staying_unseen() -> None:
    squatted = replace(FACE, stamp=b"", reserved_at=NOW + WAIT + 1, expires_at=NOW + 2000)
    assert verdict(shown(NOW + WAIT + 2, face=squatted)) is Verdict.CLEAR
    assert verdict(shown(NOW + WAIT - 1, face=squatted)) is Verdict.WAIT
    assert verdict(shown(NOW + WAIT + 2, face=replace(squatted, reserved_at=NOW + WAIT))) is Verdict.WAIT


def test_a_ledger_that_stands_still_lets_nothing_expire_however_often_outsiders_cosign_it() -> None:
    late = FACE.expires_at + 10 * WAIT
    assert verdict(shown(late, NOW - 1, FACE, block_time=FACE.expires_at)) is Verdict.LOST
    assert verdict(shown(late, None, replace(FACE, stamp=b""), block_time=FACE.expires_at)) is Verdict.WAIT
    assert verdict(shown(late, NOW - 1, FACE, block_time=FACE.expires_at + 1)) is Verdict.CLEAR


def test_what_is_confirmed_does_not_expire_and_wins_where_its_time_cannot_be_told() -> None:
    confirmed = replace(FACE, is_confirmed=True)
    assert verdict(shown(FACE.expires_at + 10 * WAIT, NOW - 1, confirmed)) is Verdict.LOST
    assert verdict(shown(face=confirmed)) is Verdict.LOST
    assert verdict(shown(face=FACE)) is Verdict.CLEAR


def test_the_same_owner_in_both_is_in_nobody_s_way() -> None:
    signature = holder().sign(continuation_bytes(WEST, "bank", fingerprint()))
    assert verdict(shown(face=FACE, witnessed_at=NOW - 1), signature) is Verdict.CLEAR
    assert verdict(shown(NOW, face=FACE, witnessed_at=NOW - 1), signature) is Verdict.WAIT
    for forged in (
        holder("another").sign(continuation_bytes(WEST, "bank", fingerprint())),
        holder().sign(continuation_bytes(EAST, "bank", fingerprint())),
        holder().sign(continuation_bytes(WEST, "bureau", fingerprint())),
        holder().sign(continuation_bytes(WEST, "bank", fingerprint(1))),
        holder().sign(b"something else"),
    ):
        assert verdict(shown(face=FACE, witnessed_at=NOW - 1), forged) is Verdict.LOST


GOOD = agreement_text(Bay(EAST).section(), Bay(WEST).section())


def test_an_agreement_waits_two_intervals_and_the_skew() -> None:
    assert parse_agreement(GOOD).wait_seconds == WAIT
    assert [one.origin for one in parse_agreement(GOOD).others(EAST)] == [WEST]


@pytest.mark.parametrize(("outsiders", "quorum", "spare"), [(1, 1, 0), (2, 2, 1), (3, 2, 0), (3, 3, 2)])
def test_two_quorums_share_an_honest_outsider_while_no_more_lie_than_can_be_spared(
    outsiders: int, quorum: int, spare: int
) -> None:
    section = Bay(EAST).section(outsiders=OUTSIDERS[:outsiders], quorum=quorum)
    agreement = parse_agreement(agreement_text(section, Bay(WEST).section()))
    assert agreement.of(EAST).outsiders_to_spare == spare


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"outsiders-quorum = 2", b"outsiders-quorum = 1"),
        (b"members-quorum = 2", b"members-quorum = 1"),
        (b"members-quorum = 2", b"members-quorum = 3"),
        (b"interval-seconds = 20", b"interval-seconds = 400"),
        (b"skew-seconds = 10", b"skew = 10"),
        (b'key-id = "', b'key-id = "00'),
        (b'origin = "east', b'origin = "zebra'),
        (b'origin = "west', b'origin = "east'),
        (b"logs = [", b"lags = ["),
    ],
)
def test_an_agreement_that_does_not_protect_is_refused(old: bytes, new: bytes) -> None:
    assert old in GOOD
    with pytest.raises(BadAgreement):
        parse_agreement(GOOD.replace(old, new, 1))
