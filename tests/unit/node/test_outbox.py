"""The one place where a node signs transactions: each with a nonce of its own, one after the other."""

from __future__ import annotations

import asyncio

import pytest

from atoll.ledger.apply import Context, apply
from atoll.ledger.records import Member, Nonce
from atoll.ledger.rules.membership import SetEndpoints
from atoll.ledger.transaction import parse_transaction
from atoll.node.errors import TransactionRefused
from atoll.node.outbox import EXPIRY_HEIGHTS, NONCE_RETRIES
from atoll.trust.errors import KeyNotHere
from atoll.trust.keys import Purpose
from atoll.trust.signer import SoftwareSigner
from tests.unit.node.offices import Offices
from tests.unit.rules.lagoon import new_key, registration


def move(port: int) -> SetEndpoints:
    return SetEndpoints(peer=f"bank.example:{port}", https="")


def nonces(offices: Offices, org: str = "bank") -> list[int]:
    return [parse_transaction(data)[1].nonce for data in offices[org].engine.submitted]


async def test_what_is_submitted_is_signed_numbered_and_carried_out(offices: Offices) -> None:
    acknowledged = await offices["bank"].outbox.submit(move(1))
    assert acknowledged.outcome.ok
    assert offices.lagoon.get(Member, "bank").peer == "bank.example:1"
    _, transaction = parse_transaction(offices["bank"].engine.submitted[0])
    assert (transaction.sender, transaction.type) == ("bank", "member.endpoints/1")
    assert transaction.expiry_height == offices.lagoon.height - 2 + EXPIRY_HEIGHTS


async def test_many_at_once_go_one_after_the_other_with_growing_nonces(offices: Offices) -> None:
    first = offices.lagoon.get(Nonce, "bank").last
    await asyncio.gather(*(offices["bank"].outbox.submit(move(port)) for port in range(1, 9)))
    assert nonces(offices) == list(range(first + 1, first + 9))


async def test_a_nonce_is_not_used_again_while_the_view_lags_behind(offices: Offices) -> None:
    bank = offices["bank"]
    bank.engine.behind = bank.view
    for port in range(1, 4):
        assert (await bank.outbox.submit(move(port))).outcome.ok
    assert len(set(nonces(offices))) == 3


async def test_a_nonce_that_somebody_used_with_the_same_key_is_passed_over(offices: Offices) -> None:
    bank = offices["bank"]
    bank.engine.behind = bank.view
    offices.lagoon.do("bank", move(1), nonce=3)
    assert (await bank.outbox.submit(move(2))).outcome.ok
    assert nonces(offices)[-1] == 4


async def test_a_stale_nonce_is_tried_again_a_few_times_and_then_told(offices: Offices) -> None:
    bank = offices["bank"]
    bank.engine.turned_away = NONCE_RETRIES - 1
    assert (await bank.outbox.submit(move(1))).outcome.ok
    bank.engine.turned_away = NONCE_RETRIES
    with pytest.raises(TransactionRefused) as caught:
        await bank.outbox.submit(move(2))
    assert caught.value.operands["rule"] == "ledger.stale_nonce"


async def test_the_rule_that_refuses_is_named_and_it_is_not_tried_again(offices: Offices) -> None:
    bank = offices["bank"]
    with pytest.raises(TransactionRefused) as caught:
        await bank.outbox.submit(registration("bureau/orders/1"))
    assert caught.value.operands["rule"] == "ledger.not_allowed"
    assert "bureau" in str(caught.value)
    assert len(bank.engine.submitted) == 1


async def test_after_a_refusal_the_next_one_goes_through(offices: Offices) -> None:
    bank = offices["bank"]
    with pytest.raises(TransactionRefused):
        await bank.outbox.submit(registration("bureau/orders/1"))
    assert (await bank.outbox.submit(move(1))).outcome.ok


async def test_after_a_rotation_the_new_version_of_the_key_signs(offices: Offices) -> None:
    bank, new = offices["bank"], new_key(Purpose.IDENTITY)
    offices.lagoon.rotate("bank", Purpose.IDENTITY, new, nonce=40)
    with pytest.raises(KeyNotHere):
        await bank.outbox.submit(move(1))
    bank.outbox._keys.signer = SoftwareSigner(bank.keys | {"bank/identity/2": new})
    assert (await bank.outbox.submit(move(1))).outcome.ok
    assert parse_transaction(bank.engine.submitted[-1])[0].kid == b"bank/identity/2"


def test_a_signed_transaction_is_for_this_ledger_alone(offices: Offices) -> None:
    data = offices["bank"].outbox.sign(move(1))
    elsewhere = type(offices.lagoon)(chain_id="test.example/other")
    assert apply(elsewhere.state, data, Context(height=1, time=elsewhere.time)).code == "ledger.bad_signature"
