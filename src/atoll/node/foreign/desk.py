"""Bundles of this ledger, for anybody who names a fingerprint: what is published is shown, and nothing newer.

A fingerprint cannot be guessed without the consortia's key, so the answer is public; what a guesser who has the key may ask is
bounded by the throttle of the routes. Cost: two walks down trees that the ledger has at hand.
"""

from __future__ import annotations

from atoll.ledger.block import BlockSummary
from atoll.ledger.foreign.bundle import Anchor, encode_bundle, make_bundle
from atoll.ledger.records import LIVE, EngineKind, ForeignClaim, ForeignStamp, ForeignState, record_key
from atoll.ledger.seal import HeaderSeal, parse_seal
from atoll.node.foreign.clearing import Clearer
from atoll.node.foreign.settings import Foreign
from atoll.node.tlog.errors import NothingPublished
from atoll.node.tlog.shelf import Shelf
from atoll.ordering.engine import Engine
from atoll.ordering.errors import NotAgreedYet
from atoll.ports import Clock
from atoll.primitives.smt import Tree
from atoll.wire.message import parse_message


class ForeignDesk:
    """See the module's docstring."""

    def __init__(self, *, foreign: Foreign, engine: Engine, shelf: Shelf, clock: Clock, clearer: Clearer) -> None:
        self._foreign = foreign
        self._engine = engine
        self._shelf = shelf
        self._clock = clock
        self._clearer = clearer

    def show(self, fingerprint: bytes) -> bytes:
        """The bundle about a fingerprint, as of the published checkpoint.

        Raises:
            NothingPublished: nothing is published yet, or what is published is too old to prove anything by.
        """
        anchor, tree, claims = self._anchor()
        data = tree.get(record_key(ForeignClaim, fingerprint.hex()))
        claim = parse_message(data, ForeignClaim) if data is not None else None
        is_live = claim is not None and claim.state in LIVE
        if claim is not None and claim.state is ForeignState.RESERVED:
            self._clearer.look(fingerprint)
        stamp = tree.get(record_key(ForeignStamp, fingerprint.hex())) if is_live and claim and claim.stamp else None
        bundle = make_bundle(
            fingerprint,
            anchor=anchor,
            tree=tree,
            claims=claims,
            face=claim.face if is_live and claim else None,
            stamp=parse_message(stamp, ForeignStamp).bundle if stamp is not None else b"",
            expiry=self._clock.now() + self._foreign.agreement.policy_age_seconds,
        )
        return encode_bundle(bundle)

    def _anchor(self) -> tuple[Anchor, Tree, Tree]:
        """What is published, with the state and the tree of claims below it."""
        seal = self._seal() if self._foreign.own.validators else None
        if not self._foreign.own.outsiders:
            if seal is None:
                raise NothingPublished()
            return self._at(seal.size, b"", seal)
        published = self._shelf.need()
        size = published.checkpoint.size
        return self._at(size, published.note, seal if seal is not None and seal.size == size else None)

    def _at(self, size: int, note: bytes, seal: HeaderSeal | None) -> tuple[Anchor, Tree, Tree]:
        (entry,) = self._engine.entries(size - 1, 1)
        summary = parse_message(entry, BlockSummary)
        ledger = self._engine.ledger
        tree, claims = ledger.tree_at(summary.height), ledger.claims_at(summary.height)
        if tree is None or claims is None:
            raise NothingPublished()
        log = ledger.log
        anchor = Anchor(
            state_root=summary.state_root,
            note=note,
            summary=entry if note else b"",
            log_proof=tuple(log.inclusion_proof(size - 1, size)) if note else (),
            seal=seal.encode() if seal is not None else b"",
        )
        return anchor, tree, claims

    def _seal(self) -> HeaderSeal | None:
        if self._engine.kind != EngineKind.COMETBFT:
            return None
        try:
            seal = parse_seal(self._engine.seal())
        except NotAgreedYet:
            return None
        return seal if isinstance(seal, HeaderSeal) else None
