"""Files named on the command line: read whole, written whole, never overwritten."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TypeVar

from atoll.cli.errors import FileUnusable
from atoll.wire.errors import CborError, MessageError
from atoll.wire.message import Message, parse_message

M = TypeVar("M", bound=Message)

MAX_FILE_BYTES = 64 << 20
"""Largest file that is read: evidence bundles are the largest there are."""


def read_bytes(path: Path) -> bytes:
    """A file's bytes.

    Raises:
        FileUnusable: it cannot be read, or is too large.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as err:
        raise FileUnusable(path=path, action="read", reason=err.strerror) from err
    if len(data) > MAX_FILE_BYTES:
        raise FileUnusable(path=path, action="read", reason=f"it has more than {MAX_FILE_BYTES >> 20} MiB")
    return data


def read_message(path: Path, kind: type[M], what: str) -> M:
    """The message in a file that another command made.

    Args:
        what: which one, in words, such as `draft of a genesis`.

    Raises:
        FileUnusable: it cannot be read, or holds something else.
    """
    try:
        return parse_message(read_bytes(path), kind)
    except (CborError, MessageError) as err:
        raise FileUnusable(path=path, action="used", reason=f"it is no {what}") from err


def read_text(path: Path) -> str:
    """A file's text.

    Raises:
        FileUnusable: it cannot be read, or is not UTF-8.
    """
    try:
        return read_bytes(path).decode("utf-8")
    except UnicodeDecodeError as err:
        raise FileUnusable(path=path, action="read", reason="it is not text in UTF-8") from err


def write_new(path: Path, data: bytes, *, private: bool = False) -> None:
    """Write a file that is not there yet.

    Args:
        path: where.
        data: its bytes.
        private: readable by its owner only.

    Raises:
        FileUnusable: it is there, or cannot be written.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600 if private else 0o644)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
    except OSError as err:
        raise FileUnusable(path=path, action="written", reason=err.strerror) from err
