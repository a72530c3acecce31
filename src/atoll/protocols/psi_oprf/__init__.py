"""Intersection of a small set with a large one whose owner works in advance: a table an epoch, and a few look-ups.

    side        gives                  gets                     learns beside that
    sender      a set and its epoch    nothing                  the receiver's number of rows
    receiver    a set                  its keys that both have  about how large the sender's set is

Once an epoch the sender evaluates a secret function at every key of its set and sends short tags of the values, which the
receiver keeps. From then on a run costs what the receiver's few keys cost: it blinds them, the sender evaluates and proves that
it used its one key, the receiver unblinds and looks the values up. A new dataset version or epoch has another key; old tables
match nothing then.

    >>> from atoll.protocols.psi import MemoryItems
    >>> from atoll.protocols.pump import pump
    >>> from atoll.protocols.role import Party
    >>> bank, bureau = Party("receiver"), Party("owner")
    >>> agreed = {"context": bytes(32), "limits": Limits(own_items=10, peer_items=10), "epoch": Epoch(bytes(32), 1)}
    >>> theirs, kept = MemoryItems([b"bob", b"eve", b"joe"]), MemoryTables()
    >>> owned = {"secret": bytes([3] * 32), "cache": MemoryTables()}
    >>> def ask(*keys):
    ...     ours = MemoryItems(keys)
    ...     return pump({
    ...         bank: receiver(ours, me=bank, sender=bureau, seed=bytes([1] * 32), cache=kept, **agreed),
    ...         bureau: sender(theirs, me=bureau, receiver=bank, seed=bytes([2] * 32), **owned, **agreed),
    ...     })
    >>> first, second = ask(b"ann", b"eve"), ask(b"joe")
    >>> first[bank].keys, list(first[bank].rows[::4]), second[bank].keys
    (1, [1], 1)
    >>> sum(len(said.packet.data) for said in second.transcript)  # the table is there already
    345

Sources: intersection with a table of function values, A. Kiss, J. Liu, T. Schneider, N. Asokan, B. Pinkas, PoPETs 2017(4), and
D. Kales, C. Rechberger, T. Schneider, M. Senker, C. Weinert, USENIX Security 2019; the function, VOPRF of RFC 9497.
Spec: specs/psi-oprf.md.
"""

from atoll.protocols.psi.limits import Limits
from atoll.protocols.psi_oprf.errors import (
    BadProof,
    KeyChanged,
    TableLost,
    TableUnusable,
    TooManyLookUps,
    WrongEpoch,
    WrongTable,
)
from atoll.protocols.psi_oprf.meter import Meter, NotedMeter
from atoll.protocols.psi_oprf.params import Epoch, derive_key
from atoll.protocols.psi_oprf.receiver import receiver
from atoll.protocols.psi_oprf.sender import sender
from atoll.protocols.psi_oprf.table import MemoryTables, Table, TableCache, prepare_table

__all__ = [
    "BadProof",
    "Epoch",
    "KeyChanged",
    "Limits",
    "MemoryTables",
    "Meter",
    "NotedMeter",
    "Table",
    "TableCache",
    "TableLost",
    "TableUnusable",
    "TooManyLookUps",
    "WrongEpoch",
    "WrongTable",
    "derive_key",
    "prepare_table",
    "receiver",
    "sender",
]
