"""Motions at a node: what it asks for and says yes to in its organisation's name."""

from __future__ import annotations

import pytest

from atoll.api.models import MotionRequest
from atoll.ledger.foreign.agreement import parse_agreement
from atoll.ledger.records import ForeignClaims
from atoll.node.errors import BadRequest, TransactionRefused
from atoll.node.foreign.errors import NoForeignAgreement
from atoll.node.foreign.office import ForeignOffice
from atoll.node.foreign.settings import Foreign
from atoll.node.motions import Motions
from tests.unit.foreign.bay import EAST, WEST, Bay, agreement_text
from tests.unit.node.offices import Offices

SECTIONS = (Bay(EAST).section(), Bay(WEST).section())
AGREEMENT = agreement_text(*SECTIONS)
AGREE = MotionRequest(kind="agree")


def motions(offices: Offices, org: str, file: bytes | None) -> Motions:
    """Of a node with this agreement."""
    agreement = parse_agreement(file) if file else None
    foreign = Foreign(agreement, agreement.of(WEST), b"") if agreement else None
    return Motions(offices[org].context, ForeignOffice(offices[org].context, foreign, None))


async def test_members_open_the_check_each_with_the_agreement_that_it_has_itself() -> None:
    offices = Offices()
    asked = await motions(offices, "operator", AGREEMENT).open(AGREE)
    digest = parse_agreement(AGREEMENT).digest
    assert (asked.kind, asked.agreement, asked.origins, asked.needed) == ("agree", digest.hex(), [EAST], 3)
    for org in ("bank", "bureau"):
        assert (await motions(offices, org, AGREEMENT).approve(asked.number)).state == "open"
    assert (await motions(offices, "telecom", AGREEMENT).approve(asked.number)).state == "carried"
    assert offices.lagoon.get(ForeignClaims, "0").agreement == digest


async def test_members_end_the_check_and_a_node_that_has_no_agreement_says_yes_too() -> None:
    offices = Offices()
    asked = await motions(offices, "operator", AGREEMENT).open(AGREE)
    for org in ("bank", "bureau", "telecom"):
        await motions(offices, org, AGREEMENT).approve(asked.number)
    ending = await motions(offices, "bank", AGREEMENT).open(MotionRequest(kind="end-agreement"))
    assert (ending.kind, ending.agreement, ending.origins, ending.needed) == ("end-agreement", "", [], 3)
    assert (await motions(offices, "bureau", None).approve(ending.number)).state == "open"
    assert (await motions(offices, "telecom", None).approve(ending.number)).state == "carried"
    assert offices.lagoon.get(ForeignClaims, "0").agreement == b""


async def test_a_yes_is_taken_back_and_waits_for_this_member_again() -> None:
    offices = Offices()
    asked = await motions(offices, "operator", AGREEMENT).open(AGREE)
    bank = motions(offices, "bank", AGREEMENT)
    assert (await bank.approve(asked.number)).approvals == ["bank"]
    assert bank.waiting() == 0
    assert (await bank.withdraw(asked.number)).approvals == []
    assert bank.waiting() == 1


async def test_nobody_says_yes_to_an_agreement_that_it_has_not_or_has_otherwise() -> None:
    offices = Offices()
    asked = await motions(offices, "operator", AGREEMENT).open(AGREE)
    with pytest.raises(BadRequest, match="another agreement"):
        await motions(offices, "bank", AGREEMENT + b"# one more line\n").approve(asked.number)
    with pytest.raises(NoForeignAgreement):
        await motions(offices, "bank", None).approve(asked.number)
    assert motions(offices, "bank", None).list()[0].approvals == []


async def test_who_has_no_agreement_asks_for_none() -> None:
    offices = Offices()
    with pytest.raises(NoForeignAgreement):
        await motions(offices, "operator", None).open(AGREE)
    with pytest.raises(TransactionRefused):
        await motions(offices, "operator", None).approve(1)
