"""The receiver: finds out which of its keys all owners have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from atoll.primitives import okvs
from atoll.primitives.errors import CorrelationError, PointError
from atoll.primitives.vole_oprf import OprfReceiver, VectorSetup
from atoll.protocols.bulk import receive_bulk, send_bulk
from atoll.protocols.psi.items import Bucket, Items, Matches
from atoll.protocols.psi.rows import select_keys
from atoll.protocols.psi_multi.errors import BrokenCorrelation
from atoll.protocols.psi_multi.params import Limits
from atoll.protocols.psi_multi.table import SETUP_BYTES, Pair, Table
from atoll.protocols.role import Flush, Party, Role


def receiver(
    items: Items,
    *,
    me: Party,
    owners: Sequence[Party],
    context: bytes,
    seed: bytes,
    limits: Limits,
    resume: bytes | None = None,
) -> Role[Matches]:
    """Intersect `items` with the sets of all owners.

    Args:
        items: this party's set.
        me: its place.
        owners: everybody else's places, 2 to 15, in one order that all use.
        context: digest of the plan, 32 bytes; equal at all.
        seed: 32 secret bytes, fresh for this attempt, durable before the first step.
        limits: what the plan allows.
        resume: state of the checkpoint to go on from.

    Returns:
        The rows whose key every owner has.

    Raises:
        TooManyRows, BucketOverflow, StoreError: the set cannot take part.
        ForeignCheckpoint: `resume` is of another run.
        PeerError: an owner broke the protocol; the run is over.

    Leaks to the owners: the number of rows. Learns: the owners' numbers of rows, and the output; together with some owners,
    which of its keys all the *other* owners have.
    Cost: for each owner one encoding and two decodings a key, and what `vole_oprf` takes.
    Spec: specs/psi-multi.md, semi-honest in the augmented model, any coalition.
    """
    table = Table(items, me=me, receiver=me, owners=owners, context=context, seed=seed, limits=limits)
    state = yield from table.open(resume)
    setups = {one: VectorSetup(table.entropy.fork(f"setup {one}").bytes(32), context + str(one).encode()) for one in owners}
    if state is None:
        heard = yield from _set_up(setups)
    else:
        heard = state.heard
        for number, one in enumerate(owners):
            setups[one].receive_0(heard[number * SETUP_BYTES[0] :][: SETUP_BYTES[0]])
            setups[one].send_1()
    pairs = [table.pair(one) for one in owners]
    keys, matched = (state.matched_keys, [state.matched]) if state is not None else (0, [])
    for bucket in range(state.buckets_done if state is not None else 0, len(table.buckets)):
        own = table.load(bucket)
        sums = np.bitwise_xor.reduce((yield from _shares(table, setups, pairs, bucket, own)))
        found = select_keys(own, np.flatnonzero(~sums.any(axis=1)).astype(np.uint32))
        keys += len(found)
        matched.append(found.rows)
        yield table.progress(bucket + 1)
        if table.is_checkpoint_after(bucket):
            yield table.checkpoint(bucket + 1, heard=heard, matched_keys=keys, matched=b"".join(matched))
    table.buckets.close()
    return Matches(keys, np.sort(np.frombuffer(b"".join(matched), "<u4")).tobytes())


def _set_up(setups: dict[Party, VectorSetup]) -> Role[bytes]:
    heard = b""
    for owner, setup in setups.items():
        message = bytes((yield from receive_bulk(owner, SETUP_BYTES[0])))
        try:
            setup.receive_0(message)
        except (PointError, CorrelationError) as err:
            raise BrokenCorrelation(party=str(owner)) from err
        yield from send_bulk(owner, setup.send_1())
        heard += message
    return heard


def _shares(
    table: Table, setups: dict[Party, VectorSetup], pairs: Sequence[Pair], bucket: int, own: Bucket
) -> Role[list[np.ndarray[Any, np.dtype[np.uint8]]]]:
    """What each owner's store gives for each key of the bucket, one row a key: shares that cancel where every owner has it."""
    instances = []
    for pair in pairs:  # every owner has something to do before the first answer is waited for
        domain = pair.domain(table.salt, bucket, b"OPRF")
        instance = OprfReceiver(setups[pair.owner], bucket, domain, pair.receiver_keys, failure_bits=pair.failure_bits)
        yield from send_bulk(pair.owner, instance.send_0())
        instances.append(instance)
    yield Flush()
    for pair, instance in zip(pairs, instances, strict=True):
        instance.encode(own.digests)
        message = yield from receive_bulk(pair.owner, pair.lengths.vole[1])
        try:
            instance.receive_1(bytes(message))
        except CorrelationError as err:
            raise BrokenCorrelation(party=str(pair.owner)) from err
        instance.expand()
        yield from send_bulk(pair.owner, instance.mask())
        yield Flush()
    width = table.share_bytes
    shares = []
    for pair, instance in zip(pairs, instances, strict=True):
        masks = np.frombuffer(instance.evaluate(), np.uint8).reshape(-1, 16)[:, :width]
        store = yield from receive_bulk(pair.owner, okvs.store_bytes(pair.owner_keys, width, pair.failure_bits))
        values = okvs.decode(
            own.digests,
            bytes(store),
            keys=pair.owner_keys,
            row_seed=pair.domain(table.salt, bucket, b"STORE"),
            value_bytes=width,
            failure_bits=pair.failure_bits,
        )
        shares.append(masks ^ np.frombuffer(values, np.uint8).reshape(-1, width))
    return shares
