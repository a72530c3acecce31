"""A node's home and its atoll.toml: what is not understood is refused, before anything starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from atoll.node.ceilings import Ceilings
from atoll.node.config import ConsensusSettings, Home, load_config
from atoll.node.errors import BadConfig, NoHome
from atoll.policy.errors import BadRules
from atoll.storage.errors import PassphraseMissing
from atoll.trust.errors import KeystoreExposed

LEAST = '[node]\norg = "bank"\n'


def write(folder: Path, text: str) -> Path:
    (folder / "atoll.toml").write_text(text, encoding="utf-8")
    return folder


def test_one_line_is_enough(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, LEAST))
    assert (config.org, config.peer_listen, config.https_listen, config.log_level) == ("bank", "", "127.0.0.1:0", "info")
    assert config.folders == (tmp_path.resolve() / "data",)
    assert config.policy.automatic
    assert config.home.path == tmp_path.resolve()


def test_everything_may_be_said(tmp_path: Path) -> None:
    text = (
        LEAST
        + 'log = "debug"\n[peer]\nlisten = "0.0.0.0:7000"\n[https]\nlisten = "127.0.0.1:7001"\n'
        + '[data]\nfolders = ["data", "/srv/tables"]\n[policy]\nconsent = "manual"\n'
    )
    config = load_config(write(tmp_path, text))
    assert (config.peer_listen, config.https_listen, config.log_level) == ("0.0.0.0:7000", "127.0.0.1:7001", "debug")
    assert config.folders == (tmp_path.resolve() / "data", Path("/srv/tables"))
    assert not config.policy.automatic


def test_the_owners_ceilings_are_read_in_mebibytes(tmp_path: Path) -> None:
    said = load_config(write(tmp_path, LEAST + "[jobs]\nmax-memory-mb = 64\nmax-traffic-mb = 1000\n")).ceilings
    assert (said.memory_bytes, said.traffic_bytes) == (64 << 20, 1000 << 20)
    assert load_config(write(tmp_path, LEAST)).ceilings == Ceilings()


def test_sm3_is_taken_where_the_owner_says_so(tmp_path: Path) -> None:
    assert load_config(write(tmp_path, LEAST + "[registration]\nsm3 = true\n")).takes_sm3
    assert not load_config(write(tmp_path, LEAST + "[registration]\nsm3 = false\n")).takes_sm3
    assert not load_config(write(tmp_path, LEAST)).takes_sm3


def test_a_folder_without_a_configuration_is_no_home(tmp_path: Path) -> None:
    with pytest.raises(NoHome):
        load_config(tmp_path)
    with pytest.raises(NoHome):
        load_config(tmp_path / "missing")


BAD: dict[str, str] = {
    "no organisation": "[node]\n",
    "nothing": "",
    "an organisation that is a number": "[node]\norg = 1\n",
    "an unknown section": LEAST + "[network]\n",
    "a ceiling below what any plan says": LEAST + "[jobs]\nmax-memory-mb = 63\n",
    "a ceiling that is a text": LEAST + '[jobs]\nmax-traffic-mb = "lots"\n',
    "a ceiling that is a truth value": LEAST + "[jobs]\nmax-memory-mb = true\n",
    "a switch that is a text": LEAST + '[registration]\nsm3 = "yes"\n',
    "an unknown ceiling": LEAST + "[jobs]\nmax-seconds = 100\n",
    "an unknown key": LEAST + "[peer]\nport = 1\n",
    "a key outside any section": 'org = "bank"\n',
    "a value where a section belongs": 'node = "bank"\n',
    "a port instead of an address": LEAST + "[https]\nlisten = 7001\n",
    "one folder where a list belongs": LEAST + '[data]\nfolders = "data"\n',
    "a folder without a name": LEAST + '[data]\nfolders = [""]\n',
    "a folder that is a number": LEAST + "[data]\nfolders = [1]\n",
    "broken TOML": "[node\n",
    "a key twice": LEAST + 'org = "bureau"\n',
}


@pytest.mark.parametrize("why", BAD)
def test_what_is_not_understood_is_refused_with_the_files_name(tmp_path: Path, why: str) -> None:
    with pytest.raises(BadConfig, match=r"atoll\.toml"):
        load_config(write(tmp_path, BAD[why]))


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "atoll.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(BadConfig):
        load_config(tmp_path)


def test_local_rules_are_read_as_strictly(tmp_path: Path) -> None:
    with pytest.raises(BadRules):
        load_config(write(tmp_path, LEAST + "[policy]\nmax-rows = 0\n"))


# -- the passphrase ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.delenv("ATOLL_PASSPHRASE", raising=False)
    monkeypatch.delenv("ATOLL_PASSPHRASE_FILE", raising=False)
    return Home(tmp_path)


def test_the_passphrase_comes_from_the_environment_a_named_file_or_the_home(
    home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    home.passphrase_file.write_bytes(b"in the home\r\n")
    home.passphrase_file.chmod(0o600)
    assert home.passphrase() == b"in the home"
    named = tmp_path / "named"
    named.write_bytes(b" named \n")
    monkeypatch.setenv("ATOLL_PASSPHRASE_FILE", str(named))
    assert home.passphrase() == b" named "
    monkeypatch.setenv("ATOLL_PASSPHRASE", "spoken")
    assert home.passphrase() == b"spoken"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_passphrase_that_others_may_read_is_not_used(home: Home, mode: int) -> None:
    home.passphrase_file.write_bytes(b"secret")
    home.passphrase_file.chmod(mode)
    with pytest.raises(KeystoreExposed) as caught:
        home.passphrase()
    assert "secret" not in str(caught.value)


def test_without_any_passphrase_the_places_are_named(home: Home) -> None:
    with pytest.raises(PassphraseMissing, match="ATOLL_PASSPHRASE"):
        home.passphrase()


def test_every_part_of_a_home_lies_below_it(home: Home) -> None:
    parts = [home.config, home.keys, home.genesis, home.certificate, home.ledger, home.store, home.jobs, home.tokens, home.logs]
    assert all(part.parent == home.path for part in [*parts, home.passphrase_file])
    assert home.token("admin").parent == home.tokens
    assert len(set(parts)) == len(parts)


def test_the_owner_says_where_cometbft_listens_and_how_long_a_block_waits(tmp_path: Path) -> None:
    text = '[consensus]\nlisten = "[::]:26656"\naddress = "bank.example:26656"\nrpc = "127.0.0.1:26657"\ncommit-ms = 500\n'
    said = load_config(write(tmp_path, LEAST + text)).consensus
    assert (said.listen, said.address, said.rpc, said.commit_ms) == (
        "[::]:26656",
        "bank.example:26656",
        "127.0.0.1:26657",
        500,
    )
    assert load_config(write(tmp_path, LEAST)).consensus == ConsensusSettings()


@pytest.mark.parametrize(
    "line",
    [
        'listen = "bank.example"',
        'listen = "bank example:1"',
        'address = "bank.example:port"',
        'rpc = "http://127.0.0.1:26657"',
        "rpc = 26657",
        "commit-ms = 0",
        "commit-ms = 1000000",
        'commit-ms = "200"',
        "commit-ms = true",
        "commit-ms = 0.5",
        "commits = 1",
    ],
)
def test_what_cometbft_could_not_do_with_is_refused_before_it_starts(tmp_path: Path, line: str) -> None:
    with pytest.raises(BadConfig):
        load_config(write(tmp_path, f"{LEAST}[consensus]\n{line}\n"))
