"""Where votes contradict each other: proofs for those who will check, and the old sequencer's signatures for the auditor."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from atoll.errors import AtollError
from atoll.ordering.embedded.ballots import Ballot, Base, Contradiction, Mark
from atoll.ordering.embedded.evidence import Fork, is_fork
from atoll.ordering.embedded.messages import (
    CONSISTENCY,
    ConsistencyReply,
    ConsistencyRequest,
    Members,
    encode_payload,
    parse_payload,
)
from atoll.ordering.embedded.replica import Replica
from atoll.ordering.errors import BadPeerMessage

log = logging.getLogger("atoll.ordering")

CALL_SECONDS = 5.0


@dataclass(slots=True)
class Contradicting:
    """Asks voters how their logs continue, and answers the same question."""

    replica: Replica
    members: Members

    async def prove(self, ballots: Sequence[Ballot], base: Base) -> tuple[Contradiction, ...]:
        """One proof for each vote that is passed over, as far as the voters give them."""
        proofs: dict[tuple[str, str], Contradiction] = {}
        for one in ballots:
            for other in ballots:
                if _is_off(one, base) and _contradict(one, other):
                    proof = await self._prove(one, other)
                    if proof is not None:
                        proofs[proof.shorter, proof.longer] = proof
                        break
        return tuple(proofs.values())

    async def _prove(self, one: Ballot, other: Ballot) -> Contradiction | None:
        shorter, longer = sorted((one, other), key=lambda ballot: (ballot.signed.vote.size, ballot.signed.vote.org))
        small, large = shorter.signed.vote, longer.signed.vote
        try:
            reply = await self._ask(large.org, ConsistencyRequest(old_size=small.size, new_size=large.size))
        except (AtollError, TimeoutError, OSError) as err:
            log.info("%s: proof from %s: %s", self.replica.org, large.org, err)
            return None
        fork = Fork(smaller=shorter.note or b"-", larger=longer.note or b"-", root=reply.root, proof=reply.proof)
        if is_fork(fork, chain_id=self.replica.chain_id, log=self.replica.tip.after.log):
            async with self.replica.store_lock:
                await self.replica.write_fork(fork)
        return Contradiction(shorter=small.org, longer=large.org, root=reply.root, proof=reply.proof)

    async def _ask(self, org: str, request: ConsistencyRequest) -> ConsistencyReply:
        if org == self.replica.org:
            return self._answer(org, request)
        payload = await self.members.call(org, CONSISTENCY, encode_payload(request), CALL_SECONDS)
        return parse_payload(org, payload, ConsistencyReply)

    async def on_consistency(self, org: str, payload: bytes) -> bytes:
        """`ordering.consistency`."""
        return encode_payload(self._answer(org, parse_payload(org, payload, ConsistencyRequest)))

    def _answer(self, org: str, request: ConsistencyRequest) -> ConsistencyReply:
        tree = self.replica.ledger.log
        if not request.old_size <= request.new_size <= tree.size:
            raise BadPeerMessage(org=org, reason="it asks for a log that is not here")
        proof = tree.consistency_proof(request.old_size, request.new_size)
        return ConsistencyReply(root=tree.root(request.old_size), proof=tuple(proof))


def _end(ballot: Ballot) -> Mark:
    vote = ballot.signed.vote
    return Mark(height=vote.height, size=vote.size, root=vote.root)


def _is_off(ballot: Ballot, base: Base) -> bool:
    """Whether the vote may lie off the branch that ends at the base."""
    end = _end(ballot)
    return end.size > base.mark.size or (ballot.signed.vote.org not in base.backers and end != base.mark)


def _contradict(one: Ballot, other: Ballot) -> bool:
    """Whether, by their own account, neither vote's log contains the other's."""
    if one is other:
        return False
    return _end(one) not in other.trail and _end(other) not in one.trail
