"""How many keys two sets share, and not which.

    side        gives    gets                     learns beside that
    sender      a set    nothing                  the receiver's number of rows
    receiver    a set    how many keys both have  the sender's number of rows

The sender answers the receiver's masked keys in an order of its own, so the receiver can count matches but not place them. With
`noise` the count is differentially private towards a receiver that keeps to the messages.

    >>> from atoll.protocols.psi import MemoryItems
    >>> from atoll.protocols.pump import pump
    >>> from atoll.protocols.role import Party
    >>> bank, bureau = Party("receiver"), Party("owner")
    >>> agreed = {"context": bytes(32), "limits": Limits(own_items=10, peer_items=10)}
    >>> ours, theirs = MemoryItems([b"ann", b"bob", b"eve"]), MemoryItems([b"eve", b"joe", b"bob"])
    >>> pump({
    ...     bank: receiver(ours, me=bank, sender=bureau, seed=bytes([1] * 32), **agreed),
    ...     bureau: sender(theirs, me=bureau, receiver=bank, seed=bytes([2] * 32), **agreed),
    ... })[bank]
    Cardinality(keys=2, noise=None)

Source: De Cristofaro, Gasti, Tsudik, Fast and private computation of cardinality of set intersection and union, CANS 2012,
over ristretto255; the noise: Ghosh, Roughgarden, Sundararajan, STOC 2009. Spec: specs/psi-cardinality.md.
"""

from atoll.protocols.psi.limits import Limits
from atoll.protocols.psi_cardinality.params import Noise
from atoll.protocols.psi_cardinality.receiver import Cardinality, receiver
from atoll.protocols.psi_cardinality.sender import sender

__all__ = ["Cardinality", "Limits", "Noise", "receiver", "sender"]
