"""`node.members`."""

from __future__ import annotations

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

    def enrol(self, transaction: bytes) -> models.Receipt:
        """Hand over the enrolment that an invited organisation has signed (`atoll consortium enrol`)."""
        return self._link.ask(models.Receipt, "member_enrol", models.EnrolRequest(transaction=transaction.hex()))

    def handover(self, to: str) -> models.HandoverInfo:
        """Vote for a new sequencer."""
        return self._link.ask(models.HandoverInfo, "handover", models.HandoverRequest(to=to))

    def rotate_key(self, purpose: str) -> models.Receipt:
        """Replace a key of this organisation: identity, recovery, cosign, log or tls."""
        return self._link.ask(models.Receipt, "key_rotate", models.KeyRequest.model_validate({"purpose": purpose}))

    def revoke_key(self, purpose: str) -> models.Receipt:
        """Revoke a key of this organisation: identity, recovery, cosign, log or tls."""
        return self._link.ask(models.Receipt, "key_revoke", models.KeyRequest.model_validate({"purpose": purpose}))
