"""Private set intersection by Diffie-Hellman on Curve25519: two parties, one of them learns which of its items both have.

    side        gives                 gets                               learns beside that
    sender      a set                 nothing                            the size of the receiver's set
    receiver    a set                 which of its rows the sender has   the size of the sender's set

The model is semi-honest: who follows the messages learns no more than this table says. A peer that announces one thing and
sends another, repeats tags, or sends what is no point is caught; a peer that brings invented items is not, and row
caps, grants and budgets bound what that gives it; a sender that answers falsely is not, and makes the result wrong. Both learn
how long it took.

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

The sender has a secret function; the receiver asks it for the value at each of its items without showing them, and the sender
gives the values at all of its own. So the sender does nearly all the work: it multiplies an arbitrary point for each item of
either side, the receiver only fixed ones.

`core` is the mathematics, `sender` and `receiver` the conversation, `side` what the two have in common, `params` the numbers.

Source: Jarecki, Liu (SCN 2010) for the intersection; Jarecki, Krawczyk, Xu (PKC 2021) for the function's blinding; hashing to
the curve by RFC 9380 section 8.5, the ladder by RFC 7748. Spec: specs/psi-ecdh.md.
"""

from atoll.protocols.psi_ecdh.errors import (
    BadKey,
    BadPoint,
    ForeignCheckpoint,
    PeerSetTooLarge,
    RepeatedTag,
    TooManyItems,
    WrongFrame,
)
from atoll.protocols.psi_ecdh.messages import PublicKey, SetSize
from atoll.protocols.psi_ecdh.params import Limits
from atoll.protocols.psi_ecdh.receiver import receiver
from atoll.protocols.psi_ecdh.sender import sender

__all__ = [
    "BadKey",
    "BadPoint",
    "ForeignCheckpoint",
    "Limits",
    "PeerSetTooLarge",
    "PublicKey",
    "RepeatedTag",
    "SetSize",
    "TooManyItems",
    "WrongFrame",
    "receiver",
    "sender",
]
