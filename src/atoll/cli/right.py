"""`atoll right`: who holds what in a lineage of datasets; given, leased, passed on, frozen, taken back, proved."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from atoll.api.models import RightInfo, RightRequest
from atoll.cli.errors import BadArgument
from atoll.cli.files import read_text, write_new
from atoll.cli.frame import command, group
from atoll.cli.options import YesOption
from atoll.cli.reply import Fields, Reply, Rows
from atoll.cli.screen import confirm
from atoll.cli.words import iso, listed, readable_times
from atoll.client import Node

app = group("Give, lease, pass on and end rights in data; see and prove who holds what.")
RightArgument = Annotated[str, typer.Argument(metavar="RIGHT", help="The right's 32 digits.")]
LineageArgument = Annotated[str, typer.Argument(metavar="LINEAGE", help="owner/name, such as bureau/files.")]
ToOption = Annotated[str, typer.Option(metavar="ORG", help="Who gets it.")]
UnderOption = Annotated[str, typer.Option(metavar="RIGHT", help="Right of management to act under. [default: found]")]
ShareOption = Annotated[str | None, typer.Option(metavar="PERCENT", help="Share of the income, such as 12.5.")]
DaysOption = Annotated[int | None, typer.Option(help="How long it holds. [default: as long as its parent]", min=1, max=36_500)]
AtOption = Annotated[int | None, typer.Option("--at", metavar="HEIGHT", help="After this block. [default: the newest]", min=0)]
OutOption = Annotated[Path | None, typer.Option(metavar="FILE", help="Write the proof there, for `right verify`.")]
ENDLESS = 2**40


class Kind(StrEnum):
    """The rights that can be given."""

    USE = "use"
    PROCESSING = "processing"
    OPERATION = "operation"
    INCOME = "income"
    MANAGEMENT = "management"
    TRANSACTION = "transaction"


@dataclass(frozen=True, kw_only=True)
class Reach:
    """Whom a right is for, and how far it reaches."""

    to: ToOption
    kind: Annotated[Kind, typer.Option(help="Which of the separable rights.")]
    depth: Annotated[int, typer.Option(help="Levels of further rights that its holder may give from it.", min=0, max=6)] = 0
    uses: Annotated[int | None, typer.Option(help="Most uses that grants and rights under it add up to.", min=1)] = None
    column: Annotated[list[str] | None, typer.Option(help="Column that it reaches; repeat. [default: all of its parent's]")] = (
        None
    )
    purpose: Annotated[list[str] | None, typer.Option(help="Purpose it is for; repeat. [default: all of its parent's]")] = None
    job_kind: Annotated[
        list[str] | None, typer.Option(help="Kind of job it is for; repeat. [default: all of its parent's]")
    ] = None


@command(
    app,
    "grant",
    "atoll right grant bureau/files --to telecom --kind operation --depth 2 --days 365 --purpose credit-check --home bureau",
    "atoll right grant bureau/files --to bank --kind income --share 12.5 --home bureau",
)
def grant(
    node: Node,
    lineage: LineageArgument,
    reach: Reach,
    share: ShareOption = None,
    days: DaysOption = None,
) -> Reply:
    """Give one of the separable rights in a lineage that this organisation holds.

    Use: in jobs, for itself. Processing: aggregates only, for itself. Operation: grant uses to others. Income: a share.
    Management: freeze and revoke rights below the root. Transaction: pass on the other rights that it holds in the lineage.
    """
    return _give(node, lineage, reach, share, days)


@command(
    app,
    "sublicense",
    "atoll right sublicense 5be1a0c2d3e4f5061728394a5b6c7d8e --to bank --kind use --uses 10 --days 30 --home telecom",
)
def sublicense(
    node: Node,
    right: RightArgument,
    reach: Reach,
    share: ShareOption = None,
    days: DaysOption = None,
) -> Reply:
    """Give from a right that is not the root. It never reaches further than the one it comes from."""
    return _give(node, right, reach, share, days)


@command(app, "lease", "atoll right lease bureau/files --to bank --kind operation --days 90 --home bureau")
def lease(
    node: Node,
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="A lineage that it holds, or a right of its own.")],
    reach: Reach,
    days: Annotated[int, typer.Option(help="How long.", min=1, max=36_500)],
) -> Reply:
    """Give a right to one alone, for a time: this organisation is kept out meanwhile, and has it back by itself."""
    return _give(node, source, reach, None, days, alone=True)


@command(app, "transfer", "atoll right transfer 5be1a0c2d3e4f5061728394a5b6c7d8e --to telecom --home bureau")
def transfer(
    node: Node,
    right: RightArgument,
    to: ToOption,
    under: Annotated[str, typer.Option(metavar="RIGHT", help="Right of transaction to act under. [default: found]")] = "",
    yes: YesOption = False,
) -> Reply:
    """Pass a right on for good. This organisation keeps nothing of it; what was given from it stands."""
    shown = node.rights.show(right)
    confirm(f"Pass the right of {shown.kind} in {shown.lineage} on to {to}, with {len(shown.children)} rights below?", yes=yes)
    receipt = node.rights.transfer(right, to, under=under)
    return Reply(receipt, [f"right {right} is {to}'s from block {receipt.height} on"])


@command(app, "freeze", "atoll right freeze 5be1a0c2d3e4f5061728394a5b6c7d8e --home bureau")
def freeze(node: Node, right: RightArgument, under: UnderOption = "") -> Reply:
    """Stop a right and everything below it, running jobs included, until it is unfrozen."""
    receipt = node.rights.freeze(right, under=under)
    return Reply(receipt, [f"right {right} frozen in block {receipt.height}"])


@command(app, "unfreeze", "atoll right unfreeze 5be1a0c2d3e4f5061728394a5b6c7d8e --home bureau")
def unfreeze(node: Node, right: RightArgument, under: UnderOption = "") -> Reply:
    """End this side's freeze of a right; a regulator's is not touched."""
    receipt = node.rights.unfreeze(right, under=under)
    return Reply(receipt, [f"right {right} unfrozen in block {receipt.height}"])


@command(app, "revoke", "atoll right revoke 5be1a0c2d3e4f5061728394a5b6c7d8e --home bureau")
def revoke(node: Node, right: RightArgument, under: UnderOption = "", yes: YesOption = False) -> Reply:
    """End a right for good, and everything below it; or give an own one back."""
    confirm(f"Revoke right {right} and everything below it, for good?", yes=yes)
    receipt = node.rights.revoke(right, under=under)
    return Reply(receipt, [f"right {right} revoked in block {receipt.height}"])


@command(app, "list", "atoll right list --home bank", "atoll right list --lineage bureau/files --home bank")
def list_rights(
    node: Node,
    lineage: Annotated[str, typer.Option(metavar="LINEAGE", help="In this one, owner/name.")] = "",
    holder: Annotated[str, typer.Option(metavar="ORG", help="Of this holder.")] = "",
) -> Reply:
    """Rights as they stand now; all members see them."""
    found = node.rights.list(lineage=lineage, holder=holder)
    return Reply(found, [_table(found)])


@command(app, "show", "atoll right show 5be1a0c2d3e4f5061728394a5b6c7d8e --home bank")
def show(node: Node, right: RightArgument) -> Reply:
    """One right: how far it reaches, what stands above it and below it, and whether it holds."""
    one = node.rights.show(right)
    pairs = [
        ("right", f"{one.kind} in {one.lineage}" + (", to one alone" if one.lease else "")),
        ("holder", one.holder),
        ("from", f"{one.grantor}" + (f", right {one.parent}" if one.parent else ", by registering the lineage")),
        ("holds", _term(one)),
        ("now", _now(one.fell)),
        ("uses", f"{one.uses - one.uses_given} of {one.uses} left to give" if one.uses else "not bounded"),
        ("share", f"{one.share_ppm / 10_000:g} %" if one.share_ppm else "none"),
        ("gives on", f"{one.depth_left} levels deep" if one.depth_left else "no"),
        ("scope", _scope(one)),
        ("version", f"{one.version}, since block {one.height}"),
    ]
    shown: list[str | Rows | Fields] = [Fields(pairs)]
    if one.chain:
        shown += ["\nAbove it:", _table(one.chain)]
    if one.children:
        shown += ["\nGiven from it:", _table(one.children)]
    return Reply(one, shown)


@command(
    app,
    "history",
    "atoll right history 5be1a0c2d3e4f5061728394a5b6c7d8e --home bank",
    "atoll right history 5be1a0c2d3e4f5061728394a5b6c7d8e --out right.proof --home bank",
)
def history(node: Node, right: RightArgument, out: OutOption = None) -> Reply:
    """Every state that a right has had; with --out, the proof of it."""
    if out is not None:
        return _written(node.rights.history_proof(right), out)
    found = node.rights.history(right)
    rows = [(str(one.height), iso(one.time), one.right.holder, one.right.state, str(one.right.version)) for one in found]
    return Reply(found, [Rows(("block", "time", "holder", "state", "version"), rows)])


@command(
    app,
    "holders",
    "atoll right holders bureau/files --at 812 --home bank",
    "atoll right holders bureau/files --at 812 --out holders.proof --home bank",
)
def holders(node: Node, lineage: LineageArgument, at: AtOption = None, out: OutOption = None) -> Reply:
    """Who held what in a lineage after any past block; with --out, the proof of it."""
    _need_lineage(lineage)
    if out is not None:
        return _written(node.rights.holders_proof(lineage, at=at), out)
    found = node.rights.holders(lineage, at=at)
    return Reply(found, [f"{lineage} after block {found.height}, {iso(found.time)}:", _table(found.rights)])


@command(app, "verify", "atoll right verify holders.proof --trust consortium.trust")
def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="From `right holders` or `right history`; from anybody.")],
    trust: Annotated[Path, typer.Option(metavar="FILE", help="From `ledger trust`, by another way than the file.")],
) -> Reply:
    """Verify a proof of who held what from the trust file alone. Needs no home, no node and no network."""
    from atoll.cli.offline import read_evidence
    from atoll.ledger.evidence import parse_trust_file, verify_rights
    from atoll.ledger.evidence.errors import EvidenceError

    try:
        finding = verify_rights(read_evidence(file), parse_trust_file(read_text(trust)))
    except EvidenceError as err:
        value = {"verified": False, "code": err.code, "message": str(err), **err.operands}
        return Reply(value, ["Not verified."], exit_code=err.exit_code, error=str(err), hint=err.remedy, code=err.code)
    said = finding.statement
    what = f"the history of right {said.right.hex()}" if said.right else f"all rights in {said.lineage}"
    pairs = [
        ("shows", f"{what}, as of block {said.height}"),
        ("consortium", f"{finding.chain_id}, genesis {finding.genesis_digest.hex()[:16]}"),
        ("record is", finding.kind),
        ("stood for by", f"{listed(finding.cosigned)}, {iso(finding.agreed_at)}, up to block {finding.top}"),
    ]
    rows = [
        (str(one.height), iso(one.time), one.right.kind, one.right.holder, _now(one.fell), one.right.right.hex())
        for one in finding.held
    ]
    table = Rows(("block", "time", "kind", "holder", "then", "right"), rows)
    return Reply({"verified": True, **finding.to_plain()}, [Fields(pairs), "", table])


def _give(node: Node, source: str, reach: Reach, share: str | None, days: int | None, *, alone: bool = False) -> Reply:
    right = node.rights.give(
        RightRequest(
            source=source,
            to=reach.to,
            kind=reach.kind.value,
            lease=alone,
            depth=reach.depth,
            share_ppm=parse_share(share) if share else 0,
            uses=reach.uses or 0,
            days=days,
            columns=reach.column or [],
            purposes=reach.purpose or [],
            job_kinds=reach.job_kind or [],
        )
    )
    words = "leased to" if alone else "for"
    return Reply({"right": right}, [f"right {right}: {reach.kind.value} in {source} {words} {reach.to}"])


def parse_share(text: str) -> int:
    """A share in percent, as parts per million.

    >>> parse_share("12.5")
    125000
    """
    whole, _, rest = text.strip().removesuffix("%").strip().partition(".")
    if whole.isascii() and whole.isdigit() and len(rest) <= 4 and (not rest or (rest.isascii() and rest.isdigit())):
        ppm = int(whole) * 10_000 + int(rest.ljust(4, "0") or 0)
        if 0 < ppm <= 1_000_000:
            return ppm
    raise BadArgument(what=f"--share {text}", reason="it is a number of percent up to 100, with at most four decimals")


def _table(found: list[RightInfo]) -> Rows:
    rows = [(one.right, one.kind, one.holder, _term(one), _now(one.fell)) for one in found]
    return Rows(("right", "kind", "holder", "holds", "now"), rows, "no rights")


def _now(fell: str) -> str:
    return readable_times(fell) or "in force"


def _term(one: RightInfo) -> str:
    until = "without an end" if one.not_after >= ENDLESS else f"until {iso(one.not_after)}"
    return f"from {iso(one.not_before)} {until}" if one.not_before else until


def _scope(one: RightInfo) -> str:
    if one.scope_from:
        return f"on its way from {one.scope_from}"
    if one.scope is None:
        return "held by holder, custodian and auditor"
    said = "; ".join(f"{name.replace('_', ' ')}: {listed(values)}" for name, values in one.scope.items())
    return said or "as far as its parent"


def _written(data: bytes, out: Path) -> Reply:
    write_new(out, data)
    return Reply({"file": str(out), "bytes": len(data)}, [f"proof in {out}"])


def _need_lineage(lineage: str) -> None:
    if lineage.count("/") != 1:
        raise BadArgument(what=f"lineage {lineage}", reason="it is owner/name, without a version")
