"""What entries are called. A verifier asks for each by its name, so a name is also what it is checked as."""

from __future__ import annotations

from atoll.ledger.records import Record

GENESIS = "genesis"
CHECKPOINT = "checkpoint"
PROPOSAL = "proposal"
START = "start"
REFUSAL = "refusal"
WITHDRAWAL = "withdrawal"
FAILURE = "failure"
EXPIRY = "expiry"
PLAN = "plan"
BLOCK = "block "
ORDER = "order to "


def step(number: int) -> str:
    """One change of the members that count, from 1."""
    return f"step {number}"


def block(height: int) -> str:
    """A block's summary."""
    return f"{BLOCK}{height}"


def consent(org: str) -> str:
    """A party's consent."""
    return f"consent of {org}"


def receipt(org: str) -> str:
    """A participant's receipt."""
    return f"receipt of {org}"


def registration(dataset: str) -> str:
    """The registration of a dataset version."""
    return f"registration of {dataset}"


def giving(grant: bytes) -> str:
    """The transaction that gave a grant."""
    return f"giving of grant {grant.hex()}"


def terms(grant: bytes) -> str:
    """The body that a grant's commitment is to."""
    return f"terms of grant {grant.hex()}"


def card(dataset: str) -> str:
    """The body that a dataset's commitment is to."""
    return f"card of {dataset}"


def detail(org: str) -> str:
    """The body that a receipt's commitment is to."""
    return f"detail of {org}"


def order(action: str, number: bytes) -> str:
    """The transaction by which an order was handed in."""
    return f"{ORDER}{action} {number.hex()}"


def record(kind: type[Record], identifier: str, height: int) -> str:
    """The proof of a record in the state after a block."""
    return f"{kind.NAMESPACE} {identifier} at block {height}"
