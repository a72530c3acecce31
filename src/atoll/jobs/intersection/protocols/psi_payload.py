"""Matches with what belongs to them at the owner: `atoll.protocols.psi_payload`."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pyarrow as pa

from atoll.jobs.errors import BadInputs
from atoll.jobs.intersection.cost import MASKED_PER_SECOND, MULTIPLIED_PER_SECOND
from atoll.jobs.intersection.outputs import Output, Security
from atoll.jobs.intersection.protocols.adapter import Adapter, Found, Run
from atoll.jobs.intersection.shape import Cost, Shape
from atoll.jobs.kind import Input
from atoll.jobs.payload import decode_payloads, encode_payloads
from atoll.jobs.strength import bits_left
from atoll.jobs.table import ROW_NUMBER
from atoll.primitives.payload import SEAL_BYTES
from atoll.primitives.ristretto import POINT_BYTES
from atoll.protocols import psi_payload
from atoll.protocols.psi import MAX_ROWS
from atoll.protocols.psi.cut import bucket_count, padded_size
from atoll.protocols.psi_payload.params import MAX_HELD_BYTES, PROTOCOL, VERSION, record_bytes, state_bytes
from atoll.protocols.role import Role
from atoll.wire.message import Document

ITEM_MEMORY_BYTES = 200
"""Memory a key of a bucket, payloads not counted."""
PADDING = 1.1
"""Buckets are filled up to a common size."""


class PsiPayload(Adapter):
    """The owner's columns, sealed under an oblivious function of the key."""

    name: ClassVar[str] = PROTOCOL
    version: ClassVar[int] = VERSION
    title: ClassVar[str] = "oblivious function, payloads sealed under it"
    choose_it: ClassVar[str] = "When the receiver is to get columns of the owner's matching rows, for inner and left joins."
    outputs: ClassVar[frozenset[Output]] = frozenset({Output.ROWS})
    most_rows: ClassVar[int] = MAX_ROWS
    pads: ClassVar[bool] = True
    receiver_learns: ClassVar[str] = "how many rows with a key the other side brings"
    owner_learns: ClassVar[str] = "how many rows with a key the receiver brings, and nothing of the result"

    def why_not(self, shape: Shape, variant: str = "") -> str:
        if reason := super().why_not(shape, variant):
            return reason
        needed = state_bytes(shape.receiver_rows, max(shape.owner_rows), shape.payload_bytes)
        if needed > MAX_HELD_BYTES:
            return (
                f"if every row within the caps matched, a checkpoint would take {needed:,} bytes with {shape.payload_bytes} a "
                f"key, and it has room for {MAX_HELD_BYTES:,}: ask for fewer rows or columns, or a narrower payload"
            )
        return ""

    def parameters(self, options: Document, security: Security) -> Document:  # noqa: ARG002 - the interface's
        return {"group": "ristretto255", "computational-bits": bits_left(MAX_ROWS), "payload-bytes": options["payload-bytes"]}

    def cost(self, shape: Shape, variant: str) -> Cost:  # noqa: ARG002 - the interface's
        owner, receiver = (PADDING * rows for rows in (max(shape.owner_rows), shape.receiver_rows))
        records = owner * record_bytes(shape.payload_bytes)
        bucket = padded_size(shape.largest, bucket_count(shape.receiver_rows, *shape.owner_rows))
        sealed = shape.payload_bytes + SEAL_BYTES  # a receiver keeps all that it opens
        return Cost(
            seconds=max(owner, receiver) / MASKED_PER_SECOND + (owner + 3 * receiver) / MULTIPLIED_PER_SECOND,
            traffic_bytes=int(records + receiver * POINT_BYTES),
            exchanged_bytes=int(records + 2 * receiver * POINT_BYTES),
            rounds=6,
            memory_bytes=int(bucket * (ITEM_MEMORY_BYTES + sealed) + min(owner, receiver) * sealed),
        )

    def lead(self, run: Run, mine: Input) -> Role[Found]:
        payload_bytes = run.options["payload-bytes"]
        received: psi_payload.Received = yield from psi_payload.receiver(
            mine.items,
            me=run.me,
            sender=run.peer,
            context=run.context,
            seed=run.seed,
            limits=_limits(run),
            payload_bytes=payload_bytes,
            resume=run.resume,
        )
        theirs = decode_payloads(received.payloads, payload_bytes, run.shown)
        rows, beside = cross(received.keys.ends, received.keys.rows, theirs.ends)
        joined = rows, theirs.table.take(pa.array(beside))
        return Found(matches=received.matches, joined=joined, spoiled=received.spoiled + theirs.spoiled)

    def serve(self, run: Run, mine: Input) -> Role[None]:
        table = mine.table
        if table is None:
            raise BadInputs(reason="columns are to be shown and none are there")
        yield from psi_payload.sender(
            mine.items,
            lambda keys: encode_payloads(keys, table, run.beside, run.options["payload-bytes"]),
            me=run.me,
            receiver=run.receiver,
            context=run.context,
            seed=run.seed,
            limits=_limits(run),
            payload_bytes=run.options["payload-bytes"],
            resume=run.resume,
        )


def _limits(run: Run) -> psi_payload.Limits:
    return psi_payload.Limits(own_items=run.own_rows, peer_items=run.peer_rows)


def cross(ends: bytes, rows: bytes, their_ends: bytes) -> tuple[bytes, np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """Every row of a key with every row of the other side that has it, as SQL joins, in the order of the own rows.

    Args:
        ends, rows: own rows by key, as a `Bucket` packs them.
        their_ends: where the other side's rows of each key end, same order and packing.

    Returns:
        An own row number for each line, packed, and the place of the other side's row in its table.
    """
    own, theirs = np.diff(_ends(ends), prepend=0), np.diff(_ends(their_ends), prepend=0)
    begins = _ends(their_ends) - theirs
    partners = np.repeat(theirs, own)  # how many lines each own row gives
    lines = np.repeat(np.frombuffer(rows, ROW_NUMBER), partners)
    first = np.repeat(np.repeat(begins, own), partners)
    within = np.arange(len(lines)) - np.repeat(np.cumsum(partners) - partners, partners)
    order = np.argsort(lines, kind="stable")
    return lines[order].tobytes(), (first + within)[order]


def _ends(packed: bytes) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.frombuffer(packed, ROW_NUMBER).astype(np.int64)
