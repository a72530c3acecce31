"""This node's part in dealing the members' key: by itself, whenever the ledger says that something is due.

Like the reactor it is driven by levels: it looks at where the dealing stands and does what is missing. What it says follows
from one seed that is durable before its first transaction, so a node killed at any moment goes on as if nothing had been.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping

from atoll.errors import AtollError
from atoll.ledger.records import (
    OprfDeal,
    OprfDealing,
    OprfKey,
    OprfPhase,
    OprfReceiver,
)
from atoll.ledger.rules.oprf_dealing import (
    AnnounceReceiver,
    ClosePhase,
    ComplainOfShare,
    ConfirmShares,
    DealShares,
    LoseShare,
)
from atoll.ledger.rules.oprf_plan import (
    ENDED,
    LOSS_SECONDS,
    PHASE_SECONDS,
    context_of,
    deal_of,
    may_open,
    next_dealing,
    opens_at,
    weights_in,
)
from atoll.node.context import NodeContext
from atoll.node.errors import TransactionRefused
from atoll.node.oprf_shares import Shares
from atoll.ordering.engine import View
from atoll.primitives.ristretto import SecretScalar
from atoll.protocols.threshold_oprf import (
    WrongShare,
    deal,
    derive_material,
    open_share,
    receiver_key,
    sharing,
)

log = logging.getLogger("atoll.oprf")

LOOK_SECONDS = 5.0
"""How often it looks when nothing moves: a phase's time passes silently."""
PATIENCE_SECONDS = 20.0
"""How long it waits for members that are not connected before it opens a dealing without them."""
MEETING_SECONDS = 0.2
"""How often it looks while it waits for them."""
STAGGER_SECONDS = 2.0
"""By so much later than the member before it a member closes a phase: one transaction is enough."""


class Dealer:
    """Takes part in dealings."""

    def __init__(self, context: NodeContext, shares: Shares, connected: Callable[[], Collection[str]]) -> None:
        """Args: connected: members that this node has a session with."""
        self._context = context
        self._shares = shares
        self._connected = connected
        self._moved = asyncio.Event()
        self._wanted_since: float | None = None
        self._settled = 0

    def look_soon(self) -> None:
        """The ledger moved."""
        self._moved.set()

    async def run(self) -> None:
        """Go on until cancelled."""
        while True:
            self._moved.clear()
            try:
                await self._look()
            except TransactionRefused as err:  # somebody else was first, or the phase is over; the next look will see it
                log.info("not carried out", extra={"code": err.operands["rule"]})
            except AtollError as err:
                log.warning("dealing failed", extra={"code": err.code, "error": str(err)})
            except Exception:  # the outermost loop of this task: a fault of ours must not stop the node
                log.exception("dealing failed")
            try:
                async with asyncio.timeout(LOOK_SECONDS if self._wanted_since is None else MEETING_SECONDS):
                    await self._moved.wait()
            except TimeoutError:
                continue

    async def _look(self) -> None:
        view = self._context.view()
        dealing, key = view.get(OprfDealing, "0"), view.get(OprfKey, "0")
        if key is not None and key.epoch != self._settled:
            self._settle(view, key)
        if dealing is None or dealing.phase in ENDED:
            if key is not None and dealing is not None and await self._made_good(key, dealing):
                return
            dealing = self._due(view)
            if dealing is not None:
                await self._announce(view, dealing)
            return
        self._wanted_since = None
        me = self._context.org
        if dealing.phase is OprfPhase.ANNOUNCING and me in set(dealing.members) - set(dealing.announced):
            await self._announce(view, dealing)
        elif dealing.phase is OprfPhase.DEALING and me in set(dealing.dealers) - set(dealing.dealt):
            await self._deal(view, dealing)
        elif dealing.phase is OprfPhase.CONFIRMING and me in set(dealing.announced) - set(dealing.confirmed):
            await self._confirm(view, dealing)
        elif self._is_overdue(dealing):
            await self._context.outbox.submit(ClosePhase(number=dealing.number))

    async def _made_good(self, key: OprfKey, dealing: OprfDealing) -> bool:
        """Say what the ledger does not know of this node's share: that it is here after all, or that it is lost."""
        me = self._context.org
        is_here = self._shares.held(key) is not None
        if is_here and dealing.number == key.epoch and me in set(dealing.announced) - set(dealing.confirmed):
            await self._context.outbox.submit(ConfirmShares(number=dealing.number))
            return True
        if not is_here and me in key.holders and self._context.now() >= dealing.since + LOSS_SECONDS:
            await self._context.outbox.submit(LoseShare(epoch=key.epoch))
            return True
        return False

    def _due(self, view: View) -> OprfDealing | None:
        """The dealing that this node should open now."""
        dealing = next_dealing(view)
        me = self._context.org
        wants = me in dealing.members and may_open(view, dealing, me)
        possible = len(dealing.dealers) >= dealing.least
        if not (wants and possible) or self._context.now() < opens_at(view, dealing):
            self._wanted_since = None
            return None
        now = self._context.clock.monotonic()
        self._wanted_since = now if self._wanted_since is None else self._wanted_since
        others = {*dealing.members, *dealing.dealers} - {me}
        return dealing if others <= set(self._connected()) or now >= self._wanted_since + PATIENCE_SECONDS else None

    def _is_overdue(self, dealing: OprfDealing) -> bool:
        part = sorted({*dealing.members, *dealing.dealers})
        if self._context.org not in part:
            return False
        return self._context.now() > dealing.since + PHASE_SECONDS + STAGGER_SECONDS * part.index(self._context.org)

    # -- the three steps -------------------------------------------------------------------------------------------------------

    async def _announce(self, view: View, dealing: OprfDealing) -> None:
        seed = self._shares.seed(dealing.number)
        await self._context.outbox.submit(
            AnnounceReceiver(
                number=dealing.number,
                context=context_of(view.chain.genesis_digest, dealing),
                keys=tuple(receiver_key(derive_material(seed, dealer)) for dealer in dealing.dealers),
            )
        )

    async def _deal(self, view: View, dealing: OprfDealing) -> None:
        old = view.get(OprfKey, "0") if dealing.renews else None
        share = self._shares.held(old) if old is not None else None
        if old is not None and share is None:
            return  # the others are enough, or the dealing fails
        at = dealing.dealers.index(self._context.org)
        receivers = {org: _keys(view, org)[at] if org in dealing.announced else None for org in dealing.members}
        dealt = deal(
            self._shares.seed(dealing.number),
            context_of(view.chain.genesis_digest, dealing),
            dealer=self._context.org,
            threshold=dealing.threshold,
            receivers=receivers,
            secret=share.secret if share is not None else None,
        )
        await self._context.outbox.submit(
            DealShares(
                number=dealing.number,
                sender_key=dealt.sender_key,
                commitments=dealt.commitments,
                proof=dealt.proof,
                sealed=dealt.sealed,
            )
        )

    async def _confirm(self, view: View, dealing: OprfDealing) -> None:
        """Check every deal; keep the share, then confirm. One that does not fit is shown to everybody."""
        seed = self._shares.kept_seed(dealing.number)
        if seed is None:
            return  # announced by a store that was lost; the phase ends without this node
        parts = {}
        for dealer in dealing.dealt:
            try:
                parts[dealer] = self._part(view, dealing, dealer, seed)
            except WrongShare:
                log.warning("a wrong share", extra={"org": dealer})
                self._context.note(dealer, "oprf.wrong_share", str(dealing.number), "complained of")
                complaint = ComplainOfShare(number=dealing.number, dealer=dealer, material=derive_material(seed, dealer))
                await self._context.outbox.submit(complaint)
                return
        self._shares.keep(dealing.number, _sum(parts, weights_in(dealing, dealing.dealt)))
        await self._context.outbox.submit(ConfirmShares(number=dealing.number))

    def _settle(self, view: View, key: OprfKey) -> None:
        """Make sure that the share of the epoch in force is here, then forget what led to it.

        What was kept when this node confirmed is another one if a deal fell out afterwards: then it is added up again. Where
        this node got none, its older share stays.
        """
        if self._context.org in key.members and self._shares.held(key) is None:
            self._add_up_again(view, key)
        self._shares.settle(key.epoch, replaced=self._context.org not in key.members or self._shares.held(key) is not None)
        self._settled = key.epoch

    def _add_up_again(self, view: View, key: OprfKey) -> None:
        dealing, seed = view.get(OprfDealing, "0"), self._shares.kept_seed(key.epoch)
        if dealing is None or dealing.number != key.epoch or seed is None or self._context.org not in dealing.announced:
            return  # no share to be had; the key is handed on to this node later
        try:
            parts = {dealer: self._part(view, dealing, dealer, seed) for dealer in key.dealers}
        except WrongShare as err:
            log.warning("no share", extra={"error": str(err)})
            return
        self._shares.keep(key.epoch, _sum(parts, weights_in(dealing, key.dealers)))

    def _part(self, view: View, dealing: OprfDealing, dealer: str, seed: bytes) -> SecretScalar:
        record = view.get(OprfDeal, dealer)
        assert record is not None, "a dealer that dealt has a deal"
        return open_share(
            derive_material(seed, dealer),
            context_of(view.chain.genesis_digest, dealing),
            dealer=dealer,
            member=self._context.org,
            place=dealing.members.index(self._context.org) + 1,
            dealt=deal_of(record),
        )


def _keys(view: View, org: str) -> tuple[bytes, ...]:
    record = view.get(OprfReceiver, org)
    assert record is not None, "a member that announced has keys"
    return record.keys


def _sum(parts: Mapping[str, SecretScalar], weights: Mapping[str, int]) -> SecretScalar:
    """The member's share: the parts that count, by their weights."""
    return sharing.add_shares([parts[dealer] for dealer in weights], list(weights.values()))
