"""From matched keys back to rows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

import numpy as np

from atoll.protocols.psi.items import DIGEST_BYTES, Bucket, Matches

Places: TypeAlias = np.ndarray[Any, np.dtype[np.uint32]]
"""Numbers of places in a list."""


def select_keys(bucket: Bucket, indices: Places) -> Bucket:
    """The keys of these indices and their rows. `indices` are ascending, so the result is a bucket too."""
    ends = np.frombuffer(bucket.ends, "<u4").astype(np.int64)
    begins = np.concatenate([np.zeros(1, np.int64), ends])[:-1]
    lengths = (ends - begins)[indices]
    chosen_ends = np.cumsum(lengths)
    within = np.arange(lengths.sum()) - np.repeat(chosen_ends - lengths, lengths)
    rows = np.frombuffer(bucket.rows, "<u4")[np.repeat(begins[indices], lengths) + within]
    digests = np.frombuffer(bucket.digests, f"V{DIGEST_BYTES}")[indices]
    return Bucket(digests.tobytes(), chosen_ends.astype("<u4").tobytes(), rows.tobytes())


def join_buckets(buckets: Iterable[Bucket]) -> Bucket:
    """All of them as one; the keys stay in their order."""
    chosen = list(buckets)
    ends, before = [], 0
    for bucket in chosen:
        ends.append((np.frombuffer(bucket.ends, "<u4") + np.uint32(before)).astype("<u4").tobytes())
        before += len(bucket.rows) // 4
    return Bucket(b"".join(one.digests for one in chosen), b"".join(ends), b"".join(one.rows for one in chosen))


def matches_of(bucket: Bucket) -> Matches:
    """A bucket of matched keys as what a receiver learns."""
    rows = np.sort(np.frombuffer(bucket.rows, "<u4"))
    return Matches(len(bucket), rows.tobytes())
