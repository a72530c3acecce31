"""The scenario files: a bundle that verified once verifies for ever, and each lie about it is answered by its name."""

from __future__ import annotations

import json
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest

from atoll.ledger.evidence import parse_trust_file, verify_evidence
from atoll.ledger.evidence.errors import EvidenceError
from tests.unit.evidence import header_scenarios
from tests.unit.evidence.scenarios import FOLDER, GOOD, build
from tests.unit.evidence.world import pack, unpack

GOODS = (GOOD, header_scenarios.GOOD)
BAD = sorted(FOLDER.glob("evidence_bad_*.json"))


def load(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text()))


def edited(good: dict[str, Any], edits: list[dict[str, Any]]) -> tuple[str, bytes]:
    """Trust file and bundle after a scenario's edits; all but a bare flip put the digests right again."""
    trust, data = "\n".join(good["trust"]), b64decode(good["bundle"])
    for edit in edits:
        entries = unpack(data)
        match edit:
            case {"trust": lines}:
                trust = "\n".join(lines)
            case {"drop": name}:
                del entries[name]
                data = pack(entries)
            case {"put": name, "bytes": body}:
                data = pack(entries | {name: b64decode(body)})
            case {"entry": name, "flip": at}:
                body = entries[name]
                data = pack(entries | {name: body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]})
            case {"flip": at}:
                data = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
            case _:
                raise AssertionError(f"no edit is like {edit}")
    return trust, data


@pytest.mark.parametrize("name", GOODS)
def test_the_good_bundle_still_verifies(name: str) -> None:
    good = load(FOLDER / name)
    found = verify_evidence(b64decode(good["bundle"]), parse_trust_file("\n".join(good["trust"])))
    assert good["verdict"] == {
        "state": str(found.state),
        "entries": found.entries,
        "steps": found.standing.steps,
        "cosigned": list(found.standing.cosigned_at),
    }


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem.removeprefix("evidence_bad_"))
def test_a_lie_is_answered_by_its_name(path: Path) -> None:
    scenario = load(path)
    trust, data = edited(load(FOLDER / scenario["base"]), scenario["edits"])
    with pytest.raises(EvidenceError) as caught:
        verify_evidence(data, parse_trust_file(trust))
    found = {"code": caught.value.code, "entry": caught.value.entry, "name": caught.value.name}
    assert found == scenario["verdict"]


def test_there_is_a_file_for_each_lie_and_the_generator_still_knows_them() -> None:
    files = build() | header_scenarios.build()
    assert {path.name for path in BAD} == files.keys() - set(GOODS)
    assert {name: one["verdict"] for name, one in files.items()} == {
        path.name: load(path)["verdict"] for path in [*BAD, *(FOLDER / name for name in GOODS)]
    }
