"""`atoll key`: this organisation's keys replaced and revoked, and its persons'."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from atoll.cli import approver
from atoll.cli.frame import command, group, same_node
from atoll.cli.options import YesOption
from atoll.cli.reply import Reply
from atoll.cli.screen import confirm
from atoll.client import Node

app = group("Replace or revoke keys of this organisation; register persons who approve.")
app.add_typer(approver.app, name="approver")


class MemberKey(StrEnum):
    """Keys that a node has."""

    IDENTITY = "identity"
    RECOVERY = "recovery"
    COSIGN = "cosign"
    LOG = "log"
    TLS = "tls"
    CONSENSUS = "consensus"


PurposeArgument = Annotated[MemberKey, typer.Argument(help="Which key.")]


@command(app, "rotate", "atoll key rotate cosign --home bank", "atoll key rotate identity --home bank")
def rotate(node: Node, purpose: PurposeArgument, yes: YesOption = False) -> Reply:
    """Replace a key by a new one, which is made and kept at the node; the old one signs nothing from that block on.

    For identity and recovery keys the recovery key signs as well; where it is kept elsewhere, this is refused. The consensus
    key is registered as it lies in HOME/cometbft: a home that was restored from a backup makes a new one when it is started.
    """
    confirm(f"Replace the {purpose} key?", yes=yes)
    receipt = node.members.rotate_key(purpose.value)
    return Reply(receipt, [f"{purpose} key replaced in block {receipt.height}"])


@command(app, "revoke", "atoll key revoke cosign --home bank")
def revoke(node: Node, purpose: PurposeArgument, yes: YesOption = False) -> Reply:
    """Make a key worthless at once, because somebody else may have it. Replace it right after."""
    confirm(f"Revoke the {purpose} key now, for good?", yes=yes)
    receipt = node.members.revoke_key(purpose.value)
    return Reply(receipt, [f"{purpose} key revoked in block {receipt.height}\n\nNext: atoll key rotate {purpose}{same_node()}"])
