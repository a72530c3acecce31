"""`node.members`."""

from __future__ import annotations

import builtins

from atoll.api import models
from atoll.client.link import Link


class Members:
    """Members, keys and the sequencer."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def list(self) -> list[models.MemberInfo]:
        """All members."""
        return self._link.ask(list[models.MemberInfo], "members")

    def invite(self, request: models.InviteRequest) -> models.InviteInfo:
        """Invite an organisation."""
        return self._link.ask(models.InviteInfo, "invite", request)

    def motions(self) -> builtins.list[models.MotionInfo]:
        """What members decide together, the newest first."""
        return self._link.ask(builtins.list[models.MotionInfo], "motions")

    def open_motion(self, request: models.MotionRequest) -> models.MotionInfo:
        """Ask the members for a decision."""
        return self._link.ask(models.MotionInfo, "motion_open", request)

    def approve_motion(self, number: int) -> models.MotionInfo:
        """Approve a motion."""
        return self._link.ask(models.MotionInfo, "motion_approve", models.MotionApproval(number=number))

    def withdraw_approval(self, number: int) -> models.MotionInfo:
        """Take the approval of a motion back."""
        return self._link.ask(models.MotionInfo, "motion_withdraw", models.MotionApproval(number=number))

    def leave(self, *, validating_only: bool = False) -> models.Receipt:
        """Leave the consortium, or stop validating and stay."""
        return self._link.ask(models.Receipt, "leave", models.LeaveRequest(validating_only=validating_only))

    def enrol(self, transaction: bytes) -> models.Receipt:
        """Hand over the enrolment that an invited organisation has signed (`atoll consortium enrol`)."""
        return self._link.ask(models.Receipt, "member_enrol", models.EnrolRequest(transaction=transaction.hex()))

    def handover(self, to: str) -> models.HandoverInfo:
        """Vote for a new sequencer."""
        return self._link.ask(models.HandoverInfo, "handover", models.HandoverRequest(to=to))

    def rotate_key(self, purpose: str) -> models.Receipt:
        """Replace a key of this organisation: identity, recovery, cosign, log, tls or consensus."""
        return self._link.ask(models.Receipt, "key_rotate", models.KeyRequest.model_validate({"purpose": purpose}))

    def revoke_key(self, purpose: str) -> models.Receipt:
        """Revoke a key of this organisation: identity, recovery, cosign, log, tls or consensus."""
        return self._link.ask(models.Receipt, "key_revoke", models.KeyRequest.model_validate({"purpose": purpose}))
