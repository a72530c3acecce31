"""Private set intersection by RR22: for two parties and sets of any size; the fastest there is, and moderate in bytes.

    side        gives     gets                                        learns beside that
    sender      a set     nothing                                     rows of the receiver
    receiver    a set     which of its keys the sender has as well    rows of the sender

Both announce rows, an upper bound of their keys; buckets are filled with dummies to a size that follows from the announcement,
so nothing else of a set's shape is shown. Ten lines are a run; `pump` stands for the network:

    >>> from atoll.protocols.psi import MemoryItems
    >>> from atoll.protocols.pump import pump
    >>> from atoll.protocols.role import Party
    >>> bank, bureau = Party("receiver"), Party("owner")
    >>> agreed = {"context": bytes(32), "limits": Limits(own_items=10, peer_items=10)}
    >>> ours, theirs = MemoryItems([b"ann", b"bob", b"eve"]), MemoryItems([b"bob", b"eve", b"joe", b"zoe"])
    >>> matches = pump({
    ...     bank: receiver(ours, me=bank, sender=bureau, seed=bytes([1] * 32), **agreed),
    ...     bureau: sender(theirs, me=bureau, receiver=bank, seed=bytes([2] * 32), **agreed),
    ... })[bank]
    >>> matches.keys, list(memoryview(matches.rows).cast("I"))
    (2, [1, 2])

`mode` is semi-honest (who follows the messages learns no more than the table says) or malicious (whoever does not either;
what a cheating receiver may gain is said in `params`). `variant` is fast or low-communication, which sends a third less and
computes longer.

`params` has the numbers, `core` the small mathematics, `receiver` and `sender` the conversation; the kernels are in Rust
(`atoll.primitives.vole_oprf`). Spec: specs/psi-rr22.md.

Source: Raghuraman and Rindal, "Blazing Fast PSI from Improved OKVS and Subfield VOLE", CCS 2022, ePrint 2022/320; malicious:
Rindal and Schoppmann, "VOLE-PSI", EUROCRYPT 2021, ePrint 2021/266. The VOLE is of expand-convolute codes, never Silver.
"""

from atoll.protocols.psi.limits import Limits
from atoll.protocols.psi_rr22.errors import CoinChanged, TermsDiffer, TooManyForVariant
from atoll.protocols.psi_rr22.params import FAST, LOW_COMMUNICATION, MALICIOUS, SEMI_HONEST, covered_keys, leakage
from atoll.protocols.psi_rr22.receiver import receiver
from atoll.protocols.psi_rr22.sender import sender

__all__ = [
    "FAST",
    "LOW_COMMUNICATION",
    "MALICIOUS",
    "SEMI_HONEST",
    "CoinChanged",
    "Limits",
    "TermsDiffer",
    "TooManyForVariant",
    "covered_keys",
    "leakage",
    "receiver",
    "sender",
]
