"""`atoll duplicate`: the check for duplicates across consortia."""

from __future__ import annotations

import base64
import time
from pathlib import Path
from typing import Annotated

import typer

from atoll.api.models import ForeignClaimInfo, MotionRequest
from atoll.cli.errors import BadArgument, FileUnusable
from atoll.cli.frame import command, group
from atoll.cli.reply import Fields, Reply, Rows, Shown
from atoll.cli.voting import DaysOption, asked
from atoll.cli.words import iso
from atoll.client import Node
from atoll.errors import NotFoundError
from atoll.ledger.foreign.agreement import parse_agreement
from atoll.ledger.foreign.fingerprint import KEY_BYTES, derive_key_id
from atoll.ledger.foreign.verify import verify_bundle
from atoll.node.home import write_private
from atoll.ports import SystemEntropy

app = group("Check for duplicates across consortia: who registered a content first.")
ClaimArgument = Annotated[str, typer.Argument(metavar="CLAIM", help="A dataset version, or a fingerprint of 64 hex digits.")]
AgreementArgument = Annotated[Path, typer.Argument(metavar="AGREEMENT", help="The consortia's agreement.")]


class NoClaim(NotFoundError):
    """No claim was made for a dataset version."""

    code = "cli.no_claim"
    sentence = "No claim across consortia was made for {dataset}."
    remedy = "`atoll duplicate list` names all claims."


@command(app, "key", "atoll duplicate key consortia.key")
def key(path: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write it; must not be there yet.")]) -> Reply:
    """Make the key that the consortia's fingerprints are made with, and print its id for the agreement.

    One of the consortia makes it and hands it to the others by a way that keeps it secret. Whoever holds it can test guesses.
    """
    if path.exists():
        raise BadArgument(what=str(path), reason="it is there already, and nothing was changed")
    secret = SystemEntropy().bytes(KEY_BYTES)
    write_private(path, secret.hex().encode() + b"\n")
    key_id = derive_key_id(secret).hex()
    return Reply({"key_id": key_id, "file": str(path)}, [f'key-id = "{key_id}"'])


@command(app, "section", "atoll duplicate section --home operator")
def section(node: Node) -> Reply:
    """Print this consortium's part of an agreement, as its ledger has it; outsiders and addresses are to be added."""
    found = node.duplicates.section()
    return Reply(found, [found.text.rstrip("\n")])


@command(app, "check", "atoll duplicate check consortia.toml")
def check(agreement: AgreementArgument) -> Reply:
    """Verify an agreement's file, and print its digest: it must be the same at every consortium."""
    found = parse_agreement(_read(agreement))
    rows = [
        (
            one.origin,
            f"{one.members_quorum} of {len(one.members)}",
            f"{one.outsiders_quorum} of {len(one.outsiders)}",
            str(one.outsiders_to_spare),
        )
        for one in found.consortia
    ]
    value = {"digest": found.digest.hex(), "key_id": found.key_id.hex(), "consortia": [one.origin for one in found.consortia]}
    fields = Fields(
        [
            ("digest", found.digest.hex()),
            ("proofs no older than", f"{found.policy_age_seconds} s"),
            ("a registration waits at least", f"{found.wait_seconds} s"),
        ]
    )
    return Reply(value, [fields, Rows(("consortium", "members", "outsiders", "of these may lie"), rows)])


@command(app, "open", "atoll duplicate open --home operator")
def open_check(node: Node, days: DaysOption = 14) -> Reply:
    """Ask the members for the agreement that this node's [foreign] names. More than half of those that count have to approve.

    From the block on in which enough have, every registration asks the other consortia.
    """
    return asked(node.members.open_motion(MotionRequest(kind="agree", days=days)))


@command(app, "close", "atoll duplicate close --home operator")
def close_check(node: Node, days: DaysOption = 14) -> Reply:
    """Ask the members to end the agreement with other consortia. More than half of those that count have to approve.

    From the block on in which enough have, nothing is reserved or confirmed any more, and registrations need no claim; what was
    confirmed stays. Then take [foreign] out of every node's atoll.toml: with it a node registers nothing without the agreement.
    """
    return asked(node.members.open_motion(MotionRequest(kind="end-agreement", days=days)))


@command(app, "list", "atoll duplicate list --home bank")
def list_claims(node: Node) -> Reply:
    """All claims of this consortium."""
    found = node.duplicates.list()
    rows = [(one.dataset, one.state, _when(one.witnessed_at), one.fingerprint[:16]) for one in found]
    return Reply(found, [Rows(("dataset", "state", "first seen by others", "fingerprint"), rows, "no claims")])


@command(
    app,
    "show",
    "atoll duplicate show bank/customers/1 --home bank",
    "atoll duplicate show bank/customers/1 --out proofs --home bank",
)
def show(
    node: Node,
    claim: ClaimArgument,
    out: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Write the proofs of both sides there.")] = None,
) -> Reply:
    """One claim: how it stands, and what the other consortia showed."""
    one = node.duplicates.show(_fingerprint(node, claim))
    fields = Fields(
        [
            ("dataset", one.dataset),
            ("state", one.state),
            ("reserved", iso(one.reserved_at)),
            ("first seen by others", _when(one.witnessed_at)),
            *([("expires", iso(one.expires_at))] if one.state == "reserved" else []),
            ("fingerprint", one.fingerprint),
        ]
    )
    rows = [(said.origin, iso(said.at), "its own there" if said.is_own else "", said.evidence[:16]) for said in one.others]
    shown: list[Shown] = [fields, Rows(("consortium", "as of", "", "evidence"), rows, "nobody was asked yet")]
    return Reply(one, [*shown, *([f"{name} written" for name in _write(one, out)] if out else [])])


@command(app, "sign", "atoll duplicate sign bank/customers/1 --for east.example/bay --member bank-east --home bank")
def sign(
    node: Node,
    claim: ClaimArgument,
    for_: Annotated[str, typer.Option("--for", metavar="CONSORTIUM", help="Where the same owner registers it too.")],
    member: Annotated[str, typer.Option(metavar="ORG", help="Its name there: nobody else can use the signature.")],
) -> Reply:
    """Say that a claim in another consortium is this organisation's own; prints what `--continues` takes there."""
    signed = node.duplicates.sign(_fingerprint(node, claim), for_, member)
    return Reply(signed, [f"--continues {signed.origin}={signed.signature}"])


@command(app, "release", "atoll duplicate release bank/customers/1 --home bank")
def release(node: Node, claim: ClaimArgument) -> Reply:
    """Give a claim up as long as nothing is registered for it, or clear an expired one away."""
    receipt = node.duplicates.release(_fingerprint(node, claim))
    return Reply(receipt, [f"released in block {receipt.height}"])


@command(
    app,
    "verify",
    "atoll duplicate verify proofs/east.bundle consortia.toml --of east.example/bay --fingerprint 3f0e...64 digits",
)
def verify(
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="A file of `duplicate show --out`.")],
    agreement: AgreementArgument,
    of: Annotated[str, typer.Option(metavar="CONSORTIUM", help="Whose ledger it is of.")],
    fingerprint: Annotated[str, typer.Option(metavar="HEX", help="What it is about.")],
    at: Annotated[int, typer.Option(metavar="SECONDS", help="As if it were this Unix time; now if left out.", min=0)] = 0,
) -> Reply:
    """Verify offline what another consortium showed."""
    shown = verify_bundle(
        _read(bundle),
        origin=of,
        fingerprint=_hex(fingerprint),
        agreement=parse_agreement(_read(agreement)),
        now=at or int(time.time()),
    )
    face = shown.face
    state = "absent" if face is None else "confirmed" if face.is_confirmed else "reserved"
    value = {"origin": of, "state": state, "at": shown.at, "witnessed_at": shown.witnessed_at}
    fields = Fields(
        [
            ("consortium", of),
            ("the content is", state),
            ("as of", iso(shown.at)),
            *([] if face is None else [("first seen by others", _when(shown.witnessed_at or 0))]),
        ]
    )
    return Reply(value, [fields])


def _fingerprint(node: Node, claim: str) -> str:
    if "/" not in claim:
        return _hex(claim).hex()
    found = [one.fingerprint for one in node.duplicates.list() if one.dataset == claim]
    if not found:
        raise NoClaim(dataset=claim)
    return found[-1]


def _hex(text: str) -> bytes:
    try:
        data = bytes.fromhex(text)
    except ValueError:
        data = b""
    if len(data) != 32:
        raise BadArgument(what=text, reason="a fingerprint has 64 hex digits")
    return data


def _write(one: ForeignClaimInfo, folder: Path) -> list[str]:
    files = {"own.bundle": one.stamp} | {f"{said.origin.replace('/', '_')}.bundle": said.bundle for said in one.others}
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            if text:
                (folder / name).write_bytes(base64.b64decode(text))
                written.append(str(folder / name))
    except OSError as err:
        raise FileUnusable(action="written", path=str(folder), reason=err.strerror or type(err).__name__) from err
    return written


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as err:
        raise FileUnusable(action="read", path=str(path), reason=err.strerror or type(err).__name__) from err


def _when(time_: int) -> str:
    return iso(time_) if time_ else "-"
