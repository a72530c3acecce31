"""`node.grading`."""

from __future__ import annotations

from atoll.api import models
from atoll.client.link import Link
from atoll.client.names import split_dataset


class Grading:
    """Classes and levels of files and datasets."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def file(self, request: models.GradeFile) -> models.GradeInfo:
        """What the detectors say of a file in the node's data folders; nothing of it is kept."""
        return self._link.ask(models.GradeInfo, "grade_file", request)

    def show(self, dataset: str) -> models.GradeInfo:
        """The level of a dataset on the ledger, and what its card says of it."""
        owner, name, version = split_dataset(dataset)
        return self._link.ask(models.GradeInfo, "grade_show", owner=owner, name=name, version=version)

    def override(self, dataset: str, request: models.RegradeRequest) -> models.Receipt:
        """Change a level, signed; down only with a reason, from G4 on with a person's signature in the request."""
        owner, name, version = split_dataset(dataset)
        return self._link.ask(models.Receipt, "grade_override", request, owner=owner, name=name, version=version)

    def paper(self, dataset: str, level: int) -> bytes:
        """For a person to sign, before data of level G4 or above are lowered (`atoll grade override --approver`)."""
        owner, name, version = split_dataset(dataset)
        asked = models.RegradeRequest(level=level)
        found = self._link.ask(models.PaperInfo, "grade_paper", asked, owner=owner, name=name, version=version)
        return bytes.fromhex(found.paper)

    def approve(self, dataset: str, request: models.ApproveRequest) -> models.Receipt:
        """Permit, as a regulator, that some members compute with important data."""
        owner, name, version = split_dataset(dataset)
        return self._link.ask(models.Receipt, "grade_approve", request, owner=owner, name=name, version=version)

    def tables(self) -> list[models.LevelTableInfo]:
        """The tables of levels that the node has."""
        return self._link.ask(list[models.LevelTableInfo], "grade_tables")
