"""TLS settings made from this node's own TLS key: TLS 1.3, certificates on both sides, the pins as only trust anchors."""

from __future__ import annotations

import contextlib
import secrets
import ssl
import tempfile
from pathlib import Path

from atoll.transport.errors import SettingsUnfit
from atoll.trust.secret import Secret
from atoll.trust.tlskeys import TlsKey


class TlsIdentity(Secret):
    """This node's TLS key, ready for handshakes. Settings are kept until the pins change, which is seldom."""

    __slots__ = ("_contexts", "_key")

    def __init__(self, key: TlsKey) -> None:
        self._key = key
        self._contexts: dict[tuple[int, str], tuple[frozenset[bytes], ssl.SSLContext]] = {}

    def use(self, key: TlsKey) -> None:
        """Go on with another key of the same organisation; sessions that exist are not touched."""
        if key.pin != self._key.pin:
            self._key = key
            self._contexts.clear()

    def serving_https(self) -> ssl.SSLContext:
        """Settings for the HTTPS listener: the same key, no certificate asked of the client, who shows a token instead."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.options |= ssl.OP_NO_TICKET | ssl.OP_NO_COMPRESSION
        self._load_own(context)
        return context

    def accepting(self, anchors: frozenset[bytes], service: str) -> ssl.SSLContext:
        """Settings for a listener that lets in holders of the certificates `anchors` (DER), for one service."""
        return self._context(ssl.PROTOCOL_TLS_SERVER, anchors, service)

    def dialling(self, anchors: frozenset[bytes], service: str) -> ssl.SSLContext:
        """Settings for a dialler that expects the holder of one of `anchors` (DER) and asks for one service."""
        return self._context(ssl.PROTOCOL_TLS_CLIENT, anchors, service)

    def _context(self, side: int, anchors: frozenset[bytes], service: str) -> ssl.SSLContext:
        kept = self._contexts.get((side, service))
        if kept is not None and kept[0] == anchors:
            return kept[1]
        context = self._make(side, anchors)
        context.set_alpn_protocols([service])
        self._contexts[side, service] = (anchors, context)
        return context

    def _make(self, side: int, anchors: frozenset[bytes]) -> ssl.SSLContext:
        context = ssl.SSLContext(side)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.check_hostname = False  # the pins name the peer; a host name proves nothing more
        context.verify_mode = ssl.CERT_REQUIRED
        context.options |= ssl.OP_NO_TICKET | ssl.OP_NO_COMPRESSION
        if side == ssl.PROTOCOL_TLS_SERVER:
            context.num_tickets = 0  # a resumed session would skip the look at the certificate
        try:
            for anchor in sorted(anchors):
                # One at a time: what one member registered must not keep the others from meeting.
                with contextlib.suppress(ssl.SSLError, ValueError):
                    context.load_verify_locations(cadata=anchor)
            self._load_own(context)
        except (ssl.SSLError, OSError, ValueError) as err:
            raise SettingsUnfit(problem=f"a certificate or key does not load ({err})") from err
        return context

    def _load_own(self, context: ssl.SSLContext) -> None:
        # The ssl module reads keys from files only: this one is private, encrypted under a password made up here, soon gone.
        password = secrets.token_hex(32)
        with tempfile.TemporaryDirectory(prefix="atoll-tls-") as folder:
            path = Path(folder) / "key.pem"
            path.write_bytes(self._key.certificate_pem + self._key.export_pem(password.encode("ascii")))
            context.load_cert_chain(path, password=password)

    def _describe(self) -> str:
        return repr(self._key)
