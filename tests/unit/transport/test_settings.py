"""The TLS settings themselves: OpenSSL must refuse by itself what this program refuses after it."""

from __future__ import annotations

import ssl
from collections.abc import Callable

import pytest

from atoll.transport.identity import TlsIdentity
from tests.unit.transport.world import tls_key

Make = Callable[[TlsIdentity, frozenset[bytes]], ssl.SSLContext]


@pytest.mark.parametrize(
    "make",
    [
        lambda identity, pins: identity.accepting(pins, "atoll-ledger/1"),
        lambda identity, pins: identity.dialling(pins, "atoll-ledger/1"),
    ],
    ids=["accepting", "dialling"],
)
def test_only_tls_1_3_with_a_pinned_certificate_and_nothing_to_resume(make: Make) -> None:
    pinned = tls_key("b").certificate
    context = make(TlsIdentity(tls_key("a")), frozenset({pinned}))
    assert context.minimum_version == ssl.TLSVersion.TLSv1_3
    assert context.maximum_version in (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.MAXIMUM_SUPPORTED)
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.options & ssl.OP_NO_TICKET
    assert context.options & ssl.OP_NO_COMPRESSION
    assert context.cert_store_stats()["x509"] == 1  # and none of the system's authorities
    if context.protocol == ssl.PROTOCOL_TLS_SERVER:
        assert context.num_tickets == 0


def test_without_pins_nobody_is_trusted() -> None:
    context = TlsIdentity(tls_key("a")).accepting(frozenset(), "atoll-ledger/1")
    assert context.cert_store_stats()["x509"] == 0
    assert context.verify_mode == ssl.CERT_REQUIRED
