"""Who gets in: holders of certificates that the ledger registers now, over TLS 1.3, and nobody else."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import socket
import ssl
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from atoll.transport import tls
from atoll.transport.errors import (
    CertificateNotRegistered,
    DialFailed,
    HandshakeRefused,
    LinkLost,
    UnknownFrame,
    UnknownService,
    WrongPeer,
)
from atoll.transport.frames import Kind
from atoll.transport.identity import TlsIdentity
from atoll.transport.network import MAX_SESSIONS_PER_PEER, TlsNetwork
from atoll.transport.pins import identify
from atoll.transport.session import LEDGER_SERVICE, Session, job_service
from atoll.transport.tls import accept_tls
from atoll.trust.tlskeys import TlsKey
from tests.unit.transport.world import PATIENCE_SECONDS, TlsWorld, tls_key, tls_world


async def keep_open(session: Session) -> None:
    await asyncio.Event().wait()


@pytest.fixture
async def world() -> AsyncIterator[TlsWorld]:
    """a and b are members; b listens."""
    async with tls_world("a", "b") as world:
        await world.network("b").listen(LEDGER_SERVICE, keep_open)
        yield world


async def refusals(world: TlsWorld, org: str = "b") -> Counter[str]:
    """What a router turned away, once it has turned something away."""
    for _ in range(3000):
        if world.routers[org].refused:
            break
        await asyncio.sleep(0.01)
    return world.routers[org].refused


def stranger(world: TlsWorld, key: TlsKey) -> TlsNetwork:
    """Somebody with another key and the members' address book."""
    return TlsNetwork(identity=TlsIdentity(key), pins=lambda: world.pins, addresses=lambda: world.addresses)


def raw_client(world: TlsWorld, context: ssl.SSLContext, sessions: list[ssl.SSLSession | None] | None = None) -> bytes:
    """Connect with the ssl module alone; the first bytes that b sends, none if it hangs up."""
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with socket.create_connection(world.addresses["b"], timeout=PATIENCE_SECONDS) as link, context.wrap_socket(link) as tls:
            first = tls.recv(100)
            if sessions is not None:
                sessions.append(tls.session)
            return first
    except (ConnectionError, ssl.SSLError):
        return b""


def load(context: ssl.SSLContext, certificate: bytes, key_pem: bytes, folder: Path) -> None:
    path = folder / "client.pem"
    path.write_bytes(ssl.DER_cert_to_PEM_cert(certificate).encode() + key_pem)
    context.load_cert_chain(path, password="pw")


async def test_members_meet_and_know_each_other(world: TlsWorld) -> None:
    session = await world.network("a").dial("b", LEDGER_SERVICE)
    assert session.peer == "b"
    await session.close()


async def test_small_frames_leave_at_once_at_both_ends(world: TlsWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """Held back until the last ones are acknowledged (RFC 896), a round of two small frames would take 40 ms."""
    links: list[socket.socket] = []
    prepare = tls._prepare

    def note(link: socket.socket) -> None:
        prepare(link)
        links.append(link)

    monkeypatch.setattr(tls, "_prepare", note)
    session = await world.network("a").dial("b", LEDGER_SERVICE)
    assert [link.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0 for link in links] == [True, True]
    await session.close()


async def test_an_unregistered_certificate_is_refused_by_the_listener(world: TlsWorld) -> None:
    with pytest.raises(HandshakeRefused):
        await stranger(world, tls_key("c")).dial("b", LEDGER_SERVICE)
    assert await refusals(world) == {"transport.certificate_not_registered": 1}


async def test_a_second_certificate_for_a_registered_name_is_refused(world: TlsWorld) -> None:
    world.pins["a"] = (tls_key("another a").certificate,)
    with pytest.raises(HandshakeRefused):
        await world.network("a").dial("b", LEDGER_SERVICE)
    assert await refusals(world) == {"transport.certificate_not_registered": 1}


async def test_a_listener_with_an_unregistered_certificate_is_refused_by_the_dialler(world: TlsWorld) -> None:
    async with tls_world("b") as elsewhere:
        elsewhere.keys["b"] = tls_key("impostor")
        impostor = TlsNetwork(
            identity=TlsIdentity(tls_key("impostor")),
            pins=lambda: world.pins,
            addresses=dict,
            door=elsewhere.routers["b"],
        )
        await impostor.listen(LEDGER_SERVICE, keep_open)
        world.addresses["b"] = elsewhere.addresses["b"]
        with pytest.raises(CertificateNotRegistered):
            await world.network("a").dial("b", LEDGER_SERVICE)
        await impostor.close()


async def test_another_member_at_the_address_is_not_who_was_called(world: TlsWorld) -> None:
    world.add("c")
    world.addresses["c"] = world.addresses["b"]
    with pytest.raises(WrongPeer) as caught:
        await world.network("a").dial("c", LEDGER_SERVICE)
    assert caught.value.operands == {"expected": "c", "found": "b"}


async def test_a_certificate_that_two_organisations_register_identifies_nobody(world: TlsWorld) -> None:
    world.pins["c"] = world.pins["a"]
    with pytest.raises(CertificateNotRegistered):
        identify(world.pins["a"][0], lambda: world.pins)
    with pytest.raises(HandshakeRefused):
        await world.network("a").dial("b", LEDGER_SERVICE)
    assert await refusals(world) == {"transport.certificate_not_registered": 1}


async def test_of_two_registered_certificates_either_will_do(world: TlsWorld) -> None:
    world.pins["a"] = (tls_key("next a").certificate, *world.pins["a"])
    session = await world.network("a").dial("b", LEDGER_SERVICE)
    await session.close()


async def test_a_revoked_certificate_does_not_come_back(world: TlsWorld) -> None:
    session = await world.network("a").dial("b", LEDGER_SERVICE)
    await session.close()
    world.pins["a"] = ()
    with pytest.raises(HandshakeRefused):
        await world.network("a").dial("b", LEDGER_SERVICE)


async def test_a_certificate_that_a_member_issued_is_refused(world: TlsWorld, tmp_path: Path) -> None:
    member = serialization.load_pem_private_key(world.keys["a"].export_pem(b"pw"), b"pw")
    assert isinstance(member, ec.EllipticCurvePrivateKey)
    anchor = x509.load_der_x509_certificate(world.keys["a"].certificate)
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.UTC)
    issued = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a")]))
        .issuer_name(anchor.subject)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now - datetime.timedelta(1))
        .not_valid_after(now + datetime.timedelta(1))
        .sign(member, hashes.SHA256())
        .public_bytes(serialization.Encoding.DER)
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"pw")
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_alpn_protocols([LEDGER_SERVICE])
    load(context, issued, pem, tmp_path)
    assert await asyncio.to_thread(raw_client, world, context) == b""
    assert await refusals(world) == {"transport.certificate_not_registered": 1}
    with pytest.raises(CertificateNotRegistered):
        identify(issued, lambda: world.pins)


async def test_a_client_without_a_certificate_is_refused(world: TlsWorld) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_alpn_protocols([LEDGER_SERVICE])
    assert await asyncio.to_thread(raw_client, world, context) == b""
    assert await refusals(world) == {"transport.tls_failed": 1}


async def test_a_tls_1_2_client_is_refused_although_its_certificate_is_registered(world: TlsWorld, tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols([LEDGER_SERVICE])
    load(context, world.keys["a"].certificate, world.keys["a"].export_pem(b"pw"), tmp_path)
    assert await asyncio.to_thread(raw_client, world, context) == b""
    assert await refusals(world) == {"transport.bad_client_hello": 1}


async def test_a_registered_client_of_the_ssl_module_is_welcomed_without_a_ticket(world: TlsWorld, tmp_path: Path) -> None:
    """A ticket would let it resume later, when its certificate may be registered no more."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_alpn_protocols([LEDGER_SERVICE])
    load(context, world.keys["a"].certificate, world.keys["a"].export_pem(b"pw"), tmp_path)
    sessions: list[ssl.SSLSession | None] = []
    assert await asyncio.to_thread(raw_client, world, context, sessions) == bytes((Kind.WELCOME, 0, 0, 0))
    assert not any(session is not None and session.has_ticket for session in sessions)


@pytest.mark.parametrize(
    "bytes_sent", [b"GET / HTTP/1.1\r\nHost: b\r\n\r\n", b"\x00" * 64, b"\x16\x03\x01\x00\x04\x01\x00\x00\x00"]
)
async def test_a_client_that_does_not_speak_tls_is_cut_off(world: TlsWorld, bytes_sent: bytes) -> None:
    reader, writer = await asyncio.open_connection(*world.addresses["b"])
    writer.write(bytes_sent)
    with contextlib.suppress(ConnectionResetError):  # an orderly end is as good
        assert await asyncio.wait_for(reader.read(), PATIENCE_SECONDS) == b""
    writer.close()
    assert await refusals(world) == {"transport.bad_client_hello": 1}


async def test_a_member_that_opens_sessions_without_end_is_stopped(world: TlsWorld) -> None:
    async def listen(session: Session) -> None:
        await session.receive()

    await world.network("b").listen(LEDGER_SERVICE, listen)
    sessions = [await world.network("a").dial("b", LEDGER_SERVICE) for _ in range(MAX_SESSIONS_PER_PEER + 1)]
    with pytest.raises(LinkLost):
        await asyncio.wait_for(sessions[-1].receive(), PATIENCE_SECONDS)
    assert await refusals(world) == {"transport.too_many_sessions": 1}
    assert not any(session.is_closed for session in sessions[:-1])
    await sessions.pop(0).close()
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:  # until the other side has noticed that one is closed
            again = await world.network("a").dial("b", LEDGER_SERVICE)
            try:
                await asyncio.wait_for(again.receive(), 0.2)
            except TimeoutError:
                break
            except LinkLost:
                await again.close()
    for session in (*sessions, again):
        await session.close()


async def test_garbage_after_the_handshake_ends_the_session_with_a_peer_error(world: TlsWorld) -> None:
    ended: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()

    async def listen(session: Session) -> None:
        try:
            await session.receive()
        except UnknownFrame as err:
            ended.set_result(err)

    await world.network("b").listen(LEDGER_SERVICE, listen)
    session = await world.network("a").dial("b", LEDGER_SERVICE)
    session._transport.write(b"\xffgarbage")  # type: ignore[attr-defined]
    assert isinstance(await asyncio.wait_for(ended, PATIENCE_SECONDS), UnknownFrame)
    with pytest.raises(LinkLost):
        await session.receive()
    await session.close()


async def test_a_second_welcome_is_not_a_frame_of_the_session(world: TlsWorld) -> None:
    session = await world.network("a").dial("b", LEDGER_SERVICE)
    arrived: asyncio.Queue[Session] = asyncio.Queue()

    async def listen(far: Session) -> None:
        arrived.put_nowait(far)
        await far.send(Kind.WELCOME, b"")
        await asyncio.Event().wait()

    await world.network("b").listen(LEDGER_SERVICE, listen)
    near = await world.network("a").dial("b", LEDGER_SERVICE)
    with pytest.raises(UnknownFrame):
        await near.receive()
    await session.close()
    await near.close()


async def test_a_listener_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("atoll.transport.tls.DIAL_SECONDS", 0.2)
    async with tls_world("a") as world:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            world.pins["b"] = (tls_key("b").certificate,)
            world.addresses["b"] = silent.getsockname()
            with pytest.raises(DialFailed, match="no answer in time"):
                await world.network("a").dial("b", LEDGER_SERVICE)


async def test_nobody_at_the_address_is_a_failed_dial(world: TlsWorld) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        world.addresses["b"] = gone.getsockname()
    with pytest.raises(DialFailed):
        await world.network("a").dial("b", LEDGER_SERVICE)


async def test_the_service_that_was_negotiated_counts_and_not_the_one_that_was_peeked_at(world: TlsWorld) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        world.addresses["b"] = listener.getsockname()
        dialling = asyncio.ensure_future(world.network("a").dial("b", job_service("0" * 32)))
        link, _ = await asyncio.get_running_loop().sock_accept(listener)
        with pytest.raises(UnknownService):
            await accept_tls(link, service=LEDGER_SERVICE, identity=TlsIdentity(world.keys["b"]), pins=lambda: world.pins)
        with pytest.raises((HandshakeRefused, UnknownService)):
            await dialling


def test_an_identity_does_not_show_its_key() -> None:
    key = tls_key("a")
    shown = f"{TlsIdentity(key)!r} {TlsIdentity(key)}"
    assert key.expose_scalar().hex() not in shown
    assert "PRIVATE" not in shown


def test_settings_are_kept_while_the_pins_stay() -> None:
    identity, anchors = TlsIdentity(tls_key("a")), frozenset({tls_key("b").certificate})
    assert identity.accepting(anchors, LEDGER_SERVICE) is identity.accepting(anchors, LEDGER_SERVICE)
    assert identity.accepting(anchors, LEDGER_SERVICE) is not identity.accepting(frozenset(), LEDGER_SERVICE)
    assert identity.accepting(anchors, LEDGER_SERVICE).minimum_version is ssl.TLSVersion.TLSv1_3


@pytest.mark.parametrize("registered", [b"\x00" * 32, b"\x30\x82\x01\x00" + bytes(200), tls_key("c").certificate + b"more"])
async def test_what_a_member_registers_in_place_of_a_certificate_harms_nobody_else(world: TlsWorld, registered: bytes) -> None:
    """Rules cannot parse certificates, so the ledger holds whatever a member put there."""
    world.pins["c"] = (registered,)
    session = await world.network("a").dial("b", LEDGER_SERVICE)
    assert session.peer == "b"
    await session.close()


@pytest.mark.parametrize("address", [("127.0.0.1", 99_999), ("a" * 200, 80), ("..", 80), ("", 0)])
async def test_an_address_that_is_none_is_a_member_out_of_reach(world: TlsWorld, address: tuple[str, int]) -> None:
    world.addresses["b"] = address
    with pytest.raises(DialFailed):
        await world.network("a").dial("b", LEDGER_SERVICE)
