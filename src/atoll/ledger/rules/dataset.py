"""Datasets: registered by their owner, withdrawn by their owner. Rows, cards and fingerprints stay at home; here stands a
commitment."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from atoll.ledger.plan import DatasetId
from atoll.ledger.records import Dataset, DatasetState, LevelNumber
from atoll.ledger.rules.call import Call
from atoll.ledger.rules.errors import NotAllowed, WrongState
from atoll.ledger.rules.grade import settle_first_level
from atoll.ledger.rules.right import mint_root
from atoll.wire.message import Count, Digest, Message


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterDataset(Message):
    """An owner registers a dataset version."""

    TAG: ClassVar[str] = "dataset.register/1"

    dataset: DatasetId
    """owner/name/version; versions follow each other without a gap."""
    card_commitment: Digest
    """Salted commitment to the card."""
    level: LevelNumber
    """1 to 4: G1 to G4; 5: important; 6: core."""
    asserted_new: Count | None = None
    """How many of its identifiers the version before it did not have, as the owner says; None if it does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawDataset(Message):
    """An owner takes a dataset version out of use; jobs not yet started cannot start with it."""

    TAG: ClassVar[str] = "dataset.withdraw/1"

    dataset: DatasetId
    """Which version."""


def register(call: Call, body: RegisterDataset) -> None:
    """A first version needs nothing; version n + 1 needs version n."""
    owner, name, version = body.dataset.split("/")
    call.need_sender(owner, "register a dataset under its name")
    if "owner" not in call.active_member(owner).roles:
        raise NotAllowed(org=owner, reason="it lacks the role owner")
    call.need_free(Dataset, body.dataset)
    if int(version) > 1:
        call.need(Dataset, f"{owner}/{name}/{int(version) - 1}")
    settle_first_level(call, body.dataset, body.level)
    dataset = Dataset(
        dataset=body.dataset,
        owner=owner,
        lineage=f"{owner}/{name}",
        card_commitment=body.card_commitment,
        level=body.level,
        asserted_new=body.asserted_new,
        state=DatasetState.ACTIVE,
        height=call.height,
    )
    call.state.put(dataset)
    if int(version) == 1:
        mint_root(call, dataset)


def withdraw(call: Call, body: WithdrawDataset) -> None:
    """Only the owner, and for good."""
    dataset = call.need(Dataset, body.dataset)
    call.need_sender(dataset.owner, "withdraw its dataset")
    if dataset.state is DatasetState.WITHDRAWN:
        raise WrongState(what="dataset", name=body.dataset, state=dataset.state, needed=DatasetState.ACTIVE)
    call.state.put(replace(dataset, state=DatasetState.WITHDRAWN))
