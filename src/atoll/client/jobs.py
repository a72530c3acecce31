"""`node.jobs`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from atoll.api import models
from atoll.client.link import Link
from atoll.client.names import verify_identifier

if TYPE_CHECKING:
    import pyarrow

ENDED = frozenset({"completed", "failed", "refused", "withdrawn", "unacknowledged", "expired"})
POLL_SECONDS = 0.15


class Jobs:
    """Jobs this organisation takes part in."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def draft(self, kind: str, spec: dict[str, Any], *, purpose: str, **options: Any) -> models.DraftInfo:
        """What a job would take and show, before anybody proposes it. Arguments as for `propose`."""
        return self._link.ask(
            models.DraftInfo, "job_draft", models.ProposeJob(kind=kind, spec=spec, purpose=purpose, **options)
        )

    def propose(self, kind: str, spec: dict[str, Any], *, purpose: str, **options: Any) -> str:
        """Propose a job; its identifier. `options` are the other fields of `ProposeJob`."""
        request = models.ProposeJob(kind=kind, spec=spec, purpose=purpose, **options)
        return self._link.ask(models.Proposed, "job_propose", request).job

    def list(self) -> list[models.JobInfo]:
        """All jobs, oldest first."""
        return self._link.ask(list[models.JobInfo], "job_list")

    def show(self, job: str) -> models.JobInfo:
        """One job with its plan."""
        return self._link.ask(models.JobInfo, "job_show", job=verify_identifier(job, "job"))

    def approve(self, job: str, *, entrust: bool = False) -> models.JobInfo:
        """Consent to a job that awaits approval.

        Args:
            entrust: acknowledge compute nodes of which this organisation is none; any two of them could read its data together.
        """
        asked = models.ApproveJob(entrust=entrust)
        return self._link.ask(models.JobInfo, "job_approve", asked, job=verify_identifier(job, "job"))

    def approval(self, job: str) -> bytes:
        """For a person to sign, before a consent on data of level G4 or above (`atoll job approve --approver`)."""
        return bytes.fromhex(self._link.ask(models.PaperInfo, "job_approval", job=verify_identifier(job, "job")).paper)

    def bid(self, job: str, value: int, *, entrust: bool = False) -> models.JobInfo:
        """Bid, which consents to the job; the value stays at this node until it is opened, in shares, to the compute nodes.

        Args:
            job: which.
            value: 0 to take part without a bid.
            entrust: as with `approve`.
        """
        asked = models.BidRequest(value=value, entrust=entrust)
        return self._link.ask(models.JobInfo, "job_bid", asked, job=verify_identifier(job, "job"))

    def withhold(self, job: str) -> models.JobInfo:
        """Do not open the own bid. The compute nodes will say so in their receipts, against the commitment on the ledger."""
        return self._link.ask(models.JobInfo, "job_withhold", job=verify_identifier(job, "job"))

    def approve_signed(self, job: str, paper: bytes, *, entrust: bool = False) -> models.JobInfo:
        """As `approve`, with a person's signature."""
        asked = models.ApproveSigned(paper=paper.hex(), entrust=entrust)
        return self._link.ask(models.JobInfo, "job_approve_signed", asked, job=verify_identifier(job, "job"))

    def refuse(self, job: str, code: str = "policy.refused_by_person") -> models.JobInfo:
        """Refuse a job."""
        return self._link.ask(models.JobInfo, "job_refuse", models.RefuseRequest(code=code), job=verify_identifier(job, "job"))

    def withdraw(self, job: str) -> models.JobInfo:
        """Take consent or proposal back before START."""
        return self._link.ask(models.JobInfo, "job_withdraw", job=verify_identifier(job, "job"))

    def cancel(self, job: str) -> models.JobInfo:
        """Stop a running job."""
        return self._link.ask(models.JobInfo, "job_cancel", job=verify_identifier(job, "job"))

    def watch(self, job: str, *, poll_seconds: float = POLL_SECONDS) -> Iterator[models.JobInfo]:
        """The job each time something about it has changed, until it has ended."""
        seen: models.JobInfo | None = None
        while True:
            info = self.show(job)
            if info != seen:
                yield info
                seen = info
            if info.state in ENDED:
                return
            time.sleep(poll_seconds)

    def wait(
        self, job: str, *, until: Callable[[models.JobInfo], bool] | None = None, timeout_seconds: float = 600.0
    ) -> models.JobInfo:
        """The job, once it has ended or `until` holds.

        Raises:
            TimeoutError: neither in time.
        """
        ends = time.monotonic() + timeout_seconds
        while True:
            info = self.show(job)
            if info.state in ENDED or (until is not None and until(info)):
                return info
            if time.monotonic() > ends:
                raise TimeoutError(f"job {job} has not ended within {timeout_seconds:g} s")
            time.sleep(POLL_SECONDS)

    def result(self, job: str, *, offset: int = 0) -> models.ResultInfo:
        """A page of the result as text, from row `offset` on, for a receiver; `arrow` and `download` give all of it."""
        return self._link.ask(models.ResultInfo, "job_result", query={"offset": offset}, job=verify_identifier(job, "job"))

    def arrow(self, job: str) -> pyarrow.Table:
        """The whole result as an Arrow table, for notebooks; `.to_pandas()` where that is installed.

        Raises:
            BadResult: it is not what the receipts commit to.
        """
        from atoll.client.download import fetch_table

        return fetch_table(self._link, self.result(job))

    def download(
        self, job: str, path: Path | str, *, on_rows: Callable[[int, int], None] = lambda _written, _all: None
    ) -> models.ResultInfo:
        """Write the whole result to a new file, `.csv`, `.parquet` or `.arrow`, that only its owner can read.

        The file appears when all of it is there and is what the receipts commit to. Memory: a few blocks, whatever its size.

        Args:
            job: which.
            path: where; must not be there.
            on_rows: told how many rows of how many are written.

        Raises:
            BadResult: it is not what the receipts commit to.
            OSError: the file is there, or cannot be written.
        """
        from atoll.client.download import fetch_file

        info = self.result(job)
        fetch_file(self._link, info, Path(path), on_rows)
        return info

    def why(self, job: str) -> models.WhyInfo:
        """Why the job stands where it stands."""
        return self._link.ask(models.WhyInfo, "job_why", job=verify_identifier(job, "job"))
