"""The parts of log publishing, joined for one node."""

from __future__ import annotations

from dataclasses import dataclass

from atoll.ledger.note import Note
from atoll.ledger.records import EngineKind
from atoll.node.context import NodeContext
from atoll.node.keyring import KeyRing
from atoll.node.tlog.cosigning import Call, Cosigner, OwnNotes
from atoll.node.tlog.errors import NotCosigned
from atoll.node.tlog.members import Word, read_word
from atoll.node.tlog.publisher import REFRESH_SECONDS, AgreedNotes, NoteSource, Publisher
from atoll.node.tlog.settings import load_witness_policy, witness_tls
from atoll.node.tlog.shelf import Shelf
from atoll.node.tlog.witnesses import Witnesses
from atoll.trust.keys import Purpose


@dataclass(frozen=True, slots=True)
class PublishedLog:
    """What outsiders can see of this node's log."""

    shelf: Shelf
    """What is served; empty for as long as nothing is published."""
    publisher: Publisher | None
    """Fills it; None where `[tlog] publish` is off."""
    cosigner: Cosigner | None = None
    """Cosigns what other members publish; None where the engine's own agreement is cosigned already."""

    async def cosign(self, org: str, payload: bytes) -> bytes:
        """Answer a member that asks for a cosignature; raises as `Cosigner.answer`."""
        if self.cosigner is None:
            raise NotCosigned(org=org)
        return await self.cosigner.answer(org, payload)


def publish_log(context: NodeContext, keys: KeyRing, call: Call, *, refresh_seconds: int = REFRESH_SECONDS) -> PublishedLog:
    """Shelf and publisher of a node, as its settings say; nothing runs yet.

    Args:
        context: of the node.
        keys: what it signs with.
        call: asks another member's node.
        refresh_seconds: as in `Publisher`.

    Raises:
        BadWitnessPolicy, WitnessesRequired: the settings cannot be used.
    """
    settings, engine = context.config.tlog, context.engine
    shelf = Shelf(log=lambda: engine.ledger.log, entries=engine.entries)
    cosigner = None
    source: NoteSource = AgreedNotes(engine)
    if engine.kind == EngineKind.COMETBFT:
        org, memory, clock = context.org, context.store, context.clock
        cosign, log = keys.signing(Purpose.COSIGN, context.view), keys.signing(Purpose.LOG, context.view)
        cosigner = Cosigner(org=org, engine=engine, memory=memory, clock=clock, cosign=cosign)
        source = OwnNotes(org=org, engine=engine, memory=memory, clock=clock, log=log, cosigner=cosigner, call=call)
    if not settings.publish:
        return PublishedLog(shelf, None, cosigner)
    policy = load_witness_policy(settings, test=engine.view().chain.test)

    def read(note: Note) -> Word:
        return read_word(engine.view(), note)

    witnesses = None
    if policy is not None:
        tls = witness_tls(settings.certificates)
        witnesses = Witnesses(policy.witnesses, read=read, tls=tls, clock=context.clock)
    publisher = Publisher(
        engine=engine,
        source=source,
        shelf=shelf,
        memory=context.store,
        read=read,
        clock=context.clock,
        every_seconds=settings.every_seconds,
        refresh_seconds=refresh_seconds,
        policy=policy,
        witnesses=witnesses,
    )
    return PublishedLog(shelf, publisher, cosigner)
