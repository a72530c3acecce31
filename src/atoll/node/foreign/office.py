"""What a person may ask about claims across consortia."""

from __future__ import annotations

import base64

from atoll.api.models import ForeignAsked, ForeignClaimInfo, ForeignSection, ForeignSigned
from atoll.ledger.agreement import cosign_key, log_key
from atoll.ledger.foreign.judge import continuation_bytes
from atoll.ledger.records import ForeignClaim, ForeignStamp, ForeignTerms
from atoll.ledger.rules.foreign import ReleaseClaim
from atoll.ledger.vkey import encode_vkey
from atoll.node.context import NodeContext
from atoll.node.errors import NoSuchThing
from atoll.node.foreign.claims import EVIDENCE, Claimant
from atoll.node.foreign.errors import NoForeignAgreement
from atoll.node.foreign.settings import Foreign
from atoll.ordering.engine import Acknowledged


class ForeignOffice:
    """See the module's docstring."""

    def __init__(self, context: NodeContext, foreign: Foreign | None, claimant: Claimant | None) -> None:
        self._context = context
        self._foreign = foreign
        self._claimant = claimant

    @property
    def terms(self) -> ForeignTerms:
        """This node's agreement, as members decide on it.

        Raises:
            NoForeignAgreement: it has none.
        """
        foreign = self._need()
        return foreign.agreement.terms(foreign.own.origin)

    def list(self) -> list[ForeignClaimInfo]:
        """All claims of this consortium, without bundles."""
        return [_info(one) for one in self._context.records(ForeignClaim)]

    def show(self, fingerprint: str) -> ForeignClaimInfo:
        """One claim, with the bundles that lie here.

        Raises:
            NoSuchThing: the ledger holds none.
        """
        claim, store = self._claim(fingerprint), self._context.store
        stamp = self._context.view().get(ForeignStamp, fingerprint) if claim.stamp else None
        info = _info(claim)
        bundles = [store.body(EVIDENCE, one.evidence) or b"" for one in info.others]
        others = [one.model_copy(update={"bundle": _text(data)}) for one, data in zip(info.others, bundles, strict=True)]
        return info.model_copy(update={"stamp": _text(stamp.bundle) if stamp else "", "others": others})

    def sign(self, fingerprint: str, origin: str, org: str) -> ForeignSigned:
        """This claimant's word that the claim of a member of another consortium is its own.

        Raises:
            NoSuchThing: no such claim, or not one of this node's.
            NoForeignAgreement, UnknownConsortium: nobody to sign it for.
        """
        foreign, claim = self._need(), self._claim(fingerprint)
        foreign.agreement.of(origin)
        holder = self._claimant.holder(claim) if self._claimant else None
        if holder is None or claim.org != self._context.org:
            raise NoSuchThing(what="own claim", name=fingerprint)
        self._context.note("person", "foreign.sign", claim.dataset, f"{org} in {origin}")
        signature = holder.sign(continuation_bytes(origin, org, claim.fingerprint))
        return ForeignSigned(origin=foreign.own.origin, fingerprint=fingerprint, signature=signature.hex())

    async def release(self, fingerprint: str) -> Acknowledged:
        """Give a claim up, or clear an expired one away."""
        claim = self._claim(fingerprint)
        self._context.note("person", "foreign.release", claim.dataset, "asked")
        return await self._context.outbox.submit(ReleaseClaim(fingerprint=claim.fingerprint))

    def section(self) -> ForeignSection:
        """This consortium's part of an agreement, from its own ledger. Outsiders and addresses are for people to add."""
        view = self._context.view()
        consensus, origin = view.consensus, view.chain.chain_id
        members = [encode_vkey(cosign_key(origin, one)) for one in consensus.counted()]
        validators = [one.consensus.hex() for one in consensus.counted() if one.consensus]
        lines = [
            "[[consortium]]",
            f'origin = "{origin}"',
            "urls = []",
            f"logs = {_listed([encode_vkey(log_key(origin, consensus.log))])}",
            f"members = {_listed(members)}",
            f"members-quorum = {max(consensus.quorum(), len(members) // 2 + 1)}",
            "outsiders = []",
            "outsiders-quorum = 0",
            *([f"validators = {_listed(validators)}"] if validators else []),
        ]
        return ForeignSection(origin=origin, text="\n".join(lines) + "\n")

    def _need(self) -> Foreign:
        if self._foreign is None:
            raise NoForeignAgreement()
        return self._foreign

    def _claim(self, fingerprint: str) -> ForeignClaim:
        claim = self._context.view().get(ForeignClaim, fingerprint)
        if claim is None:
            raise NoSuchThing(what="claim of", name=fingerprint)
        return claim


def _info(claim: ForeignClaim) -> ForeignClaimInfo:
    return ForeignClaimInfo(
        fingerprint=claim.fingerprint.hex(),
        org=claim.org,
        dataset=claim.dataset,
        state=claim.state,
        reserved_at=claim.reserved_at,
        expires_at=claim.expires_at,
        witnessed_at=claim.witnessed_at,
        others=[
            ForeignAsked(origin=one.origin, evidence=one.evidence.hex(), at=one.at, is_own=one.is_own) for one in claim.others
        ],
    )


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _listed(texts: list[str]) -> str:
    return "[" + ", ".join(f'"{one}"' for one in texts) + "]"
