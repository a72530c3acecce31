"""What compute nodes sign in malicious mode, with keys that protect nothing."""

from __future__ import annotations

from hashlib import sha256

from atoll.primitives.drbg import SeededEntropy
from atoll.protocols.mpc.claims import PlaceKey, SignedKey
from atoll.protocols.mpc.witness import Witness
from atoll.trust.keys import Purpose, SecretKey

NODES = 3


def witness(me: int, context: bytes) -> Witness:
    """A node's, as the product gives it one: what it says is hashed and signed, and its neighbours are held to theirs."""
    identities = {place: _key("identity", place) for place in range(NODES)}
    own = _key("place", me)
    key = PlaceKey(context=context, place=me, public=own.public.data)
    signed = SignedKey(org=f"node-{me}", key=key, signature=identities[me].sign(key.to_sign()))
    orgs = {place: f"node-{place}" for place in identities}
    return Witness(signed, own.sign, orgs, {place: (one.public.data,) for place, one in identities.items()})


def _key(name: str, place: int) -> SecretKey:
    return SecretKey.generate(Purpose.IDENTITY, SeededEntropy(sha256(f"benchmark {name} {place}".encode()).digest()))
