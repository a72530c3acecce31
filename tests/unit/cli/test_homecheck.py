"""The doctor without a node: every check says what it found, and what to do where that is bad."""

from __future__ import annotations

import socket
from pathlib import Path
from types import SimpleNamespace

import pytest

from atoll.api.models import DoctorFinding
from atoll.cli import homecheck
from atoll.cli.homecheck import check_home
from atoll.ports import SystemClock
from atoll.testing.ports import Ports
from tests.cli.world import found_lagoon


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three homes that found a consortium; nothing runs. Cost: six evaluations of scrypt, once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("ATOLL_PASSPHRASE", raising=False)
        patch.delenv("ATOLL_PASSPHRASE_FILE", raising=False)
        ports = Ports()
        try:
            return found_lagoon(tmp_path_factory.mktemp("founded"), ports).home("bank")
        finally:
            ports.release()


@pytest.fixture
def home(founded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of a home that one test may spoil."""
    import shutil

    monkeypatch.delenv("ATOLL_PASSPHRASE", raising=False)
    monkeypatch.delenv("ATOLL_PASSPHRASE_FILE", raising=False)
    return Path(shutil.copytree(founded, tmp_path / "bank"))


def look(home: Path, shift_seconds: int = 0) -> dict[str, DoctorFinding]:
    """The findings by name."""
    clock = SystemClock()
    shifted = SimpleNamespace(now=lambda: clock.now() + shift_seconds, monotonic=clock.monotonic)
    return {one.check: one for one in check_home(home, shifted)}


def bad(findings: dict[str, DoctorFinding]) -> list[str]:
    """The checks that failed; each of them says what to do."""
    failed = [name for name, one in findings.items() if not one.ok]
    assert all(findings[name].remedy for name in failed)
    return failed


def test_a_good_home_has_nothing_wrong(home: Path) -> None:
    findings = look(home)
    assert bad(findings) == []
    assert len(findings) == 9


def test_without_a_configuration_there_is_nothing_more_to_say(tmp_path: Path) -> None:
    assert bad(look(tmp_path)) == ["configuration"]


def test_a_wrong_passphrase_is_the_keys_fault(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATOLL_PASSPHRASE", "tiger")
    findings = look(home)
    assert bad(findings) == ["keys"]
    assert "tiger" not in findings["keys"].found


def test_a_passphrase_that_others_can_read_is_not_used(home: Path) -> None:
    (home / "passphrase").chmod(0o640)
    findings = look(home)
    assert bad(findings) == ["keys"]
    assert "0640" in findings["keys"].found


def test_a_missing_passphrase_is_said(home: Path) -> None:
    (home / "passphrase").unlink()
    assert bad(look(home)) == ["keys"]


@pytest.mark.parametrize("name", ["genesis.atoll", "tls.der", "keys.atoll"])
def test_a_missing_or_damaged_file_is_named(name: str, home: Path) -> None:
    check = {"genesis.atoll": "genesis", "tls.der": "certificate", "keys.atoll": "keys"}[name]
    data = bytearray((home / name).read_bytes())
    data[len(data) // 2] ^= 1
    (home / name).write_bytes(data)
    assert bad(look(home)) == [check]
    (home / name).unlink()
    assert bad(look(home)) == [check]


def test_a_certificate_that_has_expired_is_named(home: Path) -> None:
    assert "certificate" in bad(look(home, shift_seconds=20 * 365 * 86_400))


def test_a_clock_before_the_founding_is_named(home: Path) -> None:
    assert bad(look(home, shift_seconds=-200)) == ["clock"]


def test_a_port_that_another_process_has_is_named(home: Path) -> None:
    listen = look(home)["API port"].found.split()[0]
    with socket.create_server(("127.0.0.1", int(listen.rpartition(":")[2]))):
        assert bad(look(home)) == ["API port"]


def test_an_address_of_another_machine_is_named(home: Path) -> None:
    text = (home / "atoll.toml").read_text()
    (home / "atoll.toml").write_text(text.replace("127.0.0.1", "192.0.2.1"))
    assert bad(look(home)) == ["peer port", "API port"]


def test_ports_of_the_running_node_are_its_own(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(homecheck, "find_process", lambda _: 77)
    findings = look(home)
    assert "process 77" in findings["peer port"].found


def test_a_missing_data_folder_and_a_full_disk_are_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "data").rename(home / "moved")
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=1000))
    assert bad(look(home)) == ["disk", "data folders"]
