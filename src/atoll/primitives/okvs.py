"""Oblivious key-value stores: a value for each of n keys in about 1.35 n values that show nothing of the keys.

Raghuraman and Rindal, ePrint 2022/320: rows of weight three in clusters of 2^14 keys, a few dense columns a cluster, sizes from
the paper's measurements (`rust/core/src/okvs/shape.rs` has the formulas). A set does not fit with probability at most
2^-failure_bits over the row seed, which must be drawn once the keys are fixed. The length follows from the announced number
of keys alone, and with uniform values the whole store is uniform, so that it says nothing of the keys.

`specs/reference/okvs.py` is the slow form.
"""

from __future__ import annotations

from atoll import _core

SEED_BYTES = 32
FAILURE_BITS = 40


def store_bytes(keys: int, value_bytes: int, failure_bits: int = FAILURE_BITS) -> int:
    """Bytes of the store for at most `keys` keys, 0 to 2^30, with values of 8 or 16 bytes."""
    return _core.okvs_bytes(keys, value_bytes, failure_bits)


def encode(
    digests: bytes,
    values: bytes,
    *,
    keys: int,
    row_seed: bytes,
    filler_seed: bytes,
    value_bytes: int,
    failure_bits: int = FAILURE_BITS,
    threads: int = 0,
) -> bytes:
    """The store in which each digest has its value.

    Args:
        digests: distinct, 16 bytes each, at most `keys` of them.
        values: as many, `value_bytes` each: elements of the field of 2^64 or 2^128 elements (`rust/core/src/gf128`).
        keys: what the store is for; announced, not counted.
        row_seed: SEED_BYTES uniform bytes that both sides know, drawn after the digests were fixed.
        filler_seed: SEED_BYTES secret uniform bytes: what free columns hold.
        value_bytes: 8 or 16.
        failure_bits: see the module; more where many stores are made in one job.
        threads: 0 for all.

    Raises:
        StoreError: the digests do not fit. No second try: its outcome would tell the peer something.

    Leaks: nothing but `keys` if the values are uniform. Cost: 0.06 microseconds a key on one core.
    """
    return _core.okvs_encode(digests, values, keys, row_seed, filler_seed, value_bytes, failure_bits, threads)


def decode(
    digests: bytes,
    store: bytes,
    *,
    keys: int,
    row_seed: bytes,
    value_bytes: int,
    failure_bits: int = FAILURE_BITS,
    threads: int = 0,
) -> bytes:
    """The value of each digest, in order: what was encoded for it, or else something that depends on the whole store.

    Raises ValueError unless the store has `store_bytes(keys, value_bytes, failure_bits)` bytes. Cost: 0.04 microseconds a key.
    """
    return _core.okvs_decode(digests, store, keys, row_seed, value_bytes, failure_bits, threads)
