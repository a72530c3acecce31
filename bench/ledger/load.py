"""Signed transactions to load a ledger with: grants, of about 400 bytes and four records each.

A grant is the transaction that a busy consortium writes most, and its rule is no light one: it looks at the dataset, the right
it is given under and all above it, both members, and every order that could hold one of them back; it writes the grant, its two
budgets and the sender's nonce.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

from atoll.ledger.records import EngineKind
from atoll.ledger.rules.dataset import RegisterDataset
from atoll.ledger.rules.grant import GiveGrant
from atoll.testing.consortium import FOUNDED, Founding
from atoll.trust.roles import Role

ORGS = ("operator", "bank", "bureau")
"""The operator orders; the other two carry out everything themselves and cosign it."""
MEMBERS = ORGS[1:]
VALIDATORS = ("operator", "bank", "bureau", "telecom")
"""Of the benchmark on CometBFT: everybody votes, and everybody sends."""
FOREVER = FOUNDED + 10**9


def make_founding() -> Founding:
    """The same consortium in every process."""
    return Founding(ORGS, chain_id="bench.example/ledger", not_validating=ORGS[:1])


def make_network_founding(addresses: Mapping[str, str], time: int) -> Founding:
    """The same consortium of validators in every process."""
    roles = {VALIDATORS[0]: (Role.OPERATOR, Role.OWNER, Role.USER)}
    return Founding(
        VALIDATORS,
        chain_id="bench-network",
        roles=roles,
        engine=EngineKind.COMETBFT,
        consensus_addresses=addresses,
        time=time,
    )


def registration(founding: Founding, org: str) -> bytes:
    """The dataset that a member's grants are for."""
    return founding.sign(org, RegisterDataset(dataset=f"{org}/set/1", card_commitment=_digest(org), level=2))


def grants(founding: Founding, org: str, *, first: int, count: int) -> Iterator[bytes]:
    """Grants by one member to another, no two alike."""
    other = next(one for one in reversed(VALIDATORS[1:3]) if one != org)
    for number in range(first, first + count):
        body = GiveGrant(
            grant=_digest(f"{org} grant {number}")[:16],
            grantee=other,
            dataset=f"{org}/set/1",
            terms_commitment=_digest(f"{org} terms {number}"),
            uses=5,
            not_before=FOUNDED,
            not_after=FOREVER,
        )
        yield founding.sign(org, body)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
