"""`atoll dataset dispute`: contest a registration, answer, decide."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Annotated

import typer

from atoll.api.models import AnswerInfo, AnswerRequest, Attachment, DecideRequest, DisputeInfo, OpenRequest
from atoll.cli.errors import BadArgument, FileUnusable
from atoll.cli.frame import command, group
from atoll.cli.reply import Fields, Reply, Rows, Shown
from atoll.client import Node

app = group("Contest a registration, answer, decide.")
OUTCOMES = ("upheld", "released")
DisputeArgument = Annotated[str, typer.Argument(metavar="DISPUTE", help="Its identifier, 32 hex digits.")]
TextOption = Annotated[str, typer.Option(help="What you say; parties, auditors and regulators read it, and nobody else.")]
AttachOption = Annotated[list[Path] | None, typer.Option(metavar="FILE", help="A file that bears it out; repeat.")]


@command(
    app,
    "open",
    "atoll dataset dispute open bureau/people/1 --against bank/customers/1 --text 'Both come from the same register.' "
    "--home bureau",
)
def open_dispute(
    node: Node,
    dataset: Annotated[str, typer.Argument(metavar="DATASET", help="The version whose use is in dispute.")],
    against: Annotated[str, typer.Option(metavar="DATASET", help="The version it is compared with.")],
    text: TextOption,
    attach: AttachOption = None,
) -> Reply:
    """Contest a version: that one's own is blocked, or that another's should be.

    The ledger gets a commitment; the words go to the other owner, auditors and regulators.
    """
    request = OpenRequest(subject=dataset, against=against, text=text, attachments=read_attachments(attach))
    dispute = node.disputes.open(request)
    return Reply({"dispute": dispute}, [f"dispute {dispute} opened about {dataset}"])


@command(app, "list", "atoll dataset dispute list --home auditor")
def list_disputes(node: Node) -> Reply:
    """All disputes of the consortium."""
    found = node.disputes.list()
    rows = [(one.dispute, one.subject, one.against, one.opener, one.state) for one in found]
    return Reply(found, [Rows(("dispute", "about", "against", "opened by", "state"), rows, "no disputes")])


@command(app, "show", "atoll dataset dispute show 0123456789abcdef0123456789abcdef --home auditor")
def show(node: Node, dispute: DisputeArgument) -> Reply:
    """One dispute, with the words where this organisation may read them."""
    one = node.disputes.show(dispute)
    return Reply(one, shown_dispute(one))


@command(
    app,
    "answer",
    "atoll dataset dispute answer 0123456789abcdef0123456789abcdef --text 'The count is attached.' --attach result.json "
    "--home bank",
)
def answer(node: Node, dispute: DisputeArgument, text: TextOption, attach: AttachOption = None) -> Reply:
    """Add to what was said; for the two parties."""
    receipt = node.disputes.answer(dispute, AnswerRequest(text=text, attachments=read_attachments(attach)))
    return Reply(receipt, [f"answered in block {receipt.height}"])


@command(
    app,
    "decide",
    "atoll dataset dispute decide 0123456789abcdef0123456789abcdef released --text 'Two extracts of one register.' "
    "--home auditor",
)
def decide(
    node: Node,
    dispute: DisputeArgument,
    outcome: Annotated[str, typer.Argument(metavar="OUTCOME", help="upheld: it is blocked; released: it may be used.")],
    text: TextOption,
    attach: AttachOption = None,
) -> Reply:
    """Decide a dispute of others; for auditors and regulators that belong to no party.

    The decision says whether the version may be used. It does not say whose the content is.
    """
    if outcome not in OUTCOMES:
        raise BadArgument(what=outcome, reason=f"a dispute ends {' or '.join(OUTCOMES)}")
    request = DecideRequest(outcome=outcome, text=text, attachments=read_attachments(attach))
    receipt = node.disputes.decide(dispute, request)
    return Reply(receipt, [f"{outcome} in block {receipt.height}"])


@command(
    app,
    "withdraw",
    "atoll dataset dispute withdraw 0123456789abcdef0123456789abcdef --text 'Settled between us.' --home bureau",
)
def withdraw(node: Node, dispute: DisputeArgument, text: TextOption) -> Reply:
    """Take back a dispute that this organisation opened; the version stays as it is."""
    receipt = node.disputes.withdraw(dispute, AnswerRequest(text=text))
    return Reply(receipt, [f"withdrawn in block {receipt.height}"])


def shown_dispute(one: DisputeInfo) -> list[Shown]:
    """A dispute for people."""
    pairs = [
        ("dispute", f"{one.dispute} ({one.state})"),
        ("about", one.subject),
        ("against", one.against),
        ("opened by", one.opener),
    ]
    if one.reason is not None:
        pairs += [("decided by", f"{one.decided_by} in block {one.decided_height}"), ("because", _words(one.reason))]
    rows = [(said.org, str(said.height), _words(said)) for said in one.statements]
    return [Fields(pairs), "", Rows(("who", "block", "said"), rows)]


def _words(said: AnswerInfo) -> str:
    if said.awaited:
        return f"(on its way from {said.org}; committed to as {said.commitment[:16]})"
    if not said.held:
        return f"(not here; committed to as {said.commitment[:16]})"
    names = ", ".join(one.name for one in said.attachments)
    return said.text + (f" [{names}]" if names else "")


def read_attachments(paths: list[Path] | None) -> list[Attachment]:
    """The files, each as it is sent.

    Raises:
        FileUnusable: one cannot be read.
    """
    try:
        return [Attachment(name=one.name, data=base64.b64encode(one.read_bytes()).decode()) for one in paths or []]
    except OSError as err:
        raise FileUnusable(path=str(err.filename), action="read", reason=str(err.strerror)) from err
