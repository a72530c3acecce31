"""Consortia on paper, each with a real ledger, real checkpoints, and witnesses that belong to others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256

from atoll.ledger.block import Block
from atoll.ledger.chain import Ledger
from atoll.ledger.checkpoint import Checkpoint
from atoll.ledger.foreign.agreement import Agreement, parse_agreement
from atoll.ledger.foreign.bundle import Anchor, Bundle, encode_bundle, make_bundle
from atoll.ledger.foreign.claims import claims_in
from atoll.ledger.foreign.fingerprint import derive_fingerprint, derive_key_id
from atoll.ledger.foreign.verify import Shown, verify_bundle, verify_stamp
from atoll.ledger.note import Note, cosign_text, sign_text
from atoll.ledger.records import LIVE, Asked, ForeignClaim, ForeignClaims, ForeignStamp, ForeignTerms, MotionCounter, MotionKind
from atoll.ledger.rules.foreign import ConfirmClaim, ReserveClaim, StampClaim
from atoll.ledger.rules.motion import ApproveMotion, OpenMotion
from atoll.ledger.vkey import KeyKind, VerifierKey, encode_vkey
from atoll.testing.consortium import FOUNDED, Founding, NamedEntropy
from atoll.trust.keys import Purpose, SecretKey
from atoll.wire.message import Message

EAST, WEST = "east.example/bay", "west.example/bay"
KEY = b"\x4b" * 32
NOW = FOUNDED + 1000
INTERVAL, SKEW, AGE = 20, 10, 600
WAIT = 2 * INTERVAL + SKEW
ORGS = ("operator", "bank", "bureau")


def fingerprint(number: int = 0) -> bytes:
    """The keyed fingerprint of a content."""
    return derive_fingerprint(KEY, sha256(f"content {number}".encode()).digest())


def holder(name: str = "holder") -> SecretKey:
    """A claimant's key for one claim."""
    return SecretKey.generate(Purpose.IDENTITY, NamedEntropy(name))


@dataclass
class Outsider:
    """A witness."""

    name: str
    secret: SecretKey = field(init=False)

    def __post_init__(self) -> None:
        self.secret = SecretKey.generate(Purpose.COSIGN, NamedEntropy(f"outsider {self.name}"))

    @property
    def key(self) -> VerifierKey:
        return VerifierKey(self.name, KeyKind.ED25519_COSIGNATURE, self.secret.public.data)


OUTSIDERS = tuple(Outsider(f"w{number}.example") for number in range(3))


@cache
def _founded(origin: str) -> tuple[Founding, Ledger]:
    founding = Founding(ORGS, chain_id=origin)
    return founding, Ledger(founding.genesis_file)


class Bay:
    """One consortium: the operator orders, bank and bureau cosign, three outsiders witness, of whom two are needed."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.founding, first = _founded(origin)
        ledger = first.back_to(0, time=first.time, log_size=first.log.size)
        assert ledger is not None
        self.ledger = ledger
        self._summary = first.genesis_entries[-1]
        self.log = VerifierKey(origin, KeyKind.ED25519, self.founding.keys["operator"][Purpose.LOG].public.data)
        self.members = {org: self._member(org) for org in ("bank", "bureau")}

    def _member(self, org: str) -> VerifierKey:
        public = self.founding.keys[org][Purpose.COSIGN].public.data
        return VerifierKey(f"{self.origin}/{org}", KeyKind.ED25519_COSIGNATURE, public)

    def section(self, *, outsiders: Sequence[Outsider] = OUTSIDERS, quorum: int = 2) -> str:
        """Its part of an agreement."""
        return (
            f'[[consortium]]\norigin = "{self.origin}"\nurls = ["https://{self.origin}"]\nlogs = ["{encode_vkey(self.log)}"]\n'
            f"members = {_listed(self.members.values())}\nmembers-quorum = 2\n"
            f"outsiders = {_listed(one.key for one in outsiders)}\noutsiders-quorum = {quorum}\n"
        )

    # -- the ledger ------------------------------------------------------------------------------------------------------------

    def block(self, time: int, *transactions: tuple[str, Message]) -> Bay:
        """A block in which all is carried out."""
        signed = tuple(self.founding.sign(org, body) for org, body in transactions)
        time = max(time, self.ledger.time)
        executed = self.ledger.execute(Block(height=self.ledger.height + 1, term=1, time=time, transactions=signed))
        assert all(one.ok for one in executed.outcomes), executed.outcomes
        self.ledger.adopt(executed)
        self._summary = executed.entries[-1]
        return self

    def open(self, agreement: Agreement) -> Bay:
        """The members decide which agreement holds."""
        return self.agree(agreement.terms(self.origin))

    def agree(self, terms: ForeignTerms, *, time: int = FOUNDED + 1) -> Bay:
        """They put these terms in force."""
        counter = self.ledger.view().get(MotionCounter, "0")
        return self.block(time, *agreeing(terms, number=counter.last + 1 if counter else 1))

    def reserve(self, time: int, number: int = 0, *, org: str = "bank", secret: SecretKey | None = None) -> Bay:
        """A member reserves a fingerprint."""
        opened = self.claims
        public = (secret or holder()).public.data
        body = ReserveClaim(
            fingerprint=fingerprint(number), dataset=f"{org}/table-{number}/1", agreement=opened.agreement, holder=public
        )
        return self.block(time, (org, body))

    def stamp(self, time: int, number: int = 0, *, org: str = "bank", bundle: bytes = b"", at: int = 0) -> Bay:
        """Outsiders see the reservation at `time`, and the claimant says so a second later."""
        bundle = bundle or self.show(number, time=time)
        return self.block(time + 1, (org, StampClaim(fingerprint=fingerprint(number), bundle=bundle, witnessed_at=at or time)))

    def confirm(self, time: int, others: Sequence[Shown], number: int = 0, *, org: str = "bank") -> Bay:
        """The claimant has asked the others."""
        asked = tuple(Asked(origin=one.origin, evidence=one.digest, at=one.at) for one in others)
        return self.block(time, (org, ConfirmClaim(fingerprint=fingerprint(number), others=asked)))

    def claim(self, number: int = 0) -> ForeignClaim | None:
        """The claim's record."""
        return self.ledger.view().get(ForeignClaim, fingerprint(number).hex())

    @property
    def claims(self) -> ForeignClaims:
        """What it says of its claims."""
        found = self.ledger.view().get(ForeignClaims, "0")
        assert found is not None
        return found

    # -- what it shows ---------------------------------------------------------------------------------------------------------

    def note(
        self, times: Sequence[int], *, members: Sequence[str] = ("bank", "bureau"), by: Sequence[Outsider] = OUTSIDERS
    ) -> Note:
        """The newest checkpoint, signed, cosigned by members, and by outsiders at these times."""
        log = self.ledger.log
        text = Checkpoint(origin=self.origin, size=log.size, root=log.root()).encode()
        lines = [sign_text(text, self.log, self.founding.keys["operator"][Purpose.LOG].sign)]
        for org in members:
            lines.append(cosign_text(text, self.members[org], times[0], self.founding.keys[org][Purpose.COSIGN].sign))
        for one, at in zip(by, times, strict=False):
            lines.append(cosign_text(text, one.key, at, one.secret.sign))
        return Note(text, tuple(lines))

    def anchor(self, note: Note) -> Anchor:
        """The anchor under a note."""
        log, ledger = self.ledger.log, self.ledger
        summary = self.summary()
        return Anchor(
            state_root=ledger.tree.root,
            note=note.encode(),
            summary=summary,
            log_proof=tuple(log.inclusion_proof(log.size - 1, log.size)),
        )

    def summary(self) -> bytes:
        """The last entry of the log."""
        return self._summary

    def bundle(self, number: int = 0, *, time: int = NOW, anchor: Anchor | None = None) -> Bundle:
        """What it shows of a fingerprint."""
        claim, tree = self.claim(number), self.ledger.tree
        is_live = claim is not None and claim.state in LIVE
        stamp = self.ledger.view().get(ForeignStamp, fingerprint(number).hex()) if is_live and claim and claim.stamp else None
        return make_bundle(
            fingerprint(number),
            anchor=anchor or self.anchor(self.note((time, time, time))),
            tree=tree,
            claims=claims_in(tree),
            face=claim.face if is_live and claim else None,
            stamp=stamp.bundle if stamp else b"",
            expiry=time + AGE,
        )

    def show(self, number: int = 0, *, time: int = NOW) -> bytes:
        """The same, in bytes."""
        return encode_bundle(self.bundle(number, time=time))


def agreeing(terms: ForeignTerms, number: int = 1) -> tuple[tuple[str, Message], ...]:
    """What it takes to put an agreement in force: the operator asks, the two that decide approve."""
    expires_at = NOW + 86_400
    motion = OpenMotion(kind=MotionKind.AGREE, org="", rules_version=0, from_height=0, expires_at=expires_at, terms=terms)
    approval = ApproveMotion(number=number)
    return ("operator", motion), ("bank", approval), ("bureau", approval)


def agreement_text(*sections: str, key: bytes = KEY) -> bytes:
    """An agreement's file."""
    head = f'key-id = "{derive_key_id(key).hex()}"\npolicy-age-seconds = {AGE}\n'
    return "\n".join((f"{head}interval-seconds = {INTERVAL}\nskew-seconds = {SKEW}\n", *sections)).encode()


def two_bays() -> tuple[Bay, Bay, Agreement]:
    """East and west, both open to one another."""
    east, west = Bay(EAST), Bay(WEST)
    agreement = parse_agreement(agreement_text(east.section(), west.section()))
    return east.open(agreement), west.open(agreement), agreement


def see(bay: Bay, agreement: Agreement, number: int = 0, *, time: int = NOW) -> Shown:
    """What somebody sees who asks it now."""
    shown = bay.show(number, time=time)
    return verify_bundle(shown, origin=bay.origin, fingerprint=fingerprint(number), agreement=agreement, now=time)


def witnessed(bay: Bay, agreement: Agreement, number: int = 0) -> int:
    """When outsiders had seen its claim."""
    claim, stamp = bay.claim(number), bay.ledger.view().get(ForeignStamp, fingerprint(number).hex())
    assert claim is not None and stamp is not None
    return verify_stamp(stamp.bundle, origin=bay.origin, face=claim.face, agreement=agreement)


def _listed(keys: Iterable[VerifierKey]) -> str:
    return "[" + ", ".join(f'"{encode_vkey(one)}"' for one in keys) + "]"
