"""What the oracles of the intersections by Diffie-Hellman share: keys to elements, lists as they are sent.

Everything that is random in a real run is given: secrets, orders, dummies. Digests stand for keys; how a key becomes one says
`digest_key`. Nothing here is constant time or refuses anything.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from specs.reference import ristretto255

GENERATOR = "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76"


@dataclass(frozen=True)
class Given:
    """One side, once the salt is drawn."""

    digests: list[bytes]
    """16 bytes a key; dummies, if any, behind the keys."""
    secret: int
    """Scalar, 1 to the group's order - 1."""
    order: list[int]
    """A permutation: at place i goes the digest of index order[i]."""

    @property
    def shuffled(self) -> list[bytes]:
        return [self.digests[index] for index in self.order]


@dataclass
class Said:
    """The frames of either side, each a list of equally long values."""

    sender: list[list[bytes]] = field(default_factory=list)
    receiver: list[list[bytes]] = field(default_factory=list)


def domain(name: str, context: bytes) -> bytes:
    """The tag under which the keys of a job are hashed to the group."""
    return f"ATOLL-V01-{name}-ristretto255_XMD:SHA-512_R255MAP_RO_{context.hex()}".encode()


def mask(digest: bytes, secret: int, dst: bytes) -> bytes:
    """A key hashed to the group, times a secret, encoded."""
    return times(ristretto255.encode(ristretto255.hash_to_group(digest, dst)), secret)


def times(encoded: bytes, secret: int) -> bytes:
    """An element times a scalar; the scalar may be negative."""
    point = ristretto255.decode(encoded)
    assert point is not None
    return ristretto255.encode(ristretto255.multiply(point, secret % ristretto255.ORDER))


def plus(left: bytes, right: bytes) -> bytes:
    """The sum of two elements, the identity (32 zero bytes) among them."""
    points = ristretto255.decode(left), ristretto255.decode(right)
    assert points[0] is not None
    assert points[1] is not None
    return ristretto255.encode(ristretto255.add(points[0], points[1]))


def inverse(secret: int) -> int:
    return pow(secret, -1, ristretto255.ORDER)


def tag(name: bytes, context: bytes, element: bytes) -> bytes:
    """The first 16 bytes of SHA-256 over domain tag, context and element."""
    return hashlib.sha256(name + context + element).digest()[:16]


def times_generator(number: int) -> bytes:
    return times(bytes.fromhex(GENERATOR), number)
