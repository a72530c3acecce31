"""The parts of the check across consortia, joined for one node."""

from __future__ import annotations

from dataclasses import dataclass

from atoll.node.context import NodeContext
from atoll.node.foreign.asking import Asker
from atoll.node.foreign.claims import Claimant
from atoll.node.foreign.clearing import Clearer
from atoll.node.foreign.desk import ForeignDesk
from atoll.node.foreign.office import ForeignOffice
from atoll.node.foreign.settings import Foreign
from atoll.node.tlog.settings import witness_tls
from atoll.node.tlog.shelf import Shelf


@dataclass(frozen=True, slots=True)
class ForeignCheck:
    """What a node does across consortia."""

    office: ForeignOffice
    """For people."""
    desk: ForeignDesk | None = None
    """For other consortia; None without an agreement."""
    claimant: Claimant | None = None
    """For registrations; None without a key."""
    clearer: Clearer | None = None
    """For reservations that have expired; None without an agreement."""

    async def stop(self) -> None:
        """End what goes on beside the answers."""
        if self.clearer is not None:
            await self.clearer.stop()


def join_foreign(context: NodeContext, foreign: Foreign | None, shelf: Shelf) -> ForeignCheck:
    """The parts, as the settings say.

    Raises:
        BadWitnessPolicy: a certificate cannot be used.
    """
    settings = context.config.foreign
    if foreign is None:
        return ForeignCheck(ForeignOffice(context, None, None))
    clearer = Clearer(context)
    desk = ForeignDesk(foreign=foreign, engine=context.engine, shelf=shelf, clock=context.clock, clearer=clearer)
    claimant = None
    if foreign.key:
        asker = Asker(foreign=foreign, tls=witness_tls(settings.certificates), clock=context.clock)
        claimant = Claimant(context, foreign=foreign, desk=desk, asker=asker, patience=settings.patience_seconds)
    return ForeignCheck(ForeignOffice(context, foreign, claimant), desk, claimant, clearer)
