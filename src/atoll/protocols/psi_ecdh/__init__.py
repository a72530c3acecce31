"""Private set intersection by Diffie-Hellman on Curve25519: two parties, one of them learns which of its items both have.

    side        gives                 gets                               learns beside that
    sender      a set                 nothing                            the size of the receiver's set
    receiver    a set                 which of its rows the sender has   the size of the sender's set

The model is semi-honest: who follows the messages learns no more than this table says. A peer that announces one thing and
sends another, repeats items, or sends what is no point is caught; a peer that brings invented items is not, and row
caps, grants and budgets bound what that gives it. Both learn how long it took.

Ten lines are a run; `pump` stands for the network:

    >>> from atoll.protocols.psi import MemoryItems
    >>> from atoll.protocols.pump import pump
    >>> from atoll.protocols.role import Party
    >>> bank, bureau = Party("receiver"), Party("owner")
    >>> agreed = {"context": bytes(32), "limits": Limits(own_items=10, peer_items=10)}
    >>> ours, theirs = MemoryItems([b"ann", b"bob", b"eve"]), MemoryItems([b"bob", b"eve", b"joe", b"zoe"])
    >>> found = pump({
    ...     bank: receiver(ours, me=bank, sender=bureau, seed=bytes([1] * 32), **agreed),
    ...     bureau: sender(theirs, me=bureau, receiver=bank, seed=bytes([2] * 32), **agreed),
    ... })[bank]
    >>> found.keys, found.rows.hex()  # two keys, in rows 1 and 2
    (2, '0100000002000000')

`core` is the mathematics, `sender` and `receiver` the conversation, `side` what the two have in common, `params` the numbers.

Source: the Diffie-Hellman matching of Meadows (IEEE S&P 1986), as set intersection Huberman, Franklin, Hogg (EC 1999), with
hashing to the curve by RFC 9380 section 8.5 and X25519 by RFC 7748. Spec: specs/psi-ecdh.md.
"""

from atoll.protocols.psi_ecdh.errors import (
    BadPoint,
    ForeignCheckpoint,
    PeerSetTooLarge,
    RepeatedPoint,
    RepeatedTag,
    TooManyItems,
    WrongFrame,
)
from atoll.protocols.psi_ecdh.messages import SetSize
from atoll.protocols.psi_ecdh.params import Limits
from atoll.protocols.psi_ecdh.receiver import receiver
from atoll.protocols.psi_ecdh.sender import sender

__all__ = [
    "BadPoint",
    "ForeignCheckpoint",
    "Limits",
    "PeerSetTooLarge",
    "RepeatedPoint",
    "RepeatedTag",
    "SetSize",
    "TooManyItems",
    "WrongFrame",
    "receiver",
    "sender",
]
