"""What can go wrong, as one tree of exceptions with stable codes.

Every error a person can meet is a class with a `code` that never changes, one sentence that says what happened, and a remedy.
Operands (`found=3, limit=2`) become attributes and fill the sentence; secrets and row values are never operands. Each part
defines its own in its module or package `errors`, on the families below; `catalogue()` is the table that the reference pages,
the HTTP answers and the command line's exit status are made from.
"""

from __future__ import annotations

from typing import Any, ClassVar

_CATALOGUE: dict[str, type[AtollError]] = {}


class AtollError(Exception):
    """Root of all errors that Atoll raises on purpose."""

    code: ClassVar[str] = ""
    """Stable name, `area.what`; empty on families, which are never raised themselves."""
    sentence: ClassVar[str] = ""
    """What happened, with `{operand}` places."""
    remedy: ClassVar[str] = ""
    """What a person can do about it; empty when there is nothing to do."""
    status: ClassVar[int] = 500
    """HTTP status of the API's answer."""
    exit_code: ClassVar[int] = 1
    """Exit status of the command line."""
    tells_of_rows: ClassVar[bool] = False
    """Whether the code by itself would tell others something about rows, as that some key matched: then it stays at this node,
    and peers and the ledger hear a neutral one (`atoll.transport.faults`)."""
    number: ClassVar[int] = 0
    """Result code in the ledger, for refusals by a ledger rule; 0 elsewhere. Hashed, so never renumbered."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        code = cls.__dict__.get("code", "")
        if code:
            if code in _CATALOGUE:
                raise TypeError(f"error code {code} is defined twice")
            _CATALOGUE[code] = cls

    def __init__(self, **operands: Any) -> None:
        self.operands = operands
        for name, value in operands.items():
            setattr(self, name, value)
        super().__init__(self.sentence.format(**operands))

    def __reduce__(self) -> tuple[Any, ...]:
        return (_rebuild, (type(self), self.operands))


def _rebuild(cls: type[AtollError], operands: dict[str, Any]) -> AtollError:
    return cls(**operands)


def catalogue() -> dict[str, type[AtollError]]:
    """Every error class that is loaded, by code, sorted by code."""
    return dict(sorted(_CATALOGUE.items()))


class InputError(AtollError):
    """The caller gave something unusable."""

    status = 400
    exit_code = 2


class AccessError(AtollError):
    """The caller may not do this."""

    status = 403
    exit_code = 3


class NotFoundError(AtollError):
    """The thing named does not exist here."""

    status = 404
    exit_code = 4


class ConflictError(AtollError):
    """The thing exists, but not in a state that allows this."""

    status = 409
    exit_code = 5


class RuleError(AtollError):
    """A ledger rule refused a transaction; nothing in the state changed."""

    status = 422
    exit_code = 6


class PeerError(AtollError):
    """The other side of a session broke the protocol."""

    status = 502
    exit_code = 7


class IntegrityError(AtollError):
    """A proof, signature, digest or store does not hold what it should."""

    status = 500
    exit_code = 8


class UnavailableError(AtollError):
    """Something needed is not reachable, not fresh, or full; trying again later can help."""

    status = 503
    exit_code = 9


class JobError(AtollError):
    """A job ended without a result."""

    status = 409
    exit_code = 10
