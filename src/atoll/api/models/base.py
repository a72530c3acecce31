"""What every model is, and what every subject answers with."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    """Base: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", defer_build=True)


class Problem(Model):
    """RFC 9457 problem details."""

    type: str
    """`about:atoll/<code>`."""
    title: str
    """What happened, one sentence."""
    status: int
    code: str
    """Stable code, for `atoll why`."""
    remedy: str
    """What to do; may be empty."""
    rule: str = ""
    """Code of the ledger's rule that refused, where one did."""


class Receipt(Model):
    """A transaction was carried out and acknowledged by a quorum."""

    height: int
    index: int
    transaction: str
