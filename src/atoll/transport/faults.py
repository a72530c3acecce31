"""Errors as another node, or a log, may see them: what happened, never to which data.

Operands of an error and messages of foreign exceptions can hold what must not leave the node. So the code and the sentence
with its places left empty travel, and neutral ones where the code alone would tell of rows; a log gets the kind of an
unforeseen exception and where in the code it happened.
"""

from __future__ import annotations

import re
import traceback
from pathlib import PurePath
from typing import Annotated, TypeAlias

from atoll.errors import AtollError, catalogue
from atoll.transport.errors import EndedUntold, HandlerFailed
from atoll.wire.message import Pattern, Size

Code: TypeAlias = Annotated[str, Size(3, 80), Pattern(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")]
"""The stable code of an error, as it travels: never one that a transaction, which passes it on, would not take."""
Sentence: TypeAlias = Annotated[str, Size(0, 500), Pattern(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029]*")]
"""What happened, in words; no control characters, so that it can be printed."""


def public_code(error: AtollError) -> str:
    """The code that travels for an error; the neutral one if its own would tell of rows."""
    return EndedUntold.code if error.tells_of_rows else error.code or HandlerFailed.code


def public_form(code: str) -> str:
    """As `public_code`, for the code of an error that happened in another process of this node."""
    known = catalogue().get(code)
    return EndedUntold.code if known is not None and known.tells_of_rows else code


def public_sentence(error: AtollError) -> str:
    """The sentence that travels for an error: its operands are left out."""
    told = EndedUntold if error.tells_of_rows else type(error)
    return re.sub(r"\{[^{}]*\}", "...", told.sentence)[:500]


def describe_fault(error: BaseException) -> str:
    """An unforeseen exception for the log: its kind and where it came from, innermost first, without its message."""
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{PurePath(frame.filename).name}:{frame.lineno} in {frame.name}" for frame in reversed(frames)]
    return f"{type(error).__name__} at " + ", ".join(places[:8])
