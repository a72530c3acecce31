"""Whether a seal vouches for a point of a ledger, under the members that count there.

    embedded    the sequencer signed the note, and q validating members, not counting the sequencer, cosigned it
    cometbft    the validators that the ledger names, and no others, are those of the header, and more than 2/3 of them voted

Which kind it must be the members' own record says (`ConsensusSet.engine`), which goes back to the genesis: a header never
stands in for a note, nor a note for a header.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from atoll.ledger.agreement import nth_newest, verify_agreement
from atoll.ledger.checkpoint import Checkpoint
from atoll.ledger.errors import WrongSealError
from atoll.ledger.light import Header, ValidatorSet, make_validator_set, verify_light_block
from atoll.ledger.light.protobuf import NANOSECONDS
from atoll.ledger.records import ConsensusSet, EngineKind
from atoll.ledger.seal import HeaderSeal, NoteSeal, Seal

KINDS_OF_TRUST = {
    EngineKind.EMBEDDED: "tamper-evident under one operator, cosigned by {stood} of {counted}",
    EngineKind.COMETBFT: "consensus, voted for by {stood} of {counted} validators",
}
"""What each engine gives, in the words that every screen uses (SECURITY 3.4)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vouched:
    """A point of the ledger that a quorum stands for."""

    checkpoint: Checkpoint
    """The log there."""
    stood_at: Mapping[str, int]
    """Member -> when it cosigned or voted, Unix seconds by its own clock; only members that count."""
    agreed_at: int
    """The q-th newest of these times: so fresh it is."""


def kind_of_trust(members: ConsensusSet, stood: int) -> str:
    """What it is worth that so many of these members stand for a record; one of KINDS_OF_TRUST."""
    return KINDS_OF_TRUST[members.engine].format(stood=stood, counted=len(members.counted()))


def validators_of(consensus: ConsensusSet) -> ValidatorSet:
    """The validators that a ledger names, as CometBFT has them: one vote each.

    Raises:
        MessageError: nobody has a consensus key, as on an embedded ledger.
    """
    return make_validator_set((one.consensus, 1) for one in consensus.counted())


def names_validators(header: Header, consensus: ConsensusSet) -> bool:
    """Whether a header names the validators of this record for the next height.

    Always so for the record in the state below the header's own app hash: a change in block H is in the state that header H + 1
    commits to, is named there for the next height, and acts from H + 2 on.
    """
    return validators_of(consensus).hash() == header.next_validators_hash


def counting(seal: Seal, *, before: ConsensusSet, after: ConsensusSet) -> ConsensusSet:
    """Who counts for a seal.

    Args:
        seal: unverified.
        before: the set before the last block below it.
        after: the set after that block.

    Returns:
        For a note the set before, unless the block began a new term. For a header the set before where it has these validators,
        as the very next header does; else the set after.
    """
    if isinstance(seal, HeaderSeal) and before.engine is EngineKind.COMETBFT:
        return before if validators_of(before).hash() == seal.light.header.validators_hash else after
    return after if after.term > before.term else before


def verify_seal(seal: Seal, *, chain_id: str, consensus: ConsensusSet) -> Vouched:
    """Verify that a seal vouches for its checkpoint.

    Args:
        seal: from anybody.
        chain_id: the ledger's name.
        consensus: who counts there; see `counting`.

    Raises:
        WrongSealError: of the wrong kind, of other validators, or of a header over another log or state.
        UntrustedNoteError, NoteSignatureError, QuorumError: see `verify_agreement`.
        LightError: see `verify_light_block`.

    Cost: one Ed25519 verification for each signature.
    """
    match seal:
        case NoteSeal() if consensus.engine is EngineKind.EMBEDDED:
            agreement = verify_agreement(seal.note, chain_id=chain_id, consensus=consensus)
            return Vouched(checkpoint=agreement.checkpoint, stood_at=agreement.cosigned_at, agreed_at=agreement.agreed_at)
        case HeaderSeal() if consensus.engine is EngineKind.COMETBFT:
            return _verify_header(seal, chain_id, consensus)
    raise WrongSealError(reason=f"a {seal.kind} cannot vouch for a ledger whose engine is {consensus.engine}")


def _verify_header(seal: HeaderSeal, chain_id: str, consensus: ConsensusSet) -> Vouched:
    if seal.light.validators != validators_of(consensus):
        raise WrongSealError(reason="its validators are not the members that count")
    voted = verify_light_block(seal.light, chain_id=chain_id)
    if not seal.is_of_header():
        raise WrongSealError(reason="its log and state are not those that the header commits to")
    orgs = {one.consensus: one.org for one in consensus.counted()}
    times = {orgs[key]: time_ns // NANOSECONDS for key, time_ns in voted.times_ns.items()}
    return Vouched(
        checkpoint=seal.checkpoint,
        stood_at=dict(sorted(times.items())),
        agreed_at=nth_newest(times.values(), consensus.quorum()),
    )
