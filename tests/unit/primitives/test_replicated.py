"""Kernels of replicated sharing: three nodes in one process, against the clear answer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from numpy.typing import NDArray

from atoll.primitives import replicated
from atoll.primitives.replicated import AND, NOT, ONE, XOR, ZERO, Circuit, CircuitRun, Streams, Words

KEYS = [bytes([i]) * 16 for i in range(3)]
SIZES = (0, 1, 63, 64, 65, 4095, 4096, 4097, 9000)


def nodes() -> list[Streams]:
    return [Streams(KEYS[i], KEYS[(i + 1) % 3]) for i in range(3)]


def drawn(shape: tuple[int, ...], seed: int) -> Words:
    return np.random.default_rng(seed).integers(0, 1 << 64, shape, np.uint64)


def replicate(parts: Words) -> list[Words]:
    """Parts (3, ...) as what each node holds."""
    return [np.stack([parts[i], parts[(i + 1) % 3]]) for i in range(3)]


def add_shares(x: Words, seed: int) -> list[Words]:
    parts = drawn((3, *x.shape), seed)
    parts[2] = x - parts[0] - parts[1]
    return replicate(parts)


def xor_shares(x: Words, seed: int) -> list[Words]:
    parts = drawn((3, *x.shape), seed)
    parts[2] = x ^ parts[0] ^ parts[1]
    return replicate(parts)


def run_all(circuit: Circuit, inputs: Sequence[list[Words]], *, log: bool = False, words: int = 0) -> list[CircuitRun]:
    """Runs by the three nodes; `inputs[j][i]` are planes of node i."""
    runs = [
        CircuitRun(circuit, streams, me, 9, [each[me] for each in inputs], log=log, words=words)
        for me, streams in enumerate(nodes())
    ]
    said = [run.start() for run in runs]
    for size in circuit.message_bytes(words or inputs[0][0].shape[2]):
        messages = [message.tobytes() for message in said if message is not None]
        assert [len(message) for message in messages] == [size] * 3
        said = [run.advance(messages[(i + 1) % 3]) for i, run in enumerate(runs)]
    assert said == [None] * 3
    return runs


def opened(outputs: Sequence[Words]) -> Words:
    """The XOR of what three nodes hold, whose next shares are each other's own."""
    for i in range(3):
        assert np.array_equal(outputs[i][1], outputs[(i + 1) % 3][0])
    result: Words = outputs[0][0] ^ outputs[1][0] ^ outputs[2][0]
    return result


def gates(*rows: tuple[int, int, int]) -> tuple[NDArray[np.uint8], NDArray[np.uint32], NDArray[np.uint32]]:
    operations, left, right = zip(*rows, strict=True) if rows else ((), (), ())
    return np.array(operations, np.uint8), np.array(left, np.uint32), np.array(right, np.uint32)


def wires(*numbers: int) -> NDArray[np.uint32]:
    return np.array(numbers, np.uint32)


@pytest.mark.parametrize("count", [0, 1, 2, 1023, 1025, 5000])
def test_three_own_shares_add_up_to_the_product(count: int) -> None:
    x, y = drawn((count,), 1), drawn((count,), 2)
    shares = zip(add_shares(x, 3), add_shares(y, 4), nodes(), strict=True)
    parts = [replicated.multiply(a, b, streams, 7) for a, b, streams in shares]
    assert np.array_equal(sum(parts, np.zeros(count, np.uint64)), x * y)


def test_a_share_of_a_product_is_masked_by_the_share_of_zero_of_its_ticket() -> None:
    streams = nodes()[1]
    x, y = drawn((2, 3000), 1), drawn((2, 3000), 2)
    masked = replicated.multiply(x, y, streams, 5)
    assert np.array_equal(masked - (x[0] * y[0] + x[0] * y[1] + x[1] * y[0]), streams.zero_words(5, 3000))
    assert np.array_equal(streams.zero_words(5, 40), streams.own_words(5, 40) - streams.next_words(5, 40))
    assert np.array_equal(streams.zero_bits(5, 39, first=1), streams.own_words(5, 40)[1:] ^ streams.next_words(5, 40)[1:])


@pytest.mark.parametrize(
    ("plain", "cipher"),
    [
        ("6bc1bee22e409f96e93d7e117393172a", "3ad77bb40d7a3660a89ecaf32466ef97"),
        ("ae2d8a571e03ac9c9eb76fac45af8e51", "f5d3d58503b9699de785895a96fdbaaf"),
    ],
)
def test_a_stream_is_aes_of_ticket_and_block_number(plain: str, cipher: str) -> None:
    """NIST SP 800-38A, section F.1.1."""
    streams = Streams(bytes(16), bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c"))
    ticket, block = (int.from_bytes(half, "little") for half in (bytes.fromhex(plain)[:8], bytes.fromhex(plain)[8:]))
    assert streams.next_words(ticket, 2, first=2 * block).tobytes().hex() == cipher


@pytest.mark.parametrize(("first", "count"), [(0, 300), (1, 63), (7, 128), (2, 1)])
def test_a_stream_counts_its_blocks_as_another_library_does(first: int, count: int) -> None:
    ticket = 1 << 63 | 5
    blocks = np.array([(ticket, block) for block in range(200)], np.uint64).tobytes()
    encryptor = Cipher(algorithms.AES(KEYS[1]), modes.ECB()).encryptor()
    expected = np.frombuffer(encryptor.update(blocks), np.uint64)[first : first + count]
    assert np.array_equal(nodes()[1].own_words(ticket, count, first), expected)


def test_a_product_goes_where_it_is_wanted() -> None:
    x, y = drawn((2, 3, 50), 1), drawn((2, 3, 50), 2)
    out = np.zeros((2, 3, 50), np.uint64)
    assert replicated.multiply(x, y, nodes()[0], 5, out=out[0]).base is out
    assert np.array_equal(out[0], replicated.multiply(x, y, nodes()[0], 5))
    assert not out[1].any()


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 9000, 1), (3, 5, 2), (20, 33, 17), (0, 3, 2), (2, 0, 2), (7, 64, 40)])
def test_three_own_shares_add_up_to_the_matrix_product(shape: tuple[int, int, int]) -> None:
    m, k, n = shape
    x, y = drawn((m, k), 1), drawn((k, n), 2)
    shares = zip(add_shares(x, 3), add_shares(y, 4), nodes(), strict=True)
    parts = [replicated.matmul(a, b, streams, 7) for a, b, streams in shares]
    assert np.array_equal(sum(parts, np.zeros((m, n), np.uint64)), x @ y)


def test_transposed_views_of_matrices_cross_as_they_are() -> None:
    x, y = drawn((2, 30, 9), 1), drawn((2, 30, 12), 2)
    turned = np.ascontiguousarray(x.transpose(0, 2, 1))
    streams = nodes()[0]
    assert np.array_equal(replicated.matmul(x.transpose(0, 2, 1), y, streams, 1), replicated.matmul(turned, y, streams, 1))
    with pytest.raises(ValueError, match="in one piece"):
        replicated.matmul(turned[:, :, ::2], y[:, ::2], streams, 1)


@pytest.mark.parametrize("count", SIZES)
def test_planes_hold_the_bits_and_go_back(count: int) -> None:
    words = drawn((2, count), 1)
    planes = replicated.to_planes(words, 33)
    assert planes.shape == (2, 33, replicated.plane_words(count))
    bits = np.unpackbits(planes.view(np.uint8), axis=-1, bitorder="little")
    assert np.array_equal(bits[..., :count], (words[:, None, :] >> np.arange(33, dtype=np.uint64)[:, None]) & np.uint64(1))
    assert not bits[..., count:].any()
    assert np.array_equal(replicated.to_words(planes, count), words & np.uint64((1 << 33) - 1))


@pytest.mark.parametrize("count", SIZES)
def test_planes_of_a_sum_are_those_of_what_numpy_adds_up(count: int) -> None:
    a, b, c, d = drawn((4, count), 2)
    assert np.array_equal(replicated.sum_to_planes([a, b], [c, d], 21), replicated.to_planes(a + b - c - d, 21))
    assert np.array_equal(replicated.sum_to_planes([a], [c]), replicated.to_planes(a - c))
    assert np.array_equal(replicated.sum_to_planes([a], []), replicated.to_planes(a))


def test_a_sum_needs_columns_of_one_length() -> None:
    a = drawn((70,), 1)
    for plus, minus in (([a, a[1:]], []), ([a], [a[:-1]]), ([a], [np.append(a, a)])):
        with pytest.raises(ValueError, match="needed"):
            replicated.sum_to_planes(plus, minus)
    with pytest.raises(ValueError, match="at most 64"):
        replicated.sum_to_planes([a], [], 65)


def test_inputs_may_lie_apart_and_zeros_be_one_row() -> None:
    circuit, _, _ = random_circuit(5, 8, 60)
    planes = drawn((2, 8, 70), 3)
    planes[1, :] = 0
    apart = planes[0], np.broadcast_to(np.zeros(70, np.uint64), (8, 70))
    together = CircuitRun(circuit, nodes()[0], 0, 1, [planes]).start()
    split = CircuitRun(circuit, nodes()[0], 0, 1, [apart]).start()
    assert together is not None
    assert split is not None
    assert np.array_equal(together, split)
    with pytest.raises(ValueError, match="one shape"):
        CircuitRun(circuit, nodes()[0], 0, 1, [(planes[0], planes[1, :7])]).start()


def test_views_of_columns_cross_as_they_are() -> None:
    words = drawn((2, 1000), 1)
    planes = replicated.to_planes(words)
    assert np.array_equal(replicated.to_planes(words[:, 128:640]), planes[..., 2:10])
    assert np.array_equal(replicated.to_words(planes[..., 2:10], 512), words[:, 128:640])


def random_circuit(seed: int, inputs: int, count: int) -> tuple[Circuit, list[tuple[int, int, int]], list[int]]:
    draw = np.random.default_rng(seed)
    rows = []
    for at in range(count):
        operation = int(draw.choice([XOR, XOR, AND, AND, NOT, ZERO, ONE], p=[0.3, 0.2, 0.2, 0.1, 0.1, 0.05, 0.05]))
        left, right = (int(wire) for wire in draw.integers(0, inputs + at, 2))
        rows.append((operation, left, right))
    outputs = [int(wire) for wire in draw.integers(0, inputs + count, 12)]
    return Circuit(inputs, *gates(*rows), wires(*outputs)), rows, outputs


def clear(rows: Sequence[tuple[int, int, int]], outputs: Sequence[int], inputs: Words) -> Words:
    values = list(inputs)
    ones = np.full(inputs.shape[1], (1 << 64) - 1, np.uint64)
    for operation, left, right in rows:
        a, b = values[left], values[right]
        values.append((a ^ b, a & b, ~a, ones & np.uint64(0), ones)[operation])
    return np.stack([values[wire] for wire in outputs])


@pytest.mark.parametrize("seed", range(12))
def test_a_circuit_computes_what_its_gates_say(seed: int) -> None:
    words = (1, 2, 7, 8, 9, 63, 64, 65, 130, 200, 16, 128)[seed]
    circuit, rows, outputs = random_circuit(seed, 10, 80)
    x = drawn((10, words), seed)
    inputs = [xor_shares(x[:3], 1), xor_shares(x[3:], 2)]
    runs = run_all(circuit, inputs)
    assert np.array_equal(opened([run.outputs() for run in runs]), clear(rows, outputs, x))
    assert circuit.and_gates == sum(operation == AND for operation, _, _ in rows)


def test_a_local_circuit_needs_no_message() -> None:
    circuit = Circuit(2, *gates((XOR, 0, 1), (NOT, 2, 0)), wires(3, 0, 3))
    x = drawn((2, 5), 1)
    assert circuit.depth == 0
    runs = run_all(circuit, [xor_shares(x, 1)])
    assert np.array_equal(opened([run.outputs() for run in runs]), np.stack([~(x[0] ^ x[1]), x[0], ~(x[0] ^ x[1])]))


def test_constants_need_no_inputs() -> None:
    circuit = Circuit(0, *gates((ONE, 0, 0), (ZERO, 0, 0), (AND, 0, 0)), wires(0, 1, 2))
    runs = run_all(circuit, [], words=3)
    assert opened([run.outputs() for run in runs]).tolist() == [[2**64 - 1] * 3, [0] * 3, [2**64 - 1] * 3]


def test_messages_are_masked_in_their_order() -> None:
    circuit, _, _ = random_circuit(3, 10, 80)
    x = drawn((10, 150), 1)
    run = run_all(circuit, [xor_shares(x, 1)], log=True)[1]
    log = run.take_log()
    assert log is not None
    x_own, x_next, y_own, y_next, z_own, _ = log
    mask = nodes()[1].zero_bits(9, circuit.and_gates * 150)
    assert np.array_equal(z_own, (x_own & y_own) ^ (x_own & y_next) ^ (x_next & y_own) ^ mask)
    assert run.take_log() is None


def test_the_logs_of_three_nodes_show_every_product() -> None:
    circuit, _, _ = random_circuit(4, 10, 80)
    runs = run_all(circuit, [xor_shares(drawn((10, 70), 1), 1)], log=True)
    logs = [log for log in (run.take_log() for run in runs) if log is not None]
    for i in range(3):
        assert np.array_equal(logs[i][1::2], logs[(i + 1) % 3][0::2])
    x, y, z = (logs[0][row] ^ logs[1][row] ^ logs[2][row] for row in (0, 2, 4))
    assert np.array_equal(x & y, z)
    assert len(z) == circuit.and_gates * 70


def test_steps_out_of_order_and_messages_of_other_lengths_are_refused() -> None:
    circuit = Circuit(2, *gates((AND, 0, 1)), wires(2))
    run = CircuitRun(circuit, nodes()[0], 0, 1, [drawn((2, 2, 3), 1)])
    with pytest.raises(ValueError, match="not next"):
        run.advance(bytes(24))
    with pytest.raises(ValueError, match="not next"):
        run.outputs()
    assert run.start() is not None
    with pytest.raises(ValueError, match="not next"):
        run.start()
    for size in (0, 23, 25, 48):
        with pytest.raises(ValueError, match="24 needed"):
            run.advance(bytes(size))
    assert run.advance(bytearray(24)) is None
    with pytest.raises(ValueError, match="not next"):
        run.advance(bytes(24))


@pytest.mark.parametrize(
    "bad",
    [
        lambda: Circuit(1, *gates((AND, 0, 1)), wires()),
        lambda: Circuit(1, *gates((NOT, 1, 0)), wires()),
        lambda: Circuit(1, *gates((5, 0, 0)), wires()),
        lambda: Circuit(1, *gates((NOT, 0, 0)), wires(2)),
    ],
)
def test_gates_that_are_no_circuit_are_refused(bad: object) -> None:
    assert callable(bad)
    with pytest.raises(ValueError, match=r"gate|output"):
        bad()


def test_inputs_of_other_shapes_are_refused() -> None:
    circuit = Circuit(2, *gates((AND, 0, 1)), wires(2))
    for inputs in ([drawn((2, 1, 3), 1)], [drawn((2, 1, 3), 1), drawn((2, 1, 4), 1)], [drawn((3, 2, 3), 1)]):
        with pytest.raises(ValueError, match=r"needed|shape"):
            CircuitRun(circuit, nodes()[0], 0, 1, inputs).start()


@pytest.mark.parametrize("length", [0, 1, 2, 3, 1000, 5000])
def test_an_order_that_two_nodes_draw_is_a_permutation_and_can_be_undone(length: int) -> None:
    first, second, _ = nodes()
    order = first.next_permutation(4, length)
    assert np.array_equal(order, second.own_permutation(4, length))
    assert sorted(order) == list(range(length))
    columns = drawn((2, 3, length), 1)
    moved = replicated.permute(columns, order)
    assert np.array_equal(moved, columns[..., order])
    assert np.array_equal(replicated.permute(moved, replicated.invert(order)), columns)


def test_every_order_of_three_comes_as_often_as_the_others() -> None:
    streams = nodes()[0]
    found = [tuple(streams.own_permutation(ticket, 3).tolist()) for ticket in range(6000)]
    counts = np.array([found.count(order) for order in sorted(set(found))])
    assert len(counts) == 6
    assert ((counts - 1000) ** 2 / 1000).sum() < 25  # chi-square of five degrees: 1.4e-4 beyond


def test_a_gather_beyond_the_column_and_an_order_with_repetitions_are_refused() -> None:
    with pytest.raises(ValueError, match="place 1"):
        replicated.permute(drawn((1, 5), 1), np.array([4, 5], np.uint32))
    for order in ([0, 0], [0, 2]):
        with pytest.raises(ValueError, match="every place once"):
            replicated.invert(np.array(order, np.uint32))


def test_streams_do_not_show_their_keys() -> None:
    assert repr(nodes()[0]) == "Streams(...)"
    with pytest.raises(ValueError, match="16"):
        Streams(b"short", bytes(16))
