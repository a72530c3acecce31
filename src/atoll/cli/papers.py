"""Files that persons sign, and the keys that they sign with: on a person's own machine, without a node."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from getpass import getpass
from pathlib import Path

from atoll.cli.errors import BadArgument
from atoll.cli.files import read_bytes, write_new
from atoll.cli.reply import Fields, Reply
from atoll.cli.screen import confirm, print_shown
from atoll.cli.words import iso, listed
from atoll.errors import AtollError
from atoll.ledger.errors import BadPaper
from atoll.ledger.paper import Paper, sign_paper
from atoll.ledger.rules.approver import NEEDED, NEW, ApproverRequest, ConsentApproval, RegradeApproval
from atoll.ledger.rules.order import HANDS, OrderBody
from atoll.node.config import Home
from atoll.policy.levels import level_name
from atoll.ports import SystemEntropy
from atoll.storage.keyfile import load_keystore
from atoll.trust.algorithms import Algorithm
from atoll.trust.envelope import Context
from atoll.trust.fingerprint import fingerprint
from atoll.trust.keys import Purpose, SecretKey
from atoll.trust.keystore import open_keys, seal_keys
from atoll.wire.message import encode_message, parse_message

LABEL = "approver"
PASSPHRASE_VARIABLE = "ATOLL_APPROVER_PASSPHRASE"  # noqa: S105 - the name of a variable
ONE_HAND = (Context.APPROVAL, Context.REGRADE)
"""Papers that any one of the persons named in them signs."""


def make_key(path: Path) -> SecretKey:
    """A new key of a person, in a file encrypted under its passphrase.

    Raises:
        FileUnusable: the file is there already.
    """
    key = SecretKey.generate(Purpose.APPROVER, SystemEntropy())
    write_new(path, seal_keys({LABEL: key}, ask_passphrase(new=True), SystemEntropy()), private=True)
    return key


def load_key(path: Path) -> SecretKey:
    """A person's key.

    Raises:
        FileUnusable, KeystoreMalformed, KeystoreLocked: it cannot be opened.
        BadArgument: the file holds other keys, such as a node's.
    """
    key = open_keys(read_bytes(path), ask_passphrase(new=False)).get(LABEL)
    if not isinstance(key, SecretKey) or key.purpose is not Purpose.APPROVER:
        raise BadArgument(what=str(path), reason="it holds no person's key, as `atoll key approver new` makes one")
    return key


def ask_passphrase(*, new: bool) -> str:
    """The passphrase of a person's key: from ATOLL_APPROVER_PASSPHRASE, or typed.

    Raises:
        BadArgument: nobody is there to type it, or it was typed differently the second time.
    """
    given = os.environ.get(PASSPHRASE_VARIABLE)
    if given is not None:
        return given
    if not sys.stdin.isatty():
        raise BadArgument(what=PASSPHRASE_VARIABLE, reason="it is not set, and nobody is there to type the passphrase")
    typed = getpass("Passphrase of this person's key: ")
    if new and getpass("Once more: ") != typed:
        raise BadArgument(what="the passphrase", reason="it was typed differently the second time")
    return typed


def read_paper(path: Path) -> Paper:
    """A paper in a file.

    Raises:
        FileUnusable: it cannot be read.
        BadPaper: it is no paper.
    """
    return parse_paper(read_bytes(path))


def parse_paper(data: bytes) -> Paper:
    """A paper.

    Raises:
        BadPaper: the bytes are none.
    """
    try:
        return parse_message(data, Paper)
    except AtollError as err:
        raise BadPaper(reason=str(err).rstrip(".")) from err


def sign_file(path: Path, out: Path | None, load: Callable[[Paper], SecretKey], then: str, *, yes: bool) -> Reply:
    """Show a paper to a person, and write it out with the person's signature.

    Args:
        load: the key to sign the paper with; called when the person has said yes.
        then: the command that hands it in when everybody has signed, without the file's name.
    """
    data = sign_bytes(read_bytes(path), load, yes=yes)
    signed = parse_paper(data)
    target = out or path.with_name(f"{path.name}.{len(signed.signed)}")
    write_new(target, data)
    missing = missing_hands(signed)
    value = {"file": str(target), "signed": list(signed.hands), "missing": missing}
    after = f"\nStill to sign, this file or another copy: {missing}." if missing else f"\nNext: {then} {target} --home HOME"
    return Reply(value, [f"signed by {listed(names_of(signed))} in {target}", after])


def sign_bytes(data: bytes, load: Callable[[Paper], SecretKey], *, yes: bool) -> bytes:
    """Show a paper to a person; the paper with the person's signature.

    Raises:
        BadPaper: it cannot be read, or not be signed with this key.
        NotConfirmed: the person said no.
    """
    paper = parse_paper(data)
    show_paper(paper)
    confirm("Sign this?", yes=yes)
    secret = load(paper)
    return encode_message(sign_paper(paper, secret.public.data, secret.sign))


def show_paper(paper: Paper) -> None:
    """Everything that stands in it, before a question about it. Raises BadPaper: it cannot be read."""
    print_shown([Fields(describe_paper(paper))], to_stderr=True)


def load_recovery(paper: Paper, folder: Path) -> SecretKey:
    """The organisation's recovery key, out of a home or a copy of one, for a paper that asks for it.

    Raises:
        BadPaper: enough persons are in force, so the recovery key does not count on this paper.
        BadArgument: the home has another organisation's key, or another version, or keeps it elsewhere.
        KeystoreLocked, FileUnusable: it cannot be opened.
    """
    wanted = next((one for one in paper.signers if f"/{Purpose.RECOVERY}/" in one.kid), None)
    if wanted is None:
        raise BadPaper(reason="the recovery key does not count on it: those in force can sign")
    home = Home(folder)
    key = open_keys(load_keystore(home.keys), home.passphrase().decode()).get(wanted.kid)
    if not isinstance(key, SecretKey) or key.public.data != wanted.public:
        raise BadArgument(what=str(folder), reason=f"{wanted.kid} is not among its keys")
    return key


def merge_papers(files: Sequence[Path]) -> bytes:
    """One paper with the signatures of several copies of it, which persons signed apart.

    Raises:
        BadPaper: they are copies of different papers.
    """
    papers = [read_paper(one) for one in files]
    first = papers[0]
    signed = dict(zip(first.hands, first.signed, strict=True))
    for one in papers[1:]:
        if (one.payload, one.context) != (first.payload, first.context):
            raise BadPaper(reason="the files are copies of different papers")
        signed |= dict(zip(one.hands, one.signed, strict=True))
    return encode_message(replace(first, signed=tuple(signed.values())))


def describe_paper(paper: Paper) -> list[tuple[str, str]]:
    """Everything that a person signs, in words.

    Raises:
        BadPaper: it cannot be read.
    """
    body = paper.read()
    pairs = [("ledger", paper.chain_id), ("genesis", paper.genesis_digest.hex())]
    match body:
        case OrderBody():
            pairs += [
                ("order", f"{body.action} {body.target_kind} {body.target}"),
                *([("lifts", body.lifts.hex())] if body.lifts else []),
                ("by", body.regulator),
                ("reason", paper.reason),
                ("number", body.order.hex()),
                ("good until", iso(body.not_after)),
            ]
        case ApproverRequest():
            pairs += [
                ("request", f"{body.person} becomes an approver of {body.org}"),
                ("key", body.public.hex()),
                ("fingerprint", fingerprint(Algorithm.ED25519, body.public)),
                ("good until", iso(body.not_after)),
            ]
        case ConsentApproval():
            pairs += [("approval", f"{body.org} may consent to job {body.job_id.hex()}"), ("plan", body.plan_digest.hex())]
            pairs += [("job", paper.reason)] if paper.reason else []
        case RegradeApproval():
            pairs += [
                ("lowering", f"{body.org} may lower {body.dataset} to {level_name(body.level)}, once"),
                ("good until", iso(body.not_after)),
            ]
    pairs.append(("signed by", listed(names_of(paper)) if paper.signed else "nobody yet"))
    return pairs if paper.context in ONE_HAND else [*pairs, ("to sign", missing_hands(paper) or "nobody more")]


def missing_hands(paper: Paper) -> str:
    """Who has to sign yet, in words, by what the paper says of those who may; empty for nobody."""
    left = [one for one in paper.signers if one.kid not in paper.hands]
    new = [one.person for one in left if one.kid.endswith(f"/{NEW}")]
    others = [one for one in paper.signers if not one.kid.endswith(f"/{NEW}")]
    stands_in = any(f"/{Purpose.RECOVERY}/" in one.kid for one in others)
    needed = HANDS if paper.context is Context.ORDER else len(others) if stands_in else min(NEEDED, len(others))
    lacking = needed - sum(one.kid in paper.hands for one in others)
    rest = [one.person for one in left if one in others]
    if lacking > 0:
        new.append(listed(rest) if lacking == len(rest) else f"{lacking} of {listed(rest)}")
    return ", and ".join(new)


def names_of(paper: Paper) -> list[str]:
    """Who has signed, by pseudonym."""
    names = {one.kid: one.person for one in paper.signers}
    return [names.get(one, one) for one in paper.hands]
