"""What both sides must agree on before the first message, beside the row caps, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from atoll.primitives.drbg import SeededEntropy
from atoll.primitives.oprf import Mode, ServerKey

PROTOCOL = "psi-oprf-ristretto255"
VERSION = 1

DATASET_BYTES = 32
CACHE_KEY_BYTES = 32
SECRET_BYTES = 32

MAX_TABLE_ROWS = 1 << 26
"""Largest set that a table is made of: about 2 GiB while it is sorted."""

ELEMENTS_PER_FRAME = 1 << 14
"""Keys of one frame, and of one proof."""

LOOKUP_BITS = 24
"""How many look-ups in one table, all jobs of an epoch together, the bound on false matches covers: 2^24."""

STATISTICAL_BITS = 40

_EPOCH_DOMAIN = b"ATOLL-V01-PSI-OPRF-EPOCH"
_SALT_DOMAIN = b"ATOLL-V01-PSI-OPRF-SALT"


@dataclass(frozen=True, slots=True)
class Epoch:
    """For what a table is made, and how long it lasts: a version of a dataset, and the owner's epoch.

    Key and salt are bound to both, so a table of another version or epoch matches nothing, and what was learnt in one epoch
    says nothing in the next.
    """

    dataset: bytes
    """Digest of the dataset's registered version, DATASET_BYTES. It follows from the rows, so the salt cannot be known while
    rows are still chosen."""
    number: int
    """The owner's epoch, 0 to 2^32 - 1: what the owner's node says it is, never what the receiver asks for."""

    def __post_init__(self) -> None:
        if len(self.dataset) != DATASET_BYTES or not 0 <= self.number < 1 << 32:
            raise ValueError(f"an epoch is a digest of {DATASET_BYTES} bytes and a number below 2^32")

    @property
    def cache_key(self) -> bytes:
        """The name under which tables are kept, CACHE_KEY_BYTES."""
        return sha256(_EPOCH_DOMAIN + self.dataset + self.number.to_bytes(4, "big")).digest()

    @property
    def salt(self) -> bytes:
        """Under which keys are hashed."""
        return sha256(_SALT_DOMAIN + self.cache_key).digest()


def derive_key(secret: bytes, epoch: Epoch) -> ServerKey:
    """The owner's key of one epoch.

    Args:
        secret: SECRET_BYTES of the owner's node, the same for all its datasets.
        epoch: another one gives an unrelated key.
    """
    seed = SeededEntropy(secret).fork(f"psi-oprf key {epoch.cache_key.hex()}").bytes(SECRET_BYTES)
    return ServerKey.derive(Mode.VOPRF, seed, epoch.cache_key)


def padded_entries(rows: int) -> int:
    """The size that a table of `rows` rows is filled to: rounded up by at most a sixteenth, and to at least 64.

    >>> [padded_entries(rows) for rows in (0, 64, 65, 1_000_000)]
    [64, 64, 68, 1015808]
    """
    step = 1 << max(0, rows.bit_length() - 5)
    return max(64, -(-rows // step) * step)


def tag_bytes(entries: int) -> int:
    """Bytes of an entry: STATISTICAL_BITS and room for all pairs of an entry and a look-up.

    >>> tag_bytes(64), tag_bytes(1 << 20), tag_bytes(1 << 26)
    (9, 11, 12)
    """
    return -(-(STATISTICAL_BITS + LOOKUP_BITS + (entries - 1).bit_length()) // 8)
