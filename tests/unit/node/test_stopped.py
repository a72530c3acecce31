"""What made a node stop by itself is kept where `atoll node status` and `atoll doctor` find it."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from atoll.cli.process import why_stopped
from atoll.errors import AtollError
from atoll.node import foreground as program
from atoll.node.config import load_config
from atoll.ordering.errors import NotAgreedYet, StoreInUse, ValidatorStopped


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "atoll.toml").write_text('[node]\norg = "bank"\n')
    (tmp_path / "log").mkdir()
    return tmp_path


def ending(monkeypatch: pytest.MonkeyPatch, home: Path, *errors: AtollError) -> None:
    """A node that ends so."""

    async def serve(node: object) -> None:
        async def fail(error: AtollError) -> None:
            raise error

        async with asyncio.TaskGroup() as group:
            for error in errors:
                group.create_task(fail(error))

    monkeypatch.setattr(program, "NodeProcess", lambda config: config)
    monkeypatch.setattr(program, "serve", serve)
    monkeypatch.setattr(program, "start_logs", lambda folder, level: None)
    monkeypatch.setattr(sys, "argv", ["atoll.node", str(home)])


def test_why_it_stopped_is_kept_until_it_is_started_again(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert why_stopped(home) is None
    error = ValidatorStopped(reason="it was killed five times")
    ending(monkeypatch, home, error)
    assert program.main() == error.exit_code
    assert str(error) in capsys.readouterr().err
    assert why_stopped(home) == (str(error), error.remedy)
    ending(monkeypatch, home)
    assert program.main() == 0
    assert why_stopped(home) is None


def test_of_several_errors_the_first_is_kept(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = ValidatorStopped(reason="first")
    ending(monkeypatch, home, first, NotAgreedYet())
    with pytest.raises(ValidatorStopped):
        program.run(load_config(home))
    assert why_stopped(home) == (str(first), first.remedy)


def test_a_node_that_is_told_to_stop_leaves_no_word(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ending(monkeypatch, home)
    program.run(load_config(home))
    assert why_stopped(home) is None


def test_a_second_process_of_a_node_that_runs_says_nothing_about_the_first(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ending(monkeypatch, home, StoreInUse(path="ledger.sqlite"))
    with pytest.raises(StoreInUse):
        program.run(load_config(home))
    assert why_stopped(home) is None


@pytest.mark.parametrize("data", [b"", b"\xff\xfe"])
def test_what_cannot_be_read_is_no_word(home: Path, data: bytes) -> None:
    load_config(home).home.stopped.write_bytes(data)
    assert why_stopped(home) is None
