"""Bytes that claim to be a program: they are refused, or are a graph that encodes to the same bytes and can be explained."""

from __future__ import annotations

import random
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atoll import programs as mp
from atoll.programs.errors import BadGraph
from atoll.programs.operation import REGISTRY
from atoll.wire import cbor
from atoll.wire.errors import CborError
from tests.property.programs import generate

GRAPHS = [generate(seed).graph.encode() for seed in (3, 8, 21, 40)]
ODD: list[Any] = [
    0,
    1,
    -1,
    2,
    7,
    63,
    64,
    2**40,
    2**63 - 1,
    -(2**63),
    2**64 - 1,
    "",
    "fixed",
    "bool",
    b"",
    b"\xff" * 8,
    None,
    True,
    [],
    [0, 0],
    {},
]


def check(data: bytes) -> bool:
    """Whether it is a graph; nothing but BadGraph may come out of bad bytes."""
    try:
        graph = mp.parse_graph(data)
    except BadGraph:
        return False
    assert graph.encode() == data
    told = mp.explain(graph)
    assert told.rounds >= 3 and told.memory_bytes >= 0
    return True


@given(st.sampled_from(GRAPHS), st.integers(0, 10_000), st.integers(1, 255))
@settings(max_examples=80)
def test_a_changed_byte_never_passes_for_the_same_program(data: bytes, at: int, flip: int) -> None:
    at %= len(data)
    changed = data[:at] + bytes([data[at] ^ flip]) + data[at + 1 :]
    if check(changed):
        assert mp.parse_graph(changed).digest != mp.parse_graph(data).digest


@given(st.binary(max_size=200))
def test_noise_is_refused(data: bytes) -> None:
    assert not check(data)


@given(st.sampled_from(GRAPHS), st.integers(0, 2**32))
@settings(max_examples=120, deadline=None)
def test_a_graph_that_was_tampered_with_is_refused_or_stands_for_itself(data: bytes, seed: int) -> None:
    rng = random.Random(seed)
    value = cbor.decode(data, max_bytes=10**6)
    for _ in range(rng.randint(1, 3)):
        tamper(rng, value)
    try:
        changed = cbor.encode(value, max_bytes=10**6)
    except CborError:
        return
    check(changed)


def tamper(rng: random.Random, value: Any) -> None:
    """Change one thing somewhere inside."""
    while True:
        places = list(value) if isinstance(value, dict) else list(range(len(value)))
        if not places:
            return
        place = rng.choice(places)
        inner = value[place]
        if isinstance(inner, dict | list) and inner and rng.random() < 0.8:
            value = inner
            continue
        match rng.randrange(5):
            case 0:
                value[place] = rng.choice(ODD)
            case 1 if isinstance(inner, int):
                value[place] = inner + rng.choice([-1, 1])
            case 2 if isinstance(inner, str):
                value[place] = rng.choice(sorted(REGISTRY))
            case 3 if isinstance(value, list):
                value.insert(place, rng.choice([inner, *ODD]))
            case _:
                del value[place]
        return


DEFACED = {
    "another version": lambda value: value.update(version=2),
    "a version that only equals ours": lambda value: value.update(version=True),
    "an unknown operation": lambda value: value["steps"][0].__setitem__(0, "format_disk"),
    "a result that comes later": lambda value: value["steps"][-1][1].append([len(value["steps"]), 0]),
    "no outputs": lambda value: value.update(outputs=[]),
    "an output twice": lambda value: value["outputs"].append(value["outputs"][0]),
    "a step twice": lambda value: value["steps"].append(value["steps"][-1]),
    "a step that nothing needs": lambda value: value["steps"].append(["square", [[0, 0]], {}]),
    "a name that is none": lambda value: value.update(name="../secrets"),
    "a receiver that is none": lambda value: value["outputs"][0].__setitem__(1, ["Bank of X"]),
    "no receiver": lambda value: value["outputs"][0].__setitem__(1, []),
    "a parameter too many": lambda value: value["steps"][0][2].update(more=1),
    "a range that does not fit": lambda value: value["steps"][0][2].update(high=2**63),
    "an empty column": lambda value: value["steps"][0][2].update(shape=[0]),
    "a huge column": lambda value: value["steps"][0][2].update(shape=[2**40]),
    "nulls that show what lies under them": lambda value: value["outputs"].append(
        ["z", ["bureau"], value["steps"][value["outputs"][0][2][0]][1][0], value["outputs"][0][3]]
    ),
    "a truth value for a number": lambda value: value["steps"][0][2].update(low=False),
}


@pytest.mark.parametrize("name", DEFACED)
def test_a_defaced_graph_is_refused(name: str) -> None:
    column = mp.column("bank", mp.int64(0, 9), rows=4, nullable=True)
    graph = mp.program(inputs={"x": column}, outputs={"y": "bureau"})(lambda x: x * 2 + 1).trace()
    value = cbor.decode(graph.encode())
    assert check(cbor.encode(value))
    DEFACED[name](value)
    assert not check(cbor.encode(value))


@pytest.mark.parametrize("named", [("debt", "income"), ("income", "income"), ("income", "nobody")])
def test_a_check_is_of_the_column_that_it_names(named: tuple[str, str]) -> None:
    """Else `explain` says that another column is checked, and another owner is blamed."""
    inputs = {name: mp.column(owner, mp.int64(0, 9), rows=4) for name, owner in (("income", "bank"), ("debt", "bureau"))}
    graph = mp.program(inputs=inputs, outputs={"y": "asker"})(lambda income, debt: income + debt).trace()
    value = cbor.decode(graph.encode())
    checks = [step for step in value["steps"] if step[0] == "verify_range"]
    assert check(cbor.encode(value)) and len(checks) == 2
    for step, name in zip(checks, named, strict=True):
        step[2]["name"] = name
    assert not check(cbor.encode(value))


def test_a_check_is_of_a_column_and_not_of_what_is_made_of_it() -> None:
    column = mp.column("bank", mp.int64(0, 9), rows=4, checked=True)
    graph = mp.program(inputs={"x": column}, outputs={"y": "bank"})(lambda x: x).trace()
    value = cbor.decode(graph.encode())
    value["steps"].insert(1, ["square", [[0, 0]], {}])
    value["steps"][2][1] = [[1, 0]]
    value["outputs"][0][2] = [2, 0]
    assert not check(cbor.encode(value))


@pytest.mark.parametrize("low", [-(2**20), -(2**31), -(2**61)])
def test_a_power_of_e_far_below_is_refused_before_it_is_planned(low: int) -> None:
    """A hundred bytes that would have taken all memory, or for ever."""
    column = mp.column("bank", mp.int64(-5, -5), rows=1)
    value = cbor.decode(mp.program(inputs={"x": column}, outputs={"y": "bank"})(mp.exp).trace().encode())
    assert check(cbor.encode(value))
    value["steps"][0][2].update(low=low, high=low)
    assert not check(cbor.encode(value))


@pytest.mark.parametrize(("low", "high"), [(0, 0), (1, 1)])
def test_a_column_of_truth_values_is_written_in_one_way(low: int, high: int) -> None:
    column = mp.column("bank", mp.bool_, rows=4)
    value = cbor.decode(mp.program(inputs={"x": column}, outputs={"y": "bank"})(lambda x: ~x).trace().encode())
    assert check(cbor.encode(value))
    value["steps"][0][2].update(low=low, high=high)
    assert not check(cbor.encode(value))


def _given(name: str, owner: str) -> list[Any]:
    kind = {"type": "bool", "low": 0, "high": 1, "fraction": 0, "shape": [1]}
    return ["input", [], {"name": name, "owner": owner, **kind}]


def _many_owners() -> dict[str, Any]:
    steps = [_given(f"x{at}", f"o{at}") for at in range(2000)]
    return {"steps": steps, "outputs": [["y", ["b"], [0, 0], None]]}


def _many_receivers() -> dict[str, Any]:
    return {"steps": [_given("x", "o")], "outputs": [[f"y{at:05}", [f"r{at}"], [0, 0], None] for at in range(6000)]}


def _many_outputs_of_nulls() -> dict[str, Any]:
    mask = ["input_mask", [], {"name": "x", "owner": "o", "shape": [1]}]
    chain = [["logical_not", [[0 if at < 3 else at - 1, 0]], {}] for at in range(2, 4000)]
    outputs = [[f"y{at:05}", ["b"], [len(chain) + 1, 0], None] for at in range(4000)]
    return {"steps": [_given("x", "o"), mask, *chain], "outputs": outputs}


@pytest.mark.parametrize("made", [_many_owners, _many_receivers, _many_outputs_of_nulls])
def test_a_long_graph_is_explained_in_proportion_to_its_bytes(made: Any) -> None:
    """It took a minute and more, at every node that was asked to consent."""
    data = cbor.encode({"version": 1, "name": "p", **made()}, max_bytes=10**6)
    before = time.process_time()
    assert check(data)
    assert time.process_time() - before < 15


def test_errors_stay_small_however_long_the_program_is() -> None:
    def deep(x: mp.SecretArray) -> mp.SecretArray:
        for _ in range(100):
            x = x * x - x * 0.7
            x = x.clip(-1, 1)
        return x

    column = mp.column("bank", mp.fixed(-1, 1, fraction=10), rows=2)
    graph = mp.program(inputs={"x": column}, outputs={"y": "bureau"})(deep).trace()
    assert graph.kind(graph.outputs[0].ref).error <= 2**63
    assert check(graph.encode())
