"""How many keys two sides share, exactly or with noise: `atoll.protocols.psi_cardinality`."""

from __future__ import annotations

from typing import ClassVar

from atoll.jobs.intersection.cost import MASKED_PER_SECOND, MULTIPLIED_PER_SECOND
from atoll.jobs.intersection.outputs import Output, Security
from atoll.jobs.intersection.protocols.adapter import Adapter, Found, Run
from atoll.jobs.intersection.shape import Cost, Shape
from atoll.jobs.kind import Input
from atoll.jobs.strength import bits_left
from atoll.primitives.ristretto import POINT_BYTES
from atoll.protocols import psi_cardinality
from atoll.protocols.dh.params import TAG_BYTES
from atoll.protocols.psi.limits import MAX_WHOLE_ROWS
from atoll.protocols.psi_cardinality.params import PROTOCOL, VERSION
from atoll.protocols.role import Role
from atoll.wire.message import Document

ROW_MEMORY_BYTES = 120
"""Memory of a party for a row of either side: measured 230 bytes for one of each, at 2^18."""


class PsiCardinality(Adapter):
    """The owner answers in an order of its own, so matches can be counted and not placed."""

    name: ClassVar[str] = PROTOCOL
    version: ClassVar[int] = VERSION
    title: ClassVar[str] = "Diffie-Hellman, answered in another order"
    choose_it: ClassVar[str] = "When a number is enough: how large is the overlap, before anybody asks for more."
    outputs: ClassVar[frozenset[Output]] = frozenset({Output.CARDINALITY})
    adds_noise: ClassVar[bool] = True
    most_rows: ClassVar[int] = MAX_WHOLE_ROWS
    receiver_learns: ClassVar[str] = "how many rows with a key the other side brings"
    owner_learns: ClassVar[str] = "how many rows with a key the receiver brings, and nothing of the result"
    caveat: ClassVar[str] = (
        "A receiver that brings few keys, or repeats the job with one key more, learns from an exact count whether the owner "
        "has them; noise and the grant's caps bound that."
    )

    def why_not(self, shape: Shape, variant: str = "") -> str:
        if reason := super().why_not(shape, variant):
            return reason
        try:
            noise = _noise(shape.epsilon_micro)
        except ValueError:
            return "so small an epsilon takes more noise than it can add"
        least = shape.receiver_rows if shape.receivers == 1 else min(shape.receiver_rows, *shape.owner_rows)
        if noise and _dummies(noise) > least:
            return f"a receiver could put keys in the place of the {_dummies(noise):,} dummies of the noise, above its row cap"
        return ""

    def caveat_of(self, shape: Shape) -> str:
        noise = _noise(shape.epsilon_micro)
        if noise is None:
            return self.caveat
        return (
            "The noise covers the count and not the exact numbers of rows with a key, which are told beside it and stand "
            "outside the promise of differential privacy. It holds against a receiver that keeps to the protocol: one that "
            "leaves out the public dummies has the exact count, and one that puts keys in their place counts up to "
            f"{_dummies(noise):,} above its row cap."
        )

    def parameters(self, options: Document, security: Security) -> Document:  # noqa: ARG002 - the interface's
        noise = _noise(options.get("epsilon-micro", 0))
        bits = {"group": "ristretto255", "computational-bits": bits_left(MAX_WHOLE_ROWS), "tag-bits": 8 * TAG_BYTES}
        return bits if noise is None else {**bits, "epsilon-micro": noise.epsilon_micro, "delta-bits": noise.delta_bits}

    def cost(self, shape: Shape, variant: str) -> Cost:  # noqa: ARG002 - the interface's
        noise = _noise(shape.epsilon_micro)
        dummies = _dummies(noise) if noise else 0
        owner, receiver = max(shape.owner_rows) + dummies, shape.receiver_rows + dummies
        sends = owner * TAG_BYTES + receiver * POINT_BYTES
        return Cost(
            seconds=max(owner, receiver) / MASKED_PER_SECOND + (owner + 2 * receiver) / MULTIPLIED_PER_SECOND,
            traffic_bytes=max(sends, receiver * POINT_BYTES),
            exchanged_bytes=sends + receiver * POINT_BYTES,
            rounds=6,
            memory_bytes=(owner + receiver) * ROW_MEMORY_BYTES,
        )

    def lead(self, run: Run, mine: Input) -> Role[Found]:
        counted: psi_cardinality.Cardinality = yield from psi_cardinality.receiver(
            mine.items,
            me=run.me,
            sender=run.peer,
            context=run.context,
            seed=run.seed,
            limits=_limits(run),
            noise=_noise(run.options.get("epsilon-micro", 0)),
            resume=run.resume,
        )
        return Found(count=counted.keys)

    def serve(self, run: Run, mine: Input) -> Role[None]:
        yield from psi_cardinality.sender(
            mine.items,
            me=run.me,
            receiver=run.receiver,
            context=run.context,
            seed=run.seed,
            limits=_limits(run),
            noise=_noise(run.options.get("epsilon-micro", 0)),
            resume=run.resume,
        )


def _noise(epsilon_micro: int) -> psi_cardinality.Noise | None:
    return psi_cardinality.Noise(epsilon_micro=epsilon_micro) if epsilon_micro else None


def _dummies(noise: psi_cardinality.Noise) -> int:
    """Public dummies that either side adds to its set."""
    return 2 * noise.shift


def _limits(run: Run) -> psi_cardinality.Limits:
    return psi_cardinality.Limits(own_items=run.own_rows, peer_items=run.peer_rows)
