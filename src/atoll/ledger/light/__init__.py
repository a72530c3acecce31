"""Light verification of CometBFT: believing a header, and what hangs from it, without running a validator.

| module | its one idea |
|---|---|
| `protobuf` | the few encodings that are hashed and signed |
| `header`, `validators`, `commit`, `block` | what is hashed and signed |
"""

from atoll.ledger.light.block import LightBlock
from atoll.ledger.light.commit import ABSENT, Commit, CommitSig, Vote
from atoll.ledger.light.header import BlockId, Header
from atoll.ledger.light.validators import LightValidator, ValidatorSet, make_validator_set

__all__ = [
    "ABSENT",
    "BlockId",
    "Commit",
    "CommitSig",
    "Header",
    "LightBlock",
    "LightValidator",
    "ValidatorSet",
    "Vote",
    "make_validator_set",
]
