"""`node.grants`."""

from __future__ import annotations

import json
from typing import Any

from atoll.api import models
from atoll.client.errors import NoSuchGrant, NotWhatWasExpected
from atoll.client.link import Link
from atoll.client.names import verify_identifier


class Grants:
    """Grants given and received."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def give(self, request: models.GiveGrant) -> str:
        """Permit a use; the grant's identifier."""
        return self._link.ask(models.Given, "grant_give", request).grant

    def list(self) -> list[models.GrantInfo]:
        """Grants this organisation gave or received."""
        return self._link.ask(list[models.GrantInfo], "grant_list")

    def show(self, grant: str) -> models.GrantInfo:
        """One grant with its terms.

        Raises:
            NoSuchGrant: this organisation neither gave nor received it.
        """
        verify_identifier(grant, "grant")
        found = next((one for one in self.list() if one.grant == grant), None)
        if found is None:
            raise NoSuchGrant(grant=grant)
        return found

    def agreement(self, grant: str) -> dict[str, Any]:
        """The terms of one grant as an ODRL agreement in JSON-LD, as the Dataspace Protocol writes them."""
        document = json.loads(self._link.raw("grant_agreement", grant=verify_identifier(grant, "grant")))
        if not isinstance(document, dict):
            raise NotWhatWasExpected(url=self._link.url, reason="the agreement is not an object")
        return document

    def revoke(self, grant: str) -> models.Receipt:
        """Take a grant back."""
        return self._link.ask(models.Receipt, "grant_revoke", grant=verify_identifier(grant, "grant"))
