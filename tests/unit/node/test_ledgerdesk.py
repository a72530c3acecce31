"""The node's own ledger, carried out again: the same roots, under a seal of the members that the blocks themselves name."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TypeVar, cast

import pytest

from atoll.errors import IntegrityError
from atoll.ledger.block import Block
from atoll.ledger.errors import BadBlock, QuorumError
from atoll.ledger.light.errors import VotePowerError
from atoll.ledger.rules.keys import RotateKey
from atoll.node.context import NodeContext
from atoll.node.ledgerdesk import LedgerDesk
from atoll.ordering.engine import View
from atoll.ordering.errors import NotAgreedYet
from atoll.testing.consortium import NamedEntropy
from atoll.trust.keys import Purpose, SecretKey
from tests.unit.evidence.header_world import HeaderWorld, rotate
from tests.unit.evidence.world import World

T = TypeVar("T")


@dataclass
class Desk:
    """Context and engine of a node that holds a world's ledger."""

    world: World
    seal_bytes: bytes | None = None

    @property
    def engine(self) -> Desk:
        return self

    def view(self) -> View:
        ledger = self.world.ledger
        return View(ledger.height, ledger.time, ledger.log.size, ledger.log.root(), 0, ledger.tree)

    def blocks(self, first: int, last: int) -> Iterator[Block]:
        return iter(self.world.all_blocks[first - 1 : last])

    def entry(self, index: int) -> bytes | None:
        return self.world.log_entries[index] if index < len(self.world.log_entries) else None

    def seal(self) -> bytes:
        if self.seal_bytes is None:
            raise NotAgreedYet()
        return self.seal_bytes

    async def offload(self, work: Callable[[], T]) -> T:
        return work()

    def standing(self) -> str:
        """What `atoll ledger verify` says."""
        found = asyncio.run(LedgerDesk(cast("NodeContext", self)).verify())
        assert (found.height, found.root) == (self.world.ledger.height, self.world.ledger.log.root().hex())
        return found.standing


@pytest.mark.parametrize(
    ("world", "words"),
    [
        (World(), "tamper-evident under one operator, cosigned by 3 of 3"),
        (HeaderWorld(), "consensus, voted for by 4 of 4 validators"),
    ],
    ids=["embedded", "cometbft"],
)
def test_either_engines_ledger_is_verified_and_says_what_that_is_worth(world: World, words: str) -> None:
    world.register()
    assert Desk(world, world.newest).standing() == words
    assert Desk(world).standing() == ""


def test_who_counts_is_known_from_the_blocks() -> None:
    """The last block changes who votes: the header right after it is of those before, the next of those after."""
    world = rotate(HeaderWorld(), "bank")
    assert Desk(world, world.newest).standing() == "consensus, voted for by 4 of 4 validators"
    world.empty_block()
    assert Desk(world, world.newest).standing() == "consensus, voted for by 4 of 4 validators"
    embedded = World()
    embedded.do("bank", rotation(embedded))
    assert Desk(embedded, embedded.newest).standing() == "tamper-evident under one operator, cosigned by 3 of 3"


def rotation(world: World) -> RotateKey:
    key = world.know(SecretKey.generate(Purpose.COSIGN, NamedEntropy("next")))
    return RotateKey(purpose=Purpose.COSIGN, public=key.public.data, second=b"")


def test_too_few_do_not_stand_for_it() -> None:
    headed, noted = HeaderWorld(), World()
    headed.register()
    noted.register()
    with pytest.raises(VotePowerError):
        Desk(headed, headed.header_seal(by=("bank", "bureau")).encode()).standing()
    with pytest.raises(QuorumError):
        Desk(noted, noted.sign(noted.authority, by=("bank",))).standing()


def test_what_was_signed_is_this_very_ledger() -> None:
    for world in (HeaderWorld(), World()):
        world.register()
        with pytest.raises(BadBlock, match="over another log"):
            Desk(world, world.kept[-2].data).standing()
    headed = HeaderWorld()
    headed.register()
    for wrong in (replace(headed.header_seal(), state_root=bytes(32)), replace(headed.header_seal(), root=bytes(32))):
        with pytest.raises(IntegrityError):
            Desk(headed, wrong.encode()).standing()


def test_a_block_that_was_changed_gives_another_root() -> None:
    world = HeaderWorld()
    world.register()
    world.all_blocks[1] = replace(world.all_blocks[1], transactions=())
    with pytest.raises(BadBlock, match="another root"):
        Desk(world, world.newest).standing()
