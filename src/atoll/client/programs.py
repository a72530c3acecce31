"""`node.programs`."""

from __future__ import annotations

from atoll.api import models
from atoll.client.link import Link
from atoll.client.names import verify_digest, verify_identifier


class Programs:
    """Secret programs, as persons of this organisation review them."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def list(self) -> list[models.ProgramInfo]:
        """Programs that somebody here has reviewed, or taken back, or that the local rules name."""
        return self._link.ask(list[models.ProgramInfo], "program_list")

    def show(self, job: str) -> models.ProgramText:
        """The program that a job would run, in words."""
        return self._link.ask(models.ProgramText, "program_show", job=verify_identifier(job, "job"))

    def review(self, digest: str) -> models.ProgramInfo:
        """Say that a person here has read the program of this digest, and that it may be run on own data."""
        return self._link.ask(models.ProgramInfo, "program_review", digest=verify_digest(digest, "program"))

    def revoke(self, digest: str) -> models.ProgramInfo:
        """Take that back; jobs that run it on own data are stopped at once."""
        return self._link.ask(models.ProgramInfo, "program_revoke", digest=verify_digest(digest, "program"))
