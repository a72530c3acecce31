"""Programs that persons of this organisation have reviewed: a durable list, by digest, with a line in the audit trail each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from atoll.node.context import NodeContext

SHELF = "review"
"""Where the list stands in the node's database; no document of a peer goes there."""


@dataclass(frozen=True, slots=True)
class Review:
    """One program, and who stands for it."""

    digest: str
    """Of the program, in hexadecimal."""
    name: str
    """As it calls itself; empty where it was reviewed before any job asked for it."""
    by: str
    """Role of the token of the person who spoke last."""
    time: int
    """When."""
    in_force: bool
    """Whether it may be run on own data; a review can be taken back."""


class Reviews:
    """The list."""

    def __init__(self, context: NodeContext) -> None:
        self._context = context

    def holds(self, digest: bytes) -> bool:
        """Whether a person has reviewed this program, and not taken it back. The local rules may name others."""
        found = self.find(digest.hex())
        return found is not None and found.in_force

    def find(self, digest: str) -> Review | None:
        """What was said of a program here."""
        data = self._context.store.body(SHELF, digest)
        return Review(**json.loads(data)) if data else None

    def all(self) -> Iterator[Review]:
        """Everything that was said, by digest."""
        return (Review(**json.loads(data)) for _, data in self._context.store.bodies(SHELF))

    def say(self, digest: str, *, name: str, in_force: bool, actor: str) -> Review:
        """Write down that a person has reviewed a program, or takes that back; durable when this returns."""
        review = Review(digest=digest, name=name, by=actor, time=self._context.now(), in_force=in_force)
        self._context.store.set_body(SHELF, digest, json.dumps(asdict(review)).encode())
        self._context.note(actor, "program.review" if in_force else "program.revoke", digest, name or "ok")
        return review
