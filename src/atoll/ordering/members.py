"""How one member's engine talks to the others': calls with one message each way, over whatever the node plugs in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeAlias, TypeVar

from atoll.errors import AtollError
from atoll.ordering.errors import BadPeerMessage
from atoll.wire.cbor import decode, encode
from atoll.wire.message import Message

MAX_PAYLOAD_BYTES = 1_000_000
"""Largest payload of a call or an answer."""

Handler: TypeAlias = Callable[[str, bytes], Awaitable[bytes]]
"""`(calling organisation, payload) -> payload`."""
M = TypeVar("M", bound=Message)


class Members(Protocol):
    """How this member reaches the others; the node plugs it into its transport."""

    async def call(self, org: str, method: str, payload: bytes, timeout_seconds: float) -> bytes:
        """The member's answer.

        Raises:
            UnavailableError: not reachable, or no answer in time.
            AtollError: it answered with an error.
        """
        ...


def encode_payload(message: Message) -> bytes:
    """The message's bytes, at most MAX_PAYLOAD_BYTES."""
    return encode([message.TAG, message.to_map()], max_bytes=MAX_PAYLOAD_BYTES)


def parse_payload(org: str, data: bytes, kind: type[M]) -> M:
    """The message in a payload.

    Raises:
        BadPeerMessage: malformed, of another kind, or out of bounds.
    """
    try:
        value: Any = decode(data, max_bytes=MAX_PAYLOAD_BYTES)
        match value:
            case [kind.TAG, fields]:
                return kind.from_map(fields)
    except AtollError as err:
        raise BadPeerMessage(org=org, reason=str(err)) from err
    raise BadPeerMessage(org=org, reason=f"not a {kind.TAG}")
