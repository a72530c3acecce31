"""Approvers: natural persons of an organisation, whose keys no node has (SECURITY 3.6, 3.7).

A person makes a key, keeps it outside the node, and signs a request with it. The organisation registers it: its identity key
signs the transaction, and two approvers in force sign the same request. While fewer than two are in force, at the beginning or
after revocations, all of them sign, and so does the organisation's recovery key, which is kept offline. So whoever holds the
node alone brings in nobody, neither a first person nor a second one, and cannot revoke everybody and begin anew.

The ledger counts keys. That two keys are two people is what the organisation vouches for and its auditor looks into.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

from atoll.errors import AtollError
from atoll.ledger.plan import DatasetId, JobId
from atoll.ledger.records import MOST_APPROVERS, Approver, ApproverKey, Dataset, Job, Key, LevelNumber, Record, Roster
from atoll.ledger.records.orders import Person
from atoll.ledger.rules.call import Call
from atoll.ledger.rules.errors import ApprovalMissing, BadApprover, DeadlinePassed, LoweringUnsigned, TooEarly, WrongState
from atoll.ledger.rules.lineages import effective_level
from atoll.primitives import ed25519
from atoll.trust.algorithms import Algorithm
from atoll.trust.envelope import Context, encode_aad, parse_envelope
from atoll.trust.keys import KeyName, Purpose
from atoll.wire.message import Count, Digest, Message, Name, Size, Time, encode_message, parse_message

LONGEST_SECONDS = 7 * 86_400
"""How long before its end something that persons sign may be handed in: it must not lie ready for a year."""
NEEDED = 2
"""Approvers in force that must sign for another one; the recovery key stands in for those that there are not."""
Signed = Annotated[bytes, Size(100, 6000)]
"""A COSE_Sign1 envelope of one person."""
LEAST_LEVEL = 4
"""From this level on a person signs that data are used: G4, important, core."""
NEW = "new"
"""Stands in the place of the number in the name of a key that has none yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproverRequest(Message):
    """What a new approver signs, and those who let it in."""

    TAG: ClassVar[str] = "approver-request/1"

    org: Name
    """Organisation that it is to act for."""
    person: Person
    """Pseudonym."""
    public: Digest
    """Its Ed25519 key."""
    not_after: Time
    """Last second at which the request may be carried out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddApprover(Message):
    """An organisation registers a person's key."""

    TAG: ClassVar[str] = "approver.add/1"

    signed: Annotated[tuple[Signed, ...], Size(1, 4)]
    """Envelopes over one `ApproverRequest`, context `approver`: of the new key as `ORG/approver/new` first, then of approvers
    in force, and of the recovery key where persons are missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeApprover(Message):
    """An organisation takes a person's key out of force, from this block on."""

    TAG: ClassVar[str] = "approver.revoke/1"

    person: Person
    """Whose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentApproval(Message):
    """What a person signs so that its organisation may consent to one job on data of a high level (SECURITY 3.6)."""

    TAG: ClassVar[str] = "consent-approval/1"

    job_id: JobId
    """The job."""
    plan_digest: Digest
    """The plan that was read."""
    org: Name
    """The organisation that is to consent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegradeApproval(Message):
    """What a person signs so that its organisation may lower data of a high level, once."""

    TAG: ClassVar[str] = "regrade-approval/1"

    dataset: DatasetId
    """The version."""
    level: LevelNumber
    """Its level from then on."""
    org: Name
    """The organisation that lowers it."""
    since: Count
    """Block of the change of its level that comes before this one; 0 for none. So the signature serves once."""
    not_after: Time
    """Last second at which it may be lowered."""


@dataclass(frozen=True, slots=True)
class Hand:
    """One signature that was looked at."""

    kid: str
    """Name of the key that signed; empty where none did."""
    payload: bytes
    """What was signed."""
    flaw: str
    """Why it does not count; empty if it does."""


def read_hand(call: Call, data: bytes, context: Context, org: str, purpose: Purpose = Purpose.APPROVER) -> Hand:
    """Whose signature this is, if it is that of a key in force of this organisation and purpose.

    Cost: one verification.
    """
    try:
        envelope = parse_envelope(data)
    except AtollError as err:
        return Hand("", b"", str(err).rstrip("."))
    kid = envelope.kid.decode("ascii", errors="replace")
    key = call.state.get(Key, kid) if kid.startswith(f"{org}/{purpose}/") else None
    if key is None:
        return Hand("", envelope.payload, f"{kid} is no {purpose} key of {org}")
    if not key.is_valid_at(call.height):
        return Hand("", envelope.payload, f"{kid} is not in force")
    return Hand(kid, envelope.payload, "" if _signed(call, data, key.public, context) else f"{kid} did not sign this")


def need_in_time(call: Call, what: str, not_after: int) -> None:
    """Something that persons signed is handed in before its end, and not long before.

    Raises:
        DeadlinePassed, TooEarly: it is not.
    """
    if call.time > not_after:
        raise DeadlinePassed(what=what, deadline=not_after, now=call.time)
    if not_after > call.time + LONGEST_SECONDS:
        raise TooEarly(what=what, at=not_after - LONGEST_SECONDS, now=call.time)


def add(call: Call, body: AddApprover) -> None:
    """The new key, and two approvers in force, or all that there are and the recovery key."""
    request = _request(call, body)
    call.need_sender(request.org, "register its approvers")
    call.active_member(request.org)
    need_in_time(call, "The request", request.not_after)
    call.need_free(Approver, f"{request.org}/{request.person}")
    _need_own_key(call, request, body.signed[0])
    roster = call.state.get(Roster, request.org) or Roster(org=request.org, ever=0, active=())
    if len(roster.active) >= MOST_APPROVERS:
        raise _refusal(request, f"{request.org} has {MOST_APPROVERS}")
    _need_others(call, request, roster, body.signed)
    number = roster.ever + 1
    kid = KeyName(request.org, Purpose.APPROVER, number)
    written: tuple[Record, ...] = (
        Approver(org=request.org, person=request.person, number=number, public=request.public, active=True),
        ApproverKey(public=request.public, kid=str(kid)),
        replace(roster, ever=number, active=tuple(sorted((*roster.active, request.person)))),
        Key(
            org=request.org,
            purpose=Purpose.APPROVER,
            version=number,
            algorithm=Algorithm.ED25519,
            public=request.public,
            from_height=call.height,
            to_height=None,
            revoked_height=None,
        ),
    )
    for one in written:
        call.state.put(one)


def revoke(call: Call, body: RevokeApprover) -> None:
    """One key is enough to revoke, that of the organisation; to come back, a person makes a new one under another name."""
    approver = call.need(Approver, f"{call.sender}/{body.person}")
    if not approver.active:
        raise WrongState(what="approver", name=approver.identifier(), state="revoked", needed="an approver in force")
    roster = call.need(Roster, call.sender)
    key = call.need(Key, str(KeyName(call.sender, Purpose.APPROVER, approver.number)))
    call.state.put(replace(approver, active=False))
    call.state.put(replace(roster, active=tuple(one for one in roster.active if one != body.person)))
    call.state.put(replace(key, revoked_height=call.height))


def approve_consent(call: Call, job: Job, approval: bytes) -> str:
    """Key of the person who signed that the sender may consent to this job and plan; empty where none in force did.

    Raises:
        ApprovalMissing: none did, and the sender brings data of a high level.
    """
    wanted = encode_message(ConsentApproval(job_id=job.job_id, plan_digest=job.plan_digest, org=call.sender))
    hand = read_hand(call, approval, Context.APPROVAL, call.sender) if approval else None
    approver = hand.kid if hand is not None and not hand.flaw and hand.payload == wanted else ""
    for one in job.inputs:
        dataset = call.state.get(Dataset, one.dataset) if one.user == call.sender != one.receiver else None
        if dataset is not None:
            need_approval(call, dataset, approver)
    return approver


def need_approval(call: Call, dataset: Dataset, approver: str) -> None:
    """The consent to a use of data of level G4 or above rests on a person in force (SECURITY 3.6).

    Asked at consent, and again at START: the level may have risen in between, the person may have been revoked.

    Args:
        dataset: what is used by somebody else.
        approver: key of the person of its owner who signed for the consent; empty for nobody.

    Raises:
        ApprovalMissing: nobody did whose key is in force now.
    """
    key = call.state.get(Key, approver) if approver else None
    if key is not None and key.is_valid_at(call.height):
        return
    level = effective_level(call.state, dataset)
    if level >= LEAST_LEVEL:
        raise ApprovalMissing(dataset=dataset.dataset, level=level, org=dataset.owner)


def approve_lowering(call: Call, dataset: Dataset, held: int, level: int, since: int, approval: bytes) -> str:
    """Key of the person who signed that the sender may lower a dataset; a token that the node takes cannot do it alone.

    An organisation without approvers registers one first. A second way, by its recovery key, would be a second door to guard.

    Args:
        dataset: what is lowered.
        held: the level that it is handled by.
        level: its level from now on.
        since: block of the change before this one; 0 for none.
        approval: envelope over `RegradeApproval`, context `regrade`.

    Raises:
        LoweringUnsigned: no person in force signed exactly this.
        DeadlinePassed, TooEarly: it is not handed in in time.
    """
    reason = "there is none"
    if approval:
        hand = read_hand(call, approval, Context.REGRADE, call.sender)
        reason = hand.flaw
        if not reason:
            try:
                said = parse_message(hand.payload, RegradeApproval)
            except AtollError as err:
                raise LoweringUnsigned(
                    dataset=dataset.dataset, level=held, org=call.sender, reason=str(err).rstrip(".")
                ) from err
            if (said.dataset, said.level, said.org, said.since) == (dataset.dataset, level, call.sender, since):
                need_in_time(call, "The signature for the lower level", said.not_after)
                return hand.kid
            reason = f"{hand.kid} signed for another change"
    raise LoweringUnsigned(dataset=dataset.dataset, level=held, org=call.sender, reason=reason)


def _request(call: Call, body: AddApprover) -> ApproverRequest:
    try:
        request = parse_message(parse_envelope(body.signed[0]).payload, ApproverRequest)
    except AtollError as err:
        raise BadApprover(person="somebody", org=call.sender, reason="the request cannot be read") from err
    return request


def _need_own_key(call: Call, request: ApproverRequest, signed: bytes) -> None:
    """The new key signed its own request, is nobody's yet, and none that the organisation's node has."""
    if not ed25519.is_acceptable_key(request.public):
        raise _refusal(request, "the key is not canonical, or of small order")
    if parse_envelope(signed).kid != f"{request.org}/{Purpose.APPROVER}/{NEW}".encode():
        raise _refusal(request, "the first signature is not named as that of a new key")
    if not _signed(call, signed, request.public, Context.APPROVER):
        raise _refusal(request, "the new key has not signed its request")
    if call.state.get(ApproverKey, request.public.hex()) is not None:
        raise _refusal(request, "the key is, or was, another person's")
    for purpose in (Purpose.IDENTITY, Purpose.RECOVERY, Purpose.COSIGN, Purpose.LOG):
        if call.current_key(request.org, purpose).public == request.public:
            raise _refusal(request, f"the key is the {purpose} key of {request.org}")


def _need_others(call: Call, request: ApproverRequest, roster: Roster, signed: tuple[bytes, ...]) -> None:
    payload = parse_envelope(signed[0]).payload
    kids: set[str] = set()
    stands_in = False
    for one in signed[1:]:
        hand = read_hand(call, one, Context.APPROVER, request.org)
        if hand.flaw:
            recovery = read_hand(call, one, Context.APPROVER, request.org, Purpose.RECOVERY)
            if recovery.flaw or recovery.payload != payload:
                raise _refusal(request, hand.flaw)
            stands_in = True
        elif hand.payload != payload:
            raise _refusal(request, f"{hand.kid} signed another request")
        else:
            kids.add(hand.kid)
    if len(kids) < NEEDED and not (stands_in and len(kids) == len(roster.active)):
        reason = f"{NEEDED} approvers in force must sign, or all that there are and the recovery key, and {len(kids)} did"
        raise _refusal(request, reason)


def _signed(call: Call, data: bytes, public: bytes, context: Context) -> bool:
    envelope = parse_envelope(data)
    aad = encode_aad(call.chain.chain_id, call.chain.genesis_digest, context)
    return envelope.alg is Algorithm.ED25519 and ed25519.is_signature(public, envelope.signed_bytes(aad), envelope.signature)


def _refusal(request: ApproverRequest, reason: str) -> BadApprover:
    return BadApprover(person=request.person, org=request.org, reason=reason)
