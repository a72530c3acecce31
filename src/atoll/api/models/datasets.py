"""Datasets and their columns."""

from __future__ import annotations

from pydantic import Field

from atoll.api.models.base import Model, Receipt


class RegisterColumn(Model):
    name: str
    semantics: str = ""
    level: int = Field(default=2, ge=1, le=4)
    exposure: str = "hidden"
    normalisation: str = ""


class RegisterDataset(Model):
    name: str = Field(examples=["customers"])
    path: str = Field(examples=["data/customers.csv"])
    """Relative to one of the node's data folders."""
    title: str
    description: str = ""
    columns: list[RegisterColumn] = []
    """What to say about columns; those left out are `hidden`, level 2."""
    purposes: list[str] = []
    table: str = ""
    """Table of a SQLite file."""
    asserted_new: int | None = Field(default=None, ge=0, le=1 << 53)
    """How many identifiers the version before it did not have, if the owner says so."""


class Registered(Receipt):
    """A dataset version was registered."""

    dataset: str
    """owner/name/version."""


class DatasetInfo(Model):
    dataset: str
    owner: str
    level: int
    state: str
    title: str = ""
    description: str = ""
    rows_at_most: int = 0
    columns: list[RegisterColumn] = []
    purposes: list[str] = []
    mine: bool = False
    card_verified: bool = False
    """The card was fetched and fits its commitment on the ledger."""
