"""Members at a dealing, on paper: what each would send, from a seed of its own, and changed where a test wants it wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from atoll.ledger.records import OprfDeal, OprfDealing, OprfKey, OprfReceiver
from atoll.ledger.rules.oprf_dealing import AnnounceReceiver, ClosePhase, ComplainOfShare, ConfirmShares, DealShares, LoseShare
from atoll.ledger.rules.oprf_plan import LOSS_SECONDS, context_of, deal_of, next_dealing, weights_in
from atoll.primitives.ristretto import SecretScalar
from atoll.protocols.threshold_oprf import Share, deal, derive_material, open_share, receiver_key, sharing
from tests.unit.rules.lagoon import Lagoon

MEMBERS = ("auditor", "bank", "bureau", "telecom")


class Dealers:
    """Plays everybody's part in the dealings of a ledger; the four that count hold 3-of-4 shares."""

    def __init__(self) -> None:
        self.lagoon = Lagoon(not_validating=("operator",))
        self.shares: dict[tuple[int, str], SecretScalar] = {}

    @property
    def dealing(self) -> OprfDealing:
        return self.lagoon.get(OprfDealing, "0")

    @property
    def key(self) -> OprfKey:
        return self.lagoon.get(OprfKey, "0")

    def seed(self, org: str, number: int) -> bytes:
        return f"{org} {number}".encode().ljust(32, b".")

    def context(self, dealing: OprfDealing) -> bytes:
        return context_of(self.lagoon.founding.genesis_digest, dealing)

    # -- what a member sends ---------------------------------------------------------------------------------------------------

    def announcement(self, org: str, **changes: Any) -> AnnounceReceiver:
        """For the dealing that is announcing, or would be opened."""
        dealing = self.lagoon.state.get(OprfDealing, "0")
        if dealing is None or dealing.phase in ("done", "failed"):
            dealing = next_dealing(self.lagoon.state)
        seed = self.seed(org, dealing.number)
        body = AnnounceReceiver(
            number=dealing.number,
            context=self.context(dealing),
            keys=tuple(receiver_key(derive_material(seed, dealer)) for dealer in dealing.dealers),
        )
        return replace(body, **changes)

    def deal(
        self, org: str, *, wrong: frozenset[str] = frozenset(), secret: SecretScalar | None = None, **changes: Any
    ) -> DealShares:
        """What a dealer deals; to those in `wrong` it seals the share of another deal."""
        dealing = self.dealing
        at = dealing.dealers.index(org)
        keys = dict.fromkeys(dealing.members) | {
            member: self.lagoon.get(OprfReceiver, member).keys[at] for member in dealing.announced
        }
        if dealing.renews and secret is None:
            secret = self.shares[dealing.renews, org]

        def dealt(seed: bytes) -> Any:
            return deal(seed, self.context(dealing), dealer=org, threshold=dealing.threshold, receivers=keys, secret=secret)

        good = dealt(self.seed(org, dealing.number))
        other = dealt(b"\x99" * 32)
        sealed = tuple(
            bad if member in wrong else fine for member, fine, bad in zip(keys, good.sealed, other.sealed, strict=True)
        )
        body = DealShares(
            number=dealing.number,
            sender_key=good.sender_key,
            commitments=good.commitments,
            proof=good.proof,
            sealed=sealed,
        )
        return replace(body, **changes)

    def confirmation(self) -> ConfirmShares:
        return ConfirmShares(number=self.dealing.number)

    def complaint(self, org: str, dealer: str, **changes: Any) -> ComplainOfShare:
        number = self.dealing.number
        body = ComplainOfShare(number=number, dealer=dealer, material=derive_material(self.seed(org, number), dealer))
        return replace(body, **changes)

    def closing(self) -> ClosePhase:
        return ClosePhase(number=self.dealing.number)

    # -- phases ----------------------------------------------------------------------------------------------------------------

    def announced(self, *orgs: str) -> Dealers:
        for org in orgs or MEMBERS:
            self.lagoon.do(org, self.announcement(org))
        return self

    def dealt(self, *orgs: str) -> Dealers:
        for org in orgs or self.dealing.dealers:
            self.lagoon.do(org, self.deal(org))
        return self

    def confirmed(self, *orgs: str) -> Dealers:
        for org in orgs or self.dealing.announced:
            self.lagoon.do(org, self.confirmation())
        return self

    def closed(self, org: str = "bank") -> Dealers:
        self.lagoon.later(seconds=60)
        self.lagoon.do(org, self.closing())
        return self

    def lost(self, org: str) -> Dealers:
        """A holder says so, as soon as it may; it can open a hand-over from now on."""
        self.lagoon.later(seconds=LOSS_SECONDS)
        self.lagoon.do(org, LoseShare(epoch=self.key.epoch))
        return self

    def ready_without(self, org: str) -> Dealers:
        """A key that stands, of which one member has no share."""
        rest = [one for one in MEMBERS if one != org]
        return self.announced(*rest).closed().dealt(*rest).closed().confirmed().collected()

    def ready(self) -> Dealers:
        """A key that stands, and everybody's share of it."""
        return self.announced().dealt().confirmed().collected()

    def collected(self) -> Dealers:
        """Add up everybody's share of the key in force, and check it against the ledger."""
        key, dealing = self.key, self.dealing
        weights = weights_in(dealing, key.dealers)
        for org in key.holders:
            parts = [self.part(org, dealer) for dealer in weights]
            share = sharing.add_shares(parts, list(weights.values()))
            found = key.share_of(org)
            assert found is not None
            assert Share(share, bytes(32)).public == found[1]
            self.shares[key.epoch, org] = share
        return self

    def part(self, org: str, dealer: str) -> SecretScalar:
        """What a member got of one dealer."""
        dealing = self.dealing
        return open_share(
            derive_material(self.seed(org, dealing.number), dealer),
            self.context(dealing),
            dealer=dealer,
            member=org,
            place=dealing.members.index(org) + 1,
            dealt=deal_of(self.lagoon.get(OprfDeal, dealer)),
        )

    def value_of_key(self, *orgs: str) -> bytes:
        """The joint key, found by as many shares as it takes: what no test may know outside this line."""
        chosen = orgs[: self.key.threshold]
        places = [self.key.members.index(org) + 1 for org in chosen]
        parts = [self.shares[self.key.epoch, org] for org in chosen]
        return sharing.add_shares(parts, sharing.lagrange(places)).expose()
