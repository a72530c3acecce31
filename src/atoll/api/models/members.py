"""Members, invitations, keys, hand-over."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from atoll.api.models.base import Model


class MemberInfo(Model):
    org: str
    title: str
    roles: list[str]
    state: str
    validating: bool
    sequencer: bool
    peer: str
    https: str
    consensus_peer: str
    """Its CometBFT node; empty where it has none."""
    connected: bool
    keys: dict[str, str]
    """Fingerprint of each current key, by purpose; `revoked` where it is."""


class InviteRequest(Model):
    org: str
    identity: str
    """The invited organisation's identity public key, hex."""
    roles: list[str]
    validating: bool = False
    days: int = Field(default=7, ge=1, le=90)
    title: str = ""
    """Its name for people; this and the next two are asked for where other members have to approve."""
    legal_id: str = ""
    affiliation: str = ""


class InviteInfo(Model):
    token: str
    org: str
    not_after: int
    motion: int
    """Number of the motion that other members have to approve first; 0 where the invitation is good at once."""
    approvals: int
    """How many have."""
    needed: int
    """How many must; 0 where nobody is asked."""


class EnrolRequest(Model):
    """An invited organisation's own transaction, handed over by a member: the newcomer cannot reach anybody yet."""

    transaction: str
    """The sealed `member.enrol/1` transaction, hex."""


class HandoverRequest(Model):
    to: str


class HandoverInfo(Model):
    new_term: int
    new_sequencer: str
    votes: int
    needed: int
    in_force: bool


class KeyRequest(Model):
    purpose: Literal["identity", "recovery", "cosign", "log", "tls", "consensus"]
