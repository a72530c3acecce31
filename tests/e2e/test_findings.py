"""When the demo says that something is wrong: its exit status hangs on it."""

from __future__ import annotations

import copy
import random
from typing import Any

import pytest

from atoll.cli.demo.attacks import ATTACKS
from atoll.cli.demo.attacks.tampered_bundle import flip, found_in, holder_of
from atoll.cli.demo.errors import NoSuchPart
from atoll.cli.demo.findings import Attack, Findings, Verified
from atoll.cli.demo.scenarios import SCENARIOS
from atoll.cli.demo.script import choose
from atoll.ledger.evidence.bundle import encode_bundle

SCENARIO = {"expected": 3, "found": 3, "equal": True, "seconds": 1.0, "bytes": 10}
GOOD = Findings(
    scenarios={"intersection": SCENARIO},
    receipts=2,
    receipts_expected=2,
    evidence=Verified(verified=True, entries=40),
    attacks=[Attack("changed_plan", caught=True, code="plan.changed", seen="")],
)


def test_findings_without_a_fault_are_good() -> None:
    assert GOOD.good


@pytest.mark.parametrize(
    "fault",
    [
        {"scenarios": {"intersection": SCENARIO | {"equal": False}}},
        {"scenarios": {"intersection": SCENARIO | {"found": 0, "expected": 0}}},
        {"receipts": 1},
        {"evidence": Verified(verified=False, entries=0)},
        {"attacks": [Attack("changed_plan", caught=False, code="", seen="")]},
    ],
)
def test_any_fault_makes_the_findings_bad(fault: dict[str, Any]) -> None:
    findings = copy.deepcopy(GOOD)
    for name, value in fault.items():
        setattr(findings, name, value)
    assert not findings.good


def test_without_a_choice_all_parts_are_chosen_and_the_operator_dies_last() -> None:
    scenarios, attacks = choose([])
    assert scenarios == list(SCENARIOS)
    assert attacks == list(ATTACKS)
    assert attacks[-1].NAME == "dead_operator"


def test_parts_are_chosen_by_name_and_run_in_the_order_of_the_script() -> None:
    scenarios, attacks = choose(["killed_node", "changed_plan"])
    assert scenarios == []
    assert [one.NAME for one in attacks] == ["changed_plan", "killed_node"]


def test_an_unknown_part_is_refused_with_the_list_of_those_there_are() -> None:
    with pytest.raises(NoSuchPart) as refused:
        choose(["time_travel"])
    for one in ATTACKS:
        assert one.NAME in str(refused.value)


def test_the_entry_that_a_byte_belongs_to_is_the_one_that_its_reader_blames() -> None:
    chance = random.Random(5)
    good = encode_bundle((f"block {number}", chance.randbytes(chance.randrange(1, 300))) for number in range(1, 13))
    for place in range(len(good)):
        assert found_in(flip(good, place, chance.randrange(1, 256))) == holder_of(good, place), place
    assert found_in(good) == -1
