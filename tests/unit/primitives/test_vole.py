"""Vector oblivious linear evaluation as the oblivious function shows it: what arrives, what is noticed, what stays the same.

The kernels alone, all lengths and both fields are tested in `rust/core/tests/vole.rs`; the oracle's answers in
`rust/core/src/vole/known_answers.rs`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from atoll import _core
from atoll.primitives.errors import CorrelationError, PointError
from specs.reference import expand_convolute

KEYS = [hashlib.sha256(bytes([i])).digest()[:16] for i in range(5)]
DOMAIN = bytes(range(32))
CONTEXT = b"job 7, bank and bureau"

Wire = Callable[[str, bytes], bytes]


def honest(_name: str, message: bytes) -> bytes:
    return message


def flipped(name: str, place: int) -> Wire:
    """A wire that changes one bit of one message."""

    def wire(at: str, message: bytes) -> bytes:
        if at != name:
            return message
        changed = bytearray(message)
        changed[place] ^= 1
        return bytes(changed)

    return wire


def set_up(
    wire: Wire = honest, *, contexts: tuple[bytes, bytes] = (CONTEXT, CONTEXT)
) -> tuple[_core.VoleDeltaSetup, _core.VoleVectorSetup]:
    delta, vector = _core.VoleDeltaSetup(bytes([1]) * 32, contexts[0]), _core.VoleVectorSetup(bytes([2]) * 32, contexts[1])
    vector.receive_0(wire("setup 0", delta.send_0()))
    delta.receive_1(wire("setup 1", vector.send_1()))
    return delta, vector


def run(
    setups: tuple[_core.VoleDeltaSetup, _core.VoleVectorSetup],
    instance: int = 0,
    *,
    malicious: bool = True,
    wire: Wire = honest,
) -> tuple[bytes, bytes]:
    """Both sides' values of the oblivious function for `KEYS`: equal if and only if the correlation holds."""
    count = len(KEYS)
    sender = _core.VoleOprfSender(setups[0], instance, DOMAIN, count, malicious=malicious, threads=1)
    receiver = _core.VoleOprfReceiver(setups[1], instance, DOMAIN, count, malicious=malicious, threads=1)
    sender.receive_0(wire("0", receiver.send_0()))
    receiver.receive_1(wire("1", sender.send_1()))
    if malicious:
        sender.receive_2(wire("2", receiver.send_2()))
        receiver.receive_3(wire("3", sender.send_3()))
    receiver.encode(b"".join(KEYS))
    sender.expand()
    receiver.expand()
    sender.receive_masked(receiver.mask())
    coin = bytes(16) if malicious else None
    return receiver.evaluate(coin), sender.evaluate(b"".join(KEYS), coin)


@pytest.mark.parametrize("malicious", [False, True])
def test_both_sides_end_with_a_correlation(malicious: bool) -> None:
    ours, theirs = run(set_up(), malicious=malicious)
    assert ours == theirs


@pytest.mark.parametrize(
    ("message", "place"),
    [("0", 0), ("0", 123_456), ("0", -1), ("0", -2064), ("2", 0), ("2", 16), ("3", 0), ("1", -1)],
)
def test_a_changed_bit_is_noticed_in_the_malicious_form(message: str, place: int) -> None:
    with pytest.raises(CorrelationError):
        run(set_up(), wire=flipped(message, place))


@pytest.mark.parametrize("form", [{}, {"subfield": True}, {"malicious": True}], ids=str)
@pytest.mark.parametrize("place", [0, 12_345, -2065, -2064, -1])
def test_a_correction_or_proof_that_does_not_fit_is_refused_before_a_tree_is_sent(place: int, form: dict[str, bool]) -> None:
    """In every form: a receiver that knew Delta could ask for any number of keys, under whatever row cap."""
    delta, vector = set_up()
    count = len(KEYS)
    sender = _core.VoleOprfSender(delta, 0, DOMAIN, count, threads=1, **form)
    receiver = _core.VoleOprfReceiver(vector, 0, DOMAIN, count, threads=1, **form)
    message = flipped("0", place)("0", receiver.send_0())
    with pytest.raises(CorrelationError):
        sender.receive_0(message)


@pytest.mark.parametrize("place", [-1, -40])
def test_seeds_that_fit_no_tree_are_noticed(place: int) -> None:
    with pytest.raises(CorrelationError):
        set_up(flipped("setup 1", place))


def test_what_is_no_group_element_is_refused() -> None:
    with pytest.raises(PointError):
        set_up(lambda name, message: bytes(32) + message[32:] if name == "setup 0" else message)


def test_sides_of_two_jobs_do_not_come_together() -> None:
    with pytest.raises(CorrelationError):
        set_up(contexts=(CONTEXT, b"job 8, bank and bureau"))


def test_an_instance_number_serves_once() -> None:
    setups = set_up()
    run(setups, 3)
    with pytest.raises(ValueError, match="instance 3 was used before"):
        run(setups, 3)


def test_lengths_are_those_of_the_specification() -> None:
    """256 lines of noise; 32 leaves and 5 levels at the smallest size (specs/vole.md)."""
    assert _core.vole_setup_bytes() == (8192, 9216)
    choices, noise = 256 * 5, 256 * 128
    semi_honest, _ = _core.vole_oprf_bytes(5, False, False)
    malicious, _ = _core.vole_oprf_bytes(5, False, True)
    assert semi_honest == [(choices + noise + 128) * 4 + 2064, 256 * (5 * 32 + 16)]
    assert malicious == [(choices + noise + 256) * 4 + 2064, 256 * (5 * 32 + 16), 32, 32]


def test_the_bytes_on_the_wire_are_those_of_version_2() -> None:
    """All that keeps instances, trees and rows apart stands in hashes, and shows here; so does the store's length."""
    seen = hashlib.sha256()

    def wire(name: str, message: bytes) -> bytes:
        seen.update(name.encode() + message)
        return message

    setups = set_up(wire)
    run(setups, 0, wire=wire)
    run(setups, 1, malicious=False, wire=wire)
    assert seen.hexdigest() == "007429121f058a2e8dc440b705064e115386065ed1c8635d9f723331ff01a3dd"


def test_the_known_answers_are_the_oracles() -> None:
    path = Path(__file__).parents[3] / "specs" / "vectors" / "vole.json"
    assert json.loads(path.read_text()) == expand_convolute.known_answers()
