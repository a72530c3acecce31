"""What is said on a ledger session: requests with a number, their replies, and notices that nobody answers.

A payload of at most INLINE_BYTES travels inside the message. A longer one follows it in bulk frames; one at a time per
direction, so `size` is all that is needed to put it together, and short messages may pass between its frames.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, TypeAlias

from atoll.transport.faults import Code, Sentence
from atoll.wire.message import Count, Message, Pattern, Range, Size

MAX_BODY_BYTES = 16 << 20
"""Longest payload of a request, reply or notice."""
INLINE_BYTES = 48_000
"""Longest payload that travels inside its message."""
MAX_TTL_SECONDS = 600

Method: TypeAlias = Annotated[str, Pattern(r"[a-z][a-z0-9._-]{0,63}")]
_Body: TypeAlias = Annotated[int, Range(0, MAX_BODY_BYTES)]
_Inline: TypeAlias = Annotated[bytes, Size(0, INLINE_BYTES)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request(Message):
    """Please do this and answer."""

    TAG: ClassVar[str] = "request/1"

    number: Count
    """Counts this side's requests on this session, from 1."""
    method: Method
    """What to do."""
    ttl_ms: Annotated[int, Range(1, MAX_TTL_SECONDS * 1000)]
    """Milliseconds after which nobody waits for the answer any more."""
    size: _Body
    """Bytes of the payload."""
    inline: _Inline
    """The payload, or nothing when it follows in bulk frames."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply(Message):
    """The answer to a request."""

    TAG: ClassVar[str] = "reply/1"

    number: Count
    """The request's number."""
    size: _Body
    """Bytes of the payload."""
    inline: _Inline
    """The payload, or nothing when it follows in bulk frames."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure(Message):
    """The answer to a request that was not carried out."""

    TAG: ClassVar[str] = "failure/1"

    number: Count
    """The request's number."""
    code: Code
    """Stable code of the error."""
    sentence: Sentence
    """What it means, without operands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice(Message):
    """Something to know; there is no answer, and under load it may be dropped."""

    TAG: ClassVar[str] = "notice/1"

    method: Method
    """What it is about."""
    size: _Body
    """Bytes of the payload."""
    inline: _Inline
    """The payload, or nothing when it follows in bulk frames."""


WithBody: TypeAlias = Request | Reply | Notice
