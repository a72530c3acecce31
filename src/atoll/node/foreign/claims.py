"""One registration before other consortia: reserve, be seen, ask, confirm or give way. What is to be done next follows from the
ledger and from what the others show (`ledger.foreign.steps`), so a node that was killed goes on; only the claimant's secret and
the others' bundles lie at this node, each before the ledger names it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping

from atoll.errors import AtollError
from atoll.ledger.foreign.errors import BadBundle
from atoll.ledger.foreign.fingerprint import derive_fingerprint
from atoll.ledger.foreign.steps import Waiting, next_step
from atoll.ledger.foreign.verify import Shown, verify_bundle, verify_stamp
from atoll.ledger.records import Dataset, ForeignClaim, ForeignClaims, ForeignStamp, ForeignState
from atoll.ledger.rules.errors import ClaimHeld, ClaimRefused
from atoll.ledger.rules.foreign import UNUSED_SECONDS, ConfirmClaim, ConflictClaim, ReleaseClaim, ReserveClaim
from atoll.node.context import NodeContext
from atoll.node.errors import TransactionRefused
from atoll.node.foreign.asking import Asker
from atoll.node.foreign.desk import ForeignDesk
from atoll.node.foreign.errors import ForeignBusy, ForeignDuplicate, ForeignNotOpen, ForeignSilent
from atoll.node.foreign.settings import Foreign
from atoll.trust.keys import Purpose, SecretKey

log = logging.getLogger("atoll.foreign")

EVIDENCE = "foreign-bundle"
"""Kind under which others' bundles are kept, by their SHA-256."""
LOOK_SECONDS = 1.0
Tell = Callable[[str], None]


class Claimant:
    """See the module's docstring."""

    def __init__(self, context: NodeContext, *, foreign: Foreign, desk: ForeignDesk, asker: Asker, patience: int) -> None:
        self._context = context
        self._foreign = foreign
        self._desk = desk
        self._asker = asker
        self._patience = patience + foreign.agreement.wait_seconds

    def fingerprint_of(self, content_root: bytes) -> bytes:
        """What a content is called between the consortia."""
        return derive_fingerprint(self._foreign.key, content_root)

    async def settle(self, dataset: str, content_root: bytes, *, continuations: Mapping[str, bytes], tell: Tell) -> None:
        """Return once the content may be registered: confirmed here as first, or this consortium's own rules have the say.

        Args:
            dataset: what is going to be registered.
            content_root: of its rows.
            continuations: signatures of holders elsewhere, by origin.
            tell: hears what is being waited for.

        Raises:
            ForeignNotOpen: the ledger holds another agreement.
            ForeignDuplicate: another consortium had it before.
            ForeignBusy: another member has reserved it.
            ForeignSilent: too little was shown in time; called again it goes on.
            TransactionRefused: the rules refuse, as a limit a day.
        """
        fingerprint = self.fingerprint_of(content_root)
        ends = self._context.clock.monotonic() + self._patience
        while True:
            opened, claim = self._need_open(), self._context.view().get(ForeignClaim, fingerprint.hex())
            if claim is not None and claim.state is ForeignState.CONFIRMED:
                if not await self._is_left_over(claim, dataset, opened):
                    return  # here before: by this member, or by one whose registration the members' own tags find
                continue
            if claim is None or claim.state is not ForeignState.RESERVED or self._context.now() > claim.expires_at:
                if self._context.clock.monotonic() > ends:
                    raise ForeignSilent(dataset=dataset, reason="a reservation")
                tell("reserving across consortia")
                await self._reserve(fingerprint, dataset)
                continue
            if claim.org != self._context.org:
                raise ForeignBusy(org=claim.org, until=claim.expires_at)
            waits_for = await self._step(claim, opened, continuations)
            if waits_for:
                tell(f"other consortia: waiting for {waits_for}")
                if self._context.clock.monotonic() > ends:
                    raise ForeignSilent(dataset=dataset, reason=waits_for)
                await asyncio.sleep(LOOK_SECONDS)

    async def _is_left_over(self, claim: ForeignClaim, dataset: str, opened: ForeignClaims) -> bool:
        """Whether a confirmed claim was made for something that was never registered, or before others came to the agreement:
        then it is given up, and made anew.

        Raises:
            ForeignBusy: it is another member's, and may still be used.
        """
        is_used = self._context.view().get(Dataset, claim.dataset) is not None
        if is_used or (claim.dataset == dataset and claim.has_asked(opened.origins)):
            return False
        free_at = claim.expires_at + UNUSED_SECONDS
        if claim.org != self._context.org and self._context.now() <= free_at:
            raise ForeignBusy(org=claim.org, until=free_at)
        await self._context.outbox.submit(ReleaseClaim(fingerprint=claim.fingerprint))
        return True

    async def _step(self, claim: ForeignClaim, opened: ForeignClaims, continuations: Mapping[str, bytes]) -> str:
        """Take the next step; what is waited for, empty if it was taken."""
        fingerprint = claim.fingerprint
        own = None if claim.stamp else await self._own(fingerprint)
        answers = await self._asker.ask(fingerprint) if claim.stamp else {}
        step = next_step(
            claim,
            origin=self._foreign.own.origin,
            opened=opened,
            own=own,
            witnessed_at=self.witnessed_at(claim),
            others={origin: shown for origin, (shown, _) in answers.items()},
            continuations=continuations,
        )
        if isinstance(step, Waiting):
            return step.reason
        if isinstance(step, ConfirmClaim | ConflictClaim):
            for shown, data in answers.values():
                self._context.store.set_body(EVIDENCE, shown.digest.hex(), data)
        try:
            await self._context.outbox.submit(step)
        except TransactionRefused as err:
            if err.operands["rule"] == ClaimRefused.code:
                log.info("step refused", extra={"type": step.TAG, "reason": err.operands["reason"]})
                return "the next block"
            raise
        if isinstance(step, ConflictClaim):
            self._context.note("node", "foreign.conflict", claim.dataset, step.other.origin)
            raise ForeignDuplicate(dataset=claim.dataset, origin=step.other.origin)
        return ""

    async def _reserve(self, fingerprint: bytes, dataset: str) -> None:
        holder = SecretKey.generate(Purpose.IDENTITY, self._context.entropy)
        self._context.save_secret(_slot(holder.public.data), holder.expose_seed())
        body = ReserveClaim(
            fingerprint=fingerprint,
            dataset=dataset,
            agreement=self._foreign.agreement.digest,
            holder=holder.public.data,
        )
        try:
            await self._context.outbox.submit(body)
        except TransactionRefused as err:
            if err.operands["rule"] != ClaimHeld.code:
                raise
            await asyncio.sleep(LOOK_SECONDS)  # somebody was quicker, or block time has not come as far as this clock

    async def _own(self, fingerprint: bytes) -> tuple[Shown, bytes] | None:
        """What this very ledger shows, if outsiders have cosigned it as the agreement asks."""
        try:
            data = self._desk.show(fingerprint)
            shown = verify_bundle(
                data,
                origin=self._foreign.own.origin,
                fingerprint=fingerprint,
                agreement=self._foreign.agreement,
                now=self._context.clock.now(),
            )
        except AtollError as err:
            log.info("not seen yet", extra={"code": err.code, "error": str(err)})
            return None
        return shown, data

    def witnessed_at(self, claim: ForeignClaim) -> int | None:
        """When outsiders had seen an own claim; None where it has no stamp, or one that does not hold."""
        stamp = self._context.view().get(ForeignStamp, claim.fingerprint.hex()) if claim.stamp else None
        if stamp is None or stamp.digest() != claim.stamp:
            return None
        try:
            agreement, origin = self._foreign.agreement, self._foreign.own.origin
            return verify_stamp(stamp.bundle, origin=origin, face=claim.face, agreement=agreement)
        except BadBundle:
            return None

    def holder(self, claim: ForeignClaim) -> SecretKey | None:
        """The secret of an own claim; None where it was made elsewhere."""
        seed = self._context.load_secret(_slot(claim.holder))
        return SecretKey(Purpose.IDENTITY, seed) if seed else None

    def _need_open(self) -> ForeignClaims:
        opened = self._context.view().get(ForeignClaims, "0")
        if opened is None or opened.agreement != self._foreign.agreement.digest:
            found = "another agreement with other consortia" if opened is not None and opened.agreement else "no agreement"
            raise ForeignNotOpen(found=found)
        if not self._foreign.agreement.is_followed_by(self._foreign.own.origin, opened):
            raise ForeignNotOpen(found="its digest with other figures")
        return opened


def _slot(holder: bytes) -> str:
    return f"foreign/{holder.hex()}"
