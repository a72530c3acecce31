"""Times, sizes and other people's texts."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

from atoll.cli import words
from atoll.cli.errors import FileUnusable
from atoll.cli.files import read_bytes, read_text, write_new
from atoll.cli.words import clean, duration, iso, listed, size


def test_the_examples_hold() -> None:
    assert doctest.testmod(words).failed == 0


def test_a_time_is_utc_and_none_is_a_dash() -> None:
    assert iso(1_780_000_000) == "2026-05-28T20:26:40Z"
    assert iso(0) == "-"


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (5e9, "5.0 GB"), (2e15, "2000.0 TB")]
)
def test_a_size_has_a_unit(count: float, text: str) -> None:
    assert size(count) == text


@pytest.mark.parametrize(("seconds", "text"), [(0, "0.0 s"), (59.94, "59.9 s"), (60, "1 min 0 s"), (3599.6, "1 h 0 min")])
def test_a_duration_has_units(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_nothing_is_said_to_be_nothing() -> None:
    assert listed([]) == "-"
    assert listed([], "nobody") == "nobody"


@pytest.mark.parametrize(
    "code", [0, 7, 8, 9, 13, 27, 0x7F, 0x85, 0x9B, 0xAD, 0x200B, 0x200E, 0x202E, 0x2028, 0x2066, 0xFEFF, 0xE000]
)
def test_a_character_that_steers_a_terminal_or_hides_is_shown_as_a_dot(code: int) -> None:
    assert clean(f"a{chr(code)}b") == "a·b"


def test_letters_of_every_script_stay() -> None:
    assert clean("Zürich 東京 قرطبة\nnext") == "Zürich 東京 قرطبة\nnext"


def test_a_file_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    write_new(path, b"first", private=True)
    with pytest.raises(FileUnusable, match="File exists"):
        write_new(path, b"second")
    assert path.read_bytes() == b"first"
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_link_to_a_file_is_not_followed_when_writing(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "target")
    with pytest.raises(FileUnusable):
        write_new(tmp_path / "link", b"x")
    assert not (tmp_path / "target").exists()


def test_what_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FileUnusable, match="cannot be read: No such file"):
        read_bytes(tmp_path / "none")
    (tmp_path / "latin").write_bytes(b"caf\xe9")
    with pytest.raises(FileUnusable, match="UTF-8"):
        read_text(tmp_path / "latin")
    monkeypatch.setattr("atoll.cli.files.MAX_FILE_BYTES", 3)
    with pytest.raises(FileUnusable, match="more than"):
        read_bytes(tmp_path / "latin")
