"""The slow oracle of the intersection: its parts against the vectors of others, the whole against our scenario files.

The vectors of others run through the oracle's curve in `test_x25519.py` and `test_hash_to_curve.py`; here
stand the compositions that the protocol is made of, and values printed in the RFC, so that a bare clone checks them too.
"""

from __future__ import annotations

import doctest
import hashlib
import itertools
import json
import random
from pathlib import Path
from typing import Any

import pytest

from specs.reference import curve25519, edwards25519, psi_ecdh
from specs.reference.psi_ecdh import Given

SPECS = Path(__file__).parents[2] / "specs"
SCENARIOS = sorted((SPECS / "vectors").glob("psi_ecdh_*.json"))
CONTEXT = bytes(range(32))

ONCE = bytes.fromhex("422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079")
"""RFC 7748 section 5.2: the base point times itself as a scalar."""

BAD_ENCODINGS = {
    "neutral": "01" + "00" * 31,
    "neutral with a sign": "01" + "00" * 30 + "80",
    "order two": "ec" + "ff" * 30 + "7f",
    "order four": "00" * 32,
    "order eight": "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "off the curve": "02" + "00" * 31,
    "above p": "f0" + "ff" * 30 + "7f",
    "too short": "0300",
}


def load(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text()))


def given(side: dict[str, Any]) -> Given:
    return Given(
        place=side["place"],
        items=[bytes.fromhex(item) for item in side["items"]],
        order=side["order"],
        share=bytes.fromhex(side["share"]),
        opening=bytes.fromhex(side["opening"]),
        secret=int.from_bytes(bytes.fromhex(side.get("secret", "")), "little"),
        blinders=[int.from_bytes(bytes.fromhex(one), "little") for one in side.get("blinders", [])],
    )


def packets(scenario: dict[str, Any], name: str) -> list[bytes]:
    return [bytes.fromhex(step.get("frame") or step["message"]) for step in scenario["steps"] if step["from"] == name]


def small(place: str, size: int, first: int, seed: int) -> Given:
    draw = random.Random(seed)
    order = draw.sample(range(size), size)
    items = [b"item %d" % n for n in range(first, first + size)]
    secret, blinders = 8 * draw.randrange(1, 2**251), [draw.randrange(2**252) for _ in order]
    return Given(place, items, order, draw.randbytes(32), draw.randbytes(32), secret, blinders)


def test_the_curve_is_that_of_the_rfc() -> None:
    scalar = curve25519.clamp((9).to_bytes(32, "little"))
    assert curve25519.multiply(9, scalar).to_bytes(32, "little") == ONCE


def test_an_item_is_hashed_with_the_plan_in_the_domain_tag() -> None:
    domain = b"ATOLL-V04-PSI-ECDH-edwards25519_XMD:SHA-512_ELL2_RO_" + CONTEXT.hex().encode()
    assert len(domain) <= 255
    expected = edwards25519.encode(edwards25519.hash_to_curve(b"ann", domain))
    assert psi_ecdh.question(b"ann", 0, CONTEXT) == expected
    assert psi_ecdh.question(b"ann", 0, bytes(32)) != expected


def test_the_value_is_the_same_with_any_blinder_and_without() -> None:
    secret = 8 * 1234567
    key = psi_ecdh.public_key(secret)
    value = edwards25519.multiply(psi_ecdh.hashed(b"ann", CONTEXT), secret)
    expected = hashlib.sha256(b"ATOLL-V04-PSI-ECDH-TAG" + CONTEXT + b"ann" + edwards25519.u_of(value)).digest()[:16]
    assert psi_ecdh.own_tag(b"ann", secret, CONTEXT) == expected
    for blinder in (0, 1, 7654321, 2**252 - 1):
        answered = psi_ecdh.answer(psi_ecdh.question(b"ann", blinder, CONTEXT), secret)
        assert psi_ecdh.answered_tag(b"ann", answered, blinder, key, CONTEXT) == expected


@pytest.mark.parametrize("encoding", BAD_ENCODINGS.values(), ids=BAD_ENCODINGS)
def test_what_is_no_question_is_refused(encoding: str) -> None:
    with pytest.raises(psi_ecdh.Refused, match=r"psi_ecdh\.bad_point"):
        psi_ecdh.answer(bytes.fromhex(encoding), 40)


@pytest.mark.parametrize(("ours", "theirs"), [(0, 0), (0, 3), (3, 0), (5, 5), (7, 2), (1, 6)])
def test_the_oracle_finds_what_a_plain_intersection_finds_and_believes_itself(ours: int, theirs: int) -> None:
    receiver, sender = small("receiver/0", ours, 0, 1), small("owner/0", theirs, 3, 2)
    for per_round in (1, 3, 16):
        said = psi_ecdh.run(sender, receiver, context=CONTEXT, per_round=per_round)
        assert said.output == [index for index, item in enumerate(receiver.items) if item in sender.items]
        bounds = {"context": CONTEXT, "per_round": per_round, "cap": 10}
        assert psi_ecdh.judge("sender", sender, said.receiver, **bounds) == ["accepted"] * len(said.receiver)  # type: ignore[arg-type]
        assert psi_ecdh.judge("receiver", receiver, said.sender, **bounds) == ["accepted"] * len(said.sender)  # type: ignore[arg-type]


@pytest.mark.parametrize("items", [0, 1, 23, 24, 255, 256, 65535])
def test_a_size_is_written_in_the_shortest_way(items: int) -> None:
    head = psi_ecdh.set_size(items)
    assert head.startswith(b"\x82\x73psi-ecdh.set-size/2\xa1\x65items")
    assert len(head) == 29 + (items > 23) + (items > 255)


def test_there_are_scenario_files() -> None:
    assert [path.stem for path in SCENARIOS if "bad" not in path.stem] == ["psi_ecdh_good"]
    assert len(SCENARIOS) >= 15


def test_the_oracle_says_the_good_scenario_to_the_bit() -> None:
    scenario = load(SPECS / "vectors" / "psi_ecdh_good.json")
    said = psi_ecdh.run(
        given(scenario["sender"]),
        given(scenario["receiver"]),
        context=bytes.fromhex(scenario["context"]),
        per_round=scenario["points_per_frame"],
    )
    assert said.sender == packets(scenario, "sender")
    assert said.receiver == packets(scenario, "receiver")
    assert said.output == scenario["output"]


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_the_oracle_judges_every_step_of_a_scenario_as_the_file_does(path: Path) -> None:
    scenario = load(path)
    for role, peer in itertools.permutations(("sender", "receiver")):
        expected = [step["verdict"] for step in scenario["steps"] if step["from"] == peer]
        found = psi_ecdh.judge(
            role,
            given(scenario[role]),
            packets(scenario, peer),
            context=bytes.fromhex(scenario["context"]),
            per_round=scenario["points_per_frame"],
            cap=scenario["cap"],
        )
        assert found == expected


def test_the_example_on_the_page_of_the_protocol_is_true() -> None:
    failed, run = doctest.testfile(str(SPECS / "psi-ecdh.md"), module_relative=False)
    assert failed == 0
    assert run > 0
