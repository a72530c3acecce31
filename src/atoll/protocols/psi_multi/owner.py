"""An owner: lets the receiver find out what all have, and learns nothing but announced sizes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from atoll.primitives import okvs
from atoll.primitives.errors import CorrelationError, PointError
from atoll.primitives.vole_oprf import DeltaSetup, OprfSender
from atoll.protocols.bulk import receive_bulk, send_bulk
from atoll.protocols.psi.items import Items
from atoll.protocols.psi_multi.errors import BrokenCorrelation
from atoll.protocols.psi_multi.messages import ZeroKey
from atoll.protocols.psi_multi.params import ZERO_KEY_BYTES, Limits
from atoll.protocols.psi_multi.table import SETUP_BYTES, Pair, Table
from atoll.protocols.psi_multi.zero import zero_shares
from atoll.protocols.role import Flush, Party, Receive, Role, Send


def owner(
    items: Items,
    *,
    me: Party,
    receiver: Party,
    owners: Sequence[Party],
    context: bytes,
    seed: bytes,
    limits: Limits,
    resume: bytes | None = None,
) -> Role[None]:
    """Give `items` to an intersection of many.

    Args:
        items: this party's set.
        me: its place, one of `owners`.
        receiver: the place of the one who learns the result.
        owners: the places of all owners, 2 to 15, in one order that all use.
        context, seed, limits, resume: as the receiver's.

    Raises:
        TooManyRows, BucketOverflow, StoreError: the set cannot take part.
        ForeignCheckpoint: `resume` is of another run.
        PeerError: another party broke the protocol; the run is over.

    Leaks to everybody: the number of rows. To the receiver: which of its keys *all* owners have, not who lacks the others.
    Learns: everybody's numbers of rows.
    Cost: for each key one evaluation, one AES block an owner, one encoding, and what `vole_oprf` takes.
    Spec: specs/psi-multi.md, semi-honest in the augmented model, any coalition.
    """
    table = Table(items, me=me, receiver=receiver, owners=owners, context=context, seed=seed, limits=limits)
    state = yield from table.open(resume)
    setup = DeltaSetup(table.entropy.fork("setup").bytes(32), context + str(me).encode())
    if state is None:
        zero_keys = yield from _share_zero_keys(table)
        yield from send_bulk(receiver, setup.send_0())
        message = bytes((yield from receive_bulk(receiver, SETUP_BYTES[1])))
        heard = message + b"".join(zero_keys)
    else:
        heard = state.heard
        message, packed = heard[: SETUP_BYTES[1]], heard[SETUP_BYTES[1] :]
        zero_keys = [packed[at : at + ZERO_KEY_BYTES] for at in range(0, len(packed), ZERO_KEY_BYTES)]
        setup.send_0()
    try:
        setup.receive_1(message)
    except (PointError, CorrelationError) as err:
        raise BrokenCorrelation(party=str(receiver)) from err
    pair = table.pair(me)
    for bucket in range(state.buckets_done if state is not None else 0, len(table.buckets)):
        yield from _serve(table, setup, pair, bucket, zero_keys)
        yield table.progress(bucket + 1)
        if table.is_checkpoint_after(bucket):
            yield table.checkpoint(bucket + 1, heard=heard)
    table.buckets.close()


def _share_zero_keys(table: Table) -> Role[list[bytes]]:
    """One key with each other owner: drawn by the one that comes first, sent to the other, never to the receiver."""
    keys = []
    mine = table.owners.index(table.me)
    for other in table.owners[mine + 1 :]:
        key = table.entropy.fork(f"zero key {other}").bytes(ZERO_KEY_BYTES)
        yield Send(other, ZeroKey(key=key))
        keys.append(key)
    for other in table.owners[:mine]:
        given: ZeroKey = yield Receive(other, ZeroKey)
        keys.append(given.key)
    return keys


def _serve(table: Table, setup: DeltaSetup, pair: Pair, bucket: int, zero_keys: Sequence[bytes]) -> Role[None]:
    """One bucket: the oblivious function, then the store that turns its values into shares of zero."""
    own = table.load(bucket)
    width = table.share_bytes
    domain = pair.domain(table.salt, bucket, b"OPRF")
    instance = OprfSender(setup, bucket, domain, pair.receiver_keys, failure_bits=pair.failure_bits)
    message = yield from receive_bulk(table.receiver, pair.lengths.vole[0])
    try:
        instance.receive_0(bytes(message))
    except CorrelationError as err:
        raise BrokenCorrelation(party=str(table.receiver)) from err
    yield from send_bulk(table.receiver, instance.send_1())
    yield Flush()
    instance.expand()
    masked = yield from receive_bulk(table.receiver, pair.lengths.masked)
    instance.receive_masked(bytes(masked))
    values = np.frombuffer(instance.evaluate(own.digests), np.uint8).reshape(-1, 16)[:, :width]
    shares = np.frombuffer(zero_shares(own.digests, zero_keys, width), np.uint8).reshape(-1, width)
    store = okvs.encode(
        own.digests,
        (values ^ shares).tobytes(),
        keys=pair.owner_keys,
        row_seed=pair.domain(table.salt, bucket, b"STORE"),
        filler_seed=table.entropy.fork(f"filler {bucket}").bytes(okvs.SEED_BYTES),
        value_bytes=width,
        failure_bits=pair.failure_bits,
    )
    yield from send_bulk(table.receiver, store)
