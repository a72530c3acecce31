"""`scenarios` of a consortium on CometBFT: a good bundle over a change of validators, and lies about its headers."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from typing import Any

from atoll.ledger.evidence import encode_trust_file
from atoll.ledger.evidence.parts import HeaderStep, encode_part
from atoll.ledger.light import Vote
from atoll.ledger.rules.keys import RotateKey
from atoll.ledger.seal import HeaderSeal
from atoll.testing.consortium import NamedEntropy
from atoll.trust.keys import Purpose, SecretKey
from atoll.wire.cbor import decode
from tests.unit.evidence.header_world import HeaderWorld, header_seal_in
from tests.unit.evidence.world import number_of, unpack

GOOD = "evidence_headers_good.json"


def story() -> HeaderWorld:
    """The bank's key to vote with changes; then the usual flow."""
    world = HeaderWorld()
    key = world.let_vote(SecretKey.generate(Purpose.CONSENSUS, NamedEntropy("bank/next")))
    world.do("bank", RotateKey(purpose=Purpose.CONSENSUS, public=key.public.data, second=b""))
    world.complete()
    return world


def build() -> dict[str, dict[str, Any]]:
    """Every file by name."""
    world = story()
    data, founding = world.export(), world.founding
    entries = unpack(data)
    step = HeaderStep.from_map(decode(entries["step 1"], max_bytes=1 << 20)[1])
    first = header_seal_in(step.seal)
    own = world.voted(replace(first.light.header, validators_hash=world.validating[3].hash()), world.validating[3])

    def lie(what: str, name: str, body: bytes, code: str) -> dict[str, Any]:
        return bad(what, [{"put": name, "bytes": b64encode(body).decode()}], code, name)

    def bad(what: str, edits: list[dict[str, Any]], code: str, name: str) -> dict[str, Any]:
        return {
            "what": what,
            "base": GOOD,
            "edits": edits,
            "verdict": {"code": code, "entry": number_of(data, name), "name": name},
        }

    return {
        GOOD: {
            "what": "A private intersection on CometBFT, after a validator changed its key.",
            "trust": encode_trust_file(founding.genesis, founding.genesis_digest).split("\n"),
            "bundle": b64encode(data).decode(),
            "verdict": {"state": "completed", "entries": len(entries), "steps": 1, "cosigned": sorted(world.founding.orgs)},
        },
        "evidence_bad_headers_two_votes.json": lie(
            "Two of four voted.",
            "checkpoint",
            world.header_seal(by=("auditor", "bureau")).encode(),
            "evidence.no_quorum",
        ),
        "evidence_bad_headers_vote_repeated.json": lie(
            "Two of four voted, and one of the votes stands in the others' places.",
            "checkpoint",
            repeated(world.header_seal(by=("auditor", "bureau"))).encode(),
            "evidence.bad_signature",
        ),
        "evidence_bad_headers_other_chain.json": lie(
            "The same validators voted for a header of another chain.",
            "checkpoint",
            world.header_seal(chain_id="harbour.test.example").encode(),
            "evidence.not_proven",
        ),
        "evidence_bad_headers_other_state.json": lie(
            "A genuine header, presented with another state than it commits to.",
            "checkpoint",
            replace(world.header_seal(), state_root=bytes(32)).encode(),
            "evidence.not_proven",
        ),
        "evidence_bad_headers_note.json": lie(
            "A signed note, with all cosignatures, where votes are asked for.",
            "checkpoint",
            world.sign(world.ledger.consensus),
            "evidence.not_proven",
        ),
        "evidence_bad_headers_step_by_the_new.json": lie(
            "The changed key's own set announces itself.",
            "step 1",
            encode_part(replace(step, seal=replace(first, light=own).encode())),
            "evidence.not_proven",
        ),
        "evidence_bad_headers_change_not_walked.json": bad(
            "The change of validators is left out.", [{"drop": "step 1"}], "evidence.not_proven", "checkpoint"
        ),
    }


def repeated(seal: HeaderSeal) -> HeaderSeal:
    """One vote in the place of everybody that did not vote."""
    votes = seal.light.commit.signatures
    own = next(one for one in votes if one.vote is Vote.COMMIT)
    filled = tuple(own if one.vote is Vote.ABSENT else one for one in votes)
    return replace(seal, light=replace(seal.light, commit=replace(seal.light.commit, signatures=filled)))
