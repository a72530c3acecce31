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

from specs.reference import curve25519, psi_ecdh
from specs.reference.psi_ecdh import Given

SPECS = Path(__file__).parents[2] / "specs"
SCENARIOS = sorted((SPECS / "vectors").glob("psi_ecdh_*.json"))
CONTEXT = bytes(range(32))

ONCE = bytes.fromhex("422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079")
"""RFC 7748 section 5.2: the base point times itself as a scalar."""

BAD_ENCODINGS = {
    "zero": "00" * 32,
    "small order": "01" + "00" * 31,
    "small order on the twist": "ec" + "ff" * 30 + "7f",
    "order eight": "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "above p": "f6" + "ff" * 30 + "7f",
    "top bit": "09" + "00" * 30 + "80",
    "too short": "0900",
}


def load(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text()))


def given(side: dict[str, Any]) -> Given:
    return Given(
        place=side["place"],
        items=[bytes.fromhex(item) for item in side["items"]],
        mask=int.from_bytes(bytes.fromhex(side["mask"]), "little"),
        order=side["order"],
        share=bytes.fromhex(side["share"]),
        opening=bytes.fromhex(side["opening"]),
    )


def packets(scenario: dict[str, Any], name: str) -> list[bytes]:
    return [bytes.fromhex(step.get("frame") or step["message"]) for step in scenario["steps"] if step["from"] == name]


def small(place: str, size: int, first: int, seed: int) -> Given:
    draw = random.Random(seed)
    order = draw.sample(range(size), size)
    items = [b"item %d" % n for n in range(first, first + size)]
    return Given(place, items, 8 * draw.randrange(1, 2**251), order, draw.randbytes(32), draw.randbytes(32))


def test_the_curve_is_that_of_the_rfc() -> None:
    scalar = curve25519.clamp((9).to_bytes(32, "little"))
    assert curve25519.multiply(9, scalar).to_bytes(32, "little") == ONCE


def test_an_item_is_hashed_with_the_plan_in_the_domain_tag() -> None:
    item = b"ann"
    domain = b"ATOLL-V03-PSI-ECDH-curve25519_XMD:SHA-512_ELL2_RO_" + CONTEXT.hex().encode()
    assert len(domain) <= 255
    assert psi_ecdh.mask(item, 8, CONTEXT) == curve25519.hash_to_curve(item, domain).to_bytes(32, "little")
    assert psi_ecdh.mask(item, 8, CONTEXT) != psi_ecdh.mask(item, 8, bytes(32))


def test_both_orders_of_masking_meet_in_one_tag() -> None:
    ours, theirs = 8 * 1234567, 8 * 7654321
    there = psi_ecdh.tag(psi_ecdh.mask(b"ann", ours, CONTEXT), theirs, CONTEXT)
    back = psi_ecdh.tag(psi_ecdh.mask(b"ann", theirs, CONTEXT), ours, CONTEXT)
    together = psi_ecdh.mask(b"ann", ours * theirs, CONTEXT)
    assert there == back == hashlib.sha256(b"ATOLL-V03-PSI-ECDH-TAG" + CONTEXT + together).digest()[:16]


@pytest.mark.parametrize("encoding", BAD_ENCODINGS.values(), ids=BAD_ENCODINGS)
def test_what_is_no_masked_item_is_refused(encoding: str) -> None:
    with pytest.raises(psi_ecdh.Refused, match=r"psi_ecdh\.bad_point"):
        psi_ecdh.tag(bytes.fromhex(encoding), 40, CONTEXT)


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
