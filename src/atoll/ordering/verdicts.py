"""Each signature is verified once a node: verdicts are kept, and many new ones are worked out at a time (LEDGER 4.3)."""

from __future__ import annotations

import collections
import hashlib
from collections.abc import Sequence

from atoll.ledger.apply import signature_claim
from atoll.ledger.state import State
from atoll.ledger.transaction import transaction_id
from atoll.primitives import ed25519

MAX_VERDICTS = 40_000
"""Verdicts kept, about 100 bytes each."""
FEW = 16
"""So few signatures, half a millisecond of them, are verified at once and by one thread: another costs more than it saves."""
Claim = tuple[bytes, bytes, bytes]
"""Public key, message, signature."""


class Verdicts:
    """The strict Ed25519 check behind a memory. Calling it is asking: (public, message, signature) -> good?

    The memory is keyed by a digest of all three, so that a rotated key never inherits a verdict. Safe to use from one thread at
    a time beside another, because a lost race costs one verification and nothing else.
    """

    def __init__(self) -> None:
        self._known: collections.OrderedDict[bytes, bool] = collections.OrderedDict()
        self._read = Recent(MAX_VERDICTS)
        """Ids of transactions whose claims have been worked out."""

    def __call__(self, public: bytes, message: bytes, signature: bytes) -> bool:
        name = _name(public, message, signature)
        verdict = self._known.get(name)
        if verdict is None:
            verdict = ed25519.is_signature(public, message, signature)
        self._keep(name, verdict)
        return verdict

    def warm(self, claims: Sequence[Claim]) -> None:
        """Work out the unknown ones of many claims in parallel."""
        unknown = {name: claim for claim in claims if (name := _name(*claim)) not in self._known}
        verdicts = ed25519.are_signatures(list(unknown.values()), threads=1 if len(unknown) <= FEW else 0)
        for name, verdict in zip(unknown, verdicts, strict=True):
            self._keep(name, verdict)

    def warm_transactions(self, transactions: Sequence[bytes], state: State, height: int) -> None:
        """As `warm`, for what a block of this height would ask about those transactions that have not been here before."""
        new = [data for data in transactions if self._read.is_new(transaction_id(data))]
        claims = (signature_claim(state, data, height) for data in new)
        self.warm([claim for claim in claims if claim is not None])

    def _keep(self, name: bytes, verdict: bool) -> None:
        self._known.pop(name, None)  # the longest unasked goes first
        self._known[name] = verdict
        while len(self._known) > MAX_VERDICTS:
            self._known.popitem(last=False)


class Recent:
    """Names that came up lately, at most so many; the longest unasked goes first. A name that is gone is new again, which costs
    a second look and nothing else."""

    def __init__(self, limit: int) -> None:
        self._names: collections.OrderedDict[bytes, bool] = collections.OrderedDict()
        self._limit = limit

    def is_new(self, name: bytes) -> bool:
        """Whether this is the first time; from now on it is not."""
        is_known = self._names.pop(name, False)
        self._names[name] = True
        if len(self._names) > self._limit:
            self._names.popitem(last=False)
        return not is_known


def _name(public: bytes, message: bytes, signature: bytes) -> bytes:
    return hashlib.sha256(b"%d %d " % (len(public), len(signature)) + public + signature + message).digest()
