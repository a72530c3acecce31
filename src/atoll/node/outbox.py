"""Transactions of this organisation: signed, numbered and submitted, one after the other, until a quorum has acknowledged
them."""

from __future__ import annotations

import asyncio

from atoll.ledger.records import Nonce, current_kid
from atoll.ledger.rules.errors import StaleNonce
from atoll.ledger.transaction import Transaction, seal_transaction
from atoll.node.errors import TransactionRefused
from atoll.node.keyring import KeyRing
from atoll.ordering.engine import Acknowledged, Engine
from atoll.ordering.errors import NotAdmitted
from atoll.trust.keys import Purpose
from atoll.trust.signer import signing
from atoll.wire.message import Message

EXPIRY_HEIGHTS = 100_000
"""A transaction that found no block within so many heights is void."""
NONCE_RETRIES = 5


class Outbox:
    """The only place where this organisation's identity key signs transactions."""

    def __init__(self, *, org: str, engine: Engine, keys: KeyRing, chain_id: str, genesis_digest: bytes) -> None:
        self._org = org
        self._engine = engine
        self._keys = keys
        self._chain_id = chain_id
        self._genesis_digest = genesis_digest
        self._turn = asyncio.Lock()
        self._last = 0

    async def submit(self, body: Message) -> Acknowledged:
        """Sign `body`, submit it, and wait until it is acknowledged.

        Raises:
            TransactionRefused: a rule refused it; `.rule` is the rule's code. UnavailableError: no quorum acknowledged it in
            time; it may still be carried out, and submitting it again is safe to try.
        """
        async with self._turn:
            refusal = reason = ""
            for _ in range(NONCE_RETRIES):
                try:
                    acknowledged = await self._engine.submit(self.sign(body))
                    outcome = acknowledged.outcome
                    if outcome.ok:
                        return acknowledged
                    refusal, reason = outcome.code, outcome.sentence
                except NotAdmitted as err:
                    refusal, reason = err.operands["refusal"], err.operands["reason"]
                if refusal != StaleNonce.code:
                    break
        raise TransactionRefused(type=body.TAG, reason=reason, rule=refusal)

    def sign(self, body: Message) -> bytes:
        """The signed transaction, with a nonce that was not used before."""
        view = self._engine.view()
        used = view.get(Nonce, self._org)
        self._last = max(self._last, used.last if used else 0) + 1
        transaction = Transaction(
            sender=self._org,
            nonce=self._last,
            expiry_height=view.height + EXPIRY_HEIGHTS,
            type=body.TAG,
            body=body.to_map(),
        )
        kid = current_kid(view, self._org, Purpose.IDENTITY)
        return seal_transaction(
            transaction,
            kid=kid,
            sign=signing(self._keys.signer, kid),
            chain_id=self._chain_id,
            genesis_digest=self._genesis_digest,
        )
