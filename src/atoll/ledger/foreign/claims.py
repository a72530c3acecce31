"""The tree of claims: what other consortia are shown of this ledger's state, and all they are shown of it.

A proof of absence carries two neighbours with their values. In the ledger's own tree these would be records of members, and
whoever may ask for any key could read the tree leaf by leaf. So live claims have a tree of their own, of the same shape:

    raw key   the fingerprint's key, which nobody without the consortia's key can guess
    value     SHA-256 of the claim's face, 32 bytes, with that key in it

Its root stands in the record `foreign-claims`, which is in the ledger's tree and so under every app hash. A claim that was
given up, or lost, leaves the tree: absent means that nothing is claimed. The tree follows from the records alone.
"""

from __future__ import annotations

from collections.abc import Mapping

from atoll.ledger.records import LIVE, ForeignClaim, ForeignClaims, record_key
from atoll.ledger.state import State
from atoll.primitives.smt import Tree
from atoll.wire.message import parse_message

CLAIMS_KEY = record_key(ForeignClaims, "0")
_PREFIX = ForeignClaim.NAMESPACE.encode() + b"\0"
_FIRST_LEAF = {b"foreign-claims": bytes(32)}
"""So that the tree is never empty: ICS 23 proves no absence in an empty one."""


def no_claims() -> Tree:
    """The tree before the first claim."""
    return Tree.of(_FIRST_LEAF)


def claims_in(tree: Tree) -> Tree:
    """The tree of claims that follows from a state tree. Cost: a look at every claim."""
    return no_claims().apply(claim_changes(dict(tree.items(_PREFIX))))


def claim_changes(records: Mapping[bytes, bytes]) -> dict[bytes, bytes | None]:
    """What records that were written change in the tree: raw key -> value, None where a claim leaves it."""
    changes: dict[bytes, bytes | None] = {}
    for raw_key, data in records.items():
        if raw_key.startswith(_PREFIX):
            claim = parse_message(data, ForeignClaim)
            changes[claim.fingerprint] = claim.face.digest() if claim.state in LIVE else None
    return changes


def need_claims(state: State) -> ForeignClaims:
    """The record with the root; there is one from the genesis on."""
    claims = state.get(ForeignClaims, "0")
    assert claims is not None, "the genesis made it"
    return claims
