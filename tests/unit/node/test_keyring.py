"""The key that a rotation registers is on the disk first."""

from __future__ import annotations

from pathlib import Path

import pytest

from atoll.node import keyring
from atoll.node.config import Config, Home, load_config
from atoll.node.home import NewHome, create_home, open_home_keys
from atoll.node.keyring import KeyRing
from atoll.primitives.drbg import SeededEntropy
from atoll.testing.consortium import FixedClock
from atoll.trust.errors import KeystoreUnavailable
from atoll.trust.keys import Purpose

ENTROPY = SeededEntropy(b"bank".ljust(32, b"."))
NEW = NewHome(org="bank", title="Bank", legal_id="1", roles=("owner",), peer="", https="127.0.0.1:1")


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    monkeypatch.setenv("ATOLL_PASSPHRASE", "a passphrase for a test")
    create_home(tmp_path / "bank", NEW, passphrase="a passphrase for a test", clock=FixedClock(), entropy=ENTROPY)
    return load_config(tmp_path / "bank")


def ring(config: Config) -> KeyRing:
    return KeyRing(config, open_home_keys(config), clock=FixedClock(), entropy=ENTROPY)


def test_a_prepared_key_is_there_after_a_restart(config: Config) -> None:
    public = ring(config).prepare(Purpose.COSIGN, 2)
    assert ring(config).prepare(Purpose.COSIGN, 2) == public


def test_a_key_that_could_not_be_kept_is_not_handed_out_the_second_time_either(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a second try would register it, and the next start would not have it."""

    def full(path: Path, sealed: bytes, *, replace: bool = False) -> None:
        raise KeystoreUnavailable(path=path, action="written", reason="no space left")

    keys = ring(config)
    with monkeypatch.context() as patch:
        patch.setattr(keyring, "save_keystore", full)
        for _ in range(2):
            with pytest.raises(KeystoreUnavailable):
                keys.prepare(Purpose.IDENTITY, 2)
    public = keys.prepare(Purpose.IDENTITY, 2)
    assert ring(config).prepare(Purpose.IDENTITY, 2) == public


def test_what_a_home_holds_is_its_owners_alone(config: Config) -> None:
    home: Home = config.home
    for path in (home.path, home.tokens, home.jobs, home.logs):
        assert path.stat().st_mode & 0o077 == 0, path
    for path in (home.keys, home.store, home.token("admin"), home.path / "enrolment.atoll"):
        assert path.stat().st_mode & 0o077 == 0, path


def test_a_home_made_in_a_folder_that_others_may_read_is_closed_to_them(tmp_path: Path) -> None:
    """The store holds plans, terms and their salts."""
    open_to_all = tmp_path / "bank"
    open_to_all.mkdir(mode=0o755)
    create_home(open_to_all, NEW, passphrase="a passphrase for a test", clock=FixedClock(), entropy=ENTROPY)
    assert open_to_all.stat().st_mode & 0o077 == 0
