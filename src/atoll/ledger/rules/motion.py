"""Motions: what no member decides alone (SECURITY 3.6).

Whoever validates, audits or regulates is let in by more than half of the members that count, and a member is put out by more
than half of the others; new rules take more than two thirds. A motion stands on the ledger under a number, each member approves
it by a transaction of its own, and the approval that makes enough carries it out. Approvals are counted among those who count
at that moment, so a member that has left has no say, whatever it approved before.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from atoll.ledger.records import Chain, ConsensusSet, InviteRecord, Motion, MotionCounter, MotionKind, MotionOrg, Newcomer
from atoll.ledger.rules.call import Call
from atoll.ledger.rules.errors import AlreadyExists, DeadlinePassed, MotionTooLong, NotAllowed, NotCarried, WrongState
from atoll.ledger.rules.leaving import need_parting, part, start_validating, stop_validating
from atoll.wire.message import Count, Message, Time

MOST_SECONDS = 90 * 86_400
"""So long a motion may stand: nobody approves today what it looked at last year."""
ALONE = frozenset({MotionKind.INVITE})
"""Opened by the invitation itself and by nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenMotion(Message):
    """A member asks the others to decide something; invitations open theirs themselves."""

    TAG: ClassVar[str] = "motion.open/1"

    kind: MotionKind
    """What."""
    org: MotionOrg
    """About whom; empty for an upgrade."""
    rules_version: Count
    """For an upgrade the version after the one in force; else 0."""
    from_height: Count
    """For an upgrade the first block under it; else 0."""
    expires_at: Time
    """First second at which it can be approved no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproveMotion(Message):
    """A member that counts says yes."""

    TAG: ClassVar[str] = "motion.approve/1"

    number: Count
    """To which motion."""


def need_voice(call: Call) -> None:
    """Operators and members that count may ask for a decision, and nobody else: it costs the others their attention."""
    if "operator" not in call.active_member(call.sender).roles and call.sender not in counted(call):
        raise NotAllowed(org=call.sender, reason="it is neither an operator nor a validating member that counts")


def counted(call: Call) -> tuple[str, ...]:
    """The members that count, by name."""
    return tuple(one.org for one in call.need(ConsensusSet, "0").counted())


def open_motion(call: Call, body: OpenMotion) -> None:
    """Only what could be carried out now is put before the others; the sender's own approval is counted with it."""
    need_voice(call)
    if body.kind in ALONE:
        raise NotAllowed(org=call.sender, reason="an invitation opens its motion itself")
    is_upgrade = body.kind is MotionKind.UPGRADE
    if is_upgrade == bool(body.org) or is_upgrade != bool(body.rules_version) or is_upgrade != bool(body.from_height):
        raise NotAllowed(org=call.sender, reason=f"a motion to {body.kind} does not say this")
    motion = _new(call, body.kind, body.org, body.expires_at)
    motion = replace(motion, rules_version=body.rules_version, from_height=body.from_height)
    _need_possible(call, motion)
    _approve(call, motion)


def open_invitation(call: Call, org: str, newcomer: Newcomer, invitation: InviteRecord) -> Motion:
    """The motion that an invitation waits for; an operator's invitation carries its own approval where it counts."""
    motion = _new(call, MotionKind.INVITE, org, invitation.expires_at)
    motion = replace(motion, newcomer=newcomer, roles=invitation.roles, validating=invitation.validating)
    _approve(call, motion)
    return motion


def approve(call: Call, body: ApproveMotion) -> None:
    """Members that count, each once, before it expires and until it is carried."""
    motion = call.need(Motion, str(body.number))
    if motion.carried_height:
        raise WrongState(what="motion", name=motion.identifier(), state="carried", needed="one that is open")
    if call.time >= motion.expires_at:
        raise DeadlinePassed(what=f"Motion {motion.number}", deadline=motion.expires_at, now=call.time)
    if call.sender not in motion.counts(counted(call)):
        raise NotAllowed(org=call.sender, reason="its approval does not count in this motion")
    if call.sender in motion.approvals:
        raise AlreadyExists(what="approval of motion", name=f"{motion.number} by {call.sender}")
    _need_possible(call, motion)
    _approve(call, motion)


def need_carried(call: Call, invitation: InviteRecord) -> Motion | None:
    """The motion that lets an invited organisation in; None where the invitation needed none.

    Raises:
        NotCarried: too few have approved so far.
    """
    if invitation.motion == 0:
        return None
    motion = call.need(Motion, str(invitation.motion))
    if not motion.carried_height:
        found = len(set(motion.approvals) & set(motion.counts(counted(call))))
        raise NotCarried(motion=motion.number, found=found, needed=motion.needed(counted(call)))
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
    all_counted = counted(call)
    voters = motion.counts(all_counted)
    approvals = tuple(sorted({*motion.approvals, *((call.sender,) if call.sender in voters else ())}))
    motion = replace(motion, approvals=approvals)
    if len(set(approvals) & set(voters)) >= motion.needed(all_counted):
        motion = replace(motion, carried_height=call.height)
        _carry_out(call, motion)
    call.state.put(motion)


def _need_possible(call: Call, motion: Motion) -> None:
    """Refuse what the ledger could not do if everybody approved it now."""
    match motion.kind:
        case MotionKind.INVITE:
            if call.need(InviteRecord, motion.org).motion != motion.number:
                raise WrongState(what="motion", name=motion.identifier(), state="replaced", needed="the newest invitation's")
        case MotionKind.UPGRADE:
            _need_next(call, motion)
        case MotionKind.REMOVE:
            need_parting(call, motion.org)
        case _:
            call.active_member(motion.org)


def _need_next(call: Call, motion: Motion) -> None:
    """One version after the other, from a block that is still to come; until that block another height can be agreed on."""
    in_force = call.chain.rules_at(call.height)
    if motion.rules_version != in_force + 1:
        raise NotAllowed(org=motion.opened_by, reason=f"version {in_force} is in force, and {in_force + 1} comes next")
    if motion.from_height <= call.height:
        raise NotAllowed(org=motion.opened_by, reason=f"block {motion.from_height} is no block to come")


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
