"""A digest of one's own data."""

from __future__ import annotations

import pytest

from atoll.primitives import private_digest
from atoll.primitives.private_digest import KEY_BYTES, PrivateDigest

KEY = bytes(range(KEY_BYTES))


def digest(*parts: bytes, key: bytes = KEY, label: bytes = b"label") -> bytes:
    taken = PrivateDigest(key, label)
    for part in parts:
        taken.update(part)
    return taken.digest()


def test_the_same_parts_have_the_same_digest_and_no_others() -> None:
    assert digest(b"one", b"two") == digest(b"one", b"two")
    others = [
        digest(b"one", b"twp"),
        digest(b"two", b"one"),
        digest(b"onet", b"wo"),
        digest(b"onetwo"),
        digest(b"one", b"two", b""),
        digest(b"one", b"two\0"),
        digest(b"one", b"two", key=bytes(KEY_BYTES)),
        digest(b"one", b"two", label=b"other"),
        digest(),
        digest(b""),
    ]
    assert len({digest(b"one", b"two"), *others}) == 1 + len(others)


def test_a_long_part_is_taken_in_pieces_and_is_not_several_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = digest(b"a" * 100)
    monkeypatch.setattr(private_digest, "PIECE_BYTES", 40)
    pieces = digest(b"a" * 100)
    others = [whole, digest(b"a" * 40, b"a" * 40, b"a" * 20), digest(b"a" * 60, b"a" * 40), digest(b"a" * 99 + b"b")]
    assert pieces not in others
    assert digest(b"a" * 32, b"b" * 16, b"c") != digest(b"a" * 16, b"a" * 16 + b"b" * 16, b"c")


def test_a_key_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        PrivateDigest(b"short", b"label")
