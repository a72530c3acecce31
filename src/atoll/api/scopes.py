"""What a token allows.

`read` is implied by every other scope.
"""

from __future__ import annotations

from enum import StrEnum


class Scope(StrEnum):
    """What a token allows."""

    READ = "read"
    DATA = "data"
    JOBS = "jobs"
    APPROVE = "approve"
    AUDIT = "audit"
    ADMIN = "admin"


SCOPES_BY_ROLE: dict[str, tuple[Scope, ...]] = {
    "owner": (Scope.READ, Scope.DATA, Scope.APPROVE),
    "user": (Scope.READ, Scope.JOBS),
    "auditor": (Scope.READ, Scope.AUDIT),
    "operator": (Scope.READ, Scope.ADMIN),
    "admin": tuple(Scope),
}
"""What the token of each role of a person inside one organisation allows."""

READ, DATA, JOBS, APPROVE, AUDIT, ADMIN = Scope
