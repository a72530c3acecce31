"""Claims that other consortia are asked about."""

from __future__ import annotations

from pydantic import Field

from atoll.api.models.base import Model


class ForeignAsked(Model):
    """What another consortium showed."""

    origin: str
    """Name of its ledger."""
    evidence: str
    """SHA-256 of its bundle, hexadecimal."""
    at: int
    """When its checkpoint was cosigned."""
    is_own: bool = False
    """Who claims it there has signed that this claim is its own."""
    bundle: str = ""
    """The bundle, Base64, where it lies at this node."""


class ForeignClaimInfo(Model):
    """A claim of this consortium."""

    fingerprint: str
    """The keyed fingerprint, hexadecimal."""
    org: str
    dataset: str
    state: str
    """reserved, confirmed, conflict or released."""
    reserved_at: int
    expires_at: int
    """Of a reservation; a confirmed claim does not expire."""
    witnessed_at: int = 0
    """When outsiders had first seen it; 0 before."""
    others: list[ForeignAsked] = []
    """What the confirmation, or the conflict, rests on."""
    stamp: str = ""
    """The bundle by which outsiders first saw it, Base64."""


class ForeignPlace(Model):
    """A member of another consortium."""

    origin: str = Field(min_length=1, max_length=64)
    """Name of its ledger."""
    org: str = Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")
    """Its name there."""


class ForeignSigned(Model):
    """A claimant's word that a claim elsewhere is its own."""

    origin: str
    """This consortium."""
    fingerprint: str
    signature: str
    """For `--continues` there, hexadecimal."""


class ForeignSection(Model):
    """This consortium's part of an agreement."""

    origin: str
    text: str
    """TOML; outsiders and addresses are for people to add."""
