"""Streams sealed in order under an exported key: one place each, and nothing that was changed opens."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from atoll.primitives.errors import HpkeKeyError, HpkeOpenError
from atoll.primitives.hpke import HpkeReceiver, HpkeSender, derive_key_pair
from atoll.primitives.sealed_stream import StreamOpener, StreamSealer
from specs.reference import hpke as slow

BANK, BUREAU = derive_key_pair(b"1" * 32), derive_key_pair(b"2" * 32)


def ends(info: bytes = b"info") -> tuple[HpkeSender, HpkeReceiver]:
    sender = HpkeSender(BANK.secret, BUREAU.public, info)
    return sender, HpkeReceiver(BUREAU.secret, BANK.public, sender.encapsulation, info)


def stream() -> tuple[StreamSealer, StreamOpener]:
    sender, receiver = ends()
    return StreamSealer(sender), StreamOpener(receiver)


def test_both_ends_export_the_same_and_each_purpose_another() -> None:
    sender, receiver = ends()
    assert sender.export(b"a", 32) == receiver.export(b"a", 32) != sender.export(b"b", 32)
    assert sender.export(b"a", 32) != ends()[0].export(b"a", 32)  # a fresh context each time
    with pytest.raises(HpkeKeyError):
        sender.export(b"a", 8161)


def test_messages_open_in_order() -> None:
    sealer, opener = stream()
    texts = [bytes([number]) * size for number, size in enumerate((0, 1, 16, 1000, 300_000))]
    for text in texts:
        sealed = sealer.seal(b"header", text)
        assert len(sealed) == len(text) + 16
        assert opener.open(b"header", sealed) == text


def test_message_i_is_sealed_under_the_base_nonce_xor_i() -> None:
    sender, _ = ends()
    cipher, base = AESGCM(sender.export(b"atoll stream key/1", 32)), sender.export(b"atoll stream nonce/1", 12)
    sealer = StreamSealer(sender)
    for number in range(300):
        nonce = bytes(left ^ right for left, right in zip(base, number.to_bytes(12, "big"), strict=True))
        assert cipher.decrypt(nonce, sealer.seal(b"aad", b"text"), b"aad") == b"text"


@pytest.mark.parametrize("at", [0, 5, -1])
def test_what_was_changed_does_not_open_and_the_place_stays(at: int) -> None:
    sealer, opener = stream()
    sealed = sealer.seal(b"aad", b"some text")
    changed = bytearray(sealed)
    changed[at] ^= 1
    for wrong in (bytes(changed), sealed[:-1], sealed[:3], b""):
        with pytest.raises(HpkeOpenError):
            opener.open(b"aad", wrong)
    with pytest.raises(HpkeOpenError):
        opener.open(b"other", sealed)
    assert opener.open(b"aad", sealed) == b"some text"


def test_repeated_left_out_or_moved_it_does_not_open() -> None:
    sealer, opener = stream()
    first, second = sealer.seal(b"", b"same"), sealer.seal(b"", b"same")
    assert first != second
    with pytest.raises(HpkeOpenError):
        opener.open(b"", second)
    opener.open(b"", first)
    with pytest.raises(HpkeOpenError):
        opener.open(b"", first)
    opener.open(b"", second)


def test_a_stream_and_the_contexts_own_messages_have_nothing_in_common() -> None:
    sender, receiver = ends()
    with pytest.raises(HpkeOpenError):
        StreamOpener(receiver).open(b"", sender.seal(b"", b"text"))


def test_the_reference_exports_the_same() -> None:
    sender, _ = ends()
    shared = slow.decapsulate(sender.encapsulation, BUREAU.secret, BANK.public)
    assert sender.export(b"purpose", 44) == slow.schedule(2, shared, b"info").export(b"purpose", 44)
