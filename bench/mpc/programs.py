"""What a compute node can be ordered to run, by name: a role that times itself and returns what it found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from atoll.protocols.role import MAX_FRAME_BYTES, Frame, Party, Receive, Role, Send
from mpc.clock import Watch
from mpc.engine import ENGINE, run_engine
from mpc.written import WRITTEN

NODES = 3


def neighbours(me: Party) -> tuple[Party, Party]:
    """The previous and the next node."""
    return Party(me.role, (me.index - 1) % NODES), Party(me.role, (me.index + 1) % NODES)


def together(me: Party) -> Role[None]:
    """Nobody goes on before all are here."""
    for _ in range(2):
        yield from pass_on(me, bytes(1))


def pass_on(me: Party, data: bytes, cut: int = MAX_FRAME_BYTES) -> Role[int]:
    """One round: `data` to the previous node, as much from the next; how much came."""
    previous, following = neighbours(me)
    for at in range(0, len(data), cut):
        yield Send(previous, Frame(data[at : at + cut]))
    heard = 0
    while heard < len(data):
        frame: Frame = yield Receive(following, Frame)
        heard += len(frame.data)
    return heard


def run_path(me: Party, order: dict[str, Any], _seed: bytes) -> Role[dict[str, Any]]:
    """`rounds` rounds of `size` bytes, `laps` times: what the wires take."""
    watch, data = Watch(), bytes(order["size"])
    for _ in range(order["laps"]):
        yield from together(me)
        watch.start()
        for _ in range(order["rounds"]):
            yield from pass_on(me, data, order.get("cut", MAX_FRAME_BYTES))
        watch.stop()
    return {**watch.to_map(), "rounds": order["rounds"], "bytes": order["rounds"] * order["size"]}


PROGRAMS: dict[str, Callable[[Party, dict[str, Any], bytes], Role[dict[str, Any]]]] = {"path": run_path}


def knows(name: str) -> bool:
    """Whether there is such a program."""
    return name in PROGRAMS or name in ENGINE or name in WRITTEN


def make_program(me: Party, order: dict[str, Any], seed: bytes) -> Role[dict[str, Any]]:
    """The role that an order asks for."""
    return PROGRAMS.get(order["program"], run_engine)(me, order, seed)
