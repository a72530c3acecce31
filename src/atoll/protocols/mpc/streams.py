"""What a neighbour said and the program has not read yet."""

from __future__ import annotations

from collections import deque


class Incoming:
    """A byte stream that arrives in pieces of any length and is read in others."""

    def __init__(self) -> None:
        self._pieces: deque[memoryview] = deque()
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def put(self, piece: bytes | memoryview) -> None:
        """Append; the piece is kept, not copied."""
        if len(piece):
            self._pieces.append(memoryview(piece))
            self._length += len(piece)

    def take(self, length: int) -> memoryview:
        """The next `length` bytes, of which at least so many must be there; without a copy where one piece holds them."""
        self._length -= length
        if not length:
            return memoryview(b"")
        first = self._pieces[0]
        if len(first) > length:
            self._pieces[0] = first[length:]
            return first[:length]
        if len(first) == length:
            return self._pieces.popleft()
        pieces, missing = [], length
        while missing:
            piece = self._pieces.popleft()
            if len(piece) > missing:
                self._pieces.appendleft(piece[missing:])
                piece = piece[:missing]
            pieces.append(piece)
            missing -= len(piece)
        return memoryview(b"".join(pieces))
