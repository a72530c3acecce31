"""`node.standing`."""

from __future__ import annotations

from atoll.api import models
from atoll.client.link import Link
from atoll.client.names import verify_identifier


class Standing:
    """Standing consents of this organisation, and duties of its grants."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def give(self, request: models.GiveStanding) -> str:
        """Consent in advance; the standing consent's identifier."""
        return self._link.ask(models.StandingGiven, "standing_give", request).standing

    def revoke(self, standing: str) -> models.Receipt:
        """Take one back."""
        return self._link.ask(models.Receipt, "standing_revoke", standing=verify_identifier(standing, "standing consent"))

    def duties(self, grant: str) -> list[models.DutyInfo]:
        """How the duties of a grant stand."""
        return self._link.ask(list[models.DutyInfo], "duty_list", grant=verify_identifier(grant, "grant"))

    def note_duty(self, grant: str, request: models.NoteDuty) -> list[models.DutyInfo]:
        """Note how one of them stands; all of them afterwards."""
        return self._link.ask(list[models.DutyInfo], "duty_note", request, grant=verify_identifier(grant, "grant"))

    def list(self) -> list[models.StandingInfo]:
        """Standing consents of this organisation."""
        return self._link.ask(list[models.StandingInfo], "standing_list")
