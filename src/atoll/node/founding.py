"""Founding a consortium: a draft from the founders' enrolments, signed by each, sealed into the genesis file."""

from __future__ import annotations

from collections.abc import Sequence

from atoll.ledger.errors import BadGenesis
from atoll.ledger.genesis import (
    FounderSignature,
    Genesis,
    SignedGenesis,
    genesis_signed_bytes,
    verify_body,
    verify_genesis,
)
from atoll.ledger.records import EngineKind
from atoll.ledger.rules import LATEST
from atoll.ledger.rules.membership import Enrolment
from atoll.ports import Clock
from atoll.trust.keys import Purpose
from atoll.trust.signer import Signer, signing
from atoll.wire.message import encode_message, parse_message

RECEIPT_TERM_SECONDS = 24 * 3600


def draft_genesis(
    enrolments: Sequence[Enrolment],
    *,
    chain_id: str,
    sequencer: str,
    clock: Clock,
    test: bool,
    engine: EngineKind = EngineKind.EMBEDDED,
    receipt_term_seconds: int = RECEIPT_TERM_SECONDS,
) -> bytes:
    """The body that every founder signs.

    Raises:
        MessageError: it is out of bounds.
        BadGenesis: it contradicts itself.
    """
    genesis = Genesis(
        chain_id=chain_id,
        time=clock.now(),
        rules_version=LATEST,
        test=test,
        receipt_term_seconds=receipt_term_seconds,
        sequencer=sequencer,
        founders=tuple(sorted(enrolments, key=lambda one: one.org)),
        engine=engine,
    )
    verify_body(genesis)
    return encode_message(genesis)


def sign_genesis(body: bytes, org: str, own: Enrolment, signer: Signer) -> FounderSignature:
    """One founder's signature, after a look at what it says about this founder.

    Raises:
        BadGenesis: the body does not name this organisation with its own keys.
    """
    genesis = parse_message(body, Genesis)
    if own not in genesis.founders:
        raise BadGenesis(reason=f"it does not name {org} with the keys and endpoints of this home")
    sign = signing(signer, f"{org}/{Purpose.IDENTITY}/1")
    return FounderSignature(org=org, signature=sign(genesis_signed_bytes(body)))


def seal_genesis(body: bytes, signatures: Sequence[FounderSignature]) -> bytes:
    """The genesis file.

    Raises:
        BadGenesis: a signature is missing or wrong, or the body contradicts itself.
    """
    ordered = tuple(sorted(signatures, key=lambda one: one.org))
    data = encode_message(SignedGenesis(body=body, signatures=ordered))
    verify_genesis(data)
    return data
