"""Whether a bundle proves what it says, under an agreement: one verifier for both kinds of anchor.

Two times come of a checkpoint, both by the clocks of outsiders, never of the consortium that it is of; and one of the block
below it, by which its ledger lets reservations expire:

    seen_at    a quorum of them had cosigned it by then, each at the latest
    at         a quorum of them stood for it then, each at the earliest
    block_time no later block of that ledger has an earlier one

Two quorums share an honest outsider, as long as no more lie than can be spared (`Consortium.outsiders_to_spare`), and no honest
witness cosigns a smaller log after a larger one. So what is absent from a
checkpoint `at` some time was `seen_at` no time before it: whoever was seen first is found by whoever comes later.

A header alone carries the votes of the ledger's own validators: then both times are theirs, and more than two thirds of them
could lie. What is not proved is refused, never taken for absence. Cost: one Ed25519 verification for each signature of a known
key, and about 2 ms.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import NamedTuple

from atoll.errors import AtollError
from atoll.ledger.block import BlockSummary
from atoll.ledger.checkpoint import parse_checkpoint
from atoll.ledger.foreign.agreement import Agreement, Consortium
from atoll.ledger.foreign.bundle import Anchor, Bundle, PresenceBundle, parse_bundle
from atoll.ledger.foreign.claims import CLAIMS_KEY
from atoll.ledger.foreign.errors import BadBundle, StaleBundle
from atoll.ledger.light import make_validator_set, verify_light_block
from atoll.ledger.light.protobuf import NANOSECONDS
from atoll.ledger.note import VerifiedSignature, parse_note, verify_note
from atoll.ledger.records import ClaimFace, ForeignClaims
from atoll.ledger.seal import HeaderSeal
from atoll.ledger.vkey import VerifierKey
from atoll.primitives.ics23 import SMT_HASHED_SPEC, verify_membership, verify_non_membership
from atoll.primitives.ics23_codec import parse_proof
from atoll.primitives.merkle import leaf_hash, verify_inclusion
from atoll.primitives.smt import key_path
from atoll.wire.message import parse_message


class _When(NamedTuple):
    """Times of an anchor, as in `Shown`."""

    at: int
    seen_at: int
    block_time: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a bundle proves."""

    origin: str
    """Of which ledger."""
    digest: bytes
    """SHA-256 of the bundle."""
    at: int
    """Its checkpoint was cosigned then or later, Unix seconds."""
    seen_at: int
    """A quorum of outsiders had cosigned it by then."""
    block_time: int
    """Time of its newest block, by its own consortium. No later block has an earlier one."""
    face: ClaimFace | None
    """The claim; None: nobody claims the fingerprint."""
    witnessed_at: int | None = None
    """When outsiders had first seen the claim; None where it has no stamp, or one that does not hold."""


def verify_bundle(data: bytes, *, origin: str, fingerprint: bytes, agreement: Agreement, now: int) -> Shown:
    """Verify what a consortium shows of a fingerprint, now.

    Args:
        data: from anybody.
        origin: whose ledger was asked.
        fingerprint: what it was asked for.
        agreement: the verifier's own file.
        now: the verifier's clock, Unix seconds.

    Raises:
        UnknownConsortium: nothing is believed of this origin.
        StaleBundle: cosigned longer ago than the policy age, or no longer stood for.
        BadBundle: anything else that is not as it should be.
    """
    consortium = agreement.of(origin)
    bundle, shown, claims = _prove(data, consortium, fingerprint, agreement)
    if claims.agreement != agreement.digest:
        raise BadBundle(origin=origin, reason="that ledger holds another agreement")
    if not agreement.is_followed_by(origin, claims):
        raise BadBundle(origin=origin, reason="that ledger names the agreement, and does not do as it says")
    if shown.at > now + agreement.skew_seconds:
        raise BadBundle(origin=origin, reason="it was cosigned in the future")
    if now - shown.at > agreement.policy_age_seconds or now > bundle.expiry:
        raise StaleBundle(origin=origin, seconds=now - shown.at, most=agreement.policy_age_seconds)
    if not isinstance(bundle, PresenceBundle):
        return shown
    if bundle.face.stamp != (sha256(bundle.stamp).digest() if bundle.stamp else b""):
        raise BadBundle(origin=origin, reason="its stamp is not the one that the claim names")
    return replace(shown, witnessed_at=_witnessed_at(bundle, consortium, agreement))


def verify_stamp(data: bytes, *, origin: str, face: ClaimFace, agreement: Agreement) -> int:
    """When outsiders had seen a reservation for the first time, by the bundle that its claimant put on the ledger.

    Args:
        data: the bundle, of any age.
        origin: whose ledger it is of.
        face: the claim as it stands now.
        agreement: the verifier's own file.

    Raises:
        UnknownConsortium, BadBundle: it does not show this reservation, still unstamped.
    """
    consortium = agreement.of(origin)
    _, shown, _ = _prove(data, consortium, face.fingerprint, agreement)
    first = shown.face
    if first is None or first.is_confirmed or first.stamp:
        raise BadBundle(origin=origin, reason="its stamp shows no reservation without one")
    if (first.height, first.reserved_at, first.holder) != (face.height, face.reserved_at, face.holder):
        raise BadBundle(origin=origin, reason="its stamp is of another reservation")
    if shown.seen_at + agreement.wait_seconds < first.reserved_at:
        raise BadBundle(origin=origin, reason="its stamp shows it long before it was reserved")
    return shown.seen_at


def _witnessed_at(bundle: PresenceBundle, consortium: Consortium, agreement: Agreement) -> int | None:
    if not bundle.stamp:
        return None
    try:
        return verify_stamp(bundle.stamp, origin=consortium.origin, face=bundle.face, agreement=agreement)
    except BadBundle:
        return None


def _prove(
    data: bytes, consortium: Consortium, fingerprint: bytes, agreement: Agreement
) -> tuple[Bundle, Shown, ForeignClaims]:
    """Everything but how old it is, and what the stamp says."""
    try:
        bundle = parse_bundle(data)
        if bundle.fingerprint != fingerprint:
            raise BadBundle(origin=consortium.origin, reason="it is about another fingerprint")
        when = _verify_anchor(bundle.anchor, consortium)
        claims = _verify_claims(bundle)
        if claims.key_id != agreement.key_id:
            raise BadBundle(origin=consortium.origin, reason="fingerprints are made with another key there, or with none")
        face = _verify_claim(bundle, claims)
    except BadBundle:
        raise
    except AtollError as err:
        raise BadBundle(origin=consortium.origin, reason=str(err).rstrip(".")) from err
    shown = Shown(origin=consortium.origin, digest=sha256(data).digest(), face=face, **when._asdict())
    return bundle, shown, claims


def _verify_claims(bundle: Bundle) -> ForeignClaims:
    proof = parse_proof(bundle.claims_proof)
    verify_membership(SMT_HASHED_SPEC, bundle.anchor.state_root, proof, key_path(CLAIMS_KEY), bundle.claims)
    return parse_message(bundle.claims, ForeignClaims)


def _verify_claim(bundle: Bundle, claims: ForeignClaims) -> ClaimFace | None:
    proof, path = parse_proof(bundle.proof), key_path(bundle.fingerprint)
    if not isinstance(bundle, PresenceBundle):
        verify_non_membership(SMT_HASHED_SPEC, claims.root, proof, path)
        return None
    verify_membership(SMT_HASHED_SPEC, claims.root, proof, path, bundle.face.digest())
    return bundle.face


# -- anchors -------------------------------------------------------------------------------------------------------------------


def _verify_anchor(anchor: Anchor, consortium: Consortium) -> _When:
    """The times of the state root. Outsiders' clocks where the agreement names any, validators' else."""
    origin = consortium.origin
    if consortium.outsiders and not anchor.note:
        raise BadBundle(origin=origin, reason="it has no checkpoint")
    if not consortium.outsiders and not anchor.seal:
        raise BadBundle(origin=origin, reason="it has no header")
    if bool(anchor.note) != bool(anchor.summary) or (anchor.log_proof and not anchor.note):
        raise BadBundle(origin=origin, reason="checkpoint and summary do not belong together")
    sealed = _verify_header(anchor, consortium) if anchor.seal else None
    if anchor.note:
        noted = _verify_checkpoint(anchor, consortium)
        return noted._replace(block_time=max(noted.block_time, sealed.block_time)) if sealed else noted
    assert sealed is not None, "one of the two is there"
    return sealed


def _verify_checkpoint(anchor: Anchor, consortium: Consortium) -> _When:
    origin = consortium.origin
    note = parse_note(anchor.note)
    verified = verify_note(note, [*consortium.logs, *consortium.members, *consortium.outsiders])
    checkpoint = parse_checkpoint(note.text)
    if checkpoint.origin != origin:
        raise BadBundle(origin=origin, reason="its checkpoint is of another log")
    if not any(one.key in consortium.logs for one in verified):
        raise BadBundle(origin=origin, reason="the log has not signed its checkpoint")
    if len(_times(verified, consortium.members)) < consortium.members_quorum:
        raise BadBundle(origin=origin, reason="too few of its members cosigned its checkpoint")
    times = _times(verified, consortium.outsiders)
    if not consortium.outsiders_quorum or len(times) < consortium.outsiders_quorum:
        raise BadBundle(origin=origin, reason="too few outsiders cosigned its checkpoint")
    verify_inclusion(
        leaf=leaf_hash(anchor.summary),
        index=checkpoint.size - 1,
        size=checkpoint.size,
        proof=anchor.log_proof,
        root=checkpoint.root,
    )
    summary = parse_message(anchor.summary, BlockSummary)
    if summary.state_root != anchor.state_root:
        raise BadBundle(origin=origin, reason="its checkpoint is over another state")
    return _when(times, consortium.outsiders_quorum, summary.time)


def _verify_header(anchor: Anchor, consortium: Consortium) -> _When:
    origin = consortium.origin
    seal = parse_message(anchor.seal, HeaderSeal)
    if not consortium.validators or seal.light.validators != make_validator_set((one, 1) for one in consortium.validators):
        raise BadBundle(origin=origin, reason="its header is not of the validators that the agreement names")
    voted = verify_light_block(seal.light, chain_id=origin)
    if not seal.is_of_header() or seal.state_root != anchor.state_root:
        raise BadBundle(origin=origin, reason="its header is over another state")
    times = [time_ns // NANOSECONDS for time_ns in voted.times_ns.values()]
    return _when(times, 2 * len(consortium.validators) // 3 + 1, seal.time)


def _times(verified: Iterable[VerifiedSignature], keys: Collection[VerifierKey]) -> list[int]:
    """The newest cosignature of each of these keys."""
    times: dict[VerifierKey, int] = {}
    for one in verified:
        if one.key in keys and one.timestamp is not None:
            times[one.key] = max(one.timestamp, times.get(one.key, 0))
    return list(times.values())


def _when(times: list[int], quorum: int, block_time: int) -> _When:
    return _When(at=sorted(times, reverse=True)[quorum - 1], seen_at=sorted(times)[quorum - 1], block_time=block_time)
