"""The newest point of the ledger that this node can prove, and the seals that were kept on the way there.

A block that was committed here is final, but shown only once the header over it and the votes for that header are at hand and
verified: then the view moves to it. In between lies one round of CometBFT, which makes a further block at once after each that
changed the app hash.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from atoll.errors import AtollError
from atoll.ledger.app_hash import AppState
from atoll.ledger.light.errors import LightError, LightJsonError
from atoll.ledger.seal import HeaderSeal
from atoll.ordering.changes import Changes
from atoll.ordering.cometbft.application import Application
from atoll.ordering.cometbft.lights import Light, Lights
from atoll.ordering.cometbft.rpc import Rpc
from atoll.ordering.cometbft.seals import SealStore
from atoll.ordering.cometbft.store import Tip
from atoll.ordering.engine import View
from atoll.ordering.errors import SealBroken, ValidatorRefused
from atoll.wire.errors import MessageError

log = logging.getLogger("atoll.ordering")

UNPROVEN = (LightError, LightJsonError, MessageError)
"""What a commit that is short of votes, or cannot be read, is told by."""
RETRY_SECONDS = 0.2
"""Before a header is asked for again."""
NOTE_EVERY = 1000
"""Headers looked through between two notes of how far."""


class Provable:
    """See the module's docstring. `run` moves it; everything else only reads."""

    def __init__(self, application: Application, rpc: Rpc, seals: SealStore) -> None:
        self.on_sealed: Callable[[], None] = _nothing
        """Called on the event loop when the view has moved."""
        self._application = application
        self._rpc = rpc
        self._lights = Lights(rpc, chain_id=application.ledger.genesis.chain_id)
        self._seals = seals
        self._seen = seals.swept
        self._noted = self._seen
        self._committed = Changes()
        self._tips: dict[int, Tip] = {}
        self._seal: HeaderSeal | None = None
        self._encoded: bytes | None = None
        self.restart()

    # -- reading ---------------------------------------------------------------------------------------------------------------

    @property
    def view(self) -> View:
        """The newest provable state; before the first seal of this life what was committed in the last one."""
        return self._view

    @property
    def seal(self) -> bytes | None:
        """The seal of the view; None before the first of this life."""
        if self._encoded is None and self._seal is not None:
            self._encoded = self._seal.encode()
        return self._encoded

    @property
    def voting(self) -> bytes | None:
        """Hash of the validators who voted for the seal; None before the first of this life."""
        return self._seal.light.header.validators_hash if self._seal is not None else None

    def seal_of(self, height: int) -> bytes | None:
        """The first seal that was kept for good of this ledger height or a later one, or the newest."""
        return self._seals.first_from(height) or self.seal

    # -- moving ----------------------------------------------------------------------------------------------------------------

    def restart(self) -> None:
        """Show what is committed now, whose seal is not here yet: after opening, and after a snapshot was taken over."""
        tip = self._application.tip
        self._tips = {tip.consensus_height: tip}
        state = self._application.state_at(tip.consensus_height)
        assert state is not None, "the state at the tip is always at hand"
        self._seal = self._encoded = None
        self._view = self._view_of(tip, state, agreed_at=0)
        self._committed.fire()

    def take_note(self, tip: Tip) -> None:
        """CometBFT has committed a block."""
        self._tips[tip.consensus_height] = tip
        self._committed.fire()

    async def run(self) -> None:
        """Seal what is committed, for ever.

        Raises:
            SealBroken: this node's ledger is not the one that was voted for.
        """
        while True:
            committed = self._committed.wait()
            target = self._application.tip.consensus_height
            if target <= self._seen and self._seal is not None:
                await committed
                continue
            try:
                moved = await self._advance(target)
            except SealBroken:
                raise
            except ValidatorRefused as err:
                log.debug("a header is asked for again: %s", err)
                await asyncio.sleep(RETRY_SECONDS)
            except AtollError as err:
                log.warning("the header of height %d proves nothing: %s", target, err)
                await committed
            else:
                if not moved:
                    await committed

    async def _advance(self, target: int) -> bool:
        """Look through the headers up to a committed height, and seal the state before it; False if that cannot be."""
        if target == 0:
            return False
        await self._sweep(target - 1)
        light = await self._newest(target)
        if self._seal is not None and light.height <= self._seal.light.header.height:
            return False
        self._keep(light)
        self._look_to(light.height)
        return self._show(light)

    async def _newest(self, target: int) -> Light:
        """The header of a committed height, or else the one before.

        Of the newest height this node has the votes that were quickest, and one of them may be worth nothing here; of the one
        before it has those that the next block holds.
        """
        try:
            return await self._lights.fetch(target)
        except UNPROVEN as err:
            if target == 1:
                raise
            log.warning("the votes for height %d are not enough, those for the one before are looked at: %s", target, err)
            return await self._lights.fetch(target - 1)

    async def _sweep(self, last: int) -> None:
        """Keep the seals of headers that went by unseen."""
        if self._seen >= last:
            return
        first = max(self._seen + 1, (await self._rpc.status()).earliest)
        if first > self._seen + 1:
            self._seals.note_missing()
        for height in await self._rpc.changes(first, last):
            try:
                self._keep(await self._lights.fetch(height))
            except UNPROVEN as err:  # it must not stand in the way of all that comes after
                log.warning("others vote from height %d on, and its votes prove nothing: %s", height + 1, err)
                self._seals.note_missing()
        self._look_to(last)

    def _look_to(self, height: int) -> None:
        self._seen = max(self._seen, height)
        if self._seen - self._noted >= NOTE_EVERY:
            self.take_down()

    def take_down(self) -> None:
        """Note how far the headers have been looked through."""
        if self._seen > self._noted:
            self._seals.sweep(self._seen)
            self._noted = self._seen

    def _keep(self, light: Light) -> None:
        """Keep a seal for good if others vote from here on."""
        height = self._application.store.height_at(light.height - 1)
        if not light.changes_validators or height == 0:
            return
        if height is None:
            self._seals.note_missing()
            return
        state = self._application.state_at(light.height - 1) or self._stored_state(height)
        if state is not None:
            self._seals.keep(height, light.seal(state).encode())

    def _stored_state(self, height: int) -> AppState | None:
        """What the app hash after an old block stands for."""
        stored, size = self._application.store.block(height), self._application.store.size_at(height)
        if stored is None or size is None:
            return None
        root = self._application.ledger.log.root(size)
        return AppState(log_size=size, log_root=root, state_root=stored.summary.state_root)

    def _show(self, light: Light) -> bool:
        """Move the view to the state that a header is over."""
        before = light.height - 1
        state, tip = self._application.state_at(before), self._tip_at(before)
        if state is None or tip is None:
            return False
        self._seal, self._encoded = light.seal(state), None
        self._view = self._view_of(tip, state, agreed_at=light.agreed_at)
        self._tips = {height: one for height, one in self._tips.items() if height >= before}
        self.on_sealed()
        return True

    def _tip_at(self, consensus_height: int) -> Tip | None:
        """Where the ledger stood after a height; None for a block of an earlier life that the view has passed already."""
        known = self._tips.get(consensus_height)
        if known is None:
            oldest = self._tips[min(self._tips)]
            same = self._application.store.height_at(consensus_height) == oldest.height
            return oldest if same else None
        return known

    def _view_of(self, tip: Tip, state: AppState, *, agreed_at: int) -> View:
        tree = self._application.ledger.tree_at(tip.height)
        assert tree is not None, "the trees of recent heights are at hand"
        return View(tip.height, tip.time, state.log_size, state.log_root, agreed_at, tree)


def _nothing() -> None:
    return None
