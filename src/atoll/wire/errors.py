"""What can be wrong with bytes on the wire."""

from __future__ import annotations

from atoll.errors import InputError


class CborError(InputError):
    """Bytes or a value outside the strict encoding.

    `reason` is one of a fixed set of phrases. `offset` counts bytes of the input when decoding, of the output when encoding.
    """

    code = "wire.cbor"
    sentence = "These bytes are none of Atoll's: {reason} at byte {offset}."
    remedy = "A file of another kind was named, or it was changed on its way; get it again from where it was made."
    reason: str
    offset: int


class MessageError(InputError):
    """A message lacks a field, has one too many, or one is out of bounds; `field` is empty for the message as a whole."""

    code = "wire.message"
    sentence = "The {message} message cannot be used: {field} {problem}."
    remedy = "Compare the field with its description in the reference; both sides may run different versions."
    message: str
    field: str
    problem: str
