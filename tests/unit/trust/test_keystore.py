"""Keys at rest. Each seal and each opening costs a tenth of a second by design, so the tests share one sealed file."""

from __future__ import annotations

import dataclasses

import pytest

from atoll.ports import Clock, Entropy
from atoll.trust import keystore
from atoll.trust.errors import KeystoreLocked, KeystoreMalformed, PassphraseUnusable
from atoll.trust.keys import Purpose, SecretKey
from atoll.trust.keystore import (
    MAX_KEYSTORE_BYTES,
    KeystoreContent,
    KeystoreEntry,
    KeystoreHeader,
    open_keys,
    seal_keys,
)
from atoll.trust.tlskeys import TlsKey, create_tls_key
from atoll.wire.cbor import decode, encode
from atoll.wire.errors import MessageError
from atoll.wire.message import encode_message, parse_message
from tests.unit.trust.standins import SeededEntropy, StoppedClock

PASSPHRASE = "correct horse b\u00e4ttery"
SEED = bytes(range(32))


@pytest.fixture(scope="module")
def tls() -> TlsKey:
    return create_tls_key("bank", clock=StoppedClock(), entropy=SeededEntropy())


@pytest.fixture(scope="module")
def sealed(tls: TlsKey) -> bytes:
    return seal_keys({"bank/tls/1": tls, "bank/identity/1": SecretKey(Purpose.IDENTITY, SEED)}, PASSPHRASE, SeededEntropy())


def with_header(sealed: bytes, **changes: object) -> bytes:
    """The same file with a field of its header changed, past the bounds too."""
    header_bytes, content = decode(sealed)
    tag, fields = decode(header_bytes)
    return encode([encode([tag, fields | changes]), content])


def test_the_passphrase_brings_every_key_back(sealed: bytes, tls: TlsKey) -> None:
    opened = open_keys(sealed, PASSPHRASE)
    assert sorted(opened) == ["bank/identity/1", "bank/tls/1"]
    identity, again = opened["bank/identity/1"], opened["bank/tls/1"]
    assert isinstance(identity, SecretKey)
    assert isinstance(again, TlsKey)
    assert (identity.purpose, identity.expose_seed()) == (Purpose.IDENTITY, SEED)
    assert (again.certificate, again.expose_scalar()) == (tls.certificate, tls.expose_scalar())


def test_two_keyboards_spell_one_passphrase(sealed: bytes) -> None:
    assert open_keys(sealed, "correct horse ba\u0308ttery")


def test_another_passphrase_opens_nothing(sealed: bytes) -> None:
    with pytest.raises(KeystoreLocked):
        open_keys(sealed, PASSPHRASE + " ")


def test_no_secret_stands_in_the_file(sealed: bytes, tls: TlsKey) -> None:
    for secret in (SEED, tls.expose_scalar(), PASSPHRASE.encode(), b"identity"):
        assert secret not in sealed


@pytest.mark.parametrize("part", ["first byte of the sealed part", "last byte of the tag"])
def test_a_flipped_bit_in_the_sealed_part_is_noticed(sealed: bytes, part: str) -> None:
    header_bytes, content = decode(sealed)
    changed = bytearray(content)
    changed[0 if part.startswith("first") else -1] ^= 1
    with pytest.raises(KeystoreLocked):
        open_keys(encode([header_bytes, bytes(changed)]), PASSPHRASE)


def test_the_header_is_sealed_with_the_content(sealed: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    # Same key, same nonce, another number in the header: only the additional data can notice.
    header_bytes, _ = decode(sealed)
    key = keystore._derive_file_key(PASSPHRASE, parse_message(header_bytes, KeystoreHeader))
    monkeypatch.setattr(keystore, "_derive_file_key", lambda passphrase, header: key)
    assert open_keys(sealed, PASSPHRASE)
    with pytest.raises(KeystoreLocked):
        open_keys(with_header(sealed, p=2), PASSPHRASE)


@pytest.mark.parametrize(
    "changes",
    [{"log2_n": 40}, {"log2_n": 18}, {"log2_n": 1}, {"p": 5}, {"p": 2**40}, {"salt": b""}, {"nonce": bytes(13)}, {"r": 99}],
    ids=str,
)
def test_hostile_parameters_are_refused_before_any_work(
    sealed: bytes, changes: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keystore, "_derive_file_key", lambda *_: pytest.fail("work was done"))
    with pytest.raises(KeystoreMalformed):
        open_keys(with_header(sealed, **changes), PASSPHRASE)


def test_the_most_expensive_header_stays_within_128_mebibytes() -> None:
    most = KeystoreHeader(log2_n=17, p=4, salt=bytes(32), nonce=bytes(12))
    assert 128 * keystore.SCRYPT_R * 2**most.log2_n == 128 * 2**20


def test_a_file_larger_than_any_keystore_is_refused_before_any_work(sealed: bytes) -> None:
    header_bytes, _ = decode(sealed)
    with pytest.raises(KeystoreMalformed):
        open_keys(encode([header_bytes, bytes(MAX_KEYSTORE_BYTES)]), PASSPHRASE)


def test_an_unknown_version_is_refused(sealed: bytes) -> None:
    header_bytes, content = decode(sealed)
    _, fields = decode(header_bytes)
    with pytest.raises(KeystoreMalformed):
        open_keys(encode([encode(["keystore/2", fields]), content]), PASSPHRASE)


def test_bytes_that_are_no_keystore_are_refused(sealed: bytes) -> None:
    shapes = [encode([]), encode([b"", b"", b""]), encode(["", b""])]
    for data in (b"", b"\xff", sealed[:-1], sealed + b"\0", bytes(70_000), *shapes):
        with pytest.raises(KeystoreMalformed):
            open_keys(data, PASSPHRASE)


@pytest.mark.parametrize("passphrase", ["", "x" * 1025, "\ud800"], ids=["empty", "enormous", "not text"])
def test_a_passphrase_has_reasonable_bounds(passphrase: str, sealed: bytes, entropy: Entropy) -> None:
    with pytest.raises(PassphraseUnusable):
        seal_keys({}, passphrase, entropy)
    with pytest.raises(PassphraseUnusable):
        open_keys(sealed, passphrase)


@pytest.mark.parametrize("label", ["", "Bank", "../bank", "bank identity", "b" * 65])
def test_a_label_is_short_and_plain(label: str, identity: SecretKey, entropy: Entropy) -> None:
    with pytest.raises(MessageError):
        seal_keys({label: identity}, PASSPHRASE, entropy)


def entry(key: SecretKey) -> KeystoreEntry:
    return KeystoreEntry(label="a", purpose=key.purpose, secret=key.expose_seed(), public=key.public.data)


def test_a_public_half_of_another_key_is_noticed(sealed: bytes, entropy: Entropy, monkeypatch: pytest.MonkeyPatch) -> None:
    # Only somebody with the passphrase could write this; a damaged backup tool, for instance.
    one, other = (SecretKey.generate(Purpose.IDENTITY, entropy) for _ in range(2))
    content = KeystoreContent(entries=(dataclasses.replace(entry(one), public=other.public.data),))
    monkeypatch.setattr(keystore, "_entry", lambda label, key: content.entries[0])
    with pytest.raises(KeystoreMalformed) as caught:
        open_keys(seal_keys({"a": one}, PASSPHRASE, entropy), PASSPHRASE)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_an_opened_entry_does_not_show_its_secret(identity: SecretKey) -> None:
    shown = repr(KeystoreContent(entries=(entry(identity),)))
    assert "KeystoreEntry a" in shown
    assert repr(identity.expose_seed())[2:-1] not in shown


def test_equal_entropy_gives_equal_files(clock: Clock) -> None:
    key = SecretKey(Purpose.IDENTITY, SEED)
    assert seal_keys({"a": key}, PASSPHRASE, SeededEntropy()) == seal_keys({"a": key}, PASSPHRASE, SeededEntropy())


def test_a_content_keeps_its_one_encoding(identity: SecretKey) -> None:
    content = KeystoreContent(entries=(entry(identity),))
    assert parse_message(encode_message(content), KeystoreContent) == content
