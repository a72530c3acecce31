"""What a program was said to take before it ran, against what it took."""

from __future__ import annotations

from atoll import programs as mp


def verify_stated(told: mp.Explanation, ran: mp.Simulated, *, rounds: float = 1.5, sent: float = 1.5) -> None:
    """Rounds and bytes are those of the run where they are stated as exact, and else off by these factors at most.

    Raises:
        AssertionError: they are not.
    """
    if told.exact:
        assert (ran.rounds, ran.bytes_by_node) == (told.rounds, told.bytes_by_node), told.program
        return
    assert 1 / rounds < ran.rounds / told.rounds < rounds, told.program
    for took, stated in zip(ran.bytes_by_node, told.bytes_by_node, strict=True):
        assert 1 / sent < took / stated < sent, told.program
