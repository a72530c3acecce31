"""The one list of roles; help texts, documentation pages and membership rules all read it here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Role(StrEnum):
    """What an organisation, or a person, is in a consortium; one organisation can hold several."""

    OWNER = "owner"
    USER = "user"
    MODEL_OWNER = "model_owner"
    OPERATOR = "operator"
    AUDITOR = "auditor"
    REGULATOR = "regulator"
    EVALUATOR = "evaluator"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class RoleCard:
    """A role in words."""

    sentence: str
    """Who this is."""
    may: tuple[str, ...]
    """What the role allows, one clause each; whatever is not listed is not allowed."""
    sees: str
    """What data it can come to see."""


ROLES: Mapping[Role, RoleCard] = MappingProxyType(
    {
        Role.OWNER: RoleCard(
            sentence="A data owner registers datasets and keeps their rows at home.",
            may=(
                "register dataset versions with their card, level, quality, policy and price",
                "give, limit and revoke grants",
                "consent to or refuse each job on its data",
                "stop a job at its own node at any time",
            ),
            sees="its own data, and who used them for what",
        ),
        Role.USER: RoleCard(
            sentence="A data user finds datasets, agrees on terms and receives results.",
            may=(
                "search the catalogue",
                "negotiate agreements",
                "propose jobs",
                "receive the results of jobs whose plan names it as receiver",
            ),
            sees="the results addressed to it, never the inputs of others",
        ),
        Role.MODEL_OWNER: RoleCard(
            sentence="A model owner trains or serves a model against the data of others without showing it.",
            may=(
                "register model versions",
                "consent to or refuse each job that uses its model",
                "publish, suspend and retire a served model",
            ),
            sees="its own model, and results addressed to it",
        ),
        Role.OPERATOR: RoleCard(
            sentence="An operator founds a consortium and runs its ordering and compute nodes.",
            may=(
                "order transactions and publish checkpoints",
                "invite organisations",
                "offer compute nodes and consent to or refuse each job on them",
            ),
            sees="no data alone",
        ),
        Role.AUDITOR: RoleCard(
            sentence="An auditor reads all evidence and verifies it offline.",
            may=(
                "read the ledger and the sealed detail of plans and receipts",
                "export evidence bundles",
                "have disputed material opened to it",
            ),
            sees="evidence, no rows",
        ),
        Role.REGULATOR: RoleCard(
            sentence="A regulator supervises and can stop a use that must not go on.",
            may=(
                "read the ledger and evidence",
                "freeze datasets, models and organisations, by two persons together",
                "recall grants and results, by two persons together",
            ),
            sees="evidence, no rows",
        ),
        Role.EVALUATOR: RoleCard(
            sentence="An evaluator is an accredited third party that signs opinions on data.",
            may=("sign opinions on quality, assets and compliance", "withdraw its own opinions"),
            sees="what an owner shows it for an opinion, at that owner's place",
        ),
        Role.PERSON: RoleCard(
            sentence="A person is somebody whom the data are about.",
            may=(
                "hold credentials",
                "give and withdraw consent tokens",
                "ask how its own data were used",
            ),
            sees="uses of its own data",
        ),
    }
)
"""Every role's card; complete by a test."""
