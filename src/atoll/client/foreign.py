"""`node.duplicates`."""

from __future__ import annotations

from atoll.api import models
from atoll.client.link import Link


class Duplicates:
    """Claims that other consortia are asked about."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def section(self) -> models.ForeignSection:
        """This consortium's part of an agreement, without outsiders and addresses."""
        return self._link.ask(models.ForeignSection, "duplicate_section")

    def list(self) -> list[models.ForeignClaimInfo]:
        """All claims of this consortium."""
        return self._link.ask(list[models.ForeignClaimInfo], "duplicate_list")

    def show(self, fingerprint: str) -> models.ForeignClaimInfo:
        """One claim, with the bundles that lie at this node."""
        return self._link.ask(models.ForeignClaimInfo, "duplicate_show", fingerprint=fingerprint)

    def sign(self, fingerprint: str, origin: str, org: str) -> models.ForeignSigned:
        """A word that the claim of the member `org` of the consortium `origin` is this organisation's own."""
        body = models.ForeignPlace(origin=origin, org=org)
        return self._link.ask(models.ForeignSigned, "duplicate_sign", body, fingerprint=fingerprint)

    def release(self, fingerprint: str) -> models.Receipt:
        """Give a claim up, or clear an expired one away."""
        return self._link.ask(models.Receipt, "duplicate_release", fingerprint=fingerprint)
