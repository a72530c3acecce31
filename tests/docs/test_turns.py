"""A page turns to another node when that one has heard of the last; only nodes that do not run are not waited for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from atoll.client import NodeUnreachable
from tests.docs import turns as module
from tests.docs.turns import Turns

LATE = NodeUnreachable(url="https://bank", reason="it has not begun to listen")


@dataclass
class Node:
    """One that shows these heights, one after the other, and the last for good."""

    shows: list[int | NodeUnreachable]
    asked: int = 0

    def status(self) -> Node:
        self.asked += 1
        return self

    @property
    def height(self) -> int:
        shown = self.shows.pop(0) if len(self.shows) > 1 else self.shows[0]
        if isinstance(shown, NodeUnreachable):
            raise shown
        return shown

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def nodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Node]:
    """By home; those of which the name begins with "dead" do not run."""
    made: dict[str, Node] = {}
    monkeypatch.setattr(module, "connect_home", lambda home: made[home.name])
    monkeypatch.setattr(module, "find_process", lambda home: None if home.name.startswith("dead") else 1)
    for home in ("operator", "bank", "dead"):
        (tmp_path / home).mkdir()
        (tmp_path / home / "node.pid").touch()
    return made


@pytest.fixture
def turns(nodes: dict[str, Node], tmp_path: Path) -> Iterator[Turns]:
    with Turns(tmp_path, path=os.environ["PATH"]) as made:
        made.run("echo --home operator")
        yield made


def test_a_node_that_is_turned_to_has_heard_of_the_last(turns: Turns, nodes: dict[str, Node]) -> None:
    nodes |= {"operator": Node([7]), "bank": Node([5, 5, 6, 7])}
    assert turns.run("echo --home operator") == (0, "--home operator\n")
    assert nodes["bank"].asked == 0
    before = turns._shell._deadline
    assert turns.run("echo --home bank") == (0, "--home bank\n")
    assert nodes["bank"].asked == 4
    assert turns._shell._deadline - before > 3 * module.POLL_SECONDS * 0.9, "the page has paid for the wait"


def test_a_node_that_runs_and_does_not_answer_yet_is_waited_for(turns: Turns, nodes: dict[str, Node]) -> None:
    nodes |= {"operator": Node([LATE, 7]), "bank": Node([LATE, LATE, LATE, 7])}
    turns.run("echo --home bank")
    assert nodes["bank"].shows == [7]


def test_of_a_node_that_does_not_run_nobody_hears(turns: Turns, nodes: dict[str, Node]) -> None:
    nodes |= {"operator": Node([7]), "bank": Node([7]), "dead": Node([1])}
    turns.run("echo --home dead")
    turns.run("echo --home operator")
    assert nodes["dead"].asked == 0


def test_a_node_that_never_hears_fails_the_page(turns: Turns, nodes: dict[str, Node], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SETTLE_SECONDS", 0.1)
    nodes |= {"operator": Node([7]), "bank": Node([6])}
    with pytest.raises(AssertionError, match=r"\['bank'\] have not heard of block 7"):
        turns.run("echo --home bank")
