"""Private intersection of three sets or more: one receiver learns which of its keys all owners have.

    side        gives       gets                                   learns beside that
    owner       a set       nothing                                everybody's number of rows
    receiver    a set       the rows whose key all owners have     every owner's number of rows

Nobody learns the size of any pairwise or smaller intersection. The model is semi-honest, and any coalition may form: owners
together learn nothing; the receiver together with some owners learns which of its keys all the other owners have, as it
would if those owners had brought its own set (the *augmented* model).

    >>> from atoll.protocols.psi import MemoryItems
    >>> from atoll.protocols.pump import pump
    >>> from atoll.protocols.role import Party
    >>> bank, bureau, telecom = Party("receiver"), Party("owner"), Party("owner", 1)
    >>> limits = Limits(rows={bank: 10, bureau: 10, telecom: 10})
    >>> agreed = {"owners": [bureau, telecom], "context": bytes(32), "limits": limits}
    >>> ran = pump({
    ...     bank: receiver(MemoryItems([b"ann", b"bob", b"eve"]), me=bank, seed=bytes([1] * 32), **agreed),
    ...     bureau: owner(MemoryItems([b"bob", b"eve", b"joe"]), me=bureau, receiver=bank, seed=bytes([2] * 32), **agreed),
    ...     telecom: owner(MemoryItems([b"zoe", b"bob", b"ann"]), me=telecom, receiver=bank, seed=bytes([3] * 32), **agreed),
    ... })
    >>> ran[bank].keys, list(ran[bank].rows)
    (1, [1, 0, 0, 0])

`receiver` and `owner` are the conversation, `table` what both have in common, `zero` the shares that cancel.

Source: Kolesnikov, Matania, Pinkas, Rosulek, Trieu, CCS 2017, ePrint 2017/799, section 5, with unconditional zero-sharing. The
oblivious function is `atoll.primitives.vole_oprf`, programmed by a store of `atoll.primitives.okvs`. Spec: specs/psi-multi.md.
"""

from atoll.protocols.psi_multi.errors import BrokenCorrelation
from atoll.protocols.psi_multi.owner import owner
from atoll.protocols.psi_multi.params import MAX_OWNERS, MIN_OWNERS, PROTOCOL, VERSION, Limits
from atoll.protocols.psi_multi.receiver import receiver

__all__ = [
    "MAX_OWNERS",
    "MIN_OWNERS",
    "PROTOCOL",
    "VERSION",
    "BrokenCorrelation",
    "Limits",
    "owner",
    "receiver",
]
