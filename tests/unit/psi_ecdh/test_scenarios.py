"""The scenario files, replayed against each side alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from atoll.errors import PeerError
from atoll.protocols.packets import Packet, encode_packet, parse_packet
from atoll.protocols.role import Party, Receive, Send
from specs.reference import psi_ecdh as slow
from tests.unit.psi_ecdh.scenarios import FOLDER, LIES, NAMES, RECEIVER, SENDER, build, encode_file, role_of, rows

FILES = sorted(FOLDER.glob("psi_ecdh_*.json"))


def load(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text()))


def packets(scenario: dict[str, Any], name: str) -> list[tuple[Packet, str]]:
    return [
        (Packet("frame" in step, bytes.fromhex(step.get("frame") or step["message"])), step["verdict"])
        for step in scenario["steps"]
        if step["from"] == name
    ]


def test_the_files_are_what_the_generator_writes() -> None:
    assert {path.name: path.read_text() for path in FILES} == {name: encode_file(one) for name, one in build().items()}


def test_there_is_a_file_for_each_lie() -> None:
    assert len(FILES) == 1 + len(LIES)


def replay(party: Party, scenario: dict[str, Any]) -> Any:
    """Run one side against the file's packets of the other; every packet it sends is compared with the file."""
    (peer,) = {SENDER, RECEIVER} - {party}
    mine = [packet for packet, _ in packets(scenario, NAMES[party])]
    theirs = [packet for packet, _ in packets(scenario, NAMES[peer])]
    role, given = role_of(party), None
    while True:
        try:
            step = role.send(given)
        except StopIteration as end:
            assert not mine and not theirs
            return end.value
        given = None
        if isinstance(step, Send):
            assert encode_packet(step.message) == mine.pop(0)
        elif isinstance(step, Receive):
            given = parse_packet(theirs.pop(0), step)


@pytest.mark.parametrize(("party", "output"), [(SENDER, None), (RECEIVER, [1, 2, 3])], ids=["sender", "receiver"])
def test_in_the_good_run_each_side_says_what_the_file_says(party: Party, output: Any) -> None:
    scenario = load(FOLDER / "psi_ecdh_good.json")
    found = replay(party, scenario)
    assert (None if found is None else rows(found)) == output
    assert scenario["output"] == [1, 2, 3]


@pytest.mark.parametrize("path", [path for path in FILES if "bad" in path.stem], ids=lambda path: path.stem)
def test_a_lie_ends_the_run_at_the_other_side_with_its_code(path: Path) -> None:
    scenario = load(path)
    (lie,) = [step for step in scenario["steps"] if step["verdict"] != "accepted"]
    victim = SENDER if lie["from"] == "receiver" else RECEIVER
    with pytest.raises(PeerError) as caught:
        replay(victim, scenario)
    assert caught.value.code == lie["verdict"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
@pytest.mark.parametrize("name", ["sender", "receiver"])
def test_the_slow_reference_reaches_the_same_verdicts(path: Path, name: str) -> None:
    scenario = load(path)
    side = scenario[name]
    own = slow.Given(
        items=[bytes.fromhex(item) for item in side["items"]],
        order=side["order"],
        place=side["place"],
        share=bytes.fromhex(side["share"]),
        opening=bytes.fromhex(side["opening"]),
        secret=int.from_bytes(bytes.fromhex(side.get("secret", "")), "little"),
        blinders=[int.from_bytes(bytes.fromhex(one), "little") for one in side.get("blinders", [])],
    )
    (peer,) = {"sender", "receiver"} - {name}
    heard = packets(scenario, peer)
    verdicts = slow.judge(
        name,
        own,
        [packet.data for packet, _ in heard],
        context=bytes.fromhex(scenario["context"]),
        per_round=scenario["points_per_frame"],
        cap=scenario["cap"],
    )
    assert verdicts == [verdict for _, verdict in heard]
