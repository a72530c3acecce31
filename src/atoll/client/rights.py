"""`node.rights`."""

from __future__ import annotations

from atoll.api import models
from atoll.client.link import Link
from atoll.client.names import verify_identifier


class Rights:
    """Rights in lineages of datasets: given, passed on, ended; who holds, or held, what."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def give(self, request: models.RightRequest) -> str:
        """Grant, sublicense or lease a right; its identifier."""
        return self._link.ask(models.RightGiven, "right_give", request).right

    def transfer(self, right: str, to: str, *, under: str = "") -> models.Receipt:
        """Pass a right on, as it stands now."""
        return self._link.ask(models.Receipt, "right_transfer", models.RightTransfer(to=to, under=under), right=_id(right))

    def freeze(self, right: str, *, under: str = "") -> models.Receipt:
        """Freeze a right and all below it."""
        return self._link.ask(models.Receipt, "right_freeze", models.RightAct(under=under), right=_id(right))

    def unfreeze(self, right: str, *, under: str = "") -> models.Receipt:
        """End the freeze."""
        return self._link.ask(models.Receipt, "right_unfreeze", models.RightAct(under=under), right=_id(right))

    def revoke(self, right: str, *, under: str = "") -> models.Receipt:
        """End a right for good, and all below it."""
        return self._link.ask(models.Receipt, "right_revoke", models.RightAct(under=under), right=_id(right))

    def show(self, right: str) -> models.RightDetail:
        """One right with those above and below it."""
        return self._link.ask(models.RightDetail, "right_show", right=_id(right))

    def history(self, right: str) -> list[models.RightChange]:
        """Every state that a right has had, oldest first."""
        return self._link.ask(list[models.RightChange], "right_history", right=_id(right))

    def history_proof(self, right: str) -> bytes:
        """The same as a file for `verify_rights`."""
        return self._link.raw("right_history_proof", right=_id(right))

    def holders(self, lineage: str, *, at: int | None = None) -> models.HoldersInfo:
        """Who held what in a lineage after a block; now where `at` is left out."""
        owner, _, name = lineage.partition("/")
        return self._link.ask(models.HoldersInfo, "right_holders", query=_at(at), owner=owner, name=name)

    def holders_proof(self, lineage: str, *, at: int | None = None) -> bytes:
        """The same as a file for `verify_rights`."""
        owner, _, name = lineage.partition("/")
        return self._link.raw("right_holders_proof", query=_at(at), owner=owner, name=name)

    def list(self, *, lineage: str = "", holder: str = "") -> list[models.RightInfo]:
        """All rights, or those in a lineage (owner/name), or of a holder."""
        asked = {key: value for key, value in (("lineage", lineage), ("holder", holder)) if value}
        return self._link.ask(list[models.RightInfo], "right_list", query=asked)


def _id(right: str) -> str:
    return verify_identifier(right, "right")


def _at(height: int | None) -> dict[str, int]:
    return {} if height is None else {"at": height}
