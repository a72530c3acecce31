"""Writes specs/vectors/evidence_*.json: one good bundle, and edits of it that must be refused.

    python -m tests.unit.evidence.scenarios

The files are frozen: a bundle that verified once verifies for ever. They are written anew together with a new version of a
format, and for nothing else.
"""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path
from typing import Any

from atoll.ledger.evidence import encode_trust_file
from atoll.ledger.rules.job import ConsentJob
from tests.unit.evidence import header_scenarios
from tests.unit.evidence.world import JOB, World, cut_plan, number_of, unpack

FOLDER = Path(__file__).parents[3] / "specs" / "vectors"
GOOD = "evidence_good.json"
ELSEWHERE, REFUSED = 6, 9
"""Blocks with the bureau's consent to another job, and with a consent of it that the ledger refused."""


def story() -> World:
    """The usual flow, and beside it what an attacker will reach for."""
    world = World(("operator", "auditor", "bank", "bureau", "telecom")).register()
    world.propose(cut_plan(world, job_id=bytes(16), salt=b"\x0d" * 32)).consent("bureau")
    assert world.ledger.height + 1 == ELSEWHERE
    world.block().propose().consent("bank")
    wrong = ConsentJob(job_id=JOB, plan_digest=bytes(32), job_key=b"\x0b" * 32, software="atoll 1", build="sha256:00")
    world.block(world.founding.sign("bureau", wrong))
    assert world.ledger.height == REFUSED and not world.outcomes[0].ok
    return world.consent("bureau").start().receipts()


def put(world: World, data: bytes, name: str, height: int) -> list[dict[str, Any]]:
    """Edits that put another transaction in one's place, with everything that this one needs."""
    before = unpack(data)
    after = world.swapped(before, name, height)
    return [{"put": one, "bytes": text(body)} for one, body in after.items() if before.get(one) != body]


def text(data: bytes) -> str:
    return b64encode(data).decode()


def build() -> dict[str, dict[str, Any]]:
    """Every file by name."""
    world = story()
    data, first = world.export(), world.ledger.consensus
    founding = world.founding
    other = World(("operator", "auditor", "bank", "bureau", "telecom"), time=founding.genesis.time + 1).founding
    half = data.index(b"\nend ") + 70
    flipped = half + sum(len(body) for body in list(unpack(data).values())[:3]) + 40
    name = list(unpack(data))[3]
    two = world.sign(first, by={"auditor", "bank"})
    sequencer = world.sign(first, by={"auditor", "bank", "operator"}, sequencer_too=True)

    def bad(what: str, edits: list[dict[str, Any]], code: str, name: str) -> dict[str, Any]:
        entry = 0 if code == "evidence.incomplete" else number_of(data, name)
        return {"what": what, "base": GOOD, "edits": edits, "verdict": {"code": code, "entry": entry, "name": name}}

    return {
        GOOD: {
            "what": "A private intersection from registration to receipts.",
            "trust": encode_trust_file(founding.genesis, founding.genesis_digest).split("\n"),
            "bundle": text(data),
            "verdict": {"state": "completed", "entries": len(unpack(data)), "steps": 0, "cosigned": sorted(FIVE_COUNTED)},
        },
        "evidence_bad_flipped_byte.json": bad("One byte on the way.", [{"flip": flipped}], "evidence.damaged", name),
        "evidence_bad_flipped_byte_new_digests.json": bad(
            "One byte, by somebody who can compute digests.",
            [{"entry": "consent of bureau", "flip": 200}],
            "evidence.not_proven",
            "consent of bureau",
        ),
        "evidence_bad_invented_consortium.json": bad(
            "Consistent in itself, and not the consortium of the trust file.",
            [{"trust": encode_trust_file(other.genesis, other.genesis_digest).split("\n")}],
            "evidence.foreign_consortium",
            "genesis",
        ),
        "evidence_bad_missing_receipt.json": bad(
            "A receipt is left out.", [{"drop": "receipt of bureau"}], "evidence.incomplete", "receipt of bureau"
        ),
        "evidence_bad_too_few_cosignatures.json": bad(
            "Two of four.", [{"put": "checkpoint", "bytes": text(two)}], "evidence.no_quorum", "checkpoint"
        ),
        "evidence_bad_sequencer_counted.json": bad(
            "Two of four, and the sequencer.",
            [{"put": "checkpoint", "bytes": text(sequencer)}],
            "evidence.no_quorum",
            "checkpoint",
        ),
        "evidence_bad_consent_to_another_job.json": bad(
            "A genuine consent, to another job.",
            put(world, data, "consent of bureau", ELSEWHERE - 1),
            "evidence.contradiction",
            "consent of bureau",
        ),
        "evidence_bad_refused_consent.json": bad(
            "A genuine consent that the ledger refused.",
            put(world, data, "consent of bureau", REFUSED),
            "evidence.refused_transaction",
            "consent of bureau",
        ),
    }


FIVE_COUNTED = ("auditor", "bank", "bureau", "telecom")


def encode_file(content: dict[str, Any]) -> str:
    """A file's text."""
    return json.dumps(content, indent=1) + "\n"


if __name__ == "__main__":
    for name, content in (build() | header_scenarios.build()).items():
        (FOLDER / name).write_text(encode_file(content))
