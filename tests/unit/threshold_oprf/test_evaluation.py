"""An evaluation: blinded, answered with a proof, combined."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atoll.primitives import sharing
from atoll.primitives.errors import OprfProofError, PointError
from atoll.primitives.oprf import Mode, ServerKey
from atoll.primitives.ristretto import SecretScalar
from atoll.primitives.sharing import Polynomial
from atoll.protocols.threshold_oprf import Question, Share, digest_blinded, verify_answer

SECRET = SecretScalar.from_wide(bytes(range(64)))
POLYNOMIAL = Polynomial.derive(SECRET, bytes(32), 3)
SHARES = {place: Share(POLYNOMIAL.at(place), bytes([place]) * 32) for place in range(1, 6)}
INPUTS = [b"a", b"bc", b"a"]


@settings(max_examples=20, deadline=None)
@given(
    seed=st.binary(min_size=32, max_size=32),
    inputs=st.lists(st.binary(min_size=1, max_size=80), min_size=1, max_size=3),
    places=st.lists(st.integers(1, 65_535), min_size=1, max_size=6, unique=True),
)
def test_as_many_shares_as_the_threshold_give_the_function_under_the_key(
    seed: bytes, inputs: list[bytes], places: list[int]
) -> None:
    polynomial, question = Polynomial.derive(SECRET, seed, len(places)), Question(inputs, seed)
    answers = {place: Share(polynomial.at(place), seed).answer(question.blinded)[0] for place in places}
    plain = ServerKey(Mode.VOPRF, SECRET)
    assert question.tags(answers) == tuple(plain.outputs(one, len(one))[:32] for one in inputs)


def test_two_blindings_of_one_input_have_nothing_in_common() -> None:
    question, again = Question(INPUTS, bytes(32)), Question(INPUTS, b"\x01" * 32)
    elements = [one.blinded[at : at + 32] for one in (question, again) for at in (0, 32, 64)]
    assert len(set(elements)) == 6
    assert digest_blinded(question.blinded) != digest_blinded(again.blinded)
    chosen = {place: SHARES[place] for place in (1, 2, 5)}
    tags = {one.tags({place: share.answer(one.blinded)[0] for place, share in chosen.items()}) for one in (question, again)}
    assert len(tags) == 1


def test_fewer_shares_than_the_threshold_give_something_else_each_time() -> None:
    question = Question([b"a"], bytes(32))
    answers = {place: share.answer(question.blinded)[0] for place, share in SHARES.items()}
    found = [question.tags({place: answers[place] for place in places}) for places in combinations(answers, 2)]
    true = question.tags({place: answers[place] for place in (1, 2, 3)})
    assert true not in found
    assert len(set(found)) == len(found)


def nonce_of(share: Share, blinded: bytes) -> int:
    """The nonce of a proof, which who knows the share reads off its challenge and response."""
    proof = share.answer(blinded)[1]
    challenge, response, secret = (int.from_bytes(one, "little") for one in (proof[:32], proof[32:], share.secret.expose()))
    return (response + challenge * secret) % sharing.ORDER


def test_the_same_elements_get_the_same_answer_and_others_another_nonce() -> None:
    """Two proofs with one nonce about different elements would give the share away."""
    question, other = Question([b"a"], bytes(32)), Question([b"b"], bytes(32))
    assert SHARES[1].answer(question.blinded) == SHARES[1].answer(question.blinded)
    owners = (SHARES[1], SHARES[2], Share(SHARES[1].secret, bytes(32)))
    nonces = {nonce_of(share, blinded) for share in owners for blinded in (question.blinded, other.blinded)}
    assert len(nonces) == 6


def test_an_answer_is_verified_against_its_members_share_and_these_elements() -> None:
    question, other = Question(INPUTS, bytes(32)), Question(INPUTS, b"\x01" * 32)
    evaluated, proof = SHARES[2].answer(question.blinded)
    public = sharing.public_share(POLYNOMIAL.commitments(), 2)
    assert public == SHARES[2].public
    verify_answer(public, question.blinded, evaluated, proof)
    swapped = evaluated[32:64] + evaluated[:32] + evaluated[64:]
    for wrong in (
        (SHARES[3].public, question.blinded, evaluated, proof),
        (public, other.blinded, evaluated, proof),
        (public, question.blinded, SHARES[3].answer(question.blinded)[0], proof),
        (public, question.blinded, evaluated, SHARES[2].answer(other.blinded)[1]),
        (public, question.blinded, swapped, proof),
        (public, question.blinded, evaluated, proof[:-1] + bytes([proof[-1] ^ 1])),
    ):
        with pytest.raises(OprfProofError):
            verify_answer(*wrong)
    for bad in (bytes(32), b"\xff" * 32):
        with pytest.raises(PointError):
            verify_answer(public, question.blinded, evaluated[:64] + bad, proof)
        with pytest.raises(PointError):
            SHARES[2].answer(question.blinded[:64] + bad)
    with pytest.raises(ValueError, match="as many"):
        verify_answer(public, question.blinded, evaluated[:64], proof)


def test_questions_are_of_one_to_three_inputs_that_have_bytes() -> None:
    for wrong in ([], [b"a"] * 4, [b""], [bytes(1 << 16)]):
        with pytest.raises(ValueError, match="input"):
            Question(wrong, bytes(32))


def test_a_share_is_never_printed() -> None:
    assert SHARES[1].secret.expose().hex() not in repr(SHARES[1])
    assert "nonce_key" not in repr(SHARES[1])
