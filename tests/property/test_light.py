"""Header seals and commits under arbitrary votes and damage: believed when a plain count says so, and never else."""

from __future__ import annotations

import functools
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atoll.errors import AtollError
from atoll.ledger.light import ValidatorSet, Vote, verify_light_block, verify_skipping
from atoll.ledger.light.errors import TrustGapError, VotePowerError
from atoll.ledger.seal import parse_seal
from atoll.ledger.vouching import verify_seal
from tests.unit.evidence.header_world import HeaderWorld
from tests.unit.light.world import CHAIN, Chain, public, validators

CHAINED = Chain()
POWERS = st.dictionaries(st.integers(1, 10), st.integers(1, 9), min_size=1, max_size=7)


def share(of: ValidatorSet, voters: set[int]) -> Fraction:
    """The plain count: which part of a set's power these validators have."""
    keys = {public(number) for number in voters}
    return Fraction(sum(one.power for one in of.validators if one.key in keys), sum(one.power for one in of.validators))


@settings(max_examples=150, deadline=None)
@given(POWERS, st.sets(st.integers(1, 10)), st.sets(st.integers(1, 10)))
def test_a_block_is_decided_by_more_than_two_thirds_and_no_less(powers: dict[int, int], yes: set[int], nil: set[int]) -> None:
    own = validators(powers)
    light = CHAINED.light(11, own, voters=sorted(yes), nil=sorted(nil))
    counted = yes - nil
    if share(own, counted) > Fraction(2, 3):
        voted = verify_light_block(light, chain_id=CHAIN)
        assert set(voted.times_ns) == {public(one) for one in counted & powers.keys()}
        assert Fraction(voted.power, voted.total) == share(own, counted)
    else:
        with pytest.raises(VotePowerError):
            verify_light_block(light, chain_id=CHAIN)


@settings(max_examples=150, deadline=None)
@given(POWERS, POWERS, st.sets(st.integers(1, 10)))
def test_a_block_further_on_takes_a_third_of_the_old_and_two_thirds_of_the_new(
    before: dict[int, int], now: dict[int, int], yes: set[int]
) -> None:
    known, own = validators(before), validators(now)
    trusted, light = CHAINED.header(10, known), CHAINED.light(20, own, voters=sorted(yes))
    if share(known, yes & now.keys()) <= Fraction(1, 3):
        with pytest.raises(TrustGapError):
            verify_skipping(trusted, known, light)
    elif share(own, yes) <= Fraction(2, 3):
        with pytest.raises(VotePowerError):
            verify_skipping(trusted, known, light)
    else:
        verify_skipping(trusted, known, light)


@functools.cache
def sealed() -> tuple[HeaderWorld, bytes]:
    world = HeaderWorld()
    world.block()
    world.newest = world.header_seal(by=("auditor", "bank", "bureau")).encode()  # with a place that nobody filled
    return world, world.newest


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_byte_of_a_header_seal_can_be_changed(draw: st.DataObject) -> None:
    world, data = sealed()
    believe(world, data)
    at = draw.draw(st.integers(0, len(data) - 1))
    byte = draw.draw(st.integers(0, 255).filter(lambda one: one != data[at]))
    with pytest.raises(AtollError):
        believe(world, data[:at] + bytes([byte]) + data[at + 1 :])


def believe(world: HeaderWorld, data: bytes) -> None:
    verify_seal(parse_seal(data), chain_id=world.founding.chain_id, consensus=world.ledger.consensus)


@given(st.binary(max_size=300))
def test_whatever_is_no_seal_is_refused_as_such(data: bytes) -> None:
    for one in (data, b"\x82" + data, b"\x82\x6dheader-seal/1" + data):
        with pytest.raises(AtollError):
            parse_seal(one)


def test_absent_and_nil_are_told_apart() -> None:
    light = CHAINED.light(11, voters=[1, 2], nil=[3])
    assert sorted(one.vote for one in light.commit.signatures) == [Vote.ABSENT, Vote.COMMIT, Vote.COMMIT, Vote.NIL]
