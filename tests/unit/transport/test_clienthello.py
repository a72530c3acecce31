"""Reading the service name out of a ClientHello, from anybody who can connect."""

from __future__ import annotations

import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll.transport.clienthello import MAX_HELLO_BYTES, needed_bytes, parse_service
from atoll.transport.errors import BadClientHello
from atoll.transport.session import LEDGER_SERVICE, job_service


def client_hello(*services: str, newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> bytes:
    """The first flight of OpenSSL's client."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = newest
    if services:
        context.set_alpn_protocols(services)
    outgoing = ssl.MemoryBIO()
    tls = context.wrap_bio(ssl.MemoryBIO(), outgoing)
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    return outgoing.read()


HELLO = client_hello(LEDGER_SERVICE)


@pytest.mark.parametrize("service", [LEDGER_SERVICE, job_service("0123456789abcdef" * 2)])
def test_the_service_that_a_real_client_asks_for_is_read(service: str) -> None:
    hello = client_hello(service)
    assert needed_bytes(hello) == len(hello)
    assert parse_service(hello) == service


def test_bytes_after_the_first_record_are_not_looked_at() -> None:
    assert parse_service(HELLO + b"\xff" * 100) == LEDGER_SERVICE


@pytest.mark.parametrize("length", range(0, len(HELLO), 7))
def test_a_hello_that_is_cut_short_is_refused_or_waited_for(length: int) -> None:
    assert needed_bytes(HELLO[:length]) > length
    with pytest.raises(BadClientHello):
        parse_service(HELLO[:length])


def test_no_service_two_services_and_an_old_client_are_refused() -> None:
    with pytest.raises(BadClientHello, match="no service"):
        parse_service(client_hello())
    with pytest.raises(BadClientHello, match="bytes after the end"):
        parse_service(client_hello("h2", LEDGER_SERVICE))
    with pytest.raises(BadClientHello, match=r"TLS 1\.3 is not offered"):
        parse_service(client_hello(LEDGER_SERVICE, newest=ssl.TLSVersion.TLSv1_2))


def made_hello(*extensions: tuple[int, bytes]) -> bytes:
    """A ClientHello with just these extensions."""

    def block(width: int, data: bytes) -> bytes:
        return len(data).to_bytes(width, "big") + data

    body = b"\x03\x03" + bytes(32) + block(1, b"") + block(2, b"\x13\x01") + block(1, b"\x00")
    body += block(2, b"".join(number.to_bytes(2, "big") + block(2, data) for number, data in extensions))
    return b"\x16\x03\x01" + block(2, b"\x01" + block(3, body))


ALPN = (16, b"\x00\x0f\x0eatoll-ledger/1")
VERSIONS = (43, b"\x02\x03\x04")


def test_an_extension_that_stands_twice_is_refused() -> None:
    """One reader could look at the first and another at the second."""
    assert parse_service(made_hello(ALPN, VERSIONS)) == LEDGER_SERVICE
    with pytest.raises(BadClientHello, match="repeated"):
        parse_service(made_hello(ALPN, VERSIONS, ALPN))


@pytest.mark.parametrize("name", [b"", b"with space", b"\x00", "größe".encode(), b"x" * 65])
def test_a_service_name_that_could_confuse_a_log_is_refused(name: bytes) -> None:
    named = bytes((len(name),)) + name
    with pytest.raises(BadClientHello, match="a service name"):
        parse_service(made_hello((16, len(named).to_bytes(2, "big") + named), VERSIONS))


@pytest.mark.parametrize(
    "start", [b"G", b"GET / HTTP/1.1\r\n\r\n", b"\x16\x02", b"\x80\x2e\x01\x03\x01", b"\x17\x03\x03\x00\x05"]
)
def test_what_is_not_tls_is_refused_at_its_first_bytes(start: bytes) -> None:
    with pytest.raises(BadClientHello, match="not TLS"):
        needed_bytes(start)


@pytest.mark.parametrize("length", [0, 3, MAX_HELLO_BYTES - 4, 0xFFFF])
def test_a_record_too_short_or_too_long_for_a_hello_is_not_waited_for(length: int) -> None:
    with pytest.raises(BadClientHello, match="a first record of"):
        needed_bytes(b"\x16\x03\x01" + length.to_bytes(2, "big"))


@given(at=st.integers(0, len(HELLO) - 1), value=st.integers(0, 255))
def test_a_changed_hello_is_read_or_refused_and_nothing_else(at: int, value: int) -> None:
    changed = HELLO[:at] + bytes((value,)) + HELLO[at + 1 :]
    try:
        service = parse_service(changed)
    except BadClientHello:
        return
    assert service.isascii()
    assert service.isprintable()


@given(st.binary(max_size=400))
def test_garbage_behind_a_valid_record_header_is_refused(garbage: bytes) -> None:
    with pytest.raises(BadClientHello):
        parse_service(b"\x16\x03\x01" + len(garbage).to_bytes(2, "big") + garbage)
