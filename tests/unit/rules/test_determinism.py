"""The same transactions give the same state: in every process, and in every order that cannot matter."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from pathlib import Path

from atoll.ledger.rules.errors import NotMember
from atoll.ledger.rules.membership import SetEndpoints
from atoll.ledger.state import State
from atoll.primitives.smt import Tree
from atoll.trust.keys import Purpose
from tests.unit.rules.lagoon import CUSTOMERS, FILES, Lagoon, registration
from tests.unit.rules.story import live

ROOT = Path(__file__).parents[3]


def test_two_processes_that_hash_text_differently_agree_on_every_byte() -> None:
    command = [sys.executable, "-m", "tests.unit.rules.story"]
    running = [
        subprocess.Popen(command, cwd=ROOT, env=os.environ | {"PYTHONHASHSEED": seed}, stdout=subprocess.PIPE)
        for seed in ("1", "2")
    ]
    printed = {process.communicate(timeout=60)[0] for process in running}
    assert [process.returncode for process in running] == [0, 0]
    lagoon, numbers = live()
    root = Tree.empty().put_many(lagoon.records()).root
    assert printed == {f"{root.hex()} {numbers.hex()}\n".encode()}


def test_the_story_tells_of_success_and_of_several_refusals() -> None:
    _, numbers = live()
    assert {0, 7, 10, 11} <= set(numbers)


def test_transactions_that_touch_nothing_in_common_may_come_in_any_order() -> None:
    lagoon = Lagoon()
    independent = [
        lagoon.founding.sign("bank", registration(CUSTOMERS)),
        lagoon.founding.sign("bureau", registration(FILES)),
        lagoon.founding.sign("telecom", SetEndpoints(peer="telecom.example:1", https="")),
        lagoon.founding.sign("auditor", registration("auditor/books/1")),
    ]
    roots = set()
    for order in itertools.permutations(independent):
        fresh = Lagoon()
        for data in order:
            assert fresh.submit(data).ok
        roots.add(Tree.empty().put_many(fresh.records()).root)
    assert len(roots) == 1


def test_a_refusal_leaves_nothing_behind_in_a_block_that_goes_on() -> None:
    lagoon = Lagoon().with_datasets()
    lagoon.founding.add("stranger")
    before = lagoon.records()
    lagoon.refused(NotMember, "stranger", SetEndpoints(peer="", https=""))
    assert lagoon.records() == before


def test_a_transaction_sees_what_the_ones_before_it_in_its_block_have_written() -> None:
    state, record = State({}), Lagoon().key("bank", Purpose.IDENTITY)
    state.put(record)
    assert state.get(type(record), record.identifier()) == record
    state.drop()
    assert state.get(type(record), record.identifier()) is None
    state.put(record)
    state.keep()
    state.drop()
    assert state.get(type(record), record.identifier()) == record
    assert list(state.changes()) == [record.key()]
