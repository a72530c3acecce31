"""Malicious security with abort: all products, and shuffles, which are made of them, are verified before anything is opened.

A product of replicated shares is private whatever one node does; the worst is that it sends a wrong part, which adds something
of its choice to the product. So the engine runs as in semi-honest mode and takes notes, and before an opening each node proves
to the other two, without showing anything, that all it sent since the last one was right. Both others must be convinced; who is
not ends the run, before anybody learns what a wrong product would show.

Coins decide what is checked. A coin has three parts, one from each key, so each node lacks one of them: it hears it from the
previous node, once that has heard what the coin is to surprise it on, and a digest of it from the next node, so that nobody can
be given another coin than the others.

    1                   coin
    2, 3; 4, 5; ...     message to the previous node; coin
    last                what is left, to both neighbours

Coins and the last round are signed (`witness`): so is what stood before them, products and messages.

Adversary: one malicious node of three; a wrong product goes unnoticed with 2^-41 at the most. Leaks: nothing, but that the run
ends. Traffic grows with the logarithm of the products; see `traffic.verification`.

Source: Boyle, Gilboa, Ishai, Nof, CCS 2019, ePrint 2019/1390, sections 3 to 5. Spec: specs/mpc-malicious.md.
"""

from __future__ import annotations

from hashlib import sha256

from atoll.primitives.replicated_proof import COIN_BYTES, Proof
from atoll.protocols.mpc.errors import CoinDisputed, ProductsDisputed, TooManyProducts
from atoll.protocols.mpc.node import Node
from atoll.protocols.mpc.notes import Notes, Taken
from atoll.protocols.mpc.places import compute, next_of, previous_of
from atoll.protocols.mpc.rounds import Heard, Round, Side, Signed, Steps, Why

COIN_DIGEST_BYTES = 32
MAX_PRODUCTS = 1 << 31
"""So many would not fit the limbs in which a proof carries sums of products over to a prime field."""
WORD_BYTES = 8
_COIN_DOMAIN = b"ATOLL-V01-MPC-COIN"
_PROOF = Signed(Why.PROOF)
_COIN = Signed(Why.COIN, digest_to=Side.PREVIOUS, digest_from=Side.NEXT, prefix=_COIN_DOMAIN)


def verify(node: Node, notes: Notes) -> Steps[None]:
    """Verify all products noted so far.

    Those that another verification is busy with are verified here too: nobody opens anything on the strength of a verification
    that is not over.

    Raises:
        TooManyProducts: of numbers, by their count alone.
        ProductsDisputed: a node sent a wrong part of a product, or a bad proof.
        CoinDisputed: two nodes do not say the same coin.

    Rounds: none if there is nothing to verify; else 2 and 2 for every message.
    """
    taken = notes.take()
    if taken:
        verify_count(taken.numbers)
        yield from _prove(node, taken)
        notes.settle(taken)


def verify_count(numbers: int) -> None:
    """Refuse what no proof carries over to a prime field.

    Raises:
        TooManyProducts: of numbers, to be verified at once.
    """
    if numbers >= MAX_PRODUCTS:
        raise TooManyProducts(found=numbers, limit=MAX_PRODUCTS)


def _prove(node: Node, notes: Taken) -> Steps[None]:
    following, previous = next_of(node.me), previous_of(node.me)
    proof = Proof(node.streams, node.ticket(), notes.circuits, notes.products, notes.moves)
    coin = yield from _coin(node, proof)
    for length in proof.lengths:
        message = proof.challenge(coin)
        heard: Heard = yield Round(to_previous=(message,), from_next=WORD_BYTES * length)
        is_taken = proof.hear(heard.from_next)
        coin = yield from _coin(node, proof)  # who said the message signs it here: nobody is accused before
        if not is_taken:
            raise _disputed(following)
    proof.challenge(coin)
    to_previous, to_next = proof.shown()
    size = WORD_BYTES * proof.shown_words
    heard = yield Round(to_previous=(to_previous,), to_next=(to_next,), from_previous=size, from_next=size, signed=_PROOF)
    next_is_right, previous_is_right = proof.holds(heard.from_previous, heard.from_next)
    if not next_is_right:
        raise _disputed(following)
    if not previous_is_right:
        raise _disputed(previous)
    node.common = coin


def _coin(node: Node, proof: Proof) -> Steps[bytes]:
    """16 bytes that none of the nodes could foresee or choose. What binds the next node must have been heard before.

    Raises:
        CoinDisputed: the holders of the part that this node lacks do not say the same.

    Rounds: 1. Bytes sent a node: 48.
    """
    own, following = proof.coins()
    heard: Heard = yield Round(
        to_next=(own,),
        to_previous=(_digest(following),),
        from_previous=COIN_BYTES,
        from_next=COIN_DIGEST_BYTES,
        signed=_COIN,
    )
    missing = bytes(heard.from_previous)
    if _digest(missing) != heard.from_next:
        raise CoinDisputed(first=str(compute(previous_of(node.me))), second=str(compute(next_of(node.me))))
    return bytes(a ^ b ^ c for a, b, c in zip(own, following, missing, strict=True))


def _digest(part: bytes) -> bytes:
    return sha256(_COIN_DOMAIN + part).digest()


def _disputed(prover: int) -> ProductsDisputed:
    verifiers = previous_of(prover), next_of(prover)
    return ProductsDisputed(prover=str(compute(prover)), first=str(compute(verifiers[0])), second=str(compute(verifiers[1])))
