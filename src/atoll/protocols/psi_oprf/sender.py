"""The sender: offers its table, and evaluates its function at the receiver's blinded keys."""

from __future__ import annotations

from hashlib import shake_256

from atoll._core import SecretScalar
from atoll.primitives.errors import PointError
from atoll.protocols.bulk import receive_bulk, send_bulk
from atoll.protocols.dh.masked import ELEMENT_BYTES
from atoll.protocols.dh.params import parts
from atoll.protocols.psi.errors import BadElement, ForeignCheckpoint, PeerSetTooLarge, TooManyRows
from atoll.protocols.psi.items import Items
from atoll.protocols.psi.limits import Limits
from atoll.protocols.psi.memory import MemoryItems
from atoll.protocols.psi.opening import Opened
from atoll.protocols.psi.state import Run, parse_state
from atoll.protocols.psi_oprf.errors import WrongEpoch
from atoll.protocols.psi_oprf.messages import Offer, Request
from atoll.protocols.psi_oprf.meter import ATTEMPT_BYTES, Meter
from atoll.protocols.psi_oprf.params import ELEMENTS_PER_FRAME, PROTOCOL, VERSION, Epoch, derive_key
from atoll.protocols.psi_oprf.table import TableCache, prepare_table
from atoll.protocols.role import Frame, Party, Progress, Receive, Role, Send

_NONCE_DOMAIN = b"ATOLL-V01-PSI-OPRF-NONCE"


def sender(
    items: Items,
    *,
    me: Party,
    receiver: Party,
    context: bytes,
    seed: bytes,
    limits: Limits,
    epoch: Epoch,
    secret: bytes,
    cache: TableCache,
    meter: Meter | None = None,
    resume: bytes | None = None,
) -> Role[None]:
    """Let the receiver look its keys up in a table of this set.

    Args:
        items: the whole set of the dataset version that `epoch` names; only read when no table is in the cache.
        me: this side's place.
        receiver: the other side's.
        context: digest of the plan, 32 bytes; equal on both sides.
        seed: 32 secret bytes, fresh for this attempt, durable before the first step.
        limits: what the plan allows.
        epoch: the agreed dataset version and epoch.
        secret: 32 bytes of this node, from which the keys of its epochs follow.
        cache: this side's tables.
        meter: asked before each frame of answers.
        resume: state of the checkpoint to go on from.

    Raises:
        TooManyLookUps: the meter refuses.
        TooManyRows, TableUnusable: the set cannot take part.
        ForeignCheckpoint: `resume` is of another run.
        PeerError: the receiver broke the protocol; the run is over.

    Leaks to the receiver: the number of rows, rounded up by at most a sixteenth; which of its keys are in the set. What it
    learns of a key lasts as long as the epoch. Learns: the number of the receiver's rows.
    Cost: a multiplication and a share of a proof a row of the receiver; the table once an epoch.
    Spec: specs/psi-oprf.md; a sender that answers under other keys than announced is caught, otherwise semi-honest.
    """
    if items.rows > limits.own_items:
        raise TooManyRows(found=items.rows, limit=limits.own_items)
    run = Run(
        protocol=f"{PROTOCOL}/{VERSION} {epoch.cache_key.hex()}",
        me=me,
        peer=receiver,
        context=context,
        seed=seed,
        limits=limits,
    )
    state = None if resume is None else parse_state(resume)
    if state is not None and state.peer_rows > limits.peer_items:
        raise ForeignCheckpoint()
    rows = state.peer_rows if state else 0
    key = derive_key(secret, epoch)
    if state is None:
        asked: Request = yield Receive(receiver, Request)
        if asked.epoch != epoch.cache_key:
            raise WrongEpoch(party=str(receiver))
        if asked.rows > limits.peer_items:
            raise PeerSetTooLarge(party=str(receiver), found=asked.rows, limit=limits.peer_items)
        rows = asked.rows
        table = prepare_table(items, epoch=epoch, secret=secret, cache=cache)
        yield Send(receiver, Offer(public=table.public, entries=table.entries, digest=table.digest))
        if asked.held != table.digest:
            yield from send_bulk(receiver, table.body)
    # The version that the epoch names stands for the set; the binding need not read it again.
    nothing = MemoryItems([]).partition(epoch.salt, 1)
    begun = run.enter(Opened(epoch.salt, items.rows, rows), nothing, state)
    if begun.done < 1:
        yield begun.checkpoint(1)
    if begun.done < 2:
        attempt = run.fork("attempt").bytes(ATTEMPT_BYTES)
        for part in parts(rows, ELEMENTS_PER_FRAME):
            blinded = bytes((yield from receive_bulk(receiver, ELEMENT_BYTES * len(part))))
            if meter is not None:
                meter.charge(context, attempt, part.stop)
            try:
                evaluated, proof = key.evaluate(blinded, nonce=derive_nonce(seed, blinded))
            except PointError as err:
                raise BadElement(party=str(receiver), position=part.start + err.index) from err
            yield Send(receiver, Frame(evaluated + proof))
            yield Progress(part.stop, rows, "items")
        yield begun.checkpoint(2)


def derive_nonce(seed: bytes, blinded: bytes) -> SecretScalar:
    """The proof's secret nonce, from the seed and what is proved.

    A repeated batch after a crash gets the same proof, another batch another nonce: two proofs about different batches under
    one nonce would give the key away, so a receiver must not be able to change its batch in a repeated round.
    """
    return SecretScalar.from_wide(shake_256(_NONCE_DOMAIN + seed + blinded).digest(64))
