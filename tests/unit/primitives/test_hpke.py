"""Sealing in Atoll's one suite. RFC 9180 does not print it; the reference here reproduces the suites that it prints."""

from __future__ import annotations

import pytest

from atoll.primitives.drbg import SeededEntropy
from atoll.primitives.errors import HpkeKeyError, HpkeOpenError
from atoll.primitives.hpke import HpkeReceiver, HpkeSender, derive_key_pair, draw_key_pair
from specs.reference import hpke as slow

SENDER = derive_key_pair(b"sender" * 6)
RECIPIENT = derive_key_pair(b"recipient" * 4)
STRANGER = derive_key_pair(b"stranger" * 4)
INFO = b"plan digest || attempt || from || to"


def pair() -> tuple[HpkeSender, HpkeReceiver]:
    sender = HpkeSender(SENDER.secret, RECIPIENT.public, INFO)
    return sender, HpkeReceiver(RECIPIENT.secret, SENDER.public, sender.encapsulation, INFO)


def test_key_pair_of_rfc_9180_appendix_a_1_1_1() -> None:
    material = bytes.fromhex("7268600d403fce431561aef583ee1613527cff655c1343f29812e66706df3234")
    derived = derive_key_pair(material)
    assert derived.public.hex() == "37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431"
    assert slow.public_of(derived.secret) == derived.public


def test_messages_open_in_order_and_only_in_order() -> None:
    sender, receiver = pair()
    sealed = [sender.seal(b"header", bytes([i]) * i) for i in range(4)]
    assert [len(message) for message in sealed] == [16, 17, 18, 19]
    with pytest.raises(HpkeOpenError):
        receiver.open(b"header", sealed[1])
    assert [receiver.open(b"header", message) for message in sealed] == [bytes([i]) * i for i in range(4)]
    with pytest.raises(HpkeOpenError):
        receiver.open(b"header", sealed[3])


def test_what_the_sender_seals_the_reference_opens() -> None:
    sender = HpkeSender(SENDER.secret, RECIPIENT.public, INFO)
    shared = slow.decapsulate(sender.encapsulation, RECIPIENT.secret, SENDER.public)
    context = slow.schedule(2, shared, INFO)
    for sequence in range(300):
        sealed = sender.seal(b"aad", b"frame %d" % sequence)
        assert context.open(sequence, b"aad", sealed) == b"frame %d" % sequence


def test_what_the_reference_seals_the_receiver_opens() -> None:
    shared, encapsulation = slow.encapsulate(STRANGER.secret, RECIPIENT.public, SENDER.secret)
    receiver = HpkeReceiver(RECIPIENT.secret, SENDER.public, encapsulation, INFO)
    context = slow.schedule(2, shared, INFO)
    for sequence in range(300):
        assert receiver.open(b"", context.seal(sequence, b"", b"frame")) == b"frame"


def test_any_changed_byte_is_refused_and_the_true_message_still_opens() -> None:
    sender, receiver = pair()
    sealed = sender.seal(b"aad", b"forty-two")
    for place in range(len(sealed)):
        with pytest.raises(HpkeOpenError):
            receiver.open(b"aad", sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :])
    for wrong in (b"", sealed[:-1], sealed + b"\0", sealed[:15]):
        with pytest.raises(HpkeOpenError):
            receiver.open(b"aad", wrong)
    with pytest.raises(HpkeOpenError):
        receiver.open(b"", sealed)
    assert receiver.open(b"aad", sealed) == b"forty-two"


@pytest.mark.parametrize("wrong", ["recipient", "sender", "encapsulation", "info"])
def test_another_party_connection_or_plan_opens_nothing(wrong: str) -> None:
    sender = HpkeSender(SENDER.secret, RECIPIENT.public, INFO)
    sealed = sender.seal(b"", b"secret")
    receiver = HpkeReceiver(
        STRANGER.secret if wrong == "recipient" else RECIPIENT.secret,
        STRANGER.public if wrong == "sender" else SENDER.public,
        pair()[0].encapsulation if wrong == "encapsulation" else sender.encapsulation,
        b"another plan" if wrong == "info" else INFO,
    )
    with pytest.raises(HpkeOpenError):
        receiver.open(b"", sealed)


def test_every_sender_draws_a_fresh_encapsulation() -> None:
    encapsulations = {pair()[0].encapsulation for _ in range(20)}
    assert len(encapsulations) == 20
    assert len({pair()[0].seal(b"", b"same") for _ in range(20)}) == 20


SMALL_ORDER = [
    bytes(32),
    bytes([1]) + bytes(31),
    bytes.fromhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
]


@pytest.mark.parametrize("bad", [b"", bytes(31), bytes(33), *SMALL_ORDER])
def test_malformed_keys_and_keys_that_force_the_secret_are_refused(bad: bytes) -> None:
    good = pair()[0].encapsulation
    with pytest.raises(HpkeKeyError):
        HpkeSender(SENDER.secret, bad, INFO)
    with pytest.raises(HpkeKeyError):
        HpkeReceiver(RECIPIENT.secret, SENDER.public, bad, INFO)
    with pytest.raises(HpkeKeyError):
        HpkeReceiver(RECIPIENT.secret, bad, good, INFO)
    if len(bad) != 32:
        with pytest.raises(HpkeKeyError):
            HpkeSender(bad, RECIPIENT.public, INFO)
        with pytest.raises(HpkeKeyError):
            HpkeReceiver(bad, SENDER.public, good, INFO)


def test_a_key_pair_needs_32_bytes_and_does_not_print_its_secret() -> None:
    with pytest.raises(HpkeKeyError):
        derive_key_pair(bytes(31))
    drawn = draw_key_pair(SeededEntropy(bytes(32)))
    assert drawn == draw_key_pair(SeededEntropy(bytes(32)))
    assert drawn.secret.hex() not in repr(drawn)
    assert repr(drawn.secret) not in repr(drawn)
    assert drawn.public.hex() in repr(drawn)


def test_a_frame_of_a_mebibyte_survives() -> None:
    sender, receiver = pair()
    frame = bytes(range(256)) * 4096
    assert receiver.open(b"", sender.seal(b"", frame)) == frame
