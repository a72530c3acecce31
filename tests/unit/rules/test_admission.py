"""What every transaction must be before its rule is asked: well formed, in time, its sender's own, and new."""

from __future__ import annotations

from typing import Any

import pytest

from atoll.ledger.apply import Context, apply, check, signature_claim
from atoll.ledger.records import Chain, Key, KeyPointer, Member, MemberState, Nonce
from atoll.ledger.rules.dataset import WithdrawDataset
from atoll.ledger.rules.errors import (
    AlreadyExists,
    BadSignature,
    BadTransaction,
    ExpiredTransaction,
    NotAllowed,
    NotMember,
    StaleNonce,
    Unknown,
    UnknownType,
)
from atoll.ledger.rules.keys import RotateKey
from atoll.ledger.rules.membership import SetEndpoints
from atoll.ledger.state import State
from atoll.ledger.transaction import MAX_TRANSACTION_BYTES, Transaction, parse_transaction, seal_transaction, transaction_id
from atoll.primitives import ed25519
from atoll.testing.consortium import FOUNDED, Founding, Organisation
from atoll.trust.algorithms import Algorithm
from atoll.trust.envelope import Context as Meaning
from atoll.trust.envelope import encode_aad, parse_envelope, seal_envelope
from atoll.trust.keys import MAX_VERSION, Purpose
from atoll.wire.cbor import decode, encode
from atoll.wire.message import encode_message
from tests.unit.rules.lagoon import CUSTOMERS, Lagoon, enrolment, new_key, registration

MOVE = SetEndpoints(peer="bank.example:7000", https="")


def transaction(**changes: Any) -> dict[str, Any]:
    """The fields of the bank's transaction, as they are encoded."""
    fields = {"sender": "bank", "nonce": 1, "expiry_height": 100, "type": MOVE.TAG, "body": MOVE.to_map()}
    return fields | changes


def seal(lagoon: Lagoon, payload: bytes, *, kid: str = "bank/identity/1", meaning: Meaning = Meaning.TRANSACTION) -> bytes:
    """Any payload, signed by the bank."""
    founding = lagoon.founding
    return seal_envelope(
        payload,
        kid=kid.encode(),
        algorithm=Algorithm.ED25519,
        sign=founding.keys["bank"][Purpose.IDENTITY].sign,
        aad=encode_aad(founding.chain_id, founding.genesis_digest, meaning),
    )


def seal_fields(lagoon: Lagoon, **changes: Any) -> bytes:
    return seal(lagoon, encode(["transaction/1", transaction(**changes)]))


# -- form ----------------------------------------------------------------------------------------------------------------------


def test_a_good_transaction_is_carried_out_and_uses_up_its_nonce() -> None:
    lagoon = Lagoon().do("bank", MOVE, nonce=7)
    assert lagoon.get(Member, "bank").peer == "bank.example:7000"
    assert lagoon.get(Nonce, "bank").last == 7


NOT_TRANSACTIONS: dict[str, bytes] = {
    "nothing": b"",
    "noise": bytes(range(200)),
    "a number": encode(1),
    "an array of three": encode([b"", {}, b""]),
    "an indefinite array": b"\x9f\x40\xa0\x40\x40\xff",
    "deep nesting": b"\x81" * 60_000,
    "a length without its bytes": b"\x84\x5b\xff\xff\xff\xff\xff\xff\xff\xff",
}


@pytest.mark.parametrize("name", NOT_TRANSACTIONS)
def test_what_is_no_envelope_is_malformed(name: str) -> None:
    Lagoon().refused_bytes(BadTransaction, NOT_TRANSACTIONS[name])


BAD_FIELDS: dict[str, dict[str, Any]] = {
    "an unknown field": {"memo": "hello"},
    "a sender that is no name": {"sender": "Bank"},
    "a nonce that is a boolean": {"nonce": True},
    "a nonce that is a text": {"nonce": "1"},
    "a negative nonce": {"nonce": -1},
    "a nonce above every bound": {"nonce": 2**53 + 1},
    "a negative expiry": {"expiry_height": -1},
    "a type that is too long": {"type": "x" * 41},
    "a body that is no map": {"body": [1]},
    "a body with an unknown field": {"body": MOVE.to_map() | {"x": 1}},
    "a body that lacks a field": {"body": {"peer": ""}},
    "a body with a field out of bounds": {"body": {"peer": "no port", "https": ""}},
    "a body with a field of another type": {"body": {"peer": 1, "https": ""}},
}


@pytest.mark.parametrize("name", BAD_FIELDS)
def test_a_signed_payload_that_is_no_transaction_is_malformed(name: str) -> None:
    lagoon = Lagoon()
    lagoon.refused_bytes(BadTransaction, seal_fields(lagoon, **BAD_FIELDS[name]), sender="bank")


def test_another_message_is_no_transaction() -> None:
    lagoon = Lagoon()
    lagoon.refused_bytes(BadTransaction, seal(lagoon, encode(["transaction/2", transaction()])))
    lagoon.refused_bytes(BadTransaction, seal(lagoon, encode_message(MOVE)))


def test_a_field_that_is_missing_is_malformed() -> None:
    lagoon = Lagoon()
    fields = transaction()
    del fields["expiry_height"]
    lagoon.refused_bytes(BadTransaction, seal(lagoon, encode(["transaction/1", fields])))


def test_a_payload_in_another_encoding_of_the_same_value_is_malformed() -> None:
    lagoon = Lagoon()
    payload = encode(["transaction/1", transaction()])
    nonce = encode("nonce")
    longer = payload.replace(nonce + b"\x01", nonce + b"\x18\x01")
    assert longer != payload
    lagoon.refused_bytes(BadTransaction, seal(lagoon, longer))


def test_keys_twice_or_out_of_order_are_malformed() -> None:
    lagoon = Lagoon()
    head, empty = encode("transaction/1"), b"\x60"
    https, peer = encode("https") + empty, encode("peer") + empty
    for entries in ([https, https], [https, peer], [encode(1) + empty]):
        body = bytes([0xA0 | len(entries)]) + b"".join(entries)
        fields = [(name, encode(value)) for name, value in transaction().items() if name != "body"] + [("body", body)]
        fields.sort(key=lambda one: encode(one[0]))
        payload = b"\x82" + head + b"\xa5" + b"".join(encode(name) + value for name, value in fields)
        lagoon.refused_bytes(BadTransaction, seal(lagoon, payload))


def test_a_document_may_not_nest_without_end() -> None:
    lagoon = Lagoon()
    head, deep = encode(["transaction/1", transaction(body={})]), b"\x81" * 100 + b"\x80"
    payload = head.replace(encode("body") + b"\xa0", encode("body") + b"\xa1" + encode("x") + deep)
    assert payload != head
    lagoon.refused_bytes(BadTransaction, seal(lagoon, payload))


def test_bytes_after_the_envelope_or_one_byte_less_are_malformed() -> None:
    lagoon = Lagoon()
    data = lagoon.founding.sign("bank", MOVE)
    lagoon.refused_bytes(BadTransaction, data + b"\0")
    lagoon.refused_bytes(BadTransaction, data[:-1])


def test_unprotected_headers_are_malformed() -> None:
    lagoon = Lagoon()
    protected, _, payload, signature = decode(lagoon.founding.sign("bank", MOVE))
    lagoon.refused_bytes(BadTransaction, encode([protected, {"x": 1}, payload, signature]))


def test_an_oversized_transaction_is_malformed_before_it_is_read() -> None:
    lagoon = Lagoon()
    sentence = lagoon.refused_bytes(BadTransaction, bytes(MAX_TRANSACTION_BYTES + 1))
    assert str(MAX_TRANSACTION_BYTES) in sentence
    assert str(MAX_TRANSACTION_BYTES) not in lagoon.refused_bytes(BadTransaction, bytes(MAX_TRANSACTION_BYTES))


def test_a_record_that_cannot_be_made_is_the_transactions_fault_and_stops_nobody() -> None:
    lagoon = Lagoon()
    last = lagoon.key("bank", Purpose.COSIGN).to_map() | {"version": MAX_VERSION}
    lagoon.put(Key.from_map(last))
    lagoon.put(KeyPointer(org="bank", purpose=Purpose.COSIGN, version=MAX_VERSION))
    new = new_key(Purpose.COSIGN)
    lagoon.refused(BadTransaction, "bank", RotateKey(purpose=Purpose.COSIGN, public=new.public.data, second=b""))


def test_without_a_genesis_nothing_is_a_transaction() -> None:
    outcome = apply(State({}), Founding().sign("bank", MOVE), Context(height=1, time=FOUNDED))
    assert outcome.code == BadTransaction.code


def test_the_rules_in_force_know_no_other_types() -> None:
    lagoon = Lagoon()
    lagoon.refused_bytes(UnknownType, seal_fields(lagoon, type="job.propose/2"), sender="bank")


def test_a_table_of_rules_that_this_program_lacks_refuses_everything() -> None:
    lagoon = Lagoon()
    chain = lagoon.get(Chain, "0")
    fields = chain.to_map() | {"rules_version": 2}
    lagoon.put(Chain.from_map(fields))
    lagoon.refused(UnknownType, "bank", MOVE)


# -- expiry --------------------------------------------------------------------------------------------------------------------


def test_a_transaction_may_be_included_up_to_its_expiry_height_and_no_later() -> None:
    lagoon = Lagoon().later(heights=9)
    assert lagoon.height == 10
    lagoon.do("bank", MOVE, expiry_height=10)
    lagoon.refused(ExpiredTransaction, "bank", MOVE, expiry_height=9)


def test_an_expired_transaction_does_not_use_up_its_nonce() -> None:
    lagoon = Lagoon().later(heights=9)
    lagoon.refused(ExpiredTransaction, "bank", MOVE, nonce=5, expiry_height=9)
    lagoon.do("bank", MOVE, nonce=5)


# -- sender --------------------------------------------------------------------------------------------------------------------


def test_a_stranger_sends_nothing() -> None:
    lagoon = Lagoon()
    lagoon.founding.add("stranger")
    lagoon.refused(NotMember, "stranger", MOVE)


@pytest.mark.parametrize("state", [MemberState.SUSPENDED, MemberState.LEFT])
def test_a_suspended_or_departed_member_sends_nothing(state: MemberState) -> None:
    lagoon = Lagoon()
    lagoon.put(Member.from_map(lagoon.get(Member, "bank").to_map() | {"state": str(state)}))
    lagoon.refused(NotMember, "bank", MOVE)
    lagoon.refused(NotMember, "bank", RotateKey(purpose=Purpose.LOG, public=new_key(Purpose.LOG).public.data, second=b""))


def test_nobody_signs_for_somebody_else() -> None:
    lagoon = Lagoon()
    lagoon.refused(BadSignature, "bank", MOVE, key=lagoon.founding.keys["bureau"][Purpose.IDENTITY])


@pytest.mark.parametrize("purpose", [Purpose.RECOVERY, Purpose.COSIGN, Purpose.LOG])
def test_a_members_other_keys_sign_no_transactions(purpose: Purpose) -> None:
    lagoon = Lagoon()
    key = lagoon.founding.keys["bank"][purpose]
    lagoon.refused(BadSignature, "bank", MOVE, key=key)
    payload = encode(["transaction/1", transaction()])
    founding = lagoon.founding
    aad = encode_aad(founding.chain_id, founding.genesis_digest, Meaning.TRANSACTION)
    kid = f"bank/{purpose}/1".encode()
    data = seal_envelope(payload, kid=kid, algorithm=Algorithm.ED25519, sign=key.sign, aad=aad)
    lagoon.refused_bytes(BadSignature, data)


def test_the_key_must_be_the_senders_own_not_merely_some_members() -> None:
    lagoon = Lagoon()
    founding = lagoon.founding
    forged = seal_transaction(
        Transaction(sender="bank", nonce=1, expiry_height=100, type=MOVE.TAG, body=MOVE.to_map()),
        kid="bureau/identity/1",
        sign=founding.keys["bureau"][Purpose.IDENTITY].sign,
        chain_id=founding.chain_id,
        genesis_digest=founding.genesis_digest,
    )
    lagoon.refused_bytes(BadSignature, forged)


@pytest.mark.parametrize(
    "kid", ["bank/identity/2", "bank/identity/01", "bank/identity/", "bank", "bank/identity/1\0", "\u00fc"]
)
def test_a_key_name_that_the_ledger_does_not_hold_signs_nothing(kid: str) -> None:
    lagoon = Lagoon()
    lagoon.refused_bytes(BadSignature, seal(lagoon, encode(["transaction/1", transaction()]), kid=kid))


def test_one_flipped_bit_of_the_payload_or_the_signature_is_noticed() -> None:
    lagoon = Lagoon()
    data = lagoon.founding.sign("bank", MOVE)
    for at in (data.index(b"bank.example"), len(data) - 1):
        changed = bytearray(data)
        changed[at] ^= 1
        lagoon.refused_bytes(BadSignature, bytes(changed))


def test_a_signature_for_another_chain_or_another_genesis_is_none_here() -> None:
    lagoon = Lagoon()
    for other in (Founding(chain_id="test.example/other"), Founding(time=FOUNDED + 1)):
        lagoon.refused_bytes(BadSignature, other.sign("bank", MOVE))


@pytest.mark.parametrize("meaning", [one for one in Meaning if one is not Meaning.TRANSACTION])
def test_what_was_signed_as_something_else_is_no_transaction(meaning: Meaning) -> None:
    lagoon = Lagoon()
    lagoon.refused_bytes(BadSignature, seal(lagoon, encode(["transaction/1", transaction()]), meaning=meaning))


@pytest.mark.parametrize("number", [-7, -35, -1, -24])
def test_the_header_cannot_choose_another_algorithm(number: int) -> None:
    lagoon = Lagoon()
    _, _, payload, signature = decode(lagoon.founding.sign("bank", MOVE))
    kid = b"bank/identity/1"
    alg = bytes([0x20 | (-1 - number)]) if number >= -24 else bytes([0x38, -1 - number])
    protected = b"\xa2\x01" + alg + b"\x04" + bytes([0x40 | len(kid)]) + kid
    lagoon.refused_bytes(BadTransaction, encode([protected, {}, payload, signature]))


# -- replay --------------------------------------------------------------------------------------------------------------------


def test_a_transaction_is_carried_out_once() -> None:
    lagoon = Lagoon()
    data = lagoon.founding.sign("bank", MOVE)
    assert lagoon.submit(data).ok
    lagoon.refused_bytes(StaleNonce, data)
    lagoon.later(heights=50).refused_bytes(StaleNonce, data)


def test_a_nonce_must_grow_but_may_leap() -> None:
    lagoon = Lagoon().do("bank", MOVE, nonce=5)
    assert "at least 6" in lagoon.refused(StaleNonce, "bank", MOVE, nonce=5)
    lagoon.refused(StaleNonce, "bank", MOVE, nonce=4)
    lagoon.do("bank", MOVE, nonce=9)


def test_transactions_that_come_in_another_order_are_refused_not_carried_out_late() -> None:
    lagoon = Lagoon()
    first = lagoon.founding.sign("bank", registration(CUSTOMERS))
    second = lagoon.founding.sign("bank", WithdrawDataset(dataset=CUSTOMERS))
    lagoon.refused_bytes(Unknown, second, sender="bank")
    lagoon.refused_bytes(StaleNonce, first)


def test_members_do_not_share_nonces() -> None:
    Lagoon().do("bank", MOVE, nonce=5).do("bureau", MOVE, nonce=1)


def test_a_refused_rule_still_uses_up_the_nonce() -> None:
    lagoon = Lagoon()
    data = lagoon.founding.sign("bank", registration("bureau/files/1"))
    lagoon.refused_bytes(NotAllowed, data, sender="bank")
    lagoon.refused_bytes(StaleNonce, data)


def test_nobody_uses_up_a_members_nonces_by_enrolling_in_its_name() -> None:
    lagoon = Lagoon()
    thief = Organisation("thief")
    forged = enrolment(thief, bytes(32), org="bank")
    lagoon.refused(BadSignature, "bank", forged, nonce=2**53, key=thief.keys[Purpose.IDENTITY])
    lagoon.do("bank", MOVE)


def test_a_member_that_enrols_again_is_told_that_it_exists() -> None:
    lagoon = Lagoon()
    lagoon.refused(AlreadyExists, "bank", enrolment(lagoon.founding.orgs["bank"], bytes(32)))


# -- what the door asks beforehand ---------------------------------------------------------------------------------------------


def test_the_door_checks_form_signature_and_nonce_but_not_the_rule() -> None:
    lagoon = Lagoon().do("bank", MOVE)
    context = Context(height=lagoon.height, time=lagoon.time)
    hopeless = lagoon.founding.sign("bank", WithdrawDataset(dataset="bank/none/1"))
    assert check(lagoon.state, hopeless, context).ok
    assert check(lagoon.state, b"", context).code == BadTransaction.code
    assert check(lagoon.state, lagoon.founding.sign("bank", MOVE, nonce=1), context).code == StaleNonce.code
    forged = lagoon.founding.sign("bank", MOVE, key=new_key(Purpose.IDENTITY))
    assert check(lagoon.state, forged, context).code == BadSignature.code


def test_the_verifier_is_asked_exactly_what_was_claimed_beforehand() -> None:
    lagoon = Lagoon()
    data = lagoon.founding.sign("bank", MOVE)
    asked: list[tuple[bytes, bytes, bytes]] = []

    def verify(*claim: bytes) -> bool:
        public, message, signature = claim
        asked.append((public, message, signature))
        return ed25519.is_signature(public, message, signature)

    claim = signature_claim(lagoon.state, data, lagoon.height)
    assert apply(lagoon.state, data, Context(height=lagoon.height, time=lagoon.time, verify=verify)).ok
    assert asked == [claim]
    assert claim is not None
    assert claim[0] == lagoon.founding.orgs["bank"].public(Purpose.IDENTITY)


def test_a_verifier_that_says_no_is_obeyed() -> None:
    lagoon = Lagoon()
    context = Context(height=lagoon.height, time=lagoon.time, verify=lambda *_: False)
    assert apply(lagoon.state, lagoon.founding.sign("bank", MOVE), context).code == BadSignature.code


def test_bytes_that_come_to_no_question_claim_nothing() -> None:
    lagoon = Lagoon()
    lagoon.founding.add("stranger")
    assert signature_claim(lagoon.state, b"", 1) is None
    assert signature_claim(lagoon.state, lagoon.founding.sign("stranger", MOVE), 1) is None
    assert signature_claim(State({}), lagoon.founding.sign("bank", MOVE), 1) is None


def test_what_is_logged_and_named_is_the_received_bytes() -> None:
    founding = Founding()
    data = founding.sign("bank", MOVE)
    envelope, parsed = parse_transaction(data)
    assert (envelope.received, parsed.sender, parsed.type) == (data, "bank", MOVE.TAG)
    assert parse_envelope(data) == envelope
    assert transaction_id(data) != transaction_id(founding.sign("bank", MOVE))
