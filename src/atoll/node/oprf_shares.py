"""What this node keeps of the members' key: a seed for each dealing while it lasts, and its share.

Both are sealed, and durable before the ledger hears of anything that rests on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from atoll.ledger.records import OprfKey
from atoll.node.context import NodeContext
from atoll.primitives.ristretto import SecretScalar
from atoll.protocols.threshold_oprf import Share
from atoll.wire.message import Digest, Message, encode_message, parse_message

SEED_BYTES = 32
_CURRENT = "oprf/epoch"


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldShare(Message):
    """A share as it lies on the disk, inside a seal."""

    TAG: ClassVar[str] = "oprf-share/1"

    secret: Digest
    """The share, a scalar."""
    nonce_key: Digest
    """What the nonces of its proofs are drawn from."""

    def __repr__(self) -> str:
        return "HeldShare(...)"


class Shares:
    """This node's shelf of seeds and shares."""

    def __init__(self, context: NodeContext) -> None:
        self._context = context

    def seed(self, number: int) -> bytes:
        """The seed of everything that this node says in a dealing; drawn once, so that no crash changes any of it."""
        found = self.kept_seed(number)
        if found is None:
            found = self._context.entropy.bytes(SEED_BYTES)
            self._context.save_secret(_seed(number), found)
        return found

    def kept_seed(self, number: int) -> bytes | None:
        """The seed of a dealing; None where it was never drawn, or is forgotten."""
        return self._context.load_secret(_seed(number))

    def share(self, epoch: int) -> Share | None:
        """What this node kept as its share of the key in an epoch."""
        found = self._context.load_secret(_share(epoch))
        if found is None:
            return None
        held = parse_message(found, HeldShare)
        return Share(SecretScalar.from_canonical(held.secret), held.nonce_key)

    def held(self, key: OprfKey) -> Share | None:
        """This node's share of the key in force, if what lies here is the one that the ledger speaks of.

        It may not be: a deal fell out after it was kept, or the store is a copy from before.
        """
        share, known = self.share(key.epoch), key.share_of(self._context.org)
        return share if share is not None and known is not None and share.public == known[1] else None

    def keep(self, epoch: int, secret: SecretScalar) -> Share:
        """Keep a share, in place of another of the same epoch; it is durable when this returns."""
        held = HeldShare(secret=secret.expose(), nonce_key=self._context.entropy.bytes(SEED_BYTES))
        self._context.save_secret(_share(epoch), encode_message(held))
        return Share(secret, held.nonce_key)

    def settle(self, epoch: int, *, replaced: bool) -> None:
        """The key stands in this epoch: the seeds of dealings up to it and the shares before it serve only a thief.

        Args: replaced: whether this node's share of the epoch is here, or it is to have none; else the older one is kept.
        """
        before = int(self._context.store.meta(_CURRENT) or b"0")
        if before == epoch:
            return
        for number in range(before + 1, epoch + 1):
            self._context.forget_secret(_seed(number))
        if not replaced:
            return
        for number in range(max(before, 1), epoch):
            self._context.forget_secret(_share(number))
        self._context.store.set_meta(_CURRENT, str(epoch).encode())


def _seed(number: int) -> str:
    return f"oprf/seed/{number}"


def _share(epoch: int) -> str:
    return f"oprf/share/{epoch}"
