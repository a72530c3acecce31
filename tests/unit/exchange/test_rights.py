"""Rights towards the outside: one action, one right; and income that adds up to the last unit."""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction

import pytest

from atoll.exchange.rights import ACTIONS, actions_of, divide_income, kind_of
from atoll.ledger.records import FOREVER, Authority, Right, RightKind, RightState, root_right
from atoll.policy.odrl import profile

ROOT = root_right("bureau/files", holder="bureau", height=1)
NOW = 1_000


def income(number: int, share_ppm: int, *, parent: Right = ROOT, **changes: object) -> Right:
    right = replace(
        ROOT,
        right=bytes([number]) * 16,
        kind=RightKind.INCOME,
        holder=f"org-{number}",
        parent=parent.right,
        share_ppm=share_ppm,
    )
    return replace(right, **changes)  # type: ignore[arg-type]  # each is of its field


def table(units: int, *rights: Right, time: int = NOW) -> dict[str, int]:
    """Units by holder."""
    return {one.holder: one.units for one in divide_income(units, (ROOT, *rights), time=time)}


# -- actions -------------------------------------------------------------------------------------------------------------------


def test_every_kind_has_actions_and_every_action_names_one_kind() -> None:
    assert set(ACTIONS) == set(RightKind)
    for kind in RightKind:
        assert actions_of(kind)
        assert {kind_of(action) for action in actions_of(kind)} == {kind}


def test_every_action_is_one_of_the_profile_that_policies_are_published_in() -> None:
    for action in (action for actions in ACTIONS.values() for action in actions):
        prefix, _, name = action.partition(":")
        assert name in profile.ACTIONS
        assert (prefix == "dex") is (name in profile.OWN_ACTIONS)
        assert kind_of(profile.action_iri(name)) is kind_of(action)


@pytest.mark.parametrize("action", ["odrl:ensureExclusivity", "use", "", "dex:aggregate", "http://www.w3.org/ns/odrl/2/hold"])
def test_an_action_outside_the_mapping_names_none(action: str) -> None:
    assert kind_of(action) is None


# -- income --------------------------------------------------------------------------------------------------------------------


def test_what_nobody_was_given_is_the_roots() -> None:
    assert table(100) == {"bureau": 100}
    assert table(100, income(1, 250_000)) == {"bureau": 75, "org-1": 25}


def test_a_share_that_was_given_on_is_paid_once() -> None:
    first = income(1, 500_000)
    assert table(1000, first, income(2, 200_000, parent=first)) == {"bureau": 500, "org-1": 300, "org-2": 200}


def test_units_are_dealt_by_largest_remainder() -> None:
    thirds = [income(number, 333_333) for number in (1, 2, 3)]
    assert table(100, *thirds) == {"bureau": 0, "org-1": 34, "org-2": 33, "org-3": 33}
    assert table(1, income(1, 400_000), income(2, 599_999)) == {"bureau": 0, "org-1": 0, "org-2": 1}


def test_a_right_shares_in_its_first_second_and_its_last_and_falls_back_after() -> None:
    right = income(1, 500_000, not_before=NOW, not_after=NOW + 9)
    for time, units in ((NOW - 1, 0), (NOW, 50), (NOW + 9, 50), (NOW + 10, 0)):
        assert table(100, right, time=time).get("org-1", 0) == units
    gone = income(1, 500_000, state=RightState.REVOKED)
    assert table(100, gone, income(2, 400_000, parent=gone)) == {"bureau": 100}


def test_a_freeze_holds_a_payment_back_and_gives_it_to_nobody_else() -> None:
    frozen = income(1, 500_000, state=RightState.FROZEN, frozen_by=(Authority.RIGHTS,))
    below = income(2, 100_000, parent=frozen)
    found = {one.holder: (one.units, one.held_back) for one in divide_income(100, (ROOT, frozen, below), time=NOW)}
    assert found == {"bureau": (50, False), "org-1": (40, True), "org-2": (10, True)}


def test_nonsense_is_not_divided() -> None:
    for units, rights in ((-1, [ROOT]), (1, []), (1, [ROOT, income(1, 600_000), income(2, 500_000)])):
        with pytest.raises(ValueError, match=r"shares exceed|is divided"):
            divide_income(units, rights, time=NOW)


def test_every_unit_is_dealt_and_nobody_is_a_unit_off_its_exact_share() -> None:
    draw = random.Random(4)
    for _ in range(2_000):
        rights, left = [ROOT], {ROOT.right: 1_000_000}
        for number in range(draw.randrange(8)):
            parent = draw.choice(rights)
            if left[parent.right] < 2:
                continue
            share = draw.randint(1, left[parent.right])
            right = income(number, share, parent=parent, not_after=FOREVER)
            left[parent.right] -= share
            left[right.right] = share
            rights.append(right)
        units = draw.choice((0, 1, 7, 99, 12_345, 10**15))
        found = divide_income(units, draw.sample(rights, len(rights)), time=NOW)
        assert sum(one.units for one in found) == units
        assert all(abs(one.units - Fraction(units * left[one.right], 1_000_000)) < 1 for one in found)
