"""The sum of an owner's column over the keys that both have: `atoll.protocols.psi_sum`."""

from __future__ import annotations

from functools import cache
from typing import ClassVar

import numpy as np

from atoll.jobs.errors import BadInputs
from atoll.jobs.intersection.cost import MASKED_PER_SECOND, MULTIPLIED_PER_SECOND
from atoll.jobs.intersection.outputs import Output, Security
from atoll.jobs.intersection.protocols.adapter import Adapter, Found, Run
from atoll.jobs.intersection.shape import Cost, Shape
from atoll.jobs.kind import Input
from atoll.jobs.payload import sum_values
from atoll.jobs.strength import bits_left
from atoll.jobs.table import ROW_NUMBER, MemoryRows, Rows
from atoll.primitives.ristretto import POINT_BYTES
from atoll.protocols import psi_sum
from atoll.protocols.dh.params import TAG_BYTES
from atoll.protocols.psi.limits import MAX_WHOLE_ROWS
from atoll.protocols.psi_sum.params import PROTOCOL, VERSION
from atoll.protocols.role import Role
from atoll.wire.message import Document

ENCRYPTED_PER_SECOND = 10_000
"""Values of 64 bits encrypted in four parts, one core."""
ROW_MEMORY_BYTES = 180
"""Memory of a party for a row of either side: measured 280 to 360 bytes for one of each, at 2^18 and 2^16."""


class PsiSum(Adapter):
    """The owner's values under its own additively homomorphic encryption."""

    name: ClassVar[str] = PROTOCOL
    version: ClassVar[int] = VERSION
    title: ClassVar[str] = "Diffie-Hellman with values under ElGamal"
    choose_it: ClassVar[str] = "When the receiver is to get the total of an owner's column over its own customers."
    outputs: ClassVar[frozenset[Output]] = frozenset({Output.SUM})
    most_rows: ClassVar[int] = MAX_WHOLE_ROWS
    receiver_learns: ClassVar[str] = "how many rows with a key the other side brings"
    tells_owner_count: ClassVar[bool] = True
    owner_learns: ClassVar[str] = (
        "how many rows with a key the receiver brings, how many keys both have, and the sum, but not which keys"
    )
    caveat: ClassVar[str] = (
        "Over fewer keys than the plan asks for a receiver that keeps to the protocol is told no sum, only their number: it "
        "alone sees to that, and one that does not can learn the value of a single key, its own or not. Repeating the job with "
        "one key less tells the value of that key; the grant's caps bound that. An owner that does not keep to the protocol "
        "can read from the sum which of some tens of its keys match, and nobody notices."
    )

    def parameters(self, options: Document, security: Security) -> Document:  # noqa: ARG002 - the interface's
        terms = _terms(options)
        return {
            "group": "ristretto255",
            "computational-bits": bits_left(MAX_WHOLE_ROWS),
            "tag-bits": 8 * TAG_BYTES,
            "value-bits": terms.value_bits,
            "min-count": terms.min_count,
        }

    def cost(self, shape: Shape, variant: str) -> Cost:  # noqa: ARG002 - the interface's
        owner, receiver = max(shape.owner_rows), shape.receiver_rows
        entry = psi_sum.Terms().entry_bytes
        sends = owner * entry + receiver * POINT_BYTES
        return Cost(
            seconds=max(owner, receiver) / MASKED_PER_SECOND
            + (owner + receiver) / MULTIPLIED_PER_SECOND
            + owner / ENCRYPTED_PER_SECOND,
            traffic_bytes=max(sends, receiver * POINT_BYTES),
            exchanged_bytes=sends + receiver * POINT_BYTES,
            rounds=8,
            memory_bytes=(owner + receiver) * ROW_MEMORY_BYTES,
        )

    def lead(self, run: Run, mine: Input) -> Role[Found]:
        summed: psi_sum.Sum = yield from psi_sum.receiver(
            mine.items,
            me=run.me,
            sender=run.peer,
            context=run.context,
            seed=run.seed,
            limits=_limits(run),
            terms=_terms(run.options),
            resume=run.resume,
        )
        return Found(count=summed.keys, total=summed.total)

    def serve(self, run: Run, mine: Input) -> Role[None]:
        table = mine.table
        if table is None:
            raise BadInputs(reason="a column is to be summed and it is not there")
        (column,) = run.beside

        @cache
        def held() -> Rows:
            """The column in memory: it is asked for frame by frame, and the source would be read anew for each."""
            return MemoryRows(table.take((column,), np.arange(len(table), dtype=ROW_NUMBER).tobytes()))

        yield from psi_sum.sender(
            mine.items,
            lambda keys: sum_values(keys, held(), column, scale=run.options.get("scale", 0)),
            me=run.me,
            receiver=run.receiver,
            context=run.context,
            seed=run.seed,
            limits=_limits(run),
            terms=_terms(run.options),
            resume=run.resume,
        )


def _terms(options: Document) -> psi_sum.Terms:
    return psi_sum.Terms(min_count=options.get("min-count", 0) or 1)


def _limits(run: Run) -> psi_sum.Limits:
    return psi_sum.Limits(own_items=run.own_rows, peer_items=run.peer_rows)
