"""Randomness that can be replayed: one secret seed, any number of independent streams.

A session that must survive a crash seals its seed in a checkpoint and gets the same bytes again (SECURITY.md 4.3); a test
gives a fixed seed. The stream is SHAKE-256 (FIPS 202 section 6.2) of a fixed-width frame, block by block:

    block(n) = SHAKE-256(tag || seed || n, 1088 bytes)
    fork     = SHAKE-256(tag' || seed || length of label || label, 32 bytes)

with distinct tags of equal length and numbers as 64 bits big-endian. A sponge keyed by a 256-bit prefix is a pseudorandom
function.
"""

from __future__ import annotations

import hashlib

SEED_BYTES = 32

_STREAM_TAG = b"atoll drbg v1 stream"
_FORK_TAG = b"atoll drbg v1 fork  "
_BLOCK_BYTES = 1088  # eight rates of SHAKE-256


class SeededEntropy:
    """An `atoll.ports.Entropy` that gives the same bytes for the same seed, however they are cut into calls."""

    def __init__(self, seed: bytes) -> None:
        """
        Args:
            seed: 32 bytes; as secret as everything drawn from it.
        """
        if len(seed) != SEED_BYTES:
            raise ValueError(f"{len(seed)} bytes given, {SEED_BYTES} needed")
        self._seed = seed
        self._blocks = 0
        self._rest = b""

    def bytes(self, length: int) -> bytes:
        """The next `length` bytes of the stream."""
        if length < 0:
            raise ValueError("a length is not negative")
        parts = [self._rest]
        missing = length - len(self._rest)
        while missing > 0:
            parts.append(_shake(_STREAM_TAG, self._seed, _frame(self._blocks), _BLOCK_BYTES))
            self._blocks += 1
            missing -= _BLOCK_BYTES
        drawn = b"".join(parts)
        self._rest = drawn[length:]
        return drawn[:length]

    def fork(self, label: str) -> SeededEntropy:
        """A stream of its own for `label`; the same wherever this stream stands, and unrelated to it and to other labels."""
        name = label.encode()
        return SeededEntropy(_shake(_FORK_TAG, self._seed, _frame(len(name)) + name, SEED_BYTES))

    def __repr__(self) -> str:
        return "SeededEntropy(...)"


def _frame(number: int) -> bytes:
    return number.to_bytes(8, "big")


def _shake(tag: bytes, seed: bytes, rest: bytes, length: int) -> bytes:
    return hashlib.shake_256(tag + seed + rest).digest(length)
