"""A consortium on CometBFT as people run it: real nodes, real validators, the commands of docs/how-to/run-a-consortium.md."""

from __future__ import annotations

import functools
import json
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from atoll.api.models import MotionInfo, MotionRequest, Status, ValidatorHealth
from atoll.cli.demo.consortium import AUDITOR, BANK, BUREAU, OPERATOR, TELECOM
from atoll.cli.demo.memory import descendants
from atoll.cli.demo.screen import Screen
from atoll.cli.demo.stage import Stage
from atoll.client import Node, RefusedByNode
from atoll.ledger.records import EngineKind
from tests.contract.ordering.conftest import has_cometbft
from tests.e2e.conftest import processes_below
from tests.e2e.test_demo import PATIENCE_SECONDS, demo
from tests.requirements import atoll_require

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("processors")]
MOST_PSS_MB = 2.5 * 1024**3 / 1e6


@pytest.fixture(autouse=True, scope="module")
def cometbft() -> None:
    atoll_require("cometbft", present=has_cometbft())


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """Five nodes, four of them validators; ended and removed after this module."""
    with Stage(Screen(Console(stderr=True, quiet=True)), engine=EngineKind.COMETBFT, seed=1) as standing:
        yield standing


def status(stage: Stage, org: str) -> Status:
    return stage.client(org).status()


def validator(stage: Stage, org: str) -> ValidatorHealth:
    found = status(stage, org).validator
    assert found is not None
    return found


def decide(stage: Stage, kind: str, org: str, asker: str, *others: str) -> None:
    """Ask for something, and have others approve it."""
    motion = stage.client(asker).members.open_motion(MotionRequest.model_validate({"kind": kind, "org": org}))
    for one in others:
        assert stage.seen_by(one, "the motion", functools.partial(motion_at, number=motion.number)).waits_for_us
        motion = stage.client(one).members.approve_motion(motion.number)
    assert motion.state == "carried", motion


def motion_at(node: Node, number: int) -> MotionInfo:
    """A motion as a node shows it. Raises LookupError where it does not yet."""
    return {one.number: one for one in node.members.motions()}[number]


def test_every_screen_says_that_nobody_orders_alone(stage: Stage) -> None:
    stage.wait_for("the first block", lambda: status(stage, BANK).height > 0)
    one = status(stage, BANK)
    assert (one.engine, one.sequencer, one.quorum) == ("CometBFT: consensus", "", "3 of 4")
    assert validator(stage, BANK).votes
    assert not validator(stage, AUDITOR).votes
    assert {one.org for one in stage.client(AUDITOR).members.list() if one.validating} == {OPERATOR, BANK, BUREAU, TELECOM}
    assert not any(one.sequencer for one in stage.client(AUDITOR).members.list())
    checks = {one.check: one for one in stage.client(BANK).doctor()}
    assert all(checks[name].ok for name in ("ledger", "validator", "vote", "validators", "rules")), checks


def test_a_validator_that_is_killed_is_started_again_by_its_node(stage: Stage) -> None:
    (child,) = (pid for pid in descendants(stage.nodes[BUREAU].pid) if name_of(pid) == "cometbft")
    os.kill(child, signal.SIGKILL)
    stage.wait_for(
        "it runs again", lambda: validator(stage, BUREAU).restarts > 0 and validator(stage, BUREAU).state == "running"
    )
    assert "SIGKILL" in validator(stage, BUREAU).reason


def test_a_validator_stops_voting_and_begins_again_by_a_motion(stage: Stage) -> None:
    stage.client(TELECOM).members.leave(validating_only=True)
    stage.wait_for("three vote", lambda: status(stage, BANK).quorum == "3 of 3")
    assert not validator(stage, TELECOM).votes
    decide(stage, "validate", TELECOM, BANK, BUREAU)
    stage.wait_for("four vote again", lambda: validator(stage, TELECOM).votes and status(stage, BANK).quorum == "3 of 4")


def test_a_machine_that_died_comes_back_with_another_key(stage: Stage) -> None:
    """Restored without what must not be copied: it follows, its new key is registered, and it votes."""
    stage.kill(BUREAU)
    home = stage.consortium.home(BUREAU)
    shutil.rmtree(home / "cometbft")
    for file in home.glob("ledger.sqlite*"):
        file.unlink()
    stage.restart(BUREAU)
    stage.wait_for("it has caught up", lambda: status(stage, BUREAU).height >= status(stage, BANK).height)
    assert not validator(stage, BUREAU).votes
    assert [one.check for one in stage.client(BUREAU).doctor() if one.check == "vote" and not one.ok]
    stage.client(BUREAU).members.rotate_key("consensus")
    stage.wait_for("it votes", lambda: validator(stage, BUREAU).votes)
    reached = validator(stage, BUREAU).consensus_height
    stage.client(BANK).members.rotate_key("log")
    stage.wait_for("blocks go on", lambda: validator(stage, BUREAU).consensus_height > reached)


def test_who_is_put_out_is_refused_from_that_block_on(stage: Stage) -> None:
    decide(stage, "remove", TELECOM, BANK, BUREAU, OPERATOR)
    stage.wait_for("the auditor knows", lambda: "telecom" not in {one.org for one in active(stage)})
    with pytest.raises(RefusedByNode):
        stage.client(TELECOM).members.rotate_key("log")
    stage.wait_for("its node is let in nowhere", lambda: TELECOM not in status(stage, BANK).connected)
    stage.wait_for("its validator is cut off", lambda: validator(stage, BANK).peers == 3)
    assert status(stage, BANK).quorum == "3 of 3"


def active(stage: Stage) -> list[Any]:
    return [one for one in stage.client(AUDITOR).members.list() if one.state == "active"]


def name_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text("ascii").strip()
    except OSError:
        return ""


def test_the_demo_goes_on_without_the_operator_and_leaves_nothing_behind(tmp_path: Path) -> None:
    parts = ("--only", "intersection", "--only", "invented_consortium", "--only", "dead_operator")
    with demo(tmp_path, "--engine", "cometbft", "--json", *parts) as process:
        printed, progress = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0, progress
    seen = json.loads(printed)
    assert seen["scenarios"]["intersection"]["equal"] is True
    assert seen["evidence"]["verified"] is True
    assert [(one["name"], one["caught"]) for one in seen["attacks"]] == [("invented_consortium", True), ("dead_operator", True)]
    assert seen["attacks"][1]["code"] == "cometbft"
    assert seen["pss_mb"] < MOST_PSS_MB
    assert processes_below(tmp_path) == []
    assert list(tmp_path.iterdir()) == []
