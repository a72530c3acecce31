"""Rounds: what runs together shares rounds, what waits is served first come, first served, and all of it over frames too."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from atoll.protocols.errors import RolesStalled
from atoll.protocols.mpc import (
    Adversary,
    Heard,
    Node,
    Round,
    Steps,
    as_is,
    as_role,
    chunked,
    compute,
    multiply,
    open_ring,
    parallel,
    public_ring,
    set_up,
)
from atoll.protocols.mpc.errors import FrameMisplaced, RoundsDiffer, SharesTooLong
from atoll.protocols.mpc.framing import FLUSH_BYTES, POSITION_BYTES
from atoll.protocols.mpc.rounds import chunks
from atoll.protocols.mpc.streams import Incoming
from atoll.protocols.packets import Packet
from atoll.protocols.pump import Pumped, Said, Tamper, pump
from atoll.protocols.role import MAX_FRAME_BYTES, Frame, Receive
from tests.unit.protocols.mpc.three import nodes, run


def pass_on(node: Node, said: int, rounds: int, *, words: int = 1) -> Steps[list[int]]:
    """Says a number to the next node `rounds` times, and gives what it heard."""
    heard_all = []
    for number in range(rounds):
        heard: Heard = yield Round(to_next=(np.full(words, said + number, np.uint64),), from_previous=8 * words)
        heard_all.append(int(np.frombuffer(heard.from_previous, np.uint64)[-1]))
    return heard_all


def together(*steps: Steps[Any]) -> Steps[list[Any]]:
    return parallel(*steps)


def test_rounds_of_a_sequence_add_up_and_those_in_parallel_do_not() -> None:
    def program(node: Node) -> Steps[Any]:
        first = yield from pass_on(node, 100 * node.me, 2)
        inner = together(pass_on(node, 100 * node.me + 10, 3), as_is(7), pass_on(node, 100 * node.me + 20, 1))
        rest = yield from together(inner, pass_on(node, 100 * node.me + 30, 2))
        return first, rest

    ran = run(program)
    assert ran.rounds == 5
    assert ran.bytes_by_node == (64, 64, 64)
    assert ran.outputs[1] == ([0, 1], [[[10, 11, 12], 7, [20]], [30, 31]])


def test_an_empty_parallel_gives_nothing_at_once() -> None:
    assert run(lambda node: parallel()).outputs == [[], [], []]


def test_a_node_that_waits_for_what_nobody_says_is_told() -> None:
    def program(node: Node) -> Steps[None]:
        yield Round(to_next=(bytes(8),) if node.me else (), from_previous=8)

    with pytest.raises(RoundsDiffer):
        run(program)


def test_what_nobody_waits_for_is_told() -> None:
    def program(node: Node) -> Steps[None]:
        yield Round(to_next=(bytes(8),) if node.me == 0 else ())

    with pytest.raises(RoundsDiffer):
        run(program)


@pytest.mark.parametrize(("count", "expected"), [(0, [(0, 0)]), (5, [(0, 5)]), (10, [(0, 10)]), (11, [(0, 10), (10, 11)])])
def test_chunks_cover_a_column_and_an_empty_one_is_one_chunk(count: int, expected: list[tuple[int, int]]) -> None:
    assert [(part.start, part.stop) for part in chunks(count, size=10)] == expected


def test_incoming_bytes_come_out_in_order_however_they_are_cut() -> None:
    data = bytes(range(256)) * 3
    for pieces, takes in itertools.product(([768], [1] * 768, [100, 300, 368]), ([768], [7] * 109 + [5], [0, 128, 640])):
        incoming = Incoming()
        at, got = 0, b""
        for piece in pieces:
            incoming.put(data[at : at + piece])
            at += piece
        for take in takes:
            got += incoming.take(take)
        assert got == data
        assert len(incoming) == 0


def pumped(program: Any, tamper: Tamper | None = None) -> Pumped:
    return pump({compute(node.me): as_role(node.me, program(node)) for node in nodes()}, tamper=tamper)


def large(node: Node) -> Steps[Any]:
    """Two rounds, in parallel, of more than two frames."""
    words = MAX_FRAME_BYTES // 8 + 12_345
    return parallel(pass_on(node, 7, 2, words=words), pass_on(node, 70, 2), pass_on(node, 700, 1, words=words))


def test_frames_carry_the_same_rounds() -> None:
    assert pumped(large).outputs == {compute(i): output for i, output in enumerate(run(large).outputs)}


def test_small_operations_share_a_frame_and_large_ones_fill_theirs() -> None:
    ran = pumped(lambda node: chunked(100, lambda rows: pass_on(node, rows.start, 3), size=10))
    assert [len(packet.data) - POSITION_BYTES for packet in ran.said(compute(0), compute(1))] == [80, 80, 80]
    sizes = [len(packet.data) for packet in pumped(large).said(compute(0), compute(1))]
    assert max(sizes) == MAX_FRAME_BYTES
    assert len(sizes) < 8
    assert all(size >= FLUSH_BYTES for size in sizes[:2])


def change(sender: int, to: int, data: Any) -> Tamper:
    """Changes the last frame of a size from one node to another."""

    def tamper(said: Said) -> Packet | None:
        if (said.sender, said.recipient) != (compute(sender), compute(to)):
            return said.packet
        changed = data(said.packet.data)
        return Packet(True, changed) if changed else None

    return tamper


def small(node: Node) -> Steps[Any]:
    return pass_on(node, 7, 2)


def test_a_neighbour_that_says_more_than_is_due_ends_the_run() -> None:
    with pytest.raises(FrameMisplaced) as caught:
        pumped(lambda node: pass_on(node, 7, 3), change(0, 1, lambda frame: frame + bytes(8)))
    assert caught.value.operands == {"party": "compute/0", "expected": 16}
    with pytest.raises(SharesTooLong) as too_long:
        pumped(lambda node: pass_on(node, 7, 1), change(0, 1, lambda frame: frame + bytes(8)))
    assert too_long.value.operands == {"party": "compute/0", "found": 8}


def test_what_is_not_said_is_waited_for_and_not_made_up() -> None:
    with pytest.raises(RolesStalled, match="compute/1 waits for Frame from compute/0"):
        pumped(small, change(0, 1, lambda frame: b""))
    for cut in (1, 7, 8):
        with pytest.raises(FrameMisplaced):
            pumped(lambda node: pass_on(node, 7, 1), change(0, 1, lambda frame, cut=cut: frame[:-cut]))
    with pytest.raises(FrameMisplaced):
        pumped(small, change(0, 1, lambda frame: frame[:POSITION_BYTES]))


def test_a_frame_of_few_bytes_ends_with_a_round() -> None:
    """Else a neighbour could have a node work off a stream byte by byte."""
    for frame_bytes, is_refused in ((FLUSH_BYTES, False), (FLUSH_BYTES - 8, True)):
        frame = Frame(bytes(POSITION_BYTES + frame_bytes))
        role = as_role(0, heard_once(8 * FLUSH_BYTES))
        assert isinstance(next(role), Receive)
        if is_refused:
            with pytest.raises(FrameMisplaced) as caught:
                role.send(frame)
            assert caught.value.operands == {"party": "compute/2", "expected": 0}
        else:
            assert isinstance(role.send(frame), Receive)
    role = as_role(0, heard_once(16))
    next(role)
    with pytest.raises(StopIteration):
        role.send(Frame(bytes(POSITION_BYTES + 16)))


def heard_once(size: int) -> Steps[None]:
    yield Round(from_previous=size)


def test_a_neighbour_cannot_move_words_off_their_places_in_memory() -> None:
    """Kernels read what was heard where it lies: a word off its place would pass for a fault of the node that hears it."""

    def program(me: int) -> Steps[Any]:
        node = yield from set_up(me, context=bytes(40), seed=bytes([me]) * 32, adversary=Adversary.MALICIOUS)
        x = public_ring(me, np.arange(9))
        return (yield from open_ring(node, (yield from multiply(node, x, x))))

    def ran(tamper: Tamper | None = None) -> Pumped:
        return pump({compute(me): as_role(me, program(me)) for me in range(3)}, tamper=tamper)

    stream = b"".join(packet.data[POSITION_BYTES:] for packet in ran().said(compute(1), compute(0)))
    for cut, is_refused in ((99, True), (96, False)):
        frames = iter([bytes(POSITION_BYTES) + stream[:cut], cut.to_bytes(POSITION_BYTES, "little") + stream[cut:]])
        again = change(1, 0, lambda _, frames=frames: next(frames, None))
        if is_refused:
            with pytest.raises(FrameMisplaced) as caught:
                ran(again)
            assert caught.value.operands == {"party": "compute/1", "expected": 0}
        else:
            assert np.array_equal(ran(again).outputs[compute(0)], np.arange(9) ** 2)


def test_a_frame_that_comes_twice_ends_the_run() -> None:
    first: list[bytes] = []

    def replay(frame: bytes) -> bytes:
        first.append(frame)
        return first[0]

    with pytest.raises(FrameMisplaced):
        pumped(small, change(2, 0, replay))
