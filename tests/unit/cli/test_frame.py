"""How a node is named, and what a command is made of."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import pytest
import typer
from typer.main import get_command

from atoll.cli import frame
from atoll.cli.errors import NoNodeNamed, TwoNodesNamed
from atoll.cli.frame import HomeFolder, command, connect_to, find_home, group, same_node
from atoll.cli.reply import Reply
from atoll.client import Node


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder, and nothing said by the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ATOLL_HOME", raising=False)
    return tmp_path


def test_the_option_says_more_than_the_environment_and_that_more_than_the_folder(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NoNodeNamed):
        find_home(None)
    (nowhere / "atoll.toml").touch()
    assert find_home(None) == Path()
    monkeypatch.setenv("ATOLL_HOME", "from/environment")
    assert find_home(None) == Path("from/environment")
    assert find_home(Path("from/option")) == Path("from/option")


def test_an_address_is_used_though_the_environment_names_a_home(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATOLL_HOME", "somewhere")
    assert connect_to(None, "https://127.0.0.1:1", "t", None).url == "https://127.0.0.1:1"
    with pytest.raises(TwoNodesNamed):
        connect_to(Path("home"), "https://127.0.0.1:1", "t", None)


def test_a_token_can_be_read_from_a_file(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import atoll.client

    seen: list[str | None] = []
    monkeypatch.setattr(atoll.client, "connect", lambda _, *, token, certificate: seen.append(token))
    Path("token").write_text("secret\n")
    connect_to(None, "https://127.0.0.1:1", "@token", None)
    assert seen == ["secret"]


class Closing:
    """Stands for a connection."""

    closed = False

    def close(self) -> None:
        self.closed = True


def run(app: typer.Typer, *arguments: str) -> Any:
    """What the group returns."""
    return get_command(app).main(list(arguments), standalone_mode=False)


def test_a_command_gets_its_node_connected_and_it_is_closed_whatever_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = Closing()
    asked: list[object] = []

    def connect(*given: object) -> Closing:
        asked.append(given)
        return connection

    monkeypatch.setattr(frame, "connect_to", connect)
    app = group("For this test.")

    @command(app, "fail", "atoll test fail")
    def fail(node: Node, times: Annotated[int, typer.Option(help="How often.")] = 1) -> Reply:
        """Fail."""
        assert isinstance(node, Closing)
        assert times == 3
        raise RuntimeError

    with pytest.raises(RuntimeError):
        run(app, "fail", "--times", "3", "--home", "x")
    assert asked == [(Path("x"), None, None, None)]
    assert connection.closed


def test_a_command_returns_its_exit_code_and_prints_its_reply(nowhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    app = group("For this test.")

    @command(app, "look", "atoll test look")
    def look(home: HomeFolder) -> Reply:
        """Look."""
        return Reply({"home": str(home)}, [f"it is {home}"], exit_code=4, error="Bad.")

    assert run(app, "look", "--home", "there") == 4
    assert capsys.readouterr().out == "it is there\n"
    assert run(app, "look", "--home", "there", "--json") == 4
    assert json.loads(capsys.readouterr().out) == {"home": "there"}


def test_the_node_that_was_named_is_forgotten_when_its_command_ends(nowhere: Path) -> None:
    app = group("For this test.")
    seen: list[str] = []

    @command(app, "look", "atoll test look")
    def look(home: HomeFolder) -> Reply:
        """Look."""
        seen.append(same_node())
        raise RuntimeError

    with pytest.raises(RuntimeError):
        run(app, "look", "--home", "there")
    assert (seen, same_node()) == ([" --home there"], "")


@dataclass(frozen=True, kw_only=True)
class Span:
    """Options that two commands share."""

    first: Annotated[int, typer.Option(help="From here.")]
    last: Annotated[int, typer.Option(help="To here.")] = 9


def test_a_dataclass_is_an_option_for_each_of_its_fields(capsys: pytest.CaptureFixture[str]) -> None:
    app = group("For this test.")

    @command(app, "count", "atoll test count")
    def count(span: Span, step: Annotated[int, typer.Option(help="How far.")] = 1) -> Reply:
        """Count."""
        return Reply(None, [f"{span.first} to {span.last} by {step}"])

    assert run(app, "count", "--first", "3", "--step", "2") == 0
    assert capsys.readouterr().out == "3 to 9 by 2\n"


def test_an_option_without_a_word_for_its_value_gets_one() -> None:
    app = group("For this test.")

    @command(app, "do", "atoll test do")
    def do(
        count: Annotated[int, typer.Option()] = 1,
        path: Annotated[Path | None, typer.Option()] = None,
        names: Annotated[list[str] | None, typer.Option()] = None,
        org: Annotated[str, typer.Option(metavar="ORG")] = "",
    ) -> Reply:
        """Do."""
        return Reply(None)

    words = {one.name: one.metavar for one in get_command(app).commands["do"].params}  # type: ignore[attr-defined]
    assert {name: words[name] for name in ("count", "path", "names", "org")} == {
        "count": "N",
        "path": "FILE",
        "names": "TEXT",
        "org": "ORG",
    }
