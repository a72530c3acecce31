"""Bytes that are appended once and read again: in memory while that lasts, then in a file without a name.

Such a file is unlinked while it is open, so it is gone when the process is, however that ends; and nobody else can open it.
"""

from __future__ import annotations

import os
import tempfile
from bisect import bisect_left, bisect_right
from pathlib import Path
from typing import IO

from atoll.sources.snapshot import disk_error


class MemoryBudget:
    """Memory that several spools share; the one that finds it used up goes to disk and gives its part back."""

    def __init__(self, limit_bytes: int) -> None:
        self.left_bytes = limit_bytes


class Spool:
    """One growing string of bytes. Not for several threads at once."""

    def __init__(self, scratch: Path, budget: MemoryBudget, *, address: str) -> None:
        """Args: scratch: where the file goes, if it comes to one. address: the source, for errors only."""
        self._scratch = scratch
        self._budget = budget
        self._address = address
        self._pieces: list[bytes] = []  # in memory, where each starts in `_starts`
        self._starts: list[int] = []
        self._file: IO[bytes] | None = None
        self._length = 0

    def __len__(self) -> int:
        return self._length

    @property
    def on_disk(self) -> bool:
        """Whether the memory was not enough."""
        return self._file is not None

    def append(self, data: bytes) -> None:
        """Add to the end.

        Raises:
            ScratchFull, SourceUnreadable: the disk is full or failed; the spool is of no more use, but to be closed.
        """
        if self._file is None:
            if len(data) <= self._budget.left_bytes:
                self._budget.left_bytes -= len(data)
                self._pieces.append(data)
                self._starts.append(self._length)
                self._length += len(data)
                return
            self._move_to_disk()
        self._write(data)

    def read(self, offset: int, length: int) -> bytes:
        """`length` bytes appended at `offset`; a whole piece is not copied. Raises SourceUnreadable when the disk failed."""
        if not 0 <= offset <= offset + length <= self._length:
            raise ValueError("that was not appended")
        if not length:
            return b""
        return self._read_memory(offset, offset + length) if self._file is None else self._read_file(self._file, offset, length)

    def close(self) -> None:
        """Forget everything. May be called twice."""
        self._release_memory()
        self._length = 0
        if self._file is not None:
            self._file.close()
            self._file = None

    def _read_memory(self, start: int, end: int) -> bytes:
        parts = []
        for at in range(bisect_right(self._starts, start) - 1, bisect_left(self._starts, end)):
            piece, first = self._pieces[at], self._starts[at]
            parts.append(piece[max(0, start - first) : end - first])  # the whole of a `bytes` is itself
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _read_file(self, file: IO[bytes], offset: int, length: int) -> bytes:
        parts = []
        while length:
            try:
                part = os.pread(file.fileno(), length, offset)
            except OSError as error:
                raise disk_error(error, self._address) from error
            if not part:
                raise ValueError("that was not written")
            parts.append(part)
            offset, length = offset + len(part), length - len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _move_to_disk(self) -> None:
        try:
            self._file = tempfile.TemporaryFile(prefix="snapshot-", dir=self._scratch, buffering=0)  # noqa: SIM115
        except OSError as error:
            raise disk_error(error, self._address) from error
        pieces, self._length = self._pieces, 0
        self._release_memory()
        for piece in pieces:
            self._write(piece)

    def _release_memory(self) -> None:
        self._budget.left_bytes += sum(map(len, self._pieces))
        self._pieces, self._starts = [], []

    def _write(self, data: bytes) -> None:
        if self._file is None:
            raise ValueError("the spool is closed")
        rest = memoryview(data)
        while rest:
            try:
                written = os.pwrite(self._file.fileno(), rest, self._length)
            except OSError as error:
                raise disk_error(error, self._address) from error
            rest, self._length = rest[written:], self._length + written
