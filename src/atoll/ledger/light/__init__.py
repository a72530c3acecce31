"""Light verification of CometBFT: believing a header, and what hangs from it, without running a validator.

    light = keep_votes(parse_rpc_light_block(commit, validators))       # at a node
    verify_skipping(trusted, trusted_next, light)                       # anywhere, offline

| module | its one idea |
|---|---|
| `protobuf` | the few encodings that are hashed and signed |
| `header`, `validators`, `commit`, `block` | what is hashed and signed |
| `verify` | from a header that is trusted to the next one, or to one further on |
| `forks` | two decided blocks of one height, and who voted for both |
| `transactions`, `state` | what hangs from a header: transactions, records, and that there is none |
| `rpc` | all of these from what a CometBFT node answers |

Specification: specs/light-client.md.
"""

from atoll.ledger.light.block import LightBlock
from atoll.ledger.light.commit import ABSENT, Commit, CommitSig, Vote
from atoll.ledger.light.forks import Fork, find_fork
from atoll.ledger.light.header import BlockId, Header
from atoll.ledger.light.rpc import parse_rpc_commit, parse_rpc_light_block, parse_rpc_transaction
from atoll.ledger.light.state import verify_absence, verify_presence
from atoll.ledger.light.transactions import TransactionProof, prove_transaction, verify_transaction
from atoll.ledger.light.validators import LightValidator, ValidatorSet, make_validator_set
from atoll.ledger.light.verify import (
    TrustingPeriod,
    Voted,
    keep_votes,
    verify_adjacent,
    verify_light_block,
    verify_skipping,
)

__all__ = [
    "ABSENT",
    "BlockId",
    "Commit",
    "CommitSig",
    "Fork",
    "Header",
    "LightBlock",
    "LightValidator",
    "TransactionProof",
    "TrustingPeriod",
    "ValidatorSet",
    "Vote",
    "Voted",
    "find_fork",
    "keep_votes",
    "make_validator_set",
    "parse_rpc_commit",
    "parse_rpc_light_block",
    "parse_rpc_transaction",
    "prove_transaction",
    "verify_absence",
    "verify_adjacent",
    "verify_light_block",
    "verify_presence",
    "verify_skipping",
    "verify_transaction",
]
