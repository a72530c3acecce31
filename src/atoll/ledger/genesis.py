"""The first entry of a ledger: who founds it, signed by all founders.

The genesis digest is computed over the body's received bytes and names the consortium for ever: it stands in every envelope,
plan and trust file. A signature over a digest that is itself in the trust file is what makes an invented consortium fail.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Annotated, ClassVar

from atoll.ledger.errors import BadGenesis
from atoll.ledger.foreign.claims import no_claims
from atoll.ledger.records import Chain, ConsensusSet, EngineKind, ForeignClaims, plain_spelling
from atoll.ledger.rules import RULES
from atoll.ledger.rules.call import Call
from atoll.ledger.rules.membership import Enrolment, admit, validator_of
from atoll.ledger.rules.nodes import is_endpoint
from atoll.ledger.state import State
from atoll.ledger.vkey import is_key_name
from atoll.primitives import ed25519
from atoll.wire.message import Message, Name, Range, Size, Time, encode_message, parse_message

GENESIS_DOMAIN = b"ATOLL-V1-GENESIS"
MOST_CHAIN_ID = 50
"""Longest name of a ledger that CometBFT takes (`MaxChainIDLen`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Genesis(Message):
    """What the founders agree on."""

    TAG: ClassVar[str] = "genesis/1"

    chain_id: Annotated[str, Size(1, 64)]
    """Name of the ledger; also the origin line of its checkpoints."""
    time: Time
    """When it was founded."""
    rules_version: Annotated[int, Range(1, 2**31)]
    """Rules in force from the first block."""
    test: bool
    """True for a consortium that may run `Insecure...` modes; stamped on everything it says."""
    receipt_term_seconds: Annotated[int, Range(1, 2**31)]
    """How long after a job's deadline a receipt may be missing."""
    sequencer: Name
    """Founder that puts transactions in order in term 1, on the embedded engine."""
    founders: Annotated[tuple[Enrolment, ...], Size(1, 40)]
    """The founding members, sorted by name."""
    engine: EngineKind = EngineKind.EMBEDDED
    """What puts transactions in order. With CometBFT the sequencer is a name without a duty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FounderSignature(Message):
    """One founder's signature under the genesis."""

    org: Name
    """Who signs."""
    signature: Annotated[bytes, Size(64)]
    """Of the identity key that the genesis names, over GENESIS_DOMAIN and the body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedGenesis(Message):
    """A genesis with the signatures of all founders: the ledger's entry 0."""

    TAG: ClassVar[str] = "signed-genesis/1"

    body: Annotated[bytes, Size(1, 55_000)]
    """The encoded genesis."""
    signatures: Annotated[tuple[FounderSignature, ...], Size(1, 40)]
    """One a founder, in the founders' order."""


def genesis_digest(body: bytes) -> bytes:
    """The 32 bytes that name the consortium."""
    return hashlib.sha256(GENESIS_DOMAIN + len(body).to_bytes(8, "big") + body).digest()


def genesis_signed_bytes(body: bytes) -> bytes:
    """What each founder signs."""
    return GENESIS_DOMAIN + b"-SIGNATURE" + genesis_digest(body)


def encode_genesis(genesis: Genesis, signatures: tuple[FounderSignature, ...]) -> bytes:
    """The signed genesis file."""
    return encode_message(SignedGenesis(body=encode_message(genesis), signatures=signatures))


def verify_genesis(data: bytes) -> tuple[Genesis, bytes]:
    """The genesis and its digest.

    Raises:
        BadGenesis: a founder's signature is missing or wrong, or the body contradicts itself.
    """
    signed = parse_message(data, SignedGenesis)
    genesis = parse_message(signed.body, Genesis)
    if genesis.rules_version not in RULES:
        raise BadGenesis(reason=f"rules version {genesis.rules_version} is unknown here")
    if [one.org for one in signed.signatures] != [one.org for one in genesis.founders]:
        raise BadGenesis(reason=_who_signed([one.org for one in signed.signatures], [one.org for one in genesis.founders]))
    message = genesis_signed_bytes(signed.body)
    for founder, signature in zip(genesis.founders, signed.signatures, strict=True):
        if not ed25519.is_signature(founder.identity, message, signature.signature):
            raise BadGenesis(reason=f"the signature of {founder.org} is wrong")
    verify_body(genesis)
    return genesis, genesis_digest(signed.body)


def _who_signed(signed: list[str], founders: list[str]) -> str:
    """
    >>> _who_signed(["bank"], ["bank", "bureau"]), _who_signed(["bank", "mallory"], ["bank"])
    ('not every founder has signed: bureau is missing', 'it is not signed by every founder once, in order, and by nobody else')
    """
    missing = ", ".join(sorted(set(founders) - set(signed)))
    if missing:
        return f"not every founder has signed: {missing} is missing"
    return "it is not signed by every founder once, in order, and by nobody else"


def verify_body(genesis: Genesis) -> None:
    """Check what founders are about to sign, or have signed.

    Raises:
        BadGenesis: it contradicts itself, or no ledger could start from it.
    """
    names = [one.org for one in genesis.founders]
    if names != sorted(set(names)):
        raise BadGenesis(reason="the founders are not sorted by name, each once")
    if genesis.sequencer not in names:
        raise BadGenesis(reason="the sequencer is no founder")
    if len({plain_spelling(one.legal_id) for one in genesis.founders}) != len(names):
        raise BadGenesis(reason="two founders are the same legal entity")
    validating = [one for one in genesis.founders if one.validating]
    if len({one.cosign for one in validating}) != len(validating):
        raise BadGenesis(reason="two validating members cosign with one key")
    if genesis.engine is EngineKind.COMETBFT:
        _verify_validators(genesis)
    elif all(one.org == genesis.sequencer for one in validating):
        raise BadGenesis(reason="no validating member beside the sequencer")
    if not is_key_name(genesis.chain_id):
        raise BadGenesis(reason="its chain id cannot name a log: it has blanks or a plus sign, or is empty or too long")


def _verify_validators(genesis: Genesis) -> None:
    """What CometBFT asks of its founders: keys to vote with, names of their nodes, and somebody who can be dialled.

    Raises:
        BadGenesis: one of these is missing, or two founders share a key or a node.
    """
    validating = [one for one in genesis.founders if one.validating]
    if len(genesis.chain_id) > MOST_CHAIN_ID:
        raise BadGenesis(reason=f"its chain id has more than {MOST_CHAIN_ID} letters, and CometBFT takes no longer one")
    if "/" in genesis.chain_id:
        raise BadGenesis(reason="its chain id has a slash, and CometBFT's light client keeps nothing under such a name")
    if not validating:
        raise BadGenesis(reason="nobody validates")
    for one in validating:
        if not (len(one.consensus) == 32 and ed25519.is_acceptable_key(one.consensus)):
            raise BadGenesis(reason=f"{one.org} validates and has no good consensus key")
    keys = [one.consensus for one in genesis.founders if one.consensus]
    if len(set(keys)) != len(keys):
        raise BadGenesis(reason="two founders have one consensus key")
    names = [one.consensus_peer.partition("@")[0] for one in genesis.founders]
    if not all(names) or len(set(names)) != len(names):
        raise BadGenesis(reason="not every founder names a CometBFT node of its own")
    for one in genesis.founders:
        endpoint = one.consensus_peer.partition("@")[2]
        if endpoint and not is_endpoint(endpoint):
            raise BadGenesis(reason=f"the address of {one.org}'s CometBFT node is not host:port")
    if len(validating) > 1 and all(one.consensus_peer.endswith("@") for one in validating):
        raise BadGenesis(reason="no validating member's CometBFT node has an address at which the others reach it")


def consensus_of(genesis: Genesis) -> ConsensusSet:
    """The first consensus set."""
    sequencer = next(one for one in genesis.founders if one.org == genesis.sequencer)
    validators = tuple(validator_of(one, genesis.engine) for one in genesis.founders if one.validating)
    return ConsensusSet(term=1, sequencer=genesis.sequencer, log=sequencer.log, validators=validators, engine=genesis.engine)


def first_state(genesis: Genesis, digest: bytes) -> dict[bytes, bytes]:
    """The records at height 0."""
    state = State({})
    chain = Chain(
        chain_id=genesis.chain_id,
        genesis_digest=digest,
        rules_version=genesis.rules_version,
        test=genesis.test,
        receipt_term_seconds=genesis.receipt_term_seconds,
        engine=genesis.engine,
    )
    state.put(chain)
    call = Call(state=state, height=0, time=genesis.time, sender=genesis.sequencer, chain=chain)
    for founder in genesis.founders:
        admit(call, founder)
    state.put(consensus_of(genesis))
    state.put(ForeignClaims(root=no_claims().root))
    state.keep()
    return state.changes()
