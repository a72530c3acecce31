"""How an invited organisation joins: its own signed transaction, handed over by a member."""

from __future__ import annotations

from pathlib import Path

from atoll.cli.files import read_bytes, read_message, write_new
from atoll.ledger.genesis import verify_genesis
from atoll.ledger.rules.membership import EnrolMember, Enrolment
from atoll.ledger.transaction import Transaction, seal_transaction
from atoll.node.config import Home, load_config
from atoll.node.home import open_home_keys
from atoll.ports import SystemClock
from atoll.trust.algorithms import Algorithm
from atoll.trust.fingerprint import derive_key_digest
from atoll.trust.invite import parse_invite
from atoll.trust.keys import Purpose
from atoll.trust.signer import SoftwareSigner, signing

NEVER = 2**50
"""A newcomer does not know the ledger's height; the invitation's own expiry bounds its transaction."""


def read_enrolment(path: Path) -> Enrolment:
    """The enrolment in a file, or in the home that a folder is.

    Raises:
        FileUnusable: there is none.
    """
    file = path / "enrolment.atoll" if path.is_dir() else path
    return read_message(file, Enrolment, "enrolment, as `atoll init` makes one")


def sign_enrolment(home: Path, token: str, genesis_file: Path) -> tuple[Enrolment, bytes]:
    """The transaction by which the organisation of a new home joins; the genesis is put into the home.

    Raises:
        InviteMalformed, InviteRefused: the token is not one, or not for this organisation, key and consortium, or has expired.
        BadGenesis: the genesis file is not one.
    """
    config = load_config(home)
    data = read_bytes(genesis_file)
    genesis, digest = verify_genesis(data)
    enrolment = read_enrolment(home)
    invite = parse_invite(token)
    invite.verify_for(
        organisation=enrolment.org,
        key_digest=derive_key_digest(Algorithm.ED25519, enrolment.identity),
        genesis_digest=digest,
        now=SystemClock().now(),
    )
    body = EnrolMember(enrolment=enrolment, token_secret=invite.expose_secret())
    transaction = Transaction(sender=enrolment.org, nonce=1, expiry_height=NEVER, type=body.TAG, body=body.to_map())
    kid = f"{enrolment.org}/{Purpose.IDENTITY}/1"
    sealed = seal_transaction(
        transaction,
        kid=kid,
        sign=signing(SoftwareSigner(open_home_keys(config)), kid),
        chain_id=genesis.chain_id,
        genesis_digest=digest,
    )
    installed = Home(home).genesis
    if not installed.exists() or read_bytes(installed) != data:
        write_new(installed, data)
    return enrolment, sealed
