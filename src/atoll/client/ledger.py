"""`node.ledger`."""

from __future__ import annotations

from collections.abc import Iterator

from atoll.api import models
from atoll.client.link import Link

WAIT_SECONDS = 20
"""How long one question of `watch` waits for news."""


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

    def published(self) -> str:
        """The checkpoint that outsiders see, a signed note with the cosignatures of witnesses."""
        return self._link.raw("ledger_published").decode()

    def prove_entry(self, which: int | str, *, with_entry: bool = False) -> bytes:
        """Proof of logging, a `.tlog-proof` file.

        Args:
            which: an entry's index, or the 64 digits of a transaction.
            with_entry: carry the entry itself along.
        """
        return self._link.raw("ledger_prove_entry", query={"entry": int(with_entry)}, which=which)

    def prove_record(self, namespace: str, identifier: str) -> bytes:
        """Proof of a record or of its absence, a `.tlog-proof` file for outsiders."""
        return self._link.raw("ledger_prove_record", namespace=namespace, identifier=identifier)

    def validators(self) -> models.ValidatorsInfo:
        """Who counts, with which keys, and when each was heard last."""
        return self._link.ask(models.ValidatorsInfo, "ledger_validators")

    def snapshot(self) -> bytes:
        """The whole published state, a file that verifies offline."""
        return self._link.raw("ledger_snapshot")

    def members(self) -> bytes:
        """Who counts now, proved from the founders on: a file that verifies offline."""
        return self._link.raw("ledger_members")

    def watch(self, after: int = -1) -> Iterator[models.LedgerNews]:
        """What happens on the ledger, without end: blocks above a height, and fresh cosignatures or votes.

        Args:
            after: height of the last block that is known already; -1 begins with the newest.
        """
        heard = 0
        while True:
            query = {"after": after, "heard": heard, "wait": WAIT_SECONDS}
            news = self._link.ask(models.LedgerNews, "ledger_watch", query=query)
            after, heard = news.height, news.heard_at
            yield news

    def verify(self) -> models.VerifyInfo:
        """Carry out everything again from the genesis."""
        return self._link.ask(models.VerifyInfo, "ledger_verify")

    def trust_file(self, *, present: bool = False) -> str:
        """What an outsider needs to verify evidence offline; with `present`, a tlog-policy of the members' keys of today."""
        return self._link.raw("trust_file", query={"now": int(present)}).decode()
