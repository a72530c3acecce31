"""Keys, their records and their names."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from typing import Any

import pytest

from atoll.trust.algorithms import Algorithm, parse_algorithm, verify_public_key, verify_signature
from atoll.trust.errors import EnvelopeError, KeyNotValid, KeyUnusable, SignatureInvalid, UnknownAlgorithm
from atoll.trust.fingerprint import fingerprint
from atoll.trust.keys import KeyName, KeyRecord, PublicKey, Purpose, SecretKey, parse_kid
from atoll.wire.errors import MessageError
from atoll.wire.message import encode_message, parse_message

# RFC 8032 section 7.1, test 2.
RFC_SEED = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
RFC_PUBLIC = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
RFC_MESSAGE = bytes.fromhex("72")
RFC_SIGNATURE = bytes.fromhex(
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
)


@pytest.fixture
def record(identity: SecretKey) -> KeyRecord:
    return identity.record("bank", version=3, from_height=10)


class TestSecretKey:
    def test_signs_as_the_rfc_prints_it(self) -> None:
        key = SecretKey(Purpose.IDENTITY, RFC_SEED)
        assert key.public.data == RFC_PUBLIC
        assert key.sign(RFC_MESSAGE) == RFC_SIGNATURE

    @pytest.mark.parametrize("show", [repr, str, "{}".format, "{:>80}".format], ids=["repr", "str", "format", "padded"])
    def test_shows_its_purpose_and_fingerprint_only(self, show: Any) -> None:
        key = SecretKey(Purpose.IDENTITY, RFC_SEED)
        assert show(key).strip() == f"<SecretKey identity {key.public.fingerprint}>"

    @pytest.mark.parametrize("duplicate", [pickle.dumps, copy.copy, copy.deepcopy], ids=["pickle", "copy", "deepcopy"])
    def test_is_never_duplicated(self, identity: SecretKey, duplicate: Any) -> None:
        with pytest.raises(TypeError, match="never pickled or copied"):
            duplicate(identity)

    def test_has_no_dictionary_to_look_into(self, identity: SecretKey) -> None:
        with pytest.raises(TypeError):
            vars(identity)

    def test_of_tls_purpose_is_not_made_here(self) -> None:
        with pytest.raises(ValueError, match="TLS"):
            SecretKey(Purpose.TLS, RFC_SEED)

    def test_needs_a_whole_seed(self) -> None:
        with pytest.raises(ValueError, match="32"):
            SecretKey(Purpose.IDENTITY, RFC_SEED[:-1])


class TestPublicKey:
    def test_verifies_what_its_secret_half_signed(self, identity: SecretKey) -> None:
        identity.public.verify(b"message", identity.sign(b"message"))

    @pytest.mark.parametrize("at", [0, 31, 32, 63])
    def test_refuses_a_signature_with_a_flipped_bit(self, identity: SecretKey, at: int) -> None:
        signature = bytearray(identity.sign(b"message"))
        signature[at] ^= 1
        with pytest.raises(SignatureInvalid):
            identity.public.verify(b"message", bytes(signature))

    def test_refuses_another_message(self, identity: SecretKey) -> None:
        with pytest.raises(SignatureInvalid):
            identity.public.verify(b"massage", identity.sign(b"message"))

    @pytest.mark.parametrize("length", [0, 63, 65])
    def test_refuses_a_signature_of_another_length(self, identity: SecretKey, length: int) -> None:
        signature = (identity.sign(b"message") + b"\0")[:length]
        with pytest.raises(SignatureInvalid):
            identity.public.verify(b"message", signature)

    @pytest.mark.parametrize(
        "data",
        [
            bytes([1]) + bytes(31),  # the neutral element, of order 1
            bytes(32),  # of order 4
            bytes([0xEE]) + b"\xff" * 30 + b"\x7f",  # y = p + 1, not canonical
            b"\x02" + bytes(31),  # not on the curve
        ],
        ids=["neutral", "order-4", "not-canonical", "off-curve"],
    )
    def test_cannot_be_a_point_that_is_never_accepted(self, data: bytes) -> None:
        with pytest.raises(KeyUnusable):
            PublicKey(algorithm=Algorithm.ED25519, data=data)

    def test_of_a_certificate_algorithm_does_not_exist(self) -> None:
        with pytest.raises(KeyUnusable):
            PublicKey(algorithm=Algorithm.ECDSA_P256, data=RFC_PUBLIC)

    def test_keeps_its_one_encoding(self) -> None:
        key = PublicKey(algorithm=Algorithm.ED25519, data=RFC_PUBLIC)
        assert parse_message(encode_message(key), PublicKey) == key


class TestFingerprint:
    def test_is_eight_groups_of_four_digits(self) -> None:
        # printf 'atoll/key/1\\0ed25519\\0' and the 32 bytes of the key | sha256sum
        assert fingerprint(Algorithm.ED25519, RFC_PUBLIC) == "98e8-c28d-bf5c-026c-1585-d598-4eee-0be2"

    def test_tells_algorithms_apart(self) -> None:
        assert fingerprint(Algorithm.ED25519, RFC_PUBLIC) != fingerprint(Algorithm.ECDSA_P256, RFC_PUBLIC)


class TestKeyRecord:
    def test_is_called_organisation_purpose_version(self, record: KeyRecord) -> None:
        assert record.kid == "bank/identity/3"
        assert parse_kid(record.kid.encode()) == KeyName("bank", Purpose.IDENTITY, 3)

    def test_keeps_its_one_encoding(self, record: KeyRecord) -> None:
        replaced = dataclasses.replace(record, to_height=20, revoked_height=30)
        for one in (record, replaced):
            assert parse_message(encode_message(one), KeyRecord) == one

    @pytest.mark.parametrize(("height", "valid"), [(9, False), (10, True), (19, True), (20, False), (29, False)])
    def test_is_valid_from_its_first_height_until_it_is_replaced(self, record: KeyRecord, height: int, valid: bool) -> None:
        assert dataclasses.replace(record, to_height=20).is_valid_at(height) is valid

    @pytest.mark.parametrize(("height", "valid"), [(14, True), (15, False), (19, False)])
    def test_is_void_from_the_height_of_its_revocation(self, record: KeyRecord, height: int, valid: bool) -> None:
        assert dataclasses.replace(record, to_height=20, revoked_height=15).is_valid_at(height) is valid

    @pytest.mark.parametrize(
        ("height", "reason"),
        [(9, "valid from height 10"), (20, "replaced from height 20"), (30, "revoked from height 30")],
    )
    def test_says_why_it_is_not_valid(self, record: KeyRecord, height: int, reason: str) -> None:
        record = dataclasses.replace(record, to_height=20, revoked_height=30)
        with pytest.raises(KeyNotValid, match=reason):
            record.verify_valid_at(height)
        record.verify_valid_at(19)

    @pytest.mark.parametrize(
        ("purpose", "algorithm"), [(Purpose.TLS, Algorithm.ED25519), (Purpose.IDENTITY, Algorithm.ECDSA_P256)]
    )
    def test_ties_the_algorithm_to_the_purpose(self, record: KeyRecord, purpose: Purpose, algorithm: Algorithm) -> None:
        with pytest.raises(MessageError, match="must be"):
            dataclasses.replace(record, purpose=purpose, algorithm=algorithm)

    @pytest.mark.parametrize("public", [bytes([1]) + bytes(31), RFC_PUBLIC + b"\0"], ids=["small-order", "too-long"])
    def test_refuses_to_register_a_key_that_is_never_accepted(self, record: KeyRecord, public: bytes) -> None:
        with pytest.raises(KeyUnusable):
            dataclasses.replace(record, public=public)

    def test_replaced_in_its_first_block_was_never_valid(self, record: KeyRecord) -> None:
        assert not dataclasses.replace(record, to_height=10).is_valid_at(10)

    def test_cannot_end_before_it_begins(self, record: KeyRecord) -> None:
        with pytest.raises(MessageError, match="before from_height"):
            dataclasses.replace(record, to_height=9)

    def test_has_the_fingerprint_of_its_key(self, record: KeyRecord, identity: SecretKey) -> None:
        assert record.fingerprint == identity.public.fingerprint


class TestKeyName:
    @pytest.mark.parametrize(
        "kid",
        [
            b"",
            b"bank/identity",
            b"bank/identity/0",
            b"bank/identity/01",
            b"bank/identity/2147483648",
            b"bank/identity/1/",
            b"bank/identity/1\n",
            b"bank/unknown/1",
            b"Bank/identity/1",
            b"../identity/1",
            b"b\xc3\xa4nk/identity/1",
            b"bank/identity/\xd9\xa1",
        ],
    )
    def test_has_one_spelling(self, kid: bytes) -> None:
        with pytest.raises(EnvelopeError):
            parse_kid(kid)

    def test_goes_up_to_the_highest_version(self) -> None:
        assert parse_kid(b"a/log/2147483647").version == 2**31 - 1


class TestAlgorithm:
    @pytest.mark.parametrize("number", [-8, -19])
    def test_ed25519_has_two_numbers(self, number: int) -> None:
        assert parse_algorithm(number) is Algorithm.ED25519

    @pytest.mark.parametrize("number", [-7, -9, -35, -48, -53, 0, 8], ids=str)
    def test_no_other_number_is_known(self, number: int) -> None:
        with pytest.raises(UnknownAlgorithm, match=str(number)):
            parse_algorithm(number)

    def test_a_usable_key_passes(self) -> None:
        verify_public_key(Algorithm.ED25519, RFC_PUBLIC)

    def test_that_of_certificates_verifies_no_message(self) -> None:
        verify_signature(Algorithm.ED25519, RFC_PUBLIC, RFC_MESSAGE, RFC_SIGNATURE, name="key")
        with pytest.raises(SignatureInvalid):
            verify_signature(Algorithm.ECDSA_P256, RFC_PUBLIC, RFC_MESSAGE, RFC_SIGNATURE, name="key")
