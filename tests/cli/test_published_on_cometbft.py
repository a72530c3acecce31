"""The log of a consortium on CometBFT as outsiders see it: signed by any node, cosigned by the members that carried it out."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from atoll.cli.main import main
from atoll.ledger.checkpoint import parse_checkpoint
from atoll.ledger.note import parse_note
from atoll.ledger.records import EngineKind
from atoll.ledger.tlog_policy import parse_policy, verify_checkpoint
from atoll.testing.ports import Ports
from tests.cli.world import CONSENSUS_ID, ORGS, Lagoon, found_lagoon, start_lagoon, stop_lagoon
from tests.contract.ordering.conftest import has_cometbft
from tests.requirements import atoll_require

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("processors")]


@pytest.fixture(scope="module")
def consensus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lagoon]:
    """Three validators, each with its CometBFT."""
    atoll_require("cometbft", present=has_cometbft())
    ports = Ports()
    made = found_lagoon(tmp_path_factory.mktemp("consensus"), ports, engine=EngineKind.COMETBFT)
    try:
        start_lagoon(made)
        yield made
    finally:
        stop_lagoon(made)
        ports.release()


@pytest.fixture(scope="module")
def trust(consensus: Lagoon) -> Path:
    """As a founder hands it over."""
    path = consensus.folder / "consensus.trust"
    with consensus.connect("operator") as node:
        path.write_text(node.ledger.trust_file())
    return path


def test_every_node_publishes_what_the_trust_files_quorum_has_cosigned(consensus: Lagoon, trust: Path) -> None:
    """Two checkpoints of one size are the same text, whoever signs them."""
    texts: dict[int, set[str]] = {}
    for org in ORGS:
        with consensus.connect(org) as node:
            note = parse_note(node.ledger.published().encode())
        verified = verify_checkpoint(note, parse_policy(trust.read_bytes()))
        assert [name for name, _ in verified.cosigned] == [f"{CONSENSUS_ID}/{one}" for one in sorted(ORGS)]
        texts.setdefault(verified.checkpoint.size, set()).add(note.text)
    assert all(len(one) == 1 for one in texts.values())


def test_proofs_of_records_absences_and_the_whole_state_verify_offline(
    consensus: Lagoon, trust: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = ["--home", str(consensus.home("bureau"))]
    assert main(["ledger", "prove", "member/bank", "--out", str(tmp_path / "bank"), *home]) == 0
    assert main(["ledger", "prove", "member/nobody", "--out", str(tmp_path / "nobody"), *home]) == 0
    assert main(["ledger", "prove", "1", "--with-entry", "--out", str(tmp_path / "entry"), *home]) == 0
    assert main(["ledger", "snapshot", "--out", str(tmp_path / "state"), *home]) == 0
    for name, kind in (("bank", "record"), ("nobody", "record"), ("entry", "entry"), ("state", "snapshot")):
        capsys.readouterr()
        assert main(["evidence", "verify", str(tmp_path / name), "--trust", str(trust), "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert (found["verified"], found["kind"]) == (True, kind)


def test_validators_and_votes_are_told(consensus: Lagoon, capsys: pytest.CaptureFixture[str]) -> None:
    with consensus.connect("bank") as node:
        told = node.ledger.validators()
        assert (told.engine, told.quorum, [one.org for one in told.validators]) == ("CometBFT: consensus", 3, sorted(ORGS))
        assert all(one.counts and one.consensus and abs(one.last_at - time.time()) < 120 for one in told.validators)
    capsys.readouterr()
    assert main(["ledger", "watch", "--after", "0", "--blocks", "1", "--json", "--home", str(consensus.home("bank"))]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert set(next(one for one in lines if one["event"] == "quorum")["cosigned"]) <= set(ORGS)
    assert main(["ledger", "checkpoint", "--home", str(consensus.home("bank"))]) == 0
    assert parse_checkpoint(parse_note(capsys.readouterr().out.encode()).text).size >= 2
