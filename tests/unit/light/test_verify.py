"""Believing a header: whose votes count, how many are enough, and every way to make too few look like enough."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from atoll.ledger.light import ABSENT, CommitSig, LightBlock, Vote, make_validator_set
from atoll.ledger.light.errors import (
    BrokenLightBlock,
    NotFollowing,
    TrustExpired,
    TrustGapError,
    VotePowerError,
    VoteSignatureError,
)
from atoll.ledger.light.protobuf import timestamp
from atoll.ledger.light.rpc import parse_time_ns
from atoll.ledger.light.verify import (
    CLOCK_DRIFT_SECONDS,
    TrustingPeriod,
    keep_votes,
    verify_adjacent,
    verify_light_block,
    verify_skipping,
)
from atoll.primitives.ed25519 import is_signature
from atoll.wire.errors import MessageError
from atoll.wire.message import encode_message, parse_message
from tests.unit.light.odd import sign_oddly
from tests.unit.light.world import (
    CHAIN,
    FOUR,
    SECOND,
    START_NS,
    Chain,
    public,
    secret,
    validators,
    with_vote,
)

CHAINED = Chain()
TRUSTED = CHAINED.header(10)
GOOD = CHAINED.light(11)


def verify(light: LightBlock) -> None:
    verify_light_block(light, chain_id=CHAIN)


# -- how many are enough -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("powers", "voters", "enough"),
    [
        ({1: 1, 2: 1, 3: 1, 4: 1}, [1, 2, 3], True),
        ({1: 1, 2: 1, 3: 1, 4: 1}, [1, 2], False),
        ({1: 1, 2: 1, 3: 1}, [1, 2], False),  # exactly two thirds
        ({1: 1, 2: 1, 3: 1}, [1, 2, 3], True),
        ({1: 10, 2: 10, 3: 10}, [2, 3], False),  # exactly two thirds
        ({1: 10, 2: 11, 3: 10}, [1, 2], True),  # 21 of 31
        ({1: 11, 2: 10, 3: 10}, [2, 3], False),  # 20 of 31
        ({1: 7, 2: 1, 3: 1}, [1], True),
        ({1: 6, 2: 1, 3: 1, 4: 1}, [1], False),  # exactly two thirds
        ({1: 6, 2: 1, 3: 1, 4: 1}, [1, 2], True),
        ({1: 1}, [1], True),
        ({1: 1}, [], False),
        ({1: 2**58, 2: 2**58, 3: 2**58 + 1}, [1, 3], True),  # no float tells this from two thirds
        ({1: 2**58, 2: 2**58, 3: 2**58 + 1}, [1, 2], False),
    ],
)
def test_more_than_two_thirds_of_the_power_is_enough_and_exactly_two_thirds_is_not(
    powers: dict[int, int], voters: list[int], enough: bool
) -> None:
    light = CHAINED.light(11, validators(powers), voters=voters)
    if enough:
        voted = verify_light_block(light, chain_id=CHAIN)
        assert set(voted.times_ns) == {public(one) for one in voters}
        assert (voted.power, voted.total) == (sum(powers[one] for one in voters), sum(powers.values()))
    else:
        with pytest.raises(VotePowerError) as caught:
            verify(light)
        assert caught.value.operands["found"] == sum(powers[one] for one in voters)


def test_a_vote_for_no_block_counts_for_nothing() -> None:
    verify(CHAINED.light(11, voters=[1, 2, 3], nil=[4]))
    with pytest.raises(VotePowerError):
        verify(CHAINED.light(11, voters=[1, 2], nil=[3, 4]))


def test_a_vote_for_no_block_cannot_be_relabelled() -> None:
    light = CHAINED.light(11, voters=[1, 2], nil=[3, 4])
    for at, one in enumerate(light.commit.signatures):
        light = with_vote(light, at, replace(one, vote=Vote.COMMIT))
    with pytest.raises(VoteSignatureError):
        verify(light)


# -- whose votes count ---------------------------------------------------------------------------------------------------------


def test_a_vote_in_another_validators_place_voids_the_block() -> None:
    votes = GOOD.commit.signatures
    copied = with_vote(GOOD, 1, votes[0])
    renamed = with_vote(GOOD, 1, replace(votes[0], address=votes[1].address))
    swapped = with_vote(with_vote(GOOD, 1, votes[0]), 0, votes[1])
    for forged in (copied, renamed, swapped):
        with pytest.raises(VoteSignatureError):
            verify(forged)


def test_a_vote_that_does_not_hold_voids_the_block_even_where_the_others_are_enough() -> None:
    one = GOOD.commit.signatures[2]
    for bad in (
        replace(one, signature=bytes(64)),
        replace(one, signature=one.signature[:-1] + bytes([one.signature[-1] ^ 1])),
        replace(one, nanoseconds=one.nanoseconds + 1),
        replace(one, address=bytes(20)),
    ):
        with pytest.raises(VoteSignatureError) as caught:
            verify(with_vote(GOOD, 2, bad))
        assert caught.value.operands["address"] == FOUR.validators[2].address.hex()


def test_a_bad_vote_for_no_block_voids_it_too() -> None:
    light = CHAINED.light(11, voters=[1, 2, 3], nil=[4])
    at = next(at for at, one in enumerate(light.commit.signatures) if one.vote is Vote.NIL)
    with pytest.raises(VoteSignatureError):
        verify(with_vote(light, at, replace(light.commit.signatures[at], signature=bytes(64))))


def test_there_is_one_vote_a_validator() -> None:
    votes = GOOD.commit.signatures
    for signatures in (votes[:3], (*votes, votes[0])):
        with pytest.raises(BrokenLightBlock):
            verify(replace(GOOD, commit=replace(GOOD.commit, signatures=signatures)))


def test_a_validator_is_there_once_and_in_its_place() -> None:
    first, second, *others = FOUR.validators
    for listed in ((first, first, *others), (second, first, *others)):
        with pytest.raises(MessageError):
            replace(FOUR, validators=listed)
    with pytest.raises(MessageError):
        make_validator_set([(public(1), 2**60), (public(2), 2**60)])


def test_votes_of_another_round_or_other_parts_do_not_count() -> None:
    commit = GOOD.commit
    for other in (
        replace(commit, round=1),
        replace(commit, block_id=replace(commit.block_id, parts_total=2)),
        replace(commit, block_id=replace(commit.block_id, parts_hash=bytes(32))),
    ):
        with pytest.raises(VoteSignatureError):
            verify(replace(GOOD, commit=other))


def test_votes_for_another_chain_do_not_count() -> None:
    other = Chain("harbour.test.example")
    with pytest.raises(BrokenLightBlock, match="harbour"):
        verify(other.light(11))
    with pytest.raises(VoteSignatureError):
        verify(CHAINED.sign(GOOD, chain_id="harbour.test.example"))


# -- what belongs together -----------------------------------------------------------------------------------------------------


def test_votes_are_for_this_very_header_and_height() -> None:
    for other in (
        replace(GOOD, header=replace(GOOD.header, app_hash=bytes(32))),
        replace(GOOD, header=replace(GOOD.header, version_app=2)),
        replace(GOOD, header=replace(GOOD.header, last_block_id=None)),
        replace(GOOD, commit=replace(GOOD.commit, height=12)),
        replace(GOOD, commit=CHAINED.light(12).commit),
    ):
        with pytest.raises(BrokenLightBlock):
            verify(other)


def test_every_field_of_a_header_is_in_its_hash() -> None:
    header = GOOD.header
    hashes = {header.hash()}
    for field in header.to_map():
        value = getattr(header, field)
        other: Any
        if field == "last_block_id":
            other = None
        elif isinstance(value, int):
            other = value + 1
        elif isinstance(value, str):
            other = value + "x"
        else:
            other = bytes(len(value))
        hashes.add(replace(header, **{field: other}).hash())
    assert len(hashes) == 1 + len(header.to_map())


def test_the_validators_are_those_that_the_header_names() -> None:
    """Four strangers vote for the block; their votes hold, and they are nobody."""
    strangers = validators([5, 6, 7, 8])
    forged = CHAINED.sign(replace(GOOD, validators=strangers, commit=CHAINED.light(11, strangers).commit))
    with pytest.raises(BrokenLightBlock):
        verify(forged)
    stronger = validators({1: 9, 2: 1, 3: 1, 4: 1})
    own = CHAINED.light(11, stronger, voters=[1]).commit
    with pytest.raises(BrokenLightBlock):
        verify(replace(GOOD, validators=stronger, commit=replace(own, block_id=GOOD.commit.block_id)))


# -- the next header -----------------------------------------------------------------------------------------------------------


def test_the_next_block_is_of_the_validators_that_the_trusted_header_names() -> None:
    verify_adjacent(TRUSTED, GOOD)
    changed = validators([2, 3, 4, 5])
    trusted = CHAINED.header(10, FOUR, changed)
    verify_adjacent(trusted, CHAINED.light(11, changed))
    with pytest.raises(NotFollowing):
        verify_adjacent(trusted, GOOD)
    with pytest.raises(NotFollowing):  # a change that no trusted header announced
        verify_adjacent(TRUSTED, CHAINED.light(11, changed))


def test_heights_and_times_go_up() -> None:
    for other in (CHAINED.light(12), CHAINED.light(10), CHAINED.light(9)):
        with pytest.raises(NotFollowing):
            verify_adjacent(TRUSTED, other)
    for time_ns in (TRUSTED.time_ns, TRUSTED.time_ns - 1):
        with pytest.raises(NotFollowing):
            verify_adjacent(TRUSTED, CHAINED.light(11, time_ns=time_ns))
        with pytest.raises(NotFollowing):
            verify_skipping(TRUSTED, FOUR, CHAINED.light(15, time_ns=time_ns))
    for height in (10, 9):
        with pytest.raises(NotFollowing):
            verify_skipping(TRUSTED, FOUR, CHAINED.light(height, time_ns=TRUSTED.time_ns + 1))


def test_the_next_block_is_of_the_trusted_chain() -> None:
    with pytest.raises(BrokenLightBlock):
        verify_adjacent(TRUSTED, Chain("harbour.test.example").light(11))
    with pytest.raises(BrokenLightBlock):
        verify_skipping(TRUSTED, FOUR, Chain("harbour.test.example").light(15))


def test_two_thirds_of_its_own_validators_vote_for_the_next_block() -> None:
    with pytest.raises(VotePowerError):
        verify_adjacent(TRUSTED, CHAINED.light(11, voters=[1, 2]))


# -- a header further on -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trusted", "own", "voters", "enough"),
    [
        ([1, 2, 3], [1, 4, 5], [1, 4, 5], False),  # exactly one third
        ([1, 2, 3], [1, 2, 5], [1, 2, 5], True),
        ([1, 2, 3, 4], [1, 2, 5, 6, 7], [1, 5, 6, 7], False),  # 1 of 4 voted, though 2 of 4 are there
        ([1, 2, 3, 4], [1, 2, 5, 6, 7], [1, 2, 6, 7], True),
        ([1, 2, 3, 4], [5, 6, 7], [5, 6, 7], False),
    ],
)
def test_more_than_a_third_of_the_trusted_must_vote_for_a_block_further_on(
    trusted: list[int], own: list[int], voters: list[int], enough: bool
) -> None:
    known = validators(trusted)
    light = CHAINED.light(20, validators(own), voters=voters)
    if enough:
        verify_skipping(CHAINED.header(10, known), known, light)
    else:
        with pytest.raises(TrustGapError):
            verify_skipping(CHAINED.header(10, known), known, light)


def test_trusted_power_counts_as_it_was_when_it_was_trusted() -> None:
    known = validators({1: 1, 2: 5, 3: 5})
    light = CHAINED.light(20, validators({1: 100, 4: 1}))
    with pytest.raises(TrustGapError) as caught:
        verify_skipping(CHAINED.header(10, known), known, light)
    assert (caught.value.operands["found"], caught.value.operands["total"]) == (1, 11)


def test_two_thirds_of_its_own_validators_vote_for_a_block_further_on() -> None:
    own = validators([1, 2, 5, 6])
    with pytest.raises(VotePowerError):
        verify_skipping(TRUSTED, FOUR, CHAINED.light(20, own, voters=[1, 2]))


def test_skipping_starts_from_the_validators_that_the_trusted_header_names() -> None:
    strangers = validators([5, 6, 7, 8])
    with pytest.raises(NotFollowing):
        verify_skipping(TRUSTED, strangers, CHAINED.light(20, strangers))


def test_skipping_to_the_next_block_is_as_strict_as_a_single_step() -> None:
    verify_skipping(TRUSTED, FOUR, GOOD)
    with pytest.raises(NotFollowing):
        verify_skipping(TRUSTED, FOUR, CHAINED.light(11, validators([1, 2, 3, 4, 5])))


def test_trust_ends_with_its_period_and_no_header_is_of_the_future() -> None:
    day = 86_400
    last = TrustingPeriod(now_ns=TRUSTED.time_ns + day * SECOND - 1, seconds=day)
    verify_skipping(TRUSTED, FOUR, CHAINED.light(20), period=last)
    verify_adjacent(TRUSTED, GOOD, period=last)
    over = replace(last, now_ns=last.now_ns + 1)
    with pytest.raises(TrustExpired):
        verify_skipping(TRUSTED, FOUR, CHAINED.light(20), period=over)
    with pytest.raises(TrustExpired):
        verify_adjacent(TRUSTED, GOOD, period=over)
    edge = CLOCK_DRIFT_SECONDS * SECOND
    early = TrustingPeriod(now_ns=GOOD.header.time_ns - edge, seconds=day)
    with pytest.raises(NotFollowing, match="future"):
        verify_adjacent(TRUSTED, GOOD, period=early)
    verify_adjacent(TRUSTED, GOOD, period=replace(early, now_ns=early.now_ns + 1))


# -- what is handed on ---------------------------------------------------------------------------------------------------------


def test_handed_on_are_the_votes_for_the_block_and_no_others() -> None:
    light = CHAINED.light(11, voters=[1, 2, 3], nil=[4])
    kept = keep_votes(light)
    assert [one.vote for one in kept.commit.signatures].count(Vote.COMMIT) == 3
    assert [one.vote for one in kept.commit.signatures].count(Vote.ABSENT) == 1
    assert verify_light_block(kept, chain_id=CHAIN).power == 3
    assert keep_votes(kept) == kept


def test_a_vote_counts_by_the_rule_that_validators_count_by() -> None:
    """One validator of four signs so that only the equation with a cofactor holds, one is late: the block is decided."""
    light = CHAINED.light(11, voters=[1, 2, 3])
    place = next(at for at, one in enumerate(light.validators.validators) if one.key == public(1))
    message = light.commit.sign_bytes(CHAIN, place)
    odd = sign_oddly(secret(1), message)
    assert not is_signature(public(1), message, odd), "Atoll's own rule refuses it"
    counted = with_vote(light, place, replace(light.commit.signatures[place], signature=odd))
    assert verify_light_block(counted, chain_id=CHAIN).power == 3


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00Z", "1969-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.999999999Z"])
def test_a_vote_counts_whatever_its_clock_says(time: str) -> None:
    """CometBFT checks nobody's clock; a vote from another century must not make a commit unreadable."""
    when = parse_time_ns(time)
    light = CHAINED.light(11, voters=[1, 2, 3])
    place = next(at for at, one in enumerate(light.validators.validators) if one.key == public(1))
    odd = CommitSig.at(when, vote=Vote.COMMIT, address=light.validators.validators[place].address, signature=bytes(64))
    signed = CHAINED.sign(with_vote(light, place, odd))
    voted = verify_light_block(parse_message(encode_message(signed), LightBlock), chain_id=CHAIN)
    assert voted.power == 3
    assert voted.times_ns[public(1)] == when


def test_a_time_before_1970_is_signed_as_protobuf_encodes_it() -> None:
    assert timestamp(-1) == bytes.fromhex("08ffffffffffffffffff01" + "10ff93ebdc03")
    assert timestamp(-(10**9)) == bytes.fromhex("08ffffffffffffffffff01")


def test_an_absent_validator_has_signed_nothing() -> None:
    fields: tuple[dict[str, Any], ...] = ({"seconds": 1}, {"nanoseconds": 1}, {"address": bytes(20)}, {"signature": bytes(64)})
    for other in fields:
        with pytest.raises(MessageError):
            replace(ABSENT, **other)
    with pytest.raises(MessageError):
        replace(GOOD.commit.signatures[0], signature=b"")


def test_a_header_is_in_the_bounds_of_its_form() -> None:
    bounds: tuple[dict[str, Any], ...] = (
        {"height": 0},
        {"chain_id": ""},
        {"chain_id": "x" * 51},
        {"chain_id": "é"},
        {"validators_hash": b""},
        {"time_ns": -1},
    )
    for other in bounds:
        with pytest.raises(MessageError):
            replace(TRUSTED, **other)
    assert TRUSTED.time == START_NS // SECOND + 10
