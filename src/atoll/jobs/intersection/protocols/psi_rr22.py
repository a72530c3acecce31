"""The usual choice for two: `atoll.protocols.psi_rr22`."""

from __future__ import annotations

from typing import ClassVar

from atoll.jobs.intersection.outputs import Output, Security
from atoll.jobs.intersection.protocols.adapter import Adapter, Found, Run
from atoll.jobs.intersection.shape import Cost, Shape
from atoll.jobs.intersection.spec import IntersectionSpec
from atoll.jobs.kind import Input
from atoll.protocols import psi_rr22
from atoll.protocols.psi import MAX_ROWS
from atoll.protocols.psi.cut import bucket_count
from atoll.protocols.psi_rr22.params import PROTOCOL, STATISTICAL_BITS, VERSION, Sizes, Terms
from atoll.protocols.role import Role
from atoll.wire.message import Document

FAST_KEYS_PER_SECOND = 1_200_000
"""Keys of either side in the fast variant, one core a side, a quarter below what was measured."""
LOW_KEYS_PER_SECOND = 700_000
"""In the low-communication variant."""
MALICIOUS_FACTOR = 1.3
"""How much longer against malicious parties."""
FIXED_SECONDS = 0.1
"""Base transfers and trees."""
SETUP_BYTES = 20_000
"""What a side sends before the first key."""
KEY_MEMORY_BYTES = 160
"""Memory a key of a bucket, own and other."""
MOST_COVERED = 2
"""For how many keys there may be room in a receiver's stores, as a multiple of its cap, which would else bound nothing where it
changes its software. Small sets have room for more: 146 keys for one row, 219 for 110 rows, 1,437 for 1,000."""
LOW_COMMUNICATION_ROWS = 1 << 24


class PsiRr22(Adapter):
    """Vector oblivious linear evaluation and a key-value store: symmetric work alone, a few bytes a key."""

    name: ClassVar[str] = PROTOCOL
    version: ClassVar[int] = VERSION
    title: ClassVar[str] = "vector oblivious linear evaluation and a key-value store"
    choose_it: ClassVar[str] = (
        "The usual one for two organisations and sets of any size: the fastest, and the only one against malicious parties."
    )
    outputs: ClassVar[frozenset[Output]] = frozenset({Output.IDENTIFIERS})
    securities: ClassVar[tuple[Security, ...]] = (Security.SEMI_HONEST, Security.MALICIOUS)
    variants: ClassVar[tuple[str, ...]] = (psi_rr22.FAST, psi_rr22.LOW_COMMUNICATION)
    most_rows: ClassVar[int] = MAX_ROWS
    pads: ClassVar[bool] = True
    receiver_learns: ClassVar[str] = "how many rows with a key the other side announces"
    owner_learns: ClassVar[str] = "how many rows with a key the receiver announces, and nothing of the result"

    def why_not(self, shape: Shape, variant: str = "") -> str:
        if reason := super().why_not(shape):
            return reason
        if not _is_bounded(shape):
            return f"a cheating receiver with so low a row cap could look up more than {MOST_COVERED} times as many keys"
        if variant == psi_rr22.LOW_COMMUNICATION and shape.security is Security.MALICIOUS:
            return "against malicious parties there is the fast variant alone"
        if variant == psi_rr22.LOW_COMMUNICATION and shape.largest > LOW_COMMUNICATION_ROWS:
            return f"in this variant a side has at most {LOW_COMMUNICATION_ROWS} rows"
        return ""

    def caveat_of(self, shape: Shape) -> str:
        covered = psi_rr22.covered_keys(receiver_rows=shape.receiver_rows, sender_rows=max(shape.owner_rows))
        if shape.security is not Security.MALICIOUS:
            return f"A receiver that does not keep to the protocol can ask for up to {covered:,} keys under these row caps."
        return (
            "A cheating receiver may have encoded more keys than it announces; the exact bound is open, and the proof covers "
            f"up to {covered:,} of them under these row caps."
        )

    def options(self, spec: IntersectionSpec, variant: str) -> Document:  # noqa: ARG002 - the interface's
        return {"variant": variant}

    def parameters(self, options: Document, security: Security) -> Document:
        return {
            "computational-bits": 128,
            "statistical-bits": STATISTICAL_BITS,
            "variant": options["variant"],
            "mode": str(security),
        }

    def cost(self, shape: Shape, variant: str) -> Cost:
        owner, receiver = max(shape.owner_rows), shape.receiver_rows
        buckets = bucket_count(owner, receiver)
        terms = Terms(str(shape.security), variant or psi_rr22.FAST)
        sizes = Sizes.of(terms, buckets=buckets, receiver_rows=receiver, sender_rows=owner)
        keys = buckets * (sizes.receiver_keys + sizes.sender_keys) / 2
        rate = LOW_KEYS_PER_SECOND if terms.is_subfield else FAST_KEYS_PER_SECOND
        out = SETUP_BYTES + buckets * (sum(sizes.instance.vole[::2]) + sizes.instance.masked)
        back = SETUP_BYTES + buckets * (sum(sizes.instance.vole[1::2]) + sizes.tags_bytes)
        return Cost(
            seconds=FIXED_SECONDS + keys / rate * (MALICIOUS_FACTOR if terms.is_malicious else 1),
            traffic_bytes=max(out, back),
            exchanged_bytes=out + back,
            rounds=8 + 4 * buckets,
            memory_bytes=KEY_MEMORY_BYTES * (sizes.receiver_keys + sizes.sender_keys),
        )

    def lead(self, run: Run, mine: Input) -> Role[Found]:
        matches = yield from psi_rr22.receiver(
            mine.items,
            me=run.me,
            sender=run.peer,
            context=run.context,
            seed=run.seed,
            limits=_limits(run),
            mode=str(run.security),
            variant=run.options["variant"],
            resume=run.resume,
        )
        return Found(matches=matches)

    def serve(self, run: Run, mine: Input) -> Role[None]:
        yield from psi_rr22.sender(
            mine.items,
            me=run.me,
            receiver=run.receiver,
            context=run.context,
            seed=run.seed,
            limits=_limits(run),
            mode=str(run.security),
            variant=run.options["variant"],
            resume=run.resume,
        )


def _limits(run: Run) -> psi_rr22.Limits:
    return psi_rr22.Limits(own_items=run.own_rows, peer_items=run.peer_rows)


def _is_bounded(shape: Shape) -> bool:
    """Whether the room in every receiver's stores is near its cap."""
    runs = [(shape.receiver_rows, max(shape.owner_rows))]
    if shape.receivers > 1:
        runs.append((max(shape.owner_rows), shape.receiver_rows))
    return all(psi_rr22.covered_keys(receiver_rows=one, sender_rows=two) <= MOST_COVERED * one for one, two in runs)
