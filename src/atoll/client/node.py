"""A node as an object: `node.datasets`, `node.grading`, `node.grants`, `node.rights`, `node.jobs`, `node.ledger`, and more."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

from atoll.api import models
from atoll.client.catalogue import Catalogue
from atoll.client.datasets import Datasets
from atoll.client.disputes import Disputes
from atoll.client.errors import NodeUnreachable
from atoll.client.foreign import Duplicates
from atoll.client.grading import Grading
from atoll.client.grants import Grants
from atoll.client.jobs import Jobs
from atoll.client.ledger import Ledger
from atoll.client.link import Link
from atoll.client.members import Members
from atoll.client.names import verify_identifier
from atoll.client.orders import Orders
from atoll.client.programs import Programs
from atoll.client.quality import Quality
from atoll.client.rights import Rights
from atoll.client.standing import Standing


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
        raise NodeUnreachable(url=str(path), reason=_unreadable(path, err)) from err
    return connect(f"https://{listen}", token=token, certificate=path / "tls.der")


def _unreadable(path: Path, err: Exception) -> str:
    """Why a folder cannot serve as a home."""
    if not path.exists():
        return "there is no such folder"
    if isinstance(err, OSError):
        return f"{Path(err.filename or path).name} cannot be read: {(err.strerror or type(err).__name__).lower()}"
    return "its atoll.toml does not say where the API listens"


class Node:
    """One node; also a context manager that closes the connection."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self.datasets = Datasets(link)
        self.catalogue = Catalogue(link)
        self.grading = Grading(link)
        self.quality = Quality(link)
        self.disputes = Disputes(link)
        self.duplicates = Duplicates(link)
        self.grants = Grants(link)
        self.orders = Orders(link)
        self.rights = Rights(link)
        self.standing = Standing(link)
        self.jobs = Jobs(link)
        self.programs = Programs(link)
        self.ledger = Ledger(link)
        self.members = Members(link)

    def __repr__(self) -> str:
        return f"Node({self._link.url!r})"

    def __enter__(self) -> Node:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def again(self) -> Node:
        """A second connection to the same node: one answers one question at a time."""
        return Node(self._link.again())

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
