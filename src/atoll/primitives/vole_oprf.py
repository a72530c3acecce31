"""An oblivious pseudorandom function F from correlated randomness: one side gets F of its keys, the other can compute F.

Raghuraman and Rindal, ePrint 2022/320, and in the malicious form Rindal and Schoppmann, ePrint 2021/266. A pair of
parties sets up once a job and then runs instances, each under its own number and its own 32-byte domain:

    receiver                                    sender
    VectorSetup(seed, context)                  DeltaSetup(seed, context)
                                  <- send_0 --
                                  -- send_1 ->
    OprfReceiver(setup, 0, domain, keys)        OprfSender(setup, 0, domain, keys)
    .encode(digests)
                                  -- send_0 ->
                                  <- send_1 --
    in the malicious form         -- send_2 ->
    .expand()                     <- send_3 --  .expand()
    .mask()                       -- masked ->  .receive_masked(...)
    .evaluate()                                 .evaluate(any digests)

Everything sent follows from the seeds, so a side that is built anew and given the same messages sends the same to the bit.
Message lengths follow from the parameters: `setup_bytes`, `instance_bytes`. In the malicious form both sides toss a coin of 16
bytes, the sender committed to its share before it sees the masked store, and give it to `evaluate`.

Leaks: `keys`, the receiver's announced number; nothing else to the sender, and to the receiver nothing of F elsewhere. Over
the subfield F may be evaluated at no more than 2^24 keys of the sender in all instances together (2^-40).
"""

from __future__ import annotations

from typing import NamedTuple

from atoll import _core
from atoll._core import VoleDeltaSetup as DeltaSetup
from atoll._core import VoleOprfReceiver as OprfReceiver
from atoll._core import VoleOprfSender as OprfSender
from atoll._core import VoleVectorSetup as VectorSetup
from atoll._core import match_sorted_tags, sorted_tags

__all__ = [
    "COIN_BYTES",
    "DOMAIN_BYTES",
    "OUTPUT_BYTES",
    "SEED_BYTES",
    "DeltaSetup",
    "InstanceBytes",
    "OprfReceiver",
    "OprfSender",
    "VectorSetup",
    "instance_bytes",
    "match_sorted_tags",
    "setup_bytes",
    "sorted_tags",
]

SEED_BYTES = 32
DOMAIN_BYTES = 32
OUTPUT_BYTES = 16
COIN_BYTES = 16


class InstanceBytes(NamedTuple):
    """How long the messages of an instance are."""

    vole: tuple[int, ...]
    """Messages 0, 1, ... of the VOLE, the receiver's first."""
    masked: int
    """The masked store."""


def setup_bytes() -> tuple[int, int]:
    """Bytes of the setup's two messages, the sender's first."""
    return _core.vole_setup_bytes()


def instance_bytes(keys: int, *, subfield: bool = False, malicious: bool = False, failure_bits: int = 40) -> InstanceBytes:
    """The message lengths of an instance; both sides compute the same.

    Raises:
        ValueError: subfield and malicious together, or too many keys for one instance.
    """
    vole, masked = _core.vole_oprf_bytes(keys, subfield, malicious, failure_bits)
    return InstanceBytes(tuple(vole), masked)
