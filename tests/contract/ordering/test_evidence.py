"""A stranger with a trust file and nothing else believes what a member's engine shows, whichever engine that is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pytest

from atoll.ledger.block import Block
from atoll.ledger.chain import Ledger
from atoll.ledger.evidence import encode_trust_file, export_rights, parse_trust_file, verify_rights
from atoll.ledger.evidence.bundle import encode_bundle, parse_bundle
from atoll.ledger.evidence.errors import EvidenceError
from atoll.ledger.records import EngineKind
from atoll.ledger.rules.keys import RotateKey
from atoll.ledger.seal import parse_seal
from atoll.ledger.vouching import verify_seal
from atoll.ordering.engine import Engine
from atoll.testing.consortium import Founding, NamedEntropy
from atoll.trust.keys import Purpose, SecretKey
from tests.contract.ordering.conftest import Consortium, Play, dataset


@dataclass(frozen=True)
class Source:
    """`EvidenceSource` over an engine alone."""

    engine: Engine

    @property
    def ledger(self) -> Ledger:
        return self.engine.ledger

    def entries(self, first: int, count: int) -> Sequence[bytes]:
        found = [self.engine.entry(index) for index in range(first, first + count)]
        return [data for data in found if data is not None]

    def blocks(self, first: int, last: int) -> Iterable[Block]:
        return self.engine.blocks(first, last)

    def seal(self) -> bytes:
        return self.engine.seal()

    def seal_of(self, height: int) -> bytes | None:
        return self.engine.seal_of(height)

    def body(self, kind: str, identifier: str) -> bytes | None:
        return None


def shown(founding: Founding, engine: Engine) -> tuple[bytes, str]:
    """Evidence of a lineage from one member, believed by a stranger; and in which words."""
    trust = parse_trust_file(encode_trust_file(founding.genesis, founding.genesis_digest))
    data, _ = export_rights(Source(engine), "bank/table-1")
    found = verify_rights(data, trust)
    assert [one.right.holder for one in found.held] == ["bank"]
    return data, found.kind


def test_evidence_of_either_engine_is_believed_and_says_which_it_is(play: Play) -> None:
    async def scenario(engines: Consortium) -> None:
        founding = engines.founding
        await engines["operator"].submit(founding.sign("bank", dataset(1)))
        await engines["bureau"].submit(founding.sign("bureau", dataset(2, "bureau")))
        await engines.settle()
        for org in ("auditor", "bank"):
            data, kind = shown(founding, engines[org])
            words = {
                EngineKind.EMBEDDED: "tamper-evident under one operator, cosigned by",
                EngineKind.COMETBFT: "consensus, voted for by",
            }
            assert kind.startswith(words[founding.genesis.engine])
            entries = {one.name: one.body for one in parse_bundle(data).entries}
            flipped = bytearray(entries["checkpoint"])
            flipped[len(flipped) // 2] ^= 1
            trust = parse_trust_file(encode_trust_file(founding.genesis, founding.genesis_digest))
            with pytest.raises(EvidenceError) as caught:
                verify_rights(encode_bundle((entries | {"checkpoint": bytes(flipped)}).items()), trust)
            assert caught.value.name == "checkpoint"

    play(scenario)


def test_evidence_walks_over_a_change_of_who_counts(play: Play) -> None:
    """A member's key changes: the one it cosigns with, or votes with. It stands aside, and the others go on."""

    async def scenario(engines: Consortium) -> None:
        founding = engines.founding
        purpose = Purpose.CONSENSUS if founding.genesis.engine is EngineKind.COMETBFT else Purpose.COSIGN
        public = SecretKey.generate(purpose, NamedEntropy("next")).public.data
        before = engines["bank"].view().consensus
        for body, org in ((RotateKey(purpose=purpose, public=public, second=b""), "telecom"), (dataset(1), "bank")):
            assert (await engines["bank"].submit(founding.sign(org, body))).outcome.ok
        await engines["bank"].submit(founding.sign("bank", dataset(2)))
        await engines.settle("bank")
        data, _ = shown(founding, engines["bank"])
        assert "step 1" in {one.name for one in parse_bundle(data).entries} or purpose is Purpose.COSIGN
        after = engines["bank"].view().consensus
        assert before != after
        proof = engines["bank"].prove(b"dataset\0bank/table-1/1")
        vouched = verify_seal(parse_seal(proof.seal), chain_id=founding.chain_id, consensus=after)
        assert vouched.checkpoint.size == engines["bank"].view().log_size
        assert "telecom" not in vouched.stood_at

    play(scenario)
