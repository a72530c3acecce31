"""`node.disputes`."""

from __future__ import annotations

from atoll.api import models
from atoll.client.link import Link


class Disputes:
    """Disputes about registrations."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def open(self, request: models.OpenRequest) -> str:
        """Contest a version; the dispute's identifier."""
        return self._link.ask(models.DisputeOpened, "dispute_open", request).dispute

    def list(self) -> list[models.DisputeInfo]:
        """All disputes, oldest first."""
        return self._link.ask(list[models.DisputeInfo], "dispute_list")

    def show(self, dispute: str) -> models.DisputeInfo:
        """One dispute, with what was said where this organisation may read it."""
        return self._link.ask(models.DisputeInfo, "dispute_show", dispute=dispute)

    def answer(self, dispute: str, request: models.AnswerRequest) -> models.Receipt:
        """Add to what was said."""
        return self._link.ask(models.Receipt, "dispute_answer", request, dispute=dispute)

    def decide(self, dispute: str, request: models.DecideRequest) -> models.Receipt:
        """Decide it, as an auditor or regulator that belongs to no party."""
        return self._link.ask(models.Receipt, "dispute_decide", request, dispute=dispute)

    def withdraw(self, dispute: str, request: models.AnswerRequest) -> models.Receipt:
        """Take back one that this organisation opened."""
        return self._link.ask(models.Receipt, "dispute_withdraw", request, dispute=dispute)
