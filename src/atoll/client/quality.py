"""`node.quality`."""

from __future__ import annotations

from atoll.api import models
from atoll.client.link import Link
from atoll.client.names import split_dataset


class Quality:
    """How good datasets are, and who says so."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def run(self, dataset: str, *, publish: bool = False, remark: str = "") -> models.QualityRunInfo:
        """Measure a dataset of this organisation; with `publish` also say so on the ledger."""
        request = models.MeasureQuality(dataset=dataset, publish=publish, remark=remark)
        return self._link.ask(models.QualityRunInfo, "quality_run", request)

    def sign(self, file: str, remark: str = "") -> models.Receipt:
        """Vouch for a run that an owner handed over, base64, and say so on the ledger."""
        return self._link.ask(models.Receipt, "quality_sign", models.SignRun(file=file, remark=remark))

    def list(self, dataset: str) -> list[models.QualityInfo]:
        """All opinions of a dataset version, newest first, withdrawn ones included."""
        owner, name, version = split_dataset(dataset)
        return self._link.ask(list[models.QualityInfo], "quality_list", owner=owner, name=name, version=version)

    def report(self, dataset: str, evaluator: str) -> models.QualityReportInfo:
        """One evaluator's report, fetched and verified by the node."""
        owner, name, version = split_dataset(dataset)
        return self._link.ask(
            models.QualityReportInfo, "quality_report", owner=owner, name=name, version=version, evaluator=evaluator
        )

    def withdraw(self, dataset: str) -> models.Receipt:
        """Take this organisation's opinion back."""
        owner, name, version = split_dataset(dataset)
        return self._link.ask(models.Receipt, "quality_withdraw", owner=owner, name=name, version=version)
