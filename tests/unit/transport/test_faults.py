"""What other nodes may hear of an error."""

from __future__ import annotations

import pytest

from atoll.errors import catalogue
from atoll.jobs.registry import load_kinds
from atoll.protocols.psi.errors import BadElement
from atoll.transport.errors import EndedUntold, JobStopped
from atoll.transport.faults import public_code, public_form, public_sentence

UNTOLD = [
    "psi_sum.total_too_wide",
    "psi.bucket_overflow",
    "jobs.payload_too_long",
    "jobs.not_summable",
    "primitives.store_unencodable",
    "mpc.key_too_often",
    "programs.range_broken",
]
"""Errors that happen or not by what is in the rows of the node where they happen, or of those whose shares it has."""


@pytest.mark.parametrize("code", UNTOLD)
def test_peers_hear_of_all_errors_that_tell_of_rows_the_same(code: str) -> None:
    load_kinds()
    assert public_form(code) == EndedUntold.code
    error = catalogue()[code].__new__(catalogue()[code])
    assert (public_code(error), public_sentence(error)) == (EndedUntold.code, EndedUntold.sentence)


def test_other_codes_travel_as_they_are_with_their_operands_left_out() -> None:
    assert public_form(JobStopped.code) == public_code(JobStopped()) == JobStopped.code
    assert public_form("nobody.knows") == "nobody.knows"
    assert "3" not in public_sentence(BadElement(party="a", position=3))
