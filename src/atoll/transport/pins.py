"""Which certificates the ledger registers now, and whose is the one a peer showed.

Peers trust each other's TLS certificates because the ledger holds them in a record signed by the organisation's own identity
key. No certificate authority and no host name has a say.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from typing import TypeAlias

from atoll.transport.errors import CertificateNotRegistered, WrongPeer

Pins: TypeAlias = Callable[[], Mapping[str, tuple[bytes, ...]]]
"""Organisation -> its registered certificates (DER), read from the ledger each time it is called."""


def identify(certificate: bytes, pins: Pins) -> str:
    """The one organisation that registers exactly this certificate now.

    Raises:
        CertificateNotRegistered: none does, or two do, and then it identifies nobody.
    """
    shown = hashlib.sha256(certificate).digest()
    owners = [
        org
        for org, registered in pins().items()
        if any(hmac.compare_digest(hashlib.sha256(one).digest(), shown) for one in registered)
    ]
    if len(owners) != 1:
        raise CertificateNotRegistered(expected="exactly one member")
    return owners[0]


def verify_peer(certificate: bytes, pins: Pins, expected: str | None) -> str:
    """`identify`, and the answer must be `expected` unless that is None.

    Raises:
        CertificateNotRegistered: see `identify`.
        WrongPeer: it is another member's.
    """
    found = identify(certificate, pins)
    if expected is not None and found != expected:
        raise WrongPeer(expected=expected, found=found)
    return found
