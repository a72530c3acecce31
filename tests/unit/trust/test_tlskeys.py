"""TLS keys: what is made, what is accepted, and that OpenSSL agrees."""

from __future__ import annotations

import hashlib
import pickle
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID

from atoll.ports import SystemClock
from atoll.trust.algorithms import Algorithm
from atoll.trust.errors import CertificateUnfit
from atoll.trust.keys import Purpose
from atoll.trust.tlskeys import SKEW_SECONDS, TlsKey, certificate_pin, create_tls_key, verify_certificate
from tests.unit.trust.standins import NOW, SeededEntropy, StoppedClock

DAY_SECONDS = 86_400


@pytest.fixture(scope="module")
def key() -> TlsKey:
    return create_tls_key(
        "bank",
        clock=StoppedClock(),
        entropy=SeededEntropy(),
        hosts=["localhost", "127.0.0.1", "::1", "node.bank.example"],
        ttl_seconds=DAY_SECONDS,
    )


def forged(
    *,
    signer: Any = None,
    curve: ec.EllipticCurve | None = None,
    names: tuple[str, ...] = ("bank",),
    usages: tuple[x509.ObjectIdentifier, ...] = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH),
    ca: bool | None = False,
    key: Any = None,
    extra: x509.ExtensionType | None = None,
) -> bytes:
    """A certificate that is as it should be but for what the arguments say."""
    key = key or ec.generate_private_key(curve or ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, one) for one in names])
    start = datetime.fromtimestamp(NOW, UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start - timedelta(days=1))
        .not_valid_after(start + timedelta(days=1))
        .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
    )
    if ca is not None:
        builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    if extra is not None:
        builder = builder.add_extension(extra, critical=False)
    algorithm = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(signer or key, algorithm).public_bytes(serialization.Encoding.DER)


class TestMaking:
    def test_gives_a_certificate_for_the_organisation_and_its_hosts(self, key: TlsKey) -> None:
        certificate = x509.load_der_x509_certificate(key.certificate)
        assert certificate.subject == certificate.issuer
        assert certificate.subject.rfc4514_string() == "CN=bank"
        hosts = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert [str(host.value) for host in hosts] == ["localhost", "127.0.0.1", "::1", "node.bank.example"]

    def test_begins_a_little_early_and_ends_as_told(self, key: TlsKey) -> None:
        certificate = x509.load_der_x509_certificate(key.certificate)
        assert certificate.not_valid_before_utc.timestamp() == NOW - SKEW_SECONDS
        assert certificate.not_valid_after_utc.timestamp() == NOW + DAY_SECONDS

    def test_is_replayed_to_the_bit(self, key: TlsKey) -> None:
        one, other = (create_tls_key("bank", clock=StoppedClock(), entropy=SeededEntropy()) for _ in range(2))
        assert one.certificate == other.certificate
        assert create_tls_key("bank", clock=StoppedClock(), entropy=SeededEntropy(b"other")).pin != one.pin

    def test_refuses_more_hosts_than_a_key_record_holds(self) -> None:
        hosts = [f"a-long-name-of-a-host-{number}.bank.example" for number in range(50)]
        with pytest.raises(CertificateUnfit, match="at most 2000"):
            create_tls_key("bank", clock=StoppedClock(), entropy=SeededEntropy(), hosts=hosts)

    def test_gives_the_record_to_register(self, key: TlsKey) -> None:
        record = key.record("bank", version=2, from_height=7)
        assert (record.kid, record.purpose, record.algorithm) == ("bank/tls/2", Purpose.TLS, Algorithm.ECDSA_P256)
        assert record.public == key.certificate


class TestTheSecret:
    def test_is_not_printed_or_pickled(self, key: TlsKey) -> None:
        assert repr(key) == str(key) == f"<TlsKey tls {'-'.join(key.pin.hex()[at : at + 4] for at in range(0, 32, 4))}>"
        with pytest.raises(TypeError, match="never pickled"):
            pickle.dumps(key)

    def test_leaves_in_encrypted_pem_only(self, key: TlsKey) -> None:
        pem = key.export_pem(b"one-time")
        assert pem.startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
        loaded = serialization.load_pem_private_key(pem, b"one-time")
        assert isinstance(loaded, ec.EllipticCurvePrivateKey)
        assert loaded.private_numbers().private_value == int.from_bytes(key.expose_scalar(), "big")

    def test_belongs_to_its_certificate(self, key: TlsKey) -> None:
        with pytest.raises(ValueError, match="another key"):
            TlsKey(bytes(31) + b"\1", key.certificate)

    def test_comes_back_from_its_scalar(self, key: TlsKey) -> None:
        assert TlsKey(key.expose_scalar(), key.certificate).pin == key.pin


class TestVerifying:
    def test_accepts_what_is_made_here_while_it_is_valid(self, key: TlsKey) -> None:
        for now in (NOW - SKEW_SECONDS, NOW, NOW + DAY_SECONDS):
            verify_certificate(key.certificate, organisation="bank", now=now)

    @pytest.mark.parametrize(
        ("now", "problem"),
        [
            (NOW - SKEW_SECONDS - 1, "valid from 2027-01-15 07:55:00 UTC"),
            (NOW + DAY_SECONDS + 1, "expired at 2027-01-16 08:00:00 UTC"),
        ],
    )
    def test_refuses_it_before_and_after(self, key: TlsKey, now: int, problem: str) -> None:
        with pytest.raises(CertificateUnfit, match=problem):
            verify_certificate(key.certificate, organisation="bank", now=now)

    def test_refuses_the_certificate_of_another_organisation(self, key: TlsKey) -> None:
        with pytest.raises(CertificateUnfit, match="cannot be used for telecom: it names somebody else"):
            verify_certificate(key.certificate, organisation="telecom", now=NOW)

    def test_accepts_the_forger_when_nothing_is_forged(self) -> None:
        verify_certificate(forged(), organisation="bank", now=NOW)

    @pytest.mark.parametrize(
        ("make", "problem"),
        [
            (lambda: forged(names=("bank", "telecom")), "names somebody else"),
            (lambda: forged(names=()), "names somebody else"),
            (lambda: forged(signer=ec.generate_private_key(ec.SECP256R1())), "not signed by its own key"),
            (lambda: forged(curve=ec.SECP384R1()), "not on P-256"),
            (lambda: forged(key=ed25519.Ed25519PrivateKey.generate()), "not on P-256"),
            (lambda: forged(ca=True), "both ends"),
            (lambda: forged(usages=(ExtendedKeyUsageOID.SERVER_AUTH,)), "both ends"),
            (lambda: forged(usages=(ExtendedKeyUsageOID.CODE_SIGNING,)), "both ends"),
            (lambda: forged(ca=None), "expected form"),
        ],
        ids=[
            "two names",
            "no name",
            "other signer",
            "other curve",
            "other algorithm",
            "authority",
            "server only",
            "code",
            "plain",
        ],
    )
    def test_refuses_a_certificate_of_another_kind(self, make: Callable[[], bytes], problem: str) -> None:
        with pytest.raises(CertificateUnfit, match=problem):
            verify_certificate(make(), organisation="bank", now=NOW)

    def test_refuses_bytes_that_are_no_certificate(self, key: TlsKey) -> None:
        for der in (b"", b"\x30\x00", key.certificate[:-1], key.certificate + b"\0"):
            with pytest.raises(CertificateUnfit, match="expected form"):
                verify_certificate(der, organisation="bank", now=NOW)

    @pytest.mark.filterwarnings("ignore:Parsed a serial number")
    def test_refuses_it_with_any_byte_changed(self, key: TlsKey) -> None:
        der = key.certificate
        # How many bits of the signature's last byte do not count: read leniently by the parser. The pin covers this byte too.
        unused_bits_at = len(der) - len(x509.load_der_x509_certificate(der).signature) - 1
        assert der[unused_bits_at] == 0
        for at in set(range(len(der))) - {unused_bits_at}:
            for change in (0x01, 0x80, 0xFF):
                changed = der[:at] + bytes([der[at] ^ change]) + der[at + 1 :]
                assert certificate_pin(changed) != key.pin
                with pytest.raises(CertificateUnfit):
                    verify_certificate(changed, organisation="bank", now=NOW)

    @pytest.mark.parametrize(
        "value", [b"\x30\x02\xa5\x00", b"\x30\x02\xa3\x00", b"\x30\x03\x87\x01\x00", b"\xff"], ids=bytes.hex
    )
    def test_refuses_host_names_of_an_odd_kind(self, value: bytes) -> None:
        odd = x509.UnrecognizedExtension(ExtensionOID.SUBJECT_ALTERNATIVE_NAME, value)
        with pytest.raises(CertificateUnfit, match="expected form"):
            verify_certificate(forged(extra=odd), organisation="bank", now=NOW)

    def test_refuses_a_flipped_bit_in_the_signature(self, key: TlsKey) -> None:
        der = key.certificate[:-1] + bytes([key.certificate[-1] ^ 1])
        with pytest.raises(CertificateUnfit, match="not signed by its own key"):
            verify_certificate(der, organisation="bank", now=NOW)

    def test_the_pin_is_the_digest_that_other_tools_show(self, key: TlsKey) -> None:
        assert key.pin == certificate_pin(key.certificate) == hashlib.sha256(key.certificate).digest()


class TestWithOpenssl:
    """A handshake in memory: both sides know exactly one certificate, that of the other."""

    def context(self, purpose: int, own: TlsKey, peer: TlsKey, folder: Path) -> ssl.SSLContext:
        context = ssl.SSLContext(purpose)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.check_hostname = purpose == ssl.PROTOCOL_TLS_CLIENT
        context.verify_mode = ssl.CERT_REQUIRED
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        context.load_verify_locations(cadata=peer.certificate)
        pem = folder / f"{purpose}.pem"
        pem.write_bytes(own.certificate_pem + own.export_pem(b"one-time"))
        context.load_cert_chain(pem, password="one-time")
        return context

    def shake_hands(
        self, folder: Path, *, shown: TlsKey, expected: TlsKey, client: TlsKey
    ) -> tuple[bytes | None, bytes | None]:
        """The certificates that client and server saw."""
        to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
        server = self.context(ssl.PROTOCOL_TLS_SERVER, shown, client, folder).wrap_bio(to_server, to_client, server_side=True)
        asker = self.context(ssl.PROTOCOL_TLS_CLIENT, client, expected, folder).wrap_bio(
            to_client, to_server, server_hostname="127.0.0.1"
        )
        waiting = [asker, server]
        while waiting:
            side = waiting.pop(0)
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                waiting.append(side)
        return asker.getpeercert(binary_form=True), server.getpeercert(binary_form=True)

    @pytest.fixture
    def keys(self) -> list[TlsKey]:
        # OpenSSL looks at the machine's clock.
        entropy = SeededEntropy()
        return [create_tls_key(name, clock=SystemClock(), entropy=entropy) for name in ("bank", "telecom", "telecom")]

    def test_two_nodes_that_pin_each_other_connect(self, keys: list[TlsKey], tmp_path: Path) -> None:
        bank, telecom, _ = keys
        seen = self.shake_hands(tmp_path, shown=telecom, expected=telecom, client=bank)
        assert seen == (telecom.certificate, bank.certificate)

    def test_another_certificate_of_the_same_name_is_refused(self, keys: list[TlsKey], tmp_path: Path) -> None:
        bank, telecom, impostor = keys
        with pytest.raises(ssl.SSLCertVerificationError):
            self.shake_hands(tmp_path, shown=impostor, expected=telecom, client=bank)
