"""The parts of log publishing, joined for one node."""

from __future__ import annotations

from dataclasses import dataclass

from atoll.ledger.agreement import log_key
from atoll.ledger.errors import UntrustedNoteError
from atoll.ledger.note import Note, verify_note
from atoll.ledger.records import EngineKind, Key
from atoll.ledger.vkey import KeyKind, VerifierKey
from atoll.node.context import NodeContext
from atoll.node.keyring import KeyRing
from atoll.node.tlog.cosigning import Call, Cosigner, OwnNotes
from atoll.node.tlog.errors import NotCosigned
from atoll.node.tlog.publisher import REFRESH_SECONDS, AgreedNotes, NoteSource, Publisher
from atoll.node.tlog.settings import load_witness_policy, witness_tls
from atoll.node.tlog.shelf import Shelf
from atoll.node.tlog.witnesses import Witnesses
from atoll.ordering.engine import View
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
    witnesses = None
    if policy is not None:
        tls = witness_tls(settings.certificates)
        witnesses = Witnesses(
            policy.witnesses,
            log_keys=lambda: log_keys(context.view()),
            stands=lambda note: has_quorum(context.view(), note),
            tls=tls,
            clock=context.clock,
        )
    publisher = Publisher(
        engine=engine,
        source=source,
        shelf=shelf,
        memory=context.store,
        clock=context.clock,
        every_seconds=settings.every_seconds,
        refresh_seconds=refresh_seconds,
        policy=policy,
        witnesses=witnesses,
    )
    return PublishedLog(shelf, publisher, cosigner)


def log_keys(view: View) -> dict[VerifierKey, str]:
    """Every key that a member signs this log's checkpoints with, or ever did, and whose it is. Cost: a walk over the keys."""
    return {log_key(view.chain.chain_id, one.public): one.org for one in view.all(Key) if one.purpose is Purpose.LOG}


def has_quorum(view: View, note: Note) -> bool:
    """Whether a quorum of the members that count now has cosigned a checkpoint, with the keys of today or of before.

    Cost: as `log_keys`.
    """
    origin, consensus = view.chain.chain_id, view.consensus
    counted = {one.org for one in consensus.counted()}
    keys = {
        VerifierKey(f"{origin}/{one.org}", KeyKind.ED25519_COSIGNATURE, one.public): one.org
        for one in view.all(Key)
        if one.purpose is Purpose.COSIGN and one.org in counted
    }
    try:
        cosigned = {keys[one.key] for one in verify_note(note, keys)}
    except UntrustedNoteError:
        cosigned = set()
    return len(cosigned) >= consensus.quorum()
