"""What is inside an entry: bytes of the log with their place, records with proofs, changes of the members that count."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, ClassVar, TypeVar

from atoll.errors import AtollError, InputError
from atoll.ledger.evidence.bundle import MAX_ENTRY_BYTES, Entry
from atoll.ledger.evidence.errors import EvidenceError, MalformedEntry, NotProven
from atoll.ledger.rules.consensus import SignedVote
from atoll.ledger.seal import MAX_SEAL_BYTES
from atoll.primitives.ics23 import SMT_SPEC, verify_membership
from atoll.primitives.ics23_codec import MAX_PROOF_BYTES, parse_proof
from atoll.primitives.ics23_ops import ExistenceProof
from atoll.wire.cbor import decode, encode
from atoll.wire.errors import MessageError
from atoll.wire.message import Count, Digest, Message, Size

MAX_LOG_ENTRY_BYTES = 65_535
Hashes = Annotated[tuple[Digest, ...], Size(0, 64)]
ProofBytes = Annotated[bytes, Size(1, MAX_PROOF_BYTES)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged(Message):
    """An entry of the log, with its place in a checkpoint's tree."""

    TAG: ClassVar[str] = "evidence-logged/1"

    index: Count
    """Its place in the log, from 0."""
    data: Annotated[bytes, Size(1, MAX_LOG_ENTRY_BYTES)]
    """The entry, byte for byte as it was logged; a transaction is a COSE_Sign1 that other tools read."""
    proof: Hashes
    """Sibling hashes from the entry upwards (RFC 6962)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven(Message):
    """A record of the state."""

    TAG: ClassVar[str] = "evidence-record/1"

    proof: ProofBytes
    """ICS 23 proof of presence under the state root of the block that the entry's name says; key and value stand in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreedStep(Message):
    """The members that counted until now cosigned a checkpoint whose state names those that count from there on."""

    TAG: ClassVar[str] = "evidence-agreed-step/1"

    note: Annotated[bytes, Size(1, 1 << 17)]
    """A checkpoint that a quorum of the members trusted so far has cosigned."""
    consistency: Hashes
    """That it is a beginning of the bundle's checkpoint; none where it is that checkpoint."""
    summary: Logged
    """Summary of a block below that checkpoint."""
    proof: ProofBytes
    """The consensus set under that block's state root."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverStep(Message):
    """The members that counted until now voted for a new sequencer."""

    TAG: ClassVar[str] = "evidence-handover-step/1"

    votes: Annotated[tuple[SignedVote, ...], Size(1, 100)]
    """At least a quorum's, as they stand in the hand-over."""
    proofs: Annotated[tuple[ProofBytes, ...], Size(1, 402)]
    """Under the newest state root trusted so far: current identity key of each voter and log key of the new sequencer, and the
    pointers that say so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderStep(Message):
    """The validators trusted until now voted for a header that names those who validate from there on."""

    TAG: ClassVar[str] = "evidence-header-step/1"

    seal: Annotated[bytes, Size(1, MAX_SEAL_BYTES)]
    """A header seal for which more than 2/3 of the validators trusted so far voted: the header right after the change."""
    consistency: Hashes
    """That its log is a beginning of the log of the bundle's checkpoint."""
    proof: ProofBytes
    """The consensus set under its state root."""


P = TypeVar("P", bound=Message)


def encode_part(part: Message) -> bytes:
    """The bytes of an entry."""
    return encode([part.TAG, part.to_map()], max_bytes=MAX_ENTRY_BYTES)


def parse_part(entry: Entry, *kinds: type[P]) -> P:
    """What is inside an entry, which must be one of `kinds`.

    Raises:
        MalformedEntry: it is none of them.
    """
    with blame(entry):
        value = decode(entry.body, max_bytes=MAX_ENTRY_BYTES)
        if isinstance(value, list) and len(value) == 2:
            for kind in kinds:
                if value[0] == kind.TAG:
                    return kind.from_map(value[1])
        raise MessageError(message="evidence", field="", problem="of a kind that is not expected here")
    raise AssertionError("unreachable")


def prove_value(root: bytes, data: bytes, key: bytes) -> bytes:
    """The value that a proof shows under `key`.

    Raises:
        ProofEncodingError, CommitmentProofError: it shows none.
    """
    proof = parse_proof(data)
    value = proof.value if isinstance(proof, ExistenceProof) else b""
    verify_membership(SMT_SPEC, root, proof, key, value)
    return value


@contextmanager
def blame(entry: Entry) -> Iterator[None]:
    """Whatever is found wrong in here is wrong with this entry.

    Raises:
        MalformedEntry: for what cannot be read.
        NotProven: for what can be read and does not hold.
    """
    try:
        yield
    except EvidenceError:
        raise
    except InputError as err:
        raise MalformedEntry.at(entry, reason=reason(err)) from err
    except AtollError as err:
        raise NotProven.at(entry, reason=reason(err)) from err


def reason(err: AtollError) -> str:
    """An error's sentence as part of another one."""
    return str(err).rstrip(".")
