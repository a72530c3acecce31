"""What a stranger gets from a running node, and what a member hands out: files that verify with a trust file alone."""

from __future__ import annotations

import json
import ssl
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from atoll.api.models import LogEntry
from atoll.cli.main import main
from atoll.ledger.checkpoint import parse_checkpoint
from atoll.ledger.note import parse_note
from atoll.ledger.tiles import ENTRIES, Tile, TileReader, parse_bundle
from atoll.ledger.tlog_policy import parse_policy, verify_checkpoint
from atoll.node.config import load_config
from atoll.primitives.merkle import leaf_hash, range_root
from tests.cli.world import READY_SECONDS, Lagoon


@pytest.fixture(scope="module")
def trust(lagoon: Lagoon, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The trust file, as a founder hands it over."""
    path = tmp_path_factory.mktemp("trust") / "lagoon.trust"
    with lagoon.connect("operator") as node:
        path.write_text(node.ledger.trust_file())
    return path


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    capsys.readouterr()
    status = main([*arguments, "--json"])
    return status, json.loads(capsys.readouterr().out)


def prove(lagoon: Lagoon, capsys: pytest.CaptureFixture[str], out: Path, *words: str) -> Path:
    status, said = run(capsys, "ledger", "prove", *words, "--out", str(out), "--home", str(lagoon.home("bank")))
    assert status == 0, said
    return out


def first_entry(lagoon: Lagoon) -> LogEntry:
    """The first transaction, by which a node announces a key of its own accord, some time after it has started."""
    ends = time.monotonic() + READY_SECONDS
    with lagoon.connect("bank") as node:
        while not (found := [one for one in node.ledger.log(0, 1000) if one.sender and one.outcome == "ok"]):
            assert time.monotonic() < ends
            time.sleep(0.1)
    return found[0]


def test_a_proof_verifies_from_the_founders_on_by_what_a_member_shows_of_who_counts_now(
    lagoon: Lagoon, trust: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, members = prove(lagoon, capsys, tmp_path / "bank.tlog-proof", "member/bank"), tmp_path / "members.evidence"
    status, said = run(capsys, "ledger", "members", "--out", str(members), "--home", str(lagoon.home("bank")))
    assert status == 0 and said["bytes"] == members.stat().st_size
    words = ("evidence", "verify", str(file), "--trust", str(trust), "--members")
    status, said = run(capsys, *words, str(members))
    assert status == 0 and said["verified"], said
    status, said = run(capsys, *words, str(file))
    assert status != 0 and not said["verified"], "it is no such file"


def test_an_entry_a_record_and_an_absence_verify_offline(
    lagoon: Lagoon, trust: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    entry = first_entry(lagoon)
    for name, words, expected in (
        ("by-number", (str(entry.index), "--with-entry"), {"kind": "entry", "index": entry.index, "digest": entry.digest}),
        ("by-digits", (entry.digest, "--with-entry"), {"kind": "entry", "type": entry.kind, "sender": entry.sender}),
        ("member", ("member/bank",), {"kind": "record", "present": True}),
        ("nobody", ("member/nobody",), {"kind": "record", "present": False, "value": None}),
    ):
        file = prove(lagoon, capsys, tmp_path / f"{name}.tlog-proof", *words)
        status, said = run(capsys, "evidence", "verify", str(file), "--trust", str(trust))
        assert status == 0, said
        assert said["verified"]
        assert {key: said[key] for key in expected} == expected
        file.unlink()
        assert main(["ledger", "prove", *words, "--out", str(file), "--home", str(lagoon.home("bank"))]) == 0
        what = f"absence of record {words[0]}" if name == "nobody" else f"{expected['kind']} {words[0]}"
        assert capsys.readouterr().out.startswith(f"proof of {what} in ")
        changed = bytearray(file.read_bytes())
        changed[len(changed) // 2] ^= 2
        file.write_bytes(changed)
        status, said = run(capsys, "evidence", "verify", str(file), "--trust", str(trust))
        assert (status, said["verified"]) != (0, True)


def test_a_proof_without_its_entry_says_nothing_until_the_entry_is_given(
    lagoon: Lagoon, trust: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = prove(lagoon, capsys, tmp_path / "bare.tlog-proof", "0")
    genesis = lagoon.home("bank") / "genesis.atoll"
    verify = ["evidence", "verify", str(file), "--trust", str(trust)]
    assert run(capsys, *verify)[1]["code"] == "tlog_proof.malformed"
    assert run(capsys, *verify, "--entry", str(genesis))[1]["verified"]
    assert run(capsys, *verify, "--entry", str(trust))[1]["code"] == "merkle.bad_proof"


def test_a_policy_without_a_quorum_verifies_nothing(
    lagoon: Lagoon, trust: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = prove(lagoon, capsys, tmp_path / "bare.tlog-proof", "0", "--with-entry")
    open_policy = tmp_path / "none"
    log = next(line for line in trust.read_text().split("\n") if line.startswith("log "))
    open_policy.write_text(f"{log}\nquorum none\n")
    status, said = run(capsys, "evidence", "verify", str(file), "--trust", str(open_policy))
    assert (status, said["error"]["code"]) == (2, "evidence.trust_file")


def test_a_snapshot_verifies_offline(lagoon: Lagoon, trust: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, home = tmp_path / "lagoon.snapshot", str(lagoon.home("operator"))
    status, said = run(capsys, "ledger", "snapshot", "--out", str(file), "--trust", str(trust), "--home", home)
    assert (status, said["verified"]) == (0, True)
    status, said = run(capsys, "evidence", "verify", str(file), "--trust", str(trust))
    assert (status, said["verified"], said["kind"]) == (0, True, "snapshot")
    assert said["records"] > 10


def test_watch_prints_a_json_value_a_line(lagoon: Lagoon, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["ledger", "watch", "--after", "0", "--blocks", "2", "--json", "--home", str(lagoon.home("bank"))]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["height"] for one in lines if one["event"] == "block"] == [1, 2]
    assert lines[-1] == {"event": "end", "blocks": 2, "height": 2}
    assert next(one for one in lines if one["event"] == "quorum")["cosigned"]


def stranger(lagoon: Lagoon, org: str) -> httpx.Client:
    """Somebody who has the node's address and certificate, and nothing else."""
    config = load_config(lagoon.home(org))
    context = ssl.create_default_context(cadata=config.home.certificate.read_bytes())
    context.check_hostname = False
    return httpx.Client(base_url=f"https://{config.https_listen}/tlog", verify=context, trust_env=False)


def test_a_stranger_rebuilds_the_log_of_each_node_and_reads_no_entry(lagoon: Lagoon, trust: Path) -> None:
    for org in ("operator", "bank", "bureau"):
        with stranger(lagoon, org) as http:
            note = parse_note(http.get("/checkpoint").raise_for_status().content)
            verify_checkpoint(note, parse_policy(trust.read_bytes()))
            checkpoint = parse_checkpoint(note.text)

            def fetch(tile: Tile, http: httpx.Client = http) -> bytes:
                return http.get(f"/{tile.path}").raise_for_status().content

            read = TileReader(fetch, checkpoint.size)
            assert range_root(read, 0, checkpoint.size) == checkpoint.root
            width = min(256, checkpoint.size)
            bundle = Tile(ENTRIES, 0, width)
            assert http.get(f"/{bundle.path}").status_code == 403
            assert http.get(f"/{bundle.path}", headers={"authorization": "Bearer 00"}).status_code == 403
            token = lagoon.home(org).joinpath("tokens/auditor").read_text().strip()
            answer = http.get(f"/{bundle.path}", headers={"authorization": f"Bearer {token}"}).raise_for_status()
            entries = parse_bundle(answer.content, bundle)
            assert [leaf_hash(one) for one in entries] == [read(0, index) for index in range(width)]
