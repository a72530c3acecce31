"""The walk over block headers: from the validators that the genesis names to those that voted for the bundle's header.

A header that more than 2/3 of the validators trusted so far voted for is believed; its app hash commits to a state, the state
names the members, and the header itself names the validators of the next height, who must be the same. Every change is walked,
by the header in which the old validators announce the new: nobody is believed because a third of those before them was, and so
no trusting period is needed. What is assumed is what the whole ledger rests on: of no validators trusted on the way has a third
or more cheated, not even with keys that they had long given up.
"""

from __future__ import annotations

from atoll.ledger.block import BlockSummary
from atoll.ledger.checkpoint import Checkpoint
from atoll.ledger.evidence.bundle import Entry
from atoll.ledger.evidence.errors import BadEvidenceSignature, Contradiction, EvidenceError, NoQuorum, NotProven
from atoll.ledger.evidence.parts import HeaderStep, blame, parse_part, prove_value, reason
from atoll.ledger.evidence.walk import Trusted
from atoll.ledger.light import Vote
from atoll.ledger.light.errors import VotePowerError, VoteSignatureError
from atoll.ledger.records import ConsensusSet, record_key
from atoll.ledger.seal import HeaderSeal
from atoll.ledger.vouching import Vouched, names_validators, verify_seal
from atoll.primitives.merkle import verify_consistency
from atoll.wire.message import parse_message


class HeaderWalk:
    """`Walk` on CometBFT."""

    def __init__(self, entry: Entry, seal: HeaderSeal, trusted: Trusted, chain_id: str) -> None:
        """From the founders towards the seal in an entry."""
        self._entry = entry
        self._seal = seal
        self._chain_id = chain_id
        self.trusted = trusted

    def step(self, entry: Entry) -> None:
        """See `Walk.step`."""
        step = parse_part(entry, HeaderStep)
        with blame(entry):
            seal = parse_message(step.seal, HeaderSeal)
        earlier = self._verify(entry, seal).checkpoint
        with blame(entry):
            _verify_begins(earlier, self._seal.checkpoint, step.consistency)
            value = prove_value(seal.state_root, step.proof, record_key(ConsensusSet, "0"))
            members = parse_message(value, ConsensusSet)
            is_named = names_validators(seal.light.header, members)
        if not is_named:
            raise Contradiction.at(entry, reason="its header names other validators than its state")
        height = seal.light.header.height
        if not self.trusted.height < height < self._seal.light.header.height:
            raise Contradiction.at(entry, reason="it leads backwards, or past the checkpoint")
        self.trusted = Trusted(height, seal.state_root, members)

    def vouched(self) -> Vouched:
        """See `Walk.vouched`."""
        return self._verify(self._entry, self._seal)

    def need_top(self, entry: Entry, top: BlockSummary) -> None:
        """See `Walk.need_top`: the log says of the state what the header says."""
        if top.state_root != self._seal.state_root:
            raise Contradiction.at(entry, reason="it has another state than the header over it")

    def standing_height(self, top: BlockSummary, before: BlockSummary) -> int:  # noqa: ARG002 - a header looks at one state
        """The last block: what its state says the header must name."""
        return top.height

    def is_standing(self, standing: ConsensusSet) -> bool:
        """See `Walk.is_standing`: the header over this state names its validators for the next height."""
        return names_validators(self._seal.light.header, standing)

    def _verify(self, entry: Entry, seal: HeaderSeal) -> Vouched:
        members = self.trusted.members
        try:
            with blame(entry):
                return verify_seal(seal, chain_id=self._chain_id, consensus=members)
        except NotProven as err:
            raise _named(entry, err, seal, members) from err


def _named(entry: Entry, err: NotProven, seal: HeaderSeal, members: ConsensusSet) -> EvidenceError:
    """The refusal by its own name, where it is about votes."""
    match err.__cause__:
        case VotePowerError():
            pairs = zip(seal.light.validators.validators, seal.light.commit.signatures, strict=True)
            keys = {one.key for one, vote in pairs if vote.vote is Vote.COMMIT}
            voters = sorted(one.org for one in members.counted() if one.consensus in keys)
            return NoQuorum.at(entry, needed=members.quorum(), found=len(voters), cosigners=", ".join(voters) or "nobody")
        case VoteSignatureError() as cause:
            return BadEvidenceSignature.at(entry, reason=reason(cause))
    return err


def _verify_begins(earlier: Checkpoint, later: Checkpoint, consistency: tuple[bytes, ...]) -> None:
    """The log of one checkpoint is a beginning of another's."""
    verify_consistency(
        old_size=earlier.size, old_root=earlier.root, new_size=later.size, new_root=later.root, proof=consistency
    )
