"""One world, two engines: what CometBFT's validators agreed on, carried out again by the embedded engine's replica and by the
bare rules, gives the same log and the same state at every height; and every header on the way says so."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from atoll.errors import AtollError
from atoll.ledger.app_hash import app_hash
from atoll.ledger.block import Block
from atoll.ledger.chain import Ledger
from atoll.ledger.rules.dataset import WithdrawDataset
from atoll.ledger.rules.keys import RotateKey
from atoll.ledger.rules.membership import SetEndpoints
from atoll.ledger.seal import HeaderSeal, parse_seal
from atoll.ordering.cometbft.engine import CometEngine
from atoll.ordering.cometbft.lights import Lights
from atoll.ordering.cometbft.paths import RPC_SOCKET
from atoll.ordering.cometbft.rpc import Rpc
from atoll.ordering.embedded.replica import Replica
from atoll.ordering.embedded.store import Store
from atoll.ordering.offload import inline
from atoll.testing.consortium import Founding
from atoll.testing.validators import Validators
from atoll.trust.keys import Purpose
from tests.contract.ordering.conftest import Play, dataset

ENGINES = ("cometbft",)
ORGS = ("operator", "bank", "bureau", "telecom")
TRANSACTIONS = 150
SENDERS = ("bank", "bureau", "telecom")


def anything(founding: Founding, dice: random.Random) -> bytes:
    """A transaction: most are good, some are refused by a rule, and some by what stands before the rules."""
    org, number = dice.choice(SENDERS), dice.randrange(40)
    choice = dice.randrange(10)
    if choice < 5:
        return founding.sign(org, dataset(number, org))
    if choice < 6:
        return founding.sign(org, WithdrawDataset(dataset=f"{org}/table-{number}/1"))
    if choice < 7:
        return founding.sign(org, RotateKey(purpose=Purpose.TLS, public=dice.randbytes(64), second=b""))
    if choice < 8:
        node = founding.orgs[org].node_id
        return founding.sign(org, SetEndpoints(peer=f"{org}.example:{number + 1}", https="", consensus_peer=f"{node}@"))
    if choice < 9:
        return founding.sign(org, dataset(number, org), nonce=dice.randrange(1, 9))
    return founding.sign(org, dataset(number, org), key=founding.orgs["operator"].keys[Purpose.IDENTITY])


@pytest.mark.parametrize("seed", [1])
def test_both_engines_and_the_bare_rules_agree_at_every_height(play: Play, tmp_path: Path, seed: int) -> None:
    async def scenario(validators: Validators) -> None:
        founding, dice = validators.founding, random.Random(seed)
        rpc = Rpc(str(validators.home("bank") / RPC_SOCKET))

        async def client() -> None:
            for _ in range(TRANSACTIONS // 15):
                data = anything(founding, dice)
                if dice.random() < 0.2:
                    await rpc.broadcast([data, dice.randbytes(60)])  # past the door
                    continue
                try:
                    await validators[dice.choice(ORGS)].submit(data, timeout_seconds=2)
                except AtollError:
                    continue  # turned away, or overtaken by another with its nonce

        await validators.until(lambda: validators["bank"].freshness() > 0)
        await asyncio.gather(*(client() for _ in range(15)))
        await validators.settle()
        blocks = list(validators["bank"].blocks(1, validators["bank"].view().height))
        seal = parse_seal(validators["bank"].seal())  # of just these blocks; some transactions may still be on their way
        assert isinstance(seal, HeaderSeal)
        outcomes = {number for block in blocks for number in await agreed_outcomes(validators["bank"], block.height)}
        assert len(blocks) > 5 and len(outcomes) > 1
        for org in ORGS:
            assert list(validators[org].blocks(1, len(blocks))) == blocks
        expected = bare_rules(founding, blocks)
        assert await embedded(founding, tmp_path, validators, blocks) == expected
        await headers_say(rpc, validators["bank"], expected, seal.light.header.height)
        await rpc.close()

    play(scenario, orgs=ORGS)


async def agreed_outcomes(engine: CometEngine, height: int) -> tuple[int, ...]:
    async for agreed in engine.follow(height):
        return tuple(agreed.summary.outcomes)
    raise AssertionError("the engine has stopped")


def bare_rules(founding: Founding, blocks: list[Block]) -> list[bytes]:
    """App hash by ledger height, by the rules alone."""
    ledger = Ledger(founding.genesis_file)
    hashes = [app_hash(ledger.log.size, ledger.log.root(), ledger.tree.root)]
    for block in blocks:
        ledger.adopt(ledger.execute(block))
        hashes.append(app_hash(ledger.log.size, ledger.log.root(), ledger.tree.root))
    return hashes


async def embedded(founding: Founding, folder: Path, validators: Validators, blocks: list[Block]) -> list[bytes]:
    """The same by a replica of the embedded engine, on its disk."""
    store = Store(folder / "embedded.ledger")
    replica = Replica(
        org="bank", genesis_file=founding.genesis_file, store=store, clock=validators.clock("bank"), offload=inline
    )
    ledger = replica.ledger
    hashes = [app_hash(ledger.log.size, ledger.log.root(), ledger.tree.root)]
    for block in blocks:
        await replica.add(block)
        hashes.append(app_hash(ledger.log.size, ledger.log.root(), ledger.tree.root))
    store.close()
    return hashes


async def headers_say(rpc: Rpc, engine: CometEngine, expected: list[bytes], last: int) -> None:
    """Each of CometBFT's headers, with its votes verified, has the app hash of the ledger's block before it."""
    lights = Lights(rpc, chain_id=engine.ledger.genesis.chain_id)
    met = set()
    for height in range(1, last + 1):
        light = await lights.fetch(height)
        before = engine.store.height_at(height - 1)
        assert before is not None
        assert light.block.header.app_hash == expected[before]
        met.add(before)
    assert met == set(range(len(expected)))
