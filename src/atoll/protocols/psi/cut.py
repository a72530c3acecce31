"""How many buckets sets are cut into, and how large each is made to look.

The number of keys in a bucket is a histogram of hashed keys, so it is never shown: every bucket of a set is filled with dummies
to one size, which follows from the announced number of rows alone.
"""

from __future__ import annotations

from math import ceil, sqrt

TARGET_KEYS = 1 << 20
"""Keys of a bucket, about: large enough that padding and setup cost little, small enough that a bucket's work fits in a few
hundred megabytes."""

SIGMAS = 8
"""Room above the mean, in standard deviations of a binomial. One bucket overflows with 2^-50, one of 1,000 with 2^-40.5."""


def bucket_count(most_rows: int) -> int:
    """Buckets for sets of which the largest announced `most_rows` rows; at least 1, the same at every party."""
    return max(1, -(-most_rows // TARGET_KEYS))


def padded_size(rows: int, buckets: int) -> int:
    """The size that each bucket of a set of `rows` announced rows is filled to: mean + SIGMAS sigma, `rows` for one bucket.

    >>> padded_size(1_000, 1), padded_size(10_000_000, 10)
    (1000, 1007590)
    """
    mean = rows / buckets
    return min(rows, ceil(mean + SIGMAS * sqrt(mean * (1 - 1 / buckets))))
