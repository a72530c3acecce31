"""Shares, commitments and proofs of knowledge by the vectors of FROST; evaluations by those of RFC 9497, the key split."""

from __future__ import annotations

import json
from itertools import combinations
from typing import Any

import pytest

from atoll.primitives import ristretto, sharing
from atoll.primitives.oprf import SecretScalars
from atoll.primitives.ristretto import SecretScalar
from atoll.primitives.sharing import ORDER, Polynomial
from atoll.protocols.threshold_oprf import Question, Share, add_up, verify_answer, weights_of
from specs.reference import threshold_oprf as oracle
from tests.vectors.conftest import listed_cases, vectors

FROST = vectors("frost-rfc9591")
DKG = json.loads((FROST / "zf-ristretto255" / "vectors_dkg.json").read_text())["inputs"]
DEALERS = ["1", "2", "3"]
ZF_DOMAIN = b"FROST-RISTRETTO255-SHA512-v1dkg"
SIGNING = json.loads((FROST / "frost-ristretto255-sha512.json").read_text())["inputs"]
VOPRF = next(
    suite
    for suite in json.loads((vectors("oprf-rfc9497") / "rfc9497.json").read_text())
    if suite["identifier"] == "ristretto255-SHA512" and suite["mode"] == 1
)


def raw(text: str) -> bytes:
    return bytes.fromhex(text)


def scalar(text: str) -> SecretScalar:
    return SecretScalar.from_canonical(raw(text))


def number(text: str) -> int:
    return int.from_bytes(raw(text), "little")


def polynomial(*coefficients: str) -> Polynomial:
    return Polynomial.from_coefficients(SecretScalars.from_canonical(b"".join(map(raw, coefficients))))


def committed(dealer: str) -> list[bytes]:
    return [raw(one) for one in DKG[dealer]["vss_commitments"]]


def test_the_vectors_are_all_there() -> None:
    assert listed_cases("frost-rfc9591")["zf-ristretto255/vectors_dkg.json"] == 1
    assert {"1", "2", "3"} < set(DKG)


@pytest.mark.parametrize("dealer", DEALERS)
def test_a_dealer_of_frost_commits_and_shares_as_written(dealer: str) -> None:
    case = DKG[dealer]
    dealt = polynomial(case["signing_key"], case["coefficient"])
    assert dealt.commitments() == b"".join(committed(dealer))
    coefficients = [number(case["signing_key"]), number(case["coefficient"])]
    assert oracle.commitments(coefficients) == committed(dealer)
    for member in DEALERS:
        if member != dealer:
            given = DKG[member]["signing_shares"][dealer]
            # The file lists under each member what it received, by sender.
            assert dealt.at(int(member)).expose() == raw(given)
            assert oracle.share(coefficients, int(member)) == number(given)
            assert sharing.is_share(scalar(given), dealt.commitments(), int(member))
            assert not sharing.is_share(scalar(given), dealt.commitments(), int(member) + 1)


@pytest.mark.parametrize("dealer", DEALERS)
def test_frosts_proofs_of_knowledge_hold_for_their_dealer_alone(dealer: str) -> None:
    proof, public = raw(DKG[dealer]["proof_of_knowledge"]), committed(dealer)[0]
    for other in DEALERS:
        prefix = ZF_DOMAIN + int(other).to_bytes(32, "little")
        assert sharing.is_knowledge(public, prefix, proof) == (other == dealer)
        assert not sharing.is_knowledge(public, prefix, proof[:-1] + bytes([proof[-1] ^ 1]))


def test_the_deals_of_frost_add_up_to_the_written_key_and_shares() -> None:
    commitments = {dealer: committed(dealer) for dealer in DEALERS}
    weights = weights_of(DEALERS)
    joint, shares = add_up(commitments, weights, len(DEALERS))
    assert joint == raw(DKG["verifying_key"])
    for member, public in zip(DEALERS, shares, strict=True):
        assert public == raw(DKG[member]["verifying_share"])
        own = polynomial(DKG[member]["signing_key"], DKG[member]["coefficient"]).at(int(member))
        received = [scalar(one) for one in DKG[member]["signing_shares"].values()]
        assert sharing.add_shares([own, *received], [1, 1, 1]).expose() == raw(DKG[member]["signing_share"])


def test_the_shares_of_rfc_9591_come_out_of_its_polynomial() -> None:
    dealt = polynomial(SIGNING["group_secret_key"], *SIGNING["share_polynomial_coefficients"])
    assert dealt.commitments()[:32] == raw(SIGNING["group_public_key"])
    for one in SIGNING["participant_shares"]:
        assert dealt.at(one["identifier"]).expose() == raw(one["participant_share"])


def test_what_frosts_vectors_call_no_element_is_refused() -> None:
    invalid = raw(json.loads((FROST / "zf-ristretto255" / "elements.json").read_text())["elements"]["invalid_element"])
    assert not ristretto.is_point(invalid)
    assert not sharing.is_knowledge(invalid, b"", bytes(64))


@pytest.mark.parametrize("case", VOPRF["vectors"], ids=lambda case: str(case["Batch"]))
@pytest.mark.parametrize(("threshold", "members"), [(1, 1), (2, 3), (3, 4), (3, 5)])
def test_any_t_of_n_give_what_rfc_9497_gives_under_the_joint_key(case: dict[str, Any], threshold: int, members: int) -> None:
    dealt = Polynomial.derive(scalar(VOPRF["skSm"]), bytes([threshold] * 32), threshold)
    shares = {place: Share(dealt.at(place), bytes(32)) for place in range(1, members + 1)}
    inputs = [raw(one) for one in case["Input"].split(",")]
    question = Question(inputs, bytes(32))
    blinded = b"".join(raw(one) for one in case["BlindedElement"].split(","))
    written = [raw(one) for one in case["EvaluationElement"].split(",")]
    outputs = tuple(raw(one)[:32] for one in case["Output"].split(","))
    for places in combinations(shares, threshold):
        answers = {}
        for place in places:
            answers[place], proof = shares[place].answer(question.blinded)
            verify_answer(sharing.public_share(dealt.commitments(), place), question.blinded, answers[place], proof)
        assert question.tags(answers) == outputs
        parts = [shares[place].answer(blinded)[0] for place in places]
        for at, element in enumerate(written):
            column = [part[32 * at : 32 * at + 32] for part in parts]
            assert sharing.add_weighted(column, sharing.lagrange(places)) == element


def test_the_slow_oracle_agrees_in_every_step() -> None:
    coefficients = [12345, ORDER - 7, 2**200 + 1]
    dealt = Polynomial.from_coefficients(
        SecretScalars.from_canonical(b"".join(one.to_bytes(32, "little") for one in coefficients))
    )
    packed = dealt.commitments()
    assert oracle.commitments(coefficients) == [packed[at : at + 32] for at in range(0, 96, 32)]
    for place in (1, 5, 100):
        assert dealt.at(place).expose() == oracle.share(coefficients, place).to_bytes(32, "little")
        assert sharing.public_share(packed, place) == oracle.public_share(oracle.commitments(coefficients), place)
    assert sharing.lagrange([2, 5, 7]) == tuple(oracle.lagrange([2, 5, 7], place) for place in (2, 5, 7))
    secret, nonce = (SecretScalar.from_canonical(value.to_bytes(32, "little")) for value in (12345, 777))
    assert sharing.prove_knowledge(secret, b"for this", nonce) == oracle.prove_knowledge(12345, b"for this", 777)
    question = Question([b"a table"], bytes(32))
    answers = {place: Share(dealt.at(place), bytes(32)).answer(question.blinded)[0] for place in (2, 5, 7)}
    slow = {place: oracle.share(coefficients, place) for place in (2, 5, 7)}
    assert question.tags(answers) == (oracle.evaluate(b"a table", 99, slow),)
