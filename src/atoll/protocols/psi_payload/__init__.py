"""Intersection with payloads: the receiver learns which of its keys both have, and what belongs to them at the sender.

    side        gives                        gets                                          learns beside that
    sender      a set, a payload for a key   nothing                                       the receiver's number of rows
    receiver    a set                        its keys that both have, with their payloads  the sender's number of rows

The sender seals each payload under the value of its secret function at the key; only a tag, another output of the same hash,
goes with it. The receiver gets the value at each of its own keys without showing them, so it can open the payloads of those
and no others. Inner, left and anti joins are formed by the receiver alone, from its own rows and the matches: all three leak
exactly this, because who knows the matches among its rows knows the rest too.

    >>> from atoll.protocols.psi import MemoryItems
    >>> from atoll.protocols.pump import pump
    >>> from atoll.protocols.role import Party
    >>> bank, bureau = Party("receiver"), Party("owner")
    >>> agreed = {"context": bytes(32), "limits": Limits(own_items=10, peer_items=10), "payload_bytes": 2}
    >>> ours, theirs = MemoryItems([b"ann", b"bob", b"eve"]), MemoryItems([b"eve", b"joe"])
    >>> rows = [b"A1", b"B2"]
    >>> def payloads(keys):
    ...     return b"".join(rows[row] for row in keys.rows[::4])
    >>> received = pump({
    ...     bank: receiver(ours, me=bank, sender=bureau, seed=bytes([1] * 32), **agreed),
    ...     bureau: sender(theirs, payloads, me=bureau, receiver=bank, seed=bytes([2] * 32), **agreed),
    ... })[bank]
    >>> received.matches.keys, list(received.matches.rows[::4]), received.payloads
    (1, [2], b'A1')

Sources: the oblivious pseudorandom function 2HashDH of Jarecki, Kiayias, Krawczyk (ASIACRYPT 2014), as in RFC 9497;
intersection from it, with data attached, Freedman, Ishai, Pinkas, Reingold (TCC 2005) and Jarecki, Liu (TCC 2009).
Spec: specs/psi-payload.md.
"""

from atoll.protocols.psi.limits import Limits
from atoll.protocols.psi_payload.receiver import Received, receiver
from atoll.protocols.psi_payload.sender import PayloadsOf, sender

__all__ = ["Limits", "PayloadsOf", "Received", "receiver", "sender"]
