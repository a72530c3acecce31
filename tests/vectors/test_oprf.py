"""RFC 9497's own vectors, all modes of the suite ristretto255-SHA512."""

from __future__ import annotations

import json
from typing import Any

import pytest

from atoll.primitives import oprf, ristretto
from atoll.primitives.errors import OprfProofError, PointError
from atoll.primitives.oprf import Mode, SecretScalars, ServerKey
from tests.vectors.conftest import listed_cases, vectors

SUITES = json.loads((vectors("oprf-rfc9497") / "rfc9497.json").read_text())
OURS = [suite for suite in SUITES if suite["identifier"] == "ristretto255-SHA512"]
PAIRS = [(suite, case) for suite in OURS for case in suite["vectors"]]
CASES = [pytest.param(*pair, id=f"{pair[0]['mode']}-{pair[1]['Batch']}") for pair in PAIRS]


def raw(text: str) -> list[bytes]:
    return [bytes.fromhex(part) for part in text.split(",")]


def key_of(suite: dict[str, Any]) -> ServerKey:
    return ServerKey.derive(Mode(suite["mode"]), bytes.fromhex(suite["seed"]), bytes.fromhex(suite["keyInfo"]))


def nonce_of(case: dict[str, Any]) -> ristretto.SecretScalar | None:
    return ristretto.SecretScalar.from_canonical(bytes.fromhex(case["Proof"]["r"])) if "Proof" in case else None


def test_every_mode_and_case_is_run() -> None:
    assert sum(len(suite["vectors"]) for suite in SUITES) == listed_cases("oprf-rfc9497")[""]
    assert {suite["mode"] for suite in OURS} == set(Mode)


@pytest.mark.parametrize("suite", OURS, ids=lambda suite: str(suite["mode"]))
def test_keys_are_derived_as_written(suite: dict[str, Any]) -> None:
    key = key_of(suite)
    assert key.secret.expose().hex() == suite["skSm"]
    assert key.public.hex() == suite.get("pkSm", key.public.hex())
    assert key.mode.hash_domain.hex() == suite["groupDST"]


@pytest.mark.parametrize(("suite", "case"), CASES)
def test_every_intermediate_is_the_one_written(suite: dict[str, Any], case: dict[str, Any]) -> None:
    key, info = key_of(suite), bytes.fromhex(case.get("Info", ""))
    inputs, blinds = raw(case["Input"]), [SecretScalars.from_canonical(one) for one in raw(case["Blind"])]
    blinded = [oprf.blind(key.mode, one, len(one), secret) for one, secret in zip(inputs, blinds, strict=True)]
    assert blinded == raw(case["BlindedElement"])
    evaluated, proof = key.evaluate(b"".join(blinded), nonce=nonce_of(case), info=info)
    assert evaluated == b"".join(raw(case["EvaluationElement"]))
    assert proof.hex() == (case["Proof"]["proof"] if "Proof" in case else "")
    assert [key.outputs(one, len(one), info=info) for one in inputs] == raw(case["Output"])


@pytest.mark.parametrize(("suite", "case"), CASES)
def test_a_client_gets_the_output_and_refuses_every_flipped_bit(suite: dict[str, Any], case: dict[str, Any]) -> None:
    """One input a session here; the batch's inputs differ in length, and a packed batch has one length."""
    key, info = key_of(suite), bytes.fromhex(case.get("Info", ""))
    for given, blind, output in zip(raw(case["Input"]), raw(case["Blind"]), raw(case["Output"]), strict=True):
        secret = SecretScalars.from_canonical(blind)
        blinded = oprf.blind(key.mode, given, len(given), secret)
        evaluated, proof = key.evaluate(blinded, nonce=nonce_of(case), info=info)
        answer = {"public": key.public, "blinded": blinded, "proof": proof, "info": info}
        assert oprf.finalize(key.mode, given, len(given), secret, evaluated, **answer) == output
        for name in ("public", "blinded", "proof", "info") if key.mode is not Mode.OPRF else ():
            if not answer[name] or (name == "info" and key.mode is Mode.VOPRF):
                continue
            flipped = bytes([answer[name][0] ^ 2]) + answer[name][1:]
            with pytest.raises((OprfProofError, PointError)):
                oprf.finalize(key.mode, given, len(given), secret, evaluated, **(answer | {name: flipped}))


@pytest.mark.parametrize(("suite", "case"), [pair for pair in PAIRS if pair[1]["Batch"] > 1 and pair[0]["mode"] > 0])
def test_a_batch_has_one_proof_and_every_element_is_under_it(suite: dict[str, Any], case: dict[str, Any]) -> None:
    key, info = key_of(suite), bytes.fromhex(case.get("Info", ""))
    blinds = SecretScalars.from_canonical(b"".join(raw(case["Blind"])))
    given = bytes(range(34))
    blinded = oprf.blind(key.mode, given, 17, blinds)
    evaluated, proof = key.evaluate(blinded, nonce=nonce_of(case), info=info)
    answer = {"public": key.public, "blinded": blinded, "proof": proof, "info": info}
    assert oprf.finalize(key.mode, given, 17, blinds, evaluated, **answer) == key.outputs(given, 17, info=info)
    swapped = evaluated[32:] + evaluated[:32]
    with pytest.raises(OprfProofError):
        oprf.finalize(key.mode, given, 17, blinds, swapped, **answer)
