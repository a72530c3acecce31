"""`node.datasets`."""

from __future__ import annotations

import json
from typing import Any, cast

from atoll.api import models
from atoll.client.link import Link
from atoll.client.names import split_dataset

Accounts = list[models.BudgetInfo]


class Datasets:
    """Datasets of this organisation and of the others."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def register(self, request: models.RegisterDataset) -> str:
        """Register a file as the next version of a dataset; its identifier."""
        return self.register_told(request).dataset

    def register_told(self, request: models.RegisterDataset) -> models.Registered:
        """The same, with what was found out about it; asked for again, it goes on where it was."""
        return self._link.ask(models.Registered, "dataset_register", request)

    def step(self, name: str) -> models.RegistrationStep:
        """How far a registration under way is."""
        return self._link.ask(models.RegistrationStep, "registration_step", name=name)

    def history(self, dataset: str) -> models.HistoryInfo:
        """Versions, findings, checks and disputes."""
        owner, name, version = split_dataset(dataset)
        return self._link.ask(models.HistoryInfo, "dataset_history", owner=owner, name=name, version=version)

    def profile(self, dataset: str, request: models.ProfileRequest) -> models.ProfileInfo:
        """What the source of an own dataset holds, read anew; nothing of it is kept."""
        owner, name, version = split_dataset(dataset)
        return self._link.ask(models.ProfileInfo, "dataset_profile", request, owner=owner, name=name, version=version)

    def lineage(self, dataset: str) -> dict[str, Any]:
        """Where a version comes from, as PROV-O in JSON-LD."""
        owner, name, version = split_dataset(dataset)
        document = json.loads(self._link.raw("dataset_lineage", owner=owner, name=name, version=version))
        return cast("dict[str, Any]", document)

    def list(self) -> list[models.DatasetInfo]:
        """All members' datasets."""
        return self._link.ask(list[models.DatasetInfo], "dataset_list")

    def show(self, dataset: str, *, check: bool = False) -> models.DatasetInfo:
        """One dataset with its card; with `check` an own source is read again and compared with what was registered."""
        owner, name, version = split_dataset(dataset)
        query = {"check": "yes"} if check else None
        return self._link.ask(models.DatasetInfo, "dataset_show", query=query, owner=owner, name=name, version=version)

    def withdraw(self, dataset: str) -> models.Receipt:
        """Take a dataset version out of use."""
        owner, name, version = split_dataset(dataset)
        return self._link.ask(models.Receipt, "dataset_withdraw", owner=owner, name=name, version=version)

    def set_budget(self, request: models.BudgetRequest) -> models.Receipt:
        """Cap uses of one lineage: all, those of one recipient, or those for one purpose."""
        return self._link.ask(models.Receipt, "budget_set", request)

    def budgets(self, lineage: str = "") -> Accounts:
        """What is left: an owner sees all accounts of its lineages, a recipient its own."""
        return self._link.ask(list[models.BudgetInfo], "budget_list", query={"lineage": lineage} if lineage else None)

    def refund(self, job: str, name: str) -> models.Receipt:
        """Give back what an ended job took from one of this organisation's datasets."""
        return self._link.ask(models.Receipt, "budget_refund", models.RefundRequest(job=job, name=name))
