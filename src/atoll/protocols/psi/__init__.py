"""What all intersection protocols share: sets that may not fit in memory, cut into buckets under a salt nobody chose.

`items` is what goes in and comes out, `memory` a small set; `hashing` and `cut` say how keys become buckets; `limits`,
`opening` and `state` how two sides begin and resume; `rows` goes back from keys to rows; `errors` what can go wrong.
"""

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
