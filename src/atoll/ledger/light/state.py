"""What a believed header says of the ledger: its state root, and each record, or its absence, below that.

The app hash in a header is over log and state after the block *before* it (`atoll.ledger.app_hash`). Two ICS 23 proofs lead
from it to a record: that of the state root under the app hash, and that of the record under the state root.
"""

from __future__ import annotations

from atoll.ledger.app_hash import verify_state_root
from atoll.ledger.light.header import Header
from atoll.primitives.ics23 import SMT_SPEC, verify_membership, verify_non_membership
from atoll.primitives.ics23_ops import CommitmentProof, ExistenceProof


def verify_presence(header: Header, state: ExistenceProof, record: CommitmentProof, *, raw_key: bytes, value: bytes) -> None:
    """Verify that a record has this value in the state that a header commits to.

    Raises:
        CommitmentProofError: it has not, by these proofs.
    """
    verify_state_root(header.app_hash, state, state.value)
    verify_membership(SMT_SPEC, state.value, record, raw_key, value)


def verify_absence(header: Header, state: ExistenceProof, record: CommitmentProof, *, raw_key: bytes) -> None:
    """Verify that there is no such record in the state that a header commits to.

    Raises:
        CommitmentProofError: there may be, by these proofs.
    """
    verify_state_root(header.app_hash, state, state.value)
    verify_non_membership(SMT_SPEC, state.value, record, raw_key)
