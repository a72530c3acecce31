"""A node as an object: `node.datasets`, `node.grants`, `node.jobs`, `node.ledger`, `node.members`."""

from __future__ import annotations

import os
import time
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from atoll.api import models
from atoll.client.errors import NodeUnreachable, NoSuchGrant
from atoll.client.link import Link
from atoll.client.names import split_dataset, verify_identifier

if TYPE_CHECKING:
    import pyarrow

ENDED = frozenset({"completed", "failed", "refused", "withdrawn", "unacknowledged", "expired"})
POLL_SECONDS = 0.15


def connect(url: str, *, token: str | None = None, certificate: Path | str | None = None) -> Node:
    """A node by its address. Nothing is sent before the first question.

    Args:
        url: for example `https://127.0.0.1:7402`.
        token: bearer token; ATOLL_TOKEN where it is left out.
        certificate: the node's own TLS certificate (DER or PEM file), which is then the only one trusted; the system's roots
            where it is left out.

    Raises:
        CertificateUnusable: the file is no certificate.
    """
    return Node(Link(url, token=token or os.environ.get("ATOLL_TOKEN", ""), certificate=certificate))


def connect_home(home: Path | str, *, role: str = "admin") -> Node:
    """The node whose home folder this is, with the token of a role kept there.

    Args:
        home: the folder.
        role: of a person: admin, owner, user, auditor or operator.

    Raises:
        NodeUnreachable: the folder is no home, or holds no token of that role.
    """
    path = Path(home)
    try:
        listen = str(tomllib.loads((path / "atoll.toml").read_text("utf-8"))["https"]["listen"])
        token = (path / "tokens" / Path(role).name).read_text("utf-8").strip()
    except (OSError, KeyError, TypeError, UnicodeDecodeError, tomllib.TOMLDecodeError) as err:
        raise NodeUnreachable(url=str(path), reason=f"the home cannot be read ({type(err).__name__})") from err
    return connect(f"https://{listen}", token=token, certificate=path / "tls.der")


class Node:
    """One node; also a context manager that closes the connection."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self.datasets = Datasets(link)
        self.grants = Grants(link)
        self.jobs = Jobs(link)
        self.ledger = Ledger(link)
        self.members = Members(link)

    def __repr__(self) -> str:
        return f"Node({self._link.url!r})"

    def __enter__(self) -> Node:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def url(self) -> str:
        """Where it is."""
        return self._link.url

    def close(self) -> None:
        """Close the connection."""
        self._link.close()

    def status(self) -> models.Status:
        """How the node is."""
        return self._link.ask(models.Status, "status")

    def doctor(self) -> list[models.DoctorFinding]:
        """What is wrong and what to do."""
        return self._link.ask(list[models.DoctorFinding], "doctor")

    def evidence(self, job: str) -> bytes:
        """The evidence bundle of a job."""
        return self._link.raw("evidence_export", job=verify_identifier(job, "job"))


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


class Grants:
    """Grants given and received."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def give(self, request: models.GiveGrant) -> str:
        """Permit a use; the grant's identifier."""
        return self._link.ask(models.Given, "grant_give", request).grant

    def list(self) -> list[models.GrantInfo]:
        """Grants this organisation gave or received."""
        return self._link.ask(list[models.GrantInfo], "grant_list")

    def show(self, grant: str) -> models.GrantInfo:
        """One grant with its terms.

        Raises:
            NoSuchGrant: this organisation neither gave nor received it.
        """
        verify_identifier(grant, "grant")
        found = next((one for one in self.list() if one.grant == grant), None)
        if found is None:
            raise NoSuchGrant(grant=grant)
        return found

    def revoke(self, grant: str) -> models.Receipt:
        """Take a grant back."""
        return self._link.ask(models.Receipt, "grant_revoke", grant=verify_identifier(grant, "grant"))


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

    def approve(self, job: str) -> models.JobInfo:
        """Consent to a job that awaits approval."""
        return self._link.ask(models.JobInfo, "job_approve", job=verify_identifier(job, "job"))

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


class Ledger:
    """The ledger, as this node holds it."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def log(self, first: int = -50, count: int = 50) -> list[models.LogEntry]:
        """Log entries; a negative `first` counts from the end."""
        return self._link.ask(list[models.LogEntry], "ledger_log", query={"first": first, "count": count})

    def record(self, namespace: str, identifier: str) -> models.RecordInfo:
        """A record with its proof, or the proof of its absence."""
        return self._link.ask(models.RecordInfo, "ledger_show", namespace=namespace, identifier=identifier)

    def checkpoint(self) -> models.CheckpointInfo:
        """The newest checkpoint with a quorum."""
        return self._link.ask(models.CheckpointInfo, "ledger_checkpoint")

    def verify(self) -> models.VerifyInfo:
        """Carry out everything again from the genesis."""
        return self._link.ask(models.VerifyInfo, "ledger_verify")

    def trust_file(self) -> str:
        """What an outsider needs to verify evidence offline."""
        return self._link.raw("trust_file").decode()


class Members:
    """Members, keys and the sequencer."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def list(self) -> list[models.MemberInfo]:
        """All members."""
        return self._link.ask(list[models.MemberInfo], "members")

    def invite(self, request: models.InviteRequest) -> models.InviteInfo:
        """Invite an organisation."""
        return self._link.ask(models.InviteInfo, "invite", request)

    def enrol(self, transaction: bytes) -> models.Receipt:
        """Hand over the enrolment that an invited organisation has signed (`atoll consortium enrol`)."""
        return self._link.ask(models.Receipt, "member_enrol", models.EnrolRequest(transaction=transaction.hex()))

    def handover(self, to: str) -> models.HandoverInfo:
        """Vote for a new sequencer."""
        return self._link.ask(models.HandoverInfo, "handover", models.HandoverRequest(to=to))

    def rotate_key(self, purpose: str) -> models.Receipt:
        """Replace a key of this organisation: identity, recovery, cosign, log or tls."""
        return self._link.ask(models.Receipt, "key_rotate", models.KeyRequest.model_validate({"purpose": purpose}))

    def revoke_key(self, purpose: str) -> models.Receipt:
        """Revoke a key of this organisation: identity, recovery, cosign, log or tls."""
        return self._link.ask(models.Receipt, "key_revoke", models.KeyRequest.model_validate({"purpose": purpose}))
