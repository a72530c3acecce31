"""Names that hold outside a ledger: URNs of what stands on it."""

from __future__ import annotations


def dataset_iri(chain_id: str, dataset: str) -> str:
    """The name of a dataset version."""
    return f"urn:atoll:{chain_id}:dataset:{dataset}"


def member_iri(chain_id: str, org: str) -> str:
    """The name of a member."""
    return f"urn:atoll:{chain_id}:member:{org}"


def grant_iri(chain_id: str, grant: bytes) -> str:
    """The name of a grant."""
    return f"urn:atoll:{chain_id}:grant:{grant.hex()}"
