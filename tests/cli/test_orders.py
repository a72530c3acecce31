"""The regulator's drill, as its two persons type it: node processes that run, and a job in the middle of its work."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from atoll.cli.main import main
from atoll.cli.papers import PASSPHRASE_VARIABLE
from tests.cli.world import Lagoon

REGULATOR, OWNER, RECEIVER = "operator", "bureau", "bank"
FEW, MANY = 70, 180_000
"""Rows of a job that is done at once, and of one that is at work for three times as long as an order takes to get there."""
PATIENCE_SECONDS = 240.0
OPEN = ("proposed", "consented", "started")
STOPPED_WITHIN_SECONDS = 5.0
"""With others at work on this machine; `tests/sim/test_orders.py` holds it to 2, by a clock that nothing disturbs."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Somebody at a terminal in a folder of its own."""

    lagoon: Lagoon
    folder: Path
    capsys: pytest.CaptureFixture[str]

    def type(self, line: str, *, at: str = "") -> tuple[int, str, str]:
        """Exit status and what a command printed, on both streams; `@name` is a file of this folder."""
        words = [str(self.folder / one[1:]) if one.startswith("@") else one.replace("_", " ") for one in line.split()]
        self.capsys.readouterr()
        status = main([*words, *(["--home", str(self.lagoon.home(at))] if at else [])])
        printed = self.capsys.readouterr()
        return status, printed.out, printed.err

    def do(self, line: str, *, at: str = "") -> str:
        """What a command printed that must have worked."""
        status, out, err = self.type(line, at=at)
        assert status == 0, f"{line}\n{err}"
        return out

    def ask(self, line: str, *, at: str = "") -> Any:
        """The JSON value of a command that must have worked."""
        return json.loads(self.do(f"{line} --json", at=at))

    def refused(self, line: str, *, at: str = "") -> str:
        """Why a command did not work."""
        status, _, err = self.type(line, at=at)
        assert status != 0, line
        return err

    # -- persons ---------------------------------------------------------------------------------------------------------------

    def new_person(self, name: str, *others: str, recovery: bool = False) -> None:
        """A person makes a key and is let in by others, each with a file and a key of its own."""
        public = self.ask(f"key approver new @{name}.key")["public"]
        said = self.do(f"key approver request {public} --person {name} --out @{name}.0 --home {self.lagoon.home(REGULATOR)}")
        assert ("--recovery" in said) is recovery
        hands = [f"--key @{one}.key" for one in (name, *others)]
        hands += [f"--recovery {self.lagoon.home(REGULATOR)}"] if recovery else []
        for number, hand in enumerate(hands):
            said = self.do(f"key approver sign @{name}.{number} {hand} --out @{name}.{number + 1} --yes")
            assert ("Still to sign" in said) is (number < len(hands) - 1), said
        assert "registered" in self.do(f"key approver add @{name}.{len(hands)} --yes", at=REGULATOR)
        self.lagoon.settle(REGULATOR)

    def order(self, what: str, name: str, *, at: str = REGULATOR) -> str:
        """An order is drawn up, signed by both persons apart, and handed in at any node; its number."""
        self.do(f"order draft {what} --reason complaint_17 --out @{name}", at=REGULATOR)
        for person in ("ada", "grace"):
            self.do(f"order sign @{name} --key @{person}.key --out @{name}.{person} --yes")
        order = str(self.ask(f"order submit @{name}.ada @{name}.grace --yes", at=at)["order"])
        self.lagoon.settle(at)
        return order

    # -- jobs ------------------------------------------------------------------------------------------------------------------

    def share(self, name: str, rows: int, first: int) -> str:
        """A table at both sides, the owner's granted to the receiver; what proposes a job on them."""
        for org, start in ((RECEIVER, first), (OWNER, first + rows // 2)):
            cells = "".join(f"AT{number:06d}K,{number % 97}\n" for number in range(start, start + rows))
            (self.lagoon.home(org) / "data" / f"{name}.csv").write_text(f"ref,{name}\n{cells}")
            registered = f"dataset register {name} {name}.csv --title Drill --key ref=national-id/1"
            self.do(registered, at=org)
        self.do(f"grant give {OWNER}/{name}/1 --to {RECEIVER} --column ref --purpose drill --uses 5", at=OWNER)
        self.lagoon.settle(OWNER)
        asked = f"job propose intersection --mine {RECEIVER}/{name}/1 --column ref --theirs {OWNER}/{name}/1 --column ref"
        return f"{asked} --purpose drill --yes"

    def job(self, proposal: str) -> str:
        """A job that the owner's person has approved."""
        job = str(self.ask(proposal, at=RECEIVER)["job"])
        self.until(lambda: self.type(f"job approve {job} --yes", at=OWNER)[0] == 0)
        return job

    def shown(self, job: str, org: str) -> Any:
        """What a node says of a job."""
        return self.ask(f"job show {job}", at=org)

    def ended(self, job: str) -> str:
        """How a job ended, and why."""
        self.until(lambda: all(self.shown(job, org)["state"] not in OPEN for org in (OWNER, RECEIVER)))
        found = self.shown(job, RECEIVER)
        return f"{found['state']} {found['reason']}".strip()

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait."""
        ends = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            assert time.monotonic() < ends
            time.sleep(0.02)


@pytest.fixture
def desk(lagoon: Lagoon, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Where everybody types, one after the other."""
    monkeypatch.setenv(PASSPHRASE_VARIABLE, "correct horse")
    return Desk(lagoon, tmp_path, capsys)


@pytest.mark.usefixtures("processors")
def test_the_drill_from_two_keys_to_a_recall_and_a_person_who_left(desk: Desk) -> None:
    err = desk.refused(f"order draft freeze {OWNER}/drill --reason drill --out @early", at=REGULATOR)
    assert "an order takes 2 persons, and operator has 0" in err
    desk.new_person("ada", recovery=True)
    desk.new_person("grace", "ada", recovery=True)
    assert "bank is no regulator" in desk.refused(f"order draft freeze {OWNER}/drill --reason drill --out @x", at=RECEIVER)
    assert "no lineage bureau/nothing" in desk.refused("order draft freeze bureau/nothing --reason x --out @x", at=REGULATOR)
    assert "say which with --kind" in desk.refused(f"order draft recall {'0' * 32} --reason x --out @x", at=REGULATOR)

    quick, long = desk.share("drill", FEW, 100_000), desk.share("longdrill", MANY, 200_000)
    before = desk.job(quick)
    assert desk.ended(before) == "completed"
    assert f"{FEW // 2} rows" in desk.do(f"job result {before} --out @before.csv", at=RECEIVER)

    desk.do(f"order draft freeze {OWNER}/longdrill --reason complaint_17 --out @freeze", at=REGULATOR)
    desk.do("order sign @freeze --key @ada.key --out @freeze.1 --yes")
    assert "1 of 2 persons have signed it" in desk.refused("order submit @freeze.1 --yes", at=REGULATOR)
    said = desk.do("order sign @freeze.1 --key @grace.key --out @freeze.2 --yes")
    assert "Next: atoll order submit" in said
    also = desk.order(f"freeze {OWNER}/drill/1", "also", at=RECEIVER)
    running = desk.job(long)  # not before everything is signed: it lasts some seconds
    desk.until(lambda: all(desk.shown(running, org)["phase"] == "running" for org in (OWNER, RECEIVER)))
    said = desk.do("order submit @freeze.2 --yes", at=REGULATOR)
    handed_in = time.monotonic()
    assert f"lineage {OWNER}/longdrill is frozen since block" in said
    freeze = said.split("by order ")[1].split()[0]
    assert desk.ended(running).startswith("failed")
    assert time.monotonic() - handed_in < STOPPED_WITHIN_SECONDS
    for job, order in ((running, freeze), (before, also)):
        assert order in desk.refused(f"job result {job} --out @withheld.csv", at=RECEIVER)
        assert not (desk.folder / "withheld.csv").exists()
    for proposal in (quick, long):
        job = str(desk.ask(proposal, at=RECEIVER)["job"])
        assert desk.ended(job) == "refused policy.order"

    for order in (freeze, also):
        desk.order(f"unfreeze {order}", f"lift.{order}")
        assert desk.ask(f"order show {order}", at=RECEIVER)["state"] == "lifted"
    assert "is one of operator, and lifted" in desk.refused(f"order draft unfreeze {also} --reason x --out @x", at=REGULATOR)
    assert "rows" in desk.do(f"job result {before} --out @again.csv", at=RECEIVER)
    after = desk.job(quick)
    assert desk.ended(after) == "completed"

    grants = desk.ask("grant list", at=RECEIVER)
    grant = next(one["grant"] for one in grants if one["dataset"] == f"{OWNER}/drill/1")
    recall = desk.order(f"recall {grant} --kind grant", "recall")
    for job in (before, after):
        assert recall in desk.refused(f"job result {job} --out @gone.csv", at=RECEIVER)
    assert [one["order"] for one in desk.ask("order list --open", at=OWNER)] == [recall]

    desk.do("key approver revoke grace --yes", at=REGULATOR)
    desk.lagoon.settle(REGULATOR)
    assert "an order takes 2 persons, and operator has 1" in desk.refused(
        "order draft freeze bank --reason x --out @x", at=REGULATOR
    )
    desk.new_person("eve", "ada", recovery=True)
    public = desk.ask("key approver new @zoe.key")["public"]
    desk.do(f"key approver request {public} --person zoe --out @zoe.0", at=REGULATOR)
    assert "does not count" in desk.refused(f"key approver sign @zoe.0 --recovery {desk.lagoon.home(REGULATOR)} --yes")
    in_force = {one["person"] for one in desk.ask("key approver list", at=RECEIVER) if one["active"]}
    assert in_force == {"ada", "eve"}
