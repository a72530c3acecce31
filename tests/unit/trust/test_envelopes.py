"""Signed envelopes: the one form, and every way to leave it."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from atoll.trust.algorithms import Algorithm
from atoll.trust.envelope import (
    MAX_ENVELOPE_BYTES,
    MAX_KID_BYTES,
    Context,
    Envelope,
    encode_aad,
    encode_signed,
    parse_envelope,
    seal_envelope,
    verify_envelope,
)
from atoll.trust.errors import EnvelopeError, SignatureInvalid, UnknownAlgorithm, WrongAlgorithm, WrongKey
from atoll.trust.keys import KeyRecord, Purpose, SecretKey
from atoll.trust.tlskeys import create_tls_key
from atoll.wire.cbor import decode, encode
from atoll.wire.message import MAX_MESSAGE_BYTES
from tests.unit.trust.standins import SeededEntropy, StoppedClock

GENESIS = bytes(range(32))
AAD = encode_aad("lagoon", GENESIS, Context.TRANSACTION)
PAYLOAD = b"This is the content."
KID = b"bank/identity/1"


@pytest.fixture
def record(identity: SecretKey) -> KeyRecord:
    return identity.record("bank", version=1, from_height=1)


@pytest.fixture
def sealed(identity: SecretKey) -> bytes:
    return seal_envelope(PAYLOAD, kid=KID, algorithm=Algorithm.ED25519, sign=identity.sign, aad=AAD)


def signed_with_header(identity: SecretKey, protected: bytes) -> bytes:
    """An envelope with a correct signature under an odd header."""
    return encode([protected, {}, PAYLOAD, identity.sign(encode_signed(protected, AAD, PAYLOAD))])


class TestTheOneForm:
    def test_is_these_bytes(self) -> None:
        key = SecretKey(Purpose.IDENTITY, bytes(32))
        sealed = seal_envelope(b"hi", kid=b"a/log/1", algorithm=Algorithm.ED25519, sign=key.sign, aad=AAD)
        header = "a201270447612f6c6f672f31"
        assert sealed[:-64].hex() == "844c" + header + "a04268695840"

    def test_covers_consortium_context_header_and_payload(self, sealed: bytes) -> None:
        envelope = parse_envelope(sealed)
        assert decode(envelope.signed_bytes(AAD)) == ["Signature1", envelope.protected, AAD, PAYLOAD]
        assert decode(AAD) == ["lagoon", GENESIS, "transaction"]

    def test_comes_back_as_it_was_sealed(self, sealed: bytes, record: KeyRecord) -> None:
        envelope = parse_envelope(sealed)
        assert (envelope.received, envelope.payload, envelope.kid) == (sealed, PAYLOAD, KID)
        assert (envelope.alg, envelope.signature) == (Algorithm.ED25519, sealed[-64:])
        verify_envelope(envelope, record, AAD)

    def test_holds_an_empty_payload_and_the_largest(self, identity: SecretKey, record: KeyRecord) -> None:
        for payload in (b"", bytes(MAX_MESSAGE_BYTES)):
            sealed = seal_envelope(payload, kid=KID, algorithm=Algorithm.ED25519, sign=identity.sign, aad=AAD)
            envelope = parse_envelope(sealed)
            assert envelope.payload == payload
            verify_envelope(envelope, record, AAD)

    def test_fits_a_log_entry_at_its_largest(self, identity: SecretKey) -> None:
        kid = b"k" * MAX_KID_BYTES
        sealed = seal_envelope(bytes(MAX_MESSAGE_BYTES), kid=kid, algorithm=Algorithm.ED25519, sign=identity.sign, aad=AAD)
        assert len(sealed) <= MAX_ENVELOPE_BYTES <= 65_535
        assert parse_envelope(sealed).kid == kid

    @pytest.mark.parametrize("length", [1, 23, 24, 25, 63, 64])
    def test_holds_key_names_of_every_length(self, identity: SecretKey, length: int) -> None:
        kid = b"k" * length
        sealed = seal_envelope(PAYLOAD, kid=kid, algorithm=Algorithm.ED25519, sign=identity.sign, aad=AAD)
        assert parse_envelope(sealed).kid == kid

    def test_the_newer_number_of_ed25519_is_accepted(self, identity: SecretKey, record: KeyRecord) -> None:
        sealed = signed_with_header(identity, b"\xa2\x01\x32\x04\x4f" + KID)
        verify_envelope(parse_envelope(sealed), record, AAD)


class TestVerifying:
    def test_ties_the_signature_to_the_consortium(self, sealed: bytes, record: KeyRecord) -> None:
        other_genesis = bytes([1]) + GENESIS[1:]
        for chain_id, genesis in (("other", GENESIS), ("lagoon", other_genesis)):
            with pytest.raises(SignatureInvalid):
                verify_envelope(parse_envelope(sealed), record, encode_aad(chain_id, genesis, Context.TRANSACTION))

    @pytest.mark.parametrize("context", [context for context in Context if context is not Context.TRANSACTION])
    def test_ties_the_signature_to_what_it_is_meant_for(self, sealed: bytes, record: KeyRecord, context: Context) -> None:
        with pytest.raises(SignatureInvalid):
            verify_envelope(parse_envelope(sealed), record, encode_aad("lagoon", GENESIS, context))

    def test_refuses_another_name_for_the_same_key(self, sealed: bytes, identity: SecretKey) -> None:
        with pytest.raises(WrongKey, match="bank/identity/1, not under bank/identity/2"):
            verify_envelope(parse_envelope(sealed), identity.record("bank", version=2, from_height=1), AAD)

    def test_refuses_another_key_under_the_same_name(self, sealed: bytes) -> None:
        other = SecretKey(Purpose.IDENTITY, bytes(32)).record("bank", version=1, from_height=1)
        with pytest.raises(SignatureInvalid, match="bank/identity/1"):
            verify_envelope(parse_envelope(sealed), other, AAD)

    def test_takes_the_algorithm_from_the_registered_key(self, identity: SecretKey) -> None:
        # The header says Ed25519 and the name is that of a certificate: only the comparison stands between them.
        tls = create_tls_key("bank", clock=StoppedClock(), entropy=SeededEntropy()).record("bank", version=1, from_height=1)
        sealed = seal_envelope(PAYLOAD, kid=b"bank/tls/1", algorithm=Algorithm.ED25519, sign=identity.sign, aad=AAD)
        with pytest.raises(WrongAlgorithm, match="ed25519, but key bank/tls/1 is registered for ecdsa-p256"):
            verify_envelope(parse_envelope(sealed), tls, AAD)

    @pytest.mark.parametrize("field", ["payload", "protected", "signature"])
    def test_notices_a_change_in_every_part(self, sealed: bytes, record: KeyRecord, field: str) -> None:
        envelope = parse_envelope(sealed)
        changed = bytes([getattr(envelope, field)[0] ^ 1]) + getattr(envelope, field)[1:]
        with pytest.raises(SignatureInvalid):
            verify_envelope(dataclasses.replace(envelope, **{field: changed}), record, AAD)

    def test_verifies_what_was_received_and_not_a_copy(self, sealed: bytes, record: KeyRecord) -> None:
        # kid and alg are readings of `protected`; the signature is on `protected`.
        envelope = parse_envelope(sealed)
        other = Envelope(
            received=sealed,
            protected=envelope.protected.replace(b"bank", b"bonk"),
            alg=envelope.alg,
            kid=envelope.kid,
            payload=envelope.payload,
            signature=envelope.signature,
        )
        with pytest.raises(SignatureInvalid):
            verify_envelope(other, record, AAD)


class TestParsing:
    def test_refuses_bytes_left_over(self, sealed: bytes) -> None:
        with pytest.raises(EnvelopeError):
            parse_envelope(sealed + b"\0")

    def test_refuses_the_tagged_form(self, sealed: bytes) -> None:
        with pytest.raises(EnvelopeError):
            parse_envelope(b"\xd2" + sealed)

    @pytest.mark.parametrize("unprotected", [{"x": 1}, {"": b""}, None, [], b""], ids=repr)
    def test_refuses_anything_unprotected(self, sealed: bytes, unprotected: Any) -> None:
        protected, _, payload, signature = decode(sealed)
        with pytest.raises(EnvelopeError, match="unprotected"):
            parse_envelope(encode([protected, unprotected, payload, signature]))

    def test_refuses_an_unprotected_key_name(self, sealed: bytes) -> None:
        protected, _, payload, signature = decode(sealed)
        with_kid = b"\x84" + encode(protected) + b"\xa1\x04\x41\x61" + encode(payload) + encode(signature)
        with pytest.raises(EnvelopeError):
            parse_envelope(with_kid)

    @pytest.mark.parametrize("length", [0, 63, 65])
    def test_refuses_a_signature_of_another_length(self, sealed: bytes, length: int) -> None:
        protected, _, payload, signature = decode(sealed)
        with pytest.raises(EnvelopeError, match=f"signature has {length} bytes"):
            parse_envelope(encode([protected, {}, payload, (signature + b"\0")[:length]]))

    @pytest.mark.parametrize("at", [0, 2, 3])
    def test_refuses_a_part_of_another_type(self, sealed: bytes, at: int) -> None:
        odds: list[Any] = [None, 1, "text", [], {}]
        for odd in odds:
            parts = decode(sealed)
            parts[at] = odd
            with pytest.raises(EnvelopeError, match="byte strings"):
                parse_envelope(encode(parts))

    def test_refuses_another_number_of_parts(self, sealed: bytes) -> None:
        parts = decode(sealed)
        odds: list[Any] = [parts[:3], [*parts, b""], [], {}, b"", None]
        for odd in odds:
            with pytest.raises(EnvelopeError, match="array of four"):
                parse_envelope(encode(odd))

    def test_refuses_a_detached_payload(self, sealed: bytes) -> None:
        protected, _, _, signature = decode(sealed)
        with pytest.raises(EnvelopeError):
            parse_envelope(encode([protected, {}, None, signature]))

    def test_refuses_a_payload_over_the_limit(self, sealed: bytes) -> None:
        protected, _, _, signature = decode(sealed)
        with pytest.raises(EnvelopeError, match="60001 bytes"):
            parse_envelope(encode([protected, {}, bytes(MAX_MESSAGE_BYTES + 1), signature]))

    def test_does_not_look_into_more_bytes_than_an_envelope_can_have(self, sealed: bytes) -> None:
        protected, _, _, signature = decode(sealed)
        with pytest.raises(EnvelopeError, match="strict CBOR"):
            parse_envelope(encode([protected, {}, bytes(MAX_ENVELOPE_BYTES), signature]))

    @pytest.mark.parametrize(
        "protected",
        {
            "empty": b"",
            "an empty map": b"\xa0",
            "no kid": b"\xa1\x01\x27",
            "no algorithm": b"\xa1\x04\x41a",
            "keys in the other order": b"\xa2\x04\x41a\x01\x27",
            "a third key": b"\xa3\x01\x27\x03\x00\x04\x41a",
            "another second key": b"\xa2\x01\x27\x03\x41a",
            "the same key twice": b"\xa2\x01\x27\x01\x27",
            "kid as text": b"\xa2\x01\x27\x04\x61a",
            "kid empty": b"\xa2\x01\x27\x04\x40",
            "kid too long": b"\xa2\x01\x27\x04\x58\x41" + b"a" * 65,
            "kid cut short": b"\xa2\x01\x27\x04\x42a",
            "kid without bytes": b"\xa2\x01\x27\x04",
            "bytes left over": b"\xa2\x01\x27\x04\x41a\x00",
            "kid length not minimal": b"\xa2\x01\x27\x04\x58\x01a",
            "kid length missing": b"\xa2\x01\x27\x04\x58",
            "kid length of two bytes": b"\xa2\x01\x27\x04\x59\x00\x01a",
            "kid of indefinite length": b"\xa2\x01\x27\x04\x5f\x41a\xff",
            "map of indefinite length": b"\xbf\x01\x27\x04\x41a\xff",
            "map length not minimal": b"\xb8\x02\x01\x27\x04\x41a",
            "algorithm not minimal": b"\xa2\x01\x38\x07\x04\x41a",
            "algorithm as text": b"\xa2\x01\x65EdDSA\x04\x41a",
            "algorithm missing": b"\xa2\x01",
            "algorithm a byte string": b"\xa2\x01\x41\x27\x04\x41a",
            "algorithm of two bytes": b"\xa2\x01\x39\x03\xe6\x04\x41a",
            "algorithm positive": b"\xa2\x01\x08\x04\x41a",
        }.items(),
        ids=lambda item: item[0],
    )
    def test_refuses_every_other_header_even_if_signed(self, identity: SecretKey, protected: tuple[str, bytes]) -> None:
        with pytest.raises(EnvelopeError, match=r"exactly \{1: algorithm, 4: kid\}"):
            parse_envelope(signed_with_header(identity, protected[1]))

    @pytest.mark.parametrize(
        ("item", "number"),
        [(b"\x26", -7), (b"\x28", -9), (b"\x38\x22", -35), (b"\x38\x2f", -48)],
        ids=["ES256", "ESP256", "ES384", "ML-DSA-44"],
    )
    def test_refuses_algorithms_that_are_not_implemented(self, identity: SecretKey, item: bytes, number: int) -> None:
        with pytest.raises(UnknownAlgorithm, match=f"{number},"):
            parse_envelope(signed_with_header(identity, b"\xa2\x01" + item + b"\x04\x41a"))


class TestSealing:
    def test_refuses_a_payload_over_the_limit(self, identity: SecretKey) -> None:
        with pytest.raises(EnvelopeError, match="60001 bytes"):
            seal_envelope(bytes(60_001), kid=KID, algorithm=Algorithm.ED25519, sign=identity.sign, aad=AAD)

    @pytest.mark.parametrize("kid", [b"", b"k" * 65])
    def test_refuses_a_key_name_out_of_bounds(self, identity: SecretKey, kid: bytes) -> None:
        with pytest.raises(EnvelopeError, match="key name"):
            seal_envelope(PAYLOAD, kid=kid, algorithm=Algorithm.ED25519, sign=identity.sign, aad=AAD)

    def test_refuses_an_algorithm_that_does_not_sign_envelopes(self, identity: SecretKey) -> None:
        with pytest.raises(EnvelopeError, match="ecdsa-p256 does not sign"):
            seal_envelope(PAYLOAD, kid=KID, algorithm=Algorithm.ECDSA_P256, sign=identity.sign, aad=AAD)

    def test_refuses_a_signer_that_gives_something_else(self) -> None:
        with pytest.raises(EnvelopeError, match="signer"):
            seal_envelope(PAYLOAD, kid=KID, algorithm=Algorithm.ED25519, sign=lambda data: data, aad=AAD)


class TestExternalPart:
    def test_tells_every_context_apart(self) -> None:
        assert len({encode_aad("lagoon", GENESIS, context) for context in Context}) == len(Context)

    @pytest.mark.parametrize(
        ("chain_id", "genesis"), [("", GENESIS), ("c" * 65, GENESIS), ("lagoon", b""), ("lagoon", bytes(33))]
    )
    def test_needs_a_named_consortium(self, chain_id: str, genesis: bytes) -> None:
        with pytest.raises(ValueError, match="consortium"):
            encode_aad(chain_id, genesis, Context.PLAN)
