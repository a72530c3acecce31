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
from atoll.jobs.intersection.spec import TOTAL_BITS
from atoll.jobs.kind import Input
from atoll.jobs.payload import sum_values
from atoll.jobs.strength import bits_left
from atoll.jobs.table import ROW_NUMBER, MemoryRows, Rows
from atoll.primitives.elgamal import search_steps
from atoll.primitives.ristretto import POINT_BYTES, kernels
from atoll.protocols import psi_sum
from atoll.protocols.dh.params import TAG_BYTES
from atoll.protocols.psi.limits import MAX_WHOLE_ROWS
from atoll.protocols.psi_sum.params import ENTRY_BYTES, PROTOCOL, VERSION
from atoll.protocols.role import Role
from atoll.wire.message import Document

USUAL_BITS = TOTAL_BITS[0]
"""Width of a sum if a plan says none."""
ENCRYPTED_PER_SECOND = 21_000
"""Values encrypted, one core with AVX2."""
STEPS_PER_SECOND = 600_000 if kernels()[0] == "portable" else 1_600_000
"""Of the receiver's search for the sum, one core. With lanes: measured with AVX2."""
SEARCH_MEMORY_BYTES = 88 << 20
ROW_MEMORY_BYTES = 200
"""Memory of a party for a row of either side: measured 280 to 360 bytes for one of each, at 2^18 and 2^16."""


class PsiSum(Adapter):
    """The owner's values under its own additively homomorphic encryption."""

    name: ClassVar[str] = PROTOCOL
    version: ClassVar[int] = VERSION
    title: ClassVar[str] = "Diffie-Hellman with values under ElGamal"
    choose_it: ClassVar[str] = "When the receiver is to get the total of an owner's column over its own customers."
    outputs: ClassVar[frozenset[Output]] = frozenset({Output.SUM})
    most_rows: ClassVar[int] = MAX_WHOLE_ROWS
    receiver_learns: ClassVar[str] = (
        "how many rows with a key the other side brings, and whether its largest or smallest values, as many as the receiver "
        "has rows, add up to more than a sum has room for, which ends the job"
    )
    owner_learns: ClassVar[str] = "how many rows with a key the receiver brings, and nothing of the result"
    caveat: ClassVar[str] = (
        "Over fewer keys than the plan asks for a receiver that keeps to the protocol is told no sum, only their number: it "
        "alone sees to that, and one that does not can learn the values of about five single keys, its own or not, or of some "
        "tens where there are few different values, and more with more computing. Repeating the job with one key less tells "
        "the value of that key; the grant's caps bound that."
    )

    def parameters(self, options: Document, security: Security) -> Document:  # noqa: ARG002 - the interface's
        terms = _terms(options)
        return {
            "group": "ristretto255",
            "computational-bits": bits_left(MAX_WHOLE_ROWS),
            "tag-bits": 8 * TAG_BYTES,
            "total-bits": terms.total_bits,
            "min-count": terms.min_count,
        }

    def cost(self, shape: Shape, variant: str) -> Cost:  # noqa: ARG002 - the interface's
        owner, receiver = max(shape.owner_rows), shape.receiver_rows
        entry = ENTRY_BYTES
        sends = owner * entry + receiver * POINT_BYTES
        return Cost(
            seconds=max(owner, receiver) / MASKED_PER_SECOND
            + (owner + receiver) / MULTIPLIED_PER_SECOND
            + owner / ENCRYPTED_PER_SECOND
            + search_steps(shape.total_bits or USUAL_BITS) / STEPS_PER_SECOND,
            traffic_bytes=max(sends, receiver * POINT_BYTES),
            exchanged_bytes=sends + receiver * POINT_BYTES,
            rounds=8,
            memory_bytes=(owner + receiver) * ROW_MEMORY_BYTES + SEARCH_MEMORY_BYTES,
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
        return Found(count=summed.keys, total=summed.total, spoiled=summed.keys if summed.spoiled else 0)

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
    return psi_sum.Terms(total_bits=options.get("total-bits", USUAL_BITS), min_count=options.get("min-count", 0) or 1)


def _limits(run: Run) -> psi_sum.Limits:
    return psi_sum.Limits(own_items=run.own_rows, peer_items=run.peer_rows)
