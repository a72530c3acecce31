"""The joint salt, and bytes in frames."""

from __future__ import annotations

import pytest

from atoll.protocols.bulk import receive_bulk, send_bulk
from atoll.protocols.coin import SaltShare, draw_joint_salt
from atoll.protocols.errors import SaltShareChanged, WrongBulkLength
from atoll.protocols.packets import Packet, encode_packet
from atoll.protocols.pump import Said, pump
from atoll.protocols.role import MAX_FRAME_BYTES, Party, Role

A, B, C = Party("owner"), Party("owner", 1), Party("receiver")
EVERYBODY = (A, B, C)


def tossers(context: bytes = bytes(32), *, last_seed: int = 3) -> dict[Party, Role[bytes]]:
    seeds = dict(zip(EVERYBODY, (1, 2, last_seed), strict=True))
    return {
        me: draw_joint_salt(me, [one for one in EVERYBODY if one != me], context=context, seed=bytes([seeds[me]] * 32))
        for me in EVERYBODY
    }


def test_all_parties_draw_the_same_salt_and_every_share_and_the_context_change_it() -> None:
    salts = set(pump(tossers()).outputs.values())
    assert len(salts) == 1
    for other in (tossers(last_seed=4), tossers(bytes([1] * 32))):
        assert set(pump(other).outputs.values()).isdisjoint(salts)


def test_a_share_that_differs_from_its_promise_ends_the_run() -> None:
    def swap(said: Said) -> Packet:
        return encode_packet(SaltShare(share=bytes(32), opening=bytes(32))) if b"share/1" in said.packet.data else said.packet

    with pytest.raises(SaltShareChanged):
        pump(tossers(), tamper=swap)


def test_a_promise_cannot_be_repeated_by_another_party() -> None:
    """An echo of A's messages in B's name would cancel or double A's share."""
    heard: dict[Party, list[Packet]] = {}

    def echo(said: Said) -> Packet:
        if said.recipient == C and said.sender == A:
            heard.setdefault(A, []).append(said.packet)
        if said.recipient == C and said.sender == B and heard.get(A):
            return heard[A][-1]
        return said.packet

    with pytest.raises(SaltShareChanged):
        pump(tossers(), tamper=echo)


@pytest.mark.parametrize("length", [0, 1, MAX_FRAME_BYTES - 1, MAX_FRAME_BYTES, 2 * MAX_FRAME_BYTES + 5])
def test_bulk_bytes_arrive_as_they_were_sent(length: int) -> None:
    data = bytes(range(251)) * (length // 251 + 1)
    ran = pump({A: send_bulk(B, data[:length]), B: receive_bulk(A, length)})
    assert ran[B] == data[:length]
    assert len(ran.said(A, B)) == -(-length // MAX_FRAME_BYTES)


def test_a_frame_of_another_length_is_refused() -> None:
    with pytest.raises(WrongBulkLength):
        pump({A: send_bulk(B, bytes(10)), B: receive_bulk(A, 11)}, tamper=lambda said: said.packet)
