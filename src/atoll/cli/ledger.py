"""`atoll ledger`: the ledger as this node holds it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from atoll.api.models import BlockInfo
from atoll.cli.files import read_bytes, write_new
from atoll.cli.frame import JsonOption, command, group
from atoll.cli.reply import Fields, Reply, Rows
from atoll.cli.screen import print_json, print_shown
from atoll.cli.words import duration, iso, short, size
from atoll.client import Node
from atoll.ledger.claims import claims_absence
from atoll.ledger.snapshot import parse_snapshot, verify_snapshot
from atoll.ledger.tlog_policy import parse_policy
from atoll.ledger.tlog_proof import parse_log_proof

app = group("Read and verify the ledger.")


@command(app, "log", "atoll ledger log --home bank", "atoll ledger log --first 0 --count 20 --home bank")
def log(
    node: Node,
    first: Annotated[int, typer.Option(help="First entry; a negative one counts from the end.")] = -20,
    count: Annotated[int, typer.Option(help="How many.", min=1, max=1000)] = 20,
    summaries: Annotated[bool, typer.Option("--summaries", help="The summary that closes each block, too.")] = False,
) -> Reply:
    """Entries of the log: who did what, and whether a rule refused it."""
    found = [one for one in node.ledger.log(first, count) if summaries or one.kind != "summary"]
    rows = [
        (str(one.index), str(one.height), iso(one.time), one.kind, one.sender or "-", one.outcome, short(one.digest))
        for one in found
    ]
    return Reply(found, [Rows(("entry", "block", "time", "kind", "sender", "outcome", "digest"), rows, "no entries there")])


@command(
    app, "show", "atoll ledger show member bank --home bank", "atoll ledger show dataset bureau/files/1 --home bank --json"
)
def show(
    node: Node,
    namespace: Annotated[
        str, typer.Argument(help="member, key, dataset, grant, budget, job, consent, receipt, consensus, chain, ...")
    ],
    identifier: Annotated[str, typer.Argument(help="The record's name within it, such as bank or bank/identity/1.")],
) -> Reply:
    """One record of the state with its proof; or the proof that there is none."""
    one = node.ledger.record(namespace, identifier)
    value = "proved absent" if one.value is None else json.dumps(one.value, indent=2, ensure_ascii=False)
    pairs = [
        ("record", one.key),
        ("block", str(one.height)),
        ("state root", one.state_root),
        ("proof", f"{len(one.proof) // 2} bytes"),
    ]
    return Reply(one, [Fields(pairs), value])


@command(app, "verify", "atoll ledger verify --home auditor")
def verify(node: Node) -> Reply:
    """Carry out every block again from the genesis, and compare the roots with what the members signed."""
    one = node.ledger.verify()
    pairs = [
        ("carried out again", f"{one.height} blocks, {one.entries} entries, in {duration(one.seconds)}"),
        ("log root", one.root),
        ("state root", one.state_root),
        ("record is", one.standing or "not vouched for yet"),
    ]
    return Reply(one, [Fields(pairs), "\nEvery root is the same."])


@command(
    app,
    "checkpoint",
    "atoll ledger checkpoint --home bank",
    "atoll ledger checkpoint --published --home bank > checkpoint",
)
def checkpoint(
    node: Node,
    published: Annotated[
        bool, typer.Option("--published", help="The one that outsiders see, with its witnesses' lines.")
    ] = False,
) -> Reply:
    """The newest checkpoint that a quorum stands for: a C2SP signed note, for any tool that reads those.

    On CometBFT the members vote on blocks and sign no checkpoint together; there it is always the published one.
    """
    one = node.ledger.checkpoint()
    if published or not one.note:
        note = node.ledger.published()
        return Reply({"note": note, "published": True}, [note.rstrip("\n")])
    return Reply(one, [one.note.rstrip("\n")])


@command(
    app,
    "prove",
    "atoll ledger prove 4711 --out entry.tlog-proof --home bank",
    "atoll ledger prove 5f0c...e1 --with-entry --out receipt.tlog-proof --home bank    # a transaction's 64 digits",
    "atoll ledger prove dataset/bureau/files/1 --out files.tlog-proof --home bank    # a record, or that there is none",
)
def prove(
    node: Node,
    what: Annotated[
        str, typer.Argument(metavar="WHAT", help="An entry's number, a transaction's digits, or NAMESPACE/RECORD.")
    ],
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where the proof goes.")],
    with_entry: Annotated[
        bool, typer.Option("--with-entry", help="Carry the entry itself along: whoever has the file reads it.")
    ] = False,
) -> Reply:
    """Prove to an outsider that an entry was logged, or what the state says of a record: a C2SP .tlog-proof file.

    It verifies offline with `atoll evidence verify FILE --trust FILE`. The file of a record shows its value; one of absence
    shows the values of the two records beside the gap, without their names.
    """
    namespace, slash, identifier = what.partition("/")
    if slash:
        data, kind = node.ledger.prove_record(namespace, identifier), "record"
    else:
        data, kind = node.ledger.prove_entry(what, with_entry=with_entry), "entry"
    write_new(out, data)
    is_absent = claims_absence(parse_log_proof(data))
    value = {"what": what, "kind": kind, "file": str(out), "bytes": len(data)}
    value |= {"present": not is_absent} if slash else {}
    proved = f"of absence of record {what}" if is_absent else f"of {kind} {what}"
    return Reply(value, [f"proof {proved} in {out} ({size(len(data))})"])


@command(app, "watch", "atoll ledger watch --home auditor", "atoll ledger watch --blocks 10 --json --home bank")
def watch(
    node: Node,
    blocks: Annotated[int, typer.Option(help="End after so many blocks; 0: go on until Ctrl-C.", min=0)] = 0,
    after: Annotated[int, typer.Option(help="Begin above this block; left out, with the newest.", min=-1)] = -1,
    as_json: JsonOption = False,
) -> Reply:
    """Blocks as they come, and who has stood for them when. With --json, one JSON value a line."""
    seen, last = 0, -1
    for news in node.ledger.watch(after):
        for one in news.blocks:
            seen, last = seen + 1, one.height
            _tell({"event": "block", **one.model_dump()}, _block_line(one), as_json)
            if seen == blocks:
                break
        if news.cosigned:
            times = ", ".join(f"{org} {iso(at)}" for org, at in news.cosigned.items())
            _tell({"event": "quorum", "heard_at": news.heard_at, "cosigned": news.cosigned}, f"  stood for by {times}", as_json)
        if blocks and seen >= blocks:
            break
    return Reply({"event": "end", "blocks": seen, "height": last}, [f"{seen} blocks"])


@command(app, "validators", "atoll ledger validators --home auditor")
def validators(node: Node) -> Reply:
    """Who carries out and stands for every transaction, with which keys, and when each was heard last."""
    one = node.ledger.validators()
    pairs = [
        ("engine", one.engine),
        ("quorum", f"{one.quorum} of {sum(each.counts for each in one.validators)}"),
        ("sequencer", f"{one.sequencer}, term {one.term}"),
    ]
    rows = [
        (
            each.org,
            str(each.power) if each.counts else "does not count",
            iso(each.last_at) if each.last_at else "-",
            short(each.cosign),
            short(each.consensus) if each.consensus else "-",
        )
        for each in one.validators
    ]
    columns = ("member", "power", "last heard", "cosigning key", "consensus key")
    return Reply(one, [Fields(pairs), Rows(columns, rows, "no validating members")])


@command(app, "snapshot", "atoll ledger snapshot --out lagoon.snapshot --trust consortium.trust --home auditor")
def snapshot(
    node: Node,
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where it goes.")],
    trust: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Verify it with this trust file before it is written.")
    ] = None,
) -> Reply:
    """The whole state under the published checkpoint, in one file that `atoll evidence verify` verifies offline.

    It holds every record, for members, auditors and regulators; it is no backup of a node, which is its home.
    """
    data = node.ledger.snapshot()
    found = verify_snapshot(parse_snapshot(data), parse_policy(read_bytes(trust))) if trust else None
    write_new(out, data, private=True)
    value = {"file": str(out), "bytes": len(data), "verified": found is not None}
    how = f"; {found.records} records of block {found.height} verified" if found else ", not verified: no --trust was given"
    return Reply(value, [f"snapshot in {out} ({size(len(data))}){how}"])


@command(
    app,
    "trust",
    "atoll ledger trust --out consortium.trust --home auditor",
    "atoll ledger trust --home auditor > consortium.trust",
    "atoll ledger trust --now --out today.policy --home auditor    # for witnesses, once members or keys have changed",
)
def trust(
    node: Node,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Where it goes; standard output if left out.")] = None,
    now: Annotated[
        bool, typer.Option("--now", help="The members' keys of today: a tlog-policy for witnesses and proofs of logging.")
    ] = False,
) -> Reply:
    """The trust file: genesis digest and keys, all that an outsider needs to verify evidence.

    Hand it over in person or by another way than the evidence: whoever controls both could invent a consortium.
    """
    text = node.ledger.trust_file(present=now)
    if out is None:
        return Reply({"trust": text}, [text.rstrip("\n")])
    write_new(out, text.encode())
    return Reply({"trust": text, "file": str(out)}, [f"trust file in {out}"])


@command(app, "members", "atoll ledger members --out members.evidence --home auditor")
def members(node: Node, out: Annotated[Path, typer.Option(metavar="FILE", help="Where it goes.")]) -> Reply:
    """Who counts now, proved step by step from the founders on.

    `atoll evidence verify --members` takes it beside proofs of logging and snapshots: the trust file of the founding is enough
    then, whatever keys have changed since.
    """
    data = node.ledger.members()
    write_new(out, data)
    return Reply({"file": str(out), "bytes": len(data)}, [f"who counts now, with proof, in {out} ({size(len(data))})"])


def _block_line(one: BlockInfo) -> str:
    refused = f", {one.refused} refused" if one.refused else ""
    what = f"{one.transactions} transactions{refused}, from entry {one.first}"
    return f"block {one.height}  {iso(one.time)}  {what}  {short(one.state_root)}"


def _tell(value: dict[str, Any], line: str, as_json: bool) -> None:
    if as_json:
        print_json(value)
    else:
        print_shown([line])
