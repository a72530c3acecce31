"""`atoll init`: the home of a new node."""

from __future__ import annotations

import os
import secrets
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Protocol

import typer

from atoll.cli.errors import BadArgument
from atoll.cli.files import write_new
from atoll.cli.frame import command, single
from atoll.cli.reply import Fields, Reply
from atoll.cli.screen import say
from atoll.cli.words import listed
from atoll.ledger.rules.membership import Enrolment
from atoll.ledger.rules.nodes import is_endpoint
from atoll.node.config import Home
from atoll.node.errors import HomeExists
from atoll.node.home import NewHome, create_home
from atoll.ports import SystemClock, SystemEntropy
from atoll.trust.algorithms import Algorithm
from atoll.trust.fingerprint import fingerprint
from atoll.trust.roles import Role
from atoll.wire.errors import MessageError

app = single()
PASSPHRASE_BYTES = 24


class ConsentMode(StrEnum):
    """Who consents to jobs that policy permits."""

    AUTOMATIC = "automatic"
    MANUAL = "manual"


_ADDRESS = "it reads HOST:PORT, such as 10.0.0.5:7401, with a port from 1 to 65535"
FORMS = {
    "org": "a name is of lower-case letters, digits and hyphens, a letter first, at most 40",
    "peer": _ADDRESS,
    "https": _ADDRESS,
    "consensus": _ADDRESS,
}
"""What an option has to look like."""


@command(
    app,
    "init",
    'atoll init bank --org bank --title "First Bank" --legal-id LEI-5299001 --role owner --role user '
    "--peer 10.0.0.5:7401 --https 127.0.0.1:7402",
    "atoll init hospital --org hospital --legal-id LEI-8800 --role owner --consent manual    # dials out only",
)
def init(
    home: Annotated[Path, typer.Argument(metavar="HOME", help="Folder to make.")],
    org: Annotated[str, typer.Option(help="Short name in the consortium: lower case, digits, hyphens.")],
    legal_id: Annotated[str, typer.Option(help="Identifier of the legal entity; one vote each.")],
    title: Annotated[str, typer.Option(help="Name for people; the short name if left out.", show_default=False)] = "",
    role: Annotated[
        list[Role] | None, typer.Option(metavar="ROLE", help=f"What it is; repeat. [default: owner, user] {', '.join(Role)}.")
    ] = None,
    peer: Annotated[str, typer.Option(help="host:port where other members reach it; left out, it only dials out.")] = "",
    https: Annotated[str, typer.Option(help="host:port of the API for its own people.")] = "127.0.0.1:7402",
    consensus: Annotated[
        str,
        typer.Option(help="host:port where the others' CometBFT reaches it, for a ledger that runs on it; left out, it dials."),
    ] = "",
    consent: Annotated[ConsentMode, typer.Option(help="Whether a person approves each job.")] = ConsentMode.AUTOMATIC,
    affiliation: Annotated[str, typer.Option(help="Group of affiliated entities it belongs to.", show_default=False)] = "",
    validating: Annotated[
        bool, typer.Option("--validating/--following", help="Whether it carries out and cosigns every transaction.")
    ] = True,
) -> Reply:
    """Make the home of a new node: keys, TLS certificate, API tokens and a configuration file.

    The key that votes on blocks, for a ledger that runs on CometBFT, lies in HOME/cometbft and is never copied: what it has
    signed already is known there and nowhere else.

    The keystore is encrypted under ATOLL_PASSPHRASE (or the file that ATOLL_PASSPHRASE_FILE names). Where neither is set, a
    passphrase is made and kept in HOME/passphrase, readable by you only: convenient, and no protection against who can read
    your files.
    """
    roles = tuple(sorted(set(role or (Role.OWNER, Role.USER))))
    new = NewHome(
        org=org,
        title=title or org,
        legal_id=legal_id,
        roles=tuple(map(str, roles)),
        peer=peer,
        https=https,
        affiliation=affiliation,
        validating=validating,
        consent=consent,
        consensus=consensus,
    )
    verify_words(new)
    if Home(home).config.exists():
        raise HomeExists(path=str(home))
    made = ensure_passphrase(Home(home))
    enrolment = create_home(
        home, new, passphrase=Home(home).passphrase().decode(), clock=SystemClock(), entropy=SystemEntropy()
    )
    value = {
        "home": str(home),
        "org": org,
        "roles": list(roles),
        "identity": enrolment.identity.hex(),
        "fingerprint": fingerprint_of(enrolment),
        "enrolment": str(home / "enrolment.atoll"),
        "passphrase_file": str(Home(home).passphrase_file) if made else None,
    }
    pairs = [
        ("home", str(home)),
        ("organisation", f"{org} ({new.title}), {listed(roles)}"),
        ("fingerprint", value["fingerprint"]),
        ("enrolment", f"{value['enrolment']}    # public: founders or the inviting member need it"),
    ]
    pairs += (
        [("passphrase", f"{value['passphrase_file']}    # made for you; keep a copy apart from this folder")] if made else []
    )
    after = (
        "\nNext, found a consortium with the other organisations' enrolments, or be invited into one:\n"
        f"  atoll consortium found draft {value['enrolment']} OTHERS... --chain-id NAME\n"
        f"  atoll consortium enrol TOKEN --genesis genesis.atoll --home {home}"
    )
    return Reply(value, [Fields([(name, str(text)) for name, text in pairs]), after])


def verify_words(new: NewHome) -> None:
    """Refuse names and addresses that no consortium would take, before anything is written.

    Raises:
        BadArgument: with the option it came from.
    """
    try:
        Enrolment(
            org=new.org,
            title=new.title,
            legal_id=new.legal_id,
            affiliation=new.affiliation,
            roles=new.roles,
            validating=new.validating,
            peer=new.peer,
            https=new.https,
            tls=bytes(100),
            identity=bytes(32),
            recovery=bytes(32),
            cosign=bytes(32),
            log=bytes(32),
            consensus_peer=f"{'0' * 40}@{new.consensus}",
        )
    except MessageError as err:
        option = "consensus" if err.field == "consensus_peer" else err.field.replace("_", "-")
        raise BadArgument(what=f"--{option}", reason=FORMS.get(option, err.problem)) from err
    for option, endpoint in (("peer", new.peer), ("https", new.https), ("consensus", new.consensus)):
        if endpoint and not is_endpoint(endpoint):
            raise BadArgument(what=f"--{option} {endpoint}", reason=FORMS[option])


class KeyFolder(Protocol):
    """A folder with a keystore, and with a place for its passphrase."""

    @property
    def path(self) -> Path: ...

    @property
    def passphrase_file(self) -> Path: ...


def ensure_passphrase(home: KeyFolder) -> bool:
    """Make a passphrase where none is set; whether one was made."""
    if "ATOLL_PASSPHRASE" in os.environ or "ATOLL_PASSPHRASE_FILE" in os.environ or home.passphrase_file.exists():
        return False
    home.path.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_new(home.passphrase_file, secrets.token_urlsafe(PASSPHRASE_BYTES).encode() + b"\n", private=True)
    say(f"ATOLL_PASSPHRASE is not set: a passphrase was made and kept in {home.passphrase_file}")
    return True


def fingerprint_of(enrolment: Enrolment) -> str:
    """The identity key of an enrolment, as two people read it to each other."""
    return fingerprint(Algorithm.ED25519, enrolment.identity)
