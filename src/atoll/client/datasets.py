"""`node.datasets`."""

from __future__ import annotations

from atoll.api import models
from atoll.client.link import Link
from atoll.client.names import split_dataset


class Datasets:
    """Datasets of this organisation and of the others."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def register(self, request: models.RegisterDataset) -> str:
        """Register a file as the next version of a dataset; its identifier."""
        return self._link.ask(models.Registered, "dataset_register", request).dataset

    def list(self) -> list[models.DatasetInfo]:
        """All members' datasets."""
        return self._link.ask(list[models.DatasetInfo], "dataset_list")

    def show(self, dataset: str) -> models.DatasetInfo:
        """One dataset with its card."""
        owner, name, version = split_dataset(dataset)
        return self._link.ask(models.DatasetInfo, "dataset_show", owner=owner, name=name, version=version)

    def withdraw(self, dataset: str) -> models.Receipt:
        """Take a dataset version out of use."""
        owner, name, version = split_dataset(dataset)
        return self._link.ask(models.Receipt, "dataset_withdraw", owner=owner, name=name, version=version)

    def set_budget(self, request: models.BudgetRequest) -> models.Receipt:
        """Cap all uses of one lineage."""
        return self._link.ask(models.Receipt, "budget_set", request)
