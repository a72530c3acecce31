"""What the base class of operations leaves to each of them is there."""

from __future__ import annotations

import pytest

import atoll.programs  # noqa: F401 - registers all operations
from atoll.programs.operation import REGISTRY, Operation
from atoll.programs.operations.inputs import Input, InputMask

GIVEN = (Input, InputMask)
"""Their values come from owners, and are computed by nobody."""
COMPUTED = sorted(name for name, cls in REGISTRY.items() if cls.__module__.startswith("atoll.") and cls not in GIVEN)


@pytest.mark.parametrize("name", COMPUTED)
def test_an_operation_has_an_ideal_answer_and_a_way_to_it_at_the_nodes(name: str) -> None:
    cls = REGISTRY[name]
    assert cls.clear is not Operation.clear, "`clear` of the base answers nothing"
    assert cls.run is not Operation.run or cls.local is not Operation.local, "`run` of the base calls `local`, which it lacks"


def test_there_are_operations_to_look_at() -> None:
    assert len(COMPUTED) > 40
