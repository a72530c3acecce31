"""The TLS key that peers pin: a self-signed certificate in a ledger record that the organisation's identity key signed.

ECDSA over P-256 with SHA-256, because every TLS 1.3 implementation must have it (RFC 8446 section 9.1) and browsers, which also
meet this certificate on the console's port, refuse Ed25519 there; OpenSSL has constant-time assembly for it on the usual
processors. The certificate chain means nothing here: a peer is known by the exact certificate, so the pin is the SHA-256 over
all of it, the number that `openssl x509 -fingerprint -sha256` shows.
"""

from __future__ import annotations

import functools
import hashlib
import ipaddress
from collections.abc import Sequence
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from atoll.ports import Clock, Entropy
from atoll.trust.algorithms import Algorithm
from atoll.trust.errors import CertificateUnfit
from atoll.trust.fingerprint import encode_fingerprint
from atoll.trust.keys import MAX_PUBLIC_BYTES, KeyRecord, Purpose
from atoll.trust.secret import Secret

LOOPBACK_HOSTS = ("localhost", "127.0.0.1")
"""Names under which a node on this machine is reached."""
DEFAULT_TTL_SECONDS = 365 * 86_400
"""How long a certificate is valid unless told otherwise: one year, then the key is rotated."""
SKEW_SECONDS = 300
"""How much earlier than now a certificate begins, for peers whose clock is behind."""
SCALAR_BYTES = 32
"""Length of a P-256 secret key."""

_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_USAGES = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
_PARSER_REFUSALS = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.ExtensionNotFound,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
"""What the cryptography library raises for hostile certificates; it has no common base class for them."""


class TlsKey(Secret):
    """A TLS private key with its certificate; it cannot be printed, pickled or copied."""

    __slots__ = ("_certificate", "_key")

    def __init__(self, scalar: bytes, certificate: bytes) -> None:
        """The key of a secret scalar.

        Raises:
            ValueError: the scalar is out of range, or the certificate is not this key's.
        """
        self._key = ec.derive_private_key(int.from_bytes(scalar, "big"), ec.SECP256R1())
        if x509.load_der_x509_certificate(certificate).public_key() != self._key.public_key():
            raise ValueError("the certificate belongs to another key")
        self._certificate = certificate

    @property
    def certificate(self) -> bytes:
        """The certificate in DER."""
        return self._certificate

    @property
    def certificate_pem(self) -> bytes:
        """The certificate as the ssl module wants it; public."""
        return x509.load_der_x509_certificate(self._certificate).public_bytes(serialization.Encoding.PEM)

    @property
    def pin(self) -> bytes:
        """What peers compare, 32 bytes."""
        return certificate_pin(self._certificate)

    def export_pem(self, password: bytes) -> bytes:
        """The private key in encrypted PEM (PKCS #8), for handing to the ssl module and for nothing else.

        `ssl.SSLContext.load_cert_chain` reads keys from files only. Encrypting under a password that is made up for this one
        call keeps the secret off the disk all the same. The salt comes from the cryptography library.
        """
        return self._key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(password),
        )

    def expose_scalar(self) -> bytes:
        """The secret itself, 32 bytes, for sealing into a keystore and for nothing else."""
        return self._key.private_numbers().private_value.to_bytes(SCALAR_BYTES, "big")

    def record(self, org: str, *, version: int, from_height: int) -> KeyRecord:
        """The record to register for this key."""
        return KeyRecord(
            org=org,
            purpose=Purpose.TLS,
            version=version,
            algorithm=Algorithm.ECDSA_P256,
            public=self._certificate,
            from_height=from_height,
            to_height=None,
            revoked_height=None,
        )

    def _describe(self) -> str:
        return f"{Purpose.TLS} {encode_fingerprint(self.pin)}"


def create_tls_key(
    organisation: str,
    *,
    clock: Clock,
    entropy: Entropy,
    hosts: Sequence[str] = LOOPBACK_HOSTS,
    ttl_seconds: int = DEFAULT_TTL_SECONDS,
) -> TlsKey:
    """A new TLS key and its self-signed certificate.

    Key by FIPS 186-5 section A.2.1 (extra random bits), signature by RFC 6979, so that equal arguments give equal bytes.

    Args:
        organisation: its name in the consortium; the certificate's common name.
        clock: decides when the validity begins.
        entropy: gives the key and the serial number.
        hosts: host names and addresses under which the node is reached; at least one.
        ttl_seconds: how long the certificate is valid, at least 1.

    Raises:
        CertificateUnfit: a certificate so made would not be accepted, for instance because it has too many hosts.
    """
    scalar = int.from_bytes(entropy.bytes(SCALAR_BYTES + 8), "big") % (_P256_ORDER - 1) + 1
    key = ec.derive_private_key(scalar, ec.SECP256R1())
    now = clock.now()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, organisation)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        # RFC 5280 section 4.1.2.2: positive, at most 20 bytes.
        .serial_number(int.from_bytes(entropy.bytes(16), "big") + 1)
        .not_valid_before(datetime.fromtimestamp(now - SKEW_SECONDS, UTC))
        .not_valid_after(datetime.fromtimestamp(now + ttl_seconds, UTC))
        .add_extension(x509.SubjectAlternativeName([_general_name(host) for host in hosts]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_USAGES, critical=False)
    )
    certificate = builder.sign(key, hashes.SHA256(), ecdsa_deterministic=True).public_bytes(serialization.Encoding.DER)
    verify_certificate(certificate, organisation=organisation, now=now)
    return TlsKey(scalar.to_bytes(SCALAR_BYTES, "big"), certificate)


def certificate_pin(der: bytes) -> bytes:
    """SHA-256 over the certificate as received, 32 bytes."""
    return hashlib.sha256(der).digest()


def verify_certificate(der: bytes, *, organisation: str, now: int) -> None:
    """Check that a certificate may be registered, or used, for an organisation now.

    It proves possession of the TLS key (it is signed by itself) and nothing about who holds it; that is what the organisation's
    signature on the key record is for. Nodes ask this of their own certificate and of their peers'; ledger rules must not,
    because what an X.509 parser lets through varies with its version.

    Raises:
        CertificateUnfit: not a P-256 end-entity certificate signed by itself, for another name, for other uses, too long, not
            yet valid or no more.
    """
    problem = _why_unfit(der, organisation, now)
    if problem:
        raise CertificateUnfit(organisation=organisation, problem=problem)


@functools.lru_cache(maxsize=1024)
def is_certificate_of(der: bytes, organisation: str) -> bool:
    """Whether this is a certificate that the organisation's own TLS key made for it, whatever the time is.

    The ledger holds what a member put there, unread: another member's certificate, or no certificate at all. Who relies on it
    asks this first; the handshake looks at the dates.
    """
    return not _why_never_fit(der, organisation)


def _why_unfit(der: bytes, organisation: str, now: int) -> str:
    never = _why_never_fit(der, organisation)
    if never:
        return never
    certificate = x509.load_der_x509_certificate(der)
    if now < certificate.not_valid_before_utc.timestamp():
        return f"it is valid from {certificate.not_valid_before_utc:%Y-%m-%d %H:%M:%S} UTC"
    if now > certificate.not_valid_after_utc.timestamp():
        return f"it expired at {certificate.not_valid_after_utc:%Y-%m-%d %H:%M:%S} UTC"
    return ""


def _why_never_fit(der: bytes, organisation: str) -> str:
    if len(der) > MAX_PUBLIC_BYTES:
        return f"it has {len(der)} bytes, at most {MAX_PUBLIC_BYTES}"
    try:
        certificate = x509.load_der_x509_certificate(der)
        key = certificate.public_key()
        names = [(one.oid, one.value) for one in certificate.subject]
        usages = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    except _PARSER_REFUSALS:
        return "it is not an X.509 certificate of the expected form"
    if not (isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)):
        return "its key is not on P-256"
    try:
        certificate.verify_directly_issued_by(certificate)
    except (*_PARSER_REFUSALS, InvalidSignature):
        return "it is not signed by its own key"
    if names != [(NameOID.COMMON_NAME, organisation)]:
        return "it names somebody else"
    if usages != _USAGES or constraints.ca:
        return "it is not for both ends of a TLS session, and for nothing else"
    return ""


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
