"""Evaluations of the consortium's threshold OPRF: asked for on the ledger, answered by the members that hold shares.

    evaluation = await evaluator.evaluate([bytes_digest, content_root, nameless_root])
    evaluation.id, evaluation.tags                                # what a registration names

Leaks: to the ledger that this organisation asked, when, and for how many inputs; to the members nothing of the inputs or tags.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from atoll.ledger.records import MOST_ELEMENTS, OprfKey
from atoll.ledger.rules.errors import OprfNoKey
from atoll.node.context import NodeContext

TAG_BYTES = 32


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What came of one request."""

    id: bytes
    """Identifier of the request on the ledger, 16 bytes."""
    tags: tuple[bytes, ...]
    """The function's value for each input, 32 bytes each."""


class Evaluator:
    """Evaluates the function for this organisation."""

    def __init__(self, context: NodeContext) -> None:
        self._context = context

    @property
    def is_ready(self) -> bool:
        """Whether a key stands, so that a registration needs tags."""
        return self._context.view().get(OprfKey, "0") is not None

    async def evaluate(self, inputs: Sequence[bytes]) -> Evaluation:
        """The tags of 1 to 3 inputs, 1 to 65,535 bytes each.

        Raises:
            OprfNoKey: the members share no key yet.
        """
        if not 1 <= len(inputs) <= MOST_ELEMENTS:
            raise ValueError("an evaluation is of 1 to 3 inputs")
        raise OprfNoKey()
