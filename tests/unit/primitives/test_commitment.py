"""Commitments open to what was committed to, under the same domain, and to nothing else."""

from __future__ import annotations

import hashlib

import pytest

from atoll.primitives.commitment import commit, commit_parts, draw_opening, is_opening, verify_opening
from atoll.primitives.drbg import SeededEntropy
from atoll.primitives.errors import CommitmentError

OPENING = bytes(range(32))


def test_a_commitment_is_sha_256_of_the_documented_frame() -> None:
    frame = b"atoll commitment v1" + OPENING + (6).to_bytes(8, "big") + b"result" + (3).to_bytes(8, "big") + b"yes"
    assert commit("result", OPENING, b"yes") == hashlib.sha256(frame).digest()


def test_it_opens_to_what_was_committed_to_and_to_nothing_else() -> None:
    commitment = commit("result", OPENING, b"yes")
    assert is_opening(commitment, "result", OPENING, b"yes")
    verify_opening(commitment, "result", OPENING, b"yes")
    for domain, opening, message in (
        ("result", OPENING, b"no"),
        ("plan", OPENING, b"yes"),
        ("result", bytes(32), b"yes"),
        ("result", OPENING[:31], b"yes"),
        ("result", OPENING + b"\0", b"yes"),
        ("resulty", OPENING, b"es"),
    ):
        assert not is_opening(commitment, domain, opening, message)
        with pytest.raises(CommitmentError):
            verify_opening(commitment, domain, opening, message)
    assert not is_opening(commitment[:31], "result", OPENING, b"yes")


def test_domain_and_message_cannot_lend_each_other_bytes() -> None:
    splits = [commit("ab"[:i], OPENING, b"ab"[i:]) for i in range(3)]
    assert len(set(splits)) == 3


def test_an_opening_has_32_bytes_and_is_drawn_fresh() -> None:
    with pytest.raises(ValueError, match="32 needed"):
        commit("result", bytes(31), b"yes")
    entropy = SeededEntropy(bytes(32))
    assert draw_opening(entropy) != draw_opening(entropy)
    assert len(draw_opening(entropy)) == 32


def test_a_message_in_parts_is_committed_to_as_a_whole_and_under_no_other_length() -> None:
    opening = bytes(range(32))
    assert commit_parts("test", opening, 6, [b"ab", memoryview(b"cd"), b"", b"ef"]) == commit("test", opening, b"abcdef")
    for length in (0, 5, 7):
        with pytest.raises(ValueError, match="as long as was said"):
            commit_parts("test", opening, length, [b"abc", b"def"])
