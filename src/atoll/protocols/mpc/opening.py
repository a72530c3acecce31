"""Opening a shared value to all three nodes.

Node i lacks the part x_{i+2}. The previous node sends it, and the next node, who holds it too, sends its digest: a node that
alters a part is noticed by who gets it, in semi-honest mode as well. In malicious mode everything that was multiplied is
verified first (`Node.verify`), so an altered product is noticed before anybody learns what it would show, and what is hashed
begins with a secret that comes from the proof's coin: nodes sign digests and show them to others, who could find what was
opened in few bits by trying.

Leaks: the value, to the nodes; nothing else, for the three parts are uniform but for their sum. What stands beyond the last
element of a bit plane is hidden first. Spec: specs/mpc-engine.md.
"""

from __future__ import annotations

from hashlib import sha256

import numpy as np

from atoll.primitives import replicated
from atoll.protocols.mpc.errors import OpeningDisputed
from atoll.protocols.mpc.node import Node
from atoll.protocols.mpc.places import compute, next_of, previous_of
from atoll.protocols.mpc.rounds import Heard, Round, Side, Signed, Steps, Why
from atoll.protocols.mpc.shares import WORD_BITS, Planes, Ring, Words, Words64

DIGEST_BYTES = 32
_DOMAIN = b"ATOLL-V01-MPC-OPENING"


def open_ring(node: Node, x: Ring) -> Steps[Words64]:
    """The numbers modulo 2^64, at every node; same shape.

    Raises:
        OpeningDisputed: the holders of a part do not say the same.

    Rounds: 1, and those of the verification. Bytes sent a node: 8 an element and 32.
    """
    return (yield from _open(node, x.shares, np.add))


def open_words(node: Node, x: Words) -> Steps[Words64]:
    """The words, at every node; as `open_ring`."""
    return (yield from _open(node, x.shares, np.bitwise_xor))


def open_planes(node: Node, x: Planes) -> Steps[Words64]:
    """The words, at every node, zeros above the width.

    Rounds: 1. Bytes sent a node: one bit an element and plane, rounded up to 64 elements, and 32.
    """
    planes = yield from _open(node, hide_the_rest(x), np.bitwise_xor)
    return np.asarray(replicated.to_words(planes, x.count), np.uint64)


def open_planes_to_pair(node: Node, x: Planes, part: int) -> Steps[Words64 | None]:
    """The words, at the two nodes that hold part `part` of everything, node `part` and the one before; None at the third.

    Both lack one part, hear it from one holder, and its digest from the other. The third node may learn nothing of a value that
    becomes those two nodes' common part of another one.

    Raises:
        OpeningDisputed: as `open_ring`.

    Rounds: 1, and those of the verification. Bytes sent: the planes once to each of the two, and twice 32.
    """
    yield from node.verify()
    prefix, planes = _prefix(node), hide_the_rest(x)
    own, following = np.ascontiguousarray(planes[0]), np.ascontiguousarray(planes[1])
    first, third = previous_of(part), next_of(part)
    # `first` lacks part + 1, held by `part` (second row) and `third` (own row); `part` lacks part + 2: `third`, `first`.
    if node.me == third:
        yield Round(to_next=(own,), to_previous=(following,), signed=Signed(Why.OPENING, prefix=prefix))
        return None
    side = Side.NEXT if node.me == first else Side.PREVIOUS
    signed = Signed(Why.OPENING, digest_to=side, digest_from=side, prefix=prefix)
    if node.me == first:
        digest_of_own = _digest(prefix, own.data)
        heard: Heard = yield Round(to_next=(digest_of_own,), from_previous=own.nbytes, from_next=DIGEST_BYTES, signed=signed)
        said, digest = heard.from_previous, heard.from_next
    else:
        digest_of_following = _digest(prefix, following.data)
        heard = yield Round(to_previous=(digest_of_following,), from_next=own.nbytes, from_previous=DIGEST_BYTES, signed=signed)
        said, digest = heard.from_next, heard.from_previous
    if _digest(prefix, said) != digest:
        raise OpeningDisputed(first=str(compute(previous_of(node.me))), second=str(compute(next_of(node.me))))
    missing = np.frombuffer(said, np.uint64).reshape(own.shape)
    return replicated.to_words(own ^ following ^ missing, x.count)


def hide_the_rest(x: Planes) -> Words64:
    """The planes with zeros beyond the last element: something else of the program may stand there."""
    used = x.count % WORD_BITS
    if not used:
        return x.planes
    planes = x.planes.copy()
    planes[..., -1] &= np.uint64((1 << used) - 1)
    return planes


def _open(node: Node, shares: Words64, add: np.ufunc) -> Steps[Words64]:
    yield from node.verify()
    prefix = _prefix(node)
    own, following = np.ascontiguousarray(shares[0]), np.ascontiguousarray(shares[1])
    heard: Heard = yield Round(
        to_next=(own,),
        to_previous=(_digest(prefix, following.data),),
        from_previous=own.nbytes,
        from_next=DIGEST_BYTES,
        signed=Signed(Why.OPENING, digest_to=Side.PREVIOUS, digest_from=Side.NEXT, prefix=prefix),
    )
    if _digest(prefix, heard.from_previous) != heard.from_next:
        raise OpeningDisputed(first=str(compute(previous_of(node.me))), second=str(compute(next_of(node.me))))
    missing = np.frombuffer(heard.from_previous, np.uint64).reshape(own.shape)
    opened: Words64 = add(add(own, following), missing)
    return opened.reshape(shares.shape[1:])


def _prefix(node: Node) -> bytes:
    """What stands before a part in its digest: in malicious mode a secret of the nodes, another one in each opening."""
    if node.common:
        node.common = sha256(_DOMAIN + node.common).digest()
    return node.common


def _digest(prefix: bytes, part: memoryview) -> bytes:
    digest = sha256(prefix)
    digest.update(part)
    return digest.digest()
