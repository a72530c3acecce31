"""Rights in the bureau's files: the bureau holds them, gives, leases and passes on.

estate = Estate()
operation = estate.give("bank", RightKind.OPERATION, depth_left=1)
estate.sublicense("bank", operation, "telecom", RightKind.USE)
estate.says(RightExceeded, "bank", given(operation, "auditor", RightKind.INCOME, as_=SublicenseRight))
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from atoll.ledger.records import MAX_CHILDREN, Right, RightKind, root_right_id
from atoll.ledger.rights import why_not_in_force
from atoll.ledger.rules.grant import GiveGrant
from atoll.ledger.rules.right import (
    FreezeRight,
    GrantRight,
    LeaseRight,
    RevokeRight,
    SublicenseRight,
    TransferRight,
    UnfreezeRight,
)
from atoll.testing.consortium import FOUNDED
from tests.unit.rules.lagoon import FILES, Lagoon, permission

LINEAGE = "bureau/files"
ROOT = root_right_id(LINEAGE)
BEGIN, END = FOUNDED, FOUNDED + 1000
"""Term of a right, where a test does not say."""


def given(
    parent: bytes, to: str, kind: RightKind, *, as_: type[GrantRight] = GrantRight, right: bytes = b"", **changes: Any
) -> Any:
    """What is sent to give a right."""
    body = as_(right=right or b"\x70" * 16, parent=parent, holder=to, kind=kind, not_before=BEGIN, not_after=END)
    if kind is RightKind.INCOME:
        body = replace(body, share_ppm=100_000)
    return replace(body, **changes)


class Estate(Lagoon):
    """A lagoon with both datasets registered."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._made = 0
        self.with_datasets()

    def fresh(self) -> bytes:
        """An identifier that no right has."""
        self._made += 1
        return b"\x70" + self._made.to_bytes(15, "big")

    def give(self, to: str, kind: RightKind, *, by: str = "bureau", parent: bytes = ROOT, **changes: Any) -> bytes:
        """A right given from the root."""
        return self._made_by(by, given(parent, to, kind, right=self.fresh(), **changes))

    def lease(self, to: str, kind: RightKind, *, by: str = "bureau", parent: bytes = ROOT, **changes: Any) -> bytes:
        """A right leased to one alone."""
        return self._made_by(by, given(parent, to, kind, as_=LeaseRight, right=self.fresh(), **changes))

    def sublicense(self, by: str, parent: bytes, to: str, kind: RightKind, **changes: Any) -> bytes:
        """A right given from another than the root."""
        return self._made_by(by, given(parent, to, kind, as_=SublicenseRight, right=self.fresh(), **changes))

    def transfer(self, by: str, right: bytes, to: str, *, under: bytes = b"") -> Estate:
        """A right passed on as it stands."""
        return self.do(by, TransferRight(right=right, version=self.right(right).version, to=to, under=under))

    def freeze(self, by: str, right: bytes, *, under: bytes = b"") -> Estate:
        return self.do(by, FreezeRight(right=right, under=under))

    def unfreeze(self, by: str, right: bytes, *, under: bytes = b"") -> Estate:
        return self.do(by, UnfreezeRight(right=right, under=under))

    def revoke(self, by: str, right: bytes, *, under: bytes = b"") -> Estate:
        return self.do(by, RevokeRight(right=right, under=under))

    def permit(self, by: str, **changes: Any) -> Estate:
        """A grant of the use of the files, under a right."""
        return self.do(by, granted(**changes))

    def right(self, right: bytes = ROOT) -> Right:
        """A right's record."""
        return self.get(Right, right.hex())

    def fell(self, right: bytes) -> str:
        """Why a right does not hold now."""
        return why_not_in_force(self.state, right, self.time)

    def fill(self, parent: bytes = ROOT) -> Estate:
        """As many living children as there is room for, behind the rules' back."""
        children = []
        for at in range(MAX_CHILDREN):
            child = replace(
                self.right(parent), right=b"\x77" + at.to_bytes(15, "big"), parent=parent, share_ppm=0, depth_left=0
            )
            children.append(child.right)
            self.put(replace(child, kind=RightKind.USE, holder="telecom"))
        self.put(replace(self.right(parent), children=tuple(children)))
        return self

    def _made_by(self, by: str, body: GrantRight) -> bytes:
        self.do(by, body)
        return body.right


def granted(**changes: Any) -> GiveGrant:
    """A grant of the files that ends with the usual right."""
    return permission(**({"dataset": FILES, "not_after": END} | changes))
