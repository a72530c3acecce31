"""CheckTx, the request that comes thousands of times a second, read without a protobuf message around it.

    42 <length> 0a <length> <transaction>            is it to be let in?
    42 <length> 0a <length> <transaction> 10 01      it was let in: does it still hold after a block?

These are the two forms that CometBFT writes. Whatever else a request may look like, protobuf reads it.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

from atoll.ledger.transaction import transaction_id
from atoll.primitives.uvarint import encode_uvarint

_CHECK_TX = b"\x42"
"""Field 8 of `Request`."""
_TX = b"\x0a"
"""Field 1 of `RequestCheckTx`."""
_RECHECK = b"\x10\x01"
"""Field 2 of `RequestCheckTx`, which is left out where it is 0."""
_LONGEST_HEAD = 12
_NEVER = b"\xff"
"""Begins no request."""


class Asked(NamedTuple):
    """A transaction that CometBFT, or whoever submits here, asks about."""

    data: bytes
    """The received bytes."""
    id: bytes
    """Their SHA-256, worked out once for all who keep something under it."""
    again: bool
    """Whether CometBFT holds it already, and asks after a block."""


def asked(data: bytes, *, again: bool = False) -> Asked:
    """What is asked about a transaction."""
    return Asked(data, transaction_id(data), again)


def read_check(message: bytes) -> Asked | None:
    """What a request asks about a transaction; None where it is in neither of the two forms."""
    if not message.startswith(_CHECK_TX):
        return None
    head = _head(len(message), b"")
    if message.startswith(head):
        return asked(message[len(head) :])
    head = _head(len(message), _RECHECK)
    if message.startswith(head) and message.endswith(_RECHECK):
        return asked(message[len(head) : -len(_RECHECK)], again=True)
    return None


@functools.lru_cache(maxsize=4096)
def _head(length: int, end: bytes) -> bytes:
    """What a request of so many bytes, with this behind its transaction, begins with: each length leaves one size of it."""
    for size in range(max(length - len(end) - _LONGEST_HEAD, 1), length - len(end)):
        inner = _TX + encode_uvarint(size)
        head = _CHECK_TX + encode_uvarint(len(inner) + size + len(end)) + inner
        if len(head) + size + len(end) == length:
            return head
    return _NEVER
