"""Proofs as CometBFT's RPC hands them out: a record or its absence, under the app hash that stands in the next header."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from atoll.errors import AtollError
from atoll.ledger import chain as chain_module
from atoll.ledger.app_hash import app_hash
from atoll.ledger.records import Dataset, Member, record_key
from atoll.ordering.cometbft.protobuf import abci_pb2 as abci
from atoll.ordering.cometbft.protobuf.proof_pb2 import ProofOp, ValueOp
from atoll.primitives.ics23 import SMT_SPEC, verify_membership, verify_non_membership
from atoll.primitives.ics23_codec import parse_proof
from atoll.primitives.uvarint import encode_uvarint
from atoll.testing.abci import Chain
from atoll.testing.consortium import Founding
from tests.unit.ordering.cometbft.desk import chained, dataset, signed

BANK = record_key(Member, "bank")
TABLE = record_key(Dataset, "bank/table-2/1")


async def ask(chain: Chain, path: str, data: bytes = b"", height: int = 0) -> abci.ResponseQuery:
    query = abci.RequestQuery(path=path, data=data, height=height, prove=True)
    return (await chain.socket.call(abci.Request(query=query))).query


def root_by_value_op(op: ProofOp, value: bytes) -> bytes:
    """What CometBFT's `ValueOp.Run` computes: source `crypto/merkle/proof_value.go`, written again from its description."""
    assert op.type == "simple:v"
    parsed = ValueOp()
    parsed.ParseFromString(op.data)
    assert parsed.key == op.key

    def field(data: bytes) -> bytes:
        return encode_uvarint(len(data)) + data

    leaf = sha256(b"\0" + field(op.key) + field(sha256(value).digest())).digest()
    assert leaf == parsed.proof.leaf_hash
    assert parsed.proof.total == 2
    (aunt,) = parsed.proof.aunts
    left, right = (leaf, aunt) if parsed.proof.index == 0 else (aunt, leaf)
    return sha256(b"\1" + left + right).digest()


async def test_a_record_and_an_absence_are_proved_at_any_recent_height(tmp_path: Path, founding: Founding) -> None:
    async with chained(tmp_path, founding) as (running, chain):
        hashes = {0: chain.app_hash}
        for number in range(1, 5):
            await chain.decide([signed(founding, "bank", dataset(number), number)] if number != 3 else [])
            hashes[number] = chain.app_hash
        for height, expected in hashes.items():
            for key, present in ((BANK, True), (TABLE, height >= 2)):
                answer = await ask(chain, "/store/state/key", key, height or chain.height)
                if height == 0:
                    continue
                assert (answer.code, answer.height, bool(answer.value)) == (0, height, present)
                smt, simple = answer.proof_ops.ops
                root = running.application.tree_at(height)
                assert root is not None and root_by_value_op(simple, root.root) == expected
                proof = parse_proof(smt.data)
                if present:
                    verify_membership(SMT_SPEC, root.root, proof, key, answer.value)
                else:
                    verify_non_membership(SMT_SPEC, root.root, proof, key)


async def test_without_a_height_the_newest_is_meant(tmp_path: Path, founding: Founding) -> None:
    async with chained(tmp_path, founding) as (_, chain):
        await chain.decide([signed(founding, "bank", dataset(2), 1)])
        await chain.decide()
        answer = await ask(chain, "/store/state/key", TABLE)
        assert answer.height == 2 and answer.value


@pytest.mark.parametrize("name", ["log", "state"])
async def test_the_roots_are_proved_by_stock_proofs_alone(tmp_path: Path, founding: Founding, name: str) -> None:
    async with chained(tmp_path, founding) as (running, chain):
        await chain.decide([signed(founding, "bank", dataset(1), 1)])
        answer = await ask(chain, f"/roots/{name}")
        (op,) = answer.proof_ops.ops
        assert op.key == name.encode()
        assert root_by_value_op(op, answer.value) == chain.app_hash
        state = running.application.state_at(1)
        assert state is not None
        assert answer.value == (state.log_value if name == "log" else state.state_root)
        assert app_hash(state.log_size, state.log_root, state.state_root) == chain.app_hash


async def test_what_is_not_at_hand_is_said_to_be_so(
    tmp_path: Path, founding: Founding, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chain_module, "HISTORY_HEIGHTS", 2)
    async with chained(tmp_path, founding) as (running, chain):
        for number in range(1, 4):
            await chain.decide([signed(founding, "bank", dataset(number), number)])
        for height in (1, 4, -1):
            answer = await ask(chain, "/roots/state", height=height)
            assert (answer.code, answer.codespace) == (1, "ordering.history_pruned")
            assert "height" in answer.log
        for path, data in (("/store/state/key", b""), ("/store/state/key", bytes(2000)), ("/elsewhere", b"x"), ("", b"")):
            assert (await ask(chain, path, data)).codespace == "ordering.abci_query"
        assert not running.server.failed.done()


async def test_a_proof_for_another_height_does_not_hold(tmp_path: Path, founding: Founding) -> None:
    async with chained(tmp_path, founding) as (running, chain):
        await chain.decide([signed(founding, "bank", dataset(1), 1)])
        await chain.decide([signed(founding, "bank", dataset(2), 2)])
        answer = await ask(chain, "/store/state/key", TABLE, 1)
        tree = running.application.tree_at(2)
        assert tree is not None
        with pytest.raises(AtollError):
            verify_non_membership(SMT_SPEC, tree.root, parse_proof(answer.proof_ops.ops[0].data), TABLE)
