"""How one member's engine talks to the others': calls with one message each way, over whatever the node plugs in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ClassVar, Protocol, TypeAlias, TypeVar

from atoll.errors import AtollError
from atoll.ordering.errors import BadPeerMessage
from atoll.wire.message import Message, encode_message, parse_message

MAX_PAYLOAD_BYTES = 1_000_000
"""Largest payload of a call or an answer."""

Handler: TypeAlias = Callable[[str, bytes], Awaitable[bytes]]
"""`(calling organisation, payload) -> payload`."""
M = TypeVar("M", bound="Payload")


class Members(Protocol):
    """How this member reaches the others; the node plugs it into its transport."""

    async def call(self, org: str, method: str, payload: bytes, timeout_seconds: float) -> bytes:
        """The member's answer.

        Raises:
            UnavailableError: not reachable, or no answer in time.
            AtollError: it answered with an error.
        """
        ...


class Payload(Message):
    """Base of what a call or its answer holds as a whole."""

    __slots__ = ()
    MAX_BYTES: ClassVar[int] = MAX_PAYLOAD_BYTES


def encode_payload(message: Payload) -> bytes:
    """The message's bytes, at most MAX_PAYLOAD_BYTES."""
    return encode_message(message)


def parse_payload(org: str, data: bytes, kind: type[M]) -> M:
    """The message in a payload.

    Raises:
        BadPeerMessage: malformed, of another kind, or out of bounds.
    """
    try:
        return parse_message(data, kind)
    except AtollError as err:
        raise BadPeerMessage(org=org, reason=str(err)) from err
