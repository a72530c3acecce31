"""`atoll evidence`: exported by those entitled, verified by anybody with a trust file."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from atoll.cli import judging
from atoll.cli.files import read_text, write_new
from atoll.cli.frame import CertificateOption, HomeOption, TokenOption, UrlOption, command, connect_to, group
from atoll.cli.options import JobArgument
from atoll.cli.reply import Reply
from atoll.cli.words import size

app = group("Export evidence of a job; verify it with a trust file and nothing else.")
command(
    app,
    "judge",
    "atoll evidence judge bank.json lab.json --identity bank=8f0c... --identity lab=11d2... --identity state=c07a...",
)(judging.judge)


@command(app, "export", "atoll evidence export 3f2a91bc4d5e6f708192a3b4c5d6e7f8 --out job.evidence --home auditor")
def export(
    job: JobArgument,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Where it goes. [default: JOB.evidence]")] = None,
    home: HomeOption = None,
    url: UrlOption = None,
    token: TokenOption = None,
    certificate: CertificateOption = None,
) -> Reply:
    """Export the evidence of a job: plan, consents, START, receipts, keys and memberships with their proofs."""
    node = connect_to(home, url, token, certificate)
    try:
        data = node.evidence(job)
    finally:
        node.close()
    path = out or Path(f"{job}.evidence")
    write_new(path, data)
    return Reply({"job": job, "file": str(path), "bytes": len(data)}, [f"evidence of job {job} in {path} ({size(len(data))})"])


@command(
    app,
    "verify",
    "atoll evidence verify job.evidence --trust consortium.trust",
    "atoll evidence verify files.tlog-proof --trust consortium.trust    # from `ledger prove`",
    "atoll evidence verify lagoon.snapshot --trust consortium.trust     # from `ledger snapshot`",
    "atoll evidence verify files.tlog-proof --trust consortium.trust --members members.evidence    # once keys have changed",
)
def verify(
    bundle: Annotated[
        Path, typer.Argument(metavar="BUNDLE", help="From `evidence export`, `ledger prove`, `ledger snapshot`.")
    ],
    trust: Annotated[Path, typer.Option(metavar="FILE", help="From `ledger trust`, by another way than the bundle.")],
    entry: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The entry that a .tlog-proof is about, where it carries none along.")
    ] = None,
    members: Annotated[
        Path | None, typer.Option(metavar="FILE", help="From `ledger members`: who counts for a proof of logging or snapshot.")
    ] = None,
) -> Reply:
    """Verify a bundle, a proof of logging or a snapshot from the trust file alone, and tell what it proves.

    Needs no home, no node and no network. Whatever does not hold is named with its entry, and the exit status is not 0. For
    proofs of logging and snapshots the trust file may be any C2SP tlog-policy, one with outside witnesses too; with `--members`
    it is the founders', and leads to the keys of those that count now.
    """
    from atoll.cli.offline import read_evidence, verify_proof, verify_state
    from atoll.ledger.snapshot import START
    from atoll.ledger.tlog_proof import HEADER

    data = read_evidence(bundle)
    if data.startswith(HEADER.encode()):
        return verify_proof(data, trust, entry, members)
    if data.startswith(START):
        return verify_state(data, trust, members)
    return _verify_job(data, trust)


def _verify_job(data: bytes, trust: Path) -> Reply:
    from atoll.ledger.evidence import narrate, parse_trust_file, verify_evidence
    from atoll.ledger.evidence.errors import EvidenceError

    known = parse_trust_file(read_text(trust))
    try:
        finding = verify_evidence(data, known, now=int(time.time()))
    except EvidenceError as err:
        value = {"verified": False, "code": err.code, "message": str(err), **err.operands}
        return Reply(value, ["Not verified."], exit_code=err.exit_code, error=str(err), hint=err.remedy, code=err.code)
    return Reply({"verified": True, **finding.to_plain()}, [narrate(finding)])
