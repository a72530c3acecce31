"""CometBFT's files in a node's home: keys that nobody else can read, one record of what was signed, one genesis."""

from __future__ import annotations

import json
import os
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from atoll.ledger.transaction import MAX_TRANSACTION_BYTES
from atoll.ordering.cometbft.home import CONFIG, GENESIS, dialable, write_config, write_genesis
from atoll.ordering.cometbft.keys import (
    NEXT_KEY,
    NODE_KEY,
    SIGNING_STATE,
    VALIDATOR_KEY,
    create_keys,
    is_staged,
    load_keys,
    next_key,
    stage_key,
    use_staged_key,
    write_keys,
)
from atoll.ordering.cometbft.paths import SocketFolder
from atoll.ordering.cometbft.settings import Settings, StateSync
from atoll.ordering.errors import ValidatorFilesUnfit
from atoll.testing.consortium import NamedEntropy, Organisation
from atoll.trust.keys import Purpose

FILES = (VALIDATOR_KEY, NODE_KEY, SIGNING_STATE)


def config(folder: Path, settings: Settings, *peers: str) -> dict[str, Any]:
    write_config(folder, settings, name="bank", peers=peers)
    return tomllib.loads((folder / CONFIG).read_text())


def test_keys_are_read_back_and_nobody_else_can(tmp_path: Path) -> None:
    made = create_keys(tmp_path, NamedEntropy("keys"))
    assert load_keys(tmp_path) == made
    assert [(tmp_path / name).stat().st_mode & 0o777 for name in FILES] == [0o600] * 3


def test_the_keys_are_those_that_the_ledger_has(tmp_path: Path) -> None:
    bank = Organisation("bank")
    seed = bank.keys[Purpose.CONSENSUS].expose_seed()
    keys = write_keys(tmp_path, validator_seed=seed, node_seed=bank.node_seed)
    assert (keys.public, keys.node_id) == (bank.public(Purpose.CONSENSUS), bank.node_id)


@pytest.mark.parametrize("name", FILES)
def test_no_key_and_no_record_of_signatures_is_ever_overwritten(tmp_path: Path, name: str) -> None:
    create_keys(tmp_path, NamedEntropy("keys"))
    for other in FILES:
        if other != name:
            (tmp_path / other).unlink()
    before = (tmp_path / name).read_bytes()
    with pytest.raises(ValidatorFilesUnfit, match="never overwritten"):
        create_keys(tmp_path, NamedEntropy("others"))
    assert (tmp_path / name).read_bytes() == before


def test_the_next_key_waits_beside_the_one_in_use_and_what_was_signed_stays_written_down(tmp_path: Path) -> None:
    keys = create_keys(tmp_path, NamedEntropy("keys"))
    (tmp_path / SIGNING_STATE).write_text('{"height": "77"}')
    assert not is_staged(tmp_path, keys.public)
    public = stage_key(tmp_path, NamedEntropy("next"))
    assert stage_key(tmp_path, NamedEntropy("another")) == public != keys.public
    assert load_keys(tmp_path) == keys
    assert next_key(tmp_path, NamedEntropy("more"), registered=keys.public) == public
    assert next_key(tmp_path, NamedEntropy("more"), registered=public) == keys.public
    assert is_staged(tmp_path, public) and not is_staged(tmp_path, keys.public)
    assert (tmp_path / NEXT_KEY).stat().st_mode & 0o777 == 0o600
    use_staged_key(tmp_path)
    assert (load_keys(tmp_path).public, load_keys(tmp_path).node_id) == (public, keys.node_id)
    assert not is_staged(tmp_path, public)
    assert (tmp_path / SIGNING_STATE).read_text() == '{"height": "77"}'


def test_without_the_record_of_signatures_no_node_starts(tmp_path: Path) -> None:
    create_keys(tmp_path, NamedEntropy("keys"))
    (tmp_path / SIGNING_STATE).unlink()
    with pytest.raises(ValidatorFilesUnfit, match="signed already"):
        load_keys(tmp_path)
    assert not (tmp_path / SIGNING_STATE).exists()


@pytest.mark.parametrize("name", [VALIDATOR_KEY, NODE_KEY])
def test_a_key_that_others_may_read_is_refused(tmp_path: Path, name: str) -> None:
    create_keys(tmp_path, NamedEntropy("keys"))
    (tmp_path / name).chmod(0o640)
    with pytest.raises(ValidatorFilesUnfit, match="0640"):
        load_keys(tmp_path)


@pytest.mark.parametrize(
    "content", ["", "{}", '{"priv_key": {}}', '{"priv_key": {"type": "tendermint/PrivKeyEd25519", "value": "AAAA"}}', "[]"]
)
def test_what_is_no_key_is_refused(tmp_path: Path, content: str) -> None:
    create_keys(tmp_path, NamedEntropy("keys"))
    (tmp_path / NODE_KEY).write_text(content)
    with pytest.raises(ValidatorFilesUnfit):
        load_keys(tmp_path)


def test_a_genesis_is_written_once_and_another_one_refused(tmp_path: Path) -> None:
    write_genesis(tmp_path, {"chain_id": "one"})
    (tmp_path / GENESIS).write_text(json.dumps({"chain_id": "one"}))  # other spacing, same content
    write_genesis(tmp_path, {"chain_id": "one"})
    with pytest.raises(ValidatorFilesUnfit, match="another ledger"):
        write_genesis(tmp_path, {"chain_id": "two"})
    (tmp_path / GENESIS).write_text("{")
    with pytest.raises(ValidatorFilesUnfit, match="JSON"):
        write_genesis(tmp_path, {"chain_id": "one"})


def test_the_configuration_says_what_the_ledger_needs(tmp_path: Path) -> None:
    found = config(tmp_path, Settings(listen="10.1.2.3:26656", external="bank.example:26656"), "aa@8.8.8.8:1", "bb@c.example:2")
    assert found["filter_peers"] is True
    assert found["proxy_app"] == "unix://app.sock"
    assert found["rpc"]["laddr"] == "unix://rpc.sock"
    assert found["p2p"]["persistent_peers"] == "aa@8.8.8.8:1,bb@c.example:2"
    assert found["p2p"]["pex"] is False
    assert found["consensus"]["create_empty_blocks"] is False
    assert found["consensus"]["create_empty_blocks_interval"] == "20s"
    assert found["consensus"]["timeout_commit"] == "200ms"
    assert found["consensus"]["double_sign_check_height"] == 0
    assert found["mempool"]["max_tx_bytes"] == MAX_TRANSACTION_BYTES
    assert found["instrumentation"]["prometheus"] is False
    assert "statesync" not in found
    assert (tmp_path / CONFIG).stat().st_mode & 0o777 == 0o600


ID = "0123456789abcdef" * 2 + "01234567"


@pytest.mark.parametrize("endpoint", ["1.2.3.4:1", "[2001:db8::1]:26656", "bank.example:65535", "localhost:9", "a-b.c:1"])
def test_a_node_that_can_be_dialled_is(endpoint: str) -> None:
    assert dialable([f"{ID}@{endpoint}"]) == [f"{ID}@{endpoint}"]


@pytest.mark.parametrize(
    "endpoint",
    [
        "",
        "1.2.3.4:99999",
        "1.2.3.4:0",
        "1.2.3.4:",
        "1.2.3.4",
        "[:1",
        "a:b:c:1",
        "[1.2.3.4]:1",
        "[::1%eth0]:1",
        "1.2.3:1",
        "256.1.1.1:1",
        "-a.example:1",
        "a..b:1",
        "a,b:1",
        "a@b:1",
        ":1",
        "a.example:1²",
    ],
)
def test_an_address_on_which_cometbft_would_not_start_is_left_out(endpoint: str) -> None:
    good = f"{ID[::-1]}@1.2.3.4:5"
    assert dialable([f"{ID}@{endpoint}", good]) == [good]
    assert dialable([f"xyz@{good[41:]}", f"{ID[:-1]}@{good[41:]}"]) == []


def test_a_node_is_dialled_once_at_the_address_of_the_member_that_named_it_first() -> None:
    assert dialable([f"{ID}@1.2.3.4:5", f"{ID}@6.7.8.9:5"]) == [f"{ID}@1.2.3.4:5"]


@pytest.mark.parametrize(
    ("listen", "peer", "strict"),
    [
        ("8.8.4.4:1", "aa@8.8.8.8:1", True),
        ("8.8.4.4:1", "aa@bank.example:1", True),
        ("127.0.0.1:1", "aa@8.8.8.8:1", False),
        ("8.8.4.4:1", "aa@127.0.0.2:1", False),
        ("8.8.4.4:1", "aa@localhost:1", False),
        ("8.8.4.4:1", "aa@[::1]:1", False),
    ],
)
def test_local_addresses_are_taken_where_there_are_any_and_nowhere_else(
    tmp_path: Path, listen: str, peer: str, strict: bool
) -> None:
    assert config(tmp_path, Settings(listen=listen), peer)["p2p"]["addr_book_strict"] is strict


def test_a_snapshot_is_fetched_where_the_owner_says_from_whom(tmp_path: Path) -> None:
    sync = StateSync(servers=("a:1", "b:2"), trust_height=7, trust_hash=bytes(32))
    settings = Settings(listen="127.0.0.1:1", rpc_listen="127.0.0.1:2", state_sync=sync)
    assert "statesync" not in config(tmp_path, replace(settings, state_sync=None))
    found = config(tmp_path, settings)
    assert (found["statesync"]["rpc_servers"], found["statesync"]["trust_height"]) == ("a:1,b:2", 7)
    assert found["rpc"]["laddr"] == "unix://rpc.sock,tcp://127.0.0.1:2"


def test_a_socket_in_a_folder_with_a_long_name_is_reached_by_a_short_path(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 120)
    deep.mkdir()
    (deep / "app.sock").write_text("here")
    folder = SocketFolder(deep)
    path = folder.reach("app.sock")
    assert len(os.fsencode(path)) < 100 < len(os.fsencode(deep))
    assert Path(path).read_text() == "here"
    folder.remove("app.sock")
    folder.remove("app.sock")
    assert not (deep / "app.sock").exists()
    folder.close()
    folder.close()
