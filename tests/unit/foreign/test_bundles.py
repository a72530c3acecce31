"""Bundles: what is true is believed; forged, stale, cut and misplaced ones are refused, and never taken for absence."""

from __future__ import annotations

import time as clocks
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from atoll.ledger.foreign.agreement import parse_agreement
from atoll.ledger.foreign.bundle import AbsenceBundle, PresenceBundle, encode_bundle
from atoll.ledger.foreign.claims import claims_in
from atoll.ledger.foreign.errors import BadBundle, StaleBundle, UnknownConsortium
from atoll.ledger.foreign.verify import Shown, verify_bundle
from atoll.ledger.rules.foreign import ReleaseClaim
from atoll.primitives.errors import CommitmentProofError
from atoll.primitives.ics23 import SMT_HASHED_SPEC, verify_membership, verify_non_membership
from atoll.primitives.smt import key_path
from tests.unit.foreign.bay import (
    AGE,
    EAST,
    NOW,
    OUTSIDERS,
    SKEW,
    WAIT,
    WEST,
    Bay,
    Outsider,
    agreement_text,
    fingerprint,
    see,
    two_bays,
    witnessed,
)

EAST_BAY, WEST_BAY, AGREEMENT = two_bays()
CLAIMED = two_bays()[1].reserve(NOW - 300, 0).stamp(NOW - 290, 0).reserve(NOW - 200, 1)


def verify(data: bytes, *, origin: str = WEST, number: int = 0, now: int = NOW) -> Shown:
    return verify_bundle(data, origin=origin, fingerprint=fingerprint(number), agreement=AGREEMENT, now=now)


def refuse(data: bytes, why: str, **asked: object) -> None:
    with pytest.raises(BadBundle, match=why or "."):
        verify(data, **asked)  # type: ignore[arg-type]  # as the test says


def test_absence_is_believed_as_of_when_outsiders_stood_for_it() -> None:
    shown = see(WEST_BAY, AGREEMENT)
    assert (shown.origin, shown.face, shown.at, shown.seen_at) == (WEST, None, NOW, NOW)


def test_presence_shows_neither_who_nor_what_for() -> None:
    shown = see(CLAIMED, AGREEMENT)
    assert shown.face is not None and not shown.face.is_confirmed
    assert shown.witnessed_at == NOW - 290 == witnessed(CLAIMED, AGREEMENT)
    assert b"bank" not in CLAIMED.show().replace(b"bay/bank", b"")
    assert b"table-0" not in CLAIMED.show()


def test_a_claim_that_no_outsider_has_seen_has_no_time() -> None:
    shown = see(CLAIMED, AGREEMENT, 1)
    assert shown.face is not None and shown.witnessed_at is None


def test_what_was_released_is_absent() -> None:
    bay = two_bays()[1].reserve(NOW).block(NOW, ("bank", ReleaseClaim(fingerprint=fingerprint())))
    assert see(bay, AGREEMENT).face is None


def test_times_are_those_of_a_quorum_of_outsiders_and_of_nobody_else() -> None:
    def times(*at: int) -> tuple[int, int]:
        anchor = WEST_BAY.anchor(WEST_BAY.note(at))
        shown = verify_bundle(
            encode_bundle(WEST_BAY.bundle(anchor=anchor)),
            origin=WEST,
            fingerprint=fingerprint(),
            agreement=AGREEMENT,
            now=NOW,
        )
        return shown.at, shown.seen_at

    assert times(NOW - 9, NOW - 5, NOW) == (NOW - 5, NOW - 5)
    assert times(NOW - 9, NOW) == (NOW - 9, NOW)


def test_a_block_s_time_is_the_ledger_s_own_however_late_it_is_cosigned() -> None:
    assert see(CLAIMED, AGREEMENT).block_time == NOW - 200
    assert see(CLAIMED, AGREEMENT, time=NOW + AGE).block_time == NOW - 200


def test_what_is_older_than_the_policy_age_says_nothing() -> None:
    see_at = encode_bundle(replace(WEST_BAY.bundle(time=NOW - AGE), expiry=NOW + AGE))
    verify(see_at)
    with pytest.raises(StaleBundle):
        verify(see_at, now=NOW + 1)
    with pytest.raises(StaleBundle):
        verify(encode_bundle(replace(WEST_BAY.bundle(), expiry=NOW - 1)))


def test_what_was_cosigned_in_the_future_says_nothing() -> None:
    verify(WEST_BAY.show(time=NOW + SKEW))
    refuse(WEST_BAY.show(time=NOW + SKEW + 1), "in the future")


def test_an_origin_that_the_agreement_does_not_name_says_nothing() -> None:
    with pytest.raises(UnknownConsortium):
        verify(WEST_BAY.show(), origin="south.example/bay")
    refuse(WEST_BAY.show(), "", origin=EAST)


def test_an_answer_to_another_question_is_none() -> None:
    refuse(WEST_BAY.show(1), "another fingerprint")
    moved = replace(WEST_BAY.bundle(1), fingerprint=fingerprint())
    refuse(encode_bundle(replace(CLAIMED.bundle(1), fingerprint=fingerprint())), "")
    verify(encode_bundle(moved))  # an absence proof shows all that is absent between two neighbours: nothing is forged here


def without(bundle: AbsenceBundle | PresenceBundle, **changes: object) -> bytes:
    return encode_bundle(replace(bundle, anchor=replace(bundle.anchor, **changes)))  # type: ignore[arg-type]


FORGERIES: dict[str, tuple[Callable[[], bytes], str]] = {
    "no anchor": (lambda: without(WEST_BAY.bundle(), note=b"", summary=b"", log_proof=()), "no checkpoint"),
    "no summary": (lambda: without(WEST_BAY.bundle(), summary=b""), "belong together"),
    "a proof without a note": (lambda: without(WEST_BAY.bundle(), note=b""), "no checkpoint"),
    "another root": (lambda: without(WEST_BAY.bundle(), state_root=bytes(32)), "another state"),
    "a summary of its own": (lambda: without(WEST_BAY.bundle(), summary=EAST_BAY.summary()), ""),
    "a log proof of its own": (lambda: without(WEST_BAY.bundle(), log_proof=()), ""),
    "another log's checkpoint": (
        lambda: without(WEST_BAY.bundle(), note=EAST_BAY.note((NOW, NOW, NOW)).encode()),
        "",
    ),
    "no member": (lambda: anchored(members=("bank",)), "of its members"),
    "one outsider": (lambda: anchored(times=(NOW,)), "too few outsiders"),
    "strangers": (lambda: anchored(by=tuple(Outsider(f"s{number}.example") for number in range(3))), "too few outsiders"),
    "one outsider thrice": (lambda: anchored(by=(OUTSIDERS[0],) * 3), "too few outsiders"),
    "the claims of another ledger": (lambda: encode_bundle(replace(WEST_BAY.bundle(), claims=CLAIMED.bundle().claims)), ""),
    "another proof": (lambda: encode_bundle(replace(WEST_BAY.bundle(), proof=CLAIMED.bundle().proof)), ""),
    "the claims' proof of another state": (
        lambda: encode_bundle(replace(WEST_BAY.bundle(), claims_proof=CLAIMED.bundle().claims_proof)),
        "",
    ),
    "absence from before the claim": (
        lambda: encode_bundle(replace(WEST_BAY.bundle(), anchor=CLAIMED.anchor(CLAIMED.note((NOW, NOW, NOW))))),
        "",
    ),
    "another face": (lambda: faced(holder=b"\x01" * 32), ""),
    "a face of another claim": (lambda: faced(fingerprint=fingerprint(7)), ""),
    "confirmed, as it says itself": (lambda: faced(is_confirmed=True), ""),
    "no stamp where there is one": (lambda: encode_bundle(replace(presence(), stamp=b"")), "stamp"),
    "another stamp": (lambda: encode_bundle(replace(presence(), stamp=CLAIMED.show(1))), "stamp"),
}


def anchored(*, times: tuple[int, ...] = (NOW, NOW, NOW), **options: object) -> bytes:
    note = WEST_BAY.note(times, **options)  # type: ignore[arg-type]
    return encode_bundle(WEST_BAY.bundle(anchor=WEST_BAY.anchor(note)))


def presence() -> PresenceBundle:
    bundle = CLAIMED.bundle()
    assert isinstance(bundle, PresenceBundle)
    return bundle


def faced(**changes: object) -> bytes:
    return encode_bundle(replace(presence(), face=replace(presence().face, **changes)))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_bundle_is_refused(name: str) -> None:
    forge, why = FORGERIES[name]
    refuse(forge(), why)


def test_a_bundle_that_was_cut_or_changed_anywhere_is_refused_or_says_the_same() -> None:
    data, honest = WEST_BAY.show(), see(WEST_BAY, AGREEMENT)
    for length in (0, 1, 7, len(data) // 2, len(data) - 1):
        refuse(data[:length], "")
    refuse(data + b"\x00", "")
    for at in range(0, len(data), 7):
        try:
            shown = verify(data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :])
        except (BadBundle, StaleBundle):
            continue
        assert replace(shown, digest=honest.digest) == honest  # its expiry, or a line of a key nobody knows


def test_random_bytes_are_refused() -> None:
    draw = Random(7)
    for _ in range(300):
        refuse(draw.randbytes(draw.randrange(400)), "")
        refuse(b"\x82\x69absence/1" + draw.randbytes(draw.randrange(400)), "")


def test_a_ledger_without_the_agreement_or_with_another_key_says_nothing() -> None:
    refuse(Bay(WEST).show(), "another key there, or with none")
    east, west = Bay(EAST), Bay(WEST)
    other = parse_agreement(agreement_text(east.section(), west.section(quorum=3)))
    refuse(west.open(other).show(), "another agreement")
    elsewhere = parse_agreement(agreement_text(east.section(), Bay(WEST).section(), key=bytes(32)))
    refuse(Bay(WEST).open(elsewhere).show(), "another key")


def test_the_ledger_has_the_tree_of_claims_of_recent_blocks_at_hand() -> None:
    """Nobody's question makes it walk over all claims ever made."""
    ledger = two_bays()[1].reserve(NOW - 300).reserve(NOW - 200, 1, org="bureau").ledger
    trees = [(ledger.tree_at(height), ledger.claims_at(height)) for height in range(ledger.height + 1)]
    assert all(tree and claims and claims.root == claims_in(tree).root for tree, claims in trees)
    assert len({claims.root for _, claims in trees if claims}) == 3
    back = ledger.back_to(ledger.height - 1, time=NOW - 300, log_size=2)
    assert back is not None and back.claims_at(ledger.height) is None
    assert ledger.claims_at(ledger.height + 1) is None


@pytest.mark.parametrize("changes", [{"wait_seconds": 1}, {"origins": ("elsewhere.example/bay",)}])
def test_a_ledger_that_names_the_agreement_and_does_not_follow_it_says_nothing(changes: dict[str, Any]) -> None:
    west = Bay(WEST).agree(replace(AGREEMENT.terms(WEST), **changes), time=NOW - 900)
    refuse(west.show(), "does not do as it says")


def test_a_stamp_counts_only_for_the_reservation_that_it_shows() -> None:
    bay = two_bays()[1].reserve(NOW - 300)
    old = bay.show(time=NOW - 299)
    again = two_bays()[1].reserve(NOW - 200).stamp(NOW - 190, bundle=old)
    assert see(again, AGREEMENT).witnessed_at is None
    garbage = two_bays()[1].reserve(NOW - 200).stamp(NOW - 190, bundle=b"\x00")
    assert see(garbage, AGREEMENT).witnessed_at is None
    absent = two_bays()[1].reserve(NOW - 200).stamp(NOW - 190, bundle=two_bays()[1].show(time=NOW - 300))
    assert see(absent, AGREEMENT).witnessed_at is None


def test_a_stamp_from_long_before_its_reservation_by_block_time_counts_for_nothing() -> None:
    for ahead, witnessed_at in ((WAIT, NOW - 190), (WAIT + 1, None)):
        bay = two_bays()[1].reserve(NOW - 190 + ahead).stamp(NOW - 190, at=NOW - 150)
        assert see(bay, AGREEMENT).witnessed_at == witnessed_at


def test_a_false_time_beside_a_stamp_gains_nothing() -> None:
    bay = two_bays()[1].reserve(NOW - 200).stamp(NOW - 150, at=NOW - 200)
    assert see(bay, AGREEMENT).witnessed_at == NOW - 150


def test_ten_thousand_absent_fingerprints_raise_no_alarm_and_every_seeded_one_is_found() -> None:
    seeded = range(0, 1000, 10)
    bay = two_bays()[1]
    for number in seeded[:40]:
        bay.reserve(NOW, number)
    for number in seeded[40:80]:
        bay.reserve(NOW, number, org="bureau")
    claims, root, found = claims_in(bay.ledger.tree), bay.claims.root, set()
    for number in range(10_080):
        key = fingerprint(number)
        proof = claims.prove(key, hashed=True)
        try:
            verify_non_membership(SMT_HASHED_SPEC, root, proof, key_path(key))
        except CommitmentProofError:
            claim = bay.claim(number)
            assert claim is not None
            verify_membership(SMT_HASHED_SPEC, root, proof, key_path(key), claim.face.digest())
            found.add(number)
    assert found == set(seeded[:80])


def test_a_bundle_is_small_and_quick_to_verify() -> None:
    bay = two_bays()[1]
    for number in range(60):
        bay.reserve(NOW, number)
    data = bay.show(99)
    assert len(data) <= 4096
    began = clocks.process_time()
    for _ in range(20):
        verify(data, number=99)
    assert (clocks.process_time() - began) / 20 < 0.05
