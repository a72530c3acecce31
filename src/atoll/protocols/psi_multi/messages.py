"""The typed messages; everything large travels as raw frames, whose lengths follow from the announced sizes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from atoll.protocols.psi.items import MAX_ROWS
from atoll.protocols.psi_multi.params import MAX_OWNERS, ZERO_KEY_BYTES
from atoll.wire.message import Digest, Message, Range, Size


@dataclass(frozen=True, slots=True, kw_only=True)
class SetSize(Message):
    """First: every party to every other."""

    TAG: ClassVar[str] = "psi-multi.set-size/1"

    rows: Annotated[int, Range(0, MAX_ROWS)]
    """Rows with a key, equal keys counted each: an upper bound on the keys."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ZeroKey(Message):
    """Owner to each owner of a higher index: the key of their common shares of zero."""

    TAG: ClassVar[str] = "psi-multi.zero-key/1"

    key: Annotated[bytes, Size(ZERO_KEY_BYTES)]
    """Secret; uniform, fresh for each run. It never goes to the receiver."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State(Message):
    """A checkpoint. Randomness follows from the seed, which the caller keeps; here stands what was agreed and heard."""

    TAG: ClassVar[str] = "psi-multi.state/1"

    binding: Digest
    """The run that this belongs to: seed, context, places, sizes."""
    rows: Annotated[tuple[Annotated[int, Range(0, MAX_ROWS)], ...], Size(1, MAX_OWNERS + 1)]
    """Announced rows: the receiver's, then each owner's."""
    salt: Digest
    """The joint salt."""
    heard: Annotated[bytes, Size(0, 1 << 20)]
    """Setup messages, and an owner's zero keys, one after the other; all have fixed lengths."""
    buckets_done: Annotated[int, Range(1, 1 << 16)]
    """Buckets that need not be repeated."""
    matched_keys: Annotated[int, Range(0, MAX_ROWS)]
    """Receiver only: keys found so far."""
    matched: Annotated[bytes, Size(0, 4 * MAX_ROWS)]
    """Receiver only: their rows, 4 bytes each, in any order."""
