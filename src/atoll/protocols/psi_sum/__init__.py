"""The sum of one side's values over the keys that both have, without telling which.

    side        gives                      gets                         learns beside that
    sender      a set, a value for a key   nothing                      the receiver's number of rows
    receiver    a set                      how many keys both have, and the sum of the sender's values over them
                                                                        the sender's number of rows

Fewer matches than agreed: the receiver learns the count alone. The sender's values are encrypted under a key of its own; the
receiver adds up those of matched keys, without seeing them, and has the sum opened with the sender's help, by one element that
is uniform whatever was added: so the sender sees neither the sum nor the count.

    >>> from atoll.protocols.psi import MemoryItems
    >>> from atoll.protocols.pump import pump
    >>> from atoll.protocols.role import Party
    >>> bank, bureau = Party("receiver"), Party("owner")
    >>> agreed = {"context": bytes(32), "limits": Limits(own_items=10, peer_items=10), "terms": Terms(total_bits=32)}
    >>> ours, theirs = MemoryItems([b"ann", b"bob", b"eve"]), MemoryItems([b"eve", b"joe", b"bob"])
    >>> amounts = [100, 7, -30]
    >>> def values(keys):
    ...     return b"".join(amounts[row].to_bytes(8, "little", signed=True) for row in keys.rows[::4])
    >>> pump({
    ...     bank: receiver(ours, me=bank, sender=bureau, seed=bytes([1] * 32), **agreed),
    ...     bureau: sender(theirs, values, me=bureau, receiver=bank, seed=bytes([2] * 32), **agreed),
    ... })[bank]
    Sum(keys=2, total=70, spoiled=False)

Source: Ion, Kreuter, Nergiz, Patel, Saxena, Seth, Raykova, Shanahan, Yung, On deploying secure computing: private
intersection-sum-with-cardinality, EuroS&P 2020 (ePrint 2019/723), the protocol from DDH: the receiver is its party 1, the
sender its party 2, which decrypts blindly (Sakurai, Yamane 1996). Homomorphic encryption: exponential ElGamal
(`primitives.elgamal`).
Spec: specs/psi-sum.md.
"""

from atoll.protocols.psi.limits import Limits
from atoll.protocols.psi_sum.errors import BadAggregate, BadPublicKey, BadShare, TotalTooWide
from atoll.protocols.psi_sum.params import Terms
from atoll.protocols.psi_sum.receiver import Sum, receiver
from atoll.protocols.psi_sum.sender import ValuesOf, sender

__all__ = [
    "BadAggregate",
    "BadPublicKey",
    "BadShare",
    "Limits",
    "Sum",
    "Terms",
    "TotalTooWide",
    "ValuesOf",
    "receiver",
    "sender",
]
