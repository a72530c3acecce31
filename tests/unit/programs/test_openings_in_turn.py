"""Steps that open something run one after the other in malicious mode: their proofs would repeat each other's."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from atoll import programs as mp
from atoll.primitives.replicated import Streams
from atoll.primitives.replicated_proof import BitNotes, MoveNotes, ProductNotes, Proof
from atoll.programs.schedule import at_once, layers
from atoll.protocols.mpc import Adversary, verification

ROWS = 300


def sorts(count: int) -> mp.Graph:
    inputs = {f"x{at}": mp.column("bank", mp.int64(0, 1 << 30), rows=ROWS) for at in range(count)}
    program = mp.Program(
        lambda **given: {name: mp.sort(column) for name, column in given.items()},
        inputs,
        dict.fromkeys(inputs, ("bureau",)),
    )
    return program.trace()


def proved(count: int, monkeypatch: pytest.MonkeyPatch) -> tuple[int, int]:
    """Words in all proofs of so many sorts, and rounds beyond those that were told."""
    seen = []

    class Counted(Proof):
        def __init__(
            self,
            streams: Streams,
            ticket: int,
            bits: Sequence[BitNotes],
            products: Sequence[ProductNotes],
            moves: Sequence[MoveNotes] = (),
        ) -> None:
            seen.append(sum(logged.size for _, logged in bits) + sum(moved[1].size for moved in moves))
            super().__init__(streams, ticket, bits, products, moves)

    monkeypatch.setattr(verification, "Proof", Counted)
    graph = sorts(count)
    rng = np.random.default_rng(3)
    given = {one.name: rng.integers(0, 1 << 30, ROWS) for one in graph.inputs}
    ran = mp.simulate(graph, given, seed=bytes(32), adversary=Adversary.MALICIOUS)
    for name, found in ran.outputs["bureau"].items():
        assert (found == np.sort(given[name])).all()
    return sum(seen), ran.rounds - mp.explain(graph, adversary=Adversary.MALICIOUS).rounds


def test_what_is_proved_grows_with_the_sorts_and_not_with_their_square(monkeypatch: pytest.MonkeyPatch) -> None:
    one, _ = proved(1, monkeypatch)
    for count in (2, 4):
        words, rounds_off = proved(count, monkeypatch)
        assert words <= 1.2 * count * one
        assert abs(rounds_off) <= 20 * count


def test_only_malicious_mode_lets_openings_wait_for_each_other() -> None:
    graph = sorts(3)
    sending = [layer for layer in layers(graph) if layer.together]
    assert [at_once(graph, layer, malicious=False) for layer in sending] == [[layer.together] for layer in sending]
    in_turn = [[(at,) for at in layer.together] for layer in sending]
    assert [at_once(graph, layer, malicious=True) for layer in sending] == in_turn


def test_what_opens_nothing_runs_together_before_what_opens() -> None:
    inputs = {name: mp.column("bank", mp.int64(0, 9), rows=ROWS) for name in ("x", "y")}
    made: dict[str, Callable[..., object]] = {
        "square": lambda x, y: x * x,
        "sorted": lambda x, y: mp.sort(x),
        "product": lambda x, y: x * y,
    }
    program = mp.Program(
        lambda **given: {name: one(**given) for name, one in made.items()}, inputs, dict.fromkeys(made, ("bureau",))
    )
    graph = program.trace()
    first = next(layer for layer in layers(graph) if layer.together)
    batches = at_once(graph, first, malicious=True)
    opens = [[graph.steps[at].operation.NAME.startswith("sort") for at in together] for together in batches]
    assert opens == [[False, False], [True]]
