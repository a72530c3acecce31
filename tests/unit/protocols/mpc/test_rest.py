"""What stands beyond the last element of a column of bits is shown to nobody: it may be other rows of the program."""

from __future__ import annotations

import numpy as np
import pytest

from atoll.protocols.mpc import Adversary, Node, Planes, Ring, Steps, conversion, from_bits, parallel
from atoll.protocols.mpc.shares import Words64
from tests.unit.protocols.mpc.three import deal_planes, run

COLUMNS = 40


@pytest.mark.parametrize("width", [5, 64])
def test_node_zero_is_shown_uniform_bits_beyond_the_last_element(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[list[Words64]] = [[], [], []]
    honest = conversion._shown_to_node_zero

    def spy(node: Node, x: Planes) -> Steps[Ring]:
        shown[node.me].append(x.planes[0])
        return honest(node, x)

    monkeypatch.setattr(conversion, "_shown_to_node_zero", spy)
    few = [whole.part(slice(0, 10)) for whole in deal_planes(np.zeros(64, np.int64), width)]
    ran = run(lambda node, x: parallel(*[from_bits(node, x) for _ in range(COLUMNS)]), few)
    assert sum(ran.outputs[node][0].shares[0] for node in range(3)).tolist() == [0] * 10
    rebuilt = np.array(shown[0]) ^ np.array(shown[1]) ^ np.array(shown[2])
    beyond = np.unpackbits(rebuilt.view(np.uint8), axis=-1, bitorder="little")[..., 10:]
    assert abs(int(beyond.sum()) - beyond.size / 2) < 6 * np.sqrt(beyond.size) / 2


def test_the_pair_that_a_malicious_conversion_opens_to_is_sent_zeros_beyond_the_last_element() -> None:
    few = [whole.part(slice(0, 10)) for whole in deal_planes(np.arange(64), 6)]
    openings: list[Words64] = []

    def ear(sender: int, to: int, data: bytes) -> bytes:
        if len(data) == 8 * 64:
            openings.append(np.frombuffer(data, np.uint64))
        return data

    run(from_bits, few, adversary=Adversary.MALICIOUS, tap=ear)
    assert sum(not (words >> np.uint64(10)).any() for words in openings) == 2
