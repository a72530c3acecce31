"""Signed notes, verifier keys, checkpoints and cosignatures: one form each, and no signature that was not meant."""

from __future__ import annotations

from dataclasses import replace

import pytest

from atoll.ledger.checkpoint import Checkpoint, parse_checkpoint
from atoll.ledger.cosignature import is_cosignature, make_cosignature
from atoll.ledger.errors import (
    CheckpointFormatError,
    EmptyLogRootError,
    NoteFormatError,
    NoteSignatureError,
    UntrustedNoteError,
    VerifierKeyError,
)
from atoll.ledger.note import MAX_NOTE_BYTES, MAX_SIGNATURES, Note, NoteSignature, parse_note, parse_signatures, verify_note
from atoll.ledger.vkey import KeyKind, VerifierKey, encode_vkey, parse_vkey
from atoll.primitives.merkle import EMPTY_ROOT
from tests.unit.notes.keys import LOG, NOW, OTHER_LOG, WITNESSES, checkpoint_at, make_signer, signed_at

TEXT = "A text.\n\nWith a blank line and an \u00e9.\n"


def test_a_note_survives_its_encoding() -> None:
    note = Note(TEXT, (LOG.sign(TEXT), OTHER_LOG.sign(TEXT)))
    assert parse_note(note.encode()) == note


def test_unknown_keys_are_ignored_and_known_ones_named() -> None:
    note = Note(TEXT, (OTHER_LOG.sign(TEXT), LOG.sign(TEXT)))
    [verified] = verify_note(note, [LOG.key])
    assert verified.key == LOG.key
    assert verified.timestamp is None


def test_a_note_without_a_known_key_is_refused() -> None:
    with pytest.raises(UntrustedNoteError, match="no known key"):
        verify_note(Note(TEXT, (OTHER_LOG.sign(TEXT),)), [LOG.key])


@pytest.mark.parametrize("position", [0, 1])
def test_one_bad_signature_of_a_known_key_voids_the_note(position: int) -> None:
    good, bad = LOG.sign(TEXT), LOG.sign(TEXT + "more\n")
    lines = (good, bad) if position else (bad, good)
    with pytest.raises(NoteSignatureError):
        verify_note(Note(TEXT, lines), [LOG.key])


def test_name_and_id_must_both_match_a_key() -> None:
    line = OTHER_LOG.sign(TEXT)
    for impostor in (replace(line, name=LOG.key.name), replace(line, key_id=LOG.key.key_id)):
        with pytest.raises(UntrustedNoteError):
            verify_note(Note(TEXT, (impostor,)), [LOG.key])
    with pytest.raises(NoteSignatureError):
        verify_note(Note(TEXT, (replace(line, name=LOG.key.name, key_id=LOG.key.key_id),)), [LOG.key])


def test_a_key_given_twice_is_ambiguous_where_it_signed() -> None:
    with pytest.raises(UntrustedNoteError, match="two of the keys"):
        verify_note(Note(TEXT, (LOG.sign(TEXT),)), [LOG.key, LOG.key])
    verify_note(Note(TEXT, (OTHER_LOG.sign(TEXT),)), [LOG.key, LOG.key, OTHER_LOG.key])


def test_a_post_quantum_line_is_kept_and_counts_as_unknown() -> None:
    key = VerifierKey("log.example/one", KeyKind.MLDSA44_COSIGNATURE, bytes(1312))
    line = NoteSignature(key.name, key.key_id, bytes(2428))
    note = parse_note(Note(TEXT, (LOG.sign(TEXT), line)).encode())
    assert note.signatures[1] == line
    assert [verified.key for verified in verify_note(note, [LOG.key, key])] == [LOG.key]


def test_adding_a_line_twice_adds_it_once() -> None:
    note = signed_at(5, WITNESSES[0])
    assert note.with_signatures([*note.signatures, WITNESSES[1].cosign(note.text)]).signatures == (
        *note.signatures,
        WITNESSES[1].cosign(note.text),
    )


SOUND = Note(TEXT, (LOG.sign(TEXT),)).encode()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        SOUND[:-1],
        SOUND + b"\n",
        SOUND.replace(b"\n\n\xe2", b"\n\xe2", 1),
        SOUND.replace("\u2014".encode(), b"-"),
        SOUND.replace("\u2014 ".encode(), "\u2014".encode()),
        SOUND.replace(b"one ", b"one  "),
        SOUND.replace(b"one ", b"o+e "),
        SOUND.replace(b"one ", "o\u00a0e ".encode()),
        SOUND.replace(b"A text", b"A\ttext"),
        SOUND.replace(b"A text", b"A\x00text"),
        SOUND.replace(b"A text", b"A\xfftext"),
        SOUND.replace(b"=\n", b"\n"),
        SOUND.replace(b"=\n", b"= \n"),
        SOUND.replace(b"\n\n", b"\r\n\r\n"),
        b"\n" + SOUND.split(b"\n\n")[-1],
        TEXT.encode() + b"\n" + "\u2014 name AAAAAA==\n".encode(),
        b"x" * (MAX_NOTE_BYTES + 1),
    ],
)
def test_anything_but_the_one_form_of_a_note_is_refused(data: bytes) -> None:
    with pytest.raises(NoteFormatError):
        parse_note(data)


def test_sixteen_signatures_are_accepted_and_far_more_refused() -> None:
    lines = tuple(make_signer(f"k{number}", 100 + number).sign(TEXT) for number in range(16))
    assert len(verify_note(Note(TEXT, lines), [make_signer("k15", 115).key])) == 1
    many = lines[0].encode() * (MAX_SIGNATURES + 1)
    with pytest.raises(NoteFormatError, match="more than"):
        parse_signatures(many)
    with pytest.raises(NoteFormatError):
        Note(TEXT, ())


# -- keys ----------------------------------------------------------------------------------------------------------------------


def test_a_verifier_key_survives_its_encoding() -> None:
    for key in (LOG.key, WITNESSES[0].key):
        assert parse_vkey(encode_vkey(key)) == key


def test_one_public_key_has_another_id_for_cosignatures() -> None:
    cosigner = LOG.key.as_cosigner()
    assert cosigner.kind is KeyKind.ED25519_COSIGNATURE
    assert cosigner.key_id != LOG.key.key_id
    assert cosigner.as_cosigner() is cosigner


@pytest.mark.parametrize(
    "change",
    [
        ("log.example/one+", "log.example/two+"),
        ("log.example/one+", "+"),
        ("log.example/one+", "log example+"),
        ("+A", "+B"),
        ("+A", ""),
        ("=", ""),
        (LOG.key.key_id.hex(), LOG.key.key_id.hex().upper()),
        (LOG.key.key_id.hex(), "00000000"),
    ],
)
def test_a_changed_verifier_key_is_refused(change: tuple[str, str]) -> None:
    text = encode_vkey(LOG.key)
    changed = text.replace(*change, 1)
    if changed == text:
        changed += "="
    with pytest.raises(VerifierKeyError):
        parse_vkey(changed)


def test_names_and_lengths_of_keys_are_checked_when_they_are_made() -> None:
    for name in ("", "a b", "a+b", "a\nb", "a\u2003b", "x" * 256):
        with pytest.raises(VerifierKeyError):
            VerifierKey(name, KeyKind.ED25519, bytes(32))
    with pytest.raises(VerifierKeyError):
        VerifierKey("name", KeyKind.ED25519, bytes(31))


def test_a_signer_of_the_wrong_kind_refuses() -> None:
    with pytest.raises(ValueError, match="together with a time"):
        WITNESSES[0].sign(TEXT)
    with pytest.raises(ValueError, match="does not cosign"):
        LOG.cosign(TEXT)


# -- checkpoints ---------------------------------------------------------------------------------------------------------------


def test_a_checkpoint_survives_its_encoding() -> None:
    for size in (0, 1, 600):
        assert parse_checkpoint(checkpoint_at(size).encode()) == checkpoint_at(size)


@pytest.mark.parametrize(
    "change",
    [
        ("log.example/one\n", "\n"),
        ("log.example/one\n", "log\x01\n"),
        ("log.example/one\n", "x" * 256 + "\n"),
        ("\n7\n", "\n07\n"),
        ("\n7\n", "\n+7\n"),
        ("\n7\n", "\n\u0667\n"),
        ("\n7\n", "\n9223372036854775808\n"),
        ("\n7\n", "\n-1\n"),
        ("\n7\n", "\n \n"),
        ("=\n", "\n"),
        ("=\n", "=\n\n"),
        ("=\n", "=\nextension\n"),
        ("=\n", "="),
    ],
)
def test_anything_but_the_one_form_of_a_checkpoint_is_refused(change: tuple[str, str]) -> None:
    text = checkpoint_at(7).encode()
    assert change[0] in text
    with pytest.raises(CheckpointFormatError):
        parse_checkpoint(text.replace(*change))


def test_extension_lines_are_passed_over_only_when_asked() -> None:
    text = checkpoint_at(7).encode() + "extension\n"
    assert parse_checkpoint(text, extension_lines=True) == checkpoint_at(7)
    with pytest.raises(CheckpointFormatError, match="empty"):
        parse_checkpoint(text + "\n", extension_lines=True)


def test_an_empty_log_has_one_root() -> None:
    assert Checkpoint(origin="log", size=0, root=EMPTY_ROOT).encode().startswith("log\n0\n")
    with pytest.raises(EmptyLogRootError):
        Checkpoint(origin="log", size=0, root=bytes(32))
    with pytest.raises(CheckpointFormatError):
        Checkpoint(origin="log", size=1, root=bytes(31))


# -- cosignatures --------------------------------------------------------------------------------------------------------------


def test_a_cosignature_is_for_one_text_and_one_time() -> None:
    text, witness = checkpoint_at(7).encode(), WITNESSES[0]
    body = make_cosignature(text, NOW, witness.secret.sign)
    assert is_cosignature(witness.key.public, text, body)
    assert not is_cosignature(witness.key.public, checkpoint_at(8).encode(), body)
    assert not is_cosignature(WITNESSES[1].key.public, text, body)
    assert not is_cosignature(witness.key.public, text, (NOW + 1).to_bytes(8, "big") + body[8:])
    assert not is_cosignature(witness.key.public, text, body[8:])
    assert not is_cosignature(witness.key.public, text, b"\x80" + body[1:])


def test_a_cosignature_without_a_time_is_not_made() -> None:
    for timestamp in (0, -1, 1 << 63):
        with pytest.raises(ValueError, match="needs a time"):
            make_cosignature(TEXT, timestamp, WITNESSES[0].secret.sign)


def test_a_plain_signature_cannot_stand_for_a_cosignature() -> None:
    note = signed_at(7)
    plain = replace(note.signatures[0], key_id=LOG.key.as_cosigner().key_id)
    with pytest.raises(NoteSignatureError):
        verify_note(Note(note.text, (plain,)), [LOG.key.as_cosigner()])


def test_a_verified_cosignature_tells_its_time() -> None:
    note = signed_at(7, WITNESSES[0])
    times = {verified.key: verified.timestamp for verified in verify_note(note, [LOG.key, WITNESSES[0].key])}
    assert times == {LOG.key: None, WITNESSES[0].key: NOW}
