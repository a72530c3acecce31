"""Three sides or more at once: `atoll.protocols.psi_multi`."""

from __future__ import annotations

from typing import ClassVar

from atoll.jobs.intersection.outputs import Output, Security
from atoll.jobs.intersection.protocols.adapter import Adapter, Found, Run
from atoll.jobs.intersection.shape import Cost, Shape
from atoll.jobs.intersection.spec import MAX_PLACES
from atoll.jobs.kind import Input
from atoll.protocols import psi_multi, psi_rr22
from atoll.protocols.psi import MAX_ROWS
from atoll.protocols.psi.cut import bucket_count, padded_size
from atoll.protocols.psi_multi.params import STATISTICAL_BITS
from atoll.protocols.role import Role
from atoll.wire.message import Document

KEYS_PER_SECOND = 500_000
"""Keys of the receiver's side through one owner's function and store, one core."""
TO_OWNER_BYTES = 24
"""What the receiver sends one owner, a key of its own."""
FROM_OWNER_BYTES = 12
"""What an owner sends the receiver, a key of its own."""
FIXED_BYTES = 300_000
"""What a pair sends before the first key: base transfers and trees."""
KEY_MEMORY_BYTES = 250
"""Memory a key of a bucket and an owner: the receiver works on a bucket with all owners at once."""


class PsiMulti(Adapter):
    """Shares of zero under programmed oblivious functions: what one owner lacks turns everything into noise."""

    name: ClassVar[str] = psi_multi.PROTOCOL
    version: ClassVar[int] = psi_multi.VERSION
    title: ClassVar[str] = "shares of zero in programmed oblivious functions"
    choose_it: ClassVar[str] = "For three organisations or more: nobody learns who of the others has which key, or how many."
    outputs: ClassVar[frozenset[Output]] = frozenset({Output.IDENTIFIERS})
    places: ClassVar[range] = range(1 + psi_multi.MIN_OWNERS, MAX_PLACES + 1)
    most_rows: ClassVar[int] = MAX_ROWS
    pads: ClassVar[bool] = True
    receiver_learns: ClassVar[str] = "how many rows with a key each other side brings"
    owner_learns: ClassVar[str] = "how many rows with a key each other side brings, and nothing of the result"
    caveat: ClassVar[str] = (
        "Nobody learns what only some of the sides have in common. Any sides may put together what they see: without a "
        "receiver they learn nothing more, with one they learn which of its identifiers all the sides outside have."
    )

    def caveat_of(self, shape: Shape) -> str:
        owners = len(shape.owner_rows)
        covered = psi_rr22.covered_keys(
            receiver_rows=shape.receiver_rows, sender_rows=max(shape.owner_rows), spare_bits=(2 * owners - 1).bit_length()
        )
        cheating = f"A receiver that does not keep to the protocol can ask for up to {covered:,} keys under these row caps."
        return f"{self.caveat} {cheating}"

    def parameters(self, options: Document, security: Security) -> Document:  # noqa: ARG002 - the interface's
        return {"computational-bits": 128, "statistical-bits": STATISTICAL_BITS}

    def cost(self, shape: Shape, variant: str) -> Cost:  # noqa: ARG002 - the interface's
        owners, most, receiver = len(shape.owner_rows), max(shape.owner_rows), shape.receiver_rows
        out = owners * (FIXED_BYTES + TO_OWNER_BYTES * receiver)
        back = [FIXED_BYTES + FROM_OWNER_BYTES * rows for rows in shape.owner_rows]
        return Cost(
            seconds=max(owners * (receiver + most), 1) / KEYS_PER_SECOND / 2,
            traffic_bytes=max(out, *back),
            exchanged_bytes=out + sum(back),
            rounds=10,
            memory_bytes=owners * KEY_MEMORY_BYTES * padded_size(shape.largest, bucket_count(receiver, *shape.owner_rows)),
        )

    def lead(self, run: Run, mine: Input) -> Role[Found]:
        matches = yield from psi_multi.receiver(
            mine.items,
            me=run.me,
            owners=run.others,
            context=run.context,
            seed=run.seed,
            limits=psi_multi.Limits(rows=run.rows_caps),
            resume=run.resume,
        )
        return Found(matches=matches)

    def serve(self, run: Run, mine: Input) -> Role[None]:
        yield from psi_multi.owner(
            mine.items,
            me=run.me,
            receiver=run.receiver,
            owners=run.others,
            context=run.context,
            seed=run.seed,
            limits=psi_multi.Limits(rows=run.rows_caps),
            resume=run.resume,
        )
