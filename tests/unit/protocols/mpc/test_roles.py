"""Whole computations: owners, nodes, receivers, and what hostile or confused places meet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any

import numpy as np
import pytest

from atoll.errors import PeerError
from atoll.primitives.replicated import Streams
from atoll.protocols.errors import WrongBulkLength
from atoll.protocols.mpc import (
    Adversary,
    ColumnShape,
    Form,
    Node,
    Planes,
    Ring,
    Steps,
    compute,
    compute_role,
    less_than,
    owner,
    owner_role,
    receiver,
    receiver_role,
    run_together,
    set_up,
    where,
)
from atoll.protocols.mpc.entering import open_package, pack_columns, package_bytes, refresh, result_bytes
from atoll.protocols.mpc.errors import (
    InputDisputed,
    NotVerifiable,
    OpeningDisputed,
    OwnerDiffers,
    ResultsDiffer,
    SetUpDiffers,
    ShapesDiffer,
)
from atoll.protocols.mpc.roles import Inputs, Program, Results
from atoll.protocols.packets import Packet
from atoll.protocols.pump import Pumped, Said, Tamper, pump
from atoll.protocols.role import Party
from tests.unit.protocols.mpc.three import numbers, run

CONTEXT = bytes(range(32)) + bytes([1])
COUNT = 70
A, B = owner(0), owner(1)
FIRST, SECOND = receiver(0), receiver(1)
INPUTS = {A: [ColumnShape(COUNT), ColumnShape(COUNT, Form.BITS, 3)], B: [ColumnShape(COUNT)]}
OUTPUTS = {FIRST: [ColumnShape(COUNT), ColumnShape(COUNT)], SECOND: [ColumnShape(COUNT, Form.BITS, 1)]}
X, BITS, Y = numbers(COUNT, 1, bits=62), numbers(COUNT, 2, bits=3), numbers(COUNT, 3, bits=62)


def smaller(node: Node, inputs: Inputs) -> Steps[Results]:
    x, bits = inputs[A]
    (y,) = inputs[B]
    assert isinstance(x, Ring)
    assert isinstance(y, Ring)
    assert isinstance(bits, Planes)
    less = yield from less_than(node, x, y)
    chosen = yield from where(node, bits.bits(1), x, y)
    return {FIRST: [chosen, x], SECOND: [less]}


def heard_by(said: list[Said]) -> Tamper:
    """Lets everything through and writes it down."""

    def ear(one: Said) -> Packet:
        said.append(one)
        return one.packet

    return ear


def play(
    *,
    program: Program = smaller,
    inputs: Mapping[Party, Sequence[ColumnShape]] = INPUTS,
    contexts: Mapping[Party, bytes] | None = None,
    digests: Sequence[bytes] = (b"p", b"p", b"p"),
    adversaries: Sequence[Adversary] = (Adversary.SEMI_HONEST,) * 3,
    tamper: Tamper | None = None,
) -> Pumped:
    context = dict.fromkeys([A, B, *map(compute, range(3))], CONTEXT) | dict(contexts or {})
    seeds = {place: bytes([number]) * 32 for number, place in enumerate(context)}
    nodes = {
        compute(i): compute_role(
            i,
            inputs=inputs,
            outputs=OUTPUTS,
            program=program,
            program_digest=digests[i],
            context=context[compute(i)],
            seed=seeds[compute(i)],
            adversary=adversaries[i],
        )
        for i in range(3)
    }
    owners = {
        A: owner_role([X, BITS], INPUTS[A], me=A, context=context[A], seed=seeds[A]),
        B: owner_role([Y], INPUTS[B], me=B, context=context[B], seed=seeds[B]),
    }
    return pump({**owners, **nodes, **{one: receiver_role(OUTPUTS[one]) for one in OUTPUTS}}, tamper=tamper)


def change(sender: Party, to: Party, by: Callable[[bytes], bytes]) -> Tamper:
    return lambda said: Packet(said.packet.is_bulk, by(said.packet.data)) if said[:2] == (sender, to) else said.packet


def flip(at: int) -> Callable[[bytes], bytes]:
    return lambda data: data[:at] + bytes([data[at] ^ 4]) + data[at + 1 :] if len(data) > at else data


@pytest.mark.parametrize("adversary", list(Adversary))
def test_each_receiver_gets_its_results_and_nobody_else_anything(adversary: Adversary) -> None:
    ran = play(adversaries=[adversary] * 3)
    chosen, copy = (column.view(np.int64) for column in ran[FIRST])
    assert np.array_equal(chosen, np.where(BITS >> 1 & 1, X, Y))
    assert np.array_equal(copy, X)
    assert np.array_equal(ran[SECOND][0], (X < Y).astype(np.uint64))
    assert [ran[place] for place in (A, B, *map(compute, range(3)))] == [None] * 5
    assert {said.recipient for said in ran.transcript} == {*map(compute, range(3)), FIRST, SECOND}
    assert sum(len(packet.data) for packet in ran.said(compute(1), SECOND)) == result_bytes(OUTPUTS[SECOND]) == 48


def test_an_owner_says_its_numbers_to_no_node_alone() -> None:
    """Each node lacks one part; all three together add up."""
    shapes = INPUTS[A]
    packages = pack_columns([X, BITS], shapes, owner=A, context=CONTEXT, seed=bytes(32))
    assert [len(one) for one in packages] == [package_bytes(i, shapes) for i in range(3)] == [64, 656, 656]
    columns = [open_package(i, packages[i], shapes, owner=A, context=CONTEXT).columns for i in range(3)]
    rings = [one[0].shares for one in columns if isinstance(one[0], Ring)]
    for i in range(3):
        assert np.array_equal(rings[i][1], rings[(i + 1) % 3][0])
        assert not np.array_equal(rings[i][0] + rings[i][1], X.view(np.uint64))
    assert np.array_equal(rings[0][0] + rings[1][0] + rings[2][0], X.view(np.uint64))
    other = pack_columns([X, BITS], shapes, owner=A, context=CONTEXT, seed=bytes([1]) * 32)
    assert other[1][-64:] != packages[1][-64:]


def test_an_owners_keys_are_bound_to_its_place_and_context_each_in_its_length() -> None:
    """As specs/mpc-engine.md has it: nothing of one can pass for something of the other."""
    shapes = [ColumnShape(COUNT)]
    packages = pack_columns([X], shapes, owner=A, context=CONTEXT, seed=bytes(32))
    (shared,) = open_package(0, packages[0], shapes, owner=A, context=CONTEXT).columns
    bound = len(CONTEXT).to_bytes(8, "big") + CONTEXT + str(A).encode() + b"\0"
    keys = (sha256(b"ATOLL-V01-MPC-INPUT-KEY" + bound + key).digest()[:16] for key in (packages[0][32:48], packages[0][48:]))
    streams = Streams(*keys)
    assert isinstance(shared, Ring)
    assert np.array_equal(shared.shares, [streams.own_words(0, COUNT), streams.next_words(0, COUNT)])


def test_columns_of_another_length_are_refused_before_they_are_split() -> None:
    with pytest.raises(ShapesDiffer):
        pack_columns([X[1:]], [ColumnShape(COUNT)], owner=A, context=CONTEXT, seed=bytes(32))


@pytest.mark.parametrize("shape", [{"count": -1}, {"count": 1, "width": 0}, {"count": 1, "width": 65}])
def test_columns_of_impossible_shapes_are_none(shape: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="no column"):
        ColumnShape(**shape)  # type: ignore[arg-type]


@pytest.mark.parametrize("values", [np.array([0.5]), np.array([np.nan]), np.array(["1"])])
def test_only_integers_are_split(values: Any) -> None:
    with pytest.raises(TypeError, match="integers are shared"):
        pack_columns([values], [ColumnShape(1)], owner=A, context=CONTEXT, seed=bytes(32))


@pytest.mark.parametrize("place", [A, B])
def test_an_owner_of_another_attempt_is_refused(place: Party) -> None:
    with pytest.raises(OwnerDiffers, match=str(place)):
        play(contexts={place: CONTEXT[:-1] + bytes([2])})


def test_an_owner_of_other_shapes_is_refused() -> None:
    with pytest.raises((OwnerDiffers, WrongBulkLength)):
        play(inputs={A: INPUTS[A], B: [ColumnShape(COUNT - 1)]})
    with pytest.raises(OwnerDiffers):
        play(inputs={A: INPUTS[A], B: [ColumnShape(COUNT, Form.BITS, COUNT // 2)]})


@pytest.mark.parametrize(("to", "at"), [(0, 40), (0, 55), (1, 40), (1, 60), (2, 40), (2, 500)])
def test_an_owner_that_gives_two_nodes_different_parts_is_noticed(to: int, at: int) -> None:
    """Byte 32 on: keys, then the explicit part."""
    with pytest.raises(InputDisputed) as caught:
        play(tamper=change(A, compute(to), flip(at)))
    assert caught.value.operands["owner"] == "owner/0"


@pytest.mark.parametrize("i", range(3))
def test_a_node_of_another_plan_program_or_model_is_noticed_before_any_share_is_used(i: int) -> None:
    ran: list[int] = []

    def never(node: Node, inputs: Inputs) -> Steps[Results]:
        ran.append(node.me)
        return (yield from smaller(node, inputs))

    for difference in (
        {"digests": [b"p" if node != i else b"q" for node in range(3)]},
        {"adversaries": [Adversary.SEMI_HONEST if node != i else Adversary.MALICIOUS for node in range(3)]},
    ):
        with pytest.raises(SetUpDiffers):
            play(program=never, **difference)
    assert not ran


@pytest.mark.parametrize("i", range(3))
def test_keys_of_another_attempt_do_not_fit(i: int) -> None:
    def steps(me: int) -> Steps[Node]:
        return set_up(me, context=CONTEXT if me != i else bytes(32), seed=bytes([me]) * 32)

    with pytest.raises(SetUpDiffers):
        run_together([steps(me) for me in range(3)])


@pytest.mark.parametrize("sender", range(3))
@pytest.mark.parametrize("is_forward", [True, False])
def test_each_node_compares_what_each_neighbour_says_of_their_common_key(sender: int, is_forward: bool) -> None:
    """To the previous node goes the key first, then what it is good for; to the next one only that."""
    said: list[bytes] = []

    def hand(by: int, to: int, data: bytes) -> bytes:
        if by != sender or (to == (by + 1) % 3) != is_forward:
            return data
        said.append(data)
        return flip(0)(data) if len(said) == (1 if is_forward else 2) else data

    with pytest.raises(SetUpDiffers, match=f"compute/{sender}"):
        run_together([set_up(me, context=CONTEXT, seed=bytes([me]) * 32) for me in range(3)], tap=hand)


def test_keys_are_bound_to_the_context_and_the_seed_and_differ_by_pair() -> None:
    def streams(context: bytes, seed: int) -> list[list[int]]:
        ran = run_together([set_up(me, context=context, seed=bytes([seed + me]) * 32) for me in range(3)])
        for me in range(3):
            assert np.array_equal(ran.outputs[me].streams.next_words(0, 1), ran.outputs[(me + 1) % 3].streams.own_words(0, 1))
        return [node.streams.own_words(0, 1).tolist() for node in ran.outputs]

    drawn = [*streams(CONTEXT, 1), *streams(bytes(33), 1), *streams(CONTEXT, 9)]
    assert len({tuple(one) for one in drawn}) == 9


@pytest.mark.parametrize("i", range(3))
@pytest.mark.parametrize("at", [3, 40])
def test_a_node_that_alters_a_result_or_its_digest_is_noticed_by_the_receiver(i: int, at: int) -> None:
    with pytest.raises(OpeningDisputed) as caught:
        play(tamper=change(compute(i), SECOND, flip(at)))
    assert f"compute/{i}" in caught.value.operands.values()


def test_a_result_of_another_length_is_refused() -> None:
    for by in (lambda data: data + bytes(8), lambda data: data[:-8]):
        with pytest.raises(WrongBulkLength):
            play(tamper=change(compute(1), FIRST, by))


def test_a_program_that_gives_what_the_plan_does_not_say_is_stopped_before_anything_leaves() -> None:
    def outsider(node: Node, inputs: Inputs) -> Steps[Results]:
        results = dict((yield from smaller(node, inputs)))
        return {**results, receiver(2): results[FIRST]}

    def shorter(node: Node, inputs: Inputs) -> Steps[Results]:
        results = dict((yield from smaller(node, inputs)))
        return {**results, SECOND: []}

    for program, found in ((outsider, "receiver/2"), (shorter, "receiver/1")):
        said: list[Said] = []
        with pytest.raises(ResultsDiffer, match=found):
            play(program=program, tamper=heard_by(said))
        assert not [one for one in said if one.recipient.role == "receiver"]


def test_results_leave_in_fresh_parts() -> None:
    """Parts of an owner's own column would show the receiver more than their sum."""

    def given(node: Node) -> Steps[Any]:
        packages = pack_columns([X, BITS], INPUTS[A], owner=A, context=CONTEXT, seed=bytes(32))
        columns = open_package(node.me, packages[node.me], INPUTS[A], owner=A, context=CONTEXT).columns
        return columns, (yield from refresh(node, columns))

    for before, after in run(given).outputs:
        assert not np.any(before[0].shares == after[0].shares)
        assert not np.all(before[1].planes == after[1].planes)
    ran = play()
    explicit = ran.said(A, compute(1))[0].data[48:][: 8 * COUNT]  # part 2 of X, which is a result as it is
    assert explicit in ran.said(A, compute(2))[0].data
    assert not [said for said in ran.transcript if said.recipient == FIRST and explicit in said.packet.data]


def test_malicious_mode_verifies_before_results_leave() -> None:
    class Wrong(Exception):
        pass

    def cautious(node: Node, inputs: Inputs) -> Steps[Results]:
        def verify() -> Steps[None]:
            raise Wrong
            yield

        results = yield from smaller(node, inputs)
        node.verify = verify
        return results

    said: list[Said] = []
    with pytest.raises(Wrong):
        play(program=cautious, tamper=heard_by(said))
    assert not [one for one in said if one.recipient.role == "receiver"]


@pytest.mark.parametrize("i", range(3))
@pytest.mark.parametrize("is_forward", [True, False])
def test_one_altered_word_of_a_malicious_node_ends_the_run_before_a_receiver_has_its_result(i: int, is_forward: bool) -> None:
    sender, to = compute(i), compute((i + (1 if is_forward else 2)) % 3)
    said: list[Said] = []
    honest = play(adversaries=[Adversary.MALICIOUS] * 3, tamper=heard_by(said))
    assert np.array_equal(honest.outputs[FIRST][1].view(np.int64), X)
    packets = sum(one[:2] == (sender, to) for one in said)
    assert packets > 5
    for at in range(packets):
        for byte in (8, -1):
            seen: list[Said] = []

            def hand(one: Said, at: int = at, byte: int = byte, seen: list[Said] = seen) -> Packet:
                seen.append(one)
                data = one.packet.data
                if one[:2] != (sender, to) or sum(other[:2] == (sender, to) for other in seen) != at + 1:
                    return one.packet
                # framing stands in front of what is said
                place = byte % len(data)
                return Packet(one.packet.is_bulk, data[:place] + bytes([data[place] ^ 4]) + data[place + 1 :])

            with pytest.raises(PeerError):
                play(adversaries=[Adversary.MALICIOUS] * 3, tamper=hand)
            # whom the liar shows the last words of a proof as they are may go on, if all it sent before was right
            giving = {one.sender for one in seen if one.recipient.role == "receiver"} - {sender}
            assert len(giving) < 2, (at, byte)


def test_a_malicious_node_without_a_verification_opens_nothing() -> None:
    def forgotten(node: Node, inputs: Inputs) -> Steps[Results]:
        node.verify = Node(node.me, node.streams, adversary=node.adversary).verify
        return (yield from smaller(node, inputs))

    with pytest.raises(NotVerifiable):
        play(program=forgotten, adversaries=[Adversary.MALICIOUS] * 3)
