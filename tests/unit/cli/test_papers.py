"""Papers that persons sign on their own machines, with a key file and no node."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from atoll.cli.errors import BadArgument
from atoll.cli.main import main
from atoll.cli.papers import (
    PASSPHRASE_VARIABLE,
    describe_paper,
    load_key,
    load_recovery,
    make_key,
    merge_papers,
    missing_hands,
    read_paper,
)
from atoll.ledger.errors import BadPaper
from atoll.ledger.paper import REASON_DOMAIN, RECOVERY_KEY, Paper, PaperSigner
from atoll.ledger.records import OrderAction, TargetKind
from atoll.ledger.rules.approver import ApproverRequest
from atoll.ledger.rules.order import OrderBody
from atoll.node.config import Home
from atoll.ports import SystemEntropy
from atoll.primitives.commitment import commit
from atoll.trust.algorithms import Algorithm, verify_signature
from atoll.trust.envelope import Context, encode_aad, parse_envelope
from atoll.trust.errors import KeystoreLocked
from atoll.trust.keys import Purpose, SecretKey
from atoll.trust.keystore import seal_keys
from atoll.wire.message import encode_message

SALT = b"\x05" * 32


@pytest.fixture(autouse=True)
def passphrase(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PASSPHRASE_VARIABLE, "correct horse")


def drawn_up(folder: Path, *keys: SecretKey, name: str = "order.paper") -> Path:
    """An order, as a node draws it up."""
    body = OrderBody(
        order=b"\x07" * 16,
        regulator="authority",
        action=OrderAction.FREEZE,
        target_kind=TargetKind.LINEAGE,
        target="bureau/files",
        reason_commitment=commit(REASON_DOMAIN, SALT, b"complaint 17"),
        not_after=1_780_000_000,
    )
    paper = Paper(
        chain_id="test.example/lagoon",
        genesis_digest=bytes(32),
        context=Context.ORDER,
        payload=encode_message(body),
        reason="complaint 17",
        salt=SALT,
        signers=tuple(
            PaperSigner(kid=f"authority/approver/{number}", person=f"person-{number}", public=key.public.data)
            for number, key in enumerate(keys, start=1)
        ),
    )
    path = folder / name
    path.write_bytes(encode_message(paper))
    return path


def test_two_persons_sign_copies_apart_and_the_copies_make_one_order(tmp_path: Path) -> None:
    keys = [make_key(tmp_path / name) for name in ("ada.key", "grace.key")]
    paper = drawn_up(tmp_path, *keys)
    for name in ("ada", "grace"):
        asked = ["order", "sign", str(paper), "--key", str(tmp_path / f"{name}.key"), "--out", str(tmp_path / name), "--yes"]
        assert main(asked) == 0
    whole = tmp_path / "whole"
    whole.write_bytes(merge_papers([tmp_path / "ada", tmp_path / "grace"]))
    found = read_paper(whole)
    assert found.hands == ("authority/approver/1", "authority/approver/2")
    aad = encode_aad(found.chain_id, found.genesis_digest, Context.ORDER)
    for key, one in zip(keys, map(parse_envelope, found.signed), strict=True):
        verify_signature(Algorithm.ED25519, key.public.data, one.signed_bytes(aad), one.signature, name="it")


def test_a_person_sees_everything_before_it_signs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = make_key(tmp_path / "ada.key")
    paper = drawn_up(tmp_path, key)
    assert main(["order", "sign", str(paper), "--key", str(tmp_path / "ada.key"), "--yes"]) == 0
    shown = capsys.readouterr().err
    for part in ("freeze lineage bureau/files", "complaint 17", "authority", "test.example/lagoon", "nobody yet"):
        assert part in shown
    assert read_paper(tmp_path / "order.paper.1").hands == ("authority/approver/1",)


def test_every_signature_says_who_has_to_sign_yet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keys = [make_key(tmp_path / f"{number}.key") for number in range(3)]
    paper, said = drawn_up(tmp_path, *keys), []
    for number in (2, 0):
        target = tmp_path / f"signed.{number}"
        assert main(["order", "sign", str(paper), "--key", str(tmp_path / f"{number}.key"), "--out", str(target), "--yes"]) == 0
        said.append(capsys.readouterr().out)
        paper = target
    assert "Still to sign, this file or another copy: 1 of person-1, person-2." in said[0]
    assert f"Next: atoll order submit {paper} --home HOME" in said[1]
    assert "nobody more" in dict(describe_paper(read_paper(paper)))["to sign"]


def asked(*signers: tuple[str, str], signed: tuple[bytes, ...] = ()) -> Paper:
    """A request of eve's, and who may sign it."""
    body = ApproverRequest(org="authority", person="eve", public=b"\x03" * 32, not_after=1_780_000_000)
    return Paper(
        chain_id="test.example/lagoon",
        genesis_digest=bytes(32),
        context=Context.APPROVER,
        payload=encode_message(body),
        signers=tuple(PaperSigner(kid=f"authority/{kid}", person=person, public=bytes(32)) for kid, person in signers),
        signed=signed,
    )


NEW, ADA, GRACE, IDA = ("approver/new", "eve"), ("approver/1", "ada"), ("approver/2", "grace"), ("approver/3", "ida")
RECOVERY = ("recovery/1", RECOVERY_KEY)


@pytest.mark.parametrize(
    ("signers", "words"),
    [
        ((NEW,), "eve"),
        ((NEW, ADA), "eve, and ada"),
        ((NEW, ADA, GRACE), "eve, and ada, grace"),
        ((NEW, ADA, GRACE, IDA), "eve, and 2 of ada, grace, ida"),
        ((NEW, ADA, RECOVERY), "eve, and ada, the recovery key"),
        ((NEW, RECOVERY), "eve, and the recovery key"),
    ],
)
def test_a_request_names_the_new_person_those_in_force_and_where_some_are_missing_the_recovery_key(
    signers: tuple[tuple[str, str], ...], words: str
) -> None:
    assert missing_hands(asked(*signers)) == words


def test_the_recovery_key_is_taken_from_a_home_that_has_the_one_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ATOLL_PASSPHRASE", "of the home")
    key, other = (SecretKey.generate(Purpose.RECOVERY, SystemEntropy()) for _ in range(2))
    home = Home(tmp_path)
    home.keys.write_bytes(seal_keys({"authority/recovery/1": key}, "of the home", SystemEntropy()))
    home.keys.chmod(0o600)
    paper = asked(NEW, RECOVERY)
    for public, version in ((other.public.data, 1), (key.public.data, 2)):
        wrong = PaperSigner(kid=f"authority/recovery/{version}", person=RECOVERY_KEY, public=public)
        with pytest.raises(BadArgument, match="not among its keys"):
            load_recovery(replace(paper, signers=(wrong,)), tmp_path)
    right = PaperSigner(kid="authority/recovery/1", person=RECOVERY_KEY, public=key.public.data)
    assert load_recovery(replace(paper, signers=(right,)), tmp_path).public == key.public
    with pytest.raises(BadPaper, match="does not count"):
        load_recovery(asked(NEW, ADA, GRACE), tmp_path)


def test_a_request_is_signed_with_one_key_or_the_other(tmp_path: Path) -> None:
    key = ["--key", str(tmp_path / "ada.key")]
    for hands in ([], [*key, "--recovery", str(tmp_path)]):
        assert main(["key", "approver", "sign", str(tmp_path / "paper"), *hands, "--yes"]) == 2


def test_nothing_is_signed_without_a_yes(tmp_path: Path) -> None:
    key = make_key(tmp_path / "ada.key")
    assert main(["order", "sign", str(drawn_up(tmp_path, key)), "--key", str(tmp_path / "ada.key")]) != 0
    assert not (tmp_path / "order.paper.1").exists()


def test_a_key_opens_with_its_passphrase_only_and_a_nodes_keys_are_no_persons(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ada.key"
    made = make_key(path)
    assert load_key(path).public == made.public
    assert path.stat().st_mode & 0o777 == 0o600
    assert made.expose_seed() not in path.read_bytes()
    node = SecretKey.generate(Purpose.IDENTITY, SystemEntropy())
    (tmp_path / "node").write_bytes(seal_keys({"approver": node}, "correct horse", SystemEntropy()))
    with pytest.raises(BadArgument):
        load_key(tmp_path / "node")
    monkeypatch.setenv(PASSPHRASE_VARIABLE, "wrong")
    with pytest.raises(KeystoreLocked):
        load_key(path)


def test_an_order_that_gives_another_reason_than_it_commits_to_is_not_shown_for_signing(tmp_path: Path) -> None:
    key = make_key(tmp_path / "ada.key")
    path = drawn_up(tmp_path, key)
    false = replace(read_paper(path), reason="routine")
    with pytest.raises(BadPaper, match="another reason"):
        describe_paper(false)


def test_copies_of_different_orders_are_not_put_together(tmp_path: Path) -> None:
    key = make_key(tmp_path / "ada.key")
    first, second = drawn_up(tmp_path, key), drawn_up(tmp_path, key, name="other.paper")
    other = read_paper(second)
    body = other.read()
    assert isinstance(body, OrderBody)
    second.write_bytes(encode_message(replace(other, payload=encode_message(replace(body, target="bank/customers")))))
    with pytest.raises(BadPaper, match="different papers"):
        merge_papers([first, second])


@pytest.mark.parametrize("data", [b"", b"no paper", encode_message(PaperSigner(kid="k", person="p", public=bytes(32)))])
def test_bytes_that_are_no_paper_are_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    with pytest.raises(BadPaper):
        read_paper(path)
