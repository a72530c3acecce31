"""Between whom a failure lies."""

from __future__ import annotations

import pytest

from atoll.errors import AtollError
from atoll.node.execution import find_pair
from atoll.protocols.mpc.errors import CoinDisputed, FrameMisplaced, ProductsDisputed, RoundsDiffer
from atoll.transport.errors import DeadlinePassed

ONE, TWO, THREE = "compute/0", "compute/1", "compute/2"


@pytest.mark.parametrize(
    ("error", "pair"),
    [
        (ProductsDisputed(prover=TWO, first=ONE, second=THREE), [1, 2]),
        (CoinDisputed(first=ONE, second=TWO), [0, 1]),
        (FrameMisplaced(party=ONE, expected=8), [0, 2]),
        (FrameMisplaced(party="owner/0", expected=8), []),
        (DeadlinePassed(waiting="computing"), []),
        (RoundsDiffer(node=1, expected=8, found=9), []),
    ],
    ids=lambda one: type(one).__name__ if isinstance(one, AtollError) else "",
)
def test_a_node_disputes_with_whom_it_accuses_and_otherwise_names_two_others(error: AtollError, pair: list[int]) -> None:
    assert find_pair(error, 2) == pair
