"""Caps on all uses of a lineage."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from atoll.api.models.base import Model


class BudgetRequest(Model):
    name: str
    unit: Literal["uses", "rows", "micro-epsilon"] = "uses"
    limit: int = Field(ge=0)
