"""The column lattice."""

from __future__ import annotations

import itertools

from atoll.policy.demand import Exposure

BETWEEN = [Exposure.AFTER_JOIN, Exposure.AFTER_GROUP_BY, Exposure.AFTER_AGGREGATE, Exposure.AFTER_COMPARE]


def test_a_plaintext_column_permits_every_use() -> None:
    assert all(Exposure.PLAINTEXT.permits(asked) for asked in Exposure if asked is not Exposure.HIDDEN)


def test_a_hidden_column_permits_none_and_nobody_gains_by_asking_for_hidden() -> None:
    assert not any(Exposure.HIDDEN.permits(asked) for asked in Exposure if asked is not Exposure.HIDDEN)


def test_computing_under_encryption_is_permitted_wherever_anything_is() -> None:
    assert all(one.permits(Exposure.ENCRYPTED_ONLY) for one in Exposure if one is not Exposure.HIDDEN)
    assert not any(Exposure.ENCRYPTED_ONLY.permits(asked) for asked in (Exposure.PLAINTEXT, *BETWEEN))


def test_the_values_between_permit_themselves_and_not_each_other_nor_plaintext() -> None:
    for one, other in itertools.product(BETWEEN, BETWEEN):
        assert one.permits(other) is (one is other)
        assert not one.permits(Exposure.PLAINTEXT)


def test_permission_is_a_partial_order() -> None:
    for one, other, third in itertools.product(Exposure, Exposure, Exposure):
        assert one.permits(one)
        assert one is other or not (one.permits(other) and other.permits(one))
        assert not (one.permits(other) and other.permits(third)) or one.permits(third)
