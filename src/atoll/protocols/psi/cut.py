"""How many buckets sets are cut into, and how large each is made to look.

The number of keys in a bucket is a histogram of hashed keys, so it is never shown: every bucket of a set is filled with dummies
to one size, which follows from the announced number of rows alone.
"""

from __future__ import annotations

from math import ceil, log, sqrt

TARGET_KEYS = 1 << 19
"""Most keys of a bucket, about. Measured with RR22 at 2^20 rows: two buckets take a sixth less CPU time than one, because they
stay closer to the caches, use memory again, and both sides work at the same time; each further bucket costs 2 bits a row.
A bucket's work fits in about 150 megabytes."""

SIGMAS = 8
"""Room above the mean, in standard deviations of a binomial. One bucket overflows with 2^-50, one of 1,000 with 2^-40.5."""


LEAST_KEYS = 1 << 14
"""Fewest keys of the smallest set in a bucket: fewer, and the padding is more than a sixteenth of the set."""

MOST_KEYS = 1 << 22
"""Most keys of any set in a bucket, however few the smallest set has: about a gigabyte of work."""


def bucket_count(*rows: int) -> int:
    """Buckets for sets that announced these numbers of rows; at least 1, the same at every party.

    >>> bucket_count(1 << 20, 1 << 20), bucket_count(1_000, 1 << 20), bucket_count(1_000, 100_000_000)
    (2, 1, 24)
    """
    most, least = max(rows), min(rows)
    return max(1, -(-most // MOST_KEYS), min(-(-most // TARGET_KEYS), least // LEAST_KEYS))


def padded_total(rows: int, buckets: int) -> int:
    """Keys and dummies of a set in all its buckets; a hostile party may have real keys in place of the dummies."""
    return buckets * padded_size(rows, buckets)


def is_within_cap(rows: int, buckets: int, cap: int) -> bool:
    """Whether a set with its dummies keeps to a row cap, up to a sixteenth."""
    return padded_total(rows, buckets) <= cap + cap // 16


def padded_size(rows: int, buckets: int) -> int:
    """The size that each bucket of a set of `rows` announced rows is filled to.

    Mean + SIGMAS sigma; where a bucket has so few keys that the normal tail is no guide, what Chernoff's bound asks for; never
    more than `rows`.

    >>> padded_size(1_000, 1), padded_size(10_000_000, 10), padded_size(1_000, 100)
    (1000, 1007837, 44)
    """
    mean = rows / buckets
    room = ceil(mean + SIGMAS * sqrt(mean * (1 - 1 / buckets)))
    while room < rows and not _is_rare(mean, room + 1, buckets):
        room += 1 + room // 8192
    return min(rows, room)


def _is_rare(mean: float, keys: int, buckets: int) -> bool:
    """Whether a bucket has `keys` keys or more with at most 2^-40, by Chernoff: P <= exp(keys - mean) (mean / keys)^keys."""
    return keys - mean - keys * log(keys / mean) + log(buckets) <= -40 * log(2)
