"""The app hash: one digest over the log and the state, in the form of CometBFT's simple map.

    kv(k, v) = SHA-256(0x00 || len(k) || k || 0x20 || SHA-256(v))
    app hash = SHA-256(0x01 || kv("log", L) || kv("state", S))
    L = log size as 8 big-endian bytes || log root,  S = root of the state tree

Both engines compute it, so the same blocks give the same hash on either. CometBFT's own tools prove the two entries
(`simple:v`), ICS 23 libraries do under `TENDERMINT_SPEC`, and from `state` a proof of the state tree goes on to a single key.
Source: CometBFT `crypto/merkle`, `types.KVPair` leaves; LEDGER design, section 6.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from atoll.primitives.ics23 import TENDERMINT_SPEC, verify_membership
from atoll.primitives.ics23_ops import CommitmentProof, ExistenceProof, HashOp, InnerOp
from atoll.primitives.merkle import HASH_BYTES, MAX_SIZE

LOG_KEY = b"log"
STATE_KEY = b"state"


@dataclass(frozen=True, slots=True, kw_only=True)
class AppState:
    """What an app hash stands for."""

    log_size: int
    """Entries in the log."""
    log_root: bytes
    """RFC 6962 root over them."""
    state_root: bytes
    """Root of the state tree after them."""

    def __post_init__(self) -> None:
        if not 0 <= self.log_size <= MAX_SIZE or {len(self.log_root), len(self.state_root)} != {HASH_BYTES}:
            raise ValueError("an app state is a size and two roots of 32 bytes")

    @property
    def log_value(self) -> bytes:
        """The value under LOG_KEY, 40 bytes."""
        return self.log_size.to_bytes(8, "big") + self.log_root

    @property
    def app_hash(self) -> bytes:
        """The app hash, 32 bytes."""
        return sha256(b"\x01" + _leaf(LOG_KEY, self.log_value) + _leaf(STATE_KEY, self.state_root)).digest()

    def prove_log(self) -> ExistenceProof:
        """That LOG_KEY has `log_value` under the app hash."""
        beside = InnerOp(hash=HashOp.SHA256, prefix=b"\x01", suffix=_leaf(STATE_KEY, self.state_root))
        return ExistenceProof(key=LOG_KEY, value=self.log_value, leaf=TENDERMINT_SPEC.leaf, path=(beside,))

    def prove_state(self) -> ExistenceProof:
        """That STATE_KEY has `state_root` under the app hash."""
        beside = InnerOp(hash=HashOp.SHA256, prefix=b"\x01" + _leaf(LOG_KEY, self.log_value))
        return ExistenceProof(key=STATE_KEY, value=self.state_root, leaf=TENDERMINT_SPEC.leaf, path=(beside,))


def app_hash(log_size: int, log_root: bytes, state_root: bytes) -> bytes:
    """The app hash over a log and a state root, 32 bytes."""
    return AppState(log_size=log_size, log_root=log_root, state_root=state_root).app_hash


def verify_state_root(app: bytes, proof: CommitmentProof, state_root: bytes) -> None:
    """Check that an app hash commits to a state root.

    Raises:
        CommitmentProofError: it does not, by this proof.
    """
    verify_membership(TENDERMINT_SPEC, app, proof, STATE_KEY, state_root)


def verify_log_root(app: bytes, proof: CommitmentProof, log_size: int, log_root: bytes) -> None:
    """Check that an app hash commits to a log of this size and root.

    Raises:
        CommitmentProofError: it does not, by this proof.
    """
    verify_membership(TENDERMINT_SPEC, app, proof, LOG_KEY, log_size.to_bytes(8, "big") + log_root)


def _leaf(key: bytes, value: bytes) -> bytes:
    return TENDERMINT_SPEC.leaf.apply(key, value)
