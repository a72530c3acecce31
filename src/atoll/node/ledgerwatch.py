"""The ledger as it happens: who stands for it, block by block."""

from __future__ import annotations

import asyncio

from atoll.api.models import BlockInfo, LedgerNews, ValidatorInfo, ValidatorsInfo
from atoll.ledger.agreement import cosign_key
from atoll.ledger.cosignature import COSIGNATURE_BYTES, parse_cosignature
from atoll.ledger.light import Vote
from atoll.ledger.records import ConsensusSet
from atoll.ledger.seal import NoteSeal, parse_seal
from atoll.node.context import NodeContext
from atoll.node.doctor import ENGINES
from atoll.ordering.engine import AgreedBlock
from atoll.ordering.errors import NotAgreedYet
from atoll.trust.nodekeys import derive_address

MAX_BLOCKS = 100
MAX_WAIT_SECONDS = 30
LOOK_SECONDS = 0.2


class LedgerWatch:
    """Answers from what this node holds and has verified."""

    def __init__(self, context: NodeContext) -> None:
        self._context = context

    def validators(self) -> ValidatorsInfo:
        """Who counts, with which keys, and when each was heard last."""
        consensus = self._context.view().consensus
        counted = {one.org for one in consensus.counted()}
        times = self._times(consensus)
        return ValidatorsInfo(
            engine=ENGINES[self._context.engine.kind],
            term=consensus.term,
            sequencer=consensus.sequencer,
            quorum=consensus.quorum(),
            validators=[
                ValidatorInfo(
                    org=one.org,
                    counts=one.org in counted,
                    power=int(one.org in counted),
                    cosign=one.cosign.hex(),
                    consensus=one.consensus.hex(),
                    last_at=times.get(one.org, 0),
                )
                for one in consensus.validators
            ],
        )

    async def news(self, after: int, heard: int, wait_seconds: int) -> LedgerNews:
        """Blocks above a height, or newer cosignatures or votes than `heard`; waits a while for either.

        Args:
            after: height of the last block that the caller has; -1 for the newest only.
            heard: freshness that the caller has, Unix seconds.
            wait_seconds: at most MAX_WAIT_SECONDS are waited.
        """
        clock, engine = self._context.clock, self._context.engine
        ends = clock.monotonic() + min(wait_seconds, MAX_WAIT_SECONDS)
        first = max(1, self._context.view().height if after < 0 else after + 1)
        # Two things are waited for, and the engine tells of one only.
        while (view := engine.view()).height < first and engine.freshness() <= heard and clock.monotonic() < ends:  # noqa: ASYNC110
            await asyncio.sleep(LOOK_SECONDS)
        blocks: list[BlockInfo] = []
        if view.height >= first:
            async for agreed in engine.follow(first):
                blocks.append(_describe(agreed))
                if agreed.block.height >= view.height or len(blocks) == MAX_BLOCKS:
                    break
        return LedgerNews(
            height=blocks[-1].height if blocks else min(first - 1, view.height),
            heard_at=engine.freshness(),
            blocks=blocks,
            cosigned=self._times(view.consensus),
        )

    def _times(self, consensus: ConsensusSet) -> dict[str, int]:
        """When each validating member last stood for the newest point, by its own clock, Unix seconds."""
        try:
            seal = parse_seal(self._context.engine.seal())
        except NotAgreedYet:
            return {}
        if isinstance(seal, NoteSeal):
            chain_id = self._context.view().chain.chain_id
            names = {(key.name, key.key_id): one.org for one in consensus.validators for key in (cosign_key(chain_id, one),)}
            cosigned: dict[str, int] = {}
            for line in seal.note.signatures:  # the engine has verified them
                org = names.get((line.name, line.key_id))
                if org is not None and len(line.body) == COSIGNATURE_BYTES:
                    cosigned[org] = max(cosigned.get(org, 0), parse_cosignature(line.body)[0])
            return dict(sorted(cosigned.items()))
        orgs = {derive_address(one.consensus): one.org for one in consensus.validators if one.consensus}
        votes = {one.address: one.time_ns for one in seal.light.commit.signatures if one.vote is Vote.COMMIT}
        return dict(sorted((orgs[address], time // 10**9) for address, time in votes.items() if address in orgs))


def _describe(agreed: AgreedBlock) -> BlockInfo:
    block, summary = agreed.block, agreed.summary
    return BlockInfo(
        height=block.height,
        time=block.time,
        first=summary.first,
        transactions=len(summary.outcomes),
        refused=sum(outcome != 0 for outcome in summary.outcomes),
        state_root=summary.state_root.hex(),
    )
