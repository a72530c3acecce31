"""The examples of the COSE working group, all ten accounted for.

The envelope's form is narrower than COSE, so every example must be refused as an envelope, good ones included: by its tag, by
its unprotected key name, by its header. Below that, what both share is checked to the bit: the Sig_structure of the eight
COSE_Sign1 cases, and the signature of the one that is Ed25519, reproduced and verified. The others are refused by algorithm.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from atoll.trust.algorithms import Algorithm, parse_algorithm, verify_signature
from atoll.trust.envelope import encode_signed, parse_envelope
from atoll.trust.errors import EnvelopeError, SignatureInvalid, UnknownAlgorithm
from atoll.trust.keys import Purpose, SecretKey
from atoll.wire.cbor import decode, encode
from tests.vectors.conftest import listed_cases, vectors

SOURCE = vectors("cose")
CASES: dict[str, dict[str, Any]] = {path.stem: json.loads(path.read_text()) for path in sorted(SOURCE.glob("*/*.json"))}

TAG_OF_SIGN1 = bytes.fromhex("d2")
TAG_998 = bytes.fromhex("d903e6")
UNPROTECTED = {
    "kid 11": bytes.fromhex("a104423131"),
    "kid ed448": bytes.fromhex("a104456564343438"),
    "algorithm and kid 11": bytes.fromhex("a2012604423131"),
}


@dataclass(frozen=True)
class Sign1:
    """How one COSE_Sign1 example is made up; tag and unprotected header are not of our CBOR profile."""

    tag: bytes
    unprotected: str
    algorithm: int | None
    """Number in the protected header; None where that is empty."""
    verdict: str


SIGN1 = {
    "eddsa-sig-01": Sign1(TAG_OF_SIGN1, "kid 11", -8, "Ed25519: reproduced and verified"),
    "eddsa-sig-02": Sign1(TAG_OF_SIGN1, "kid ed448", -8, "Ed448 under the shared number -8: not a key or signature of Ed25519"),
    "sign-fail-01": Sign1(TAG_998, "kid 11", -7, "ES256 is not implemented"),
    "sign-fail-02": Sign1(TAG_OF_SIGN1, "kid 11", -7, "ES256 is not implemented; the payload was changed after signing"),
    "sign-fail-03": Sign1(TAG_OF_SIGN1, "kid 11", -999, "algorithm -999 does not exist"),
    "sign-pass-01": Sign1(TAG_OF_SIGN1, "algorithm and kid 11", None, "the algorithm is not protected"),
    "sign-pass-02": Sign1(TAG_OF_SIGN1, "kid 11", -7, "ES256 is not implemented"),
    "sign-pass-03": Sign1(b"", "kid 11", -7, "ES256 is not implemented"),
}
SEVERAL_SIGNERS = {
    "eddsa-01": "COSE_Sign: several signers, another structure (Ed25519)",
    "eddsa-02": "COSE_Sign: several signers, another structure (Ed448)",
}


def output(name: str) -> bytes:
    return bytes.fromhex(CASES[name]["output"]["cbor"])


def parts(name: str) -> tuple[bytes, bytes, bytes]:
    """Protected header, payload and signature, read after taking away what our CBOR profile does not know."""
    case = SIGN1[name]
    data = output(name)
    unprotected = UNPROTECTED[case.unprotected]
    assert data.startswith(case.tag + b"\x84")
    assert data.count(unprotected) == 1
    protected, _, payload, signature = decode(data.removeprefix(case.tag).replace(unprotected, b"\xa0"))
    return protected, payload, signature


def as_envelope(name: str) -> bytes:
    """The example in our outer form: no tag, nothing unprotected."""
    protected, payload, signature = parts(name)
    return encode([protected, {}, payload, signature])


def test_every_case_of_the_collection_is_accounted_for() -> None:
    assert len(CASES) == listed_cases("cose")["all"] == 10
    assert SIGN1.keys() | SEVERAL_SIGNERS.keys() == CASES.keys()
    assert not SIGN1.keys() & SEVERAL_SIGNERS.keys()


@pytest.mark.parametrize("name", CASES)
def test_no_example_is_an_envelope_as_it_stands(name: str) -> None:
    with pytest.raises(EnvelopeError):
        parse_envelope(output(name))


@pytest.mark.parametrize("name", SIGN1)
def test_what_is_to_be_signed_is_rebuilt(name: str) -> None:
    source = CASES[name]["input"]
    protected, payload, _ = parts(name)
    if name == "sign-fail-02":
        assert payload != source["plaintext"].encode()
        payload = source["plaintext"].encode()
    if name == "sign-fail-03":
        assert protected == bytes.fromhex("a1013903e6")
        protected = bytes.fromhex("a10126")
    if name == "sign-pass-01":
        # RFC 9052 section 4.4: an empty map is signed as an empty byte string. Ours is never empty.
        assert protected == bytes.fromhex("a0")
        protected = b""
    aad = bytes.fromhex(source["sign0"].get("external", ""))
    assert encode_signed(protected, aad, payload) == bytes.fromhex(CASES[name]["intermediates"]["ToBeSign_hex"])


@pytest.mark.parametrize("name", SIGN1)
def test_a_header_without_exactly_algorithm_and_key_name_is_refused(name: str) -> None:
    with pytest.raises(EnvelopeError, match=r"protected header|signature has"):
        parse_envelope(as_envelope(name))


@pytest.mark.parametrize("name", [name for name, case in SIGN1.items() if case.algorithm not in {None, -8}])
def test_other_algorithms_are_refused_by_number(name: str) -> None:
    number = SIGN1[name].algorithm
    assert number is not None
    with pytest.raises(UnknownAlgorithm):
        parse_algorithm(number)


def test_the_ed25519_example_is_reproduced_and_verified() -> None:
    source = CASES["eddsa-sig-01"]["input"]["sign0"]["key"]
    protected, payload, signature = parts("eddsa-sig-01")
    key = SecretKey(Purpose.IDENTITY, bytes.fromhex(source["d_hex"]))
    signed = encode_signed(protected, b"", payload)
    assert key.public.data == bytes.fromhex(source["x_hex"])
    assert key.sign(signed) == signature
    verify_signature(Algorithm.ED25519, key.public.data, signed, signature, name="11")
    with pytest.raises(SignatureInvalid):
        verify_signature(Algorithm.ED25519, key.public.data, encode_signed(protected, b"x", payload), signature, name="11")


@pytest.mark.parametrize("name", ["eddsa-02", "eddsa-sig-02"])
def test_an_ed448_signature_is_not_taken_for_ed25519(name: str) -> None:
    source = CASES[name]["input"]
    key = (source["sign0"] if name in SIGN1 else source["sign"]["signers"][0])["key"]
    signature = output(name)[-114:]
    for public in (bytes.fromhex(key["x_hex"]), bytes.fromhex(key["x_hex"])[:32]):
        with pytest.raises(SignatureInvalid):
            verify_signature(Algorithm.ED25519, public, b"", signature, name="ed448")


def test_the_signer_of_a_many_signer_message_signs_another_structure() -> None:
    # The example's own signature is right for "Signature" and must be wrong for "Signature1", the only one that is built here.
    signer = CASES["eddsa-01"]["input"]["sign"]["signers"][0]["key"]
    expected = bytes.fromhex(CASES["eddsa-01"]["intermediates"]["signers"][0]["ToBeSign_hex"])
    context, _, protected, aad, payload = decode(expected)
    public, signature = bytes.fromhex(signer["x_hex"]), output("eddsa-01")[-64:]
    assert context == "Signature"
    verify_signature(Algorithm.ED25519, public, expected, signature, name="11")
    with pytest.raises(SignatureInvalid):
        verify_signature(Algorithm.ED25519, public, encode_signed(protected, aad, payload), signature, name="11")
