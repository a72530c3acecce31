"""How three nodes begin: fresh keys, each checked by both of its holders, and what malicious mode adds.

Each node draws a secret and gives it to the previous node; keys are its hash together with the context, the model and the
program. Digests of the same, which show nothing of it, go both ways, so nodes that run different things end before any share
is used.

Leaks: nothing. Spec: specs/mpc-engine.md.
"""

from __future__ import annotations

from functools import partial
from hashlib import sha256

from atoll.primitives.drbg import SeededEntropy
from atoll.primitives.replicated import Streams
from atoll.protocols.mpc.errors import SetUpDiffers
from atoll.protocols.mpc.node import KEY_BYTES, Adversary, Node
from atoll.protocols.mpc.notes import Notes
from atoll.protocols.mpc.places import compute, next_of, previous_of
from atoll.protocols.mpc.rounds import Heard, Round, Steps
from atoll.protocols.mpc.verification import verify

_SECRET_BYTES = 32
_KEY_DOMAIN = b"ATOLL-V01-MPC-KEY"
_CHECK_DOMAIN = b"ATOLL-V01-MPC-SETUP"


def set_up(
    me: int, *, context: bytes, seed: bytes, adversary: Adversary = Adversary.SEMI_HONEST, program: bytes = b""
) -> Steps[Node]:
    """Agree on keys, and make sure that all nodes run the same thing.

    Args:
        me: 0 to 2.
        context: digest of the plan and the attempt's number; equal at all nodes.
        seed: 32 secret bytes, fresh for this attempt.
        program: digest of what will run, when there is one.

    Raises:
        SetUpDiffers: a neighbour holds another key, context or program.

    Rounds: 2. Bytes sent a node: 32 for the key, 64 for the check. Leaks: nothing.
    """
    own_secret = SeededEntropy(seed).fork("mpc key").bytes(_SECRET_BYTES)
    heard: Heard = yield Round(to_previous=(own_secret,), from_next=_SECRET_BYTES)
    next_secret = bytes(heard.from_next)
    bound = len(context).to_bytes(8, "big") + context + adversary.encode() + b"\0" + program
    # Each key has two holders: both say what it is good for, in a digest that shows nothing of it.
    own_check, next_check = (sha256(_CHECK_DOMAIN + secret + bound).digest() for secret in (own_secret, next_secret))
    heard = yield Round(to_previous=(own_check,), to_next=(next_check,), from_previous=32, from_next=32)
    if heard.from_next != next_check:
        raise SetUpDiffers(party=str(compute(next_of(me))))
    if heard.from_previous != own_check:
        raise SetUpDiffers(party=str(compute(previous_of(me))))
    own_key, next_key = (sha256(_KEY_DOMAIN + secret + bound).digest()[:KEY_BYTES] for secret in (own_secret, next_secret))
    node = Node(me, Streams(own_key, next_key), adversary=adversary)
    if node.is_malicious:
        node.log = Notes()
        node.verify = partial(verify, node, node.log)
    return node
