"""`node.orders`."""

from __future__ import annotations

from atoll.api import models
from atoll.client.link import Link


class Orders:
    """Orders of a regulator, and the persons who sign."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def draft(self, request: models.OrderRequest) -> bytes:
        """An order for two persons to sign (`atoll order sign`)."""
        return bytes.fromhex(self._link.ask(models.PaperInfo, "order_draft", request).paper)

    def submit(self, paper: bytes) -> models.OrderGiven:
        """Hand in an order that two persons have signed."""
        return self._link.ask(models.OrderGiven, "order_submit", models.PaperInfo(paper=paper.hex()))

    def show(self, order: str) -> models.OrderInfo:
        """One order."""
        return self._link.ask(models.OrderInfo, "order_show", order=order)

    def ask_approver(self, request: models.ApproverAsk) -> bytes:
        """A request for a person to become an approver, to be signed by it and by approvers in force."""
        return bytes.fromhex(self._link.ask(models.PaperInfo, "approver_ask", request).paper)

    def add_approver(self, paper: bytes) -> models.Receipt:
        """Register the person of a signed request."""
        return self._link.ask(models.Receipt, "approver_add", models.PaperInfo(paper=paper.hex()))

    def revoke_approver(self, person: str) -> models.Receipt:
        """Take a person of this organisation out of force."""
        return self._link.ask(models.Receipt, "approver_revoke", person=person)

    def approvers(self) -> list[models.ApproverInfo]:
        """Every organisation's persons."""
        return self._link.ask(list[models.ApproverInfo], "approver_list")

    def list(self) -> list[models.OrderInfo]:
        """All orders, oldest first."""
        return self._link.ask(list[models.OrderInfo], "order_list")
