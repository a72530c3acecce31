"""Motions: what no member decides alone (SECURITY 3.6).

Whoever validates, audits, regulates, evaluates or operates is let in by more than half of the validating members, and a member
is put out by as many, itself among those of whom it takes half. An agreement with other consortia takes as many, and its end,
new rules more than two thirds.

A motion stands on the ledger under a number, each member approves it by a transaction of its own, and the approval that makes
enough carries it out; until then it can be taken back. Approvals are counted among those who validate at that moment, so a
member that has left has no say, whatever it approved before; one whose consensus key is revoked or struck out keeps its say. An
approval counts as long as the identity key that signed it is its member's. Embedded: the member that orders has no say.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from atoll.ledger.records import (
    Assent,
    Chain,
    ConsensusSet,
    ForeignTerms,
    InviteRecord,
    Motion,
    MotionCounter,
    MotionKind,
    MotionOrg,
    Newcomer,
)
from atoll.ledger.rules.call import Call
from atoll.ledger.rules.errors import (
    AlreadyExists,
    DeadlinePassed,
    MemberNeeded,
    MotionTooLong,
    NotAllowed,
    NotCarried,
    WrongState,
)
from atoll.ledger.rules.foreign import close_check, need_closable, need_openable, open_check
from atoll.ledger.rules.leaving import need_following, need_parting, need_validating, part, start_validating, stop_validating
from atoll.trust.keys import Purpose
from atoll.wire.message import Count, Message, Time

MOST_SECONDS = 90 * 86_400
"""So long a motion may stand: nobody approves today what it looked at last year."""
LEAST_NOTICE_BLOCKS = 5
"""So many blocks before they begin new rules have to be carried: no member shall wake up behind them."""
ALONE = frozenset({MotionKind.INVITE})
"""Opened by the invitation itself and by nothing else."""
ABOUT_A_MEMBER = frozenset({MotionKind.VALIDATE, MotionKind.STOP_VALIDATING, MotionKind.REMOVE})
ABOUT_OTHERS = frozenset({MotionKind.AGREE, MotionKind.END_AGREEMENT})
"""What is decided about other consortia: one thing after the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenMotion(Message):
    """A member asks the others to decide something; invitations open theirs themselves."""

    TAG: ClassVar[str] = "motion.open/1"

    kind: MotionKind
    """What."""
    org: MotionOrg
    """About whom; empty for an upgrade, an agreement and the end of one."""
    rules_version: Count
    """For an upgrade the version after the one in force; else 0."""
    from_height: Count
    """For an upgrade the first block under it; else 0."""
    expires_at: Time
    """First second at which it can be approved no more."""
    terms: ForeignTerms | None = None
    """For an agreement its terms; else None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproveMotion(Message):
    """A validating member says yes."""

    TAG: ClassVar[str] = "motion.approve/1"

    number: Count
    """To which motion."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawApproval(Message):
    """A member takes its yes back."""

    TAG: ClassVar[str] = "motion.withdraw/1"

    number: Count
    """From which motion."""


def need_voice(call: Call) -> None:
    """Operators and members that decide may ask for a decision, and nobody else: it costs the others their attention."""
    if "operator" not in call.active_member(call.sender).roles and call.sender not in voices(call):
        raise NotAllowed(org=call.sender, reason="it is neither an operator nor a validating member with a say")


def voices(call: Call) -> tuple[str, ...]:
    """The members that decide, by name."""
    return call.need(ConsensusSet, "0").voices()


def open_motion(call: Call, body: OpenMotion) -> None:
    """Only what could be carried out now is put before the others; the sender's own approval is counted with it."""
    need_voice(call)
    if body.kind in ALONE:
        raise NotAllowed(org=call.sender, reason="an invitation opens its motion itself")
    is_upgrade = body.kind is MotionKind.UPGRADE
    says = (bool(body.org), bool(body.rules_version), bool(body.from_height), body.terms is not None)
    if says != (body.kind in ABOUT_A_MEMBER, is_upgrade, is_upgrade, body.kind is MotionKind.AGREE):
        raise NotAllowed(org=call.sender, reason=f"a motion to {body.kind} does not say this")
    motion = _new(call, body.kind, body.org, body.expires_at)
    replaces = call.need(MotionCounter, "0").agreement if body.kind in ABOUT_OTHERS else 0
    motion = replace(
        motion, rules_version=body.rules_version, from_height=body.from_height, terms=body.terms, replaces=replaces
    )
    _need_possible(call, motion)
    _approve(call, motion)


def open_invitation(call: Call, org: str, newcomer: Newcomer, invitation: InviteRecord) -> Motion:
    """The motion that an invitation waits for; the sender's own approval is counted with it."""
    motion = _new(call, MotionKind.INVITE, org, invitation.expires_at)
    motion = replace(motion, newcomer=newcomer, roles=invitation.roles, validating=invitation.validating)
    _approve(call, motion)
    return motion


def approve(call: Call, body: ApproveMotion) -> None:
    """Members that decide, each once, before it expires and until it is carried.

    One says yes again where its yes counts no more, having been signed with another key, or where enough have by now, since
    others stopped validating: then that carries it out.
    """
    motion = _need_open(call, body.number)
    if call.time >= motion.expires_at:
        raise DeadlinePassed(what=f"Motion {motion.number}", deadline=motion.expires_at, now=call.time)
    if call.sender not in motion.counts(voices(call)):
        raise NotAllowed(org=call.sender, reason="its approval does not count in this motion")
    standing = _standing(call, motion)
    if call.sender in standing and len(standing) < motion.needed(voices(call)):
        raise AlreadyExists(what="approval of motion", name=f"{motion.number} by {call.sender}")
    _need_possible(call, motion)
    _approve(call, motion)


def withdraw(call: Call, body: WithdrawApproval) -> None:
    """Whoever approved, until it is carried."""
    motion = _need_open(call, body.number)
    left = tuple(one for one in motion.approvals if one.org != call.sender)
    if left == motion.approvals:
        raise NotAllowed(org=call.sender, reason="it has not approved this motion")
    call.state.put(replace(motion, approvals=left))


def need_carried(call: Call, invitation: InviteRecord) -> Motion | None:
    """The motion that lets an invited organisation in; None where the invitation needed none.

    Raises:
        NotCarried: too few have approved so far.
    """
    if invitation.motion == 0:
        return None
    motion = call.need(Motion, str(invitation.motion))
    if not motion.carried_height:
        raise NotCarried(motion=motion.number, found=len(_standing(call, motion)), needed=motion.needed(voices(call)))
    return motion


def _new(call: Call, kind: MotionKind, org: str, expires_at: int) -> Motion:
    if call.time >= expires_at:
        raise DeadlinePassed(what="The motion", deadline=expires_at, now=call.time)
    if expires_at > call.time + MOST_SECONDS:
        raise MotionTooLong(days=MOST_SECONDS // 86_400)
    counter = call.state.get(MotionCounter, "0") or MotionCounter(last=0)
    call.state.put(replace(counter, last=counter.last + 1))
    return Motion(
        number=counter.last + 1,
        kind=kind,
        org=org,
        opened_by=call.sender,
        opened_height=call.height,
        expires_at=expires_at,
        newcomer=None,
        roles=(),
        validating=False,
        rules_version=0,
        from_height=0,
        approvals=(),
        carried_height=0,
    )


def _approve(call: Call, motion: Motion) -> None:
    """Count the sender's approval, if it counts, and carry the motion out if that makes enough."""
    if call.sender in motion.counts(voices(call)):
        own = Assent(org=call.sender, key=call.current_key(call.sender, Purpose.IDENTITY).version)
        others = (one for one in motion.approvals if one.org != call.sender)
        motion = replace(motion, approvals=tuple(sorted((*others, own), key=lambda one: one.org)))
    if len(_standing(call, motion)) >= motion.needed(voices(call)):
        motion = replace(motion, carried_height=call.height)
        _carry_out(call, motion)
    call.state.put(motion)


def _need_open(call: Call, number: int) -> Motion:
    motion = call.need(Motion, str(number))
    if motion.carried_height:
        raise WrongState(what="motion", name=motion.identifier(), state="carried", needed="one that is open")
    return motion


def _standing(call: Call, motion: Motion) -> tuple[str, ...]:
    """Who has approved of those who decide now."""
    return motion.standing(voices(call), lambda org: call.current_key(org, Purpose.IDENTITY))


def _need_possible(call: Call, motion: Motion) -> None:
    """Refuse what the ledger could not do if everybody approved it now."""
    needed, voters = motion.needed(voices(call)), len(motion.counts(voices(call)))
    if needed > voters:
        raise MemberNeeded(org=motion.org, reason=f"{needed} approvals would be needed, and {voters} other decides")
    match motion.kind:
        case MotionKind.INVITE:
            if call.need(InviteRecord, motion.org).motion != motion.number:
                raise WrongState(what="motion", name=motion.identifier(), state="replaced", needed="the newest invitation's")
        case MotionKind.UPGRADE:
            _need_next(call, motion)
        case MotionKind.REMOVE:
            need_parting(call, motion.org)
        case MotionKind.VALIDATE:
            need_following(call, motion.org)
        case MotionKind.STOP_VALIDATING:
            need_validating(call, motion.org)
        case MotionKind.AGREE:
            _need_same_before(call, motion)
            need_openable(call, _terms(motion))
        case MotionKind.END_AGREEMENT:
            _need_same_before(call, motion)
            need_closable(call)


def _need_same_before(call: Call, motion: Motion) -> None:
    """Who approved wanted this instead of what was before; once that is replaced, or ended, nobody has been asked."""
    if call.need(MotionCounter, "0").agreement != motion.replaces:
        raise WrongState(what="motion", name=motion.identifier(), state="replaced", needed="one about the agreement in force")


def _terms(motion: Motion) -> ForeignTerms:
    assert motion.terms is not None, "a motion to agree is opened with them alone"
    return motion.terms


def _need_next(call: Call, motion: Motion) -> None:
    """One version after the other, from a block that is some way off; until that block another height can be agreed on."""
    in_force = call.chain.rules_at(call.height)
    if motion.rules_version != in_force + 1:
        raise NotAllowed(org=motion.opened_by, reason=f"version {in_force} is in force, and {in_force + 1} comes next")
    if motion.from_height < call.height + LEAST_NOTICE_BLOCKS:
        raise NotAllowed(org=motion.opened_by, reason=f"block {motion.from_height} is not {LEAST_NOTICE_BLOCKS} blocks ahead")


def _conclude(call: Call, motion: Motion) -> None:
    """What else stands open about other consortia was asked for before this, and is void."""
    call.state.put(replace(call.need(MotionCounter, "0"), agreement=motion.number))


def _carry_out(call: Call, motion: Motion) -> None:
    match motion.kind:
        case MotionKind.INVITE:
            return  # `membership.enrol` asks for it
        case MotionKind.VALIDATE:
            start_validating(call, motion.org)
        case MotionKind.STOP_VALIDATING:
            stop_validating(call, motion.org)
        case MotionKind.REMOVE:
            part(call, motion.org, by_vote=True)
        case MotionKind.AGREE:
            open_check(call, _terms(motion))
            _conclude(call, motion)
        case MotionKind.END_AGREEMENT:
            close_check(call)
            _conclude(call, motion)
        case MotionKind.UPGRADE:
            chain = call.need(Chain, "0")
            call.state.put(
                replace(
                    chain,
                    rules_version=chain.rules_at(call.height),
                    next_rules_version=motion.rules_version,
                    next_rules_from=motion.from_height,
                )
            )
