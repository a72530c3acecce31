"""How much of a request is read."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from atoll.api.models import HandoverRequest
from atoll.node.errors import BadRequest
from atoll.node.handlers import Handlers
from atoll.node.handlers.base import MAX_BODY_BYTES

PIECE = 1 << 16


class Sender:
    """Sends pieces for as long as somebody reads."""

    def __init__(self, pieces: list[bytes]) -> None:
        self.pieces = pieces
        self.read = 0

    async def receive(self) -> dict[str, object]:
        piece = self.pieces[self.read]
        self.read += 1
        return {"type": "http.request", "body": piece, "more_body": self.read < len(self.pieces)}

    def request(self) -> Request:
        return Request({"type": "http", "method": "POST", "headers": []}, self.receive)


async def test_a_request_in_pieces_is_read_as_one() -> None:
    sender = Sender([b'{"to": ', b'"bank"}'])
    assert await Handlers(None)._body(sender.request(), HandoverRequest) == HandoverRequest(to="bank")  # type: ignore[arg-type]


async def test_of_a_request_that_is_too_large_no_more_is_read_than_shows_it() -> None:
    sender = Sender([b"x" * PIECE] * 1000)
    with pytest.raises(BadRequest):
        await Handlers(None)._body(sender.request(), HandoverRequest)  # type: ignore[arg-type]
    assert sender.read == MAX_BODY_BYTES // PIECE + 1
