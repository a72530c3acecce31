"""What all intersection protocols share: sets that may not fit in memory, cut into buckets under a salt nobody chose."""

from atoll.protocols.psi.items import DIGEST_BYTES, MAX_ROWS, ROW_BYTES, SALT_BYTES, Bucket, Buckets, Items, Matches
from atoll.protocols.psi.memory import MemoryItems

__all__ = [
    "DIGEST_BYTES",
    "MAX_ROWS",
    "ROW_BYTES",
    "SALT_BYTES",
    "Bucket",
    "Buckets",
    "Items",
    "Matches",
    "MemoryItems",
]
