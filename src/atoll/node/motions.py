"""Motions, as people see and approve them at this node; leaving."""

from __future__ import annotations

from collections.abc import Iterator

from atoll.api.models import LeaveRequest, MotionInfo, MotionRequest
from atoll.ledger.records import Motion, MotionCounter, MotionKind, current_key
from atoll.ledger.rules import LATEST
from atoll.ledger.rules.leaving import LeaveMember
from atoll.ledger.rules.motion import ApproveMotion, OpenMotion, WithdrawApproval
from atoll.node.context import NodeContext
from atoll.node.errors import BadRequest
from atoll.node.foreign.office import ForeignOffice
from atoll.ordering.engine import Acknowledged, View
from atoll.trust.algorithms import Algorithm
from atoll.trust.fingerprint import fingerprint
from atoll.trust.keys import Purpose

DAY_SECONDS = 86_400
MOST_SHOWN = 100
"""So many of the newest motions are shown."""
NOTICE_BLOCKS = 20
"""New rules begin so many blocks later unless another block is named: time for members to see it coming."""


class Motions:
    """Lists motions, opens and approves them in the name of this organisation; leaves."""

    def __init__(self, context: NodeContext, foreign: ForeignOffice) -> None:
        self._context = context
        self._foreign = foreign

    def list(self) -> list[MotionInfo]:
        """The newest motions, the newest first."""
        view = self._context.view()
        return [self._show(view, one) for one in newest(view)]

    def waiting(self) -> int:
        """How many motions wait for this organisation."""
        return sum(one.waits_for_us for one in self.list())

    async def open(self, request: MotionRequest) -> MotionInfo:
        """Ask the members for a decision.

        Raises:
            BadRequest: it puts rules in force that this node does not know itself.
            NoForeignAgreement: this node has none to ask for.
            TransactionRefused: this organisation may not ask, or the ledger could not do it.
        """
        kind, version, view = MotionKind(request.kind), request.rules_version, self._context.view()
        from_height = request.from_height
        if kind is MotionKind.UPGRADE:
            self._need_known(version)
            from_height = from_height or view.height + NOTICE_BLOCKS
        body = OpenMotion(
            kind=kind,
            org=request.org,
            rules_version=version,
            from_height=from_height,
            expires_at=self._context.now() + request.days * DAY_SECONDS,
            terms=self._foreign.terms if kind is MotionKind.AGREE else None,
        )
        await self._context.outbox.submit(body)
        self._context.note("person", "motion.open", f"{kind} {request.org}".strip(), "ok")
        return next(one for one in self.list() if one.opened_by == self._context.org)

    async def approve(self, number: int) -> MotionInfo:
        """Say yes.

        Raises:
            BadRequest: it puts rules in force that this node does not know itself, or another agreement than this node's.
            NoForeignAgreement: this node has no agreement to compare with.
            TransactionRefused: there is no such motion, it is not open, or this organisation's approval does not count.
        """
        motion = self._context.view().get(Motion, str(number))
        if motion is not None and motion.kind is MotionKind.UPGRADE:
            self._need_known(motion.rules_version)
        if motion is not None and motion.kind is MotionKind.AGREE and motion.terms != self._foreign.terms:
            raise BadRequest(reason="it is another agreement than the one that this node's [foreign] names")
        await self._context.outbox.submit(ApproveMotion(number=number))
        self._context.note("person", "motion.approve", str(number), "ok")
        view = self._context.view()
        approved = view.get(Motion, str(number))
        assert approved is not None, "it was just approved"
        return self._show(view, approved)

    async def withdraw(self, number: int) -> MotionInfo:
        """Take a yes back.

        Raises:
            TransactionRefused: there is no such motion, it is carried, or this organisation has not approved it.
        """
        await self._context.outbox.submit(WithdrawApproval(number=number))
        self._context.note("person", "motion.withdraw", str(number), "ok")
        view = self._context.view()
        motion = view.get(Motion, str(number))
        assert motion is not None, "it was just changed"
        return self._show(view, motion)

    async def leave(self, request: LeaveRequest) -> Acknowledged:
        """Leave the consortium, or stop validating.

        Raises:
            TransactionRefused: the ledger cannot do without this member.
        """
        acknowledged = await self._context.outbox.submit(LeaveMember(validating_only=request.validating_only))
        self._context.note("person", "member.leave", self._context.org, "follows" if request.validating_only else "left")
        return acknowledged

    def _need_known(self, version: int) -> None:
        if version > LATEST:
            raise BadRequest(reason=f"this node knows the rules up to version {LATEST}; install the new version first")

    def _show(self, view: View, one: Motion) -> MotionInfo:
        voices = view.consensus.voices()
        voters, approvals = one.counts(voices), standing(view, one)
        expired = self._context.now() >= one.expires_at
        is_open = not one.carried_height and not expired
        new, terms = one.newcomer, one.terms
        return MotionInfo(
            number=one.number,
            kind=one.kind,
            org=one.org,
            opened_by=one.opened_by,
            expires_at=one.expires_at,
            state="carried" if one.carried_height else "expired" if expired else "open",
            approvals=list(approvals),
            voters=list(voters),
            needed=one.needed(voices),
            waits_for_us=is_open and self._context.org in voters and self._context.org not in approvals,
            title=new.title if new else "",
            legal_id=new.legal_id if new else "",
            affiliation=new.affiliation if new else "",
            fingerprint=fingerprint(Algorithm.ED25519, new.identity) if new else "",
            roles=list(one.roles),
            validating=one.validating,
            rules_version=one.rules_version,
            from_height=one.from_height,
            agreement=terms.agreement.hex() if terms else "",
            origins=list(terms.origins) if terms else [],
            wait_seconds=terms.wait_seconds if terms else 0,
        )


def standing(view: View, motion: Motion) -> tuple[str, ...]:
    """Who approved a motion and counts."""
    return motion.standing(view.consensus.voices(), lambda org: current_key(view, org, Purpose.IDENTITY))


def newest(view: View) -> Iterator[Motion]:
    """The newest motions of a ledger, the newest first."""
    counter = view.get(MotionCounter, "0")
    last = counter.last if counter is not None else 0
    for number in range(last, max(0, last - MOST_SHOWN), -1):
        motion = view.get(Motion, str(number))
        assert motion is not None, "they are numbered without gaps"
        yield motion
