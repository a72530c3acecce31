"""From committed to provable: the header over what was carried out, and the votes for it.

CometBFT commits to what a block did in the header of the next height. So when the block of height T is committed, the state
after T - 1 becomes provable, by the header of T and the votes of more than two thirds for it. This module fetches both from
this node's CometBFT, verifies them as an outsider would, and makes the seal of them that the engine shows.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from atoll.ledger.app_hash import AppState
from atoll.ledger.light import LightBlock, ValidatorSet
from atoll.ledger.light.rpc import parse_rpc_commit, parse_rpc_light_block
from atoll.ledger.light.verify import Voted, keep_votes, verify_light_block
from atoll.ledger.seal import HeaderSeal
from atoll.ordering.cometbft.rpc import Rpc
from atoll.ordering.errors import SealBroken

MAX_SETS = 8
"""Sets of validators that are remembered, by their hash."""
_NANOSECONDS = 10**9


@dataclass(frozen=True)
class Light:
    """A light block that was verified."""

    block: LightBlock
    """Header, votes, validators; only votes that hold are left in."""
    agreed_at: int
    """The q-th newest vote's time, Unix seconds: since then more than two thirds have stood for it."""

    @property
    def height(self) -> int:
        """Consensus height of the header; it proves the state after the height before."""
        return self.block.header.height

    @property
    def changes_validators(self) -> bool:
        """Whether others vote on the next height."""
        return self.block.header.validators_hash != self.block.header.next_validators_hash

    def seal(self, state: AppState) -> HeaderSeal:
        """The seal of what the header is over.

        Raises:
            SealBroken: this node has carried out something else than the others.
        """
        seal = HeaderSeal(light=self.block, size=state.log_size, root=state.log_root, state_root=state.state_root)
        if not seal.is_of_header():
            raise SealBroken(height=self.height)
        return seal


class Lights:
    """Fetches and verifies light blocks."""

    def __init__(self, rpc: Rpc, *, chain_id: str) -> None:
        self._rpc = rpc
        self._chain_id = chain_id
        self._sets: OrderedDict[bytes, ValidatorSet] = OrderedDict()

    async def fetch(self, height: int) -> Light:
        """The light block of a consensus height.

        Raises:
            ValidatorRefused: CometBFT does not have it, or does not answer.
            LightError, LightJsonError, MessageError: what it answers does not hold.
        """
        commit = await self._rpc.commit(height)
        header, votes = parse_rpc_commit(commit)
        known = self._sets.get(header.validators_hash)
        if known is None:
            light = parse_rpc_light_block(commit, *await self._rpc.validators(height))
            self._remember(header.validators_hash, light.validators)
        else:
            light = LightBlock(header=header, commit=votes, validators=known)
        light = keep_votes(light)
        return Light(light, agreed_at(verify_light_block(light, chain_id=self._chain_id), light.validators))

    def _remember(self, name: bytes, validators: ValidatorSet) -> None:
        if validators.hash() == name:
            self._sets[name] = validators
            while len(self._sets) > MAX_SETS:
                self._sets.popitem(last=False)


def agreed_at(voted: Voted, validators: ValidatorSet) -> int:
    """Since when more than two thirds of the power have stood for a block, by the voters' clocks; Unix seconds."""
    power = {one.key: one.power for one in validators.validators}
    found = 0
    for key, time_ns in sorted(voted.times_ns.items(), key=lambda item: -item[1]):
        found += power[key]
        if 3 * found > 2 * voted.total:
            return time_ns // _NANOSECONDS
    return 0
