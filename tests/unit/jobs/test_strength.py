"""The bits that receipts name."""

from __future__ import annotations

import math

import pytest

from atoll.jobs.intersection.outputs import Security
from atoll.jobs.intersection.protocols.psi_ecdh import PsiEcdh
from atoll.jobs.strength import RHO_BITS, bits_left
from atoll.protocols.psi_ecdh.params import MAX_ITEMS
from specs.reference.ristretto255 import ORDER


def test_rho_is_what_the_order_makes_it() -> None:
    assert math.floor(10 * math.log2(math.sqrt(math.pi * ORDER / 4))) / 10 == RHO_BITS


@pytest.mark.parametrize(("answers", "bits"), [(1, 125), (1 << 20, 115), (1 << 24, 113), (1 << 25, 113), (1 << 40, 105)])
def test_half_a_bit_is_lost_each_time_the_answers_double(answers: int, bits: int) -> None:
    assert bits_left(answers) == bits


def test_an_intersection_by_group_claims_what_is_left_after_the_most_answers() -> None:
    parameters = PsiEcdh().parameters({}, Security.SEMI_HONEST)
    assert parameters["computational-bits"] == bits_left(MAX_ITEMS) == 113
