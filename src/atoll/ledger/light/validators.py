"""The validators of one consensus height: whose signatures count, and how much.

Their order is CometBFT's, by power and then by address; a commit lists its signatures in it, and the header holds the RFC 6962
root over key and power of each. The address of a validator is derived from its key and never received.
Source: CometBFT v0.38.25, `types/validator.go`, `types/validator_set.go`, `crypto/ed25519`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, ClassVar

from atoll.ledger.light.header import ADDRESS_BYTES
from atoll.ledger.light.protobuf import blob, integer, message
from atoll.primitives.merkle import MerkleTree, leaf_hash
from atoll.wire.errors import MessageError
from atoll.wire.message import Digest, Message, Range, Size

MAX_VALIDATORS = 256
MAX_TOTAL_POWER = (2**63 - 1) // 8
"""CometBFT's limit: powers are added up, and multiplied by three, in 64 bits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LightValidator(Message):
    """A validator as a header commits to it."""

    TAG: ClassVar[str] = "light-validator/1"

    key: Digest
    """Ed25519 consensus key."""
    power: Annotated[int, Range(1, MAX_TOTAL_POWER)]
    """Voting power; 1 each on a ledger of Atoll."""

    @property
    def address(self) -> bytes:
        """The key's name, 20 bytes."""
        return sha256(self.key).digest()[:ADDRESS_BYTES]

    def encode(self) -> bytes:
        """`SimpleValidator` as protobuf."""
        return message(1, blob(1, self.key)) + integer(2, self.power)


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidatorSet(Message):
    """Everybody who signs at a height; in order, each once."""

    TAG: ClassVar[str] = "validator-set/1"

    validators: Annotated[tuple[LightValidator, ...], Size(1, MAX_VALIDATORS)]
    """By power, the greatest first, then by address."""

    def __post_init__(self) -> None:
        Message.__post_init__(self)
        if self.validators != tuple(sorted(self.validators, key=_rank)):
            raise MessageError(message="ValidatorSet", field="validators", problem="not by power and address")
        if len({one.key for one in self.validators}) != len(self.validators):
            raise MessageError(message="ValidatorSet", field="validators", problem="one of them is there twice")
        if self.power > MAX_TOTAL_POWER:
            raise MessageError(message="ValidatorSet", field="validators", problem="too much power together")

    @property
    def power(self) -> int:
        """Power of all of them."""
        return sum(one.power for one in self.validators)

    def hash(self) -> bytes:
        """What headers hold, 32 bytes."""
        return MerkleTree(leaf_hash(one.encode()) for one in self.validators).root()


def make_validator_set(powers: Iterable[tuple[bytes, int]]) -> ValidatorSet:
    """The set of these keys and powers, in any order.

    Raises:
        MessageError: none, too many, a key twice, or a power out of range.
    """
    validators = (LightValidator(key=key, power=power) for key, power in powers)
    return ValidatorSet(validators=tuple(sorted(validators, key=_rank)))


def _rank(one: LightValidator) -> tuple[int, bytes]:
    return -one.power, one.address
