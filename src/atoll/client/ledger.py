"""`node.ledger`."""

from __future__ import annotations

from atoll.api import models
from atoll.client.link import Link


class Ledger:
    """The ledger, as this node holds it."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def log(self, first: int = -50, count: int = 50) -> list[models.LogEntry]:
        """Log entries; a negative `first` counts from the end."""
        return self._link.ask(list[models.LogEntry], "ledger_log", query={"first": first, "count": count})

    def record(self, namespace: str, identifier: str) -> models.RecordInfo:
        """A record with its proof, or the proof of its absence."""
        return self._link.ask(models.RecordInfo, "ledger_show", namespace=namespace, identifier=identifier)

    def checkpoint(self) -> models.CheckpointInfo:
        """The newest checkpoint with a quorum."""
        return self._link.ask(models.CheckpointInfo, "ledger_checkpoint")

    def verify(self) -> models.VerifyInfo:
        """Carry out everything again from the genesis."""
        return self._link.ask(models.VerifyInfo, "ledger_verify")

    def trust_file(self) -> str:
        """What an outsider needs to verify evidence offline."""
        return self._link.raw("trust_file").decode()
