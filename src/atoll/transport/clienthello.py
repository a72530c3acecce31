"""Reading the service name out of a TLS ClientHello without taking part in the handshake.

The router looks at the first bytes of a connection to decide which process finishes the handshake (RFC 8446 section 4.1.2,
RFC 7301 section 3.1). What is read here is only a hint: whoever terminates TLS compares the negotiated name again, and that
one is authenticated by the handshake.

The parser is strict and bounded: one record, one complete ClientHello, TLS 1.3 offered, exactly one service name.
"""

from __future__ import annotations

from atoll.transport.errors import BadClientHello

MAX_HELLO_BYTES = 8192
"""Longest ClientHello that is looked at, record header included; ordinary ones have 250 to 2,000 bytes."""
RECORD_HEADER_BYTES = 5
_HANDSHAKE_RECORD = 22
_CLIENT_HELLO = 1
_ALPN = 16
_SUPPORTED_VERSIONS = 43
_TLS13 = b"\x03\x04"
_MAX_EXTENSIONS = 64
_MAX_SERVICE_BYTES = 64


def needed_bytes(start: bytes) -> int:
    """How many bytes of the connection must be there before `parse_service` can judge: `start` is what is there already.

    Raises:
        BadClientHello: this can never become an acceptable ClientHello.
    """
    if not start:
        return RECORD_HEADER_BYTES
    if start[0] != _HANDSHAKE_RECORD or (len(start) > 1 and start[1] != 3):
        raise BadClientHello(problem="not TLS")
    if len(start) < RECORD_HEADER_BYTES:
        return RECORD_HEADER_BYTES
    length = RECORD_HEADER_BYTES + int.from_bytes(start[3:5], "big")
    if not RECORD_HEADER_BYTES + 4 <= length <= MAX_HELLO_BYTES:
        raise BadClientHello(problem=f"a first record of {length} bytes")
    return length


def parse_service(hello: bytes) -> str:
    """The one application protocol that a ClientHello offers, printable ASCII of 1 to 64 characters.

    Args:
        hello: the first record as it came, `needed_bytes` long or longer.

    Raises:
        BadClientHello: anything else than a well-formed TLS 1.3 ClientHello in one record with one application protocol.
    """
    length = needed_bytes(hello)
    if len(hello) < length:
        raise BadClientHello(problem="cut short")
    record = _Cursor(hello[RECORD_HEADER_BYTES:length])
    if record.number(1) != _CLIENT_HELLO:
        raise BadClientHello(problem="the first message is not a ClientHello")
    body = record.block(3)
    record.end()
    body.take(2 + 32)  # legacy version and random
    if body.block(1).left() > 32:
        raise BadClientHello(problem="a session id of more than 32 bytes")
    body.block(2)  # cipher suites
    body.block(1)  # compression methods
    extensions = _extensions(body.block(2))
    body.end()
    return _service(extensions)


def _extensions(block: _Cursor) -> dict[int, _Cursor]:
    found: dict[int, _Cursor] = {}
    while block.left():
        number = block.number(2)
        if number in found or len(found) == _MAX_EXTENSIONS:
            raise BadClientHello(problem="repeated or too many extensions")
        found[number] = block.block(2)
    return found


def _service(extensions: dict[int, _Cursor]) -> str:
    offered = extensions.get(_SUPPORTED_VERSIONS)
    versions = offered.block(1).rest() if offered is not None else b""
    if _TLS13 not in (versions[at : at + 2] for at in range(0, len(versions), 2)):
        raise BadClientHello(problem="TLS 1.3 is not offered")
    if _ALPN not in extensions:
        raise BadClientHello(problem="no service is named")
    names = extensions[_ALPN].block(2)
    name = names.block(1).rest()
    names.end()
    if not 1 <= len(name) <= _MAX_SERVICE_BYTES or not all(0x21 <= octet <= 0x7E for octet in name):
        raise BadClientHello(problem="a service name that is empty, too long or not printable")
    return name.decode("ascii")


class _Cursor:
    """A reader that never reads past its end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def left(self) -> int:
        return len(self._data) - self._at

    def take(self, count: int) -> bytes:
        if count > self.left():
            raise BadClientHello(problem="a length runs past the end")
        self._at += count
        return self._data[self._at - count : self._at]

    def number(self, width: int) -> int:
        return int.from_bytes(self.take(width), "big")

    def block(self, width: int) -> _Cursor:
        """What follows a length of `width` octets."""
        return _Cursor(self.take(self.number(width)))

    def rest(self) -> bytes:
        return self.take(self.left())

    def end(self) -> None:
        if self.left():
            raise BadClientHello(problem="bytes after the end of a structure")
